//! The ROSpecs of a reader: which there are, how each stands, and what starts the next one (LLRP 1.0.1 section 10.2).

use std::time::Duration;

use pandian_llrp::parameter::operation::{RoSpec, RoSpecStartTriggerType, RoSpecState};
use pandian_llrp::parameter::status::StatusCode;
use tokio::time::Instant;

use super::flavour::ROSPECS;
use super::status::Wrong;

/// The ROSpecs, of which at most one is active.
#[derive(Debug, Default)]
pub(super) struct RoSpecs(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    spec: RoSpec,
    /// When its trigger starts it next.
    starts: Option<Instant>,
}

impl RoSpecs {
    /// Adds one that was checked.
    pub(super) fn add(&mut self, spec: RoSpec) -> Result<(), Wrong> {
        const NUMBER: u16 = 177;
        if self.0.iter().any(|known| known.spec.id == spec.id) {
            return Err(Wrong::invalid(0, format!("there is an ROSpec {} already", spec.id)).within(NUMBER));
        }
        if self.0.len() >= ROSPECS {
            return Err(Wrong::parameter(NUMBER, StatusCode::POverflowParameter, format!("{ROSPECS} ROSpecs are the most")));
        }
        self.0.push(Entry { spec, starts: None });
        Ok(())
    }

    /// Deletes one, or with id 0 all.
    pub(super) fn delete(&mut self, id: u32) -> Result<(), Wrong> {
        drop(self.matching(id)?);
        self.0.retain(|entry| id != 0 && entry.spec.id != id);
        Ok(())
    }

    /// Enables one, or with id 0 all; `at_speed` is how long a time of the simulation really takes.
    pub(super) fn enable(&mut self, id: u32, now: Instant, at_speed: impl Fn(u32) -> Duration) -> Result<(), Wrong> {
        for entry in self.matching(id)?.filter(|entry| entry.spec.state == RoSpecState::Disabled) {
            entry.spec.state = RoSpecState::Inactive;
            let start = &entry.spec.boundary.start;
            entry.starts = match (start.kind, &start.periodic) {
                (RoSpecStartTriggerType::Immediate, _) => Some(now),
                (RoSpecStartTriggerType::Periodic, Some(period)) => Some(now + at_speed(period.offset_ms)),
                _ => None,
            };
        }
        Ok(())
    }

    /// Disables one, or with id 0 all.
    pub(super) fn disable(&mut self, id: u32) -> Result<(), Wrong> {
        for entry in self.matching(id)? {
            entry.spec.state = RoSpecState::Disabled;
            entry.starts = None;
        }
        Ok(())
    }

    /// The one to be started by a request, if it can be.
    pub(super) fn startable(&self, id: u32) -> Result<RoSpec, Wrong> {
        let entry = self.one(id)?;
        if entry.spec.state == RoSpecState::Disabled {
            return Err(Wrong::invalid(0, format!("the ROSpec {id} is disabled")));
        }
        match self.active() {
            Some(active) => Err(Wrong::invalid(0, format!("the ROSpec {active} is active"))),
            None => Ok(entry.spec.clone()),
        }
    }

    /// Whether there is one to be stopped by a request.
    pub(super) fn stoppable(&self, id: u32) -> Result<(), Wrong> {
        if self.one(id)?.spec.state != RoSpecState::Active {
            return Err(Wrong::invalid(0, format!("the ROSpec {id} is not active")));
        }
        Ok(())
    }

    /// When the next trigger starts an ROSpec; none while one is active.
    pub(super) fn next_start(&self) -> Option<Instant> {
        if self.active().is_some() { None } else { self.0.iter().filter_map(|entry| entry.starts).min() }
    }

    /// The one that its trigger starts now.
    pub(super) fn triggered(&mut self, now: Instant, at_speed: impl Fn(u32) -> Duration) -> Option<RoSpec> {
        if self.active().is_some() {
            return None;
        }
        let entry = self.0.iter_mut().find(|entry| entry.starts.is_some_and(|starts| starts <= now))?;
        let period_ms = entry.spec.boundary.start.periodic.as_ref().map_or(0, |periodic| periodic.period_ms);
        // Starts that were missed while another one was active are not made up for.
        entry.starts = (period_ms > 0).then(|| now + at_speed(period_ms));
        Some(entry.spec.clone())
    }

    /// Notes that one has begun.
    pub(super) fn began(&mut self, id: u32) {
        self.mark(id, RoSpecState::Active);
    }

    /// Notes that one has ended.
    pub(super) fn ended(&mut self, id: u32) {
        self.mark(id, RoSpecState::Inactive);
    }

    /// Every one.
    pub(super) fn all(&self) -> impl Iterator<Item = &RoSpec> {
        self.0.iter().map(|entry| &entry.spec)
    }

    fn active(&self) -> Option<u32> {
        self.all().find(|spec| spec.state == RoSpecState::Active).map(|spec| spec.id)
    }

    fn mark(&mut self, id: u32, state: RoSpecState) {
        let entry = self.0.iter_mut().find(|entry| entry.spec.id == id && entry.spec.state != RoSpecState::Disabled);
        entry.into_iter().for_each(|entry| entry.spec.state = state);
    }

    fn one(&self, id: u32) -> Result<&Entry, Wrong> {
        self.0.iter().find(|entry| entry.spec.id == id).ok_or_else(|| unknown(id))
    }

    fn matching(&mut self, id: u32) -> Result<impl Iterator<Item = &mut Entry>, Wrong> {
        if id != 0 {
            self.one(id)?;
        }
        Ok(self.0.iter_mut().filter(move |entry| id == 0 || entry.spec.id == id))
    }
}

fn unknown(id: u32) -> Wrong {
    Wrong::invalid(0, format!("there is no ROSpec {id}"))
}
