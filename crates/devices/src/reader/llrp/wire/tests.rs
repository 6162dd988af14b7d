use pandian_llrp::parameter::status::{FieldError, ParameterError, StatusCode};
use pandian_llrp::parameter::tag::AntennaId;
use pandian_llrp::{Frame, Version};

use super::*;
use crate::reader::llrp::abilities::{Frequencies, Power};

fn abilities(dialect: Dialect) -> Abilities {
    Abilities {
        version: Version::V1_0_1,
        manufacturer: 0,
        model: String::new(),
        firmware: String::new(),
        antennas: 4,
        powers: Vec::new(),
        frequencies: Frequencies { hop_table: 1, channel: 0 },
        modes: Vec::new(),
        warns_of_full_buffer: false,
        dialect,
    }
}

fn tuned() -> Tuned {
    Tuned {
        antennas: vec![1, 3],
        power: Some(Power { index: 81, centi_dbm: 3000 }),
        mode: Some(1000),
        session: 1,
        search: None,
        population: 32,
    }
}

/// The bytes of a message as hex digits, which `expected` may space out as it likes.
fn is_sent_as(message: &Message, expected: &str) {
    let bytes = message.encode(Version::V1_0_1, 1).unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    let expected: String = expected.split_whitespace().collect();
    assert_eq!(hex, expected, "{}", message.name());
    assert_eq!(Frame::parse(&bytes).unwrap().decode().as_ref(), Ok(message));
}

const DWELL: Span = Span::Dwell { dwell: Duration::from_secs(2), quiet: None };

#[test]
fn an_inventory_is_one_rospec_that_we_start_and_that_ends_by_itself() {
    let rospec = rospec(7, &tuned(), &abilities(Dialect::Standard), DWELL, false).unwrap();
    is_sent_as(
        &add(rospec),
        "0414 0000009D 00000001
         00B1 0093 00000007 00 00
           00B2 0012 00B3 0005 00  00B6 0009 01 00000898
           00B7 006A 0002 0001 0003
             00B8 0009 01 000007D0
             00BA 0057 0001 01
               00DE 0028 0001  00E0 000A 0001 0000 0051  014A 0018 00  014F 0008 03E8 0000  0150 000B 40 0020 00000000
               00DE 0028 0003  00E0 000A 0001 0000 0051  014A 0018 00  014F 0008 03E8 0000  0150 000B 40 0020 00000000
           00ED 000D 01 0001  00EE 0006 9F80",
    );
}

#[test]
fn a_quiet_time_ends_it_early_and_the_dwell_at_the_latest() {
    let quiet = Span::Dwell { dwell: Duration::from_secs(2), quiet: Some(Duration::from_millis(300)) };
    let tuned = Tuned { antennas: Vec::new(), power: None, mode: None, session: 0, ..tuned() };
    is_sent_as(
        &add(rospec(7, &tuned, &abilities(Dialect::Standard), quiet, true).unwrap()),
        "0414 00000076 00000001
         00B1 006C 00000007 00 00
           00B2 0012 00B3 0005 00  00B6 0009 01 00000898
           00B7 003E 0001 0000
             00B8 0019 03 00000000  00B9 0010 01 00 0000 0000 012C 000007D0
             00BA 001D 0001 01  00DE 0016 0000  014A 0010 00  0150 000B 00 0020 00000000
           00ED 0012 01 0001  00EE 000B 9F80 015C 0005 40",
    );
}

#[test]
fn impinj_is_asked_for_its_search_mode_and_for_hundredths_of_a_dbm() {
    let tuned = Tuned { antennas: vec![1], search: Some(Search::DualTarget), ..tuned() };
    is_sent_as(
        &add(rospec(7, &tuned, &abilities(Dialect::Impinj), Span::Endless, true).unwrap()),
        "0414 000000A0 00000001
         00B1 0096 00000007 00 00
           00B2 0012 00B3 0005 00  00B6 0009 01 0000EA60
           00B7 004E 0001 0001
             00B8 0009 00 00000000
             00BA 003D 0001 01
               00DE 0036 0001  00E0 000A 0001 0000 0051
                 014A 0026 00  014F 0008 03E8 0000  0150 000B 40 0020 00000000  03FF 000E 0000651A 00000017 0002
           00ED 002C 01 0001  00EE 000B 9F80 015C 0005 40  03FF 001A 0000651A 00000032  03FF 000E 0000651A 00000035 0001",
    );
}

#[test]
fn a_session_begins_and_ends_with_these() {
    is_sent_as(&capabilities(), "0401 0000000B 00000001 00");
    is_sent_as(&delete(0), "0415 0000000E 00000001 00000000");
    is_sent_as(&keep_alive(Duration::from_secs(5)), "0403 00000014 00000001 00 00DC 0009 01 00001388");
    is_sent_as(
        &notify(&abilities(Dialect::Standard)),
        "0403 00000024 00000001 00 00F4 0019 00F5 0007 0002 80 00F5 0007 0004 80 00F5 0007 0008 80",
    );
    is_sent_as(&antenna_properties(), "0402 00000011 00000001 0000 02 0000 0000");
    is_sent_as(&enable_impinj().unwrap(), "07FF 00000013 00000001 0000651A 15 00000000");
    is_sent_as(&let_go_of_the_dead(3).unwrap(), "0403 0000001B 00000001 00 03FF 0010 0000651A 00000026 0001 0003");
    is_sent_as(&impinj_version().unwrap(), "0401 0000001B 00000001 01 03FF 0010 0000651A 00000015 000003E9");
}

#[test]
fn a_status_is_told_in_one_line_however_long_the_readers_words_are() {
    let field = Some(FieldError { field: 2, code: StatusCode::AOutOfRange });
    let parameter = Some(ParameterError { parameter: 224, code: StatusCode::PFieldError, field, ..Default::default() });
    let status = LlrpStatus { parameter, ..LlrpStatus::failure(StatusCode::MParameterError, "x\n".repeat(500)) };
    let told = told(&status);
    assert!(told.ends_with("…\", parameter 224: PFieldError (201), field 2: AOutOfRange (301)"), "{told}");
    assert!(told.len() < 400 && !told.contains('\n'), "{told}");
    let event = ReaderExceptionEvent { message: "too hot".into(), antenna_id: Some(AntennaId(3)), ..Default::default() };
    assert_eq!(exception(&event), "the reader reports \"too hot\" (antenna 3)");
}
