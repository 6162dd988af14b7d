//! What a stocktake of a simulated warehouse found of its misplaced units: `cargo xtask bench attribution` runs it and then asks this.
//!
//! `cargo run -p pandian --example attribution_audit -- WAREHOUSE DATA` holds the last stocktake in DATA against what really lies in the
//! racks of WAREHOUSE, and prints one line of JSON.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot be made ends")]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use pandian::assemble::{load, simulation};
use pandian_domain::history::StopHistory;
use pandian_domain::{Epc, Fact, Inventory, Purpose, Verdict};
use pandian_sim::World;
use pandian_store::{Access, StocktakeSummary, Store};
use serde_json::{Value, json};

#[tokio::main]
async fn main() {
    let [warehouse, data] = std::env::args().skip(1).collect::<Vec<_>>().try_into().unwrap();
    let warehouse = load(Path::new(&warehouse)).unwrap();
    let simulation = simulation(&warehouse, None).unwrap().unwrap();
    let store = Store::open(Path::new(&data), Access::Read).await.unwrap();
    let stocktake = store.stocktakes().await.unwrap().pop().unwrap();
    let told = Told::read(&store, &stocktake, simulation.world()).await;
    let budget = (warehouse.attribution.rules.listen_budget * told.requested as f64).ceil();
    println!("{}", told.against(simulation.world(), budget));
}

/// A unit, by its tag, and a location (an index of the layout) that it is said to lie in.
type Claim = (Epc, u32);

/// What a stocktake told.
#[derive(Default)]
struct Told {
    requested: usize,
    /// Stops at neighbours that were made.
    listened: usize,
    ambiguous: usize,
    /// From the start until the last crane was free.
    makespan_s: f64,
    /// Locations where a reader listened, with the verdict on them if they were counted.
    visited: BTreeMap<u32, Option<String>>,
    /// Units that the books have elsewhere.
    misplaced: HashSet<Claim>,
    /// Units that the books do not know.
    unknown: HashSet<Claim>,
    /// How often each tag was heard.
    heard: HashMap<Epc, usize>,
}

impl Told {
    async fn read(store: &Store, stocktake: &StocktakeSummary, world: &World) -> Self {
        let mut told = Self::default();
        let mut listening: BTreeSet<u32> = BTreeSet::new();
        let mut own = store.records_of(stocktake.id, &["stocktake_planned", "units_traced", "stocktake_finished"]);
        while let Some(record) = own.next().await.unwrap() {
            match record.record().unwrap().fact {
                Fact::StocktakePlanned { planned, purpose: Purpose::Count, .. } => told.requested += planned.len(),
                Fact::StocktakePlanned { first, planned, purpose: Purpose::Listen } => {
                    listening.extend(first..first + planned.len() as u32)
                }
                Fact::UnitsTraced { traced } => {
                    for unit in traced {
                        let claims = if unit.belongs_at.is_some() { &mut told.misplaced } else { &mut told.unknown };
                        claims.insert((unit.epc, slot_of(world, unit.found_at.as_str())));
                    }
                }
                Fact::StocktakeFinished { makespan_seconds, .. } => told.makespan_s = makespan_seconds,
                _ => {}
            }
        }
        let mut stops = store.histories(stocktake.id);
        while let Some((stop, history)) = stops.next().await.unwrap() {
            let Some(reads) = store.reads_of(stop).await.unwrap() else { continue };
            for read in serde_json::from_slice::<Inventory>(&reads).unwrap().tags.unwrap() {
                *told.heard.entry(read.epc).or_default() += 1;
            }
            told.listened += usize::from(listening.contains(&stop.number()));
            told.judged(&history, world);
        }
        told
    }

    /// Takes in what was said of a location: which units lie there that do not belong there, and where its own lie instead.
    fn judged(&mut self, history: &StopHistory, world: &World) {
        let here = slot_of(world, history.location.as_ref().unwrap().as_str());
        let Some((judgement, _)) = &history.judgement else {
            self.visited.entry(here).or_default();
            return;
        };
        self.visited.insert(here, Some(format!("{}, {}", judgement.verdict.as_str(), judgement.reason.as_str())));
        self.ambiguous += usize::from(judgement.verdict == Verdict::Ambiguous);
        for unit in &judgement.variances {
            let booked = world.book().whereabouts(&unit.unit_id).and_then(|(_, line)| line.epc);
            let Some(epc) = booked.or_else(|| Epc::from_hex(&unit.unit_id).ok()) else { continue };
            if let Some(found_at) = &unit.found_at {
                self.misplaced.insert((epc, slot_of(world, found_at.as_str())));
            } else if unit.belongs_at.is_some() {
                self.misplaced.insert((epc, here));
            } else if unit.book.is_zero() {
                self.unknown.insert((epc, here));
            }
        }
    }

    fn against(&self, world: &World, budget: f64) -> Value {
        let units = units(world);
        let lies_at: HashMap<&Epc, u32> = units.iter().map(|unit| (&unit.epc, unit.lies_at)).collect();
        let strangers = units.iter().filter(|unit| unit.home != Some(unit.lies_at));
        let (misplaced, unknown): (Vec<&Unit>, Vec<&Unit>) = strangers.partition(|unit| unit.home.is_some());
        let missed = misplaced.iter().filter(|unit| self.visited.contains_key(&unit.lies_at) && !self.misplaced.contains(&unit.claim()));
        let wrong = self.misplaced.iter().filter(|(epc, said)| lies_at.get(epc) != Some(said));
        json!({
            "requested": self.requested,
            "listened": self.listened,
            "budget": budget,
            "ambiguous": self.ambiguous,
            "makespan_s": self.makespan_s,
            "misplaced": self.score(&misplaced, &self.misplaced),
            "unknown": self.score(&unknown, &self.unknown),
            "missed": missed.map(|unit| self.explained(unit, world)).collect::<Vec<_>>(),
            "wrong": wrong.map(|(epc, said)| json!({
                "epc": epc.as_str(),
                "said": code(world, *said),
                "lies_at": lies_at.get(epc).map(|slot| code(world, *slot)),
                "belongs_at": world.book().whereabouts(epc.as_str()).map(|(home, _)| home),
            })).collect::<Vec<_>>(),
        })
    }

    /// How many such units lie in visited locations, how many of these were told, and how many were told in all, rightly or not.
    fn score(&self, units: &[&Unit], told: &HashSet<Claim>) -> Value {
        let visited: Vec<&&Unit> = units.iter().filter(|unit| self.visited.contains_key(&unit.lies_at)).collect();
        json!({
            "there": visited.len(),
            "found": visited.iter().filter(|unit| told.contains(&unit.claim())).count(),
            "told": told.len(),
            "right": units.iter().filter(|unit| told.contains(&unit.claim())).count(),
        })
    }

    fn explained(&self, unit: &Unit, world: &World) -> Value {
        let said = |slot: u32| match self.visited.get(&slot) {
            Some(Some(verdict)) => verdict.clone(),
            Some(None) => "listened at".to_owned(),
            None => "not visited".to_owned(),
        };
        json!({
            "epc": unit.epc.as_str(),
            "lies_at": code(world, unit.lies_at),
            "there": said(unit.lies_at),
            "belongs_at": unit.home.map(|home| code(world, home)),
            "at_home": unit.home.map(said),
            "heard_at_stops": self.heard.get(&unit.epc).copied().unwrap_or(0),
        })
    }
}

/// A unit, and where it lies.
struct Unit {
    epc: Epc,
    lies_at: u32,
    /// Where the books have it, if they know it.
    home: Option<u32>,
}

impl Unit {
    fn claim(&self) -> Claim {
        (self.epc.clone(), self.lies_at)
    }
}

/// Every unit of the warehouse.
fn units(world: &World) -> Vec<Unit> {
    let book = world.book();
    let slots = 0..world.layout().slots().len() as u32;
    let lying = slots.flat_map(|lies_at| world.holds(lies_at).into_iter().map(move |epc| (epc, lies_at)));
    let unit = |(epc, lies_at): (Epc, u32)| {
        let home = book.whereabouts(epc.as_str()).map(|(home, _)| slot_of(world, home.as_str()));
        Unit { epc, lies_at, home }
    };
    lying.map(unit).collect()
}

fn slot_of(world: &World, location: &str) -> u32 {
    world.layout().index_of(location).unwrap()
}

fn code(world: &World, slot: u32) -> &str {
    world.layout().slot(slot).code.as_str()
}
