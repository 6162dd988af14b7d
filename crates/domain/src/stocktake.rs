//! One stocktake under way: which stops wait, which lane has which, what may happen next.
//!
//! Events go in through the methods, decisions come out as values. The engine acts on them; nothing here waits or looks at a clock.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{StocktakeId, StopId};
use crate::lane::{LaneIndex, QueueIndex};
use crate::layout::Layout;
use crate::location::LocationCode;
use crate::stop::{Purpose, Stop};
use crate::verdict::{Reason, Verdict};

mod agenda;
mod invariants;
mod lanes;
mod rail;

pub use agenda::{Replan, Sequence};
pub use invariants::Broken;
pub use lanes::{GaveUp, LaneRules, Left, Outage, Standing, TakenOut};

use lanes::Lane;

/// A stocktake's queues, lanes and tally.
#[derive(Debug)]
pub struct Stocktake {
    id: StocktakeId,
    layout: Arc<Layout>,
    /// The stop numbered `n` is at index `n - 1`.
    stops: Vec<Entry>,
    /// The newest stop of each slot of the layout; 0 = none.
    stop_of_slot: Vec<u32>,
    queues: Vec<Queue>,
    lanes: Vec<Lane>,
    mode: Mode,
    tally: Tally,
    rules: LaneRules,
    /// Asked for, and nobody will go there.
    unvisited: Vec<(u32, Reason)>,
}

/// What waits for a crane, or for the lanes of a dispatcher.
#[derive(Debug, Clone, Default)]
struct Queue {
    waiting: VecDeque<u32>,
    /// Its order is planned, and planned anew when it changes.
    routed: bool,
    /// It changed since it was planned.
    stale: bool,
    /// Counts its changes other than that its first stop is taken.
    version: u64,
}

impl Queue {
    /// Its order is not what was planned any more.
    fn changed(&mut self) {
        self.version += 1;
        self.stale = self.routed && self.waiting.len() > 1;
    }
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    slot: u32,
    purpose: Purpose,
    state: EntryState,
    /// Whose it is; while that crane is out, others may have it.
    queue: QueueIndex,
    /// The other crane of a rail took it over, because neither could let the other past.
    taken_over: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EntryState {
    Waiting,
    /// A lane's crane is busy with it.
    Taken(LaneIndex),
    /// The crane left, or none will come; the judgement is still to come.
    Released,
    Settled(Verdict),
    /// Not part of the count: dropped, or a crane only gave way.
    Dropped,
}

/// Whether cranes get further stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// They do.
    Running,
    /// Not until it is resumed.
    Paused,
    /// Never again: it was cancelled.
    Cancelled,
    /// Never again: it is done.
    Finished,
}

/// How far a stocktake is, in locations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Asked for and not dropped.
    pub requested: u64,
    /// With a final judgement, not ambiguous.
    pub settled: u64,
    /// Of these: books and rack differ.
    pub differences: u64,
    /// Finally ambiguous.
    pub ambiguous: u64,
    /// Not counted.
    pub not_counted: u64,
}

impl Tally {
    /// Locations still without a final judgement.
    pub fn open(&self) -> u64 {
        self.requested - self.settled - self.ambiguous - self.not_counted
    }

    /// One more location has its final judgement.
    pub fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Ambiguous => self.ambiguous += 1,
            Verdict::NotCounted => self.not_counted += 1,
            _ => self.settled += 1,
        }
        if verdict.is_difference() {
            self.differences += 1;
        }
    }
}

/// What a lane does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Visit these at once: one location, or both sides of the aisle.
    Visit(Vec<Stop>),
    /// Go there and do nothing: another crane has to pass. The stop was not known before.
    GiveWay(Stop),
    /// Nothing now.
    Wait(Idle),
}

/// Why a lane has nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Idle {
    /// Nothing waits in its queue.
    QueueEmpty,
    /// The stocktake is paused.
    Paused,
    /// The crane is out.
    CraneOut,
    /// Its route is being planned.
    Planning,
    /// Another crane on its rail is in the way.
    WayBlocked,
    /// The other crane of its rail cannot be let past, so this one has taken over a stop: both are to look again.
    TakenOver,
    /// The stocktake was cancelled, or is done.
    Over,
}

/// Why a command is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The warehouse does not have it.
    #[error("location \"{0}\" is not in this warehouse")]
    UnknownLocation(LocationCode),
    /// It is part of the stocktake already.
    #[error("location \"{0}\" is already part of this stocktake")]
    AlreadyRequested(LocationCode),
    /// It never was part of the stocktake.
    #[error("location \"{0}\" is not part of this stocktake")]
    NotRequested(LocationCode),
    /// A crane is there, or on its way.
    #[error("location \"{0}\" is being counted right now by lane {1}")]
    InWork(LocationCode, String),
    /// It has been counted, or given up.
    #[error("location \"{0}\" has already been counted or given up")]
    AlreadyJudged(LocationCode),
    /// There is no crane or lane of that name.
    #[error("there is no crane or lane \"{0}\"; there are: {1}")]
    UnknownCrane(String, String),
    /// It is out already.
    #[error("crane {0} is already out")]
    AlreadyOut(String),
    /// It is at work.
    #[error("crane {0} is not out")]
    NotOut(String),
    /// It is paused already.
    #[error("the stocktake is already paused")]
    AlreadyPaused,
    /// It is not paused.
    #[error("the stocktake is not paused")]
    NotPaused,
    /// It was cancelled.
    #[error("the stocktake was cancelled")]
    Cancelled,
    /// It is done.
    #[error("the stocktake is finished")]
    Finished,
    /// A stocktake has at most four thousand million stops.
    #[error("a stocktake cannot have more than 4,294,967,294 stops")]
    TooManyStops,
}

impl Stocktake {
    /// A stocktake without locations, all lanes at work.
    pub fn new(id: StocktakeId, layout: Arc<Layout>, rules: LaneRules) -> Self {
        Self {
            id,
            stops: Vec::new(),
            stop_of_slot: vec![0; layout.slots().len()],
            queues: vec![Queue::default(); layout.queues().len()],
            lanes: layout.lanes().iter().map(|lane| Lane::new(lane.queue, layout.queues()[lane.queue as usize].home)).collect(),
            mode: Mode::Running,
            tally: Tally::default(),
            rules,
            unvisited: Vec::new(),
            layout,
        }
    }

    /// Its id.
    pub fn id(&self) -> StocktakeId {
        self.id
    }

    /// The warehouse it counts.
    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Whether cranes get further stops.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// How far it is.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Ends the stocktake if every location has its final judgement; from then on nothing changes it any more.
    pub fn finish(&mut self) -> bool {
        let done = self.tally.open() == 0;
        if done && self.mode != Mode::Cancelled {
            self.mode = Mode::Finished;
        }
        done
    }

    /// Commands are for a stocktake that goes on.
    fn goes_on(&self) -> Result<(), Refusal> {
        match self.mode {
            Mode::Running | Mode::Paused => Ok(()),
            Mode::Cancelled => Err(Refusal::Cancelled),
            Mode::Finished => Err(Refusal::Finished),
        }
    }

    /// Appends locations in this order; all of them or none. Gives the number of the first new stop.
    pub fn add(&mut self, locations: &[LocationCode]) -> Result<u32, Refusal> {
        self.goes_on()?;
        let first = u32::try_from(self.stops.len()).unwrap_or(u32::MAX);
        u32::try_from(locations.len())
            .ok()
            .and_then(|more| first.checked_add(more))
            .filter(|last| *last < u32::MAX)
            .ok_or(Refusal::TooManyStops)?;
        for (done, location) in locations.iter().enumerate() {
            if let Err(refusal) = self.add_one(location) {
                for _ in 0..done {
                    self.undo_add();
                }
                return Err(refusal);
            }
        }
        Ok(first + 1)
    }

    fn add_one(&mut self, location: &LocationCode) -> Result<(), Refusal> {
        let slot = self.layout.index_of(location.as_str()).ok_or_else(|| Refusal::UnknownLocation(location.clone()))?;
        if self.counted_at(slot).is_some() {
            return Err(Refusal::AlreadyRequested(location.clone()));
        }
        let number = self.stops.len() as u32 + 1;
        let queue = self.queue_for(slot);
        let barred = self.layout.barred(slot).map(|(why, _)| why.reason());
        let state = if barred.is_some() { EntryState::Released } else { EntryState::Waiting };
        self.stops.push(Entry { slot, purpose: Purpose::Count, state, queue, taken_over: false });
        self.stop_of_slot[slot as usize] = number;
        self.tally.requested += 1;
        match barred {
            Some(reason) => self.unvisited.push((number, reason)),
            None => {
                let queue = &mut self.queues[queue as usize];
                queue.waiting.push_back(number);
                queue.changed();
            }
        }
        Ok(())
    }

    /// Appends stops at which a reader only listens, for the neighbours' sake; nothing there is asked for or judged. Gives the number of
    /// the first one; none where the numbers are used up.
    pub fn listen(&mut self, slots: &[u32]) -> Option<u32> {
        let first = u32::try_from(self.stops.len()).ok()?;
        u32::try_from(slots.len()).ok().and_then(|more| first.checked_add(more)).filter(|last| *last < u32::MAX)?;
        for slot in slots {
            let queue = self.queue_for(*slot);
            self.stops.push(Entry { slot: *slot, purpose: Purpose::Listen, state: EntryState::Waiting, queue, taken_over: false });
            let number = self.stops.len() as u32;
            if self.stop_of_slot[*slot as usize] == 0 {
                self.stop_of_slot[*slot as usize] = number;
            }
            self.queues[queue as usize].waiting.push_back(number);
            self.queues[queue as usize].changed();
        }
        self.assert_sound();
        Some(first + 1)
    }

    /// A stop is done and its judgement still to come: it waits no more. It leaves its queue with [`sweep`](Self::sweep).
    pub fn await_judgement(&mut self, stop: StopId) {
        if self.entry(stop.number()).state == EntryState::Waiting {
            self.set(stop.number(), EntryState::Released);
        }
    }

    /// A stop at which a reader only listened is done, or will not be made.
    pub fn end_listening(&mut self, stop: StopId) {
        let number = stop.number();
        if self.entry(number).purpose == Purpose::Listen && self.entry(number).state != EntryState::Waiting {
            self.set(number, EntryState::Dropped);
        }
    }

    fn undo_add(&mut self) {
        let number = self.stops.len() as u32;
        if let Some(entry) = self.stops.pop() {
            self.stop_of_slot[entry.slot as usize] = 0;
            if self.unvisited.last().is_some_and(|(unvisited, _)| *unvisited == number) {
                self.unvisited.pop();
            }
            let waiting = &mut self.queues[entry.queue as usize].waiting;
            if waiting.back() == Some(&number) {
                waiting.pop_back();
            }
            self.tally.requested -= 1;
        }
    }

    /// Takes a waiting location out of the stocktake; it will have no judgement.
    pub fn drop_location(&mut self, location: &LocationCode) -> Result<(), Refusal> {
        self.goes_on()?;
        let number = self.number_of(location)?;
        match self.entry(number).state {
            EntryState::Waiting => {}
            EntryState::Taken(lane) => {
                return Err(Refusal::InWork(location.clone(), self.layout.lanes()[lane as usize].id.to_string()));
            }
            EntryState::Released | EntryState::Settled(_) => return Err(Refusal::AlreadyJudged(location.clone())),
            EntryState::Dropped => return Err(Refusal::NotRequested(location.clone())),
        }
        for queue in &mut self.queues {
            let before = queue.waiting.len();
            queue.waiting.retain(|waiting| *waiting != number);
            if queue.waiting.len() < before {
                queue.changed();
            }
        }
        let slot = self.entry(number).slot;
        self.stop_of_slot[slot as usize] = 0;
        self.set(number, EntryState::Dropped);
        self.tally.requested -= 1;
        Ok(())
    }

    fn number_of(&self, location: &LocationCode) -> Result<u32, Refusal> {
        let slot = self.layout.index_of(location.as_str()).ok_or_else(|| Refusal::UnknownLocation(location.clone()))?;
        self.counted_at(slot).ok_or_else(|| Refusal::NotRequested(location.clone()))
    }

    /// The stop that counts a slot.
    fn counted_at(&self, slot: u32) -> Option<u32> {
        let number = self.stop_of_slot[slot as usize];
        (number != 0 && self.entry(number).purpose != Purpose::Listen).then_some(number)
    }

    /// No lane gets another stop until [`resume`](Self::resume).
    pub fn pause(&mut self) -> Result<(), Refusal> {
        self.goes_on()?;
        if std::mem::replace(&mut self.mode, Mode::Paused) == Mode::Paused { Err(Refusal::AlreadyPaused) } else { Ok(()) }
    }

    /// Ends a pause.
    pub fn resume(&mut self) -> Result<(), Refusal> {
        self.goes_on()?;
        if std::mem::replace(&mut self.mode, Mode::Running) == Mode::Running { Err(Refusal::NotPaused) } else { Ok(()) }
    }

    /// Ends the stocktake. What has no judgement by now is [`unsettled`](Self::unsettled).
    pub fn cancel(&mut self) -> Result<(), Refusal> {
        self.goes_on()?;
        self.mode = Mode::Cancelled;
        self.queues.iter_mut().for_each(|queue| queue.waiting.clear());
        Ok(())
    }

    /// Every location's stop without a final judgement, in order.
    pub fn unsettled(&self) -> impl Iterator<Item = Stop> + '_ {
        (1..=self.stops.len() as u32)
            .filter(|number| !matches!(self.entry(*number).state, EntryState::Settled(_) | EntryState::Dropped))
            .filter(|number| self.entry(*number).purpose != Purpose::Listen)
            .map(|number| self.stop(number))
    }

    /// The final judgement of a stop's location is on record. A stop that is still in a queue then (a run is taken up again) leaves it
    /// with [`sweep`](Self::sweep).
    pub fn settle(&mut self, stop: StopId, verdict: Verdict) {
        let number = stop.number();
        let Entry { state, purpose, .. } = self.entry(number);
        if matches!(state, EntryState::Settled(_) | EntryState::Dropped) || purpose == Purpose::Listen {
            return;
        }
        self.set(number, EntryState::Settled(verdict));
        self.tally.add(verdict);
    }

    /// Takes out of the queues what no longer waits.
    pub fn sweep(&mut self) {
        let stops = &self.stops;
        for queue in &mut self.queues {
            queue.waiting.retain(|number| stops[*number as usize - 1].state == EntryState::Waiting);
            queue.changed();
        }
    }

    /// The slots of stops that may still come, by their index in the layout: those that count.
    pub fn to_count(&self) -> impl Iterator<Item = u32> + '_ {
        let to_come = |entry: &&Entry| entry.purpose == Purpose::Count && matches!(entry.state, EntryState::Waiting | EntryState::Taken(_));
        self.stops.iter().filter(to_come).map(|entry| entry.slot)
    }

    /// The slots of stops at which a reader is still to listen for the neighbours' sake.
    pub fn to_listen(&self) -> impl Iterator<Item = u32> + '_ {
        let to_come =
            |entry: &&Entry| entry.purpose == Purpose::Listen && matches!(entry.state, EntryState::Waiting | EntryState::Taken(_));
        self.stops.iter().filter(to_come).map(|entry| entry.slot)
    }

    /// What the stop of that id is.
    pub fn stop_of(&self, id: StopId) -> Option<Stop> {
        let number = id.number();
        (number >= 1 && number as usize <= self.stops.len() && self.id.stop(number) == id).then(|| self.stop(number))
    }

    fn stop(&self, number: u32) -> Stop {
        let entry = self.entry(number);
        Stop { id: self.id.stop(number), location: self.layout.slot(entry.slot).code.clone(), purpose: entry.purpose }
    }

    fn entry(&self, number: u32) -> Entry {
        self.stops[number as usize - 1]
    }

    fn set(&mut self, number: u32, state: EntryState) {
        self.stops[number as usize - 1].state = state;
    }
}

#[cfg(test)]
mod tests;
