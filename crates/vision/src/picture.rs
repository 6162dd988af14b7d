//! Decoding: bytes of a picture → gray pixels. Bounded in bytes, pixels and memory, whatever the bytes say of themselves.

use crate::Luma;

mod gif;
mod gray;
mod jpeg;
mod png;
mod upright;
mod whole;

/// The most memory that decoding one picture takes, its gray pixels included and its bytes not.
pub const MEMORY: usize = 160 << 20;

/// What is decoded at most. Whatever they say, no picture takes more than [`MEMORY`].
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

impl Limits {
    /// Refuses a picture that says it is larger than allowed, or that takes more than [`MEMORY`] at `bytes_a_pixel`. Asked before
    /// anything is allocated.
    fn check(&self, width: u64, height: u64, bytes_a_pixel: f32) -> Result<(), BadPicture> {
        let too_large = |limit| Err(BadPicture::TooLarge { width, height, limit });
        if width.max(height) > u64::from(self.side) {
            return too_large(Bound::Side(self.side));
        }
        let pixels = width * height;
        if pixels > u64::from(self.pixels) {
            return too_large(Bound::Pixels(self.pixels));
        }
        let affordable = (MEMORY as f32 / bytes_a_pixel) as u32;
        if pixels > u64::from(affordable) {
            return too_large(Bound::Affordable(affordable));
        }
        Ok(())
    }
}

/// What a picture is too large for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Its width or height in pixels.
    Side(u32),
    /// Its pixels.
    Pixels(u32),
    /// Its pixels, as many as there is memory for at what decoding takes for each in a picture of its kind.
    Affordable(u32),
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Side(most) => write!(f, "{most} pixels a side"),
            Self::Pixels(most) => write!(f, "{most} pixels in all"),
            Self::Affordable(most) => write!(f, "{most} pixels in all, which is what fits into memory for a picture of its kind"),
        }
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
    #[error("it is {width} × {height} pixels large, more than {limit}")]
    TooLarge {
        /// In pixels.
        width: u64,
        /// In pixels.
        height: u64,
        /// What is allowed.
        limit: Bound,
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

impl BadPicture {
    /// A stable, kebab-case name of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "picture-empty",
            Self::UnknownKind => "picture-unknown-kind",
            Self::TooManyBytes { .. } | Self::TooLarge { .. } => "picture-too-large",
            Self::Animated => "picture-animated",
            Self::Cmyk => "picture-cmyk",
            Self::Damaged { .. } => "picture-damaged",
        }
    }

    fn damaged(kind: Kind, why: impl std::fmt::Display) -> Self {
        Self::Damaged { kind: kind.name(), why: why.to_string() }
    }
}

/// A kind of file, by its first bytes: what a camera says of it is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Jpeg,
    Png,
    Bmp,
    WebP,
    Gif,
}

impl Kind {
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'B', b'M', ..] => Some(Self::Bmp),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Bmp => "BMP",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
        }
    }
}

/// Decodes a picture to gray, turned upright as its EXIF orientation says.
///
/// # Errors
/// Why it cannot be decoded. No bytes make this panic.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Luma, BadPicture> {
    if bytes.is_empty() {
        return Err(BadPicture::Empty);
    }
    if bytes.len() > limits.bytes {
        return Err(BadPicture::TooManyBytes { bytes: bytes.len(), limit: limits.bytes });
    }
    match Kind::of(bytes).ok_or(BadPicture::UnknownKind)? {
        Kind::Jpeg => jpeg::decode(bytes, limits),
        Kind::Png => png::decode(bytes, limits),
        Kind::Bmp => whole::bmp(bytes, limits),
        Kind::WebP => whole::webp(bytes, limits),
        Kind::Gif => gif::decode(bytes, limits),
    }
}
