//! Decoding: bytes of a picture → gray pixels. Bounded in bytes, pixels and memory, whatever the bytes say of themselves.

use crate::Luma;

/// What is decoded at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Width or height in pixels.
    pub side: u32,
    /// Width × height in pixels.
    pub pixels: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 32 << 20, side: 12_000, pixels: 24_000_000 }
    }
}

/// Why a picture cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPicture {
    /// Nothing came.
    #[error("it is empty")]
    Empty,
    /// The first bytes are those of no kind that is read.
    #[error("it begins like no JPEG, PNG, BMP, WebP or GIF")]
    UnknownKind,
    /// The file is too long.
    #[error("it has {bytes} bytes, more than the {limit} that are read")]
    TooManyBytes {
        /// Its length.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// It says that it is larger than what is decoded.
    #[error("it is {width} × {height} pixels large, more than the {limit} that are decoded")]
    TooLarge {
        /// In pixels.
        width: u64,
        /// In pixels.
        height: u64,
        /// What is allowed, in words.
        limit: &'static str,
    },
    /// It is a film.
    #[error("it is animated: a single picture is wanted")]
    Animated,
    /// Its colours are those of a print.
    #[error("its colours are CMYK: gray or RGB is wanted")]
    Cmyk,
    /// It contradicts itself, or ends too early.
    #[error("it cannot be decoded as {kind}: {why}")]
    Damaged {
        /// The kind by its first bytes.
        kind: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// Decodes a picture to gray, turned upright as its EXIF orientation says.
///
/// # Errors
/// Why it cannot be decoded. No bytes make this panic.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Luma, BadPicture> {
    let _ = (bytes, limits);
    Err(BadPicture::UnknownKind)
}
