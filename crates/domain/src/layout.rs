//! The warehouse as a count sees it: which locations there are, where, and whose queue they fall into.

use std::collections::HashMap;
use std::sync::Arc;

use crate::lane::{LaneSpec, QueueIndex};
use crate::location::{LocationCode, Place};
use crate::route::Point;
use crate::verdict::Reason;

/// One location of the warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its code.
    pub code: LocationCode,
    /// Where the rack has it; none for opaque codes.
    pub place: Option<Place>,
    /// The queue that its stops go to.
    pub queue: QueueIndex,
}

/// A queue of stops and what its cranes can reach.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueueSpec {
    /// Indices of the aisles; empty for cranes that serve opaque codes only.
    pub aisles: Vec<u16>,
    /// Where its crane stands at first; none where nobody knows, as with a dispatcher's.
    pub home: Option<Position>,
    /// Its crane has a camera or reader for either side, so that it counts both sides of the aisle in one visit.
    pub both_sides: bool,
}

/// An aisle (巷道) and the measures of its racks; both sides share them.
#[derive(Debug, Clone, PartialEq)]
pub struct Aisle {
    /// Its name.
    pub id: Arc<str>,
    /// Number of columns.
    pub bays: u32,
    /// Number of levels.
    pub levels: u32,
    /// Locations behind each other.
    pub depth: u8,
    /// Distance from one bay (列) to the next, in metres.
    pub bay_width_m: f64,
    /// Distance from one level (层) to the next, in metres.
    pub level_height_m: f64,
}

impl Aisle {
    /// Where a crane stands to serve a bay and level, in metres from bay 0 and level 0: the front, at the foot.
    pub fn point(&self, bay: u32, level: u32) -> Point {
        Point { x_m: f64::from(bay) * self.bay_width_m, y_m: f64::from(level) * self.level_height_m }
    }
}

/// Where a crane stands: an aisle, and where in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Index of the aisle in the warehouse.
    pub aisle: u16,
    /// Where in it.
    pub point: Point,
}

/// Two cranes on one rail: neither can pass the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Rail {
    /// Its name.
    pub id: Arc<str>,
    /// The cranes' queues: first the one nearer to bay 0.
    pub queues: [QueueIndex; 2],
    /// How near they may come to each other, in metres along the aisle.
    pub gap_m: f64,
}

/// Why a location is not visited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Barred {
    /// It lies in a zone that cranes must not enter.
    ForbiddenZone,
    /// It is locked (锁定).
    Locked,
}

impl Barred {
    /// The reason that its judgement *not counted* gives.
    pub fn reason(self) -> Reason {
        match self {
            Self::ForbiddenZone => Reason::ForbiddenZone,
            Self::Locked => Reason::LocationLocked,
        }
    }
}

/// Locations, aisles, lanes and queues. Built once from the configuration, never changed.
#[derive(Debug, Default)]
pub struct Layout {
    lanes: Vec<LaneSpec>,
    queues: Vec<QueueSpec>,
    aisles: Vec<Aisle>,
    rails: Vec<Rail>,
    slots: Vec<Slot>,
    by_code: HashMap<LocationCode, u32>,
    barred: HashMap<u32, (Barred, Arc<str>)>,
}

/// The same code twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("location \"{0}\" is defined twice")]
pub struct DuplicateLocation(pub LocationCode);

impl Layout {
    /// A layout without locations. Every lane's queue must be an index of `queues`.
    pub fn new(lanes: Vec<LaneSpec>, queues: Vec<QueueSpec>) -> Self {
        debug_assert!(lanes.iter().all(|lane| (lane.queue as usize) < queues.len()));
        Self { lanes, queues, ..Self::default() }
    }

    /// With the aisles that [`Place::aisle`] counts; without them no place has coordinates.
    pub fn with_aisles(self, aisles: Vec<Aisle>) -> Self {
        Self { aisles, ..self }
    }

    /// With cranes that share a rail. Each serves one aisle, the same.
    pub fn with_rails(self, rails: Vec<Rail>) -> Self {
        Self { rails, ..self }
    }

    /// Leaves a location (its index) out of every count, with a note on why; the first of several holds.
    pub fn bar(&mut self, slot: u32, why: Barred, note: Arc<str>) {
        self.barred.entry(slot).or_insert((why, note));
    }

    /// Makes room for that many more locations.
    pub fn reserve(&mut self, additional: usize) {
        self.slots.reserve(additional);
        self.by_code.reserve(additional);
    }

    /// Adds a location.
    pub fn add(&mut self, slot: Slot) -> Result<(), DuplicateLocation> {
        let index = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        if let Some(_taken) = self.by_code.get(&slot.code) {
            return Err(DuplicateLocation(slot.code));
        }
        self.by_code.insert(slot.code.clone(), index);
        self.slots.push(slot);
        Ok(())
    }

    /// The location of that code.
    pub fn find(&self, code: &str) -> Option<&Slot> {
        self.by_code.get(code).map(|index| &self.slots[*index as usize])
    }

    /// The index of a location, a compact name for it within this layout.
    pub fn index_of(&self, code: &str) -> Option<u32> {
        self.by_code.get(code).copied()
    }

    /// The location at an index.
    pub fn slot(&self, index: u32) -> &Slot {
        &self.slots[index as usize]
    }

    /// Every location, in the order of the configuration.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Every aisle.
    pub fn aisles(&self) -> &[Aisle] {
        &self.aisles
    }

    /// The rail that a queue's crane shares with another.
    pub fn rail_of(&self, queue: QueueIndex) -> Option<&Rail> {
        self.rails.iter().find(|rail| rail.queues.contains(&queue))
    }

    /// Why a location (its index) is not visited, and the note on it.
    pub fn barred(&self, slot: u32) -> Option<(Barred, &Arc<str>)> {
        self.barred.get(&slot).map(|(why, note)| (*why, note))
    }

    /// Where a crane stands to serve a location (its index); none for an opaque code, or in an aisle without measures.
    pub fn position(&self, slot: u32) -> Option<Position> {
        let place = self.slot(slot).place?;
        let aisle = self.aisles.get(usize::from(place.aisle))?;
        Some(Position { aisle: place.aisle, point: aisle.point(place.bay, place.level) })
    }

    /// Every lane.
    pub fn lanes(&self) -> &[LaneSpec] {
        &self.lanes
    }

    /// Every queue.
    pub fn queues(&self) -> &[QueueSpec] {
        &self.queues
    }

    /// Whether a queue's cranes can reach a location.
    pub fn can_serve(&self, queue: QueueIndex, slot: &Slot) -> bool {
        slot.queue == queue || slot.place.is_some_and(|place| self.queues[queue as usize].aisles.contains(&place.aisle))
    }

    /// Whether a queue's crane counts two locations (their indices) in one visit: on either side of the aisle from the same position.
    pub fn is_one_visit(&self, queue: QueueIndex, a: u32, b: u32) -> bool {
        self.queues[queue as usize].both_sides
            && self.position(a).is_some_and(|position| Some(position) == self.position(b))
            && self.slot(a).place.map(|place| place.side) != self.slot(b).place.map(|place| place.side)
    }
}
