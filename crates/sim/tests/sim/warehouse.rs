//! Warehouses for the tests.

use std::collections::HashMap;
use std::sync::Arc;

use pandian_domain::layout::{Aisle, Layout, QueueSpec, Slot};
use pandian_domain::{LaneSpec, Place, Side};
use pandian_sim::{Simulation, World, WorldSpec};

/// Racks of `slots` locations, `A01-L-001-01` and so on, an aisle and a crane (`C1`, …) for each 1,000. Bays are 2 m wide, levels 1 m high.
pub(crate) fn racks(slots: u32) -> Layout {
    racks_with(slots, |aisle| QueueSpec { aisles: vec![aisle], ..QueueSpec::default() })
}

/// The same with the cranes' queues as they are wanted.
pub(crate) fn racks_with(slots: u32, queue: impl Fn(u16) -> QueueSpec) -> Layout {
    let aisles = slots.div_ceil(1000).max(1);
    let lanes = (0..aisles).map(|aisle| {
        let name = format!("C{}", aisle + 1);
        LaneSpec { id: name.as_str().into(), crane: name.as_str().into(), queue: aisle }
    });
    let queues = (0..aisles).map(|aisle| queue(aisle as u16));
    let measures = |n| Aisle { id: format!("A{n:02}").into(), bays: 50, levels: 10, depth: 1, bay_width_m: 2.0, level_height_m: 1.0 };
    let mut layout = Layout::new(lanes.collect(), queues.collect()).with_aisles((1..=aisles).map(measures).collect());
    for n in 0..slots {
        let (aisle, within) = (n / 1000, n % 1000);
        let side = if within % 2 == 0 { Side::Left } else { Side::Right };
        let (bay, level) = (within / 20 + 1, within / 2 % 10 + 1);
        let code = format!("A{:02}-{}-{bay:03}-{level:02}", aisle + 1, side.letter());
        let place = Some(Place { aisle: aisle as u16, side, bay, level, depth: 1 });
        layout.add(Slot { code: code.as_str().into(), place, queue: aisle }).unwrap();
    }
    layout
}

/// Opaque codes `1号`, `2号`, … behind the dispatcher `WCS` with so many lanes.
pub(crate) fn opaque(slots: u32, lanes: u32) -> Layout {
    let lane = |n| LaneSpec { id: format!("WCS/{n}").as_str().into(), crane: "WCS".into(), queue: 0 };
    let mut layout = Layout::new((1..=lanes).map(lane).collect(), vec![QueueSpec::default()]);
    for n in 1..=slots {
        layout.add(Slot { code: format!("{n}号").as_str().into(), place: None, queue: 0 }).unwrap();
    }
    layout
}

/// What makes a world of this layout and `[simulation]` table.
pub(crate) fn spec(layout: Layout, settings: &str) -> WorldSpec {
    WorldSpec { layout: Arc::new(layout), cranes: HashMap::new(), settings: toml::from_str(settings).unwrap(), book: None }
}

/// A world of this layout and `[simulation]` table.
pub(crate) fn world(layout: Layout, settings: &str) -> Arc<World> {
    Arc::new(World::new(spec(layout, settings)).unwrap())
}

/// A run of such a world.
pub(crate) fn simulation(layout: Layout, settings: &str) -> Arc<Simulation> {
    Simulation::new(world(layout, settings))
}
