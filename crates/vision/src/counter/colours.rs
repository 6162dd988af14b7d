//! Pictures in colours, for models that were trained with them.

use std::io::Cursor;

use image::imageops::{FilterType, resize};
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, RgbImage};

use crate::Luma;
use crate::picture::{self, BadPicture, Bound, Limits};

/// What a model sees beside the picture: the gray that detectors are trained with.
pub(super) const PADDING: u8 = 114;

/// A picture in red, green and blue.
#[derive(Clone, PartialEq, Eq)]
pub struct Coloured(RgbImage);

impl Coloured {
    /// Decodes a picture, turned upright as its EXIF orientation says. What is no whole, still picture in gray is none in colours either.
    ///
    /// # Errors
    /// Why it cannot be decoded. Colours take more memory than gray: fewer pixels are affordable within [`picture::MEMORY`].
    pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Self, BadPicture> {
        // The decoder for colours fills up what is cut off, and shows the first picture of a film.
        picture::decode(bytes, limits)?;
        let kind = image::guess_format(bytes).ok().and_then(name).ok_or(BadPicture::UnknownKind)?;
        let damaged = |error: ImageError| BadPicture::Damaged { kind, why: error.to_string() };
        let mut bounds = image::Limits::no_limits();
        bounds.max_alloc = Some(picture::MEMORY as u64);
        let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| damaged(error.into()))?;
        reader.limits(bounds);
        let mut decoder = reader.into_decoder().map_err(damaged)?;
        let (width, height) = decoder.dimensions();
        // What was decoded, the same turned upright, the colours made of it, and what a progressive JPEG keeps until its end.
        let coefficients = if kind == "JPEG" { 6 } else { 0 };
        let bytes_a_pixel = 2 * usize::from(decoder.color_type().bytes_per_pixel()) + 3 + coefficients;
        check(width, height, bytes_a_pixel, limits)?;
        // A picture without a readable orientation is as upright as one without any.
        let orientation = decoder.orientation().ok();
        let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
        if let Some(orientation) = orientation {
            picture.apply_orientation(orientation);
        }
        Ok(Self(picture.into_rgb8()))
    }

    /// In pixels.
    pub fn width(&self) -> u32 {
        self.0.width()
    }

    /// In pixels.
    pub fn height(&self) -> u32 {
        self.0.height()
    }

    /// Three bytes a pixel, row by row: the picture made to fit, at the top left, with gray beside it; and its
    /// width and height there.
    pub(super) fn fitted(&self, width: usize, height: usize) -> (Vec<u8>, [usize; 2]) {
        let scale = (width as f32 / self.width() as f32).min(height as f32 / self.height() as f32);
        let side = |size: u32, most: usize| ((size as f32 * scale).round() as usize).clamp(1, most);
        let (wide, high) = (side(self.width(), width), side(self.height(), height));
        let small = resize(&self.0, wide as u32, high as u32, FilterType::Triangle);
        let mut fitted = vec![PADDING; 3 * width * height];
        for (row, pixels) in fitted.chunks_exact_mut(3 * width).zip(small.as_raw().chunks_exact(3 * wide)) {
            row[..3 * wide].copy_from_slice(pixels);
        }
        (fitted, [wide, high])
    }
}

impl From<&Luma> for Coloured {
    /// Its gray in every colour.
    fn from(picture: &Luma) -> Self {
        let pixels = picture.pixels().iter().flat_map(|&gray| [gray; 3]).collect();
        Self(RgbImage::from_raw(picture.width(), picture.height(), pixels).unwrap_or_default())
    }
}

impl std::fmt::Debug for Coloured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Coloured({} × {})", self.width(), self.height())
    }
}

fn name(format: ImageFormat) -> Option<&'static str> {
    match format {
        ImageFormat::Jpeg => Some("JPEG"),
        ImageFormat::Png => Some("PNG"),
        ImageFormat::Bmp => Some("BMP"),
        ImageFormat::WebP => Some("WebP"),
        ImageFormat::Gif => Some("GIF"),
        _ => None,
    }
}

fn check(width: u32, height: u32, bytes_a_pixel: usize, limits: &Limits) -> Result<(), BadPicture> {
    let pixels = u64::from(width) * u64::from(height);
    let affordable = (picture::MEMORY / bytes_a_pixel) as u32;
    let limit = if width.max(height) > limits.side {
        Bound::Side(limits.side)
    } else if pixels > u64::from(limits.pixels) {
        Bound::Pixels(limits.pixels)
    } else if pixels > u64::from(affordable) {
        Bound::Affordable(affordable)
    } else if pixels == 0 {
        return Err(BadPicture::Empty);
    } else {
        return Ok(());
    };
    Err(BadPicture::TooLarge { width: width.into(), height: height.into(), limit })
}
