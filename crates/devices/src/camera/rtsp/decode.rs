//! A frame of a stream as a picture.

use jpeg_encoder::{ColorType, Encoder};
use openh264::decoder::Decoder;
use openh264::formats::YUVSource;

use crate::camera::picture::{self, NotAPicture};

/// Little is lost, and little is gained above.
const QUALITY: u8 = 92;

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
    #[error("{0}×{1} are more pixels than a JPEG may have")]
    Huge(usize, usize),
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
            Encoding::H264 => decode(&self.bytes),
        }
    }
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
    let (Ok(wide), Ok(high)) = (u16::try_from(width), u16::try_from(height)) else { return Err(Undecodable::Huge(width, height)) };
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
}
