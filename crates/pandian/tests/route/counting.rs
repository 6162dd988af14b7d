//! A warehouse whose stocktakes run in this process.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::sync::Arc;

use pandian::assemble::{Assembled, assemble, load};
use pandian_domain::stocktake::Sequence;
use pandian_domain::{LocationCode, Record, StocktakeId};
use pandian_engine::run::Recovered;
use pandian_engine::{Clock, Controller, Ending, Run, Site, Summary};
use pandian_store::{Access, Store};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::warehouse::Draft;

/// A warehouse in a folder of its own, ready to be counted.
pub(crate) struct Counting {
    folder: tempfile::TempDir,
    pub(crate) assembled: Assembled,
}

/// A stocktake that ended.
pub(crate) struct Counted {
    pub(crate) summary: Summary,
    pub(crate) records: Vec<Record>,
}

/// A stocktake that runs.
pub(crate) struct Begun {
    pub(crate) controller: Controller,
    store: Store,
    first: u64,
    interrupter: CancellationToken,
    driving: JoinHandle<Result<Ending, pandian_engine::RunError>>,
}

impl Counting {
    pub(crate) async fn of(draft: &Draft) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let assembled = assemble(&load(&draft.write(folder.path())).unwrap(), None).await.unwrap();
        Self { folder, assembled }
    }

    pub(crate) async fn store(&self) -> Store {
        Store::open(&self.folder.path().join("data"), Access::Write).await.unwrap()
    }

    /// The warehouse made anew, with what its records tell of it.
    pub(crate) async fn assembled_again(&self) -> Assembled {
        let store = self.store().await;
        let assembled = assemble(&load(self.folder.path()).unwrap(), Some(&store)).await.unwrap();
        store.close().await.unwrap();
        assembled
    }

    pub(crate) fn all(&self) -> Vec<LocationCode> {
        self.assembled.site.layout.slots().iter().map(|slot| slot.code.clone()).collect()
    }

    pub(crate) async fn begin(&self, list: &[LocationCode], order: Sequence) -> Begun {
        let store = self.store().await;
        let clock = Clock::starting_at("2026-01-02T03:04:05Z".parse().unwrap());
        let first = store.head().borrow().seq;
        let id = StocktakeId::new(clock.now(), [first as u8; 10]);
        let site = self.assembled.site.clone();
        let run = Run::start(site, Arc::new(store.clone()), clock, id, list.to_vec(), order, 1).await.unwrap();
        Begun::drive(run, store, first)
    }

    pub(crate) async fn run(&self, list: &[LocationCode], order: Sequence) -> Counted {
        self.begin(list, order).await.end().await
    }

    /// Goes on with the newest stocktake.
    pub(crate) async fn take_up_again(&self) -> Counted {
        self.take_up_with(self.assembled.site.clone()).await
    }

    /// The same with other settings.
    pub(crate) async fn take_up_with(&self, site: Arc<Site>) -> Counted {
        let store = self.store().await;
        let id = store.stocktakes().await.unwrap().pop().unwrap().id;
        let recovered = Recovered::read(&store, id, &site).await.unwrap();
        let clock = Clock::starting_at("2026-01-02T04:04:05Z".parse().unwrap());
        let run = Run::resume(site, Arc::new(store.clone()), clock, recovered, 1).await.unwrap();
        Begun::drive(run, store, 0).end().await
    }
}

/// Lists of locations in no sensible order.
pub(crate) trait Scattered {
    fn scattered(&self, count: usize) -> Vec<LocationCode>;
}

impl Scattered for Counting {
    fn scattered(&self, count: usize) -> Vec<LocationCode> {
        let mut all = self.all();
        let mixed =
            |index: usize| (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17).wrapping_mul(0xff51_afd7_ed55_8ccd);
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by_key(|index| mixed(*index));
        all = order.into_iter().take(count).map(|index| all[index].clone()).collect();
        all
    }
}

impl Begun {
    fn drive(run: Run, store: Store, first: u64) -> Self {
        let (controller, interrupter) = (run.controller(), run.interrupter());
        Self { controller, store, first, interrupter, driving: tokio::spawn(run.drive()) }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.driving.is_finished()
    }

    pub(crate) async fn end(self) -> Counted {
        let Ending::Finished(summary) = self.driving.await.unwrap().unwrap() else { panic!("it did not finish") };
        let records = records(&self.store, self.first).await;
        self.store.close().await.unwrap();
        Counted { summary, records }
    }

    pub(crate) async fn cancelled(self) -> Vec<Record> {
        assert!(matches!(self.driving.await.unwrap().unwrap(), Ending::Cancelled(_)));
        let records = records(&self.store, self.first).await;
        self.store.close().await.unwrap();
        records
    }

    pub(crate) async fn interrupt(self) -> Vec<Record> {
        self.interrupter.cancel();
        assert_eq!(self.driving.await.unwrap().unwrap(), Ending::Interrupted);
        let records = records(&self.store, self.first).await;
        self.store.close().await.unwrap();
        records
    }
}

async fn records(store: &Store, first: u64) -> Vec<Record> {
    store.flush().await.unwrap();
    store.records_after(first, 100_000).await.unwrap().iter().map(|stored| stored.record().unwrap()).collect()
}
