//! Pictures, looked at: references by the command line, and a demonstration over network cameras whose evidence is all there.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "support/program.rs"]
mod program;
#[path = "support/warehouse.rs"]
mod warehouse;

use std::path::{Path, PathBuf};

use pandian_domain::sight::{Presence, Sight};
use pandian_domain::{Digest, Fact, LocationCode, Verdict};
use pandian_sim::scene::{Load, Scene, Size, SlotLook};
use pandian_store::{Access, Store};
use program::{PATIENCE, Running, pandian, run};
use serde_json::Value;
use warehouse::{Draft, world_of};

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

/// A BMP of one gray: no rack is to be seen on it.
fn gray(folder: &Path) -> PathBuf {
    const SIDE: u32 = 64;
    let mut bytes = b"BM".to_vec();
    for number in [54 + SIDE * SIDE * 3, 0, 54, 40, SIDE, SIDE] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend([1, 0, 24, 0]);
    bytes.resize(54, 0);
    bytes.resize(54 + (SIDE * SIDE * 3) as usize, 130);
    let path = folder.join("gray.bmp");
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn where_there_is_no_mask_that_of_an_earlier_picture_is_not_left_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let (picture, reference) = (text(&gray(folder.path())), text(&empty(folder.path(), 1)));
    let mask = folder.path().join("mask.png");
    let path = text(&mask);
    let arguments = ["vision", "compare", &picture, "--reference", &reference, "--mask", &path];
    std::fs::write(&mask, "of an earlier picture").unwrap();
    let told = run(arguments);
    assert_eq!((told.code(), mask.exists()), (Some(0), false), "{}", told.stderr);
    assert!(told.lines.last().unwrap().starts_with("no difference mask"), "{:?}", told.lines);
    // Nor is one missed that was not there, and what is no file is left alone.
    let told = run(arguments.iter().copied().chain(["--json"]));
    assert_eq!(told.code(), Some(0), "{}", told.stderr);
    assert_eq!(told.events()[0]["mask"], Value::Null);
    std::fs::create_dir(&mask).unwrap();
    assert_eq!((run(arguments).code(), mask.is_dir()), (Some(0), true));
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
    // A location may be called like a kind.
    assert!(references(&["add", &pictures[2], "--location", "kind:pallet"]).lines[0].starts_with("location:kind:pallet/day/1"));
    assert_eq!(references(&["accept", "location:kind:pallet/day/1", "--by", "李"]).code(), Some(0));
    let verified = run(["verify", "--data", &data]);
    assert_eq!(verified.code(), Some(0), "{}", verified.stderr);
    // A reference that is gone is noticed.
    std::fs::remove_dir_all(folder.path().join("data/evidence")).unwrap();
    assert_eq!(run(["verify", "--data", &data]).code(), Some(1));
}

#[test]
fn references_are_of_the_locations_and_kinds_of_the_warehouse_and_fit_by_its_limits() {
    let folder = tempfile::tempdir().unwrap();
    let (data, picture) = (folder.path().join("data"), text(&empty(folder.path(), 1)));
    let tables = "[vision]\n{LIMIT}\n[[vision.slot]]\nkind = \"low\"\nlevels = [1]\n";
    let draft = |limit: &str| Draft { cranes: 1, levels: 2, tables: tables.replace("{LIMIT}", limit), ..Draft::default() };
    let file = text(&draft("").write(folder.path()));
    let references = |arguments: &[&str]| run(["references"].iter().chain(arguments).copied().chain(["--data", &text(&data)]));
    let refused = |arguments: &[&str], why: &str| {
        let ended = references(arguments);
        assert!(ended.code() == Some(2) && ended.stderr.contains(why), "{arguments:?}: {}", ended.stderr);
    };
    refused(&["take", &file, "A01-L-001-01", "--kind", "lwo"], "of the kind \"lwo\"; there are \"low\", \"slot\"");
    refused(&["take", &file, "A01-L-001-01", "A01-L-001-02", "--kind", "low"], "\"A01-L-001-02\" is of the kind \"slot\"");
    refused(&["take", &file, "A01-L-001-09"], "there is no location \"A01-L-001-09\"");
    refused(&["add", &picture, "--kind", "lwo", "--warehouse", &file], "there are \"low\", \"slot\"");
    refused(&["add", &picture, "--location", "A01-L-001-09", "--warehouse", &file], "there is no location \"A01-L-001-09\"");
    assert!(!data.exists(), "something was taken");

    assert!(references(&["add", &picture, "--kind", "low", "--warehouse", &file]).lines[0].starts_with("kind:low/day/1"));
    let taken = references(&["take", &file, "A01-L-001-01", "--kind", "low"]);
    assert!(taken.code() == Some(0) && taken.lines[0].starts_with("kind:low/day/2"), "{}", taken.stderr);
    let strict = text(&draft("contrast = 200").write(folder.path()));
    for arguments in [&["add", &picture, "--kind", "low", "--warehouse", &strict][..], &["take", &strict, "A01-L-001-01"]] {
        let ended = references(arguments);
        assert!(ended.code() != Some(0) && ended.stderr.contains("no use as a reference"), "{arguments:?}: {}", ended.stderr);
    }
    assert_eq!(references(&["list"]).lines.len(), 2);
}

/// The whole numbers of a line, in their order.
fn numbers(line: &str) -> Vec<usize> {
    line.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

/// How answers to pictures stand against what was really before the camera.
#[derive(Debug, Default)]
struct Answers {
    /// Pictures.
    all: usize,
    /// What is so was told.
    right: usize,
    /// The contrary was told.
    wrong: usize,
}

impl Answers {
    /// Of pictures, with what was told and whether something stood there.
    fn of(pictures: impl Iterator<Item = (Presence, bool)>) -> Self {
        pictures.fold(Self::default(), |sum, (told, occupied)| {
            let so = if occupied { Presence::Occupied } else { Presence::Empty };
            let is_wrong = told != so && told != Presence::Unsure;
            Self { all: sum.all + 1, right: sum.right + usize::from(told == so), wrong: sum.wrong + usize::from(is_wrong) }
        })
    }
}

/// What was seen on every picture on record, with its location.
async fn sights_of(store: &Store) -> Vec<(LocationCode, Sight)> {
    let (mut after, mut sights) = (0, Vec::new());
    loop {
        let page = store.records_after(after, 500).await.unwrap();
        let Some(last) = page.last() else { return sights };
        after = last.seq;
        sights.extend(page.iter().map(|stored| stored.record().unwrap()).filter_map(|record| match record.fact {
            Fact::Compared { sight, .. } => Some((record.location?, *sight?)),
            _ => None,
        }));
    }
}

#[tokio::test]
async fn a_demonstration_over_network_cameras_keeps_all_evidence_and_is_seldom_wrong_about_what_stands_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = text(&folder.path().join("demo"));
    // Two slots of this seed are empty that should not be, and of an empty and a full one the view is blocked.
    let mut demo = Running::start(&mut pandian(["demo", "--once", "--cranes", "1", "--seed", "130", "--speed", "100", "--data", &path]));
    // Each of its pictures is drawn, sent and looked at.
    assert!(demo.ends_within(4 * PATIENCE));
    let ended = demo.end();
    assert!(matches!(ended.code(), Some(0 | 3)), "{}\n{}", ended.lines.join("\n"), ended.stderr);
    let data = format!("{path}/data");
    assert_eq!(run(["verify", "--data", &data]).code(), Some(0));
    let store = Store::open(Path::new(&data), Access::Read).await.unwrap();
    let sights = sights_of(&store).await;

    let simulation = world_of(&Path::new(&path).join("warehouse.toml"));
    let world = simulation.world();
    let truth = |location: &LocationCode| world.scene_truth(world.layout().index_of(location.as_str()).unwrap());
    let planted = |location: &LocationCode| world.planted().find(|planted| planted.location == *location).map(|planted| planted.verdict);
    let answers = |of: &dyn Fn(&LocationCode) -> bool| {
        let pictures = sights.iter().filter(|(location, _)| of(location));
        Answers::of(pictures.map(|(location, sight)| (sight.occupancy.verdict, truth(location).occupied)))
    };
    let (empty, occupied) = (answers(&|location| !truth(location).occupied), answers(&|location| truth(location).occupied));
    let unexpected = answers(&|location| planted(location) == Some(Verdict::UnexpectedlyEmpty));
    let blocked = answers(&|location| truth(location).blocked);
    let all = format!("empty {empty:?}, occupied {occupied:?}, planted empty {unexpected:?}, blocked {blocked:?}");
    assert!(sights.len() >= 100 && unexpected.all >= 2 && blocked.all >= 2, "{all}");
    // A sixth of the slots are empty. Whoever always says the same has these wrong, or all the others; whoever says nothing has none right.
    assert!(empty.all * 8 >= sights.len() && empty.right * 10 >= empty.all * 7 && occupied.right * 10 >= occupied.all * 8, "{all}");
    assert!((empty.wrong + occupied.wrong) * 50 <= sights.len(), "{all}");
    assert_eq!((unexpected.wrong, blocked.wrong), (0, 0), "{all}");
    // And the demonstration says so itself.
    let line = |of: &str| ended.lines.iter().find(|line| line.contains(of)).map(|line| numbers(line)).unwrap();
    let (right, wrong) = (empty.right + occupied.right, empty.wrong + occupied.wrong);
    assert_eq!(line("silently wrong")[..4], [sights.len(), right, sights.len() - right - wrong, wrong]);
    assert!(line("Blocked views").ends_with(&[blocked.all, 0]), "{}", ended.lines.join("\n"));

    let labelled = sights.iter().filter(|(_, sight)| sight.codes.iter().any(|code| code.sure)).count();
    assert!(labelled * 2 > sights.len(), "{labelled} of {}", sights.len());
    let mut kept: Vec<Digest> = sights.iter().flat_map(|(_, sight)| sight.references.iter().copied().chain(sight.mask)).collect();
    kept.sort_unstable_by_key(|digest| digest.0);
    kept.dedup();
    assert!(kept.len() > sights.len() / 2);
    for digest in kept.iter().take(20) {
        assert!(store.evidence(*digest).await.unwrap().is_some());
    }
    store.close().await.unwrap();
}
