//! Markers on the beams: codes that name the location. One on the front beam proves which location a picture shows and where on it the rack
//! lies; one at the rear, hidden by any load, proves that the slot is empty.

use crate::Quad;
use crate::codes::Code;

/// What the markers of a location say.
#[derive(Debug, Clone, Copy)]
pub struct Texts<'a> {
    /// The text of the marker on the front beam, where there is one.
    pub front: Option<&'a str>,
    /// The text of the marker at the rear, where there is one.
    pub rear: Option<&'a str>,
}

/// The markers that were seen.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Markers {
    /// Where the front marker is.
    pub front: Option<Quad>,
    /// Where the rear marker is.
    pub rear: Option<Quad>,
    /// A front marker of another location was seen, and not this one's.
    pub is_elsewhere: bool,
}

/// Finds markers among the codes of a picture. `is_marker` tells whether a text is the front marker of any location.
pub fn find(codes: &[Code], texts: Texts<'_>, is_marker: &dyn Fn(&str) -> bool) -> Markers {
    let place = |wanted: Option<&str>| codes.iter().find(|code| code.is_sure && Some(code.text.as_str()) == wanted).map(|code| code.quad);
    let front = place(texts.front);
    let other = |code: &Code| code.is_sure && Some(code.text.as_str()) != texts.front && is_marker(&code.text);
    Markers { front, rear: place(texts.rear), is_elsewhere: front.is_none() && codes.iter().any(other) }
}
