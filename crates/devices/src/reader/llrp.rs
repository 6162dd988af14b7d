//! Kind `llrp`: a fixed UHF reader that speaks LLRP.
//!
//! The page `docs/devices/llrp-reader.md` describes what is sent, and the settings. Devices that name the same address share one
//! connection ([`LlrpConnections`]): a session (`session.rs`, begun by `handshake.rs`) that a link (`link.rs`) makes again when it is lost.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use pandian_domain::retry::RetryPolicy;
use pandian_domain::{Code, Inventory};
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, timeout, timeout_at};

use crate::catalog::{Build, BuildContext, unbuildable};
use crate::settings::Period;
use crate::{DeviceError, DevicePending, LiveReader, Probe, TagReader, Visit};

mod abilities;
mod address;
mod antennas;
mod connect;
mod gathering;
mod handshake;
mod link;
mod live;
mod notices;
mod operation;
mod session;
mod settings;
mod summary;
mod trouble;
mod tuning;
mod wire;

pub use address::{NotAReaderAddress, ReaderAddress};
pub use antennas::{AntennaList, Antennas, NotAntennas};
pub use link::LlrpConnections;
pub use settings::{Elsewhere, LlrpReaderSettings, Search, SideLetter, VendorExtensions};

use abilities::{Connected, Presence};
use gathering::Gathered;
use handshake::Ready;
use link::{Link, LinkSettings, TlsIdentity};
use operation::Operation;
use trouble::Trouble;
use tuning::{Tuned, Tuning};
use wire::Span;

/// How long trying the reader, or listening to it, waits for a connection that is being made.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long after the end of an ROSpec the reader may take to say so.
const GRACE: Duration = Duration::from_millis(300);
/// How much earlier than the engine an inventory gives up, so that it can still say why.
const EARLIER: Duration = Duration::from_millis(500);

impl Build<dyn TagReader> for LlrpReaderSettings {
    fn check(&self) -> Result<(), String> {
        self.check_all()
    }

    /// Tries for more than half a minute, so that a stop outlasts a cable that is pulled and put back.
    fn usual_rule(&self) -> RetryPolicy {
        RetryPolicy {
            attempts: 12,
            // Two devices may share the reader, and one waits for the other.
            timeout: (2 * self.longest_dwell() + Duration::from_secs(10)).max(Duration::from_secs(15)),
            first_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(8),
        }
    }

    fn build(&self, context: &BuildContext) -> Result<Arc<dyn TagReader>, DeviceError> {
        let refused = |why: String| unbuildable(context, "reader", why);
        let endpoint = self.address.endpoint(self.tls.is_some());
        let tls = match &self.tls {
            None => None,
            Some(tls) => {
                let server_name = tls.server_name.clone().unwrap_or_else(|| endpoint.host.clone());
                Some(TlsIdentity { trust: tls.trust(context).map_err(refused)?, server_name })
            }
        };
        let settings = LinkSettings { endpoint, tls, vendor: self.vendor, keepalive: self.keepalive.0 };
        let link = context.llrp.get(settings).map_err(refused)?;
        Ok(Arc::new(LlrpReader {
            who: format!("the reader of crane {} at {}", context.crane, link.address()),
            settings: self.clone(),
            link,
        }))
    }
}

struct LlrpReader {
    /// The reader, its crane and its address, as messages name them.
    who: String,
    settings: LlrpReaderSettings,
    link: Arc<Link>,
}

impl LlrpReader {
    fn failed(&self, trouble: Trouble) -> DeviceError {
        DeviceError::new(trouble.code(), format!("{}: {trouble}", self.who)).because(trouble)
    }

    async fn take_inventory(&self, visit: &Visit) -> Result<Inventory, DeviceError> {
        let tuning = self.settings.tuning(&visit.location, visit.place);
        self.read(&tuning, visit.timeout).await.map_err(|trouble| self.failed(trouble))
    }

    async fn read(&self, tuning: &Tuning, time: Duration) -> Result<Inventory, Trouble> {
        let span = Span::Dwell { dwell: tuning.dwell, quiet: tuning.quiet };
        let within = time.saturating_sub(EARLIER.min(time / 4));
        let needed = span.ends_within() + GRACE;
        if within < needed {
            return Err(Trouble::Hasty { timeout: time, dwell: tuning.dwell, least: needed + EARLIER.min(needed / 3) });
        }
        let deadline = Instant::now() + within;
        // Without a connection nobody waits for a turn.
        self.link.ready(within).await?;
        let turn = timeout_at(deadline, self.link.turn()).await.map_err(|_| Trouble::NoTurn(within))?;
        let reading = async {
            let (operation, tuned) = self.begin(turn, tuning, span).await?;
            let end = timeout(needed, operation.gathering().ended()).await.ok();
            let ready = operation.ready().clone();
            let overran = (end.is_none() && ready.tells_events).then_some(needed);
            let gathered = operation.finish(end).await?;
            self.judge(gathered, &tuned, &ready.session.connected(), overran)
        };
        timeout_at(deadline, reading).await.unwrap_or(Err(Trouble::Late(within)))
    }

    async fn begin(&self, turn: OwnedMutexGuard<()>, tuning: &Tuning, span: Span) -> Result<(Operation, Tuned), Trouble> {
        let ready = self.link.ready(PATIENCE).await?;
        let tuned = fitted(&ready, |connected| Ok(tuning.fit(&ready.abilities, connected)?)).await?;
        let operation = Operation::prepare(turn, ready, self.link.next_rospec(), &tuned, span).await?;
        operation.start().await?;
        Ok((operation, tuned))
    }

    /// Silence is an inventory only where the reader could hear. `overran`: so long was the end of the ROSpec waited for, in vain.
    fn judge(&self, mut gathered: Gathered, tuned: &Tuned, connected: &Connected, overran: Option<Duration>) -> Result<Inventory, Trouble> {
        if let Some(error) = gathered.garbled() {
            return Err(error.into());
        }
        if let Some(told) = gathered.exception.take().filter(|_| gathered.is_empty()) {
            return Err(Trouble::Exception(told));
        }
        let is_there = |antenna: &u16| connected.get(antenna).is_none_or(|presence| *presence == Presence::There);
        let in_use = |antenna: &u16| tuned.antennas.is_empty() || tuned.antennas.contains(antenna);
        let gone = tuned.antennas.iter().filter(|antenna| !is_there(antenna));
        let gone: BTreeSet<u16> = gone.chain(gathered.lost.iter().filter(|antenna| in_use(antenna))).copied().collect();
        if !gone.is_empty() {
            return Err(Trouble::AntennaLost(gone.into_iter().collect()));
        }
        if let Some(waited) = overran.filter(|_| gathered.is_empty()) {
            return Err(Trouble::Endless(waited));
        }
        let overran = overran.map(|waited| format!("the reader did not end its ROSpec within {}", Period(waited)));
        let remarks = gathered.remarks().map(|(what, count)| format!("{what}: {count}"));
        let remarks: Vec<String> = overran.into_iter().chain(remarks).chain(self.link.take_notices()).collect();
        let note = (!remarks.is_empty()).then(|| remarks.join("; ").into());
        Ok(Inventory { tags: Some(gathered.into_tags()), note })
    }

    async fn try_out(&self) -> Result<Probe, Trouble> {
        let ready = self.link.ready(PATIENCE).await?;
        let summary = fitted(&ready, |connected| summary::of(&ready.abilities, connected, &self.settings)).await?;
        Ok(Probe { summary })
    }
}

/// Fits something to the antennas that are connected. Before that fails for them the reader is asked once more which those are.
async fn fitted<T>(ready: &Ready, fit: impl Fn(&Connected) -> Result<T, Trouble>) -> Result<T, Trouble> {
    match fit(&ready.session.connected()) {
        Err(trouble) if trouble.code() == Code::ReaderAntenna => {
            ready.session.ask_for_antennas().await?;
            fit(&ready.session.connected())
        }
        fitted => fitted,
    }
}

impl TagReader for LlrpReader {
    fn inventory<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Inventory> {
        Box::pin(self.take_inventory(visit))
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        Box::pin(async { self.try_out().await.map_err(|trouble| self.failed(trouble)) })
    }

    fn address(&self) -> &str {
        self.link.address()
    }

    fn hears_strays(&self) -> bool {
        self.settings.strays
    }

    fn live(&self) -> Option<&dyn LiveReader> {
        Some(self)
    }
}
