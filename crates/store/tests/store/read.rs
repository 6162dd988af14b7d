//! Reading what was appended.

use pandian_domain::{Fact, OpKind};
use pandian_store::{Access, Batch, Store};

use crate::stocktake::{finished, id, of_stop, own, planned, started, whole_stop};

fn batch(records: Vec<pandian_domain::Record>) -> Batch {
    Batch { records, reads: vec![] }
}

#[tokio::test]
async fn stocktakes_are_listed_with_their_first_and_last_records() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Access::Write).await.unwrap();
    drop(store.append(batch(vec![started(id(1), 10), started(id(2), 20)])));
    drop(store.append(whole_stop(id(1), 1, None)));
    store.append(batch(vec![own(id(1), Fact::Paused {}), finished(id(1))])).await.unwrap();
    let listed = store.stocktakes().await.unwrap();
    assert_eq!(listed.iter().map(|summary| summary.id).collect::<Vec<_>>(), [id(1), id(2)]);
    assert_eq!(listed[0].started.record().unwrap(), started(id(1), 10));
    assert_eq!(listed[0].finished.as_ref().unwrap().record().unwrap(), finished(id(1)));
    assert_eq!(listed[1].finished, None);
}

#[tokio::test]
async fn the_records_of_a_stocktake_are_its_own_of_the_kinds_asked_for_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Access::Write).await.unwrap();
    for n in 1..=100 {
        drop(store.append(batch(vec![planned(id(1), n), own(id(1), Fact::Paused {}), planned(id(2), n)])));
        drop(store.append(whole_stop(id(1), n, None)));
    }
    store.append(batch(vec![own(id(1), Fact::Resumed { configuration: None, stop_version: None })])).await.unwrap();
    let mut records = store.records_of(id(1), &["stocktake_planned", "resumed"]);
    for n in 1..=100 {
        assert_eq!(records.next().await.unwrap().unwrap().record().unwrap(), planned(id(1), n));
    }
    assert_eq!(records.next().await.unwrap().unwrap().record().unwrap().fact, Fact::Resumed { configuration: None, stop_version: None });
    assert_eq!(records.next().await.unwrap(), None);
    assert_eq!(store.records_of(id(3), &["resumed"]).all().await.unwrap(), []);
    assert_eq!(store.records_of(id(1), &[]).all().await.unwrap(), []);
}

#[tokio::test]
async fn histories_come_in_the_order_of_the_stops_each_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Access::Write).await.unwrap();
    // Eight records a stop: pages end within stops. Appended in another order than that of the numbers.
    for n in (1..=1000).rev() {
        drop(store.append(whole_stop(id(1), n, None)));
    }
    drop(store.append(whole_stop(id(2), 1, None)));
    store.flush().await.unwrap();
    let mut histories = store.histories(id(1));
    for n in 1..=1000 {
        let (stop, history) = histories.next().await.unwrap().unwrap();
        assert_eq!(stop, id(1).stop(n));
        assert_eq!(history.location.as_ref().unwrap().as_str(), format!("A01-L-{n:06}"));
        assert!(history.judgement.is_some() && history.inventory.is_some() && history.released_at.is_some());
    }
    assert!(histories.next().await.unwrap().is_none());
    assert!(store.history(id(1).stop(500)).await.unwrap().judgement.is_some());
    assert!(store.history(id(1).stop(5000)).await.unwrap().location.is_none());
}

#[tokio::test]
async fn a_stop_with_more_records_than_a_page_is_one_history() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Access::Write).await.unwrap();
    let tries = (1..=5000_u16).map(|attempt| {
        let failed = Fact::OperationFailed {
            operation: OpKind::Inventory,
            code: pandian_domain::Code::DeviceTimeout,
            message: "no answer".into(),
            retry_in_ms: Some(1),
        };
        pandian_domain::Record { attempt: Some(attempt), ..of_stop(id(1), 1, failed) }
    });
    drop(store.append(batch(tries.collect())));
    store.append(whole_stop(id(1), 2, None)).await.unwrap();
    let mut histories = store.histories(id(1));
    assert_eq!(histories.next().await.unwrap().unwrap().1.most_attempts(), 5000);
    assert_eq!(histories.next().await.unwrap().unwrap().0, id(1).stop(2));
    assert!(histories.next().await.unwrap().is_none());
    assert_eq!(store.history(id(1).stop(1)).await.unwrap().most_attempts(), 5000);
}
