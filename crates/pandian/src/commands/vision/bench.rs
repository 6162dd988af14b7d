//! `pandian vision bench`: photos with what is known of them, and how much of that is read.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Instant;

use pandian_engine::computing_time;
use pandian_vision::codes::{self, CodeSettings, CodesSeen, Expected, Format, Rung};
use serde::Serialize;

use super::codes::{ToldCode, bytes_of, decoded, milliseconds};
use crate::cli::VisionBenchArgs;
use crate::fault::{Exit, Fault, is_broken_pipe};
use crate::lines::Refusal;
use crate::lists::{Photo, Truth, read_photos};
use crate::words::{Lang, VisionWords};

/// How a photo was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// What is on it.
    Right,
    /// Something else, and not what is on it.
    Otherwise,
    /// Nothing, though there is a code.
    NotRead,
    /// Something, though there is no code.
    FalseRead,
    /// Nothing, and there is none.
    Nothing,
    /// Nobody knows what is on it.
    Unscored,
}

impl Outcome {
    fn of(truth: &Truth, texts: &[&str]) -> Self {
        match truth {
            Truth::Text(wanted) if texts.iter().any(|text| codes::is_same(text, wanted)) => Self::Right,
            Truth::Text(_) if texts.is_empty() => Self::NotRead,
            Truth::Text(_) => Self::Otherwise,
            Truth::NoCode if texts.is_empty() => Self::Nothing,
            Truth::NoCode => Self::FalseRead,
            Truth::Unknown => Self::Unscored,
        }
    }
}

/// A photo, read.
#[derive(Serialize)]
struct Told<'a> {
    file: &'a str,
    set: &'a str,
    /// Null where it is not known.
    text: Option<&'a str>,
    #[serde(flatten)]
    reading: Reading<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Reading<'a> {
    Read { plain: Outcome, outcome: Outcome, codes: Vec<ToldCode<'a>>, decode_ms: f64, plain_ms: f64, ladder_ms: f64 },
    Failed { error: Refusal },
}

/// What came of a set.
#[derive(Default, Serialize)]
struct Tally {
    photos: u64,
    right: u64,
    right_plain: u64,
    otherwise: u64,
    not_read: u64,
    false_reads: u64,
    undecoded: u64,
    decode_ms: f64,
    plain_ms: f64,
    ladder_ms: f64,
}

pub(super) fn bench(args: &VisionBenchArgs, lang: Lang) -> Result<Exit, Fault> {
    let photos = read_photos(&args.folder).map_err(|error| Fault::new(error.code(), error.to_string()))?;
    let settings = CodeSettings { formats: Format::ALL.to_vec(), budget: args.budget, clock: computing_time, ..CodeSettings::default() };
    let (mut out, mut sets) = (io::stdout().lock(), BTreeMap::<&str, Tally>::new());
    for photo in &photos {
        let tally = sets.entry(&photo.set).or_default();
        let written = read(photo, &settings, |told| {
            tally.add(&told.reading);
            if args.json { write_json(&mut out, told) } else { Ok(()) }
        });
        match written {
            Err(error) if is_broken_pipe(&error) => return Ok(Exit::Done),
            other => other?,
        }
    }
    let means = sets.into_iter().map(|(set, tally)| (set, tally.mean()));
    let written = if args.json { write_sets(&mut out, means) } else { write_table(&mut out, means, &lang.words().vision) };
    match written {
        Err(error) if !is_broken_pipe(&error) => Err(error.into()),
        _ => Ok(Exit::Done),
    }
}

/// Reads a photo and tells what came of it.
fn read(photo: &Photo, settings: &CodeSettings, tell: impl FnOnce(&Told<'_>) -> io::Result<()>) -> io::Result<()> {
    let wanted = if let Truth::Text(text) = &photo.truth { Some(text.as_str()) } else { None };
    let text = if photo.truth == Truth::NoCode { Some("") } else { wanted };
    let bytes = bytes_of(&photo.path);
    let begun = Instant::now();
    let picture = bytes.and_then(|bytes| decoded(&bytes));
    let decode_ms = milliseconds(begun.elapsed());
    let find = |text: &str| wanted.filter(|wanted| codes::is_same(text, wanted)).map(|_| 0);
    let expected = wanted.map(|_| Expected { labels: 1, find: &find });
    let read = picture.map(|picture| codes::read(&picture, settings, expected));
    let reading = match &read {
        Ok(seen) => Reading::of(&photo.truth, seen, decode_ms),
        Err(error) => Reading::Failed { error: error.clone() },
    };
    tell(&Told { file: &photo.name, set: &photo.set, text, reading })
}

impl<'a> Reading<'a> {
    fn of(truth: &Truth, seen: &'a CodesSeen, decode_ms: f64) -> Self {
        let texts: Vec<&str> = seen.codes.iter().map(|code| code.text.as_str()).collect();
        let at_once: Vec<&str> =
            seen.codes.iter().filter(|code| code.rungs.contains(&Rung::Plain)).map(|code| code.text.as_str()).collect();
        Self::Read {
            plain: Outcome::of(truth, &at_once),
            outcome: Outcome::of(truth, &texts),
            codes: seen.codes.iter().map(ToldCode::new).collect(),
            decode_ms,
            plain_ms: seen.climbed.first().map_or(0.0, |(_, time)| milliseconds(*time)),
            ladder_ms: milliseconds(seen.climbed.iter().map(|(_, time)| *time).sum()),
        }
    }
}

impl Tally {
    fn add(&mut self, reading: &Reading<'_>) {
        self.photos += 1;
        let Reading::Read { plain, outcome, decode_ms, plain_ms, ladder_ms, .. } = reading else {
            self.undecoded += 1;
            return;
        };
        self.right_plain += u64::from(*plain == Outcome::Right);
        match outcome {
            Outcome::Right => self.right += 1,
            Outcome::Otherwise => self.otherwise += 1,
            Outcome::NotRead => self.not_read += 1,
            Outcome::FalseRead => self.false_reads += 1,
            Outcome::Nothing | Outcome::Unscored => {}
        }
        self.decode_ms += decode_ms;
        self.plain_ms += plain_ms;
        self.ladder_ms += ladder_ms;
    }

    /// With means instead of sums.
    fn mean(mut self) -> Self {
        let decoded = (self.photos - self.undecoded).max(1) as f64;
        for time in [&mut self.decode_ms, &mut self.plain_ms, &mut self.ladder_ms] {
            *time = (*time / decoded * 1e3).round() / 1e3;
        }
        self
    }
}

fn write_json(out: &mut dyn Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    writeln!(out)
}

/// The last line: every set under its name.
fn write_sets<'a>(out: &mut dyn Write, sets: impl Iterator<Item = (&'a str, Tally)>) -> io::Result<()> {
    #[derive(Serialize)]
    struct Sets<'a> {
        sets: BTreeMap<&'a str, Tally>,
    }
    write_json(out, &Sets { sets: sets.collect() })?;
    out.flush()
}

fn write_table<'a>(out: &mut dyn Write, sets: impl Iterator<Item = (&'a str, Tally)>, words: &VisionWords) -> io::Result<()> {
    writeln!(out, "| {} |\n|{}", words.bench_columns.join(" | "), "---|".repeat(words.bench_columns.len()))?;
    for (set, tally) in sets {
        let Tally { photos, right_plain, right, otherwise, not_read, false_reads, undecoded, decode_ms, plain_ms, ladder_ms } = tally;
        let counts = format!("{photos} | {right_plain} | {right} | {otherwise} | {not_read} | {false_reads} | {undecoded}");
        writeln!(out, "| {set} | {counts} | {decode_ms:.1} | {plain_ms:.1} | {ladder_ms:.1} |")?;
    }
    out.flush()
}
