//! Where books and rack differ: planted slot by slot from the seed.
//!
//! A misplaced unit concerns two slots, and either must know of it without a list: a shuffle pairs up all slots, and whether a unit
//! moved within a pair is drawn for the pair. All other differences are drawn for their slot alone.

use pandian_domain::{BookLine, Epc, Verdict};

use crate::seed::{Draw, Seed, Shuffle};

/// The share of differing slots that differ because a unit was misplaced.
const SHARE_MISPLACED: f64 = 1.0 / 3.0;

/// How one slot differs from its books. Units are named by their tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Difference {
    /// A unit of several is gone.
    UnitGone(Epc),
    /// Everything is gone.
    AllGone,
    /// A unit that nobody booked is there too.
    UnitExtra,
    /// A unit that nobody booked stands in the place of a booked one.
    UnitReplaced(Epc),
    /// A unit stands in another slot instead; whether the slot is empty without it.
    MovedAway { unit: Epc, to: u32, leaves_empty: bool },
    /// A unit of another slot is there too.
    MovedIn { unit: Epc, from: u32 },
}

impl Difference {
    /// What a perfect count finds.
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::UnitGone(_) | Self::MovedAway { leaves_empty: false, .. } => Verdict::Shortage,
            Self::AllGone | Self::MovedAway { leaves_empty: true, .. } => Verdict::UnexpectedlyEmpty,
            Self::UnitExtra => Verdict::Overage,
            Self::UnitReplaced(_) => Verdict::WrongItem,
            Self::MovedIn { .. } => Verdict::Misplaced,
        }
    }

    /// The other slot of a misplaced unit.
    pub(crate) fn partner(&self) -> Option<u32> {
        match self {
            Self::MovedAway { to: slot, .. } | Self::MovedIn { from: slot, .. } => Some(*slot),
            _ => None,
        }
    }
}

/// What the planting asks of the books.
pub(crate) trait Booked {
    /// The lines of a slot; none where the books do not know it.
    fn lines_at(&self, slot: u32) -> Option<Vec<BookLine>>;
    /// Whether the books, asked for a tag, name that slot.
    fn is_home(&self, epc: &Epc, slot: u32) -> bool;
}

#[derive(Debug)]
pub(crate) struct Planting {
    seed: Seed,
    shuffle: Shuffle,
    size: u32,
    pair_rate: f64,
    single_rate: f64,
}

impl Planting {
    /// For `size` slots of which a share of `rate` shall differ.
    pub(crate) fn new(seed: Seed, size: u32, rate: f64) -> Self {
        let pair_rate = rate * SHARE_MISPLACED;
        let single_rate = if pair_rate < 1.0 { (rate - pair_rate) / (1.0 - pair_rate) } else { 0.0 };
        Self { seed, shuffle: Shuffle::new(seed, size), size, pair_rate, single_rate }
    }

    /// How a slot differs, if it does.
    pub(crate) fn at(&self, slot: u32, book: &impl Booked) -> Option<Difference> {
        self.moved(slot, book).or_else(|| self.alone(slot, book))
    }

    fn moved(&self, slot: u32, book: &impl Booked) -> Option<Difference> {
        let position = self.shuffle.forward(slot);
        let pair = u64::from(position / 2);
        if self.seed.fraction(Draw::PairMoved, pair) >= self.pair_rate || position ^ 1 >= self.size {
            return None;
        }
        let partner = self.shuffle.back(position ^ 1);
        let flip = (self.seed.bits(Draw::PairDirection, pair) & 1) as u32;
        let (first, second) = if position & 1 == flip { (slot, partner) } else { (partner, slot) };
        let (a, b) = (self.units(first, book)?, self.units(second, book)?);
        // Only what is there can move: from the second slot where the first is empty.
        let (from, to, units) = if a.is_empty() { (second, first, b) } else { (first, second, a) };
        let unit = self.pick(from, &units)?;
        if !book.is_home(&unit, from) {
            return None;
        }
        Some(if slot == from {
            Difference::MovedAway { unit, to, leaves_empty: units.len() == 1 }
        } else {
            Difference::MovedIn { unit, from }
        })
    }

    fn alone(&self, slot: u32, book: &impl Booked) -> Option<Difference> {
        if self.seed.fraction(Draw::SingleDiffers, slot.into()) >= self.single_rate {
            return None;
        }
        let units = self.units(slot, book)?;
        let kind = self.seed.below(Draw::SingleKind, slot.into(), 4);
        Some(match (units.len(), kind) {
            (0, _) | (1.., 0) => Difference::UnitExtra,
            (2.., 1) => Difference::UnitGone(self.pick(slot, &units)?),
            (1.., 2) => Difference::UnitReplaced(self.pick(slot, &units)?),
            _ => Difference::AllGone,
        })
    }

    fn pick(&self, slot: u32, units: &[Epc]) -> Option<Epc> {
        units.get(self.seed.below(Draw::WhichUnit, slot.into(), units.len() as u64) as usize).cloned()
    }

    /// The tags of a slot's units. None where a count could not tell what differs: slots that the books do not know, lines
    /// without a tag, a label shared by two tags.
    fn units(&self, slot: u32, book: &impl Booked) -> Option<Vec<Epc>> {
        let lines = book.lines_at(slot)?;
        let mut units: Vec<Epc> = Vec::with_capacity(lines.len());
        for line in &lines {
            let epc = line.epc.as_ref()?;
            let shares_label = |other: &BookLine| other.handling_unit == line.handling_unit && other.epc != line.epc;
            if line.handling_unit.is_some() && lines.iter().any(shares_label) {
                return None;
            }
            if !units.contains(epc) {
                units.push(epc.clone());
            }
        }
        Some(units)
    }
}
