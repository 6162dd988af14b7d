//! The simple methods that the judge stands beside. Each says how different two pictures are; the reference most like counts.

use pandian_vision::Luma;

/// Mean absolute difference of brightness.
pub(crate) fn difference(one: &Luma, other: &Luma) -> f64 {
    let sum: u64 = one.pixels().iter().zip(other.pixels()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / one.pixels().len() as f64
}

/// One less the structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004) over windows of 8 × 8, every fourth one.
pub(crate) fn dissimilarity(one: &Luma, other: &Luma) -> f64 {
    const WINDOW: usize = 8;
    const STEP: usize = 4;
    let (c1, c2) = ((0.01_f64 * 255.0).powi(2), (0.03_f64 * 255.0).powi(2));
    let (width, height) = (one.width() as usize, one.height() as usize);
    let (mut sum, mut windows) = (0.0, 0.0);
    for top in (0..height.saturating_sub(WINDOW - 1)).step_by(STEP) {
        for left in (0..width.saturating_sub(WINDOW - 1)).step_by(STEP) {
            let [mut a, mut b, mut aa, mut bb, mut ab] = [0_u32; 5];
            for y in top..top + WINDOW {
                let row = y * width + left..y * width + left + WINDOW;
                for (x, y) in one.pixels()[row.clone()].iter().zip(&other.pixels()[row]) {
                    let (x, y) = (u32::from(*x), u32::from(*y));
                    (a, b, aa, bb, ab) = (a + x, b + y, aa + x * x, bb + y * y, ab + x * y);
                }
            }
            let count = (WINDOW * WINDOW) as f64;
            let [a, b, aa, bb, ab] = [a, b, aa, bb, ab].map(|sum| f64::from(sum) / count);
            let (va, vb, cov) = (aa - a * a, bb - b * b, ab - a * b);
            sum += (2.0 * a * b + c1) * (2.0 * cov + c2) / ((a * a + b * b + c1) * (va + vb + c2));
            windows += 1.0;
        }
    }
    1.0 - sum / f64::max(windows, 1.0)
}

/// The 64 lowest frequencies of the picture at 32 × 32, each above or below their median.
pub(crate) fn hash(picture: &Luma) -> u64 {
    const SIDE: usize = 32;
    const LOW: usize = 8;
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let mut small = [[0.0_f64; SIDE]; SIDE];
    for (y, row) in small.iter_mut().enumerate() {
        for (x, mean) in row.iter_mut().enumerate() {
            let (top, left) = (y * height / SIDE, x * width / SIDE);
            let (bottom, right) = (((y + 1) * height / SIDE).max(top + 1), ((x + 1) * width / SIDE).max(left + 1));
            let sum: u64 =
                (top..bottom).flat_map(|y| &picture.pixels()[y * width + left..y * width + right]).map(|&pixel| u64::from(pixel)).sum();
            *mean = sum as f64 / ((bottom - top) * (right - left)) as f64;
        }
    }
    let wave = |n: usize, at: usize| (std::f64::consts::PI * n as f64 * (2 * at + 1) as f64 / (2 * SIDE) as f64).cos();
    let mut low = [0.0; LOW * LOW];
    for (n, value) in low.iter_mut().enumerate() {
        let (down, across) = (n / LOW, n % LOW);
        *value = small
            .iter()
            .enumerate()
            .map(|(y, row)| wave(down, y) * row.iter().enumerate().map(|(x, mean)| wave(across, x) * mean).sum::<f64>())
            .sum();
    }
    let mut sorted = low;
    sorted.sort_by(f64::total_cmp);
    let median = (sorted[31] + sorted[32]) / 2.0;
    low.iter().enumerate().fold(0, |bits, (n, value)| bits | u64::from(*value > median) << n)
}

/// How many bits of two hashes differ.
pub(crate) fn distance(one: u64, other: u64) -> f64 {
    f64::from((one ^ other).count_ones())
}
