//! The distinct spots of a problem: what stands at the same place (both sides of the aisle, both cameras) is visited at once.

use super::{End, Point, Problem};
use crate::travel::{Axis, Kinematics};

/// Index of a spot; the dummy of an open end bears the number after the last.
pub(super) type SpotIndex = u32;

/// Cost of an edge that every tour must keep.
pub(super) const KEPT: f64 = -1e30;

/// Spots in the order of their coordinates, with what stops at each, and what it costs to go from one to another.
///
/// A route is searched for as a tour. Where an end is open, the tour runs through a dummy that costs nothing to reach or to leave,
/// except that the edge to the given end, if there is one, is kept ([`KEPT`]). Two different given ends keep the edge between them.
/// Going home needs neither. Putting equal points together loses nothing: travel is a metric, so a route that visits them one
/// after the other is as short as any.
#[derive(Debug)]
pub(super) struct Spots {
    at: Vec<Point>,
    /// Where the members of each spot begin, and behind the last where they end.
    first: Vec<u32>,
    /// Indices of the problem's points, grouped by spot, rising within one.
    members: Vec<u32>,
    spot_of: Vec<SpotIndex>,
    /// Where the crane stands.
    pub(super) start: Option<SpotIndex>,
    /// Where it has to end.
    pub(super) end: Option<SpotIndex>,
    kinematics: Kinematics,
    table: Option<Table>,
    kept: Option<(SpotIndex, SpotIndex)>,
}

impl Spots {
    pub(super) fn new(problem: &Problem) -> Self {
        let goal = match problem.end() {
            End::Open => None,
            End::At(point) => Some(point),
        };
        let count = problem.points().len() as u32;
        // Beyond the points: the start is `count`, the end is the last one.
        let mut all = problem.points().to_vec();
        all.extend(problem.start());
        all.extend(goal);
        let mut by_place: Vec<u32> = (0..all.len() as u32).collect();
        by_place.sort_unstable_by(|&a, &b| {
            let (p, q) = (all[a as usize], all[b as usize]);
            p.x_m.total_cmp(&q.x_m).then(p.y_m.total_cmp(&q.y_m)).then(a.cmp(&b))
        });
        let (mut at, mut first, mut members): (Vec<Point>, Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new(), Vec::new());
        let mut spot_of = vec![0; all.len()];
        for index in by_place {
            let point = all[index as usize];
            if at.last() != Some(&point) {
                first.push(members.len() as u32);
                at.push(point);
            }
            spot_of[index as usize] = at.len() as u32 - 1;
            if index < count {
                members.push(index);
            }
        }
        first.push(members.len() as u32);
        let start = problem.start().map(|_| spot_of[count as usize]);
        let end = goal.and_then(|_| spot_of.last().copied());
        spot_of.truncate(count as usize);
        let dummy = at.len() as SpotIndex;
        let kept = match (start, end) {
            (Some(start), Some(end)) => (start != end).then_some((start, end)),
            (Some(anchor), None) | (None, Some(anchor)) => Some((anchor, dummy)),
            (None, None) => None,
        };
        let kinematics = problem.kinematics();
        let mut spots = Self { at, first, members, spot_of, start, end, kinematics, table: None, kept };
        spots.table = Table::new(&spots);
        spots
    }

    /// How many spots there are, the ends among them, the dummy not.
    pub(super) fn len(&self) -> usize {
        self.at.len()
    }

    /// How many nodes a tour has.
    pub(super) fn nodes(&self) -> usize {
        self.at.len() + usize::from(self.dummy().is_some())
    }

    /// The dummy, where an end is open.
    pub(super) fn dummy(&self) -> Option<SpotIndex> {
        (self.start.is_none() || self.end.is_none()).then_some(self.at.len() as SpotIndex)
    }

    /// Whether the crane ends where it starts.
    pub(super) fn goes_home(&self) -> bool {
        self.start.is_some() && self.start == self.end
    }

    pub(super) fn at(&self, spot: SpotIndex) -> Point {
        self.at[spot as usize]
    }

    pub(super) fn kinematics(&self) -> Kinematics {
        self.kinematics
    }

    /// The spots that are neither start nor end.
    pub(super) fn free(&self) -> impl Iterator<Item = SpotIndex> + Clone {
        (0..self.at.len() as SpotIndex).filter(|spot| self.is_free(*spot))
    }

    pub(super) fn is_free(&self, spot: SpotIndex) -> bool {
        Some(spot) != self.start && Some(spot) != self.end
    }

    /// The spot at which a point of the problem is.
    pub(super) fn of_point(&self, point: u32) -> SpotIndex {
        self.spot_of[point as usize]
    }

    /// Cost of an edge of the tour, in seconds.
    #[inline]
    pub(super) fn cost(&self, a: SpotIndex, b: SpotIndex) -> f64 {
        match &self.table {
            Some(table) => table.cost(a as usize, b as usize),
            None => self.computed(a, b),
        }
    }

    /// Seconds between two spots, neither of them the dummy.
    #[inline]
    pub(super) fn seconds(&self, a: SpotIndex, b: SpotIndex) -> f64 {
        seconds(self.kinematics, self.at(a), self.at(b))
    }

    fn computed(&self, a: SpotIndex, b: SpotIndex) -> f64 {
        if self.kept == Some((a, b)) || self.kept == Some((b, a)) {
            KEPT
        } else if a.max(b) as usize == self.at.len() {
            0.0
        } else {
            self.seconds(a, b)
        }
    }

    /// Seconds between opposite corners of all spots: no two are farther apart.
    pub(super) fn widest(&self) -> f64 {
        let range = |along: fn(&Point) -> f64| {
            let values = self.at.iter().map(along);
            values.clone().fold(f64::NEG_INFINITY, f64::max) - values.fold(f64::INFINITY, f64::min)
        };
        if self.at.is_empty() {
            return 0.0;
        }
        self.kinematics.drive.seconds(range(|p| p.x_m)).max(self.kinematics.lift.seconds(range(|p| p.y_m)))
    }

    /// The spots in the order in which a list of points comes to them first, ends left out.
    pub(super) fn in_order_of(&self, points: impl Iterator<Item = u32>) -> Vec<SpotIndex> {
        let mut seen = vec![false; self.at.len()];
        let visits = points.map(|point| self.of_point(point));
        visits.filter(|&spot| self.is_free(spot) && !std::mem::replace(&mut seen[spot as usize], true)).collect()
    }

    /// Seconds from the start over these spots to the end.
    pub(super) fn length(&self, free: &[SpotIndex]) -> f64 {
        let path = self.start.into_iter().chain(free.iter().copied()).chain(self.end);
        path.clone().zip(path.skip(1)).map(|(a, b)| self.seconds(a, b)).sum()
    }

    /// The points of the problem in the order of a path over the free spots.
    pub(super) fn points_of(&self, free: &[SpotIndex]) -> Vec<u32> {
        let end = self.end.filter(|_| !self.goes_home());
        let path = self.start.into_iter().chain(free.iter().copied()).chain(end);
        let members = |spot: SpotIndex| &self.members[self.first[spot as usize] as usize..self.first[spot as usize + 1] as usize];
        path.flat_map(members).copied().collect()
    }

    /// A tour over all nodes from a path over the free spots.
    pub(super) fn tour_of(&self, free: &[SpotIndex]) -> Vec<SpotIndex> {
        let end = self.end.filter(|_| !self.goes_home());
        self.dummy().into_iter().chain(self.start).chain(free.iter().copied()).chain(end).collect()
    }

    /// The path over the free spots within a tour.
    pub(super) fn path_of(&self, tour: &[SpotIndex]) -> Vec<SpotIndex> {
        // The first node of `tour_of`; the edge that is kept says which way round.
        let head = self.dummy().or(self.start);
        let from = tour.iter().position(|node| Some(*node) == head).unwrap_or(0);
        let round = || tour[from..].iter().chain(&tour[..from]).copied();
        let free = |nodes: &mut dyn Iterator<Item = SpotIndex>| {
            nodes.filter(|node| (*node as usize) < self.at.len() && self.is_free(*node)).collect()
        };
        let second = round().nth(1);
        let backward = match (self.start, self.end) {
            (Some(start), None) => second != Some(start),
            (_, Some(end)) => !self.goes_home() && second == Some(end),
            (None, None) => false,
        };
        if backward { free(&mut round().rev()) } else { free(&mut round()) }
    }
}

/// Seconds between two points.
pub(super) fn seconds(kinematics: Kinematics, a: Point, b: Point) -> f64 {
    kinematics.drive.seconds(b.x_m - a.x_m).max(kinematics.lift.seconds(b.y_m - a.y_m))
}

/// Costs by column and row. A rack has few of either, so these tables stay in the cache where a matrix of all pairs would not;
/// and start, end and dummy have entries of their own, so that looking up a cost never branches.
#[derive(Debug)]
struct Table {
    drive: AxisTable,
    lift: AxisTable,
}

#[derive(Debug)]
struct AxisTable {
    entry_of: Vec<u32>,
    width: usize,
    seconds: Vec<f64>,
}

impl Table {
    fn new(spots: &Spots) -> Option<Self> {
        let axis = |axis, coordinate| AxisTable::new(spots, axis, coordinate);
        Some(Self { drive: axis(spots.kinematics.drive, |p| p.x_m)?, lift: axis(spots.kinematics.lift, |p| p.y_m)? })
    }

    #[inline]
    fn cost(&self, a: usize, b: usize) -> f64 {
        let (drive, lift) = (self.drive.get(a, b), self.lift.get(a, b));
        if drive > lift { drive } else { lift }
    }
}

impl AxisTable {
    /// More columns or rows than this are computed instead.
    const LONGEST: usize = 320;

    fn new(spots: &Spots, axis: Axis, coordinate: fn(&Point) -> f64) -> Option<Self> {
        let mut values: Vec<f64> = spots.at.iter().map(coordinate).collect();
        values.sort_unstable_by(f64::total_cmp);
        values.dedup();
        let distinct = values.len();
        if distinct > Self::LONGEST {
            return None;
        }
        let mut entry_of: Vec<u32> =
            spots.at.iter().map(|point| values.partition_point(|value| value.total_cmp(&coordinate(point)).is_lt()) as u32).collect();
        for spot in [spots.start, spots.end].into_iter().flatten() {
            entry_of[spot as usize] = values.len() as u32;
            values.push(coordinate(&spots.at(spot)));
        }
        // The dummy comes last, at no distance to anything.
        let width = values.len() + 1;
        entry_of.push(values.len() as u32);
        let mut seconds = vec![0.0; width * width];
        for (a, from) in values.iter().enumerate() {
            for (b, to) in values.iter().enumerate().skip(a + 1) {
                let cost = axis.seconds(to - from);
                seconds[a * width + b] = cost;
                seconds[b * width + a] = cost;
            }
        }
        if let Some((a, b)) = spots.kept {
            let (a, b) = (entry_of[a as usize] as usize, entry_of[b as usize] as usize);
            seconds[a * width + b] = KEPT;
            seconds[b * width + a] = KEPT;
        }
        Some(Self { entry_of, width, seconds })
    }

    #[inline]
    fn get(&self, a: usize, b: usize) -> f64 {
        self.seconds[self.entry_of[a] as usize * self.width + self.entry_of[b] as usize]
    }
}
