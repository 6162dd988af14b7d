//! Edges summed up by direction in small cells.

use super::gradient::Gradient;
use super::rack::Beam;
use super::scaled::Scaled;
use super::warp::Warp;

/// The side of a cell in working pixels.
pub(crate) const CELL: usize = 4;
/// The directions: across to the right, down to the right, down, and down to the left.
pub(crate) const DIRECTIONS: usize = 4;

/// The edges of a picture, laid on the reference, by cell and direction.
#[derive(Debug, Clone)]
pub(crate) struct Cells {
    /// Cells in a row.
    pub(crate) across: usize,
    /// Rows of cells.
    pub(crate) down: usize,
    /// How strong the edges of each direction are, in gray levels a pixel.
    pub(crate) edges: Vec<[f32; DIRECTIONS]>,
    /// The share of each cell that tells nothing: it is not on the picture, or drowned in glare.
    pub(crate) unknown: Vec<f32>,
}

/// From this brightness on a pixel is overexposed.
const OVEREXPOSED: f32 = 245.0;
/// From this slope on an edge is no rim of glare, in gray levels a pixel.
const STEEP: f32 = 14.0;
/// So many cells around are looked at for one.
const RIM: usize = 4;

impl Cells {
    /// Sums up a picture, whose places are found through the warp. The beam's upper edge lies level between two rows of cells.
    pub(crate) fn of(picture: &Scaled, warp: &Warp, beam: &Beam) -> Self {
        Self::with_gradient(picture, warp, beam).0
    }

    /// The same, with the slopes that were summed up.
    pub(crate) fn with_gradient(picture: &Scaled, warp: &Warp, beam: &Beam) -> (Self, Gradient) {
        let (laid, is_known) = lay(picture, warp, beam);
        let gradient = Gradient::of(&laid);
        let (across, down) = (laid.width.div_ceil(CELL), laid.height.div_ceil(CELL));
        let mut cells = Self { across, down, edges: vec![[0.0; DIRECTIONS]; across * down], unknown: vec![0.0; across * down] };
        const SHARE: f32 = 1.0 / (CELL * CELL) as f32;
        for y in 0..laid.height {
            let row = y * laid.width..(y + 1) * laid.width;
            let slopes = gradient.right[row.clone()].iter().zip(&gradient.down[row.clone()]);
            for (x, ((&right, &down), &known)) in slopes.zip(&is_known[row]).enumerate() {
                let cell = y / CELL * across + x / CELL;
                if !known {
                    cells.unknown[cell] += SHARE;
                    continue;
                }
                let square = right * right + down * down;
                if square < 1e-4 {
                    continue;
                }
                // The fourth power of the cosine to each direction: narrow enough to tell them apart, without an angle to compute.
                let (rising, falling) = ((right + down).powi(2) * 0.5, (right - down).powi(2) * 0.5);
                let share = SHARE / (square * square.sqrt());
                let sums = &mut cells.edges[cell];
                sums[0] += right.powi(4) * share;
                sums[1] += rising * rising * share;
                sums[2] += down.powi(4) * share;
                sums[3] += falling * falling * share;
            }
        }
        cells.find_glare(&laid, &gradient);
        cells.blur();
        (cells, gradient)
    }

    /// How strong edges are where there are none: the weakest fifth of the cells.
    pub(crate) fn noise(&self) -> f32 {
        let mut strengths: Vec<f32> = self.edges.iter().map(|edges| edges.iter().fold(0.0f32, |most, edge| most.max(*edge))).collect();
        let at = strengths.len() / 5;
        *strengths.select_nth_unstable_by(at, f32::total_cmp).1
    }

    /// Overexposed cells far from any steep edge are glare, whose rim is soft. A white carton has a sharp one and is known.
    fn find_glare(&mut self, picture: &Scaled, gradient: &Gradient) {
        let (across, width) = (self.across, picture.width);
        let pixels = |cell: usize| {
            let (left, top) = (cell % across * CELL, cell / across * CELL);
            let rows = top..(top + CELL).min(picture.height);
            rows.flat_map(move |y| (y * width + left)..(y * width + (left + CELL).min(width)))
        };
        let is_bright = |cell: usize| pixels(cell).all(|pixel| picture.pixels[pixel] >= OVEREXPOSED);
        let is_steep = |cell: usize| pixels(cell).any(|pixel| gradient.right[pixel].abs().max(gradient.down[pixel].abs()) >= STEEP);
        for cell in (0..self.edges.len()).filter(|&cell| is_bright(cell)) {
            let (x, y) = (cell % across, cell / across);
            let rows = y.saturating_sub(RIM)..(y + RIM + 1).min(self.down);
            let mut around = rows.flat_map(|y| (x.saturating_sub(RIM)..(x + RIM + 1).min(across)).map(move |x| y * across + x));
            if !around.any(is_steep) {
                self.unknown[cell] = 1.0;
            }
        }
    }

    /// Lets every cell share with its neighbours, so that an edge at the border of two is alike in both.
    fn blur(&mut self) {
        let mut across = self.edges.clone();
        for (row, blurred) in self.edges.chunks_exact(self.across).zip(across.chunks_exact_mut(self.across)) {
            for (x, cell) in blurred.iter_mut().enumerate() {
                let (before, behind) = (row[x.saturating_sub(1)], row[(x + 1).min(row.len() - 1)]);
                for (direction, value) in cell.iter_mut().enumerate() {
                    *value = 0.25 * (before[direction] + behind[direction]) + 0.5 * row[x][direction];
                }
            }
        }
        for y in 0..self.down {
            for x in 0..self.across {
                let at = |y: usize| across[y * self.across + x];
                let (above, here, below) = (at(y.saturating_sub(1)), at(y), at((y + 1).min(self.down - 1)));
                self.edges[y * self.across + x] =
                    std::array::from_fn(|direction| 0.25 * (above[direction] + below[direction]) + 0.5 * here[direction]);
            }
        }
    }
}

/// How far a column is moved up so that the beam lies level and between two rows of cells.
fn fall(beam: &Beam, x: f32) -> f32 {
    beam.top_at(x) - beam.top + beam.top % CELL as f32
}

/// The row of cells whose upper border is the beam's upper edge.
pub(crate) fn beam_row(beam: &Beam) -> usize {
    (beam.top.max(0.0) / CELL as f32) as usize
}

/// The column and row, between those of cells, of a place of the reference.
pub(crate) fn place(beam: &Beam, x: f32, y: f32) -> [f32; 2] {
    let of_cell = |at: f32| (at + 0.5) / CELL as f32 - 0.5;
    [of_cell(x), of_cell(y - fall(beam, x))]
}

/// The picture laid on the reference, and which of its pixels say something.
fn lay(picture: &Scaled, warp: &Warp, beam: &Beam) -> (Scaled, Vec<bool>) {
    let (width, height) = (picture.width, picture.height);
    let (mut pixels, mut is_known) = (Vec::with_capacity(width * height), Vec::with_capacity(width * height));
    for y in 0..height {
        for x in 0..width {
            let [from_x, from_y] = warp.map(x as f32, y as f32 + fall(beam, x as f32));
            let value = picture.at(from_x, from_y);
            let is_within = (0.0..width as f32).contains(&from_x) && (0.0..height as f32).contains(&from_y);
            pixels.push(value);
            is_known.push(is_within);
        }
    }
    (Scaled { width, height, pixels }, is_known)
}
