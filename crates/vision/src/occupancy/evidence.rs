//! What speaks for a load: what should be seen behind the beam and is not, and what is seen there and should not be.

use super::references::Base;
use crate::structure::cells::{CELL, beam_row};
use crate::structure::difference::Difference;
use crate::structure::gradient::Across;
use crate::structure::rack::{Edge, Part};
use crate::structure::registration::Registration;
use crate::structure::scaled::Scaled;
use crate::structure::standing::Block;

/// What a score is made of. All are shares, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Of what stands for good behind the carrying beam (deck, rear beam, rear uprights), how much is not seen in the third of the
    /// opening's width where least of it is. The strongest sign: goods behind the rack never hide its own rear, a load does.
    pub hidden: f32,
    /// Of the level edges there, how many are not found in the fifth of the width where fewest are.
    pub hidden_edges: f32,
    /// The same just above the beam, in the eighth of the width where fewest are found: what is small or flat hides no more.
    pub hidden_foot: f32,
    /// The share of the width with something new low above the beam.
    pub new_low: f32,
    /// The share of the width with something new a little higher.
    pub new_higher: f32,
    /// Of what stands for good in the upper half of the opening, how much is not seen. Speaks against a load: more often the picture is poor.
    pub hidden_above: f32,
    /// The share of the beam's own face with something new on it. Speaks against a load: labels, dirt and shadows lie there, loads do not.
    pub new_on_beam: f32,
    /// Of the uprights and the upper beam, how much is not found. Speaks against a load: the picture is poor.
    pub rack_missed: f32,
    /// The share of the width in which even the beam is not seen: something stands before it.
    pub blocked: f32,
    /// The share of the width in which something is to be seen behind the beam that a load would hide. With none of it nothing speaks.
    pub behind: f32,
}

/// So many values are weighed.
pub(super) const VALUES: usize = 13;
/// The width of the opening is looked at in so many columns.
pub(super) const COLUMNS: usize = 16;
/// Something new is there from this strength on, 0 to 1.
const NEW: f32 = 0.3;

/// The beam's face is another thing if it is brighter or darker by this factor than elsewhere.
const OTHER: f32 = 1.2;

/// A picture laid on the references.
pub(super) struct View<'a> {
    pub(super) picture: &'a Scaled,
    pub(super) base: &'a Base,
    /// Where the front of the rack is.
    pub(super) front: &'a Registration,
    /// Where its rear is.
    pub(super) rear: &'a Registration,
    /// How much of what stands for good is seen.
    pub(super) blocks: &'a [Block],
    /// What is new.
    pub(super) differs: &'a Difference,
}

/// How much there was to be seen in each column, and how much of it was not.
type Columns = [Seen; COLUMNS];

#[derive(Clone, Copy, Default)]
struct Seen {
    there: f32,
    missed: f32,
}

impl Evidence {
    pub(super) fn of(view: &View<'_>) -> Self {
        let (hidden, edges) = (view.hidden(0.02, 0.3), view.edges_missed(0.0, 0.2));
        let is_behind = |(blocks, edges): &(&Seen, &Seen)| blocks.there >= 1.0 || edges.there >= 1.0;
        Self {
            behind: hidden.iter().zip(&edges).filter(is_behind).count() as f32 / COLUMNS as f32,
            hidden: worst(&hidden, 5, 0.2, 1.5),
            hidden_edges: worst(&edges, 3, 0.1, 4.0),
            hidden_foot: worst(&view.edges_missed(0.0, 0.1), 2, 0.1, 4.0),
            new_low: view.newness(0.06, 0.1),
            new_higher: view.newness(0.1, 0.15),
            hidden_above: share(&view.hidden(0.5, 1.0), 0.2, 1.5),
            new_on_beam: view.newness(-0.09, -0.015),
            rack_missed: 1.0 - view.front.share(&view.base.edges, |part| part != Part::Beam).unwrap_or(0.9),
            blocked: view.blocked().into_iter().filter(|blocked| *blocked).count() as f32 / COLUMNS as f32,
        }
    }

    /// What the score weighs, in the order of its weights: the evidence, and what is usual for an empty slot of this kind. Square roots: the
    /// first tenth of a share says more than the last.
    pub fn values(&self, usual: &Self) -> [f32; VALUES] {
        let Self { hidden, hidden_edges, hidden_foot, new_low, new_higher, hidden_above, new_on_beam, rack_missed, blocked: _, behind: _ } =
            *self;
        let seen = [hidden, hidden_edges, hidden_foot, new_low, new_higher, hidden_above, new_on_beam, rack_missed];
        let usual = [usual.hidden, usual.hidden_edges, usual.hidden_foot, usual.new_low, usual.new_higher];
        let mut values = [0.0; VALUES];
        values.iter_mut().zip(seen.into_iter().chain(usual)).for_each(|(value, share)| *value = share.clamp(0.0, 1.0).sqrt());
        values
    }

    /// What an empty slot gives on average.
    pub(super) const USUAL: Self = Self {
        hidden: 0.2,
        hidden_edges: 0.3,
        hidden_foot: 0.2,
        new_low: 0.1,
        new_higher: 0.1,
        hidden_above: 0.1,
        new_on_beam: 0.1,
        rack_missed: 0.1,
        blocked: 0.0,
        behind: 1.0,
    };

    /// The mean of several; none of none.
    pub(super) fn mean(of: &[Self]) -> Option<Self> {
        let mean = |part: fn(&Self) -> f32| of.iter().map(part).sum::<f32>() / of.len() as f32;
        (!of.is_empty()).then(|| Self {
            hidden: mean(|one| one.hidden),
            hidden_edges: mean(|one| one.hidden_edges),
            hidden_foot: mean(|one| one.hidden_foot),
            new_low: mean(|one| one.new_low),
            new_higher: mean(|one| one.new_higher),
            hidden_above: mean(|one| one.hidden_above),
            new_on_beam: mean(|one| one.new_on_beam),
            rack_missed: mean(|one| one.rack_missed),
            blocked: mean(|one| one.blocked),
            behind: mean(|one| one.behind),
        })
    }
}

impl View<'_> {
    /// The height of the opening in pixels.
    fn span(&self) -> f32 {
        ((self.base.opening.bottom - self.base.opening.top) * self.base.height as f32).max(1.0)
    }

    /// The column of a place, with a fraction; beyond 0 and [`COLUMNS`] outside of the opening.
    fn column(&self, x: f32) -> f32 {
        let opening = &self.base.opening;
        (x / self.base.width as f32 - opening.left) / (opening.right - opening.left) * COLUMNS as f32
    }

    /// The columns in which the beam is not seen: neither of its edges, nor its face as bright as it should be. No load hides them: it stands
    /// on the beam, not before it. Nor does a shadow: it has the edges left.
    fn blocked(&self) -> [bool; COLUMNS] {
        let beam = &self.base.beam;
        let (mut upper, mut lower) = (Columns::default(), Columns::default());
        for (edge, seen) in self.base.edges.iter().zip(&self.front.seen) {
            if edge.part == Part::Beam && edge.across == Across::Down {
                let is_lower = edge.y - beam.top_at(edge.x) > 0.5 * (beam.bottom - beam.top);
                self.count(if is_lower { &mut lower } else { &mut upper }, edge, *seen);
            }
        }
        let face = self.base.face_on(self.picture, &self.front.warp);
        let mut ratios: [f32; COLUMNS] = std::array::from_fn(|column| (face[column] + 4.0) / (self.base.face[column] + 4.0));
        let each = ratios;
        let light = *ratios.select_nth_unstable_by(COLUMNS / 2, f32::total_cmp).1;
        let is_hidden = |seen: &Seen| seen.missed >= 0.7 * seen.there;
        let is_other = |column: usize| !(1.0 / OTHER..OTHER).contains(&(each[column] / light));
        std::array::from_fn(|column| {
            lower[column].there >= 2.0 && is_hidden(&lower[column]) && is_hidden(&upper[column]) && is_other(column)
        })
    }

    /// What is not seen of what stands for good, in a band above the beam: from and to, in shares of the opening's height.
    fn hidden(&self, from: f32, to: f32) -> Columns {
        let mut columns = Columns::default();
        let top = (beam_row(&self.base.beam) * CELL) as f32;
        for block in self.blocks {
            let (above, column) = ((top - block.y) / self.span(), self.column(block.x));
            if (from..to).contains(&above) && self.is_known(block) && (0.4..COLUMNS as f32 - 0.4).contains(&column) {
                let seen = &mut columns[column as usize];
                seen.there += block.weight;
                seen.missed += block.weight * (1.0 - block.likeness);
            }
        }
        columns
    }

    /// Whether a block is neither beyond the picture nor drowned in glare.
    fn is_known(&self, block: &Block) -> bool {
        let cell = (block.y as usize / CELL) * self.differs.across + block.x as usize / CELL;
        self.differs.is_known.get(cell) == Some(&true)
    }

    /// The level edges that are not found in a band above the beam.
    fn edges_missed(&self, from: f32, to: f32) -> Columns {
        let mut columns = Columns::default();
        for (edge, seen) in self.base.inside.iter().zip(&self.rear.seen) {
            let above = (self.base.beam.top_at(edge.x) - edge.y) / self.span();
            if (from..to).contains(&above) && edge.across == Across::Down {
                self.count(&mut columns, edge, *seen);
            }
        }
        columns
    }

    fn count(&self, columns: &mut Columns, edge: &Edge, is_seen: Option<bool>) {
        let Some(is_seen) = is_seen else { return };
        let column = self.column(edge.x);
        if (0.0..COLUMNS as f32).contains(&column) {
            let seen = &mut columns[column as usize];
            seen.there += 1.0;
            seen.missed += if is_seen { 0.0 } else { 1.0 };
        }
    }

    /// The share of the width with something new in a band above the beam, or on it. The uprights' rims are left out.
    fn newness(&self, from: f32, to: f32) -> f32 {
        let top = (beam_row(&self.base.beam) * CELL) as f32;
        let mut strongest = [0.0f32; 2 * COLUMNS];
        for (cell, new) in self.differs.new.iter().enumerate() {
            let centre = |at: usize| (at * CELL) as f32 + CELL as f32 / 2.0;
            let (x, y) = (centre(cell % self.differs.across), centre(cell / self.differs.across));
            let (above, column) = ((top - y) / self.span(), self.column(x));
            if !(from..to).contains(&above) || !(0.5..COLUMNS as f32 - 0.5).contains(&column) || !self.differs.is_known[cell] {
                continue;
            }
            let half = &mut strongest[(2.0 * column) as usize];
            *half = new.iter().fold(*half, |most, value| most.max(*value));
        }
        strongest.iter().filter(|strength| **strength > NEW).count() as f32 / strongest.len() as f32
    }
}

/// The share that is missed. Where there is little to be seen it is near what is usual.
fn share(columns: &[Seen], usual: f32, doubt: f32) -> f32 {
    let (there, missed) = columns.iter().fold((0.0, 0.0), |(there, missed), seen| (there + seen.there, missed + seen.missed));
    (missed + usual * doubt) / (there + doubt)
}

/// The share that is missed in the adjacent columns where it is most.
fn worst(columns: &[Seen], adjacent: usize, usual: f32, doubt: f32) -> f32 {
    columns.windows(adjacent.min(columns.len()).max(1)).map(|window| share(window, usual, doubt)).fold(0.0, f32::max)
}
