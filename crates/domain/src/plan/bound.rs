//! How short a crane's travel, and how soon the last of all cranes free can be at best, whoever visits what in whichever order.
//!
//! Two facts carry it. Travel is a metric: to leave out a place makes no way longer. And ways that touch at a place are one way, so what
//! holds for the shortest single way holds for them together.

use std::collections::BTreeMap;

use super::aisles::{Ends, Round, Seconds};
use super::assign::Choices;
use super::itinerary::itinerary;
use super::{Crane, Duty, FRONT, Itinerary, Leg, Pace};
use crate::layout::{Layout, Position};
use crate::route::{Effort, End, Point, Problem, solve};
use crate::travel::Kinematics;

mod team;

use team::Team;

/// What is proved of the ways through an aisle from a start to an end: none takes fewer seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Proved {
    pub(super) start: Option<Point>,
    pub(super) goal: End,
    pub(super) least_s: f64,
}

/// Seconds that no way of a crane over a duty's legs can beat. `proved` has what is known of each leg already.
///
/// A crane gains nothing by coming back to an aisle: its ways through it, from the front and back, are one way. Except that it may stand
/// in an aisle, leave it, and end in it: then its two ways are one that touches the front.
pub(super) fn travel_s(layout: &Layout, pace: &Pace, duty: &Duty, ends: &Ends, proved: &[Option<Proved>], effort: &mut Effort<'_>) -> f64 {
    let mut least = |leg: &Leg, proved: &Option<Proved>, touches: Option<Point>, start, goal| match proved {
        Some(proved) if touches.is_none() && (proved.start, proved.goal) == (start, goal) => proved.least_s,
        _ => least_s(leg.points(layout).into_iter().chain(touches).collect(), start, goal, pace.kinematics, effort),
    };
    let whole = |leg: &Leg| (ends.start(leg.aisle, true), ends.goal(leg.aisle, true));
    let legs = || duty.legs.iter().zip(proved);
    let travel = if let [leg] = &duty.legs[..] {
        let (start, goal) = whole(leg);
        ends.approach_s(leg.aisle) + least(leg, &proved[0], None, start, goal) + ends.leave_s(leg.aisle)
    } else {
        let seconds =
            |(leg, proved): (&Leg, &Option<Proved>)| Seconds::new(ends, leg.aisle, |start, goal| least(leg, proved, None, start, goal));
        let each: Vec<Seconds> = legs().map(seconds).collect();
        let middle: f64 = each.iter().map(|leg| leg.middle).sum();
        let mut shortest = Round::over(ends, &each).seconds;
        for ((leg, proved), seconds) in legs().zip(&each).filter(|((leg, _), _)| ends.may_start_in(leg.aisle)) {
            let (start, goal) = whole(leg);
            let both = least(leg, proved, Some(FRONT), start, goal) + ends.leave_s(leg.aisle);
            shortest = shortest.min(middle - seconds.middle + both + each.len() as f64 * ends.change_s);
        }
        shortest
    };
    travel.max(0.0) + pace.overhead.as_secs_f64() * least_moves(layout, duty, ends) as f64
}

/// Moves that a duty's legs are at least: to each place one, except where the crane begins; and home, unless it can end there.
fn least_moves(layout: &Layout, duty: &Duty, ends: &Ends) -> usize {
    let places = distinct(layout, duty.legs.iter().flat_map(Leg::slots));
    let to_places = places.len() - usize::from(ends.from.is_none_or(|from| places.contains(&from)));
    let is_home = |home: Position| places.contains(&home) && (ends.from != Some(home) || places.len() == 1);
    to_places + usize::from(ends.home.is_some_and(|home| !is_home(home)))
}

/// Seconds until the last crane is free that no plan for the same locations and cranes can beat.
///
/// A crane cannot beat its own bound for what no other can serve. Cranes that share aisles cannot beat the mean of the work there is,
/// nor what the most distant location takes the nearest of them. Locations that the plan has no choice for stay where they are.
pub(super) fn makespan_s(
    layout: &Layout,
    paces: &[Option<Pace>],
    cranes: &[Crane],
    itineraries: &[Itinerary],
    effort: &mut Effort<'_>,
) -> f64 {
    let mut choices = Choices::new(layout, paces, cranes);
    let mut shared: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
    let mut bound_s = 0.0_f64;
    for itinerary in itineraries {
        let mut own = Vec::new();
        for slot in &itinerary.slots {
            match layout.position(*slot).map(|position| position.aisle) {
                Some(aisle) if choices.of(aisle).len() > 1 => shared.entry(aisle).or_default().push(*slot),
                _ => own.push(*slot),
            }
        }
        let done_s = |itinerary: &Itinerary| itinerary.bound_s + itinerary.times.dwell_s;
        bound_s = bound_s.max(if own.len() == itinerary.slots.len() {
            done_s(itinerary)
        } else {
            done_s(&self::itinerary(layout, paces, &Duty::over(layout, itinerary.crane, &own), 0, &mut effort.part(0)))
        });
    }
    let teams = Team::of(shared.into_iter().map(|(aisle, slots)| (choices.of(aisle).to_vec(), Leg { aisle, parts: vec![slots] })));
    teams.iter().map(|team| team.makespan_s(layout, paces, effort)).fold(bound_s, f64::max)
}

/// Seconds that no way over points can beat; 0 where nothing can be computed.
fn least_s(points: Vec<Point>, start: Option<Point>, goal: End, kinematics: Kinematics, effort: &mut Effort<'_>) -> f64 {
    Problem::new(points, start, goal, kinematics).map_or(0.0, |problem| solve(&problem, 0, &mut effort.part(0)).bound_s)
}

/// The different places of some locations.
pub(super) fn distinct<'s>(layout: &Layout, slots: impl Iterator<Item = &'s u32>) -> Vec<Position> {
    let mut places: Vec<Position> = slots.filter_map(|slot| layout.position(*slot)).collect();
    let key = |place: &Position| (place.aisle, place.point.x_m, place.point.y_m);
    places.sort_unstable_by(|a, b| {
        let (a, b) = (key(a), key(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2))
    });
    places.dedup();
    places
}
