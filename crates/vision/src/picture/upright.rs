//! The EXIF orientation: how a picture is to be turned, since cameras store what the sensor gave.

use image::metadata::Orientation;

use crate::Luma;

/// Turns a picture upright, as the EXIF block (a TIFF header and what follows) says.
pub(super) fn upright(picture: Luma, exif: Option<&[u8]>) -> Luma {
    match exif.and_then(Orientation::from_exif_chunk) {
        Some(orientation) => turned(picture, orientation),
        None => picture,
    }
}

/// Pixels are moved in squares of so many a side, so that reading and writing both stay in the cache.
const TILE: usize = 32;

fn turned(picture: Luma, orientation: Orientation) -> Luma {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let (last_x, last_y) = (width - 1, height - 1);
    match orientation {
        Orientation::NoTransforms => picture,
        Orientation::FlipHorizontal => mirrored(picture),
        Orientation::Rotate180 => reversed(picture),
        Orientation::FlipVertical => reversed(mirrored(picture)),
        Orientation::Rotate90 => transposed(&picture, |x, y| (y, last_y - x)),
        Orientation::Rotate270 => transposed(&picture, |x, y| (last_x - y, x)),
        Orientation::Rotate90FlipH => transposed(&picture, |x, y| (y, x)),
        Orientation::Rotate270FlipH => transposed(&picture, |x, y| (last_x - y, last_y - x)),
    }
}

fn mirrored(mut picture: Luma) -> Luma {
    let width = picture.width() as usize;
    picture.pixels_mut().chunks_exact_mut(width).for_each(<[u8]>::reverse);
    picture
}

fn reversed(mut picture: Luma) -> Luma {
    picture.pixels_mut().reverse();
    picture
}

/// A picture as high as the other is wide; `from` says where each pixel comes from.
fn transposed(picture: &Luma, from: impl Fn(usize, usize) -> (usize, usize)) -> Luma {
    let (width, height) = (picture.height() as usize, picture.width() as usize);
    let (old, mut pixels) = (picture.pixels(), vec![0; width * height]);
    for top in (0..height).step_by(TILE) {
        for left in (0..width).step_by(TILE) {
            for y in top..(top + TILE).min(height) {
                for x in left..(left + TILE).min(width) {
                    let (old_x, old_y) = from(x, y);
                    pixels[y * width + x] = old[old_y * height + old_x];
                }
            }
        }
    }
    Luma::new(picture.height(), picture.width(), pixels).unwrap_or_else(|| picture.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small EXIF block with an orientation and nothing else.
    fn exif(orientation: u8) -> Vec<u8> {
        let mut block = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        block.extend([orientation, 0, 0, 0, 0, 0, 0]);
        block
    }

    /// EXIF 2.32, 4.6.4 A: what the stored first row and first column are of what is seen.
    #[test]
    fn all_eight_orientations_are_turned_back() {
        // Seen:  1 2 3
        //        4 5 6
        let seen = Luma::new(3, 2, vec![1, 2, 3, 4, 5, 6]).unwrap();
        let stored: [(u32, &[u8]); 8] = [
            (3, &[1, 2, 3, 4, 5, 6]),
            (3, &[3, 2, 1, 6, 5, 4]),
            (3, &[6, 5, 4, 3, 2, 1]),
            (3, &[4, 5, 6, 1, 2, 3]),
            (2, &[1, 4, 2, 5, 3, 6]),
            (2, &[3, 6, 2, 5, 1, 4]),
            (2, &[6, 3, 5, 2, 4, 1]),
            (2, &[4, 1, 5, 2, 6, 3]),
        ];
        for (orientation, (width, pixels)) in (1..).zip(stored) {
            let picture = Luma::new(width, 6 / width, pixels.to_vec()).unwrap();
            let turned = upright(picture, Some(&exif(orientation)));
            assert_eq!((turned.width(), turned.pixels()), (3, seen.pixels()), "orientation {orientation}");
        }
    }

    #[test]
    fn large_pictures_are_turned_across_the_tiles() {
        let picture = Luma::new(70, 41, (0..70 * 41).map(|n: u32| (n % 251) as u8).collect()).unwrap();
        let there = turned(picture.clone(), Orientation::Rotate90);
        assert_eq!((there.width(), there.height()), (41, 70));
        assert!(turned(there, Orientation::Rotate270) == picture);
    }

    #[test]
    fn a_block_that_is_none_turns_nothing() {
        let picture = Luma::new(2, 1, vec![1, 2]).unwrap();
        for block in [&b""[..], b"II", b"II*\0\xff\xff\xff\xff", &exif(0), &exif(9)] {
            assert!(upright(picture.clone(), Some(block)) == picture);
        }
    }
}
