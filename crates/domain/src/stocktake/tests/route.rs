//! Queues that follow a plan, and are planned anew.

use super::*;
use crate::layout::{Aisle, Barred};
use crate::plan::{Crane, Itinerary, Order, Plan, Times};

/// One crane, one aisle of ten bays with both sides.
fn aisle(both_sides: bool) -> Layout {
    let lanes = vec![LaneSpec { id: "C1".into(), crane: "C1".into(), queue: 0 }];
    let aisle = Aisle { id: "A".into(), bays: 10, levels: 1, depth: 1, bay_width_m: 1.0, level_height_m: 1.0 };
    let mut layout = Layout::new(lanes, vec![QueueSpec { aisles: vec![0], home: None, both_sides }]).with_aisles(vec![aisle]);
    for bay in 1..=10 {
        for side in [Side::Left, Side::Right] {
            let place = Place { aisle: 0, side, bay, level: 1, depth: 1 };
            layout.add(Slot { code: format!("{}{bay}", side.letter()).as_str().into(), place: Some(place), queue: 0 }).unwrap();
        }
    }
    layout
}

fn counting(layout: Layout, list: &[&str]) -> Stocktake {
    let id = StocktakeId::new("2026-01-02T03:04:05Z".parse().unwrap(), [7; 10]);
    let mut stocktake = Stocktake::new(id, Arc::new(layout), LaneRules { give_up_after: 3, hand_on: true });
    stocktake.add(&codes(list)).unwrap();
    stocktake
}

fn slots(stocktake: &Stocktake, list: &[&str]) -> Vec<u32> {
    list.iter().map(|code| stocktake.layout().index_of(code).unwrap()).collect()
}

fn follow(stocktake: &mut Stocktake, order: &[&str]) {
    let slots = slots(stocktake, order);
    let itinerary = Itinerary { crane: Crane { queue: 0, from: None }, slots, order: Order::Within, times: Times::default(), bound_s: 0.0 };
    stocktake.follow(&Plan { itineraries: vec![itinerary], bound_s: 0.0 }, &[0]);
}

fn waiting(stocktake: &Stocktake) -> Vec<String> {
    stocktake.waiting(0).into_iter().map(|slot| stocktake.layout().slot(slot).code.to_string()).collect()
}

#[test]
fn a_plan_changes_the_order_and_no_number() {
    let mut stocktake = counting(aisle(false), &["L1", "L2", "L3", "L4"]);
    follow(&mut stocktake, &["L3", "L1", "L2"]);
    assert_eq!(waiting(&stocktake), ["L3", "L1", "L2", "L4"], "what the plan does not know comes last");
    assert_eq!(visit(&mut stocktake, 0).id.number(), 3);
}

#[test]
fn a_queue_that_changed_is_planned_before_its_crane_goes_on() {
    let mut stocktake = counting(aisle(false), &["L1", "L5"]);
    follow(&mut stocktake, &["L1", "L5"]);
    let first = visit(&mut stocktake, 0);
    stocktake.add(&codes(&["L3"])).unwrap();
    let [replan] = &stocktake.to_replan()[..] else { panic!() };
    assert_eq!(replan.crane.from.unwrap().point.x_m, 1.0, "its way goes on from where it is going");
    assert_eq!(replan.waiting, slots(&stocktake, &["L5", "L3"]), "the stop in work is no part of it");
    stocktake.leave(0, &[(first.id, Left::Acquired)]);
    assert_eq!(stocktake.take(0), Next::Wait(Idle::Planning));
    // Meanwhile one more comes, and one goes.
    stocktake.add(&codes(&["L4"])).unwrap();
    stocktake.drop_location(&"L5".into()).unwrap();
    stocktake.rearrange(replan, &slots(&stocktake, &["L3", "L5"]));
    assert_eq!(waiting(&stocktake), ["L3", "L4"]);
    let [again] = &stocktake.to_replan()[..] else { panic!("what changed meanwhile is not planned yet") };
    stocktake.rearrange(again, &slots(&stocktake, &["L4", "L3"]));
    assert!(stocktake.to_replan().is_empty());
    assert_eq!(visit(&mut stocktake, 0).location.as_str(), "L4");
}

#[test]
fn both_sides_are_one_visit_where_the_crane_can() {
    let mut stocktake = counting(aisle(true), &["L1", "R1", "L2", "L3", "R3"]);
    let mut visits = Vec::new();
    while let Next::Visit(stops) = stocktake.take(0) {
        visits.push(stops.iter().map(|stop| stop.location.to_string()).collect::<Vec<_>>().join("+"));
        let left: Vec<_> = stops.iter().map(|stop| (stop.id, Left::Acquired)).collect();
        stocktake.leave(0, &left);
        stocktake.check().unwrap();
    }
    assert_eq!(visits, ["L1+R1", "L2", "L3+R3"]);
}

#[test]
fn a_visit_of_both_sides_that_is_broken_off_waits_as_a_whole() {
    let mut stocktake = counting(aisle(true), &["L1", "R1", "L2"]);
    let Next::Visit(stops) = stocktake.take(0) else { panic!() };
    stocktake.leave(0, &[(stops[0].id, Left::Interrupted), (stops[1].id, Left::Interrupted)]);
    assert_eq!(waiting(&stocktake), ["L1", "R1", "L2"]);
    let Next::Visit(stops) = stocktake.take(0) else { panic!() };
    stocktake.leave(0, &[(stops[0].id, Left::Acquired), (stops[1].id, Left::Interrupted)]);
    assert_eq!(waiting(&stocktake), ["R1", "L2"], "what was acquired stays so");
}

#[test]
fn forbidden_and_locked_locations_are_left_out_with_the_reason() {
    let mut layout = aisle(false);
    layout.bar(0, Barred::ForbiddenZone, "sprinklers".into());
    layout.bar(2, Barred::Locked, "customs".into());
    let mut stocktake = counting(layout, &["L1", "L2", "R1"]);
    assert_eq!(waiting(&stocktake), ["R1"]);
    let left_out: Vec<_> = stocktake.strand().into_iter().map(|(stop, reason)| (stop.location.to_string(), reason)).collect();
    assert_eq!(left_out, [("L1".to_owned(), Reason::ForbiddenZone), ("L2".to_owned(), Reason::LocationLocked)]);
    assert!(stocktake.strand().is_empty());
    assert_eq!(stocktake.tally().open(), 3, "until their judgements are on record");
}

#[test]
fn a_crane_lent_to_production_ends_its_stop_and_comes_back_from_nobody_knows_where() {
    let mut stocktake = counting(aisle(false), &["L1", "L2", "L3"]);
    follow(&mut stocktake, &["L1", "L2", "L3"]);
    let stop = visit(&mut stocktake, 0);
    stocktake.take_out(&[0], Outage::Production, false).unwrap();
    stocktake.leave(0, &[(stop.id, Left::Acquired)]);
    assert_eq!(stocktake.take(0), Next::Wait(Idle::CraneOut));
    assert!(stocktake.strand().is_empty(), "it is waited for");
    stocktake.put_in(&[0]).unwrap();
    let [replan] = &stocktake.to_replan()[..] else { panic!("the rest is planned anew") };
    assert_eq!((replan.crane.from, replan.waiting.len()), (None, 2));
}

#[test]
fn what_waits_for_a_crane_that_is_out_and_keeps_it_is_not_planned_for_others() {
    let mut stocktake = super::stocktake();
    stocktake.add(&codes(&["A1", "A2", "B1"])).unwrap();
    stocktake.assign(2, &[2]);
    assert_eq!(stocktake.assigned_elsewhere(1), [(2, vec![2])], "A2 went to the crane that serves both aisles");
    stocktake.take_out(&[0], Outage::Operator, false).unwrap();
    let (cranes, slots) = stocktake.to_plan();
    assert_eq!(cranes.iter().map(|crane| crane.queue).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(slots, super::route::slots(&stocktake, &["A2", "B1"]));
    stocktake.check().unwrap();
}

#[test]
fn a_crane_that_is_lent_can_still_be_taken_out() {
    let mut stocktake = counting(aisle(false), &["L1", "L2"]);
    visit(&mut stocktake, 0);
    stocktake.take_out(&[0], Outage::Production, false).unwrap();
    assert!(stocktake.take_out(&[0], Outage::Production, false).is_err());
    assert!(stocktake.take_out(&[0], Outage::Operator, false).is_ok());
}
