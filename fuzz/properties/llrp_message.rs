//! What holds for any bytes as one LLRP frame.

use pandian_llrp::{DecodeError, Frame, Message, TagReports, message_type};

/// `input` is one frame; its length is put right, so that mutations get behind the header.
pub(crate) fn check(input: &[u8]) {
    let mut bytes = input.to_vec();
    let length = (bytes.len() as u32).to_be_bytes();
    if let Some(field) = bytes.get_mut(2..6) {
        field.copy_from_slice(&length);
    }
    let Ok(frame) = Frame::parse(&bytes) else { return };
    if frame.message_type == message_type::RO_ACCESS_REPORT {
        check_report(&frame);
    }
    let Ok(message) = frame.decode() else { return };
    assert_eq!(message.message_type(), frame.message_type);
    let encoded = encoded(&message, &frame);
    // Reserved bits are dropped and parameters are put in order, but none is lost.
    assert_eq!(encoded.len(), bytes.len());
    let again = Frame::parse(&encoded).expect("what was encoded is a frame");
    assert_eq!((again.version, again.message_type, again.id), (frame.version, frame.message_type, frame.id));
    let message_again = again.decode().expect("what was encoded decodes");
    assert_eq!(message_again, message);
    // The first encoding is in order, and stays as it is.
    assert_eq!(self::encoded(&message_again, &again), encoded);
}

fn encoded(message: &Message, frame: &Frame<'_>) -> Vec<u8> {
    message.encode(frame.version, frame.id).expect("what decodes can be encoded")
}

/// Tags read in place and tags with values of their own are the same ones. Whoever decodes the whole report finds at least what is wrong with
/// its tags, but for a tag without an EPC; and more, in surveys and results of operations, which cost those who want tags nothing.
fn check_report(frame: &Frame<'_>) {
    let mut count = 0;
    let mut wrong = None;
    for tag in TagReports::new(frame.body) {
        let tag = match tag {
            Ok(tag) => tag,
            Err(error) => {
                wrong = Some(error);
                break;
            }
        };
        assert_eq!(tag.epc.bytes.len(), usize::from(tag.epc.bits).div_ceil(8));
        assert_eq!(tag.parameters().map(|raw| raw.body.len() + if raw.is_tv() { 1 } else { 4 }).sum::<usize>(), tag.as_bytes().len());
        assert_eq!(tag.epc.filled_up().len(), tag.epc.bytes.len());
        let _ = (tag.rssi_dbm(), tag.zebra());
        count += 1;
    }
    if let Ok(Message::RoAccessReport(report)) = frame.decode() {
        match wrong {
            None => assert_eq!(report.tags.len(), count),
            Some(error) => assert!(matches!(error, DecodeError::Missing { .. }), "{error}"),
        }
    }
}
