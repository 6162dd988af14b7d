//! Codes on labels: decoded, and held against what is expected.
//!
//! A plain reading comes first. Where it does not bring everything that is expected, a ladder of rescues is climbed, each rung a way to
//! make the picture more readable, until everything expected is read or the time is used up.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::{Luma, Quad, Region};

mod climb;
mod look;
mod reader;
mod seen;
mod text;
mod view;

pub use climb::Climb;
pub use text::is_same;

/// How codes are read.
#[derive(Debug, Clone)]
pub struct CodeSettings {
    /// What is looked for.
    pub formats: Vec<Format>,
    /// Where labels can be; the whole picture unless given.
    pub region: Region,
    /// No rung is begun after this time.
    pub budget: Duration,
    /// What the budget is measured by: the time since some moment. Where it is computing time, the same picture gets the same time however
    /// busy the machine is.
    pub clock: fn() -> Duration,
}

/// What is expected on the labels.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// How many labels.
    pub labels: usize,
    /// Which of them a text is, from 0.
    pub find: &'a dyn Fn(&str) -> Option<usize>,
}

/// What was read of one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct CodesSeen {
    /// Every code, at its place once. Those that are [sure](Code::is_sure) come first.
    pub codes: Vec<Code>,
    /// How they stand against what is expected; none where nothing was expected.
    pub identity: Option<Identity>,
    /// The rungs that were climbed, with the time that each took.
    pub climbed: Vec<(Rung, Duration)>,
    /// The time was used up before the last rung.
    pub out_of_time: bool,
}

/// A code on a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Code {
    /// Its text, out of the encoding that the code names or its bytes suggest. GS1 codes keep their group separators (byte 29).
    pub text: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its symbology.
    pub format: Format,
    /// The rungs that read it, the first one first.
    pub rungs: Vec<Rung>,
    /// Where it is.
    pub quad: Quad,
    /// It is what was expected, or its symbology corrects errors, or two rungs agree on it and nothing else was read at its place. Others may
    /// be misread.
    pub is_sure: bool,
}

/// How the codes stand against what is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// Everything expected was read.
    Match,
    /// Part of it was read, and nothing else for sure.
    Partial,
    /// Something else was read for sure, and not everything that is expected.
    Mismatch,
    /// Nothing was read for sure.
    Unreadable,
}

/// A symbology.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// Code 128, GS1-128 included.
    Code128,
    /// Code 39.
    Code39,
    /// Code 93.
    Code93,
    /// Codabar.
    Codabar,
    /// Interleaved 2 of 5, ITF-14 included. Short and without a check: read only where a site uses it.
    Itf,
    /// EAN-8.
    Ean8,
    /// EAN-13.
    Ean13,
    /// UPC-A.
    UpcA,
    /// UPC-E.
    UpcE,
    /// GS1 DataBar, all of its kinds.
    DataBar,
    /// Data Matrix.
    DataMatrix,
    /// QR Code and Micro QR Code.
    Qr,
    /// PDF417.
    Pdf417,
    /// Aztec.
    Aztec,
    /// MaxiCode.
    MaxiCode,
}

/// One way to look at the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rung {
    /// As it is.
    Plain,
    /// With a white rim, for codes that lie at the edge.
    Padded,
    /// Twice as large, as far as the bound on pixels allows.
    Doubled,
    /// Sharpened.
    Sharpened,
    /// With its local contrast evened out.
    Evened,
    /// Every pixel the mean of those above and below it, twice as large and sharpened: upright bars in noise or blur.
    Averaged,
    /// Softened a little.
    Smoothed,
    /// Turned by so many tenths of a degree.
    Turned(i16),
}

impl Rung {
    /// All rungs, in the order in which they are climbed.
    pub const LADDER: [Self; 11] = [
        Self::Plain,
        Self::Padded,
        Self::Doubled,
        Self::Sharpened,
        Self::Evened,
        Self::Averaged,
        Self::Smoothed,
        Self::Turned(225),
        Self::Turned(-225),
        Self::Turned(450),
        Self::Turned(-450),
    ];

    /// The last of them.
    pub const LAST: Self = Self::LADDER[Self::LADDER.len() - 1];
}

impl Default for CodeSettings {
    /// Everything but ITF, anywhere on the picture, within half a second.
    fn default() -> Self {
        let formats = Format::ALL.into_iter().filter(|&format| format != Format::Itf).collect();
        Self { formats, region: Region::WHOLE, budget: Duration::from_millis(500), clock: since_first_asked }
    }
}

/// Time as everybody knows it.
fn since_first_asked() -> Duration {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}

impl Format {
    /// All symbologies.
    pub const ALL: [Self; 15] = [
        Self::Code128,
        Self::Code39,
        Self::Code93,
        Self::Codabar,
        Self::Itf,
        Self::Ean8,
        Self::Ean13,
        Self::UpcA,
        Self::UpcE,
        Self::DataBar,
        Self::DataMatrix,
        Self::Qr,
        Self::Pdf417,
        Self::Aztec,
        Self::MaxiCode,
    ];

    /// Whether a misread is noticed and mended by the symbology itself. The others have a check digit at best, and blur collides with it.
    pub fn corrects_errors(self) -> bool {
        matches!(self, Self::DataMatrix | Self::Qr | Self::Pdf417 | Self::Aztec | Self::MaxiCode)
    }

    /// Its name as programs write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Code128 => "code128",
            Self::Code39 => "code39",
            Self::Code93 => "code93",
            Self::Codabar => "codabar",
            Self::Itf => "itf",
            Self::Ean8 => "ean8",
            Self::Ean13 => "ean13",
            Self::UpcA => "upca",
            Self::UpcE => "upce",
            Self::DataBar => "databar",
            Self::DataMatrix => "data-matrix",
            Self::Qr => "qr",
            Self::Pdf417 => "pdf417",
            Self::Aztec => "aztec",
            Self::MaxiCode => "maxicode",
        }
    }

    /// The symbology of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

impl std::fmt::Display for Rung {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain => f.write_str("plain"),
            Self::Padded => f.write_str("padded"),
            Self::Doubled => f.write_str("doubled"),
            Self::Sharpened => f.write_str("sharpened"),
            Self::Evened => f.write_str("evened"),
            Self::Averaged => f.write_str("averaged"),
            Self::Smoothed => f.write_str("smoothed"),
            Self::Turned(tenths) => write!(f, "turned{:+}", f64::from(*tenths) / 10.0),
        }
    }
}

impl CodesSeen {
    /// Nothing was looked for.
    pub fn nothing() -> Self {
        Self { codes: Vec::new(), identity: None, climbed: Vec::new(), out_of_time: false }
    }
}

/// Reads the codes of a picture.
///
/// The ladder is climbed until every expected label is read; where nothing is expected, until something is read and all of it is sure.
pub fn read(picture: &Luma, settings: &CodeSettings, expected: Option<Expected<'_>>) -> CodesSeen {
    let mut climb = Climb::new(picture, settings, expected, &|_| false);
    climb.to(Rung::LAST);
    climb.finish()
}
