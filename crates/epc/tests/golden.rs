//! Replays values that an independent implementation encoded: `golden/README.md` says how they were made.

use std::fs;
use std::path::{Path, PathBuf};

use pandian_epc::{Epc, Scheme};

/// A file of our own choosing, when a longer comparison is run by hand.
fn golden_file() -> PathBuf {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/epcpy.txt");
    std::env::var_os("EPC_GOLDEN").map_or(committed, PathBuf::from)
}

fn check(line: &str) -> Result<Scheme, String> {
    let fields: Vec<_> = line.split('\t').collect();
    let [name, hex, tag_uri, pure_uri, gs1] = fields[..] else { return Err("not five fields".into()) };
    let scheme: Scheme = name.parse().map_err(|error| format!("{error}"))?;
    let epc = Epc::from_hex(hex).map_err(|error| format!("{error}"))?;
    let filter = epc.filter().unwrap_or(0);
    let same = |what: &str, ours: String, theirs: &str| {
        if ours == theirs { Ok(()) } else { Err(format!("{what}: {ours} instead of {theirs}")) }
    };
    same("scheme", epc.scheme().to_string(), name)?;
    same("bits", epc.encode().to_string(), hex)?;
    same("tag URI", epc.tag_uri().map(|uri| uri.to_string()).unwrap_or_default(), tag_uri)?;
    same("pure URI", epc.pure_uri().map(|uri| uri.to_string()).unwrap_or_default(), pure_uri)?;
    let encoded = |epc: Result<Epc, _>| epc.map_or_else(|error: pandian_epc::EpcError| error.to_string(), |epc| epc.encode().to_string());
    same("bits of the tag URI", encoded(Epc::from_tag_uri(tag_uri)), hex)?;
    same("bits of the pure URI", encoded(Epc::from_pure_uri(pure_uri, Some(scheme), filter)), hex)?;
    if gs1 != "-" {
        let ours = epc.element_string().map(|gs1| gs1.to_string()).unwrap_or_default();
        // TDS 7.5 leaves the extension 0 out, the other implementation writes it.
        same("element string", ours, gs1.strip_suffix("(254)0").unwrap_or(gs1))?;
        same("bits of the element string", encoded(Epc::from_element_string(gs1, Some(scheme), filter, epc.company_prefix_digits())), hex)?;
        let plus = Epc::from_element_string(gs1, None, filter, None).map_err(|error| format!("as + scheme: {error}"))?;
        same("key", plus.key().to_string(), &epc.key().to_string())?;
        same("back from the + scheme", encoded(plus.recode(scheme, epc.company_prefix_digits())), hex)?;
    }
    Ok(scheme)
}

#[test]
fn values_of_an_independent_implementation_agree_both_ways() {
    let path = golden_file();
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (mut schemes, mut wrong) = (Vec::new(), Vec::new());
    for (number, line) in text.lines().enumerate() {
        match check(line) {
            Ok(scheme) => schemes.push(scheme),
            Err(why) => wrong.push(format!("line {}: {why}", number + 1)),
        }
    }
    assert!(wrong.is_empty(), "{} of {} lines differ:\n{}", wrong.len(), text.lines().count(), wrong[..wrong.len().min(20)].join("\n"));
    // All with URIs but GDTI-113, which is deprecated and unknown there.
    schemes.dedup();
    assert_eq!(schemes.len(), 21);
}
