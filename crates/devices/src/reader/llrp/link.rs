//! The connection to a reader that everyone shares who reads with it: made on first use, and made again while anyone does.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::address::Endpoint;
use super::connect::{Tls, connect};
use super::handshake::{Ready, shake};
use super::notices::Notices;
use super::session::Session;
use super::settings::VendorExtensions;
use super::trouble::Trouble;
use crate::tls::Trust;

/// The pause before a connection is made again, and what it grows to.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a connection is waited for that was lost and is being made again.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an operation under way may take to end before the connection is closed.
const TURN_WITHIN: Duration = Duration::from_secs(2);
/// How long closing may take, all in all.
const CLOSED_WITHIN: Duration = Duration::from_secs(5);

/// The connections to LLRP readers, one for each: a reader serves one client at a time.
#[derive(Clone, Default)]
pub struct LlrpConnections {
    links: Arc<Mutex<HashMap<Endpoint, Weak<Link>>>>,
    /// What keeps connections up, and takes leave of readers that nobody uses any more.
    tasks: TaskTracker,
}

impl LlrpConnections {
    /// The connection to a reader. It is made when it is first used.
    ///
    /// # Errors
    /// When another device has the same reader with other settings.
    pub(super) fn get(&self, settings: LinkSettings) -> Result<Arc<Link>, String> {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(link) = links.get(&settings.endpoint).and_then(Weak::upgrade) {
            let differs = link.inner.settings.differs_in(&settings);
            return match differs {
                None => Ok(link),
                Some(setting) => Err(format!(
                    "{} is the reader of another device, too, which differs in `{setting}`: a reader has one connection",
                    settings.endpoint
                )),
            };
        }
        links.retain(|_, link| link.strong_count() > 0);
        let endpoint = settings.endpoint.clone();
        let link = Arc::new(Link::new(settings, self.tasks.clone())?);
        links.insert(endpoint, Arc::downgrade(&link));
        Ok(link)
    }

    /// Ends every connection in order, so that readers take their next client at once. One that is used afterwards is made anew.
    pub async fn close(&self) {
        let links: Vec<_> = self.links.lock().unwrap_or_else(PoisonError::into_inner).values().filter_map(Weak::upgrade).collect();
        join_all(links.iter().map(|link| link.close())).await;
        drop(links);
        self.tasks.close();
        // Of devices that are gone the connection is on its way out.
        drop(timeout(CLOSED_WITHIN, self.tasks.wait()).await);
        self.tasks.reopen();
    }
}

impl fmt::Debug for LlrpConnections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LlrpConnections")
    }
}

/// How a reader is connected to: the same for everyone who shares it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LinkSettings {
    pub(super) endpoint: Endpoint,
    pub(super) tls: Option<TlsIdentity>,
    pub(super) vendor: VendorExtensions,
    pub(super) keepalive: Duration,
}

/// Whom to trust to be the reader.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TlsIdentity {
    pub(super) trust: Trust,
    pub(super) server_name: String,
}

impl LinkSettings {
    fn differs_in(&self, other: &Self) -> Option<&'static str> {
        let differ =
            [("tls", self.tls != other.tls), ("vendor", self.vendor != other.vendor), ("keepalive", self.keepalive != other.keepalive)];
        differ.into_iter().find_map(|(setting, differs)| differs.then_some(setting))
    }
}

/// A shared connection.
pub(super) struct Link {
    inner: Arc<Inner>,
    life: Mutex<Option<Life>>,
    tasks: TaskTracker,
}

/// The task that keeps it up.
struct Life {
    task: JoinHandle<()>,
    closing: CancellationToken,
}

struct Inner {
    settings: LinkSettings,
    tls: Option<Tls>,
    address: Arc<str>,
    state: watch::Sender<State>,
    turn: Arc<AsyncMutex<()>>,
    notices: Arc<Mutex<Notices>>,
    last_rospec: AtomicU32,
}

enum State {
    /// It is being made, for the first time or since it was lost.
    Connecting(Option<Trouble>),
    Ready(Arc<Ready>),
    /// It could not be made; that is tried again after a pause.
    Down(Trouble),
}

/// How one connection ended.
enum Ended {
    /// By us.
    InOrder,
    /// It never was ready.
    Failed(Trouble),
    /// It was.
    Lost(Trouble),
}

impl Link {
    fn new(settings: LinkSettings, tasks: TaskTracker) -> Result<Self, String> {
        let tls = settings.tls.as_ref().map(|identity| Tls::new(&identity.trust, &identity.server_name)).transpose()?;
        let inner = Inner {
            address: settings.endpoint.to_string().into(),
            settings,
            tls,
            state: watch::Sender::new(State::Connecting(None)),
            turn: Arc::default(),
            notices: Arc::default(),
            last_rospec: AtomicU32::new(0),
        };
        Ok(Self { inner: Arc::new(inner), life: Mutex::default(), tasks })
    }

    /// The reader's address.
    pub(super) fn address(&self) -> &str {
        &self.inner.address
    }

    /// Waits for its turn: a reader does one ROSpec at a time.
    pub(super) async fn turn(&self) -> OwnedMutexGuard<()> {
        self.inner.turn.clone().lock_owned().await
    }

    /// The reader, ready for inventories. One that is being connected to is waited for: for the first time as long as there is
    /// patience, one that was lost for [`PATIENCE`] at most. Of one that is down the reason is told at once.
    ///
    /// # Errors
    /// Why there is no connection.
    pub(super) async fn ready(&self, patience: Duration) -> Result<Arc<Ready>, Trouble> {
        self.keep_up();
        let mut state = self.inner.state.subscribe();
        let until = Instant::now() + patience;
        drop(timeout_at(until, state.wait_for(|state| !matches!(state, State::Connecting(None)))).await);
        let until = until.min(Instant::now() + PATIENCE);
        drop(timeout_at(until, state.wait_for(|state| !matches!(state, State::Connecting(_)))).await);
        match &*self.inner.state.borrow() {
            State::Ready(ready) => Ok(ready.clone()),
            State::Down(trouble) | State::Connecting(Some(trouble)) => Err(trouble.clone()),
            State::Connecting(None) => Err(Trouble::NotYet(patience)),
        }
    }

    /// The id of the next ROSpec, never 0.
    pub(super) fn next_rospec(&self) -> u32 {
        self.inner.last_rospec.fetch_add(1, Ordering::Relaxed) % (u32::MAX - 1) + 1
    }

    /// What happened at the reader since this was last asked.
    pub(super) fn take_notices(&self) -> Vec<String> {
        self.inner.notices.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Has somebody who makes the connection, and makes it again.
    fn keep_up(&self) {
        let mut life = self.life.lock().unwrap_or_else(PoisonError::into_inner);
        if life.as_ref().is_some_and(|life| !life.task.is_finished()) {
            return;
        }
        self.inner.state.send_replace(State::Connecting(None));
        let closing = CancellationToken::new();
        let task = self.tasks.spawn(self.inner.clone().live(closing.clone()));
        *life = Some(Life { task, closing });
    }

    async fn close(&self) {
        let life = self.life.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Life { mut task, closing }) = life else { return };
        closing.cancel();
        if timeout(CLOSED_WITHIN, &mut task).await.is_err() {
            task.abort();
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(life) = &*self.life.lock().unwrap_or_else(PoisonError::into_inner) {
            life.closing.cancel();
        }
    }
}

impl Inner {
    /// Makes the connection again and again, until it is closed.
    async fn live(self: Arc<Self>, closing: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        loop {
            let (state, trouble) = match self.connect_once(&closing).await {
                Ended::InOrder => return,
                Ended::Lost(trouble) => {
                    tracing::warn!("reader at {}: {trouble}; connecting again", self.address);
                    pause = FIRST_PAUSE;
                    (State::Connecting(Some(trouble.clone())), trouble)
                }
                Ended::Failed(trouble) => {
                    tracing::warn!("reader at {}: {trouble}; trying again", self.address);
                    (State::Down(trouble.clone()), trouble)
                }
            };
            self.state.send_replace(state);
            tokio::select! {
                // Readers that were lost together are not asked together.
                () = sleep(pause.mul_f64(0.5 + 0.5 * rand::random::<f64>())) => {}
                () = closing.cancelled() => return,
            }
            self.state.send_replace(State::Connecting(Some(trouble)));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn connect_once(&self, closing: &CancellationToken) -> Ended {
        let connected = tokio::select! {
            connected = connect(&self.settings.endpoint, self.tls.as_ref()) => connected,
            () = closing.cancelled() => return Ended::InOrder,
        };
        let stream = match connected {
            Ok(stream) => stream,
            Err(error) => return Ended::Failed(Trouble::Connect(Arc::new(error))),
        };
        let (session, pump, greeting) = Session::open(self.address.clone(), self.notices.clone());
        let mut pump = Box::pin(pump.run(stream));
        let shaken = tokio::select! {
            trouble = &mut pump => return Ended::Failed(trouble),
            shaken = shake(session.clone(), greeting, self.settings.vendor, self.settings.keepalive) => shaken,
            () = closing.cancelled() => Err(Trouble::Ended),
        };
        let (ended, leave_within) = match shaken {
            Ok(ready) => {
                tracing::info!("reader at {}: connected, {}", self.address, ready.abilities.name());
                self.state.send_replace(State::Ready(Arc::new(ready)));
                tokio::select! {
                    trouble = &mut pump => return Ended::Lost(trouble),
                    () = closing.cancelled() => (Ended::InOrder, TURN_WITHIN),
                }
            }
            Err(Trouble::Ended) => (Ended::InOrder, Duration::ZERO),
            Err(trouble) => (Ended::Failed(trouble), Duration::ZERO),
        };
        let leave = async {
            // An inventory that was broken off is cleared away first.
            drop(timeout(leave_within, self.turn.lock()).await);
            session.close().await;
        };
        tokio::select! {
            _ = &mut pump => {}
            () = leave => {}
        }
        ended
    }
}
