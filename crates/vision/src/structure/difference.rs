//! What one picture's edges show that others' do not.

use super::cells::{Cells, DIRECTIONS};

/// By cell and direction.
type Map = Vec<[f32; DIRECTIONS]>;

/// What earlier pictures show together, laid on each other.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    across: usize,
    /// The strongest edge of any of them, in a cell or beside it: pictures never lie on each other exactly.
    most: Map,
    /// The weakest edge of all of them: what none of them lacks.
    least: Map,
}

/// What is new on a picture, and what is gone.
#[derive(Debug, Clone)]
pub(crate) struct Difference {
    /// Cells in a row.
    pub(crate) across: usize,
    /// Rows of cells.
    pub(crate) down: usize,
    /// How much stronger its edges are than any before, 0 to 1.
    pub(crate) new: Map,
    /// How much weaker its edges are than all before, 0 to 1.
    pub(crate) gone: Map,
    /// Which cells tell something.
    pub(crate) is_known: Vec<bool>,
}

/// An edge must be stronger by this factor to be new: light does not fall evenly.
const STRONGER: f32 = 1.3;
/// Edges weaker than this are never compared, in gray levels a pixel: compression makes them.
const WEAKEST: f32 = 0.4;
/// A new edge of this strength, in gray levels a pixel in the light of the references, is half as telling as one could be.
const HALF_TELLING: f32 = 2.0;

impl Known {
    /// Puts together what pictures show, all laid on the same reference.
    pub(crate) fn of<'a>(pictures: impl IntoIterator<Item = &'a Cells>) -> Option<Self> {
        let mut pictures = pictures.into_iter();
        let first = pictures.next()?;
        let mut known = Self { across: first.across, most: widened(first), least: first.edges.clone() };
        for picture in pictures {
            for (most, edges) in known.most.iter_mut().zip(widened(picture)) {
                *most = std::array::from_fn(|direction| most[direction].max(edges[direction]));
            }
            for (least, edges) in known.least.iter_mut().zip(&picture.edges) {
                *least = std::array::from_fn(|direction| least[direction].min(edges[direction]));
            }
        }
        Some(known)
    }
}

impl Difference {
    /// Holds a picture whose edges are `gain` times as strong as they would be in the light of the earlier ones against what those show.
    pub(crate) fn of(picture: &Cells, gain: f32, known: &Known) -> Self {
        let noise = (2.0 * picture.noise() / gain).max(WEAKEST);
        let telling = |over: f32| if over > 0.0 { over / (over + HALF_TELLING) } else { 0.0 };
        let new = picture.edges.iter().zip(&known.most);
        let new = new
            .map(|(edges, most)| std::array::from_fn(|direction| telling(edges[direction] / gain - STRONGER * most[direction] - noise)))
            .collect();
        let gone = widened(picture).into_iter().zip(&known.least);
        let gone = gone
            .map(|(edges, least)| std::array::from_fn(|direction| telling(least[direction] - STRONGER * edges[direction] / gain - noise)))
            .collect();
        let is_known = picture.unknown.iter().map(|unknown| *unknown < 0.5).collect();
        Self { across: known.across, down: picture.down, new, gone, is_known }
    }

    /// Keeps of each place what differs less: here, or on the same picture laid otherwise.
    pub(crate) fn keep_less(&mut self, other: Self) {
        let keep = |map: &mut Map, other: Map| {
            for (cell, other) in map.iter_mut().zip(other) {
                *cell = std::array::from_fn(|direction| cell[direction].min(other[direction]));
            }
        };
        keep(&mut self.new, other.new);
        keep(&mut self.gone, other.gone);
        self.is_known.iter_mut().zip(other.is_known).for_each(|(known, other)| *known &= other);
    }
}

/// The strongest edges of each cell and the four beside it.
fn widened(cells: &Cells) -> Map {
    let at = |x: usize, y: usize| &cells.edges[y * cells.across + x];
    let mut map = Vec::with_capacity(cells.edges.len());
    for y in 0..cells.down {
        for x in 0..cells.across {
            let (left, right) = (at(x.saturating_sub(1), y), at((x + 1).min(cells.across - 1), y));
            let (above, below) = (at(x, y.saturating_sub(1)), at(x, (y + 1).min(cells.down - 1)));
            let here = at(x, y);
            map.push(std::array::from_fn(|d| here[d].max(left[d]).max(right[d]).max(above[d]).max(below[d])));
        }
    }
    map
}
