//! `pandian vision codes`: the codes on pictures, one picture after the other.

use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use pandian_engine::computing_time;
use pandian_vision::codes::{self, Code, CodeSettings};
use pandian_vision::picture::{self, BadPicture};
use pandian_vision::{Luma, Quad};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::cli::VisionCodesArgs;
use crate::fault::{Exit, Fault, is_broken_pipe};
use crate::lines::Refusal;
use crate::lists::{Unreadable, read_bounded, shown};
use crate::words::{Lang, VisionWords};

/// The codes of a file, or why there are none to tell.
#[derive(Serialize)]
struct Told<'a> {
    file: &'a str,
    #[serde(flatten)]
    outcome: Outcome<'a>,
    /// All of it, in milliseconds.
    ms: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome<'a> {
    Codes(Vec<ToldCode<'a>>),
    Error(Refusal),
}

/// A code as other programs read it.
#[derive(Serialize)]
pub(super) struct ToldCode<'a> {
    text: &'a str,
    format: &'static str,
    /// The first rung that read it.
    rung: Option<String>,
    /// Its own top left, top right, bottom right and bottom left, in pixels.
    quad: [[f32; 2]; 4],
    sure: bool,
}

impl<'a> ToldCode<'a> {
    pub(super) fn new(code: &'a Code) -> Self {
        Self {
            text: &code.text,
            format: code.format.name(),
            rung: code.rungs.first().map(ToString::to_string),
            quad: corners(&code.quad),
            sure: code.is_sure,
        }
    }
}

impl std::fmt::Display for ToldCode<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mark = if self.sure { "✓" } else { "?" };
        write!(f, "{mark} {:<11}  {}  ({})", self.format, shown(self.text), self.rung.as_deref().unwrap_or_default())
    }
}

/// To a tenth of a pixel, which is as well as places are known.
pub(super) fn corners(quad: &Quad) -> [[f32; 2]; 4] {
    quad.map(|corner| [corner.x, corner.y].map(|at| (at * 10.0).round() / 10.0))
}

impl From<BadPicture> for Refusal {
    fn from(error: BadPicture) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

impl From<Unreadable> for Refusal {
    fn from(error: Unreadable) -> Self {
        Self { code: "file-unreadable", message: error.to_string() }
    }
}

/// A file's bytes, as many as a picture may have.
pub(super) fn bytes_of(path: &Path) -> Result<Vec<u8>, Refusal> {
    Ok(read_bounded(path, picture::Limits::default().bytes as u64)?)
}

/// The picture that these bytes are.
pub(super) fn decoded(bytes: &[u8]) -> Result<Luma, Refusal> {
    Ok(picture::decode(bytes, &picture::Limits::default())?)
}

/// A picture out of a file.
pub(super) fn picture_of(path: &Path) -> Result<Luma, Refusal> {
    decoded(&bytes_of(path)?)
}

/// Milliseconds, to a thousandth.
pub(super) fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// Codes found by the command line are not held to what a site uses: every symbology is looked for.
pub(super) fn codes(args: &VisionCodesArgs, lang: Lang) -> Result<Exit, Fault> {
    let settings = CodeSettings { formats: args.formats.wanted(), budget: args.budget, clock: computing_time, ..CodeSettings::default() };
    let names: Vec<String> = args.files.iter().map(|file| file.display().to_string()).collect();
    let width = names.iter().map(|name| name.width()).max().unwrap_or(0);
    let (mut out, mut exit) = (io::stdout().lock(), Exit::Done);
    for (path, name) in args.files.iter().zip(&names) {
        let begun = Instant::now();
        let read = picture_of(path).map(|picture| codes::read(&picture, &settings, None));
        let outcome = match &read {
            Ok(seen) => Outcome::Codes(seen.codes.iter().map(ToldCode::new).collect()),
            Err(refusal) => {
                exit = Exit::Usage;
                Outcome::Error(refusal.clone())
            }
        };
        let told = Told { file: name, outcome, ms: milliseconds(begun.elapsed()) };
        let written = if args.json { told.write_json(&mut out) } else { told.write(&mut out, width, &lang.words().vision) };
        match written.and_then(|()| out.flush()) {
            // Nobody reads on.
            Err(error) if is_broken_pipe(&error) => return Ok(exit),
            other => other?,
        }
    }
    Ok(exit)
}

impl Told<'_> {
    fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        writeln!(out)
    }

    fn write(&self, out: &mut dyn Write, width: usize, words: &VisionWords) -> io::Result<()> {
        let name = format!("{}{}", self.file, " ".repeat(width.saturating_sub(self.file.width())));
        match &self.outcome {
            Outcome::Error(refusal) => writeln!(out, "✗ {name}  {}: {}", refusal.code, refusal.message),
            Outcome::Codes(codes) if codes.is_empty() => writeln!(out, "– {name}  {} ({:.0} ms)", words.no_code, self.ms),
            Outcome::Codes(codes) => codes.iter().try_for_each(|code| {
                let (mark, unsure) = if code.sure { ("✓", "") } else { ("?", words.unsure) };
                let rung = code.rung.as_deref().unwrap_or_default();
                writeln!(out, "{mark} {name}  {:<11}  {}  ({rung}, {:.0} ms){unsure}", code.format, shown(code.text), self.ms)
            }),
        }
    }
}
