//! Simple rules for the order of stops: what a plan is compared with, and where the search begins.

use super::Problem;
use super::nearby::Nearby;
use super::spots::{SpotIndex, Spots};

/// What simple rules would cost, in seconds of travel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RuleCosts {
    /// The points in the order in which they were given.
    pub given_s: f64,
    /// The points sorted by code.
    pub sorted_s: f64,
    /// Band by band of levels, to and fro along the aisle; the best number of bands.
    pub bands_s: f64,
    /// Column by column, up and down.
    pub serpentine_s: f64,
    /// Always on to the nearest point.
    pub nearest_s: f64,
}

/// What simple rules would cost. `by_code` is the order of the points by their codes, which only the caller knows.
pub fn rules(problem: &Problem, by_code: &[u32]) -> RuleCosts {
    let spots = Spots::new(problem);
    let length = |path: Vec<SpotIndex>| spots.length(&path);
    RuleCosts {
        given_s: problem.travel_s(0..problem.points().len() as u32),
        sorted_s: problem.travel_s(by_code.iter().copied()),
        bands_s: length(bands(&spots)),
        serpentine_s: length(serpentine(&spots)),
        nearest_s: length(nearest_neighbour(&spots, &mut Nearby::new(&spots))),
    }
}

/// The best path over the free spots that a simple rule finds, the order as given among them.
pub(super) fn best(spots: &Spots, points: u32) -> Vec<SpotIndex> {
    let paths = [spots.in_order_of(0..points), bands(spots), serpentine(spots), nearest_neighbour(spots, &mut Nearby::new(spots))];
    shortest(spots, paths)
}

fn shortest(spots: &Spots, paths: impl IntoIterator<Item = Vec<SpotIndex>>) -> Vec<SpotIndex> {
    let measured = paths.into_iter().map(|path| (spots.length(&path), path));
    measured.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, path)| path).unwrap_or_default()
}

/// To and fro along the aisle through bands of levels, of the number of bands that makes the shortest path.
fn bands(spots: &Spots) -> Vec<SpotIndex> {
    const MOST: usize = 16;
    let levels = Lines::new(spots, |spots, spot| (spots.at(spot).y_m, spots.at(spot).x_m));
    shortest(spots, (1..=levels.count.min(MOST)).flat_map(|bands| levels.sweeps(bands)))
}

/// Up and down, column by column.
fn serpentine(spots: &Spots) -> Vec<SpotIndex> {
    let columns = Lines::new(spots, |spots, spot| (spots.at(spot).x_m, spots.at(spot).y_m));
    shortest(spots, columns.sweeps(columns.count))
}

/// The free spots on parallel lines: levels or columns.
struct Lines {
    /// In the direction in which the lines run.
    along: Vec<SpotIndex>,
    /// The number of each spot's line.
    line_of: Vec<usize>,
    count: usize,
}

impl Lines {
    /// `place` gives which line a spot is on, and where on it.
    fn new(spots: &Spots, place: fn(&Spots, SpotIndex) -> (f64, f64)) -> Self {
        let mut along: Vec<SpotIndex> = spots.free().collect();
        let mut line_of = vec![0; spots.len()];
        along.sort_by(|a, b| place(spots, *a).0.total_cmp(&place(spots, *b).0));
        let mut count = 0;
        for (position, spot) in along.iter().enumerate() {
            if position > 0 && place(spots, along[position - 1]).0 != place(spots, *spot).0 {
                count += 1;
            }
            line_of[*spot as usize] = count;
        }
        let lines = if along.is_empty() { 0 } else { count + 1 };
        along.sort_by(|a, b| place(spots, *a).1.total_cmp(&place(spots, *b).1));
        Self { along, line_of, count: lines }
    }

    /// To and fro, from either corner of either side.
    fn sweeps(&self, bands: usize) -> [Vec<SpotIndex>; 4] {
        let mut content = vec![Vec::new(); bands];
        for &spot in &self.along {
            content[self.line_of[spot as usize] * bands / self.count].push(spot);
        }
        [(false, false), (false, true), (true, false), (true, true)].map(|(from_last, from_far)| {
            let mut path = Vec::with_capacity(self.along.len());
            for number in 0..bands {
                let band = &content[if from_last { bands - 1 - number } else { number }];
                if (number % 2 == 1) != from_far { path.extend(band.iter().rev()) } else { path.extend(band) }
            }
            path
        })
    }
}

/// Always on to the nearest spot: from the start, or back from the end, or from the first corner.
fn nearest_neighbour(spots: &Spots, nearby: &mut Nearby<'_>) -> Vec<SpotIndex> {
    let Some(mut here) = spots.start.or(spots.end).or((spots.len() > 0).then_some(0)) else { return Vec::new() };
    let mut path = Vec::with_capacity(spots.len());
    let mut found = Vec::new();
    for anchor in [spots.start, spots.end].into_iter().flatten() {
        nearby.take(anchor);
    }
    if spots.is_free(here) {
        nearby.take(here);
        path.push(here);
    }
    loop {
        nearby.nearest(here, 1, &mut found);
        let Some((_, next)) = found.first() else { break };
        here = *next;
        nearby.take(here);
        path.push(here);
    }
    if spots.start.is_none() && spots.end.is_some() {
        path.reverse();
    }
    path
}
