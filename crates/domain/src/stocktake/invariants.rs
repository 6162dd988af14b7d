//! What must hold after every step. Checked in tests, and in debug builds as long as a stocktake is small.

use super::{EntryState, Mode, Stocktake};
use crate::stop::Purpose;

/// An invariant that does not hold: a fault of the program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stop {stop}: {what}")]
pub struct Broken {
    stop: u32,
    what: &'static str,
}

/// Up to so many stops a debug build checks after each step.
const CHECKED_STOPS: usize = 500;

impl Stocktake {
    pub(super) fn assert_sound(&self) {
        debug_assert!(self.stops.len() > CHECKED_STOPS || self.check() == Ok(()), "{:?}", self.check());
    }

    /// Checks that every stop is in exactly one place and the tally is the sum of the verdicts.
    pub fn check(&self) -> Result<(), Broken> {
        let broken = |stop, what| Err(Broken { stop, what });
        let mut seen = vec![0_u8; self.stops.len() + 1];
        for queue in 0..self.queues.len() {
            for number in &self.queues[queue].waiting {
                seen[*number as usize] += 1;
                let slot = self.layout.slot(self.entry(*number).slot);
                if !self.layout.can_serve(queue as u32, slot) {
                    return broken(*number, "waits in a queue whose cranes cannot reach it");
                }
            }
        }
        for lane in &self.lanes {
            for number in lane.at.iter().copied() {
                if matches!(self.entry(number).purpose, Purpose::GiveWay | Purpose::Listen) {
                    continue;
                }
                if !matches!(self.entry(number).state, EntryState::Taken(_) | EntryState::Settled(_)) {
                    return broken(number, "is held by a lane that did not take it");
                }
            }
        }
        let mut open = 0;
        for number in 1..=self.stops.len() as u32 {
            let entry = self.entry(number);
            let queued = seen[number as usize];
            match entry.state {
                EntryState::Waiting if queued != 1 && self.mode != Mode::Cancelled => {
                    return broken(number, "waits in no queue or in several");
                }
                EntryState::Taken(_) | EntryState::Released | EntryState::Settled(_) | EntryState::Dropped if queued != 0 => {
                    return broken(number, "is still in a queue though it was taken");
                }
                _ => {}
            }
            if !matches!(entry.state, EntryState::Settled(_) | EntryState::Dropped) && entry.purpose != Purpose::Listen {
                open += 1;
            }
        }
        if open != self.tally.open() {
            return broken(0, "the tally does not add up");
        }
        Ok(())
    }
}
