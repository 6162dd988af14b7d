//! What clients set by SET_READER_CONFIG, and how the reader tells it.

use std::time::Duration;

use pandian_llrp::message::{GetReaderConfig, GetReaderConfigResponse, ReaderConfigRequest, SetReaderConfig};
use pandian_llrp::parameter::air_protocol::{C1g2InventoryCommand, C1g2RfControl, C1g2SingulationControl, Session};
use pandian_llrp::parameter::configuration::{
    AntennaConfiguration, AntennaProperties, EventsAndReports, Identification, IdentificationType, KeepaliveSpec, KeepaliveTriggerType,
    LlrpConfigurationStateValue, RfReceiver, RfTransmitter,
};
use pandian_llrp::parameter::reporting::{
    AccessReportSpec, EventNotificationState, NotificationEventType, ReaderEventNotificationSpec, RoReportSpec, RoReportTrigger,
    TagReportContent, TagReportContentSelector,
};
use pandian_llrp::parameter::status::{LlrpStatus, StatusCode};

use super::flavour::{Flavour, HOP_TABLE};
use super::hearing::Setup;
use super::status::{Wrong, known_only};
use super::validity::Limits;
use super::{LlrpReaderSpec, antennas};
use crate::seed::hash_text;

/// The shortest period of KEEPALIVE.
const SHORTEST_PERIOD: Duration = Duration::from_millis(10);
/// The events that a reader can be told to tell.
const EVENTS: [NotificationEventType; 10] = [
    NotificationEventType::UponHoppingToNextChannel,
    NotificationEventType::GpiEvent,
    NotificationEventType::RoSpecEvent,
    NotificationEventType::ReportBufferFillWarning,
    NotificationEventType::ReaderExceptionEvent,
    NotificationEventType::RfSurveyEvent,
    NotificationEventType::AiSpecEvent,
    NotificationEventType::AiSpecEventWithDetails,
    NotificationEventType::AntennaEvent,
    NotificationEventType::SpecLoopEvent,
];

/// How the reader is set.
#[derive(Debug)]
pub(super) struct Configuration {
    flavour: Flavour,
    identity: Vec<u8>,
    /// One for each antenna, in their order.
    antennas: Vec<AntennaConfiguration>,
    events: Vec<NotificationEventType>,
    report: RoReportSpec,
    access_report: AccessReportSpec,
    keepalive: KeepaliveSpec,
    /// Whether events and reports are held when a client comes, until it asks for them.
    holds: bool,
    changes: u32,
}

impl Configuration {
    /// The factory's settings.
    pub(super) fn new(spec: &LlrpReaderSpec) -> Self {
        let selected = TagReportContent::ROSPEC_ID
            | TagReportContent::SPEC_INDEX
            | TagReportContent::INVENTORY_PARAMETER_SPEC_ID
            | TagReportContent::ANTENNA_ID
            | TagReportContent::CHANNEL_INDEX
            | TagReportContent::PEAK_RSSI
            | TagReportContent::FIRST_SEEN_TIMESTAMP
            | TagReportContent::LAST_SEEN_TIMESTAMP
            | TagReportContent::TAG_SEEN_COUNT
            | TagReportContent::ACCESS_SPEC_ID;
        let content = TagReportContentSelector { flags: selected, ..TagReportContentSelector::default() };
        Self {
            flavour: spec.flavour,
            identity: identity(spec),
            antennas: (1..=antennas(spec)).map(|antenna| antenna_at_first(spec.flavour, antenna)).collect(),
            events: vec![NotificationEventType::ReaderExceptionEvent, NotificationEventType::AntennaEvent],
            report: RoReportSpec { trigger: RoReportTrigger::TagsOrEndOfRoSpec, content, ..RoReportSpec::default() },
            access_report: AccessReportSpec::default(),
            keepalive: KeepaliveSpec::default(),
            holds: false,
            changes: 0,
        }
    }

    /// Whether clients are told of such events.
    pub(super) fn tells(&self, event: NotificationEventType) -> bool {
        self.events.contains(&event)
    }

    /// What an ROSpec reports that does not say so itself.
    pub(super) fn report(&self) -> &RoReportSpec {
        &self.report
    }

    /// Whether events and reports wait for ENABLE_EVENTS_AND_REPORTS.
    pub(super) fn holds(&self) -> bool {
        self.holds
    }

    /// How often KEEPALIVE is sent.
    pub(super) fn keepalive(&self) -> Option<Duration> {
        let period = Duration::from_millis(self.keepalive.period_ms.into());
        (self.keepalive.kind == KeepaliveTriggerType::Periodic).then(|| period.max(SHORTEST_PERIOD))
    }

    /// How an antenna is used where an inventory differs by `overrides` from what is set here.
    pub(super) fn setup(&self, antenna: u16, overrides: &[AntennaConfiguration]) -> Option<Setup> {
        let set = self.antennas.iter().find(|set| set.antenna == antenna)?;
        let meant = |of: &&AntennaConfiguration| of.antenna == antenna || of.antenna == 0;
        // The last word counts.
        let transmitter = overrides.iter().rev().filter(meant).find_map(|of| of.transmitter.as_ref()).or(set.transmitter.as_ref());
        let receiver = overrides.iter().rev().filter(meant).find_map(|of| of.receiver.as_ref()).or(set.receiver.as_ref());
        Some(Setup {
            antenna,
            weaker_by_db: self.flavour.weaker_by_db(transmitter?.power)?,
            floor_dbm: self.flavour.floor_dbm(receiver?.sensitivity)?,
        })
    }

    /// Does what SET_READER_CONFIG asks, or nothing of it.
    pub(super) fn set(&mut self, wanted: SetReaderConfig, limits: &Limits, spec: &LlrpReaderSpec) -> Result<(), Wrong> {
        check(&wanted, limits)?;
        if wanted.reset_to_factory_default {
            *self = Self { changes: self.changes, ..Self::new(spec) };
        }
        for state in wanted.events.iter().flat_map(|events| &events.states) {
            self.events.retain(|event| *event != state.event);
            self.events.extend(state.enabled.then_some(state.event));
        }
        for wanted in wanted.antennas {
            let meant = self.antennas.iter_mut().filter(|set| wanted.antenna == 0 || set.antenna == wanted.antenna);
            meant.for_each(|set| apply(set, &wanted));
        }
        self.report = wanted.report.unwrap_or_else(|| self.report.clone());
        self.access_report = wanted.access_report.unwrap_or_else(|| self.access_report.clone());
        self.keepalive = wanted.keepalive.unwrap_or_else(|| self.keepalive.clone());
        self.holds = wanted.hold.map_or(self.holds, |hold| hold.hold_upon_reconnect);
        self.changes = self.changes.wrapping_add(1);
        Ok(())
    }

    /// Answers GET_READER_CONFIG, while an antenna may be lost.
    pub(super) fn get(&self, asked: &GetReaderConfig, limits: &Limits, lost: Option<u16>) -> Result<GetReaderConfigResponse, Wrong> {
        use ReaderConfigRequest as Part;
        limits.antenna(asked.antenna)?;
        if matches!(asked.requested, Part::Unlisted(_)) {
            return Err(Wrong::invalid(1, "no such part of the configuration"));
        }
        for (field, port) in [(2, asked.gpi_port), (3, asked.gpo_port)] {
            if port != 0 {
                return Err(Wrong::out_of_range(field, "the reader has no such port"));
            }
        }
        known_only(&asked.extensions, limits.vendor)?;
        let wants = |part| asked.requested == Part::All || asked.requested == part;
        let meant = |antenna: u16| asked.antenna == 0 || asked.antenna == antenna;
        let antennas = || self.antennas.iter().filter(|set| meant(set.antenna));
        let is_connected = |antenna| lost != Some(antenna);
        let properties = |set: &AntennaConfiguration| AntennaProperties {
            connected: is_connected(set.antenna),
            antenna: set.antenna,
            gain_centi_dbi: 600,
        };
        let state = |event| EventNotificationState { event, enabled: self.tells(event) };
        let events = || ReaderEventNotificationSpec { states: EVENTS.map(state).into(), ..ReaderEventNotificationSpec::default() };
        let identification = || Identification { kind: IdentificationType::MacAddress, reader_id: self.identity.clone() };
        Ok(GetReaderConfigResponse {
            status: LlrpStatus::success(),
            identification: wants(Part::Identification).then(identification),
            antenna_properties: if wants(Part::AntennaProperties) { antennas().map(properties).collect() } else { Vec::new() },
            antennas: if wants(Part::AntennaConfiguration) { antennas().cloned().collect() } else { Vec::new() },
            events: wants(Part::ReaderEventNotificationSpec).then(events),
            report: wants(Part::RoReportSpec).then(|| self.report.clone()),
            access_report: wants(Part::AccessReportSpec).then(|| self.access_report.clone()),
            state: wants(Part::LlrpConfigurationStateValue).then_some(LlrpConfigurationStateValue { value: self.changes }),
            keepalive: wants(Part::KeepaliveSpec).then(|| self.keepalive.clone()),
            hold: wants(Part::EventsAndReports).then_some(EventsAndReports { hold_upon_reconnect: self.holds }),
            ..GetReaderConfigResponse::default()
        })
    }
}

fn check(wanted: &SetReaderConfig, limits: &Limits) -> Result<(), Wrong> {
    wanted.antennas.iter().try_for_each(|antenna| limits.antenna_configuration(antenna))?;
    wanted.report.as_ref().map_or(Ok(()), |report| limits.report(report))?;
    let unsupported = |number, what| Err(Wrong::parameter(number, StatusCode::PUnsupportedParameter, what));
    if !wanted.antenna_properties.is_empty() {
        return unsupported(221, "the reader's antennas are what they are");
    }
    if !wanted.gpi.is_empty() {
        return unsupported(225, "the reader has no inputs");
    }
    if !wanted.gpo.is_empty() {
        return unsupported(219, "the reader has no outputs");
    }
    if let Some(keepalive) = &wanted.keepalive
        && keepalive.kind == KeepaliveTriggerType::Periodic
        && keepalive.period_ms == 0
    {
        return Err(Wrong::invalid(1, "a period of 0 ms is none").within(220));
    }
    let unlisted = |state: &&EventNotificationState| !EVENTS.contains(&state.event);
    if wanted.events.iter().flat_map(|events| &events.states).find(unlisted).is_some() {
        return Err(Wrong::invalid(0, "no such event").within(245).within(244));
    }
    known_only(&wanted.extensions, limits.vendor)
}

/// Sets what `wanted` says of an antenna.
fn apply(set: &mut AntennaConfiguration, wanted: &AntennaConfiguration) {
    if wanted.receiver.is_some() {
        set.receiver.clone_from(&wanted.receiver);
    }
    if wanted.transmitter.is_some() {
        set.transmitter.clone_from(&wanted.transmitter);
    }
    if !wanted.inventory.is_empty() {
        set.inventory.clone_from(&wanted.inventory);
    }
}

fn antenna_at_first(flavour: Flavour, antenna: u16) -> AntennaConfiguration {
    let (hop_table, channel) = if flavour.hops() { (HOP_TABLE.into(), 0) } else { (0, 1) };
    let singulation = C1g2SingulationControl { session: Session::S1, tag_population: 32, ..C1g2SingulationControl::default() };
    let inventory = C1g2InventoryCommand {
        rf_control: Some(C1g2RfControl::default()),
        singulation: Some(singulation),
        ..C1g2InventoryCommand::default()
    };
    AntennaConfiguration {
        antenna,
        receiver: Some(RfReceiver { sensitivity: 1 }),
        transmitter: Some(RfTransmitter { hop_table, channel, power: flavour.highest_power() }),
        inventory: vec![inventory],
        ..AntennaConfiguration::default()
    }
}

/// A MAC address that is locally administered, as EUI-64.
fn identity(spec: &LlrpReaderSpec) -> Vec<u8> {
    let name: String = spec.crane.as_str().chars().chain(spec.side.map(|side| side.letter())).collect();
    let [_, _, b, c, d, e, f, g] = hash_text(&name).to_be_bytes();
    vec![0x02, b, c, 0xFF, 0xFE, d, e, f ^ g]
}
