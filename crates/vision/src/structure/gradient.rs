//! Slopes of brightness.

use super::scaled::{Scaled, between};

/// How steeply a picture's brightness rises to the right and downwards, in gray levels a pixel.
#[derive(Debug, Clone)]
pub(crate) struct Gradient {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// To the right.
    pub(crate) right: Vec<f32>,
    /// Downwards.
    pub(crate) down: Vec<f32>,
}

/// Which way an edge's brightness changes, and so along which way its place can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Across {
    /// To the right: a vertical edge.
    Right,
    /// Downwards: a horizontal edge.
    Down,
}

impl Gradient {
    /// Sobel's slopes. Nothing at the rim, where there is no neighbour.
    pub(crate) fn of(picture: &Scaled) -> Self {
        let (width, height) = (picture.width, picture.height);
        let (mut right, mut down) = (vec![0.0; width * height], vec![0.0; width * height]);
        if width >= 3 && height >= 3 {
            for y in 1..height - 1 {
                let (above, here, below) = (picture.row(y - 1), picture.row(y), picture.row(y + 1));
                let start = y * width + 1;
                let (right, down) = (&mut right[start..start + width - 2], &mut down[start..start + width - 2]);
                for x in 0..width - 2 {
                    let (a, b, c) = (above[x], above[x + 1], above[x + 2]);
                    let (d, f) = (here[x], here[x + 2]);
                    let (g, h, i) = (below[x], below[x + 1], below[x + 2]);
                    right[x] = (c - a + 2.0 * (f - d) + i - g) * 0.125;
                    down[x] = (g - a + 2.0 * (h - b) + i - c) * 0.125;
                }
            }
        }
        Self { width, height, right, down }
    }

    /// The slope in a direction at a place between pixels.
    pub(crate) fn at(&self, across: Across, x: f32, y: f32) -> f32 {
        between(self.values(across), self.width, self.height, x, y)
    }

    /// The slopes in a direction.
    pub(crate) fn values(&self, across: Across) -> &[f32] {
        match across {
            Across::Right => &self.right,
            Across::Down => &self.down,
        }
    }
}
