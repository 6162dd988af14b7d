//! `pandian vision ocr`: what is printed on labels, read with PP-OCR models out of a folder.

use std::path::{Path, PathBuf};
use std::time::Instant;

use pandian_domain::Code;
use pandian_vision::Region;
use pandian_vision::ocr::{Detector, LabelReader, Line, OcrSettings, Recogniser};
use serde::Serialize;

use super::codes::{corners, milliseconds, picture_of};
use super::model;
use crate::cli::VisionOcrArgs;
use crate::fault::{Exit, Fault};
use crate::lists::{read_bounded, shown};
use crate::say;
use crate::words::{Lang, VisionWords};

/// The most bytes of a list of characters.
const LIST_BYTES: u64 = 1 << 20;

/// What was read on a picture.
#[derive(Serialize)]
struct Told<'a> {
    file: String,
    lines: Vec<ToldLine<'a>>,
    /// Lines that were found and not read, for want of time.
    unread: usize,
    ms: Times,
}

#[derive(Serialize)]
struct ToldLine<'a> {
    text: &'a str,
    confidence: f32,
    /// Its own top left, top right, bottom right and bottom left, in pixels.
    quad: [[f32; 2]; 4],
}

#[derive(Serialize)]
struct Times {
    load: f64,
    decode: f64,
    read: f64,
}

pub(super) fn ocr(args: &VisionOcrArgs, lang: Lang) -> Result<Exit, Fault> {
    let begun = Instant::now();
    let picture = picture_of(&args.picture).map_err(|refusal| model::unusable(&args.picture, refusal.message))?;
    let decode = begun.elapsed();
    let begun = Instant::now();
    let settings = OcrSettings {
        region: args.region.map_or(Region::WHOLE, |region| region.0),
        confidence: args.confidence,
        budget: args.budget,
        ..OcrSettings::default()
    };
    let reader = load(&args.models, settings)?;
    let load = begun.elapsed();
    let read = reader.read(&picture).map_err(model::bad(&args.models))?;
    let told = Told {
        file: args.picture.display().to_string(),
        lines: read.lines.iter().map(ToldLine::new).collect(),
        unread: read.unread,
        ms: Times { load: milliseconds(load), decode: milliseconds(decode), read: milliseconds(read.took) },
    };
    if args.json {
        say::line(serde_json::to_string(&told).map_err(|error| Fault::new(Code::Internal, error.to_string()))?)?;
    } else {
        say::text(told.for_people(&lang.words().vision))?;
    }
    Ok(Exit::Done)
}

fn load(folder: &Path, settings: OcrSettings) -> Result<LabelReader, Fault> {
    let files = Files::of(folder)?;
    let detector = Detector::load(model::read(&files.detection)?).map_err(model::bad(&files.detection))?;
    let list = files.characters.as_deref().map(read_list).transpose()?;
    let recogniser = Recogniser::load(model::read(&files.recognition)?, list.as_deref()).map_err(model::bad(&files.recognition))?;
    Ok(LabelReader::new(detector, recogniser, settings))
}

fn read_list(path: &Path) -> Result<String, Fault> {
    let bytes = read_bounded(path, LIST_BYTES).map_err(|error| model::unusable(path, error))?;
    String::from_utf8(bytes).map_err(|error| model::unusable(path, error))
}

/// The files of a folder of models.
struct Files {
    detection: PathBuf,
    recognition: PathBuf,
    characters: Option<PathBuf>,
}

impl Files {
    /// Finds them by their names: `det.onnx`, `rec.onnx`, `keys.txt`, or else the only ones with such a word in their names, as in
    /// `PP-OCRv6_det_small.onnx` and `ppocr_keys_v1.txt`.
    fn of(folder: &Path) -> Result<Self, Fault> {
        let entries =
            std::fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect::<Result<Vec<_>, _>>());
        let mut names: Vec<String> =
            entries.map_err(|error| model::unusable(folder, error))?.into_iter().filter_map(|name| name.into_string().ok()).collect();
        names.sort();
        let one = |word: &str, end: &str| {
            let exact = format!("{word}.{end}");
            let has_word = |name: &&String| {
                let stem = name.strip_suffix(end).and_then(|stem| stem.strip_suffix('.'));
                stem.is_some_and(|stem| stem.split(['_', '-', '.']).any(|part| part == word))
            };
            let found: Vec<&String> = if names.contains(&exact) { vec![&exact] } else { names.iter().filter(has_word).collect() };
            match found[..] {
                [name] => Ok(Some(folder.join(name))),
                [] => Ok(None),
                _ => Err(model::unusable(folder, format_args!("{found:?} could all be {exact}: leave one, or name it so"))),
            }
        };
        let needed = |word: &str| {
            one(word, "onnx")?.ok_or_else(|| {
                model::unusable(folder, format_args!("there is no {word}.onnx, nor another model with `{word}` in its name"))
            })
        };
        Ok(Self { detection: needed("det")?, recognition: needed("rec")?, characters: one("keys", "txt")? })
    }
}

impl<'a> ToldLine<'a> {
    fn new(line: &'a Line) -> Self {
        Self { text: &line.text, confidence: line.confidence, quad: corners(&line.quad) }
    }
}

impl Told<'_> {
    fn for_people(&self, words: &VisionWords) -> String {
        let line = |line: &ToldLine<'_>| format!("{:.2}  {}", line.confidence, shown(line.text));
        let mut lines: Vec<String> = self.lines.iter().map(line).collect();
        if lines.is_empty() {
            lines.push(words.no_text.to_owned());
        }
        if self.unread > 0 {
            lines.push((words.lines_left)(self.unread));
        }
        lines.push(format!("{:.0} + {:.0} + {:.0} ms\n", self.ms.load, self.ms.decode, self.ms.read));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str]) -> Result<[String; 3], String> {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let files = Files::of(folder.path()).map_err(|fault| fault.message.replace(folder.path().to_str().unwrap(), "models"))?;
        Ok([name(&files.detection), name(&files.recognition), files.characters.as_deref().map(name).unwrap_or_default()])
    }

    #[test]
    fn models_are_found_by_their_plain_names_and_by_those_that_they_come_with() {
        assert_eq!(found(&["det.onnx", "rec.onnx", "keys.txt", "old_det.onnx"]).unwrap(), ["det.onnx", "rec.onnx", "keys.txt"]);
        let shipped = ["PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx", "ch_ppocr_mobile_v2.0_cls_mobile.onnx", "detector.txt"];
        assert_eq!(found(&shipped).unwrap(), [shipped[0], shipped[1], ""]);
        assert_eq!(found(&["a_det.onnx", "a_rec.onnx", "ppocr_keys_v1.txt"]).unwrap()[2], "ppocr_keys_v1.txt");
    }

    #[test]
    fn a_folder_that_lacks_a_model_or_has_two_of_a_kind_is_refused() {
        assert_eq!(found(&["det.onnx"]).unwrap_err(), "models: there is no rec.onnx, nor another model with `rec` in its name");
        let error = found(&["a_det.onnx", "b_det.onnx", "rec.onnx"]).unwrap_err();
        assert_eq!(error, "models: [\"a_det.onnx\", \"b_det.onnx\"] could all be det.onnx: leave one, or name it so");
    }
}
