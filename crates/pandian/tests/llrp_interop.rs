//! LLRP with others at the other end of the wire: their emulator and our client, their clients and our emulator, and a dissector in between.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/program.rs"]
mod program;
#[path = "interop/recorder.rs"]
mod recorder;
#[path = "interop/stand.rs"]
mod stand;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use pandian_sim::wire::{Flavour, LlrpReaderSpec, TlsFiles};
use program::{Ended, Running, event};
use recorder::{Recorder, dissected};
use serde_json::Value;
use stand::{Stand, count, heard, listened, python, told_by, tried, warehouse};

const EPCS: [&str; 3] = ["3074257BF7194E4000001A85", "3174257BF4499602D2000000", "E28011602000"];

/// A location of the stand where a tag is.
const SOMEWHERE: &str = "A01-L-01-01";

/// llrpkit's emulator of a reader, with these tags.
fn emulator() -> (Running, SocketAddr) {
    let mut running = Running::start(&mut python("emulator.py", &EPCS));
    let line = running.wait_for_line("its port", |line| line.contains("port"));
    let port = event(&line)["port"].as_u64().unwrap();
    (running, format!("127.0.0.1:{port}").parse().unwrap())
}

fn epcs(ended: &Ended) -> BTreeSet<String> {
    assert_eq!((ended.code(), ended.stderr.as_str()), (Some(0), ""));
    ended.events().iter().map(|tag| tag["epc"].as_str().unwrap().to_owned()).collect()
}

#[test]
#[ignore = "needs llrpkit"]
fn our_client_reads_what_llrpkits_emulator_has() {
    let (_emulator, address) = emulator();
    let folder = tempfile::tempdir().unwrap();
    let file = warehouse(folder.path(), "kind = \"sim\"", address, ", session = 1");
    let reader = tried(&file);
    assert_eq!(reader["good"], true, "{reader}");
    assert!(reader["message"].as_str().unwrap().contains("Impinj model 700"), "{reader}");

    // One client after the other: each leaves the reader free for the next.
    let wanted = EPCS.map(str::to_owned).into();
    assert_eq!(epcs(&listened(&[&address.to_string()], "2")), wanted);
    assert_eq!(epcs(&listened(&["C1", "--warehouse", file.to_str().unwrap()], "2")), wanted);

    let events = count(&file, &folder.path().join("data"));
    assert!(heard(&events) >= EPCS.len() as u64, "{events:#?}");
}

/// What a client of others heard of our emulator, and what ours does.
fn heard_alike(flavour: Flavour, script: &str) -> Value {
    let stand = Stand::start(|spec| LlrpReaderSpec { flavour, ..spec });
    stand.send_to(SOMEWHERE);
    let port = stand.reader.port().to_string();
    let told = told_by(script, &[&port, "2"]);
    let theirs: BTreeSet<String> = told["tags"].as_object().unwrap().keys().cloned().collect();
    let ours = epcs(&listened(&[&stand.reader.to_string()], "1"));
    assert!(!ours.is_empty());
    assert_eq!(theirs, ours, "{told}");
    for tag in told["tags"].as_object().unwrap().values() {
        assert!(tag["antenna"].as_u64().is_some() && tag["rssi_dbm"].as_f64().is_some_and(|rssi| (-90.0..0.0).contains(&rssi)), "{told}");
    }
    told
}

#[test]
#[ignore = "needs sllurp"]
fn sllurp_reads_our_emulator() {
    for flavour in [Flavour::Generic, Flavour::Impinj, Flavour::Zebra] {
        heard_alike(flavour, "sllurp_client.py");
    }
}

#[test]
#[ignore = "needs llrpkit"]
fn llrpkit_reads_our_emulator() {
    for flavour in [Flavour::Generic, Flavour::Impinj, Flavour::Zebra] {
        let told = heard_alike(flavour, "llrpkit_client.py");
        assert_eq!(told["antennas"], 2, "{told}");
    }
}

fn openssl(folder: &Path, words: &[&str]) {
    let output = Command::new("openssl").args(words).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A certificate authority and a certificate for `localhost` that it signed, in a folder.
fn certificates(folder: &Path) -> TlsFiles {
    let openssl = |words: &[&str]| openssl(folder, words);
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let authority = ["-x509", "-days", "2", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem"];
    openssl(&[&["req"], &key[..], &authority[..]].concat());
    openssl(&[&["req"], &key[..], &["-subj", "/CN=reader", "-keyout", "reader.key", "-out", "reader.csr"]].concat());
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n").unwrap();
    signed(folder, "2", "reader.pem")
}

/// A certificate that the authority of a folder signs for the key that is there; it is good for so many days from now on.
fn signed(folder: &Path, days: &str, file: &str) -> TlsFiles {
    let authority = ["x509", "-req", "-in", "reader.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names"];
    openssl(folder, &[&authority[..], &["-days", days, "-out", file]].concat());
    TlsFiles { certificate: folder.join(file), key: folder.join("reader.key") }
}

/// The SHA-256 of a certificate, as openssl prints it.
fn fingerprint(certificate: &Path) -> String {
    let output = Command::new("openssl").args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(certificate).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.trim().split_once('=').unwrap().1.to_owned()
}

#[test]
#[ignore = "needs openssl"]
fn our_client_counts_over_tls_and_knows_whom_it_speaks_to() {
    let folder = tempfile::tempdir().unwrap();
    let files = certificates(folder.path());
    let stand = Stand::start(|spec| LlrpReaderSpec { tls: Some(files.clone()), ..spec });
    let authority = format!(", tls = {{ ca = {:?} }}", folder.path().join("ca.pem"));
    let pinned = format!(", tls = {{ sha256 = {:?} }}", fingerprint(&files.certificate));
    for tls in [&authority, &pinned] {
        let file = stand.warehouse(stand.reader, tls);
        assert_eq!(tried(&file)["good"], true, "{tls}");
    }
    let events = stand.count(&stand.warehouse(stand.reader, &authority));
    assert!(heard(&events) > 0, "{events:#?}");

    let strangers = tempfile::tempdir().unwrap();
    let strange = certificates(strangers.path());
    let wrong_authority = format!(", tls = {{ ca = {:?} }}", strangers.path().join("ca.pem"));
    let wrong_pin = format!(", tls = {{ sha256 = {:?} }}", fingerprint(&strange.certificate));
    let wrong_name = format!(", tls = {{ ca = {:?}, server_name = \"another\" }}", folder.path().join("ca.pem"));
    let past = Stand::start(|spec| LlrpReaderSpec { tls: Some(signed(folder.path(), "-1", "past.pem")), ..spec });
    for (stand, tls, reason) in [
        // Of the same name, but it did not sign this.
        (&stand, &wrong_authority, "BadSignature"),
        (&stand, &wrong_pin, "`tls.sha256`"),
        (&stand, &wrong_name, "another"),
        (&past, &authority, "Expired"),
    ] {
        let reader = tried(&stand.warehouse(stand.reader, tls));
        assert_eq!((&reader["good"], reader["code"].as_str()), (&false.into(), Some("device-unreachable")), "{tls}: {reader}");
        assert!(reader["message"].as_str().unwrap().contains(reason), "{tls}: {reader}");
    }
}

#[test]
#[ignore = "needs tshark"]
fn tshark_finds_no_malformed_frame_of_ours() {
    for flavour in [Flavour::Generic, Flavour::Impinj, Flavour::Zebra] {
        let stand = Stand::start(|spec| LlrpReaderSpec { flavour, ..spec });
        let recorder = Recorder::before(stand.reader);
        let file: PathBuf = stand.warehouse(recorder.address, "");
        assert!(heard(&stand.count(&file)) > 0);
        let capture = stand.folder.path().join("session.pcap");
        recorder.write(&capture);
        let types = dissected(&capture, "llrp");
        // Reports, and the end in order: CLOSE_CONNECTION and its response.
        let has = |wanted: &str| types.iter().any(|number| number == wanted);
        assert!(types.len() > 8 * stand::LOCATIONS && ["61", "14", "4"].into_iter().all(has), "{flavour:?}: {types:?}");
        assert_eq!(dissected(&capture, "_ws.malformed"), [""; 0], "{flavour:?}: {}", capture.display());
    }
}
