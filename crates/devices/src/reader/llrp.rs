//! Kind `llrp`: a fixed UHF reader that speaks LLRP.
//!
//! The page `docs/devices/llrp-reader.md` describes what is sent, and the settings. Devices that name the same address share one
//! connection ([`LlrpConnections`]): a session (`session.rs`, begun by `handshake.rs`) that a link (`link.rs`) makes again when it is lost.

use std::sync::Arc;
use std::time::Duration;

use pandian_domain::retry::RetryPolicy;
use pandian_domain::{Code, Inventory, TagRead};
use tokio::time::{sleep, timeout};

use crate::catalog::{Build, BuildContext, unbuildable};
use crate::{DeviceError, DevicePending, LiveReader, Probe, TagReader, Visit};

mod abilities;
mod address;
mod antennas;
mod connect;
mod gathering;
mod handshake;
mod link;
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
pub use settings::{Elsewhere, LlrpReaderSettings, Search, SideLetter, TlsSettings, VendorExtensions};

use abilities::Connected;
use connect::Trust;
use gathering::{End, Gathered};
use link::{Link, LinkSettings, TlsIdentity};
use operation::Operation;
use trouble::Trouble;
use tuning::{Tuned, Tuning, Unfit};
use wire::{GUARD, Span};

/// How long an inventory waits for a connection that is being made.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long trying the reader waits for it.
const PROBE_PATIENCE: Duration = Duration::from_secs(8);
/// How long after the end of an ROSpec the reader may take to say so.
const GRACE: Duration = Duration::from_millis(300);
/// How much earlier than the engine an inventory gives up, so that it can still say why.
const EARLIER: Duration = Duration::from_millis(500);
/// How long tags are gathered before they are told again.
const TOLD_EVERY: Duration = Duration::from_millis(100);

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
                Some(TlsIdentity { trust: trust(tls, context).map_err(refused)?, server_name })
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

fn trust(tls: &TlsSettings, context: &BuildContext) -> Result<Trust, String> {
    if let Some(pin) = tls.fingerprint()? {
        return Ok(Trust::Pinned(pin));
    }
    let Some(file) = &tls.ca else { return Ok(Trust::Public) };
    let file = context.folder.join(file);
    let read = std::fs::read(&file).map_err(|error| format!("`tls.ca` {} cannot be read: {error}", file.display()))?;
    Ok(Trust::Authority(read.into()))
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
        let within = visit.timeout.saturating_sub(EARLIER.min(visit.timeout / 4));
        match timeout(within, self.read(&tuning)).await {
            Ok(read) => read.map_err(|trouble| self.failed(trouble)),
            Err(_) => {
                let what = format!("{}: no inventory within {within:?}, other devices' inventories with this reader included", self.who);
                Err(DeviceError::new(Code::DeviceTimeout, what))
            }
        }
    }

    async fn read(&self, tuning: &Tuning) -> Result<Inventory, Trouble> {
        let span = Span::Dwell { dwell: tuning.dwell, quiet: tuning.quiet };
        let (operation, tuned) = self.begin(tuning, span).await?;
        let end = timeout(tuning.dwell + GUARD + GRACE, operation.gathering().ended()).await.ok();
        let session = operation.session();
        let gathered = operation.finish(end).await?;
        self.judge(gathered, &tuned, &session.connected())
    }

    async fn begin(&self, tuning: &Tuning, span: Span) -> Result<(Operation, Tuned), Trouble> {
        // Without a connection nobody waits for a turn.
        self.link.ready(PATIENCE).await?;
        let turn = self.link.turn().await;
        let ready = self.link.ready(PATIENCE).await?;
        let tuned = tuning.fit(&ready.abilities, &ready.session.connected())?;
        let operation = Operation::prepare(turn, ready, self.link.next_rospec(), &tuned, span).await?;
        operation.start().await?;
        Ok((operation, tuned))
    }

    /// Silence is an inventory only where the reader could hear.
    fn judge(&self, mut gathered: Gathered, tuned: &Tuned, connected: &Connected) -> Result<Inventory, Trouble> {
        if let Some(error) = gathered.garbled() {
            return Err(error.into());
        }
        if let Some(told) = gathered.exception.take().filter(|_| gathered.is_empty()) {
            return Err(Trouble::Exception(told));
        }
        let is_gone = |antenna: &u16| connected.get(antenna) == Some(&false);
        if !tuned.antennas.is_empty() && tuned.antennas.iter().all(is_gone) {
            return Err(Unfit::Disconnected(tuned.antennas.clone()).into());
        }
        let missing = tuned.missing.iter().map(|antenna| format!("antenna {antenna} is not connected"));
        let remarks: Vec<String> = missing.chain(gathered.remarks()).chain(self.link.take_notices()).collect();
        let note = (!remarks.is_empty()).then(|| remarks.join("; ").into());
        Ok(Inventory { tags: Some(gathered.into_tags()), note })
    }

    async fn tell(&self, heard: &(dyn Fn(TagRead) + Send + Sync)) -> Result<(), Trouble> {
        let (operation, _) = self.begin(&self.settings.usual_tuning(), Span::Endless).await?;
        loop {
            operation.gathering().changed().await;
            let gathered = operation.gathering().take();
            let end = gathered.end();
            gathered.into_tags().into_iter().for_each(heard);
            match end {
                None => sleep(TOLD_EVERY).await,
                Some(End::Told) => return Err(Trouble::Stopped),
                Some(end) => return operation.finish(Some(end)).await.map(drop),
            }
        }
    }

    async fn try_out(&self) -> Result<Probe, Trouble> {
        let ready = self.link.ready(PROBE_PATIENCE).await?;
        summary::of(&ready.abilities, &ready.session.connected(), &self.settings).map(|summary| Probe { summary })
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

impl LiveReader for LlrpReader {
    fn listen<'a>(&'a self, heard: &'a (dyn Fn(TagRead) + Send + Sync)) -> DevicePending<'a, ()> {
        Box::pin(async move { self.tell(heard).await.map_err(|trouble| self.failed(trouble)) })
    }
}
