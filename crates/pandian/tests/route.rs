//! Cranes follow their plan, whatever happens meanwhile: whole stocktakes of simulated warehouses, in virtual time.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "route/counting.rs"]
mod counting;
#[path = "route/forecast.rs"]
mod forecast;
#[path = "support/program.rs"]
mod program;
#[path = "route/rails.rs"]
mod rails;
#[path = "route/sides.rs"]
mod sides;
#[path = "support/warehouse.rs"]
mod warehouse;

use std::time::Duration;

use counting::{Counting, Scattered};
use pandian_domain::plan::{self, Crane};
use pandian_domain::route::Effort;
use pandian_domain::stocktake::Sequence;
use pandian_domain::{Fact, Record, Verdict};
use pandian_engine::Command;
use pandian_engine::run::SEED;
use tokio::time::sleep;
use warehouse::Draft;

/// Two cranes, an aisle of 30 bays and 6 levels each.
fn draft() -> Draft {
    Draft { bays: 30, levels: 6, simulation: "seed = 5\npicture_every = 0\n".into(), ..Draft::default() }
}

fn sent(records: &[Record], crane: &str) -> Vec<String> {
    let sent =
        records.iter().filter(|record| matches!(record.fact, Fact::CraneSent { .. }) && record.crane.as_ref().unwrap().as_str() == crane);
    sent.map(|record| record.location.as_ref().unwrap().to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_stocktake_takes_as_long_as_its_plan_says_and_less_than_in_the_given_order() {
    let counting = Counting::of(&draft()).await;
    let list = counting.scattered(40);
    let site = &counting.assembled.site;
    let cranes: Vec<Crane> = (0..2).map(|queue| Crane { queue, from: site.layout.queues()[queue as usize].home }).collect();
    let slots: Vec<u32> = list.iter().map(|code| site.layout.index_of(code.as_str()).unwrap()).collect();
    let plan = plan::plan(&site.layout, &site.paces, &cranes, &slots, SEED, &mut Effort::kicks(u64::MAX));

    let planned = counting.run(&list, Sequence::Planned).await;
    // A timer rounds each move up to whole milliseconds.
    let over = planned.summary.makespan_seconds - plan.makespan_s();
    assert!((0.0..0.04).contains(&over), "{over} s longer than planned");
    for itinerary in &plan.itineraries {
        let order: Vec<String> = itinerary.slots.iter().map(|slot| site.layout.slot(*slot).code.to_string()).collect();
        assert_eq!(sent(&planned.records, site.layout.lanes()[itinerary.crane.queue as usize].crane.as_str()), order);
    }
    let given = counting.run(&list, Sequence::Given).await;
    assert!(planned.summary.makespan_seconds < 0.6 * given.summary.makespan_seconds, "{:?} and {:?}", planned.summary, given.summary);
    for crane in ["C1", "C2"] {
        let wanted: Vec<String> =
            list.iter().filter(|code| code.as_str().starts_with(&crane.replace('C', "A0"))).map(ToString::to_string).collect();
        assert_eq!(sent(&given.records, crane), wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn stops_are_numbered_as_they_were_asked_for_however_they_are_visited() {
    let counting = Counting::of(&draft()).await;
    let list = counting.scattered(20);
    let run = counting.run(&list, Sequence::Planned).await;
    for record in run.records.iter().filter(|record| matches!(record.fact, Fact::Judged { .. })) {
        assert_eq!(list[record.stop.unwrap().number() as usize - 1], *record.location.as_ref().unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_added_while_it_runs_is_visited_on_the_way() {
    let counting = Counting::of(&draft()).await;
    // Every other bay, there and back would be twice the way.
    let list: Vec<_> = (1..=15).map(|bay| format!("A01-L-{:03}-01", bay * 2).as_str().into()).collect();
    let begun = counting.begin(&list, Sequence::Planned).await;
    let controller = begun.controller.clone();
    sleep(Duration::from_secs(20)).await;
    let more = (8..=14).map(|bay| format!("A01-L-{:03}-01", bay * 2 - 1).as_str().into()).collect();
    controller.control(Command::Add { locations: more }).await.unwrap();
    let run = begun.end().await;
    let order = sent(&run.records, "C1");
    let mut sorted = order.clone();
    sorted.sort();
    assert_eq!(order, sorted, "one way along the aisle");
    assert_eq!(run.summary.tally.requested, 22);
}

#[tokio::test(start_paused = true)]
async fn a_crane_lent_to_production_ends_its_stop_and_goes_on_when_it_is_back() {
    let counting = Counting::of(&draft()).await;
    let list = counting.scattered(30);
    let begun = counting.begin(&list, Sequence::Planned).await;
    let controller = begun.controller.clone();
    sleep(Duration::from_secs(60)).await;
    let lent = controller.control(Command::CraneLend { crane: "C1".into(), hand_on: false }).await.unwrap();
    let in_work = lent.lanes[0].location.clone().unwrap();
    sleep(Duration::from_secs(3600)).await;
    let status = controller.status();
    assert!(status.lanes[0].location.is_none() && status.lanes[0].waiting > 0 && status.lanes[1].waiting == 0, "{status:?}");
    assert!(status.eta_seconds.is_none(), "nobody knows when it is back");
    assert!(controller.control(Command::CraneLend { crane: "C1".into(), hand_on: false }).await.is_err());
    controller.control(Command::CraneIn { crane: "C1".into() }).await.unwrap();
    let run = begun.end().await;
    assert_eq!(run.summary.tally.settled, 30);
    let judged = run.records.iter().find(|record| matches!(record.fact, Fact::Judged { .. }) && record.location.as_ref() == Some(&in_work));
    let out = run.records.iter().find(|record| matches!(record.fact, Fact::LaneOut { .. })).unwrap();
    let after = judged.unwrap().at.duration_since(out.at).as_secs_f64();
    assert!((0.0..60.0).contains(&after), "its stop was ended, not broken off: {after} s");
    let attempts = run.records.iter().filter_map(|record| record.attempt).max();
    assert_eq!(attempts, Some(1), "nothing was done twice");
}

#[tokio::test(start_paused = true)]
async fn a_crane_that_is_out_hands_on_and_the_other_visits_its_stops_on_a_route() {
    let counting = Counting::of(&Draft { shared: true, ..draft() }).await;
    let list = counting.scattered(60);
    let begun = counting.begin(&list, Sequence::Planned).await;
    let controller = begun.controller.clone();
    sleep(Duration::from_secs(30)).await;
    controller.control(Command::CraneOut { crane: "C1".into(), hand_on: true }).await.unwrap();
    let run = begun.end().await;
    assert_eq!(run.summary.tally.settled, 60);
    // It changes into the other aisle once, not for every stop.
    let aisles: Vec<String> = sent(&run.records, "C2").iter().map(|code| code[..3].to_owned()).collect();
    assert!(aisles.windows(2).filter(|pair| pair[0] != pair[1]).count() <= 1, "{aisles:?}");
}

#[tokio::test(start_paused = true)]
async fn a_crane_that_serves_two_aisles_takes_them_one_after_the_other() {
    let aisle =
        |id: &str| format!("[[aisle]]\nid = \"{id}\"\nbays = 30\nlevels = 6\ncode = \"{{aisle}}-{{side}}-{{bay:03}}-{{level:02}}\"\n");
    let crane = "[[crane]]\nid = \"C1\"\naisles = [\"A\", \"B\"]\ndevice = { kind = \"sim\" }\nreader = { kind = \"sim\" }\n";
    let tables = [&aisle("A"), &aisle("B"), crane].concat();
    let counting = Counting::of(&Draft { cranes: 0, tables, ..draft() }).await;
    let run = counting.run(&counting.scattered(40), Sequence::Planned).await;
    let aisles: Vec<String> = sent(&run.records, "C1").iter().map(|code| code[..1].to_owned()).collect();
    assert_eq!(aisles.windows(2).filter(|pair| pair[0] != pair[1]).count(), 1, "{aisles:?}");
}

#[tokio::test(start_paused = true)]
async fn taken_up_again_a_stocktake_keeps_its_kind_of_order() {
    for order in [Sequence::Planned, Sequence::Given] {
        let counting = Counting::of(&draft()).await;
        let list = counting.scattered(30);
        let begun = counting.begin(&list, order).await;
        sleep(Duration::from_secs(60)).await;
        let before = sent(&begun.interrupt().await, "C1");
        let run = counting.take_up_again().await;
        assert_eq!(run.summary.tally.settled, 30);
        let all = sent(&run.records, "C1");
        let wanted: Vec<String> = list.iter().filter(|code| code.as_str().starts_with("A01")).map(ToString::to_string).collect();
        let after = all[before.len()..].iter().map(|code| wanted.iter().position(|wanted| wanted == code).unwrap());
        assert_eq!(after.is_sorted(), order == Sequence::Given, "{all:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn forbidden_zones_and_locked_locations_are_left_out_with_their_reason() {
    let tables = "[[zone]]\naisle = \"A01\"\nbays = [2, 3]\nreason = \"sprinklers are being mended\"\n\
                  [[locked]]\nlocations = [\"A02-L-001-01\"]\nreason = \"customs\"\n";
    let counting = Counting::of(&Draft { bays: 4, levels: 1, tables: tables.into(), ..draft() }).await;
    let run = counting.run(&counting.all(), Sequence::Planned).await;
    let left_out = |reason: &str| {
        let judged = run.records.iter().filter_map(|record| match &record.fact {
            Fact::Judged { judgement, .. } if judgement.reason.as_str() == reason => {
                assert_eq!(judgement.verdict, Verdict::NotCounted);
                Some(record.location.as_ref().unwrap().to_string())
            }
            _ => None,
        });
        let mut judged: Vec<String> = judged.collect();
        judged.sort();
        judged
    };
    assert_eq!(left_out("forbidden_zone"), ["A01-L-002-01", "A01-L-003-01", "A01-R-002-01", "A01-R-003-01"]);
    assert_eq!(left_out("location_locked"), ["A02-L-001-01"]);
    assert!(!sent(&run.records, "C2").contains(&"A02-L-001-01".to_owned()));
    assert_eq!((run.summary.tally.not_counted, run.summary.tally.requested), (5, 16));
}
