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
    // The decoder's own way to gray goes wrong on a few samplings: there it gives all three channels, of which the first is the gray.
    let (colours, layout) = match (frame.is_rgb, walked.is_gray_direct()) {
        (true, _) => (ColorSpace::RGB, Layout::Rgb),
        (false, true) => (ColorSpace::Luma, Layout::Gray),
        (false, false) => (ColorSpace::YCbCr, Layout::YCbCr),
    };
    let channels = layout.bytes_a_pixel();
    let and_grays = if layout == Layout::Gray { 0 } else { 1 };
    limits.check(frame.width.into(), frame.height.into(), (channels + and_grays) as f32 + walked.coefficient_bytes_a_pixel())?;
    let stream = walked.stream();
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .jpeg_set_out_colorspace(colours)
        .set_max_width(limits.side as usize)
        .set_max_height(limits.side as usize);
    let (width, height) = (u32::from(frame.width), u32::from(frame.height));
    let mut pixels = vec![0; width as usize * height as usize * channels];
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
