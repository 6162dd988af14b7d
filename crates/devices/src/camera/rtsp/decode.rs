//! A frame of a stream as a picture.

use h264_reader::annexb::AnnexBReader;
use h264_reader::nal::sps::{FrameMbsFlags, SeqParameterSet};
use h264_reader::nal::{Nal, RefNal, UnitType};
use h264_reader::push::NalInterest;
use jpeg_encoder::{ColorType, Encoder};
use openh264::decoder::Decoder;
use openh264::formats::YUVSource;

use crate::camera::picture::{self, NotAPicture};

/// Little is lost, and little is gained above.
const QUALITY: u8 = 92;

/// The most pixels of a frame: more are not looked at (`vision`, `Limits`).
const MOST_PIXELS: u64 = 24_000_000;

/// How frames are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    H264,
    Jpeg,
}

/// A frame that stands for itself: H.264 with its parameters and start codes (ITU-T H.264, annex B), or a JPEG.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) encoding: Encoding,
    pub(super) bytes: Vec<u8>,
}

/// Why a frame is no picture.
#[derive(Debug, thiserror::Error)]
pub(super) enum Undecodable {
    #[error("it cannot be decoded: {0}")]
    H264(#[from] openh264::Error),
    #[error("there is no picture in it")]
    Nothing,
    #[error("its parameters cannot be read")]
    Unknown,
    #[error("{0} pixels are more than the {MOST_PIXELS} that it may have")]
    Huge(u64),
    #[error("{0}×{1} pixels are wider or higher than a JPEG may be")]
    Wide(usize, usize),
    #[error("it cannot be written as a JPEG: {0}")]
    Jpeg(#[from] jpeg_encoder::EncodingError),
    #[error(transparent)]
    NotAPicture(#[from] NotAPicture),
}

impl Encoding {
    /// By its name in a session's description.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "h264" => Some(Self::H264),
            "jpeg" => Some(Self::Jpeg),
            _ => None,
        }
    }
}

impl Frame {
    /// The frame as a JPEG.
    pub(super) fn into_jpeg(self) -> Result<Vec<u8>, Undecodable> {
        match self.encoding {
            Encoding::Jpeg => picture::check(&self.bytes).map(|_| self.bytes).map_err(Into::into),
            Encoding::H264 => check_pixels(&self.bytes).and_then(|()| decode(&self.bytes)),
        }
    }
}

/// Refuses a frame whose parameters (ITU-T H.264, section 7.3.2.1.1) declare too many pixels. The decoder and what follows it allocate
/// as many as these say, before anything is cut off at the edges.
fn check_pixels(frame: &[u8]) -> Result<(), Undecodable> {
    let mut checked = Ok(());
    let mut units = AnnexBReader::accumulate(|unit: RefNal<'_>| {
        match unit.header().map(|header| header.nal_unit_type()) {
            Ok(UnitType::SeqParameterSet) if !unit.is_complete() => return NalInterest::Buffer,
            Ok(UnitType::SeqParameterSet) if checked.is_ok() => checked = check_parameters(&unit),
            _ => {}
        }
        NalInterest::Ignore
    });
    units.push(frame);
    units.reset();
    checked
}

fn check_parameters(unit: &RefNal<'_>) -> Result<(), Undecodable> {
    let parameters = SeqParameterSet::from_bits(unit.rbsp_bits()).map_err(|_| Undecodable::Unknown)?;
    let blocks = |minus_one: u32| (u64::from(minus_one) + 1) * 16;
    let fields = if parameters.frame_mbs_flags == FrameMbsFlags::Frames { 1 } else { 2 };
    let (width, height) = (blocks(parameters.pic_width_in_mbs_minus1), blocks(parameters.pic_height_in_map_units_minus1) * fields);
    let pixels = width.saturating_mul(height);
    if pixels <= MOST_PIXELS { Ok(()) } else { Err(Undecodable::Huge(pixels)) }
}

fn decode(frame: &[u8]) -> Result<Vec<u8>, Undecodable> {
    let mut decoder = Decoder::new()?;
    let decoded = decoder.decode(frame)?;
    if let Some(picture) = decoded {
        return encode(&picture);
    }
    // It holds a picture back, as it may where frames come out of order.
    let rest = decoder.flush_remaining()?;
    encode(rest.first().ok_or(Undecodable::Nothing)?)
}

fn encode(picture: &openh264::decoder::DecodedYUV<'_>) -> Result<Vec<u8>, Undecodable> {
    let (width, height) = picture.dimensions();
    let (Ok(wide), Ok(high)) = (u16::try_from(width), u16::try_from(height)) else { return Err(Undecodable::Wide(width, height)) };
    let mut rgb = vec![0; width * height * 3];
    picture.write_rgb8(&mut rgb);
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, QUALITY).encode(&rgb, wide, high, ColorType::Rgb)?;
    Ok(jpeg)
}

#[cfg(test)]
mod tests {
    use openh264::encoder::Encoder as VideoEncoder;
    use openh264::formats::YUVBuffer;

    use super::*;

    #[test]
    fn a_frame_becomes_a_picture_of_its_size() {
        let gray = YUVBuffer::from_vec(vec![128; 64 * 48 * 3 / 2], 64, 48);
        let frame = VideoEncoder::new().unwrap().encode(&gray).unwrap().to_vec();
        let jpeg = Frame { encoding: Encoding::H264, bytes: frame.clone() }.into_jpeg().unwrap();
        assert_eq!((picture::check(&jpeg), picture::size(&jpeg)), (Ok("image/jpeg"), Some((64, 48))));
        for bytes in [&b""[..], b"\0\0\0\x01", b"no frame", &frame[..20]] {
            assert!(Frame { encoding: Encoding::H264, bytes: bytes.to_owned() }.into_jpeg().is_err(), "{} bytes", bytes.len());
        }
        assert!(Frame { encoding: Encoding::Jpeg, bytes: b"\xff\xd8\xff".to_vec() }.into_jpeg().is_err());
    }

    /// Parameters of the baseline profile, which declare a width and height in blocks of 16.
    fn parameters(width: u32, height: u32) -> Vec<u8> {
        let mut bits: Vec<bool> = Vec::new();
        // Codes of Exp-Golomb (section 9.1).
        let coded = |number: u32| {
            let number = u64::from(number) + 1;
            let length = 64 - number.leading_zeros();
            (0..2 * length - 1).rev().map(move |bit| bit < length && number >> bit & 1 == 1)
        };
        for number in [0, 0, 2, 1] {
            bits.extend(coded(number));
        }
        bits.push(false);
        bits.extend(coded(width - 1).chain(coded(height - 1)));
        // Frames, no direct inference, nothing cut off, no further description, the end.
        bits.extend([true, false, false, false, true]);
        let bytes = bits.chunks(8).map(|byte| byte.iter().enumerate().fold(0, |sum, (at, bit)| sum | u8::from(*bit) << (7 - at)));
        let mut unit = vec![0, 0, 0, 1, 0x67, 66, 0, 51];
        for byte in bytes {
            // Nothing within may look like a start code (section 7.4.1.1).
            if byte <= 3 && unit.ends_with(&[0, 0]) {
                unit.push(3);
            }
            unit.push(byte);
        }
        unit
    }

    #[test]
    fn declared_pixels_are_bounded_before_anything_is_decoded() {
        assert!(check_pixels(&parameters(120, 68)).is_ok());
        for (width, height) in [(4096, 4096), (1, 100_000), (1 << 20, 1 << 20)] {
            let refused = check_pixels(&[parameters(120, 68), parameters(width, height)].concat());
            assert!(
                matches!(refused, Err(Undecodable::Huge(pixels)) if pixels == u64::from(width) * u64::from(height) * 256),
                "{refused:?}"
            );
        }
        assert!(matches!(check_pixels(&parameters(1, 1)[..8]), Err(Undecodable::Unknown)));
    }
}
