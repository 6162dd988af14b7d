//! Telling from its bytes what kind of picture something is, and whether it is whole. Nothing is decoded: a few bytes at the beginning
//! and the end are looked at, whatever the size.

/// How far before the end a picture's own end may lie: some cameras append data of their own.
const TAIL: usize = 64 * 1024;
/// The widest and highest picture that is believed, in pixels.
const LARGEST_SIDE: u32 = 100_000;

/// Why bytes are no whole picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAPicture {
    /// Nothing came.
    #[error("it is empty")]
    Empty,
    /// The first bytes are those of no known kind.
    #[error("it begins like no JPEG, PNG, GIF, BMP or WebP")]
    Unknown,
    /// A kind that is kept for cameras that look at it themselves, and that nobody here can look at.
    #[error("it is a TIFF, which cannot be looked at here: send a JPEG, PNG, GIF, BMP or WebP")]
    Tiff,
    /// The beginning contradicts itself.
    #[error("its head is damaged")]
    Damaged,
    /// The end is missing.
    #[error("it is cut off: its end is missing")]
    CutOff,
}

/// The media type of a picture, by its first bytes: JPEG, PNG, GIF, BMP, WebP or TIFF.
pub fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some("image/tiff"),
        // Two letters are little: the header's own length must fit too (12 is OS/2's, 40 to 124 are Windows').
        [b'B', b'M', _, _, _, _, _, _, _, _, _, _, _, _, 12 | 40..=124, 0, 0, 0, ..] => Some("image/bmp"),
        _ => None,
    }
}

/// The media type of a picture that looks whole.
pub fn check(bytes: &[u8]) -> Result<&'static str, NotAPicture> {
    if bytes.is_empty() {
        return Err(NotAPicture::Empty);
    }
    let media_type = media_type(bytes).ok_or(NotAPicture::Unknown)?;
    match media_type {
        "image/jpeg" => check_jpeg(bytes).map(drop)?,
        "image/png" => check_png(bytes)?,
        "image/gif" => ends_with_any(bytes, &[0x00, 0x3b])?,
        "image/webp" => has_length(bytes, u64::from(number_le(bytes, 4)?) + 8)?,
        "image/bmp" => has_length(bytes, u64::from(number_le(bytes, 2)?))?,
        _ => check_tiff(bytes)?,
    }
    Ok(media_type)
}

/// The media type of a picture that looks whole, and is of a kind that can be looked at here: JPEG, PNG, GIF, BMP or WebP.
pub fn check_visible(bytes: &[u8]) -> Result<&'static str, NotAPicture> {
    match media_type(bytes) {
        Some("image/tiff") => Err(NotAPicture::Tiff),
        _ => check(bytes),
    }
}

/// Width and height in pixels, where the head of a JPEG or PNG tells them; nothing of other kinds.
pub fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    match media_type(bytes)? {
        "image/jpeg" => check_jpeg(bytes).ok()?,
        "image/png" => Some((number_be(bytes, 16).ok()?, number_be(bytes, 20).ok()?)),
        _ => None,
    }
}

/// Walks the segments before the scan, so that the end of an embedded thumbnail is not taken for the picture's. Gives the size that
/// the frame's header tells (ITU-T T.81, section B.2.2).
fn check_jpeg(bytes: &[u8]) -> Result<Option<(u32, u32)>, NotAPicture> {
    let mut at = 2;
    let mut size = None;
    loop {
        let &[marker, code, high, low] = bytes.get(at..at + 4).and_then(|four| four.first_chunk()).ok_or(NotAPicture::CutOff)?;
        match (marker, code) {
            // Fill bytes, and markers without a length.
            (0xff, 0xff) => at += 1,
            (0xff, 0x01 | 0xd0..=0xd7) => at += 2,
            (0xff, 0xda) => return ends_with_any(&bytes[at..], &[0xff, 0xd9]).map(|()| size),
            (0xff, 0xc0..=0xfe) => {
                if matches!(code, 0xc0..=0xcf) && !matches!(code, 0xc4 | 0xc8 | 0xcc) {
                    let sides = number_be(bytes, at + 5)?;
                    size = Some((sides & 0xffff, sides >> 16));
                }
                let length = usize::from(u16::from_be_bytes([high, low]));
                if length < 2 {
                    return Err(NotAPicture::Damaged);
                }
                at += 2 + length;
            }
            _ => return Err(NotAPicture::Damaged),
        }
    }
}

/// PNG (ISO 15948), sections 5.2, 11.2.2 and 11.2.5.
fn check_png(bytes: &[u8]) -> Result<(), NotAPicture> {
    let head = bytes.get(8..24).ok_or(NotAPicture::CutOff)?;
    let (width, height) = (number_be(head, 8)?, number_be(head, 12)?);
    if &head[..8] != b"\0\0\0\x0dIHDR" || !(1..=LARGEST_SIDE).contains(&width) || !(1..=LARGEST_SIDE).contains(&height) {
        return Err(NotAPicture::Damaged);
    }
    ends_with_any(bytes, b"\0\0\0\0IEND\xae\x42\x60\x82")
}

/// The first directory must lie within the file.
fn check_tiff(bytes: &[u8]) -> Result<(), NotAPicture> {
    let directory = if bytes.starts_with(b"II") { number_le(bytes, 4)? } else { number_be(bytes, 4)? };
    has_length(bytes, u64::from(directory) + 2)
}

fn has_length(bytes: &[u8], length: u64) -> Result<(), NotAPicture> {
    if bytes.len() as u64 >= length { Ok(()) } else { Err(NotAPicture::CutOff) }
}

/// Whether an end mark stands in the last 64 KiB.
fn ends_with_any(bytes: &[u8], mark: &[u8]) -> Result<(), NotAPicture> {
    let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
    if tail.windows(mark.len()).rev().any(|window| window == mark) { Ok(()) } else { Err(NotAPicture::CutOff) }
}

fn number_be(bytes: &[u8], at: usize) -> Result<u32, NotAPicture> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map(|four| u32::from_be_bytes(*four)).ok_or(NotAPicture::CutOff)
}

fn number_le(bytes: &[u8], at: usize) -> Result<u32, NotAPicture> {
    number_be(bytes, at).map(u32::swap_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55\0\0\0\0IEND\xae\x42\x60\x82";
    /// A thumbnail with an end of its own in APP1, then a scan.
    const JPEG: &[u8] = b"\xff\xd8\xff\xe1\0\x06\xff\xd8\xff\xd9\xff\xda\0\x02scan\xff\0scan\xff\xd9";

    #[test]
    fn whole_pictures_are_known_by_their_first_bytes() {
        let mut webp = b"RIFF\x04\0\0\0WEBP".to_vec();
        webp.extend_from_slice(b"VP8 ");
        let mut bmp = b"BM\x1c\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0".to_vec();
        bmp.resize(28, 0);
        for (bytes, kind) in [
            (PNG, "image/png"),
            (JPEG, "image/jpeg"),
            (b"GIF89a..\0;", "image/gif"),
            (&webp, "image/webp"),
            (&bmp, "image/bmp"),
            (b"II*\0\x08\0\0\0\0\0", "image/tiff"),
            (b"MM\0*\0\0\0\x08\0\0", "image/tiff"),
        ] {
            assert_eq!(check(bytes), Ok(kind));
            assert_eq!(check_visible(bytes), if kind == "image/tiff" { Err(NotAPicture::Tiff) } else { Ok(kind) });
        }
    }

    #[test]
    fn every_picture_that_is_cut_off_is_refused() {
        for whole in [PNG, JPEG] {
            for length in 0..whole.len() {
                assert!(check(&whole[..length]).is_err(), "{length} of {} bytes", whole.len());
            }
        }
        assert_eq!(check(&JPEG[..16]), Err(NotAPicture::CutOff));
        assert_eq!(check(b"RIFF\xff\0\0\0WEBP"), Err(NotAPicture::CutOff));
    }

    #[test]
    fn what_a_camera_appends_does_not_matter() {
        let mut bytes = JPEG.to_vec();
        bytes.resize(JPEG.len() + 1000, 0);
        assert_eq!(check(&bytes), Ok("image/jpeg"));
    }

    #[test]
    fn the_size_of_a_picture_stands_in_its_head() {
        assert_eq!(size(PNG), Some((1, 1)));
        assert_eq!(size(JPEG), None, "it has no frame");
        let framed = [&JPEG[..10], b"\xff\xc2\0\x0b\x08\x04\x38\x07\x80\x01\0\0\0", &JPEG[10..]].concat();
        assert_eq!((check(&framed), size(&framed)), (Ok("image/jpeg"), Some((1920, 1080))));
        assert_eq!(size(b"GIF89a..\0;"), None);
    }

    #[test]
    fn what_is_no_picture_is_told_apart() {
        assert_eq!(check(b""), Err(NotAPicture::Empty));
        for text in [&b"<html>"[..], b"{}", b"\0", b"BM is a text that begins so", b"\xff\xd8"] {
            assert_eq!(check(text), Err(NotAPicture::Unknown), "{text:?}");
        }
        assert_eq!(check(b"\xff\xd8\xff\xe0\0\x00 damaged"), Err(NotAPicture::Damaged));
        let mut huge = PNG.to_vec();
        huge[16] = 0xff;
        assert_eq!(check(&huge), Err(NotAPicture::Damaged));
    }
}
