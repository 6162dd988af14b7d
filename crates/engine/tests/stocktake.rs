//! Whole stocktakes in virtual time: real journal on disk, devices of the test's own.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pandian_domain::history::StopHistory;
use pandian_domain::stocktake::Sequence;
use pandian_domain::{Code, Digest, Fact, Failure, Record, StocktakeId, StopId, Verdict};
use pandian_engine::journal::{Journal, JournalError, Receipt};
use pandian_engine::run::Recovered;
use pandian_engine::{Clock, Command, Ending, Release, Run};
use pandian_store::{Access, Store};
use tokio::time::{Instant, sleep};

#[path = "stocktake/rig.rs"]
mod rig;

use rig::{Rig, Script, TRAVEL, millis, records, verdicts};

#[tokio::test(start_paused = true)]
async fn the_makespan_is_travel_and_acquisition_to_the_millisecond_when_released_after_acquisition() {
    let (summary, _) = Rig::new(3, Release::AfterAcquisition, Script::default()).count(10).await;
    for (lane, travel) in summary.lanes.iter().zip(TRAVEL) {
        assert_eq!(millis(lane.1), 10 * (travel + 2_000), "{}", lane.0.lane);
    }
    assert_eq!(millis(summary.makespan_seconds), 10 * (7_001 + 2_000));
    // The picture is there after 0.5 s and its comparison runs from the release on: the last verdict comes one comparison later.
    assert_eq!(millis(summary.seconds), 10 * (7_001 + 2_000) + 5_500);
    assert_eq!(summary.tally.settled, 30);
}

#[tokio::test(start_paused = true)]
async fn the_makespan_is_travel_and_both_checks_to_the_millisecond_in_the_strict_order() {
    let (summary, _) = Rig::new(3, Release::AfterVerification, Script::default()).count(10).await;
    for (lane, travel) in summary.lanes.iter().zip(TRAVEL) {
        // Capture and comparison take 6 s, the inventory beside them 2 s.
        assert_eq!(millis(lane.1), 10 * (travel + 500 + 5_500), "{}", lane.0.lane);
    }
    assert_eq!(millis(summary.seconds), millis(summary.makespan_seconds));
}

#[tokio::test(start_paused = true)]
async fn a_lane_waits_for_its_own_comparisons_only_and_never_for_another_crane() {
    let rig = Rig::new(3, Release::AfterAcquisition, Script { hangs: vec![("goto", "C0")], ..Script::default() });
    let (summary, records) = rig.count(4).await;
    // C hangs at its first location for three time-outs; A and B are as fast as ever.
    assert_eq!(millis(summary.lanes[0].1), 4 * (4_000 + 2_000));
    assert_eq!(millis(summary.lanes[1].1), 4 * (3_250 + 2_000));
    assert_eq!(verdicts(&records).iter().filter(|(_, verdict)| *verdict == Verdict::NotCounted).count(), 1);
    assert!(rig.script.most_comparing.load(Ordering::SeqCst) >= 2, "comparisons run side by side");
}

#[tokio::test(start_paused = true)]
async fn failures_are_retried_by_rule_and_each_is_on_record_with_its_attempt() {
    let failures = HashMap::from([(("goto", "A1"), 1), (("inventory", "A2"), 2), (("capture", "A3"), 3), (("compare", "A0"), 1)]);
    let rig = Rig::new(1, Release::AfterAcquisition, Script { failures, ..Script::default() });
    let (_, records) = rig.count(4).await;
    let expected = [("A0", Verdict::Match), ("A1", Verdict::Match), ("A2", Verdict::Match), ("A3", Verdict::Ambiguous)];
    assert_eq!(verdicts(&records), expected.map(|(location, verdict)| (location.to_owned(), verdict)));
    let failed: Vec<(String, u16, bool)> = records
        .iter()
        .filter_map(|record| match &record.fact {
            Fact::OperationFailed { operation, retry_in_ms, code: Code::DeviceDropped, .. } => Some((
                format!("{} {}", operation.as_str(), record.location.as_ref().unwrap()),
                record.attempt.unwrap(),
                retry_in_ms.is_some(),
            )),
            _ => None,
        })
        .collect();
    for expected in [("goto A1", 1, true), ("inventory A2", 2, true), ("capture A3", 3, false), ("compare A0", 1, true)] {
        assert!(failed.contains(&(expected.0.to_owned(), expected.1, expected.2)), "{expected:?} in {failed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_panics_costs_its_own_location_only() {
    let rig = Rig::new(1, Release::AfterAcquisition, Script { panics: vec![("inventory", "A1"), ("compare", "A2")], ..Script::default() });
    let (summary, records) = rig.count(4).await;
    assert_eq!((summary.tally.settled, summary.tally.not_counted), (2, 2), "{:?}", verdicts(&records));
}

#[tokio::test(start_paused = true)]
async fn a_crane_that_gives_up_too_often_goes_out_and_its_rest_is_listed() {
    let hangs = (0..3).map(|n| ("goto", ["A0", "A1", "A2"][n])).collect();
    let rig = Rig::new(2, Release::AfterAcquisition, Script { hangs, ..Script::default() });
    let (summary, records) = rig.count(6).await;
    assert_eq!((summary.tally.settled, summary.tally.not_counted), (6, 6));
    assert!(records.iter().any(|record| matches!(record.fact, Fact::LaneOut { .. })));
}

#[tokio::test(start_paused = true)]
async fn paused_cranes_stay_where_they_are_until_resumed() {
    let rig = Rig::new(2, Release::AfterAcquisition, Script::default());
    let store = rig.store().await;
    let run = rig.start(&store, rig.locations(5)).await;
    let controller = run.controller();
    let driving = tokio::spawn(run.drive());
    sleep(Duration::from_secs(10)).await;
    controller.control(Command::Pause).await.unwrap();
    assert!(controller.control(Command::Pause).await.is_err());
    sleep(Duration::from_secs(1000)).await;
    let before = controller.status().tally;
    assert!(before.open() > 0 && !driving.is_finished());
    controller.control(Command::Resume).await.unwrap();
    let Ending::Finished(summary) = driving.await.unwrap().unwrap() else { panic!() };
    assert_eq!(summary.tally.settled, 10);
    assert!(millis(summary.seconds) > 1_000_000);
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_at_once_even_when_a_crane_hangs_and_lists_what_was_not_counted() {
    let rig = Rig::new(2, Release::AfterAcquisition, Script { hangs: vec![("goto", "A1"), ("inventory", "B0")], ..Script::default() });
    let store = rig.store().await;
    let run = rig.start(&store, rig.locations(5)).await;
    let controller = run.controller();
    let driving = tokio::spawn(run.drive());
    sleep(Duration::from_secs(20)).await;
    let cancelled_at = Instant::now();
    controller.control(Command::Cancel).await.unwrap();
    let Ending::Cancelled(summary) = driving.await.unwrap().unwrap() else { panic!() };
    assert!(cancelled_at.elapsed() < Duration::from_millis(10));
    assert_eq!((summary.tally.requested, summary.tally.open()), (10, 0));
    assert!(summary.tally.not_counted >= 8);
    assert_eq!(verdicts(&records(&store).await).len(), 10);
}

#[tokio::test(start_paused = true)]
async fn locations_are_added_and_dropped_while_it_runs() {
    let rig = Rig::new(1, Release::AfterAcquisition, Script::default());
    let store = rig.store().await;
    let run = rig.start(&store, rig.locations(3)).await;
    let controller = run.controller();
    let driving = tokio::spawn(run.drive());
    sleep(Duration::from_secs(2)).await;
    controller.control(Command::Add { locations: vec!["A7".into(), "A8".into()] }).await.unwrap();
    controller.control(Command::Drop { locations: vec!["A2".into()] }).await.unwrap();
    assert!(controller.control(Command::Drop { locations: vec!["A0".into()] }).await.is_err(), "its crane is on its way");
    assert!(controller.control(Command::Add { locations: vec!["Z1".into()] }).await.is_err());
    let Ending::Finished(summary) = driving.await.unwrap().unwrap() else { panic!() };
    assert_eq!(summary.tally.settled, 4);
    let counted: Vec<String> = verdicts(&records(&store).await).into_iter().map(|(location, _)| location).collect();
    assert_eq!(counted, ["A0", "A1", "A7", "A8"]);
}

#[tokio::test(start_paused = true)]
async fn a_crane_taken_out_keeps_its_queue_until_it_is_back() {
    let rig = Rig::new(2, Release::AfterAcquisition, Script::default());
    let store = rig.store().await;
    let run = rig.start(&store, rig.locations(3)).await;
    let controller = run.controller();
    let driving = tokio::spawn(run.drive());
    sleep(Duration::from_secs(5)).await;
    let status = controller.control(Command::CraneOut { crane: "A".into(), hand_on: false }).await.unwrap();
    assert_eq!(status.lanes[0].done, 0);
    sleep(Duration::from_secs(500)).await;
    let status = controller.status();
    assert_eq!((status.lanes[0].waiting, status.tally.settled), (3, 3));
    assert!(!driving.is_finished());
    controller.control(Command::CraneIn { crane: "A".into() }).await.unwrap();
    let Ending::Finished(summary) = driving.await.unwrap().unwrap() else { panic!() };
    assert_eq!(summary.tally.settled, 6);
    // The stop that was broken off was sent a second time, under its next attempt's key or its own.
    assert!(rig.script.keys.lock().unwrap().iter().filter(|key| key.contains("/goto/")).count() >= 7);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_stocktake_goes_on_where_it_was_and_judges_every_location_once() {
    let rig = Rig::new(2, Release::AfterAcquisition, Script::default());
    let store = rig.store().await;
    let run = rig.start(&store, rig.locations(6)).await;
    let id = run.controller().status().stocktake;
    let mut run = Some(run);
    for tenths in [1_u64, 37, 64, 65, 80, 81, 115, 119, 130, 190] {
        let interrupter = run.as_ref().unwrap().interrupter();
        let driving = tokio::spawn(run.take().unwrap().drive());
        sleep(Duration::from_millis(tenths * 100)).await;
        interrupter.cancel();
        if let Ending::Finished(_) = driving.await.unwrap().unwrap() {
            break;
        }
        let recovered = Recovered::read(&store, id, &rig.site).await.unwrap();
        let clock = Clock::starting_at("2026-01-02T05:00:00Z".parse().unwrap());
        run = Some(Run::resume(rig.site.clone(), Arc::new(store.clone()), clock, recovered, 1).await.unwrap());
    }
    if let Some(run) = run {
        let Ending::Finished(summary) = run.drive().await.unwrap() else { panic!() };
        assert_eq!(summary.tally.settled, 12);
    }
    let verdicts = verdicts(&records(&store).await);
    assert_eq!(verdicts.len(), 12);
    assert!(verdicts.iter().all(|(_, verdict)| *verdict == Verdict::Match));
    store.close().await.unwrap();
    let report = pandian_store::verify(rig.folder.path(), None).await.unwrap();
    assert!(report.problem.is_none(), "{:?}", report.problem);
}

/// A journal that notes how much is appended at once, and whose evidence cannot be read for a while.
struct Wavering {
    store: Store,
    appended: Mutex<Vec<Vec<Record>>>,
    refusals: AtomicU32,
}

impl Wavering {
    fn new(store: &Store, refusals: u32) -> Arc<Self> {
        Arc::new(Self { store: store.clone(), appended: Mutex::default(), refusals: refusals.into() })
    }

    async fn waver(&self) -> Result<(), JournalError> {
        if self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err() {
            return Ok(());
        }
        Err(Store::open(std::path::Path::new("/dev/null/data"), Access::Read).await.unwrap_err().into())
    }
}

impl Journal for Wavering {
    fn append(&self, records: Vec<Record>, reads: Vec<Bytes>) -> Receipt {
        self.appended.lock().unwrap().push(records.clone());
        Journal::append(&self.store, records, reads)
    }
    fn digest(&self, bytes: &[u8]) -> Digest {
        Journal::digest(&self.store, bytes)
    }
    fn keep_picture(&self, bytes: Bytes) -> BoxFuture<'_, Result<Digest, JournalError>> {
        Journal::keep_picture(&self.store, bytes)
    }
    fn evidence(&self, digest: Digest) -> BoxFuture<'_, Result<Option<Bytes>, JournalError>> {
        async move {
            self.waver().await?;
            Journal::evidence(&self.store, digest).await
        }
        .boxed()
    }
    fn reads_of(&self, stop: StopId) -> BoxFuture<'_, Result<Option<Bytes>, JournalError>> {
        async move {
            self.waver().await?;
            Journal::reads_of(&self.store, stop).await
        }
        .boxed()
    }
    fn history(&self, stop: StopId) -> BoxFuture<'_, Result<StopHistory, JournalError>> {
        Journal::history(&self.store, stop)
    }
    fn stalled(&self) -> Option<Failure> {
        Journal::stalled(&self.store)
    }
    fn head(&self) -> BoxFuture<'_, Result<Digest, JournalError>> {
        Journal::head(&self.store)
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_is_on_disk_whole_or_not_at_all() {
    let rig = Rig::new(2, Release::AfterAcquisition, Script::default());
    let store = rig.store().await;
    let journal = Wavering::new(&store, 0);
    let id = StocktakeId::new("2026-01-02T03:04:05Z".parse().unwrap(), [5; 10]);
    drop(Run::start(rig.site.clone(), journal.clone(), Clock::System, id, rig.locations(6), Sequence::Planned, 1).await.unwrap());
    let appended = journal.appended.lock().unwrap();
    assert_eq!(appended.len(), 1, "a crash between two would leave a part of the order");
    assert!(matches!(appended[0][0].fact, Fact::StocktakeStarted { locations: 12, .. }));
    assert!(matches!(&appended[0][1].fact, Fact::StocktakePlanned { planned, .. } if planned.len() == 12));
}

#[tokio::test(start_paused = true)]
async fn evidence_that_cannot_be_read_back_now_is_waited_for_and_no_verdict() {
    let rig = Rig::new(1, Release::AfterAcquisition, Script::default());
    let store = rig.store().await;
    let run = rig.start(&store, rig.locations(3)).await;
    let (id, interrupter) = (run.controller().status().stocktake, run.interrupter());
    let driving = tokio::spawn(run.drive());
    // Tags and picture of the first location are on record, the comparison is under way.
    sleep(Duration::from_secs(7)).await;
    interrupter.cancel();
    assert_eq!(driving.await.unwrap().unwrap(), Ending::Interrupted);
    let recovered = Recovered::read(&store, id, &rig.site).await.unwrap();
    let journal = Wavering::new(&store, 5);
    let run = Run::resume(rig.site.clone(), journal.clone(), Clock::System, recovered, 1).await.unwrap();
    let Ending::Finished(_) = run.drive().await.unwrap() else { panic!() };
    assert_eq!(journal.refusals.load(Ordering::SeqCst), 0);
    let verdicts = verdicts(&records(&store).await);
    assert_eq!(verdicts, ["A0", "A1", "A2"].map(|location| (location.to_owned(), Verdict::Match)));
}
