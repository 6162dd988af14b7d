//! What `cargo xtask bench route` measures of our side: seeded instances of the aisle of 80 columns × 14 levels × 2 sides, two crane
//! types, how far each route is above its lower bound and how long it took.
//!
//! Prints a table. With `json` each instance is a line of JSON instead, for the peers of `bench/route`. Further arguments: how many
//! instances of each size, and milliseconds to search (as the goals have it by default: 50 up to 100 stops, then 100).

#![allow(clippy::unwrap_used, reason = "a measurement that cannot be made ends")]

use std::time::{Duration, Instant};

use pandian_domain::route::{Effort, End, Point, Problem, Proof, Route, improve, rules, solve};
use pandian_domain::travel::{Axis, Kinematics};
use serde_json::json;

const COLUMNS: u32 = 80;
const LEVELS: u32 = 14;
const SIZES: [usize; 8] = [10, 20, 50, 100, 200, 500, 1000, 2240];

fn cranes() -> [(&'static str, Kinematics); 2] {
    let light = Kinematics { drive: Axis { speed: 4.0, acceleration: 1.5 }, lift: Axis { speed: 2.0, acceleration: 2.0 } };
    [("pallet crane", Kinematics::default()), ("tote crane", light)]
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
fn instance(size: usize, number: u64, kinematics: Kinematics, home: bool) -> Problem {
    let mut slots: Vec<u32> = (0..COLUMNS * LEVELS * 2).collect();
    slots.sort_by_key(|slot| mix(u64::from(*slot), number, size as u64));
    let point = |slot: &u32| Point { x_m: f64::from(slot / 2 % COLUMNS) * 1.4, y_m: f64::from(slot / 2 / COLUMNS) * 1.7 };
    let foot = Point { x_m: 0.0, y_m: 0.0 };
    let end = if home { End::At(foot) } else { End::Open };
    Problem::new(slots[..size].iter().map(point).collect(), Some(foot), end, kinematics).unwrap()
}

fn timed(run: impl FnOnce(&mut Effort<'_>) -> Route, budget: Duration) -> (Route, f64) {
    let begun = Instant::now();
    let mut time_left = || begun.elapsed() < budget;
    let route = run(&mut Effort::kicks(u64::MAX).while_time(&mut time_left));
    (route, begun.elapsed().as_secs_f64() * 1000.0)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let as_json = arguments.first().is_some_and(|word| word == "json");
    let mut numbers = arguments.iter().filter_map(|word| word.parse::<u64>().ok());
    let instances = numbers.next().unwrap_or(20);
    let budget = numbers.next();
    if !as_json {
        println!(
            "crane         end    stops   gap mean    max  optimal   ms mean    max   given  sorted   bands  serpent nearest  replan: ms  max   gap"
        );
    }
    for (crane, kinematics) in cranes() {
        for home in [false, true] {
            for size in SIZES {
                let budget = Duration::from_millis(budget.unwrap_or(if size <= 100 { 50 } else { 100 }));
                let count = if size == 2240 { 1 } else { instances };
                let mut rows = Vec::new();
                for number in 0..count {
                    let problem = instance(size, number, kinematics, home);
                    let (route, ms) = timed(|effort| solve(&problem, number, effort), budget);
                    if as_json {
                        let points: Vec<_> = problem.points().iter().map(|point| [point.x_m, point.y_m]).collect();
                        let axis = |axis: Axis| [axis.speed, axis.acceleration];
                        let ours = json!({"order": route.order, "travel_s": route.travel_s, "bound_s": route.bound_s, "ms": ms});
                        let kinematics = json!({"drive": axis(kinematics.drive), "lift": axis(kinematics.lift)});
                        println!(
                            "{}",
                            json!({"crane": crane, "home": home, "size": size, "number": number, "points": points,
                            "start": [0.0, 0.0], "kinematics": kinematics, "ours": ours})
                        );
                        continue;
                    }
                    let mut by_code: Vec<u32> = (0..size as u32).collect();
                    by_code.sort_by_key(|index| {
                        let point = problem.points()[*index as usize];
                        ((point.x_m * 10.0) as u32, (point.y_m * 10.0) as u32)
                    });
                    rows.push((route.clone(), ms, rules(&problem, &by_code), replan(&problem, &route, number)));
                }
                if !as_json {
                    print(crane, home, size, &rows);
                }
            }
        }
    }
}

/// Ten stops of a planned route are done, five are dropped and five others come: milliseconds and gap.
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
    let begun = Instant::now();
    let budget = Duration::from_micros(3000);
    let mut time_left = || begun.elapsed() < budget;
    let improved = improve(&problem, &order, seed, &mut Effort::kicks(u64::MAX).while_time(&mut time_left));
    let ms = begun.elapsed().as_secs_f64() * 1000.0;
    let begun = Instant::now();
    let mut time_left = || begun.elapsed() < Duration::from_millis(100);
    let planned = solve(&problem, seed, &mut Effort::kicks(u64::MAX).while_time(&mut time_left));
    (ms, improved.travel_s / planned.bound_s - 1.0)
}

fn print(crane: &str, home: bool, size: usize, rows: &[(Route, f64, pandian_domain::route::RuleCosts, (f64, f64))]) {
    let count = rows.len() as f64;
    let mean = |value: &dyn Fn(usize) -> f64| (0..rows.len()).map(value).sum::<f64>() / count;
    let most = |value: &dyn Fn(usize) -> f64| (0..rows.len()).map(value).fold(0.0, f64::max);
    let above = |cost: fn(&pandian_domain::route::RuleCosts) -> f64| mean(&|row| (cost(&rows[row].2) / rows[row].0.bound_s - 1.0) * 100.0);
    let gap = |row: usize| rows[row].0.gap() * 100.0;
    let optimal = rows.iter().filter(|row| row.0.proof == Proof::Optimal).count();
    println!(
        "{crane:12}  {:5} {size:6}  {:7.3} % {:6.3} {:4}/{:<4} {:8.1} {:6.1}  {:6.0}  {:6.0}  {:6.2}  {:6.2}  {:6.2}  {:10.2} {:4.1} {:6.3}",
        if home { "home" } else { "open" },
        mean(&gap),
        most(&gap),
        optimal,
        rows.len(),
        mean(&|row| rows[row].1),
        most(&|row| rows[row].1),
        above(|costs| costs.given_s),
        above(|costs| costs.sorted_s),
        above(|costs| costs.bands_s),
        above(|costs| costs.serpentine_s),
        above(|costs| costs.nearest_s),
        mean(&|row| rows[row].3.0),
        most(&|row| rows[row].3.0),
        mean(&|row| rows[row].3.1 * 100.0),
    );
}
