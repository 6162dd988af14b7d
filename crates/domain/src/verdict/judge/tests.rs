use rust_decimal::Decimal;

use super::*;
use crate::code::{Code, Failure};
use crate::observation::TagRead;
use crate::verdict::{Reason, Verdict};

const HERE: &str = "A1";

fn line(unit: &str, epc: &str, quantity: i64) -> BookLine {
    BookLine {
        item: format!("item of {unit}").into(),
        handling_unit: Some(unit.into()),
        epc: (!epc.is_empty()).then(|| Epc::from_hex(epc).unwrap()),
        quantity: Decimal::from(quantity),
        unit: None,
        price: None,
    }
}

fn booked(lines: &[BookLine]) -> Option<BookSnapshot> {
    Some(BookSnapshot { source: "book.csv".into(), at: "2026-01-02T03:04:05Z".parse().unwrap(), lines: lines.to_vec() })
}

fn heard(epcs: &[&str]) -> Witness<Inventory> {
    let tags = epcs.iter().map(|epc| TagRead::of(Epc::from_hex(epc).unwrap())).collect();
    Witness::Saw(Inventory { tags: Some(tags), note: None })
}

fn seen(occupied: Option<bool>, codes: &[&str]) -> Witness<Findings> {
    Witness::Saw(Findings {
        occupied,
        codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        doubtful_codes: Vec::new(),
        is_elsewhere: false,
        confidence: None,
        note: None,
    })
}

fn failed<T>() -> Witness<T> {
    Witness::Failed(Failure::new(Code::DeviceTimeout, "no answer"))
}

/// The books have unit `P9` with tag `99` at `B7`.
fn whereabouts(code: &str) -> Option<(LocationCode, BookLine)> {
    (code == "99" || code == "P9").then(|| ("B7".into(), line("P9", "99", 4)))
}

#[track_caller]
fn check(book: Option<BookSnapshot>, rfid: Witness<Inventory>, vision: Witness<Findings>, verdict: Verdict, reason: Reason) -> Judgement {
    let seen = Seen { book, rfid, vision, capture_failed: true };
    let judgement = judge(&HERE.into(), &seen, &Attributed::all_of(&seen), whereabouts);
    assert_eq!((judgement.verdict, judgement.reason), (verdict, reason), "{judgement:#?}");
    judgement
}

#[test]
fn what_is_booked_and_nothing_else_is_a_match() {
    let two = booked(&[line("P1", "01", 3), line("P2", "02", 5)]);
    let judgement = check(two.clone(), heard(&["01", "02", "02"]), Witness::NotAsked, Verdict::Match, Reason::AllTagsHeard);
    assert_eq!((judgement.book, judgement.counted), (Some(8.into()), Some(8.into())));
    assert!(
        judgement.confidence < check(two, heard(&["01", "02"]), seen(Some(true), &[]), Verdict::Match, Reason::AllTagsHeard).confidence
    );
}

#[test]
fn a_label_proves_what_its_tag_does_not() {
    let two = booked(&[line("P1", "01", 3), line("P2", "02", 5)]);
    check(two, heard(&["02"]), seen(Some(true), &["P1"]), Verdict::Match, Reason::LabelsRead);
    check(booked(&[line("P1", "01", 3)]), Witness::NotAsked, seen(Some(true), &["P1"]), Verdict::Match, Reason::LabelsRead);
    check(booked(&[line("P1", "01", 3)]), heard(&[]), seen(Some(true), &["P1"]), Verdict::Ambiguous, Reason::TagsSilent);
    check(booked(&[line("P1", "", 3)]), heard(&[]), seen(None, &["4006381333931", "P1"]), Verdict::Match, Reason::LabelsRead);
}

#[test]
fn part_of_the_tags_is_a_shortage_with_its_lines() {
    let judgement = check(
        booked(&[line("P1", "01", 3), line("P2", "02", 5)]),
        heard(&["02"]),
        seen(Some(true), &[]),
        Verdict::Shortage,
        Reason::PartMissing,
    );
    assert_eq!(judgement.counted, Some(5.into()));
    assert_eq!(judgement.variances.len(), 1);
    assert_eq!((&*judgement.variances[0].unit_id, judgement.variances[0].book), ("P1", 3.into()));
}

#[test]
fn silence_alone_never_proves_an_empty_slot() {
    let one = booked(&[line("P1", "01", 3)]);
    check(one.clone(), heard(&[]), Witness::NotAsked, Verdict::Ambiguous, Reason::TagsSilent);
    check(one.clone(), heard(&[]), seen(Some(true), &[]), Verdict::Ambiguous, Reason::TagsSilent);
    let judgement = check(one, heard(&[]), seen(Some(false), &[]), Verdict::UnexpectedlyEmpty, Reason::SeenEmpty);
    assert_eq!(judgement.counted, Some(0.into()));
}

#[test]
fn an_empty_slot_is_as_booked_unless_something_shows() {
    check(booked(&[]), heard(&[]), seen(Some(false), &[]), Verdict::EmptyAsBooked, Reason::NothingThere);
    check(booked(&[]), heard(&[]), Witness::NotAsked, Verdict::EmptyAsBooked, Reason::NothingHeard);
    check(booked(&[]), heard(&[]), seen(Some(true), &[]), Verdict::Ambiguous, Reason::WitnessesDisagree);
    check(booked(&[]), heard(&["77"]), seen(Some(true), &[]), Verdict::Overage, Reason::NotInTheBooks);
    check(booked(&[]), heard(&["77"]), seen(Some(false), &[]), Verdict::Ambiguous, Reason::WitnessesDisagree);
}

#[test]
fn what_is_booked_elsewhere_is_misplaced_and_says_where_it_belongs() {
    let judgement =
        check(booked(&[line("P1", "01", 3)]), heard(&["01", "99"]), Witness::NotAsked, Verdict::Misplaced, Reason::BookedElsewhere);
    assert_eq!(judgement.belongs_at, Some("B7".into()));
    assert_eq!(judgement.counted, Some(7.into()));
    let by_label_and_tag = check(booked(&[]), heard(&["99"]), seen(Some(true), &["P9"]), Verdict::Misplaced, Reason::BookedElsewhere);
    assert_eq!(by_label_and_tag.variances.len(), 1);
}

#[test]
fn a_stranger_in_the_place_of_the_booked_is_a_wrong_item() {
    check(booked(&[line("P1", "01", 3)]), heard(&["77"]), seen(Some(true), &[]), Verdict::WrongItem, Reason::OtherInItsPlace);
    check(booked(&[line("P1", "01", 3)]), heard(&["01", "77"]), seen(Some(true), &[]), Verdict::Overage, Reason::NotInTheBooks);
}

#[test]
fn a_failed_witness_is_never_taken_for_one_that_saw_nothing() {
    let one = booked(&[line("P1", "01", 3)]);
    check(one.clone(), failed(), seen(Some(true), &["P1"]), Verdict::Ambiguous, Reason::InventoryFailed);
    check(one.clone(), heard(&["01"]), failed(), Verdict::Ambiguous, Reason::CaptureFailed);
    check(one.clone(), failed(), failed(), Verdict::NotCounted, Reason::ChecksFailed);
    check(one.clone(), Witness::NotAsked, Witness::NotAsked, Verdict::Ambiguous, Reason::NoObservation);
    let note = Witness::Saw(Inventory { tags: None, note: Some("读取RFID信息".into()) });
    check(one, note, Witness::NotAsked, Verdict::Ambiguous, Reason::NoObservation);
    check(None, heard(&["01"]), Witness::NotAsked, Verdict::Ambiguous, Reason::NoBook);
}

#[test]
fn at_another_location_nothing_that_was_heard_or_seen_counts() {
    let elsewhere = || Witness::Saw(Findings { is_elsewhere: true, ..Findings::default() });
    let one = booked(&[line("P1", "01", 3)]);
    check(one.clone(), heard(&["01"]), elsewhere(), Verdict::Ambiguous, Reason::OtherLocation);
    check(one, failed(), elsewhere(), Verdict::Ambiguous, Reason::OtherLocation);
    check(booked(&[]), heard(&[]), elsewhere(), Verdict::Ambiguous, Reason::OtherLocation);
}

#[test]
fn stock_without_tag_or_label_cannot_be_counted() {
    check(booked(&[line("P1", "", 3)]), heard(&[]), seen(Some(true), &[]), Verdict::Ambiguous, Reason::NothingToRecognise);
    check(
        booked(&[line("P1", "", 3), line("P2", "02", 1)]),
        heard(&["02"]),
        seen(Some(true), &[]),
        Verdict::Ambiguous,
        Reason::NothingToRecognise,
    );
}

#[test]
fn a_quantity_of_nothing_is_no_stock() {
    check(booked(&[line("P1", "01", 0)]), heard(&[]), seen(Some(false), &[]), Verdict::EmptyAsBooked, Reason::NothingThere);
    check(booked(&[line("P1", "01", 0)]), heard(&["01"]), seen(Some(true), &[]), Verdict::Overage, Reason::NotInTheBooks);
}

#[test]
fn an_empty_slot_is_not_taken_for_one_where_nobody_listened_or_a_label_was_read() {
    check(booked(&[]), Witness::NotAsked, seen(None, &["4006381333931"]), Verdict::Ambiguous, Reason::WitnessesDisagree);
    check(booked(&[]), heard(&[]), seen(None, &["4006381333931"]), Verdict::Ambiguous, Reason::WitnessesDisagree);
}

#[test]
fn what_today_s_books_have_at_this_very_location_is_not_misplaced() {
    let here: LocationCode = "B7".into();
    let book = booked(&[]);
    let (rfid, vision) = (heard(&["99"]), seen(Some(true), &[]));
    let seen = Seen { book, rfid, vision, capture_failed: false };
    assert_eq!(judge(&here, &seen, &Attributed::all_of(&seen), whereabouts).verdict, Verdict::Overage);
}

/// A container's label and its tag, SSCC (00)106141412345678908.
const LABEL: &str = "106141412345678908";
const TAG: &str = "3174257BF4499602D2000000";

#[test]
fn a_tag_that_bears_the_number_of_a_booked_container_is_its_tag() {
    let judgement = check(booked(&[line(LABEL, "", 6)]), heard(&[TAG]), Witness::NotAsked, Verdict::Match, Reason::AllTagsHeard);
    assert_eq!(judgement.counted, Some(6.into()));
    // With the application identifier of the barcode, too.
    let labelled = seen(Some(true), &["00106141412345678908"]);
    check(booked(&[line(LABEL, "", 6)]), Witness::NotAsked, labelled, Verdict::Match, Reason::LabelsRead);
}

#[test]
fn what_was_found_elsewhere_is_not_here_and_what_is_unclear_is_for_a_person() {
    let seen_there = |tags: &[&str], occupied| Seen {
        book: booked(&[line("P1", "01", 3), line("P2", "02", 5)]),
        rfid: heard(tags),
        vision: seen(occupied, &[]),
        capture_failed: false,
    };
    let epc = |text: &str| Epc::from_hex(text).unwrap();
    let found_at = BTreeMap::from([("02".into(), "B7".into())]);
    let attributed = Attributed { here: [epc("01")].into(), found_at, ..Attributed::default() };
    let judgement = judge(&HERE.into(), &seen_there(&["01"], Some(true)), &attributed, whereabouts);
    assert_eq!((judgement.verdict, judgement.reason), (Verdict::Shortage, Reason::FoundElsewhere));
    assert_eq!((judgement.found_at, &judgement.variances[0].found_at), (Some("B7".into()), &Some("B7".into())));

    let unclear = Attributed { here: [epc("01")].into(), unclear: [epc("02")].into(), ..Attributed::default() };
    let judgement = judge(&HERE.into(), &seen_there(&["01", "02"], Some(true)), &unclear, whereabouts);
    assert_eq!((judgement.verdict, judgement.reason), (Verdict::Ambiguous, Reason::TagsUnclear));
    // A camera settles it: nothing stands there.
    let nothing = Attributed { unclear: [epc("02")].into(), ..Attributed::default() };
    let judgement = judge(&HERE.into(), &seen_there(&["02"], Some(false)), &nothing, whereabouts);
    assert_eq!((judgement.verdict, judgement.reason), (Verdict::UnexpectedlyEmpty, Reason::SeenEmpty));
}

#[test]
fn a_label_that_names_another_unit_than_the_tag_is_for_a_person() {
    let one = || booked(&[line("P1", "01", 3)]);
    // The one unit whose tag was heard bears a label that the books know elsewhere, or a container's that nobody knows.
    check(one(), heard(&["01"]), seen(Some(true), &["P9"]), Verdict::Ambiguous, Reason::WitnessesDisagree);
    let unknown = "(00)340123450000000018";
    check(one(), heard(&["01"]), seen(Some(true), &[unknown]), Verdict::Ambiguous, Reason::WitnessesDisagree);
    // Beside its own label it is another unit's; other codes say nothing.
    check(one(), heard(&["01"]), seen(Some(true), &["P1", "P9"]), Verdict::Misplaced, Reason::BookedElsewhere);
    check(one(), heard(&["01"]), seen(Some(true), &["P1", unknown]), Verdict::Overage, Reason::NotInTheBooks);
    check(one(), heard(&["01"]), seen(Some(true), &["4006381333931"]), Verdict::Match, Reason::AllTagsHeard);
    // Its tag was heard too: there are two units.
    check(one(), heard(&["01", "99"]), seen(Some(true), &["P9"]), Verdict::Misplaced, Reason::BookedElsewhere);
    // Nothing of the booked was heard: it stands in its place.
    check(one(), heard(&["77"]), seen(Some(true), &["P9"]), Verdict::Misplaced, Reason::BookedElsewhere);
}

#[test]
fn a_label_that_may_stand_behind_the_slot_settles_nothing_and_is_for_a_person() {
    let doubtful = |codes: &[&str]| {
        let doubtful_codes = codes.iter().map(|code| (*code).to_owned()).collect();
        Witness::Saw(Findings { doubtful_codes, ..Findings::default() })
    };
    let one = || booked(&[line("P1", "01", 3)]);
    check(one(), heard(&["01"]), doubtful(&["P9"]), Verdict::Ambiguous, Reason::WitnessesDisagree);
    check(booked(&[]), heard(&[]), doubtful(&["P9"]), Verdict::Ambiguous, Reason::WitnessesDisagree);
    check(one(), heard(&["01"]), doubtful(&["4006381333931"]), Verdict::Match, Reason::AllTagsHeard);
}
