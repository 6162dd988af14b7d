//! How cranes move is learnt from the records of a data directory.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "route/counting.rs"]
mod counting;
#[path = "support/warehouse.rs"]
mod warehouse;

use std::time::Duration;

use counting::{Counting, Scattered};
use pandian::assemble::load;
use pandian::config::Warehouse;
use pandian::learnt::{apply, learnt};
use pandian_domain::stocktake::{Outage, Sequence};
use pandian_domain::travel::learn::Learnt;
use pandian_domain::travel::{Axis, Kinematics};
use pandian_domain::{Code, CraneId, Digest, Fact, OpKind, Purpose, Record, StocktakeId, Timestamp};
use pandian_engine::site::Release;
use pandian_store::{Access, Batch, Store};
use tempfile::TempDir;
use warehouse::Draft;

/// An aisle of 40 bays and 8 levels for each crane; nothing is said of how they move.
fn draft() -> Draft {
    Draft { cranes: 2, bays: 40, levels: 8, ..Draft::default() }
}

fn load_draft(draft: &Draft) -> Warehouse {
    let folder = tempfile::tempdir().unwrap();
    load(&draft.write(folder.path())).unwrap()
}

/// As slow as a crane with a load it was not built for.
fn worn() -> Kinematics {
    Kinematics { drive: Axis { speed: 1.5, acceleration: 0.25 }, lift: Axis { speed: 0.5, acceleration: 0.3 } }
}

const OVERHEAD: Duration = Duration::from_millis(1_300);

/// A data directory, and the pen for it.
struct Logbook {
    warehouse: Warehouse,
    stocktake: StocktakeId,
    now: Timestamp,
    stops: u32,
    records: Vec<Record>,
    store: Store,
    _folder: TempDir,
}

impl Logbook {
    async fn of(draft: &Draft) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Access::Write).await.unwrap();
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let stocktake = StocktakeId::new(now, [0; 10]);
        let mut book = Self { warehouse: load_draft(draft), stocktake, now, stops: 0, records: vec![], store, _folder: folder };
        book.start("Test");
        book
    }

    fn write(&mut self, fact: Fact) -> &mut Record {
        self.records.push(Record {
            at: self.now,
            fact,
            stocktake: Some(self.stocktake),
            stop: None,
            lane: None,
            crane: None,
            location: None,
            attempt: None,
        });
        self.records.last_mut().unwrap()
    }

    fn start(&mut self, warehouse: &str) {
        self.now += Duration::from_secs(60);
        self.stocktake = StocktakeId::new(self.now, [7; 10]);
        self.stops = 0;
        self.write(Fact::StocktakeStarted {
            locations: 1,
            warehouse: warehouse.into(),
            warehouse_file: "warehouse.toml".into(),
            configuration: Digest::ZERO,
            book_source: None,
            stop_version: 1,
            order: Sequence::Planned,
        });
    }

    fn of_stop(&mut self, crane: &str, location: &str, attempt: u16, fact: Fact) {
        let stop = self.stocktake.stop(self.stops);
        let record = self.write(fact);
        record.stop = Some(stop);
        (record.crane, record.location, record.attempt) = (Some(crane.into()), Some(location.into()), Some(attempt));
    }

    fn of_crane(&mut self, crane: &str, fact: Fact) {
        self.write(fact).crane = Some(crane.into());
    }

    /// The `n`th location that a crane visits, and how long it takes from the one before.
    fn way(&self, aisle: &str, n: u32, kinematics: Kinematics) -> (String, Duration) {
        let mixed = |n: u32| n.wrapping_mul(0x9e37_79b1).rotate_left(15).wrapping_mul(0x85eb_ca77) >> 8;
        let place = |n: u32| (mixed(n) % 40 + 1, mixed(n) / 40 % 8 + 1);
        let code = |(bay, level)| format!("{aisle}-L-{bay:03}-{level:02}");
        let layout = &self.warehouse.layout;
        let point = |n| layout.position(layout.index_of(&code(place(n))).unwrap()).unwrap().point;
        let (from, to) = (point(n.max(1) - 1), point(n));
        (code(place(n)), kinematics.travel((from.x_m, from.y_m), (to.x_m, to.y_m)) + OVERHEAD)
    }

    fn visit(&mut self, crane: &str, n: u32, kinematics: Kinematics) {
        let (location, takes) = self.way(&crane.replace('C', "A0"), n, kinematics);
        self.stops += 1;
        self.of_stop(crane, &location, 1, Fact::CraneSent { purpose: Purpose::Count });
        self.now += takes;
        self.of_stop(crane, &location, 1, Fact::CraneArrived { book: None });
        self.now += Duration::from_secs(2);
        self.of_stop(crane, &location, 1, Fact::CraneReleased {});
    }

    fn visits(&mut self, crane: &str, stops: std::ops::Range<u32>, kinematics: Kinematics) {
        stops.for_each(|n| self.visit(crane, n, kinematics));
    }

    async fn learnt(&mut self) -> Vec<Option<Learnt>> {
        let records = std::mem::take(&mut self.records);
        self.store.append(Batch { records, reads: vec![] }).await.unwrap();
        learnt(&self.store, &self.warehouse).await.unwrap()
    }
}

fn failed() -> Fact {
    Fact::OperationFailed { operation: OpKind::Goto, code: Code::DeviceTimeout, message: "no answer".into(), retry_in_ms: None }
}

#[tokio::test]
async fn each_crane_is_learnt_from_its_own_moves_and_planned_with_where_that_is_better() {
    let mut book = Logbook::of(&Draft { cranes: 3, ..draft() }).await;
    for n in 0..200 {
        book.visit("C1", n, worn());
        book.visit("C2", n, Kinematics::default());
    }
    let learnt = book.learnt().await;
    let (first, second) = (learnt[0].unwrap(), learnt[1].unwrap());
    assert_eq!((first.moves, second.moves, learnt[2]), (199, 199, None));
    assert!(first.is_better() && first.error < 0.005 && first.configured_error > 0.3, "{first:?}");
    // Its speed is as configured, but nobody had configured what the orders take.
    assert!(second.is_better() && (second.overhead_s - OVERHEAD.as_secs_f64()).abs() < 0.2, "{second:?}");

    let configured = book.warehouse.paces(Release::AfterAcquisition);
    let mut paces = configured.clone();
    apply(&mut paces, &learnt);
    let [first_pace, second_pace, third_pace] = [0, 1, 2].map(|queue| paces[queue].unwrap());
    assert_eq!(first_pace.kinematics, first.kinematics);
    assert_eq!(first_pace.overhead, Duration::from_secs_f64(first.overhead_s));
    assert_eq!(second_pace.overhead, Duration::from_secs_f64(second.overhead_s));
    assert_eq!((Some(third_pace), first_pace.dwell), (configured[2], configured[0].unwrap().dwell));

    let no_better = learnt.iter().map(|learnt| learnt.map(|learnt| Learnt { error: 0.5, ..learnt }));
    let mut paces = configured.clone();
    apply(&mut paces, &no_better.collect::<Vec<_>>());
    assert_eq!(paces, configured);
}

#[tokio::test]
async fn moves_count_only_where_both_ends_and_the_time_are_certain() {
    type Incident = fn(&mut Logbook);
    let incidents: [(&str, usize, Incident); 10] = [
        ("nothing", 59, |_| {}),
        ("a retry", 58, |book| {
            let (location, takes) = book.way("A01", 30, worn());
            book.stops += 1;
            book.of_stop("C1", &location, 1, Fact::CraneSent { purpose: Purpose::Count });
            book.of_stop("C1", &location, 1, failed());
            book.of_stop("C1", &location, 2, Fact::CraneSent { purpose: Purpose::Count });
            book.now += takes;
            book.of_stop("C1", &location, 2, Fact::CraneArrived { book: None });
            // The same position: what follows is whole again.
            book.visit("C1", 30, worn());
        }),
        ("an order that failed for good", 58, |book| {
            book.stops += 1;
            book.of_stop("C1", "A01-L-001-01", 1, Fact::CraneSent { purpose: Purpose::Count });
            book.of_stop("C1", "A01-L-001-01", 1, failed());
        }),
        ("an order that came to nothing", 58, |book| {
            book.stops += 1;
            book.of_stop("C1", "A01-L-001-01", 1, Fact::CraneSent { purpose: Purpose::Count });
        }),
        ("production", 58, |book| {
            let by = Outage::Production;
            book.of_crane("C1", Fact::LaneOut { code: Code::CraneOut, message: "lent".into(), by, hand_on: false });
            book.of_crane("C1", Fact::LaneIn {});
        }),
        ("another crane's absence", 59, |book| book.of_crane("C2", Fact::LaneIn {})),
        ("a pause", 59, |book| {
            book.write(Fact::Paused {});
            book.now += Duration::from_secs(600);
            book.write(Fact::Resumed { configuration: None, stop_version: None });
        }),
        ("a restart", 58, |book| {
            book.write(Fact::Resumed { configuration: Some(Digest::ZERO), stop_version: Some(1) });
        }),
        ("another stocktake", 58, |book| book.start("Test")),
        ("a place that is not there any more", 58, |book| {
            book.stops += 1;
            book.of_stop("C1", "gone", 1, Fact::CraneSent { purpose: Purpose::Count });
            book.of_stop("C1", "gone", 1, Fact::CraneArrived { book: None });
        }),
    ];
    for (incident, moves, happens) in incidents {
        let mut book = Logbook::of(&draft()).await;
        book.visits("C1", 0..30, worn());
        happens(&mut book);
        book.visits("C1", 30..60, worn());
        let learnt = book.learnt().await[0].unwrap();
        assert_eq!(learnt.moves, moves, "{incident}: {learnt:?}");
        assert!(learnt.error < 0.01, "{incident}: {learnt:?}");
    }
}

#[tokio::test]
async fn moves_from_aisle_to_aisle_and_of_other_warehouses_teach_nothing() {
    let mut book = Logbook::of(&Draft { shared: true, ..draft() }).await;
    for n in 0..100 {
        let (location, takes) = book.way(if n % 2 == 0 { "A01" } else { "A02" }, n, worn());
        book.stops += 1;
        book.of_stop("C1", &location, 1, Fact::CraneSent { purpose: Purpose::Count });
        book.now += takes + Duration::from_secs(30);
        book.of_stop("C1", &location, 1, Fact::CraneArrived { book: None });
    }
    book.start("Another");
    book.visits("C2", 0..100, worn());
    assert_eq!(book.learnt().await, [None, None]);
}

#[tokio::test]
async fn nothing_is_learnt_where_it_is_not_wanted_or_time_is_not_real() {
    let unreal = Draft { simulation: "seed = 7\nspeed = 20\n".into(), ..draft() };
    let unwanted = Draft { tables: "[plan]\nlearn = false\n".into(), ..draft() };
    for draft in [unreal, unwanted] {
        let mut book = Logbook::of(&draft).await;
        book.visits("C1", 0..100, worn());
        assert_eq!(book.learnt().await, [None, None]);
    }
    // No stocktake was ever made.
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Access::Write).await.unwrap();
    assert_eq!(learnt(&store, &load_draft(&draft())).await.unwrap(), [None, None]);
}

#[tokio::test]
async fn the_cranes_of_a_dispatcher_are_not_learnt() {
    let dispatcher = "[[dispatcher]]\nid = \"WCS\"\nlanes = 1\nlocations = [\"1号\", \"2号\"]\ndevice = { kind = \"sim\" }\nreader = { kind = \"sim\" }\n";
    let mut book = Logbook::of(&Draft { tables: dispatcher.into(), ..draft() }).await;
    for n in 0..100 {
        let (location, takes) = book.way("A01", n, worn());
        book.stops += 1;
        book.of_stop("WCS", &location, 1, Fact::CraneSent { purpose: Purpose::Count });
        book.now += takes;
        book.of_stop("WCS", &location, 1, Fact::CraneArrived { book: None });
    }
    let ids: Vec<CraneId> = book.warehouse.cranes.iter().map(|crane| crane.id.clone()).collect();
    assert_eq!(ids, [CraneId::from("C1"), "C2".into(), "WCS".into()]);
    assert_eq!(book.learnt().await, [None, None, None]);
}

#[tokio::test(start_paused = true)]
async fn a_whole_stocktake_teaches_how_its_cranes_moved_also_where_both_sides_are_one_visit() {
    let slow = "drive = { speed = \"90m/min\", acceleration = \"0.25m/s2\" }\nlift = { speed = \"30m/min\", acceleration = \"0.3m/s2\" }\n";
    let sides = Draft { each_side: true, ..draft() };
    let counting = Counting::of(&Draft { crane: vec![slow.into()], ..sides.clone() }).await;
    counting.run(&counting.scattered(400), Sequence::Planned).await;
    let store = counting.store().await;
    let learnt = learnt(&store, &load_draft(&sides)).await.unwrap();
    for learnt in learnt {
        let learnt = learnt.unwrap();
        assert!(learnt.moves >= 150 && learnt.is_better() && learnt.error < 0.01, "{learnt:?}");
        assert!((learnt.kinematics.drive.acceleration - 0.25).abs() < 0.02, "{learnt:?}");
    }
}
