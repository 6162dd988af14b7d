use proptest::prelude::*;

use super::*;
use crate::lane::LaneSpec;
use crate::layout::{QueueSpec, Slot};
use crate::location::{Place, Side};

mod rail;
mod route;

/// Two cranes on one aisle each, a third that can serve both aisles, four locations an aisle.
fn stocktake() -> Stocktake {
    let lanes =
        ["C1", "C2", "C3"].iter().zip(0..).map(|(name, queue)| LaneSpec { id: (*name).into(), crane: (*name).into(), queue }).collect();
    let queues = [vec![0], vec![1], vec![0, 1]].map(|aisles| QueueSpec { aisles, ..QueueSpec::default() }).to_vec();
    let mut layout = Layout::new(lanes, queues);
    for (aisle, letter) in ["A", "B"].iter().enumerate() {
        for bay in 1..=4 {
            let place = Place { aisle: aisle as u16, side: Side::Left, bay, level: 1, depth: 1 };
            layout.add(Slot { code: format!("{letter}{bay}").as_str().into(), place: Some(place), queue: aisle as u32 }).unwrap();
        }
    }
    let id = StocktakeId::new("2026-01-02T03:04:05Z".parse().unwrap(), [7; 10]);
    Stocktake::new(id, Arc::new(layout), LaneRules { give_up_after: 3, hand_on: true })
}

fn codes(list: &[&str]) -> Vec<LocationCode> {
    list.iter().map(|code| (*code).into()).collect()
}

fn visit(stocktake: &mut Stocktake, lane: LaneIndex) -> Stop {
    match stocktake.take(lane) {
        Next::Visit(mut stops) if stops.len() == 1 => stops.remove(0),
        next => panic!("lane {lane} does not visit one location: {next:?}"),
    }
}

#[test]
fn each_lane_takes_from_its_own_queue_in_the_given_order() {
    let mut stocktake = stocktake();
    assert_eq!(stocktake.add(&codes(&["B2", "A1", "B1"])).unwrap(), 1);
    assert_eq!(visit(&mut stocktake, 1).location.as_str(), "B2");
    assert_eq!(visit(&mut stocktake, 0).location.as_str(), "A1");
    assert_eq!(stocktake.take(2), Next::Wait(Idle::QueueEmpty));
}

#[test]
fn adding_is_all_or_nothing() {
    let mut stocktake = stocktake();
    stocktake.add(&codes(&["A1"])).unwrap();
    assert_eq!(stocktake.add(&codes(&["A2", "A1"])), Err(Refusal::AlreadyRequested("A1".into())));
    assert_eq!(stocktake.add(&codes(&["A2", "Z9"])), Err(Refusal::UnknownLocation("Z9".into())));
    assert_eq!(stocktake.tally().requested, 1);
    assert_eq!(stocktake.add(&codes(&["A2"])).unwrap(), 2);
    stocktake.check().unwrap();
}

#[test]
fn a_crane_taken_out_hands_its_queue_to_cranes_that_can_serve_it() {
    let mut stocktake = stocktake();
    stocktake.add(&codes(&["A1", "A2", "A3"])).unwrap();
    let stop = visit(&mut stocktake, 0);
    let out = stocktake.take_out(&[0], Outage::Operator, true).unwrap();
    assert_eq!((out.handed_on, out.kept), (2, 0));
    stocktake.leave(0, &[(stop.id, Left::Interrupted)]);
    assert_eq!(stocktake.lane(0).2, 0, "what it was busy with is handed on too");
    assert_eq!(stocktake.take(0), Next::Wait(Idle::CraneOut));
    assert_eq!(visit(&mut stocktake, 2).location.as_str(), "A2");
    // Back at work, it gets back what still waits.
    stocktake.put_in(&[0]).unwrap();
    assert_eq!(visit(&mut stocktake, 0).location.as_str(), "A1");
    assert_eq!(stocktake.lane(2).2, 0);
    stocktake.check().unwrap();
}

#[test]
fn stops_of_a_crane_that_gave_up_are_stranded_only_when_nobody_works_any_more() {
    let mut stocktake = stocktake();
    stocktake.add(&codes(&["A1", "B1"])).unwrap();
    let at_b = visit(&mut stocktake, 1);
    stocktake.take_out(&[0, 2], Outage::GaveUp, true).unwrap();
    assert!(stocktake.strand().is_empty());
    stocktake.leave(1, &[(at_b.id, Left::Acquired)]);
    assert_eq!(stocktake.strand().len(), 1);
    stocktake.check().unwrap();
}

#[test]
fn a_crane_that_a_person_took_out_is_waited_for_by_stops_that_it_can_take_over() {
    let mut stocktake = stocktake();
    stocktake.add(&codes(&["A1"])).unwrap();
    stocktake.take_out(&[2], Outage::Operator, false).unwrap();
    stocktake.take_out(&[0], Outage::GaveUp, true).unwrap();
    assert!(stocktake.strand().is_empty());
    stocktake.put_in(&[2]).unwrap();
    assert_eq!(visit(&mut stocktake, 2).location.as_str(), "A1");
}

#[test]
fn a_finished_stocktake_takes_no_more_commands() {
    let mut stocktake = stocktake();
    stocktake.add(&codes(&["A1"])).unwrap();
    let stop = visit(&mut stocktake, 0);
    assert!(!stocktake.finish());
    stocktake.leave(0, &[(stop.id, Left::Acquired)]);
    stocktake.settle(stop.id, Verdict::Match);
    assert!(stocktake.finish());
    assert_eq!(stocktake.add(&codes(&["A2"])), Err(Refusal::Finished));
    assert_eq!(stocktake.cancel(), Err(Refusal::Finished));
}

#[test]
fn a_lane_that_gives_up_too_often_is_taken_out() {
    let mut stocktake = stocktake();
    stocktake.add(&codes(&["A1", "A2", "A3", "A4"])).unwrap();
    for n in 1..=3 {
        let stop = visit(&mut stocktake, 0);
        let gave_up = stocktake.leave(0, &[(stop.id, Left::GivenUp)]);
        assert_eq!(gave_up.map(|gave_up| (gave_up.in_a_row, gave_up.out.handed_on)), (n == 3).then_some((3, 1)));
    }
}

#[test]
fn a_crane_taken_out_by_a_person_is_waited_for() {
    let mut stocktake = stocktake();
    stocktake.add(&codes(&["A1"])).unwrap();
    stocktake.take_out(&[0], Outage::Operator, false).unwrap();
    assert!(stocktake.strand().is_empty());
    stocktake.put_in(&[0]).unwrap();
    assert_eq!(visit(&mut stocktake, 0).location.as_str(), "A1");
}

#[test]
fn a_dropped_location_leaves_the_tally_and_may_be_added_again() {
    let mut stocktake = stocktake();
    stocktake.add(&codes(&["A1", "A2"])).unwrap();
    stocktake.drop_location(&"A1".into()).unwrap();
    assert_eq!(stocktake.tally().requested, 1);
    assert_eq!(stocktake.drop_location(&"A1".into()), Err(Refusal::NotRequested("A1".into())));
    stocktake.add(&codes(&["A1"])).unwrap();
    let stop = visit(&mut stocktake, 0);
    assert!(matches!(stocktake.drop_location(&stop.location), Err(Refusal::InWork(..))));
    stocktake.check().unwrap();
}

#[derive(Debug, Clone)]
enum Step {
    Add(usize),
    Drop(usize),
    Take(u32),
    Leave(u32, u8),
    Settle(u32),
    Out(u32, bool),
    In(u32),
    Pause,
    Resume,
    Cancel,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..8_usize).prop_map(Step::Add),
        1 => (0..8_usize).prop_map(Step::Drop),
        6 => (0..3_u32).prop_map(Step::Take),
        6 => (0..3_u32, 0..3_u8).prop_map(|(lane, left)| Step::Leave(lane, left)),
        3 => (1..12_u32).prop_map(Step::Settle),
        1 => (0..3_u32, any::<bool>()).prop_map(|(lane, hand_on)| Step::Out(lane, hand_on)),
        1 => (0..3_u32).prop_map(Step::In),
        1 => Just(Step::Pause),
        2 => Just(Step::Resume),
        1 => Just(Step::Cancel),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_every_stop_is_in_exactly_one_place(steps in proptest::collection::vec(step(), 0..80)) {
        let mut stocktake = stocktake();
        let code = |index: usize| LocationCode::from(["A1", "A2", "A3", "A4", "B1", "B2", "B3", "B4"][index]);
        for step in steps {
            match step {
                Step::Add(index) => drop(stocktake.add(&[code(index)])),
                Step::Drop(index) => drop(stocktake.drop_location(&code(index))),
                Step::Take(lane) => if stocktake.lane(lane).1.is_none() { stocktake.take(lane); },
                Step::Leave(lane, left) => if let Some(stop) = stocktake.lane(lane).1 {
                    stocktake.leave(lane, &[(stop.id, [Left::Acquired, Left::GivenUp, Left::Interrupted][usize::from(left)])]);
                },
                Step::Settle(number) => {
                    let id = stocktake.id().stop(number);
                    if stocktake.stop_of(id).is_some() && matches!(stocktake.entry(number).state, EntryState::Released) {
                        stocktake.settle(id, Verdict::Match);
                    }
                }
                Step::Out(lane, hand_on) => drop(stocktake.take_out(&[lane], Outage::Operator, hand_on)),
                Step::In(lane) => drop(stocktake.put_in(&[lane])),
                Step::Pause => drop(stocktake.pause()),
                Step::Resume => drop(stocktake.resume()),
                Step::Cancel => drop(stocktake.cancel()),
            }
            prop_assert_eq!(stocktake.check(), Ok(()));
        }
    }
}
