//! The worked examples of the standard: annex E.3 of TDS 2.3, and those of TDS 1 with the company prefix 0614141.

use pandian_epc::{DateKind, Epc, Scheme};

/// Scheme, bits as in the tag (whole words or as printed), tag URI, element string.
const WITH_URI: &[(&str, &str, &str, &str)] = &[
    ("sgtin-96", "3066C4409047E140075BCD15", "3.95060001343.05.123456789", "(01)09506000134352(21)123456789"),
    ("sgtin-96", "3074257BF7194E4000001A85", "3.0614141.812345.6789", "(01)80614141123458(21)6789"),
    ("sgtin-198", "3666C4409047E159B2C2BF100000000000000000000000000000", "3.95060001343.05.32a%2Fb", "(01)09506000134352(21)32a/b"),
    ("sgtin-198", "3674257BF6B7A659B2C2BF1000000000000000000000000000", "3.0614141.712345.32a%2Fb", "(01)70614141123451(21)32a/b"),
    ("sscc-96", "3174257BF4499602D2000000", "3.0614141.1234567890", "(00)106141412345678908"),
    ("sscc-96", "311BA1B300CE0A6A83000000", "0.952012.03456789123", "(00)095201234567891235"),
    ("sgln-96", "3276451FD46072000000162E", "3.9521141.12345.5678", "(414)9521141123454(254)5678"),
    ("sgln-195", "3976451FD46072CD9615F8800000000000000000000000000000", "3.9521141.12345.32a%2Fb", "(414)9521141123454(254)32a/b"),
    ("grai-96", "3376451FD40C0E400000162E", "3.9521141.12345.5678", "(8003)095211411234545678"),
    ("grai-96", "3374257BF40C0E400000162E", "3.0614141.12345.5678", "(8003)006141411234525678"),
    ("grai-170", "3776451FD40C0E59B2C2BF1000000000000000000000", "3.9521141.12345.32a%2Fb", "(8003)0952114112345432a/b"),
    ("giai-96", "3476451FD40000000000162E", "3.9521141.5678", "(8004)95211415678"),
    ("giai-202", "3876451FD59B2C2BF10000000000000000000000000000000000", "3.9521141.32a%2Fb", "(8004)952114132a/b"),
    ("gsrn-96", "2D76451FD4499602D2000000", "3.9521141.1234567890", "(8018)952114112345678906"),
    ("gsrnp-96", "2E76451FD4499602D2000000", "3.9521141.1234567890", "(8017)952114112345678906"),
    ("gdti-96", "2C76451FD46072000000162E", "3.9521141.12345.5678", "(253)95211411234545678"),
    (
        "gdti-174",
        "3E76451FD7039B061438997367D0C18B266D1AB66EE0",
        "3.9521141.98765.ABCDefgh012345678",
        "(253)9521141987650ABCDefgh012345678",
    ),
    ("cpi-96", "3C76451FD400C0E680003039", "3.9521141.98765.12345", "(8010)952114198765(8011)12345"),
    ("cpi-var", "3D76451FD75411DEF6B4CC00000003039000", "3.9521141.5PQ7%2FZ43.12345", "(8010)95211415PQ7/Z43(8011)12345"),
    ("sgcn-96", "3F76451FD612640000019907", "3.9521141.67890.04711", "(255)952114167890904711"),
    ("gid-96", "3500E86F8000A9E000000586", "952056.2718.1414", ""),
    ("gid-96", "350007AB70425D4000000586", "31415.271828.1414", ""),
    ("usdod-96", "2F320434147455900000162E", "3.CAGEY.5678", ""),
    ("adi-var", "3B0E0CF5E76C9047759AD00373DC7602E7200", "3.35962.PQ7VZ4.M37GXB92", ""),
    ("itip-110", "4076451FD40C0E40820000000F54", "3.9521141.012345.01.02.981", "(8006)095211411234540102(21)981"),
    (
        "itip-212",
        "4176451FD40C0E4082DBDD8B36600000000000000000000000000000",
        "3.9521141.012345.01.02.mw133",
        "(8006)095211411234540102(21)mw133",
    ),
];

/// Scheme, bits, filter, element string.
const PLUS: &[(&str, &str, u8, &str)] = &[
    ("sgtin+", "F73795211411234538566CB0AFC4", 3, "(01)79521141123453(21)32a/b"),
    ("dsgtin+", "FB342CDE795211411234538566CB0AFC4", 3, "(01)79521141123453(17)220630(21)32a/b"),
    ("sscc+", "F90095201234567891235", 0, "(00)095201234567891235"),
    ("sgln+", "F2395211411234548566CB0AFC4", 3, "(414)9521141123454(254)32a/b"),
    ("grai+", "F13095211411234548566CB0AFC4", 3, "(8003)0952114112345432a/b"),
    ("giai+", "FA3952114132E83C2BF10", 3, "(8004)952114132a/b"),
    ("gsrn+", "F43952114112345678906", 3, "(8018)952114112345678906"),
    ("gsrnp+", "F53952114112345678906", 3, "(8017)952114112345678906"),
    ("gdti+", "F6395211411234540458B8", 3, "(253)95211411234545678"),
    ("cpi+", "F0395211415E87A145BAFB4D19A8C0E4", 3, "(8010)95211415PQ7/Z43(8011)12345"),
    ("sgcn+", "F839521141678909509338", 3, "(255)952114167890904711"),
    ("itip+", "F3309521141123454010266AE27FDF35", 3, "(8006)095211411234540102(21)rif981"),
];

fn hex_of_words(hex: &str) -> String {
    let mut hex = hex.to_owned();
    while !hex.len().is_multiple_of(4) {
        hex.push('0');
    }
    hex
}

/// The printed example, cut or filled to the words that the tag holds.
fn assert_bits(epc: &Epc, printed: &str) {
    let encoded = epc.encode().to_string();
    let printed = hex_of_words(printed.trim_end_matches('0'));
    assert!(encoded.starts_with(&printed) && encoded.trim_end_matches('0') == printed.trim_end_matches('0'), "{encoded} for {printed}");
}

#[test]
fn examples_with_uris_translate_in_every_direction() {
    for (name, hex, body, gs1) in WITH_URI {
        let scheme: Scheme = name.parse().unwrap();
        let epc = Epc::from_hex(hex).unwrap_or_else(|error| panic!("{hex}: {error}"));
        assert_eq!(epc.scheme(), scheme);
        let tag_uri = format!("urn:epc:tag:{name}:{body}");
        assert_eq!(epc.tag_uri().unwrap().to_string(), tag_uri);
        assert_bits(&epc, hex);
        assert_eq!(Epc::from_tag_uri(&tag_uri), Ok(epc));
        let bare = if scheme == Scheme::Gid96 { body } else { body.split_once('.').unwrap().1 };
        let pure_uri = format!("urn:epc:id:{}:{bare}", scheme.family());
        assert_eq!(epc.pure_uri().unwrap().to_string(), pure_uri);
        let filter = epc.filter().unwrap_or(0);
        assert_eq!(Epc::from_pure_uri(&pure_uri, Some(scheme), filter), Ok(epc));
        assert_eq!(Epc::from_pure_uri(&pure_uri, None, filter).map(|shortest| shortest.key()), Ok(epc.key()));
        assert_eq!(epc.element_string().map(|gs1| gs1.to_string()).unwrap_or_default(), *gs1);
        if !gs1.is_empty() {
            assert_eq!(Epc::from_element_string(gs1, Some(scheme), filter, epc.company_prefix_digits()), Ok(epc));
            assert_eq!(Epc::from_element_string(gs1, None, filter, None).map(|plus| plus.key()), Ok(epc.key()));
        }
    }
}

#[test]
fn examples_of_plus_schemes_translate_both_ways() {
    for (name, hex, filter, gs1) in PLUS {
        let epc = Epc::from_hex(hex).unwrap_or_else(|error| panic!("{hex}: {error}"));
        assert_eq!(epc.scheme().name(), *name);
        assert_eq!(epc.filter(), Some(*filter));
        assert_eq!(epc.element_string().unwrap().to_string(), *gs1);
        assert!(epc.tag_uri().is_none() && epc.pure_uri().is_none() && !epc.has_aidc_data());
        assert_bits(&epc, hex);
        assert_eq!(Epc::from_element_string(gs1, Some(epc.scheme()), *filter, None), Ok(epc));
        assert_eq!(Epc::from_element_string(gs1, None, *filter, None), Ok(epc));
    }
}

#[test]
fn the_date_of_a_dsgtin_is_read() {
    let date = Epc::from_hex("FB342CDE795211411234538566CB0AFC4").unwrap().date().unwrap();
    assert_eq!((date.kind(), date.year(), date.month(), date.day()), (DateKind::Expiration, 22, 6, 30));
}

#[test]
fn the_same_gtin_and_serial_have_one_key_in_every_scheme() {
    let short = Epc::from_tag_uri("urn:epc:tag:sgtin-96:1.952114.7112345.981").unwrap();
    let long = Epc::from_tag_uri("urn:epc:tag:sgtin-198:5.9521141.712345.981").unwrap();
    let plus = Epc::from_element_string("(01)79521141123453(21)981", None, 2, None).unwrap();
    let dated = Epc::from_element_string("(01)79521141123453(11)240229(21)981", None, 2, None).unwrap();
    assert_eq!((plus.scheme(), dated.scheme()), (Scheme::SgtinPlus, Scheme::DsgtinPlus));
    assert!([long, plus, dated].iter().all(|other| other.key() == short.key()));
    assert_eq!(short.key().to_string(), "(01)79521141123453(21)981");
    let other = Epc::from_element_string("(01)79521141123453(21)0981", None, 2, None).unwrap();
    assert_ne!(other.key(), short.key(), "leading zeros of a serial number count");
}

#[test]
fn the_same_sscc_has_one_key_in_both_schemes() {
    let old = Epc::from_hex("3174257BF4499602D2000000").unwrap();
    let new = Epc::from_element_string("(00)106141412345678908", None, 0, None).unwrap();
    assert_eq!((old.scheme(), new.scheme()), (Scheme::Sscc96, Scheme::SsccPlus));
    assert_eq!(old.key(), new.key());
    assert_eq!(old.gs1_number(), Some(106_141_412_345_678_908));
}

#[test]
fn recoding_keeps_the_identity_and_needs_the_company_prefix_of_plus_schemes() {
    let old = Epc::from_hex("3074257BF7194E4000001A85").unwrap();
    let plus = old.recode(Scheme::SgtinPlus, None).unwrap();
    assert_eq!(plus.recode(Scheme::Sgtin96, None).unwrap_err().code(), "company-prefix-digits");
    assert_eq!(plus.recode(Scheme::Sgtin96, Some(7)), Ok(old));
    assert_eq!(plus.recode(Scheme::SsccPlus, None).unwrap_err().code(), "wrong-scheme");
    assert_eq!(plus.recode(Scheme::DsgtinPlus, None).unwrap_err().code(), "wrong-scheme", "there is no date");
}

#[test]
fn a_company_prefix_of_twelve_digits_leaves_the_reference_empty() {
    for uri in
        ["urn:epc:tag:sgln-96:0.952114112345..5678", "urn:epc:tag:grai-96:0.952114112345..5678", "urn:epc:tag:gdti-96:0.952114112345..5"]
    {
        let epc = Epc::from_tag_uri(uri).unwrap();
        assert_eq!(epc.tag_uri().unwrap().to_string(), uri);
        assert_eq!(Epc::from_hex(&epc.encode().to_string()), Ok(epc));
    }
}

#[test]
fn leading_zeros_stay() {
    let epc = Epc::from_tag_uri("urn:epc:tag:sgtin-198:0.000614.0000001.0007").unwrap();
    assert_eq!(epc.tag_uri().unwrap().to_string(), "urn:epc:tag:sgtin-198:0.000614.0000001.0007");
    assert_eq!(epc.company_prefix().unwrap().as_str(), "000614");
    assert_eq!(epc.element_string().unwrap().to_string(), "(01)00006140000016(21)0007");
}

#[test]
fn exactly_seven_characters_of_a_serial_number_are_escaped() {
    let serial = "!\"%&'()*+,-./:;<=>?_";
    let epc = Epc::from_element_string(&format!("(01)80614141123458(21){serial}"), Some(Scheme::Sgtin198), 0, Some(7)).unwrap();
    let uri = epc.pure_uri().unwrap().to_string();
    assert_eq!(uri, "urn:epc:id:sgtin:0614141.812345.!%22%25%26'()*+,-.%2F:;%3C=%3E%3F_");
    assert_eq!(Epc::from_pure_uri(&uri, None, 0), Ok(epc));
    assert_eq!(Epc::from_hex(&epc.encode().to_string()), Ok(epc));
}

#[test]
fn an_sgln_without_extension_has_the_extension_zero() {
    let epc = Epc::from_element_string("(414)9521141123454", Some(Scheme::Sgln96), 0, Some(7)).unwrap();
    assert_eq!(epc.pure_uri().unwrap().to_string(), "urn:epc:id:sgln:9521141.12345.0");
    assert_eq!(epc.element_string().unwrap().to_string(), "(414)9521141123454");
    assert_eq!(epc.recode(Scheme::SglnPlus, None).unwrap().key(), epc.key());
}
