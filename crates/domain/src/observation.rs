//! What the devices saw at a stop.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::code::Failure;
use crate::ids::Digest;

/// A tag's EPC as upper-case hex digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Epc(Arc<str>);

/// A text that is no EPC.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an EPC: hex digits in whole bytes, at most 124, are wanted")]
pub struct NotAnEpc(String);

impl Epc {
    /// Takes hex digits of either case, a whole number of bytes.
    pub fn from_hex(text: &str) -> Result<Self, NotAnEpc> {
        let digits = text.as_bytes();
        if digits.is_empty() || digits.len() > 124 || !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(NotAnEpc(text.chars().take(140).collect()));
        }
        if digits.iter().any(u8::is_ascii_lowercase) { Ok(Self(text.to_ascii_uppercase().into())) } else { Ok(Self(text.into())) }
    }

    /// The hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The serial shipping container code that it bears, 18 digits: what the label of the same unit says. None of any other EPC.
    pub fn sscc(&self) -> Option<Arc<str>> {
        let epc = pandian_epc::Epc::from_hex(&self.0).ok()?;
        let number = epc.gs1_number().filter(|_| epc.key().family() == pandian_epc::Family::Sscc)?;
        Some(format!("{number:018}").into())
    }

    /// Looks the tag up by its EPC and, where that is not known, by the container number that it bears.
    pub fn look_up<T>(&self, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        find(self.as_str()).or_else(|| find(&self.sscc()?))
    }
}

/// The unit that a label names: of a serial shipping container code (GS1 application identifier 00) its 18 digits, else the text itself.
pub fn unit_named(label: &str) -> &str {
    let number = label.strip_prefix("(00)").or_else(|| label.strip_prefix("00").filter(|rest| rest.len() == 18));
    number.filter(|number| number.len() == 18 && number.bytes().all(|digit| digit.is_ascii_digit())).unwrap_or(label)
}

impl fmt::Display for Epc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Epc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Epc({})", self.0)
    }
}

impl<'de> Deserialize<'de> for Epc {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).map_err(serde::de::Error::custom)
    }
}

/// One tag as a reader reported it during one inventory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TagRead {
    /// The tag.
    pub epc: Epc,
    /// Which antenna heard it, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub antenna: Option<u16>,
    /// Strongest signal in dBm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rssi_dbm: Option<f64>,
    /// How often it was read.
    #[serde(default = "once")]
    pub count: u32,
    /// The strongest signals of single reads in dBm, at most [`TagRead::STRONGEST`], strongest first; empty where the reader tells only
    /// one for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strongest_dbm: Vec<f64>,
    /// The channel of the strongest read: its place in the reader's table of frequencies, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u16>,
    /// First heard, by the reader's clock: microseconds since 1970-01-01T00:00:00Z, or since the reader's start where it has no clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seen_us: Option<u64>,
    /// Last heard, by the same clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_us: Option<u64>,
}

impl TagRead {
    /// How many signals of single reads are kept.
    pub const STRONGEST: usize = 3;

    /// A tag that was read once, of which nothing else is known.
    pub fn of(epc: Epc) -> Self {
        Self {
            epc,
            antenna: None,
            rssi_dbm: None,
            count: 1,
            strongest_dbm: Vec::new(),
            channel: None,
            first_seen_us: None,
            last_seen_us: None,
        }
    }

    /// How loud the tag is, in dBm: the mean of the strongest reads, or what the reader told for all.
    pub fn level_dbm(&self) -> Option<f64> {
        let mean = self.strongest_dbm.iter().sum::<f64>() / self.strongest_dbm.len() as f64;
        if self.strongest_dbm.is_empty() { self.rssi_dbm } else { Some(mean) }
    }
}

fn once() -> u32 {
    1
}

/// The result of one RFID inventory.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Inventory {
    /// The tags heard; none is a result too. `None`: the device gave no list of tags, only a note.
    pub tags: Option<Vec<TagRead>>,
    /// Free text from the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
}

/// What the comparison of a picture found. Each part may be missing: a device that cannot tell does not guess.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Findings {
    /// Whether something stands in the slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occupied: Option<bool>,
    /// Codes read from labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
    /// Codes read from labels that may be those of something behind the slot: nobody could tell whether anything stands in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubtful_codes: Vec<String>,
    /// The picture shows another location: the crane does not stand where it should.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_elsewhere: bool,
    /// How sure the device is, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// Free text from the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
}

/// A picture kept as evidence, by the digest of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// SHA-256 of the bytes, their address in the evidence store.
    pub sha256: Digest,
    /// Number of bytes.
    pub bytes: u64,
    /// What kind of picture the bytes are (`image/jpeg`, `image/png`, …), by their first bytes.
    pub media_type: Arc<str>,
}

/// What became of one of the two checks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Witness<T> {
    /// It saw this.
    Saw(T),
    /// It was not asked: the crane has no such device, or nothing compares the picture yet.
    NotAsked,
    /// It failed for good.
    Failed(Failure),
}

impl<T> Witness<T> {
    /// What was seen, if anything.
    pub fn saw(&self) -> Option<&T> {
        match self {
            Self::Saw(seen) => Some(seen),
            Self::NotAsked | Self::Failed(_) => None,
        }
    }
}
