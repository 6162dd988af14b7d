//! How one picture lies on another.

/// The terms of a warp: two for the shift, four for turning, scaling and shearing, two for perspective.
pub(crate) const TERMS: usize = 8;

/// Maps a place of the reference to the place of the picture that shows the same: a shift, linear terms, and perspective to the first order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Warp {
    /// In pixels at the rim of the picture, which is one from its centre.
    pub(crate) terms: [f32; TERMS],
    /// The centre of the reference, in pixels.
    centre: [f32; 2],
    /// Half of its longer side, in pixels.
    radius: f32,
}

impl Warp {
    /// The one that moves nothing, of a reference of that size.
    pub(crate) fn identity(width: usize, height: usize) -> Self {
        Self { terms: [0.0; TERMS], centre: [width as f32 / 2.0, height as f32 / 2.0], radius: (width.max(height) as f32 / 2.0).max(1.0) }
    }

    /// The same, with what it maps to moved on by so much.
    pub(crate) fn shifted(mut self, right: f32, down: f32) -> Self {
        self.terms[0] += right;
        self.terms[1] += down;
        self
    }

    /// Half way from this one to another one of the same reference.
    pub(crate) fn between(mut self, other: &Self) -> Self {
        self.terms.iter_mut().zip(other.terms).for_each(|(term, other)| *term = 0.5 * (*term + other));
        self
    }

    /// What each term adds to the place in x and in y.
    pub(crate) fn basis(&self, x: f32, y: f32) -> ([f32; TERMS], [f32; TERMS]) {
        let (u, v) = ((x - self.centre[0]) / self.radius, (y - self.centre[1]) / self.radius);
        ([1.0, 0.0, u, v, 0.0, 0.0, u * u, u * v], [0.0, 1.0, 0.0, 0.0, u, v, u * v, v * v])
    }

    /// Where a place of the reference is on the picture.
    pub(crate) fn map(&self, x: f32, y: f32) -> [f32; 2] {
        let (u, v) = ((x - self.centre[0]) / self.radius, (y - self.centre[1]) / self.radius);
        let [right, down, a, b, c, d, p, q] = self.terms;
        let bend = p * u + q * v;
        [x + right + a * u + b * v + bend * u, y + down + c * u + d * v + bend * v]
    }

    /// The longest way that a corner of the reference is moved, in pixels.
    pub(crate) fn reach(&self) -> f32 {
        let [x, y] = self.centre;
        let corners = [(0.0, 0.0), (2.0 * x, 0.0), (0.0, 2.0 * y), (2.0 * x, 2.0 * y)];
        let way = |(x, y): (f32, f32)| {
            let [right, down] = self.map(x, y);
            (right - x).hypot(down - y)
        };
        corners.into_iter().map(way).fold(0.0, f32::max)
    }
}

/// Gathers observations of how far edges have moved, and finds the warp that explains them best. Terms that nothing was observed of stay
/// near nothing: each has an expectation of how large it may be.
pub(crate) struct Fit {
    sums: [[f32; TERMS]; TERMS],
    right: [f32; TERMS],
}

impl Fit {
    /// Begins with what is expected of the terms: their usual sizes in pixels.
    pub(crate) fn expecting(usual: [f32; TERMS], noise: f32) -> Self {
        let mut sums = [[0.0; TERMS]; TERMS];
        for (term, usual) in usual.into_iter().enumerate() {
            sums[term][term] = (noise / usual.max(1e-3)).powi(2);
        }
        Self { sums, right: [0.0; TERMS] }
    }

    /// An edge whose place depends in this way on the terms has moved so far.
    pub(crate) fn observe(&mut self, basis: &[f32; TERMS], moved: f32, weight: f32) {
        for (row, &of_row) in basis.iter().enumerate() {
            if of_row != 0.0 {
                for (sum, &of_column) in self.sums[row].iter_mut().zip(basis) {
                    *sum += weight * of_row * of_column;
                }
                self.right[row] += weight * of_row * moved;
            }
        }
    }

    /// The terms that fit best.
    pub(crate) fn terms(mut self) -> [f32; TERMS] {
        // Gaussian elimination without pivoting: what is expected of the terms makes the matrix positive definite.
        for pivot in 0..TERMS {
            let (head, below) = self.sums.split_at_mut(pivot + 1);
            let head = &head[pivot];
            for (row, sums) in below.iter_mut().enumerate() {
                let factor = sums[pivot] / head[pivot];
                sums.iter_mut().zip(head).skip(pivot).for_each(|(sum, &above)| *sum -= factor * above);
                self.right[pivot + 1 + row] -= factor * self.right[pivot];
            }
        }
        let mut terms = [0.0; TERMS];
        for row in (0..TERMS).rev() {
            let known: f32 = (row + 1..TERMS).map(|column| self.sums[row][column] * terms[column]).sum();
            terms[row] = (self.right[row] - known) / self.sums[row][row];
        }
        terms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observations_of_a_warp_bring_it_back() {
        let mut truth = Warp::identity(480, 270);
        truth.terms = [3.0, -2.0, 1.0, 0.5, -0.7, 2.0, 0.4, -0.3];
        let mut fit = Fit::expecting([100.0; TERMS], 0.1);
        for (x, y) in (0..12).flat_map(|x| (0..8).map(move |y| (x as f32 * 40.0, y as f32 * 35.0))) {
            let ([to_x, to_y], (of_x, of_y)) = (truth.map(x, y), truth.basis(x, y));
            fit.observe(&of_x, to_x - x, 1.0);
            fit.observe(&of_y, to_y - y, 1.0);
        }
        for (found, wanted) in fit.terms().into_iter().zip(truth.terms) {
            assert!((found - wanted).abs() < 0.01, "{found} for {wanted}");
        }
    }

    #[test]
    fn what_was_not_observed_stays_nothing() {
        let warp = Warp::identity(480, 270);
        let mut fit = Fit::expecting([10.0; TERMS], 0.5);
        for x in 0..48 {
            let (_, down) = warp.basis(x as f32 * 10.0, 200.0);
            fit.observe(&down, 4.0, 1.0);
        }
        let terms = fit.terms();
        assert!(terms[0].abs() < 1e-3, "the shift to the right was not observed: {terms:?}");
        let moved = Warp { terms, ..warp }.map(240.0, 200.0);
        assert!((moved[1] - 204.0).abs() < 0.1, "{moved:?}");
    }
}
