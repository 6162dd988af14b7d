//! The messages of a session: requests made of values, statuses and events made words. Pure.

use std::time::Duration;

use pandian_llrp::message::{
    AddRoSpec, CustomMessage, GetReaderCapabilities, GetReaderConfig, ReaderCapabilitiesRequest, ReaderConfigRequest, RoSpecTarget,
    SetReaderConfig,
};
use pandian_llrp::parameter::air_protocol::{
    C1g2EpcMemorySelector, C1g2InventoryCommand, C1g2RfControl, C1g2SingulationControl, MemorySelectorFlags, Session,
};
use pandian_llrp::parameter::capabilities::AirProtocol;
use pandian_llrp::parameter::configuration::{AntennaConfiguration, KeepaliveSpec, KeepaliveTriggerType, RfTransmitter};
use pandian_llrp::parameter::event::ReaderExceptionEvent;
use pandian_llrp::parameter::operation::{
    AiSpec, AiSpecStopTrigger, AiSpecStopTriggerType, InventoryParameterSpec, RoBoundarySpec, RoSpec, RoSpecStartTrigger,
    RoSpecStartTriggerType, RoSpecState, RoSpecStopTrigger, RoSpecStopTriggerType, TagObservationTrigger, TagObservationTriggerType,
};
use pandian_llrp::parameter::reporting::{
    EventNotificationState, NotificationEventType, ReaderEventNotificationSpec, RoReportSpec, RoReportTrigger, TagReportContent,
    TagReportContentSelector,
};
use pandian_llrp::parameter::status::LlrpStatus;
use pandian_llrp::{EncodeError, Message, RawParameter, impinj, zebra};

use super::abilities::{Abilities, Dialect};
use super::settings::Search;
use super::tuning::Tuned;
use crate::error::excerpt;

/// When an ROSpec ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    /// After this time, or once no tag was heard for the quiet time.
    Dwell {
        /// At the latest.
        dwell: Duration,
        /// Early.
        quiet: Option<Duration>,
    },
    /// When it is stopped, or after [`ROUND`].
    Endless,
}

/// After this time an endless ROSpec ends by itself, to be started again: one whose client has vanished does not send for ever.
pub(super) const ROUND: Duration = Duration::from_secs(60);

impl Span {
    /// The same that does not end early.
    pub(super) fn without_quiet(self) -> Self {
        match self {
            Self::Dwell { dwell, .. } => Self::Dwell { dwell, quiet: None },
            Self::Endless => Self::Endless,
        }
    }

    /// When the reader has ended the ROSpec, at the latest.
    pub(super) fn ends_within(self) -> Duration {
        match self {
            Self::Dwell { dwell, .. } => dwell + GUARD,
            Self::Endless => ROUND,
        }
    }
}

/// How much later than its inventory an ROSpec ends at the latest.
pub(super) const GUARD: Duration = Duration::from_millis(200);

/// The ROSpec of one inventory: started by us, every read a report of its own, with the PC word of the tag if that is wanted.
///
/// # Errors
/// When a value does not fit the wire.
pub(super) fn rospec(id: u32, tuned: &Tuned, abilities: &Abilities, span: Span, with_pc: bool) -> Result<RoSpec, EncodeError> {
    let command = inventory_command(tuned, abilities.dialect)?;
    let transmitter = tuned.power.map(|power| RfTransmitter {
        hop_table: abilities.frequencies.hop_table,
        channel: abilities.frequencies.channel,
        power: power.index,
    });
    // 0 is every antenna.
    let antennas = if tuned.antennas.is_empty() { vec![0] } else { tuned.antennas.clone() };
    let configure = |&antenna: &u16| AntennaConfiguration {
        antenna,
        transmitter: transmitter.clone(),
        inventory: vec![command.clone()],
        ..Default::default()
    };
    let inventory = InventoryParameterSpec {
        id: 1,
        protocol: AirProtocol::EpcGlobalClass1Gen2,
        antennas: antennas.iter().map(configure).collect(),
        ..Default::default()
    };
    let duration_ms = millis(span.ends_within());
    let stop = RoSpecStopTrigger { kind: RoSpecStopTriggerType::Duration, duration_ms, ..Default::default() };
    let spec = AiSpec { antennas, stop: spec_stop(span), inventories: vec![inventory], ..Default::default() };
    let start = RoSpecStartTrigger { kind: RoSpecStartTriggerType::Null, ..Default::default() };
    Ok(RoSpec {
        id,
        priority: 0,
        state: RoSpecState::Disabled,
        boundary: RoBoundarySpec { start, stop, ..Default::default() },
        specs: vec![spec.into()],
        report: Some(report_spec(abilities.dialect, with_pc)?),
        ..Default::default()
    })
}

fn spec_stop(span: Span) -> AiSpecStopTrigger {
    let (dwell, quiet) = match span {
        Span::Dwell { dwell, quiet } => (dwell, quiet),
        Span::Endless => return AiSpecStopTrigger::default(),
    };
    match quiet {
        None => AiSpecStopTrigger { kind: AiSpecStopTriggerType::Duration, duration_ms: millis(dwell), ..Default::default() },
        Some(quiet) => {
            let tags = TagObservationTrigger {
                kind: TagObservationTriggerType::NoMoreTags,
                quiet_ms: u16::try_from(quiet.as_millis()).unwrap_or(u16::MAX),
                timeout_ms: millis(dwell),
                ..Default::default()
            };
            AiSpecStopTrigger { kind: AiSpecStopTriggerType::TagObservation, tags: Some(tags), ..Default::default() }
        }
    }
}

fn inventory_command(tuned: &Tuned, dialect: Dialect) -> Result<C1g2InventoryCommand, EncodeError> {
    let session = [Session::S0, Session::S1, Session::S2, Session::S3].get(usize::from(tuned.session)).copied().unwrap_or_default();
    let mut extensions = Vec::new();
    match (dialect, tuned.search) {
        (Dialect::Impinj, Some(search)) => {
            let mode = match search {
                Search::SingleTarget => impinj::InventorySearchMode::SingleTarget,
                Search::DualTarget => impinj::InventorySearchMode::DualTarget,
                Search::ReaderSelected => impinj::InventorySearchMode::ReaderSelected,
            };
            extensions.push(RawParameter::of(&impinj::SearchMode { mode, ..Default::default() })?);
        }
        (Dialect::Zebra, Some(Search::DualTarget)) => {
            let query = zebra::AntennaQueryConfig { flags: zebra::AntennaQueryFlags::AB_FLIP, ..Default::default() };
            extensions.push(RawParameter::of(&zebra::AntennaConfig { query: Some(query), ..Default::default() })?);
        }
        _ => {}
    }
    Ok(C1g2InventoryCommand {
        state_aware: false,
        rf_control: tuned.mode.map(|mode| C1g2RfControl { mode, ..Default::default() }),
        singulation: Some(C1g2SingulationControl { session, tag_population: tuned.population, ..Default::default() }),
        extensions,
        ..Default::default()
    })
}

fn report_spec(dialect: Dialect, with_pc: bool) -> Result<RoReportSpec, EncodeError> {
    let flags = TagReportContent::ROSPEC_ID
        | TagReportContent::ANTENNA_ID
        | TagReportContent::CHANNEL_INDEX
        | TagReportContent::PEAK_RSSI
        | TagReportContent::FIRST_SEEN_TIMESTAMP
        | TagReportContent::LAST_SEEN_TIMESTAMP
        | TagReportContent::TAG_SEEN_COUNT;
    let pc = with_pc.then_some(C1g2EpcMemorySelector { flags: MemorySelectorFlags::PC });
    let memory = pc.into_iter().collect();
    let mut extensions = Vec::new();
    if dialect == Dialect::Impinj {
        let peak_rssi = Some(impinj::EnablePeakRssi { mode: true.into(), ..Default::default() });
        extensions.push(RawParameter::of(&impinj::TagReportContentSelector { peak_rssi, ..Default::default() })?);
    }
    let content = TagReportContentSelector { flags, memory, ..Default::default() };
    Ok(RoReportSpec { trigger: RoReportTrigger::TagsOrEndOfAiSpec, n: 1, content, extensions })
}

fn millis(period: Duration) -> u32 {
    u32::try_from(period.as_millis()).unwrap_or(u32::MAX)
}

/// ADD_ROSPEC.
pub(super) fn add(rospec: RoSpec) -> Message {
    Message::AddRoSpec(AddRoSpec { rospec, ..Default::default() })
}

/// ENABLE_ROSPEC.
pub(super) fn enable(rospec_id: u32) -> Message {
    Message::EnableRoSpec(RoSpecTarget { rospec_id })
}

/// START_ROSPEC.
pub(super) fn start(rospec_id: u32) -> Message {
    Message::StartRoSpec(RoSpecTarget { rospec_id })
}

/// STOP_ROSPEC.
pub(super) fn stop(rospec_id: u32) -> Message {
    Message::StopRoSpec(RoSpecTarget { rospec_id })
}

/// DISABLE_ROSPEC.
pub(super) fn disable(rospec_id: u32) -> Message {
    Message::DisableRoSpec(RoSpecTarget { rospec_id })
}

/// DELETE_ROSPEC; 0 is every ROSpec.
pub(super) fn delete(rospec_id: u32) -> Message {
    Message::DeleteRoSpec(RoSpecTarget { rospec_id })
}

/// GET_READER_CAPABILITIES: all that the standard has.
pub(super) fn capabilities() -> Message {
    Message::GetReaderCapabilities(GetReaderCapabilities { requested: ReaderCapabilitiesRequest::All, ..Default::default() })
}

/// GET_READER_CAPABILITIES: what an Impinj reader is.
///
/// # Errors
/// When a value does not fit the wire.
pub(super) fn impinj_version() -> Result<Message, EncodeError> {
    let requested = impinj::RequestedData { requested: impinj::RequestedDataType::DetailedVersion, ..Default::default() };
    Ok(Message::GetReaderCapabilities(GetReaderCapabilities {
        requested: ReaderCapabilitiesRequest::GeneralDevice,
        extensions: vec![RawParameter::of(&requested)?],
    }))
}

/// IMPINJ_ENABLE_EXTENSIONS.
///
/// # Errors
/// When a value does not fit the wire.
pub(super) fn enable_impinj() -> Result<Message, EncodeError> {
    CustomMessage::of(&impinj::EnableExtensions::default()).map(Message::Custom)
}

/// SET_READER_CONFIG: an Impinj reader lets go of a client that answers none of this many keep-alives, so that it is free for the next one.
///
/// # Errors
/// When a value does not fit the wire.
pub(super) fn let_go_of_the_dead(unanswered: u16) -> Result<Message, EncodeError> {
    let monitor = impinj::LinkMonitorConfiguration { mode: true.into(), link_down_threshold: unanswered, ..Default::default() };
    let extensions = vec![RawParameter::of(&monitor)?];
    Ok(Message::SetReaderConfig(SetReaderConfig { extensions, ..Default::default() }))
}

/// SET_READER_CONFIG: how often the reader shows that it is alive.
pub(super) fn keep_alive(period: Duration) -> Message {
    let keepalive = KeepaliveSpec { kind: KeepaliveTriggerType::Periodic, period_ms: millis(period) };
    Message::SetReaderConfig(SetReaderConfig { keepalive: Some(keepalive), ..Default::default() })
}

/// SET_READER_CONFIG: what the reader tells by itself.
pub(super) fn notify(abilities: &Abilities) -> Message {
    let wanted = [
        (NotificationEventType::RoSpecEvent, true),
        (NotificationEventType::ReaderExceptionEvent, true),
        (NotificationEventType::AntennaEvent, true),
        (NotificationEventType::ReportBufferFillWarning, abilities.warns_of_full_buffer),
    ];
    let wanted = wanted.into_iter().filter(|(_, wanted)| *wanted);
    let states = wanted.map(|(event, enabled)| EventNotificationState { event, enabled }).collect();
    let events = ReaderEventNotificationSpec { states, ..Default::default() };
    Message::SetReaderConfig(SetReaderConfig { events: Some(events), ..Default::default() })
}

/// GET_READER_CONFIG: which antennas are connected.
pub(super) fn antenna_properties() -> Message {
    Message::GetReaderConfig(GetReaderConfig { requested: ReaderConfigRequest::AntennaProperties, ..Default::default() })
}

/// A status in one line: code, the reader's own words, and where in the request the fault is.
pub(super) fn told(status: &LlrpStatus) -> String {
    LlrpStatus { description: excerpt(&status.description.to_str_lossy()).into(), ..status.clone() }.to_string()
}

/// An exception in one line.
pub(super) fn exception(event: &ReaderExceptionEvent) -> String {
    let antenna = event.antenna_id.as_ref().map(|id| format!(" (antenna {})", id.0)).unwrap_or_default();
    format!("the reader reports \"{}\"{antenna}", excerpt(&event.message.to_str_lossy()))
}

#[cfg(test)]
mod tests;
