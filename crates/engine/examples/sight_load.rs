//! What looking at pictures costs: bytes to all answers on one core, and many cranes' pictures at once beside the event loop.
//!
//! `sight_load WIDTH HEIGHT PICTURES CRANES`; prints one line of JSON.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pandian_devices::{Arrival, Camera, Crane, DevicePending, Probe, Shot, ShotEnd, Visit};
use pandian_domain::book::Book;
use pandian_domain::history::StopHistory;
use pandian_domain::reference::{ReferenceName, Subject};
use pandian_domain::stocktake::Sequence;
use pandian_domain::{
    BookLine, Digest, Fact, Failure, LaneSpec, Layout, LocationCode, QueueSpec, Record, References, Sided, Slot, StocktakeId, StopId,
    Timestamp,
};
use pandian_engine::journal::Receipt;
use pandian_engine::{
    Clock, Devices, Ending, Journal, JournalError, Rules, Run, Settings, SightRules, Sighting, Site, SlotKind, Unkept, computing_time,
};
use pandian_sim::scene::{Load, Scene, Size, SlotLook};
use pandian_vision::codes::{CodeSettings, Expected};
use pandian_vision::look::{EmptySlot, Questions, look};
use pandian_vision::marker::Texts;
use pandian_vision::occupancy;
use pandian_vision::picture::{Limits, decode};

const LABEL: &str = "340123450000000018";
const REFERENCES: u64 = 4;

/// A crane that is everywhere at once, with a camera that has the picture of each location at hand.
struct Rig {
    pictures: Vec<Bytes>,
}

/// One labelled unit in every slot that is loaded.
struct Booked;

impl Book for Booked {
    fn lines(&self, location: &LocationCode) -> Option<Vec<BookLine>> {
        let line =
            BookLine { item: "SKU".into(), handling_unit: Some(LABEL.into()), epc: None, quantity: 1.into(), unit: None, price: None };
        Some(if is_loaded(number_of(location)) { vec![line] } else { Vec::new() })
    }

    fn whereabouts(&self, _code: &str) -> Option<(LocationCode, BookLine)> {
        None
    }

    fn source(&self) -> Arc<str> {
        "bench".into()
    }
}

fn nothing_to_try() -> DevicePending<'static, Probe> {
    async { Ok(Probe { summary: String::new() }) }.boxed()
}

impl Crane for Rig {
    fn go_to<'a>(&'a self, _visit: &'a Visit) -> DevicePending<'a, Arrival> {
        async { Ok(Arrival::default()) }.boxed()
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        nothing_to_try()
    }

    fn address(&self) -> &str {
        "memory"
    }
}

impl Camera for Rig {
    fn capture<'a>(&'a self, visit: &'a Visit) -> DevicePending<'a, Shot> {
        let picture = self.pictures[number_of(&visit.location)].clone();
        async { Ok(Shot::Whole(ShotEnd { picture: Some(picture), ..ShotEnd::default() })) }.boxed()
    }

    fn probe(&self) -> DevicePending<'_, Probe> {
        nothing_to_try()
    }

    fn address(&self) -> &str {
        "memory"
    }

    fn brings_only_pictures(&self) -> bool {
        true
    }
}

/// Keeps nothing but the references.
struct InMemory {
    rest: Unkept,
    references: HashMap<Digest, Bytes>,
}

impl Journal for InMemory {
    fn append(&self, records: Vec<Record>, reads: Vec<Bytes>) -> Receipt {
        self.rest.append(records, reads)
    }

    fn digest(&self, bytes: &[u8]) -> Digest {
        self.rest.digest(bytes)
    }

    fn keep_picture(&self, bytes: Bytes) -> BoxFuture<'_, Result<Digest, JournalError>> {
        self.rest.keep_picture(bytes)
    }

    fn evidence(&self, digest: Digest) -> BoxFuture<'_, Result<Option<Bytes>, JournalError>> {
        std::future::ready(Ok(self.references.get(&digest).cloned())).boxed()
    }

    fn reads_of(&self, stop: StopId) -> BoxFuture<'_, Result<Option<Bytes>, JournalError>> {
        self.rest.reads_of(stop)
    }

    fn history(&self, stop: StopId) -> BoxFuture<'_, Result<StopHistory, JournalError>> {
        self.rest.history(stop)
    }

    fn stalled(&self) -> Option<Failure> {
        None
    }

    fn head(&self) -> BoxFuture<'_, Result<Digest, JournalError>> {
        self.rest.head()
    }
}

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).map(|number| number.parse().unwrap()).collect();
    let [width, height, pictures, cranes] = <[usize; 4]>::try_from(numbers).expect("WIDTH HEIGHT PICTURES CRANES");
    let size = Size::new(width as u16, height as u16);
    let photograph = |load: Load, picture: u64| Scene::new(SlotLook::new(7, 7), load, size, picture).render();
    let references: Vec<Bytes> = (1..=REFERENCES).map(|picture| photograph(Load::default(), picture)).collect();
    // Every fourth slot is empty, as booked.
    let load = |n: usize| if is_loaded(n) { Load::of([(n as u64, Some(LABEL))]) } else { Load::default() };
    let shots: Vec<Bytes> = (0..pictures).map(|n| photograph(load(n), 1000 + n as u64)).collect();
    let mut alone = alone(&shots, &references);
    alone.sort_unstable();
    let per_mille = |share: usize| alone[(alone.len() * share / 1000).min(alone.len() - 1)].as_secs_f64() * 1e3;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (rate, [idle, _], [stall, stall_worst]) = runtime.block_on(at_once(shots, references, cranes));
    let [p50, p95, worst] = [500, 950, 1000].map(per_mille);
    println!(
        "{{\"p50_ms\":{p50:.1},\"p95_ms\":{p95:.1},\"worst_ms\":{worst:.1},\"pictures_per_second\":{rate:.1},\
         \"idle_stall_ms\":{idle:.2},\"stall_ms\":{stall:.2},\"stall_worst_ms\":{stall_worst:.2}}}"
    );
}

fn number_of(location: &LocationCode) -> usize {
    location.as_str()[1..].parse().unwrap()
}

fn is_loaded(n: usize) -> bool {
    !n.is_multiple_of(4)
}

/// Bytes to all answers, one picture after the other on this thread.
fn alone(shots: &[Bytes], references: &[Bytes]) -> Vec<Duration> {
    let (framing, rules) = (occupancy::Framing::default(), SightRules::default());
    let pictures = references.iter().map(|bytes| decode(bytes, &Limits::default()).unwrap()).collect::<Vec<_>>();
    let empty = EmptySlot::of(&pictures, &framing, |_| None);
    let before = decode(&references[0], &Limits::default()).unwrap();
    let codes = CodeSettings { formats: rules.formats, budget: rules.budget, clock: computing_time, ..CodeSettings::default() };
    let find = |text: &str| text.contains(LABEL).then_some(0);
    let questions = Questions {
        framing: &framing,
        empty: Some(&empty),
        before: Some(&before),
        codes: &codes,
        expected: None,
        markers: Texts { front: None, rear: None },
        is_marker: &|_| false,
    };
    let answer = |(n, shot): (usize, &Bytes)| {
        let expected = is_loaded(n).then_some(Expected { labels: 1, find: &find });
        let begun = Instant::now();
        let picture = decode(shot, &Limits::default()).unwrap();
        std::hint::black_box(look(&picture, &Questions { expected, ..questions }));
        begun.elapsed()
    };
    shots.iter().enumerate().map(answer).collect()
}

/// A stocktake whose cranes bring pictures as fast as they are looked at. Gives pictures a second, and by how many milliseconds a timer of
/// one is late, with nothing else to do and meanwhile: exceeded once in a thousand times, and at worst.
async fn at_once(shots: Vec<Bytes>, references: Vec<Bytes>, cranes: usize) -> (f64, [f64; 2], [f64; 2]) {
    let count = shots.len();
    let rig = Arc::new(Rig { pictures: shots });
    let devices = Devices { crane: rig.clone(), reader: Sided::None, camera: Sided::One(rig), rules: Rules::default() };
    let (references, kept) = accepted(references);
    let layout = layout(count, cranes);
    let earlier = *kept.keys().min().unwrap();
    let before = layout.slots().iter().map(|slot| (slot.code.clone(), earlier)).collect();
    let site = Site {
        name: "bench".into(),
        file: "bench.toml".into(),
        layout: Arc::new(layout),
        devices: vec![devices; cranes],
        paces: vec![None; cranes],
        book: Some(Arc::new(Booked)),
        settings: Settings::default(),
        attributing: None,
        sighting: Some(Sighting { rules: SightRules::default(), references, before }),
        configuration: Digest::ZERO,
    };
    let locations = site.layout.slots().iter().map(|slot| slot.code.clone()).collect();
    let idle = lateness(tokio::time::sleep(Duration::from_secs(2))).await;
    let clock = Clock::System;
    let id = StocktakeId::new(clock.now(), [5; 10]);
    let journal = Arc::new(InMemory { rest: Unkept, references: kept });
    let run = Run::start(Arc::new(site), journal, clock, id, locations, Sequence::Given, 1).await.unwrap();
    let begun = Instant::now();
    let stall = lateness(async { assert!(matches!(run.drive().await.unwrap(), Ending::Finished(_))) }).await;
    (count as f64 / begun.elapsed().as_secs_f64(), idle, stall)
}

fn layout(count: usize, cranes: usize) -> Layout {
    let names: Vec<String> = (0..cranes).map(|n| format!("C{n}")).collect();
    let lanes = names.iter().zip(0..).map(|(name, queue)| LaneSpec { id: name.as_str().into(), crane: name.as_str().into(), queue });
    let mut layout = Layout::new(lanes.collect(), vec![QueueSpec::default(); cranes]);
    for n in 0..count {
        layout.add(Slot { code: format!("L{n}").as_str().into(), place: None, queue: (n % cranes) as u32 }).unwrap();
    }
    layout
}

/// References as they are on record once a person has accepted them, and their bytes.
fn accepted(pictures: Vec<Bytes>) -> (References, HashMap<Digest, Bytes>) {
    let (mut references, mut kept) = (References::default(), HashMap::new());
    for (n, bytes) in (1..).zip(pictures) {
        let picture = Digest([n; 32]);
        let reference = ReferenceName { subject: Subject::Kind(SlotKind::USUAL.into()), light: format!("{n}").into(), version: 1 };
        let (media_type, source) = ("image/jpeg".into(), "memory".into());
        let taken = Fact::ReferenceTaken { reference: reference.clone(), picture, bytes: bytes.len() as u64, media_type, source };
        for fact in [taken, Fact::ReferenceAccepted { reference, by: "bench".into() }] {
            let at = Timestamp::UNIX_EPOCH;
            let of_no_stop = Record { at, fact, stocktake: None, stop: None, lane: None, crane: None, location: None, attempt: None };
            references.apply(&of_no_stop);
        }
        kept.insert(picture, bytes);
    }
    (references, kept)
}

/// How late a timer fires while `busy` is under way, in milliseconds: exceeded once in a thousand times, and at worst.
async fn lateness(busy: impl Future<Output = ()>) -> [f64; 2] {
    let late = Arc::new(Mutex::new(Vec::new()));
    let asking = tokio::spawn({
        let late = late.clone();
        async move {
            loop {
                let due = tokio::time::Instant::now() + Duration::from_millis(1);
                tokio::time::sleep_until(due).await;
                late.lock().unwrap().push(due.elapsed());
            }
        }
    });
    busy.await;
    asking.abort();
    let mut late = std::mem::take(&mut *late.lock().unwrap());
    late.sort_unstable();
    [late.len() * 999 / 1000, late.len().saturating_sub(1)].map(|at| late.get(at).map_or(0.0, |late: &Duration| late.as_secs_f64() * 1e3))
}
