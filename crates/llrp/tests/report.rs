//! Tag reports out of borrowed bytes.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use pandian_llrp::parameter::access::{C1g2ReadResult, ReadResultType};
use pandian_llrp::parameter::tag::*;
use pandian_llrp::wire::{CustomParameter, Parameter};
use pandian_llrp::{
    BitString, DecodeError, Epc, Frame, Framer, Message, RawParameter, TagReport, TagReports, Version, impinj, message, zebra,
};
use proptest::prelude::*;

/// The body of an RO_ACCESS_REPORT.
fn body(tags: impl IntoIterator<Item = TagReportData>) -> Vec<u8> {
    let report = message::RoAccessReport { tags: tags.into_iter().collect(), ..Default::default() };
    Message::RoAccessReport(report).encode(Version::V1_0_1, 1).unwrap().split_off(10)
}

fn tags(body: &[u8]) -> Vec<TagReport<'_>> {
    TagReports::new(body).map(Result::unwrap).collect()
}

fn custom(parameter: &impl Parameter) -> TagParameter {
    TagParameter::Custom(RawParameter::of(parameter).unwrap().decode().unwrap())
}

fn all() -> Vec<TagParameter> {
    vec![
        Epc96(*b"twelve bytes").into(),
        RoSpecId(1).into(),
        SpecIndex(2).into(),
        InventoryParameterSpecId(3).into(),
        AntennaId(4).into(),
        PeakRssi(-55).into(),
        ChannelIndex(6).into(),
        FirstSeenUtc(7).into(),
        FirstSeenUptime(8).into(),
        LastSeenUtc(9).into(),
        LastSeenUptime(10).into(),
        TagSeenCount(11).into(),
        C1g2Pc(12).into(),
        C1g2Crc(13).into(),
        C1g2XpcW1(14).into(),
        C1g2XpcW2(15).into(),
        AccessSpecId(16).into(),
        C1g2ReadResult { result: ReadResultType::Success, op_spec_id: 17, data: vec![18] }.into(),
        CustomParameter { vendor: 99, subtype: 1, data: vec![1] }.into(),
        RawParameter { number: 999, body: vec![19] }.into(),
    ]
}

proptest! {
    #[test]
    fn fields_are_found_in_any_order(order in Just(all()).prop_shuffle()) {
        let expected = order.clone();
        let body = body([order.into_iter().collect()]);
        let [tag] = &tags(&body)[..] else { panic!() };
        prop_assert_eq!((tag.epc.bits, tag.epc.bytes), (96, &b"twelve bytes"[..]));
        prop_assert_eq!((tag.rospec_id, tag.spec_index, tag.inventory_parameter_spec_id), (Some(1), Some(2), Some(3)));
        prop_assert_eq!((tag.antenna, tag.peak_rssi_dbm, tag.channel), (Some(4), Some(-55), Some(6)));
        prop_assert_eq!((tag.first_seen_utc_us, tag.first_seen_uptime_us), (Some(7), Some(8)));
        prop_assert_eq!((tag.last_seen_utc_us, tag.last_seen_uptime_us), (Some(9), Some(10)));
        prop_assert_eq!((tag.seen_count, tag.pc, tag.crc, tag.xpc), (Some(11), Some(12), Some(13), [Some(14), Some(15)]));
        prop_assert_eq!(tag.access_spec_id, Some(16));
        // Everything is there in the order of the wire.
        let found: Vec<TagParameter> = tag.parameters().map(|raw| raw.decode().unwrap()).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn an_epc_has_any_number_of_bits(bits in 0..=600u16) {
        let epc = BitString::new(bits, vec![0xFF; usize::from(bits).div_ceil(8)]).unwrap();
        let body = body([TagReportData::from_iter([AntennaId(1).into(), EpcData { epc: epc.clone() }.into()])]);
        let [tag] = &tags(&body)[..] else { panic!() };
        prop_assert_eq!((tag.epc.bits, tag.epc.bytes), (bits, epc.as_bytes()));
    }
}

#[test]
fn an_epc_is_filled_up_to_whole_bytes_with_zero_bits() {
    for (bits, bytes, filled_up) in
        [(0, &b""[..], &b""[..]), (12, b"\xAB\xFF", b"\xAB\xF0"), (1, b"\xFF", b"\x80"), (16, b"\xAB\xFF", b"\xAB\xFF")]
    {
        let epc = Epc { bits, bytes };
        assert_eq!(&*epc.filled_up(), filled_up);
    }
    let [tag] = &tags(b"\0\xF0\0\x0C\0\xF1\0\x08\0\x0C\xAB\xFF")[..] else { panic!() };
    assert_eq!((tag.epc.bytes, &*tag.epc.filled_up()), (&b"\xAB\xFF"[..], &b"\xAB\xF0"[..]));
}

#[test]
fn times_are_the_clocks_and_without_one_since_the_start() {
    let both: [TagParameter; 4] = [FirstSeenUtc(5).into(), FirstSeenUptime(1).into(), LastSeenUtc(6).into(), LastSeenUptime(2).into()];
    let uptime: [TagParameter; 2] = [FirstSeenUptime(1).into(), LastSeenUptime(2).into()];
    for (told, seen) in [(&both[..], (Some(5), Some(6))), (&uptime, (Some(1), Some(2))), (&[], (None, None))] {
        let body = body([std::iter::once(Epc96([7; 12]).into()).chain(told.iter().cloned()).collect()]);
        let [tag] = &tags(&body)[..] else { panic!() };
        assert_eq!((tag.first_seen_us(), tag.last_seen_us(), tag.rssi_dbm()), (seen.0, seen.1, None));
    }
}

#[test]
fn a_report_may_be_empty_and_hold_other_things() {
    assert!(tags(&[]).is_empty());
    let report = message::RoAccessReport {
        surveys: vec![Default::default()],
        extensions: vec![RawParameter::new_custom(25882, 1516, &[0; 4])],
        tags: vec![TagReportData::from_iter([Epc96([7; 12]).into()])],
    };
    let bytes = Message::RoAccessReport(report).encode(Version::V1_0_1, 1).unwrap();
    assert_eq!(tags(&bytes[10..]).len(), 1);
}

#[test]
fn a_tag_without_an_epc_and_one_that_is_cut_are_errors_and_the_last_of_their_frame() {
    let good = TagReportData::from_iter([Epc96([7; 12]).into()]);
    let without = body([TagReportData::from_iter([AntennaId(1).into()]), good.clone()]);
    let found: Vec<_> = TagReports::new(&without).map(|tag| tag.map(|_| ())).collect();
    assert_eq!(found, [Err(DecodeError::Missing { structure: "TagReportData", parameter: "EpcData or Epc96" })]);

    let cut = body([good.clone(), good]);
    let found: Vec<_> = TagReports::new(&cut[..cut.len() - 1]).map(|tag| tag.is_ok()).collect();
    assert_eq!(found, [true, false]);
}

#[test]
fn an_unknown_tv_parameter_costs_its_frame_and_no_other() {
    let good = Message::RoAccessReport(message::RoAccessReport {
        tags: vec![TagReportData::from_iter([Epc96([7; 12]).into(), AntennaId(3).into()])],
        ..Default::default()
    })
    .encode(Version::V1_0_1, 1)
    .unwrap();
    let mut bad = good.clone();
    bad[27] = 0x80 | 100; // where AntennaId begins
    let stream = [&good[..], &bad, &good].concat();
    let (mut framer, mut input) = (Framer::default(), &stream[..]);
    let mut outcomes = Vec::new();
    while let Some(frame) = framer.take_frame(&mut input).unwrap() {
        let all = TagReports::new(frame.body).map(|tag| tag.map(|tag| tag.antenna)).collect::<Result<Vec<_>, _>>();
        assert_eq!(all.is_ok(), frame.decode().is_ok());
        outcomes.push(all);
    }
    let error = DecodeError::UnknownTv { structure: "TagReportData", number: 100, at: 17 };
    assert_eq!(outcomes, [Ok(vec![Some(3)]), Err(error), Ok(vec![Some(3)])]);
}

#[test]
fn impinj_tells_phase_hundredths_of_rssi_and_tid() {
    let body = body([TagReportData::from_iter([
        Epc96([7; 12]).into(),
        PeakRssi(-52).into(),
        custom(&impinj::SerializedTid { words: vec![0xE280, 0x1160], ..Default::default() }),
        custom(&impinj::RfPhaseAngle { angle: 1024, ..Default::default() }),
        custom(&impinj::PeakRssi { centi_dbm: -5235, ..Default::default() }),
        custom(&impinj::RfDopplerFrequency { sixteenth_hz: -16, ..Default::default() }),
    ])]);
    let [tag] = &tags(&body)[..] else { panic!() };
    let details = tag.impinj();
    assert_eq!((details.peak_rssi_centi_dbm, details.phase_angle, details.doppler_sixteenth_hz), (Some(-5235), Some(1024), Some(-16)));
    assert_eq!(tag.rssi_dbm(), Some(-52.35));
    assert_eq!(details.tid, Some(&[0xE2, 0x80, 0x11, 0x60][..]));
    assert!((details.phase_radians().unwrap() - std::f64::consts::FRAC_PI_2).abs() < 1e-9);
    assert_eq!(tag.zebra(), zebra::TagDetails::default());
}

#[test]
fn zebra_tells_phase_as_its_readers_send_it() {
    // TLV 1023, vendor 161, subtype 709, two bytes: -24364.
    let phase = [0x03, 0xFF, 0x00, 0x0E, 0x00, 0x00, 0x00, 0xA1, 0x00, 0x00, 0x02, 0xC5, 0xA0, 0xD4];
    let raw = RawParameter { number: 1023, body: phase[4..].to_vec() };
    assert_eq!(raw.decode::<zebra::TagPhase>().unwrap().phase, -24364);
    let body = body([TagReportData::from_iter([Epc96([7; 12]).into(), raw.into()])]);
    assert_eq!(body[body.len() - 14..], phase);
    let [tag] = &tags(&body)[..] else { panic!() };
    assert_eq!(tag.zebra().phase, Some(-24364));
    assert_eq!(tag.impinj(), impinj::TagDetails::default());
}

#[test]
fn the_worked_example_of_the_tag_data_standard_is_read_out_of_a_whole_frame() {
    let bytes = b"\x04\x3D\0\0\0\x20\0\0\0\x07\0\xF0\0\x16\x8D\x30\x74\x25\x7B\xF7\x19\x4E\x40\0\0\x1A\x85\x81\0\x02\x86\xC8";
    let frame = Frame::parse(bytes).unwrap();
    let [tag] = &tags(frame.body)[..] else { panic!() };
    assert_eq!(tag.epc.bytes, [0x30, 0x74, 0x25, 0x7B, 0xF7, 0x19, 0x4E, 0x40, 0x00, 0x00, 0x1A, 0x85]);
    assert_eq!(tag.as_bytes().len(), 18);
}
