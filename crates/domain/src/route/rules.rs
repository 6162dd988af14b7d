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
    let mut paths = vec![spots.in_order_of(0..points), bands(spots), serpentine(spots), nearest_neighbour(spots, &mut Nearby::new(spots))];
    if spots.goes_home() {
        paths.push(shortest(spots, there_and_back(spots, level, column)));
        paths.push(shortest(spots, there_and_back(spots, column, level)));
    }
    shortest(spots, paths)
}

fn shortest(spots: &Spots, paths: impl IntoIterator<Item = Vec<SpotIndex>>) -> Vec<SpotIndex> {
    let measured = paths.into_iter().map(|path| (spots.length(&path), path));
    measured.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, path)| path).unwrap_or_default()
}

/// To and fro along the aisle through bands of levels, of the number of bands that makes the shortest path.
fn bands(spots: &Spots) -> Vec<SpotIndex> {
    const MOST: usize = 16;
    let levels = Lines::new(spots, spots.free(), level, column);
    shortest(spots, (1..=levels.count.min(MOST)).flat_map(|bands| levels.sweeps(bands)))
}

/// Up and down, column by column.
fn serpentine(spots: &Spots) -> Vec<SpotIndex> {
    let columns = Lines::new(spots, spots.free(), column, level);
    shortest(spots, columns.sweeps(columns.count))
}

/// To and fro over all lines but their first or last spots, and home over these: the shortest way over a full rack.
fn there_and_back(spots: &Spots, line: Coordinate, along: Coordinate) -> Vec<Vec<SpotIndex>> {
    let ends = spots.free().map(|spot| along(spots, spot));
    let edges = [ends.clone().fold(f64::INFINITY, f64::min), ends.fold(f64::NEG_INFINITY, f64::max)];
    let mut paths = Vec::new();
    for edge in edges {
        let (back, there): (Vec<SpotIndex>, Vec<SpotIndex>) = spots.free().partition(|spot| along(spots, *spot) == edge);
        let [up, .., down] = Lines::new(spots, back.into_iter(), along, line).sweeps(1);
        let there = Lines::new(spots, there.into_iter(), line, along);
        for path in there.sweeps(there.count) {
            paths.extend([&up, &down].map(|back| path.iter().chain(back).copied().collect()));
        }
    }
    paths
}

/// One of the two coordinates of a spot.
type Coordinate = fn(&Spots, SpotIndex) -> f64;

fn column(spots: &Spots, spot: SpotIndex) -> f64 {
    spots.at(spot).x_m
}

fn level(spots: &Spots, spot: SpotIndex) -> f64 {
    spots.at(spot).y_m
}

/// Spots on parallel lines: levels or columns.
struct Lines {
    /// In the direction in which the lines run.
    along: Vec<SpotIndex>,
    /// The number of each spot's line.
    line_of: Vec<usize>,
    count: usize,
}

impl Lines {
    /// `line` is the same on a line, `along` rises on it.
    fn new(spots: &Spots, members: impl Iterator<Item = SpotIndex>, line: Coordinate, along: Coordinate) -> Self {
        let mut members: Vec<SpotIndex> = members.collect();
        members.sort_by(|a, b| line(spots, *a).total_cmp(&line(spots, *b)));
        let mut line_of = vec![0; spots.len()];
        let mut count = 0;
        for same in members.chunk_by(|a, b| line(spots, *a) == line(spots, *b)) {
            same.iter().for_each(|spot| line_of[*spot as usize] = count);
            count += 1;
        }
        members.sort_by(|a, b| along(spots, *a).total_cmp(&along(spots, *b)));
        Self { along: members, line_of, count }
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
