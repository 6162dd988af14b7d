use proptest::prelude::*;

use super::*;
use crate::lane::LaneSpec;
use crate::layout::{Aisle, QueueSpec, Rail, Slot};
use crate::location::{LocationCode, Place, Side};
use crate::travel::Axis;

mod assignment;
mod bounds;
mod figures;
mod order;
mod random;

/// Columns are 1.4 m apart, levels 1.7 m.
fn aisle(number: u16) -> Aisle {
    Aisle { id: format!("A{number}").into(), bays: 200, levels: 30, depth: 2, bay_width_m: 1.4, level_height_m: 1.7 }
}

fn captive(aisles: &[u16]) -> QueueSpec {
    QueueSpec { aisles: aisles.to_vec(), ..QueueSpec::default() }
}

/// Locations by aisle, side, bay, level and depth; the queue is the first that serves the aisle.
struct Rack {
    layout: Layout,
}

impl Rack {
    fn new(queues: Vec<QueueSpec>) -> Self {
        Self::with_rails(queues, Vec::new())
    }

    fn with_rails(queues: Vec<QueueSpec>, rails: Vec<Rail>) -> Self {
        let aisles = queues.iter().flat_map(|queue| &queue.aisles).max().map_or(0, |most| most + 1);
        let lanes = (0..queues.len() as QueueIndex).map(|queue| LaneSpec {
            id: format!("L{queue}").as_str().into(),
            crane: format!("C{queue}").as_str().into(),
            queue,
        });
        let layout = Layout::new(lanes.collect(), queues).with_aisles((0..aisles).map(aisle).collect()).with_rails(rails);
        Self { layout }
    }

    fn add(&mut self, code: String, place: Option<Place>, queue: QueueIndex) -> u32 {
        if let Some(known) = self.layout.index_of(&code) {
            return known;
        }
        self.layout.add(Slot { code: LocationCode::new(code.as_str()), place, queue }).unwrap();
        self.layout.slots().len() as u32 - 1
    }

    fn slot_at(&mut self, aisle: u16, side: Side, bay: u32, level: u32, depth: u8) -> u32 {
        let queue = self.layout.queues().iter().position(|queue| queue.aisles.contains(&aisle)).unwrap_or(0);
        let place = Place { aisle, side, bay, level, depth };
        self.add(format!("{aisle}{}{bay}-{level}-{depth}", side.letter()), Some(place), queue as QueueIndex)
    }

    /// On the left, in front.
    fn slot(&mut self, aisle: u16, bay: u32, level: u32) -> u32 {
        self.slot_at(aisle, Side::Left, bay, level, 1)
    }

    fn opaque(&mut self, code: &str, queue: QueueIndex) -> u32 {
        self.add(code.to_owned(), None, queue)
    }

    /// So many different ones, all over an aisle of so many bays and 10 levels, in no order.
    fn scattered(&mut self, aisle: u16, count: u32, bays: u32) -> Vec<u32> {
        (0..count).map(|number| self.slot(aisle, (number * 37 + number / bays) % bays, number * 7 % 10)).collect()
    }
}

fn at(aisle: u16, bay: u32, level: u32) -> Position {
    Position { aisle, point: self::aisle(aisle).point(bay, level) }
}

/// 6 s a stop, 30 s to change the aisle.
fn pace() -> Pace {
    Pace {
        kinematics: Kinematics::default(),
        overhead: Duration::ZERO,
        aisle_change: Duration::from_secs(30),
        dwell: Duration::from_secs(6),
        verdict_after: Duration::ZERO,
        returns_home: false,
    }
}

/// One crane a queue, each at the front of its first aisle.
fn at_work(layout: &Layout) -> Vec<Crane> {
    let crane = |(queue, spec): (usize, &QueueSpec)| Crane {
        queue: queue as QueueIndex,
        from: spec.home.or(spec.aisles.first().map(|aisle| at(*aisle, 0, 0))),
    };
    layout.queues().iter().enumerate().map(crane).collect()
}

fn planned(rack: &Rack, paces: &[Option<Pace>], cranes: &[Crane], slots: &[u32]) -> Plan {
    plan(&rack.layout, paces, cranes, slots, 1, &mut Effort::kicks(500))
}

/// Plans with the usual pace for every queue and all cranes at work.
fn usual(rack: &Rack, slots: &[u32]) -> Plan {
    planned(rack, &vec![Some(pace()); rack.layout.queues().len()], &at_work(&rack.layout), slots)
}

fn sorted(mut slots: Vec<u32>) -> Vec<u32> {
    slots.sort_unstable();
    slots
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * (1.0 + a.abs())
}
