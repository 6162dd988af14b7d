//! Bytes that are not what they should be.

use proptest::prelude::*;

use super::sample::{Choices, Sample};
use crate::parameter::status::{LlrpStatus, StatusCode};
use crate::{DecodeError, EncodeError, Frame, Message, TagReports, Text, Version, message_type};

/// Random bytes of a seed (splitmix64).
pub(crate) struct Generator(u64);

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| (self.next() >> 24) as u8).collect()
    }
}

/// Whatever can be decoded can be encoded in as many bytes, and is then the same.
fn check(message_type: u16, body: &[u8]) -> bool {
    if message_type == message_type::RO_ACCESS_REPORT {
        for tag in TagReports::new(body).flatten() {
            assert!(tag.epc.bytes.len() == usize::from(tag.epc.bits).div_ceil(8) && tag.parameters().count() > 0);
            let _ = (tag.impinj(), tag.zebra());
        }
    }
    let Ok(message) = Message::decode(message_type, body) else { return false };
    let encoded = message.encode(Version::V1_1, 0).unwrap();
    assert_eq!(encoded.len(), 10 + body.len());
    assert_eq!(Frame::parse(&encoded).unwrap().decode().unwrap(), message);
    true
}

#[test]
fn random_bodies_never_panic() {
    let mut generator = Generator::new(1);
    let mut decoded = 0;
    for round in 0..60_000 {
        let length = generator.below(64);
        decoded += usize::from(check(round % 1024, &generator.bytes(length)));
    }
    assert!(decoded > 10_000, "{decoded}: unlisted messages, and listed ones by chance");
}

#[test]
fn damaged_messages_never_panic() {
    let mut generator = Generator::new(2);
    let (mut whole, rounds) = (0, 30_000);
    for _ in 0..rounds {
        let message = Message::sample(&mut Choices::new(generator.bytes(400)));
        let mut body = message.encode(Version::V1_0_1, 0).unwrap().split_off(10);
        for _ in 0..=generator.below(3) {
            let at = generator.below(body.len());
            match generator.below(4) {
                0 => body.truncate(at),
                1 if !body.is_empty() => body[at] ^= 1 << generator.below(8),
                2 if !body.is_empty() => body[at] = generator.next() as u8,
                _ => body.insert(at, generator.next() as u8),
            }
        }
        whole += usize::from(check(message.message_type(), &body));
    }
    assert!(whole > rounds / 10 && whole < rounds * 9 / 10, "{whole}");
}

proptest! {
    #[test]
    fn no_body_panics(message_type in 0..1024u16, body in prop::collection::vec(any::<u8>(), 0..300)) {
        check(message_type, &body);
    }
}

#[test]
fn errors_nested_without_end_are_refused_and_not_followed() {
    // ParameterErrors in one another, 8 bytes each, as deep as a parameter's length allows.
    let mut nested = Vec::new();
    for length in (8..=65_000u16).step_by(8).rev() {
        nested.extend_from_slice(&[0x01, 0x21]);
        nested.extend_from_slice(&length.to_be_bytes());
        nested.extend_from_slice(&[0, 177, 0, 200]);
    }
    let mut status = vec![0x01, 0x1F];
    status.extend_from_slice(&(nested.len() as u16 + 8).to_be_bytes());
    status.extend_from_slice(&[0, 100, 0, 0]);
    status.extend_from_slice(&nested);
    assert!(matches!(Message::decode(message_type::ERROR_MESSAGE, &status), Err(DecodeError::TooDeep { structure: "ParameterError", .. })));
}

#[test]
fn what_is_wrong_and_where_is_told() {
    let told = |message_type, body: &[u8]| Message::decode(message_type, body).unwrap_err().to_string();
    assert_eq!(told(message_type::DELETE_ROSPEC, &[0, 0, 1]), "DELETE_ROSPEC: the field rospec_id at byte 0 needs 4 bytes and 3 are left");
    assert_eq!(told(message_type::DELETE_ROSPEC, &[0, 0, 0, 1, 9]), "DELETE_ROSPEC: ends at byte 4 and goes on for 1 more");
    assert_eq!(told(message_type::KEEPALIVE, &[9]), "KEEPALIVE: ends at byte 0 and goes on for 1 more");
    assert_eq!(told(message_type::ADD_ROSPEC, &[]), "ADD_ROSPEC: the parameter RoSpec is missing");
    assert_eq!(told(message_type::ADD_ROSPEC, &[0, 177, 0]), "ADD_ROSPEC: the parameter at byte 0 claims 4 bytes and 3 are left");
    assert_eq!(told(message_type::ADD_ROSPEC, &[0, 177, 0, 3]), "ADD_ROSPEC: the parameter at byte 0 claims 3 bytes and 4 are left");
    assert_eq!(told(message_type::ADD_ROSPEC, &[0, 177, 0, 5]), "ADD_ROSPEC: the parameter at byte 0 claims 5 bytes and 4 are left");
    assert_eq!(told(message_type::ADD_ROSPEC, &[0, 5, 0, 4]), "ADD_ROSPEC: TLV parameter at byte 0 with the number 5 of a TV parameter");
    assert_eq!(told(message_type::RO_ACCESS_REPORT, &[0, 240, 0, 5, 0xFF]), "TagReportData: unknown TV parameter 127 at byte 4");
    let status = [1, 31, 0, 8, 0, 0, 0, 0];
    assert_eq!(
        told(message_type::ERROR_MESSAGE, &[status, status].concat()),
        "ERROR_MESSAGE: the parameter LlrpStatus comes a second time at byte 12"
    );
}

#[test]
fn no_parameter_takes_more_than_some_thirty_times_its_bytes_in_memory() {
    use crate::parameter::{access, air_protocol, configuration, operation, reporting, tag};
    // What a list can be made of, and the fewest bytes one of it has on the wire.
    let sizes = [
        (size_of::<tag::TagParameter>(), 2),
        (size_of::<tag::TagReportData>(), 4),
        (size_of::<crate::RawParameter>(), 2),
        (size_of::<configuration::AntennaConfiguration>(), 6),
        (size_of::<operation::RoSpec>(), 28),
        (size_of::<operation::InventoryParameterSpec>(), 7),
        (size_of::<air_protocol::C1g2InventoryCommand>(), 5),
        (size_of::<air_protocol::C1g2Filter>(), 14),
        (size_of::<operation::Spec>(), 8),
        (size_of::<access::OpSpec>(), 6),
        (size_of::<access::AccessSpec>(), 31),
        (size_of::<reporting::RfSurveyReportData>(), 4),
    ];
    for (memory, wire) in sizes {
        assert!(memory <= 32 * wire, "{sizes:?}");
    }
}

#[test]
fn values_too_long_for_their_count_or_length_are_refused_and_leave_nothing() {
    let reply = |description: Text| Message::ErrorMessage(LlrpStatus::failure(StatusCode::MFieldError, description).into());
    let mut out = vec![1, 2, 3];
    assert_eq!(
        reply("x".repeat(65_536).into()).encode_to(Version::V1_0_1, 1, &mut out),
        Err(EncodeError::TooManyElements { structure: "LlrpStatus", field: "description", count: 65_536 })
    );
    assert_eq!(
        reply("x".repeat(65_530).into()).encode_to(Version::V1_0_1, 1, &mut out),
        Err(EncodeError::ParameterTooLong { number: 287, length: 65_538 })
    );
    assert_eq!(
        Message::Unlisted { message_type: 1024, body: Vec::new() }.encode_to(Version::V1_0_1, 1, &mut out),
        Err(EncodeError::Number { number: 1024 })
    );
    assert_eq!(out, [1, 2, 3]);
    assert!(reply("x".repeat(65_527).into()).encode(Version::V1_0_1, 1).is_ok());
}
