//! How soon the last crane can be free at the earliest, whoever visits what in whichever order.

use super::{Itinerary, Pace};
use crate::lane::QueueIndex;
use crate::layout::Layout;
use crate::route::{Effort, End, Problem, solve};

/// Seconds that no plan over the same locations and cranes can beat.
///
/// A crane that serves its aisles alone cannot beat its own bound. Cranes that share aisles cannot beat the mean of the work there is.
pub(super) fn makespan(layout: &Layout, paces: &[Option<Pace>], itineraries: &[Itinerary]) -> f64 {
    let mut bound = 0.0_f64;
    for team in teams(layout) {
        let of_team = || itineraries.iter().filter(|itinerary| team.contains(&itinerary.crane.queue));
        match team[..] {
            [_alone] => {
                let alone = of_team().map(|itinerary| itinerary.bound_s + itinerary.times.dwell_s);
                bound = alone.fold(bound, f64::max);
            }
            _ => {
                let work: f64 = least_work(layout, paces, &of_team().collect::<Vec<_>>(), &team);
                bound = bound.max(work / team.len() as f64);
            }
        }
    }
    bound
}

/// Queues that share an aisle with each other, directly or by way of others.
fn teams(layout: &Layout) -> Vec<Vec<QueueIndex>> {
    let queues = layout.queues();
    let mut teams: Vec<Vec<QueueIndex>> = Vec::new();
    for queue in 0..queues.len() as QueueIndex {
        let shares = |other: &QueueIndex| queues[*other as usize].aisles.iter().any(|aisle| queues[queue as usize].aisles.contains(aisle));
        let (with, mut apart): (Vec<_>, Vec<_>) = teams.into_iter().partition(|team| team.iter().any(shares));
        let mut team = with.concat();
        team.push(queue);
        apart.push(team);
        teams = apart;
    }
    teams
}

/// Seconds of work that a team's locations are at least, in each aisle: standing, and the shortest open way over them less what
/// starting afresh (with another crane) can save at most, the longest move there is.
fn least_work(layout: &Layout, paces: &[Option<Pace>], itineraries: &[&Itinerary], team: &[QueueIndex]) -> f64 {
    let dwell: f64 = itineraries.iter().map(|itinerary| itinerary.times.dwell_s).sum();
    let slots: Vec<u32> = itineraries.iter().flat_map(|itinerary| itinerary.slots.iter().copied()).collect();
    let mut aisles: Vec<u16> = slots.iter().filter_map(|slot| layout.position(*slot)).map(|position| position.aisle).collect();
    aisles.sort_unstable();
    aisles.dedup();
    let least = |aisle: u16| {
        let positions = slots.iter().filter_map(|slot| layout.position(*slot)).filter(|position| position.aisle == aisle);
        let points: Vec<_> = positions.map(|position| position.point).collect();
        let able = team.iter().filter(|queue| layout.queues()[**queue as usize].aisles.contains(&aisle));
        let quickest = able.filter_map(|queue| paces[*queue as usize]).map(|pace| {
            let diagonal = points.iter().fold((f64::MAX, f64::MIN, f64::MAX, f64::MIN), |(left, right, low, high), point| {
                (left.min(point.x_m), right.max(point.x_m), low.min(point.y_m), high.max(point.y_m))
            });
            let (left, right, low, high) = diagonal;
            let longest = pace.kinematics.drive.seconds(right - left).max(pace.kinematics.lift.seconds(high - low));
            let cut = if layout.rail_of(team[0]).is_some() { longest } else { 0.0 };
            let bound = Problem::new(points.clone(), None, End::Open, pace.kinematics)
                .map_or(0.0, |problem| solve(&problem, 0, &mut Effort::kicks(0)).bound_s);
            (bound - cut).max(0.0)
        });
        quickest.fold(f64::INFINITY, f64::min)
    };
    dwell + aisles.into_iter().map(least).filter(|least| least.is_finite()).sum::<f64>()
}
