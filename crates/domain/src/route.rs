//! In which order a crane visits its stops, and how short that is.
//!
//! A crane drives and lifts at the same time; going from one point to another takes as long as the slower axis. Seconds as a function
//! of metres are concave on either axis and 0 for 0, so travel is a metric: a detour is never shorter, and points at the same place are
//! visited one after the other.
//!
//! Few points are solved exactly. More are ordered by the best of some simple rules, improved by iterated local search within the
//! [`Effort`] allowed, and compared with a lower bound, so that a route comes with a proof of how much better another could be at most.

use crate::travel::{Axis, Kinematics};

mod bound;
mod branch;
mod cuts;
mod exact;
mod insert;
mod nearby;
mod rules;
mod search;
mod spots;
mod tour;

pub use rules::{RuleCosts, rules};

use search::{Neighbours, Search};
use spots::Spots;

/// Where a stop is, in metres along the aisle and up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Along the aisle.
    pub x_m: f64,
    /// Up.
    pub y_m: f64,
}

/// Where a route ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    /// At whichever stop is best visited last.
    Open,
    /// There, after the last stop.
    At(Point),
}

/// Points that a crane must visit, and what it can do. Checked: every cost is a number.
#[derive(Debug, Clone)]
pub struct Problem {
    points: Vec<Point>,
    start: Option<Point>,
    end: End,
    kinematics: Kinematics,
}

/// Why a route cannot be planned.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProblemError {
    /// A point to visit is not in the world.
    #[error("point {index} is at {x_m} m, {y_m} m; coordinates must be numbers between -{MOST_METRES} and {MOST_METRES}")]
    Point {
        /// Its index.
        index: usize,
        /// As given.
        x_m: f64,
        /// As given.
        y_m: f64,
    },
    /// The start or the end is not in the world.
    #[error("the {which} is at {x_m} m, {y_m} m; coordinates must be numbers between -{MOST_METRES} and {MOST_METRES}")]
    Terminus {
        /// `start` or `end`.
        which: &'static str,
        /// As given.
        x_m: f64,
        /// As given.
        y_m: f64,
    },
    /// A speed or an acceleration with which no crane moves.
    #[error("{which} is {value}; it must be a number between {LEAST_RATE} and {MOST_RATE}")]
    Rate {
        /// `drive speed`, `drive acceleration`, `lift speed` or `lift acceleration`.
        which: &'static str,
        /// As given, in metres and seconds.
        value: f64,
    },
    /// More points than can be numbered.
    #[error("{0} points are more than a route can have")]
    TooMany(usize),
}

/// Coordinates may be as far from 0.
pub(crate) const MOST_METRES: f64 = 1e6;
/// Speeds and accelerations, in metres and seconds.
pub(crate) const LEAST_RATE: f64 = 1e-6;
pub(crate) const MOST_RATE: f64 = 1e6;
const MOST_POINTS: usize = 10_000_000;

impl Problem {
    /// Checks points and kinematics.
    pub fn new(points: Vec<Point>, start: Option<Point>, end: End, kinematics: Kinematics) -> Result<Self, ProblemError> {
        if points.len() > MOST_POINTS {
            return Err(ProblemError::TooMany(points.len()));
        }
        let rates = |Axis { speed, acceleration }, names: [&'static str; 2]| {
            let wrong = |(_, value): &(&str, f64)| !(LEAST_RATE..=MOST_RATE).contains(value);
            names.into_iter().zip([speed, acceleration]).find(wrong)
        };
        let drive = rates(kinematics.drive, ["drive speed", "drive acceleration"]);
        if let Some((which, value)) = drive.or_else(|| rates(kinematics.lift, ["lift speed", "lift acceleration"])) {
            return Err(ProblemError::Rate { which, value });
        }
        // Adding 0 makes -0 the same place as 0.
        let checked = |Point { x_m, y_m }| {
            let fine = |metres: f64| (-MOST_METRES..=MOST_METRES).contains(&metres);
            (fine(x_m) && fine(y_m)).then_some(Point { x_m: x_m + 0.0, y_m: y_m + 0.0 })
        };
        let numbered = points
            .into_iter()
            .enumerate()
            .map(|(index, point)| checked(point).ok_or(ProblemError::Point { index, x_m: point.x_m, y_m: point.y_m }));
        let terminus = |point: Point, which| checked(point).ok_or(ProblemError::Terminus { which, x_m: point.x_m, y_m: point.y_m });
        let points = numbered.collect::<Result<_, _>>()?;
        let start = start.map(|point| terminus(point, "start")).transpose()?;
        let end = match end {
            End::Open => End::Open,
            End::At(point) => End::At(terminus(point, "end")?),
        };
        Ok(Self { points, start, end, kinematics })
    }

    /// The points to visit.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// Where the crane stands, if that is known.
    pub fn start(&self) -> Option<Point> {
        self.start
    }

    /// Where it has to end.
    pub fn end(&self) -> End {
        self.end
    }

    /// What it can do.
    pub fn kinematics(&self) -> Kinematics {
        self.kinematics
    }

    /// Seconds of travel over points in an order, from the start and to the end. Indices that do not exist are left out.
    pub fn travel_s(&self, order: impl IntoIterator<Item = u32>) -> f64 {
        self.legs(order).map(|(a, b)| spots::seconds(self.kinematics, a, b)).fold(0.0, |sum, leg| sum + leg)
    }

    /// An order with its length and what a lower bound says of it.
    fn route(&self, order: Vec<u32>, bound_s: f64) -> Route {
        let travel_s = self.travel_s(order.iter().copied());
        let proof = if travel_s <= bound_s * (1.0 + EQUAL) { Proof::Optimal } else { Proof::Within };
        Route { order, travel_s, bound_s: bound_s.min(travel_s), proof }
    }

    fn legs(&self, order: impl IntoIterator<Item = u32>) -> impl Iterator<Item = (Point, Point)> {
        let end = match self.end {
            End::Open => None,
            End::At(point) => Some(point),
        };
        let visits = order.into_iter().filter_map(|index| self.points.get(index as usize).copied());
        let mut path = self.start.into_iter().chain(visits).chain(end);
        let mut here = path.next();
        path.filter_map(move |next| here.replace(next).map(|from| (from, next)))
    }
}

/// How much work a search may be.
pub struct Effort<'a> {
    kicks: u64,
    clock: Option<&'a mut dyn FnMut() -> bool>,
}

impl<'a> Effort<'a> {
    /// As many kicks: shake a stretch of the route, repair it, keep it if it is not longer. A part of the proof that a route of up to
    /// some hundred stops is optimal counts as one too. The same seed then gives the same route on every machine.
    pub fn kicks(kicks: u64) -> Self {
        Self { kicks, clock: None }
    }

    /// Ends sooner, with the best route so far, once `time_left` says no. It is asked every few dozen microseconds.
    pub fn while_time(self, time_left: &'a mut dyn FnMut() -> bool) -> Self {
        Self { clock: Some(time_left), ..self }
    }

    /// Effort for one of several routes: so many kicks, but no more than this has, and the same clock.
    ///
    /// They are not taken off this: so a route is the same whatever was planned before it. The clock ends them all.
    pub fn part(&mut self, kicks: u64) -> Effort<'_> {
        Effort { kicks: kicks.min(self.kicks), clock: self.clock.as_mut().map(|clock| &mut **clock as &mut dyn FnMut() -> bool) }
    }

    fn time_left(&mut self) -> bool {
        self.clock.as_mut().is_none_or(|clock| clock())
    }

    /// Uses up a kick, if one is left.
    fn kick(&mut self) -> bool {
        /// Between two looks at the clock.
        const KICKS: u64 = 16;
        let left = self.kicks > 0 && (!self.kicks.is_multiple_of(KICKS) || self.time_left());
        self.kicks -= u64::from(left);
        left
    }
}

/// An order of stops and how good it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Indices of the problem's points, each once.
    pub order: Vec<u32>,
    /// Seconds of travel, from the start and to the end.
    pub travel_s: f64,
    /// No route is shorter than as many seconds.
    pub bound_s: f64,
    /// What is known of its quality.
    pub proof: Proof,
}

/// What is known of a route's quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// No route is shorter.
    Optimal,
    /// No route is shorter than the bound.
    Within,
}

impl Route {
    /// By which part of the bound the route is longer than it: 0.01 is 1 %.
    pub fn gap(&self) -> f64 {
        if self.travel_s > self.bound_s { self.travel_s / self.bound_s - 1.0 } else { 0.0 }
    }
}

/// Lengths that differ by no more than this part are equal: both are sums of rounded numbers.
const EQUAL: f64 = 1e-9;

/// A short route and a proof of how short it is.
///
/// Optimal for up to 12 different places, whatever the effort. For up to some hundred, effort that the search does not need goes into
/// a proof that the route is optimal. Never longer than the points as given, bands, serpentine or nearest neighbour ([`rules`]).
///
/// Takes a few milliseconds and, beyond 10,000 places, a few seconds even without any effort: rules and neighbours are not cut short.
pub fn solve(problem: &Problem, seed: u64, effort: &mut Effort<'_>) -> Route {
    let spots = Spots::new(problem);
    if spots.free().count() <= exact::MOST {
        return problem.route(spots.points_of(&exact::shortest(&spots)), f64::INFINITY);
    }
    let path = rules::best(&spots, problem.points.len() as u32);
    let neighbours = Neighbours::new(&spots);
    let mut search = Search::new(&spots, &neighbours, &path, seed);
    search.descend(effort);
    let path = search.path();
    let mut length = spots.length(&path);
    let mut bound_s = cuts::below(&spots, &neighbours);
    if length > bound_s * (1.0 + EQUAL) {
        bound_s = bound_s.max(bound::below(&spots, &neighbours, &path, length, effort));
    }
    if spots.len() <= branch::MOST {
        // So many kicks find the shortest route nearly always; the rest of the effort is better spent on the proof.
        length = search.kick(length, bound_s, 20 * spots.len() as u64, effort);
        let (proved_s, shorter) = branch::prove(&spots, length, effort);
        bound_s = bound_s.max(proved_s);
        if let Some(path) = shorter {
            length = spots.length(&path);
            search = Search::new(&spots, &neighbours, &path, seed);
        }
    }
    search.kick(length, bound_s, u64::MAX, effort);
    problem.route(spots.points_of(&search.path()), bound_s)
}

/// The better of an order that is at hand, a few points of it gone and a few new, and what local search makes of it.
///
/// Points that `order` lacks are put in where they cost least; indices that do not exist or come twice are left out. Takes far less time
/// than [`solve`], and its bound is weaker: the cheapest tree's.
pub fn improve(problem: &Problem, order: &[u32], seed: u64, effort: &mut Effort<'_>) -> Route {
    let spots = Spots::new(problem);
    if spots.free().count() <= exact::MOST {
        return problem.route(spots.points_of(&exact::shortest(&spots)), f64::INFINITY);
    }
    let neighbours = Neighbours::new(&spots);
    let known = order.iter().copied().filter(|index| (*index as usize) < problem.points.len());
    let path = insert::missing(&spots, &neighbours, spots.in_order_of(known));
    let mut search = Search::new(&spots, &neighbours, &path, seed);
    search.descend(effort);
    let path = search.path();
    let bound_s = bound::tree(&spots, &neighbours, &path);
    search.kick(spots.length(&path), bound_s, u64::MAX, effort);
    problem.route(spots.points_of(&search.path()), bound_s)
}

#[cfg(test)]
mod tests;
