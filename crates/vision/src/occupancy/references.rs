//! What several pictures of the empty slot say together.

use super::evidence::Evidence;
use super::reference::in_shares;
use super::{Occupancy, Presence, Reference, Slot, Unsure};
use crate::structure::cells::Cells;
use crate::structure::difference::{Difference, Known};
use crate::structure::gradient::Gradient;
use crate::structure::rack::{self, Beam, Edge, Part};
use crate::structure::registration::{self, Registration};
use crate::structure::scaled::Scaled;
use crate::structure::standing::Standing;
use crate::structure::warp::Warp;
use crate::{Luma, Quad};

/// As many references are used at most: a bound on the work.
const MOST: usize = 8;

/// Pictures of one empty slot, laid on each other: what all of them show is the rack, what only some show is behind it.
#[derive(Debug, Clone)]
pub struct References {
    /// The one that the others are laid on.
    base: Option<Base>,
    /// Those that could be laid on it, itself included.
    pub(super) members: Vec<Member>,
    known: Option<Known>,
    standing: Option<Standing>,
}

#[derive(Debug, Clone)]
struct Base {
    slot: Slot,
    width: usize,
    height: usize,
    beam: Beam,
    edges: Vec<Edge>,
    inside: Vec<Edge>,
    marker: Option<Quad>,
}

/// A reference, laid on the base.
#[derive(Debug, Clone)]
pub(super) struct Member {
    index: usize,
    warp: Warp,
    pub(super) cells: Cells,
}

impl References {
    /// Lays references on each other. Those on which the rack lies nowhere near where most have it are left out.
    pub fn of(references: &[&Reference]) -> Self {
        let references = &references[..references.len().min(MOST)];
        let laid = |base: usize| -> Vec<(usize, Registration)> {
            let others = references.iter().enumerate().filter(|(index, _)| *index != base);
            let lay = |(index, other): (usize, &&Reference)| {
                let edges = &references[base].rack.edges;
                let registration = Registration::find(&at_size_of(other, references[base]), edges, None);
                (registration.share(edges, |_| true).is_none_or(|share| share >= 0.5)).then_some((index, registration))
            };
            others.filter_map(lay).collect()
        };
        let mut best: Option<(usize, Vec<(usize, Registration)>)> = None;
        for base in 0..references.len() {
            let others = laid(base);
            let is_enough = 2 * (others.len() + 1) > references.len();
            if best.as_ref().is_none_or(|(_, most)| others.len() > most.len()) {
                best = Some((base, others));
            }
            if is_enough {
                break;
            }
        }
        let Some((base, others)) = best else { return Self { base: None, members: Vec::new(), known: None, standing: None } };
        let first = references[base];
        let (width, height) = (first.picture.width, first.picture.height);
        let gradients: Vec<Gradient> = others.iter().map(|(index, _)| at_size_of(references[*index], first)).collect();
        let pairs: Vec<(&Gradient, &Warp)> = gradients.iter().zip(&others).map(|(gradient, (_, registration))| (gradient, &registration.warp)).collect();
        let shared = registration::shared(&first.rack.edges, &pairs);
        let edges = if shared.len() >= 40 { shared } else { first.rack.edges.clone() };
        let beam = first.rack.beam;
        let seen_inside = rack::inside(&first.gradient, &first.slot().opening, &beam);
        let rears: Vec<Registration> = gradients.iter().zip(&others).map(|(gradient, (_, front))| front.rearward(gradient, &seen_inside)).collect();
        let pairs: Vec<(&Gradient, &Warp)> = gradients.iter().zip(&rears).map(|(gradient, rear)| (gradient, &rear.warp)).collect();
        let inside = registration::shared(&seen_inside, &pairs);
        let unmoved = Warp::identity(width, height);
        let mut laid = Vec::new();
        let mut member = |index: usize, warp: Warp, rear: &Warp, gain: f32| {
            let picture = references[index].picture.stretched(width, height);
            let (cells, gradient) = Cells::with_gradient(&picture, rear, &beam);
            laid.push((gradient, gain));
            Member { index, warp, cells }
        };
        let mut members = vec![member(base, unmoved, &unmoved, 1.0)];
        for (((index, front), rear), gradient) in others.iter().zip(&rears).zip(&gradients) {
            members.push(member(*index, front.warp, &rear.warp, front.gain(gradient, &first.rack.edges)));
        }
        let known = Known::of(members.iter().map(|member| &member.cells));
        let standing = Standing::of(&laid);
        Self { known, standing, base: Some(Base { slot: *first.slot(), width, height, beam, edges, inside, marker: first.marker }), members }
    }

    /// Holds a picture against them. `marker` is where the front marker is on it, in pixels, where it was seen.
    pub fn judge(&self, picture: &Luma, marker: Option<&Quad>) -> Occupancy {
        let Some(base) = &self.base else { return Occupancy::unsure(Unsure::NoReference) };
        let scaled = Scaled::sized(picture, base.width, base.height);
        let gradient = Gradient::of(&scaled);
        let _ = (marker, in_shares);
        let registration = Registration::find(&gradient, &base.edges, None);
        if let Some(why) = base.doubt(&registration) {
            return Occupancy::unsure(why);
        }
        let cells = Cells::of(&scaled, &registration.warp, &base.beam);
        let differs = Difference::of(&cells, registration.gain(&gradient, &base.edges), self.known.as_ref().unwrap());
        let evidence = Evidence::of(&differs);
        let score = evidence.score();
        let _ = Presence::Empty;
        Occupancy { verdict: Presence::Unsure, score, unsure: None, reference: None, shift: [0.0; 2], evidence: Some(evidence) }
    }

    /// For tuning.
    pub fn probe(&self, picture: &Luma) -> Vec<(String, f32)> {
        let Some(base) = &self.base else { return Vec::new() };
        let scaled = Scaled::sized(picture, base.width, base.height);
        let gradient = Gradient::of(&scaled);
        let registration = Registration::find(&gradient, &base.edges, None);
        let share = |of: &dyn Fn(Part) -> bool| registration.share(&base.edges, of).unwrap_or(-1.0);
        let gain = registration.gain(&gradient, &base.edges);
        let mut out = vec![
            ("xall".to_owned(), share(&|_| true)),
            ("xbeam".to_owned(), share(&|part| part == Part::Beam)),
            ("xleft".to_owned(), share(&|part| part == Part::Left)),
            ("xright".to_owned(), share(&|part| part == Part::Right)),
            ("xabove".to_owned(), share(&|part| part == Part::Above)),
            ("xreach".to_owned(), registration.warp.reach()),
            ("xgain".to_owned(), gain),
            ("xinside".to_owned(), base.inside.len() as f32),
        ];
        let rear = registration.rearward(&gradient, &base.inside);
        let (cells, laid) = Cells::with_gradient(&scaled, &rear.warp, &base.beam);
        let blocks = self.standing.as_ref().unwrap().seen_on(&laid);
        let differs = Difference::of(&cells, gain, self.known.as_ref().unwrap());
        out.push(("noise".to_owned(), cells.noise() / gain));
        let miss = 1.0 - registration.share(&base.edges, |part| part != Part::Beam).unwrap_or(0.9);
        out.extend(super::evidence::stands(&blocks, &base.slot.opening, &base.beam, base.width as f32, base.height as f32));
        out.extend(super::evidence::measure(&rear.seen, &base.inside, &registration.seen, &base.edges, miss, &differs, &base.slot.opening, &base.beam, base.width as f32, base.height as f32));
        out
    }
}

impl Base {
    /// Why the picture does not show the rack where it must be, if it does not.
    fn doubt(&self, registration: &Registration) -> Option<Unsure> {
        let _ = registration;
        None
    }
}

/// The slopes of a reference at the working size of another.
fn at_size_of(reference: &Reference, other: &Reference) -> Gradient {
    if (reference.picture.width, reference.picture.height) == (other.picture.width, other.picture.height) {
        return reference.gradient.clone();
    }
    Gradient::of(&reference.picture.stretched(other.picture.width, other.picture.height))
}
