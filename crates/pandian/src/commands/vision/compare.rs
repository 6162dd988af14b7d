//! `pandian vision compare`: one picture, held against pictures of the empty slot and against what its labels should say.

use std::path::Path;
use std::time::Instant;

use pandian_domain::{BookLine, Code};
use pandian_engine::computing_time;
use pandian_vision::Luma;
use pandian_vision::change::Difference;
use pandian_vision::codes::{CodeSettings, Expected, Identity};
use pandian_vision::gates::{self, GateSettings};
use pandian_vision::look::{EmptySlot, Questions, Seen, look};
use pandian_vision::marker::Texts;
use pandian_vision::occupancy::{Framing, Presence, Unsure};
use rust_decimal::Decimal;
use serde::Serialize;

use super::codes::{ToldCode, milliseconds, picture_of};
use crate::cli::VisionCompareArgs;
use crate::fault::{Exit, Fault};
use crate::say;
use crate::words::{Lang, VisionWords};

/// All answers about a picture.
#[derive(Serialize)]
struct Told<'a> {
    file: String,
    occupancy: ToldOccupancy,
    identity: Option<&'static str>,
    codes: Vec<ToldCode<'a>>,
    change: Option<ToldChange>,
    gates: ToldGates,
    mask: Option<String>,
    ms: Times,
}

#[derive(Serialize)]
struct ToldOccupancy {
    verdict: &'static str,
    score: f32,
    unsure: Option<&'static str>,
    /// The reference that it is most like.
    reference: Option<String>,
    /// In pixels.
    shift: [f32; 2],
}

#[derive(Serialize)]
struct ToldChange {
    verdict: &'static str,
    share: f32,
}

#[derive(Serialize)]
struct ToldGates {
    brightness: f32,
    contrast: f32,
    sharpness: f32,
    unfit: Option<&'static str>,
}

#[derive(Serialize)]
struct Times {
    decode: f64,
    codes: f64,
    occupancy: f64,
    change: f64,
}

pub(super) fn compare(args: &VisionCompareArgs, lang: Lang) -> Result<Exit, Fault> {
    let framing = match args.opening {
        Some(opening) => Framing::drawn(opening.0, args.beam),
        None => Framing { beam: args.beam, ..Framing::default() },
    };
    let references = args.reference.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let empty = EmptySlot::of(&references, &framing, |_| None);
    let before = args.before.as_deref().map(read).transpose()?;
    let begun = Instant::now();
    let picture = read(&args.picture)?;
    let decode = begun.elapsed();
    // What labels say is compared as with the books.
    let lines: Vec<BookLine> = args.expect.iter().map(|text| labelled(text)).collect();
    let find = |text: &str| lines.iter().position(|line| line.is_named_by(text));
    let questions = Questions {
        framing: &framing,
        empty: Some(&empty),
        before: before.as_ref(),
        codes: &CodeSettings { formats: args.formats.wanted(), clock: computing_time, ..CodeSettings::default() },
        expected: (!lines.is_empty()).then_some(Expected { labels: lines.len(), find: &find }),
        markers: Texts { front: None, rear: args.rear_marker.as_deref() },
        is_marker: &|_| false,
    };
    let seen = look(&picture, &questions);
    let mask = match &args.mask {
        Some(path) => write_mask(path, seen.mask.as_deref())?.then(|| path.display().to_string()),
        None => None,
    };
    let measured = gates::measure(&picture, &GateSettings::default());
    let told = Told {
        file: args.picture.display().to_string(),
        occupancy: ToldOccupancy {
            verdict: presence(seen.occupancy.verdict),
            score: seen.occupancy.score,
            unsure: seen.occupancy.unsure.map(unsure),
            reference: seen.occupancy.reference.and_then(|index| args.reference.get(index)).map(|path| path.display().to_string()),
            shift: seen.occupancy.shift,
        },
        identity: seen.codes.identity.map(identity),
        codes: seen.codes.codes.iter().map(ToldCode::new).collect(),
        change: seen.change.map(|change| ToldChange { verdict: difference(change.verdict), share: change.share }),
        gates: ToldGates {
            brightness: measured.brightness,
            contrast: measured.contrast,
            sharpness: measured.sharpness,
            unfit: measured.unfit.map(gates::Unfit::as_str),
        },
        mask,
        ms: times(decode, &seen),
    };
    if args.json {
        say::line(serde_json::to_string(&told).map_err(|error| Fault::new(Code::Internal, error.to_string()))?)?;
    } else {
        let words = &lang.words().vision;
        say::text(told.for_people(words))?;
        if args.mask.is_some() && told.mask.is_none() {
            say::line(words.no_mask)?;
        }
    }
    Ok(Exit::Done)
}

/// Writes the difference mask. Where there is none, an earlier one is not left in its place.
fn write_mask(path: &Path, mask: Option<&[u8]>) -> Result<bool, Fault> {
    let done = match mask {
        Some(mask) => std::fs::write(path, mask),
        // What is no file, such as /dev/null, holds none.
        None if path.is_file() => std::fs::remove_file(path),
        None => Ok(()),
    };
    done.map_err(|error| Fault::new(Code::UsageInvalid, format!("cannot write {}: {error}", path.display())))?;
    Ok(mask.is_some())
}

fn times(decode: std::time::Duration, seen: &Seen) -> Times {
    Times {
        decode: milliseconds(decode),
        codes: milliseconds(seen.took.codes),
        occupancy: milliseconds(seen.took.occupancy),
        change: milliseconds(seen.took.change),
    }
}

fn read(path: &Path) -> Result<Luma, Fault> {
    picture_of(path).map_err(|refusal| Fault::new(Code::UsageInvalid, format!("{}: {}", path.display(), refusal.message)))
}

fn labelled(text: &str) -> BookLine {
    BookLine { item: "".into(), handling_unit: Some(text.into()), epc: None, quantity: Decimal::ONE, unit: None, price: None }
}

impl Told<'_> {
    fn for_people(&self, words: &VisionWords) -> String {
        let mut lines = Vec::new();
        let unsure = self.occupancy.unsure.map_or_else(String::new, |why| format!(" ({why})"));
        lines.push(format!("{}  {}{unsure}  {:.3}", words.occupancy, self.occupancy.verdict, self.occupancy.score));
        if let Some(identity) = self.identity {
            lines.push(format!("{}  {identity}", words.labels));
        }
        for code in &self.codes {
            lines.push(format!("  {code}"));
        }
        if let Some(change) = &self.change {
            lines.push(format!("{}  {}  {:.0} %", words.change, change.verdict, change.share * 100.0));
        }
        let ToldGates { brightness, contrast, sharpness, unfit } = &self.gates;
        let unfit = unfit.map_or_else(String::new, |why| format!("  {why}"));
        lines.push(format!("{}  {brightness:.0} / {contrast:.0} / {sharpness:.2}{unfit}", words.fitness));
        lines.push(format!("{:.1} + {:.1} + {:.1} + {:.1} ms\n", self.ms.decode, self.ms.codes, self.ms.occupancy, self.ms.change));
        lines.join("\n")
    }
}

fn presence(presence: Presence) -> &'static str {
    match presence {
        Presence::Empty => "empty",
        Presence::Occupied => "occupied",
        Presence::Unsure => "unsure",
    }
}

fn unsure(why: Unsure) -> &'static str {
    match why {
        Unsure::Between => "between",
        Unsure::NoReference => "no_reference",
        Unsure::CameraMoved => "camera_moved",
        Unsure::ViewBlocked => "view_blocked",
        Unsure::NotFit => "not_fit",
        Unsure::OtherLocation => "other_location",
        Unsure::NothingBehind => "nothing_behind",
    }
}

fn identity(identity: Identity) -> &'static str {
    match identity {
        Identity::Match => "match",
        Identity::Partial => "partial",
        Identity::Mismatch => "mismatch",
        Identity::Unreadable => "unreadable",
    }
}

fn difference(difference: Difference) -> &'static str {
    match difference {
        Difference::Same => "same",
        Difference::Changed => "changed",
        Difference::Unsure => "unsure",
    }
}
