//! Where each crane stands at first, and how long it travels.

use std::collections::HashMap;
use std::time::Duration;

use pandian_domain::layout::Position;
use pandian_domain::plan::Pace;
use pandian_domain::route::Point;
use pandian_domain::travel::{Axis, Kinematics};
use pandian_domain::{CraneId, Layout};

use crate::world::CraneSpec;

/// How every crane moves.
#[derive(Debug, Clone)]
pub(crate) struct Motions {
    cranes: HashMap<CraneId, CraneSpec>,
    homes: HashMap<CraneId, Position>,
    /// Of cranes that say nothing of it.
    aisle_change: Duration,
}

impl Motions {
    pub(crate) fn new(layout: &Layout, cranes: &HashMap<CraneId, CraneSpec>, aisle_change: Duration) -> Self {
        let home = |queue: u32| layout.queues().get(queue as usize).and_then(|queue| queue.home);
        let homes = layout.lanes().iter().filter_map(|lane| Some((lane.crane.clone(), home(lane.queue)?)));
        Self { cranes: cranes.clone(), homes: homes.collect(), aisle_change }
    }

    /// Where a crane starts that never travelled: at home; where it has none, in front of the aisle that it goes to.
    pub(crate) fn start(&self, crane: &CraneId, goal: Position) -> Position {
        let front = Position { point: Point { x_m: 0.0, y_m: 0.0 }, ..goal };
        self.homes.get(crane).copied().unwrap_or(front)
    }

    /// Travel time of a crane that drives and lifts at a part of its speeds and accelerations: as plans reckon it, without whatever
    /// devices and connections take besides.
    pub(crate) fn travel(&self, crane: &CraneId, part: f64, from: Position, to: Position) -> Duration {
        let CraneSpec { kinematics: Kinematics { drive, lift }, aisle_change } = self.cranes.get(crane).copied().unwrap_or_default();
        let reached = |axis: Axis| Axis { speed: axis.speed * part, acceleration: axis.acceleration * part };
        let pace = Pace {
            kinematics: Kinematics { drive: reached(drive), lift: reached(lift) },
            overhead: Duration::ZERO,
            aisle_change: aisle_change.unwrap_or(self.aisle_change),
            dwell: Duration::ZERO,
            verdict_after: Duration::ZERO,
            returns_home: false,
        };
        pace.travel(from, to)
    }
}
