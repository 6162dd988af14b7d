//! PNG, row by row: the picture is never held in colours.

use std::io::Cursor;

use png::{ColorType, Decoder, DecodingError, Reader, Transformations};

use super::gray::Layout;
use super::upright::upright;
use super::{BadPicture, Kind, Limits};
use crate::Luma;

/// What the decoder may hold itself: the window of deflate, a few rows, and chunks that come before the pixels.
const WORKING: usize = 8 << 20;

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Luma, BadPicture> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: WORKING });
    // Texts and profiles may be bombs themselves, and say nothing about gray.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    // Palettes and few bits become eight bits a channel, sixteen bits become eight, transparency becomes a channel.
    decoder.set_transformations(Transformations::normalize_to_color8());
    let header = decoder.read_header_info().map_err(damaged)?;
    limits.check(header.width.into(), header.height.into(), 1.0)?;
    let (width, height) = (header.width, header.height);
    let mut reader = decoder.read_info().map_err(damaged)?;
    let info = reader.info();
    if info.animation_control.is_some_and(|animation| animation.num_frames > 1) {
        return Err(BadPicture::Animated);
    }
    if info.frame_control.is_some_and(|frame| (frame.width, frame.height) != (width, height)) {
        return Err(BadPicture::damaged(Kind::Png, "its only frame is not as large as the picture"));
    }
    let is_interlaced = info.interlaced;
    let exif = info.exif_metadata.as_deref().map(<[u8]>::to_vec);
    let layout = match reader.output_color_type().0 {
        ColorType::Grayscale => Layout::Gray,
        ColorType::GrayscaleAlpha => Layout::GrayAlpha,
        ColorType::Rgb => Layout::Rgb,
        ColorType::Rgba => Layout::Rgba,
        ColorType::Indexed => return Err(BadPicture::damaged(Kind::Png, "its palette is missing")),
    };
    let read = if is_interlaced { passes } else { rows };
    let pixels = read(&mut reader, layout, width, height);
    let picture = Luma::new(width, height, pixels?).ok_or_else(|| BadPicture::damaged(Kind::Png, ENDS_EARLY))?;
    Ok(upright(picture, exif.as_deref()))
}

const ENDS_EARLY: &str = "it ends before its last row";

fn damaged(error: DecodingError) -> BadPicture {
    BadPicture::damaged(Kind::Png, error)
}

fn rows(reader: &mut Reader<Cursor<&[u8]>>, layout: Layout, width: u32, height: u32) -> Result<Vec<u8>, BadPicture> {
    let mut grays = Vec::with_capacity(width as usize * height as usize);
    while let Some(row) = reader.next_row().map_err(damaged)? {
        layout.extend(&mut grays, row.data());
    }
    Ok(grays)
}

/// The seven passes of Adam7: first column and row, and the steps between columns and rows (PNG 1.2, 2.6).
const ADAM7: [[usize; 4]; 7] = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

fn passes(reader: &mut Reader<Cursor<&[u8]>>, layout: Layout, width: u32, height: u32) -> Result<Vec<u8>, BadPicture> {
    let (width, height) = (width as usize, height as usize);
    let (mut grays, mut of_row) = (vec![0; width * height], Vec::with_capacity(width));
    for [left, top, step_x, step_y] in ADAM7 {
        if left >= width {
            continue;
        }
        for y in (top..height).step_by(step_y) {
            let row = reader.next_row().map_err(damaged)?.ok_or_else(|| BadPicture::damaged(Kind::Png, ENDS_EARLY))?;
            of_row.clear();
            layout.extend(&mut of_row, row.data());
            let places = grays[y * width..(y + 1) * width].iter_mut().skip(left).step_by(step_x);
            places.zip(&of_row).for_each(|(place, gray)| *place = *gray);
        }
    }
    Ok(grays)
}
