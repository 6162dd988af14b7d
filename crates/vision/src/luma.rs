//! Gray pictures, and places on them.

/// A gray picture: a byte a pixel, 0 black and 255 white, row by row from the top left.
#[derive(Clone, PartialEq, Eq)]
pub struct Luma {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

/// A point in pixels from the top left corner of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

/// The corners of something on a picture: its own top left, top right, bottom right and bottom left.
pub type Quad = [Point; 4];

/// A part of a picture, in shares of its width and height: 0 is left or top, 1 right or bottom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// The left edge.
    pub left: f32,
    /// The upper edge.
    pub top: f32,
    /// The right edge.
    pub right: f32,
    /// The lower edge.
    pub bottom: f32,
}

impl Region {
    /// The whole picture.
    pub const WHOLE: Self = Self { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 };

    /// Whether the edges are in order and within the picture.
    pub fn is_sound(&self) -> bool {
        let within = [self.left, self.top, self.right, self.bottom].iter().all(|edge| (0.0..=1.0).contains(edge));
        within && self.left < self.right && self.top < self.bottom
    }

    /// The same in whole pixels of a picture of that size: left, top, width and height, at least one pixel each.
    pub fn pixels(&self, width: u32, height: u32) -> [u32; 4] {
        let span = |from: f32, to: f32, size: u32| {
            let start = ((from * size as f32).round() as u32).min(size.saturating_sub(1));
            let end = ((to * size as f32).round() as u32).clamp(start + 1, size.max(start + 1));
            (start, end - start)
        };
        let ((left, wide), (top, high)) = (span(self.left, self.right, width), span(self.top, self.bottom, height));
        [left, top, wide, high]
    }
}

impl Luma {
    /// A picture of these pixels; none unless there are `width` × `height` of them, at least one.
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Option<Self> {
        let count = usize::try_from(u64::from(width) * u64::from(height)).ok()?;
        (count > 0 && pixels.len() == count).then_some(Self { width, height, pixels })
    }

    /// A picture that was made here. Neither side is 0; pixels that were left out are white.
    pub(crate) fn of(width: u32, height: u32, mut pixels: Vec<u8>) -> Self {
        debug_assert!(width > 0 && height > 0 && pixels.len() == width as usize * height as usize, "{width} × {height}");
        pixels.resize(width as usize * height as usize, 255);
        Self { width, height, pixels }
    }

    /// In pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// In pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Row by row from the top left.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The pixels, to be changed.
    pub fn pixels_mut(&mut self) -> &mut [u8] {
        &mut self.pixels
    }

    /// A row of pixels; the last one for any beyond it.
    pub fn row(&self, y: u32) -> &[u8] {
        let (width, y) = (self.width as usize, y.min(self.height - 1) as usize);
        &self.pixels[y * width..(y + 1) * width]
    }

    /// The part of it within a region, as a picture of its own.
    pub fn crop(&self, region: &Region) -> Self {
        let [left, top, width, height] = region.pixels(self.width, self.height);
        let mut pixels = Vec::with_capacity(width as usize * height as usize);
        for y in top..top + height {
            pixels.extend_from_slice(&self.row(y)[left as usize..(left + width) as usize]);
        }
        Self { width, height, pixels }
    }
}

impl std::fmt::Debug for Luma {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Luma({} × {})", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_as_many_pixels_as_it_says() {
        assert!(Luma::new(2, 3, vec![0; 6]).is_some());
        assert!(Luma::new(2, 3, vec![0; 5]).is_none());
        assert!(Luma::new(0, 3, vec![]).is_none());
    }

    #[test]
    fn a_region_never_leaves_the_picture_and_is_never_nothing() {
        for region in [
            Region::WHOLE,
            Region { left: 0.99, top: 0.999, right: 1.0, bottom: 1.0 },
            Region { left: 0.3, top: 0.3, right: 0.31, bottom: 0.31 },
        ] {
            for (width, height) in [(1, 1), (3, 7), (640, 480)] {
                let [left, top, wide, high] = region.pixels(width, height);
                assert!(wide >= 1 && high >= 1 && left + wide <= width && top + high <= height, "{region:?} of {width} × {height}");
            }
        }
    }

    #[test]
    fn a_crop_is_the_part_it_names() {
        let picture = Luma::new(4, 2, (0..8).collect()).unwrap();
        let part = picture.crop(&Region { left: 0.5, top: 0.5, right: 1.0, bottom: 1.0 });
        assert_eq!((part.width(), part.height(), part.pixels()), (2, 1, &[6, 7][..]));
    }
}
