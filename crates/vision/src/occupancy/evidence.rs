//! What speaks for a load.
use crate::Region;
use crate::structure::cells::{CELL, DIRECTIONS, beam_row};
use crate::structure::difference::Difference;
use crate::structure::gradient::Gradient;
use crate::structure::rack::{Beam, Edge};
use crate::structure::scaled::Scaled;
use crate::structure::warp::Warp;


/// Evidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Contact.
    pub contact: f32,
}
impl Evidence {
    pub(super) fn of(_: &Difference) -> Self {
        Self { contact: 0.0 }
    }
    pub(super) fn score(&self) -> f32 {
        self.contact
    }
}

pub(super) fn raw(differs: &Difference, opening: &Region, beam: &Beam, width: usize) -> Vec<f32> {
    let left = ((opening.left * width as f32) as usize).div_ceil(CELL) + 1;
    let right = ((opening.right * width as f32) as usize / CELL).saturating_sub(1).clamp(left + 1, differs.across.max(left + 1));
    let row = beam_row(beam);
    let bands: [(isize, isize); 8] = [(-3, -1), (0, 0), (1, 1), (2, 3), (4, 6), (7, 12), (13, 24), (25, 60)];
    let mut out = Vec::new();
    for (from, to) in bands {
        let mut new = [0.0f32; DIRECTIONS];
        let mut gone = [0.0f32; DIRECTIONS];
        let (mut n, mut cols) = (0.0f32, 0.0f32);
        for x in left..right.min(differs.across) {
            let mut col = 0.0f32;
            for r in from..=to {
                let Some(y) = row.checked_add_signed(-1 - r).filter(|y| *y < differs.down) else { continue };
                let c = y * differs.across + x;
                if !differs.is_known[c] {
                    continue;
                }
                n += 1.0;
                for d in 0..DIRECTIONS {
                    new[d] += differs.new[c][d];
                    gone[d] += differs.gone[c][d];
                    col = col.max(differs.new[c][d]);
                }
            }
            if col > 0.3 {
                cols += 1.0
            }
        }
        let n = n.max(1.0);
        out.extend(new.map(|s| s / n));
        out.extend(gone.map(|s| s / n));
        out.push(cols / (right - left) as f32);
    }
    out
}

pub(super) fn hidden(seen: &[bool], gradient: &Gradient, _picture: &Scaled, inside: &[Edge], warp: &Warp, opening: &Region, beam: &Beam) -> Vec<f32> {
    let (width, height) = (gradient.width as f32, gradient.height as f32);
    let mut out = Vec::new();
    let span = (opening.bottom - opening.top) * height;
    for (from, to) in [(0.0, 0.12), (0.12, 0.25), (0.25, 0.5), (0.5, 1.0), (0.0, 0.3)] {
        let mut bins = [[0.0f32; 2]; 16];
        for (edge, seen) in inside.iter().zip(seen) {
            let above = (beam.top_at(edge.x) - edge.y) / span;
            if above < from || above >= to { continue }
            let [x, y] = warp.map(edge.x, edge.y);
            if x < 2.0 || y < 2.0 || x > width - 3.0 || y > height - 3.0 { continue }
            let bin = ((edge.x / width - opening.left) / (opening.right - opening.left) * 16.0).clamp(0.0, 15.0) as usize;
            bins[bin][0] += 1.0;
            if !*seen { bins[bin][1] += 1.0 }
        }
        let all: f32 = bins.iter().map(|b| b[0]).sum();
        let gone: f32 = bins.iter().map(|b| b[1]).sum();
        let mut worst = 0.0f32;
        for w in bins.windows(3) {
            let n: f32 = w.iter().map(|b| b[0]).sum();
            let g: f32 = w.iter().map(|b| b[1]).sum();
            worst = worst.max(g / (n + 4.0));
        }
        out.push(all);
        out.push(gone / (all + 4.0));
        out.push(worst);
    }
    out
}

pub(super) fn scans(seen: &[bool], inside: &[Edge], miss: f32, differs: &Difference, opening: &Region, beam: &Beam, width: f32, height: f32) -> Vec<f32> {
    const COLS: usize = 32;
    const ROWS: usize = 12;
    let span = (opening.bottom - opening.top) * height;
    let p0 = miss.clamp(0.12, 0.5);
    let (hit, lost) = (((1.0f32 - 0.75) / (1.0 - p0)).ln(), (0.75 / p0).ln());
    let mut hid = [[0.0f32; COLS]; ROWS];
    let mut new = [[0.0f32; COLS]; ROWS];
    let place = |x: f32, y: f32| {
        let above = (beam.top_at(x) - y) / (span * 0.03);
        let across = (x / width - opening.left) / (opening.right - opening.left) * COLS as f32;
        ((0.0..ROWS as f32).contains(&above) && (0.0..COLS as f32).contains(&across)).then(|| (above as usize, across as usize))
    };
    for (edge, seen) in inside.iter().zip(seen) {
        if let Some((r, c)) = place(edge.x, edge.y) { hid[r][c] += if *seen { hit } else { lost } }
    }
    let row = beam_row(beam);
    let shift = beam.top % 4.0;
    for y in 0..row.saturating_sub(1) {
        for x in 0..differs.across {
            let px = x as f32 * 4.0 + 2.0;
            let py = y as f32 * 4.0 + 2.0 + shift + beam.top_at(px) - beam.top;
            if let Some((r, c)) = place(px, py) {
                let n: f32 = differs.new[y * differs.across + x].iter().sum::<f32>().min(1.5);
                new[r][c] += n;
            }
        }
    }
    let mut out = Vec::new();
    for (wh, wn, base) in [(1.0, 0.0, 0.05), (0.0, 1.0, 0.3), (0.0, 1.0, 0.6), (1.0, 2.0, 0.3), (1.0, 1.0, 0.5), (1.0, 4.0, 0.4)] {
        let mut best = (0.0f32, 0, 0, 0, 0);
        for r0 in 0..ROWS {
            let mut sums = [0.0f32; COLS];
            for r1 in r0..ROWS {
                for c in 0..COLS { sums[c] += wh * hid[r1][c] + wn * (new[r1][c] - base) }
                let (mut run, mut from) = (0.0f32, 0);
                for (c, s) in sums.iter().enumerate() {
                    if run <= 0.0 { run = 0.0; from = c }
                    run += s;
                    if run > best.0 { best = (run, r0, r1, from, c) }
                }
            }
        }
        out.push((1.0 + best.0).ln());
        out.push((best.4 - best.3 + 1) as f32 / COLS as f32);
        out.push(best.1 as f32);
        out.push((best.2 - best.1 + 1) as f32);
    }
    out
}
