//! Whose tag it is, scored on simulated warehouses: `cargo xtask bench attribution` prints what this tells, one line of JSON.
//!
//! `cargo run --release -p pandian-sim --example attribution_scenes -- SEED WORLDS`. What a reader hears is the World's; the attribution
//! knows the law of *free space* by its shipped calibration, and that of *crowded* not at all.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot be set up ends")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use pandian_devices::settings::Length;
use pandian_domain::attribution::{Attribution, AttributionRules, Calibration};
use pandian_domain::layout::{Aisle, Layout, QueueSpec, Slot};
use pandian_domain::{Epc, LaneSpec, Place, Side, TagRead};
use pandian_sim::{RadioSettings, SimulationSettings, World, WorldSpec};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

const AISLES: u16 = 3;
const BAYS: u32 = 40;
const LEVELS: u32 = 8;

/// What readers listen to.
struct Scene {
    name: &'static str,
    law: RadioSettings,
    /// The share of the slots that is visited.
    visited: f64,
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>().unwrap());
    let (seed, worlds) = (arguments.next().unwrap_or(1), arguments.next().unwrap_or(3));
    let far = |near: RadioSettings| RadioSettings { standoff: Length(1.5), shadowing_db: 5.0, ..near };
    let scenes = [("free space", RadioSettings::default()), ("crowded", RadioSettings::crowded())].into_iter().flat_map(|(name, law)| {
        [
            Scene { name, law: law.clone(), visited: 1.0 },
            Scene { name, law: law.clone(), visited: 0.25 },
            Scene { name, law: far(law), visited: 1.0 },
        ]
    });
    let scored: Vec<Value> = scenes.map(|scene| scene.told(seed, worlds)).collect();
    println!("{}", json!({ "seed": seed, "worlds": worlds, "scenes": scored }));
}

impl Scene {
    /// Its figures over worlds of as many seeds.
    fn told(&self, seed: u64, worlds: u64) -> Value {
        let mut scores = Scores::default();
        for world in 0..worlds {
            self.score(seed.wrapping_mul(1000).wrapping_add(world), &mut scores);
        }
        json!({
            "law": self.name,
            "standoff_m": self.law.standoff.0,
            "shadowing_db": self.law.shadowing_db,
            "visited": self.visited,
            "there": scores.there,
            "ambiguous": scores.ambiguous as f64 / scores.there as f64,
            "ours": scores.ours.told(scores.there),
            "all_reads": scores.all_reads.told(scores.there),
            "loudest": scores.loudest.told(scores.there),
            "misplaced_there": scores.misplaced_there,
            "misplaced": scores.misplaced.told(scores.misplaced_there),
        })
    }

    fn score(&self, seed: u64, scores: &mut Scores) {
        let settings = SimulationSettings { seed, radio: Some(self.law.clone()), differences: 0.06, ..SimulationSettings::default() };
        let world = World::new(WorldSpec { layout: Arc::new(racks()), cranes: HashMap::new(), settings, book: None }).unwrap();
        let layout = world.layout().clone();
        let slots = layout.slots().len() as u32;
        let mut chance = StdRng::seed_from_u64(seed);
        let mut visited: Vec<u32> = (0..slots).filter(|_| chance.random::<f64>() < self.visited).collect();
        visited.shuffle(&mut chance);
        let book = world.book();
        let home = |epc: &Epc| layout.index_of(book.whereabouts(epc.as_str())?.0.as_str());

        let mut attribution = Attribution::new(layout.clone(), Calibration::default(), AttributionRules::default());
        let mut loudest: BTreeMap<Epc, (f64, u32)> = BTreeMap::new();
        let lies_at: HashMap<Epc, u32> = (0..slots).flat_map(|slot| world.holds(slot).into_iter().map(move |epc| (epc, slot))).collect();
        for slot in &visited {
            let tags: Vec<TagRead> = world.inventory(*slot).tags.unwrap();
            for read in &tags {
                let level = read.level_dbm().unwrap();
                let best = loudest.entry(read.epc.clone()).or_insert((level, *slot));
                if level > best.0 {
                    *best = (level, *slot);
                }
                scores.all_reads.count(lies_at[&read.epc] == *slot);
            }
            attribution.hear(*slot, &tags, home);
        }
        attribution.learn();

        let is_visited: HashSet<u32> = visited.into_iter().collect();
        for (epc, (_, slot)) in &loudest {
            scores.loudest.count(lies_at[epc] == *slot);
        }
        for (epc, slot) in &lies_at {
            let there = is_visited.contains(slot);
            let accepted = attribution.accepted(epc).map(|(accepted, _)| accepted);
            let is_home = |slot: u32| home(epc).is_none_or(|home| home == slot);
            scores.there += u64::from(there);
            scores.ambiguous += u64::from(there && accepted.is_none());
            scores.misplaced_there += u64::from(there && !is_home(*slot));
            if let Some(accepted) = accepted.filter(|accepted| is_visited.contains(accepted)) {
                scores.ours.count(accepted == *slot);
                if !is_home(accepted) {
                    scores.misplaced.count(accepted == *slot);
                }
            }
        }
    }
}

/// How many tags were told to lie in a visited slot, and how many of these do.
#[derive(Default)]
struct Count {
    told: u64,
    right: u64,
}

impl Count {
    fn count(&mut self, right: bool) {
        self.told += 1;
        self.right += u64::from(right);
    }

    fn told(&self, there: u64) -> Value {
        json!({ "precision": self.right as f64 / self.told as f64, "recall": self.right as f64 / there as f64 })
    }
}

#[derive(Default)]
struct Scores {
    /// Tags that lie in visited slots.
    there: u64,
    /// Of these, how many are taken to lie nowhere.
    ambiguous: u64,
    ours: Count,
    all_reads: Count,
    loudest: Count,
    /// Tags in visited slots that the books have elsewhere.
    misplaced_there: u64,
    misplaced: Count,
}

fn racks() -> Layout {
    let lanes =
        (0..AISLES).map(|n| LaneSpec { id: format!("C{n}").as_str().into(), crane: format!("C{n}").as_str().into(), queue: n.into() });
    let queues = (0..AISLES).map(|aisle| QueueSpec { aisles: vec![aisle], ..QueueSpec::default() });
    let aisle = |n: u16| Aisle { id: format!("A{n}").into(), bays: BAYS, levels: LEVELS, depth: 1, bay_width_m: 1.4, level_height_m: 1.6 };
    let mut layout = Layout::new(lanes.collect(), queues.collect()).with_aisles((0..AISLES).map(aisle).collect());
    for aisle in 0..AISLES {
        for side in [Side::Left, Side::Right] {
            for bay in 1..=BAYS {
                for level in 1..=LEVELS {
                    let place = Place { aisle, side, bay, level, depth: 1 };
                    let code = format!("A{aisle}-{}-{bay}-{level}", side.letter());
                    layout.add(Slot { code: code.as_str().into(), place: Some(place), queue: aisle.into() }).unwrap();
                }
            }
        }
    }
    layout
}
