//! The rack on a reference: the carrying beam, and the straight edges that must be on every picture of the slot, loaded or not.

use super::gradient::{Across, Gradient};
use crate::Region;
use crate::occupancy::Framing;

/// Half the length of an edge's profile, in pixels.
pub(crate) const HALF: usize = 4;
/// How an edge looks across: the slopes before, at and behind it.
pub(crate) type Profile = [f32; 2 * HALF + 1];

/// The carrying beam on a picture at working size, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Beam {
    /// Its upper edge at `middle`, on which a load stands.
    pub(crate) top: f32,
    /// Its lower edge there.
    pub(crate) bottom: f32,
    /// How far it falls for each pixel to the right.
    pub(crate) slope: f32,
    /// The middle of the opening.
    pub(crate) middle: f32,
}

impl Beam {
    /// Its upper edge at a column.
    pub(crate) fn top_at(&self, x: f32) -> f32 {
        self.top + (x - self.middle) * self.slope
    }
}

/// What of the rack an edge belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The carrying beam.
    Beam,
    /// The beam above the opening.
    Above,
    /// The upright to the left.
    Left,
    /// The upright to the right.
    Right,
    /// What is seen through the opening of an empty slot: the deck, the beam and the uprights at its rear.
    Inside,
}

/// A piece of a straight edge of the rack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edge {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) across: Across,
    pub(crate) part: Part,
    pub(crate) profile: Profile,
}

/// The rack on one reference.
#[derive(Debug, Clone)]
pub(crate) struct Rack {
    pub(crate) beam: Beam,
    pub(crate) edges: Vec<Edge>,
}

/// The thickest beam, as a share of the picture's height.
pub(super) const THICKEST: f32 = 0.14;
/// The thinnest beam, as a share of the picture's height.
pub(super) const THINNEST: f32 = 0.015;
/// The weakest slope that counts as an edge, in gray levels a pixel: what is weaker is noise.
pub(super) const WEAKEST: f32 = 1.5;
/// At this distance along a straight edge its pieces are taken, in pixels.
const PIECE: usize = 6;
/// As many pieces are kept at most: enough for any rack, and a bound on the work.
const MOST: usize = 600;

impl Rack {
    /// Finds the rack on a reference.
    pub(crate) fn find(gradient: &Gradient, slot: &Framing) -> Self {
        let beam = find_beam(gradient, slot);
        Self { beam, edges: edges(gradient, &slot.opening, &beam) }
    }
}

/// The upper edge of the beam that a slot names or suggests, in pixels: where, and how far off it may be.
fn hint(slot: &Framing, height: f32) -> Option<(f32, f32)> {
    match slot.beam {
        // A crane never stops at exactly the same place.
        Some(beam) if (0.0..=1.0).contains(&beam) => Some((beam * height, 0.03 * height)),
        // The opening ends at the beam, as exactly as somebody drew it.
        _ if slot.opening.is_sound() && slot.opening.bottom < 0.98 => Some((slot.opening.bottom * height, 0.05 * height)),
        _ => None,
    }
}

/// The carrying beam: two straight edges across the opening, the brightness rising at one and falling at the other.
fn find_beam(gradient: &Gradient, slot: &Framing) -> Beam {
    let height = gradient.height as f32;
    let hinted = hint(slot, height);
    let fallback = hinted.map_or(0.85 * height, |(row, _)| row);
    let [left, _, wide, _] = sound(&slot.opening).pixels(gradient.width as u32, gradient.height as u32);
    let middle = left as f32 + wide as f32 / 2.0;
    let fallback = Beam { top: fallback, bottom: (fallback + 0.06 * height).min(height), slope: 0.0, middle };
    let (from, to) = hinted.map_or((0.45 * height, 0.97 * height), |(row, off)| (row - off, row + off));
    let mut best: Option<(f32, Beam)> = None;
    for slope in (-4..=4).map(|step| step as f32 * 0.01) {
        let lines = line_strengths(gradient, &slot.opening, slope);
        let thickness = |top: usize| {
            let first = (THINNEST * height).max(3.0) as usize;
            top + first..(top + (THICKEST * height) as usize + 1).min(lines.len())
        };
        for top in (from.max(1.0) as usize..=to.max(1.0) as usize).take_while(|&top| top < lines.len()) {
            for rises in [true, false] {
                let at = |row: usize, rises: bool| if rises { lines[row][0] } else { lines[row][1] };
                let lower = thickness(top).map(|row| (at(row, !rises), row)).max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
                let Some((lower_strength, bottom)) = lower else { continue };
                // A little for what lies level, for cameras are mounted upright, and more for what lies where it should.
                let astray = hinted.map_or(0.0, |(row, off)| 0.5 * (top as f32 - row).abs() / off);
                let strength = at(top, rises) + lower_strength - slope.abs() - astray;
                if best.is_none_or(|(most, _)| strength > most) {
                    best = Some((strength, Beam { top: top as f32, bottom: bottom as f32, slope, middle }));
                }
            }
        }
    }
    // Both edges together must cover a good part of the opening; else nothing there is a beam.
    let enough = if hinted.is_some() { 0.3 } else { 0.6 };
    best.filter(|(strength, _)| *strength > enough).map_or(fallback, |(_, beam)| beam)
}

/// For each row: how much of a straight line across the opening rises and falls there, each 0 to 1.
fn line_strengths(gradient: &Gradient, opening: &Region, slope: f32) -> Vec<[f32; 2]> {
    let (width, height) = (gradient.width, gradient.height);
    let [left, _, wide, _] = sound(opening).pixels(width as u32, height as u32);
    let columns = (left as usize..(left + wide) as usize).step_by(2);
    let middle = left as f32 + wide as f32 / 2.0;
    let enough = strong(gradient, 0.92).max(WEAKEST);
    let mut lines = vec![[0.0f32; 2]; height];
    let share = 1.0 / columns.clone().count().max(1) as f32;
    for x in columns {
        let fall = ((x as f32 - middle) * slope).round() as isize;
        for (y, line) in lines.iter_mut().enumerate() {
            if let Some(row) = y.checked_add_signed(fall).filter(|&row| row < height) {
                let strength = (gradient.down[row * width + x] / enough).clamp(-1.0, 1.0) * share;
                line[usize::from(strength < 0.0)] += strength.abs();
            }
        }
    }
    lines
}

/// The slope that a share of the pixels does not reach.
pub(super) fn strong(gradient: &Gradient, share: f32) -> f32 {
    let mut slopes: Vec<f32> =
        gradient.down.iter().zip(&gradient.right).step_by(3).map(|(down, right)| down.abs().max(right.abs())).collect();
    if slopes.is_empty() {
        return 0.0;
    }
    let at = ((slopes.len() - 1) as f32 * share) as usize;
    *slopes.select_nth_unstable_by(at, f32::total_cmp).1
}

/// An opening, or the whole picture where it is none.
fn sound(opening: &Region) -> Region {
    if opening.is_sound() { *opening } else { Region::WHOLE }
}

/// The straight edges of the rack: of the beams, and of the uprights beside the opening. What is seen through the opening is none of them.
fn edges(gradient: &Gradient, opening: &Region, beam: &Beam) -> Vec<Edge> {
    let (width, height) = (gradient.width as f32, gradient.height as f32);
    let opening = sound(opening);
    // Where an opening takes in the whole width, the uprights are somewhere near the sides.
    let left = if opening.left > 0.01 { opening.left + 0.02 } else { 0.16 } * width;
    let right = if opening.right < 0.99 { opening.right - 0.02 } else { 0.84 } * width;
    let above = if opening.top > 0.01 { opening.top + 0.02 } else { 0.0 } * height;
    let horizontal = |x: f32, y: f32| {
        let (top, thickness) = (beam.top_at(x), beam.bottom - beam.top);
        if (top - 2.0..=top + thickness + 3.0).contains(&y) {
            return Some(Part::Beam);
        }
        (y <= above).then_some(Part::Above)
    };
    let vertical = |x: f32, _: f32| match x {
        _ if x <= left => Some(Part::Left),
        _ if x >= right => Some(Part::Right),
        _ => None,
    };
    let mut edges = Vec::new();
    straight(gradient, Across::Down, (0.05 * width) as usize, &horizontal, &mut edges);
    straight(gradient, Across::Right, (0.1 * height) as usize, &vertical, &mut edges);
    let every = edges.len().div_ceil(MOST).max(1);
    edges.into_iter().step_by(every).collect()
}

/// The clearest edges that are seen through the opening, a few to each tile. Which of them are the rack's own is told by other references.
pub(crate) fn inside(gradient: &Gradient, opening: &Region, beam: &Beam) -> Vec<Edge> {
    const TILE: usize = 8;
    let opening = sound(opening);
    let (width, height) = (gradient.width, gradient.height);
    let left = (opening.left * width as f32) as usize + 4;
    let right = ((opening.right * width as f32) as usize).saturating_sub(4);
    let top = (opening.top * height as f32) as usize + 4;
    let weakest = WEAKEST.max(0.15 * strong(gradient, 0.96));
    let mut edges = Vec::new();
    for (y, x) in (top..height).step_by(TILE).flat_map(|y| (left..right).step_by(TILE).map(move |x| (y, x))) {
        for across in [Across::Down, Across::Right] {
            let values = gradient.values(across);
            let places = (y..y + TILE).flat_map(|y| (x..(x + TILE).min(right)).map(move |x| (x, y)));
            let is_above = |x: usize, y: usize| (y as f32) < beam.top_at(x as f32) - 3.0;
            let strength = |&(x, y): &(usize, usize)| values[y * width + x].abs();
            let clearest = places.filter(|&(x, y)| y < height && is_above(x, y)).max_by(|a, b| strength(a).total_cmp(&strength(b)));
            if let Some((x, y)) = clearest.filter(|place| strength(place) >= weakest) {
                let (x, y) = (x as f32, y as f32);
                edges.push(Edge { x, y, across, part: Part::Inside, profile: profile(gradient, across, x, y) });
            }
        }
    }
    edges
}

/// Follows straight edges of at least a length, and takes pieces of them that belong to the rack.
fn straight(gradient: &Gradient, across: Across, shortest: usize, part: &dyn Fn(f32, f32) -> Option<Part>, edges: &mut Vec<Edge>) {
    let values = gradient.values(across);
    let (width, height) = (gradient.width, gradient.height);
    // `along` counts the way along the edge, `over` the way across it.
    let (length, breadth) = if across == Across::Down { (width, height) } else { (height, width) };
    let index = |along: usize, over: usize| if across == Across::Down { over * width + along } else { along * width + over };
    let weakest = (0.3 * strong(gradient, 0.96)).max(WEAKEST);
    let is_crest = |along: usize, over: usize| {
        let here = values[index(along, over)];
        let (before, behind) = (values[index(along, over - 1)], values[index(along, over + 1)]);
        let sign = here.signum();
        here.abs() >= weakest && here.abs() >= before * sign && here.abs() > behind * sign
    };
    let mut is_used = vec![false; length * breadth];
    for along in 0..length {
        for over in 1..breadth.saturating_sub(1) {
            if is_used[along * breadth + over] || !is_crest(along, over) {
                continue;
            }
            let sign = values[index(along, over)].signum();
            let mut run = vec![(along, over)];
            let (mut at, mut missed) = ((along, over), 0);
            // A gap of a few pixels is bridged: bolts, labels, noise.
            while missed <= 3 && at.0 + 1 + missed < length {
                let next = at.0 + 1 + missed;
                let near = [at.1, at.1 + 1, at.1.wrapping_sub(1)].into_iter().filter(|&over| over > 0 && over + 1 < breadth);
                let found = near.into_iter().find(|&over| is_crest(next, over) && values[index(next, over)].signum() == sign);
                match found {
                    Some(over) => {
                        at = (next, over);
                        missed = 0;
                        run.push(at);
                    }
                    None => missed += 1,
                }
            }
            run.iter().for_each(|&(along, over)| is_used[along * breadth + over] = true);
            if run.len() >= shortest.max(8) {
                edges.extend(run.iter().skip(PIECE / 2).step_by(PIECE).filter_map(|&(along, over)| {
                    let (x, y) = if across == Across::Down { (along as f32, over as f32) } else { (over as f32, along as f32) };
                    let part = part(x, y)?;
                    Some(Edge { x, y, across, part, profile: profile(gradient, across, x, y) })
                }));
            }
        }
    }
}

/// How an edge looks across at a place.
pub(crate) fn profile(gradient: &Gradient, across: Across, x: f32, y: f32) -> Profile {
    std::array::from_fn(|step| {
        let off = step as f32 - HALF as f32;
        match across {
            Across::Right => gradient.at(across, x + off, y),
            Across::Down => gradient.at(across, x, y + off),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Luma;
    use crate::structure::scaled::Scaled;

    fn rack(beam: std::ops::Range<u32>) -> Gradient {
        let mut pixels = Vec::new();
        for y in 0..200u32 {
            pixels.extend((0..300u32).map(|x| {
                let is_rack = !(20..280).contains(&x) || beam.contains(&y);
                let goods = if x > 100 && x < 200 && y > 60 && y < 120 { 30 } else { 0 };
                if is_rack { 180 } else { 50 + goods as u8 }
            }));
        }
        Gradient::of(&Scaled::fit(&Luma::new(300, 200, pixels).unwrap()))
    }

    #[test]
    fn the_carrying_beam_is_found_where_nobody_says_where_it_is() {
        for top in [120, 150, 170] {
            let found = Rack::find(&rack(top..top + 14), &Framing::default()).beam;
            assert!((found.top - top as f32).abs() <= 1.0 && (found.bottom - (top + 14) as f32).abs() <= 1.0, "{found:?} for {top}");
        }
    }

    #[test]
    fn goods_behind_the_rack_are_no_part_of_it() {
        let rack = Rack::find(&rack(150..164), &Framing::default());
        assert!(rack.edges.len() > 80);
        assert!(rack.edges.iter().all(|edge| !(90.0..210.0).contains(&edge.x) || edge.part == Part::Beam), "{:?}", rack.edges);
        for part in [Part::Beam, Part::Left, Part::Right] {
            assert!(rack.edges.iter().any(|edge| edge.part == part), "{part:?}");
        }
    }
}
