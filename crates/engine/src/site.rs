//! What a run works with: the warehouse, its devices, its books, its settings.

use std::sync::Arc;

use pandian_devices::{Camera, Crane, TagReader};
use pandian_domain::attribution::Calibration;
use pandian_domain::book::Book;
use pandian_domain::docket::{Docket, DocketRules};
use pandian_domain::plan::Pace;
use pandian_domain::retry::RetryPolicy;
use pandian_domain::stocktake::LaneRules;
use pandian_domain::{Digest, Layout, OpKind, Side, Sided};
use serde::{Deserialize, Serialize};

use crate::sight::Sighting;

/// When a crane may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Release {
    /// When the tags are read and the picture is taken; the comparison runs while it travels.
    #[default]
    AfterAcquisition,
    /// When the comparison has ended too.
    AfterVerification,
}

/// Time-outs and retries of the four operations.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// Of the crane.
    pub goto: RetryPolicy,
    /// Of the reader.
    pub inventory: RetryPolicy,
    /// Of the camera.
    pub capture: RetryPolicy,
    /// Of the comparison.
    pub compare: RetryPolicy,
}

impl Rules {
    /// The rule of one operation.
    pub fn of(&self, op: OpKind) -> &RetryPolicy {
        match op {
            OpKind::Goto => &self.goto,
            OpKind::Inventory => &self.inventory,
            OpKind::Capture => &self.capture,
            OpKind::Compare => &self.compare,
        }
    }
}

/// The devices of one lane.
#[derive(Clone)]
pub struct Devices {
    /// The crane, or the dispatcher that picks one.
    pub crane: Arc<dyn Crane>,
    /// Its tag readers.
    pub reader: Sided<Arc<dyn TagReader>>,
    /// Its cameras.
    pub camera: Sided<Arc<dyn Camera>>,
    /// Time-outs and retries.
    pub rules: Rules,
}

/// How stocktakes run here.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// When a crane may leave.
    pub release: Release,
    /// How many comparisons of one lane may be under way while its crane travels.
    pub comparisons_per_lane: usize,
    /// When a lane gives up, and what becomes of its queue then.
    pub lanes: LaneRules,
}

impl Default for Settings {
    fn default() -> Self {
        Self { release: Release::default(), comparisons_per_lane: 4, lanes: LaneRules { give_up_after: 3, hand_on: true } }
    }
}

/// How tags are attributed to locations where readers hear the neighbours too.
#[derive(Debug, Clone)]
pub struct Attributing {
    /// How locations are judged then.
    pub rules: DocketRules,
    /// Whether that holds for every reader, not only for those that say so of themselves.
    pub every_reader: bool,
    /// What earlier stocktakes have learnt of the readers.
    pub known: Calibration,
}

/// A warehouse ready to be counted.
#[derive(Clone)]
pub struct Site {
    /// Its name.
    pub name: Arc<str>,
    /// Locations, lanes and queues.
    pub layout: Arc<Layout>,
    /// Devices, one entry a lane of the layout.
    pub devices: Vec<Devices>,
    /// How fast each queue's crane is; none where nobody knows. One entry a queue of the layout.
    pub paces: Vec<Option<Pace>>,
    /// The books, if there are any.
    pub book: Option<Arc<dyn Book>>,
    /// How it runs.
    pub settings: Settings,
    /// How tags are attributed; none where every reader hears its own location alone.
    pub attributing: Option<Attributing>,
    /// How pictures are looked at here; none where every camera finds out itself what is on its own.
    pub sighting: Option<Sighting>,
    /// The configuration's file, to find it again when a stocktake is taken up.
    pub file: Arc<str>,
    /// Digest of the configuration this was made from.
    pub configuration: Digest,
}

impl Site {
    /// Whether what a lane's reader hears on a side has to be attributed: it hears the neighbours too.
    pub(crate) fn is_attributed(&self, lane: usize, side: Option<Side>) -> bool {
        let Some(attributing) = &self.attributing else { return false };
        let reader = self.devices.get(lane).and_then(|devices| devices.reader.on(side));
        reader.is_some_and(|reader| attributing.every_reader || reader.hears_strays())
    }

    /// An empty docket, where tags have to be attributed.
    pub(crate) fn new_docket(&self) -> Option<Docket> {
        let attributing = self.attributing.as_ref()?;
        Some(Docket::new(self.layout.clone(), attributing.known.clone(), attributing.rules))
    }
}
