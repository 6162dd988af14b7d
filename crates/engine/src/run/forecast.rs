//! When a stocktake will be done: the planned times, corrected by what they turn out to be.

use std::collections::HashMap;
use std::time::Duration;

use pandian_domain::lane::{LaneIndex, QueueIndex};
use pandian_domain::plan::{self, Times};
use pandian_domain::stocktake::{Standing, Stocktake};

use crate::site::Site;

/// What the lanes have done so far, and how long it took. All instants and times in seconds, instants since the stocktake's start.
#[derive(Debug, Default)]
pub(crate) struct Forecast {
    lanes: Vec<LaneForecast>,
    /// What waits in each queue, as of a version of it.
    ahead: HashMap<QueueIndex, (u64, Times)>,
}

#[derive(Debug, Default, Clone)]
struct LaneForecast {
    /// Moves whose time was computed beforehand, and what they took.
    expected_s: f64,
    taken_s: f64,
    /// Moves of any kind.
    moves: Mean,
    /// Visits, arrival to release.
    dwells: Mean,
    /// Stops, release to verdict.
    verdicts: Mean,
    phase: Phase,
    /// When it left its last visit.
    left_at: f64,
    /// Since when it waits for the other crane of its rail, how often it had to, and for how long in all.
    blocked_since: Option<f64>,
    blocked: Mean,
}

#[derive(Debug, Default, Clone, Copy)]
enum Phase {
    #[default]
    Idle,
    Travelling {
        since: f64,
        expected_s: Option<f64>,
    },
    Standing {
        since: f64,
    },
}

#[derive(Debug, Default, Clone, Copy)]
struct Mean {
    sum_s: f64,
    count: u64,
}

impl Mean {
    fn add(&mut self, seconds: f64) {
        self.sum_s += seconds;
        self.count += 1;
    }

    fn value(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum_s / self.count as f64)
    }
}

impl Forecast {
    pub(super) fn new(lanes: usize) -> Self {
        Self { lanes: vec![LaneForecast::default(); lanes], ahead: HashMap::new() }
    }

    /// A crane sets out; `expected` is what its way takes as planned. `from_queue`, if that was waiting in its queue.
    pub(crate) fn set_out(&mut self, lane: LaneIndex, queue: QueueIndex, now: f64, expected: Option<Duration>, from_queue: bool) {
        let lane = &mut self.lanes[lane as usize];
        let expected_s = expected.map(|expected| expected.as_secs_f64());
        lane.phase = Phase::Travelling { since: now, expected_s };
        if let Some(since) = lane.blocked_since.take() {
            lane.blocked.add(now - since);
        }
        if let Some((_, ahead)) = self.ahead.get_mut(&queue).filter(|_| from_queue) {
            ahead.visits = ahead.visits.saturating_sub(1);
            match expected_s {
                Some(expected_s) => ahead.travel_s = (ahead.travel_s - expected_s).max(0.0),
                None => ahead.unknown_moves = ahead.unknown_moves.saturating_sub(1),
            }
        }
    }

    /// Its crane arrived.
    pub(crate) fn arrived(&mut self, lane: LaneIndex, now: f64) {
        let lane = &mut self.lanes[lane as usize];
        let Phase::Travelling { since, expected_s } = lane.phase else { return };
        lane.moves.add(now - since);
        if let Some(expected_s) = expected_s {
            lane.expected_s += expected_s;
            lane.taken_s += now - since;
        }
        lane.phase = Phase::Standing { since: now };
    }

    /// Its crane is free; `counted`, if it acquired anything.
    pub(crate) fn left(&mut self, lane: LaneIndex, now: f64, counted: bool) {
        let lane = &mut self.lanes[lane as usize];
        if let (Phase::Standing { since }, true) = (lane.phase, counted) {
            lane.dwells.add(now - since);
        }
        (lane.phase, lane.left_at) = (Phase::Idle, now);
    }

    /// A stop got its verdict so long after its crane was released.
    pub(crate) fn judged(&mut self, lane: LaneIndex, after_s: f64) {
        self.lanes[lane as usize].verdicts.add(after_s);
    }

    /// It waits for the other crane of its rail.
    pub(crate) fn blocked(&mut self, lane: LaneIndex, now: f64) {
        self.lanes[lane as usize].blocked_since.get_or_insert(now);
    }

    /// How often a lane waited for the other crane of its rail, and how long in all.
    pub(crate) fn waits(&self, lane: LaneIndex, now: f64) -> (u64, f64) {
        let LaneForecast { blocked, blocked_since, .. } = self.lanes[lane as usize];
        let since = blocked_since.map(|since| now - since);
        (blocked.count + u64::from(since.is_some()), blocked.sum_s + since.unwrap_or(0.0))
    }

    /// Seconds until a lane's last stop has its verdict; none if nothing is known of how long anything takes.
    pub(crate) fn eta(&mut self, stocktake: &Stocktake, site: &Site, lane: LaneIndex, now: f64) -> Option<f64> {
        let spec = &site.layout.lanes()[lane as usize];
        let pace = site.paces.get(spec.queue as usize).copied().flatten();
        let (crane, version) = stocktake.ahead(lane);
        let known = self.ahead.get(&spec.queue).copied().filter(|(known, _)| *known == version);
        let ahead = match known {
            Some((_, ahead)) => ahead,
            None => plan::times(&site.layout, &site.paces, crane, &stocktake.waiting(spec.queue)),
        };
        self.ahead.insert(spec.queue, (version, ahead));
        let sharing = |index: &usize| site.layout.lanes()[*index].queue == spec.queue;
        let at_work =
            (0..self.lanes.len()).filter(sharing).filter(|index| stocktake.lane(*index as LaneIndex).0 == Standing::In).count().max(1);
        // What this lane has not seen yet, others of its queue may have.
        let seen = |mean: fn(&LaneForecast) -> Mean| {
            mean(&self.lanes[lane as usize])
                .value()
                .or_else(|| (0..self.lanes.len()).filter(sharing).find_map(|index| mean(&self.lanes[index]).value()))
        };
        let own = &self.lanes[lane as usize];
        let ratio = if own.expected_s > 0.0 { own.taken_s / own.expected_s } else { 1.0 };
        let dwell = seen(|lane| lane.dwells).or(pace.map(|pace| pace.dwell.as_secs_f64()));
        let verdict_after = seen(|lane| lane.verdicts).or(pace.map(|pace| pace.verdict_after.as_secs_f64())).unwrap_or(0.0);
        let mean_move = seen(|lane| lane.moves);
        let now_s = match own.phase {
            Phase::Idle if ahead.visits == 0 => return Some((own.left_at + verdict_after - now).max(0.0)),
            Phase::Idle => 0.0,
            Phase::Travelling { since, expected_s } => {
                let expected = expected_s.map(|expected| expected * ratio).or(mean_move)?;
                (expected - (now - since)).max(0.0) + dwell?
            }
            Phase::Standing { since } => (dwell? - (now - since)).max(0.0),
        };
        let unknown_s = if ahead.unknown_moves == 0 { 0.0 } else { ahead.unknown_moves as f64 * mean_move? };
        let queue_s = if ahead.visits == 0 { 0.0 } else { ratio * ahead.travel_s + unknown_s + ahead.visits as f64 * dwell? };
        Some(now_s + queue_s / at_work as f64 + verdict_after)
    }
}
