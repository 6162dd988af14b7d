//! A world in motion: its cranes' positions, its faults, and who is away.

use std::any::Any;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use pandian_domain::{CraneId, Inventory, LaneId};
use tokio::time::Instant;

use crate::fault::{Device, EXCEPTION, FaultKind, FaultPlan, Operation, Strike, flood};
use crate::fleet::Fleet;
use crate::radio::Heard;
use crate::world::World;

/// The lanes of one crane, numbered in the order of the layout.
pub(crate) type Lanes = HashMap<LaneId, usize>;

/// One run of a [`World`], shared by the devices in process or by the servers on the wire.
#[derive(Debug)]
pub struct Simulation {
    world: Arc<World>,
    faults: FaultPlan,
    lanes: HashMap<CraneId, Arc<Lanes>>,
    fleets: Mutex<HashMap<CraneId, Arc<Fleet>>>,
    /// Devices that are away, and until when.
    away: Mutex<HashMap<(Device, CraneId), Instant>>,
    /// The picture that each camera sent last, by its crane and channel; kept where faults may bring it again.
    sent: Mutex<HashMap<(CraneId, u16), Bytes>>,
    started: OnceLock<Instant>,
}

impl Simulation {
    /// Starts a run. Its time begins with the first operation.
    pub fn new(world: Arc<World>) -> Arc<Self> {
        let mut lanes: HashMap<CraneId, Lanes> = HashMap::new();
        for lane in world.layout().lanes() {
            let lanes = lanes.entry(lane.crane.clone()).or_default();
            let number = lanes.len();
            lanes.entry(lane.id.clone()).or_insert(number);
        }
        Arc::new(Self {
            lanes: lanes.into_iter().map(|(crane, lanes)| (crane, Arc::new(lanes))).collect(),
            faults: FaultPlan::new(world.settings()),
            world,
            fleets: Mutex::default(),
            away: Mutex::default(),
            sent: Mutex::default(),
            started: OnceLock::new(),
        })
    }

    /// The world.
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// How often each kind of fault has struck; kinds that never did are left out.
    pub fn faults_struck(&self) -> Vec<(FaultKind, u64)> {
        self.faults.counts()
    }

    /// For `BuildContext::world` of the devices' catalogue.
    pub fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    /// The cranes of a crane endpoint: as many as it has lanes, at least one.
    pub(crate) fn fleet(&self, crane: &CraneId) -> Arc<Fleet> {
        let mut fleets = self.fleets.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Fleet::new(crane.clone(), self.world.clone(), self.lanes(crane).map_or(1, |lanes| lanes.len())));
        fleets.entry(crane.clone()).or_insert_with(new).clone()
    }

    /// The lanes of a crane endpoint; none for one that the layout does not have.
    pub(crate) fn lanes(&self, crane: &CraneId) -> Option<&Arc<Lanes>> {
        self.lanes.get(crane)
    }

    pub(crate) fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    /// The fault that strikes an operation, if one does. To be asked once for each operation.
    pub(crate) fn strike(&self, device: Device, crane: &CraneId, location: &str, key: &str) -> Option<Strike> {
        let elapsed = self.started.get_or_init(Instant::now).elapsed();
        self.faults.strike(&Operation { device, crane, location, key, elapsed })
    }

    /// What a reader that sums up tells of the slot that it meets; none under way.
    pub(crate) fn inventory(&self, met: Option<u32>, strike: Option<Strike>) -> Inventory {
        let fault = strike.map(|strike| strike.kind);
        let hears = !matches!(fault, Some(FaultKind::ReaderSilent | FaultKind::AntennaLost));
        let mut tags = met.filter(|_| hears).and_then(|slot| self.world.inventory(slot).tags).unwrap_or_default();
        if fault == Some(FaultKind::ReaderFlood) {
            tags.extend(flood(met.map_or(0, u64::from)).map(Heard::summed_up));
        }
        Inventory { tags: Some(tags), note: (fault == Some(FaultKind::ReaderException)).then(|| EXCEPTION.into()) }
    }

    /// What a camera on the wire sends where it took this picture: at a `stale_picture` the one that it sent before, if there is one.
    pub(crate) fn sent(&self, crane: &CraneId, channel: u16, picture: Bytes, strike: Option<Strike>) -> Bytes {
        if !self.has_faults() {
            return picture;
        }
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        match sent.entry((crane.clone(), channel)) {
            Entry::Occupied(before) if strike.is_some_and(|strike| strike.kind == FaultKind::StalePicture) => before.get().clone(),
            entry => {
                entry.insert_entry(picture.clone());
                picture
            }
        }
    }

    /// Lets a device be away for a while.
    pub(crate) fn leave(&self, device: Device, crane: &CraneId, time: Duration) {
        self.away().insert((device, crane.clone()), Instant::now() + time);
    }

    pub(crate) fn is_away(&self, device: Device, crane: &CraneId) -> bool {
        self.away().get(&(device, crane.clone())).is_some_and(|until| Instant::now() < *until)
    }

    fn away(&self) -> MutexGuard<'_, HashMap<(Device, CraneId), Instant>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
