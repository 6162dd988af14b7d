//! The reader of codes that all rungs share: zxing-cpp, an own one for each call, since it may not change threads.

use zxingcpp::{Barcode, BarcodeFormat, BarcodeReader, Binarizer, ImageFormat, ImageView, TextMode};

use super::view::View;
use super::{Format, Rung};
use crate::{Point, Quad};

/// A code as one look at the picture found it.
pub(super) struct Found {
    pub(super) text: String,
    pub(super) bytes: Vec<u8>,
    pub(super) format: Format,
    pub(super) quad: Quad,
}

/// The codes of a rung's view, at their places in the picture.
pub(super) fn read(formats: &[Format], rung: Rung, view: &View<'_>) -> Vec<Found> {
    let formats: Vec<BarcodeFormat> = formats.iter().filter(|format| rung.shows(**format)).map(|format| format.of_reader()).collect();
    // To the reader, no format is every format.
    if formats.is_empty() {
        return Vec::new();
    }
    // Plain: GS1 codes keep their group separators, and no other text is put in their place.
    let mut reader = BarcodeReader::new().formats(formats).text_mode(TextMode::Plain);
    if rung != Rung::Plain {
        reader.set_min_line_count(LINES_OF_RESCUES);
        // Codes in white on black are rare, and cost as much again.
        reader.set_try_invert(false);
    }
    if matches!(rung, Rung::Evened | Rung::Smoothed) {
        // What is black is decided for whole rows: the contrast is even by now, and soft bars leave little to decide by around them.
        reader.set_binarizer(Binarizer::GlobalHistogram);
    }
    let [left, top, width, height] = view.part.map(|pixels| i32::try_from(pixels).unwrap_or(i32::MAX));
    // A view that is refused (no pixels, more than the reader counts) shows nothing.
    let luma = &view.luma;
    let Ok(image) = ImageView::from_slice(luma.pixels(), luma.width(), luma.height(), ImageFormat::Lum) else { return Vec::new() };
    let found = reader.from(image.cropped(left, top, width, height)).unwrap_or_default();
    found.iter().filter(|code| code.is_valid()).filter_map(|code| Found::new(code, view)).collect()
}

/// So many lines across a bar code have to agree where the picture was changed before: what that makes of a pattern by chance, it makes of
/// few lines.
const LINES_OF_RESCUES: i32 = 3;

impl Rung {
    /// Whether codes of this symbology are looked for on it. Averaging rows leaves upright bars, and nothing of a matrix. To look for a Data
    /// Matrix takes longer than for all others together, and is worth it where the rung makes one more readable.
    fn shows(self, format: Format) -> bool {
        match self {
            Self::Averaged => !format.corrects_errors(),
            Self::Padded | Self::Smoothed | Self::Turned(_) => format != Format::DataMatrix,
            Self::Plain | Self::Doubled | Self::Sharpened | Self::Evened => true,
        }
    }
}

impl Found {
    fn new(code: &Barcode, view: &View<'_>) -> Option<Self> {
        let place = code.position();
        let [left, top, ..] = view.part;
        // The reader counts pixels of the part; their middles are meant.
        let back = |corner: zxingcpp::PointI| {
            view.back.apply(Point { x: corner.x as f32 + left as f32 + 0.5, y: corner.y as f32 + top as f32 + 0.5 })
        };
        let quad = [place.top_left, place.top_right, place.bottom_right, place.bottom_left].map(back);
        let bytes = code.bytes();
        // The reader's text knows the code's own encoding but is cut at a zero byte.
        let text = if bytes.contains(&0) { String::from_utf8_lossy(&bytes).into_owned() } else { code.text() };
        Some(Self { text, bytes, format: Format::of_code(code)?, quad })
    }
}

impl Format {
    fn of_reader(self) -> BarcodeFormat {
        match self {
            Self::Code128 => BarcodeFormat::Code128,
            Self::Code39 => BarcodeFormat::Code39,
            Self::Code93 => BarcodeFormat::Code93,
            Self::Codabar => BarcodeFormat::Codabar,
            Self::Itf => BarcodeFormat::ITF,
            Self::Ean8 => BarcodeFormat::EAN8,
            Self::Ean13 => BarcodeFormat::EAN13,
            Self::UpcA => BarcodeFormat::UPCA,
            Self::UpcE => BarcodeFormat::UPCE,
            Self::DataBar => BarcodeFormat::DataBar,
            Self::DataMatrix => BarcodeFormat::DataMatrix,
            Self::Qr => BarcodeFormat::QRCode,
            Self::Pdf417 => BarcodeFormat::PDF417,
            Self::Aztec => BarcodeFormat::Aztec,
            Self::MaxiCode => BarcodeFormat::MaxiCode,
        }
    }

    /// The variant of a code is asked only where all variants are known: the binding's list of them lacks some of Code 39 and ITF, and what
    /// it does not list is no value at all in Rust.
    fn of_code(code: &Barcode) -> Option<Self> {
        Some(match code.symbology() {
            BarcodeFormat::Code128 => Self::Code128,
            BarcodeFormat::Code39 => Self::Code39,
            BarcodeFormat::Code93 => Self::Code93,
            BarcodeFormat::Codabar => Self::Codabar,
            BarcodeFormat::ITF => Self::Itf,
            BarcodeFormat::EANUPC => match code.format() {
                BarcodeFormat::EAN8 => Self::Ean8,
                BarcodeFormat::EAN13 | BarcodeFormat::ISBN => Self::Ean13,
                BarcodeFormat::UPCA => Self::UpcA,
                BarcodeFormat::UPCE => Self::UpcE,
                _ => return None,
            },
            BarcodeFormat::DataBar => Self::DataBar,
            BarcodeFormat::DataMatrix => Self::DataMatrix,
            BarcodeFormat::QRCode => Self::Qr,
            BarcodeFormat::PDF417 => Self::Pdf417,
            BarcodeFormat::Aztec => Self::Aztec,
            BarcodeFormat::MaxiCode => Self::MaxiCode,
            _ => return None,
        })
    }
}
