//! What several pictures of the empty slot say together.

use super::evidence::{COLUMNS, Evidence, View};
use super::reference::in_shares;
use super::score::{self, verdict};
use super::{Framing, Occupancy, Reference, Unsure};
use crate::structure::cells::Cells;
use crate::structure::difference::{Difference, Known};
use crate::structure::gradient::Gradient;
use crate::structure::rack::{self, Beam, Edge, Part, Rack};
use crate::structure::registration::{self, Registration};
use crate::structure::scaled::Scaled;
use crate::structure::standing::Standing;
use crate::structure::warp::Warp;
use crate::{Luma, Quad, Region, gates};

/// As many references are used at most: a bound on the work.
const MOST: usize = 8;
/// A reference lies on another where so much of the rack is where it must be.
const LIES_ON: f32 = 0.5;
/// Fewer edges that all references share do not tell where the rack is; then those of one reference do.
const ENOUGH_EDGES: usize = 40;
/// With fewer references than this none is held against the others.
const FEW: usize = 3;
/// So many take a turn at most: a bound on the work.
const TURNS: usize = 4;
/// Pictures smaller than this show nothing.
const SMALLEST: usize = 64;

/// Pictures of one empty slot, laid on each other: what all of them show is the rack, what only some show is behind it.
#[derive(Debug, Clone)]
pub struct References {
    model: Option<Model>,
}

/// What the references have in common, laid out like one of them.
#[derive(Debug, Clone)]
struct Model {
    base: Base,
    members: Vec<Member>,
    known: Known,
    standing: Standing,
    /// The evidence that an empty picture of this slot usually gives.
    usual: Evidence,
}

/// The reference that the others are laid on.
#[derive(Debug, Clone)]
pub(super) struct Base {
    pub(super) opening: Region,
    /// Whether a person drew the opening.
    is_drawn: bool,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) beam: Beam,
    /// The edges of the rack's front.
    pub(super) edges: Vec<Edge>,
    /// The edges of what stands for good behind it.
    pub(super) inside: Vec<Edge>,
    /// How bright the beam's face is, by column of the opening.
    pub(super) face: [f32; COLUMNS],
    marker: Option<Quad>,
}

/// A reference, laid on the base.
#[derive(Debug, Clone)]
struct Member {
    index: usize,
    warp: Warp,
    cells: Cells,
}

impl References {
    /// Lays references on each other. Those on which the rack lies nowhere near where the others have it are left out.
    pub fn of(references: &[&Reference]) -> Self {
        let references = &references[..references.len().min(MOST)];
        let mut model = Model::learn(references);
        if let Some(model) = &mut model {
            model.usual = usual(references).unwrap_or(Evidence::USUAL);
        }
        Self { model }
    }

    /// Holds a picture against them. `marker` is where the front marker is on it, in pixels, where it was seen.
    pub fn judge(&self, picture: &Luma, marker: Option<&Quad>) -> Occupancy {
        match &self.model {
            Some(model) => model.judge(picture, marker),
            None => Occupancy::unsure(Unsure::NoReference),
        }
    }
}

/// The evidence that empty pictures of a slot give: each reference in turn held against the others. Some decks and backgrounds give more of
/// it than others, above all where the references are of other slots of the same kind. None from too few references.
fn usual(references: &[&Reference]) -> Option<Evidence> {
    if references.len() < FEW {
        return None;
    }
    let without = |index: usize| {
        let others: Vec<&Reference> = references.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, other)| *other).collect();
        let model = Model::learn(&others)?;
        let picture = references[index].picture.stretched(model.base.width, model.base.height);
        model.see(&picture, None).ok().map(|seen| seen.evidence)
    };
    let found: Vec<Evidence> = (0..references.len().min(TURNS)).filter_map(without).collect();
    Evidence::mean(&found)
}

/// A reference that lies on another.
struct Laid {
    index: usize,
    gradient: Gradient,
    front: Registration,
}

/// Lays all references on one of them.
fn lay(references: &[&Reference], base: usize) -> Vec<Laid> {
    let first = references[base];
    let others = references.iter().enumerate().filter(|(index, _)| *index != base);
    let laid = others.map(|(index, other)| {
        let gradient = Gradient::of(&other.picture.stretched(first.picture.width, first.picture.height));
        let front = Registration::find(&gradient, &first.rack.edges, None);
        Laid { index, gradient, front }
    });
    laid.filter(|laid| laid.front.share(&first.rack.edges, |_| true).is_none_or(|share| share >= LIES_ON)).collect()
}

/// A picture laid on the references.
struct Seen {
    evidence: Evidence,
    cells: Cells,
    front: Registration,
    /// Whether the camera looks from elsewhere than on the references, so that what is behind the beam is seen otherwise.
    is_astray: bool,
}

impl Model {
    /// Lays references on the first of them on which most others lie.
    fn learn(references: &[&Reference]) -> Option<Self> {
        let mut best: Option<(usize, Vec<Laid>)> = None;
        for base in 0..references.len() {
            let others = lay(references, base);
            let is_enough = 2 * (others.len() + 1) > references.len();
            if best.as_ref().is_none_or(|(_, most)| others.len() > most.len()) {
                best = Some((base, others));
            }
            if is_enough {
                break;
            }
        }
        best.and_then(|(base, others)| Self::of(references, base, &others))
    }

    fn of(references: &[&Reference], base: usize, others: &[Laid]) -> Option<Self> {
        let first = references[base];
        let Framing { opening, is_drawn, .. } = *first.framing();
        let opening = if opening.is_sound() { opening } else { Region::WHOLE };
        let (width, height, beam) = (first.picture.width, first.picture.height, first.rack.beam);
        let fronts: Vec<(&Gradient, &Warp)> = others.iter().map(|laid| (&laid.gradient, &laid.front.warp)).collect();
        let shared = registration::shared(&first.rack.edges, &fronts);
        let edges = if shared.len() >= ENOUGH_EDGES { shared } else { first.rack.edges.clone() };
        let inside = rack::inside(&first.gradient, &opening, &beam);
        let rears: Vec<Registration> = others.iter().map(|laid| laid.front.rearward(&laid.gradient, &inside)).collect();
        let behind: Vec<(&Gradient, &Warp)> = others.iter().zip(&rears).map(|(laid, rear)| (&laid.gradient, &rear.warp)).collect();
        let inside = registration::shared(&inside, &behind);
        let unmoved = Warp::identity(width, height);
        let mut slopes = Vec::new();
        let mut member = |index: usize, front: Warp, rear: &Warp, gain: f32| {
            let (cells, gradient) = Cells::with_gradient(&references[index].picture.stretched(width, height), rear, &beam);
            slopes.push((gradient, gain));
            Member { index, warp: front, cells }
        };
        let mut members = vec![member(base, unmoved, &unmoved, 1.0)];
        for (laid, rear) in others.iter().zip(&rears) {
            members.push(member(laid.index, laid.front.warp, &rear.warp, laid.front.gain(&laid.gradient, &first.rack.edges)));
        }
        let known = Known::of(members.iter().map(|member| &member.cells))?;
        let standing = Standing::of(&slopes, &opening, &beam)?;
        let mut base = Base { opening, is_drawn, width, height, beam, edges, inside, face: [0.0; COLUMNS], marker: first.marker };
        base.face = base.face_on(&first.picture, &unmoved);
        Some(Self { known, standing, base, members, usual: Evidence::USUAL })
    }

    fn judge(&self, picture: &Luma, marker: Option<&Quad>) -> Occupancy {
        let base = &self.base;
        let scaled = Scaled::sized(picture, base.width, base.height);
        let start = marker.and_then(|quad| base.start(&in_shares(picture, quad)));
        let Seen { evidence, cells, front, is_astray } = match self.see(&scaled, start) {
            Ok(seen) => seen,
            Err(why) => return Occupancy::unsure(why),
        };
        let score = score::of(&evidence, &self.usual);
        let (verdict, unsure) = verdict(score, &evidence, base.is_drawn && !is_astray);
        let nearest = self.nearest(&cells);
        let shift = nearest.map_or([0.0; 2], |member| base.shift(&front.warp, &member.warp, picture));
        Occupancy {
            verdict,
            score,
            unsure,
            reference: nearest.map(|member| member.index),
            shift,
            evidence: Some(evidence),
            usual: Some(self.usual),
        }
    }

    /// Lays a picture on the references, from a first guess where there is one.
    fn see(&self, picture: &Scaled, start: Option<Warp>) -> Result<Seen, Unsure> {
        let base = &self.base;
        if base.width.min(base.height) < SMALLEST || gates::contrast(picture) < gates::GateSettings::default().contrast {
            return Err(Unsure::NotFit);
        }
        let gradient = Gradient::of(picture);
        let front = Registration::find(&gradient, &base.edges, start);
        if let Some(why) = base.doubt(&gradient, &front) {
            return Err(why);
        }
        let rear = front.rearward(&gradient, &base.inside);
        let gain = front.gain(&gradient, &base.edges);
        // Nobody knows how far away a thing is that is seen through the opening: it is as on the references if it is so on any plane.
        let planes = front.planes(&rear, base.foot());
        let is_astray = planes.len() > 1;
        let mut planes = planes.into_iter().map(|plane| Cells::with_gradient(picture, &plane, &base.beam));
        let (cells, laid) = planes.next().ok_or(Unsure::NotFit)?;
        let (mut blocks, mut differs) = (self.standing.seen_on(&laid), Difference::of(&cells, gain, &self.known));
        for (cells, laid) in planes {
            blocks
                .iter_mut()
                .zip(self.standing.seen_on(&laid))
                .for_each(|(block, other)| block.likeness = block.likeness.max(other.likeness));
            differs.keep_less(Difference::of(&cells, gain, &self.known));
        }
        let evidence = Evidence::of(&View { picture, base, front: &front, rear: &rear, blocks: &blocks, differs: &differs });
        Ok(Seen { evidence, cells, front, is_astray })
    }

    /// The reference that the picture is most like.
    fn nearest(&self, cells: &Cells) -> Option<&Member> {
        let distance = |member: &&Member| -> f32 {
            let pairs = member.cells.edges.iter().zip(&cells.edges);
            pairs.map(|(a, b)| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>()).sum()
        };
        self.members.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }
}

impl Base {
    /// Why the picture does not show the rack where it must be, if it does not.
    fn doubt(&self, picture: &Gradient, front: &Registration) -> Option<Unsure> {
        // The beam's upper edge does not count: a load changes how it looks. What is left must be there.
        let seen = front.share(&self.edges, |part| part != Part::Beam).or_else(|| front.share(&self.edges, |_| true));
        let beam = front.share(&self.edges, |part| part == Part::Beam);
        let is_seen = seen.is_none_or(|share| share >= RACK_SEEN) && beam.is_none_or(|share| share >= BEAM_SEEN);
        if is_seen {
            let is_far = front.warp.reach() > FARTHEST * self.width.max(self.height) as f32;
            return is_far.then_some(Unsure::CameraMoved);
        }
        // Is there a rack at all, only elsewhere?
        let elsewhere = Rack::find(picture, &Framing::default()).edges.len();
        Some(if 2 * elsewhere >= self.edges.len() { Unsure::CameraMoved } else { Unsure::ViewBlocked })
    }

    /// How bright the beam's face is on a picture, by column of the opening.
    pub(super) fn face_on(&self, picture: &Scaled, front: &Warp) -> [f32; COLUMNS] {
        const PLACES: usize = 6;
        std::array::from_fn(|column| {
            let place = |part: usize| {
                let share = (column as f32 + (part as f32 + 0.5) / PLACES as f32) / COLUMNS as f32;
                let x = (self.opening.left + share * (self.opening.right - self.opening.left)) * self.width as f32;
                let [x, y] = front.map(x, self.beam.top_at(x) + (self.beam.bottom - self.beam.top) / 2.0);
                picture.at(x, y)
            };
            (0..PLACES).map(place).sum::<f32>() / PLACES as f32
        })
    }

    /// The middle of the opening's lower edge, in pixels.
    fn foot(&self) -> [f32; 2] {
        let x = (self.opening.left + self.opening.right) / 2.0 * self.width as f32;
        [x, self.beam.top_at(x)]
    }

    /// Where the marker says that the picture lies: the first guess of its registration.
    fn start(&self, seen: &Quad) -> Option<Warp> {
        let known = self.marker.as_ref()?;
        let (width, height) = (self.width as f32, self.height as f32);
        let pixels = |quad: &Quad| quad.map(|corner| [corner.x * width, corner.y * height]);
        let pairs: Vec<([f32; 2], [f32; 2])> = pixels(known).into_iter().zip(pixels(seen)).collect();
        pairs
            .iter()
            .flat_map(|(from, to)| from.iter().chain(to))
            .all(|value| value.is_finite())
            .then(|| registration::through(self.width, self.height, &pairs))
    }

    /// How far a picture has to be moved to lie on a reference, at the middle of the opening, in its own pixels.
    fn shift(&self, picture: &Warp, reference: &Warp, of: &Luma) -> [f32; 2] {
        let (width, height) = (self.width as f32, self.height as f32);
        let opening = &self.opening;
        let (x, y) = ((opening.left + opening.right) / 2.0 * width, (opening.top + opening.bottom) / 2.0 * height);
        let (from, to) = (picture.map(x, y), reference.map(x, y));
        [(to[0] - from[0]) * of.width() as f32 / width, (to[1] - from[1]) * of.height() as f32 / height]
    }
}

/// So much of the uprights and the beam above must be seen.
const RACK_SEEN: f32 = 0.58;
/// So much of the carrying beam must be seen; a load changes how its upper edge looks.
const BEAM_SEEN: f32 = 0.2;
/// Farther than this, as a share of the picture's longer side, no crane stops astray: the camera was moved.
const FARTHEST: f32 = 0.12;
