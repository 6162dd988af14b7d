//! What is booked, what lies there, and what a perfect count makes of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use pandian_domain::book::Book;
use pandian_domain::observation::Witness;
use pandian_domain::verdict::{Attributed, Seen, judge};
use pandian_domain::{BookLine, BookSnapshot, Judgement, LocationCode, Verdict};
use pandian_sim::{Planted, World};

use crate::warehouse::{opaque, racks, spec, world};

/// Judges a location by what perfect devices return there.
fn count(world: &World, book: &dyn Book, slot: u32) -> Judgement {
    let location = &world.layout().slot(slot).code;
    let snapshot =
        book.lines(location).map(|lines| BookSnapshot { source: book.source(), at: "2026-01-02T03:04:05Z".parse().unwrap(), lines });
    let seen = Seen {
        book: snapshot,
        rfid: Witness::Saw(world.inventory(slot)),
        vision: Witness::Saw(world.findings(slot)),
        capture_failed: false,
    };
    judge(location, &seen, &Attributed::all_of(&seen), |code| book.whereabouts(code))
}

/// Counts every location and holds the verdicts against the planted differences.
fn assert_that_a_perfect_count_finds_what_was_planted(world: &World) -> Vec<Planted> {
    let book = world.book();
    let planted: Vec<Planted> = world.planted().collect();
    let by_location: HashMap<&LocationCode, &Planted> = planted.iter().map(|planted| (&planted.location, planted)).collect();
    assert_eq!(by_location.len(), planted.len());
    for (slot, at) in (0..).zip(world.layout().slots()) {
        let judgement = count(world, &*book, slot);
        match by_location.get(&at.code) {
            Some(planted) => {
                assert_eq!(judgement.verdict, planted.verdict, "{:?}: {judgement:?}", at.code);
                if planted.verdict == Verdict::Misplaced {
                    assert_eq!(judgement.belongs_at, planted.partner, "{:?}", at.code);
                }
            }
            None => assert!(judgement.verdict.is_agreement(), "{:?}: {judgement:?}", at.code),
        }
        assert!(judgement.confidence > 0.7, "{judgement:?}");
    }
    planted
}

fn tally(planted: &[Planted]) -> BTreeMap<Verdict, usize> {
    planted.iter().fold(BTreeMap::new(), |mut tally, planted| {
        *tally.entry(planted.verdict).or_default() += 1;
        tally
    })
}

#[test]
fn a_perfect_count_finds_exactly_what_was_planted_and_nearly_as_much_as_was_asked_for() {
    let world = world(racks(5000), "seed = 7\nunits_per_slot = 3");
    let planted = assert_that_a_perfect_count_finds_what_was_planted(&world);
    assert!((110..=190).contains(&planted.len()), "{}", planted.len());
    let tally = tally(&planted);
    for kind in [Verdict::Shortage, Verdict::Overage, Verdict::Misplaced, Verdict::WrongItem, Verdict::UnexpectedlyEmpty] {
        assert!(tally.get(&kind).is_some_and(|count| *count >= 10), "{tally:?}");
    }
    let book = world.book();
    let filled = world.layout().slots().iter().filter(|slot| book.lines(&slot.code).is_some_and(|lines| !lines.is_empty())).count();
    assert!((4150..=4350).contains(&filled), "{filled}");
    let extra_in_an_empty_slot =
        |planted: &&Planted| planted.verdict == Verdict::Overage && book.lines(&planted.location).unwrap().is_empty();
    assert!(planted.iter().any(|planted| extra_in_an_empty_slot(&planted)));
}

#[test]
fn worlds_of_any_size_and_rate_are_counted_as_planted() {
    for (slots, settings) in [
        (1, "differences = 1.0"),
        (2, "differences = 1.0\nseed = 3"),
        (3, "differences = 1.0"),
        (700, "differences = 1.0\nunits_per_slot = 8"),
        (700, "differences = 1.0\nmisplaced_within = 0"),
        (2500, "differences = 0.5\nmisplaced_within = 3\nunits_per_slot = 3"),
        (700, "differences = 0.0"),
        (700, "fill = 0.0\ndifferences = 0.5"),
        (700, "fill = 1.0\ndifferences = 0.5\nunits_per_slot = 1"),
    ] {
        let planted = assert_that_a_perfect_count_finds_what_was_planted(&world(racks(slots), settings));
        assert_eq!(planted.is_empty(), settings.contains("differences = 0.0"), "{slots}: {settings}");
    }
}

#[test]
fn opaque_codes_without_places_and_books_work() {
    let world = world(opaque(200, 3), "differences = 0.2");
    assert!(!assert_that_a_perfect_count_finds_what_was_planted(&world).is_empty());
    let crane = "WCS".into();
    for to in 1..50 {
        let travel = world.travel(&crane, Some(0), to);
        assert!((Duration::from_secs(3)..=Duration::from_secs(12)).contains(&travel), "{travel:?}");
        assert_eq!(travel.subsec_nanos() % 1_000_000, 0);
        assert_eq!(travel, world.travel(&crane, Some(0), to));
    }
    assert_eq!(world.travel(&crane, Some(4), 4), Duration::ZERO);
}

#[test]
fn every_misplaced_unit_is_missed_at_one_place_and_found_at_another() {
    let world = world(racks(5000), "differences = 0.2");
    let planted: HashMap<LocationCode, Planted> = world.planted().map(|planted| (planted.location.clone(), planted)).collect();
    let pairs: Vec<&Planted> = planted.values().filter(|planted| planted.verdict == Verdict::Misplaced).collect();
    assert!(pairs.len() > 100, "{}", pairs.len());
    for found in pairs {
        let missed = &planted[found.partner.as_ref().unwrap()];
        assert_eq!(missed.partner.as_ref(), Some(&found.location));
        assert!(matches!(missed.verdict, Verdict::Shortage | Verdict::UnexpectedlyEmpty), "{missed:?}");
    }
}

#[test]
fn the_same_seed_is_the_same_world_and_another_seed_another() {
    let look = |settings: &str| {
        let world = world(racks(300), settings);
        let book = world.book();
        let shelves: Vec<_> =
            (0..300).map(|slot| (book.lines(&world.layout().slot(slot).code), world.inventory(slot), world.picture(slot))).collect();
        (shelves, world.planted().collect::<Vec<_>>())
    };
    assert_eq!(look("seed = 5"), look("seed = 5"));
    assert_ne!(look("seed = 5"), look("seed = 6"));
}

#[test]
fn pictures_differ_where_contents_differ() {
    let world = world(racks(50), "picture_every = 10");
    let pictures: std::collections::HashSet<_> = (0..50).map(|slot| world.picture(slot)).collect();
    assert_eq!(pictures.len(), 50);
    assert!(world.has_picture(20) && !world.has_picture(21));
}

/// Books as a file gives them: some lines without a tag, some locations unknown.
struct ListedBook(HashMap<LocationCode, Vec<BookLine>>);

impl Book for ListedBook {
    fn lines(&self, location: &LocationCode) -> Option<Vec<BookLine>> {
        self.0.get(location).cloned()
    }
    fn whereabouts(&self, code: &str) -> Option<(LocationCode, BookLine)> {
        self.0.iter().find_map(|(location, lines)| Some((location.clone(), lines.iter().find(|line| line.is_named_by(code))?.clone())))
    }
    fn source(&self) -> Arc<str> {
        "book.csv".into()
    }
}

#[test]
fn given_books_are_what_ought_to_lie_there_and_differences_are_planted_where_a_count_can_tell() {
    let drawn = world(racks(600), "seed = 11").book();
    let mut listed = HashMap::new();
    for (n, slot) in racks(600).slots().iter().enumerate() {
        let mut lines = drawn.lines(&slot.code).unwrap();
        match n % 10 {
            0 => lines.iter_mut().for_each(|line| line.epc = None),
            1 => lines.iter_mut().for_each(|line| line.handling_unit = None),
            2 if lines.len() > 1 => lines[1].epc = lines[0].epc.clone(),
            3 => continue,
            _ => {}
        }
        listed.insert(slot.code.clone(), lines);
    }
    let unknown: Vec<LocationCode> =
        racks(600).slots().iter().map(|slot| slot.code.clone()).filter(|code| !listed.contains_key(code)).collect();
    let mut spec = spec(racks(600), "differences = 0.5");
    spec.book = Some(Arc::new(ListedBook(listed)));
    let world = World::new(spec).unwrap();
    let planted: HashMap<LocationCode, Verdict> = world.planted().map(|planted| (planted.location, planted.verdict)).collect();
    assert!(planted.len() > 100, "{}", planted.len());
    let book = world.book();
    for (slot, at) in (0..).zip(world.layout().slots()) {
        let verdict = count(&world, &*book, slot).verdict;
        match planted.get(&at.code) {
            Some(expected) => assert_eq!(verdict, *expected, "{:?}", at.code),
            None if unknown.contains(&at.code) => assert_eq!(verdict, Verdict::Ambiguous),
            None => assert!(verdict.is_agreement(), "{:?}: {verdict:?}", at.code),
        }
    }
}

#[test]
fn labels_and_tags_of_the_books_lead_home_and_others_nowhere() {
    let world = world(racks(1000), "seed = 2");
    let book = world.book();
    for slot in world.layout().slots() {
        for line in book.lines(&slot.code).unwrap() {
            let home = Some((slot.code.clone(), line.clone()));
            assert_eq!(book.whereabouts(line.epc.as_ref().unwrap().as_str()), home);
            assert_eq!(book.whereabouts(line.handling_unit.as_deref().unwrap()), home);
        }
    }
    for code in ["", "A01-L-001-01", "31D9A5353C0000FFFFFFFFFF", "000000000000000000"] {
        assert_eq!(book.whereabouts(code), None, "{code}");
    }
    assert_eq!(book.lines(&"nowhere".into()), None);
}

#[test]
fn settings_out_of_range_are_named() {
    for (settings, message) in [
        ("fill = 1.5", "simulation.fill: 1.5 is not a share from 0 to 1"),
        ("differences = -0.1", "simulation.differences: -0.1 is not a share from 0 to 1"),
        ("units_per_slot = 0", "simulation.units_per_slot: 0 is not from 1 to 8"),
        ("speed = 0.0", "simulation.speed: 0 is not a factor from 0.001 up"),
        ("speed = nan", "simulation.speed: NaN is not a factor from 0.001 up"),
        ("opaque_travel = [\"9s\", \"3s\"]", "simulation.opaque_travel: the shortest travel comes first, the longest second"),
    ] {
        assert_eq!(World::new(spec(racks(10), settings)).unwrap_err().to_string(), message);
    }
}
