//! All questions put to one picture, in the order in which the answers help each other: codes, markers, occupancy, change.

use std::time::{Duration, Instant};

use crate::Luma;
use crate::change::{self, Change};
use crate::codes::{self, CodeSettings, CodesSeen, Expected};
use crate::marker::{self, Markers, Texts};
use crate::mask;
use crate::occupancy::{self, Occupancy, Presence, Reference, Slot, Unsure};

/// What is asked of a picture.
#[derive(Clone, Copy)]
pub struct Questions<'a> {
    /// Where things are on it.
    pub slot: &'a Slot,
    /// Pictures of the slot, or of its like, that show it empty.
    pub references: &'a [&'a Empty],
    /// The last picture of the location that was accepted.
    pub before: Option<&'a Luma>,
    /// How codes are read.
    pub codes: &'a CodeSettings,
    /// What is expected on the labels.
    pub expected: Option<Expected<'a>>,
    /// What the markers of the location say.
    pub markers: Texts<'a>,
    /// Whether a text is the front marker of any location.
    pub is_marker: &'a dyn Fn(&str) -> bool,
}

/// A picture of an empty slot, at hand for comparisons.
#[derive(Debug)]
pub struct Empty {
    /// The picture.
    pub picture: Luma,
    /// The same, prepared.
    pub reference: Reference,
}

impl Empty {
    /// Prepares a picture.
    pub fn prepare(picture: Luma, slot: &Slot) -> Self {
        Self { reference: Reference::prepare(&picture, slot), picture }
    }
}

/// The answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The codes, markers among them.
    pub codes: CodesSeen,
    /// The markers.
    pub markers: Markers,
    /// Empty or occupied.
    pub occupancy: Occupancy,
    /// Changed or not, where there is an earlier picture.
    pub change: Option<Change>,
    /// A PNG of where the picture differs from the reference that it is most like, where there is one.
    pub mask: Option<Vec<u8>>,
    /// What it took.
    pub took: Took,
}

/// The time that the answers took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Took {
    /// To read the codes.
    pub codes: Duration,
    /// To judge empty or occupied.
    pub occupancy: Duration,
    /// To compare with the earlier picture, and to draw the mask.
    pub change: Duration,
}

/// Puts all questions to a picture.
pub fn look(picture: &Luma, questions: &Questions<'_>) -> Seen {
    let mut took = Took::default();
    let codes = timed(&mut took.codes, || codes::read(picture, questions.codes, questions.expected));
    let markers = marker::find(&codes.codes, questions.markers, questions.is_marker);
    let occupancy = timed(&mut took.occupancy, || occupancy_of(picture, questions.references, &markers));
    let (change, mask) = timed(&mut took.change, || {
        let change = questions.before.map(|before| change::compare(picture, before, &questions.slot.opening));
        let nearest = occupancy.reference.and_then(|index| questions.references.get(index));
        let mask = nearest.map(|empty| mask::difference(picture, &empty.picture, occupancy.shift, &questions.slot.opening));
        (change, mask.filter(|mask| !mask.is_empty()))
    });
    Seen { codes, markers, occupancy, change, mask, took }
}

/// What the markers prove goes before what the edges suggest.
fn occupancy_of(picture: &Luma, references: &[&Empty], markers: &Markers) -> Occupancy {
    let references: Vec<&Reference> = references.iter().map(|empty| &empty.reference).collect();
    let judged = occupancy::judge(picture, &references);
    if markers.is_elsewhere {
        Occupancy { verdict: Presence::Unsure, unsure: Some(Unsure::OtherLocation), ..judged }
    } else if markers.rear.is_some() {
        Occupancy { verdict: Presence::Empty, score: judged.score.min(0.01), unsure: None, ..judged }
    } else {
        judged
    }
}

fn timed<T>(took: &mut Duration, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    *took = begun.elapsed();
    done
}
