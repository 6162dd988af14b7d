//! The `[vision]` table: how pictures are looked at that no device compares.

use std::sync::Arc;
use std::time::Duration;

use pandian_devices::settings::Period;
use pandian_domain::{Layout, Place};
use pandian_engine::{MarkerText, SightRules, SlotKind};
use pandian_vision::Region;
use pandian_vision::codes::Format;
use pandian_vision::gates::GateSettings;
use pandian_vision::occupancy::Framing;
use schemars::JsonSchema;
use serde::Deserialize;

use super::attribution::Apply;
use super::document::{Document, Path};
use crate::lists::most_similar;

/// How pictures are looked at that no device compares: codes on labels, empty or occupied, changed or not.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VisionTable {
    /// Whose pictures are looked at: `auto` those of cameras that bring nothing else, `always` those of every camera that does not compare
    /// them itself, `never` none.
    apply: Option<Apply>,
    /// The codes that labels bear: code128, code39, code93, codabar, itf, ean8, ean13, upca, upce, databar, data-matrix, qr, pdf417,
    /// aztec, maxicode. Unless given: code128, code39, ean13, data-matrix and qr. Where there are markers, data-matrix or qr is among them.
    formats: Option<Vec<String>>,
    /// Computing time for the codes of one picture, up to 10s; 250ms unless given.
    budget: Option<Period>,
    /// The text of the marker on the front beam of a slot, a Data Matrix or QR code, with {location} in it. It proves which location a
    /// picture shows.
    front_marker: Option<String>,
    /// The text of the marker at the rear of a slot, a Data Matrix or QR code, with {location} in it. Seen, it proves that the slot is
    /// empty.
    rear_marker: Option<String>,
    /// A picture is too dark below this mean brightness, 0 to 255.
    darkest: Option<f32>,
    /// A picture is overexposed above this mean brightness, 0 to 255.
    brightest: Option<f32>,
    /// A picture is blank below this contrast, 0 to 255.
    contrast: Option<f32>,
    /// A picture is blurred below this sharpness, 0 to 1.
    sharpness: Option<f32>,
    /// Kinds of slots; the first that fits a location is its own.
    #[serde(default)]
    slot: Vec<SlotTable>,
}

/// A kind of slot: which locations are of it, and where things are on its pictures, as shares of their width and height from the top left.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SlotTable {
    /// Its name; references are taken for it.
    kind: String,
    /// In these aisles; unless given, in all.
    aisles: Option<Vec<String>>,
    /// On these levels, from 1; unless given, on all.
    levels: Option<Vec<u32>>,
    /// Left, upper, right and lower edge of the opening: between the uprights, from the beam above to the beam that carries the load.
    /// Unless given, it is found on the references.
    opening: Option<[f32; 4]>,
    /// The upper edge of the carrying beam; unless given, it is found on the references.
    beam: Option<f32>,
    /// Left, upper, right and lower edge of where labels can be; the whole picture unless given.
    labels: Option<[f32; 4]>,
}

/// How pictures are looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Vision {
    /// Whose.
    pub apply: Apply,
    /// How.
    pub rules: SightRules,
}

impl Vision {
    /// The kind of the slot that lies there.
    pub fn kind_of(&self, place: Option<Place>) -> &str {
        self.rules.kinds.iter().find(|kind| kind.fits(place)).map_or(SlotKind::USUAL, |kind| &kind.name)
    }
}

/// The codes that markers can be: they correct errors, so one look at them is enough.
const OF_MARKERS: [Format; 2] = [Format::DataMatrix, Format::Qr];

const LONGEST_BUDGET: Duration = Duration::from_secs(10);

const NONE_OF_ITS_KIND: &str = "no slot would be of this kind: at least one is wanted, or leave the line out for all";

pub(super) fn read(document: &mut Document<'_>, table: VisionTable, layout: &Layout) -> Vision {
    let at = || Path::of("vision");
    let usual = SightRules::default();
    let formats = table.formats.map_or(usual.formats, |names| formats(document, &names));
    let budget = table.budget.map_or(usual.budget, |budget| budget.0);
    if budget > LONGEST_BUDGET {
        document.problem(&at().key("budget"), "10s at most");
    }
    let mut marker = |key: &str, template: Option<String>| {
        let template = template?;
        let marker = MarkerText::parse(&template);
        if marker.is_none() {
            let message = format!("\"{}\" is no marker's text: {{location}} must stand in it once", crate::lists::shown(&template));
            document.problem(&at().key(key), message);
        }
        marker
    };
    let (front_marker, rear_marker) = (marker("front_marker", table.front_marker), marker("rear_marker", table.rear_marker));
    if front_marker.is_some() && front_marker == rear_marker {
        document.problem(&at().key("rear_marker"), "the marker on the front beam has the same text: nobody could tell them apart");
    }
    // What is misspelt is not missing.
    if document.report.is_empty() && !OF_MARKERS.iter().any(|format| formats.contains(format)) {
        let marker = front_marker.as_ref().map(|_| "front_marker").or(rear_marker.as_ref().map(|_| "rear_marker"));
        if let Some(marker) = marker {
            // Both are not simply read as well: codes of the other kind on goods would count for what was found.
            let message = format!("the code of `{marker}` is not among them: add \"data-matrix\" or \"qr\", whichever it is drawn in");
            document.problem(&at().key("formats"), message);
        }
    }
    let usual = usual.gates;
    let mut limit = |key: &str, value: Option<f32>, usual: f32, most: f32| {
        let value = value.unwrap_or(usual);
        if !(0.0..=most).contains(&value) {
            document.problem(&at().key(key), format!("{value} is not a number from 0 to {most}"));
        }
        value
    };
    let gates = GateSettings {
        darkest: limit("darkest", table.darkest, usual.darkest, 255.0),
        brightest: limit("brightest", table.brightest, usual.brightest, 255.0),
        contrast: limit("contrast", table.contrast, usual.contrast, 255.0),
        sharpness: limit("sharpness", table.sharpness, usual.sharpness, 1.0),
    };
    if gates.darkest >= gates.brightest {
        document.problem(&at().key("darkest"), format!("no picture lies between {} and {}", gates.darkest, gates.brightest));
    }
    let kinds = table.slot.into_iter().enumerate();
    let kinds = kinds.map(|(index, slot)| slot_kind(document, &at().key("slot").index(index), slot, layout)).collect();
    let every_camera = table.apply == Some(Apply::Always);
    let rules = SightRules { every_camera, kinds, formats, budget, front_marker, rear_marker, gates };
    Vision { apply: table.apply.unwrap_or_default(), rules }
}

fn formats(document: &mut Document<'_>, names: &[String]) -> Vec<Format> {
    let path = Path::of("vision").key("formats");
    if names.is_empty() {
        document.problem(&path, "at least one is wanted");
    }
    let mut formats = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        match Format::of_name(name) {
            Some(format) => formats.push(format),
            None => {
                let known = Format::ALL.into_iter().map(Format::name);
                let meant = most_similar(name, known.clone()).map_or_else(String::new, |name| format!("; did you mean \"{name}\"?"));
                let known = known.collect::<Vec<_>>().join(", ");
                let message = format!("\"{}\" is no code that is read{meant} (they are: {known})", crate::lists::shown(name));
                document.problem(&path.clone().index(index), message);
            }
        }
    }
    formats
}

fn slot_kind(document: &mut Document<'_>, path: &Path, table: SlotTable, layout: &Layout) -> SlotKind {
    if table.kind.is_empty() || table.kind.contains('/') || table.kind.chars().any(char::is_control) {
        let message = format!("\"{}\" is no name: at least one character, and no /", crate::lists::shown(&table.kind));
        document.problem(&path.clone().key("kind"), message);
    }
    let mut region = |key: &str, edges: Option<[f32; 4]>| {
        let [left, top, right, bottom] = edges?;
        let region = Region { left, top, right, bottom };
        if !region.is_sound() {
            let message = "left, upper, right and lower edge are wanted, each from 0 to 1, left before right and upper before lower";
            document.problem(&path.clone().key(key), message);
        }
        Some(region)
    };
    let (opening, labels) = (region("opening", table.opening), region("labels", table.labels));
    let around = opening.unwrap_or(Region::WHOLE);
    if let Some(beam) = table.beam.filter(|beam| !(*beam > around.top && *beam <= around.bottom)) {
        let message = match opening {
            Some(_) => format!("{beam} does not lie in the opening, from {} to {}", around.top, around.bottom),
            None => format!("{beam} is no share of the picture's height: more than 0, 1 at most"),
        };
        document.problem(&path.clone().key("beam"), message);
    }
    let framing = match opening {
        Some(opening) => Framing::drawn(opening, table.beam),
        None => Framing { beam: table.beam, ..Framing::default() },
    };
    let aisles = table.aisles.map(|names| aisles(document, &path.clone().key("aisles"), &names, layout));
    if let Some(levels) = &table.levels {
        // What is misspelt is not missing.
        let known = aisles.as_deref().filter(|aisles| !aisles.is_empty());
        check_levels(document, &path.clone().key("levels"), levels, known, layout);
    }
    let labels = labels.unwrap_or(Region::WHOLE);
    SlotKind { name: Arc::from(table.kind), aisles, levels: table.levels, framing, labels }
}

/// The indices of these aisles.
fn aisles(document: &mut Document<'_>, path: &Path, names: &[String], layout: &Layout) -> Vec<u16> {
    if names.is_empty() {
        document.problem(path, NONE_OF_ITS_KIND);
    }
    let mut aisles = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        match layout.aisles().iter().position(|aisle| *aisle.id == **name).and_then(|aisle| u16::try_from(aisle).ok()) {
            Some(aisle) => aisles.push(aisle),
            None => {
                let message = format!("there is no aisle \"{}\"", crate::lists::shown(name));
                document.problem(&path.clone().index(index), message);
            }
        }
    }
    aisles
}

/// Each of these levels is one of at least one of the aisles; of any where none are named.
fn check_levels(document: &mut Document<'_>, path: &Path, levels: &[u32], aisles: Option<&[u16]>, layout: &Layout) {
    if levels.is_empty() {
        document.problem(path, NONE_OF_ITS_KIND);
    }
    let all = layout.aisles().iter().zip(0u16..);
    let wanted = all.filter(|(_, index)| aisles.is_none_or(|aisles| aisles.contains(index)));
    let highest = wanted.map(|(aisle, _)| aisle.levels).max().unwrap_or(0);
    for (index, level) in levels.iter().enumerate().filter(|(_, level)| !(1..=highest).contains(*level)) {
        let there_are = if highest == 0 { "there are none".to_owned() } else { format!("there are 1 to {highest}") };
        document.problem(&path.clone().index(index), format!("there is no level {level}; {there_are}"));
    }
}
