//! A client's connection: what comes in, what is due, what goes out.

use std::collections::VecDeque;
use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use pandian_llrp::message::{ReaderEventNotification, StatusReply};
use pandian_llrp::parameter::event::{
    ConnectionAttemptEvent, ConnectionAttemptStatus, ConnectionCloseEvent, ReaderEventNotificationData, ReportBufferOverflowErrorEvent,
};
use pandian_llrp::parameter::reporting::NotificationEventType;
use pandian_llrp::parameter::status::{LlrpStatus, StatusCode};
use pandian_llrp::{DecodeError, FrameError, Framer, Message, Version};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedMutexGuard, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::LlrpService;
use super::inventory::Inventory;
use super::memory::Memory;
use super::reports::Reports;
use super::validity::Limits;
use crate::wire::Server;

/// Bytes read at a time.
const READ: usize = 16 * 1024;
/// A client that takes nothing for so long is gone.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// How long a client that is sent away has to take note of it.
const PARTING: Duration = Duration::from_secs(1);
/// A client that says nothing for so long is gone.
const IDLE: Duration = Duration::from_secs(600);
/// So many KEEPALIVE without an answer, and the client is gone.
const UNANSWERED: u32 = 3;
/// The most messages that are held for a client which is to ask for them.
const HELD: usize = 1000;

/// A client that has the reader.
pub(super) struct Session<S> {
    pub(super) server: Arc<Server>,
    pub(super) service: Arc<LlrpService>,
    pub(super) memory: Tenure,
    pub(super) version: Version,
    /// Impinj's extensions are taken.
    pub(super) extended: bool,
    pub(super) inventory: Option<Inventory>,
    pub(super) reports: Reports,
    /// An antenna that was lost, and when it is back.
    pub(super) returning: Option<(Instant, u16)>,
    /// Nothing is said any more.
    pub(super) muted: bool,
    /// The connection ends when what is written has gone out.
    pub(super) cut: bool,
    stream: S,
    framer: Framer,
    out: Vec<u8>,
    /// Events and reports that wait for ENABLE_EVENTS_AND_REPORTS; none once it came.
    held: Option<VecDeque<Message>>,
    keepalive: Option<Keepalive>,
    last_heard: Instant,
    next_id: u32,
    /// Changes when another client was sent away during this session.
    turned_away: watch::Receiver<()>,
}

/// A reader held by a client. When the client goes, however it goes, its ROSpecs are disabled.
pub(super) struct Tenure(OwnedMutexGuard<Memory>);

#[derive(Debug)]
struct Keepalive {
    period: Duration,
    next: Instant,
    unanswered: u32,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// With a last word, which the client may still be reading.
    Parted,
    /// The connection is of no more use.
    Broken,
    /// The reader goes away.
    Away(Absence),
}

/// A time in which nobody listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Absence {
    pub(super) time: Duration,
    /// Connections are cut at once.
    pub(super) cuts: bool,
}

/// A message that came, as far as it could be understood.
pub(super) struct Request {
    pub(super) version: Version,
    pub(super) message_type: u16,
    pub(super) id: u32,
    pub(super) message: Result<Message, DecodeError>,
}

impl Deref for Tenure {
    type Target = Memory;

    fn deref(&self) -> &Memory {
        &self.0
    }
}

impl DerefMut for Tenure {
    fn deref_mut(&mut self) -> &mut Memory {
        &mut self.0
    }
}

impl Drop for Tenure {
    fn drop(&mut self) {
        // Id 0 is all, and never unknown.
        let _ = self.0.rospecs.disable(0);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(super) fn new(server: Arc<Server>, service: Arc<LlrpService>, memory: OwnedMutexGuard<Memory>, stream: S) -> Self {
        let now = Instant::now();
        let mut session = Self {
            version: Version::V1_0_1,
            extended: false,
            inventory: None,
            reports: Reports::default(),
            returning: None,
            muted: false,
            cut: false,
            framer: Framer::default(),
            out: Vec::new(),
            held: memory.configuration.holds().then(VecDeque::new),
            keepalive: None,
            last_heard: now,
            next_id: 1,
            turned_away: service.turned_away.subscribe(),
            server,
            service,
            memory: Tenure(memory),
            stream,
        };
        session.schedule_keepalive(now);
        session
    }

    /// Serves the client until either side ends it.
    pub(super) async fn serve(&mut self) -> Ended {
        self.tell_attempt(ConnectionAttemptStatus::Success);
        let mut buffer = vec![0; READ];
        loop {
            if self.flush().await.is_err() || self.cut {
                return Ended::Broken;
            }
            let wakes = self.wakes();
            let ended = tokio::select! {
                read = self.stream.read(&mut buffer) => match read {
                    Ok(count @ 1..) => self.take(&buffer[..count]).await,
                    _ => Some(Ended::Broken),
                },
                () = sleep_until(wakes) => self.wake(Instant::now()),
                Ok(()) = self.turned_away.changed() => {
                    self.tell_attempt(ConnectionAttemptStatus::AnotherConnectionAttempted);
                    None
                }
            };
            if let Some(ended) = ended {
                let flushed = self.flush().await;
                return if flushed.is_err() { Ended::Broken } else { ended };
            }
        }
    }

    /// Gives the reader back; the connection remains.
    pub(super) fn leave(self) -> S {
        self.stream
    }

    /// What requests are held against.
    pub(super) fn limits(&self) -> Limits {
        let flavour = self.service.spec.flavour;
        let enabled = self.extended || flavour != super::Flavour::Impinj;
        Limits { flavour, antennas: self.service.antennas(), vendor: flavour.vendor().filter(|_| enabled) }
    }

    /// Sends a message with an id of the reader's own.
    pub(super) fn say(&mut self, message: &Message) {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        self.send(message, self.version, id);
    }

    /// Sends a message.
    pub(super) fn send(&mut self, message: &Message, version: Version, id: u32) {
        if self.muted || self.cut {
            return;
        }
        if let Err(error) = message.encode_to(version, id, &mut self.out) {
            tracing::error!(message = message.name(), %error, "the simulated reader cannot say what it should");
        }
    }

    /// Sends bytes that need not be a message.
    pub(super) fn send_raw(&mut self, bytes: &[u8]) {
        if !self.muted && !self.cut {
            self.out.extend_from_slice(bytes);
        }
    }

    /// Tells an event or a report, now or when the client asks for what was held.
    pub(super) fn tell(&mut self, message: Message) {
        match &mut self.held {
            None => self.say(&message),
            Some(held) if held.len() < HELD => held.push_back(message),
            Some(held) if held.len() == HELD => held.push_back(event(&self.service, |event| {
                event.report_buffer_overflow = Some(ReportBufferOverflowErrorEvent::default());
            })),
            Some(_) => {}
        }
    }

    /// Tells an event, if the client wants to be told of such.
    pub(super) fn tell_event(&mut self, kind: NotificationEventType, fill: impl FnOnce(&mut ReaderEventNotificationData)) {
        if self.memory.configuration.tells(kind) {
            self.tell(event(&self.service, fill));
        }
    }

    /// Sends what was held, and holds nothing more.
    pub(super) fn release(&mut self) {
        for message in self.held.take().into_iter().flatten() {
            self.say(&message);
        }
    }

    /// Sends KEEPALIVE from now on as it is configured now.
    pub(super) fn schedule_keepalive(&mut self, now: Instant) {
        let period = self.memory.configuration.keepalive();
        self.keepalive = period.map(|period| Keepalive { period, next: now + period, unanswered: 0 });
    }

    /// The client answered a KEEPALIVE.
    pub(super) fn is_alive(&mut self) {
        if let Some(keepalive) = &mut self.keepalive {
            keepalive.unanswered = 0;
        }
    }

    fn tell_attempt(&mut self, status: ConnectionAttemptStatus) {
        let attempt = event(&self.service, |event| event.connection_attempt = Some(ConnectionAttemptEvent { status }));
        self.say(&attempt);
    }

    /// Answers what came.
    async fn take(&mut self, mut input: &[u8]) -> Option<Ended> {
        self.last_heard = Instant::now();
        loop {
            let request = match self.framer.take_frame(&mut input) {
                Ok(None) => return None,
                Ok(Some(frame)) => {
                    Request { version: frame.version, message_type: frame.message_type, id: frame.id, message: frame.decode() }
                }
                Err(error) => {
                    self.say(&Message::ErrorMessage(not_a_frame(&error)));
                    return Some(Ended::Parted);
                }
            };
            let ended = self.answer(request);
            if ended.is_some() {
                return ended;
            }
            // However many requests come at once, the answers to one only are in memory.
            if self.flush().await.is_err() || self.cut {
                return Some(Ended::Broken);
            }
        }
    }

    /// When something is due next.
    fn wakes(&self) -> Instant {
        let keepalive = self.keepalive.as_ref().map(|keepalive| keepalive.next);
        let trigger = self.memory.rospecs.next_start();
        let step = self.inventory.as_ref().and_then(Inventory::due);
        let antenna = self.returning.map(|(when, _)| when);
        [keepalive, trigger, step, antenna].into_iter().flatten().fold(self.last_heard + IDLE, Instant::min)
    }

    /// Does what is due.
    fn wake(&mut self, now: Instant) -> Option<Ended> {
        if now >= self.last_heard + IDLE {
            return Some(self.close());
        }
        if let Some(keepalive) = self.keepalive.as_mut().filter(|keepalive| keepalive.next <= now) {
            if keepalive.unanswered >= UNANSWERED {
                return Some(self.close());
            }
            keepalive.unanswered += 1;
            keepalive.next = now + keepalive.period;
            self.say(&Message::Keepalive);
        }
        if self.returning.is_some_and(|(when, _)| when <= now) {
            self.welcome_antenna();
        }
        let at_speed = self.at_speed();
        if let Some(spec) = self.memory.rospecs.triggered(now, at_speed)
            && let Some(away) = self.begin_by_trigger(spec, now)
        {
            return Some(Ended::Away(away));
        }
        self.step(now);
        None
    }

    /// Ends the connection on the reader's part.
    fn close(&mut self) -> Ended {
        let close = event(&self.service, |event| event.connection_close = Some(ConnectionCloseEvent::default()));
        self.say(&close);
        Ended::Parted
    }

    async fn flush(&mut self) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let written = timeout(WRITE_WITHIN, async {
            self.stream.write_all(&self.out).await?;
            self.stream.flush().await
        });
        written.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut)).flatten()?;
        self.out.clear();
        self.out.shrink_to(READ);
        Ok(())
    }
}

/// An event that happens now.
pub(super) fn event(service: &LlrpService, fill: impl FnOnce(&mut ReaderEventNotificationData)) -> Message {
    let mut event = ReaderEventNotificationData { at: service.wire_time(Instant::now()), ..ReaderEventNotificationData::default() };
    fill(&mut event);
    Message::ReaderEventNotification(ReaderEventNotification { event, ..ReaderEventNotification::default() })
}

/// Sends a client away, since another one has the reader.
pub(super) async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(service: &LlrpService, mut stream: S) {
    let status = ConnectionAttemptStatus::FailedClientInitiatedConnectionExists;
    let refusal = event(service, |event| event.connection_attempt = Some(ConnectionAttemptEvent { status }));
    if let Ok(bytes) = refusal.encode(Version::V1_0_1, 1) {
        let _ = timeout(WRITE_WITHIN, stream.write_all(&bytes)).await;
    }
    part(stream).await;
}

/// Ends a connection so that the client can read the last word: bytes that nobody has read would cost it.
pub(super) async fn part<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let _ = timeout(PARTING, async {
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    })
    .await;
}

fn not_a_frame(error: &FrameError) -> StatusReply {
    let code = match error {
        FrameError::Version { .. } => StatusCode::MUnsupportedVersion,
        _ => StatusCode::MFieldError,
    };
    LlrpStatus::failure(code, error.to_string()).into()
}
