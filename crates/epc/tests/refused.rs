//! What is no EPC is refused, with the reason.

use pandian_epc::{Epc, EpcError, Field, ProtocolControl, Scheme};

fn code(hex: &str) -> &'static str {
    Epc::from_hex(hex).map_or_else(|error| error.code(), |epc| epc.scheme().name())
}

fn uri_code(uri: &str) -> &'static str {
    Epc::from_tag_uri(uri).map_or_else(|error| error.code(), |epc| epc.scheme().name())
}

fn gs1_code(text: &str) -> &'static str {
    Epc::from_element_string(text, None, 0, None).map_or_else(|error| error.code(), |epc| epc.scheme().name())
}

#[test]
fn headers_that_are_no_scheme_are_told_apart() {
    assert_eq!(code(""), "empty");
    assert_eq!(code("000000000000000000000000"), "unprogrammed");
    assert_eq!(code("E2801160600002054E8A1B2C"), "tag-identification");
    assert_eq!(code("EF009520123456789123592832F8C3B786CCB6C0"), "unsupported-scheme");
    for header in ["01", "2B", "42", "80", "E1", "E3", "FE", "FF"] {
        assert_eq!(code(&format!("{header}0000000000000000000000")), "unknown-header", "{header}");
    }
}

#[test]
fn text_that_is_not_hexadecimal_is_refused_with_the_position() {
    assert_eq!(Epc::from_hex("3074x57B"), Err(EpcError::NotHex { position: 4 }));
    assert_eq!(Epc::from_hex("30é4"), Err(EpcError::NotHex { position: 2 }));
    assert_eq!(code(&"0".repeat(129)), "too-long");
    assert_eq!(code(&format!("3074257BF7194E4000001A85{}", "0".repeat(101))), "too-long");
}

#[test]
fn the_bit_length_must_be_that_of_an_epc_and_within_the_bytes() {
    let bytes = [0x30, 0x74, 0x25, 0x7B, 0xF7, 0x19, 0x4E, 0x40, 0x00, 0x00, 0x1A, 0x85];
    assert!(Epc::decode(&bytes, 96).is_ok());
    assert_eq!(Epc::decode(&bytes, 0), Err(EpcError::Empty));
    assert_eq!(Epc::decode(&bytes, 97), Err(EpcError::BitLength { bits: 97, available: 96 }));
    for bits in 8..96 {
        assert_eq!(Epc::decode(&bytes, bits), Err(EpcError::TooShort { scheme: Scheme::Sgtin96, needed: 96, bits }));
    }
    assert_eq!(Epc::decode(&[0x30; 100], 800), Err(EpcError::TooLong { bits: 800 }));
}

#[test]
fn bits_of_the_last_byte_behind_the_length_do_not_matter() {
    // An EPC of 84 bits in eleven bytes, as LLRP carries it.
    let bytes = [0xF9, 0x00, 0x95, 0x20, 0x12, 0x34, 0x56, 0x78, 0x91, 0x23, 0x5F];
    assert_eq!(Epc::decode(&bytes, 84).map(|epc| epc.gs1_number()), Ok(Some(95_201_234_567_891_235)));
    assert_eq!(Epc::decode(&bytes, 88), Err(EpcError::TrailingBits { scheme: Scheme::SsccPlus, position: 84 }));
}

#[test]
fn zeros_may_follow_an_epc_and_nothing_else() {
    assert_eq!(code("3074257BF7194E4000001A850000"), "sgtin-96");
    assert_eq!(code("3074257BF7194E4000001A850001"), "trailing-bits");
    assert_eq!(code("3174257BF4499602D2000000"), "sscc-96");
    assert_eq!(
        Epc::from_hex("3174257BF4499602D2000100"),
        Err(EpcError::TrailingBits { scheme: Scheme::Sscc96, position: 87 }),
        "reserved bits of the SSCC"
    );
    assert_eq!(code("3674257BF6B7A659B2C2BF1000000000000000000000000004"), "trailing-bits", "text goes on behind its end");
}

#[test]
fn data_behind_a_plus_scheme_are_left_alone_if_the_toggle_bit_announces_them() {
    assert_eq!(code("F73795211411234538566CB0AFC41726C3"), "trailing-bits");
    let epc = Epc::from_hex("F7B795211411234538566CB0AFC41726C3").unwrap();
    assert!(epc.has_aidc_data());
    assert_eq!(epc.filter(), Some(3));
    assert_eq!(epc.encode().bit_len(), 111);
    assert_eq!(epc.encode().to_string(), "F7B795211411234538566CB0AFC4");
}

#[test]
fn an_iso_code_that_looks_like_an_epc_is_refused() {
    let bytes = [0x30, 0x74, 0x25, 0x7B, 0xF7, 0x19, 0x4E, 0x40, 0x00, 0x00, 0x1A, 0x85];
    assert!(Epc::decode_tag(ProtocolControl(0x3000), &bytes, 96).is_ok());
    assert_eq!(Epc::decode_tag(ProtocolControl(0x31A2), &bytes, 96), Err(EpcError::IsoTag { afi: 0xA2 }));
    assert_eq!(ProtocolControl(0x3000).bit_len(), 96);
}

#[test]
fn partition_seven_and_numbers_out_of_range_are_refused() {
    assert_eq!(Epc::from_hex("307C257BF7194E4000001A85"), Err(EpcError::Partition { scheme: Scheme::Sgtin96, partition: 7 }));
    // Company prefix 2^24 − 1 in seven digits, item reference 2^20 − 1 in six.
    assert_eq!(
        Epc::from_hex("3077FFFFF7194E4000001A85"),
        Err(EpcError::OutOfRange { scheme: Scheme::Sgtin96, field: Field::CompanyPrefix })
    );
    assert_eq!(Epc::from_hex("3074257BFFFFFE4000001A85"), Err(EpcError::OutOfRange { scheme: Scheme::Sgtin96, field: Field::Reference }));
    // A prefix of twelve digits leaves no digit to the location reference: its one bit must be zero.
    let mut hex = Epc::from_tag_uri("urn:epc:tag:sgln-96:0.952114112345..0").unwrap().encode().to_string();
    assert_eq!(hex.split_off(13), "40000000000");
    hex.push_str("60000000000");
    assert_eq!(Epc::from_hex(&hex), Err(EpcError::OutOfRange { scheme: Scheme::Sgln96, field: Field::Reference }));
}

#[test]
fn characters_outside_the_alphabet_are_refused_with_their_place() {
    // '3', '2', '#': 7-bit 0110011 0110010 0100011.
    let mut hex = String::from("3674257BF6B7A6");
    hex.push_str("59B246");
    hex.push_str(&"0".repeat(30));
    assert_eq!(Epc::from_hex(&hex), Err(EpcError::Character { scheme: Scheme::Sgtin198, field: Field::Serial, position: 2 }));
    assert_eq!(code(&format!("3674257BF6B7A6{}", "0".repeat(36))), "missing");
}

#[test]
fn numbers_with_leading_zeros_do_not_fit_where_the_scheme_cannot_keep_them() {
    assert_eq!(uri_code("urn:epc:tag:sgtin-96:3.0614141.812345.06789"), "leading-zero");
    assert_eq!(uri_code("urn:epc:tag:sgtin-198:3.0614141.812345.06789"), "sgtin-198");
    assert_eq!(uri_code("urn:epc:tag:sgtin-96:3.0614141.812345.0"), "sgtin-96");
    assert_eq!(uri_code("urn:epc:tag:sgtin-96:3.0614141.812345.274877906943"), "sgtin-96");
    assert_eq!(uri_code("urn:epc:tag:sgtin-96:3.0614141.812345.274877906944"), "out-of-range");
    assert_eq!(uri_code("urn:epc:tag:sgtin-96:3.0614141.812345.99999999999999999999"), "out-of-range");
}

#[test]
fn uris_must_be_well_formed() {
    assert_eq!(uri_code("urn:epc:tag:sgtin-96:8.0614141.812345.6789"), "out-of-range");
    assert_eq!(uri_code("urn:epc:tag:sgtin-96:3.0614141.81234.6789"), "length");
    assert_eq!(uri_code("urn:epc:tag:sgtin-96:3.06141.81234567.6789"), "length");
    assert_eq!(uri_code("urn:epc:tag:sgtin-96:3.0614141.812345"), "syntax");
    assert_eq!(uri_code("urn:epc:tag:sgtin-96:3.0614141.812345."), "missing");
    assert_eq!(uri_code("urn:epc:tag:sscc-96:3.0614141.1234567890.1"), "syntax");
    assert_eq!(uri_code("urn:epc:tag:sgtin-198:3.0614141.812345.a/b"), "character");
    assert_eq!(uri_code("urn:epc:tag:sgtin-198:3.0614141.812345.a%2"), "character");
    assert_eq!(uri_code("urn:epc:tag:sgtin-198:3.0614141.812345.a%23"), "character");
    assert_eq!(uri_code("urn:epc:tag:sgtin-198:3.0614141.812345.123456789012345678901"), "length");
    assert_eq!(uri_code("urn:epc:tag:sgtin-64:3.0614141.812345.6789"), "unknown-scheme");
    assert_eq!(uri_code("urn:epc:tag:sgtin+:3.0614141.812345.6789"), "syntax");
    assert_eq!(uri_code("urn:epc:id:sgtin:0614141.812345.6789"), "syntax");
    assert_eq!(uri_code("urn:epc:tag:adi-var:3.35962.PQ7VZ4.M37%23"), "character");
    assert_eq!(uri_code("urn:epc:tag:adi-var:3.35962..%23M37"), "adi-var");
    assert_eq!(uri_code("urn:epc:tag:usdod-96:3.CAGEI.5678"), "character");
    assert_eq!(Epc::from_pure_uri("urn:epc:id:sgtin:0614141.812345.6789", Some(Scheme::Sscc96), 0).unwrap_err().code(), "wrong-scheme");
}

#[test]
fn element_strings_must_have_the_right_check_digit_and_length() {
    assert_eq!(gs1_code("(01)80614141123459(21)6789"), "check-digit");
    assert_eq!(gs1_code("(01)8061414112345(21)6789"), "character");
    assert_eq!(gs1_code("(01)80614141123458"), "syntax");
    assert_eq!(gs1_code("(01)80614141123458(21)"), "missing");
    assert_eq!(gs1_code("(01)80614141123458(17)230229(21)1"), "date");
    assert_eq!(gs1_code("(00)10614141234567890"), "length");
    assert_eq!(gs1_code("(8003)106141411234525678"), "character");
    assert_eq!(gs1_code("(8004)952"), "length");
    assert_eq!(gs1_code("(8004)952A5"), "character");
    assert_eq!(gs1_code("(10)ABC"), "syntax");
    assert_eq!(gs1_code("0180614141123458216789"), "syntax");
}

#[test]
fn plus_schemes_are_checked_to_the_last_bit() {
    assert_eq!(code("F90095201234567891236"), "check-digit");
    assert_eq!(code("F9009520123456789123A"), "character");
    assert_eq!(code("F7379521141123453C566CB0AFC4"), "encoding-indicator");
    assert_eq!(code("F73795211411234538066CB0AFC4"), "missing");
    assert_eq!(code("F73795211411234539566CB0AFC4"), "length");
    assert_eq!(code("F73795211411234538566CB0AF"), "too-short");
    assert_eq!(code("FB372CDE795211411234538566CB0AFC4"), "date");
    assert_eq!(code("FB342CDF795211411234538566CB0AFC4"), "date", "31 June");
    // One digit, but the four bits say 12.
    assert_eq!(code("F737952114112345301C0"), "out-of-range");
    // URN Code 40 that fills up in the middle, and one character announced as two.
    assert_eq!(code("F7379521141123453A30641"), "character");
    assert_eq!(code("FA39521F"), "length", "no asset reference");
}

#[test]
fn every_code_is_kebab_case_and_every_message_small_and_without_full_stop() {
    let errors = ["", "00", "E2", "EF", "01", "zz", "30", "307C257BF7194E4000001A85", "3077FFFFF7194E4000001A85"];
    for error in errors.map(|hex| Epc::from_hex(hex).unwrap_err()) {
        assert!(error.code().bytes().all(|c| c.is_ascii_lowercase() || c == b'-'));
        assert!(!error.to_string().ends_with('.') && !error.to_string().is_empty());
    }
}
