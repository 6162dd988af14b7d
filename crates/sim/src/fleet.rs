//! The cranes behind one address: where each stands, where it is going, and which one takes an order.

use std::collections::{HashMap, VecDeque};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pandian_domain::CraneId;
use pandian_domain::lane::QueueIndex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::world::World;

/// How many idempotency keys a fleet remembers.
const KEYS: usize = 4096;

/// Who shall go.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order<'a> {
    /// The crane of that number, below the fleet's size.
    Crane(usize),
    /// Whichever is free. The same key is never given to two cranes.
    Any { key: Option<&'a str> },
}

/// How long a travel takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Travel {
    /// Whatever the way, so long.
    Fixed(Duration),
    /// What its way needs at this part of the crane's speeds and accelerations.
    AtPace(f64),
}

/// The cranes of one endpoint: a single crane, or those of a dispatcher.
#[derive(Debug)]
pub(crate) struct Fleet {
    crane: CraneId,
    /// What it draws from; none for an endpoint that the layout does not have.
    queue: Option<QueueIndex>,
    world: Arc<World>,
    state: Mutex<State>,
    /// A check ended or someone left the queue.
    freed: Notify,
}

#[derive(Debug)]
struct State {
    cranes: Vec<Mast>,
    keys: HashMap<Box<str>, usize>,
    oldest_keys: VecDeque<Box<str>>,
    /// Who waits for a free crane, first come, first served.
    queue: VecDeque<u64>,
    next_ticket: u64,
    next_leg: u64,
}

/// One crane.
#[derive(Debug, Clone)]
struct Mast {
    /// The slot it stands at; none before its first travel.
    at: Option<u32>,
    leg: Option<Leg>,
    /// The last leg that it completed.
    completed: u64,
    /// Since when it stands.
    since: Instant,
    /// Checks that are under way on it.
    checks: u32,
}

#[derive(Debug, Clone, Copy)]
struct Leg {
    number: u64,
    to: u32,
    arrives: Instant,
}

/// What an order has to do next.
enum Next {
    /// The crane stands there.
    Arrived,
    /// The crane of that number is on that leg there.
    Ride { crane: usize, leg: Leg },
    /// All is taken; the next crane arrives then.
    Wait(Option<Instant>),
}

impl Fleet {
    pub(crate) fn new(crane: CraneId, world: Arc<World>, cranes: usize) -> Self {
        let mast = Mast { at: None, leg: None, completed: 0, since: Instant::now(), checks: 0 };
        let state = State {
            cranes: vec![mast; cranes.max(1)],
            keys: HashMap::new(),
            oldest_keys: VecDeque::new(),
            queue: VecDeque::new(),
            next_ticket: 0,
            next_leg: 1,
        };
        let queue = world.layout().lanes().iter().find(|lane| lane.crane == crane).map(|lane| lane.queue);
        Self { crane, queue, world, state: Mutex::new(state), freed: Notify::new() }
    }

    /// Brings a crane to a slot; ends when it stands there. A crane that is under way completes its travel, whoever still waits for it;
    /// orders for the same slot share one travel.
    pub(crate) async fn go(&self, order: Order<'_>, to: u32, travel: Travel) {
        let mut ticket: Option<Ticket<'_>> = None;
        let mut riding: Option<(usize, u64)> = None;
        loop {
            let mut freed = pin!(self.freed.notified());
            let next = {
                let mut state = self.lock();
                match order {
                    Order::Crane(number) => state.settle_one(number, Instant::now()),
                    Order::Any { .. } => state.settle(Instant::now()),
                }
                if riding.is_some_and(|(crane, leg)| state.cranes[crane].completed >= leg) {
                    return;
                }
                let next = self.next(&mut state, order, ticket.as_ref().map(|ticket| ticket.number), to, travel);
                if matches!(next, Next::Wait(_)) && ticket.is_none() && matches!(order, Order::Any { .. }) {
                    ticket = Some(Ticket { fleet: self, number: state.queue_up() });
                }
                next
            };
            match next {
                Next::Arrived => return,
                Next::Ride { crane, leg } => {
                    ticket = None;
                    riding = Some((crane, leg.number));
                    sleep_until(leg.arrives).await;
                }
                Next::Wait(Some(until)) => {
                    tokio::select! {
                        () = sleep_until(until) => {}
                        () = &mut freed => {}
                    }
                }
                Next::Wait(None) => freed.await,
            }
        }
    }

    /// What reader and camera meet when they are asked for a slot: the slot of the crane of that number, or of the crane that
    /// stands at the asked one; opposite of it, if the crane counts both sides of the aisle in one visit. A crane that never travelled
    /// in this world stands where it is believed to; one under way meets nothing.
    pub(crate) fn met(&self, crane: Option<usize>, asked: u32) -> Option<u32> {
        let mut state = self.lock();
        let now = Instant::now();
        let met = |mast: &Mast| match mast.at {
            _ if mast.leg.is_some() => None,
            Some(at) if !self.reaches(at, asked) => Some(at),
            _ => Some(asked),
        };
        match crane {
            Some(number) => {
                state.settle_one(number, now);
                state.cranes.get(number).and_then(met)
            }
            None => {
                state.settle(now);
                let anywhere = state.cranes.iter().filter_map(met);
                anywhere.reduce(|best, slot| if best == asked { best } else { slot })
            }
        }
    }

    /// Where the crane of that number stands; none while it is under way and before its first travel in this world.
    pub(crate) fn stands_at(&self, crane: usize) -> Option<u32> {
        let mut state = self.lock();
        state.settle_one(crane, Instant::now());
        state.cranes.get(crane).filter(|mast| mast.leg.is_none())?.at
    }

    /// Where the crane of that number stands or, under way, where it goes, and whether it stands; none before its first travel in this world.
    pub(crate) fn at_or_bound_for(&self, crane: usize) -> Option<(u32, bool)> {
        let mut state = self.lock();
        state.settle_one(crane, Instant::now());
        let mast = state.cranes.get(crane)?;
        mast.leg.map(|leg| (leg.to, false)).or(mast.at.map(|at| (at, true)))
    }

    /// The slot opposite of one, if a crane counts both sides of the aisle in one visit.
    pub(crate) fn opposite(&self, slot: u32) -> Option<u32> {
        let (queue, layout) = (self.queue?, self.world.layout());
        if !layout.queues().get(queue as usize)?.both_sides {
            return None;
        }
        (0..layout.slots().len() as u32).find(|other| layout.is_one_visit(queue, slot, *other))
    }

    /// Marks the crane that stands at a slot as busy with a check until the mark is dropped.
    pub(crate) fn begin_check(self: &Arc<Self>, slot: u32) -> Check {
        let mut state = self.lock();
        state.settle(Instant::now());
        let crane = state.cranes.iter().position(|mast| mast.leg.is_none() && mast.at.is_some_and(|at| self.reaches(at, slot)));
        if let Some(number) = crane {
            state.cranes[number].checks += 1;
        }
        Check { fleet: self.clone(), crane }
    }

    fn next(&self, state: &mut State, order: Order<'_>, ticket: Option<u64>, to: u32, travel: Travel) -> Next {
        let number = match order {
            Order::Crane(number) => number,
            Order::Any { key } => {
                let known = key.and_then(|key| state.keys.get(key).copied()).or_else(|| state.bound_for(to));
                let Some(number) = known.or_else(|| state.free(ticket)) else {
                    return Next::Wait(state.cranes.iter().filter_map(|mast| mast.leg).map(|leg| leg.arrives).min());
                };
                if let Some(key) = key {
                    state.remember(key, number);
                }
                number
            }
        };
        let mast = &state.cranes[number];
        match mast.leg {
            Some(leg) if leg.to == to => return Next::Ride { crane: number, leg },
            Some(leg) => return Next::Wait(Some(leg.arrives)),
            None if mast.at == Some(to) => return Next::Arrived,
            None => {}
        }
        let time = match travel {
            Travel::Fixed(time) => time,
            Travel::AtPace(pace) => self.world.settings().at_speed(self.world.travel_at(pace, &self.crane, mast.at, to)),
        };
        let now = Instant::now();
        let leg = Leg { number: state.next_leg, to, arrives: now + time };
        state.next_leg += 1;
        state.cranes[number].leg = Some(leg);
        if time.is_zero() {
            state.settle_one(number, now);
            return Next::Arrived;
        }
        Next::Ride { crane: number, leg }
    }

    /// Whether a crane that stands at one slot has a camera or reader before the other.
    fn reaches(&self, at: u32, asked: u32) -> bool {
        at == asked || self.queue.is_some_and(|queue| self.world.layout().is_one_visit(queue, at, asked))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is whole before the lock is given back.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mast {
    fn settle(&mut self, now: Instant) {
        if let Some(leg) = self.leg.filter(|leg| leg.arrives <= now) {
            *self = Self { at: Some(leg.to), leg: None, completed: leg.number, since: leg.arrives, ..*self };
        }
    }
}

impl State {
    /// Lets every crane stand whose travel is over.
    fn settle(&mut self, now: Instant) {
        self.cranes.iter_mut().for_each(|mast| mast.settle(now));
    }

    fn settle_one(&mut self, number: usize, now: Instant) {
        if let Some(mast) = self.cranes.get_mut(number) {
            mast.settle(now);
        }
    }

    fn bound_for(&self, slot: u32) -> Option<usize> {
        self.cranes.iter().position(|mast| mast.leg.map_or(mast.at, |leg| Some(leg.to)) == Some(slot))
    }

    /// The crane that has stood longest with no check under way, for whoever is first in the queue.
    fn free(&self, ticket: Option<u64>) -> Option<usize> {
        if self.queue.front().copied() != ticket {
            return None;
        }
        let free = self.cranes.iter().enumerate().filter(|(_, mast)| mast.leg.is_none() && mast.checks == 0);
        free.min_by_key(|(_, mast)| mast.since).map(|(number, _)| number)
    }

    fn queue_up(&mut self) -> u64 {
        self.next_ticket += 1;
        self.queue.push_back(self.next_ticket);
        self.next_ticket
    }

    fn remember(&mut self, key: &str, crane: usize) {
        if self.keys.insert(key.into(), crane).is_none() {
            self.oldest_keys.push_back(key.into());
        }
        if self.oldest_keys.len() > KEYS
            && let Some(oldest) = self.oldest_keys.pop_front()
        {
            self.keys.remove(&oldest);
        }
    }
}

/// A place in the queue, given up when dropped.
struct Ticket<'a> {
    fleet: &'a Fleet,
    number: u64,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.fleet.lock().queue.retain(|number| *number != self.number);
        self.fleet.freed.notify_waiters();
    }
}

/// A check under way.
#[derive(Debug)]
pub(crate) struct Check {
    fleet: Arc<Fleet>,
    crane: Option<usize>,
}

impl Drop for Check {
    fn drop(&mut self) {
        if let Some(number) = self.crane {
            self.fleet.lock().cranes[number].checks -= 1;
            self.fleet.freed.notify_waiters();
        }
    }
}
