//! A reader that speaks LLRP, on the mast of a simulated crane.
//!
//! One server is one reader. A client at a time holds it; what it configures stays when it goes, disabled.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pandian_domain::{CraneId, Side, Timestamp};
use pandian_llrp::parameter::time::{Timestamp as WireTime, Uptime, UtcTimestamp};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use self::memory::Memory;
use self::session::{Ended, Session};
use super::Server;
use crate::fleet::Fleet;
use crate::simulation::Simulation;

mod configuration;
mod flavour;
mod hearing;
mod inventory;
mod memory;
mod reports;
mod request;
mod rospec;
mod run;
mod session;
mod status;
mod tls;
mod validity;

pub use flavour::Flavour;
pub use tls::TlsFiles;

/// A client that begins no encryption within this time is sent away.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// How long a client that comes while another one is just leaving waits for its turn.
const LEAVING: Duration = Duration::from_millis(100);

/// A reader on a crane.
#[derive(Debug, Clone)]
pub struct LlrpReaderSpec {
    /// The crane that it rides on. A dispatcher's first crane.
    pub crane: CraneId,
    /// The side of the aisle that its one antenna faces; a reader for both has antenna 1 for `L` and 2 for `R`.
    pub side: Option<Side>,
    /// Whose reader it resembles.
    pub flavour: Flavour,
    /// The time at which the reader starts. Without, it has no clock and tells the time since its start.
    pub started_at: Option<Timestamp>,
    /// Encrypted, with this certificate.
    pub tls: Option<TlsFiles>,
}

impl LlrpReaderSpec {
    /// A plain reader without vendor's extensions and without a clock, for both sides of the aisle.
    pub fn new(crane: CraneId) -> Self {
        Self { crane, side: None, flavour: Flavour::Generic, started_at: None, tls: None }
    }
}

/// A reader that is served.
pub(super) struct LlrpService {
    spec: LlrpReaderSpec,
    fleet: Arc<Fleet>,
    acceptor: Option<TlsAcceptor>,
    started: Instant,
    /// What was asked of it, but for the answers to KEEPALIVE.
    requests: AtomicU64,
    /// Inventories begun.
    inventories: AtomicU64,
    /// Whoever has it is the client.
    memory: Arc<Mutex<Memory>>,
    /// Changes when a client was sent away because another one has the reader.
    turned_away: watch::Sender<()>,
}

impl LlrpService {
    /// A reader as it is after its start.
    ///
    /// # Errors
    /// When certificate or key cannot be used.
    pub(super) fn new(spec: LlrpReaderSpec, simulation: &Arc<Simulation>) -> io::Result<Self> {
        Ok(Self {
            fleet: simulation.fleet(&spec.crane),
            acceptor: spec.tls.as_ref().map(TlsFiles::acceptor).transpose()?,
            started: Instant::now(),
            requests: AtomicU64::new(0),
            inventories: AtomicU64::new(0),
            memory: Arc::new(Mutex::new(Memory::new(&spec))),
            turned_away: watch::Sender::new(()),
            spec,
        })
    }

    /// The crane's name, with the side where the reader is for one only.
    pub(super) fn name(&self) -> String {
        self.spec.side.map_or_else(|| self.spec.crane.to_string(), |side| format!("{} {}", self.spec.crane, side.letter()))
    }

    /// Whether it speaks TLS.
    pub(super) fn is_encrypted(&self) -> bool {
        self.acceptor.is_some()
    }

    /// What was asked of it so far.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How many antennas it has.
    fn antennas(&self) -> u16 {
        antennas(&self.spec)
    }

    /// A moment by the reader's clock: microseconds since 1970, or since its start.
    fn micros(&self, at: Instant) -> u64 {
        let uptime = u64::try_from(at.saturating_duration_since(self.started).as_micros()).unwrap_or(u64::MAX);
        let start = self.spec.started_at.map_or(0, |start| u64::try_from(start.as_microsecond()).unwrap_or(0));
        start.saturating_add(uptime)
    }

    fn wire_time(&self, at: Instant) -> WireTime {
        let microseconds = self.micros(at);
        if self.spec.started_at.is_some() { UtcTimestamp { microseconds }.into() } else { Uptime { microseconds }.into() }
    }

    /// The reader for a client of its own; none while another one has it, which then learns of the attempt.
    async fn claim(&self) -> Option<OwnedMutexGuard<Memory>> {
        if let Ok(free) = self.memory.clone().try_lock_owned() {
            return Some(free);
        }
        let freed = timeout(LEAVING, self.memory.clone().lock_owned()).await.ok();
        if freed.is_none() {
            self.turned_away.send_replace(());
        }
        freed
    }
}

impl fmt::Debug for LlrpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LlrpService").field("spec", &self.spec).finish_non_exhaustive()
    }
}

fn antennas(spec: &LlrpReaderSpec) -> u16 {
    if spec.side.is_some() { 1 } else { 2 }
}

/// Serves one connection until either side ends it.
pub(super) async fn converse(
    server: &Arc<Server>,
    service: &Arc<LlrpService>,
    stream: TcpStream,
    cut: &CancellationToken,
    wind_up: &CancellationToken,
) {
    let conversation = async {
        let Some(acceptor) = &service.acceptor else { return attend(server, service, stream).await };
        match timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Box::pin(attend(server, service, stream)).await,
            Ok(Err(error)) => {
                tracing::debug!(address = %server.address, %error, "a client of the simulated reader came without encryption")
            }
            Err(_) => tracing::debug!(address = %server.address, "a client of the simulated reader did not begin encryption in time"),
        }
    };
    tokio::select! {
        () = cut.cancelled() => {}
        () = wind_up.cancelled() => {}
        () = conversation => {}
    }
}

async fn attend<S: AsyncRead + AsyncWrite + Unpin + Send>(server: &Arc<Server>, service: &Arc<LlrpService>, stream: S) {
    let Some(memory) = service.claim().await else { return session::refuse(service, stream).await };
    let mut session = Session::new(server.clone(), service.clone(), memory, stream);
    let ended = session.serve().await;
    tracing::debug!(address = %server.address, ?ended, "a client of the simulated reader left");
    match ended {
        Ended::Parted => session::part(session.leave()).await,
        Ended::Broken => {}
        // The client's connection ends when the listener is closed, not before: it would find the listener again.
        Ended::Away(absence) => server.be_away(absence.time, absence.cuts).await,
    }
}
