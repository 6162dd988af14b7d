//! Where books and rack differ: planted slot by slot from the seed.
//!
//! A misplaced unit concerns two slots, and either must know of it without a list: a shuffle pairs up all slots, or those of each
//! block of neighbouring bays, and whether a unit moved within a pair is drawn for the pair. All other differences are drawn for
//! their slot alone.

use std::sync::Arc;

use pandian_domain::{BookLine, Epc, Verdict};

use crate::racks::Racks;
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

/// Which slots a unit may move between.
#[derive(Debug)]
pub(crate) struct Pairing {
    seed: Seed,
    scope: Scope,
}

#[derive(Debug)]
enum Scope {
    /// Any two of all slots.
    Anywhere { shuffle: Shuffle, size: u32 },
    /// Two slots of one aisle. Each block has one bay more than a unit may be away from home.
    Within { bays: u32, racks: Arc<Racks> },
}

/// Two slots, seen from one of them.
struct Pair {
    number: u64,
    partner: u32,
    /// Whether the partner is the second of the two.
    is_first: bool,
}

impl Pairing {
    /// Among `size` slots.
    pub(crate) fn anywhere(seed: Seed, size: u32) -> Self {
        Self { seed, scope: Scope::Anywhere { shuffle: Shuffle::new(seed, size), size } }
    }

    /// Slots of the same aisle, at most so many bays from each other. Slots without a place have no partner.
    pub(crate) fn within(seed: Seed, bays: u32, racks: Arc<Racks>) -> Self {
        Self { seed, scope: Scope::Within { bays, racks } }
    }

    /// The pair that a slot belongs to; of an odd number of slots one has none.
    fn of(&self, slot: u32) -> Option<Pair> {
        match &self.scope {
            Scope::Anywhere { shuffle, size } => Pair::of(slot, *size, shuffle),
            Scope::Within { bays, racks } => {
                let place = racks.layout().slot(slot).place?;
                let first = place.bay - place.bay % bays.saturating_add(1);
                let block = racks.ranks(place.aisle, first..=first.saturating_add(*bays));
                let (start, size) = (block.start as u64, block.len() as u32);
                let within = (racks.rank(slot)? - block.start) as u32;
                let pair = Pair::of(within, size, &Shuffle::new(Seed(self.seed.bits(Draw::Block, start)), size))?;
                Some(Pair { number: start + pair.number, partner: racks.at(block.start + pair.partner as usize), ..pair })
            }
        }
    }
}

impl Pair {
    /// The pair of an index below `size`: neighbours after the shuffle.
    fn of(index: u32, size: u32, shuffle: &Shuffle) -> Option<Self> {
        let position = shuffle.forward(index);
        let partner = position ^ 1;
        (partner < size).then(|| Self { number: (position / 2).into(), partner: shuffle.back(partner), is_first: position & 1 == 0 })
    }
}

#[derive(Debug)]
pub(crate) struct Planting {
    seed: Seed,
    pairing: Pairing,
    pair_rate: f64,
    single_rate: f64,
}

impl Planting {
    /// For slots of which a share of `rate` shall differ.
    pub(crate) fn new(seed: Seed, pairing: Pairing, rate: f64) -> Self {
        let pair_rate = rate * SHARE_MISPLACED;
        let single_rate = if pair_rate < 1.0 { (rate - pair_rate) / (1.0 - pair_rate) } else { 0.0 };
        Self { seed, pairing, pair_rate, single_rate }
    }

    /// How a slot differs, if it does.
    pub(crate) fn at(&self, slot: u32, book: &impl Booked) -> Option<Difference> {
        self.moved(slot, book).or_else(|| self.alone(slot, book))
    }

    fn moved(&self, slot: u32, book: &impl Booked) -> Option<Difference> {
        let pair = self.pairing.of(slot)?;
        if self.seed.fraction(Draw::PairMoved, pair.number) >= self.pair_rate {
            return None;
        }
        let is_flipped = self.seed.bits(Draw::PairDirection, pair.number) & 1 == 1;
        let (first, second) = if pair.is_first != is_flipped { (slot, pair.partner) } else { (pair.partner, slot) };
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
