//! Two cranes on one rail: neither comes nearer to the other than their gap, and neither waits for the other for good.

use super::{Entry, EntryState, Idle, Lane, Mode, Next, Outage, Standing, Stocktake};
use crate::lane::LaneIndex;
use crate::layout::{Position, Rail};
use crate::stop::Purpose;
use crate::verdict::Reason;

/// From where to where along its aisle a crane may be, in metres; on its way it may be anywhere on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub(super) from_m: f64,
    pub(super) to_m: f64,
}

impl Span {
    /// Nobody knows where, and nothing is kept clear for it.
    const NOWHERE: Self = Self { from_m: f64::INFINITY, to_m: f64::NEG_INFINITY };

    pub(super) fn at(position: Option<Position>) -> Self {
        position.map_or(Self::NOWHERE, |position| Self { from_m: position.point.x_m, to_m: position.point.x_m })
    }

    pub(super) fn with(self, position: Position) -> Self {
        Self { from_m: self.from_m.min(position.point.x_m), to_m: self.to_m.max(position.point.x_m) }
    }
}

impl Stocktake {
    /// Whether a lane's crane may go to a stop now. A crane goes nowhere while the other one of its rail is in between, or would come
    /// too near on its own way.
    pub(super) fn is_way_free(&self, lane: LaneIndex, number: u32) -> bool {
        let target = self.layout.position(self.entry(number).slot);
        self.other_on_rail(lane).is_none_or(|(rail, other)| self.keeps_gap(rail, lane, target, other))
    }

    /// Whether the way is barred for good: the crane in it gave up.
    pub(super) fn is_way_barred(&self, lane: LaneIndex, number: u32) -> bool {
        let gave_up = |other: LaneIndex| matches!(self.lanes[other as usize].standing, Standing::Out { by: Outage::GaveUp, .. });
        self.other_on_rail(lane).is_some_and(|(_, other)| gave_up(other)) && !self.is_way_free(lane, number)
    }

    /// Sends a crane that has nothing it could do out of the way of the other one of its rail.
    pub(super) fn give_way(&mut self, lane: LaneIndex) -> Option<Next> {
        let (rail, other) = self.other_on_rail(lane)?;
        let own = &self.queues[self.lanes[lane as usize].queue as usize];
        if own.stale
            || self.queues[self.lanes[other as usize].queue as usize].stale
            || own.waiting.front().is_some_and(|next| self.is_way_free(lane, *next))
        {
            return None;
        }
        let Lane { queue, standing, ref at, .. } = self.lanes[other as usize];
        if self.mode != Mode::Running || standing != Standing::In || !at.is_empty() {
            return None;
        }
        let wanted = *self.queues[queue as usize].waiting.front()?;
        let way = self.way_to_next(other)?;
        if self.is_way_free(other, wanted) {
            return None;
        }
        let is_low = rail.queues[0] == self.lanes[lane as usize].queue;
        let gap_m = rail.gap_m;
        // Where both want to pass, the one farther from bay 0 gives way, unless it cannot.
        if is_low && self.way_to_next(lane).is_some_and(|own| self.refuge(other, own.to_m + gap_m, false).is_some()) {
            return None;
        }
        let limit = if is_low { way.from_m - gap_m } else { way.to_m + gap_m };
        let Some(slot) = self.refuge(lane, limit, is_low) else {
            // The other one cannot be let past: what it wants is this one's.
            self.queues[queue as usize].waiting.pop_front();
            if std::mem::replace(&mut self.stops[wanted as usize - 1].taken_over, true) {
                // Neither can be let past for it.
                self.set(wanted, EntryState::Released);
                self.unvisited.push((wanted, Reason::WayBlocked));
                return Some(Next::Wait(Idle::TakenOver));
            }
            let own = self.lanes[lane as usize].queue;
            self.stops[wanted as usize - 1].queue = own;
            self.queues[own as usize].waiting.push_front(wanted);
            self.queues[own as usize].changed();
            return Some(Next::Wait(Idle::TakenOver));
        };
        let number = u32::try_from(self.stops.len()).ok().and_then(|stops| stops.checked_add(1)).filter(|number| *number < u32::MAX)?;
        self.give_way_to(slot);
        self.set_out(lane, vec![number], slot);
        Some(Next::GiveWay(self.stop(number)))
    }

    /// Numbers a visit at which a crane only gives way. Nothing of it is asked for or judged.
    pub fn give_way_to(&mut self, slot: u32) {
        let queue = self.layout.slot(slot).queue;
        self.stops.push(Entry { slot, purpose: Purpose::GiveWay, state: EntryState::Dropped, queue, taken_over: false });
    }

    /// Where a lane's crane would be on its way to its next stop.
    fn way_to_next(&self, lane: LaneIndex) -> Option<Span> {
        let Lane { queue, span, .. } = self.lanes[lane as usize];
        let next = *self.queues[queue as usize].waiting.front()?;
        Some(span.with(self.layout.position(self.entry(next).slot)?))
    }

    /// The nearest location at or beyond a limit along the aisle, to the side of the crane; it may be counted or not.
    fn refuge(&self, lane: LaneIndex, limit_m: f64, is_low: bool) -> Option<u32> {
        let queue = self.lanes[lane as usize].queue;
        let aisle = *self.layout.queues()[queue as usize].aisles.first()?;
        let here_y = self.lanes[lane as usize].stands.map_or(0.0, |stands| stands.point.y_m);
        let slots = (0..self.layout.slots().len() as u32).filter(|slot| self.layout.barred(*slot).is_none());
        let there = slots.filter_map(|slot| Some((slot, self.layout.position(slot).filter(|position| position.aisle == aisle)?.point)));
        let beyond = there.filter(|(_, point)| if is_low { point.x_m <= limit_m } else { point.x_m >= limit_m });
        let far = |x: f64, y: f64| ((x - limit_m).abs(), (y - here_y).abs());
        beyond
            .min_by(|(_, a), (_, b)| far(a.x_m, a.y_m).partial_cmp(&far(b.x_m, b.y_m)).unwrap_or(std::cmp::Ordering::Equal))
            .map(|(slot, _)| slot)
    }

    fn other_on_rail(&self, lane: LaneIndex) -> Option<(&Rail, LaneIndex)> {
        let queue = self.lanes[lane as usize].queue;
        let rail = self.layout.rail_of(queue)?;
        let other = self.lanes.iter().position(|lane| lane.queue != queue && rail.queues.contains(&lane.queue))?;
        Some((rail, other as LaneIndex))
    }

    /// Whether the ways of two cranes, the one on its way to `target`, stay apart. Each takes all of its way until it has arrived.
    fn keeps_gap(&self, rail: &Rail, lane: LaneIndex, target: Option<Position>, other: LaneIndex) -> bool {
        let is_low = rail.queues[0] == self.lanes[lane as usize].queue;
        let Some(target) = target else { return true };
        let (own, others) = (self.lanes[lane as usize].span.with(target), self.lanes[other as usize].span);
        // A hair is noise of the arithmetic, not a distance.
        const HAIR_M: f64 = 1e-9;
        if is_low { own.to_m + rail.gap_m <= others.from_m + HAIR_M } else { own.from_m - rail.gap_m >= others.to_m - HAIR_M }
    }
}
