//! One connection to a reader: requests and their replies, reports and events, keep-alives.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use pandian_llrp::message::message_type::{CUSTOM_MESSAGE, ERROR_MESSAGE, KEEPALIVE, READER_EVENT_NOTIFICATION, RO_ACCESS_REPORT};
use pandian_llrp::parameter::event::{AntennaEventType, ConnectionAttemptStatus, ReaderEventNotificationData, RoSpecEventType};
use pandian_llrp::{Frame, Framer, Message, Version, message_name, reply_to};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::abilities::{Connected, Presence};
use super::connect::Stream;
use super::gathering::{End, Gathering};
use super::notices::Notices;
use super::trouble::Trouble;
use super::wire;

/// A reader that does not answer a request within this time is taken for dead.
const REPLY_WITHIN: Duration = Duration::from_secs(5);
/// A reader answers the end of the connection at once, or not at all.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);
/// After so many silent periods of keep-alives the connection is given up.
pub(super) const SILENT_PERIODS: u16 = 3;
/// What may wait to be sent: requests are short, and few.
const MOST_UNSENT: usize = 1 << 20;

/// Requests have ids from here on: readers count their own messages from 0 or 1, and what they send must not look like a reply.
const FIRST_ID: u32 = 0x4000_0000;

/// The version that is spoken, whatever the reader could do beyond it.
const SPOKEN: Version = Version::V1_0_1;

/// A connection as those see it who use it.
pub(super) struct Session {
    requests: mpsc::Sender<Request>,
    /// Why it is over.
    over: OnceLock<Trouble>,
    /// Somebody has given it up.
    given_up: CancellationToken,
    /// How often the reader promised to show that it is alive.
    keepalive: OnceLock<Duration>,
    /// What is being read.
    gathering: Mutex<Option<Arc<Gathering>>>,
    connected: Mutex<Connected>,
    notices: Arc<Mutex<Notices>>,
    /// The reader, as log lines name it.
    address: Arc<str>,
}

struct Request {
    message: Message,
    /// None where no reply comes.
    reply: Option<Reply>,
}

type Reply = oneshot::Sender<Result<Message, Trouble>>;

/// The end of the connection that reads and writes. It must be run for anything to happen.
pub(super) struct Pump {
    session: Arc<Session>,
    requests: mpsc::Receiver<Request>,
    greeting: Option<oneshot::Sender<Version>>,
    waiting: HashMap<u32, Waiting>,
    last_id: u32,
    unsent: Vec<u8>,
}

/// A request that was sent and not answered yet.
struct Waiting {
    request: &'static str,
    expected: u16,
    reply: Reply,
}

impl Session {
    /// Both ends of a new connection, and the version that the reader greets with.
    pub(super) fn open(address: Arc<str>, notices: Arc<Mutex<Notices>>) -> (Arc<Self>, Pump, oneshot::Receiver<Version>) {
        let (sender, requests) = mpsc::channel(16);
        let (greeting, greeted) = oneshot::channel();
        let session = Arc::new(Self {
            requests: sender,
            over: OnceLock::new(),
            given_up: CancellationToken::new(),
            keepalive: OnceLock::new(),
            gathering: Mutex::default(),
            connected: Mutex::default(),
            notices,
            address,
        });
        let pump = Pump {
            session: session.clone(),
            requests,
            greeting: Some(greeting),
            waiting: HashMap::new(),
            last_id: FIRST_ID,
            unsent: Vec::new(),
        };
        (session, pump, greeted)
    }

    /// Why the connection is over.
    pub(super) fn trouble(&self) -> Trouble {
        self.over.get().cloned().unwrap_or(Trouble::Ended)
    }

    /// Sends a request and waits for its reply, whatever its status.
    async fn ask(&self, message: Message, within: Duration) -> Result<Message, Trouble> {
        let request = message.name();
        let (reply, replied) = oneshot::channel();
        let asking = async {
            let sent = self.requests.send(Request { message, reply: Some(reply) }).await;
            sent.map_err(|_| self.trouble())?;
            replied.await.unwrap_or_else(|_| Err(self.trouble()))
        };
        timeout(within, asking).await.unwrap_or(Err(Trouble::NoReply { request, within }))
    }

    /// Makes a request, and waits until the reader has done it. One that does not answer is given up with its connection: what it is
    /// doing is not known any more.
    ///
    /// # Errors
    /// [`Trouble::Refused`] with the reader's reasons, or what is wrong with the connection.
    pub(super) async fn request(&self, message: Message) -> Result<Message, Trouble> {
        let request = message.name();
        let reply = self.ask(message, REPLY_WITHIN).await.inspect_err(|trouble| {
            if matches!(trouble, Trouble::NoReply { .. }) {
                self.end(trouble.clone());
            }
        })?;
        match reply.status().filter(|status| !status.is_success()) {
            Some(status) => Err(Trouble::Refused { request, status: wire::told(status) }),
            None => Ok(reply),
        }
    }

    /// Makes a request that a reader may refuse, or answer as it likes: none then.
    ///
    /// # Errors
    /// What is wrong with the connection.
    pub(super) async fn request_if_possible(&self, message: Message) -> Result<Option<Message>, Trouble> {
        match self.request(message).await {
            Ok(reply) => Ok(Some(reply)),
            Err(refusal @ (Trouble::Refused { .. } | Trouble::BadReply { .. } | Trouble::OtherReply { .. })) => {
                tracing::debug!("reader at {}: {refusal}", self.address);
                Ok(None)
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// Sends what has no reply.
    ///
    /// # Errors
    /// What is wrong with the connection.
    pub(super) async fn tell(&self, message: Message) -> Result<(), Trouble> {
        self.requests.send(Request { message, reply: None }).await.map_err(|_| self.trouble())
    }

    /// Ends the connection in order.
    pub(super) async fn close(&self) {
        // Whatever the reader says to it, it is over.
        drop(self.ask(Message::CloseConnection, CLOSE_WITHIN).await);
    }

    /// From now on the reader must show itself so often.
    pub(super) fn watch(&self, keepalive: Duration) {
        self.keepalive.get_or_init(|| keepalive);
    }

    /// Whom reports go to.
    pub(super) fn gather(&self, gathering: Option<Arc<Gathering>>) {
        *self.gathering.lock().unwrap_or_else(PoisonError::into_inner) = gathering;
        // It may have ended before there was anybody to be told.
        if self.over.get().is_some() {
            self.with_gathering(|gathering| gathering.end(End::Lost));
        }
    }

    fn with_gathering(&self, act: impl FnOnce(&Gathering)) {
        if let Some(gathering) = &*self.gathering.lock().unwrap_or_else(PoisonError::into_inner) {
            act(gathering);
        }
    }

    /// Which antennas are connected, as far as the reader told.
    pub(super) fn connected(&self) -> Connected {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes note of an antenna that comes, goes, or is there. A port that the reader tells of for the first time, as not connected, may
    /// never have had one.
    pub(super) fn antenna(&self, antenna: u16, is_connected: bool) {
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        let presence = match (is_connected, connected.get(&antenna)) {
            (true, _) => Presence::There,
            (false, None | Some(Presence::Absent)) => Presence::Absent,
            (false, Some(Presence::There | Presence::Lost)) => Presence::Lost,
        };
        connected.insert(antenna, presence);
    }

    /// Asks which antennas are connected. A reader that does not tell leaves what is known.
    ///
    /// # Errors
    /// What is wrong with the connection.
    pub(super) async fn ask_for_antennas(&self) -> Result<(), Trouble> {
        if let Some(Message::GetReaderConfigResponse(reply)) = self.request_if_possible(wire::antenna_properties()).await? {
            reply.antenna_properties.iter().for_each(|antenna| self.antenna(antenna.antenna, antenna.connected));
        }
        Ok(())
    }

    /// Takes note of something that the operator should know.
    pub(super) fn notice(&self, notice: String) {
        tracing::warn!("reader at {}: {notice}", self.address);
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).add(notice);
        self.with_gathering(Gathering::awake);
    }

    /// The connection is over; the first reason counts.
    fn end(&self, trouble: Trouble) {
        self.over.get_or_init(|| trouble);
        self.given_up.cancel();
        self.with_gathering(|gathering| gathering.end(End::Lost));
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.session.end(Trouble::Ended);
    }
}

impl Pump {
    /// Reads and writes until the connection is over, and says why it is.
    pub(super) async fn run(mut self, stream: Box<dyn Stream>) -> Trouble {
        let trouble = match self.converse(stream).await {
            Ok(never) => match never {},
            Err(trouble) => trouble,
        };
        self.session.end(trouble);
        self.session.trouble()
    }

    async fn converse(&mut self, stream: Box<dyn Stream>) -> Result<std::convert::Infallible, Trouble> {
        let lost = |error: io::Error| Trouble::Lost(Arc::new(error));
        let session = self.session.clone();
        let (mut reading, mut writing) = tokio::io::split(stream);
        let mut framer = Framer::default();
        let mut arrived = vec![0; 32 << 10];
        let mut heard_at = Instant::now();
        let mut is_flushed = true;
        loop {
            let silent_for = session.keepalive.get().map(|period| *period * u32::from(SILENT_PERIODS));
            let silent_at = heard_at + silent_for.unwrap_or_default();
            is_flushed &= self.unsent.is_empty();
            tokio::select! {
                read = reading.read(&mut arrived) => {
                    let mut input = arrived.get(..read.map_err(lost)?).unwrap_or_default();
                    if input.is_empty() {
                        return Err(Trouble::Closed { mid_frame: framer.held() > 0 });
                    }
                    heard_at = Instant::now();
                    while let Some(frame) = framer.take_frame(&mut input)? {
                        self.take(frame)?;
                    }
                }
                // Cut short, it goes on where it was: what is written is no longer in `unsent`.
                pushed = push(&mut writing, &mut self.unsent), if !is_flushed => {
                    pushed.map_err(lost)?;
                    is_flushed = true;
                }
                Some(request) = self.requests.recv() => self.send(request),
                () = sleep_until(silent_at), if silent_for.is_some() => {
                    return Err(Trouble::Silent(silent_for.unwrap_or_default()));
                }
                () = session.given_up.cancelled() => return Err(session.trouble()),
            }
            if self.unsent.len() > MOST_UNSENT {
                return Err(Trouble::Clogged);
            }
        }
    }

    fn send(&mut self, Request { message, reply }: Request) {
        self.last_id = FIRST_ID | (self.last_id.wrapping_add(1) % FIRST_ID);
        let expected = match message {
            Message::Custom(_) => CUSTOM_MESSAGE,
            _ => reply_to(message.message_type()).unwrap_or_default(),
        };
        match (message.encode_to(SPOKEN, self.last_id, &mut self.unsent), reply) {
            (Ok(()), Some(reply)) => drop(self.waiting.insert(self.last_id, Waiting { request: message.name(), expected, reply })),
            (Err(error), Some(reply)) => drop(reply.send(Err(error.into()))),
            (_, None) => {}
        }
    }

    /// Does what a frame asks for.
    fn take(&mut self, frame: Frame<'_>) -> Result<(), Trouble> {
        if self.greeting.is_some() && frame.message_type != READER_EVENT_NOTIFICATION {
            return Err(Trouble::Foreign(message_name(frame.message_type).unwrap_or("an unknown message")));
        }
        match frame.message_type {
            KEEPALIVE => Message::KeepaliveAck.encode_to(SPOKEN, frame.id, &mut self.unsent).map_err(Trouble::from),
            RO_ACCESS_REPORT => {
                self.session.with_gathering(|gathering| gathering.report(frame.body));
                Ok(())
            }
            READER_EVENT_NOTIFICATION => match frame.decode() {
                Ok(Message::ReaderEventNotification(notification)) => self.happened(&notification.event, frame.version),
                Err(source) if self.greeting.is_some() => Err(Trouble::BadReply { request: "the connection", source }),
                _ => {
                    self.session.notice("it told of an event that cannot be understood".to_owned());
                    Ok(())
                }
            },
            _ => {
                self.answer(frame);
                Ok(())
            }
        }
    }

    /// Gives a reply to who waits for it. A reply has the request's id and is of the type that answers it, or an ERROR_MESSAGE; all else
    /// is passed over: an ERROR_MESSAGE to what has no reply, for instance.
    fn answer(&mut self, frame: Frame<'_>) {
        let is_reply = |waiting: &Waiting| [waiting.expected, ERROR_MESSAGE].contains(&frame.message_type);
        let waiting = self.waiting.get(&frame.id).is_some_and(is_reply).then(|| self.waiting.remove(&frame.id)).flatten();
        let Some(Waiting { request, reply, .. }) = waiting else {
            let name = message_name(frame.message_type).unwrap_or("a message of an unknown type");
            tracing::debug!("reader at {}: {name} that nobody waits for", self.session.address);
            return;
        };
        // Nobody may wait for it any longer.
        drop(reply.send(frame.decode().map_err(|source| Trouble::BadReply { request, source })));
    }

    /// An event of the reader's.
    fn happened(&mut self, event: &ReaderEventNotificationData, version: Version) -> Result<(), Trouble> {
        let session = &self.session;
        if let Some(attempt) = &event.connection_attempt {
            match attempt.status {
                ConnectionAttemptStatus::Success => {
                    // A handshake that has given up waits for it no longer.
                    let _ = self.greeting.take().map(|greeting| greeting.send(version));
                }
                ConnectionAttemptStatus::FailedClientInitiatedConnectionExists
                | ConnectionAttemptStatus::FailedReaderInitiatedConnectionExists => return Err(Trouble::Held),
                ConnectionAttemptStatus::AnotherConnectionAttempted => session.notice("another client tried to connect to it".to_owned()),
                status => return Err(Trouble::Unwelcome(status.to_wire())),
            }
        }
        if self.greeting.is_some() {
            return Err(Trouble::Foreign("another event"));
        }
        if let Some(rospec) = &event.rospec {
            session.with_gathering(|gathering| match rospec.kind {
                RoSpecEventType::End if rospec.rospec_id == gathering.rospec_id => gathering.end(End::Told),
                RoSpecEventType::Preemption if rospec.rospec_id == gathering.rospec_id => gathering.end(End::Preempted),
                _ => {}
            });
        }
        if let Some(exception) = &event.reader_exception {
            let told = wire::exception(exception);
            session.with_gathering(|gathering| gathering.exception(&told));
            session.notice(told);
        }
        if let Some(antenna) = &event.antenna {
            let is_connected = antenna.kind == AntennaEventType::Connected;
            session.antenna(antenna.antenna, is_connected);
            if !is_connected {
                session.with_gathering(|gathering| gathering.lost(antenna.antenna));
            }
            session.notice(format!("antenna {} was {}", antenna.antenna, if is_connected { "connected" } else { "disconnected" }));
        }
        if let Some(level) = &event.report_buffer_level_warning {
            session.notice(format!("the reader's report buffer is {} % full", level.percent_full));
        }
        if event.report_buffer_overflow.is_some() {
            session.notice("the reader's report buffer was full: it lost reads".to_owned());
        }
        if event.connection_close.is_some() {
            return Err(Trouble::Closed { mid_frame: false });
        }
        Ok(())
    }
}

async fn push(writing: &mut (impl AsyncWrite + Unpin), unsent: &mut Vec<u8>) -> io::Result<()> {
    while !unsent.is_empty() {
        let count = writing.write(unsent).await?;
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        unsent.drain(..count);
    }
    writing.flush().await
}
