//! Lanes of a stocktake: taking stops, leaving them, and cranes that come out of work and back.

use serde::{Deserialize, Serialize};

use super::{EntryState, Idle, Mode, Next, Refusal, Stocktake};
use crate::ids::StopId;
use crate::lane::{LaneIndex, QueueIndex};
use crate::stop::Stop;

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) queue: QueueIndex,
    pub(super) standing: Standing,
    pub(super) at: Option<u32>,
    /// Stops given up one after the other.
    pub(super) given_up: u16,
}

impl Lane {
    pub(super) fn new(queue: QueueIndex) -> Self {
        Self { queue, standing: Standing::In, at: None, given_up: 0 }
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
        let Lane { queue, standing, at, .. } = self.lanes[lane as usize];
        debug_assert!(at.is_none(), "a lane takes one stop at a time");
        match (self.mode, standing) {
            (Mode::Cancelled | Mode::Finished, _) => return Next::Wait(Idle::Over),
            (_, Standing::Out { .. }) => return Next::Wait(Idle::CraneOut),
            (Mode::Paused, _) => return Next::Wait(Idle::Paused),
            (Mode::Running, Standing::In) => {}
        }
        let Some(number) = self.queues[queue as usize].pop_front() else {
            return Next::Wait(Idle::QueueEmpty);
        };
        self.set(number, EntryState::Taken(lane));
        self.lanes[lane as usize].at = Some(number);
        Next::Visit(self.stop(number))
    }

    /// The lane's crane has left a stop. A lane that gave up too often is taken out.
    pub fn leave(&mut self, lane: LaneIndex, stop: StopId, left: Left) -> Option<GaveUp> {
        let number = stop.number();
        let (queue, standing, in_a_row) = {
            let lane = &mut self.lanes[lane as usize];
            debug_assert_eq!(lane.at, Some(number), "a lane leaves the stop it took");
            lane.at = None;
            match left {
                Left::Acquired => lane.given_up = 0,
                Left::GivenUp => lane.given_up = lane.given_up.saturating_add(1),
                Left::Interrupted => {}
            }
            (lane.queue, lane.standing, lane.given_up)
        };
        if let EntryState::Taken(_) = self.entry(number).state {
            if left == Left::Interrupted && self.goes_on().is_ok() {
                self.set(number, EntryState::Waiting);
                self.queues[queue as usize].push_front(number);
                if let Standing::Out { hand_on: true, .. } = standing {
                    self.hand_on(queue);
                }
            } else {
                self.set(number, EntryState::Released);
            }
        }
        let LaneRules { give_up_after, hand_on } = self.rules;
        let too_often = left == Left::GivenUp && give_up_after > 0 && in_a_row >= give_up_after;
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
    /// by [`leave`](Self::leave). With `hand_on`, waiting stops go to lanes that can serve them, the shortest queue first.
    pub fn take_out(&mut self, lanes: &[LaneIndex], by: Outage, hand_on: bool) -> Result<TakenOut, Refusal> {
        self.goes_on()?;
        let at_work: Vec<LaneIndex> = lanes.iter().copied().filter(|lane| self.lanes[*lane as usize].standing == Standing::In).collect();
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
            taken_out.kept += self.queues[queue as usize].len();
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
        let waiting = std::mem::take(&mut self.queues[from as usize]);
        let before = waiting.len();
        for number in waiting {
            let slot = self.layout.slot(self.entry(number).slot);
            let to = served
                .iter()
                .copied()
                .filter(|queue| self.layout.can_serve(*queue, slot))
                .min_by_key(|queue| self.queues[*queue as usize].len());
            self.queues[to.unwrap_or(from) as usize].push_back(number);
        }
        before - self.queues[from as usize].len()
    }

    fn crane_of(&self, lanes: &[LaneIndex]) -> String {
        lanes.first().map(|lane| self.layout.lanes()[*lane as usize].crane.to_string()).unwrap_or_default()
    }

    /// Moves what belongs to a queue and waits in others back to it, in the order of the list.
    fn take_back(&mut self, home: QueueIndex) {
        let mut back = std::mem::take(&mut self.queues[home as usize]);
        for queue in 0..self.queues.len() {
            let waiting = std::mem::take(&mut self.queues[queue]);
            let (own, others): (std::collections::VecDeque<u32>, _) =
                waiting.into_iter().partition(|number| self.layout.slot(self.entry(*number).slot).queue == home);
            self.queues[queue] = others;
            back.extend(own);
        }
        back.make_contiguous().sort_unstable();
        self.queues[home as usize] = back;
    }

    /// Whether a lane at work draws from the queue.
    fn is_served(&self, queue: QueueIndex) -> bool {
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

    /// Waiting stops that nobody will come for: every lane that could is out because it gave up, and no lane is still working.
    /// A lane that a person took out is waited for. They leave their queues and are to be judged *not counted*.
    pub fn strand(&mut self) -> Vec<Stop> {
        if self.mode != Mode::Running || self.lanes.iter().any(|lane| lane.at.is_some()) {
            return Vec::new();
        }
        let mut stranded = Vec::new();
        for queue in 0..self.queues.len() as QueueIndex {
            let waiting = std::mem::take(&mut self.queues[queue as usize]);
            let (awaited, given_up) = waiting.into_iter().partition(|number| self.is_awaited(queue, *number));
            self.queues[queue as usize] = awaited;
            stranded.extend::<std::collections::VecDeque<u32>>(given_up);
        }
        for number in &stranded {
            self.set(*number, EntryState::Released);
        }
        stranded.into_iter().map(|number| self.stop(number)).collect()
    }

    /// Whether a lane that did not give up will take the stop: one of its queue's, or one that takes the queue over.
    fn is_awaited(&self, queue: QueueIndex, number: u32) -> bool {
        let slot = self.layout.slot(self.entry(number).slot);
        let hands_on = self.hands_on(queue);
        self.lanes.iter().any(|lane| {
            let gave_up = matches!(lane.standing, Standing::Out { by: Outage::GaveUp, .. });
            !gave_up && (lane.queue == queue || hands_on && self.layout.can_serve(lane.queue, slot))
        })
    }

    /// Whether all lanes of a queue are out and hand on.
    fn hands_on(&self, queue: QueueIndex) -> bool {
        let mut lanes = self.lanes.iter().filter(|lane| lane.queue == queue).peekable();
        lanes.peek().is_some() && lanes.all(|lane| matches!(lane.standing, Standing::Out { hand_on: true, .. }))
    }

    /// How a lane stands: at work or out, its stop, and how many stops wait in its queue.
    pub fn lane(&self, lane: LaneIndex) -> (Standing, Option<Stop>, usize) {
        let Lane { queue, standing, at, .. } = self.lanes[lane as usize];
        (standing, at.map(|number| self.stop(number)), self.queues[queue as usize].len())
    }
}
