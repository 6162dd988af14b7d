//! Pictures of every kind, whole, broken and malicious. What encodes them is not what decodes them.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/pictures.rs"]
mod pictures;

use std::process::Command;

use image::{ExtendedColorType, ImageEncoder};
use jpeg_encoder::{ColorType, SamplingFactor};
use pandian_vision::Luma;
use pandian_vision::picture::{BadPicture, Bound, Limits, decode};
use pictures::{HEIGHT, Jpeg, PLAIN, WIDTH, chunks, gif, gray_of, interlaced, jpeg, png, rgb, seeds, stored};
use proptest::prelude::*;

fn decoded(bytes: &[u8]) -> Luma {
    decode(bytes, &Limits::default()).unwrap()
}

fn refused(bytes: &[u8]) -> BadPicture {
    decode(bytes, &Limits::default()).unwrap_err()
}

/// Nowhere off by more, and not so on average either.
fn assert_near(picture: &Luma, wanted: &[u8], most: u8, name: &str) {
    assert_eq!(picture.pixels().len(), wanted.len(), "{name}: {picture:?}");
    let off = picture.pixels().iter().zip(wanted).map(|(one, other)| one.abs_diff(*other));
    let (worst, sum) = off.fold((0, 0u64), |(worst, sum), off| (off.max(worst), sum + u64::from(off)));
    assert!(worst <= most && sum <= wanted.len() as u64 * u64::from(most) / 2, "{name}: off by {worst}, {sum} in all");
}

#[test]
fn jpegs_of_every_make_give_the_same_gray() {
    let colours = rgb(WIDTH, HEIGHT);
    let wanted = gray_of(&colours);
    use SamplingFactor::{F_1_1, F_1_2, F_1_4, F_2_1, F_2_2, F_2_4, F_4_1, F_4_2};
    for sampling in [F_1_1, F_2_1, F_1_2, F_2_2, F_4_1, F_4_2, F_1_4, F_2_4] {
        for (progressive, restarts) in [(false, 0), (false, 3), (true, 0), (true, 5)] {
            let name = format!("{sampling:?} progressive {progressive} restarts {restarts}");
            let bytes = Jpeg { sampling, progressive, restarts, exif: None }.of(&colours, WIDTH, HEIGHT, ColorType::Rgb);
            match decode(&bytes, &Limits::default()) {
                Ok(picture) => assert_near(&picture, &wanted, 6, &name),
                Err(error) => panic!("{name}: {error}"),
            }
        }
    }
    for progressive in [false, true] {
        let bytes = Jpeg { progressive, ..PLAIN }.of(&wanted, WIDTH, HEIGHT, ColorType::Luma);
        assert_near(&decoded(&bytes), &wanted, 6, "gray");
    }
}

#[test]
fn a_jpeg_of_print_colours_is_refused() {
    let inks: Vec<u8> = (0..16 * 16 * 4).map(|at| at as u8).collect();
    for colours in [ColorType::Cmyk, ColorType::Ycck] {
        assert_eq!(refused(&PLAIN.of(&inks, 16, 16, colours)), BadPicture::Cmyk);
    }
}

#[test]
fn a_picture_is_turned_as_its_exif_says() {
    // Dark on the left as it was stored; 6 means that it is to be turned clockwise: then dark is above.
    let stored: Vec<u8> = (0..32 * 16).map(|at| if at % 32 < 16 { 10 } else { 240 }).collect();
    let bytes = Jpeg { exif: Some(6), ..PLAIN }.of(&stored, 32, 16, ColorType::Luma);
    let picture = decoded(&bytes);
    assert_eq!((picture.width(), picture.height()), (16, 32));
    assert!(picture.row(3).iter().all(|&gray| gray < 40) && picture.row(28).iter().all(|&gray| gray > 210));
}

#[test]
fn a_jpeg_that_ends_early_is_an_error_and_never_half_gray() {
    let whole = PLAIN.of(&rgb(320, 240), 320, 240, ColorType::Rgb);
    let scan = whole.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    for make in [PLAIN, Jpeg { restarts: 7, ..PLAIN }, Jpeg { progressive: true, ..PLAIN }] {
        let whole = make.of(&rgb(320, 240), 320, 240, ColorType::Rgb);
        for share in 1..20 {
            let cut = &whole[..scan + (whole.len() - scan) * share / 20];
            let error = decode(cut, &Limits::default()).expect_err(&format!("{share} twentieths, progressive {}", make.progressive));
            assert!(matches!(error, BadPicture::Damaged { kind: "JPEG", .. }), "{error}");
        }
    }
    // Some programs close what was cut with a mark of the end.
    for share in 2..19 {
        let mut closed = whole[..scan + (whole.len() - scan) * share / 20].to_vec();
        closed.extend([0xff, 0xd9]);
        assert!(matches!(refused(&closed), BadPicture::Damaged { .. }), "{share} twentieths, closed");
    }
    // The mark alone may be missing, and anything may follow it.
    assert!(decode(&whole[..whole.len() - 2], &Limits::default()).is_ok());
    assert!(decode(&[&whole[..], b"\0\0trailing"].concat(), &Limits::default()).is_ok());
}

#[test]
fn pngs_of_every_make_give_the_same_gray() {
    use png::{BitDepth, ColorType};
    let colours = rgb(WIDTH, HEIGHT);
    let wanted = gray_of(&colours);
    let bytes = png(ColorType::Rgb, BitDepth::Eight, &colours, |_| ());
    assert_near(&decoded(&bytes), &wanted, 1, "RGB");
    assert_near(&decoded(&png(ColorType::Grayscale, BitDepth::Eight, &wanted, |_| ())), &wanted, 0, "gray");
    let deep: Vec<u8> = colours.iter().flat_map(|&channel| [channel, 77]).collect();
    assert_near(&decoded(&png(ColorType::Rgb, BitDepth::Sixteen, &deep, |_| ())), &wanted, 1, "16 bits");
    // Half transparent over white.
    let faint: Vec<u8> = wanted.iter().flat_map(|&gray| [gray, 128]).collect();
    let over_white: Vec<u8> = wanted.iter().map(|&gray| (f32::from(gray) * 128.0 / 255.0 + 127.0) as u8).collect();
    assert_near(&decoded(&png(ColorType::GrayscaleAlpha, BitDepth::Eight, &faint, |_| ())), &over_white, 1, "alpha");
    // A palette whose second entry is transparent, four bits a pixel.
    let row: Vec<u8> = (0..WIDTH.div_ceil(2)).map(|at| if at % 2 == 0 { 0x01 } else { 0x20 }).collect();
    let bytes = png(ColorType::Indexed, BitDepth::Four, &row.repeat(HEIGHT.into()), |encoder| {
        encoder.set_palette(vec![10, 10, 10, 20, 20, 20, 200, 200, 200]);
        encoder.set_trns(vec![255, 0]);
    });
    assert_eq!(decoded(&bytes).row(7)[..4], [10, 255, 200, 10]);
    // One bit a pixel.
    let stripes = vec![0b1010_1010; usize::from(WIDTH.div_ceil(8)) * usize::from(HEIGHT)];
    assert_eq!(decoded(&png(ColorType::Grayscale, BitDepth::One, &stripes, |_| ())).row(0)[..3], [255, 0, 255]);
}

#[test]
fn interlaced_pngs_are_put_together_at_any_size() {
    let gray = |x: usize, y: usize| (x * 31 + y * 17) as u8;
    for (width, height) in [(1, 1), (2, 3), (3, 2), (4, 9), (5, 5), (8, 8), (21, 13)] {
        let picture = decoded(&interlaced(width, height, gray));
        for y in 0..height {
            assert!((0..width).all(|x| picture.row(y as u32)[x] == gray(x, y)), "{width} × {height}, row {y}");
        }
    }
}

#[test]
fn the_rarer_kinds_give_the_same_gray() {
    let colours = rgb(WIDTH, HEIGHT);
    let wanted = gray_of(&colours);
    let mut bmp = Vec::new();
    image::codecs::bmp::BmpEncoder::new(&mut bmp).encode(&colours, WIDTH.into(), HEIGHT.into(), ExtendedColorType::Rgb8).unwrap();
    assert_near(&decoded(&bmp), &wanted, 1, "BMP");
    let mut webp = Vec::new();
    let encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut webp);
    encoder.write_image(&colours, WIDTH.into(), HEIGHT.into(), ExtendedColorType::Rgb8).unwrap();
    assert_near(&decoded(&webp), &wanted, 1, "WebP");
    assert_eq!(decoded(&gif(&[(2, 1)])).row(1), [255, 255, 30, 200, 30, 255], "what a GIF's frame does not cover is white");
    for (kind, whole) in [("BMP", bmp), ("WebP", webp), ("GIF", gif(&[(0, 0)]))] {
        let error = refused(&whole[..whole.len() * 2 / 3]);
        assert!(matches!(&error, BadPicture::Damaged { kind: told, .. } if *told == kind), "{kind}: {error}");
    }
}

#[test]
fn films_are_refused_and_a_film_of_one_picture_is_a_picture() {
    assert_eq!(refused(&gif(&[(0, 0), (1, 1)])), BadPicture::Animated);
    let apng = |frames: u32| {
        let gray = vec![90; usize::from(WIDTH) * usize::from(HEIGHT)];
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, WIDTH.into(), HEIGHT.into());
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_animated(frames, 0).unwrap();
        let mut writer = encoder.write_header().unwrap();
        (0..frames).for_each(|_| writer.write_image_data(&gray).unwrap());
        drop(writer);
        bytes
    };
    assert_eq!(refused(&apng(2)), BadPicture::Animated);
    assert!(decoded(&apng(1)).pixels().iter().all(|&gray| gray == 90));
    // A WebP's extended header, with the flag of an animation.
    let mut film = b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x0f\0\0\x0f\0\0ANIM\x06\0\0\0".to_vec();
    film.extend([0; 6]);
    assert!(matches!(refused(&film), BadPicture::Animated | BadPicture::Damaged { .. }));
}

#[test]
fn what_is_no_picture_says_so() {
    let limits = Limits::default();
    assert_eq!(refused(b""), BadPicture::Empty);
    for bytes in [&b"<html>"[..], b"II*\0", b"MM\0*", b"\0", b"%PDF-1.7", b"\xff\xd8"] {
        assert_eq!(refused(bytes), BadPicture::UnknownKind);
    }
    assert_eq!(refused(&vec![0; limits.bytes + 1]), BadPicture::TooManyBytes { bytes: limits.bytes + 1, limit: limits.bytes });
    assert_eq!(refused(b"\x89PNG\r\n\x1a\n").code(), "picture-damaged");
}

/// Headers of 60,000 × 60,000 pixels, and as much behind them as makes a reader believe it.
fn giants() -> Vec<(&'static str, Vec<u8>)> {
    let mut of_jpeg = jpeg();
    let frame = of_jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    of_jpeg[frame + 5..frame + 9].copy_from_slice(&[0xea, 0x60, 0xea, 0x60]);
    let side = 60_000u32.to_be_bytes();
    let of_png =
        chunks(&[(b"IHDR", [&side[..], &side, &[8, 6, 0, 0, 0]].concat()), (b"IDAT", stored(&[0; 100_000])), (b"IEND", Vec::new())]);
    let of_gif = [&b"GIF89a\x60\xea\x60\xea\0\0\0,\0\0\0\0\x60\xea\x60\xea\0\x02\x16"[..], &[0x8c; 22], b"\0;"].concat();
    let mut of_bmp = Vec::new();
    image::codecs::bmp::BmpEncoder::new(&mut of_bmp).encode(&[0; 12], 2, 2, ExtendedColorType::Rgb8).unwrap();
    of_bmp[18..26].copy_from_slice(&[60_000u32.to_le_bytes(), 60_000u32.to_le_bytes()].concat());
    // A lossless WebP's own header holds 14 bits a side.
    let of_webp = [&b"RIFF\x1c\0\0\0WEBPVP8L\x10\0\0\0\x2f"[..], &0x0fff_ffffu32.to_le_bytes(), &[0; 11]].concat();
    vec![("JPEG", of_jpeg), ("PNG", of_png), ("GIF", of_gif), ("BMP", of_bmp), ("WebP", of_webp)]
}

#[test]
fn giants_are_refused_by_their_headers() {
    for (kind, bytes) in giants() {
        let error = refused(&bytes);
        // A WebP's sides are told twice, and have to be the same.
        let by_size = error.to_string().contains("pixels a side") && matches!(error, BadPicture::TooLarge { .. });
        assert!(by_size || kind == "WebP", "{kind}: {error}");
    }
    let small = Limits { pixels: 5_000, ..Limits::default() };
    let error = decode(&jpeg(), &small).unwrap_err();
    assert_eq!(error, BadPicture::TooLarge { width: WIDTH.into(), height: HEIGHT.into(), limit: Bound::Pixels(5_000) });
}

/// The most memory that this process ever had.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

/// The dearest pictures that are decoded at all.
fn dear(name: &str) -> Vec<u8> {
    let (width, height) = (5_900, 4_000);
    let noise = |count: usize| -> Vec<u8> { (0..count as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8 & 0x3f).collect() };
    let gray = || noise(usize::from(width) * usize::from(height));
    let make = |sampling, progressive| {
        let colours = noise(3 * usize::from(width) * usize::from(height));
        Jpeg { sampling, progressive, ..PLAIN }.of(&colours, width, height, ColorType::Rgb)
    };
    match name {
        "baseline" => make(SamplingFactor::F_1_1, false),
        "progressive" => make(SamplingFactor::F_2_2, true),
        "gray progressive" => Jpeg { progressive: true, ..PLAIN }.of(&gray(), width, height, ColorType::Luma),
        "interlaced" => interlaced(width.into(), height.into(), |x, y| (x ^ y) as u8),
        "WebP" => {
            let (mut bytes, colours) = (Vec::new(), noise(3 * 4_000 * 4_000));
            let encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut bytes);
            encoder.write_image(&colours, 4_000, 4_000, ExtendedColorType::Rgb8).unwrap();
            bytes
        }
        other => panic!("{other}"),
    }
}

const DEAR: [&str; 5] = ["baseline", "progressive", "gray progressive", "interlaced", "WebP"];

/// Not a test by itself: what the next one runs in processes of their own, so that nothing else is measured.
#[test]
#[ignore = "run by the test below"]
fn decodes_one_dear_picture() {
    let Ok(file) = std::env::var("PANDIAN_DEAR") else { return };
    let bytes = std::fs::read(file).unwrap();
    let before = peak_bytes();
    let result = decode(&bytes, &Limits::default());
    println!("took {} after {:?}", peak_bytes() - before, result.map(|picture| picture.width()));
}

#[test]
fn no_picture_takes_more_than_200_mb() {
    let folder = std::env::temp_dir();
    let mut all: Vec<(&str, Vec<u8>)> = DEAR.map(|name| (name, dear(name))).into();
    all.extend(giants());
    for (name, bytes) in all {
        let file = folder.join(format!("pandian-dear-{}-{name}", std::process::id()));
        std::fs::write(&file, &bytes).unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "decodes_one_dear_picture", "--nocapture"])
            .env("PANDIAN_DEAR", &file)
            .output()
            .unwrap();
        std::fs::remove_file(&file).unwrap();
        let told = String::from_utf8_lossy(&child.stdout).into_owned();
        let took = told.split("took ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<u64>().ok());
        let took = took.unwrap_or_else(|| panic!("{name}: {told} {}", String::from_utf8_lossy(&child.stderr)));
        assert!(took <= 200_000_000, "{name}: {told}");
        println!("{name}: {} MB", took / 1_000_000);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Bytes changed, cut out and put in: whatever comes of it, it is a picture or an error.
    #[test]
    fn no_bytes_make_it_panic(seed in 0usize..12, edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..4), 1..12)) {
        let (_, mut bytes) = seeds().swap_remove(seed);
        for (place, byte, edit) in edits {
            let at = place.index(bytes.len());
            match edit {
                0 | 1 => bytes[at] = byte,
                2 => bytes.insert(at, byte),
                _ if bytes.len() > 16 => drop(bytes.drain(at..(at + usize::from(byte)).min(bytes.len() - 8).max(at))),
                _ => {}
            }
        }
        let small = Limits { pixels: 200_000, ..Limits::default() };
        let _ = decode(&bytes, &small);
    }
}
