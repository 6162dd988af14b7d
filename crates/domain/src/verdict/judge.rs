//! The decision table: which verdict follows from book, tags and picture.

use std::collections::BTreeSet;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::{Judgement, Reason, Variance, Verdict};
use crate::book::{BookLine, BookSnapshot};
use crate::location::LocationCode;
use crate::observation::{Findings, Inventory, Witness};

/// What is known of one location when it is judged.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// The location.
    pub location: &'a LocationCode,
    /// The book at arrival; none where the books do not know the location.
    pub book: Option<&'a BookSnapshot>,
    /// The tags.
    pub rfid: &'a Witness<Inventory>,
    /// The picture's comparison.
    pub vision: &'a Witness<Findings>,
    /// The picture could not be taken (rather than: not compared).
    pub capture_failed: bool,
}

/// How sure RFID alone can be: a tag can be missed.
const RFID_ALONE: f64 = 0.9;
/// How sure a missing tag alone can be.
const MISSED_TAG: f64 = 0.8;
/// How sure both witnesses agreeing are, when the camera states no confidence.
const BOTH: f64 = 0.99;

/// A judgement that says why a location was not counted.
pub fn not_counted(reason: Reason, book: Option<&BookSnapshot>) -> Judgement {
    Judgement {
        verdict: Verdict::NotCounted,
        reason,
        confidence: 0.0,
        book: book.map(BookSnapshot::quantity),
        counted: None,
        variances: Vec::new(),
        belongs_at: None,
    }
}

/// Judges one location. `whereabouts` says where the books have a tag or label that was found.
///
/// A witness that failed never counts as one that saw nothing: its location is *ambiguous*, or *not counted* when both failed.
pub fn judge(evidence: &Evidence<'_>, whereabouts: impl Fn(&str) -> Option<(LocationCode, BookLine)>) -> Judgement {
    if let Some(reason) = unusable(evidence) {
        return reason.into_judgement(evidence.book);
    }
    let Some(book) = evidence.book else {
        return Unusable::Ambiguous(Reason::NoBook).into_judgement(None);
    };
    Scene::of(evidence, book, whereabouts).judge()
}

enum Unusable {
    Ambiguous(Reason),
    NotCounted(Reason),
}

impl Unusable {
    fn into_judgement(self, book: Option<&BookSnapshot>) -> Judgement {
        match self {
            Self::NotCounted(reason) => not_counted(reason, book),
            Self::Ambiguous(reason) => Judgement { verdict: Verdict::Ambiguous, ..not_counted(reason, book) },
        }
    }
}

/// Missing and failed observations come first: nothing is guessed around them.
fn unusable(evidence: &Evidence<'_>) -> Option<Unusable> {
    let tags = evidence.rfid.saw().map(|inventory| inventory.tags.is_some());
    match (evidence.rfid, evidence.vision) {
        (Witness::Failed(_), Witness::Failed(_)) => Some(Unusable::NotCounted(Reason::ChecksFailed)),
        (Witness::Failed(_), _) => Some(Unusable::Ambiguous(Reason::InventoryFailed)),
        (_, Witness::Failed(_)) if evidence.capture_failed => Some(Unusable::Ambiguous(Reason::CaptureFailed)),
        (_, Witness::Failed(_)) => Some(Unusable::Ambiguous(Reason::CompareFailed)),
        (Witness::NotAsked, Witness::NotAsked) => Some(Unusable::Ambiguous(Reason::NoObservation)),
        (Witness::Saw(_), vision) if tags == Some(false) && settles_nothing(vision) => Some(Unusable::Ambiguous(Reason::NoObservation)),
        (Witness::NotAsked, vision) if settles_nothing(vision) => Some(Unusable::Ambiguous(Reason::NoObservation)),
        _ => None,
    }
}

fn settles_nothing(vision: &Witness<Findings>) -> bool {
    vision.saw().is_none_or(|findings| findings.occupied.is_none() && findings.codes.is_empty())
}

/// Something found that is not booked here.
struct Stranger {
    id: Arc<str>,
    home: Option<(LocationCode, BookLine)>,
}

/// The location as the witnesses show it, held against the book.
struct Scene<'a> {
    book: &'a BookSnapshot,
    present: Vec<&'a BookLine>,
    missing: Vec<&'a BookLine>,
    strangers: Vec<Stranger>,
    /// Tags were listed, be it an empty list.
    tags_listed: bool,
    tags_heard: bool,
    /// Some line is present by its label alone.
    by_label: bool,
    /// A label was read, whosever it is.
    labels_read: bool,
    occupied: Option<bool>,
    confidence: Option<f64>,
}

impl<'a> Scene<'a> {
    fn of(evidence: &Evidence<'_>, book: &'a BookSnapshot, whereabouts: impl Fn(&str) -> Option<(LocationCode, BookLine)>) -> Self {
        let tags = evidence.rfid.saw().and_then(|inventory| inventory.tags.as_deref());
        let heard: BTreeSet<&str> = tags.unwrap_or_default().iter().map(|read| read.epc.as_str()).collect();
        let findings = evidence.vision.saw();
        let codes = findings.map_or(&[][..], |findings| &findings.codes);
        let is_heard = |line: &BookLine| line.epc.as_ref().is_some_and(|epc| heard.contains(epc.as_str()));
        let is_labelled = |line: &BookLine| codes.iter().any(|code| line.is_named_by(code));
        // Exports list empty locations with a quantity of nothing: that is no stock.
        let stock: Vec<&BookLine> = book.lines.iter().filter(|line| !line.quantity.is_zero()).collect();
        let is_booked_here = |code: &str| stock.iter().any(|line| line.is_named_by(code));
        let elsewhere = |code: &str| whereabouts(code).filter(|(home, _)| home != evidence.location);
        let (present, missing): (Vec<_>, Vec<_>) = stock.iter().copied().partition(|line| is_heard(line) || is_labelled(line));
        let mut strangers: Vec<Stranger> =
            heard.iter().filter(|epc| !is_booked_here(epc)).map(|epc| Stranger { id: Arc::from(*epc), home: elsewhere(epc) }).collect();
        // A label names a stranger only if the books know it: labels carry other codes too.
        for code in codes.iter().filter(|code| !is_booked_here(code)) {
            let Some((home, line)) = elsewhere(code) else { continue };
            let same = |known: &Stranger| known.home.as_ref().is_some_and(|(_, other)| *other == line);
            if !strangers.iter().any(same) {
                strangers.push(Stranger { id: Arc::from(code.as_str()), home: Some((home, line)) });
            }
        }
        Self {
            labels_read: !codes.is_empty(),
            by_label: present.iter().any(|line| !is_heard(line)),
            book,
            present,
            missing,
            strangers,
            tags_listed: tags.is_some(),
            tags_heard: !heard.is_empty(),
            occupied: findings.and_then(|findings| findings.occupied),
            confidence: findings.and_then(|findings| findings.confidence),
        }
    }

    fn judge(self) -> Judgement {
        let seen_empty = self.occupied == Some(false);
        let found_something = !self.present.is_empty() || !self.strangers.is_empty();
        if seen_empty && found_something {
            return self.ambiguous(Reason::WitnessesDisagree);
        }
        let booked_empty = self.present.is_empty() && self.missing.is_empty();
        match (booked_empty, self.missing.is_empty(), self.strangers.is_empty()) {
            (true, _, true) => self.booked_empty_nothing_found(),
            (true, _, false) => self.strangers_found(Reason::NotInTheBooks, Verdict::Overage),
            (false, true, true) => self.all_present(),
            (false, false, true) if self.present.is_empty() => self.nothing_found_of_the_booked(),
            (false, false, true) => self.part_missing(),
            (false, true, false) => self.strangers_found(Reason::NotInTheBooks, Verdict::Overage),
            (false, false, false) => self.strangers_found(Reason::OtherInItsPlace, Verdict::WrongItem),
        }
    }

    fn booked_empty_nothing_found(self) -> Judgement {
        match self.occupied {
            Some(true) => self.ambiguous(Reason::WitnessesDisagree),
            None if self.labels_read => self.ambiguous(Reason::WitnessesDisagree),
            None if !self.tags_listed => self.ambiguous(Reason::NothingToRecognise),
            Some(false) => {
                let sure = self.both();
                self.settled(Verdict::EmptyAsBooked, Reason::NothingThere, sure)
            }
            None => self.settled(Verdict::EmptyAsBooked, Reason::NothingHeard, RFID_ALONE),
        }
    }

    /// A label proves what its own tag does not. But where tags are booked and none at all was heard the reader may be deaf, and what
    /// else stands there nobody knows.
    fn all_present(self) -> Judgement {
        if self.tags_listed && !self.tags_heard && self.present.iter().any(|line| line.epc.is_some()) {
            return self.ambiguous(Reason::TagsSilent);
        }
        let reason = if self.by_label { Reason::LabelsRead } else { Reason::AllTagsHeard };
        let sure = if self.occupied == Some(true) { self.both() } else { RFID_ALONE };
        self.settled(Verdict::Match, reason, sure)
    }

    fn nothing_found_of_the_booked(self) -> Judgement {
        let has_tags = self.missing.iter().any(|line| line.epc.is_some());
        match self.occupied {
            Some(false) => {
                let sure = if has_tags && self.tags_listed { self.both() } else { self.confidence.unwrap_or(RFID_ALONE) };
                self.settled(Verdict::UnexpectedlyEmpty, Reason::SeenEmpty, sure)
            }
            _ if has_tags && self.tags_listed => self.ambiguous(Reason::TagsSilent),
            _ => self.ambiguous(Reason::NothingToRecognise),
        }
    }

    /// Part of the booked stock was recognised. What is missing counts as missing only where it could have been recognised:
    /// by a tag, while the reader heard others.
    fn part_missing(self) -> Judgement {
        if !self.tags_heard || self.missing.iter().any(|line| line.epc.is_none()) {
            return self.ambiguous(Reason::NothingToRecognise);
        }
        self.settled(Verdict::Shortage, Reason::PartMissing, MISSED_TAG)
    }

    fn strangers_found(self, reason: Reason, verdict: Verdict) -> Judgement {
        let sure = if self.occupied == Some(true) { self.both() } else { RFID_ALONE };
        if self.strangers.iter().any(|stranger| stranger.home.is_some()) {
            self.settled(Verdict::Misplaced, Reason::BookedElsewhere, sure)
        } else {
            self.settled(verdict, reason, sure)
        }
    }

    fn both(&self) -> f64 {
        self.confidence.unwrap_or(BOTH)
    }

    fn ambiguous(self, reason: Reason) -> Judgement {
        Judgement { verdict: Verdict::Ambiguous, ..not_counted(reason, Some(self.book)) }
    }

    fn settled(self, verdict: Verdict, reason: Reason, confidence: f64) -> Judgement {
        let unit_of = |line: &BookLine| match (&line.handling_unit, &line.epc) {
            (Some(unit), _) => unit.clone(),
            (None, Some(epc)) => Arc::from(epc.as_str()),
            (None, None) => line.item.clone(),
        };
        let missing = self.missing.iter().map(|line| Variance {
            item: Some(line.item.clone()),
            unit_id: unit_of(line),
            book: line.quantity,
            counted: Decimal::ZERO,
            belongs_at: None,
            price: line.price,
        });
        // What an unknown tag holds nobody has written down: it counts as one piece.
        let found = self.strangers.iter().map(|stranger| match &stranger.home {
            Some((home, line)) => Variance {
                item: Some(line.item.clone()),
                unit_id: unit_of(line),
                book: Decimal::ZERO,
                counted: line.quantity,
                belongs_at: Some(home.clone()),
                price: line.price,
            },
            None => Variance {
                item: None,
                unit_id: stranger.id.clone(),
                book: Decimal::ZERO,
                counted: Decimal::ONE,
                belongs_at: None,
                price: None,
            },
        });
        let variances: Vec<Variance> = missing.chain(found).collect();
        let counted =
            self.present.iter().map(|line| line.quantity).sum::<Decimal>() + variances.iter().map(|line| line.counted).sum::<Decimal>();
        Judgement {
            verdict,
            reason,
            confidence: confidence.clamp(0.0, 1.0),
            book: Some(self.book.quantity()),
            counted: Some(counted),
            belongs_at: variances.iter().find_map(|line| line.belongs_at.clone()),
            variances,
        }
    }
}

#[cfg(test)]
mod tests;
