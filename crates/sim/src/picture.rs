//! The simulated camera's pictures: a beam, what stands on it, and a label for each unit.

use bytes::Bytes;
use pandian_domain::Findings;

use crate::fault::{FaultKind, Strike};

const WIDTH: usize = 160;
const HEIGHT: usize = 120;
/// Where the beam begins, counted from above; goods stand on it.
const FLOOR: usize = 96;

/// Red, green and blue of every colour in use.
const PALETTE: [[u8; 3]; 8] = [
    [38, 42, 48],    // the dark behind
    [52, 57, 64],    // its grain
    [222, 120, 30],  // beam
    [146, 112, 70],  // pallet
    [196, 160, 112], // carton
    [172, 136, 92],  // carton's edge
    [244, 244, 240], // label
    [20, 20, 20],    // bars
];
const DARK: u8 = 0;
const GRAIN: u8 = 1;
const BEAM: u8 = 2;
const PALLET: u8 = 3;
const CARTON: u8 = 4;
const EDGE: u8 = 5;
const LABEL: u8 = 6;
const BARS: u8 = 7;

/// The keywords of the PNG texts that say which location a picture shows, as cameras stamp it into theirs, and what is wrong with it.
const LOCATION: &str = "Location";
const CONDITION: &str = "Condition";

/// What became of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// It is as it should be.
    Fit,
    /// Nothing is to be seen.
    Black,
    /// Nothing is to be made out.
    Blurred,
    /// The camera was moved: what stands where cannot be told.
    Moved,
}

impl Condition {
    const ALL: [Self; 4] = [Self::Fit, Self::Black, Self::Blurred, Self::Moved];

    /// What a fault makes of a picture.
    pub(crate) fn after(strike: Option<Strike>) -> Self {
        match strike.map(|strike| strike.kind) {
            Some(FaultKind::BlackPicture) => Self::Black,
            Some(FaultKind::BlurredPicture) => Self::Blurred,
            Some(FaultKind::CameraMoved) => Self::Moved,
            _ => Self::Fit,
        }
    }

    /// What can still be found on a picture where otherwise this would be.
    pub(crate) fn leaves(self, findings: Findings) -> Findings {
        match self {
            Self::Fit => findings,
            lost => Findings { note: Some(lost.as_str().into()), ..Findings::default() },
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Fit => "the picture is fit",
            Self::Black => "the picture is black",
            Self::Blurred => "the picture is blurred",
            Self::Moved => "the camera was moved",
        }
    }
}

/// Draws a slot that holds units with these labels. `grain` varies what is the same otherwise.
pub(crate) fn draw(location: &str, grain: u64, labels: &[&str], condition: Condition) -> Bytes {
    let mut canvas = Canvas(vec![DARK; WIDTH * HEIGHT]);
    for n in 0..48 {
        let spot = crate::seed::mix(grain ^ n);
        canvas.fill(spot as usize % WIDTH, (spot >> 20) as usize % FLOOR, 3, 1, GRAIN);
    }
    canvas.fill(0, FLOOR, WIDTH, 14, BEAM);
    let shown = labels.len().min(8);
    for (n, label) in labels.iter().take(shown).enumerate() {
        let room = WIDTH / shown;
        canvas.unit(n * room + 2, room - 4, label);
    }
    match condition {
        Condition::Fit => {}
        Condition::Black => canvas.0.fill(DARK),
        Condition::Blurred => canvas.0.chunks_mut(16).for_each(|run| run.fill(run[0])),
        Condition::Moved => canvas.0.rotate_right(WIDTH * 40 + 50),
    }
    encode(location, condition, &canvas.0)
}

/// Which location a picture of ours shows, and in which condition; none for any other bytes.
pub(crate) fn shown(picture: &[u8]) -> Option<(String, Condition)> {
    let reader = png::Decoder::new(std::io::Cursor::new(picture)).read_info().ok()?;
    let text = |keyword: &str| reader.info().utf8_text.iter().find(|text| text.keyword == keyword)?.get_text().ok();
    let condition = text(CONDITION)?;
    Some((text(LOCATION)?, Condition::ALL.into_iter().find(|known| known.as_str() == condition)?))
}

struct Canvas(Vec<u8>);

impl Canvas {
    fn fill(&mut self, left: usize, top: usize, width: usize, height: usize, colour: u8) {
        let (left, right) = (left.min(WIDTH), (left + width).min(WIDTH));
        for row in top.min(HEIGHT)..(top + height).min(HEIGHT) {
            self.0[row * WIDTH + left..row * WIDTH + right].fill(colour);
        }
    }

    /// A carton on a pallet, with its label as bars: one for each bit of the label's characters.
    fn unit(&mut self, left: usize, width: usize, label: &str) {
        let bits = crate::seed::hash_text(label);
        let height = 36 + (bits % 40) as usize;
        self.fill(left, FLOOR - 8, width, 8, PALLET);
        self.fill(left, FLOOR - 8 - height, width, height, EDGE);
        self.fill(left + 1, FLOOR - 7 - height, width.saturating_sub(2), height - 2, CARTON);
        let (label_left, label_width) = (left + 2, width.saturating_sub(4).min(68));
        self.fill(label_left, FLOOR - 34, label_width, 18, LABEL);
        for bit in (0..label_width.saturating_sub(4)).filter(|bit| bits >> (bit % 64) & 1 == 1) {
            self.fill(label_left + 2 + bit, FLOOR - 32, 1, 14, BARS);
        }
    }
}

/// A PNG of eight-bit palette indices. The encoder cannot fail into memory; should it, the picture is empty and its reader complains.
fn encode(location: &str, condition: Condition, indices: &[u8]) -> Bytes {
    let mut bytes = Vec::with_capacity(4096);
    let written = (|| {
        let mut encoder = png::Encoder::new(&mut bytes, WIDTH as u32, HEIGHT as u32);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_palette(PALETTE.as_flattened());
        encoder.set_compression(png::Compression::Fastest);
        encoder.add_itxt_chunk(LOCATION.to_owned(), location.to_owned())?;
        encoder.add_itxt_chunk(CONDITION.to_owned(), condition.as_str().to_owned())?;
        let mut writer = encoder.write_header()?;
        writer.write_image_data(indices)?;
        writer.finish()
    })();
    match written {
        Ok(()) => bytes.into(),
        Err(_) => Bytes::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(location: &str, labels: &[&str]) -> Bytes {
        draw(location, 5, labels, Condition::Fit)
    }

    #[test]
    fn a_picture_is_whole_shows_its_location_and_differs_with_its_content() {
        let empty = fit("1号", &[]);
        let full = fit("1号", &["069012340000000018"]);
        let other = fit("1号", &["069012340000000025"]);
        assert!(empty != full && full != other);
        assert_eq!(full, fit("1号", &["069012340000000018"]));
        let mut reader = png::Decoder::new(std::io::Cursor::new(&full[..])).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        reader.finish().unwrap();
        assert_eq!(shown(&full), Some(("1号".to_owned(), Condition::Fit)));
        assert!(full.len() < 4096, "{}", full.len());
    }

    #[test]
    fn a_picture_says_what_became_of_it_and_then_tells_no_more() {
        let findings = Findings { occupied: Some(true), codes: vec!["1".into()], confidence: Some(0.9), ..Findings::default() };
        for condition in [Condition::Black, Condition::Blurred, Condition::Moved] {
            let picture = draw("1号", 5, &["069012340000000018"], condition);
            assert_ne!(picture, fit("1号", &["069012340000000018"]));
            assert_eq!(shown(&picture), Some(("1号".to_owned(), condition)));
            let left = condition.leaves(findings.clone());
            assert!(left.occupied.is_none() && left.codes.is_empty() && left.note.is_some(), "{left:?}");
        }
        assert_eq!(Condition::Fit.leaves(findings.clone()), findings);
    }

    #[test]
    fn other_bytes_show_no_location() {
        let cut = fit("1号", &[]).slice(..40);
        for bytes in [&b""[..], b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", &cut] {
            assert_eq!(shown(bytes), None);
        }
    }

    #[test]
    fn many_units_and_long_labels_fit() {
        let labels: Vec<String> = (0..40).map(|n| format!("货{n}").repeat(50)).collect();
        assert!(!fit("x", &labels.iter().map(String::as_str).collect::<Vec<_>>()).is_empty());
    }
}
