//! No plan beats the bound: held against every plan there is, where there are few.

use super::*;

/// Seconds of the shortest order for every set of these locations (bit by bit), if a crane reaches all of it.
fn shortest(rack: &Rack, paces: &[Option<Pace>], crane: Crane, slots: &[u32]) -> Vec<f64> {
    fn extend(order: &mut Vec<u32>, rest: &[u32], seconds: &dyn Fn(&[u32]) -> f64, best: &mut f64) {
        if rest.is_empty() {
            *best = best.min(seconds(order));
        }
        for (index, slot) in rest.iter().enumerate() {
            order.push(*slot);
            extend(order, &[&rest[..index], &rest[index + 1..]].concat(), seconds, best);
            order.pop();
        }
    }
    let of_set = |set: usize| -> Vec<u32> { (0..slots.len()).filter(|index| set & 1 << index != 0).map(|index| slots[index]).collect() };
    let seconds = |order: &[u32]| times(&rack.layout, paces, crane, order).makespan_s();
    (0..1 << slots.len())
        .map(|set| {
            let set = of_set(set);
            if set.iter().any(|slot| !rack.layout.can_serve(crane.queue, rack.layout.slot(*slot))) {
                return f64::INFINITY;
            }
            let mut best = if set.is_empty() { 0.0 } else { f64::INFINITY };
            extend(&mut Vec::new(), &set, &seconds, &mut best);
            best
        })
        .collect()
}

/// Seconds of the best of all plans for two cranes, and of the best of those that leave aisles whole and cut a rail once.
fn best_of_all(rack: &Rack, paces: &[Option<Pace>], cranes: [Crane; 2], slots: &[u32]) -> (f64, f64) {
    let [one, other] = cranes.map(|crane| shortest(rack, paces, crane, slots));
    let position = |index: usize| rack.layout.position(slots[index]).unwrap();
    let on_rail = rack.layout.rail_of(0).is_some();
    let is_whole = |set: usize| {
        let of_other = |index: &usize| set & 1 << index == 0;
        let mut pairs = (0..slots.len()).flat_map(|a| (0..slots.len()).map(move |b| (a, b)));
        pairs.all(|(a, b)| {
            let (p, q) = (position(a), position(b));
            let apart = if on_rail { p.point.x_m >= q.point.x_m } else { p.aisle == q.aisle };
            !apart || of_other(&a) || !of_other(&b)
        })
    };
    let all = (1 << slots.len()) - 1;
    let done = |set: usize| one[set].max(other[all & !set]);
    let best = (0..=all).map(done).fold(f64::INFINITY, f64::min);
    (best, (0..=all).filter(|set| is_whole(*set)).map(done).fold(f64::INFINITY, f64::min))
}

fn any_pace() -> impl Strategy<Value = Pace> {
    let light = Kinematics { drive: Axis { speed: 4.0, acceleration: 1.5 }, lift: Axis { speed: 2.0, acceleration: 2.0 } };
    (any::<bool>(), 0_u64..3, 0_u64..40, 0_u64..10, any::<bool>()).prop_map(move |(fast, overhead, change, dwell, returns_home)| Pace {
        kinematics: if fast { light } else { Kinematics::default() },
        overhead: Duration::from_secs(overhead),
        aisle_change: Duration::from_secs(change),
        dwell: Duration::from_secs(dwell),
        verdict_after: Duration::ZERO,
        returns_home,
    })
}

fn any_position(aisles: u16) -> impl Strategy<Value = Position> {
    (0..aisles, 0_u32..60, 0_u32..8).prop_map(|(aisle, bay, level)| at(aisle, bay, level))
}

#[derive(Debug, Clone)]
struct Tiny {
    queues: [Vec<u16>; 2],
    both_sides: [bool; 2],
    on_rail: bool,
    from: [Option<Position>; 2],
    home: [Option<Position>; 2],
    paces: [Pace; 2],
    places: Vec<(u16, bool, u32, u32)>,
}

impl Tiny {
    fn rack(&self) -> (Rack, Vec<Option<Pace>>, [Crane; 2], Vec<u32>) {
        let queue =
            |queue: usize| QueueSpec { aisles: self.queues[queue].clone(), home: self.home[queue], both_sides: self.both_sides[queue] };
        let rails = if self.on_rail { vec![Rail { id: "R".into(), queues: [0, 1], gap_m: 5.0 }] } else { Vec::new() };
        let mut rack = Rack::with_rails(vec![queue(0), queue(1)], rails);
        let mut slots: Vec<u32> = Vec::new();
        for (aisle, left, bay, level) in &self.places {
            let slot = rack.slot_at(*aisle, if *left { Side::Left } else { Side::Right }, *bay, *level, 1);
            if !slots.contains(&slot) {
                slots.push(slot);
            }
        }
        let cranes = [0, 1].map(|queue| Crane { queue: queue as QueueIndex, from: self.from[queue] });
        (rack, self.paces.map(Some).to_vec(), cranes, slots)
    }
}

fn any_tiny() -> impl Strategy<Value = Tiny> {
    let teams = prop_oneof![
        Just(([vec![0], vec![1]], false)),
        Just(([vec![0, 1], vec![2]], false)),
        Just(([vec![0, 1], vec![0, 1]], false)),
        Just(([vec![0, 1], vec![1, 2]], false)),
        Just(([vec![0], vec![0]], true)),
    ];
    teams.prop_flat_map(|(queues, on_rail)| {
        let aisles = queues.iter().flatten().max().map_or(1, |most| most + 1);
        let place = (0..aisles, any::<bool>(), prop_oneof![0_u32..60, 0_u32..3], prop_oneof![0_u32..8, Just(0)]);
        let position = || proptest::array::uniform2(proptest::option::weighted(0.8, any_position(aisles)));
        let paces = proptest::array::uniform2(any_pace());
        let rest = (proptest::array::uniform2(any::<bool>()), position(), position(), paces, any::<bool>());
        (Just(queues), Just(on_rail), rest, proptest::collection::vec(place, 0..=5)).prop_map(
            |(queues, on_rail, (both_sides, mut from, mut home, mut paces, alike), places)| {
                if alike {
                    paces[1] = paces[0];
                }
                if on_rail {
                    // Neither can pass the other.
                    for places in [&mut from, &mut home] {
                        if let [Some(low), Some(high)] = places
                            && low.point.x_m > high.point.x_m
                        {
                            places.swap(0, 1);
                        }
                    }
                }
                Tiny { queues, both_sides, on_rail, from, home, paces, places }
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn no_plan_beats_the_bound_and_ours_is_near_the_best(tiny in any_tiny()) {
        let (rack, paces, cranes, slots) = tiny.rack();
        let plan = planned(&rack, &paces, &cranes, &slots);
        let (best, best_whole) = best_of_all(&rack, &paces, cranes, &slots);
        prop_assert!(plan.bound_s <= best * (1.0 + EQUAL), "bound {} s, best {best} s", plan.bound_s);
        prop_assert!(best <= plan.makespan_s() * (1.0 + EQUAL), "plan {} s, best {best} s", plan.makespan_s());
        if plan.is_optimal() {
            prop_assert!(near(plan.makespan_s(), best));
        }
        // What is near a rail's cut comes first or last at a price.
        let (part, seconds) = if tiny.on_rail { (0.5, 1.0) } else { (0.1, 1.0) };
        let near_best = best_whole * (1.0 + part) + seconds;
        prop_assert!(plan.makespan_s() <= near_best, "plan {} s, best {best_whole} s", plan.makespan_s());
        for itinerary in &plan.itineraries {
            let all = shortest(&rack, &paces, itinerary.crane, &itinerary.slots);
            let shortest = all[all.len() - 1];
            let bound = itinerary.bound_s + itinerary.times.dwell_s;
            prop_assert!(bound <= shortest * (1.0 + EQUAL), "bound {bound} s, shortest {shortest} s");
            if itinerary.order == Order::Optimal {
                prop_assert!(near(itinerary.times.makespan_s(), shortest));
            }
        }
    }
}
