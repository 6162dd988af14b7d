//! Which slots lie near each other.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use pandian_domain::{Layout, Place};

/// The slots that have a place, bay by bay along each aisle: four bytes a slot.
#[derive(Debug)]
pub(crate) struct Racks {
    layout: Arc<Layout>,
    by_bay: Vec<u32>,
}

/// What the slots are in order of.
type Key = (u16, u32, Place, u32);

fn key(place: Place, slot: u32) -> Key {
    (place.aisle, place.bay, place, slot)
}

impl Racks {
    pub(crate) fn new(layout: Arc<Layout>) -> Self {
        let mut placed: Vec<(Place, u32)> =
            (0_u32..).zip(layout.slots()).filter_map(|(index, slot)| slot.place.map(|place| (place, index))).collect();
        placed.sort_unstable_by_key(|(place, slot)| key(*place, *slot));
        Self { by_bay: placed.into_iter().map(|(_, slot)| slot).collect(), layout }
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The ranks of an aisle's slots of those bays.
    pub(crate) fn ranks(&self, aisle: u16, bays: RangeInclusive<u32>) -> Range<usize> {
        let end = self.before(|key| (key.0, key.1) <= (aisle, *bays.end()));
        self.before(|key| (key.0, key.1) < (aisle, *bays.start())).min(end)..end
    }

    /// The slot of a rank.
    pub(crate) fn at(&self, rank: usize) -> u32 {
        self.by_bay[rank]
    }

    /// The rank of a slot; none without a place.
    pub(crate) fn rank(&self, slot: u32) -> Option<usize> {
        let own = key(self.layout.slot(slot).place?, slot);
        Some(self.before(|key| key < own))
    }

    /// An aisle's slots of those bays.
    pub(crate) fn of_bays(&self, aisle: u16, bays: RangeInclusive<u32>) -> impl Iterator<Item = (u32, Place)> + '_ {
        let slots = &self.by_bay[self.ranks(aisle, bays)];
        slots.iter().filter_map(|slot| Some((*slot, self.layout.slot(*slot).place?)))
    }

    /// How many slots come before the first that is not so.
    fn before(&self, is_so: impl Fn(Key) -> bool) -> usize {
        self.by_bay.partition_point(|slot| self.layout.slot(*slot).place.is_some_and(|place| is_so(key(place, *slot))))
    }
}
