//! One crane's way.

use super::*;

fn of_queue(plan: &Plan, queue: QueueIndex) -> &Itinerary {
    plan.itineraries.iter().find(|itinerary| itinerary.crane.queue == queue).unwrap()
}

#[test]
fn nothing_to_visit_is_a_plan() {
    let rack = Rack::new(vec![captive(&[0])]);
    let empty = usual(&rack, &[]);
    assert_eq!((empty.itineraries.len(), empty.makespan_s(), empty.bound_s, empty.gap()), (0, 0.0, 0.0, 0.0));
    assert!(!empty.is_optimal());
    assert_eq!(replan(&rack.layout, &[Some(pace())], Crane { queue: 0, from: None }, &[], 1, &mut Effort::kicks(1)), Vec::<u32>::new());
}

#[test]
fn few_stops_in_one_aisle_are_proved_optimal() {
    let mut rack = Rack::new(vec![captive(&[0])]);
    let slots = rack.scattered(0, 12, 60);
    let plan = usual(&rack, &slots);
    assert!(plan.is_optimal() && plan.gap() == 0.0, "{} s, at least {} s", plan.makespan_s(), plan.bound_s);
    assert_eq!(plan.itineraries[0].order, Order::Optimal);
    assert_eq!(plan.itineraries[0].times.dwell_s, 72.0);
}

#[test]
fn one_location_takes_the_way_there_and_the_stop() {
    let mut rack = Rack::new(vec![captive(&[0])]);
    let slot = rack.slot(0, 50, 0);
    let plan = usual(&rack, &[slot]);
    let way = pace().kinematics.drive.seconds(70.0);
    assert!(near(plan.makespan_s(), way + 6.0) && plan.is_optimal());
    assert_eq!((plan.itineraries[0].times.moves, plan.itineraries[0].times.visits), (1, 1));
}

#[test]
fn a_crane_that_stands_at_a_stop_does_not_move_for_it() {
    let mut rack = Rack::new(vec![captive(&[0])]);
    let slot = rack.slot(0, 50, 3);
    let crane = Crane { queue: 0, from: Some(at(0, 50, 3)) };
    let slow = Pace { overhead: Duration::from_secs(2), ..pace() };
    let plan = planned(&rack, &[Some(slow)], &[crane], &[slot]);
    assert_eq!((plan.makespan_s(), plan.itineraries[0].times.moves), (6.0, 0));
    assert!(plan.is_optimal());
}

#[test]
fn every_move_takes_the_overhead_besides() {
    let mut rack = Rack::new(vec![captive(&[0])]);
    let slots = rack.scattered(0, 10, 60);
    let slow = Pace { overhead: Duration::from_millis(1500), ..pace() };
    let (without, with) = (usual(&rack, &slots), planned(&rack, &[Some(slow)], &at_work(&rack.layout), &slots));
    let moves = with.itineraries[0].times.moves;
    assert!(near(with.makespan_s(), without.makespan_s() + 1.5 * moves as f64) && with.is_optimal());
}

#[test]
fn a_start_that_nobody_knows_is_an_unknown_move_and_proves_nothing() {
    let mut rack = Rack::new(vec![captive(&[0])]);
    let slots = rack.scattered(0, 8, 60);
    let plan = planned(&rack, &[Some(pace())], &[Crane { queue: 0, from: None }], &slots);
    assert_eq!((plan.itineraries[0].times.unknown_moves, plan.itineraries[0].times.moves), (1, 7));
    assert!(!plan.is_optimal() && plan.gap() == 0.0);
}

#[test]
fn the_way_home_counts_where_the_crane_returns() {
    let home = Some(at(0, 10, 0));
    let mut rack = Rack::new(vec![QueueSpec { home, ..captive(&[0]) }]);
    let slots = vec![rack.slot(0, 40, 0), rack.slot(0, 5, 0)];
    let returning = Pace { returns_home: true, ..pace() };
    let plan = planned(&rack, &[Some(returning)], &at_work(&rack.layout), &slots);
    let times = times(&rack.layout, &[Some(returning)], plan.itineraries[0].crane, &plan.itineraries[0].slots);
    let seconds = |bays: f64| pace().kinematics.drive.seconds(1.4 * bays);
    assert_eq!(times.moves, 3);
    assert!(near(times.travel_s, seconds(30.0) + seconds(35.0) + seconds(5.0)) && plan.is_optimal());
}

#[test]
fn a_home_in_another_aisle_is_reached_by_both_fronts() {
    let home = Some(at(1, 10, 0));
    let mut rack = Rack::new(vec![QueueSpec { home, ..captive(&[0, 1]) }]);
    let slot = rack.slot(0, 40, 0);
    let returning = Pace { returns_home: true, ..pace() };
    let plan = planned(&rack, &[Some(returning)], &at_work(&rack.layout), &[slot]);
    let seconds = |bays: f64| pace().kinematics.drive.seconds(1.4 * bays);
    assert!(near(plan.itineraries[0].times.travel_s, 2.0 * (seconds(10.0) + 30.0 + seconds(40.0))) && plan.is_optimal());
}

#[test]
fn a_crane_that_stands_in_another_aisle_comes_by_both_fronts() {
    let mut rack = Rack::new(vec![captive(&[1])]);
    let slot = rack.slot(1, 40, 0);
    let plan = planned(&rack, &[Some(pace())], &[Crane { queue: 0, from: Some(at(0, 20, 0)) }], &[slot]);
    let seconds = |bays: f64| pace().kinematics.drive.seconds(1.4 * bays);
    assert!(near(plan.itineraries[0].times.travel_s, seconds(20.0) + 30.0 + seconds(40.0)) && plan.is_optimal());
}

#[test]
fn the_aisle_that_spares_most_of_the_way_back_comes_last() {
    let mut rack = Rack::new(vec![captive(&[0, 1, 2])]);
    let slots = [rack.slot(0, 20, 0), rack.slot(1, 150, 0), rack.slot(2, 30, 0)];
    let plan = usual(&rack, &slots);
    assert_eq!(plan.itineraries[0].slots, [slots[0], slots[2], slots[1]]);
    assert!(plan.is_optimal(), "{} s, at least {} s", plan.makespan_s(), plan.bound_s);
}

#[test]
fn the_aisle_in_which_the_crane_stands_may_come_last_too() {
    let mut rack = Rack::new(vec![captive(&[0, 1])]);
    // It stands at the front; to end far off in its own aisle is worth the change back.
    let slots = [rack.slot(0, 190, 0), rack.slot(1, 1, 0)];
    let plan = usual(&rack, &slots);
    assert_eq!(plan.itineraries[0].slots, [slots[1], slots[0]]);
    assert!(plan.is_optimal(), "{} s, at least {} s", plan.makespan_s(), plan.bound_s);
}

#[test]
fn a_way_through_an_aisle_ends_near_the_front_when_another_follows() {
    let mut rack = Rack::new(vec![captive(&[0, 1])]);
    let mut slots: Vec<u32> = (1..30).map(|number| rack.slot(0, number * 3, number * 7 % 10)).collect();
    slots.extend((1..40).map(|number| rack.slot(1, number * 4, number * 3 % 10)));
    let plan = usual(&rack, &slots);
    let change = plan.itineraries[0].slots.windows(2).find(|pair| {
        let aisle = |slot| rack.layout.position(slot).unwrap().aisle;
        aisle(pair[0]) != aisle(pair[1])
    });
    let last = rack.layout.position(change.unwrap()[0]).unwrap().point;
    assert!(last.x_m <= 10.0 * 1.4, "{last:?}");
    assert!(plan.gap() < 0.02, "{}", plan.gap());
}

#[test]
fn both_sides_are_one_visit_of_a_crane_that_can() {
    let both = QueueSpec { both_sides: true, ..captive(&[0]) };
    for (spec, visits) in [(captive(&[0]), 20), (both, 10)] {
        let mut rack = Rack::new(vec![spec]);
        let mut slots: Vec<u32> = (0..10).map(|bay| rack.slot_at(0, Side::Left, bay * 11 % 10, 0, 1)).collect();
        slots.extend((0..10).map(|bay| rack.slot_at(0, Side::Right, bay * 7 % 10, 0, 1)));
        let plan = usual(&rack, &slots);
        assert_eq!((plan.itineraries[0].times.visits, plan.itineraries[0].times.dwell_s), (visits, 6.0 * visits as f64));
        assert!(plan.is_optimal());
    }
}

#[test]
fn left_and_right_alternate_whatever_their_depths_and_order() {
    let mut rack = Rack::new(vec![QueueSpec { both_sides: true, ..captive(&[0]) }]);
    let left = [1, 2, 3].map(|depth| rack.slot_at(0, Side::Left, 5, 2, depth));
    let right = [3, 4].map(|depth| rack.slot_at(0, Side::Right, 5, 2, depth));
    let given = [left[2], left[0], right[1], left[1], right[0]];
    let plan = usual(&rack, &given);
    assert_eq!(plan.itineraries[0].slots, [left[0], right[0], left[1], right[1], left[2]]);
    let together: Vec<&[u32]> = visits(&rack.layout, 0, &plan.itineraries[0].slots).collect();
    assert_eq!(together, [&[left[0], right[0]][..], &[left[1], right[1]], &[left[2]]]);
    assert_eq!(replan(&rack.layout, &[Some(pace())], at_work(&rack.layout)[0], &given, 1, &mut Effort::kicks(9)).len(), 5);
}

#[test]
fn opaque_codes_come_last_in_the_order_in_which_they_were_given() {
    let mut rack = Rack::new(vec![captive(&[0])]);
    let codes = ["9号", "1号", "5号"].map(|code| rack.opaque(code, 0));
    let placed = [rack.slot(0, 30, 0), rack.slot(0, 10, 0)];
    let plan = usual(&rack, &[codes[0], placed[0], codes[1], placed[1], codes[2]]);
    let itinerary = &plan.itineraries[0];
    assert_eq!(itinerary.slots, [placed[1], placed[0], codes[0], codes[1], codes[2]]);
    assert_eq!((itinerary.order, itinerary.times.unknown_moves, itinerary.times.moves), (Order::Within, 3, 2));
    assert!(!plan.is_optimal());
    let plan = usual(&rack, &codes);
    assert_eq!((plan.itineraries[0].slots.clone(), plan.itineraries[0].order), (codes.to_vec(), Order::GivenOpaque));
    assert_eq!((plan.makespan_s(), plan.gap()), (18.0, 0.0));
}

#[test]
fn what_a_dispatcher_gets_keeps_its_order_over_all_aisles() {
    let mut rack = Rack::new(vec![captive(&[0, 1])]);
    let slots = [rack.slot(1, 3, 0), rack.opaque("x", 0), rack.slot(0, 9, 0), rack.slot(1, 1, 0), rack.slot(0, 2, 0)];
    let plan = planned(&rack, &[None], &[Crane { queue: 0, from: None }], &slots);
    assert_eq!(plan.itineraries[0].slots, slots);
    assert_eq!(plan.itineraries[0].order, Order::GivenDispatched);
    assert_eq!((plan.makespan_s(), plan.bound_s, plan.itineraries[0].times.unknown_moves), (0.0, 0.0, 5));
    assert_eq!(replan(&rack.layout, &[None], plan.itineraries[0].crane, &slots, 1, &mut Effort::kicks(9)), slots);
}

#[test]
fn locations_that_are_all_at_the_same_place_take_one_move() {
    let mut rack = Rack::new(vec![captive(&[0])]);
    let slots: Vec<u32> = (0..100).map(|depth| rack.slot_at(0, Side::Left, 7, 3, depth)).collect();
    let plan = usual(&rack, &slots);
    assert_eq!((plan.itineraries[0].times.moves, plan.itineraries[0].times.visits), (1, 100));
    assert!(plan.is_optimal());
}

#[test]
fn an_aisle_measured_beyond_all_bounds_keeps_the_given_order_and_proves_nothing() {
    let far = Aisle { bay_width_m: 1e300, ..aisle(0) };
    let layout = Layout::new(Vec::new(), vec![captive(&[0])]).with_aisles(vec![far]);
    let mut rack = Rack { layout };
    let slots = [rack.slot(0, 9, 0), rack.slot(0, 2, 0), rack.slot(0, 4, 0)];
    let plan = usual(&rack, &slots);
    assert_eq!((plan.itineraries[0].slots.clone(), plan.itineraries[0].order), (slots.to_vec(), Order::Within));
    assert!(!plan.is_optimal());
}

#[test]
fn a_replanned_way_begins_in_the_aisle_of_the_crane_unless_that_is_longer() {
    let mut rack = Rack::new(vec![captive(&[0, 1])]);
    let slots = [rack.slot(1, 5, 0), rack.slot(0, 9, 0), rack.slot(1, 2, 0), rack.slot(0, 4, 0)];
    let paces = [Some(pace())];
    let order = |from| replan(&rack.layout, &paces, Crane { queue: 0, from: Some(from) }, &slots, 1, &mut Effort::kicks(9));
    assert_eq!(order(at(0, 10, 0)), [slots[1], slots[3], slots[2], slots[0]]);
    // A move from the front to the end of its own aisle is saved.
    let slots = [rack.slot(1, 1, 0), rack.slot(0, 190, 0)];
    let order = replan(&rack.layout, &paces, Crane { queue: 0, from: Some(at(0, 0, 0)) }, &slots, 1, &mut Effort::kicks(9));
    assert_eq!(order, slots);
}

#[test]
fn the_order_as_given_costs_what_its_moves_and_stops_cost() {
    let mut rack = Rack::new(vec![captive(&[0])]);
    let slots = rack.scattered(0, 30, 60);
    let plan = usual(&rack, &slots);
    let crane = plan.itineraries[0].crane;
    let given = as_given(&rack.layout, &[Some(pace())], &[(crane, slots.clone()), (crane, plan.itineraries[0].slots.clone())]);
    assert!(given[0].travel_s > 2.0 * given[1].travel_s);
    assert_eq!(given[1], plan.itineraries[0].times);
}

#[test]
fn each_crane_has_kicks_of_its_own() {
    let mut rack = Rack::new(vec![captive(&[0]), captive(&[1])]);
    let first = rack.scattered(0, 60, 80);
    let second = rack.scattered(1, 60, 80);
    let alone = usual(&rack, &second);
    let both = usual(&rack, &[first, second].concat());
    assert_eq!(of_queue(&both, 1), of_queue(&alone, 1));
}

#[test]
fn a_clock_ends_every_way() {
    let mut rack = Rack::new(vec![captive(&[0]), captive(&[1])]);
    let slots = [rack.scattered(0, 300, 80), rack.scattered(1, 300, 80)].concat();
    let mut looks = 0;
    let mut time_left = || {
        looks += 1;
        looks < 20
    };
    let mut effort = Effort::kicks(u64::MAX).while_time(&mut time_left);
    let plan = plan(&rack.layout, &[Some(pace()); 2], &at_work(&rack.layout), &slots, 1, &mut effort);
    assert_eq!(plan.itineraries.iter().map(|itinerary| itinerary.slots.len()).sum::<usize>(), 600);
    assert!(looks < 40, "asked {looks} times");
}

#[test]
fn a_crane_that_stands_beyond_all_bounds_is_planned_without_a_proof() {
    let mut rack = Rack::new(vec![captive(&[0, 1, 2])]);
    let slots = [rack.slot(0, 9, 0), rack.slot(1, 2, 0), rack.slot(2, 4, 0)];
    for x_m in [f64::INFINITY, f64::NAN, 1e300] {
        let from = Some(Position { aisle: 3, point: Point { x_m, y_m: 0.0 } });
        let plan = planned(&rack, &[Some(pace())], &[Crane { queue: 0, from }], &slots);
        assert_eq!((sorted(plan.itineraries[0].slots.clone()), plan.itineraries[0].times.moves), (slots.to_vec(), 3));
    }
}
