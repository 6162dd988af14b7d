//! Whose tag it is, from the first read to the final judgement: whole stocktakes of simulated warehouses whose readers hear the neighbours,
//! in virtual time.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "route/counting.rs"]
mod counting;
#[path = "support/warehouse.rs"]
mod warehouse;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use counting::{Counting, Scattered};
use pandian_domain::stocktake::Sequence;
use pandian_domain::{Fact, Purpose, Record, Stage, StopId, Verdict};
use pandian_engine::{Command, Site};
use tokio::time::sleep;
use warehouse::Draft;

/// Two cranes, an aisle of 12 bays and 5 levels each, back to back; readers hear what the radio lets through.
fn draft() -> Draft {
    let simulation = "seed = 11\ndifferences = 0.1\nmisplaced_within = 3\npicture_every = 0\n[simulation.radio]\n";
    Draft { bays: 12, levels: 5, simulation: simulation.into(), camera: true, ..Draft::default() }
}

/// The final verdicts, after a check that there is one a location and that it names the provisional one before it.
fn finals(records: &[Record], first_seq: u64) -> BTreeMap<String, Verdict> {
    let mut provisional: BTreeMap<StopId, u64> = BTreeMap::new();
    let mut finals = BTreeMap::new();
    for (record, seq) in records.iter().zip(first_seq..) {
        let Fact::Judged { judgement, stage, supersedes, .. } = &record.fact else { continue };
        let (stop, location) = (record.stop.unwrap(), record.location.as_ref().unwrap().to_string());
        match stage {
            Stage::Provisional => assert!(provisional.insert(stop, seq).is_none(), "{location} was judged provisionally twice"),
            Stage::Final => {
                assert_eq!(*supersedes, provisional.get(&stop).copied(), "{location}");
                assert!(finals.insert(location.clone(), judgement.verdict).is_none(), "{location} was judged finally twice");
            }
        }
    }
    finals
}

fn listened(records: &[Record]) -> HashSet<StopId> {
    let listen = |record: &&Record| matches!(record.fact, Fact::CraneSent { purpose: Purpose::Listen });
    records.iter().filter(listen).filter_map(|record| record.stop).collect()
}

#[tokio::test(start_paused = true)]
async fn a_full_count_with_strays_finds_what_was_planted_and_pairs_both_ends() {
    let counting = Counting::of(&draft()).await;
    let run = counting.run(&counting.all(), Sequence::Planned).await;
    let finals = finals(&run.records, 1);
    let world = counting.assembled.simulation.as_ref().unwrap().world();
    let planted: BTreeMap<String, Verdict> = world.planted().map(|planted| (planted.location.to_string(), planted.verdict)).collect();
    assert!(planted.len() > 15, "{planted:?}");
    let wrong: Vec<_> = finals
        .iter()
        .filter(|(location, verdict)| match planted.get(*location) {
            Some(planted) => planted != *verdict,
            None => !verdict.is_agreement(),
        })
        .collect();
    assert!(wrong.len() <= 2, "{wrong:?}");
    let heard: u64 =
        run.records.iter().filter_map(|record| if let Fact::InventoryDone { tags, .. } = record.fact { Some(tags) } else { None }).sum();
    let counted: u64 = run
        .records
        .iter()
        .filter_map(|record| if let Fact::Judged { stage: Stage::Final, tags, .. } = record.fact { tags } else { None })
        .sum();
    assert!(heard > 4 * counted, "{heard} heard, {counted} counted: the readers hear strays");

    let judgements: BTreeMap<String, _> = run
        .records
        .iter()
        .filter_map(|record| match &record.fact {
            Fact::Judged { judgement, stage: Stage::Final, .. } => Some((record.location.as_ref().unwrap().to_string(), judgement)),
            _ => None,
        })
        .collect();
    let pairs = world.planted().filter(|planted| planted.verdict == Verdict::Misplaced);
    let pairs: Vec<_> = pairs.map(|planted| (planted.location.to_string(), planted.partner.unwrap().to_string())).collect();
    assert!(pairs.len() >= 3);
    for (there, home) in pairs {
        assert_eq!(judgements[&there].belongs_at.as_ref().map(ToString::to_string), Some(home.clone()), "{there}");
        assert_eq!(judgements[&home].found_at.as_ref().map(ToString::to_string), Some(there), "{home}");
    }
}

#[tokio::test(start_paused = true)]
async fn taken_up_again_at_any_moment_it_comes_to_the_same_end() {
    // With a budget that nothing competes for.
    let draft = || Draft { tables: "[attribution]\nlisten_budget = 1.0\n".into(), ..draft() };
    let undisturbed = {
        let counting = Counting::of(&draft()).await;
        finals(&counting.run(&counting.scattered(60), Sequence::Planned).await.records, 1)
    };
    for seconds in [5, 40, 90, 160, 200] {
        let counting = Counting::of(&draft()).await;
        let begun = counting.begin(&counting.scattered(60), Sequence::Planned).await;
        sleep(Duration::from_secs(seconds)).await;
        if begun.is_over() {
            break;
        }
        begun.interrupt().await;
        let run = counting.take_up_again().await;
        let again = finals(&run.records, 1);
        let differ: Vec<_> = again.iter().filter(|(location, verdict)| undisturbed[*location] != **verdict).collect();
        // The cranes' ways differ, and with them what was learnt when a judgement became final.
        assert!(again.len() == undisturbed.len() && differ.len() <= 2, "interrupted after {seconds} s: {differ:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn taken_up_again_without_attribution_what_was_provisional_is_judged_anew() {
    let counting = Counting::of(&draft()).await;
    let begun = counting.begin(&counting.scattered(40), Sequence::Planned).await;
    sleep(Duration::from_secs(60)).await;
    let before = begun.interrupt().await;
    assert!(before.iter().any(|record| matches!(record.fact, Fact::Judged { stage: Stage::Provisional, .. })));
    let site = Site { attributing: None, ..(*counting.assembled.site).clone() };
    let run = counting.take_up_with(Arc::new(site)).await;
    let finals = run.records.iter().filter(|record| matches!(record.fact, Fact::Judged { stage: Stage::Final, .. }));
    let locations: HashSet<_> = finals.map(|record| record.location.clone()).collect();
    assert_eq!((locations.len(), run.summary.tally.open()), (40, 0));
}

#[tokio::test(start_paused = true)]
async fn neighbours_are_listened_at_within_the_budget_and_are_no_part_of_the_count() {
    let listens = |budget: f64| async move {
        let tables = format!("[attribution]\nlisten_budget = {budget}\n");
        let counting = Counting::of(&Draft { camera: false, tables, ..draft() }).await;
        let list = counting.scattered(60);
        let run = counting.run(&list, Sequence::Planned).await;
        let listened = listened(&run.records);
        let finals = finals(&run.records, 1);
        assert_eq!((run.summary.tally.requested, finals.len()), (60, 60));
        let judged = run.records.iter().filter(|record| matches!(record.fact, Fact::Judged { .. }));
        assert!(judged.filter_map(|record| record.stop).all(|stop| !listened.contains(&stop)));
        (listened.len(), run.summary.tally.ambiguous)
    };
    let (none, unclear) = listens(0.0).await;
    assert_eq!(none, 0);
    let (some, less_unclear) = listens(0.2).await;
    assert!((1..=12).contains(&some), "{some}");
    assert!(less_unclear <= unclear, "{less_unclear} ambiguous with listening, {unclear} without");
}

#[tokio::test(start_paused = true)]
async fn cancelled_what_was_counted_stands() {
    let counting = Counting::of(&draft()).await;
    let begun = counting.begin(&counting.all(), Sequence::Planned).await;
    sleep(Duration::from_secs(60)).await;
    let tally = begun.controller.control(Command::Cancel).await.unwrap().tally;
    let records = begun.cancelled().await;
    let finals = finals(&records, 1);
    assert_eq!(finals.len(), 240);
    let provisional = records.iter().filter(|record| matches!(record.fact, Fact::Judged { stage: Stage::Provisional, .. })).count();
    let counted = finals.values().filter(|verdict| **verdict != Verdict::NotCounted).count();
    assert!(counted >= provisional && counted as u64 > tally.settled && counted < 240, "{counted} of {provisional}");
}

#[tokio::test(start_paused = true)]
async fn a_location_that_is_dropped_holds_its_neighbours_up_no_longer() {
    let counting = Counting::of(&draft()).await;
    let begun = counting.begin(&counting.all(), Sequence::Planned).await;
    let controller = begun.controller.clone();
    sleep(Duration::from_secs(30)).await;
    let mut dropped = 0;
    for code in counting.all().into_iter().filter(|code| code.as_str().starts_with("A02")) {
        dropped += u64::from(controller.control(Command::Drop { locations: vec![code] }).await.is_ok());
    }
    assert!(dropped > 80, "{dropped}");
    let run = begun.end().await;
    assert_eq!(run.summary.tally.requested, 240 - dropped);
    assert_eq!(finals(&run.records, 1).len() as u64, 240 - dropped);
}

#[tokio::test(start_paused = true)]
async fn what_is_learnt_of_the_readers_is_kept_for_the_next_stocktake() {
    let counting = Counting::of(&draft()).await;
    let run = counting.run(&counting.scattered(80), Sequence::Planned).await;
    let learnt = run
        .records
        .iter()
        .find_map(|record| if let Fact::RadioLearnt { calibration, .. } = &record.fact { Some(calibration) } else { None });
    let assembled = counting.assembled_again().await;
    let known = &assembled.site.attributing.as_ref().unwrap().known;
    assert_eq!(&known.lines(), learnt.unwrap());
}

#[tokio::test(start_paused = true)]
async fn where_tags_are_not_attributed_every_one_counts_where_it_is_heard() {
    let tables = "[attribution]\napply = 'never'\n";
    let counting = Counting::of(&Draft { camera: false, tables: tables.into(), ..draft() }).await;
    let run = counting.run(&counting.scattered(20), Sequence::Planned).await;
    let stages = run.records.iter().filter(|record| matches!(record.fact, Fact::Judged { stage: Stage::Provisional, .. })).count();
    assert_eq!((stages, finals(&run.records, 1).len()), (0, 20));
    let misplaced = finals(&run.records, 1).values().filter(|verdict| **verdict == Verdict::Misplaced).count();
    assert!(misplaced > 10, "{misplaced}");
}
