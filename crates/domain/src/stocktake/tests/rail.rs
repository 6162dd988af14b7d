//! Two cranes on one rail, moved step by step as an engine would.

use proptest::prelude::*;

use super::*;
use crate::layout::{Aisle, Position, Rail};
use crate::plan;
use crate::route::{Effort, Point};

const BAYS: u32 = 20;
const GAP_M: f64 = 6.0;

/// One aisle of 20 bays of 1.5 m, one level; a crane at either end.
fn aisle() -> Arc<Layout> {
    let lanes = ["C1", "C2"].iter().zip(0..).map(|(name, queue)| LaneSpec { id: (*name).into(), crane: (*name).into(), queue }).collect();
    let home = |bay: u32| Position { aisle: 0, point: Point { x_m: f64::from(bay) * 1.5, y_m: 0.0 } };
    let queues = [0, BAYS + 1].map(|bay| QueueSpec { aisles: vec![0], home: Some(home(bay)), both_sides: false });
    let aisle = Aisle { id: "A".into(), bays: BAYS, levels: 1, depth: 1, bay_width_m: 1.5, level_height_m: 1.0 };
    let rail = Rail { id: "R".into(), queues: [0, 1], gap_m: GAP_M };
    let mut layout = Layout::new(lanes, queues.to_vec()).with_aisles(vec![aisle]).with_rails(vec![rail]);
    for bay in 1..=BAYS {
        let place = Place { aisle: 0, side: Side::Left, bay, level: 1, depth: 1 };
        layout.add(Slot { code: format!("{bay}").as_str().into(), place: Some(place), queue: 0 }).unwrap();
    }
    Arc::new(layout)
}

fn started(bays: &[u32], order: Sequence) -> Stocktake {
    let layout = aisle();
    let id = StocktakeId::new("2026-01-02T03:04:05Z".parse().unwrap(), [7; 10]);
    let mut stocktake = Stocktake::new(id, layout.clone(), LaneRules { give_up_after: 3, hand_on: true });
    let wanted: Vec<LocationCode> = bays.iter().map(|bay| LocationCode::from(bay.to_string().as_str())).collect();
    stocktake.add(&wanted).unwrap();
    if order == Sequence::Planned {
        let (cranes, slots) = stocktake.to_plan();
        let plan = plan::plan(&layout, &[Some(pace()); 2], &cranes, &slots, 1, &mut Effort::kicks(100));
        stocktake.follow(&plan, &[0, 1]);
    }
    stocktake
}

fn pace() -> plan::Pace {
    plan::Pace {
        kinematics: crate::travel::Kinematics::default(),
        overhead: std::time::Duration::ZERO,
        aisle_change: std::time::Duration::ZERO,
        dwell: std::time::Duration::from_secs(2),
        verdict_after: std::time::Duration::ZERO,
        returns_home: false,
    }
}

/// Lets the cranes work in a random rhythm until nothing moves any more. At every moment they keep their gap.
fn work(stocktake: &mut Stocktake, mut chance: impl FnMut() -> bool) -> usize {
    let mut visits: [Option<(Vec<Stop>, bool)>; 2] = [None, None];
    let mut given_way = 0;
    for _ in 0..10_000 {
        let mut moved = false;
        for lane in [0_u32, 1] {
            match visits[lane as usize].take() {
                None => match stocktake.take(lane) {
                    Next::Visit(stops) => visits[lane as usize] = Some((stops, false)),
                    Next::GiveWay(stop) => {
                        given_way += 1;
                        visits[lane as usize] = Some((vec![stop], false));
                    }
                    Next::Wait(Idle::TakenOver) => {}
                    Next::Wait(Idle::Planning) => {
                        for replan in stocktake.to_replan() {
                            stocktake.rearrange(&replan, &replan.waiting.clone());
                        }
                        moved = true;
                        continue;
                    }
                    Next::Wait(_) => continue,
                },
                Some(visit) if chance() => visits[lane as usize] = Some(visit),
                // Broken off on its way: it stands anywhere between.
                Some((stops, false)) if chance() => {
                    let left: Vec<_> = stops.iter().map(|stop| (stop.id, Left::Interrupted)).collect();
                    stocktake.leave(lane, &left);
                }
                Some((stops, false)) => {
                    stocktake.arrived(lane);
                    visits[lane as usize] = Some((stops, true));
                }
                Some((stops, true)) => {
                    let left: Vec<_> = stops.iter().map(|stop| (stop.id, Left::Acquired)).collect();
                    stocktake.leave(lane, &left);
                    for stop in stops.iter().filter(|stop| stop.purpose == Purpose::Count) {
                        stocktake.settle(stop.id, Verdict::Match);
                    }
                }
            }
            moved = true;
            let [low, high] = [0, 1].map(|lane: usize| stocktake.lanes[lane].span);
            assert!(low.to_m + GAP_M <= high.from_m + 1e-9, "{low:?} and {high:?} come too near");
            assert_eq!(stocktake.check(), Ok(()));
        }
        if !moved {
            break;
        }
    }
    given_way
}

proptest! {
    #[test]
    fn two_cranes_on_one_rail_keep_their_gap_and_visit_everything(
        bays in proptest::sample::subsequence((1..=BAYS).collect::<Vec<_>>(), 0..=BAYS as usize).prop_shuffle(),
        more in proptest::sample::subsequence((1..=BAYS).collect::<Vec<_>>(), 0..6).prop_shuffle(),
        planned in any::<bool>(),
        rhythm in proptest::collection::vec(any::<bool>(), 64),
    ) {
        let mut stocktake = started(&bays, if planned { Sequence::Planned } else { Sequence::Given });
        let mut beat = rhythm.iter().cycle();
        let mut chance = || *beat.next().unwrap() && rhythm.contains(&false);
        work(&mut stocktake, &mut chance);
        prop_assert_eq!(stocktake.tally().open(), 0, "everything was visited");
        // What is added when both are done is visited too, wherever they stand by then.
        for bay in more {
            drop(stocktake.add(&[LocationCode::from(bay.to_string().as_str())]));
            work(&mut stocktake, &mut chance);
            prop_assert_eq!(stocktake.tally().open(), 0, "bay {} was visited too", bay);
        }
    }
}

#[test]
fn an_idle_crane_gives_way_to_the_other() {
    let mut stocktake = started(&[10, 11], Sequence::Planned);
    work(&mut stocktake, || false);
    assert_eq!(stocktake.tally().open(), 0);
    stocktake.queues[1].routed = false;
    stocktake.add(&codes(&["12", "9"])).unwrap();
    // Both lie between the two: whoever has one of them, the other has to make room.
    let given_way = work(&mut stocktake, || false);
    assert!(stocktake.tally().open() == 0 && (1..=2).contains(&given_way), "{given_way}");
}

#[test]
fn what_lies_behind_a_crane_that_gave_up_is_stranded() {
    let mut stocktake = started(&[3, 18], Sequence::Planned);
    assert!(matches!(stocktake.take(0), Next::Visit(_)));
    stocktake.arrived(0);
    stocktake.leave(0, &[(stocktake.id().stop(1), Left::Acquired)]);
    stocktake.settle(stocktake.id().stop(1), Verdict::Match);
    let Next::Visit(stops) = stocktake.take(1) else { panic!() };
    stocktake.arrived(1);
    stocktake.take_out(&[1], Outage::GaveUp, false).unwrap();
    stocktake.leave(1, &[(stops[0].id, Left::Acquired)]);
    stocktake.settle(stops[0].id, Verdict::Match);
    stocktake.add(&codes(&["20"])).unwrap();
    assert_eq!(stocktake.take(0), Next::Wait(Idle::WayBlocked));
    let stranded = stocktake.strand();
    assert_eq!(stranded.iter().map(|(stop, reason)| (stop.location.as_str(), *reason)).collect::<Vec<_>>(), [("20", Reason::WayBlocked)]);
}

#[test]
fn a_stop_for_which_neither_crane_can_make_room_is_given_up() {
    let mut layout = Arc::into_inner(aisle()).unwrap();
    // Only the middle of the aisle may be entered: there is nowhere to go.
    for bay in (1..=8).chain(13..=BAYS) {
        layout.bar(bay - 1, crate::layout::Barred::ForbiddenZone, "closed".into());
    }
    let id = StocktakeId::new("2026-01-02T03:04:05Z".parse().unwrap(), [7; 10]);
    let mut stocktake = Stocktake::new(id, Arc::new(layout), LaneRules { give_up_after: 3, hand_on: true });
    stocktake.add(&codes(&["9", "12"])).unwrap();
    stocktake.stand(1, stocktake.layout().position(10), &[]);
    work(&mut stocktake, || false);
    for (stop, reason) in stocktake.strand() {
        assert_eq!(reason, Reason::WayBlocked);
        stocktake.settle(stop.id, Verdict::NotCounted);
        work(&mut stocktake, || false);
    }
    assert_eq!(stocktake.tally().open(), 0, "{:?}", stocktake.tally());
}

#[test]
fn taken_up_again_a_crane_keeps_clear_of_where_the_other_was_last_seen_or_sent() {
    let mut stocktake = started(&[3, 18], Sequence::Given);
    let position = |bay: u32| stocktake.layout().position(bay - 1);
    let (seen, sent) = (position(12), position(6).unwrap());
    stocktake.stand(1, seen, &[sent]);
    assert!(matches!(stocktake.take(0), Next::Wait(Idle::WayBlocked)), "bay 3 is nearer than the gap to where the other may be");
}
