//! Colours to gray: the weights of BT.601, as JPEG has them in its own gray channel.

/// The gray of a colour, 0 to 255.
fn of_rgb(red: u8, green: u8, blue: u8) -> u8 {
    // The weights add up to 2¹⁶, so that white stays white.
    ((19_595 * u32::from(red) + 38_470 * u32::from(green) + 7_471 * u32::from(blue) + (1 << 15)) >> 16) as u8
}

/// What is seen of a gray through which white shines.
fn over_white(gray: u8, alpha: u8) -> u8 {
    let (gray, alpha) = (u32::from(gray), u32::from(alpha));
    ((gray * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

/// How the bytes of a pixel are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
    YCbCr,
}

impl Layout {
    pub(super) fn bytes_a_pixel(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb | Self::YCbCr => 3,
            Self::Rgba => 4,
        }
    }

    /// Appends the grays of whole pixels.
    pub(super) fn extend(self, grays: &mut Vec<u8>, pixels: &[u8]) {
        match self {
            Self::Gray => grays.extend_from_slice(pixels),
            Self::GrayAlpha => grays.extend(pixels.as_chunks().0.iter().map(|&[gray, alpha]| over_white(gray, alpha))),
            Self::Rgb => grays.extend(pixels.as_chunks().0.iter().map(|&[red, green, blue]| of_rgb(red, green, blue))),
            Self::YCbCr => grays.extend(pixels.as_chunks().0.iter().map(|&[gray, _, _]| gray)),
            Self::Rgba => {
                let of_rgba = |&[red, green, blue, alpha]: &[u8; 4]| over_white(of_rgb(red, green, blue), alpha);
                grays.extend(pixels.as_chunks().0.iter().map(of_rgba));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_scale_stay_where_they_are() {
        assert_eq!((of_rgb(0, 0, 0), of_rgb(255, 255, 255)), (0, 255));
        assert!((0..=255).all(|gray| of_rgb(gray, gray, gray) == gray));
    }

    #[test]
    fn what_is_seen_through_is_white() {
        assert_eq!((over_white(40, 255), over_white(40, 0), over_white(0, 127)), (40, 255, 128));
    }
}
