//! A large warehouse, in a process of its own so that its memory can be measured.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::collections::HashMap;
use std::sync::Arc;

use pandian_domain::layout::{Layout, QueueSpec, Slot};
use pandian_domain::{LaneSpec, Place, Side};
use pandian_sim::{World, WorldSpec};

fn racks(slots: u32) -> Layout {
    let lane = LaneSpec { id: "C1".into(), crane: "C1".into(), queue: 0 };
    let mut layout = Layout::new(vec![lane], vec![QueueSpec { aisles: vec![0], ..QueueSpec::default() }]);
    for n in 0..slots {
        let place = Some(Place { aisle: 0, side: Side::Left, bay: n / 10 + 1, level: n % 10 + 1, depth: 1 });
        layout.add(Slot { code: format!("A01-{n:07}").as_str().into(), place, queue: 0 }).unwrap();
    }
    layout
}

#[test]
fn a_million_locations_need_no_memory_of_their_own() {
    let layout = racks(1_000_000);
    let before = resident_bytes();
    let settings = toml::from_str("seed = 9").unwrap();
    let spec = WorldSpec { layout: Arc::new(layout), cranes: HashMap::new(), settings, book: None };
    let world = World::new(spec).unwrap();
    let planted = world.planted().count();
    assert!((24_000..36_000).contains(&planted), "{planted}");
    let book = world.book();
    let units: usize = world.layout().slots().iter().map(|slot| book.lines(&slot.code).unwrap().len()).sum();
    assert!(units > 1_000_000);
    let heard: usize = (0..1_000_000).step_by(10).map(|slot| world.inventory(slot).tags.unwrap().len()).sum();
    assert!(heard > 100_000);
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 8 << 20, "{grown} bytes more");
}

/// Memory of this process that is really there; 0 where the system does not say.
fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}
