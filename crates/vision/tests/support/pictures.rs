//! Pictures of every kind, made with encoders of others.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::Cursor;

use image::{ExtendedColorType, ImageEncoder};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

pub(crate) const WIDTH: u16 = 83;
pub(crate) const HEIGHT: u16 = 61;

/// Smooth colours, so that no coding loses much.
pub(crate) fn rgb(width: u16, height: u16) -> Vec<u8> {
    let pixel = |x: u16, y: u16| {
        let [x, y] = [f32::from(x) / f32::from(width), f32::from(y) / f32::from(height)];
        [(x * 255.0) as u8, (y * 255.0) as u8, ((1.0 - x) * (1.0 - y) * 255.0) as u8]
    };
    (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect()
}

pub(crate) fn gray_of(rgb: &[u8]) -> Vec<u8> {
    rgb.as_chunks::<3>()
        .0
        .iter()
        .map(|&[r, g, b]| (0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b)).round() as u8)
        .collect()
}

pub(crate) struct Jpeg {
    pub(crate) sampling: SamplingFactor,
    pub(crate) progressive: bool,
    pub(crate) restarts: u16,
    pub(crate) exif: Option<u8>,
}

pub(crate) const PLAIN: Jpeg = Jpeg { sampling: SamplingFactor::F_2_2, progressive: false, restarts: 0, exif: None };

impl Jpeg {
    pub(crate) fn of(&self, pixels: &[u8], width: u16, height: u16, colours: ColorType) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 95);
        encoder.set_sampling_factor(self.sampling);
        encoder.set_progressive(self.progressive);
        if self.restarts > 0 {
            encoder.set_restart_interval(self.restarts);
        }
        if let Some(orientation) = self.exif {
            encoder.add_app_segment(1, [&b"Exif\0\0"[..], &exif(orientation)].concat()).unwrap();
        }
        encoder.encode(pixels, width, height, colours).unwrap();
        bytes
    }
}

/// A TIFF header and one entry: the orientation.
pub(crate) fn exif(orientation: u8) -> Vec<u8> {
    [&b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"[..], &[orientation, 0, 0, 0, 0, 0, 0, 0]].concat()
}

pub(crate) fn jpeg() -> Vec<u8> {
    PLAIN.of(&rgb(WIDTH, HEIGHT), WIDTH, HEIGHT, ColorType::Rgb)
}

pub(crate) fn png(
    colour: png::ColorType,
    depth: png::BitDepth,
    pixels: &[u8],
    set: impl FnOnce(&mut png::Encoder<'_, &mut Vec<u8>>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, WIDTH.into(), HEIGHT.into());
    encoder.set_color(colour);
    encoder.set_depth(depth);
    set(&mut encoder);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    bytes
}

/// Adam7 as others write it: the pixels of each pass, row by row, without filters. The encoder at hand writes none.
pub(crate) fn interlaced(width: usize, height: usize, gray: impl Fn(usize, usize) -> u8) -> Vec<u8> {
    let mut raw = Vec::new();
    for (left, top, across, down) in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)] {
        for y in (top..height).step_by(down).filter(|_| left < width) {
            raw.push(0);
            raw.extend((left..width).step_by(across).map(|x| gray(x, y)));
        }
    }
    let mut header = [(width as u32).to_be_bytes(), (height as u32).to_be_bytes()].concat();
    header.extend([8, 0, 0, 0, 1]);
    chunks(&[(b"IHDR", header), (b"IDAT", stored(&raw)), (b"IEND", Vec::new())])
}

pub(crate) fn chunks(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, content) in chunks {
        let named = [&kind[..], content].concat();
        bytes.extend((content.len() as u32).to_be_bytes());
        bytes.extend(&named);
        bytes.extend(crc(&named).to_be_bytes());
    }
    bytes
}

pub(crate) fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1))))
}

/// A zlib stream that compresses nothing.
pub(crate) fn stored(raw: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x78, 0x01];
    let mut pieces = raw.chunks(65_535).peekable();
    while let Some(piece) = pieces.next() {
        bytes.push(u8::from(pieces.peek().is_none()));
        bytes.extend((piece.len() as u16).to_le_bytes());
        bytes.extend((!(piece.len() as u16)).to_le_bytes());
        bytes.extend(piece);
    }
    let (a, b) = raw.iter().fold((1u32, 0u32), |(a, b), byte| ((a + u32::from(*byte)) % 65_521, (b + a + u32::from(*byte)) % 65_521));
    bytes.extend((b << 16 | a).to_be_bytes());
    bytes
}

/// Frames of 3 × 2 pixels at these places on 6 × 4.
pub(crate) fn gif(frames: &[(u16, u16)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, 6, 4, &[30, 30, 30, 200, 200, 200]).unwrap();
    for &(left, top) in frames {
        let buffer = vec![0, 1, 0, 1, 0, 1].into();
        encoder.write_frame(&gif::Frame { left, top, width: 3, height: 2, buffer, ..gif::Frame::default() }).unwrap();
    }
    drop(encoder);
    bytes
}

/// Small pictures of every kind.
pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let colours = rgb(40, 24);
    let make =
        |progressive, restarts, sampling| Jpeg { progressive, restarts, sampling, exif: Some(3) }.of(&colours, 40, 24, ColorType::Rgb);
    let mut webp = Cursor::new(Vec::new());
    let encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut webp);
    encoder.write_image(&colours, 40, 24, ExtendedColorType::Rgb8).unwrap();
    let mut bmp = Vec::new();
    image::codecs::bmp::BmpEncoder::new(&mut bmp).encode(&colours, 40, 24, ExtendedColorType::Rgb8).unwrap();
    vec![
        ("jpeg", make(false, 0, SamplingFactor::F_2_2)),
        ("jpeg-restarts", make(false, 2, SamplingFactor::F_1_1)),
        ("jpeg-progressive", make(true, 0, SamplingFactor::F_2_2)),
        ("jpeg-progressive-restarts", make(true, 3, SamplingFactor::F_2_1)),
        ("jpeg-rows-sampled", make(false, 0, SamplingFactor::F_1_2)),
        ("jpeg-gray", PLAIN.of(&gray_of(&colours), 40, 24, ColorType::Luma)),
        ("png-interlaced", interlaced(21, 13, |x, y| (x * y) as u8)),
        ("png", png(png::ColorType::Rgb, png::BitDepth::Eight, &rgb(WIDTH, HEIGHT), |_| ())),
        ("gif", gif(&[(1, 1)])),
        ("gif-animated", gif(&[(1, 1), (0, 0)])),
        ("webp", webp.into_inner()),
        ("bmp", bmp),
    ]
}
