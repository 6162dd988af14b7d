//! A session's ROSpec at work: what it hears, what it tells, and what goes wrong with it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pandian_llrp::Message;
use pandian_llrp::message::RoAccessReport;
use pandian_llrp::parameter::event::{
    AiSpecEvent, AiSpecEventType, AntennaEvent, AntennaEventType, C1g2SingulationDetails, ReaderExceptionEvent,
    ReportBufferOverflowErrorEvent, RoSpecEvent, RoSpecEventType,
};
use pandian_llrp::parameter::operation::RoSpec;
use pandian_llrp::parameter::reporting::NotificationEventType;
use pandian_llrp::parameter::status::{LlrpStatus, StatusCode};
use pandian_llrp::parameter::tag::RoSpecId;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::Flavour;
use super::hearing::{Pass, Reading, Setup};
use super::memory::Memory;
use super::reports::{Content, Origin, Room};
use super::run::{Run, Step};
use super::session::{Absence, Session, event};
use crate::fault::{Device, EXCEPTION, FaultKind, Strike};
use crate::fleet::Check;

/// A report whose only tag claims more bytes than there are.
const GARBAGE: &[u8] = b"\x04\x3D\0\0\0\x1A\0\0\0\0\0\xF0\xFF\xFF\x8D\xFF\0\xFF\0\xFF\0\xFF\0\xFF\0\xFF";

/// The most steps at a time.
const STEPS: usize = 10_000;
/// How long after its inventory an antenna that was lost is back: in the simulation's time, and at the least.
const ANTENNA_BACK_MS: u32 = 1_000;
const ANTENNA_BACK: Duration = Duration::from_millis(50);

/// An ROSpec at work.
#[derive(Debug)]
pub(super) struct Inventory {
    run: Run,
    began: Instant,
    /// How much faster than real the simulation's time is.
    speed: f64,
    /// Passes over the tags so far in this reader's life, before this one.
    ordinal: u64,
    /// What is heard lies before this slot.
    slot: Option<u32>,
    content: Arc<Content>,
    fault: Option<FaultKind>,
    /// What the fault spoils was spoilt.
    spoilt: bool,
    /// Reads were lost.
    overflowed: bool,
    /// The antenna that is lost, once one is.
    lost: Option<u16>,
    /// The crane is busy with this; none if there is no end to it.
    _check: Option<Check>,
}

/// What becomes of an attempt to begin.
pub(super) enum Attempt {
    /// It begins, with this fault if there is one.
    Begins(Option<Strike>),
    /// The reader says that it cannot.
    Fails(LlrpStatus),
    /// The reader goes away instead.
    Leaves(Absence),
}

impl Inventory {
    /// When the next step is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.run.due().map(|due| self.really(due))
    }

    fn is_to_be_spoilt(&self) -> bool {
        !self.spoilt && matches!(self.fault, Some(FaultKind::Drop | FaultKind::Garbage))
    }

    /// The moment of a time of the simulation, since the beginning.
    fn really(&self, time: Duration) -> Instant {
        // What lies beyond the end of all clocks is as good as never.
        let real = Duration::try_from_secs_f64(time.as_secs_f64() / self.speed).ok();
        real.and_then(|real| self.began.checked_add(real)).unwrap_or(self.began + Duration::from_secs(1 << 30))
    }

    /// The time of the simulation since the beginning.
    fn elapsed(&self, now: Instant) -> Duration {
        let real = now.saturating_duration_since(self.began);
        Duration::try_from_secs_f64(real.as_secs_f64() * self.speed).unwrap_or(Duration::MAX)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// How long a time of the simulation in ms really takes.
    pub(super) fn at_speed(&self) -> impl Fn(u32) -> Duration + use<S> {
        let simulation = self.server.simulation.clone();
        move |time_ms| simulation.world().settings().at_speed(Duration::from_millis(time_ms.into()))
    }

    /// Asks the fault plan about an inventory that is to begin. To be asked once for each.
    pub(super) fn attempt(&mut self) -> Attempt {
        let (simulation, crane) = (&self.server.simulation, &self.service.spec.crane);
        let layout = simulation.world().layout();
        let location = self.service.fleet.stands_at(0).map_or("", |slot| layout.slot(slot).code.as_str());
        let ordinal = self.service.inventories.fetch_add(1, Ordering::Relaxed);
        let strike = simulation.strike(Device::Reader, crane, location, &format!("{location} #{ordinal}"));
        match strike.map(|strike| (strike.kind, strike.time)) {
            Some((FaultKind::Refuse, time)) => Attempt::Leaves(Absence { time, cuts: false }),
            Some((FaultKind::DeviceRestart, time)) => {
                *self.memory = Memory::new(&self.service.spec);
                Attempt::Leaves(Absence { time, cuts: true })
            }
            Some((FaultKind::ServerError, _)) => Attempt::Fails(LlrpStatus::failure(StatusCode::RDeviceError, "the radio does not answer")),
            Some((FaultKind::Hang, _)) => {
                self.muted = true;
                Attempt::Begins(None)
            }
            _ => Attempt::Begins(strike),
        }
    }

    /// Begins an ROSpec whose trigger is due. The reader may leave instead.
    pub(super) fn begin_by_trigger(&mut self, spec: RoSpec, now: Instant) -> Option<Absence> {
        match self.attempt() {
            Attempt::Begins(strike) => self.begin(spec, strike, now),
            Attempt::Fails(status) => self.tell_exception(spec.id, &status.description.to_str_lossy()),
            Attempt::Leaves(absence) => return Some(absence),
        }
        None
    }

    /// Begins an ROSpec.
    pub(super) fn begin(&mut self, spec: RoSpec, strike: Option<Strike>, now: Instant) {
        self.welcome_antenna();
        let simulation = self.server.simulation.clone();
        let settings = simulation.world().settings();
        let report = spec.report.as_ref().unwrap_or(self.memory.configuration.report());
        let content = Arc::new(Content::new(report, self.service.spec.started_at.is_some()));
        let (id, fault) = (spec.id, strike.map(|strike| strike.kind));
        let run = Run::new(spec, settings.inventory_time.0);
        let slot = self.service.fleet.stands_at(0);
        let late = strike.filter(|strike| strike.kind == FaultKind::Slow).map_or(Duration::ZERO, |strike| strike.time);
        self.inventory = Some(Inventory {
            began: now + late,
            speed: settings.speed,
            ordinal: self.service.inventories.load(Ordering::Relaxed) << 20,
            slot: None,
            content,
            fault,
            spoilt: false,
            overflowed: false,
            lost: None,
            // A crane of a dispatcher takes no order while it is busy.
            _check: slot.filter(|_| run.has_end()).map(|slot| self.service.fleet.begin_check(slot)),
            run,
        });
        self.memory.rospecs.began(id);
        self.tell_rospec(RoSpecEventType::Start, id);
        if fault == Some(FaultKind::ReaderException) {
            self.tell_exception(id, EXCEPTION);
        }
        if self.service.spec.flavour == Flavour::Zebra {
            self.tell_of_run(Message::RoAccessReport(RoAccessReport::default()));
        }
    }

    /// Does the steps of the ROSpec at work that are due; of very many not all, so that the client is heard in between.
    pub(super) fn step(&mut self, now: Instant) {
        for _ in 0..STEPS {
            let Some(inventory) = &mut self.inventory else { return };
            let Some(step) = inventory.run.step(inventory.elapsed(now)) else { return };
            match step {
                Step::Listen { begins, takes } => self.listen(begins, takes),
                Step::Read(reading) => self.read(&reading, now),
                Step::SpecEnded(place) => self.end_aispec(place),
                Step::Ended => self.end(),
            }
        }
    }

    /// Ends the ROSpec at work before its time, if it is that one; 0 is any.
    pub(super) fn stop(&mut self, id: u32) {
        let Some(inventory) = self.inventory.as_ref().filter(|inventory| id == 0 || inventory.run.spec().id == id) else { return };
        if let Some(place) = inventory.run.place() {
            self.end_aispec(u16::try_from(place + 1).unwrap_or(u16::MAX));
        }
        self.end();
    }

    fn listen(&mut self, begins: Duration, takes: Duration) {
        let Some(inventory) = &mut self.inventory else { return };
        inventory.slot = self.service.fleet.stands_at(0);
        inventory.ordinal += 1;
        let mut setups = setups(&self.memory, &inventory.run, self.service.antennas());
        match inventory.fault {
            Some(FaultKind::ReaderSilent) => setups.clear(),
            Some(FaultKind::AntennaLost) if !setups.is_empty() => {
                let lost = *inventory.lost.get_or_insert(setups[0].antenna);
                setups.retain(|setup| setup.antenna != lost);
            }
            _ => {}
        }
        let flooded = inventory.fault == Some(FaultKind::ReaderFlood);
        let pass = |slot| Pass { slot, begins, takes, ordinal: inventory.ordinal, antennas: &setups, flooded };
        let heard = inventory.slot.map(|slot| self.service.listen(self.server.simulation.world(), &pass(slot)));
        inventory.run.hears(begins, takes, heard);
        // It is told once, when the antenna is missed first.
        if let Some(lost) = inventory.lost.filter(|_| begins.is_zero()) {
            self.tell_antenna(AntennaEventType::Disconnected, lost);
        }
    }

    fn read(&mut self, reading: &Reading, now: Instant) {
        let Some(inventory) = &mut self.inventory else { return };
        if self.service.fleet.stands_at(0) != inventory.slot {
            let now = inventory.elapsed(now);
            inventory.run.loses_the_rest(now);
            return;
        }
        let place = inventory.run.place().unwrap_or_default();
        let origin = Origin {
            rospec_id: inventory.run.spec().id,
            spec_index: u16::try_from(place + 1).unwrap_or(u16::MAX),
            inventory_parameter_spec_id: inventory.run.aispec(place).and_then(|spec| spec.inventories.first()).map_or(0, |spec| spec.id),
        };
        let at = self.service.micros(inventory.really(reading.at));
        let room = self.reports.add(reading, at, origin, &inventory.content);
        if room == Room::None && !std::mem::replace(&mut inventory.overflowed, true) {
            self.tell(event(&self.service, |event| event.report_buffer_overflow = Some(ReportBufferOverflowErrorEvent::default())));
            return;
        }
        if self.reports.is_due(&inventory.content) {
            self.report();
        }
    }

    fn end_aispec(&mut self, place: u16) {
        let Some(inventory) = &self.inventory else { return };
        let (rospec_id, reports) = (inventory.run.spec().id, inventory.content.ends_with_aispec());
        if reports {
            self.report();
        }
        let configuration = &self.memory.configuration;
        let details = configuration.tells(NotificationEventType::AiSpecEventWithDetails);
        if details || configuration.tells(NotificationEventType::AiSpecEvent) {
            let singulation = details.then(C1g2SingulationDetails::default);
            let ended = AiSpecEvent { kind: AiSpecEventType::End, rospec_id, spec_index: place, singulation, ..AiSpecEvent::default() };
            self.tell_of_run(event(&self.service, |event| event.aispec = Some(ended)));
        }
    }

    fn end(&mut self) {
        let Some(inventory) = &self.inventory else { return };
        let (id, lost) = (inventory.run.spec().id, inventory.lost);
        if inventory.content.ends_with_rospec() {
            self.report();
        }
        if self.inventory.as_ref().is_some_and(Inventory::is_to_be_spoilt) {
            // There was nothing to spoil.
            self.tell_of_run(Message::RoAccessReport(RoAccessReport::default()));
        }
        self.memory.rospecs.ended(id);
        self.tell_rospec(RoSpecEventType::End, id);
        self.returning = lost.map(|antenna| (Instant::now() + self.at_speed()(ANTENNA_BACK_MS).max(ANTENNA_BACK), antenna));
        self.inventory = None;
    }

    /// The antenna that is lost, if one is.
    pub(super) fn lost_antenna(&self) -> Option<u16> {
        let lost = self.inventory.as_ref().and_then(|inventory| inventory.lost);
        lost.or(self.returning.map(|(_, antenna)| antenna))
    }

    /// Tells of the antenna that was lost and is back.
    pub(super) fn welcome_antenna(&mut self) {
        if let Some((_, antenna)) = self.returning.take() {
            self.tell_antenna(AntennaEventType::Connected, antenna);
        }
    }

    /// Sends all tags that wait.
    fn report(&mut self) {
        let mut reports = self.reports.take();
        if reports.is_empty() && self.service.spec.flavour == Flavour::Zebra {
            reports.push(RoAccessReport::default());
        }
        reports.into_iter().for_each(|report| self.tell_of_run(Message::RoAccessReport(report)));
    }

    /// Tells what the ROSpec at work brings, or spoils it: a cut spoils whatever comes first, garbage every report.
    fn tell_of_run(&mut self, message: Message) {
        let fault = self.inventory.as_ref().and_then(|inventory| inventory.fault);
        match fault {
            Some(FaultKind::Drop) => {
                if let Ok(bytes) = message.encode(self.version, 0) {
                    self.send_raw(&bytes[..bytes.len() / 2]);
                }
                self.cut = true;
            }
            Some(FaultKind::Garbage) if matches!(message, Message::RoAccessReport(_)) => self.send_raw(GARBAGE),
            _ => return self.tell(message),
        }
        if let Some(inventory) = &mut self.inventory {
            inventory.spoilt = true;
        }
    }

    fn tell_rospec(&mut self, kind: RoSpecEventType, rospec_id: u32) {
        if self.memory.configuration.tells(NotificationEventType::RoSpecEvent) {
            let told = RoSpecEvent { kind, rospec_id, ..RoSpecEvent::default() };
            self.tell_of_run(event(&self.service, |event| event.rospec = Some(told)));
        }
    }

    fn tell_antenna(&mut self, kind: AntennaEventType, antenna: u16) {
        self.tell_event(NotificationEventType::AntennaEvent, |event| event.antenna = Some(AntennaEvent { kind, antenna }));
    }

    fn tell_exception(&mut self, rospec_id: u32, what: &str) {
        let exception =
            ReaderExceptionEvent { message: what.into(), rospec_id: Some(RoSpecId(rospec_id)), ..ReaderExceptionEvent::default() };
        self.tell_event(NotificationEventType::ReaderExceptionEvent, |event| event.reader_exception = Some(exception));
    }
}

/// How the antennas of the AISpec under way are used.
fn setups(memory: &Memory, run: &Run, antennas: u16) -> Vec<Setup> {
    let Some(spec) = run.place().and_then(|place| run.aispec(place)) else { return Vec::new() };
    let overrides = spec.inventories.first().map_or(&[][..], |inventory| &inventory.antennas);
    let used = (1..=antennas).filter(|antenna| spec.antennas.contains(antenna) || spec.antennas.contains(&0));
    used.filter_map(|antenna| memory.configuration.setup(antenna, overrides)).collect()
}
