//! The plan as other programs read it. Fields are explained in `docs/planning.md`.

use pandian_domain::layout::Barred;
use pandian_domain::plan::{Itinerary, Order, Pace};
use pandian_domain::travel::Kinematics;
use pandian_domain::travel::learn::Learnt;
use pandian_domain::{CraneId, LaneId, Layout, LocationCode};
use pandian_engine::site::Release;
use serde::Serialize;

use super::costs::{Cost, Planned};
use super::seconds::{Seconds, Spent, exact};
use crate::config::Warehouse;

/// Everything that is said of a plan.
#[derive(Debug, Serialize)]
pub(super) struct Figures<'w> {
    pub(super) warehouse: &'w str,
    pub(super) locations: usize,
    pub(super) planned: usize,
    pub(super) left_out: Vec<LeftOut<'w>>,
    pub(super) release: Release,
    pub(super) order: &'static str,
    pub(super) seed: u64,
    pub(super) cranes: Vec<CraneFigures<'w>>,
    #[serde(flatten)]
    pub(super) spent: Spent,
    pub(super) bound_s: Option<f64>,
    pub(super) gap: Option<f64>,
    pub(super) optimal: bool,
    pub(super) done_s: Seconds,
    pub(super) rules: Vec<Cost>,
}

/// A location that no crane visits.
#[derive(Debug, Serialize)]
pub(super) struct LeftOut<'w> {
    pub(super) location: &'w LocationCode,
    pub(super) reason: &'static str,
    pub(super) note: &'w str,
    #[serde(skip)]
    pub(super) barred: Barred,
}

/// What one crane has to do.
#[derive(Debug, Serialize)]
pub(super) struct CraneFigures<'w> {
    pub(super) crane: &'w CraneId,
    /// None for a dispatcher's crane: its lanes draw from one queue.
    pub(super) lane: Option<&'w LaneId>,
    pub(super) order: Vec<&'w LocationCode>,
    pub(super) stops: usize,
    pub(super) visits: usize,
    pub(super) how: How,
    #[serde(flatten)]
    pub(super) spent: Spent,
    pub(super) bound_s: Option<f64>,
    pub(super) gap: Option<f64>,
    pub(super) unknown_moves: usize,
    pub(super) kinematics: Option<KinematicsFigures>,
}

/// What is known of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum How {
    /// Nothing is shorter.
    Optimal,
    /// Nothing is shorter than the bound.
    WithinBound,
    /// Kept: the locations have no coordinates.
    GivenOpaque,
    /// Kept: a foreign system picks the crane.
    GivenDispatched,
}

/// How a crane is expected to move.
#[derive(Debug, Serialize)]
pub(super) struct KinematicsFigures {
    pub(super) source: Source,
    pub(super) drive_speed_m_s: f64,
    pub(super) drive_acceleration_m_s2: f64,
    pub(super) lift_speed_m_s: f64,
    pub(super) lift_acceleration_m_s2: f64,
    pub(super) overhead_s: f64,
    /// None where there was nothing to learn from.
    #[serde(flatten)]
    pub(super) lesson: Option<Lesson>,
}

/// Whose word holds on how a crane moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    /// The configuration's.
    Configured,
    /// That of its own moves.
    Learnt,
}

/// What a crane's moves taught: how far predicted times are off, as a part of the time.
#[derive(Debug, Serialize)]
pub(super) struct Lesson {
    pub(super) moves: usize,
    pub(super) error: f64,
    pub(super) configured_error: f64,
}

impl<'w> Figures<'w> {
    /// Of a plan for the warehouse's own way of releasing and one for the other.
    pub(super) fn of(warehouse: &'w Warehouse, learnt: &[Option<Learnt>], planned: &[Planned; 2], left_out: &[u32], seed: u64) -> Self {
        let layout = &warehouse.layout;
        let [own, other] = planned;
        let plan = &own.plan;
        let cranes: Vec<_> = plan.itineraries.iter().map(|itinerary| CraneFigures::of(warehouse, learnt, own, itinerary)).collect();
        let planned = cranes.iter().map(|crane| crane.stops).sum();
        let [.., Cost { spent, .. }] = own.costs;
        let left_out: Vec<_> = left_out
            .iter()
            .filter_map(|slot| {
                let (barred, note) = layout.barred(*slot)?;
                Some(LeftOut { location: &layout.slot(*slot).code, reason: barred.reason().as_str(), note, barred })
            })
            .collect();
        let mut rules: Vec<Cost> = own.costs.iter().chain(&other.costs).copied().collect();
        rules.sort_by_key(|cost| (cost.rule, cost.release == Release::AfterVerification));
        let done = plan.itineraries.iter().map(|itinerary| last_verdict(layout, own, itinerary));
        Self {
            warehouse: &warehouse.name,
            locations: planned + left_out.len(),
            planned,
            left_out,
            release: own.release,
            order: "planned",
            seed,
            cranes,
            spent,
            bound_s: bound(spent, plan.bound_s),
            gap: spent.makespan_s.is_whole.then(|| exact(plan.gap())),
            optimal: plan.is_optimal(),
            done_s: done.fold(spent.makespan_s, Seconds::max),
            rules,
        }
    }
}

impl<'w> CraneFigures<'w> {
    fn of(warehouse: &'w Warehouse, learnt: &[Option<Learnt>], planned: &Planned, itinerary: &Itinerary) -> Self {
        let layout = &warehouse.layout;
        let queue = itinerary.crane.queue as usize;
        let crane = &warehouse.cranes[queue];
        let pace = planned.paces[queue].as_ref();
        let times = &itinerary.times;
        let spent = Spent::by(pace, times);
        let bound_s = itinerary.bound_s + times.dwell_s;
        let gap = if bound_s > 0.0 && times.makespan_s() > bound_s { times.makespan_s() / bound_s - 1.0 } else { 0.0 };
        Self {
            crane: &crane.id,
            lane: (crane.lanes.len() == 1).then(|| &layout.lanes()[crane.lanes.start as usize].id),
            order: itinerary.slots.iter().map(|slot| &layout.slot(*slot).code).collect(),
            stops: itinerary.slots.len(),
            visits: times.visits,
            how: match itinerary.order {
                Order::Optimal if spent.makespan_s.is_whole => How::Optimal,
                // What comes before the moves that nobody knows may be the best; the whole is not proved to be.
                Order::Optimal | Order::Within => How::WithinBound,
                Order::GivenOpaque => How::GivenOpaque,
                Order::GivenDispatched => How::GivenDispatched,
            },
            spent,
            bound_s: bound(spent, bound_s),
            gap: spent.makespan_s.is_whole.then(|| exact(gap)),
            unknown_moves: times.unknown_moves,
            kinematics: pace.map(|pace| KinematicsFigures::of(pace, learnt.get(queue).and_then(Option::as_ref))),
        }
    }
}

impl KinematicsFigures {
    fn of(pace: &Pace, learnt: Option<&Learnt>) -> Self {
        let Kinematics { drive, lift } = pace.kinematics;
        Self {
            source: if learnt.is_some_and(Learnt::is_better) { Source::Learnt } else { Source::Configured },
            drive_speed_m_s: exact(drive.speed),
            drive_acceleration_m_s2: exact(drive.acceleration),
            lift_speed_m_s: exact(lift.speed),
            lift_acceleration_m_s2: exact(lift.acceleration),
            overhead_s: pace.overhead.as_secs_f64(),
            lesson: learnt.map(|learnt| Lesson {
                moves: learnt.moves,
                error: exact(learnt.error),
                configured_error: exact(learnt.configured_error),
            }),
        }
    }
}

/// A bound says something unless nothing is known at all.
fn bound(spent: Spent, bound_s: f64) -> Option<f64> {
    (spent.makespan_s.is_whole || bound_s > 0.0).then(|| exact(bound_s))
}

/// Until a crane is free and the verdict on its last stop is there: it comes some time after the crane has left.
fn last_verdict(layout: &Layout, planned: &Planned, itinerary: &Itinerary) -> Seconds {
    let queue = itinerary.crane.queue as usize;
    let pace = planned.paces[queue].as_ref();
    let Seconds { known, is_whole } = Spent::by(pace, &itinerary.times).makespan_s;
    let last = itinerary.slots.last().and_then(|slot| layout.position(*slot));
    let homeward = match (pace, last, layout.queues()[queue].home) {
        (Some(pace), Some(last), Some(home)) if pace.returns_home => pace.travel(last, home).as_secs_f64(),
        _ => 0.0,
    };
    let verdict_after = pace.map_or(0.0, |pace| pace.verdict_after.as_secs_f64());
    Seconds { known: known.max(known - homeward + verdict_after), is_whole }
}
