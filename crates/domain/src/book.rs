//! Book stock (账面): what the books say lies where.

use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::location::LocationCode;
use crate::observation::{Epc, unit_named};

/// One line of the books at one location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookLine {
    /// The article.
    pub item: Arc<str>,
    /// Pallet or container, as printed on its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handling_unit: Option<Arc<str>>,
    /// The tag on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epc: Option<Epc>,
    /// How many units it holds.
    pub quantity: Decimal,
    /// The unit the quantity is counted in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Arc<str>>,
    /// Price of one unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Decimal>,
}

impl BookLine {
    /// Whether a code read from a label names this line: its handling unit or its EPC, which may bear the same number.
    pub fn is_named_by(&self, code: &str) -> bool {
        let unit = unit_named(code);
        self.handling_unit.as_deref().map(unit_named) == Some(unit)
            || self.epc.as_ref().is_some_and(|epc| epc.as_str().eq_ignore_ascii_case(code) || epc.sscc().as_deref() == Some(unit))
    }

    /// Whether a tag heard elsewhere could be its own: one is booked, or its handling unit has a number that tags bear.
    pub fn may_have_tag(&self) -> bool {
        let is_number = |unit: &str| unit.len() == 18 && unit.bytes().all(|digit| digit.is_ascii_digit());
        self.epc.is_some() || self.handling_unit.as_deref().map(unit_named).is_some_and(is_number)
    }

    /// Whether a tag is this line's: the one that is booked, or one that bears the number of the handling unit.
    pub fn is_tagged(&self, epc: &Epc) -> bool {
        self.epc.as_ref() == Some(epc) || self.handling_unit.as_deref().is_some_and(|unit| epc.sscc().as_deref() == Some(unit_named(unit)))
    }
}

/// What the books said of one location at one moment. A stop is judged against the snapshot taken when its crane arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookSnapshot {
    /// Who said so: a file's name, a system's.
    pub source: Arc<str>,
    /// When it was asked.
    pub at: Timestamp,
    /// The lines; none means that the books say empty.
    pub lines: Vec<BookLine>,
}

impl BookSnapshot {
    /// The sum over all lines.
    pub fn quantity(&self) -> Decimal {
        self.lines.iter().map(|line| line.quantity).sum()
    }
}

/// The books, as the engine asks them. Implemented by an imported list, by a simulated warehouse, later by a warehouse
/// management system's interface.
pub trait Book: Send + Sync {
    /// What lies at a location; `None` where these books know nothing of it at all.
    fn lines(&self, location: &LocationCode) -> Option<Vec<BookLine>>;
    /// Where, according to the books, a tag or label found elsewhere belongs, and its line.
    fn whereabouts(&self, code: &str) -> Option<(LocationCode, BookLine)>;
    /// Where the books have a tag: by its EPC, or by the number of the handling unit that it bears.
    fn home_of(&self, epc: &Epc) -> Option<(LocationCode, BookLine)> {
        epc.look_up(|code| self.whereabouts(code))
    }
    /// The name that snapshots bear.
    fn source(&self) -> Arc<str>;
}
