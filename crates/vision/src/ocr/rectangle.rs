//! The smallest rectangle around points, at any angle.

use crate::{Point, Quad};

/// A rectangle whose right is what a reader of its text has at the right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rectangle {
    centre: Point,
    /// To its right, of length 1.
    right: Point,
    /// From its centre to its right edge.
    half_width: f32,
    /// From its centre to its lower edge.
    half_height: f32,
}

/// A rectangle this many times as high as wide holds text that runs downwards or upwards.
const UPENDED: f32 = 1.5;

impl Rectangle {
    /// The smallest one around points; nothing at all where there is none.
    pub(super) fn around(points: &[Point]) -> Self {
        let hull = hull(points);
        let next = hull.iter().cycle().skip(1);
        // One side of the smallest rectangle lies on the hull.
        let along = hull.iter().zip(next).map(|(from, to)| Point { x: to.x - from.x, y: to.y - from.y });
        let along = along.filter(|side| side.x != 0.0 || side.y != 0.0).chain([Point { x: 1.0, y: 0.0 }]);
        let rectangles = along.map(|side| Self::along(&hull, side));
        let smallest = rectangles.min_by(|a, b| (a.half_width * a.half_height).total_cmp(&(b.half_width * b.half_height)));
        smallest.unwrap_or(Self { centre: Point::default(), right: Point { x: 1.0, y: 0.0 }, half_width: 0.0, half_height: 0.0 })
    }

    /// The one around points with a side in that direction, which is not nothing.
    fn along(points: &[Point], side: Point) -> Self {
        let length = side.x.hypot(side.y);
        let side = Point { x: side.x / length, y: side.y / length };
        // Text runs to the right, more or less.
        let to_right = [side, Point { x: -side.y, y: side.x }, Point { x: -side.x, y: -side.y }, Point { x: side.y, y: -side.x }];
        let right = to_right.into_iter().fold(side, |most, other| if other.x > most.x { other } else { most });
        let [left, end] = extent(points, right);
        let [top, bottom] = extent(points, below(right));
        let (x, y) = ((left + end) / 2.0, (top + bottom) / 2.0);
        let down = below(right);
        let centre = Point { x: right.x * x + down.x * y, y: right.y * x + down.y * y };
        Self { centre, right, half_width: (end - left) / 2.0, half_height: (bottom - top) / 2.0 }
    }

    /// Its shorter side.
    pub(super) fn thickness(&self) -> f32 {
        2.0 * self.half_width.min(self.half_height)
    }

    /// The same with a rim of so many times its area over its circumference.
    pub(super) fn widened(self, times: f32) -> Self {
        let rim = times * self.half_width * self.half_height / (self.half_width + self.half_height).max(f32::MIN_POSITIVE);
        Self { half_width: self.half_width + rim, half_height: self.half_height + rim, ..self }
    }

    /// Its corners as the text in it runs: downwards where it is much higher than wide.
    pub(super) fn quad(&self) -> Quad {
        let (right, down) = (self.right, below(self.right));
        let corner = |x: f32, y: f32| Point { x: self.centre.x + right.x * x + down.x * y, y: self.centre.y + right.y * x + down.y * y };
        let (x, y) = (self.half_width, self.half_height);
        let [a, b, c, d] = [corner(-x, -y), corner(x, -y), corner(x, y), corner(-x, y)];
        if y >= UPENDED * x { [b, c, d, a] } else { [a, b, c, d] }
    }
}

/// A quarter turn clockwise, as pictures have their y downwards.
fn below(right: Point) -> Point {
    Point { x: -right.y, y: right.x }
}

/// From where to where points reach in a direction.
fn extent(points: &[Point], along: Point) -> [f32; 2] {
    let at = |point: &Point| point.x * along.x + point.y * along.y;
    points.iter().map(at).fold([f32::MAX, f32::MIN], |[least, most], at| [least.min(at), most.max(at)])
}

/// The corners of what a rubber band around points encloses (Andrew's monotone chain).
fn hull(points: &[Point]) -> Vec<Point> {
    let mut points = points.to_vec();
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    points.dedup();
    let mut hull: Vec<Point> = Vec::new();
    let half = |hull: &mut Vec<Point>, points: &mut dyn Iterator<Item = Point>| {
        let first = hull.len();
        for point in points {
            while let [.., a, b] = hull[first..] {
                if (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x) > 0.0 {
                    break;
                }
                hull.pop();
            }
            hull.push(point);
        }
        // The other half begins with it.
        hull.pop();
    };
    half(&mut hull, &mut points.iter().copied());
    half(&mut hull, &mut points.iter().rev().copied());
    if hull.is_empty() { points } else { hull }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points all over a rectangle around 50, 50, turned by so many degrees.
    fn turned(width: f32, height: f32, degrees: f32) -> Vec<Point> {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let steps = || (0..=20u8).map(|step| f32::from(step) / 20.0 - 0.5);
        let place = |x: f32, y: f32| Point { x: 50.0 + x * cos - y * sin, y: 50.0 + x * sin + y * cos };
        steps().flat_map(|y| steps().map(move |x| place(x * width, y * height))).collect()
    }

    #[test]
    fn a_tilted_line_is_found_at_its_angle() {
        for degrees in [-40.0, -10.0, 0.0, 5.0, 33.0] {
            let found = Rectangle::around(&turned(60.0, 10.0, degrees));
            assert!((found.thickness() - 10.0).abs() < 0.01, "{degrees}: {found:?}");
            let [a, b, ..] = found.quad();
            let angle = (b.y - a.y).atan2(b.x - a.x).to_degrees();
            assert!((angle - degrees).abs() < 0.1, "{angle} instead of {degrees}");
        }
    }

    #[test]
    fn text_in_a_high_rectangle_runs_downwards() {
        let [a, b, c, _] = Rectangle::around(&turned(10.0, 60.0, 0.0)).quad();
        assert!(b.y > a.y + 59.0 && (b.x - a.x).abs() < 0.01, "{a:?} {b:?}");
        assert!(c.x < b.x - 9.0, "{b:?} {c:?}");
    }

    #[test]
    fn points_that_enclose_nothing_have_no_thickness() {
        for points in [vec![], vec![Point { x: 3.0, y: 4.0 }], (0..9u8).map(|n| Point { x: f32::from(n), y: f32::from(n) }).collect()] {
            assert!(Rectangle::around(&points).thickness() < 0.01, "{points:?}");
        }
    }
}
