//! What holds for any bytes as the bits of a tag and as text.

use pandian_epc::{Epc, MAX_BITS, ProtocolControl, Scheme};

/// The first byte says how many bits of the rest are the tag's; the rest is read as text too.
pub(crate) fn check(input: &[u8]) {
    let Some((first, rest)) = input.split_first() else { return };
    check_bits(rest, (rest.len() * 8).saturating_sub(usize::from(first % 16)));
    if let Ok(text) = std::str::from_utf8(rest) {
        check_text(text, *first);
    }
}

/// What decodes, encodes to the same bits, and every text of it reads back.
fn check_bits(bytes: &[u8], bits: usize) {
    if let [high, low, bytes @ ..] = bytes {
        // With the PC word in front, as it lies in a tag.
        let control = ProtocolControl::from(u16::from_be_bytes([*high, *low]));
        let decoded = Epc::decode_tag(control, bytes, bytes.len() * 8);
        assert!(decoded.is_err() || control.iso_family().is_none());
    }
    let Ok(epc) = Epc::decode(bytes, bits) else { return };
    assert!(bits <= MAX_BITS);
    let binary = epc.encode();
    let bit = |bytes: &[u8], at: usize| bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
    assert!(binary.bit_len() <= bits);
    for at in 0..if epc.has_aidc_data() { binary.bit_len() } else { bits } {
        let encoded = at < binary.bit_len() && bit(binary.as_bytes(), at);
        assert_eq!(encoded, bit(bytes, at), "bit {at} of {epc:?}");
    }
    assert_eq!(Epc::from_hex(&binary.to_string()).map(|again| again.key()), Ok(epc.key()));
    check_forms(&epc);
}

/// Whatever is read out of a text is a whole EPC.
fn check_text(text: &str, choice: u8) {
    let scheme = Scheme::ALL[usize::from(choice) % Scheme::ALL.len()];
    let filter = choice >> 5;
    let read = [
        text.parse(),
        Epc::from_pure_uri(text, None, filter),
        Epc::from_pure_uri(text, Some(scheme), filter),
        Epc::from_element_string(text, None, filter, None),
        Epc::from_element_string(text, None, filter, Some(6 + choice % 7)),
        Epc::from_element_string(text, Some(scheme), filter, Some(choice % 16)),
    ];
    for epc in read.into_iter().flatten() {
        let binary = epc.encode();
        assert_eq!(Epc::decode(binary.as_bytes(), binary.bit_len()), Ok(epc));
        check_forms(&epc);
    }
}

/// Every text form reads back as the same value, and as the same key in every other scheme.
fn check_forms(epc: &Epc) {
    let filter = epc.filter().unwrap_or(0);
    if let (Some(tag), Some(pure)) = (epc.tag_uri(), epc.pure_uri()) {
        assert_eq!(Epc::from_tag_uri(&tag.to_string()), Ok(*epc));
        assert_eq!(Epc::from_pure_uri(&pure.to_string(), Some(epc.scheme()), filter), Ok(*epc));
    }
    let Some(gs1) = epc.element_string() else { return };
    let again = Epc::from_element_string(&gs1.to_string(), Some(epc.scheme()), filter, epc.company_prefix_digits());
    assert_eq!(again.map(|again| again.key()), Ok(epc.key()), "{gs1}");
    let plus = epc.scheme().family().plus_scheme().map(|plus| epc.recode(plus, None).map(|plus| plus.key()));
    assert_eq!(plus, Some(Ok(epc.key())), "{gs1}");
}
