//! What planning takes and reaches: `cargo test --release -p pandian-domain figures -- --ignored --nocapture` prints it.

use std::time::Instant;

use super::*;

/// A number that depends on both (xorshift and multiply).
fn mix(a: u64, b: u64) -> u64 {
    let mut mixed = a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    for _ in 0..3 {
        mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    }
    mixed ^ (mixed >> 32)
}

/// Every location of aisles with `bays` bays and `levels` levels.
fn full(queues: Vec<QueueSpec>, rails: Vec<Rail>, bays: u32, levels: u32) -> Rack {
    let mut rack = Rack::with_rails(queues, rails);
    for aisle in 0..rack.layout.aisles().len() as u16 {
        for bay in 0..bays {
            for level in 0..levels {
                for side in [Side::Left, Side::Right] {
                    rack.slot_at(aisle, side, bay, level, 1);
                }
            }
        }
    }
    rack
}

/// So many of a rack's locations, at random.
fn sample(rack: &Rack, count: usize, seed: u64) -> Vec<u32> {
    let mut slots: Vec<u32> = (0..rack.layout.slots().len() as u32).collect();
    slots.sort_by_key(|slot| mix(u64::from(*slot), seed));
    slots.truncate(count);
    slots
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

/// Milliseconds, and above the bound in percent.
#[derive(Default)]
struct Measured {
    ms: Vec<f64>,
    gap: Vec<f64>,
}

impl Measured {
    fn add<T>(&mut self, work: impl FnOnce() -> T, gap: impl FnOnce(&T) -> f64) -> T {
        let begun = Instant::now();
        let made = work();
        self.ms.push(begun.elapsed().as_secs_f64() * 1000.0);
        self.gap.push(gap(&made) * 100.0);
        made
    }

    fn print(&self, name: &str, count: usize) {
        let (ms, gap) = (&self.ms, &self.gap);
        println!("{name:24} {count:6}  {:8.2} ms, most {:8.2}   gap {:7.3} %, most {:7.3}", mean(ms), most(ms), mean(gap), most(gap));
    }
}

fn all_effort() -> Effort<'static> {
    Effort::kicks(u64::MAX)
}

#[test]
#[ignore = "a measurement, in release"]
fn figures_of_a_crane() {
    for returns_home in [false, true] {
        for count in [12, 25, 50, 100, 250, 500, 1000, 2240, 10_000] {
            let home = Some(at(0, 0, 0));
            let spec = QueueSpec { home, ..captive(&[0]) };
            let rack = if count > 2240 { full(vec![spec], Vec::new(), 200, 40) } else { full(vec![spec], Vec::new(), 80, 14) };
            let paces = [Some(Pace { returns_home, dwell: Duration::ZERO, ..pace() })];
            let crane = Crane { queue: 0, from: home };
            let (mut planning, mut replanning) = (Measured::default(), Measured::default());
            for seed in 0..if count > 1000 { 2 } else { 20 } {
                let slots = sample(&rack, count, seed);
                let plan = planning.add(|| plan(&rack.layout, &paces, &[crane], &slots, seed, &mut all_effort()), Plan::gap);
                // Ten stops are done, a tenth are dropped, five others come.
                let done = count.min(10);
                let from = rack.layout.position(plan.itineraries[0].slots[done - 1]);
                let mut waiting = plan.itineraries[0].slots[done..].to_vec();
                waiting.retain(|slot| !mix(u64::from(*slot), seed + 1).is_multiple_of(10));
                waiting.extend(sample(&rack, count + 5, seed).split_off(count.min(rack.layout.slots().len())));
                let crane = Crane { from, ..crane };
                let replanned = |waiting: &[u32], budget: Duration| {
                    let begun = Instant::now();
                    let mut time_left = || begun.elapsed() < budget;
                    replan(&rack.layout, &paces, crane, waiting, 1, &mut Effort::kicks(kicks_for(waiting.len())).while_time(&mut time_left))
                };
                let anew = super::super::plan(&rack.layout, &paces, &[crane], &waiting, seed, &mut all_effort());
                let order = |order: &Vec<u32>| times(&rack.layout, &paces, crane, order).travel_s / anew.bound_s.max(1e-9) - 1.0;
                replanning.add(|| replanned(&waiting, Duration::from_millis(3)), |made| if waiting.is_empty() { 0.0 } else { order(made) });
            }
            planning.print(if returns_home { "plan, and home" } else { "plan" }, count);
            replanning.print("replan within 3 ms", count);
            assert!(cfg!(debug_assertions) || count > 500 || mean(&replanning.ms) < 5.0);
        }
    }
}

#[test]
#[ignore = "a measurement, in release"]
fn figures_of_several_cranes() {
    let rail = |gap_m| vec![Rail { id: "R".into(), queues: [0, 1], gap_m }];
    let warehouses = [
        ("8 captive cranes", (0..8).map(|aisle| captive(&[aisle])).collect::<Vec<_>>(), Vec::new()),
        ("1 crane, 4 aisles", vec![captive(&[0, 1, 2, 3])], Vec::new()),
        ("2 cranes, 6 aisles", vec![captive(&[0, 1, 2, 3, 4, 5]); 2], Vec::new()),
        ("4 cranes, 20 aisles", vec![captive(&(0..20).collect::<Vec<_>>()); 4], Vec::new()),
        ("2 cranes on a rail", vec![captive(&[0]); 2], rail(5.0)),
    ];
    for (name, queues, rails) in warehouses {
        let rack = full(queues, rails.clone(), 100, 12);
        let mut cranes = at_work(&rack.layout);
        if !rails.is_empty() {
            cranes[1].from = Some(at(0, 99, 0));
        }
        let paces = vec![Some(pace()); cranes.len()];
        for count in [20, 100, 400, 2000] {
            let mut planning = Measured::default();
            for seed in 0..if count > 400 { 3 } else { 10 } {
                let slots = sample(&rack, count, seed);
                planning.add(|| plan(&rack.layout, &paces, &cranes, &slots, seed, &mut all_effort()), Plan::gap);
            }
            planning.print(name, count);
        }
    }
}

#[test]
#[ignore = "a measurement, in release"]
fn figures_of_a_hundred_thousand_locations() {
    for (name, queues) in [
        ("1 aisle", vec![captive(&[0])]),
        ("10 captive cranes", (0..10).map(|aisle| captive(&[aisle])).collect()),
        ("1 crane, 10 aisles", vec![captive(&(0..10).collect::<Vec<_>>())]),
        ("3 cranes, 10 aisles", vec![captive(&(0..10).collect::<Vec<_>>()); 3]),
    ] {
        let (bays, levels) = if queues.len() == 1 && queues[0].aisles.len() == 1 { (1000, 60) } else { (200, 30) };
        let rack = full(queues, Vec::new(), bays, levels);
        let slots = sample(&rack, 100_000, 1);
        let paces = vec![Some(pace()); rack.layout.queues().len()];
        let mut planning = Measured::default();
        planning.add(|| plan(&rack.layout, &paces, &at_work(&rack.layout), &slots, 1, &mut all_effort()), Plan::gap);
        planning.print(name, slots.len());
    }
}
