//! The decision table: which verdict follows from book, tags and picture.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Judgement, Reason, Variance, Verdict};
use crate::book::{BookLine, BookSnapshot};
use crate::location::LocationCode;
use crate::observation::{Epc, Findings, Inventory, Witness, unit_named};

/// What a stop saw, which its location is judged on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Seen {
    /// The book at arrival; none where the books do not know the location.
    pub book: Option<BookSnapshot>,
    /// The tags.
    pub rfid: Witness<Inventory>,
    /// The picture's comparison.
    pub vision: Witness<Findings>,
    /// It was the capture that failed, not the comparison.
    pub capture_failed: bool,
}

/// Which of the tags that a reader heard, here and at the neighbours, are this location's.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributed {
    /// They lie here.
    pub here: BTreeSet<Epc>,
    /// They may lie here or at a neighbour.
    pub unclear: BTreeSet<Epc>,
    /// What is booked here and lies at another location: tags and labels.
    pub found_at: BTreeMap<Arc<str>, LocationCode>,
}

impl Attributed {
    /// Every tag that was heard at the location is its own: the reader hears no other, or nobody can tell.
    pub fn all_of(seen: &Seen) -> Self {
        let tags = seen.rfid.saw().and_then(|inventory| inventory.tags.as_deref()).unwrap_or_default();
        Self { here: tags.iter().map(|read| read.epc.clone()).collect(), ..Self::default() }
    }
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
        found_at: None,
    }
}

/// Judges one location. `whereabouts` says where the books have a tag or label that was found.
///
/// A witness that failed never counts as one that saw nothing: its location is *ambiguous*, or *not counted* when both failed.
pub fn judge(
    location: &LocationCode,
    seen: &Seen,
    attributed: &Attributed,
    whereabouts: impl Fn(&str) -> Option<(LocationCode, BookLine)>,
) -> Judgement {
    if let Some(reason) = unusable(seen) {
        return reason.into_judgement(seen.book.as_ref());
    }
    let Some(book) = &seen.book else {
        return Unusable::Ambiguous(Reason::NoBook).into_judgement(None);
    };
    Scene::of(location, seen, attributed, book, whereabouts).judge()
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
fn unusable(seen: &Seen) -> Option<Unusable> {
    let tags = seen.rfid.saw().map(|inventory| inventory.tags.is_some());
    match (&seen.rfid, &seen.vision) {
        // Its reader stood there too.
        (_, Witness::Saw(findings)) if findings.is_elsewhere => Some(Unusable::Ambiguous(Reason::OtherLocation)),
        (Witness::Failed(_), Witness::Failed(_)) => Some(Unusable::NotCounted(Reason::ChecksFailed)),
        (Witness::Failed(_), _) => Some(Unusable::Ambiguous(Reason::InventoryFailed)),
        (_, Witness::Failed(_)) if seen.capture_failed => Some(Unusable::Ambiguous(Reason::CaptureFailed)),
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
    /// Where what is missing was found instead.
    found_at: &'a BTreeMap<Arc<str>, LocationCode>,
    /// A tag that may lie here or at a neighbour: what is booked here and missing otherwise, or a stranger.
    unclear: bool,
    /// Tags were listed, be it an empty list.
    tags_listed: bool,
    tags_heard: bool,
    /// Some line is present by its label alone.
    by_label: bool,
    /// A label was read, whosever it is.
    labels_read: bool,
    /// A label names another unit than the tags do.
    labels_dispute: bool,
    occupied: Option<bool>,
    confidence: Option<f64>,
}

impl<'a> Scene<'a> {
    fn of(
        location: &LocationCode,
        seen: &'a Seen,
        attributed: &'a Attributed,
        book: &'a BookSnapshot,
        whereabouts: impl Fn(&str) -> Option<(LocationCode, BookLine)>,
    ) -> Self {
        let tags = seen.rfid.saw().and_then(|inventory| inventory.tags.as_deref());
        let heard = &attributed.here;
        let findings = seen.vision.saw();
        let codes = findings.map_or(&[][..], |findings| &findings.codes);
        let is_heard = |line: &BookLine| heard.iter().any(|epc| line.is_tagged(epc));
        let is_labelled = |line: &BookLine| codes.iter().any(|code| line.is_named_by(code));
        // Exports list empty locations with a quantity of nothing: that is no stock.
        let stock: Vec<&BookLine> = book.lines.iter().filter(|line| !line.quantity.is_zero()).collect();
        let is_booked_here = |code: &str| stock.iter().any(|line| line.is_named_by(code));
        let elsewhere = |code: &str| whereabouts(code).filter(|(home, _)| home != location);
        let (present, missing): (Vec<_>, Vec<_>) = stock.iter().copied().partition(|line| is_heard(line) || is_labelled(line));
        let is_stranger = |epc: &&Epc| !stock.iter().any(|line| line.is_tagged(epc));
        let mut strangers: Vec<Stranger> = Vec::new();
        let is_known = |strangers: &[Stranger], line: &BookLine| {
            strangers.iter().any(|known| known.home.as_ref().is_some_and(|(_, other)| other == line))
        };
        for epc in heard.iter().filter(is_stranger) {
            let home = epc.look_up(elsewhere);
            // A unit may bear two tags.
            if !home.as_ref().is_some_and(|(_, line)| is_known(&strangers, line)) {
                strangers.push(Stranger { id: epc.as_str().into(), home });
            }
        }
        // A label names a stranger only if the books know it, or if it names a container: labels carry other codes too.
        let names_stranger = |code: &&String| !is_booked_here(code) && (unit_named(code) != code.as_str() || elsewhere(code).is_some());
        let mut unread = present.iter().filter(|line| !is_labelled(line)).count();
        let doubtful = findings.map_or(&[][..], |findings| &findings.doubtful_codes);
        let mut labels_dispute = doubtful.iter().any(|code| names_stranger(&code));
        for code in codes.iter().filter(names_stranger) {
            let home = elsewhere(unit_named(code));
            let is_heard_here = heard.iter().any(|epc| epc.sscc().as_deref() == Some(unit_named(code)));
            if is_heard_here || home.as_ref().is_some_and(|(_, line)| is_known(&strangers, line)) {
                continue;
            }
            // A label without its tag, where a unit of which only the tag was heard stands: they may be one.
            let could_be_heard = home.as_ref().is_none_or(|(_, line)| line.may_have_tag());
            if could_be_heard && unread > 0 {
                unread -= 1;
                labels_dispute = true;
            } else {
                strangers.push(Stranger { id: Arc::from(code.as_str()), home });
            }
        }
        let is_present = |epc: &Epc| present.iter().any(|line| line.is_tagged(epc));
        Self {
            unclear: attributed.unclear.iter().any(|epc| !is_present(epc)),
            found_at: &attributed.found_at,
            labels_read: !codes.is_empty(),
            labels_dispute,
            by_label: present.iter().any(|line| !is_heard(line)),
            book,
            present,
            missing,
            strangers,
            tags_listed: tags.is_some(),
            tags_heard: tags.is_some_and(|tags| !tags.is_empty()),
            occupied: findings.and_then(|findings| findings.occupied),
            confidence: findings.and_then(|findings| findings.confidence),
        }
    }

    fn judge(self) -> Judgement {
        let seen_empty = self.occupied == Some(false);
        let found_something = !self.present.is_empty() || !self.strangers.is_empty();
        if seen_empty && found_something || self.labels_dispute {
            return self.ambiguous(Reason::WitnessesDisagree);
        }
        // A slot that is seen empty holds none of the tags around it.
        if self.unclear && !seen_empty {
            return self.ambiguous(Reason::TagsUnclear);
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
            None if self.is_all_elsewhere() => self.settled(Verdict::UnexpectedlyEmpty, Reason::FoundElsewhere, RFID_ALONE),
            Some(true) if self.is_all_elsewhere() => self.ambiguous(Reason::WitnessesDisagree),
            _ if has_tags && self.tags_listed => self.ambiguous(Reason::TagsSilent),
            _ => self.ambiguous(Reason::NothingToRecognise),
        }
    }

    /// Part of the booked stock was recognised. What is missing counts as missing only where it could have been recognised:
    /// by a tag, while the reader heard others.
    fn part_missing(self) -> Judgement {
        if self.is_all_elsewhere() {
            return self.settled(Verdict::Shortage, Reason::FoundElsewhere, RFID_ALONE);
        }
        if !self.tags_heard || self.missing.iter().any(|line| line.epc.is_none()) {
            return self.ambiguous(Reason::NothingToRecognise);
        }
        self.settled(Verdict::Shortage, Reason::PartMissing, MISSED_TAG)
    }

    /// Whether everything that is missing here was found at other locations.
    fn is_all_elsewhere(&self) -> bool {
        self.missing.iter().all(|line| self.found_at_of(line).is_some())
    }

    fn found_at_of(&self, line: &BookLine) -> Option<LocationCode> {
        let names = line.epc.as_ref().map(Epc::as_str).into_iter().chain(line.handling_unit.as_deref().map(unit_named));
        names.filter_map(|name| self.found_at.get(name)).next().cloned()
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
            found_at: self.found_at_of(line),
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
                found_at: None,
                price: line.price,
            },
            None => Variance {
                item: None,
                unit_id: stranger.id.clone(),
                book: Decimal::ZERO,
                counted: Decimal::ONE,
                belongs_at: None,
                found_at: None,
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
            found_at: variances.iter().find_map(|line| line.found_at.clone()),
            variances,
        }
    }
}

#[cfg(test)]
mod tests;
