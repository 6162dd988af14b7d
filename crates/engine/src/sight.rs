//! Pictures that no device compares: looked at here, off the event loop, against accepted references of the empty slot.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use pandian_domain::{BookLine, Code, Digest, Failure, Findings, LocationCode, Place, References, Sight};
use pandian_vision::codes::{CodeSettings, Expected, Format};
use pandian_vision::gates::{self, GateSettings, Unfit};
use pandian_vision::look::{Empty, Questions, Seen, look};
use pandian_vision::marker::Texts;
use pandian_vision::occupancy::Slot;
use pandian_vision::picture::{self, Limits};
use pandian_vision::{Luma, Region};

use crate::assignment::Assignment;
use crate::executor::AGAIN;
use crate::journal::Journal;
use crate::site::Site;

mod pool;
mod record;

use pool::LookPool;

/// How pictures are looked at here.
#[derive(Debug, Clone)]
pub struct Sighting {
    /// The rules.
    pub rules: SightRules,
    /// Pictures of empty slots.
    pub references: References,
    /// Of each location the last picture that was accepted.
    pub before: HashMap<LocationCode, Digest>,
}

/// The rules by which pictures are looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct SightRules {
    /// Whether the pictures of every camera are looked at that are not compared otherwise, and not only of those that bring nothing else.
    pub every_camera: bool,
    /// The kinds of slots; the first that fits a location is its own.
    pub kinds: Vec<SlotKind>,
    /// Which codes are on labels.
    pub formats: Vec<Format>,
    /// How long the codes of one picture are looked for.
    pub budget: Duration,
    /// The text of the marker on the front beam, with `{location}` in it.
    pub front_marker: Option<MarkerText>,
    /// The text of the marker at the rear, with `{location}` in it.
    pub rear_marker: Option<MarkerText>,
    /// From when on a picture is fit.
    pub gates: GateSettings,
}

impl Default for SightRules {
    /// The codes of logistic labels that check themselves, on cameras that bring only pictures, with one kind of slot.
    fn default() -> Self {
        Self {
            every_camera: false,
            kinds: Vec::new(),
            formats: vec![Format::Code128, Format::Code39, Format::Ean13, Format::DataMatrix, Format::Qr],
            budget: Duration::from_millis(400),
            front_marker: None,
            rear_marker: None,
            gates: GateSettings::default(),
        }
    }
}

/// A kind of slot: what one looks like, and which locations are of it.
#[derive(Debug, Clone, PartialEq)]
pub struct SlotKind {
    /// Its name.
    pub name: Arc<str>,
    /// In these aisles, as indices of the layout's; none: in all.
    pub aisles: Option<Vec<u16>>,
    /// On these levels; none: on all.
    pub levels: Option<Vec<u32>>,
    /// Where things are on its pictures.
    pub slot: Slot,
    /// Where labels can be.
    pub labels: Region,
}

impl SlotKind {
    /// The kind of slots of which nothing was said.
    pub const USUAL: &str = "slot";

    fn fits(&self, place: Option<Place>) -> bool {
        let is_in = |place: Place| {
            self.aisles.as_ref().is_none_or(|aisles| aisles.contains(&place.aisle))
                && self.levels.as_ref().is_none_or(|levels| levels.contains(&place.level))
        };
        place.map_or(self.aisles.is_none() && self.levels.is_none(), is_in)
    }
}

/// What markers say: a text with the location's code in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkerText {
    before: String,
    after: String,
}

impl MarkerText {
    /// Reads a template with one `{location}` in it.
    pub fn parse(template: &str) -> Option<Self> {
        let (before, after) = template.split_once("{location}")?;
        (!after.contains("{location}")).then(|| Self { before: before.to_owned(), after: after.to_owned() })
    }

    fn fill(&self, location: &str) -> String {
        format!("{}{location}{}", self.before, self.after)
    }

    fn location_of<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.strip_prefix(self.before.as_str())?.strip_suffix(self.after.as_str())
    }
}

/// What looking at a picture brought.
pub(crate) struct Looked {
    pub(crate) findings: Findings,
    pub(crate) sight: Box<Sight>,
    /// The difference mask, a PNG; it is not kept yet.
    pub(crate) mask: Option<Bytes>,
}

/// Looks at pictures.
pub(crate) struct Looker {
    site: Arc<Site>,
    journal: Arc<dyn Journal>,
    pool: LookPool,
    /// References at hand, with the kind of slot that they were prepared for; the one used last comes last.
    prepared: Mutex<Vec<(Digest, usize, Arc<Empty>)>>,
}

/// So many references are kept at hand.
const PREPARED: usize = 48;

/// Everything that a thread needs to look at one picture.
struct Assigned {
    location: LocationCode,
    kind: usize,
    lines: Vec<BookLine>,
    references: Vec<(Digest, Arc<Empty>)>,
    before: Option<(Digest, Bytes)>,
}

impl Looker {
    pub(crate) fn new(site: Arc<Site>, journal: Arc<dyn Journal>) -> Option<Self> {
        site.sighting.as_ref()?;
        Some(Self { site, journal, pool: LookPool::new(), prepared: Mutex::default() })
    }

    /// Whether a picture can be decoded and is fit to be looked at; `who` names the camera in the failure.
    pub(crate) async fn check(&self, who: String, bytes: Bytes) -> Result<(), Failure> {
        let Some(sighting) = &self.site.sighting else { return Ok(()) };
        let limits = sighting.rules.gates;
        self.pool.run(move || is_fit(&who, &bytes, &limits)).await?
    }

    /// Looks at the picture of a stop.
    pub(crate) async fn look(&self, who: String, assignment: &Assignment, bytes: Bytes) -> Result<Looked, Failure> {
        let (assigned, site) = (self.assigned(assignment).await, self.site.clone());
        self.pool.run(move || seen(&who, &site, &bytes, &assigned)).await?
    }

    async fn assigned(&self, assignment: &Assignment) -> Assigned {
        let location = assignment.stop.location.clone();
        let lines = self.site.book.as_ref().and_then(|book| book.lines(&location)).unwrap_or_default();
        let Some(sighting) = &self.site.sighting else {
            return Assigned { location, kind: 0, lines, references: Vec::new(), before: None };
        };
        let kind = sighting.rules.kinds.iter().position(|kind| kind.fits(assignment.place)).unwrap_or(usize::MAX);
        let name = sighting.rules.kinds.get(kind).map_or(SlotKind::USUAL, |kind| &kind.name);
        let mut references = Vec::new();
        for digest in sighting.references.in_use(&location, name) {
            references.extend(self.prepared(digest, kind, &sighting.rules).await.map(|empty| (digest, empty)));
        }
        let before = match sighting.before.get(&location) {
            Some(digest) => self.evidence(*digest).await.map(|bytes| (*digest, bytes)),
            None => None,
        };
        Assigned { location, kind, lines, references, before }
    }

    /// A picture on file. None of one that is gone or was altered: others may be left, and the check of the evidence tells of it. A
    /// database or a disk that does not answer now is asked again.
    async fn evidence(&self, digest: Digest) -> Option<Bytes> {
        loop {
            match self.journal.evidence(digest).await {
                Ok(bytes) => return bytes,
                Err(error) if error.code() == Code::EvidenceBroken => {
                    tracing::error!(picture = %digest, %error, "a picture cannot be compared with");
                    return None;
                }
                Err(error) => {
                    tracing::error!(picture = %digest, %error, "a picture cannot be read back");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    /// A reference, ready to be compared with. None of one that cannot be had or decoded.
    async fn prepared(&self, digest: Digest, kind: usize, rules: &SightRules) -> Option<Arc<Empty>> {
        let at_hand = || self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |(of, for_kind, _): &(Digest, usize, Arc<Empty>)| *of == digest && *for_kind == kind;
        if let Some(empty) = {
            let mut at_hand = at_hand();
            let found = at_hand.iter().position(known).map(|index| at_hand.remove(index));
            found.map(|found| {
                at_hand.push(found.clone());
                found.2
            })
        } {
            return Some(empty);
        }
        let slot = rules.kinds.get(kind).map_or_else(Slot::default, |kind| kind.slot);
        let bytes = self.evidence(digest).await?;
        let prepared =
            self.pool.run(move || picture::decode(&bytes, &Limits::default()).map(|picture| Empty::prepare(picture, &slot))).await;
        let refused = |error: &dyn std::fmt::Display| tracing::error!(reference = %digest, %error, "a reference cannot be used");
        let empty = match prepared {
            Ok(Ok(empty)) => Arc::new(empty),
            Ok(Err(error)) => {
                refused(&error);
                return None;
            }
            Err(failure) => {
                refused(&failure.message);
                return None;
            }
        };
        let mut at_hand = at_hand();
        if !at_hand.iter().any(known) {
            at_hand.push((digest, kind, empty.clone()));
        }
        let beyond = at_hand.len().saturating_sub(PREPARED);
        at_hand.drain(..beyond);
        Some(empty)
    }
}

fn decoded(who: &str, bytes: &[u8]) -> Result<Luma, Failure> {
    picture::decode(bytes, &Limits::default())
        .map_err(|error| Failure::new(Code::CameraBadPicture, format!("{who} sent a picture that cannot be used: {error}")))
}

fn is_fit(who: &str, bytes: &[u8], limits: &GateSettings) -> Result<(), Failure> {
    let gates = gates::measure(&decoded(who, bytes)?, limits);
    let why = match gates.unfit {
        None => return Ok(()),
        Some(Unfit::Dark) => format!("is too dark: brightness {:.0} of 255", gates.brightness),
        Some(Unfit::Bright) => format!("is overexposed: brightness {:.0} of 255", gates.brightness),
        Some(Unfit::Blank) => format!("is blank: contrast {:.0} of 255", gates.contrast),
        Some(Unfit::Blurred) => format!("is blurred: sharpness {:.3}", gates.sharpness),
    };
    Err(Failure::new(Code::CameraUnfit, format!("{who} sent a picture that {why}")))
}

/// Looks at a picture, on a thread for that.
fn seen(who: &str, site: &Site, bytes: &[u8], assigned: &Assigned) -> Result<Looked, Failure> {
    let Some(Sighting { rules, .. }) = &site.sighting else {
        return Err(Failure::new(Code::Internal, "pictures are not looked at here"));
    };
    let begun = Instant::now();
    let picture = decoded(who, bytes)?;
    let decode = begun.elapsed();
    let before = assigned.before.as_ref().and_then(|(_, bytes)| picture::decode(bytes, &Limits::default()).ok());
    let kind = rules.kinds.get(assigned.kind);
    let slot = kind.map_or_else(Slot::default, |kind| kind.slot);
    let codes =
        CodeSettings { formats: rules.formats.clone(), region: kind.map_or(Region::WHOLE, |kind| kind.labels), budget: rules.budget };
    let labelled: Vec<&BookLine> = assigned.lines.iter().filter(|line| line.handling_unit.is_some() && !line.quantity.is_zero()).collect();
    let find = |text: &str| labelled.iter().position(|line| line.is_named_by(text));
    let expected = (!labelled.is_empty()).then_some(Expected { labels: labelled.len(), find: &find });
    let text = |marker: &Option<MarkerText>| marker.as_ref().map(|marker| marker.fill(assigned.location.as_str()));
    let (front, rear) = (text(&rules.front_marker), text(&rules.rear_marker));
    let is_known = |location: &str| site.layout.index_of(location).is_some();
    let is_marker = |text: &str| rules.front_marker.as_ref().and_then(|marker| marker.location_of(text)).is_some_and(is_known);
    let references: Vec<&Empty> = assigned.references.iter().map(|(_, empty)| &**empty).collect();
    let questions = Questions {
        slot: &slot,
        references: &references,
        before: before.as_ref(),
        codes: &codes,
        expected,
        markers: Texts { front: front.as_deref(), rear: rear.as_deref() },
        is_marker: &is_marker,
    };
    let mut seen: Seen = look(&picture, &questions);
    let mask = seen.mask.take().map(Bytes::from);
    let evidence = record::Evidence {
        references: assigned.references.iter().map(|(digest, _)| *digest).collect(),
        before: assigned.before.as_ref().map(|(digest, _)| *digest),
        fitness: gates::measure(&picture, &rules.gates),
        decode,
    };
    let is_marker_text = |text: &str| is_marker(text) || Some(text) == rear.as_deref();
    let (findings, sight) = record::of(&seen, &evidence, &find, &is_marker_text);
    Ok(Looked { findings, sight: Box::new(sight), mask })
}
