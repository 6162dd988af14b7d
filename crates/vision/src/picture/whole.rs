//! BMP and WebP: kinds that are rare on cameras. They are decoded whole, in colours, so fewer pixels are affordable.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::codecs::webp::WebPDecoder;
use image::{ColorType, ImageDecoder, ImageError};

use super::gray::Layout;
use super::upright::upright;
use super::{BadPicture, Kind, Limits};
use crate::Luma;

/// Colours with alpha, and the grays.
const BMP_BYTES_A_PIXEL: f32 = 5.0;

/// The decoder holds what it decodes beside the colours with alpha; and the grays.
const WEBP_BYTES_A_PIXEL: f32 = 9.0;

pub(super) fn bmp(bytes: &[u8], limits: &Limits) -> Result<Luma, BadPicture> {
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(|error| damaged(Kind::Bmp, &error))?;
    decode(Kind::Bmp, decoder, limits, BMP_BYTES_A_PIXEL)
}

pub(super) fn webp(bytes: &[u8], limits: &Limits) -> Result<Luma, BadPicture> {
    let decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(|error| damaged(Kind::WebP, &error))?;
    if decoder.has_animation() {
        return Err(BadPicture::Animated);
    }
    decode(Kind::WebP, decoder, limits, WEBP_BYTES_A_PIXEL)
}

fn decode(kind: Kind, mut decoder: impl ImageDecoder, limits: &Limits, bytes_a_pixel: f32) -> Result<Luma, BadPicture> {
    let (width, height) = decoder.dimensions();
    limits.check(width.into(), height.into(), bytes_a_pixel)?;
    let layout = match decoder.color_type() {
        ColorType::L8 => Layout::Gray,
        ColorType::La8 => Layout::GrayAlpha,
        ColorType::Rgb8 => Layout::Rgb,
        ColorType::Rgba8 => Layout::Rgba,
        other => return Err(BadPicture::damaged(kind, format_args!("its pixels are {other:?}, which is not read"))),
    };
    // A picture without a readable orientation is as upright as one without any.
    let exif = decoder.exif_metadata().ok().flatten();
    let count = width as usize * height as usize;
    let mut colours = vec![0; count * layout.bytes_a_pixel()];
    decoder.read_image(&mut colours).map_err(|error| damaged(kind, &error))?;
    let mut grays = Vec::with_capacity(count);
    layout.extend(&mut grays, &colours);
    drop(colours);
    let picture = Luma::new(width, height, grays).ok_or_else(|| BadPicture::damaged(kind, "it has no pixels"))?;
    Ok(upright(picture, exif.as_deref()))
}

fn damaged(kind: Kind, error: &ImageError) -> BadPicture {
    BadPicture::damaged(kind, error)
}
