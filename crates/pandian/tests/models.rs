//! `pandian vision count` and `pandian vision ocr`: commands that are there only in programs built for them.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/program.rs"]
mod program;

use program::run;

const COUNT: [&str; 5] = ["vision", "count", "nowhere.jpg", "--model", "nowhere.onnx"];
const OCR: [&str; 5] = ["vision", "ocr", "nowhere.jpg", "--models", "nowhere"];

#[cfg(not(feature = "onnx"))]
#[test]
fn without_models_the_commands_say_how_to_build_them() {
    for command in [COUNT, OCR] {
        let ended = run(command);
        assert_eq!(ended.code(), Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains("cargo build --release --features onnx"), "{}", ended.stderr);
    }
}

#[cfg(feature = "onnx")]
mod with_models {
    use std::path::Path;

    use super::*;

    /// A picture of 64 × 48 gray pixels, as BMP.
    fn picture(folder: &Path) -> String {
        let (width, height) = (64u32, 48u32);
        let mut bytes = b"BM".to_vec();
        let count = 54 + 3 * width * height;
        for number in [count, 0, 54, 40, width, height, 24 << 16 | 1, 0, 3 * width * height, 2835, 2835, 0, 0] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.resize(count as usize, 120);
        let path = folder.join("gray.bmp");
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    #[test]
    fn what_is_missing_or_no_model_is_refused_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let picture = picture(folder.path());
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let (model, models) = (file("det.onnx", "<html>"), folder.path().display().to_string());
        file("rec.onnx", "");
        for (command, named) in [
            (&COUNT[..], "nowhere.jpg: "),
            (&OCR[..], "nowhere.jpg: "),
            (&["vision", "count", &picture, "--model", "nowhere.onnx"], "nowhere.onnx: "),
            (&["vision", "count", &picture, "--model", &model], "det.onnx: it cannot be loaded as ONNX: "),
            (&["vision", "ocr", &picture, "--models", "nowhere"], "nowhere: "),
            (&["vision", "ocr", &picture, "--models", &models], "det.onnx: it cannot be loaded as ONNX: "),
        ] {
            let ended = run(command);
            assert_eq!(ended.code(), Some(2), "{}", ended.stderr);
            assert!(ended.stderr.contains(named), "{}", ended.stderr);
        }
    }

    #[test]
    #[ignore = "wants PANDIAN_MODELS: ./test brings it"]
    fn a_gray_picture_holds_nothing_to_count_or_to_read() {
        let folder = tempfile::tempdir().unwrap();
        let picture = picture(folder.path());
        let brought = std::env::var("PANDIAN_MODELS").expect("PANDIAN_MODELS names the folder of models");
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(brought);
        let detector = models.join("arbez_yolox_s.onnx").display().to_string();
        let counted = run(["vision", "count", &picture, "--model", &detector, "--json"]).events();
        assert_eq!((&counted[0]["count"], &counted[0]["cut"]), (&0.into(), &false.into()), "{counted:?}");
        let read = run(["vision", "ocr", &picture, "--models", &models.display().to_string(), "--json"]).events();
        assert_eq!((&read[0]["lines"], &read[0]["unread"]), (&serde_json::json!([]), &0.into()), "{read:?}");
    }
}
