//! The simulated warehouse itself: what is booked, what really lies in the racks, and how long cranes travel.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pandian_domain::book::Book;
use pandian_domain::travel::Kinematics;
use pandian_domain::{BookLine, CraneId, Epc, Findings, Inventory, Layout, LocationCode, Verdict};

use crate::book::SimBook;
use crate::difference::{Booked, Difference, Pairing, Planting};
use crate::motion::Motions;
use crate::picture::{self, Condition};
use crate::racks::Racks;
use crate::radio::Heard;
use crate::radio::field::{Field, antenna};
use crate::seed::{Draw, Seed, hash_text};
use crate::settings::{SettingsError, SimulationSettings};
use crate::sight::SceneTruth;

/// What a world is made from.
#[derive(Clone)]
pub struct WorldSpec {
    /// The locations and lanes, the aisles, and where cranes stand at first.
    pub layout: Arc<Layout>,
    /// What each crane can do; missing ones are common unit-load cranes.
    pub cranes: HashMap<CraneId, CraneSpec>,
    /// The `[simulation]` table.
    pub settings: SimulationSettings,
    /// The real books, if the warehouse has any: the world then holds what they say, but for the planted differences.
    pub book: Option<Arc<dyn Book>>,
}

/// What a crane can do.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CraneSpec {
    /// How it drives and lifts.
    pub kinematics: Kinematics,
    /// From the front of one aisle to the front of another; the settings' where nothing is said.
    pub aisle_change: Option<Duration>,
}

/// A seeded warehouse. Pure: the same specification is the same world, and nothing in it changes. What lies in a slot is
/// computed when it is asked for, so that a world of any size takes no memory beyond the layout's, but for four bytes a slot where
/// neighbourhood matters (`radio`, `misplaced_within`).
pub struct World {
    layout: Arc<Layout>,
    motions: Motions,
    settings: SimulationSettings,
    pub(crate) seed: Seed,
    drawn: Arc<SimBook>,
    given: Option<Arc<dyn Book>>,
    planting: Planting,
    field: Option<Field>,
}

/// A difference that was planted, as a perfect count finds it. For demonstrations and tests: no verdict may come from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// Where.
    pub location: LocationCode,
    /// What a perfect count says of it.
    pub verdict: Verdict,
    /// For a misplaced unit the other location: where it lies instead, or where it belongs.
    pub partner: Option<LocationCode>,
}

impl World {
    /// Makes a world; fails if a setting is out of its range.
    pub fn new(spec: WorldSpec) -> Result<Self, SettingsError> {
        let WorldSpec { layout, cranes, settings, book } = spec;
        settings.check()?;
        let seed = Seed(settings.seed);
        let size = u32::try_from(layout.slots().len()).unwrap_or(u32::MAX);
        let racks = (settings.radio.is_some() || settings.misplaced_within.is_some()).then(|| Arc::new(Racks::new(layout.clone())));
        let pairing = match (&racks, settings.misplaced_within) {
            (Some(racks), Some(bays)) => Pairing::within(seed, bays, racks.clone()),
            _ => Pairing::anywhere(seed, size),
        };
        Ok(Self {
            motions: Motions::new(&layout, &cranes, settings.aisle_change.0),
            seed,
            drawn: Arc::new(SimBook::new(layout.clone(), seed, settings.fill, settings.units_per_slot)),
            given: book,
            planting: Planting::new(seed, pairing, settings.differences),
            field: racks.and_then(|racks| Some(Field::new(settings.radio.clone()?, seed, racks))),
            layout,
            settings,
        })
    }

    /// What the books say: the given ones, or those drawn from the seed.
    pub fn book(&self) -> Arc<dyn Book> {
        self.given.clone().unwrap_or_else(|| self.drawn.clone())
    }

    /// The books that the seed gives, used or not.
    pub(crate) fn drawn(&self) -> &SimBook {
        &self.drawn
    }

    /// The locations and lanes.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The `[simulation]` table that the world was made with.
    pub fn settings(&self) -> &SimulationSettings {
        &self.settings
    }

    /// Every planted difference, in the order of the layout. For demonstrations and tests only.
    pub fn planted(&self) -> impl Iterator<Item = Planted> + '_ {
        (0..self.size()).filter_map(|slot| {
            let difference = self.planting.at(slot, self)?;
            Some(Planted {
                location: self.code(slot).clone(),
                verdict: difference.verdict(),
                partner: difference.partner().map(|slot| self.code(slot).clone()),
            })
        })
    }

    /// How long a crane travels to a slot (indices of the layout); from where it stands at first if `from` is none. Whole milliseconds,
    /// at speed 1. Slots without a place are some time apart that depends on the two alone.
    pub fn travel(&self, crane: &CraneId, from: Option<u32>, to: u32) -> Duration {
        self.travel_at(1.0, crane, from, to)
    }

    /// The same, where the crane drives and lifts at that part of its speeds and accelerations.
    pub(crate) fn travel_at(&self, pace: f64, crane: &CraneId, from: Option<u32>, to: u32) -> Duration {
        if from == Some(to) {
            return Duration::ZERO;
        }
        let goal = self.layout.position(to);
        let start = match from {
            Some(slot) => self.layout.position(slot),
            None => goal.map(|goal| self.motions.start(crane, goal)),
        };
        if let (Some(start), Some(goal)) = (start, goal) {
            return self.motions.travel(crane, pace, start, goal);
        }
        let [least, most] = self.settings.opaque_travel.map(|period| period.0.as_millis() as u64);
        let leg = u64::from(from.map_or(u32::MAX, |slot| slot)) << 32 | u64::from(to);
        Duration::from_millis(least + self.seed.below(Draw::Travel, leg, most - least + 1))
    }

    /// What a reader at a slot hears: each tag with the signals of its single reads. Without `radio` exactly what lies in the slot.
    pub fn heard(&self, slot: u32) -> Vec<Heard> {
        self.heard_at(slot, 0.0)
    }

    /// The same where the reader sends so that tags answer weaker by so many dB. With `radio` they are read less often, too.
    pub fn heard_at(&self, slot: u32, weaker_by_db: f64) -> Vec<Heard> {
        if let Some(field) = &self.field {
            return field.heard(slot, weaker_by_db, |slot| self.holds(slot));
        }
        let antenna = self.antenna(slot);
        let hear = |epc: Epc| {
            let signal = self.seed.bits(Draw::Signal, u64::from(slot) ^ hash_text(epc.as_str()));
            let rssi_dbm = -45.0 - (signal % 200) as f64 / 10.0 - weaker_by_db;
            Heard { epc, antenna, rssi_dbm: vec![rssi_dbm; 3 + (signal >> 32) as usize % 15] }
        };
        self.holds(slot).into_iter().map(hear).collect()
    }

    /// The antenna that serves a slot, from 1: one for each side.
    pub(crate) fn antenna(&self, slot: u32) -> u16 {
        antenna(self.layout.slot(slot).place)
    }

    /// The tags that really lie in a slot, those too that are never read. For demonstrations and tests only: no verdict may come
    /// from here.
    pub fn holds(&self, slot: u32) -> Vec<Epc> {
        let mut tags: Vec<Epc> = Vec::new();
        for epc in self.contents(slot).into_iter().filter_map(|line| line.epc) {
            if !tags.contains(&epc) {
                tags.push(epc);
            }
        }
        tags
    }

    /// The same as a reader sums it up.
    pub fn inventory(&self, slot: u32) -> Inventory {
        Inventory { tags: Some(self.heard(slot).into_iter().map(Heard::summed_up).collect()), note: None }
    }

    /// What the comparison of a picture of a slot finds.
    pub fn findings(&self, slot: u32) -> Findings {
        let SceneTruth { occupied, labels, blocked, .. } = self.scene_truth(slot);
        if blocked {
            return Findings { note: Some("the view is blocked".into()), ..Findings::default() };
        }
        let confidence = 0.95 + self.seed.below(Draw::Confidence, slot.into(), 50) as f64 / 1000.0;
        Findings { occupied: Some(occupied), codes: labels, confidence: Some(confidence), ..Findings::default() }
    }

    /// A picture of a slot as cameras of kinds `sim` and `http` have them, a small PNG; the same each time.
    pub fn picture(&self, slot: u32) -> Bytes {
        self.picture_in(slot, Condition::Fit)
    }

    /// The same, of which that became.
    pub(crate) fn picture_in(&self, slot: u32, condition: Condition) -> Bytes {
        let contents = self.contents(slot);
        let labels: Vec<&str> = contents
            .iter()
            .map(|line| line.handling_unit.as_deref().or(line.epc.as_ref().map(Epc::as_str)).unwrap_or(&line.item))
            .collect();
        picture::draw(self.code(slot).as_str(), self.seed.bits(Draw::Picture, slot.into()), &labels, condition)
    }

    /// Whether a slot's pictures are kept (`picture_every`).
    pub fn has_picture(&self, slot: u32) -> bool {
        self.settings.picture_every > 0 && slot.is_multiple_of(self.settings.picture_every)
    }

    /// What really lies in a slot.
    pub(crate) fn contents(&self, slot: u32) -> Vec<BookLine> {
        let mut lines = self.booked(slot).unwrap_or_default();
        match self.planting.at(slot, self) {
            None => {}
            Some(Difference::AllGone) => lines.clear(),
            Some(Difference::UnitGone(unit) | Difference::MovedAway { unit, .. }) => lines.retain(|line| line.epc.as_ref() != Some(&unit)),
            Some(Difference::UnitExtra) => lines.push(self.drawn.foreign_unit(slot)),
            Some(Difference::UnitReplaced(unit)) => {
                lines.retain(|line| line.epc.as_ref() != Some(&unit));
                lines.push(self.drawn.foreign_unit(slot));
            }
            Some(Difference::MovedIn { unit, from }) => {
                lines.extend(self.booked(from).unwrap_or_default().into_iter().filter(|line| line.epc.as_ref() == Some(&unit)));
            }
        }
        lines
    }

    pub(crate) fn booked(&self, slot: u32) -> Option<Vec<BookLine>> {
        match &self.given {
            Some(book) => book.lines(self.code(slot)),
            None => Some(self.drawn.lines_at(slot)),
        }
    }

    pub(crate) fn code(&self, slot: u32) -> &LocationCode {
        &self.layout.slot(slot).code
    }

    pub(crate) fn size(&self) -> u32 {
        u32::try_from(self.layout.slots().len()).unwrap_or(u32::MAX)
    }
}

impl Booked for World {
    fn lines_at(&self, slot: u32) -> Option<Vec<BookLine>> {
        self.booked(slot)
    }

    fn is_home(&self, epc: &Epc, slot: u32) -> bool {
        match &self.given {
            Some(book) => book.whereabouts(epc.as_str()).is_some_and(|(home, _)| home == *self.code(slot)),
            None => true,
        }
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("seed", &self.seed).field("slots", &self.size()).finish_non_exhaustive()
    }
}
