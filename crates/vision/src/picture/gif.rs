//! GIF: one frame, through its palette.

use gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};

use super::gray::Layout;
use super::{BadPicture, Kind, Limits, MEMORY};
use crate::Luma;

/// The frame's indices, and the grays.
const BYTES_A_PIXEL: f32 = 2.0;

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Luma, BadPicture> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.check_frame_consistency(true);
    options.set_memory_limit(std::num::NonZeroU64::new(MEMORY as u64 / 2).map_or(MemoryLimit::Unlimited, MemoryLimit::Bytes));
    let mut decoder = options.read_info(bytes).map_err(damaged)?;
    limits.check(decoder.width().into(), decoder.height().into(), BYTES_A_PIXEL)?;
    let (width, height) = (usize::from(decoder.width()), usize::from(decoder.height()));
    let of_all = grays(decoder.global_palette().unwrap_or_default());
    let frame = decoder.read_next_frame().map_err(damaged)?.ok_or_else(|| BadPicture::damaged(Kind::Gif, "it has no picture"))?;
    let palette = frame.palette.as_deref().map_or(of_all, grays);
    let seen = |index: u8| match palette.get(usize::from(index)) {
        Some(&gray) if frame.transparent != Some(index) => gray,
        _ => WHITE,
    };
    // What the frame does not cover is seen through.
    let mut pixels = vec![WHITE; width * height];
    let [left, top, frame_width] = [frame.left, frame.top, frame.width].map(usize::from);
    let rows = pixels.chunks_exact_mut(width.max(1)).skip(top).zip(frame.buffer.chunks_exact(frame_width.max(1)));
    for (row, indices) in rows {
        row.iter_mut().skip(left).zip(indices).for_each(|(pixel, &index)| *pixel = seen(index));
    }
    if decoder.next_frame_info().map_err(damaged)?.is_some() {
        return Err(BadPicture::Animated);
    }
    Luma::new(width as u32, height as u32, pixels).ok_or_else(|| BadPicture::damaged(Kind::Gif, "it has no pixels"))
}

const WHITE: u8 = 255;

fn grays(palette: &[u8]) -> Vec<u8> {
    let mut grays = Vec::with_capacity(palette.len() / 3);
    Layout::Rgb.extend(&mut grays, palette);
    grays
}

fn damaged(error: DecodingError) -> BadPicture {
    BadPicture::damaged(Kind::Gif, error)
}
