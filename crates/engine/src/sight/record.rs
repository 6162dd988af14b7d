//! What was seen, as it goes on record: findings for the verdict, and what they rest on.

use std::sync::Arc;
use std::time::Duration;

use pandian_domain::sight::{self, Change, CodeRead, Fitness, Marker, Occupancy, Sight, SightTimes};
use pandian_domain::{Digest, Findings};
use pandian_vision::change::Difference;
use pandian_vision::codes::{Code, Identity};
use pandian_vision::gates::Gates;
use pandian_vision::look::Seen;
use pandian_vision::occupancy::{Presence, Unsure};

/// What a picture was held against.
pub(super) struct Evidence {
    pub(super) references: Vec<Digest>,
    pub(super) before: Option<Digest>,
    pub(super) fitness: Gates,
    pub(super) decode: Duration,
}

/// How sure a label that was read, or a marker, makes at least.
const READ: f64 = 0.99;
/// Nothing that is seen is surer.
const SUREST: f64 = 0.999;
/// Codes that go on record of one picture.
const CODES: usize = 64;

/// Turns what was seen into findings and evidence. `expected` finds the labels that the books expect, `is_marker` those that are on the rack.
pub(super) fn of(
    seen: &Seen,
    evidence: &Evidence,
    expected: &dyn Fn(&str) -> Option<usize>,
    is_marker: &dyn Fn(&str) -> bool,
) -> (Findings, Sight) {
    let (occupied, unsure) = presence(seen, expected);
    let labels = seen.codes.codes.iter().filter(|code| code.is_sure && !is_marker(&code.text));
    let (codes, doubtful_codes): (Vec<String>, Vec<String>) = match (occupied, unsure) {
        // What is read through an empty slot, or on a picture of another, does not stand in it.
        (Some(false), _) | (_, Some(sight::Unsure::OtherLocation)) => (Vec::new(), Vec::new()),
        // Nor, perhaps, what is read where nothing may stand.
        (None, _) => labels.map(|code| code.text.clone()).partition(|text| expected(text).is_some()),
        _ => (labels.map(|code| code.text.clone()).collect(), Vec::new()),
    };
    let sure = match occupied {
        Some(true) if codes.iter().any(|code| expected(code).is_some()) => Some(f64::from(seen.occupancy.score).max(READ)),
        Some(true) => Some(f64::from(seen.occupancy.score)),
        Some(false) => Some(1.0 - f64::from(seen.occupancy.score)),
        None => None,
    };
    let is_elsewhere = unsure == Some(sight::Unsure::OtherLocation);
    let findings =
        Findings { occupied, codes, doubtful_codes, is_elsewhere, confidence: sure.map(|sure| sure.clamp(0.0, SUREST)), note: None };
    (findings, sight_of(seen, evidence, unsure))
}

/// Whether something stands there, by all that was seen.
fn presence(seen: &Seen, expected: &dyn Fn(&str) -> Option<usize>) -> (Option<bool>, Option<sight::Unsure>) {
    let is_read = seen.codes.codes.iter().any(|code| code.is_sure && expected(&code.text).is_some());
    match (seen.occupancy.verdict, seen.occupancy.unsure) {
        (Presence::Unsure, Some(Unsure::OtherLocation)) => (None, Some(sight::Unsure::OtherLocation)),
        (Presence::Empty, _) if is_read => (None, Some(sight::Unsure::LabelContradicts)),
        (Presence::Empty, _) => (Some(false), None),
        (Presence::Occupied, _) => (Some(true), None),
        // A label of what is booked here is read: it stands here.
        (Presence::Unsure, _) if is_read => (Some(true), None),
        (Presence::Unsure, why) => (None, Some(why.map_or(sight::Unsure::Between, unsure))),
    }
}

fn sight_of(seen: &Seen, evidence: &Evidence, unsure: Option<sight::Unsure>) -> Sight {
    let occupancy = &seen.occupancy;
    let markers = [(Marker::Front, seen.markers.front), (Marker::Rear, seen.markers.rear)];
    let verdict = match (occupancy.verdict, unsure) {
        (_, Some(_)) => sight::Presence::Unsure,
        (Presence::Empty, None) => sight::Presence::Empty,
        (Presence::Occupied | Presence::Unsure, None) => sight::Presence::Occupied,
    };
    let change = seen.change.as_ref().zip(evidence.before).map(|(change, before)| Change {
        verdict: match change.verdict {
            Difference::Same => sight::Difference::Same,
            Difference::Changed => sight::Difference::Changed,
            Difference::Unsure => sight::Difference::Unsure,
        },
        share: finite(change.share),
        before,
    });
    Sight {
        identity: seen.codes.identity.map(|identity| match identity {
            Identity::Match => sight::Identity::Match,
            Identity::Partial => sight::Identity::Partial,
            Identity::Mismatch => sight::Identity::Mismatch,
            Identity::Unreadable => sight::Identity::Unreadable,
        }),
        codes: seen.codes.codes.iter().take(CODES).map(code).collect(),
        occupancy: Occupancy {
            verdict,
            score: finite(occupancy.score),
            unsure,
            reference: occupancy.reference.and_then(|index| evidence.references.get(index).copied()),
            shift: occupancy.shift.map(finite),
            markers: markers.into_iter().filter(|(_, seen)| seen.is_some()).map(|(marker, _)| marker).collect(),
        },
        change,
        references: evidence.references.clone(),
        mask: None,
        fitness: Fitness {
            brightness: finite(evidence.fitness.brightness),
            contrast: finite(evidence.fitness.contrast),
            sharpness: finite(evidence.fitness.sharpness),
        },
        times: SightTimes {
            decode_ms: millis(evidence.decode),
            codes_ms: millis(seen.took.codes),
            occupancy_ms: millis(seen.took.occupancy),
            change_ms: millis(seen.took.change),
        },
    }
}

fn unsure(why: Unsure) -> sight::Unsure {
    match why {
        Unsure::Between => sight::Unsure::Between,
        Unsure::NoReference => sight::Unsure::NoReference,
        Unsure::CameraMoved => sight::Unsure::CameraMoved,
        Unsure::ViewBlocked => sight::Unsure::ViewBlocked,
        Unsure::NotFit => sight::Unsure::NotFit,
        Unsure::OtherLocation => sight::Unsure::OtherLocation,
        Unsure::NothingBehind => sight::Unsure::NothingBehind,
    }
}

fn code(code: &Code) -> CodeRead {
    CodeRead {
        text: Arc::from(code.text.as_str()),
        format: code.format.name().into(),
        rung: code.rungs.first().map_or_else(String::new, ToString::to_string).into(),
        rungs: u8::try_from(code.rungs.len()).unwrap_or(u8::MAX),
        quad: code.quad.map(|corner| [finite(corner.x), finite(corner.y)]),
        sure: code.is_sure,
    }
}

/// JSON knows no other numbers.
fn finite(value: f32) -> f32 {
    if value.is_finite() { value } else { 0.0 }
}

/// In milliseconds, to the microsecond.
fn millis(time: Duration) -> f32 {
    time.as_micros() as f32 / 1000.0
}

#[cfg(test)]
mod tests {
    use pandian_vision::Point;
    use pandian_vision::codes::{CodesSeen, Format, Rung};
    use pandian_vision::gates::{GateSettings, measure};
    use pandian_vision::look::Took;
    use pandian_vision::marker::Markers;
    use pandian_vision::occupancy;
    use pandian_vision::{Luma, Region};

    use super::*;

    const BOOKED: &str = "UNIT-1";

    fn read(text: &str) -> Code {
        let corner = Point { x: 1.0, y: 2.0 };
        Code {
            text: text.into(),
            bytes: text.as_bytes().to_vec(),
            format: Format::Code128,
            rungs: vec![Rung::Doubled, Rung::Sharpened],
            quad: [corner; 4],
            is_sure: true,
        }
    }

    fn seen(verdict: Presence, why: Option<Unsure>, score: f32, labels: &[&str]) -> Seen {
        let occupancy = occupancy::Occupancy { verdict, score, ..occupancy::Occupancy::unsure(why.unwrap_or(Unsure::Between)) };
        Seen {
            codes: CodesSeen { codes: labels.iter().map(|text| read(text)).collect(), ..CodesSeen::nothing() },
            markers: Markers::default(),
            occupancy: occupancy::Occupancy { unsure: why, ..occupancy },
            change: None,
            mask: None,
            took: Took::default(),
        }
    }

    fn recorded(seen: &Seen) -> (Findings, Sight) {
        let blank = Luma::new(64, 64, vec![90; 64 * 64]).unwrap();
        let evidence = Evidence {
            references: vec![Digest([1; 32])],
            before: None,
            fitness: measure(&blank.crop(&Region::WHOLE), &GateSettings::default()),
            decode: Duration::from_micros(1500),
        };
        of(seen, &evidence, &|text| (text == BOOKED).then_some(0), &|text| text.starts_with("LOC-"))
    }

    #[test]
    fn what_is_seen_becomes_what_is_found() {
        use Presence::{Empty, Occupied, Unsure as Doubt};
        type Wanted<'a> = (Option<bool>, &'a [&'a str], &'a [&'a str], Option<sight::Unsure>);
        let table: [(Presence, Option<Unsure>, &[&str], Wanted<'_>); 9] = [
            (Occupied, None, &[BOOKED, "UNIT-2", "LOC-A"], (Some(true), &[BOOKED, "UNIT-2"], &[], None)),
            // Through an empty slot others' labels can be read.
            (Empty, None, &["UNIT-2"], (Some(false), &[], &[], None)),
            // But not those of what should stand in it.
            (Empty, None, &[BOOKED], (None, &[BOOKED], &[], Some(sight::Unsure::LabelContradicts))),
            (Doubt, Some(Unsure::Between), &[], (None, &[], &[], Some(sight::Unsure::Between))),
            (Doubt, Some(Unsure::Between), &["UNIT-2"], (None, &[], &["UNIT-2"], Some(sight::Unsure::Between))),
            (Doubt, Some(Unsure::Between), &[BOOKED], (Some(true), &[BOOKED], &[], None)),
            (Doubt, Some(Unsure::NoReference), &["UNIT-2"], (None, &[], &["UNIT-2"], Some(sight::Unsure::NoReference))),
            (Doubt, Some(Unsure::NothingBehind), &["LOC-A"], (None, &[], &[], Some(sight::Unsure::NothingBehind))),
            (Doubt, Some(Unsure::OtherLocation), &[BOOKED, "LOC-B"], (None, &[], &[], Some(sight::Unsure::OtherLocation))),
        ];
        for (verdict, why, labels, (occupied, codes, doubtful, unsure)) in table {
            let (findings, sight) = recorded(&seen(verdict, why, 0.5, labels));
            assert_eq!((findings.occupied, sight.occupancy.unsure), (occupied, unsure), "{verdict:?} {why:?} {labels:?}");
            assert_eq!((findings.codes, findings.doubtful_codes), (owned(codes), owned(doubtful)), "{verdict:?} {why:?} {labels:?}");
            assert_eq!(findings.is_elsewhere, why == Some(Unsure::OtherLocation));
            assert_eq!(sight.codes.len(), labels.len(), "markers and doubtful labels are evidence too");
        }
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_label_that_was_read_makes_sure_and_nothing_makes_certain() {
        let sure = |verdict, score, labels: &[&str]| recorded(&seen(verdict, None, score, labels)).0.confidence;
        assert_eq!(sure(Presence::Occupied, 0.75, &[]), Some(0.75));
        assert_eq!(sure(Presence::Occupied, 0.75, &[BOOKED]), Some(READ));
        assert_eq!(sure(Presence::Empty, 0.25, &[]), Some(0.75));
        assert_eq!(sure(Presence::Empty, 0.0, &[]), Some(SUREST));
        assert_eq!(recorded(&seen(Presence::Unsure, Some(Unsure::Between), 0.4, &[])).0.confidence, None);
    }

    #[test]
    fn numbers_that_are_none_do_not_reach_the_record_and_codes_are_bounded() {
        let mut many = seen(Presence::Occupied, None, f32::NAN, &[]);
        many.occupancy.shift = [f32::INFINITY, 1.0];
        many.codes.codes = (0..200).map(|n| read(&format!("UNIT-{n}"))).collect();
        let (_, sight) = recorded(&many);
        assert_eq!((sight.occupancy.score, sight.occupancy.shift, sight.codes.len()), (0.0, [0.0, 1.0], CODES));
        serde_json::to_string(&sight).unwrap();
    }
}
