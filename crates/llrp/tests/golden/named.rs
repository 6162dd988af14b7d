//! The values of named.txt.

use pandian_llrp::impinj::{self, InventorySearchMode};
use pandian_llrp::message::*;
use pandian_llrp::parameter::access::*;
use pandian_llrp::parameter::air_protocol::*;
use pandian_llrp::parameter::capabilities::*;
use pandian_llrp::parameter::configuration::*;
use pandian_llrp::parameter::event::*;
use pandian_llrp::parameter::operation::*;
use pandian_llrp::parameter::reporting::*;
use pandian_llrp::parameter::status::*;
use pandian_llrp::parameter::tag::*;
use pandian_llrp::parameter::time::UtcTimestamp;
use pandian_llrp::wire::Parameter;
use pandian_llrp::{BitString, Message, RawParameter};

fn raw(parameter: &impl Parameter) -> RawParameter {
    RawParameter::of(parameter).unwrap()
}

fn custom(parameter: &impl Parameter) -> TagParameter {
    TagParameter::Custom(raw(parameter).decode().unwrap())
}

fn bits(length: u16, bytes: &[u8]) -> BitString {
    BitString::new(length, bytes.to_vec()).unwrap()
}

fn capabilities() -> GetReaderCapabilitiesResponse {
    GetReaderCapabilitiesResponse {
        status: LlrpStatus::success(),
        general: Some(GeneralDeviceCapabilities {
            max_antennas: 4,
            flags: DeviceFlags::HAS_UTC_CLOCK,
            manufacturer: impinj::VENDOR,
            model: 2_001_002,
            firmware: "7.6.1".into(),
            receive_sensitivities: vec![
                ReceiveSensitivityTableEntry { index: 1, sensitivity_db: 0 },
                ReceiveSensitivityTableEntry { index: 2, sensitivity_db: 10 },
            ],
            receive_sensitivity_ranges: vec![PerAntennaReceiveSensitivityRange { antenna: 1, index_min: 1, index_max: 2 }],
            gpio: GpioCapabilities { inputs: 4, outputs: 3 },
            air_protocols: vec![PerAntennaAirProtocol { antenna: 1, protocols: vec![AirProtocol::EpcGlobalClass1Gen2] }],
            ..Default::default()
        }),
        llrp: Some(LlrpCapabilities {
            flags: LlrpFlags::CAN_REPORT_BUFFER_FILL_WARNING | LlrpFlags::SUPPORTS_EVENT_AND_REPORT_HOLDING,
            max_priority_levels: 1,
            client_request_op_spec_timeout_ms: 0,
            max_rospecs: 1,
            max_specs_per_rospec: 32,
            max_inventory_parameter_specs_per_aispec: 1,
            max_access_specs: 1508,
            max_op_specs_per_access_spec: 8,
        }),
        regulatory: Some(RegulatoryCapabilities {
            country: 156,
            standard: CommunicationsStandard::Unspecified,
            uhf_band: Some(UhfBandCapabilities {
                transmit_powers: vec![
                    TransmitPowerLevelTableEntry { index: 1, centi_dbm: 1000 },
                    TransmitPowerLevelTableEntry { index: 2, centi_dbm: 3250 },
                ],
                frequencies: FrequencyInformation {
                    hopping: true,
                    hop_tables: vec![FrequencyHopTable { id: 1, khz: vec![920_625, 924_375, 922_125] }],
                    ..Default::default()
                },
                rf_mode_tables: vec![C1g2RfModeTable {
                    entries: vec![C1g2RfModeTableEntry {
                        id: 1002,
                        flags: RfModeFlags::DIVIDE_RATIO_64_3,
                        modulation: Modulation::Miller4,
                        forward_link_modulation: ForwardLinkModulation::DsbAsk,
                        spectral_mask: SpectralMask::Dense,
                        data_rate: 40_000,
                        pie_ratio: 1500,
                        min_tari_ns: 6250,
                        max_tari_ns: 25_000,
                        step_tari_ns: 0,
                    }],
                    ..Default::default()
                }],
                ..Default::default()
            }),
            ..Default::default()
        }),
        air_protocol: Some(C1g2LlrpCapabilities { flags: C1g2Flags::CAN_SUPPORT_BLOCK_WRITE, max_select_filters: 5 }),
        ..Default::default()
    }
}

fn inventory_command() -> C1g2InventoryCommand {
    C1g2InventoryCommand {
        filters: vec![C1g2Filter {
            truncate: TruncateAction::DoNotTruncate,
            mask: C1g2TagInventoryMask { bank: MemoryBank::Epc, pointer: 32, mask: bits(12, b"\x30\x70") },
            state_unaware: Some(C1g2StateUnawareFilterAction { action: StateUnawareAction::UnselectSelect }),
            ..Default::default()
        }],
        rf_control: Some(C1g2RfControl { mode: 1002, tari_ns: 0 }),
        singulation: Some(C1g2SingulationControl {
            session: Session::S1,
            tag_population: 32,
            tag_transit_ms: 500,
            action: Some(C1g2SingulationAction { flags: SingulationFlags::STATE_B }),
            ..Default::default()
        }),
        extensions: vec![
            raw(&impinj::SearchMode { mode: InventorySearchMode::DualTarget, ..Default::default() }),
            raw(&impinj::FixedFrequencyList { mode: impinj::FixedFrequencyMode::ChannelList, channels: vec![1, 4], ..Default::default() }),
        ],
        ..Default::default()
    }
}

fn rospec() -> RoSpec {
    let on = impinj::Switch::Enabled;
    RoSpec {
        id: 14150,
        boundary: RoBoundarySpec {
            stop: RoSpecStopTrigger { kind: RoSpecStopTriggerType::Duration, duration_ms: 4000, ..Default::default() },
            ..Default::default()
        },
        specs: vec![
            AiSpec {
                antennas: vec![1, 2],
                stop: AiSpecStopTrigger {
                    kind: AiSpecStopTriggerType::TagObservation,
                    tags: Some(TagObservationTrigger {
                        kind: TagObservationTriggerType::NoMoreTags,
                        quiet_ms: 300,
                        timeout_ms: 2000,
                        ..Default::default()
                    }),
                    ..Default::default()
                },
                inventories: vec![InventoryParameterSpec {
                    id: 1,
                    protocol: AirProtocol::EpcGlobalClass1Gen2,
                    antennas: vec![AntennaConfiguration {
                        antenna: 1,
                        receiver: Some(RfReceiver { sensitivity: 1 }),
                        transmitter: Some(RfTransmitter { hop_table: 1, channel: 0, power: 81 }),
                        inventory: vec![inventory_command()],
                        ..Default::default()
                    }],
                    ..Default::default()
                }],
                ..Default::default()
            }
            .into(),
        ],
        report: Some(RoReportSpec {
            trigger: RoReportTrigger::TagsOrEndOfRoSpec,
            n: 0,
            content: TagReportContentSelector {
                flags: TagReportContent::ANTENNA_ID
                    | TagReportContent::CHANNEL_INDEX
                    | TagReportContent::PEAK_RSSI
                    | TagReportContent::FIRST_SEEN_TIMESTAMP
                    | TagReportContent::TAG_SEEN_COUNT,
                memory: vec![C1g2EpcMemorySelector { flags: MemorySelectorFlags::CRC | MemorySelectorFlags::PC }],
                ..Default::default()
            },
            extensions: vec![raw(&impinj::TagReportContentSelector {
                serialized_tid: Some(impinj::EnableSerializedTid { mode: on, ..Default::default() }),
                phase_angle: Some(impinj::EnableRfPhaseAngle { mode: on, ..Default::default() }),
                peak_rssi: Some(impinj::EnablePeakRssi { mode: on, ..Default::default() }),
                ..Default::default()
            })],
        }),
        ..Default::default()
    }
}

fn access_spec() -> AccessSpec {
    AccessSpec {
        id: 9,
        protocol: AirProtocol::EpcGlobalClass1Gen2,
        rospec_id: 14150,
        stop: AccessSpecStopTrigger { kind: AccessSpecStopTriggerType::OperationCount, count: 5 },
        command: AccessCommand {
            tags: C1g2TagSpec {
                targets: vec![C1g2TargetTag {
                    bank: TargetBank { bank: MemoryBank::Epc, matching: true },
                    pointer: 32,
                    mask: bits(8, b"\xFF"),
                    data: bits(8, b"\x30"),
                }],
                ..Default::default()
            },
            operations: vec![
                C1g2Read { id: 1, bank: MemoryBank::Tid, count: 6, ..Default::default() }.into(),
                C1g2Write { id: 2, access_password: 0xDEAD_BEEF, bank: MemoryBank::User, word: 4, data: vec![1, 0xFFFF] }.into(),
                C1g2Lock {
                    id: 3,
                    access_password: 7,
                    payloads: vec![C1g2LockPayload { privilege: LockPrivilege::Unlock, part: LockDataField::EpcMemory }],
                    ..Default::default()
                }
                .into(),
            ],
            ..Default::default()
        },
        report: Some(AccessReportSpec { trigger: AccessReportTrigger::EndOfAccessSpec }),
        ..Default::default()
    }
}

fn report() -> RoAccessReport {
    let first = [
        Epc96([0x30, 0x74, 0x25, 0x7B, 0xF7, 0x19, 0x4E, 0x40, 0x00, 0x00, 0x1A, 0x85]).into(),
        RoSpecId(14150).into(),
        SpecIndex(1).into(),
        InventoryParameterSpecId(1).into(),
        AntennaId(2).into(),
        PeakRssi(-52).into(),
        ChannelIndex(7).into(),
        FirstSeenUtc(1_700_000_000_000_001).into(),
        LastSeenUtc(1_700_000_000_000_002).into(),
        TagSeenCount(3).into(),
        C1g2Pc(0x3000).into(),
        C1g2Crc(0xBEEF).into(),
        AccessSpecId(9).into(),
        C1g2ReadResult { result: ReadResultType::Success, op_spec_id: 1, data: vec![0xE280, 0x1160] }.into(),
        custom(&impinj::SerializedTid { words: vec![0xE280, 0x1160, 0x2000], ..Default::default() }),
        custom(&impinj::RfPhaseAngle { angle: 1024, ..Default::default() }),
        custom(&impinj::PeakRssi { centi_dbm: -5235, ..Default::default() }),
    ];
    let epc = |length, bytes: &[u8]| TagReportData::from_iter([EpcData { epc: bits(length, bytes) }.into()]);
    let long: Vec<u8> = (0..25).collect();
    RoAccessReport { tags: vec![first.into_iter().collect(), epc(0, &[]), epc(198, &long)], ..Default::default() }
}

fn event(event: ReaderEventNotificationData) -> Message {
    let at = UtcTimestamp { microseconds: 1_700_000_000_123_456 }.into();
    let event = ReaderEventNotificationData { at, ..event };
    Message::ReaderEventNotification(ReaderEventNotification { event, ..Default::default() })
}

fn connection_attempt(status: ConnectionAttemptStatus) -> Message {
    event(ReaderEventNotificationData { connection_attempt: Some(ConnectionAttemptEvent { status }), ..Default::default() })
}

fn events() -> Vec<(&'static str, Message)> {
    let none = ReaderEventNotificationData::default;
    let rospec = RoSpecEvent { kind: RoSpecEventType::End, rospec_id: 14150, preempting_rospec_id: 0 };
    let antenna = AntennaEvent { kind: AntennaEventType::Disconnected, antenna: 3 };
    let exception = ReaderExceptionEvent { message: "hot".into(), antenna_id: Some(AntennaId(1)), ..Default::default() };
    let aispec = AiSpecEvent {
        rospec_id: 14150,
        spec_index: 1,
        singulation: Some(C1g2SingulationDetails { collision_slots: 5, empty_slots: 6 }),
        ..Default::default()
    };
    vec![
        ("connection_attempt", connection_attempt(ConnectionAttemptStatus::Success)),
        ("connection_refused", connection_attempt(ConnectionAttemptStatus::FailedClientInitiatedConnectionExists)),
        ("connection_close", event(ReaderEventNotificationData { connection_close: Some(ConnectionCloseEvent {}), ..none() })),
        ("end_of_rospec", event(ReaderEventNotificationData { rospec: Some(rospec), ..none() })),
        ("antenna_disconnected", event(ReaderEventNotificationData { antenna: Some(antenna), ..none() })),
        (
            "buffer_overflow",
            event(ReaderEventNotificationData { report_buffer_overflow: Some(ReportBufferOverflowErrorEvent {}), ..none() }),
        ),
        ("reader_exception", event(ReaderEventNotificationData { reader_exception: Some(exception), ..none() })),
        ("end_of_aispec", event(ReaderEventNotificationData { aispec: Some(aispec), ..none() })),
    ]
}

fn nested_error() -> LlrpStatus {
    let inner = ParameterError {
        parameter: 178,
        code: StatusCode::PFieldError,
        field: Some(FieldError { field: 1, code: StatusCode::AOutOfRange }),
        ..Default::default()
    };
    let outer = ParameterError { parameter: 177, code: StatusCode::PParameterError, inner: Some(Box::new(inner)), ..Default::default() };
    LlrpStatus { parameter: Some(outer), ..LlrpStatus::failure(StatusCode::MParameterError, "bad") }
}

/// By name, in the order of the file.
pub(crate) fn values() -> Vec<(&'static str, Message)> {
    let configuration = SetReaderConfig {
        reset_to_factory_default: true,
        events: Some(ReaderEventNotificationSpec {
            states: vec![
                EventNotificationState { event: NotificationEventType::RoSpecEvent, enabled: true },
                EventNotificationState { event: NotificationEventType::AntennaEvent, enabled: false },
            ],
            ..Default::default()
        }),
        keepalive: Some(KeepaliveSpec { kind: KeepaliveTriggerType::Periodic, period_ms: 10_000 }),
        gpo: vec![GpoWriteData { port: 1, data: true }],
        hold: Some(EventsAndReports { hold_upon_reconnect: true }),
        ..Default::default()
    };
    let asked =
        GetReaderConfig { antenna: 1, requested: ReaderConfigRequest::AntennaProperties, gpi_port: 3, gpo_port: 4, ..Default::default() };
    let enabled = impinj::EnableExtensionsResponse { status: LlrpStatus::success(), ..Default::default() };
    let mut values = vec![
        ("get_reader_capabilities", Message::GetReaderCapabilities(GetReaderCapabilities::default())),
        ("get_reader_capabilities_response", Message::GetReaderCapabilitiesResponse(capabilities())),
        ("get_reader_config", Message::GetReaderConfig(asked)),
        ("set_reader_config", Message::SetReaderConfig(configuration)),
        ("add_rospec", Message::AddRoSpec(AddRoSpec { rospec: rospec(), ..Default::default() })),
        ("delete_rospec", Message::DeleteRoSpec(RoSpecTarget { rospec_id: 0 })),
        ("add_accessspec", Message::AddAccessSpec(AddAccessSpec { access_spec: access_spec(), ..Default::default() })),
        ("ro_access_report", Message::RoAccessReport(report())),
        ("empty_report", Message::RoAccessReport(RoAccessReport::default())),
    ];
    values.extend(events());
    values.extend([
        ("keepalive", Message::Keepalive),
        ("error_message", Message::ErrorMessage(LlrpStatus::failure(StatusCode::MUnsupportedMessage, "no such message").into())),
        ("nested_error", Message::AddRoSpecResponse(nested_error().into())),
        ("impinj_enable_extensions", Message::Custom(CustomMessage::of(&impinj::EnableExtensions::default()).unwrap())),
        ("impinj_enable_extensions_response", Message::Custom(CustomMessage::of(&enabled).unwrap())),
    ]);
    values
}
