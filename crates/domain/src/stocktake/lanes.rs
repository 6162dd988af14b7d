//! Lanes of a stocktake: taking stops, leaving them, and cranes that come out of work and back.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::rail::Span;
use super::{EntryState, Idle, Mode, Next, Refusal, Stocktake};
use crate::ids::StopId;
use crate::lane::{LaneIndex, QueueIndex};
use crate::layout::Position;
use crate::stop::{Purpose, Stop};
use crate::verdict::Reason;

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) queue: QueueIndex,
    pub(super) standing: Standing,
    /// What its crane is busy with: one stop, or those of both sides.
    pub(super) at: Vec<u32>,
    /// Where its crane stands or stood last, as far as anyone knows.
    pub(super) stands: Option<Position>,
    /// Where it is going.
    pub(super) going: Option<Position>,
    /// Where along its aisle it may be.
    pub(super) span: Span,
    /// Visits given up one after the other.
    pub(super) given_up: u16,
}

impl Lane {
    pub(super) fn new(queue: QueueIndex, home: Option<Position>) -> Self {
        Self { queue, standing: Standing::In, at: Vec::new(), stands: home, going: None, span: Span::at(home), given_up: 0 }
    }
}

/// Whether a lane's crane is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is.
    In,
    /// It is not.
    Out {
        /// Who took it out.
        by: Outage,
        /// Whether others take over what waits for it, as far as they can reach it.
        hand_on: bool,
    },
}

/// When a lane is taken out without a person, and what becomes of its queue then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneRules {
    /// After this many stops given up one after the other; 0 = never.
    pub give_up_after: u16,
    /// Whether its queue is handed on.
    pub hand_on: bool,
}

/// A lane gave up too often and is out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GaveUp {
    /// How many stops it gave up one after the other.
    pub in_a_row: u16,
    /// What taking it out led to.
    pub out: TakenOut,
}

/// Who took a crane out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    /// A person; the stocktake waits for the crane to come back.
    Operator,
    /// The engine, after too many stops given up; when all other lanes are done, its stops are judged *not counted*.
    GaveUp,
    /// A person lent it to production, which goes first; it ends its stop before, and is waited for.
    Production,
}

/// How a lane left a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Everything was acquired; the judgement will follow.
    Acquired,
    /// The crane could not do it; the stop is judged *not counted*.
    GivenUp,
    /// Work was broken off; the stop waits again, first in its queue.
    Interrupted,
}

/// What taking a crane out led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOut {
    /// Its lanes.
    pub lanes: Vec<LaneIndex>,
    /// How many waiting stops went to other lanes.
    pub handed_on: usize,
    /// How many wait for this crane, because that was asked or because no other can serve them.
    pub kept: usize,
}

impl Stocktake {
    /// The next stop of a lane, or why there is none.
    pub fn take(&mut self, lane: LaneIndex) -> Next {
        let Lane { queue, standing, ref at, .. } = self.lanes[lane as usize];
        debug_assert!(at.is_empty(), "a lane makes one visit at a time");
        match (self.mode, standing) {
            (Mode::Cancelled | Mode::Finished, _) => return Next::Wait(Idle::Over),
            (_, Standing::Out { .. }) => return Next::Wait(Idle::CraneOut),
            (Mode::Paused, _) => return Next::Wait(Idle::Paused),
            (Mode::Running, Standing::In) => {}
        }
        if let Some(next) = self.give_way(lane) {
            return next;
        }
        let next = match self.queues[queue as usize].waiting.front() {
            None => return Next::Wait(Idle::QueueEmpty),
            Some(_) if self.queues[queue as usize].stale => return Next::Wait(Idle::Planning),
            Some(number) if !self.is_way_free(lane, *number) => return Next::Wait(Idle::WayBlocked),
            Some(number) => *number,
        };
        let waiting = &self.queues[queue as usize].waiting;
        let slot = |number: u32| self.entry(number).slot;
        let with = waiting.get(1).copied().filter(|other| self.layout.is_one_visit(queue, slot(next), slot(*other)));
        let numbers: Vec<u32> = [next].into_iter().chain(with).collect();
        self.queues[queue as usize].waiting.drain(..numbers.len());
        for number in &numbers {
            self.set(*number, EntryState::Taken(lane));
        }
        let stops = numbers.iter().map(|number| self.stop(*number)).collect();
        self.set_out(lane, numbers, self.entry(next).slot);
        Next::Visit(stops)
    }

    /// A lane's crane goes to a location.
    pub(super) fn set_out(&mut self, lane: LaneIndex, visit: Vec<u32>, slot: u32) {
        let target = self.layout.position(slot);
        let lane = &mut self.lanes[lane as usize];
        lane.going = target;
        lane.span = target.map_or(lane.span, |target| lane.span.with(target));
        lane.at = visit;
    }

    /// The lane's crane arrived where it was going.
    pub fn arrived(&mut self, lane: LaneIndex) {
        let lane = &mut self.lanes[lane as usize];
        if let Some(there) = lane.going.take() {
            (lane.stands, lane.span) = (Some(there), Span::at(Some(there)));
        }
    }

    /// The lane's crane is done with a visit; how it left each of its stops. A lane that gave up too often is taken out.
    pub fn leave(&mut self, lane: LaneIndex, visit: &[(StopId, Left)]) -> Option<GaveUp> {
        let gave_up = !visit.is_empty() && visit.iter().all(|(_, left)| *left == Left::GivenUp);
        let (queue, standing, in_a_row) = {
            let lane = &mut self.lanes[lane as usize];
            debug_assert!(visit.iter().all(|(stop, _)| lane.at.contains(&stop.number())), "a lane leaves the stops it took");
            lane.at.clear();
            // A crane that did not arrive stands somewhere on its way.
            lane.stands = lane.going.take().or(lane.stands);
            if gave_up {
                lane.given_up = lane.given_up.saturating_add(1);
            } else if visit.iter().any(|(_, left)| *left == Left::Acquired) {
                lane.given_up = 0;
            }
            (lane.queue, lane.standing, lane.given_up)
        };
        for (stop, left) in visit.iter().rev() {
            let number = stop.number();
            if !matches!(self.entry(number).state, EntryState::Taken(_)) {
                continue;
            }
            if *left == Left::Interrupted && self.goes_on().is_ok() {
                self.set(number, EntryState::Waiting);
                self.queues[queue as usize].waiting.push_front(number);
                self.queues[queue as usize].version += 1;
            } else if self.entry(number).purpose == Purpose::Listen {
                self.set(number, EntryState::Dropped);
            } else {
                self.set(number, EntryState::Released);
            }
        }
        if let Standing::Out { hand_on: true, .. } = standing {
            self.hand_on(queue);
        }
        let LaneRules { give_up_after, hand_on } = self.rules;
        let too_often = gave_up && give_up_after > 0 && in_a_row >= give_up_after;
        let out = too_often.then(|| self.take_out(&[lane], Outage::GaveUp, hand_on).ok()).flatten();
        self.assert_sound();
        out.map(|out| GaveUp { in_a_row, out })
    }

    /// The lanes that a crane's or lane's name means.
    pub fn lanes_named(&self, name: &str) -> Result<Vec<LaneIndex>, Refusal> {
        let specs = self.layout.lanes();
        let named: Vec<LaneIndex> = (0..specs.len() as LaneIndex)
            .filter(|lane| {
                let spec = &specs[*lane as usize];
                spec.crane.as_str() == name || spec.id.as_str() == name
            })
            .collect();
        if named.is_empty() {
            let mut all: Vec<&str> = specs.iter().map(|spec| spec.crane.as_str()).collect();
            all.dedup();
            let more = all.len().saturating_sub(12);
            all.truncate(12);
            let list = all.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() };
            return Err(Refusal::UnknownCrane(name.to_owned(), list));
        }
        Ok(named)
    }

    /// Takes lanes out of work. The stop that one of them has is still its own until the engine has broken it off and says so
    /// by [`leave`](Self::leave). With `hand_on`, waiting stops go to lanes that can serve them, an aisle as a whole, to the shortest queue.
    pub fn take_out(&mut self, lanes: &[LaneIndex], by: Outage, hand_on: bool) -> Result<TakenOut, Refusal> {
        self.goes_on()?;
        // A crane that is lent can still be taken out, when it does not come to an end with its stop.
        let goes = |standing| match standing {
            Standing::In => true,
            Standing::Out { by: was, .. } => was == Outage::Production && by == Outage::Operator,
        };
        let at_work: Vec<LaneIndex> = lanes.iter().copied().filter(|lane| goes(self.lanes[*lane as usize].standing)).collect();
        if at_work.is_empty() {
            return Err(Refusal::AlreadyOut(self.crane_of(lanes)));
        }
        for lane in &at_work {
            self.lanes[*lane as usize].standing = Standing::Out { by, hand_on };
        }
        let mut taken_out = TakenOut { lanes: at_work, handed_on: 0, kept: 0 };
        let mut queues: Vec<QueueIndex> = taken_out.lanes.iter().map(|lane| self.lanes[*lane as usize].queue).collect();
        queues.dedup();
        queues.retain(|queue| !self.is_served(*queue));
        for queue in queues {
            if hand_on {
                taken_out.handed_on += self.hand_on(queue);
            }
            taken_out.kept += self.queues[queue as usize].waiting.len();
        }
        self.assert_sound();
        Ok(taken_out)
    }

    /// Moves what waits in a queue that nobody serves to queues whose lanes are at work and can serve it. Gives how many stops moved.
    fn hand_on(&mut self, from: QueueIndex) -> usize {
        if self.is_served(from) {
            return 0;
        }
        let served: Vec<QueueIndex> =
            (0..self.queues.len() as QueueIndex).filter(|queue| *queue != from && self.is_served(*queue)).collect();
        let waiting = std::mem::take(&mut self.queues[from as usize].waiting);
        let before = waiting.len();
        // An aisle as a whole, so that no two cranes meet in it.
        let mut takers: HashMap<u16, QueueIndex> = HashMap::new();
        for number in waiting {
            let slot = self.layout.slot(self.entry(number).slot);
            let taker = || {
                let able = served.iter().copied().filter(|queue| self.layout.can_serve(*queue, slot));
                able.min_by_key(|queue| self.queues[*queue as usize].waiting.len()).unwrap_or(from)
            };
            let to = match slot.place {
                Some(place) => *takers.entry(place.aisle).or_insert_with(taker),
                None => taker(),
            };
            self.queues[to as usize].waiting.push_back(number);
            if to != from {
                self.queues[to as usize].changed();
            }
        }
        self.queues[from as usize].version += 1;
        before - self.queues[from as usize].waiting.len()
    }

    fn crane_of(&self, lanes: &[LaneIndex]) -> String {
        lanes.first().map(|lane| self.layout.lanes()[*lane as usize].crane.to_string()).unwrap_or_default()
    }

    /// Moves what belongs to a queue and waits in others back to it, in the order of the list.
    fn take_back(&mut self, home: QueueIndex) {
        let mut back = std::mem::take(&mut self.queues[home as usize].waiting);
        let kept = back.len();
        for queue in 0..self.queues.len() {
            let waiting = std::mem::take(&mut self.queues[queue].waiting);
            let before = waiting.len();
            let (own, others): (VecDeque<u32>, _) = waiting.into_iter().partition(|number| self.entry(*number).queue == home);
            if others.len() < before {
                self.queues[queue].changed();
            }
            self.queues[queue].waiting = others;
            back.extend(own);
        }
        let home = &mut self.queues[home as usize];
        if back.len() > kept && !home.routed {
            back.make_contiguous().sort_unstable();
        }
        home.waiting = back;
        home.changed();
    }

    /// Whether a lane at work draws from the queue.
    pub(super) fn is_served(&self, queue: QueueIndex) -> bool {
        self.lanes.iter().any(|lane| lane.queue == queue && lane.standing == Standing::In)
    }

    /// Puts lanes back to work. They get back what was handed on and still waits, and take over what waits for lanes that are out and
    /// hand on.
    pub fn put_in(&mut self, lanes: &[LaneIndex]) -> Result<Vec<LaneIndex>, Refusal> {
        self.goes_on()?;
        let out: Vec<LaneIndex> = lanes.iter().copied().filter(|lane| self.lanes[*lane as usize].standing != Standing::In).collect();
        if out.is_empty() {
            return Err(Refusal::NotOut(self.crane_of(lanes)));
        }
        for lane in &out {
            let lane = &mut self.lanes[*lane as usize];
            if let Standing::Out { by: Outage::Production, .. } = lane.standing
                && lane.at.is_empty()
            {
                // Where production left it, nobody here knows. On a rail it is taken to have kept to its end.
                lane.stands = None;
                lane.span = Span::at(self.layout.queues()[lane.queue as usize].home);
            }
            lane.standing = Standing::In;
            lane.given_up = 0;
        }
        for lane in &out {
            self.take_back(self.lanes[*lane as usize].queue);
        }
        for queue in 0..self.queues.len() as QueueIndex {
            if self.hands_on(queue) {
                self.hand_on(queue);
            }
        }
        self.assert_sound();
        Ok(out)
    }

    /// Stops that nobody will come for, and why. Some lie where no crane may go. Of others every lane that could come is out because it
    /// gave up, or cannot pass one that did, while no lane is working any more; a lane that a person took out is waited for. They leave
    /// their queues and are to be judged *not counted*.
    pub fn strand(&mut self) -> Vec<(Stop, Reason)> {
        let mut stranded = std::mem::take(&mut self.unvisited);
        if self.mode == Mode::Running && self.lanes.iter().all(|lane| lane.at.is_empty()) {
            for queue in 0..self.queues.len() as QueueIndex {
                let waiting = std::mem::take(&mut self.queues[queue as usize].waiting);
                for number in waiting {
                    match self.forsaken(queue, number) {
                        None => self.queues[queue as usize].waiting.push_back(number),
                        Some(reason) => {
                            let listens = self.entry(number).purpose == Purpose::Listen;
                            self.set(number, if listens { EntryState::Dropped } else { EntryState::Released });
                            stranded.push((number, reason));
                        }
                    }
                }
            }
        }
        stranded.into_iter().map(|(number, reason)| (self.stop(number), reason)).collect()
    }

    /// Why no lane will take the stop; none if one will that did not give up: of its queue, or that takes the queue over.
    fn forsaken(&self, queue: QueueIndex, number: u32) -> Option<Reason> {
        let slot = self.layout.slot(self.entry(number).slot);
        let hands_on = self.hands_on(queue);
        let mut reason = Reason::CraneOut;
        for index in 0..self.lanes.len() as LaneIndex {
            let lane = &self.lanes[index as usize];
            // Nobody waits for a crane only to listen.
            let gave_up = match lane.standing {
                Standing::In => false,
                Standing::Out { by, .. } => by == Outage::GaveUp || self.entry(number).purpose == Purpose::Listen,
            };
            if gave_up || !(lane.queue == queue || hands_on && self.layout.can_serve(lane.queue, slot)) {
                continue;
            }
            if !self.is_way_barred(index, number) {
                return None;
            }
            reason = Reason::WayBlocked;
        }
        Some(reason)
    }

    /// Whether all lanes of a queue are out and hand on.
    pub(super) fn hands_on(&self, queue: QueueIndex) -> bool {
        let mut lanes = self.lanes.iter().filter(|lane| lane.queue == queue).peekable();
        lanes.peek().is_some() && lanes.all(|lane| matches!(lane.standing, Standing::Out { hand_on: true, .. }))
    }

    /// How a lane stands: at work or out, the first stop of its visit, and how many stops wait in its queue.
    pub fn lane(&self, lane: LaneIndex) -> (Standing, Option<Stop>, usize) {
        let Lane { queue, standing, ref at, .. } = self.lanes[lane as usize];
        (standing, at.first().map(|number| self.stop(*number)), self.queues[queue as usize].waiting.len())
    }
}
