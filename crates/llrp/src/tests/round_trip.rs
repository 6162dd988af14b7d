//! Values to bytes and back.

use std::collections::BTreeSet;
use std::fmt::Debug;

use proptest::prelude::*;

use super::sample::{Choices, Sample};
use crate::message::{CustomMessage, VendorMessage};
use crate::wire::{MAX_DEPTH, Parameter, RawParameter};
use crate::{Frame, Message, Version, impinj, zebra};

fn message(bytes: Vec<u8>) -> Message {
    Message::sample(&mut Choices::new(bytes))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_message_comes_back_as_it_was(bytes in prop::collection::vec(any::<u8>(), 0..1500), id in any::<u32>(), version in 1..=3u8) {
        let (message, version) = (message(bytes), Version::from_wire(version).unwrap());
        let encoded = message.encode(version, id).unwrap();
        let frame = Frame::parse(&encoded).unwrap();
        prop_assert_eq!((frame.version, frame.id, frame.message_type), (version, id, message.message_type()));
        let decoded = frame.decode().unwrap();
        prop_assert_eq!(&decoded, &message);
        prop_assert_eq!(decoded.encode(version, id).unwrap(), encoded.clone());

        let mut again = vec![7];
        frame.write_to(&mut again).unwrap();
        prop_assert_eq!(&again[1..], &encoded);
    }

    #[test]
    fn any_vendor_parameter_comes_back_as_it_was(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut choices = Choices::new(bytes);
        parameter::<impinj::RequestedData>(&mut choices);
        parameter::<impinj::SubRegulatoryRegion>(&mut choices);
        parameter::<impinj::SearchMode>(&mut choices);
        parameter::<impinj::FixedFrequencyList>(&mut choices);
        parameter::<impinj::ReducedPowerFrequencyList>(&mut choices);
        parameter::<impinj::LowDutyCycle>(&mut choices);
        parameter::<impinj::DetailedVersion>(&mut choices);
        parameter::<impinj::FrequencyCapabilities>(&mut choices);
        parameter::<impinj::TagReportContentSelector>(&mut choices);
        parameter::<impinj::SerializedTid>(&mut choices);
        parameter::<impinj::GpsCoordinates>(&mut choices);
        parameter::<zebra::GeneralCapabilities>(&mut choices);
        parameter::<zebra::AntennaConfig>(&mut choices);
        parameter::<zebra::TagReportContentSelector>(&mut choices);
        parameter::<zebra::TagPhase>(&mut choices);
        vendor_message::<impinj::EnableExtensions>(&mut choices);
        vendor_message::<impinj::EnableExtensionsResponse>(&mut choices);
        vendor_message::<impinj::SaveSettings>(&mut choices);
    }
}

fn parameter<P: Parameter + Sample + PartialEq + Debug>(choices: &mut Choices) {
    let parameter = P::sample(choices);
    let raw = RawParameter::of(&parameter).unwrap();
    assert_eq!(raw.decode::<P>().unwrap(), parameter);
    assert_eq!(RawParameter::find::<P>(&[RawParameter::new_custom(1, 2, &[]), raw]).unwrap(), Some(parameter));
}

fn vendor_message<M: VendorMessage + Sample + PartialEq + Debug>(choices: &mut Choices) {
    let message = M::sample(choices);
    assert_eq!(CustomMessage::of(&message).unwrap().decode::<M>().unwrap(), message);
}

#[test]
fn the_samples_cover_every_message() {
    let sampled: BTreeSet<_> = (0..=255).map(|first| message(vec![first]).message_type()).collect();
    let named: BTreeSet<_> = (0..=1023).filter(|number| crate::message_name(*number).is_some()).collect();
    assert_eq!(sampled, named);
    assert_eq!(named.len(), 46);
}

#[test]
fn nothing_in_the_standard_nests_deeper_than_half_of_what_is_allowed() {
    fn depth(parameters: crate::wire::RawParameters<'_>) -> u8 {
        parameters
            .map_while(Result::ok)
            .map(|raw| raw.depth.max(if raw.number == 1023 { 0 } else { raw.reader("any").map_or(0, |reader| depth(reader.parameters())) }))
            .max()
            .unwrap_or(0)
    }
    let mut generator = super::hostile::Generator::new(3);
    let deepest = (0..3000)
        .map(|_| {
            let bytes = message(generator.bytes(600)).encode(Version::V1_1, 1).unwrap();
            depth(crate::wire::Reader::new("any", &bytes[10..]).parameters())
        })
        .max();
    assert!(deepest.unwrap() <= MAX_DEPTH / 2, "{deepest:?}");
}

/// Writes frames of ours where `LLRP_FRAMES` says, one in hex a line, for other implementations to read: see tests/golden/README.md.
#[test]
fn frames_for_other_implementations_are_written_where_asked() {
    let Ok(path) = std::env::var("LLRP_FRAMES") else { return };
    let version = std::env::var("LLRP_VERSION").ok().and_then(|number| Version::from_wire(number.parse().ok()?)).unwrap_or_default();
    let mut generator = super::hostile::Generator::new(7);
    let lines: String = (0..4000)
        .map(|id| Message::sample(&mut Choices::by_the_book(generator.bytes(800))).encode(version, id).unwrap())
        .map(|frame| frame.iter().map(|byte| format!("{byte:02x}")).chain(["\n".into()]).collect::<String>())
        .collect();
    std::fs::write(path, lines).unwrap();
}
