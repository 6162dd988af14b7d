//! JPEG: the gray channel, without ever making colours of it.
//!
//! The file is read twice: [`frame`] walks along its segments, checks what they promise and writes down only what gray needs, in the one
//! form that is well trodden; the decoder then reads that.

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::gray::Layout;
use super::upright::upright;
use super::{BadPicture, Kind, Limits};
use crate::Luma;

mod frame;

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Luma, BadPicture> {
    let walked = frame::walk(bytes)?;
    let frame = walked.frame();
    let layout = if frame.is_rgb { Layout::Rgb } else { Layout::Gray };
    let decoded = layout.bytes_a_pixel() as f32 + if frame.is_rgb { 1.0 } else { 0.0 };
    limits.check(frame.width.into(), frame.height.into(), decoded + walked.coefficient_bytes_a_pixel())?;
    let stream = walked.stream();
    let colours = if frame.is_rgb { ColorSpace::RGB } else { ColorSpace::Luma };
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .jpeg_set_out_colorspace(colours)
        .set_max_width(limits.side as usize)
        .set_max_height(limits.side as usize);
    let (width, height) = (u32::from(frame.width), u32::from(frame.height));
    let mut pixels = vec![0; width as usize * height as usize * layout.bytes_a_pixel()];
    JpegDecoder::new_with_options(ZCursor::new(&stream), options)
        .decode_into(&mut pixels)
        .map_err(|error| BadPicture::damaged(Kind::Jpeg, error))?;
    if layout != Layout::Gray {
        let mut grays = Vec::with_capacity(width as usize * height as usize);
        layout.extend(&mut grays, &pixels);
        pixels = grays;
    }
    let picture = Luma::new(width, height, pixels).ok_or_else(|| BadPicture::damaged(Kind::Jpeg, "it has no pixels"))?;
    Ok(upright(picture, walked.exif()))
}
