//! All questions put to one picture, in the order in which the answers help each other: codes, markers, occupancy, change. Codes that are
//! hard to read come after occupancy, since what is empty has none.

use std::time::{Duration, Instant};

use crate::change::{self, Change};
use crate::codes::{Climb, CodeSettings, CodesSeen, Expected, Rung};
use crate::marker::{self, Markers, Texts};
use crate::mask;
use crate::occupancy::{Framing, Occupancy, Presence, Reference, References, Unsure};
use crate::{Luma, Quad};

/// What is asked of a picture.
#[derive(Clone, Copy)]
pub struct Questions<'a> {
    /// Where things are on it; where there are pictures of the empty slot, theirs counts.
    pub framing: &'a Framing,
    /// The slot, or its like, as it looks when it is empty; none where nobody knows.
    pub empty: Option<&'a EmptySlot>,
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

/// Pictures of an empty slot, laid on each other once and at hand for many comparisons.
#[derive(Debug)]
pub struct EmptySlot {
    framing: Framing,
    prepared: Vec<Reference>,
    references: References,
}

impl EmptySlot {
    /// Lays pictures on each other, and finds on them where things are if nobody drew it. `marker` finds the front marker on one of them, where there are markers.
    pub fn of(pictures: &[Luma], framing: &Framing, marker: impl Fn(&Luma) -> Option<Quad>) -> Self {
        let framing = framing.found_on(pictures);
        let prepare = |picture: &Luma| {
            let reference = Reference::prepare(picture, &framing);
            match marker(picture) {
                Some(quad) => reference.with_marker(picture, &quad),
                None => reference,
            }
        };
        let prepared: Vec<Reference> = pictures.iter().map(prepare).collect();
        Self { framing, references: References::of(&prepared.iter().collect::<Vec<_>>()), prepared }
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

/// Beyond this rung no label is looked for where the slot looks empty and nothing is expected in it.
const ENOUGH_FOR_EMPTY: Rung = Rung::Doubled;

/// Puts all questions to a picture.
pub fn look(picture: &Luma, questions: &Questions<'_>) -> Seen {
    let mut took = Took::default();
    let is_marker = |text: &str| (questions.is_marker)(text) || Some(text) == questions.markers.rear;
    let mut climb = Climb::new(picture, questions.codes, questions.expected, &is_marker);
    timed(&mut took.codes, || climb.to(ENOUGH_FOR_EMPTY));
    let mut markers = marker::find(climb.codes(), questions.markers, questions.is_marker);
    let mut occupancy = timed(&mut took.occupancy, || occupancy_of(picture, questions.empty, &markers));
    if occupancy.verdict != Presence::Empty || questions.expected.is_some() {
        timed(&mut took.codes, || climb.to(Rung::LAST));
        let found = marker::find(climb.codes(), questions.markers, questions.is_marker);
        if found != markers {
            markers = found;
            occupancy = timed(&mut took.occupancy, || occupancy_of(picture, questions.empty, &markers));
        }
    }
    let opening = &questions.empty.map_or(questions.framing, |empty| &empty.framing).opening;
    let (change, mask) = timed(&mut took.change, || {
        let change = questions.before.map(|before| change::compare(picture, before, opening));
        let nearest = occupancy.reference.and_then(|index| questions.empty?.prepared.get(index));
        let mask = nearest.map(|empty| mask::difference(picture, empty, occupancy.shift));
        (change, mask.filter(|mask| !mask.is_empty()))
    });
    Seen { codes: climb.finish(), markers, occupancy, change, mask, took }
}

/// What the markers prove goes before what the edges suggest.
fn occupancy_of(picture: &Luma, empty: Option<&EmptySlot>, markers: &Markers) -> Occupancy {
    let judged = match empty {
        Some(empty) => empty.references.judge(picture, markers.front.as_ref()),
        None => Occupancy::unsure(Unsure::NoReference),
    };
    if markers.is_elsewhere {
        Occupancy { verdict: Presence::Unsure, unsure: Some(Unsure::OtherLocation), ..judged }
    } else if markers.rear.is_some() {
        Occupancy { verdict: Presence::Empty, score: judged.score.min(0.01), unsure: None, ..judged }
    } else {
        judged
    }
}

/// Does something, and adds the time that it took.
fn timed<T>(took: &mut Duration, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    *took += begun.elapsed();
    done
}
