//! What pandian's own comparison saw on a picture, in full: the evidence behind its findings.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::Digest;

/// A picture, held against what is expected and against pictures of the empty slot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sight {
    /// How its codes stand against the labels that the books expect; none where they expect none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// Every code that was read, labels and markers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<CodeRead>,
    /// Empty or occupied.
    pub occupancy: Occupancy,
    /// Whether it differs from the last picture that was accepted; advice, no verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// The pictures of the empty slot that it was held against.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Digest>,
    /// Address of the difference mask in the evidence store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<Digest>,
    /// How fit the picture is.
    pub fitness: Fitness,
    /// What each part took.
    pub times: SightTimes,
}

/// How the codes on a picture stand against the expected ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// A code on a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CodeRead {
    /// Its text.
    pub text: Arc<str>,
    /// Its symbology.
    pub format: Arc<str>,
    /// What had to be done to the picture to read it first.
    pub rung: Arc<str>,
    /// In how many ways it was read.
    pub rungs: u8,
    /// Its four corners in pixels, from its own top left on, clockwise.
    pub quad: [[f32; 2]; 4],
    /// Whether it counts: others may be misread.
    pub sure: bool,
}

/// Whether a picture shows something in the slot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Occupancy {
    /// Empty, occupied or unsure.
    pub verdict: Presence,
    /// How much speaks for something being there, 0 to 1.
    pub score: f32,
    /// Why it is unsure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsure: Option<Unsure>,
    /// The reference that the picture is most like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Digest>,
    /// How far the picture has to be moved to lie on it, in pixels.
    #[serde(default)]
    pub shift: [f32; 2],
    /// Markers on the beams that were seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub markers: Vec<Marker>,
}

/// Whether something stands in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Nothing.
    Empty,
    /// Something.
    Occupied,
    /// The picture does not tell.
    Unsure,
}

/// Why a picture does not tell whether a slot is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unsure {
    /// It lies between the two.
    Between,
    /// There is no accepted reference.
    NoReference,
    /// The camera does not look where it looked for the reference.
    CameraMoved,
    /// Something stands before the camera.
    ViewBlocked,
    /// It is not fit to be looked at.
    NotFit,
    /// A marker shows another location.
    OtherLocation,
    /// Nothing of the rack is to be seen behind the beam that a load could hide.
    NothingBehind,
    /// A label that is expected was read on a picture that shows an empty slot.
    LabelContradicts,
}

/// A code on a beam.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Marker {
    /// On the front beam: the picture shows this location.
    Front,
    /// At the rear, hidden by any load: the slot is empty.
    Rear,
}

/// What differs from the last accepted picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Changed, the same or unsure.
    pub verdict: Difference,
    /// The share of the slot that differs, 0 to 1.
    pub share: f32,
    /// The picture it was held against.
    pub before: Digest,
}

/// Whether two pictures differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// They show the same.
    Same,
    /// They do not.
    Changed,
    /// They cannot be compared.
    Unsure,
}

/// How fit a picture is to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fitness {
    /// Mean brightness, 0 to 255.
    pub brightness: f32,
    /// From dark to bright parts, 0 to 255.
    pub contrast: f32,
    /// Sharpness of the sharpest parts, 0 to 1.
    pub sharpness: f32,
}

/// What the parts of a comparison took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SightTimes {
    /// Decoding the picture.
    pub decode_ms: f32,
    /// Reading the codes.
    pub codes_ms: f32,
    /// Judging empty or occupied.
    pub occupancy_ms: f32,
    /// Comparing with the last accepted picture, and drawing the mask.
    pub change_ms: f32,
}
