//! Checks that block never hold up the event loop: how late a timer fires while they run, beside an idle loop in the same process.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/example.rs"]
mod example;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use example::Scenario;
use pandian::assemble::{assemble, load, simulation};
use pandian::rehearsal::servers;
use pandian_domain::StocktakeId;
use pandian_domain::book::Book;
use pandian_domain::stocktake::Sequence;
use pandian_engine::{Clock, Ending, Run, Site};
use pandian_sim::wire::SimServers;
use pandian_store::{Access, Store};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// How often the loop is asked, and how long it is left alone at first.
const EVERY: Duration = Duration::from_millis(1);
const IDLE: Duration = Duration::from_secs(3);
/// What is allowed in any case.
const ALLOWED: Duration = Duration::from_millis(10);

/// How late the loop woke a task, every time it asked.
struct Lateness(Vec<Duration>);

impl Lateness {
    /// Asks in a task of its own for as long as `busy` takes.
    async fn during<T>(busy: impl Future<Output = T>) -> (Self, T) {
        let over = CancellationToken::new();
        let asking = tokio::spawn({
            let over = over.clone();
            async move {
                let mut late = Vec::new();
                while !over.is_cancelled() {
                    let due = Instant::now() + EVERY;
                    sleep_until(due).await;
                    late.push(due.elapsed());
                }
                late.sort_unstable();
                late
            }
        });
        let brought = busy.await;
        over.cancel();
        (Self(asking.await.unwrap()), brought)
    }

    fn per_mille(&self, share: usize) -> Duration {
        self.0[(self.0.len() * share / 1000).min(self.0.len() - 1)]
    }
}

impl std::fmt::Display for Lateness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [half, most, worst] = [self.per_mille(500), self.per_mille(999), self.per_mille(1000)];
        write!(f, "p50 {half:?}, p99.9 {most:?}, worst {worst:?} of {}", self.0.len())
    }
}

#[tokio::test]
async fn checks_that_block_hold_up_the_event_loop_no_more_than_idling_does() {
    let scenario = Scenario::copy();
    let warehouse = load(&scenario.folder).unwrap();
    let book = warehouse.read_book().unwrap().map(|book| Arc::new(book) as Arc<dyn Book>);
    let simulation = simulation(&warehouse, book).unwrap().unwrap();
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let cranes = SimServers::start(simulation, servers(&warehouse, Some(anywhere)).unwrap()).await.unwrap();
    scenario.crane_is_at(&cranes.addresses()[0].to_string());
    let warehouse = load(&scenario.folder).unwrap();
    let store = Store::open(&scenario.folder.join("data"), Access::Write).await.unwrap();
    let site = assemble(&warehouse, Some(&store)).await.unwrap().site;

    // Whatever else the machine does at the moment only adds to the stalls: one undisturbed run of three shows what the checks do.
    let mut held_up = Vec::new();
    for attempt in 1..=3 {
        let (idle, ()) = Lateness::during(sleep(IDLE)).await;
        let begun = Instant::now();
        let (busy, ()) = Lateness::during(count(&site, &store, attempt)).await;
        println!("idle: {idle}\nbusy: {busy}, for {:.3} s", begun.elapsed().as_secs_f64());
        let allowed = (idle.per_mille(999) * 2).max(ALLOWED);
        if busy.per_mille(999) <= allowed {
            held_up.clear();
            break;
        }
        held_up.push(format!("p99.9 of {:?}, allowed {allowed:?}", busy.per_mille(999)));
    }
    assert!(held_up.is_empty(), "{held_up:?}");
    store.close().await.unwrap();
    cranes.stop().await;
}

async fn count(site: &Arc<Site>, store: &Store, attempt: u8) {
    let locations = site.layout.slots().iter().map(|slot| slot.code.clone()).collect();
    let id = StocktakeId::new(Clock::System.now(), [attempt; 10]);
    let run = Run::start(site.clone(), Arc::new(store.clone()), Clock::System, id, locations, Sequence::Given, 1).await.unwrap();
    let Ending::Finished(summary) = run.drive().await.unwrap() else { panic!("the stocktake was not brought to its end") };
    assert_eq!((summary.tally.settled, summary.tally.ambiguous), (3, 0));
}
