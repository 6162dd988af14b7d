//! The date in front of a `dsgtin+`.

use crate::error::EpcError;
use crate::scheme::Scheme;

/// What the date of a `dsgtin+` means (TDS 14.5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum DateKind {
    /// Production date, AI (11).
    Production = 0,
    /// Packaging date, AI (13).
    Packaging = 1,
    /// Best before date, AI (15).
    BestBefore = 2,
    /// Sell by date, AI (16).
    SellBy = 3,
    /// Expiration date, AI (17).
    Expiration = 4,
    /// First freeze date, AI (7006).
    FirstFreeze = 5,
    /// Harvest date, AI (7007).
    Harvest = 6,
}

impl DateKind {
    const ALL: [Self; 7] =
        [Self::Production, Self::Packaging, Self::BestBefore, Self::SellBy, Self::Expiration, Self::FirstFreeze, Self::Harvest];

    /// The GS1 application identifier, without brackets.
    pub const fn application_identifier(self) -> &'static str {
        match self {
            Self::Production => "11",
            Self::Packaging => "13",
            Self::BestBefore => "15",
            Self::SellBy => "16",
            Self::Expiration => "17",
            Self::FirstFreeze => "7006",
            Self::Harvest => "7007",
        }
    }

    pub(crate) fn from_application_identifier(ai: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.application_identifier() == ai)
    }
}

/// The date of a `dsgtin+`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Date {
    kind: DateKind,
    year: u8,
    month: u8,
    day: u8,
}

impl Date {
    /// A date, if there is such a day.
    pub(crate) fn new(scheme: Scheme, kind: DateKind, year: u64, month: u64, day: u64) -> Result<Self, EpcError> {
        let last = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if year.is_multiple_of(4) => 29,
            2 => 28,
            _ => return Err(EpcError::Date { scheme }),
        };
        if year > 99 || day > last {
            return Err(EpcError::Date { scheme });
        }
        Ok(Self { kind, year: year as u8, month: month as u8, day: day as u8 })
    }

    /// From the twenty bits of a prioritised date.
    pub(crate) fn from_bits(scheme: Scheme, bits: u64) -> Result<Self, EpcError> {
        let kind = usize::try_from(bits >> 16 & 0xF).ok().and_then(|kind| DateKind::ALL.get(kind));
        let kind = *kind.ok_or(EpcError::Date { scheme })?;
        Self::new(scheme, kind, bits >> 9 & 0x7F, bits >> 5 & 0xF, bits & 0x1F)
    }

    /// The twenty bits of a prioritised date.
    pub(crate) fn to_bits(self) -> u64 {
        (self.kind as u64) << 16 | u64::from(self.year) << 9 | u64::from(self.month) << 5 | u64::from(self.day)
    }

    /// What the date means.
    pub const fn kind(self) -> DateKind {
        self.kind
    }

    /// The last two digits of the year.
    pub const fn year(self) -> u8 {
        self.year
    }

    /// The month, 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month; 0 where only the month is meant.
    pub const fn day(self) -> u8 {
        self.day
    }
}
