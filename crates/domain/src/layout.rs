//! The warehouse as a count sees it: which locations there are, where, and whose queue they fall into.

use std::collections::HashMap;

use crate::lane::{LaneSpec, QueueIndex};
use crate::location::{LocationCode, Place};

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

/// A queue of stops and the aisles whose locations its cranes can reach.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueSpec {
    /// Indices of the aisles; empty for cranes that serve opaque codes only.
    pub aisles: Vec<u16>,
}

/// Locations, lanes and queues. Built once from the configuration, never changed.
#[derive(Debug, Default)]
pub struct Layout {
    lanes: Vec<LaneSpec>,
    queues: Vec<QueueSpec>,
    slots: Vec<Slot>,
    by_code: HashMap<LocationCode, u32>,
}

/// The same code twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("location \"{0}\" is defined twice")]
pub struct DuplicateLocation(pub LocationCode);

impl Layout {
    /// A layout without locations. Every lane's queue must be an index of `queues`.
    pub fn new(lanes: Vec<LaneSpec>, queues: Vec<QueueSpec>) -> Self {
        debug_assert!(lanes.iter().all(|lane| (lane.queue as usize) < queues.len()));
        Self { lanes, queues, slots: Vec::new(), by_code: HashMap::new() }
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
}
