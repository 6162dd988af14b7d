//! Our side of `cargo xtask bench route`: seeded instances of the aisle of 80 columns × 14 levels × 2 sides, for two crane types, with open
//! end and back home; what simple rules make of each, what our route is, and what replanning it takes.
//!
//! `route_bench STOPS INSTANCES [MILLISECONDS]` prints each instance as a line of JSON: the peers of `bench/route` read them.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot be made ends")]

use std::time::{Duration, Instant};

use pandian_domain::route::{Effort, End, Point, Problem, Proof, Route, improve, rules, solve};
use pandian_domain::travel::{Axis, Kinematics};
use serde_json::{Value, json};

const COLUMNS: u32 = 80;
const LEVELS: u32 = 14;

fn cranes() -> [(&'static str, Kinematics); 2] {
    let light = Kinematics { drive: Axis { speed: 4.0, acceleration: 1.5 }, lift: Axis { speed: 2.0, acceleration: 2.0 } };
    [("pallet", Kinematics::default()), ("tote", light)]
}

/// Milliseconds to search for a route: the whole of it shall take 50 up to 100 stops, then 100.
fn search_ms(stops: usize) -> u64 {
    if stops <= 100 { 48 } else { 98 }
}

/// A number that depends on all three (xorshift and multiply).
fn mix(a: u64, b: u64, c: u64) -> u64 {
    let mut mixed = a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_mul(0xc2b2_ae3d_27d4_eb4f) ^ c.wrapping_mul(0x1656_67b1_9e37_79f9);
    for _ in 0..3 {
        mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    }
    mixed ^ (mixed >> 32)
}

/// So many different slots in a random order. The crane stands at the foot of the aisle.
fn instance(stops: usize, number: u64, kinematics: Kinematics, home: bool) -> Problem {
    let mut slots: Vec<u32> = (0..COLUMNS * LEVELS * 2).collect();
    slots.sort_by_key(|slot| mix(u64::from(*slot), number, stops as u64));
    let point = |slot: &u32| Point { x_m: f64::from(slot / 2 % COLUMNS) * 1.4, y_m: f64::from(slot / 2 / COLUMNS) * 1.7 };
    let foot = Point { x_m: 0.0, y_m: 0.0 };
    let end = if home { End::At(foot) } else { End::Open };
    Problem::new(slots[..stops].iter().map(point).collect(), Some(foot), end, kinematics).unwrap()
}

fn timed(run: impl FnOnce(&mut Effort<'_>) -> Route, budget: Duration) -> (Route, f64) {
    let begun = Instant::now();
    let mut time_left = || begun.elapsed() < budget;
    let route = run(&mut Effort::kicks(u64::MAX).while_time(&mut time_left));
    (route, begun.elapsed().as_secs_f64() * 1000.0)
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|word| word.parse::<u64>().unwrap());
    let (Some(stops), Some(instances)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: route_bench STOPS INSTANCES [MILLISECONDS]");
        std::process::exit(2)
    };
    let stops = stops as usize;
    let budget = Duration::from_millis(arguments.next().unwrap_or(search_ms(stops)));
    for (crane, kinematics) in cranes() {
        for home in [false, true] {
            for number in 0..instances {
                let problem = instance(stops, number, kinematics, home);
                println!("{}", measured(&problem, crane, number, budget));
            }
        }
    }
}

/// The instance for whoever reads it, and what was found.
fn measured(problem: &Problem, crane: &str, number: u64, budget: Duration) -> Value {
    let (route, ms) = timed(|effort| solve(problem, number, effort), budget);
    let points = problem.points();
    let mut by_code: Vec<u32> = (0..points.len() as u32).collect();
    by_code.sort_by(|a, b| {
        let [a, b] = [a, b].map(|index| points[*index as usize]);
        a.x_m.total_cmp(&b.x_m).then(a.y_m.total_cmp(&b.y_m))
    });
    let costs = rules(problem, &by_code);
    let (replan_ms, replan_gap) = replan(problem, &route, number);
    let pair = |point: Point| [point.x_m, point.y_m];
    let axis = |axis: Axis| [axis.speed, axis.acceleration];
    let Kinematics { drive, lift } = problem.kinematics();
    json!({
        "crane": crane,
        "home": problem.end() != End::Open,
        "stops": points.len(),
        "number": number,
        "points": points.iter().copied().map(pair).collect::<Vec<_>>(),
        "start": problem.start().map(pair),
        "kinematics": {"drive": axis(drive), "lift": axis(lift)},
        "ours": {"travel_s": route.travel_s, "bound_s": route.bound_s, "is_optimal": route.proof == Proof::Optimal, "ms": ms},
        "rules": [costs.given_s, costs.sorted_s, costs.bands_s, costs.serpentine_s, costs.nearest_s],
        "replan": {"ms": replan_ms, "gap": replan_gap},
    })
}

/// Ten stops of a planned route are done, of the rest one in a hundred is dropped, and five others come: milliseconds and gap.
fn replan(problem: &Problem, route: &Route, seed: u64) -> (f64, f64) {
    let rest = &route.order[route.order.len().min(10)..];
    let here = route.order.get(9).map(|index| problem.points()[*index as usize]);
    let kept: Vec<u32> = rest.iter().copied().filter(|index| !mix(u64::from(*index), seed, 1).is_multiple_of(100)).collect();
    let mut points: Vec<Point> = kept.iter().map(|index| problem.points()[*index as usize]).collect();
    let order: Vec<u32> = (0..points.len() as u32).collect();
    for fresh in 0..5 {
        let number = mix(fresh, seed, 2);
        points.push(Point { x_m: (number % 80) as f64 * 1.4, y_m: (number / 80 % 14) as f64 * 1.7 });
    }
    let problem = Problem::new(points, here, problem.end(), problem.kinematics()).unwrap();
    let (improved, ms) = timed(|effort| improve(&problem, &order, seed, effort), Duration::from_millis(3));
    let (planned, _) = timed(|effort| solve(&problem, seed, effort), Duration::from_millis(search_ms(problem.points().len())));
    (ms, improved.travel_s / planned.bound_s - 1.0)
}
