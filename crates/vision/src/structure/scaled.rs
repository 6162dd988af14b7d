//! Pictures at their working size: small enough that the cost of a comparison does not depend on the camera.

use crate::Luma;

/// The longest side of a picture at working size, in pixels.
pub(crate) const LONGEST: usize = 480;

/// A gray picture at working size: brightness 0 to 255 a pixel, row by row.
#[derive(Debug, Clone)]
pub(crate) struct Scaled {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<f32>,
}

impl Scaled {
    /// A picture at working size: reduced until its longer side has [`LONGEST`] pixels, never enlarged.
    pub(crate) fn fit(picture: &Luma) -> Self {
        Self::within(picture, LONGEST)
    }

    /// A picture reduced until its longer side has so many pixels, never enlarged.
    pub(crate) fn within(picture: &Luma, most: usize) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let longest = width.max(height);
        let reduced = |side: usize| if longest <= most { side } else { ((side * most + longest / 2) / longest).max(1) };
        Self::sized(picture, reduced(width), reduced(height))
    }

    /// A picture at a given size, each pixel the mean of what it covers.
    pub(crate) fn sized(picture: &Luma, width: usize, height: usize) -> Self {
        let (rows, columns) = (taps(picture.height() as usize, height), taps(picture.width() as usize, width));
        let mut pixels = Vec::with_capacity(width * height);
        let mut row = vec![0.0f32; picture.width() as usize];
        for (first, weights) in &rows {
            // Down the columns first: whole rows are added up at once, which is what a processor is good at.
            row.fill(0.0);
            for (y, weight) in (*first..).zip(weights) {
                for (sum, &pixel) in row.iter_mut().zip(picture.row(y as u32)) {
                    *sum += weight * f32::from(pixel);
                }
            }
            pixels.extend(
                columns.iter().map(|(first, weights)| row[*first..].iter().zip(weights).map(|(value, weight)| value * weight).sum::<f32>()),
            );
        }
        Self { width, height, pixels }
    }

    /// The same at another size; as it is where it has that size.
    pub(crate) fn stretched(&self, width: usize, height: usize) -> Self {
        if (self.width, self.height) == (width, height) {
            return self.clone();
        }
        let (across, down) = (self.width as f32 / width as f32, self.height as f32 / height as f32);
        let place = |index: usize, step: f32| (index as f32 + 0.5) * step - 0.5;
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| self.at(place(x, across), place(y, down)))).collect();
        Self { width, height, pixels }
    }

    /// The brightness at a place between pixels; that of the rim beyond it.
    pub(crate) fn at(&self, x: f32, y: f32) -> f32 {
        between(&self.pixels, self.width, self.height, x, y)
    }

    /// One row.
    pub(crate) fn row(&self, y: usize) -> &[f32] {
        &self.pixels[y * self.width..(y + 1) * self.width]
    }
}

/// The value of a grid at a place between its points; that of the rim beyond it.
pub(crate) fn between(values: &[f32], width: usize, height: usize, x: f32, y: f32) -> f32 {
    let (x, y) = (x.clamp(0.0, (width - 1) as f32), y.clamp(0.0, (height - 1) as f32));
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
    let (u, v) = (x - left as f32, y - top as f32);
    let upper = values[top * width + left] * (1.0 - u) + values[top * width + right] * u;
    let lower = values[bottom * width + left] * (1.0 - u) + values[bottom * width + right] * u;
    upper * (1.0 - v) + lower * v
}

/// For each of `to` pixels along a side of `from`: the first source pixel, and the weights of those from there on. They add up to one.
fn taps(from: usize, to: usize) -> Vec<(usize, Vec<f32>)> {
    let step = from as f32 / to as f32;
    let tap = |index: usize| {
        if from <= to {
            // Enlarged: between the centres of two pixels.
            let centre = ((index as f32 + 0.5) * step - 0.5).clamp(0.0, (from - 1) as f32);
            let first = (centre as usize).min(from - 1);
            let part = centre - first as f32;
            return if first + 1 < from { (first, vec![1.0 - part, part]) } else { (first, vec![1.0]) };
        }
        let (start, end) = (index as f32 * step, ((index + 1) as f32 * step).min(from as f32));
        let first = (start as usize).min(from - 1);
        let last = (end.ceil() as usize).clamp(first + 1, from);
        let mut weights: Vec<f32> = (first..last).map(|at| (end.min((at + 1) as f32) - start.max(at as f32)).max(0.0)).collect();
        let whole: f32 = weights.iter().sum();
        if whole > 0.0 {
            weights.iter_mut().for_each(|weight| *weight /= whole);
        }
        (first, weights)
    };
    (0..to).map(tap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_reduced_to_the_working_size_and_keeps_its_brightness() {
        let picture = Luma::new(1920, 1080, vec![77; 1920 * 1080]).unwrap();
        let small = Scaled::fit(&picture);
        assert_eq!((small.width, small.height), (480, 270));
        assert!(small.pixels.iter().all(|pixel| (pixel - 77.0).abs() < 0.01));
    }

    #[test]
    fn an_edge_stays_where_it_is_at_any_size() {
        let picture = Luma::new(1000, 10, (0..10_000).map(|index| if index % 1000 < 500 { 0 } else { 200 }).collect()).unwrap();
        for width in [100, 333, 480, 1000, 2000] {
            let scaled = Scaled::sized(&picture, width, 4);
            let dark: f32 = scaled.row(2).iter().map(|pixel| 1.0 - pixel / 200.0).sum();
            assert!((dark - width as f32 / 2.0).abs() < 0.51, "{width}: {dark}");
        }
    }

    #[test]
    fn any_size_comes_out_of_any_size() {
        for (width, height) in [(1, 1), (1, 5000), (5000, 1), (3, 2)] {
            let picture = Luma::new(width, height, vec![9; (width * height) as usize]).unwrap();
            let fitted = Scaled::fit(&picture);
            assert!(fitted.width.max(fitted.height) <= LONGEST);
            assert_eq!(Scaled::sized(&picture, 7, 5).pixels.len(), 35);
        }
    }
}
