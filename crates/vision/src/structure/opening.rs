//! The opening of a slot, found on pictures of it empty where nobody drew it.
//!
//! Two uprights run through the whole picture, and between them a beam carries what stands there: that pair of uprights and that beam are
//! looked for whose edges are clearest together on all pictures. Racks behind have the same parts, but the front hides pieces of theirs.

use std::ops::Range;

use super::gradient::{Across, Gradient};
use super::rack::{THINNEST, WEAKEST, strong};
use crate::Region;

/// Pictures of one place lie on each other within so many pixels.
const OFF: usize = 2;
/// An upright leans by so many hundredths of a pixel a pixel at most, seen from below or above.
const LEANS: Range<i32> = -16..17;
/// A beam falls by so many at most.
const FALLS: Range<i32> = -4..5;
/// As many candidates for an upright's edge are looked at.
const CANDIDATES: usize = 16;
/// What is narrower than this share of the picture is no slot.
const NARROWEST: f32 = 0.3;
/// What is lower than this share of the picture is no slot.
const LOWEST: f32 = 0.2;
/// The carrying beam is looked for from here on, as a share of the height.
const CARRYING: f32 = 0.45;
/// A beam is no thicker than this share of its length.
const THICKEST: f32 = 0.11;
/// So much of a beam's upper and lower edge together must be seen, of 2.
const SEEN: f32 = 0.8;
/// What a slot that fills the picture's width has over one that is a point: the front looks larger than what is behind it.
const LARGE: f32 = 0.3;
/// What a beam at the lower rim has over one at the upper rim: a camera within the opening sees the rear beam above the front one.
const LOW: f32 = 1.5;
/// A gap of this share of the width in a beam is bridged: labels, dirt and shadows lie there.
const GAP: f32 = 0.04;
/// A beam ends so near to the upright, as a share of the width, on whose front it is fixed.
const OVERLAP: f32 = 0.1;

/// The edge of an upright: its column at half the height, how it leans, and how much of it is seen, 0 to 1.
#[derive(Debug, Clone, Copy)]
struct Upright {
    x: f32,
    lean: f32,
    clear: f32,
}

/// A level bar: the rows of its two edges at the middle column, how it falls, and whether it is brighter than what is around it.
#[derive(Debug, Clone, Copy)]
struct Bar {
    top: usize,
    bottom: usize,
    fall: f32,
    is_bright: bool,
}

/// The opening on pictures of one slot from one place, all of one size; none where no slot is to be seen.
pub(crate) fn find(pictures: &[Gradient]) -> Option<Region> {
    let first = pictures.first()?;
    let pictures: Vec<Edges> =
        pictures.iter().filter(|other| (other.width, other.height) == (first.width, first.height)).map(Edges::of).collect();
    let (width, height) = (first.width as f32, first.height as f32);
    let uprights = uprights(&pictures);
    let pairs = || uprights.iter().flat_map(|left| uprights.iter().map(move |right| [left, right]));
    let falls: Vec<Falling> = FALLS.map(|step| Falling::of(&pictures, step as f32 * 0.01)).collect();
    let mut best: Option<(f32, [f32; 2], Bar)> = None;
    for [left, right] in pairs().filter(|[left, right]| right.x - left.x >= NARROWEST * width) {
        let carrying = clearest(&falls, [left.x, right.x], (CARRYING * height) as usize..first.height, LOW);
        let Some((strength, bar)) = carrying else { continue };
        let frame = left.clear + right.clear - (left.lean + right.lean).abs() + LARGE * (right.x - left.x) / width;
        let strength = strength + frame;
        if best.is_none_or(|(most, ..)| strength > most) {
            best = Some((strength, [left.x, right.x], bar));
        }
    }
    let (_, [left, right], carrying) = best?;
    let [from, to] = extent(&pictures, &carrying);
    let left = if (left..left + OVERLAP * width).contains(&from) { from } else { left };
    let right = if (right - OVERLAP * width..right).contains(&to) { to } else { right };
    let highest = (carrying.top as f32 - LOWEST * height).max(0.0) as usize;
    let upper = clearest(&falls, [left, right], 0..highest, -LOW);
    let top = upper.map_or(0.0, |(_, upper)| upper.bottom as f32 / height);
    Some(Region { left: left / width, top, right: right / width, bottom: carrying.top as f32 / height })
}

/// How clear the edges of a picture are, −1 to 1 at each place, whatever its light.
struct Edges {
    width: usize,
    height: usize,
    right: Vec<f32>,
    down: Vec<f32>,
}

impl Edges {
    fn of(picture: &Gradient) -> Self {
        let enough = strong(picture, 0.92).max(WEAKEST);
        let clear = |across| picture.values(across).iter().map(|value| (value / enough).clamp(-1.0, 1.0)).collect();
        Self { width: picture.width, height: picture.height, right: clear(Across::Right), down: clear(Across::Down) }
    }
}

/// The clearest upright edges, from left to right.
fn uprights(pictures: &[Edges]) -> Vec<Upright> {
    let width = pictures[0].width;
    let mut best = vec![Upright { x: 0.0, lean: 0.0, clear: 0.0 }; width];
    for lean in LEANS.map(|step| step as f32 * 0.01) {
        for (x, (clear, best)) in upright_lines(pictures, lean).into_iter().zip(&mut best).enumerate() {
            if clear > best.clear {
                *best = Upright { x: x as f32, lean, clear };
            }
        }
    }
    let mut peaks = Vec::new();
    while peaks.len() < CANDIDATES {
        let clearest = best.iter().copied().max_by(|a, b| a.clear.total_cmp(&b.clear)).filter(|clearest| clearest.clear > 0.0);
        let Some(peak) = clearest else { break };
        let near = (peak.x as usize).saturating_sub(2 * OFF)..(peak.x as usize + 2 * OFF + 1).min(width);
        best[near].iter_mut().for_each(|near| near.clear = 0.0);
        peaks.push(peak);
    }
    peaks
}

/// For each column: how much of a line that leans so is an edge there, 0 to 1, on average over the pictures. What is behind an upright changes:
/// its edge may rise in one place and fall in another.
fn upright_lines(pictures: &[Edges], lean: f32) -> Vec<f32> {
    let (width, height) = (pictures[0].width, pictures[0].height);
    let mut sums = vec![0.0f32; width];
    for picture in pictures {
        let mut lines = vec![0.0f32; width];
        for y in (0..height).step_by(2) {
            let off = ((y as f32 - height as f32 / 2.0) * lean).round() as isize;
            let row = &picture.right[y * width..(y + 1) * width];
            for (x, line) in lines.iter_mut().enumerate() {
                *line += x.checked_add_signed(off).and_then(|x| row.get(x)).map_or(0.0, |edge| edge.abs());
            }
        }
        for (x, sum) in sums.iter_mut().enumerate() {
            *sum += lines[x.saturating_sub(OFF)..(x + OFF + 1).min(width)].iter().fold(0.0, |most, line| line.max(most));
        }
    }
    let share = 1.0 / (height.div_ceil(2) * pictures.len()) as f32;
    sums.into_iter().map(|sum| sum * share).collect()
}

/// All lines that fall so: for each picture, row at the middle column and column, how much rises and how much falls from the left rim to there.
struct Falling {
    fall: f32,
    width: usize,
    height: usize,
    sums: Vec<Vec<[f32; 2]>>,
}

impl Falling {
    fn of(pictures: &[Edges], fall: f32) -> Self {
        let (width, height) = (pictures[0].width, pictures[0].height);
        let sums = pictures.iter().map(|picture| {
            let mut sums = Vec::with_capacity((width + 1) * height);
            for y in 0..height {
                let mut sum = [0.0f32; 2];
                sums.push(sum);
                for x in 0..width {
                    if let Some(row) = y.checked_add_signed(falls(x, width, fall)).filter(|&row| row < height) {
                        let edge = picture.down[row * width + x];
                        sum[usize::from(edge < 0.0)] += edge.abs();
                    }
                    sums.push(sum);
                }
            }
            sums
        });
        Self { fall, width, height, sums: sums.collect() }
    }

    /// For each row: how much of the line there rises and falls between two columns, each 0 to 1, on average over the pictures.
    fn lines(&self, from: usize, to: usize) -> Vec<[f32; 2]> {
        let share = 1.0 / ((to - from).max(1) * self.sums.len()) as f32;
        let mut lines = vec![[0.0f32; 2]; self.height];
        for sums in &self.sums {
            let line = |y: usize| {
                let (before, behind) = (sums[y * (self.width + 1) + from], sums[y * (self.width + 1) + to]);
                [behind[0] - before[0], behind[1] - before[1]]
            };
            let own: Vec<[f32; 2]> = (0..self.height).map(line).collect();
            for (y, sum) in lines.iter_mut().enumerate() {
                let near = &own[y.saturating_sub(OFF)..(y + OFF + 1).min(self.height)];
                *sum = std::array::from_fn(|sign| sum[sign] + share * near.iter().map(|line| line[sign]).fold(0.0, f32::max));
            }
        }
        lines
    }
}

/// So many rows a line lies lower at a column than at the middle one.
fn falls(x: usize, width: usize, fall: f32) -> isize {
    ((x as f32 - width as f32 / 2.0) * fall).round() as isize
}

/// The clearest bar between two uprights whose upper edge lies in those rows, and how strong it is; `low` speaks for what lies low.
fn clearest(falls: &[Falling], [left, right]: [f32; 2], rows: Range<usize>, low: f32) -> Option<(f32, Bar)> {
    let margin = 0.03 * (right - left);
    let mut best: Option<(f32, Bar)> = None;
    for falling in falls {
        let lines = falling.lines((left + margin) as usize, (right - margin) as usize);
        let height = falling.height as f32;
        let thinnest = (THINNEST * height).max(3.0) as usize;
        let thickest = ((THICKEST * (right - left)) as usize).max(thinnest);
        for top in rows.clone().take_while(|&top| top < lines.len()) {
            for (into, out) in [(0, 1), (1, 0)] {
                for bottom in top + thinnest..(top + thickest + 1).min(lines.len()) {
                    let clear = lines[top][into] + lines[bottom][out];
                    let strength = clear - falling.fall.abs() + low * top as f32 / height;
                    if clear > SEEN && best.is_none_or(|(most, _)| strength > most) {
                        best = Some((strength, Bar { top, bottom, fall: falling.fall, is_bright: into == 0 }));
                    }
                }
            }
        }
    }
    best
}

/// The columns from which to which a bar reaches.
fn extent(pictures: &[Edges], bar: &Bar) -> [f32; 2] {
    let (width, height) = (pictures[0].width, pictures[0].height);
    let gap = (GAP * width as f32) as usize;
    let sign = if bar.is_bright { 1.0 } else { -1.0 };
    let edge = |x: usize, row: usize, sign: f32| {
        let off = falls(x, width, bar.fall);
        let rows = (-(OFF as isize)..=OFF as isize).filter_map(|near| row.checked_add_signed(off + near)).filter(|&row| row < height);
        let on = |picture: &Edges| rows.clone().map(|row| sign * picture.down[row * width + x]).fold(0.0, f32::max);
        pictures.iter().map(on).sum::<f32>() / pictures.len() as f32
    };
    let is_bar = |x: usize| edge(x, bar.top, sign).min(edge(x, bar.bottom, -sign)) > SEEN / 2.0;
    let reach = |columns: &mut dyn Iterator<Item = usize>| {
        let mut last = width / 2;
        for x in columns {
            if is_bar(x) {
                last = x;
            } else if x.abs_diff(last) > gap {
                break;
            }
        }
        last as f32
    };
    [reach(&mut (0..=width / 2).rev()), reach(&mut (width / 2..width))]
}
