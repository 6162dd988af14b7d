//! Whatever the layout: every location once, with a crane that reaches it, and no other plan beats the bound.

use super::*;

/// A warehouse of up to five aisles: cranes with aisles of their own or shared, a rail, dispatchers, opaque codes.
#[derive(Debug, Clone)]
struct Warehouse {
    queues: Vec<Queue>,
    rail: Option<f64>,
    /// Where each queue's crane stands; the outer none: out of work.
    from: Vec<Option<Option<Position>>>,
    /// Aisle, side, bay, level, depth.
    places: Vec<(u16, bool, u32, u32, u8)>,
    codes: Vec<(u32, QueueIndex)>,
}

/// Its aisles, whether it counts both sides at once, its home and pace.
type Queue = (Vec<u16>, bool, Option<Position>, Option<Pace>);

const AISLES: u16 = 5;

fn any_warehouse() -> impl Strategy<Value = Warehouse> {
    let position = || (0..AISLES, 0_u32..60, 0_u32..8).prop_map(|(aisle, bay, level)| at(aisle, bay, level));
    let any_pace = (0_u64..3, 0_u64..40, 0_u64..10, any::<bool>()).prop_map(|(overhead, change, dwell, returns_home)| Pace {
        overhead: Duration::from_secs(overhead),
        aisle_change: Duration::from_secs(change),
        dwell: Duration::from_secs(dwell),
        returns_home,
        ..pace()
    });
    let queue = (
        proptest::collection::btree_set(0..AISLES, 0..4).prop_map(|aisles| aisles.into_iter().collect::<Vec<_>>()),
        any::<bool>(),
        proptest::option::of(position()),
        proptest::option::weighted(0.85, any_pace),
    );
    let from = proptest::option::weighted(0.9, proptest::option::weighted(0.9, position()));
    let place = (0..AISLES, any::<bool>(), 0_u32..60, 0_u32..8, 1_u8..3);
    let queues = proptest::collection::vec((queue, from), 1..=4);
    let codes = proptest::collection::vec((0_u32..1000, 0_u32..4), 0..6);
    (queues, proptest::option::weighted(0.3, 0.0..20.0), proptest::collection::vec(place, 0..60), codes).prop_map(
        |(queues, rail, places, codes)| {
            let (mut queues, from): (Vec<_>, Vec<_>) = queues.into_iter().unzip();
            let rail = rail.filter(|_| queues.len() > 1);
            if rail.is_some() {
                queues[0].0 = vec![0];
                queues[1].0 = vec![0];
            }
            Warehouse { queues, rail, from, places, codes }
        },
    )
}

impl Warehouse {
    fn rack(&self) -> (Rack, Vec<Option<Pace>>, Vec<Crane>, Vec<u32>) {
        let spec = |(aisles, both_sides, home, _): &Queue| QueueSpec { aisles: aisles.clone(), home: *home, both_sides: *both_sides };
        let rails = self.rail.map(|gap_m| Rail { id: "R".into(), queues: [1, 0], gap_m }).into_iter().collect();
        let mut rack = Rack::with_rails(self.queues.iter().map(spec).collect(), rails);
        let mut slots = Vec::new();
        let mut codes = self.codes.iter();
        for (aisle, left, bay, level, depth) in &self.places {
            slots.push(rack.slot_at(*aisle, if *left { Side::Left } else { Side::Right }, *bay, *level, *depth));
            if bay % 10 == 0 {
                slots.extend(codes.next().map(|(code, queue)| rack.opaque(&code.to_string(), queue % self.queues.len() as u32)));
            }
        }
        let mut seen = std::collections::HashSet::new();
        slots.retain(|slot| seen.insert(*slot));
        let cranes = self.from.iter().enumerate().filter_map(|(queue, from)| Some(Crane { queue: queue as QueueIndex, from: (*from)? }));
        (rack, self.queues.iter().map(|queue| queue.3).collect(), cranes.collect(), slots)
    }
}

/// Where each of `kept` stands in `order`, rising.
fn keeps_order(order: &[u32], kept: &[u32]) -> bool {
    let places: Vec<_> = kept.iter().filter_map(|slot| order.iter().position(|other| other == slot)).collect();
    places.is_sorted()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_location_comes_once_with_a_crane_that_reaches_it(warehouse in any_warehouse(), seed in any::<u64>()) {
        let (rack, paces, cranes, slots) = warehouse.rack();
        let make = || plan(&rack.layout, &paces, &cranes, &slots, seed, &mut Effort::kicks(20));
        let plan = make();
        prop_assert_eq!(&plan, &make());
        prop_assert_eq!(sorted(plan.itineraries.iter().flat_map(|itinerary| itinerary.slots.clone()).collect()), sorted(slots.clone()));
        prop_assert!(plan.itineraries.is_sorted_by(|a, b| a.crane.queue < b.crane.queue));
        prop_assert!(plan.bound_s <= plan.makespan_s() * (1.0 + EQUAL), "{} s, at least {} s", plan.makespan_s(), plan.bound_s);
        for itinerary in &plan.itineraries {
            let queue = itinerary.crane.queue;
            let at_work = cranes.iter().find(|crane| crane.queue == queue);
            prop_assert!(!itinerary.slots.is_empty());
            prop_assert!(at_work.is_none_or(|crane| *crane == itinerary.crane));
            prop_assert_eq!(itinerary.times, times(&rack.layout, &paces, itinerary.crane, &itinerary.slots));
            prop_assert!(itinerary.bound_s >= 0.0 && itinerary.bound_s <= itinerary.times.travel_s);
            prop_assert_eq!(itinerary.order == Order::GivenDispatched, paces[queue as usize].is_none());
            for slot in &itinerary.slots {
                let location = rack.layout.slot(*slot);
                prop_assert!(rack.layout.can_serve(queue, location));
                // Out of work only where nobody else could do it.
                prop_assert!(at_work.is_some() || !cranes.iter().any(|crane| rack.layout.can_serve(crane.queue, location)));
            }
            let (placed, opaque): (Vec<u32>, Vec<u32>) = slots.iter().partition(|slot| rack.layout.position(**slot).is_some());
            prop_assert!(keeps_order(&itinerary.slots, &opaque));
            if paces[queue as usize].is_none() {
                prop_assert!(keeps_order(&itinerary.slots, &slots));
            } else {
                let first_opaque = itinerary.slots.iter().position(|slot| opaque.contains(slot)).unwrap_or(itinerary.slots.len());
                prop_assert!(!itinerary.slots[first_opaque..].iter().any(|slot| placed.contains(slot)));
            }
        }
    }

    #[test]
    fn no_other_assignment_and_order_beats_the_bound(warehouse in any_warehouse(), chance in any::<u64>()) {
        let (rack, paces, cranes, slots) = warehouse.rack();
        // Moves to and from opaque codes are not counted, so that an order that hides others behind them says nothing.
        let slots: Vec<u32> = slots.into_iter().filter(|slot| rack.layout.position(*slot).is_some()).collect();
        let bound_s = plan(&rack.layout, &paces, &cranes, &slots, 1, &mut Effort::kicks(20)).bound_s;
        let mut dice = chance;
        let mut roll = move |sides: usize| {
            dice = dice.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            (dice >> 33) as usize % sides
        };
        let mut ways: Vec<(Crane, Vec<u32>)> = Vec::new();
        let by_location = roll(2) == 0;
        for slot in slots {
            let location = rack.layout.slot(slot);
            let aisle = location.place.map_or(0, |place| usize::from(place.aisle));
            let able: Vec<&Crane> = cranes.iter().filter(|crane| rack.layout.can_serve(crane.queue, location)).collect();
            // Where nobody knows how one of them moves, the owner has it.
            let owner = able.iter().find(|crane| crane.queue == location.queue).or(able.first());
            let known = able.iter().all(|crane| paces[crane.queue as usize].is_some());
            let crane = match (owner, known) {
                (None, _) => Crane { queue: location.queue, from: None },
                (Some(owner), false) => **owner,
                (Some(_), true) => *able[if by_location { roll(able.len()) } else { (chance as usize).rotate_left(aisle as u32) % able.len() }],
            };
            match ways.iter_mut().find(|way| way.0.queue == crane.queue) {
                Some(way) => way.1.push(slot),
                None => ways.push((crane, vec![slot])),
            }
        }
        for (crane, way) in &mut ways {
            *way = replan(&rack.layout, &paces, *crane, way, 1, &mut Effort::kicks(100));
        }
        let done = as_given(&rack.layout, &paces, &ways).iter().map(Times::makespan_s).fold(0.0, f64::max);
        prop_assert!(bound_s <= done * (1.0 + EQUAL), "bound {bound_s} s, done after {done} s: {ways:?}");
    }

    #[test]
    fn a_replanned_order_has_the_same_locations_and_is_never_longer(warehouse in any_warehouse(), chance in any::<u64>()) {
        let (rack, paces, _, mut slots) = warehouse.rack();
        let last = slots.len().max(1) as u64;
        slots.sort_by_key(|slot| (u64::from(*slot) + 1).wrapping_mul(chance | 1) % 1009 % last);
        for queue in 0..warehouse.queues.len() as QueueIndex {
            let crane = Crane { queue, from: warehouse.from[queue as usize].flatten() };
            let waiting: Vec<u32> = slots.iter().copied().filter(|slot| rack.layout.can_serve(queue, rack.layout.slot(*slot))).collect();
            let order = replan(&rack.layout, &paces, crane, &waiting, 1, &mut Effort::kicks(50));
            prop_assert_eq!(sorted(order.clone()), sorted(waiting.clone()));
            let (before, after) = (times(&rack.layout, &paces, crane, &waiting), times(&rack.layout, &paces, crane, &order));
            if after.unknown_moves == before.unknown_moves {
                prop_assert!(after.makespan_s() <= before.makespan_s() * (1.0 + EQUAL));
            }
        }
    }
}
