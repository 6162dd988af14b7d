//! A running ROSpec: what happens next in it, and when. Its times are the simulation's, since the ROSpec began.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use pandian_llrp::parameter::operation::{
    AiSpec, AiSpecStopTrigger, AiSpecStopTriggerType, RoSpec, RoSpecStopTriggerType, Spec, TagObservationTrigger, TagObservationTriggerType,
};

use super::hearing::{Reading, Tag};

/// How long one attempt to inventory takes, for AISpecs that end after so many.
const ATTEMPT: Duration = Duration::from_millis(50);
/// How soon a reader that hears nothing, since its crane is under way, listens again.
const UNDER_WAY: Duration = Duration::from_millis(100);
/// The shortest pass over the tags around that an AISpec does not cut off.
const SHORTEST_PASS: Duration = Duration::from_secs(1);

/// One run of an ROSpec.
#[derive(Debug)]
pub(super) struct Run {
    spec: RoSpec,
    usual_pass: Duration,
    /// The place of the next AISpec, from 0.
    next: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The next AISpec begins then, or it is the end.
    Between(Duration),
    Running(Stage),
    Over,
}

/// An AISpec under way.
#[derive(Debug)]
struct Stage {
    /// Its place in the ROSpec, from 0.
    place: usize,
    /// When it ends, whatever the tags do.
    ends: Option<Duration>,
    watch: Watch,
    readings: VecDeque<Reading>,
    /// When to listen next.
    listens: Option<Duration>,
}

/// What the tags do, for AISpecs that end by it.
#[derive(Debug)]
struct Watch {
    trigger: Option<TagObservationTrigger>,
    reads: u32,
    known: HashSet<Arc<Tag>>,
    /// The last read that counts, at first the beginning.
    last: Duration,
    over: Option<Duration>,
}

/// What comes next in a run.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// What is to be heard from `begins` on? The answer goes to [`Run::hears`].
    Listen {
        /// When the pass begins.
        begins: Duration,
        /// How long it takes.
        takes: Duration,
    },
    /// A tag was read.
    Read(Reading),
    /// The AISpec of that place in the ROSpec, from 1, is over.
    SpecEnded(u16),
    /// The ROSpec is over.
    Ended,
}

impl Run {
    /// A run that begins now. An AISpec that lasts longer than a pass over the tags makes one after the other.
    pub(super) fn new(spec: RoSpec, usual_pass: Duration) -> Self {
        Self { spec, usual_pass: usual_pass.max(SHORTEST_PASS), next: 0, state: State::Between(Duration::ZERO) }
    }

    /// The ROSpec.
    pub(super) fn spec(&self) -> &RoSpec {
        &self.spec
    }

    /// The AISpec of that place, from 0.
    pub(super) fn aispec(&self, place: usize) -> Option<&AiSpec> {
        match self.spec.specs.get(place)? {
            Spec::Ai(spec) => Some(spec),
            _ => None,
        }
    }

    /// The place in the ROSpec, from 0, of the AISpec under way.
    pub(super) fn place(&self) -> Option<usize> {
        if let State::Running(stage) = &self.state { Some(stage.place) } else { None }
    }

    /// Whether it ends in time, whatever the tags do.
    pub(super) fn has_end(&self) -> bool {
        let ends = |spec: &Spec| matches!(spec, Spec::Ai(spec) if limit(&spec.stop).is_some());
        self.ends().is_some() || self.spec.specs.iter().all(ends)
    }

    /// When the next step is due.
    pub(super) fn due(&self) -> Option<Duration> {
        match &self.state {
            State::Between(at) => Some(*at),
            State::Running(stage) => {
                let reads = stage.readings.front().map(|reading| reading.at);
                [self.ends(), stage.over_at(), reads, stage.listens].into_iter().flatten().min()
            }
            State::Over => None,
        }
    }

    /// The next step, if it is due by then.
    pub(super) fn step(&mut self, now: Duration) -> Option<Step> {
        loop {
            let due = self.due().filter(|due| *due <= now)?;
            let ends = self.ends();
            let is_over = |at: Option<Duration>| at.is_some_and(|at| at <= due);
            match &mut self.state {
                State::Over => return None,
                State::Between(_) if is_over(ends) || self.next >= self.spec.specs.len() => {
                    self.state = State::Over;
                    return Some(Step::Ended);
                }
                State::Between(_) => self.begin(due),
                State::Running(stage) if is_over(ends) || is_over(stage.over_at()) => {
                    let place = u16::try_from(stage.place + 1).unwrap_or(u16::MAX);
                    self.state = State::Between(due);
                    return Some(Step::SpecEnded(place));
                }
                State::Running(stage) if is_over(stage.listens) => {
                    stage.listens = None;
                    let left = [ends, stage.ends].into_iter().flatten().min().map(|end| end - due);
                    let takes = left.map_or(self.usual_pass, |left| left.min(self.usual_pass));
                    return Some(Step::Listen { begins: due, takes });
                }
                State::Running(stage) => {
                    let reading = stage.readings.pop_front()?;
                    stage.watch.saw(&reading);
                    return Some(Step::Read(reading));
                }
            }
        }
    }

    /// What is heard in a pass, in the order of the times; none while the crane is under way.
    pub(super) fn hears(&mut self, begins: Duration, takes: Duration, readings: Option<Vec<Reading>>) {
        if let State::Running(stage) = &mut self.state {
            stage.listens = Some(begins + if readings.is_some() { takes } else { takes.min(UNDER_WAY) });
            stage.readings.extend(readings.into_iter().flatten());
        }
    }

    /// Nothing more is heard of the readings that were told: the crane has left.
    pub(super) fn loses_the_rest(&mut self, now: Duration) {
        if let State::Running(stage) = &mut self.state {
            stage.readings.clear();
            stage.listens = Some(now);
        }
    }

    fn begin(&mut self, now: Duration) {
        let stop = self.aispec(self.next).map(|spec| spec.stop.clone()).unwrap_or_default();
        let stage = Stage {
            place: self.next,
            ends: limit(&stop).map(|limit| now + limit),
            watch: Watch { trigger: observed(&stop).cloned(), reads: 0, known: HashSet::new(), last: now, over: None },
            readings: VecDeque::new(),
            listens: Some(now),
        };
        self.next += 1;
        self.state = State::Running(Stage { ends: [stage.ends, stage.watch.attempted(now)].into_iter().flatten().min(), ..stage });
    }

    fn ends(&self) -> Option<Duration> {
        let stop = &self.spec.boundary.stop;
        (stop.kind == RoSpecStopTriggerType::Duration).then(|| milliseconds(stop.duration_ms))
    }
}

impl Stage {
    fn over_at(&self) -> Option<Duration> {
        [self.ends, self.watch.over, self.watch.quiet_at()].into_iter().flatten().min()
    }
}

impl Watch {
    fn saw(&mut self, reading: &Reading) {
        use TagObservationTriggerType::{NoMoreUniqueTags, TagCount, UniqueTagCount};
        let Some(trigger) = &self.trigger else { return };
        self.reads = self.reads.saturating_add(1);
        let is_new = self.known.insert(reading.tag.clone());
        if is_new || trigger.kind != NoMoreUniqueTags {
            self.last = reading.at;
        }
        let count = match trigger.kind {
            TagCount => self.reads as usize,
            UniqueTagCount => self.known.len(),
            _ => return,
        };
        if trigger.tag_count > 0 && count >= usize::from(trigger.tag_count) {
            self.over = Some(reading.at);
        }
    }

    fn quiet_at(&self) -> Option<Duration> {
        use TagObservationTriggerType::{NoMoreTags, NoMoreUniqueTags};
        let trigger = self.trigger.as_ref().filter(|trigger| matches!(trigger.kind, NoMoreTags | NoMoreUniqueTags))?;
        (trigger.quiet_ms > 0).then(|| self.last + milliseconds(trigger.quiet_ms.into()))
    }

    fn attempted(&self, began: Duration) -> Option<Duration> {
        let trigger = self.trigger.as_ref().filter(|trigger| trigger.kind == TagObservationTriggerType::Attempts)?;
        (trigger.attempts > 0).then(|| began + ATTEMPT * trigger.attempts.into())
    }
}

/// The longest that an AISpec lasts, as far as its trigger says.
fn limit(stop: &AiSpecStopTrigger) -> Option<Duration> {
    let limit_ms = match stop.kind {
        AiSpecStopTriggerType::Duration => stop.duration_ms,
        AiSpecStopTriggerType::TagObservation => stop.tags.as_ref()?.timeout_ms,
        _ => 0,
    };
    (limit_ms > 0).then(|| milliseconds(limit_ms))
}

fn observed(stop: &AiSpecStopTrigger) -> Option<&TagObservationTrigger> {
    stop.tags.as_ref().filter(|_| stop.kind == AiSpecStopTriggerType::TagObservation)
}

fn milliseconds(count: u32) -> Duration {
    Duration::from_millis(count.into())
}
