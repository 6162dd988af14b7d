use rust_decimal::Decimal;

use super::*;
use crate::StocktakeId;
use crate::book::BookSnapshot;
use crate::code::{Code, Failure};
use crate::lane::LaneSpec;
use crate::layout::{Aisle, QueueSpec, Slot};
use crate::location::{Place, Side};
use crate::observation::{Findings, Inventory, TagRead, Witness};

const BAYS: u32 = 12;

/// One rack of one level; slot `n` is in bay `n + 1`.
fn layout() -> Arc<Layout> {
    let lane = LaneSpec { id: "C1".into(), crane: "C1".into(), queue: 0 };
    let aisle = Aisle { id: "A".into(), bays: BAYS, levels: 1, depth: 1, bay_width_m: 1.4, level_height_m: 1.6 };
    let mut layout = Layout::new(vec![lane], vec![QueueSpec { aisles: vec![0], ..QueueSpec::default() }]).with_aisles(vec![aisle]);
    for bay in 1..=BAYS {
        let place = Place { aisle: 0, side: Side::Left, bay, level: 1, depth: 1 };
        layout.add(Slot { code: format!("B{bay}").as_str().into(), place: Some(place), queue: 0 }).unwrap();
    }
    Arc::new(layout)
}

fn epc(slot: u32) -> Epc {
    Epc::from_hex(&format!("{slot:08X}")).unwrap()
}

fn line(slot: u32) -> BookLine {
    BookLine {
        item: "item".into(),
        handling_unit: Some(format!("HU{slot}").into()),
        epc: Some(epc(slot)),
        quantity: Decimal::from(5),
        unit: None,
        price: None,
    }
}

/// One unit with one tag is booked in every slot.
struct OneEach;

impl Book for OneEach {
    fn lines(&self, location: &LocationCode) -> Option<Vec<BookLine>> {
        Some(vec![line(location.as_str()[1..].parse::<u32>().ok()? - 1)])
    }

    fn whereabouts(&self, code: &str) -> Option<(LocationCode, BookLine)> {
        let slot = match code.strip_prefix("HU") {
            Some(number) => number.parse().ok()?,
            None => u32::from_str_radix(code, 16).ok()?,
        };
        (slot < BAYS).then(|| (format!("B{}", slot + 1).as_str().into(), line(slot)))
    }

    fn source(&self) -> Arc<str> {
        "test".into()
    }
}

/// What a reader at a slot hears of units that lie in these: the louder the nearer, and those that nobody booked louder than others.
fn heard(at: u32, lie: &[(u32, u32)]) -> Witness<Inventory> {
    let level = |unit: u32, lies_at: u32| {
        let strong = if unit >= BAYS { 6.0 } else { 0.0 };
        strong - 52.0 - [0.0, 11.0, 21.0, 30.0][at.abs_diff(lies_at).min(3) as usize]
    };
    let tags = lie.iter().filter(|(_, lies_at)| at.abs_diff(*lies_at) <= 2);
    let tags = tags.map(|(unit, lies_at)| TagRead { rssi_dbm: Some(level(*unit, *lies_at)), ..TagRead::of(epc(*unit)) }).collect();
    Witness::Saw(Inventory { tags: Some(tags), note: None })
}

fn seen(at: u32, rfid: Witness<Inventory>, vision: Witness<Findings>) -> Seen {
    let lines = OneEach.lines(&format!("B{}", at + 1).as_str().into()).unwrap();
    let book = BookSnapshot { source: "test".into(), at: crate::Timestamp::UNIX_EPOCH, lines };
    Seen { book: Some(book), rfid, vision, capture_failed: false }
}

fn labels(codes: &[&str]) -> Witness<Findings> {
    let codes: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
    Witness::Saw(Findings { occupied: Some(!codes.is_empty()), codes, confidence: None, ..Findings::default() })
}

struct Count {
    docket: Docket,
    id: StocktakeId,
    /// Which unit lies in which slot.
    lie: Vec<(u32, u32)>,
    settled: Vec<(u32, Verdict, Option<u64>)>,
    judgements: HashMap<u32, Judgement>,
}

impl Count {
    fn of(slots: impl IntoIterator<Item = u32>, lie: Vec<(u32, u32)>) -> Self {
        let mut docket = Docket::new(layout(), Calibration::default(), DocketRules { listen_budget: 0.5, ..DocketRules::default() });
        docket.open(slots);
        let id = StocktakeId::new(crate::Timestamp::UNIX_EPOCH, [7; 10]);
        Self { docket, id, lie, settled: Vec::new(), judgements: HashMap::new() }
    }

    fn take(&mut self, progress: Progress) -> Vec<u32> {
        for settled in progress.settled {
            self.settled.push((settled.slot, settled.judgement.verdict, settled.supersedes));
            self.judgements.insert(settled.slot, settled.judgement);
        }
        progress.listen
    }

    /// The stop at a slot is done, and what it led to is on record. Gives what was said of it, and where to listen.
    fn stop(&mut self, at: u32, vision: Witness<Findings>) -> (Verdict, Vec<u32>) {
        let seen = seen(at, heard(at, &self.lie), vision);
        self.docket.file(self.id.stop(at + 1), at, seen, None, Some(&OneEach));
        let said = self.docket.judged_so_far(at, Some(&OneEach)).0.verdict;
        let mut listen = self.docket.progress(Some(at), Some(&OneEach));
        let again = Progress { listen: std::mem::take(&mut listen.listen), ..Progress::default() };
        let mut slots = self.take(listen);
        slots.extend(again.listen);
        self.docket.recorded(at, 100 + u64::from(at));
        let progress = self.docket.progress(None, Some(&OneEach));
        slots.extend(self.take(progress));
        (said, slots)
    }

    fn final_verdict(&self, slot: u32) -> Option<Verdict> {
        self.settled.iter().find(|(settled, ..)| *settled == slot).map(|(_, verdict, _)| *verdict)
    }
}

fn all_at_home() -> Vec<(u32, u32)> {
    (0..BAYS).map(|unit| (unit, unit)).collect()
}

#[test]
fn a_judgement_is_provisional_until_the_last_stop_within_reach_is_done() {
    let mut count = Count::of(0..8, all_at_home());
    for at in 0..5 {
        assert_eq!(count.stop(at, Witness::NotAsked).0, Verdict::Match, "slot {at}");
        assert!(count.settled.is_empty(), "after slot {at}: {:?}", count.settled);
    }
    count.stop(5, Witness::NotAsked);
    // A tag heard at slot 0 may lie in slot 2, which is heard in slot 5.
    assert_eq!(count.settled, [(0, Verdict::Match, Some(100))]);
    (6..8).for_each(|at| drop(count.stop(at, Witness::NotAsked)));
    let slots: Vec<u32> = count.settled.iter().map(|(slot, ..)| *slot).collect();
    assert_eq!(slots, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert!(count.docket.cases.is_empty());
    // The last one was never provisional on record when it became final.
    assert_eq!(count.settled[7].2, None);
}

#[test]
fn neighbours_tags_are_not_counted_here() {
    let mut count = Count::of(0..BAYS, all_at_home());
    (0..BAYS).for_each(|at| drop(count.stop(at, Witness::NotAsked)));
    assert!(count.settled.iter().all(|(_, verdict, _)| *verdict == Verdict::Match), "{:?}", count.settled);
    assert!(count.judgements.values().all(|judgement| judgement.counted == Some(5.into())));
}

#[test]
fn a_misplaced_unit_is_found_and_both_slots_are_paired_however_far_they_are_apart() {
    let mut lie = all_at_home();
    lie[1] = (1, 10);
    let mut count = Count::of(0..BAYS, lie);
    (0..10).for_each(|at| drop(count.stop(at, Witness::NotAsked)));
    assert_eq!(count.final_verdict(1), None, "a stop to come may find what is missing");
    assert_eq!(count.final_verdict(2), Some(Verdict::Match));
    (10..BAYS).for_each(|at| drop(count.stop(at, Witness::NotAsked)));
    assert_eq!(count.final_verdict(1), Some(Verdict::UnexpectedlyEmpty));
    assert_eq!(count.judgements[&1].found_at, Some("B11".into()));
    assert_eq!(count.final_verdict(10), Some(Verdict::Misplaced));
    assert_eq!(count.judgements[&10].belongs_at, Some("B2".into()));
}

#[test]
fn a_label_read_elsewhere_pairs_the_slots_too() {
    // Unit 1 lies far off and its tag is dead.
    let lie: Vec<(u32, u32)> = all_at_home().into_iter().filter(|(unit, _)| *unit != 1).collect();
    let mut count = Count::of(0..BAYS, lie);
    for at in 0..BAYS {
        let own = format!("HU{at}");
        let vision = match at {
            1 => labels(&[]),
            9 => labels(&[&own, "HU1"]),
            _ => labels(&[&own]),
        };
        count.stop(at, vision);
    }
    assert_eq!((count.final_verdict(1), count.final_verdict(9)), (Some(Verdict::UnexpectedlyEmpty), Some(Verdict::Misplaced)));
    assert_eq!(count.judgements[&1].found_at, Some("B10".into()));
}

#[test]
fn what_is_unclear_asks_for_a_stop_at_a_neighbour_and_is_settled_by_it() {
    // A strong tag that nobody booked lies beside a slot that is visited.
    let mut count = Count::of([0, 4, 8], vec![(0, 0), (4, 4), (8, 8), (100, 5)]);
    let listen: Vec<u32> = [0, 4, 8].into_iter().flat_map(|at| count.stop(at, Witness::NotAsked).1).collect();
    assert_eq!(listen.len(), 1, "{listen:?}: {:?}", count.settled);
    assert_eq!(count.final_verdict(4), None);
    let mut to_listen = listen;
    while let Some(at) = to_listen.pop() {
        let rfid = heard(at, &count.lie);
        count.docket.hear(at, &Seen { book: None, rfid, vision: Witness::NotAsked, capture_failed: false }, Some(&OneEach));
        let progress = count.docket.progress(None, Some(&OneEach));
        to_listen.extend(count.take(progress));
    }
    assert_eq!(count.final_verdict(4), Some(Verdict::Match), "{:?}", count.judgements.get(&4));
}

#[test]
fn a_budget_of_nothing_asks_for_no_stop() {
    let mut count = Count::of([0, 4, 8], vec![(0, 0), (4, 4), (8, 8), (100, 5)]);
    count.docket.rules.listen_budget = 0.0;
    let listen: Vec<u32> = [0, 4, 8].into_iter().flat_map(|at| count.stop(at, Witness::NotAsked).1).collect();
    assert_eq!(listen.len(), 0, "{listen:?}");
    assert!(count.docket.cases.is_empty());
}

#[test]
fn a_reader_that_failed_is_judged_at_once_and_stops_that_never_come_hold_nobody_up() {
    let mut count = Count::of(0..4, all_at_home());
    let failed = Witness::Failed(Failure::new(Code::DeviceTimeout, "no answer"));
    count.docket.file(count.id.stop(1), 0, seen(0, failed, Witness::NotAsked), None, Some(&OneEach));
    let progress = count.docket.progress(Some(0), Some(&OneEach));
    count.take(progress);
    assert_eq!(count.final_verdict(0), Some(Verdict::Ambiguous));
    count.stop(1, Witness::NotAsked);
    count.stop(2, Witness::NotAsked);
    assert_eq!(count.settled.len(), 1);
    count.docket.close(3);
    let progress = count.docket.progress(None, Some(&OneEach));
    count.take(progress);
    assert_eq!(count.settled.len(), 3);
}
