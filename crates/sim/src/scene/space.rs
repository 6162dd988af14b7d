//! Where things are, and where on the picture they are seen.
//!
//! Metres: x to the right from the slot's middle, y up from the upper edge of its carrying beam, z away from the camera from that beam's front.

use std::ops::{Add, Mul, Sub};

/// A point or a direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct V3(pub(super) f32, pub(super) f32, pub(super) f32);

impl Add for V3 {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1 + other.1, self.2 + other.2)
    }
}

impl Sub for V3 {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0, self.1 - other.1, self.2 - other.2)
    }
}

impl Mul<f32> for V3 {
    type Output = Self;
    fn mul(self, by: f32) -> Self {
        Self(self.0 * by, self.1 * by, self.2 * by)
    }
}

impl V3 {
    pub(super) fn dot(self, other: Self) -> f32 {
        self.0 * other.0 + self.1 * other.1 + self.2 * other.2
    }

    pub(super) fn cross(self, other: Self) -> Self {
        Self(self.1 * other.2 - self.2 * other.1, self.2 * other.0 - self.0 * other.2, self.0 * other.1 - self.1 * other.0)
    }

    pub(super) fn length(self) -> f32 {
        self.dot(self).sqrt()
    }

    pub(super) fn unit(self) -> Self {
        self * (1.0 / self.length().max(1e-9))
    }
}

/// A parallelogram: a corner, and the two edges that leave it. Seen from outside, `across` goes to the right and `down` down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Face {
    pub(super) corner: V3,
    pub(super) across: V3,
    pub(super) down: V3,
}

impl Face {
    /// One that faces the camera: its left, upper corner, its width and height.
    pub(super) fn upright(left: f32, top: f32, z: f32, width: f32, height: f32) -> Self {
        Self { corner: V3(left, top, z), across: V3(width, 0.0, 0.0), down: V3(0.0, -height, 0.0) }
    }

    /// One that lies: its height over the beam; the rear is up on it.
    pub(super) fn lying(left: f32, right: f32, y: f32, front: f32, rear: f32) -> Self {
        Self { corner: V3(left, y, rear), across: V3(right - left, 0.0, 0.0), down: V3(0.0, 0.0, front - rear) }
    }

    /// One that stands along the depth.
    pub(super) fn along(x: f32, top: f32, front: f32, rear: f32, height: f32) -> Self {
        Self { corner: V3(x, top, front), across: V3(0.0, 0.0, rear - front), down: V3(0.0, -height, 0.0) }
    }

    /// The point at shares of its width and height.
    pub(super) fn at(&self, across: f32, down: f32) -> V3 {
        self.corner + self.across * across + self.down * down
    }

    /// A part of it, in shares: left, top, width, height.
    pub(super) fn part(&self, left: f32, top: f32, width: f32, height: f32) -> Self {
        Self { corner: self.at(left, top), across: self.across * width, down: self.down * height }
    }

    pub(super) fn width(&self) -> f32 {
        self.across.length()
    }

    pub(super) fn height(&self) -> f32 {
        self.down.length()
    }
}

/// The camera: a pinhole.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) eye: V3,
    right: V3,
    below: V3,
    ahead: V3,
    /// Pixels a metre at a distance of one metre.
    pub(super) focus: f32,
    middle: [f32; 2],
}

/// From pixels of the picture to metres on a face.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mapping {
    rows: [[f32; 3]; 3],
}

impl Mapping {
    /// The three sums at the left end of a row of pixels, and how much each grows from pixel to pixel.
    pub(super) fn row(&self, x: f32, y: f32) -> ([f32; 3], [f32; 3]) {
        (self.rows.map(|row| row[0] * x + row[1] * y + row[2]), self.rows.map(|row| row[0]))
    }
}

impl View {
    /// Looks from `eye` at `target`, turned about its own axis by `roll` (radians).
    pub(super) fn new(eye: V3, target: V3, roll: f32, focus: f32, middle: [f32; 2]) -> Self {
        let ahead = (target - eye).unit();
        let level = V3(0.0, 1.0, 0.0).cross(ahead).unit();
        let below = level.cross(ahead).unit();
        let (sin, cos) = roll.sin_cos();
        Self { eye, right: level * cos + below * sin, below: below * cos - level * sin, ahead, focus, middle }
    }

    fn turned(&self, of: V3) -> V3 {
        V3(of.dot(self.right), of.dot(self.below), of.dot(self.ahead))
    }

    /// How far before the camera a point is.
    pub(super) fn distance(&self, point: V3) -> f32 {
        (point - self.eye).dot(self.ahead)
    }

    /// Where a point is seen, in pixels; none behind the camera.
    pub(super) fn project(&self, point: V3) -> Option<[f32; 2]> {
        let V3(x, y, z) = self.turned(point - self.eye);
        (z > 0.05).then(|| [self.middle[0] + self.focus * x / z, self.middle[1] + self.focus * y / z])
    }

    /// Whether a point is on a picture of that size, or not far beside it.
    pub(super) fn sees(&self, point: V3, width: usize, height: usize) -> bool {
        let near = |at: f32, size: usize| (-0.3..1.3).contains(&(at / size as f32));
        self.project(point).is_some_and(|[x, y]| near(x, width) && near(y, height))
    }

    /// From pixels to metres on a face, along its edges.
    pub(super) fn mapping(&self, face: &Face) -> Mapping {
        let corner = self.turned(face.corner - self.eye);
        let (across, down) = (self.turned(face.across.unit()), self.turned(face.down.unit()));
        let rows = [down.cross(corner), corner.cross(across), across.cross(down)].map(|V3(x, y, z)| {
            let (x, y) = (x / self.focus, y / self.focus);
            [x, y, z - x * self.middle[0] - y * self.middle[1]]
        });
        Mapping { rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_at_a_pixel_is_what_lies_there_on_the_face() {
        let view = View::new(V3(0.2, 0.7, -1.8), V3(0.0, 0.5, 0.3), 0.01, 600.0, [320.0, 240.0]);
        for face in [Face::upright(-0.5, 0.9, 0.1, 1.0, 0.9), Face::lying(-0.5, 0.5, 0.0, 0.0, 1.0), Face::along(-0.5, 1.0, 0.0, 1.0, 1.0)]
        {
            let [x, y] = view.project(face.at(0.3, 0.6)).unwrap();
            let (sums, _) = view.mapping(&face).row(x, y);
            let (u, v) = (sums[0] / sums[2], sums[1] / sums[2]);
            assert!((u - 0.3 * face.width()).abs() < 1e-3 && (v - 0.6 * face.height()).abs() < 1e-3, "{u} {v}");
        }
    }

    #[test]
    fn right_is_right_and_up_is_up() {
        let view = View::new(V3(0.0, 0.5, -2.0), V3(0.0, 0.5, 0.0), 0.0, 500.0, [320.0, 240.0]);
        let [x, y] = view.project(V3(0.5, 1.0, 0.0)).unwrap();
        assert!(x > 400.0 && y < 200.0, "{x} {y}");
    }
}
