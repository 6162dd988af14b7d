//! How a tag's slot lies to the slot that a reader listens at.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::layout::Layout;
use crate::location::{Place, Side};

/// Which rack the tag is in, seen from the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rack {
    /// The one that the antenna faces.
    Faced,
    /// The one at the antenna's back, across the aisle.
    Opposite,
    /// The one that stands back to back with the faced one: the next aisle's.
    Behind,
}

impl Rack {
    pub(super) const ALL: [Self; 3] = [Self::Faced, Self::Opposite, Self::Behind];
}

/// Bays, levels, rack and depth between a reader and a tag. Left and right, up and down are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Bearing {
    /// Bays between them.
    pub bays: u8,
    /// Levels between them.
    pub levels: u8,
    /// Which rack the tag is in.
    pub rack: Rack,
    /// Whether the tag's slot lies behind another one of its rack.
    pub deep: bool,
}

/// Readers hear no further than this many bays and levels, as far as attribution reckons with it.
pub const REACH: u32 = 3;

/// How many values [`Bearing::index`] takes.
pub(super) const BEARINGS: usize = (REACH as usize + 1) * (REACH as usize + 1) * 3 * 2;

impl Bearing {
    /// From where a reader listens to where a tag may be; none if that is out of reach.
    pub fn between(listening: Place, tag: Place) -> Option<Self> {
        let (bays, levels) = (listening.bay.abs_diff(tag.bay), listening.level.abs_diff(tag.level));
        if bays > REACH || levels > REACH {
            return None;
        }
        let rack = if tag.aisle == listening.aisle {
            if tag.side == listening.side { Rack::Faced } else { Rack::Opposite }
        } else if behind(listening.aisle, listening.side) == Some((tag.aisle, tag.side)) {
            Rack::Behind
        } else {
            return None;
        };
        Some(Self { bays: bays as u8, levels: levels as u8, rack, deep: tag.depth > 1 })
    }

    /// Every bearing, by index.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let steps = 0..=REACH as u8;
        steps.clone().flat_map(move |bays| {
            steps.clone().flat_map(move |levels| {
                Rack::ALL.into_iter().flat_map(move |rack| [false, true].map(|deep| Self { bays, levels, rack, deep }))
            })
        })
    }

    pub(super) fn index(self) -> usize {
        let step = usize::from(self.bays) * (REACH as usize + 1) + usize::from(self.levels);
        (step * 3 + self.rack as usize) * 2 + usize::from(self.deep)
    }
}

/// The rack that stands back to back with another: aisles stand side by side in the order of the configuration, each with its left side
/// to the one before.
fn behind(aisle: u16, side: Side) -> Option<(u16, Side)> {
    match side {
        Side::Right => Some((aisle.checked_add(1)?, Side::Left)),
        Side::Left => Some((aisle.checked_sub(1)?, Side::Right)),
    }
}

/// Slots by their places.
#[derive(Debug)]
pub(super) struct Grid {
    slots: HashMap<Place, u32>,
    deepest: u8,
}

impl Grid {
    pub(super) fn new(layout: &Layout) -> Self {
        let slots: HashMap<Place, u32> = (0..).zip(layout.slots()).filter_map(|(index, slot)| Some((slot.place?, index))).collect();
        Self { deepest: slots.keys().map(|place| place.depth).max().unwrap_or(1), slots }
    }

    /// Every slot within so many bays and levels of a place: in its rack, in the one across the aisle, and in the one behind.
    pub(super) fn around(&self, place: Place, reach: u32) -> impl Iterator<Item = (u32, Place)> + '_ {
        let other = if place.side == Side::Left { Side::Right } else { Side::Left };
        let racks = [Some((place.aisle, place.side)), Some((place.aisle, other)), behind(place.aisle, place.side)];
        let near = move |at: u32| at.saturating_sub(reach).max(1)..=at.saturating_add(reach);
        racks.into_iter().flatten().flat_map(move |(aisle, side)| {
            near(place.bay).flat_map(move |bay| {
                near(place.level).flat_map(move |level| {
                    (1..=self.deepest).filter_map(move |depth| {
                        let there = Place { aisle, side, bay, level, depth };
                        self.slots.get(&there).map(|slot| (*slot, there))
                    })
                })
            })
        })
    }
}
