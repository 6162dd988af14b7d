//! How a picture lies on a reference, told by the rack: it is on both, whatever stands in the slot or behind it.

use super::gradient::{Across, Gradient};
use super::rack::{Edge, HALF, Part, Profile, profile};
use super::warp::{Fit, TERMS, Warp};

/// How a picture lies on a reference.
#[derive(Debug, Clone)]
pub(crate) struct Registration {
    /// From places of the reference to those of the picture.
    pub(crate) warp: Warp,
    /// For each edge of the rack whether it is where it must be; none where that is beyond the picture.
    pub(crate) seen: Vec<Option<bool>>,
}

/// The largest shift that is looked for, as a share of the picture's longer side.
const FARTHEST: f32 = 0.2;
/// The coarse search looks at pixels of this many working pixels.
const COARSE: usize = 4;
/// An edge is recognised from this likeness on.
const ALIKE: f32 = 0.6;
/// An edge is where it must be if it is at most so many pixels off.
const NEAR: f32 = 1.6;
/// The usual sizes of a warp's terms in pixels: shifts by the crane's stop, turns and scales by its mast, and a little perspective.
const USUAL: [f32; TERMS] = [40.0, 40.0, 8.0, 8.0, 8.0, 8.0, 5.0, 5.0];
/// One round of looking for edges.
struct Round {
    /// How far is looked, in pixels.
    reach: usize,
    /// How far off what is expected an edge may be to count, in pixels.
    tolerance: f32,
    /// How many of the warp's terms may change.
    terms: usize,
}

/// From about the right place to the exact one.
const ROUNDS: [Round; 5] = [
    Round { reach: 10, tolerance: 8.0, terms: 2 },
    Round { reach: 8, tolerance: 5.0, terms: 6 },
    Round { reach: 6, tolerance: 4.0, terms: 6 },
    Round { reach: 4, tolerance: 3.0, terms: 8 },
    Round { reach: 3, tolerance: 2.0, terms: 8 },
];
/// From where the front of the rack is to where its rear is: that moves otherwise, as it is farther away.
const REARWARD: [Round; 3] = [
    Round { reach: 6, tolerance: 4.0, terms: 6 },
    Round { reach: 4, tolerance: 3.0, terms: 8 },
    Round { reach: 3, tolerance: 2.0, terms: 8 },
];
/// The usual sizes of what the rear moves otherwise, in pixels.
const REAR: [f32; TERMS] = [4.0, 4.0, 3.0, 3.0, 3.0, 3.0, 2.0, 2.0];
/// A picture moved farther than this, in pixels, was not taken from the usual place.
const ASTRAY: f32 = 10.0;
/// So far the rear is then looked for beside where the front is, in pixels.
const REAR_MOVES: f32 = 6.0;
/// The front and the rear lie alike where they are within so many pixels.
const ALIKE_WITHIN: f32 = 1.5;
/// Fewer edges than this tell nothing.
const FEW: usize = 6;
/// Where this share of the edges is found no other place is looked for.
const CERTAIN: f32 = 0.85;
/// How exactly an edge is found, in pixels.
const NOISE: f32 = 0.7;

impl Registration {
    /// Finds how a picture lies on the reference that these edges are of. `start` is where to begin where something better than "about the
    /// same place" is known, a marker for one.
    pub(crate) fn find(picture: &Gradient, edges: &[Edge], start: Option<Warp>) -> Self {
        let unmoved = Warp::identity(picture.width, picture.height);
        let mut best: Option<(usize, Self)> = None;
        // The coarse search is the last resort: it costs more than all else, and cranes mostly stop where they should.
        let guesses: [&dyn Fn() -> Option<Warp>; 3] = [&|| start, &|| Some(unmoved), &|| coarse(picture, edges)];
        for start in guesses.into_iter().filter_map(|guess| guess()) {
            let warp = refine(picture, edges, start, &ROUNDS, &USUAL);
            let seen = seen(picture, edges, &warp);
            let count = count(&seen);
            if best.as_ref().is_none_or(|(most, _)| count > *most) {
                best = Some((count, Self { warp, seen }));
            }
            if count as f32 >= CERTAIN * edges.len() as f32 {
                break;
            }
        }
        best.map_or_else(|| Self { warp: unmoved, seen: vec![None; edges.len()] }, |(_, found)| found)
    }

    /// How what is seen through the opening lies on the reference, where the rack at the front lies like this.
    pub(crate) fn rearward(&self, picture: &Gradient, inside: &[Edge]) -> Self {
        let mut best = Self { warp: self.warp, seen: seen(picture, inside, &self.warp) };
        // Seen from elsewhere, what is farther away moves by many pixels against what is near.
        let far: &[f32] = if self.warp.reach() > ASTRAY { &[0.0, -REAR_MOVES, REAR_MOVES] } else { &[0.0] };
        for (right, down) in far.iter().flat_map(|right| far.iter().map(move |down| (*right, *down))) {
            let warp = refine(picture, inside, self.warp.shifted(right, down), &REARWARD, &REAR);
            let seen = seen(picture, inside, &warp);
            if count(&seen) > count(&best.seen) {
                best = Self { warp, seen };
            }
        }
        best
    }

    /// The planes on which lies what is seen through the opening, from the rear to here at the front; only the rear where both lie alike.
    pub(crate) fn planes(&self, rear: &Self, at: [f32; 2]) -> Vec<Warp> {
        let ([x, y], [rear_x, rear_y]) = (self.warp.map(at[0], at[1]), rear.warp.map(at[0], at[1]));
        let is_alike = (x - rear_x).hypot(y - rear_y) <= ALIKE_WITHIN;
        if is_alike { vec![rear.warp] } else { vec![rear.warp, rear.warp.between(&self.warp), self.warp] }
    }

    /// The share of the edges of some parts that is where it must be, of those within the picture; none where there are too few to tell.
    pub(crate) fn share(&self, edges: &[Edge], of: impl Fn(Part) -> bool) -> Option<f32> {
        let of_part: Vec<Option<bool>> = edges.iter().zip(&self.seen).filter(|(edge, _)| of(edge.part)).map(|(_, seen)| *seen).collect();
        let all = of_part.iter().flatten().count();
        (all >= FEW).then(|| count(&of_part) as f32 / all as f32)
    }

    /// How much stronger the rack's edges are on the picture than on the reference: the light of one against that of the other.
    pub(crate) fn gain(&self, picture: &Gradient, edges: &[Edge]) -> f32 {
        let strength = |profile: &Profile| profile.iter().map(|value| value * value).sum::<f32>().sqrt();
        let ratio = |edge: &Edge| {
            let [x, y] = self.warp.map(edge.x, edge.y);
            strength(&profile(picture, edge.across, x, y)) / strength(&edge.profile).max(1e-3)
        };
        let mut ratios: Vec<f32> =
            edges.iter().zip(&self.seen).filter(|(_, seen)| **seen == Some(true)).map(|(edge, _)| ratio(edge)).collect();
        if ratios.len() < FEW {
            return 1.0;
        }
        let middle = ratios.len() / 2;
        ratios.select_nth_unstable_by(middle, f32::total_cmp).1.clamp(0.05, 20.0)
    }
}

/// The shift at which most of the rack's edges meet edges of the picture, at a coarse scale.
fn coarse(picture: &Gradient, edges: &[Edge]) -> Option<Warp> {
    let (width, height) = (picture.width / COARSE, picture.height / COARSE);
    if width < 4 || height < 4 || edges.len() < 8 {
        return None;
    }
    let maps = [Across::Right, Across::Down].map(|across| pooled(picture, across, width, height));
    let every = edges.len().div_ceil(160);
    let places: Vec<(usize, isize, isize)> = edges
        .iter()
        .step_by(every)
        .map(|edge| (usize::from(edge.across == Across::Down), edge.x as isize / COARSE as isize, edge.y as isize / COARSE as isize))
        .collect();
    let farthest = (FARTHEST * width.max(height) as f32) as isize;
    let mut best = (f32::NEG_INFINITY, 0, 0);
    for (down, right) in (-farthest..=farthest).flat_map(|down| (-farthest..=farthest).map(move |right| (down, right))) {
        let met: f32 = places
            .iter()
            .map(|&(map, x, y)| {
                let (x, y) = (x + right, y + down);
                let is_within = (0..width as isize).contains(&x) && (0..height as isize).contains(&y);
                if is_within { maps[map][y as usize * width + x as usize] } else { 0.0 }
            })
            .sum();
        // Among equals the nearest: cameras are seldom moved.
        let strength = met / places.len() as f32 - 0.1 * (right as f32).hypot(down as f32) / farthest.max(1) as f32;
        if strength > best.0 {
            best = (strength, right, down);
        }
    }
    let (_, right, down) = best;
    let working = |cells: isize| (cells * COARSE as isize) as f32;
    (right != 0 || down != 0).then(|| Warp::identity(picture.width, picture.height).shifted(working(right), working(down)))
}

/// The strongest edge in each block of pixels, 0 to 1: all that are clear count the same.
fn pooled(picture: &Gradient, across: Across, width: usize, height: usize) -> Vec<f32> {
    let values = picture.values(across);
    let mut map = vec![0.0f32; width * height];
    for y in 0..height * COARSE {
        let row = &values[y * picture.width..][..width * COARSE];
        for (block, cells) in map[y / COARSE * width..][..width].iter_mut().zip(row.chunks_exact(COARSE)) {
            *block = cells.iter().fold(*block, |most, value| most.max(value.abs()));
        }
    }
    let mean = map.iter().sum::<f32>() / map.len() as f32;
    let clear = (2.0 * mean).max(1.0);
    map.iter_mut().for_each(|value| *value = (*value / clear).min(1.0));
    map
}

/// From about the right place to the exact one: edges are looked for nearer and nearer to where they must be.
fn refine(picture: &Gradient, edges: &[Edge], start: Warp, rounds: &[Round], sizes: &[f32; TERMS]) -> Warp {
    let mut warp = start;
    for &Round { reach, tolerance, terms } in rounds {
        let mut usual = *sizes;
        usual[terms..].fill(1e-3);
        let found: Vec<([f32; TERMS], f32, f32)> = edges
            .iter()
            .filter_map(|edge| {
                let [x, y] = warp.map(edge.x, edge.y);
                let (off, likeness) = locate(picture, edge, x, y, reach, edge.part == Part::Inside)?;
                let (right, down) = warp.basis(edge.x, edge.y);
                let (basis, moved) = match edge.across {
                    Across::Right => (right, x - edge.x),
                    Across::Down => (down, y - edge.y),
                };
                Some((basis, moved + off - dot(&basis, &start.terms), likeness))
            })
            .collect();
        // What is expected is said of the difference to the start, so that a start that knows of a turn keeps it.
        let mut change: [f32; TERMS] = std::array::from_fn(|term| warp.terms[term] - start.terms[term]);
        for _ in 0..3 {
            let mut fit = Fit::expecting(usual, NOISE);
            for (basis, moved, likeness) in &found {
                // Tukey's weights: what is far off belongs to something else.
                let off = (moved - dot(basis, &change)) / tolerance;
                let weight = (1.0 - off * off).max(0.0).powi(2);
                fit.observe(basis, *moved, weight * likeness * likeness);
            }
            change = fit.terms();
        }
        warp.terms = std::array::from_fn(|term| start.terms[term] + change[term]);
    }
    warp
}

/// The warp that maps these places of the reference to those of the picture as well as usual shifts, turns and scales can. Few places that
/// lie close together say little of turns and scales, and the warp shows none then.
pub(crate) fn through(width: usize, height: usize, pairs: &[([f32; 2], [f32; 2])]) -> Warp {
    let mut warp = Warp::identity(width, height);
    let mut fit = Fit::expecting([1000.0, 1000.0, USUAL[2], USUAL[3], USUAL[4], USUAL[5], 1e-3, 1e-3], NOISE);
    for ([x, y], [to_x, to_y]) in pairs {
        let (right, down) = warp.basis(*x, *y);
        fit.observe(&right, to_x - x, 1.0);
        fit.observe(&down, to_y - y, 1.0);
    }
    warp.terms = fit.terms();
    warp
}

/// The sum of products.
fn dot(a: &[f32; TERMS], b: &[f32; TERMS]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Which edges are where they must be; none for those beyond the picture.
fn seen(picture: &Gradient, edges: &[Edge], warp: &Warp) -> Vec<Option<bool>> {
    let within = |at: f32, side: usize| (2.0..side as f32 - 2.0).contains(&at);
    let is_seen = |edge: &Edge| {
        let [x, y] = warp.map(edge.x, edge.y);
        (within(x, picture.width) && within(y, picture.height)).then(|| is_at(picture, edge, x, y))
    };
    edges.iter().map(is_seen).collect()
}

/// How many edges are seen.
fn count(seen: &[Option<bool>]) -> usize {
    seen.iter().filter(|seen| **seen == Some(true)).count()
}

/// Whether an edge is at a place.
fn is_at(picture: &Gradient, edge: &Edge, x: f32, y: f32) -> bool {
    locate(picture, edge, x, y, 3, true).is_some_and(|(off, _)| off.abs() <= NEAR)
}

/// Looks for an edge near a place, across it: how far off it is, and how alike it looks there. `is_either`: either side of it may be the
/// brighter one, for what is seen beside and behind the rack changes.
fn locate(picture: &Gradient, edge: &Edge, x: f32, y: f32, reach: usize, is_either: bool) -> Option<(f32, f32)> {
    let (width, height) = (picture.width as f32, picture.height as f32);
    if !(0.0..width).contains(&x) || !(0.0..height).contains(&y) {
        return None;
    }
    let count = 2 * (reach + HALF) + 1;
    let mut line = [0.0f32; 2 * (10 + HALF) + 1];
    for (step, value) in line.iter_mut().enumerate().take(count) {
        let off = step as f32 - (reach + HALF) as f32;
        *value = match edge.across {
            Across::Right => picture.at(edge.across, x + off, y),
            Across::Down => picture.at(edge.across, x, y + off),
        };
    }
    let likeness = |at: usize| {
        let likeness = alike(&edge.profile, &line[at..at + 2 * HALF + 1]);
        if is_either { likeness.abs() } else { likeness }
    };
    let mut best = (f32::NEG_INFINITY, 0);
    for at in 0..=2 * reach {
        // Among equals the nearest.
        let value = likeness(at) - 0.01 * (at as f32 - reach as f32).abs();
        if value > best.0 {
            best = (value, at);
        }
    }
    let at = best.1;
    let here = likeness(at);
    if here < ALIKE {
        return None;
    }
    let between = if at > 0 && at < 2 * reach {
        let (before, behind) = (likeness(at - 1), likeness(at + 1));
        let bend = before - 2.0 * here + behind;
        if bend < -1e-6 { (0.5 * (before - behind) / bend).clamp(-0.5, 0.5) } else { 0.0 }
    } else {
        0.0
    };
    Some((at as f32 - reach as f32 + between, here))
}

/// How alike two profiles are, whatever the light: -1 to 1. Slopes below the noise are like nothing.
fn alike(wanted: &Profile, found: &[f32]) -> f32 {
    let product: f32 = wanted.iter().zip(found).map(|(a, b)| a * b).sum();
    let (of_wanted, of_found): (f32, f32) = (wanted.iter().map(|a| a * a).sum(), found.iter().map(|b| b * b).sum());
    product / ((of_wanted * of_found).sqrt() + 1.0)
}

/// The edges that other pictures share, each as it looks on all of them together. One picture in four may lack an edge: something can
/// hang before it.
pub(crate) fn shared(edges: &[Edge], others: &[(&Gradient, &Warp)]) -> Vec<Edge> {
    let lacking = others.len() / 3;
    let share = |edge: &Edge| {
        let mut sum = unit(&edge.profile);
        let mut lacked = 0;
        for (picture, warp) in others {
            let [x, y] = warp.map(edge.x, edge.y);
            if !is_at(picture, edge, x, y) {
                lacked += 1;
                continue;
            }
            let other = unit(&profile(picture, edge.across, x, y));
            sum.iter_mut().zip(other).for_each(|(sum, value)| *sum += value);
        }
        let length = edge.profile.iter().map(|value| value * value).sum::<f32>().sqrt();
        (lacked <= lacking).then(|| Edge { profile: unit(&sum).map(|value| value * length), ..*edge })
    };
    edges.iter().filter_map(share).collect()
}

/// A profile of length one.
fn unit(profile: &Profile) -> Profile {
    let length = profile.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-3);
    profile.map(|value| value / length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Luma;
    use crate::occupancy::Framing;
    use crate::structure::rack::Rack;
    use crate::structure::scaled::Scaled;

    /// A rack of 400 × 240 whose places are found through a warp, with a box in it or not.
    fn picture(warp: &Warp, light: f32, has_load: bool) -> Gradient {
        let brightness = |x: f32, y: f32| {
            let is_rack = !(30.0..370.0).contains(&x) || (180.0..198.0).contains(&y) || y < 14.0;
            let is_load = has_load && (90.0..300.0).contains(&x) && (60.0..180.0).contains(&y);
            let goods = if (150.0..230.0).contains(&x) && (70.0..130.0).contains(&y) { 25.0 } else { 0.0 };
            match () {
                () if is_rack => 150.0,
                () if is_load => 110.0,
                () => 45.0 + goods,
            }
        };
        let mut pixels = Vec::new();
        for y in 0..240 {
            for x in 0..400 {
                let parts = [0.125, 0.375, 0.625, 0.875].iter().flat_map(|v| [0.125, 0.375, 0.625, 0.875].map(|u| (u - 0.5, v - 0.5)));
                let sum: f32 = parts.map(|(u, v)| warp.map(x as f32 + u, y as f32 + v)).map(|[x, y]| brightness(x, y)).sum();
                pixels.push((sum / 16.0 * light) as u8);
            }
        }
        Gradient::of(&Scaled::fit(&Luma::new(400, 240, pixels).unwrap()))
    }

    fn warp(terms: [f32; TERMS]) -> Warp {
        let mut warp = Warp::identity(400, 240);
        warp.terms = terms;
        warp
    }

    #[test]
    fn a_picture_is_laid_on_the_reference_to_a_part_of_a_pixel() {
        let reference = picture(&warp([0.0; TERMS]), 1.0, false);
        let edges = Rack::find(&reference, &Framing::default()).edges;
        for (terms, light, has_load) in [
            ([3.4, -2.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 1.0, false),
            ([-21.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 0.5, true),
            ([5.0, 2.0, 3.0, -2.0, 2.0, 3.0, 0.0, 0.0], 1.4, false),
            ([2.0, -4.0, -4.0, 1.0, -1.0, -4.0, 2.0, -2.0], 0.7, true),
        ] {
            // The picture is drawn through the way back, which is the way there but for its sign, nearly.
            let back = warp(terms);
            let found = Registration::find(&picture(&back, light, has_load), &edges, None);
            assert!(found.share(&edges, |_| true).unwrap() > 0.85, "{terms:?}: {:?}", found.share(&edges, |_| true));
            for (x, y) in [(40.0, 30.0), (360.0, 30.0), (40.0, 185.0), (360.0, 185.0), (200.0, 180.0)] {
                let [to_x, to_y] = found.warp.map(x, y);
                let [again_x, again_y] = back.map(to_x, to_y);
                assert!((again_x - x).hypot(again_y - y) < 1.2, "{terms:?} at {x}, {y}: {again_x}, {again_y}");
            }
        }
    }

    #[test]
    fn where_there_is_no_rack_none_is_seen() {
        let edges = Rack::find(&picture(&warp([0.0; TERMS]), 1.0, false), &Framing::default()).edges;
        let cloth: Vec<u8> = (0..400 * 240u32).map(|index| 90 + ((index % 400) * (index / 400) / 7 % 50) as u8).collect();
        let found = Registration::find(&Gradient::of(&Scaled::fit(&Luma::new(400, 240, cloth).unwrap())), &edges, None);
        assert!(found.share(&edges, |_| true).unwrap() < 0.35, "{:?}", found.share(&edges, |_| true));
    }
}
