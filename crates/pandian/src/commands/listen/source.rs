//! Which reader is listened to, and how.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pandian_devices::reader::llrp::LlrpConnections;
use pandian_devices::{BuildContext, DeviceError, TagReader, Visit};
use pandian_domain::{Code, CraneId, OpKind, Side, StocktakeId, TagRead};
use pandian_engine::Clock;
use rand::RngExt;
use tokio::time::{sleep, timeout};
use toml::de::ValueDeserializer;

use crate::assemble::{Assembled, assemble, catalog, load};
use crate::cli::ListenArgs;
use crate::fault::Fault;
use crate::lists::shown;

/// Between two inventories of a reader that does not tell tags as it hears them.
const PAUSE: Duration = Duration::from_millis(100);
/// The crane of a reader that was named by its address alone. What drivers say of it is left out of their messages.
const NO_CRANE: &str = "-";

/// A reader to listen to.
pub(super) struct Source {
    reader: Arc<dyn TagReader>,
    /// What a reader is told that reads only when it is asked to. None for one without a warehouse.
    visit: Option<Visit>,
    stocktake: StocktakeId,
    llrp: LlrpConnections,
    /// What the reader lives with.
    _assembled: Option<Assembled>,
}

impl Source {
    /// Builds the reader that was asked for.
    pub(super) async fn find(args: &ListenArgs) -> Result<Self, Fault> {
        let stocktake = StocktakeId::new(Clock::System.now(), rand::rng().random());
        match &args.warehouse {
            Some(warehouse) => Self::of_crane(&args.reader, warehouse, stocktake).await,
            None => {
                let llrp = LlrpConnections::default();
                let reader = at_address(&args.reader, llrp.clone())?;
                Ok(Self { reader, visit: None, stocktake, llrp, _assembled: None })
            }
        }
    }

    async fn of_crane(name: &str, warehouse: &Path, stocktake: StocktakeId) -> Result<Self, Fault> {
        let warehouse = load(warehouse)?;
        let refuse = |why: String| Fault::new(Code::UsageInvalid, format!("{}: {why}", warehouse.file.display()));
        let find = |id: &str| warehouse.cranes.iter().position(|crane| crane.id.as_str() == id);
        let sided = || {
            let (id, letter) = name.rsplit_once('/')?;
            let side = [Side::Left, Side::Right].into_iter().find(|side| letter.chars().eq([side.letter()]))?;
            Some((find(id)?, Some(side)))
        };
        let (index, side) = find(name).map(|index| (index, None)).or_else(sided).ok_or_else(|| {
            let known: Vec<_> = warehouse.cranes.iter().map(|crane| crane.id.as_str()).collect();
            refuse(format!("there is no crane \"{}\"; its cranes are {}", shown(name), known.join(", ")))
        })?;
        let crane = &warehouse.cranes[index];
        let assembled = assemble(&warehouse, None).await?;
        let readers = &assembled.site.devices[crane.lanes.start as usize].reader;
        if side.is_none() && readers.is_each() {
            return Err(refuse(format!("crane {} has a reader for either side: name {0}/L or {0}/R", crane.id)));
        }
        let reader = readers.on(side).cloned().ok_or_else(|| refuse(format!("crane {} has no reader", crane.id)))?;
        let layout = &warehouse.layout;
        let is_near = |slot: &&pandian_domain::layout::Slot| {
            layout.can_serve(index as u32, slot) && (side.is_none() || slot.place.is_none_or(|place| Some(place.side) == side))
        };
        let lane = &layout.lanes()[crane.lanes.start as usize];
        let visit = layout.slots().iter().find(is_near).map(|slot| Visit {
            stop: stocktake.stop(1),
            op: OpKind::Inventory,
            attempt: 1,
            timeout: crane.rules.inventory.timeout,
            location: slot.code.clone(),
            place: slot.place,
            lane: lane.id.clone(),
            crane: crane.id.clone(),
        });
        Ok(Self { reader, visit, stocktake, llrp: assembled.llrp.clone(), _assembled: Some(assembled) })
    }

    /// The address that messages name.
    pub(super) fn address(&self) -> &str {
        self.reader.address()
    }

    /// Leaves the reader in order, so that it takes its next client at once.
    pub(super) async fn close(&self) {
        self.llrp.close().await;
    }

    /// Tells what the reader hears until it fails, and what it notices of itself. One that cannot tell it live is asked for one inventory
    /// after the other.
    pub(super) async fn listen(
        &self,
        heard: &(dyn Fn(TagRead) + Send + Sync),
        noticed: &(dyn Fn(String) + Send + Sync),
    ) -> Result<(), Fault> {
        if let Some(live) = self.reader.live() {
            return live.listen(heard, noticed).await.map_err(told_of);
        }
        let Some(visit) = &self.visit else {
            return Err(Fault::new(Code::UsageInvalid, format!("the reader at {} reads only at a location, and has none", self.address())));
        };
        for number in 1.. {
            // Another stop each time: no reader may take it for a repetition.
            let visit = Visit { stop: self.stocktake.stop(number), ..visit.clone() };
            let late = |_| {
                let message = format!("the reader of crane {} at {}: no inventory within {:?}", visit.crane, self.address(), visit.timeout);
                DeviceError::new(Code::DeviceTimeout, message)
            };
            let inventory = timeout(visit.timeout, self.reader.inventory(&visit)).await.map_err(late).flatten().map_err(told_of)?;
            inventory.tags.into_iter().flatten().for_each(heard);
            sleep(PAUSE).await;
        }
        Ok(())
    }
}

/// The reader at `llrp://HOST[:PORT]` or `HOST[:PORT]`.
fn at_address(text: &str, llrp: LlrpConnections) -> Result<Arc<dyn TagReader>, Fault> {
    let refuse = |why: String| Fault::new(Code::UsageInvalid, format!("reader {}: {why}", shown(text)));
    let address = text.strip_prefix("llrp://").unwrap_or(text);
    let readers = catalog().readers;
    let kind = readers.iter().find(|kind| kind.name == "llrp").ok_or_else(|| refuse("there are no readers of kind \"llrp\"".to_owned()))?;
    let settings = format!("{{ address = {address:?} }}");
    let settings = ValueDeserializer::parse(&settings)
        .and_then(|settings| (kind.parse)(settings))
        .map_err(|error| refuse(format!("{}; an address is wanted, or --warehouse with the name of a crane", error.message())))?;
    let context = BuildContext { llrp, ..BuildContext::new(CraneId::from(NO_CRANE), PathBuf::new()) };
    settings.build(&context).map_err(told_of)
}

/// A driver's error as it is told to who may have named no crane.
fn told_of(error: DeviceError) -> Fault {
    Fault::new(error.code, error.message.replacen(&format!(" of crane {NO_CRANE}"), "", 1))
}
