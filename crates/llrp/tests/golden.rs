//! Frames made by other implementations: see golden/README.md.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod golden {
    pub(crate) mod named;
}

use pandian_llrp::{Frame, TagReports, Version, message_type};

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
}

#[test]
fn values_written_out_here_are_the_bytes_of_another_implementation_and_back() {
    let lines: Vec<_> = include_str!("golden/named.txt").lines().collect();
    let values = golden::named::values();
    assert_eq!(lines.len(), values.len());
    for (line, (name, message)) in lines.into_iter().zip(values) {
        let (other, hex) = line.split_once(' ').unwrap();
        assert_eq!(name, other);
        let bytes = bytes(hex);
        let frame = Frame::parse(&bytes).unwrap();
        assert_eq!(frame.decode().unwrap(), message, "{name}");
        assert_eq!(message.encode(Version::V1_0_1, frame.id).unwrap(), bytes, "{name}");
    }
}

#[test]
fn arbitrary_frames_of_other_implementations_decode_with_nothing_left_raw_and_encode_to_the_same_bytes() {
    let mut reports = 0;
    for line in include_str!("golden/random.txt").lines() {
        let [name, id, hex] = *line.split(' ').collect::<Vec<_>>() else { panic!("{line}") };
        let bytes = bytes(hex);
        let frame = Frame::parse(&bytes).unwrap();
        let message = frame.decode().unwrap();
        assert_eq!((message.name(), frame.id, frame.version), (name, id.parse().unwrap(), Version::V1_0_1));
        assert_eq!(message.encode(frame.version, frame.id).unwrap(), bytes, "{name} {id}");
        let shown = format!("{message:?}");
        assert!(!shown.contains("RawParameter") && !shown.contains("Unlisted"), "{shown}");
        if frame.message_type == message_type::RO_ACCESS_REPORT {
            reports += TagReports::new(frame.body).map(Result::unwrap).count();
        }
    }
    assert!(reports > 0);
}

#[test]
fn a_status_tells_all_that_is_nested_in_it_in_one_line() {
    let values = golden::named::values();
    let status = |name| values.iter().find(|(other, _)| *other == name).and_then(|(_, message)| message.status()).unwrap().to_string();
    assert_eq!(
        status("nested_error"),
        "MParameterError (100) \"bad\", parameter 177: PParameterError (200), parameter 178: PFieldError (201), field 1: AOutOfRange (301)"
    );
    assert_eq!(status("error_message"), "MUnsupportedMessage (109) \"no such message\"");
    assert_eq!(status("get_reader_capabilities_response"), "Success (0)");
}
