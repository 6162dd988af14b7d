use std::ops::RangeInclusive;

use proptest::prelude::*;

use super::*;

/// A fast crane that drives as it lifts, and the usual one.
fn cranes() -> [Kinematics; 2] {
    let light = Kinematics { drive: Axis { speed: 4.0, acceleration: 1.5 }, lift: Axis { speed: 2.0, acceleration: 2.0 } };
    [Kinematics::default(), light]
}

fn point(x_m: f64, y_m: f64) -> Point {
    Point { x_m, y_m }
}

fn slot(column: u32, level: u32) -> Point {
    point(f64::from(column) * 1.4, f64::from(level) * 1.7)
}

/// Every slot of an aisle, on both sides.
fn aisle(columns: u32, levels: u32) -> Vec<Point> {
    (0..columns).flat_map(|column| (0..levels).flat_map(move |level| [slot(column, level); 2])).collect()
}

fn problem(points: Vec<Point>, start: Option<Point>, end: End) -> Problem {
    Problem::new(points, start, end, Kinematics::default()).unwrap()
}

fn sorted(mut order: Vec<u32>) -> Vec<u32> {
    order.sort_unstable();
    order
}

/// Slots of a rack, or any points, in any combination of ends.
fn any_problem(count: RangeInclusive<usize>) -> impl Strategy<Value = Problem> {
    let slots = (0_u32..40, 0_u32..10).prop_map(|(column, level)| slot(column, level));
    let anywhere = (-50.0..50.0, -5.0..20.0).prop_map(|(x, y)| point(x, y));
    let place = prop_oneof![3 => slots, 1 => anywhere];
    let ends = (proptest::option::of(place.clone()), proptest::option::of(place.clone()), any::<bool>());
    (proptest::collection::vec(place, count), ends, 0..2_usize).prop_map(|(points, (start, goal, home), crane)| {
        let goal = if home { start } else { goal };
        Problem::new(points, start, goal.map_or(End::Open, End::At), cranes()[crane]).unwrap()
    })
}

/// So many random cases of a property. `PANDIAN_ROUTE_INSTANCES` makes as many of a thousand, and of other numbers in proportion.
fn cases(usual: u32) -> ProptestConfig {
    let thousand = std::env::var("PANDIAN_ROUTE_INSTANCES").map_or(1000, |number| number.parse::<u64>().unwrap());
    ProptestConfig::with_cases((u64::from(usual) * thousand).div_ceil(1000).try_into().unwrap())
}

/// The shortest of all orders.
fn by_brute_force(problem: &Problem) -> f64 {
    fn extend(problem: &Problem, order: &mut Vec<u32>, best: &mut f64) {
        let count = problem.points().len() as u32;
        if order.len() == count as usize {
            *best = best.min(problem.travel_s(order.iter().copied()));
        }
        for next in (0..count).filter(|next| !order.contains(next)).collect::<Vec<_>>() {
            order.push(next);
            extend(problem, order, best);
            order.pop();
        }
    }
    let mut best = f64::INFINITY;
    extend(problem, &mut Vec::new(), &mut best);
    best
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn every_stop_comes_exactly_once_and_no_rule_is_shorter(problem in any_problem(0..=30), seed in any::<u64>()) {
        let route = solve(&problem, seed, &mut Effort::kicks(20));
        let count = problem.points().len() as u32;
        prop_assert_eq!(sorted(route.order.clone()), (0..count).collect::<Vec<_>>());
        let costs = rules(&problem, &[]);
        let cheapest = costs.given_s.min(costs.bands_s).min(costs.serpentine_s).min(costs.nearest_s);
        prop_assert!(route.travel_s <= cheapest * (1.0 + EQUAL), "{} > {:?}", route.travel_s, costs);
        prop_assert!(route.bound_s <= route.travel_s && route.bound_s >= 0.0);
        prop_assert_eq!(route.travel_s, problem.travel_s(route.order.iter().copied()));
    }

    #[test]
    fn travel_is_a_metric(places in proptest::array::uniform3((-200.0..200.0, -40.0..40.0)), speed in 0.01..10.0, acceleration in 0.01..10.0) {
        let [a, b, c] = places.map(|(x, y)| point(x, y));
        let kinematics = Kinematics { drive: Axis { speed, acceleration }, lift: Axis { speed: acceleration, acceleration: speed } };
        let seconds = |a, b| spots::seconds(kinematics, a, b);
        prop_assert_eq!(seconds(a, b), seconds(b, a));
        prop_assert_eq!(seconds(a, a), 0.0);
        prop_assert!(seconds(a, c) <= (seconds(a, b) + seconds(b, c)) * (1.0 + EQUAL));
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn an_order_at_hand_is_only_improved(problem in any_problem(0..=60), known in proptest::collection::vec(0_u32..80, 0..80)) {
        let count = problem.points().len() as u32;
        let improved = improve(&problem, &known, 1, &mut Effort::kicks(20));
        prop_assert_eq!(sorted(improved.order.clone()), (0..count).collect::<Vec<_>>());
        prop_assert!(improved.bound_s <= improved.travel_s);
        let again = improve(&problem, &improved.order, 2, &mut Effort::kicks(20));
        prop_assert!(again.travel_s <= improved.travel_s * (1.0 + EQUAL));
        let solved = solve(&problem, 1, &mut Effort::kicks(20));
        prop_assert!(improved.bound_s <= solved.travel_s * (1.0 + EQUAL), "a bound above a route");
        prop_assert!(solved.bound_s <= improved.travel_s * (1.0 + EQUAL), "a bound above a route");
    }

    #[test]
    fn few_stops_are_solved_exactly(problem in any_problem(0..=6)) {
        let route = solve(&problem, 0, &mut Effort::kicks(0));
        prop_assert_eq!(route.proof, Proof::Optimal);
        prop_assert!((route.travel_s - by_brute_force(&problem)).abs() <= 1e-9 * (1.0 + route.travel_s));
    }

    #[test]
    fn branch_and_bound_agrees_with_the_dynamic_programme(problem in any_problem(5..=10)) {
        let spots = Spots::new(&problem);
        prop_assume!(spots.free().count() >= 3);
        let exact = spots.length(&exact::shortest(&spots));
        let any_path: Vec<_> = spots.free().collect();
        let (bound, better) = branch::prove(&spots, spots.length(&any_path), &mut Effort::kicks(100_000));
        let found = spots.length(&better.unwrap_or(any_path));
        prop_assert!((found - exact).abs() <= 1e-8 * exact, "found {found}, bound {bound}, shortest {exact}");
        prop_assert!((bound - exact).abs() <= 1e-8 * exact, "bound {bound}, shortest {exact}");
    }

    #[test]
    fn no_bound_is_above_the_shortest_route(problem in any_problem(5..=10)) {
        let spots = Spots::new(&problem);
        prop_assume!(spots.free().count() >= 3);
        let path = exact::shortest(&spots);
        let (exact, neighbours) = (spots.length(&path), Neighbours::new(&spots));
        let given: Vec<_> = spots.free().collect();
        let bounds = [
            bound::below(&spots, &neighbours, &given, spots.length(&given), &mut Effort::kicks(0)),
            bound::tree(&spots, &neighbours, &given),
            cuts::below(&spots, &neighbours),
        ];
        prop_assert!(bounds.iter().all(|bound| *bound <= exact * (1.0 + EQUAL)), "bounds {bounds:?}, shortest {exact}");
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn the_same_seed_gives_the_same_route(problem in any_problem(10..=150), seed in any::<u64>()) {
        let solved = || solve(&problem, seed, &mut Effort::kicks(50));
        prop_assert_eq!(solved(), solved());
    }
}

#[test]
fn a_whole_aisle_is_proved_optimal() {
    for kinematics in cranes() {
        for end in [End::Open, End::At(slot(0, 0))] {
            let problem = Problem::new(aisle(80, 14), Some(slot(0, 0)), end, kinematics).unwrap();
            let route = solve(&problem, 0, &mut Effort::kicks(0));
            assert_eq!(route.order.len(), 2240);
            assert_eq!(route.proof, Proof::Optimal, "{end:?}: {} s, bound {} s", route.travel_s, route.bound_s);
        }
    }
}

#[test]
fn both_sides_of_the_aisle_are_one_stop_of_the_route() {
    let problem = problem(aisle(3, 2), Some(slot(0, 0)), End::Open);
    let order = solve(&problem, 0, &mut Effort::kicks(0)).order;
    assert!(order.chunks(2).all(|pair| pair[0] + 1 == pair[1]), "{order:?}");
    assert_eq!(order[..2], [0, 1]);
}

#[test]
fn nothing_to_visit_is_a_route() {
    let nowhere = solve(&problem(vec![], None, End::Open), 0, &mut Effort::kicks(1));
    assert_eq!((nowhere.order.len(), nowhere.travel_s, nowhere.gap(), nowhere.proof), (0, 0.0, 0.0, Proof::Optimal));
    let transfer = solve(&problem(vec![], Some(slot(0, 0)), End::At(slot(10, 0))), 0, &mut Effort::kicks(1));
    assert!(transfer.travel_s > 0.0 && transfer.bound_s == transfer.travel_s);
}

#[test]
fn one_stop_is_reached_by_the_one_way_there_is() {
    let (foot, stop) = (slot(0, 0), slot(10, 4));
    for (end, moves) in [(End::Open, 1.0), (End::At(foot), 2.0), (End::At(stop), 1.0)] {
        let route = solve(&problem(vec![stop], Some(foot), end), 0, &mut Effort::kicks(1));
        let travel_s = moves * spots::seconds(Kinematics::default(), foot, stop);
        assert_eq!((route.order, route.travel_s, route.proof), (vec![0], travel_s, Proof::Optimal));
    }
    let here = solve(&problem(vec![stop], None, End::Open), 0, &mut Effort::kicks(1));
    assert_eq!((here.order, here.travel_s, here.proof), (vec![0], 0.0, Proof::Optimal));
}

#[test]
fn stops_that_are_all_at_the_same_place_cost_nothing_but_the_way_there() {
    for start in [None, Some(slot(3, 3)), Some(slot(0, 0))] {
        let problem = problem(vec![slot(3, 3); 1000], start, End::Open);
        let route = solve(&problem, 0, &mut Effort::kicks(1));
        assert_eq!(route.order, (0..1000).collect::<Vec<_>>());
        assert_eq!(route.proof, Proof::Optimal);
        assert_eq!(route.travel_s, start.map_or(0.0, |start| spots::seconds(problem.kinematics(), start, slot(3, 3))));
    }
}

#[test]
fn a_route_ends_where_it_must() {
    let points: Vec<Point> = (0..40).map(|number| slot(number * 7 % 40, number * 3 % 10)).collect();
    let last = points[17];
    let route = solve(&problem(points.clone(), None, End::At(last)), 0, &mut Effort::kicks(100));
    assert_eq!(route.order.last(), Some(&17));
    let route = solve(&problem(points, Some(last), End::At(slot(39, 9))), 0, &mut Effort::kicks(100));
    assert_eq!(route.order.first(), Some(&17));
}

#[test]
fn numbers_that_no_rack_or_crane_has_are_refused_by_name() {
    let refused = |points: Vec<Point>, start, end, kinematics| Problem::new(points, start, end, kinematics).unwrap_err().to_string();
    let crane = Kinematics::default();
    for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
        let message = refused(vec![slot(0, 0), point(0.0, wrong)], None, End::Open, crane);
        assert!(message.starts_with("point 1 is at 0 m"), "{message}");
        assert!(refused(vec![], Some(point(wrong, 0.0)), End::Open, crane).starts_with("the start"));
        assert!(refused(vec![], None, End::At(point(wrong, 0.0)), crane).starts_with("the end"));
    }
    for wrong in [f64::NAN, f64::INFINITY, 0.0, -1.0] {
        let drive = |speed, acceleration| Kinematics { drive: Axis { speed, acceleration }, ..crane };
        let lift = |speed, acceleration| Kinematics { lift: Axis { speed, acceleration }, ..crane };
        for (kinematics, name) in [
            (drive(wrong, 1.0), "drive speed"),
            (drive(1.0, wrong), "drive acceleration"),
            (lift(wrong, 1.0), "lift speed"),
            (lift(1.0, wrong), "lift acceleration"),
        ] {
            let message = refused(vec![], None, End::Open, kinematics);
            assert!(message.starts_with(name), "{message}");
        }
    }
}

#[test]
fn the_slowest_crane_in_the_longest_aisle_is_still_planned() {
    let slow = Axis { speed: 1e-6, acceleration: 1e-6 };
    let points = (0..50).map(|number| point(f64::from(number * 37 % 50) * 4e4 - 1e6, f64::from(number * 11 % 50))).collect();
    let problem = Problem::new(points, None, End::Open, Kinematics { drive: slow, lift: slow }).unwrap();
    let route = solve(&problem, 0, &mut Effort::kicks(100));
    assert!(route.travel_s.is_finite() && route.gap() < 0.05, "{route:?}");
}

#[test]
fn a_search_ends_when_time_is_up() {
    let points = (0..300).map(|number| slot(number * 7 % 80, number * 5 % 14)).collect();
    let mut looks = 0;
    let mut time_left = || {
        looks += 1;
        looks < 50
    };
    let problem = problem(points, None, End::Open);
    let route = solve(&problem, 0, &mut Effort::kicks(u64::MAX).while_time(&mut time_left));
    assert_eq!(route.order.len(), 300);
    assert!(looks <= 52, "asked {looks} times");
}

#[test]
fn a_hundred_thousand_stops_are_ordered_even_without_time() {
    let scattered = |number: u64| (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44) as f64 / 1e4;
    let points = (0..100_000).map(|number| point(scattered(number), scattered(number + 1_000_000) / 4.0)).collect();
    let problem = problem(points, Some(slot(0, 0)), End::Open);
    let route = solve(&problem, 0, &mut Effort::kicks(0).while_time(&mut || false));
    assert_eq!(sorted(route.order), (0..100_000).collect::<Vec<_>>());
    assert!(route.bound_s > 0.0 && route.bound_s < route.travel_s);
}
