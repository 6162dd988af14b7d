//! Whatever the bits: no panic, and what decodes encodes to the same bits and survives every text form.

use pandian_epc::{Epc, Family, MAX_BITS, Scheme};
use proptest::prelude::*;

fn any_scheme() -> impl Strategy<Value = Scheme> {
    prop::sample::select(Scheme::ALL)
}

/// Bytes behind the header of a scheme, of about the length the scheme has.
fn tag_like() -> impl Strategy<Value = (Vec<u8>, usize)> {
    (any_scheme(), prop::collection::vec(any::<u8>(), 62), any::<u8>(), 0..=MAX_BITS).prop_map(|(scheme, mut bytes, second, length)| {
        bytes[0] = scheme.header();
        // Partitions up to 6 more often than chance has it, and numbers within range.
        bytes[1] = second & 0b1111_1011;
        let bits = scheme.fixed_bits().unwrap_or(length);
        (bytes, bits)
    })
}

/// The bit at `at`.
fn bit(bytes: &[u8], at: usize) -> bool {
    bytes[at / 8] >> (7 - at % 8) & 1 == 1
}

fn assert_reencodes(epc: &Epc, bytes: &[u8], bits: usize) {
    let binary = epc.encode();
    assert!(binary.bit_len() <= bits);
    for at in 0..bits {
        let encoded = at < binary.bit_len() && bit(binary.as_bytes(), at);
        if at < binary.bit_len() || !epc.has_aidc_data() {
            assert_eq!(encoded, bit(bytes, at), "bit {at} of {epc:?}");
        }
    }
}

/// Every text form reads back as the same value, and the same key.
fn assert_text_forms(epc: &Epc) {
    let filter = epc.filter().unwrap_or(0);
    if let (Some(tag), Some(pure)) = (epc.tag_uri(), epc.pure_uri()) {
        assert_eq!(Epc::from_tag_uri(&tag.to_string()), Ok(*epc));
        assert_eq!(Epc::from_pure_uri(&pure.to_string(), Some(epc.scheme()), filter), Ok(*epc));
        if epc.scheme() != Scheme::Gdti113 {
            assert_eq!(Epc::from_pure_uri(&pure.to_string(), None, filter).map(|shortest| shortest.key()), Ok(epc.key()));
        }
    }
    let Some(gs1) = epc.element_string() else { return };
    let again = Epc::from_element_string(&gs1.to_string(), Some(epc.scheme()), filter, epc.company_prefix_digits())
        .unwrap_or_else(|error| panic!("{epc:?}: {error}"));
    assert_eq!(again.key(), epc.key());
    if !epc.scheme().is_plus() {
        assert_eq!(again, *epc);
    }
    let plus = epc.scheme().family().plus_scheme().map(|plus| epc.recode(plus, None).map(|plus| plus.key()));
    assert_eq!(plus, Some(Ok(epc.key())), "{epc:?}");
}

fn valid_text(alphabet: &'static str, most: usize) -> impl Strategy<Value = String> {
    let characters: Vec<char> = alphabet.chars().collect();
    prop::collection::vec(prop::sample::select(characters), 1..=most).prop_map(|characters| characters.into_iter().collect())
}

const GS1: &str = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

fn with_check_digit(body: &str) -> String {
    let sum: u32 = body.bytes().rev().enumerate().map(|(at, c)| u32::from(c - b'0') * if at % 2 == 0 { 3 } else { 1 }).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// A valid element string of any key, and a length for its company prefix.
fn element_strings() -> impl Strategy<Value = (String, usize)> {
    let serials = prop_oneof![
        valid_text(GS1, 20),
        valid_text("0123456789", 20),
        valid_text("0123456789ABCDEF", 20),
        valid_text("0123456789abcdef", 20),
        valid_text("ABCXYZ-.:019", 20),
        valid_text("AZaz09-_", 20),
    ];
    let parts = valid_text("0123456789ABCXYZ#-/", 18);
    (0..11_usize, "[0-9]{17}", serials, parts, 6..=12_usize, 0..1_000_000_000_000_u64).prop_map(
        |(kind, digits, serial, part, prefix, number)| {
            let cut = |most: usize| serial.chars().take(most).collect::<String>();
            let gtin = with_check_digit(&digits[..13]);
            let key = with_check_digit(&digits[..12]);
            let text = match kind {
                0 => format!("(01){gtin}(21){serial}"),
                1 => format!("(01){gtin}(17)2{}022{}(21){serial}", number % 10, number % 9),
                2 => format!("(414){key}(254){serial}"),
                3 => format!("(8003)0{key}{}", cut(16)),
                4 => format!("(8004){}{}", &digits[..prefix], cut(18)),
                5 => format!("(253){key}{}", cut(17)),
                6 => format!("(255){key}{}", &digits[..prefix]),
                7 => format!("(8006){gtin}{:04}(21){serial}", number % 10_000),
                8 => format!("(8010){}{part}(8011){number}", &digits[..prefix]),
                9 => format!("(8018){}", with_check_digit(&digits)),
                _ => format!("(00){}", with_check_digit(&digits)),
            };
            (text, prefix)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_of_any_length_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..70), bits in 0..600_usize) {
        if let Ok(epc) = Epc::decode(&bytes, bits) {
            assert_reencodes(&epc, &bytes, bits);
        }
    }

    #[test]
    fn bits_of_every_scheme_decode_to_what_encodes_to_them((bytes, bits) in tag_like()) {
        if let Ok(epc) = Epc::decode(&bytes, bits) {
            assert_reencodes(&epc, &bytes, bits);
            assert_text_forms(&epc);
        }
    }

    #[test]
    fn any_text_never_panics(text in "\\PC{0,60}", scheme in any_scheme(), digits in 0..20_u8, filter: u8) {
        for prefix in ["", "urn:epc:tag:", "urn:epc:id:", "(01)", "(8004)"] {
            let text = format!("{prefix}{text}");
            let _ = text.parse::<Epc>();
            let _ = Epc::from_pure_uri(&text, Some(scheme), filter);
            let _ = Epc::from_element_string(&text, Some(scheme), filter, Some(digits));
            let _ = Epc::from_element_string(&text, None, filter, None);
        }
        let _ = Epc::from_tag_uri(&format!("urn:epc:tag:{scheme}:{text}"));
        let _ = Epc::from_pure_uri(&format!("urn:epc:id:{}:{text}", scheme.family()), None, filter);
    }

    #[test]
    fn element_strings_survive_every_scheme_that_holds_them((text, prefix) in element_strings(), filter in 0..8_u8) {
        let plus = Epc::from_element_string(&text, None, filter, None).unwrap();
        // The extension 0 of a location stands for none.
        prop_assert_eq!(plus.element_string().unwrap().to_string(), text.strip_suffix("(254)0").unwrap_or(&text));
        let binary = plus.encode();
        prop_assert_eq!(Epc::decode(binary.as_bytes(), binary.bit_len()), Ok(plus));
        assert_text_forms(&plus);
        let old = Epc::from_element_string(&text, None, filter, Some(prefix as u8)).unwrap();
        prop_assert_eq!(old.key(), plus.key());
        let binary = old.encode();
        prop_assert_eq!(Epc::decode(binary.as_bytes(), binary.bit_len()), Ok(old));
        assert_text_forms(&old);
    }

    #[test]
    fn a_damaged_epc_fails_or_encodes_to_itself((text, prefix) in element_strings(), at in 0..300_usize, second in 0..300_usize) {
        for epc in [Epc::from_element_string(&text, None, 1, None), Epc::from_element_string(&text, None, 1, Some(prefix as u8))] {
            let binary = epc.unwrap().encode();
            let (mut bytes, bits) = (binary.as_bytes().to_vec(), binary.bit_len());
            for at in [at % bits, second % bits] {
                bytes[at / 8] ^= 0x80 >> (at % 8);
            }
            if let Ok(damaged) = Epc::decode(&bytes, bits) {
                assert_reencodes(&damaged, &bytes, bits);
                assert_text_forms(&damaged);
            }
        }
    }

    #[test]
    fn keys_are_equal_exactly_when_their_lines_are((one, _) in element_strings(), (two, _) in element_strings()) {
        let [one, two] = [one, two].map(|text| Epc::from_element_string(&text, None, 0, None).unwrap().key());
        prop_assert_eq!(one == two, one.to_string() == two.to_string());
    }
}

#[test]
fn every_scheme_is_known_by_its_header_and_by_its_name() {
    for &scheme in Scheme::ALL {
        assert_eq!(Scheme::from_header(scheme.header()), Some(scheme));
        assert_eq!(scheme.name().parse(), Ok(scheme));
        if let Some((_, bits)) = scheme.name().rsplit_once('-').filter(|(_, bits)| *bits != "var") {
            assert_eq!(scheme.fixed_bits(), bits.parse().ok());
        }
        assert_eq!(scheme.is_plus(), scheme.name().ends_with('+'));
    }
    assert_eq!(Scheme::SsccPlus.fixed_bits(), Some(84));
    assert_eq!(Family::Sgtin.plus_scheme(), Some(Scheme::SgtinPlus));
}

#[test]
fn an_epc_stays_small_enough_to_copy() {
    assert!(size_of::<Epc>() <= 128, "{} bytes", size_of::<Epc>());
}
