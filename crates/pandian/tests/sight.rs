//! Pictures, looked at: references by the command line, and a demonstration over network cameras whose evidence is all there.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/program.rs"]
mod program;

use std::path::{Path, PathBuf};

use pandian_domain::sight::{Presence, Sight};
use pandian_domain::{Digest, Fact};
use pandian_sim::scene::{Load, Scene, Size, SlotLook};
use pandian_store::{Access, Store};
use program::run;
use serde_json::Value;

/// Large enough for a label's bars to be told apart.
const SIZE: Size = Size { width: 1920, height: 1080 };
const LABEL: &str = "340123450000000018";

fn look() -> SlotLook {
    SlotLook::new(7, 7)
}

/// Writes a photograph of a slot that is empty, or that holds a unit.
fn photograph(folder: &Path, name: &str, load: Load, picture: u64) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, Scene::new(look(), load, SIZE, picture).render()).unwrap();
    path
}

fn empty(folder: &Path, picture: u64) -> PathBuf {
    photograph(folder, &format!("empty{picture}.jpg"), Load::default(), picture)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn a_picture_is_held_against_pictures_of_the_empty_slot_and_against_its_label() {
    let folder = tempfile::tempdir().unwrap();
    let references: Vec<String> = (1..=4).map(|picture| text(&empty(folder.path(), picture))).collect();
    let (mask, before) = (text(&folder.path().join("mask.png")), references[0].clone());
    let [left, top, right, beam] = look().opening(SIZE);
    let opening = format!("{left},{top},{right},{beam}");
    let compared = |picture: &Path, more: &[&str]| -> Value {
        let picture = text(picture);
        let mut arguments = vec!["vision", "compare", &picture, "--json", "--before", &before, "--mask", &mask, "--opening", &opening];
        arguments.extend(references.iter().flat_map(|reference| ["--reference", reference.as_str()]));
        arguments.extend(more);
        let ended = run(&arguments);
        assert_eq!((ended.code(), ended.stderr.as_str()), (Some(0), ""));
        serde_json::from_str(&ended.lines[0]).unwrap()
    };
    let nothing = compared(&empty(folder.path(), 9), &[]);
    assert_eq!(nothing["occupancy"]["verdict"], "empty", "{nothing}");
    let loaded = photograph(folder.path(), "loaded.jpg", Load::of([(3, Some(LABEL))]), 11);
    let something = compared(&loaded, &["--expect", LABEL]);
    assert_eq!(something["occupancy"]["verdict"], "occupied", "{something}");
    assert_eq!(something["identity"], "match", "{something}");
    assert!(something["codes"].as_array().unwrap().iter().any(|code| code["text"].as_str().unwrap().contains(LABEL)));
    assert_eq!(something["change"]["verdict"], "changed", "{something}");
    assert!(std::fs::read(&mask).unwrap().starts_with(b"\x89PNG"));
    let other = compared(&loaded, &["--expect", "340123450000000025"]);
    assert_eq!(other["identity"], "mismatch", "{other}");
}

#[test]
fn what_is_no_picture_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let reference = text(&empty(folder.path(), 1));
    let page = folder.path().join("login.jpg");
    std::fs::write(&page, "<html>").unwrap();
    for arguments in [
        &["vision", "compare", &text(&page), "--reference", &reference][..],
        &["vision", "compare", &reference, "--reference", &text(&page)],
        &["vision", "compare", &reference, "--reference", "nowhere.jpg"],
    ] {
        let ended = run(arguments);
        assert_eq!(ended.code(), Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(".jpg: "), "{}", ended.stderr);
    }
}

#[test]
fn references_are_numbered_decided_on_by_a_person_and_never_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let data = text(&folder.path().join("data"));
    let pictures: Vec<String> = (1..=3).map(|picture| text(&empty(folder.path(), picture))).collect();
    let references = |arguments: &[&str]| {
        let mut all = vec!["references"];
        all.extend(arguments);
        all.extend(["--data", &data]);
        run(&all)
    };
    let added = references(&["add", &pictures[0], &pictures[1], "--kind", "pallet", "--light", "night"]);
    assert_eq!(added.code(), Some(0), "{}", added.stderr);
    assert!(added.lines[0].starts_with("kind:pallet/night/1") && added.lines[1].starts_with("kind:pallet/night/2"), "{:?}", added.lines);
    assert!(references(&["add", &pictures[2], "--location", "1号/左"]).lines[0].starts_with("1号/左/day/1"));
    assert_eq!(references(&["accept", "kind:pallet/night/2", "1号/左/day/1", "--by", "李"]).code(), Some(0));
    assert_eq!(references(&["reject", "kind:pallet/night/1", "--by", "李", "--reason", "a box in it"]).code(), Some(0));
    let unknown = references(&["accept", "1号/左/day/1", "kind:pallet/night/7", "--by", "li"]);
    assert_eq!(unknown.code(), Some(2));
    assert!(unknown.stderr.contains("kind:pallet/night/7"), "{}", unknown.stderr);
    let listed: Vec<Value> = references(&["list", "--json"]).lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let standing = |name: &str| {
        let found = listed.iter().find(|listed| listed["reference"] == name).unwrap();
        (found["standing"].as_str().unwrap().to_owned(), found["by"].as_str().unwrap().to_owned())
    };
    assert_eq!(standing("kind:pallet/night/1"), ("rejected".to_owned(), "李".to_owned()));
    assert_eq!(standing("kind:pallet/night/2"), ("accepted".to_owned(), "李".to_owned()));
    let out = text(&folder.path().join("out.jpg"));
    assert_eq!(references(&["show", "kind:pallet/night/1", "--out", &out]).code(), Some(0));
    assert_eq!(std::fs::read(&out).unwrap(), std::fs::read(&pictures[0]).unwrap());
    let verified = run(["verify", "--data", &data]);
    assert_eq!(verified.code(), Some(0), "{}", verified.stderr);
    // A reference that is gone is noticed.
    std::fs::remove_dir_all(folder.path().join("data/evidence")).unwrap();
    assert_eq!(run(["verify", "--data", &data]).code(), Some(1));
}

#[tokio::test]
async fn a_demonstration_over_network_cameras_keeps_the_evidence_of_every_picture() {
    let folder = tempfile::tempdir().unwrap();
    let path = text(&folder.path().join("demo"));
    let ended = run(["demo", "--once", "--cranes", "1", "--speed", "100", "--data", &path]);
    assert!(matches!(ended.code(), Some(0 | 3)), "{}\n{}", ended.lines.join("\n"), ended.stderr);
    let data = format!("{path}/data");
    assert_eq!(run(["verify", "--data", &data]).code(), Some(0));

    let store = Store::open(Path::new(&data), Access::Read).await.unwrap();
    let (mut after, mut sights): (u64, Vec<Sight>) = (0, Vec::new());
    loop {
        let page = store.records_after(after, 500).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.seq;
        sights.extend(page.iter().filter_map(|stored| match stored.record().unwrap().fact {
            Fact::Compared { sight, .. } => sight.map(|sight| *sight),
            _ => None,
        }));
    }
    assert!(sights.len() >= 100, "{}", sights.len());
    let told = sights.iter().filter(|sight| sight.occupancy.verdict != Presence::Unsure).count();
    assert!(told * 100 >= sights.len() * 85, "{told} of {}", sights.len());
    let labelled = sights.iter().filter(|sight| sight.codes.iter().any(|code| code.sure)).count();
    assert!(labelled * 2 > sights.len(), "{labelled} of {}", sights.len());
    let mut kept: Vec<Digest> = sights.iter().flat_map(|sight| sight.references.iter().copied().chain(sight.mask)).collect();
    kept.sort_unstable_by_key(|digest| digest.0);
    kept.dedup();
    assert!(kept.len() > sights.len() / 2);
    for digest in kept.iter().take(20) {
        assert!(store.evidence(*digest).await.unwrap().is_some());
    }
    store.close().await.unwrap();
}
