//! Pictures that no device compares: looked at here, off the event loop, against accepted references of the empty slot.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use pandian_domain::{BookLine, BookSnapshot, Code, Digest, Failure, Findings, LocationCode, Place, References, Sight};
use pandian_vision::codes::{self, CodeSettings, Expected, Format};
use pandian_vision::gates::{self, GateSettings, Unfit};
use pandian_vision::look::{EmptySlot, Questions, Seen, look};
use pandian_vision::marker::Texts;
use pandian_vision::occupancy::Framing;
use pandian_vision::picture::{self, Limits};
use pandian_vision::{Luma, Region};
use tokio::sync::OnceCell;

use crate::archive::Archive;
use crate::assignment::Assignment;
use crate::clock::computing_time;
use crate::site::Site;

mod pool;
mod record;

use pool::{LookPool, Waiting};

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
    /// Computing time for the codes of one picture.
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
            budget: Duration::from_millis(250),
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
    pub framing: Framing,
    /// Where labels can be.
    pub labels: Region,
}

impl SlotKind {
    /// The kind of slots of which nothing was said.
    pub const USUAL: &str = "slot";

    /// Whether a location at that place is of this kind; none: its place is not known.
    pub fn fits(&self, place: Option<Place>) -> bool {
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
    archive: Arc<Archive>,
    pool: LookPool,
    /// Empty slots at hand, by the references that they are made of and the kind of slot; the one used last comes last.
    at_hand: Mutex<Vec<(EmptyKey, Preparation)>>,
}

/// The references of an empty slot, and the kind of slot that they were prepared for.
type EmptyKey = (Vec<Digest>, usize);

/// The references that can be used, and the empty slot that they show.
type Usable = (Vec<Digest>, Option<Arc<EmptySlot>>);

/// An empty slot that is being prepared, or is ready.
type Preparation = Arc<OnceCell<Usable>>;

/// So many empty slots are kept at hand.
const AT_HAND: usize = 16;

/// Everything that a thread needs to look at one picture.
struct Assigned {
    location: LocationCode,
    kind: usize,
    lines: Vec<BookLine>,
    references: Vec<Digest>,
    empty: Option<Arc<EmptySlot>>,
    before: Option<(Digest, Bytes)>,
}

impl Looker {
    pub(crate) fn new(site: Arc<Site>, archive: Arc<Archive>) -> Option<Self> {
        site.sighting.as_ref()?;
        Some(Self { site, archive, pool: LookPool::new(), at_hand: Mutex::default() })
    }

    /// Whether a picture can be decoded and is fit to be looked at; `who` names the camera in the failure.
    pub(crate) async fn check(&self, who: String, bytes: Bytes) -> Result<(), Failure> {
        let Some(sighting) = &self.site.sighting else { return Ok(()) };
        let limits = sighting.rules.gates;
        self.pool.run(Waiting::Crane, move || is_fit(&who, &bytes, &limits)).await?
    }

    /// Looks at the picture of a stop; `book` is what is booked there.
    pub(crate) async fn look(
        &self,
        who: String,
        assignment: &Assignment,
        book: Option<BookSnapshot>,
        bytes: Bytes,
    ) -> Result<Looked, Failure> {
        let (assigned, site) = (self.assigned(assignment, book).await, self.site.clone());
        self.pool.run(Waiting::Result, move || seen(&who, &site, &bytes, &assigned)).await?
    }

    async fn assigned(&self, assignment: &Assignment, book: Option<BookSnapshot>) -> Assigned {
        let location = assignment.stop.location.clone();
        let lines = book.map(|book| book.lines).unwrap_or_default();
        let Some(sighting) = &self.site.sighting else {
            return Assigned { location, kind: usize::MAX, lines, references: Vec::new(), empty: None, before: None };
        };
        let kind = sighting.rules.kinds.iter().position(|kind| kind.fits(assignment.place)).unwrap_or(usize::MAX);
        let name = sighting.rules.kinds.get(kind).map_or(SlotKind::USUAL, |kind| &kind.name);
        let (references, empty) = self.empty_slot(sighting.references.in_use(&location, name), kind).await;
        let before = match sighting.before.get(&location) {
            Some(digest) => self.evidence(*digest).await.map(|bytes| (*digest, bytes)),
            None => None,
        };
        Assigned { location, kind, lines, references, empty, before }
    }

    /// A picture on file. None of one that is gone or was altered: others may be left, and the check of the evidence tells of it.
    async fn evidence(&self, digest: Digest) -> Option<Bytes> {
        let found = self.archive.picture(digest).await;
        found
            .inspect_err(|failure| tracing::error!(picture = %digest, error = %failure.message, "a picture cannot be compared with"))
            .ok()?
    }

    /// The empty slot that references show, ready to be compared with, and those that could be had and decoded. Many cranes that ask for
    /// the same at once wait for one preparation.
    async fn empty_slot(&self, references: Vec<Digest>, kind: usize) -> Usable {
        let key = (references, kind);
        let prepared = self.take_up(&key);
        let usable = prepared.get_or_init(|| self.prepared(&key)).await.clone();
        if usable.0.len() < key.0.len() {
            self.put_away(&prepared);
        }
        usable
    }

    async fn prepared(&self, (references, kind): &EmptyKey) -> Usable {
        let (mut usable, mut pictures) = (Vec::new(), Vec::new());
        for digest in references {
            let Some(bytes) = self.evidence(*digest).await else { continue };
            let decoded = self
                .pool
                .run(Waiting::Result, move || picture::decode(&bytes, &Limits::default()).map_err(|error| error.to_string()))
                .await;
            match decoded.map_err(|failure| failure.message).flatten() {
                Ok(picture) => {
                    usable.push(*digest);
                    pictures.push(picture);
                }
                Err(error) => tracing::error!(reference = %digest, %error, "a reference cannot be used"),
            }
        }
        if pictures.is_empty() {
            return (usable, None);
        }
        let (site, kind) = (self.site.clone(), *kind);
        let prepared = self.pool.run(Waiting::Result, move || prepare(pictures, &site, kind)).await;
        match prepared {
            Ok(empty) => (usable, Some(Arc::new(empty))),
            Err(failure) => {
                tracing::error!(error = %failure.message, "references cannot be used");
                (Vec::new(), None)
            }
        }
    }

    fn take_up(&self, key: &EmptyKey) -> Preparation {
        let mut at_hand = self.at_hand.lock().unwrap_or_else(PoisonError::into_inner);
        let found = at_hand.iter().position(|(known, _)| known == key);
        let last = found.map_or_else(|| (key.clone(), Preparation::default()), |at| at_hand.remove(at));
        let preparation = last.1.clone();
        at_hand.push(last);
        let beyond = at_hand.len().saturating_sub(AT_HAND);
        at_hand.drain(..beyond);
        preparation
    }

    /// What could not be prepared whole is tried again the next time.
    fn put_away(&self, preparation: &Preparation) {
        self.at_hand.lock().unwrap_or_else(PoisonError::into_inner).retain(|(_, other)| !Arc::ptr_eq(other, preparation));
    }
}

impl SightRules {
    fn framing(&self, kind: usize) -> Framing {
        self.kinds.get(kind).map_or_else(Framing::default, |kind| kind.framing)
    }

    /// How codes are read on pictures of a kind of slot. Markers are on the rack, so where there are any all of the picture is searched.
    fn codes(&self, kind: usize) -> CodeSettings {
        let has_markers = self.front_marker.is_some() || self.rear_marker.is_some();
        let region = self.kinds.get(kind).filter(|_| !has_markers).map_or(Region::WHOLE, |kind| kind.labels);
        CodeSettings { formats: self.formats.clone(), region, budget: self.budget, clock: computing_time }
    }

    /// Whether a text is the front marker of any location.
    fn is_front_marker(&self, site: &Site, text: &str) -> bool {
        let location = self.front_marker.as_ref().and_then(|marker| marker.location_of(text));
        location.is_some_and(|location| site.layout.index_of(location).is_some())
    }
}

/// Lays references on each other, on a thread for that.
fn prepare(pictures: Vec<Luma>, site: &Site, kind: usize) -> EmptySlot {
    let rules = site.sighting.as_ref().map(|sighting| &sighting.rules);
    let marker = |picture: &Luma| {
        let rules = rules.filter(|rules| rules.front_marker.is_some())?;
        // Markers are large and clear: a look at them as they are is enough.
        let settings = CodeSettings { budget: Duration::ZERO, ..rules.codes(kind) };
        let seen = codes::read(picture, &settings, None);
        seen.codes.iter().find(|code| code.is_sure && rules.is_front_marker(site, &code.text)).map(|code| code.quad)
    };
    EmptySlot::of(&pictures, &rules.map_or_else(Framing::default, |rules| rules.framing(kind)), marker)
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
    let (framing, codes) = (rules.framing(assigned.kind), rules.codes(assigned.kind));
    let labelled: Vec<&BookLine> = assigned.lines.iter().filter(|line| line.handling_unit.is_some() && !line.quantity.is_zero()).collect();
    let find = |text: &str| labelled.iter().position(|line| line.is_named_by(text));
    let expected = (!labelled.is_empty()).then_some(Expected { labels: labelled.len(), find: &find });
    let text = |marker: &Option<MarkerText>| marker.as_ref().map(|marker| marker.fill(assigned.location.as_str()));
    let (front, rear) = (text(&rules.front_marker), text(&rules.rear_marker));
    let is_marker = |text: &str| rules.is_front_marker(site, text);
    let questions = Questions {
        framing: &framing,
        empty: assigned.empty.as_deref(),
        before: before.as_ref(),
        codes: &codes,
        expected,
        markers: Texts { front: front.as_deref(), rear: rear.as_deref() },
        is_marker: &is_marker,
    };
    let mut seen: Seen = look(&picture, &questions);
    let mask = seen.mask.take().map(Bytes::from);
    let evidence = record::Evidence {
        references: assigned.references.clone(),
        before: assigned.before.as_ref().map(|(digest, _)| *digest),
        fitness: gates::measure(&picture, &rules.gates),
        decode,
    };
    let is_marker_text = |text: &str| is_marker(text) || Some(text) == rear.as_deref();
    let (findings, sight) = record::of(&seen, &evidence, &find, &is_marker_text);
    Ok(Looked { findings, sight: Box::new(sight), mask })
}
