//! What stands in a slot.

use super::dice::{Dice, Row};
use super::label::{Label, Symbology};

/// A kind of unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Cartons stacked on a pallet.
    PalletOfCartons,
    /// A single carton on the deck.
    LooseCarton,
    /// A pallet whose goods are wrapped in film.
    WrappedPallet,
    /// Drums on a pallet.
    Drums,
    /// A pallet that carries nothing.
    EmptyPallet,
    /// Plastic crates, one on the other.
    Crates,
    /// A big bag on a pallet.
    BigBag,
    /// A few flat cartons: low, and therefore hard to see.
    FlatCartons,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::PalletOfCartons,
        Self::LooseCarton,
        Self::WrappedPallet,
        Self::Drums,
        Self::EmptyPallet,
        Self::Crates,
        Self::BigBag,
        Self::FlatCartons,
    ];

    /// As tables name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PalletOfCartons => "pallet of cartons",
            Self::LooseCarton => "loose carton",
            Self::WrappedPallet => "wrapped pallet",
            Self::Drums => "drums",
            Self::EmptyPallet => "empty pallet",
            Self::Crates => "crates",
            Self::BigBag => "big bag",
            Self::FlatCartons => "flat cartons",
        }
    }
}

/// One unit and its labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// What it is.
    pub kind: Kind,
    /// Its sizes, colours and place are drawn from this.
    pub seed: u64,
    /// What is stuck on its front, at most [`Unit::LABELS`] of them.
    pub labels: Vec<Label>,
}

impl Unit {
    /// Labels beyond these are left off.
    pub const LABELS: usize = 3;

    /// A unit without labels.
    pub fn new(kind: Kind, seed: u64) -> Self {
        Self { kind, seed, labels: Vec::new() }
    }
}

/// What stands in a slot.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Load {
    /// The units from left to right, at most [`Load::UNITS`] of them are shown; none: the slot is empty.
    pub units: Vec<Unit>,
}

impl Load {
    /// Units beyond these are not shown: they stand behind the others.
    pub const UNITS: usize = 3;

    /// What the units of these identities look like, always the same, with the label that each really bears, if any. A unit that is in the
    /// books holds goods: it is neither a bare pallet nor a handful of flat cartons.
    pub fn of<'a>(units: impl IntoIterator<Item = (u64, Option<&'a str>)>) -> Self {
        let unit = |(identity, label): (u64, Option<&str>)| {
            let mut dice = Dice::new(identity, Row::Goods);
            let kind = dice.pick(&[
                Kind::PalletOfCartons,
                Kind::PalletOfCartons,
                Kind::WrappedPallet,
                Kind::LooseCarton,
                Kind::Drums,
                Kind::Crates,
                Kind::BigBag,
            ]);
            Unit { kind, seed: identity, labels: label.map(Label::of).into_iter().collect() }
        };
        Self { units: units.into_iter().map(unit).collect() }
    }

    /// One of a kind, or two where the seed says so, with labels of a random text.
    pub fn drawn(kind: Kind, seed: u64) -> Self {
        let mut dice = Dice::new(seed, Row::Goods);
        let count = if dice.chance(0.2) { 2 } else { 1 };
        let unit = |_| {
            let seed = dice.bits();
            let mut labels = Vec::new();
            if kind != Kind::EmptyPallet && dice.chance(0.7) {
                let number = format!("{:018}", dice.bits() % 1_000_000_000_000_000_000);
                let symbology = dice.pick(&[Symbology::Gs1, Symbology::Gs1, Symbology::Qr, Symbology::DataMatrix]);
                let module_px = dice.between(1.2, 3.0);
                labels.push(Label { module_px, turn: dice.normal() * 1.5, ..Label::new(&number, symbology) });
            }
            Unit { kind, seed, labels }
        };
        Self { units: (0..count).map(unit).collect() }
    }

    /// Whether nothing stands there.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }
}
