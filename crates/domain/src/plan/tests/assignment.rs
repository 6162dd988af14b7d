//! Who gets what.

use super::*;

fn slots_of(plan: &Plan, queue: QueueIndex) -> Vec<u32> {
    plan.itineraries.iter().find(|itinerary| itinerary.crane.queue == queue).map(|itinerary| itinerary.slots.clone()).unwrap_or_default()
}

fn aisles_of(rack: &Rack, slots: &[u32]) -> Vec<u16> {
    let mut aisles: Vec<u16> = slots.iter().map(|slot| rack.layout.position(*slot).unwrap().aisle).collect();
    aisles.dedup();
    aisles
}

#[test]
fn a_crane_visits_the_locations_of_its_aisle() {
    let mut rack = Rack::new(vec![captive(&[0]), captive(&[1])]);
    let (first, second) = (rack.scattered(0, 20, 60), rack.scattered(1, 30, 60));
    let plan = usual(&rack, &[second.clone(), first.clone()].concat());
    assert_eq!((sorted(slots_of(&plan, 0)), sorted(slots_of(&plan, 1))), (sorted(first), sorted(second)));
    assert!(plan.gap() < 0.01, "{}", plan.gap());
}

#[test]
fn shared_aisles_are_handed_out_whole_and_evenly() {
    let mut rack = Rack::new(vec![captive(&[0, 1, 2, 3]), captive(&[0, 1, 2, 3])]);
    // By the longest first alone, 30 + 20 + 20 would stand against 30 + 20.
    let slots = [30, 28, 20, 20].iter().enumerate().flat_map(|(aisle, count)| rack.scattered(aisle as u16, *count, 80)).collect::<Vec<_>>();
    let plan = usual(&rack, &slots);
    let aisles = [0, 1].map(|queue| aisles_of(&rack, &slots_of(&plan, queue)));
    assert_eq!(aisles.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2], "{aisles:?}");
    let done: Vec<f64> = plan.itineraries.iter().map(|itinerary| itinerary.times.makespan_s()).collect();
    assert!((done[0] - done[1]).abs() < 0.2 * done[0], "{done:?}");
}

#[test]
fn aisles_are_exchanged_where_the_longest_first_are_handed_out_badly() {
    let mut rack = Rack::new(vec![captive(&[0, 1, 2, 3, 4]), captive(&[0, 1, 2, 3, 4])]);
    // 3 + 3 against 2 + 2 + 2 takes exchanges: the longest first gives 3 + 2 + 2 against 3 + 2.
    let slots: Vec<u32> = [30, 30, 20, 20, 20]
        .iter()
        .enumerate()
        .flat_map(|(aisle, count)| (0..*count).map(move |number| (aisle as u16, number)))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|(aisle, number)| rack.slot(aisle, number % 10, number / 10))
        .collect();
    let still = Pace { dwell: Duration::from_secs(100), aisle_change: Duration::ZERO, ..pace() };
    let plan = planned(&rack, &[Some(still); 2], &at_work(&rack.layout), &slots);
    assert_eq!(plan.itineraries.iter().map(|itinerary| itinerary.slots.len()).collect::<Vec<_>>(), [60, 60]);
    assert!(plan.gap() < 0.02, "{}", plan.gap());
}

#[test]
fn an_aisle_change_is_weighed_against_the_work() {
    let mut rack = Rack::new(vec![captive(&[0, 1]), captive(&[0, 1])]);
    let slots = [rack.slot(0, 10, 0), rack.slot(1, 10, 0)];
    let both_at_first = [Crane { queue: 0, from: Some(at(0, 0, 0)) }, Crane { queue: 1, from: Some(at(1, 0, 0)) }];
    let plan = planned(&rack, &[Some(pace()); 2], &both_at_first, &slots);
    assert_eq!((slots_of(&plan, 0), slots_of(&plan, 1)), (vec![slots[0]], vec![slots[1]]));
    assert!(plan.is_optimal(), "{} s, at least {} s", plan.makespan_s(), plan.bound_s);
    // The slow one is spared.
    let slow = Pace { aisle_change: Duration::from_secs(3600), ..pace() };
    let both_in_one = [both_at_first[0], Crane { queue: 1, from: Some(at(0, 5, 0)) }];
    let plan = planned(&rack, &[Some(pace()), Some(slow)], &both_in_one, &slots);
    assert_eq!(slots_of(&plan, 0), [slots[1]]);
}

#[test]
fn a_faster_crane_gets_more() {
    let mut rack = Rack::new(vec![captive(&[0, 1, 2]), captive(&[0, 1, 2])]);
    let slots: Vec<u32> = (0..3).flat_map(|aisle| rack.scattered(aisle, 30, 80)).collect();
    let slow = Pace { dwell: Duration::from_secs(20), ..pace() };
    let plan = planned(&rack, &[Some(slow), Some(pace())], &at_work(&rack.layout), &slots);
    assert_eq!((slots_of(&plan, 0).len(), slots_of(&plan, 1).len()), (30, 60));
}

#[test]
fn what_a_crane_has_to_do_alone_counts_when_aisles_are_handed_out() {
    let mut rack = Rack::new(vec![captive(&[0, 1]), captive(&[1])]);
    let (own, shared) = (rack.scattered(0, 30, 80), rack.scattered(1, 10, 80));
    let plan = usual(&rack, &[own.clone(), shared.clone()].concat());
    assert_eq!((sorted(slots_of(&plan, 0)), sorted(slots_of(&plan, 1))), (sorted(own), sorted(shared)));
    assert!(plan.gap() < 0.01, "{}", plan.gap());
}

#[test]
fn a_crane_out_of_work_leaves_its_stops_to_those_who_reach_them() {
    let mut rack = Rack::new(vec![captive(&[0]), captive(&[0, 1])]);
    let own = rack.scattered(0, 10, 60);
    let code = rack.opaque("1号", 0);
    let plan = planned(&rack, &[Some(pace()); 2], &at_work(&rack.layout)[1..], &[own.clone(), vec![code]].concat());
    assert_eq!(sorted(slots_of(&plan, 1)), sorted(own));
    // Nobody else knows the way to an opaque code.
    assert_eq!(slots_of(&plan, 0), [code]);
    assert_eq!(plan.itineraries[0].crane.from, None);
}

#[test]
fn aisles_without_measures_still_have_cranes_that_reach_them() {
    let layout = Layout::new(Vec::new(), vec![captive(&[0]), captive(&[0])]);
    let mut rack = Rack { layout };
    let slots = [rack.slot(0, 9, 0), rack.slot(0, 2, 0)];
    let plan = planned(&rack, &[Some(pace()); 2], &[Crane { queue: 1, from: None }], &slots);
    assert_eq!((slots_of(&plan, 1), plan.itineraries[0].order), (slots.to_vec(), Order::GivenOpaque));
}

#[test]
fn an_aisle_shared_with_a_dispatcher_stays_with_its_owner() {
    let mut rack = Rack::new(vec![captive(&[0]), captive(&[0])]);
    let slots = rack.scattered(0, 10, 60);
    let plan = planned(&rack, &[None, Some(pace())], &at_work(&rack.layout), &slots);
    assert_eq!((plan.itineraries.len(), slots_of(&plan, 0)), (1, slots.clone()));
    let plan = planned(&rack, &[None, Some(pace())], &at_work(&rack.layout)[1..], &slots);
    assert_eq!(sorted(slots_of(&plan, 1)), sorted(slots));
}

fn rail(gap_m: f64) -> Rail {
    Rail { id: "R".into(), queues: [0, 1], gap_m }
}

/// Two cranes on one rail, one at either end of 100 bays.
fn railed(gap_m: f64) -> (Rack, Vec<Crane>) {
    let rack = Rack::with_rails(vec![captive(&[0]), captive(&[0])], vec![rail(gap_m)]);
    let cranes = vec![Crane { queue: 0, from: Some(at(0, 0, 0)) }, Crane { queue: 1, from: Some(at(0, 99, 0)) }];
    (rack, cranes)
}

fn bays(rack: &Rack, slots: &[u32]) -> Vec<u32> {
    slots.iter().map(|slot| rack.layout.slot(*slot).place.unwrap().bay).collect()
}

#[test]
fn a_rail_is_cut_so_that_both_cranes_are_done_at_about_the_same_time() {
    let (mut rack, cranes) = railed(3.0);
    let slots = rack.scattered(0, 120, 100);
    let plan = planned(&rack, &[Some(pace()); 2], &cranes, &slots);
    let (low, high) = (bays(&rack, &slots_of(&plan, 0)), bays(&rack, &slots_of(&plan, 1)));
    assert!(low.iter().max() < high.iter().min());
    let done: Vec<f64> = plan.itineraries.iter().map(|itinerary| itinerary.times.makespan_s()).collect();
    assert!((done[0] - done[1]).abs() < 0.05 * done[0], "{done:?}");
    // The slower of the two gets less of it.
    let slow = Pace { dwell: Duration::from_secs(30), ..pace() };
    let plan = planned(&rack, &[Some(slow), Some(pace())], &cranes, &slots);
    assert!(slots_of(&plan, 0).len() < 50);
}

#[test]
fn near_the_cut_the_low_crane_comes_first_and_the_high_one_last() {
    let (mut rack, mut cranes) = railed(7.0);
    cranes.reverse();
    let slots = rack.scattered(0, 120, 100);
    let plan = planned(&rack, &[Some(pace()); 2], &cranes, &slots);
    let (low, high) = (bays(&rack, &slots_of(&plan, 0)), bays(&rack, &slots_of(&plan, 1)));
    let (highest, lowest) = (*low.iter().max().unwrap(), *high.iter().min().unwrap());
    let is_near = [
        low.iter().map(|bay| f64::from(lowest - bay) * 1.4 < 7.0).collect::<Vec<_>>(),
        high.iter().map(|bay| f64::from(bay - highest) * 1.4 < 7.0).collect(),
    ];
    assert!(is_near.iter().all(|near| near.contains(&true)));
    assert!(is_near[0].is_sorted_by(|a, b| a >= b) && is_near[1].is_sorted(), "{low:?} {high:?}");
}

#[test]
fn replanning_keeps_what_comes_first_or_last_for_the_sake_of_the_other_crane() {
    let (mut rack, cranes) = railed(7.0);
    let slots = rack.scattered(0, 120, 100);
    let paces = [Some(pace()); 2];
    let plan = planned(&rack, &paces, &cranes, &slots);
    for itinerary in &plan.itineraries {
        let extreme = if itinerary.crane.queue == 0 { itinerary.slots[0] } else { itinerary.slots[itinerary.slots.len() - 1] };
        let order = replan(&rack.layout, &paces, itinerary.crane, &itinerary.slots, 2, &mut Effort::kicks(100));
        let near_end = if itinerary.crane.queue == 0 { order[0] } else { order[order.len() - 1] };
        let (a, b) = (bays(&rack, &[extreme])[0], bays(&rack, &[near_end])[0]);
        assert!(f64::from(a.abs_diff(b)) * 1.4 < 7.0, "bay {a} and bay {b}");
    }
}

#[test]
fn one_column_of_a_rail_is_one_cranes() {
    let (mut rack, cranes) = railed(3.0);
    let slots: Vec<u32> = (0..10).map(|level| rack.slot(0, 80, level)).collect();
    let plan = planned(&rack, &[Some(pace()); 2], &cranes, &slots);
    assert_eq!((plan.itineraries.len(), sorted(slots_of(&plan, 1))), (1, slots));
}

#[test]
fn a_rail_with_one_crane_at_work_is_all_its_own() {
    let (mut rack, cranes) = railed(3.0);
    let slots = rack.scattered(0, 20, 100);
    let plan = planned(&rack, &[Some(pace()); 2], &cranes[1..], &slots);
    assert_eq!((plan.itineraries.len(), slots_of(&plan, 1).len()), (1, 20));
    assert!(plan.gap() < 0.01);
}
