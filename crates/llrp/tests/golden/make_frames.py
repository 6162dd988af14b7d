"""Makes named.txt and random.txt with two other implementations of LLRP. How to run it: README.md."""

import random
import sys
from collections import Counter
from pathlib import Path

import bitstring
from llrpkit.protocol import codec, impinj, messages, params
from pyllrp import llrpdef

# The module empties these once it is loaded.
DEFINED = {kind: list(getattr(llrpdef, kind)) for kind in ("enums", "parameters", "messages")}

from pyllrp import pyllrp  # noqa: E402

HERE = Path(__file__).parent
bits = codec.BitStr.from_bytes


def status(code=0, text="", **more):
    return params.LLRPStatus(status_code=code, error_description=text, **more)


def event(**what):
    data = params.ReaderEventNotificationData(timestamp=params.UTCTimestamp(microseconds=1_700_000_000_123_456), **what)
    return messages.READER_EVENT_NOTIFICATION(reader_event_notification_data=data)


def rospec():
    inventory = params.C1G2InventoryCommand(
        c1_g2_filters=[
            params.C1G2Filter(
                t=1,
                c1_g2_tag_inventory_mask=params.C1G2TagInventoryMask(mb=1, pointer=32, tag_mask=codec.BitStr(12, b"\x30\x70")),
                c1_g2_tag_inventory_state_unaware_filter_action=params.C1G2TagInventoryStateUnawareFilterAction(action=4),
            )
        ],
        c1_g2_rf_control=params.C1G2RFControl(mode_index=1002, tari=0),
        c1_g2_singulation_control=params.C1G2SingulationControl(
            session=1,
            tag_population=32,
            tag_transit_time=500,
            c1_g2_tag_inventory_state_aware_singulation_action=params.C1G2TagInventoryStateAwareSingulationAction(i=1, s=0),
        ),
        custom=[
            impinj.ImpinjInventorySearchMode(inventory_search_mode=2),
            impinj.ImpinjFixedFrequencyList(fixed_frequency_mode=2, channel_list=[1, 4]),
        ],
    )
    aispec = params.AISpec(
        antenna_ids=[1, 2],
        ai_spec_stop_trigger=params.AISpecStopTrigger(
            ai_spec_stop_trigger_type=3,
            duration_trigger=0,
            tag_observation_trigger=params.TagObservationTrigger(
                trigger_type=1, number_of_tags=0, number_of_attempts=0, t=300, timeout=2000
            ),
        ),
        inventory_parameter_specs=[
            params.InventoryParameterSpec(
                inventory_parameter_spec_id=1,
                protocol_id=1,
                antenna_configurations=[
                    params.AntennaConfiguration(
                        antenna_id=1,
                        rf_receiver=params.RFReceiver(receiver_sensitivity=1),
                        rf_transmitter=params.RFTransmitter(hop_table_id=1, channel_index=0, transmit_power=81),
                        air_protocol_inventory_command_settings=[inventory],
                    )
                ],
            )
        ],
    )
    report = params.ROReportSpec(
        ro_report_trigger=2,
        n=0,
        tag_report_content_selector=params.TagReportContentSelector(
            enable_antenna_id=True,
            enable_channel_index=True,
            enable_peak_rssi=True,
            enable_first_seen_timestamp=True,
            enable_tag_seen_count=True,
            air_protocol_epc_memory_selectors=[params.C1G2EPCMemorySelector(enable_crc=True, enable_pc_bits=True)],
        ),
        custom=[
            impinj.ImpinjTagReportContentSelector(
                impinj_enable_serialized_t_id=impinj.ImpinjEnableSerializedTID(serialized_t_id_mode=1),
                impinj_enable_rf_phase_angle=impinj.ImpinjEnableRFPhaseAngle(rf_phase_angle_mode=1),
                impinj_enable_peak_rssi=impinj.ImpinjEnablePeakRSSI(peak_rssi_mode=1),
            )
        ],
    )
    return params.ROSpec(
        ro_spec_id=14150,
        priority=0,
        current_state=0,
        ro_boundary_spec=params.ROBoundarySpec(
            ro_spec_start_trigger=params.ROSpecStartTrigger(ro_spec_start_trigger_type=0),
            ro_spec_stop_trigger=params.ROSpecStopTrigger(ro_spec_stop_trigger_type=1, duration_trigger_value=4000),
        ),
        spec_parameters=[aispec],
        ro_report_spec=report,
    )


def named():
    m, p = messages, params
    yield "get_reader_capabilities", m.GET_READER_CAPABILITIES(requested_data=0)
    yield "get_reader_capabilities_response", m.GET_READER_CAPABILITIES_RESPONSE(
        llrp_status=status(),
        general_device_capabilities=p.GeneralDeviceCapabilities(
            max_number_of_antenna_supported=4,
            has_utc_clock_capability=True,
            device_manufacturer_name=25882,
            model_name=2001002,
            reader_firmware_version="7.6.1",
            receive_sensitivity_table_entrys=[
                p.ReceiveSensitivityTableEntry(index=1, receive_sensitivity_value=0),
                p.ReceiveSensitivityTableEntry(index=2, receive_sensitivity_value=10),
            ],
            per_antenna_receive_sensitivity_ranges=[
                p.PerAntennaReceiveSensitivityRange(antenna_id=1, receive_sensitivity_index_min=1, receive_sensitivity_index_max=2)
            ],
            gpio_capabilities=p.GPIOCapabilities(num_gp_is=4, num_gp_os=3),
            per_antenna_air_protocols=[p.PerAntennaAirProtocol(antenna_id=1, protocol_id=b"\x01")],
        ),
        llrp_capabilities=p.LLRPCapabilities(
            can_report_buffer_fill_warning=True,
            supports_event_and_report_holding=True,
            max_num_priority_levels_supported=1,
            client_request_op_spec_timeout=0,
            max_num_ro_specs=1,
            max_num_specs_per_ro_spec=32,
            max_num_inventory_parameter_specs_per_ai_spec=1,
            max_num_access_specs=1508,
            max_num_op_specs_per_access_spec=8,
        ),
        regulatory_capabilities=p.RegulatoryCapabilities(
            country_code=156,
            communications_standard=0,
            uhf_band_capabilities=p.UHFBandCapabilities(
                transmit_power_level_table_entrys=[
                    p.TransmitPowerLevelTableEntry(index=1, transmit_power_value=1000),
                    p.TransmitPowerLevelTableEntry(index=2, transmit_power_value=3250),
                ],
                frequency_information=p.FrequencyInformation(
                    hopping=True,
                    frequency_hop_tables=[p.FrequencyHopTable(hop_table_id=1, frequency=[920625, 924375, 922125])],
                ),
                air_protocol_uhfrf_mode_tables=[
                    p.C1G2UHFRFModeTable(
                        c1_g2_uhfrf_mode_table_entrys=[
                            p.C1G2UHFRFModeTableEntry(
                                mode_identifier=1002,
                                dr_value=1,
                                epchagtc_conformance=False,
                                m_value=2,
                                forward_link_modulation=2,
                                spectral_mask_indicator=3,
                                bdr_value=40000,
                                pie_value=1500,
                                min_tari_value=6250,
                                max_tari_value=25000,
                                step_tari_value=0,
                            )
                        ]
                    )
                ],
            ),
        ),
        air_protocol_llrp_capabilities=p.C1G2LLRPCapabilities(
            can_support_block_erase=False, can_support_block_write=True, max_num_select_filters_per_query=5
        ),
    )
    yield "get_reader_config", m.GET_READER_CONFIG(antenna_id=1, requested_data=2, gpi_port_num=3, gpo_port_num=4)
    yield "set_reader_config", m.SET_READER_CONFIG(
        reset_to_factory_default=True,
        reader_event_notification_spec=p.ReaderEventNotificationSpec(
            event_notification_states=[
                p.EventNotificationState(event_type=2, notification_state=True),
                p.EventNotificationState(event_type=8, notification_state=False),
            ]
        ),
        keepalive_spec=p.KeepaliveSpec(keepalive_trigger_type=1, periodic_trigger_value=10000),
        gpo_write_datas=[p.GPOWriteData(gpo_port_number=1, gpo_data=True)],
        events_and_reports=p.EventsAndReports(hold_events_and_reports_upon_reconnect=True),
    )
    yield "add_rospec", m.ADD_ROSPEC(ro_spec=rospec())
    yield "delete_rospec", m.DELETE_ROSPEC(ro_spec_id=0)
    yield "add_accessspec", m.ADD_ACCESSSPEC(
        access_spec=p.AccessSpec(
            access_spec_id=9,
            antenna_id=0,
            protocol_id=1,
            current_state=0,
            ro_spec_id=14150,
            access_spec_stop_trigger=p.AccessSpecStopTrigger(access_spec_stop_trigger=1, operation_count_value=5),
            access_command=p.AccessCommand(
                air_protocol_tag_spec=p.C1G2TagSpec(
                    c1_g2_target_tags=[p.C1G2TargetTag(mb=1, match=True, pointer=32, tag_mask=bits(b"\xff"), tag_data=bits(b"\x30"))]
                ),
                access_command_op_specs=[
                    p.C1G2Read(op_spec_id=1, access_password=0, mb=2, word_pointer=0, word_count=6),
                    p.C1G2Write(op_spec_id=2, access_password=0xDEADBEEF, mb=3, word_pointer=4, write_data=[1, 0xFFFF]),
                    p.C1G2Lock(
                        op_spec_id=3, access_password=7, c1_g2_lock_payloads=[p.C1G2LockPayload(privilege=3, data_field=2)]
                    ),
                ],
            ),
            access_report_spec=p.AccessReportSpec(access_report_trigger=1),
        )
    )
    yield "ro_access_report", m.RO_ACCESS_REPORT(
        tag_report_datas=[
            p.TagReportData(
                epc_parameter=p.EPC_96(epc=bytes.fromhex("3074257BF7194E4000001A85")),
                ro_spec_id=p.ROSpecID(ro_spec_id=14150),
                spec_index=p.SpecIndex(spec_index=1),
                inventory_parameter_spec_id=p.InventoryParameterSpecID(inventory_parameter_spec_id=1),
                antenna_id=p.AntennaID(antenna_id=2),
                peak_rssi=p.PeakRSSI(peak_rssi=-52),
                channel_index=p.ChannelIndex(channel_index=7),
                first_seen_timestamp_utc=p.FirstSeenTimestampUTC(microseconds=1_700_000_000_000_001),
                last_seen_timestamp_utc=p.LastSeenTimestampUTC(microseconds=1_700_000_000_000_002),
                tag_seen_count=p.TagSeenCount(tag_count=3),
                air_protocol_tag_datas=[p.C1G2_PC(pc_bits=0x3000), p.C1G2_CRC(crc=0xBEEF)],
                access_spec_id=p.AccessSpecID(access_spec_id=9),
                access_command_op_spec_results=[p.C1G2ReadOpSpecResult(result=0, op_spec_id=1, read_data=[0xE280, 0x1160])],
                custom=[
                    impinj.ImpinjSerializedTID(t_id=[0xE280, 0x1160, 0x2000]),
                    impinj.ImpinjRFPhaseAngle(phase_angle=1024),
                    impinj.ImpinjPeakRSSI(rssi=-5235),
                ],
            ),
            p.TagReportData(epc_parameter=p.EPCData(epc=codec.BitStr(0, b""))),
            p.TagReportData(epc_parameter=p.EPCData(epc=codec.BitStr(198, bytes(range(25))))),
        ]
    )
    yield "empty_report", m.RO_ACCESS_REPORT()
    yield "connection_attempt", event(connection_attempt_event=p.ConnectionAttemptEvent(status=0))
    yield "connection_refused", event(connection_attempt_event=p.ConnectionAttemptEvent(status=2))
    yield "connection_close", event(connection_close_event=p.ConnectionCloseEvent())
    yield "end_of_rospec", event(ro_spec_event=p.ROSpecEvent(event_type=1, ro_spec_id=14150, preempting_ro_spec_id=0))
    yield "antenna_disconnected", event(antenna_event=p.AntennaEvent(event_type=0, antenna_id=3))
    yield "buffer_overflow", event(report_buffer_overflow_error_event=p.ReportBufferOverflowErrorEvent())
    yield "reader_exception", event(
        reader_exception_event=p.ReaderExceptionEvent(message="hot", antenna_id=p.AntennaID(antenna_id=1))
    )
    yield "end_of_aispec", event(
        ai_spec_event=p.AISpecEvent(
            event_type=0,
            ro_spec_id=14150,
            spec_index=1,
            air_protocol_singulation_details=p.C1G2SingulationDetails(num_collision_slots=5, num_empty_slots=6),
        )
    )
    yield "keepalive", m.KEEPALIVE()
    yield "error_message", m.ERROR_MESSAGE(llrp_status=status(109, "no such message"))
    yield "nested_error", m.ADD_ROSPEC_RESPONSE(
        llrp_status=status(
            100,
            "bad",
            parameter_error=p.ParameterError(
                parameter_type=177,
                error_code=200,
                parameter_error=p.ParameterError(
                    parameter_type=178, error_code=201, field_error=p.FieldError(field_num=1, error_code=301)
                ),
            ),
        )
    )
    yield "impinj_enable_extensions", impinj.IMPINJ_ENABLE_EXTENSIONS()
    yield "impinj_enable_extensions_response", impinj.IMPINJ_ENABLE_EXTENSIONS_RESPONSE(llrp_status=status())


def arbitrary_value(kind, name, chance):
    if kind == "bool":
        return chance.random() < 0.5
    if kind == "string":
        return "".join(chance.choice("abcxyz ") for _ in range(chance.randrange(6)))
    if kind == "bitarray":
        return bytes(chance.randrange(256) for _ in range(chance.randrange(5)))
    if kind == "bytesToEnd":
        return bitstring.BitStream(bytes=bytes(chance.randrange(256) for _ in range(chance.randrange(5))))
    width = int(kind.split(":")[1])
    if kind.startswith("array"):
        return [chance.randrange(1 << width) for _ in range(chance.randrange(4))]
    if kind.startswith("intbe"):
        return chance.randrange(-(1 << width - 1), 1 << width - 1)
    return chance.randrange(1 if name == "ChannelIndex" else 0, 1 << width)


def arbitrary(definition, suffix, chance, depth=0):
    thing = getattr(pyllrp, definition["name"] + suffix)()
    for field in definition.get("fields", ()):
        name, kind = field["name"], field["type"]
        if kind.startswith("skip") or "default" in field:
            continue
        if "enumeration" in field:
            values = [value for value, _ in next(e for e in DEFINED["enums"] if e["name"] == field["enumeration"])["choices"]]
            if kind == "array:8":
                value = [chance.choice(values) for _ in range(2)]
            else:
                value = bool(chance.choice(values)) if kind == "bool" else chance.choice(values)
        else:
            value = arbitrary_value(kind, name, chance)
        setattr(thing, name, value)
    for slot in definition.get("parameters", ()):
        low, high = slot["repeat"]
        count = low + (chance.randrange(2) if depth < 5 and high > low else 0)
        if slot["parameter"] == "Custom" and count:
            continue
        for _ in range(count):
            name = slot["parameter"]
            if slot["choice"]:
                names = [part for part, whole in llrpdef.choiceDefinitions.items() if whole == name + "_Parameter"]
                names = [part.removesuffix("_Parameter") for part in names]
                name = chance.choice([n for n in names if not n.startswith("Impinj")])
            inner = next(d for d in DEFINED["parameters"] if d["name"] == name)
            thing.Parameters.append(arbitrary(inner, "_Parameter", chance, depth + 1))
    return thing


def random_frames(chance, each):
    for definition in DEFINED["messages"]:
        if definition["typeNum"] == 1023:
            continue
        for _ in range(each if definition.get("parameters") else 1):
            message = arbitrary(definition, "_Message", chance)
            message._MessageID = chance.randrange(1 << 32)
            frame = message.pack(bitstring.BitStream()).tobytes()
            again = codec.decode_message(frame)
            if again.to_bytes(again.message_id, 1) != frame:
                sys.exit(f"the two disagree about {frame.hex()}")
            yield definition["name"], message._MessageID, frame


# Header of a parameter, and bits behind it that 1.0.1 has as reserved.
NEW_FLAGS = [("01510005", 0x20), ("015c0005", 0x20)] + [("01470007", bits) for bits in range(4, 0x40, 4)]


def check(path):
    """Decodes and encodes frames of ours, one in hex a line, with both. They refuse what is new in 1.1; nothing may come back otherwise."""
    counts = {name: Counter() for name in ("llrpkit", "pyllrp")}
    refusals = Counter()

    def compare(name, frame, again):
        try:
            made = again(frame)
        except Exception as refusal:
            counts[name]["refused"] += 1
            refusals[name, type(refusal).__name__, str(refusal)[:90]] += 1
            return
        if len(made) != len(frame):
            sys.exit(f"{name} makes {made.hex()} of {frame.hex()}")
        if made != frame and sorted(made) == sorted(frame):
            counts[name]["same but for the place of customs among operations"] += 1
            return
        flags = [(frame[at - 4 : at].hex(), frame[at] ^ made[at]) for at in range(len(frame)) if frame[at] != made[at]]
        if not set(flags) <= set(NEW_FLAGS):
            sys.exit(f"{name} makes {made.hex()} of {frame.hex()}: {set(flags)}")
        counts[name]["same but for flags of 1.1" if flags else "same"] += 1

    def llrpkit(frame):
        message = codec.decode_message(frame)
        if "UnknownParameter" in repr(message) or any(unbound(message)):
            raise ValueError("it puts parameters of 1.1 elsewhere")
        return message.to_bytes(message.message_id, frame[0] >> 2)

    def unbound(thing):
        if isinstance(thing, list):
            for element in thing:
                yield from unbound(element)
        elif isinstance(thing, codec.LLRPStruct):
            yield from thing.unbound_params
            for inner in vars(thing).values():
                yield from unbound(inner)

    def other(frame):
        if frame[0] & 3 == 3 or b"\x03\xff" in frame:
            raise ValueError("it loses the data of vendors it does not know")
        return pyllrp.UnpackMessage(bitstring.BitStream(bytes=frame)).pack(bitstring.BitStream()).tobytes()

    for line in Path(path).read_text().split():
        compare("llrpkit", bytes.fromhex(line), llrpkit)
        compare("pyllrp", bytes.fromhex(line), other)
    print(counts, *refusals.most_common(25), sep="\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        check(sys.argv[1])
        sys.exit()
    lines = [f"{name} {message.to_bytes(number, 1).hex()}\n" for number, (name, message) in enumerate(named(), 1)]
    (HERE / "named.txt").write_text("".join(lines))
    lines = [f"{name} {number} {frame.hex()}\n" for name, number, frame in random_frames(random.Random(5), 8)]
    (HERE / "random.txt").write_text("".join(lines))
