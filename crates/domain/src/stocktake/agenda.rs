//! The planned side of a stocktake: which order its queues are to have, and when they need a new one.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::rail::Span;
use super::{EntryState, Mode, Stocktake};
use crate::lane::{LaneIndex, QueueIndex};
use crate::layout::Position;
use crate::plan::{Crane, Plan};
use crate::stop::Purpose;

/// In which order cranes visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sequence {
    /// As planned, and planned anew when something changes.
    Planned,
    /// As given.
    #[default]
    Given,
}

/// A queue whose order is to be planned anew.
#[derive(Debug, Clone, PartialEq)]
pub struct Replan {
    /// The crane, and where it stands or is going to.
    pub crane: Crane,
    /// What waits, as indices of the layout's locations, in the present order.
    pub waiting: Vec<u32>,
    version: u64,
}

impl Stocktake {
    /// Locations that wait, as indices of the layout, in the order of the stops' numbers, and the cranes at work: what a plan is made for.
    /// What waits for a crane that is out and keeps it is no part of it.
    pub fn to_plan(&self) -> (Vec<Crane>, Vec<u32>) {
        let served = (0..self.queues.len() as QueueIndex).filter(|queue| self.is_served(*queue));
        let cranes = served.map(|queue| self.crane(queue)).collect();
        let offered = (0..self.queues.len() as QueueIndex).filter(|queue| self.is_served(*queue) || self.hands_on(*queue));
        let mut waiting: Vec<u32> = offered.flat_map(|queue| self.queues[queue as usize].waiting.iter().copied()).collect();
        waiting.sort_unstable();
        (cranes, waiting.into_iter().map(|number| self.entry(number).slot).collect())
    }

    /// Gives every waiting stop to the crane, and in the order, that a plan says. From now on the queues that `routed` names keep a
    /// planned order.
    pub fn follow(&mut self, plan: &Plan, routed: &[QueueIndex]) {
        for queue in routed {
            self.queues[*queue as usize].routed = true;
        }
        let mut planned = vec![false; self.stops.len() + 1];
        let mut queues: Vec<VecDeque<u32>> = vec![VecDeque::new(); self.queues.len()];
        for itinerary in &plan.itineraries {
            for slot in &itinerary.slots {
                let Some(number) = self.waiting_at(*slot) else { continue };
                if !std::mem::replace(&mut planned[number as usize], true) {
                    queues[itinerary.crane.queue as usize].push_back(number);
                    // What is only handed on goes back to its own crane.
                    if self.is_served(self.entry(number).queue) {
                        self.stops[number as usize - 1].queue = itinerary.crane.queue;
                    }
                }
            }
        }
        for (queue, order) in self.queues.iter_mut().zip(queues) {
            let rest: Vec<u32> = queue.waiting.iter().copied().filter(|number| !planned[*number as usize]).collect();
            queue.waiting = order;
            queue.waiting.extend(rest);
            queue.version += 1;
            queue.stale = false;
        }
        self.assert_sound();
    }

    /// The queues that need a new order. Their cranes take nothing until they have it.
    pub fn to_replan(&self) -> Vec<Replan> {
        if !matches!(self.mode, Mode::Running | Mode::Paused) {
            return Vec::new();
        }
        let stale = (0..self.queues.len() as QueueIndex).filter(|queue| self.queues[*queue as usize].stale);
        stale
            .map(|queue| Replan { crane: self.crane(queue), waiting: self.waiting(queue), version: self.queues[queue as usize].version })
            .collect()
    }

    /// Gives a queue the order that was planned for it. What left it meanwhile stays away; what came meanwhile comes last, and the
    /// queue needs another order then.
    pub fn rearrange(&mut self, replan: &Replan, order: &[u32]) {
        let queue = replan.crane.queue as usize;
        let mut rest = std::mem::take(&mut self.queues[queue].waiting);
        let mut waits = vec![false; self.stops.len() + 1];
        rest.iter().for_each(|number| waits[*number as usize] = true);
        let mut ordered = VecDeque::with_capacity(rest.len());
        for number in order.iter().map(|slot| self.stop_of_slot[*slot as usize]) {
            if std::mem::replace(&mut waits[number as usize], false) {
                ordered.push_back(number);
            }
        }
        rest.retain(|number| waits[*number as usize]);
        ordered.append(&mut rest);
        let queue = &mut self.queues[queue];
        queue.waiting = ordered;
        queue.stale = queue.stale && queue.version != replan.version;
        queue.version += 1;
        self.assert_sound();
    }

    /// Where a lane's crane was seen last, and where it was sent since, for one that is taken up again.
    pub fn stand(&mut self, lane: LaneIndex, at: Option<Position>, sent: &[Position]) {
        let lane = &mut self.lanes[lane as usize];
        let seen = at.map_or(lane.span, |at| Span::at(Some(at)));
        lane.stands = sent.last().copied().or(at).or(lane.stands);
        lane.span = sent.iter().fold(seen, |span, target| span.with(*target));
    }

    /// The stops from a number on that a plan, or their nearness, gave to another queue than their location's own.
    pub fn assigned_elsewhere(&self, first: u32) -> Vec<(QueueIndex, Vec<u32>)> {
        let mut elsewhere: Vec<(QueueIndex, Vec<u32>)> = (0..self.queues.len() as QueueIndex).map(|queue| (queue, Vec::new())).collect();
        for (entry, number) in self.stops.iter().zip(1_u32..).skip(first.saturating_sub(1) as usize) {
            if entry.queue != self.layout.slot(entry.slot).queue && entry.purpose != Purpose::GiveWay {
                elsewhere[entry.queue as usize].1.push(number);
            }
        }
        elsewhere.retain(|(_, stops)| !stops.is_empty());
        elsewhere
    }

    /// Gives waiting stops to a queue that can serve them, as it was once planned.
    pub fn assign(&mut self, queue: QueueIndex, stops: &[u32]) {
        let known = stops.iter().filter(|number| (1..=self.stops.len()).contains(&(**number as usize)));
        let able = known.filter(|number| self.layout.can_serve(queue, self.layout.slot(self.entry(**number).slot)));
        let mut taken: Vec<u32> = able.copied().filter(|number| self.entry(*number).state == EntryState::Waiting).collect();
        taken.sort_unstable();
        for other in &mut self.queues {
            other.waiting.retain(|number| taken.binary_search(number).is_err());
        }
        for number in &taken {
            self.stops[*number as usize - 1].queue = queue;
        }
        self.queues[queue as usize].waiting.extend(taken);
    }

    /// A lane's crane with where its way goes on from, and how often its queue has changed other than by taking its first stop.
    pub fn ahead(&self, lane: LaneIndex) -> (Crane, u64) {
        let queue = self.lanes[lane as usize].queue;
        (self.crane(queue), self.queues[queue as usize].version)
    }

    /// What waits in a queue, as indices of the layout's locations, in order.
    pub fn waiting(&self, queue: QueueIndex) -> Vec<u32> {
        self.queues[queue as usize].waiting.iter().map(|number| self.entry(*number).slot).collect()
    }

    /// The queue that a new stop goes to: of the cranes at work that can serve it, the one that has the nearest stop before it.
    pub(super) fn queue_for(&self, slot: u32) -> QueueIndex {
        let own = self.layout.slot(slot).queue;
        let Some(there) = self.layout.position(slot).filter(|_| self.queues[own as usize].routed) else { return own };
        let able = |queue: &QueueIndex| {
            self.queues[*queue as usize].routed && self.layout.can_serve(*queue, self.layout.slot(slot)) && self.is_served(*queue)
        };
        let far =
            |position: Position| if position.aisle == there.aisle { (position.point.x_m - there.point.x_m).abs() } else { f64::INFINITY };
        let nearest = |queue: QueueIndex| {
            // Of a long queue some stops will do: they lie everywhere.
            const LOOKED_AT: usize = 256;
            let waiting = &self.queues[queue as usize].waiting;
            let waiting =
                waiting.iter().step_by(1 + waiting.len() / LOOKED_AT).filter_map(|number| self.layout.position(self.entry(*number).slot));
            waiting.chain(self.crane(queue).from).map(far).fold(f64::INFINITY, f64::min)
        };
        let able: Vec<QueueIndex> = (0..self.queues.len() as QueueIndex).filter(able).collect();
        match able[..] {
            [] => own,
            [only] => only,
            _ => able.into_iter().min_by(|a, b| nearest(*a).total_cmp(&nearest(*b))).unwrap_or(own),
        }
    }

    fn waiting_at(&self, slot: u32) -> Option<u32> {
        let number = self.stop_of_slot[slot as usize];
        (number != 0 && self.entry(number).state == EntryState::Waiting).then_some(number)
    }

    /// A queue's crane, and where its way goes on from.
    fn crane(&self, queue: QueueIndex) -> Crane {
        let mut lanes = self.lanes.iter().filter(|lane| lane.queue == queue);
        let from = match (lanes.next(), lanes.next()) {
            (Some(only), None) => only.going.or(only.stands),
            // Which of several takes the next stop, nobody knows.
            _ => None,
        };
        Crane { queue, from }
    }
}
