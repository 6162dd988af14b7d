//! Prints what readers hear of their neighbours under each law: `cargo run -p pandian-sim --example radio_table`.

#![allow(clippy::unwrap_used, reason = "an example that cannot be set up ends")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use pandian_devices::settings::Length;
use pandian_domain::layout::{Aisle, Layout, QueueSpec, Slot};
use pandian_domain::{Epc, LaneSpec, Place, Side, TagRead};
use pandian_sim::{RadioSettings, SimulationSettings, World, WorldSpec};

const AISLES: u16 = 3;
const BAYS: u32 = 40;
const LEVELS: u32 = 10;

fn main() {
    let free = RadioSettings::default();
    let crowded = RadioSettings::crowded();
    let far = |near: &RadioSettings| RadioSettings { standoff: Length(1.5), shadowing_db: 5.0, ..near.clone() };
    for (name, radio) in [
        ("free space, 1.0 m, 4 dB", free.clone()),
        ("crowded, 1.0 m, 4 dB", crowded.clone()),
        ("free space, 1.5 m, 5 dB", far(&free)),
        ("crowded, 1.5 m, 5 dB", far(&crowded)),
    ] {
        println!("\n{name}");
        print_law(radio);
    }
}

fn print_law(radio: RadioSettings) {
    let settings = SimulationSettings { radio: Some(RadioSettings { unread: 0.0, ..radio }), ..SimulationSettings::default() };
    let world = World::new(WorldSpec { layout: Arc::new(racks()), cranes: HashMap::new(), settings, book: None }).unwrap();
    let places: Vec<Place> = world.layout().slots().iter().map(|slot| slot.place.unwrap()).collect();
    let slots = 0..u32::try_from(places.len()).unwrap();
    let holds: Vec<Vec<Epc>> = slots.clone().map(|slot| world.holds(slot)).collect();
    let home: HashMap<&Epc, u32> = slots.clone().zip(&holds).flat_map(|(slot, tags)| tags.iter().map(move |tag| (tag, slot))).collect();

    let start = Instant::now();
    let heard: Vec<_> = slots.clone().map(|slot| world.heard(slot)).collect();
    let each = start.elapsed() / slots.end;

    // By how far a tag lies from the stop: its rack, bays and levels away.
    let mut rates: BTreeMap<(&str, u32, u32), Hearing> = BTreeMap::new();
    let by_place: HashMap<Place, u32> = slots.clone().map(|slot| (places[slot as usize], slot)).collect();
    let mut own_reads = Vec::new();
    for stop in slots.clone() {
        let here = places[stop as usize];
        let reads: HashMap<&Epc, _> = heard[stop as usize].iter().map(|heard| (&heard.epc, heard.clone().summed_up())).collect();
        for (rack, aisle, side) in racks_around(here) {
            for bay in here.bay.saturating_sub(4)..=here.bay + 4 {
                for level in here.level.saturating_sub(4)..=here.level + 4 {
                    let Some(slot) = by_place.get(&Place { aisle, side, bay, level, depth: 1 }) else { continue };
                    for tag in &holds[*slot as usize] {
                        let cell = rates.entry((rack, bay.abs_diff(here.bay), level.abs_diff(here.level))).or_default();
                        cell.possible += 1;
                        let read = reads.get(tag);
                        cell.levels_dbm.extend(read.and_then(TagRead::level_dbm));
                        if *slot == stop {
                            own_reads.push(read.map_or(0, |read| read.count));
                        }
                    }
                }
            }
        }
    }
    for rack in ["own rack", "across", "behind"] {
        println!("  {rack}: share of the inventories that hear a tag so many bays (across) and levels (down) away, median of its level");
        for level in 0..=3 {
            let cells = (0..=3).filter_map(|bay| rates.get_mut(&(rack, bay, level)).map(Hearing::told));
            let cells: Vec<String> = cells.collect();
            println!("    {level}: {}", cells.join(" | "));
        }
    }
    own_reads.sort_unstable();
    let quartiles = [1, 2, 3].map(|quarter| own_reads[own_reads.len() * quarter / 4]);
    let all: usize = heard.iter().map(Vec::len).sum();
    let own = own_reads.iter().filter(|reads| **reads > 0).count();
    println!(
        "  own tags: reads in an inventory {quartiles:?} (quartiles); tags heard by an inventory {:.1}",
        all as f64 / f64::from(slots.end)
    );
    println!("  precision of all reads, every slot visited: {:.3}", own as f64 / all as f64);
    for share in [1, 4] {
        let stops: BTreeSet<u32> = slots.clone().filter(|slot| shuffled(*slot).is_multiple_of(share)).collect();
        let mut loudest: HashMap<&Epc, (f64, u32)> = HashMap::new();
        for stop in &stops {
            for tag in &heard[*stop as usize] {
                let level = tag.clone().summed_up().level_dbm().unwrap();
                let best = loudest.entry(&tag.epc).or_insert((level, *stop));
                if level > best.0 {
                    *best = (level, *stop);
                }
            }
        }
        let right = loudest.iter().filter(|(tag, (_, stop))| home[*tag] == *stop).count();
        let there: usize = stops.iter().map(|stop| holds[*stop as usize].len()).sum();
        let (precision, recall) = (right as f64 / loudest.len() as f64, right as f64 / there as f64);
        println!("  loudest stop, 1/{share} of the slots visited: precision {precision:.3}, recall {recall:.3}");
    }
    println!("  one inventory takes {each:?}");
}

/// What was heard of tags at one distance.
#[derive(Default)]
struct Hearing {
    possible: u32,
    levels_dbm: Vec<f64>,
}

impl Hearing {
    fn told(&mut self) -> String {
        self.levels_dbm.sort_by(f64::total_cmp);
        let median = self.levels_dbm.get(self.levels_dbm.len() / 2).map_or(String::new(), |level| format!("{level:.0}"));
        format!("{:6.2} % {median:>4}", 100.0 * self.levels_dbm.len() as f64 / f64::from(self.possible))
    }
}

/// The racks that are heard from a place, with their aisle and side.
fn racks_around(here: Place) -> impl Iterator<Item = (&'static str, u16, Side)> {
    let (opposite, next) = match here.side {
        Side::Left => (Side::Right, here.aisle.checked_sub(1)),
        Side::Right => (Side::Left, here.aisle.checked_add(1)),
    };
    let behind = next.map(|aisle| ("behind", aisle, opposite));
    [("own rack", here.aisle, here.side), ("across", here.aisle, opposite)].into_iter().chain(behind)
}

/// Chance that decides which slots are visited (the finalizer of MurmurHash3).
fn shuffled(slot: u32) -> u32 {
    let bits = (slot ^ slot >> 16).wrapping_mul(0x85eb_ca6b);
    let bits = (bits ^ bits >> 13).wrapping_mul(0xc2b2_ae35);
    bits ^ bits >> 16
}

fn racks() -> Layout {
    let lane = LaneSpec { id: "C1".into(), crane: "C1".into(), queue: 0 };
    let aisle = |n| Aisle { id: format!("A{n}").into(), bays: BAYS, levels: LEVELS, depth: 1, bay_width_m: 1.4, level_height_m: 1.6 };
    let queue = QueueSpec { aisles: (0..AISLES).collect(), ..QueueSpec::default() };
    let mut layout = Layout::new(vec![lane], vec![queue]).with_aisles((0..AISLES).map(aisle).collect());
    for aisle in 0..AISLES {
        for side in [Side::Left, Side::Right] {
            for (bay, level) in (1..=BAYS).flat_map(|bay| (1..=LEVELS).map(move |level| (bay, level))) {
                let code = format!("A{aisle}-{}-{bay:02}-{level:02}", side.letter());
                let place = Place { aisle, side, bay, level, depth: 1 };
                layout.add(Slot { code: code.as_str().into(), place: Some(place), queue: 0 }).unwrap();
            }
        }
    }
    layout
}
