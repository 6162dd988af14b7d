//! What speaks for a load.
use crate::Region;
use crate::structure::cells::{CELL, beam_row};
use crate::structure::difference::Difference;
use crate::structure::gradient::Across;
use crate::structure::rack::{Beam, Edge, Part};
use crate::structure::standing::Block;

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

pub(super) const BINS: usize = 16;

#[allow(clippy::too_many_arguments)]
pub(super) fn measure(rear: &[bool], inside: &[Edge], front: &[bool], edges: &[Edge], miss: f32, differs: &Difference, opening: &Region, beam: &Beam, width: f32, height: f32) -> Vec<(String, f32)> {
    let mut out = Vec::new();
    let span = (opening.bottom - opening.top) * height;
    let column = |x: f32| (x / width - opening.left) / (opening.right - opening.left) * BINS as f32;
    let zones = [(0.0, 0.03), (0.03, 0.06), (0.06, 0.1), (0.1, 0.15), (0.15, 0.2), (0.2, 0.3), (0.3, 0.5), (0.5, 1.0)];
    let name = |what: &str, z: (f32, f32)| format!("{what}_{}-{}", z.0, z.1);
    // hidden by direction
    let hidden = |from: f32, to: f32, which: &dyn Fn(Across) -> bool| {
        let mut bins = [[0.0f32; 2]; BINS];
        for (edge, seen) in inside.iter().zip(rear) {
            let above = (beam.top_at(edge.x) - edge.y) / span;
            if above < from || above >= to || !which(edge.across) { continue }
            let bin = column(edge.x).clamp(0.0, BINS as f32 - 1.0) as usize;
            bins[bin][0] += 1.0;
            if !*seen { bins[bin][1] += 1.0 }
        }
        bins
    };
    let share = |bins: &[[f32; 2]]| { let (n, g) = bins.iter().fold((0.0, 0.0), |(n, g), b| (n + b[0], g + b[1])); (g + 0.4) / (n + 4.0) };
    let worst = |bins: &[[f32; 2]], w: usize| bins.windows(w).map(&share).fold(0.0f32, f32::max);
    for z in zones {
        out.push((name("hidD", z), share(&hidden(z.0, z.1, &|a| a == Across::Down))));
        out.push((name("hidR", z), share(&hidden(z.0, z.1, &|a| a == Across::Right))));
    }
    for z in [(0.0, 0.1), (0.0, 0.2), (0.0, 0.3), (0.1, 0.3)] {
        for w in [2, 3, 5] {
            out.push((name(&format!("worst{w}"), z), worst(&hidden(z.0, z.1, &|_| true), w)));
            out.push((name(&format!("worstD{w}"), z), worst(&hidden(z.0, z.1, &|a| a == Across::Down), w)));
        }
        out.push((name("hid", z), share(&hidden(z.0, z.1, &|_| true))));
        out.push((name("hidD", z), share(&hidden(z.0, z.1, &|a| a == Across::Down))));
    }
    let mut bins = hidden(0.0, 0.3, &|_| true).map(|b| (b[1] + 0.2) / (b[0] + 2.0));
    bins.sort_by(f32::total_cmp);
    out.push(("hidq25".into(), bins[4])); out.push(("hidq75".into(), bins[12])); out.push(("hidq50".into(), bins[8]));
    // new
    let row = beam_row(beam) as f32;
    let top = row * CELL as f32 + beam.top % CELL as f32;
    let mut grid = vec![[[0.0f32; 4]; BINS * 2]; zones.len()];
    let mut all = vec![[0.0f32; BINS * 2]; zones.len()];
    let mut most = vec![[0.0f32; BINS * 2]; zones.len()];
    let mut on = [0.0f32; BINS * 2];
    for y in 0..differs.down {
        for x in 0..differs.across {
            let px = x as f32 * 4.0 + 2.0;
            let c = column(px) * 2.0;
            if !(1.0..BINS as f32 * 2.0 - 1.0).contains(&c) { continue }
            let above = (top - (y as f32 * 4.0 + 2.0 + beam.top % 4.0)) / span;
            let new = differs.new[y * differs.across + x];
            let strongest = new.iter().fold(0.0f32, |m, v| m.max(*v));
            if above < -0.015 && above > -0.09 { on[c as usize] = on[c as usize].max(strongest) }
            if let Some(z) = zones.iter().position(|z| above >= z.0 && above < z.1) {
                for d in 0..4 { grid[z][c as usize][d] += new[d] }
                all[z][c as usize] += 1.0;
                most[z][c as usize] = most[z][c as usize].max(strongest);
            }
        }
    }
    let cols = |v: &[f32]| v[1..v.len() - 1].iter().filter(|v| **v > 0.3).count() as f32 / (v.len() - 2) as f32;
    out.push(("onbeam".into(), cols(&on)));
    for (z, zone) in zones.iter().enumerate() {
        out.push((name("cols", *zone), cols(&most[z])));
        let n: f32 = all[z].iter().sum::<f32>().max(1.0);
        for (d, what) in [(0, "newR"), (2, "newD")] { out.push((name(what, *zone), grid[z].iter().map(|c| c[d]).sum::<f32>() / n)) }
        out.push((name("newO", *zone), grid[z].iter().map(|c| c[1] + c[3]).sum::<f32>() / n));
    }
    // columns: both hidden and new
    let h = hidden(0.0, 0.3, &|_| true);
    let mut both = [0.0f32; BINS];
    for (c, b) in both.iter_mut().enumerate() {
        let hid = (h[c][1] + 0.2) / (h[c][0] + 2.0);
        let mut n = 0.0f32; let mut k = 0.0f32;
        for z in 1..6 { for cc in [2 * c, 2 * c + 1] { for d in 0..4 { n += grid[z][cc][d] } k += all[z][cc] } }
        *b = hid.sqrt() * (n / k.max(1.0)).min(1.0).sqrt();
    }
    out.push(("bothmax3".into(), both.windows(3).map(|w| w.iter().sum::<f32>() / 3.0).fold(0.0, f32::max)));
    out.push(("bothmax2".into(), both.windows(2).map(|w| w.iter().sum::<f32>() / 2.0).fold(0.0, f32::max)));
    out.push(("both".into(), both.iter().sum::<f32>() / BINS as f32));
    // the beam's upper edge
    let beam_share = |upper: bool| {
        let mut bins = [[0.0f32; 2]; BINS];
        for (edge, seen) in edges.iter().zip(front) {
            if edge.part != Part::Beam || edge.across != Across::Down { continue }
            let off = edge.y - beam.top_at(edge.x);
            if (off < 5.0) != upper { continue }
            let b = column(edge.x);
            if !(0.0..BINS as f32).contains(&b) { continue }
            bins[b as usize][0] += 1.0;
            if !*seen { bins[b as usize][1] += 1.0 }
        }
        bins
    };
    out.push(("upper".into(), share(&beam_share(true)))); out.push(("upper3".into(), worst(&beam_share(true), 3)));
    out.push(("lower".into(), share(&beam_share(false)))); out.push(("lower3".into(), worst(&beam_share(false), 3)));
    out.push(("miss".into(), miss));
    out
}

pub(super) fn stands(blocks: &[Block], opening: &Region, beam: &Beam, width: f32, height: f32) -> Vec<(String, f32)> {
    let mut out = Vec::new();
    let span = (opening.bottom - opening.top) * height;
    let top = beam.top - beam.top % CELL as f32;
    let grid = |from: f32, to: f32| {
        let mut bins = [[0.0f32; 3]; BINS];
        for b in blocks {
            let above = (top - b.y) / span;
            let c = (b.x / width - opening.left) / (opening.right - opening.left) * BINS as f32;
            if above < from || above >= to || !(0.4..BINS as f32 - 0.4).contains(&c) { continue }
            let bin = &mut bins[c as usize];
            bin[0] += b.weight;
            bin[1] += b.weight * (1.0 - b.likeness);
            bin[2] += b.weight * (1.0 - (b.likeness - 0.3) / 0.4).clamp(0.0, 1.0);
        }
        bins
    };
    let share = |bins: &[[f32; 3]], k: usize| { let (n, g) = bins.iter().fold((0.0, 0.0), |(n, g), b| (n + b[0], g + b[k])); (g + 0.3) / (n + 1.5) };
    for z in [(0.0, 0.03), (0.03, 0.06), (0.06, 0.1), (0.1, 0.15), (0.15, 0.2), (0.2, 0.3), (0.3, 0.5), (0.5, 1.0), (0.0, 0.1), (0.02, 0.2), (0.02, 0.3), (0.1, 0.3)] {
        let g = grid(z.0, z.1);
        for k in [1, 2] {
            out.push((format!("st{k}_{}-{}", z.0, z.1), share(&g, k)));
            for w in [2, 3, 5] {
                out.push((format!("st{k}w{w}_{}-{}", z.0, z.1), g.windows(w).map(|w| share(w, k)).fold(0.0f32, f32::max)));
            }
        }
    }
    out
}
