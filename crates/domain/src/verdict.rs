//! The verdict on one location: book × RFID × vision.

use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::location::LocationCode;

mod judge;

pub use judge::{Attributed, Seen, judge, not_counted};

/// What is so at a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// 账实相符: what the books say is there, and nothing else.
    Match,
    /// 盘亏: something booked is not there.
    Shortage,
    /// 盘盈: something not booked is there.
    Overage,
    /// 错放: something is there that is booked elsewhere.
    Misplaced,
    /// Something else stands in the place of what is booked.
    WrongItem,
    /// Empty, and booked empty.
    EmptyAsBooked,
    /// Empty, though something is booked.
    UnexpectedlyEmpty,
    /// The witnesses do not suffice or contradict each other: a person decides.
    Ambiguous,
    /// Nobody saw it.
    NotCounted,
}

impl Verdict {
    /// Every verdict, in the order of reports.
    pub const ALL: [Self; 9] = [
        Self::Match,
        Self::EmptyAsBooked,
        Self::Shortage,
        Self::Overage,
        Self::Misplaced,
        Self::WrongItem,
        Self::UnexpectedlyEmpty,
        Self::Ambiguous,
        Self::NotCounted,
    ];

    /// The verdict's name in records, lists and streams.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Shortage => "shortage",
            Self::Overage => "overage",
            Self::Misplaced => "misplaced",
            Self::WrongItem => "wrong_item",
            Self::EmptyAsBooked => "empty_as_booked",
            Self::UnexpectedlyEmpty => "unexpectedly_empty",
            Self::Ambiguous => "ambiguous",
            Self::NotCounted => "not_counted",
        }
    }

    /// Whether books and rack agree.
    pub fn is_agreement(self) -> bool {
        matches!(self, Self::Match | Self::EmptyAsBooked)
    }

    /// Whether books and rack surely differ.
    pub fn is_difference(self) -> bool {
        matches!(self, Self::Shortage | Self::Overage | Self::Misplaced | Self::WrongItem | Self::UnexpectedlyEmpty)
    }
}

/// Whether a judgement can still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A stop still to come can change it.
    Provisional,
    /// Every stop that can change it is done.
    Final,
}

impl Stage {
    /// The stage's name in records, lists and streams.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provisional => "provisional",
            Self::Final => "final",
        }
    }
}

/// Why a verdict is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Every booked tag was heard, and no other.
    AllTagsHeard,
    /// What is booked was recognised, some or all of it by its label.
    LabelsRead,
    /// Booked empty; no tag was heard and the picture shows nothing.
    NothingThere,
    /// Booked empty; no tag was heard, and no picture was compared.
    NothingHeard,
    /// Some of what is booked was recognised, the rest was not.
    PartMissing,
    /// What was found besides the booked stock is booked nowhere.
    NotInTheBooks,
    /// What was found is booked at another location.
    BookedElsewhere,
    /// In the place of all or part of what is booked something else was found.
    OtherInItsPlace,
    /// No tag was heard and the picture shows an empty slot, though stock is booked.
    SeenEmpty,
    /// Stock is booked and no tag was heard, and no picture settles whether anything is there.
    TagsSilent,
    /// RFID and picture contradict each other.
    WitnessesDisagree,
    /// Nothing at hand can recognise what is booked: no tag and no readable label.
    NothingToRecognise,
    /// The books know nothing of this location.
    NoBook,
    /// What is missing here was found at another location.
    FoundElsewhere,
    /// A tag was heard that may lie here or at a neighbour, and nothing tells which.
    TagsUnclear,
    /// A marker on the rack shows that the crane stood at another location.
    OtherLocation,
    /// The tags could not be read.
    InventoryFailed,
    /// The picture could not be taken.
    CaptureFailed,
    /// The picture could not be compared.
    CompareFailed,
    /// The reader gave no list of tags and the picture settled nothing.
    NoObservation,
    /// Neither tags nor picture could be had.
    ChecksFailed,
    /// The crane did not get there.
    CraneFailed,
    /// The crane is out of work and no other can serve the location.
    CraneOut,
    /// Another crane on the same rail stands in the way for good.
    WayBlocked,
    /// The location lies in a zone that cranes must not enter.
    ForbiddenZone,
    /// The location is locked.
    LocationLocked,
    /// The stocktake was cancelled before.
    Cancelled,
    /// The program failed: its log says how.
    ProgramFailed,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 28] = [
        Self::AllTagsHeard,
        Self::LabelsRead,
        Self::NothingThere,
        Self::NothingHeard,
        Self::PartMissing,
        Self::NotInTheBooks,
        Self::BookedElsewhere,
        Self::OtherInItsPlace,
        Self::SeenEmpty,
        Self::TagsSilent,
        Self::WitnessesDisagree,
        Self::NothingToRecognise,
        Self::NoBook,
        Self::FoundElsewhere,
        Self::TagsUnclear,
        Self::OtherLocation,
        Self::InventoryFailed,
        Self::CaptureFailed,
        Self::CompareFailed,
        Self::NoObservation,
        Self::ChecksFailed,
        Self::CraneFailed,
        Self::CraneOut,
        Self::WayBlocked,
        Self::ForbiddenZone,
        Self::LocationLocked,
        Self::Cancelled,
        Self::ProgramFailed,
    ];

    /// The reason's name in records, lists and streams.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AllTagsHeard => "all_tags_heard",
            Self::LabelsRead => "labels_read",
            Self::NothingThere => "nothing_there",
            Self::NothingHeard => "nothing_heard",
            Self::PartMissing => "part_missing",
            Self::NotInTheBooks => "not_in_the_books",
            Self::BookedElsewhere => "booked_elsewhere",
            Self::OtherInItsPlace => "other_in_its_place",
            Self::SeenEmpty => "seen_empty",
            Self::TagsSilent => "tags_silent",
            Self::WitnessesDisagree => "witnesses_disagree",
            Self::NothingToRecognise => "nothing_to_recognise",
            Self::NoBook => "no_book",
            Self::FoundElsewhere => "found_elsewhere",
            Self::TagsUnclear => "tags_unclear",
            Self::OtherLocation => "other_location",
            Self::InventoryFailed => "inventory_failed",
            Self::CaptureFailed => "capture_failed",
            Self::CompareFailed => "compare_failed",
            Self::NoObservation => "no_observation",
            Self::ChecksFailed => "checks_failed",
            Self::CraneFailed => "crane_failed",
            Self::CraneOut => "crane_out",
            Self::WayBlocked => "way_blocked",
            Self::ForbiddenZone => "forbidden_zone",
            Self::LocationLocked => "location_locked",
            Self::Cancelled => "cancelled",
            Self::ProgramFailed => "program_failed",
        }
    }
}

/// One line of a variance: a handling unit that is missing, or one that is too many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variance {
    /// The article, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Arc<str>>,
    /// What names the unit: its handling unit, EPC or label.
    pub unit_id: Arc<str>,
    /// Booked here.
    pub book: Decimal,
    /// Counted here.
    pub counted: Decimal,
    /// Where the books have it instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub belongs_at: Option<LocationCode>,
    /// Where it was found instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_at: Option<LocationCode>,
    /// Price of a unit, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Decimal>,
}

/// A verdict with everything that explains it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// What is so.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// How sure, 0 to 1.
    pub confidence: f64,
    /// Quantity in the books, where they know the location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub book: Option<Decimal>,
    /// Quantity found; none where nobody can say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Decimal>,
    /// What is missing and what is too many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variances: Vec<Variance>,
    /// For *misplaced*: where the (first) found unit belongs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub belongs_at: Option<LocationCode>,
    /// Where the (first) missing unit was found instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_at: Option<LocationCode>,
}
