//! What readers hear of their neighbours, and where misplaced units lie.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use pandian_domain::layout::Layout;
use pandian_domain::{Epc, Place, Side, TagRead, Verdict};
use pandian_sim::{RadioSettings, SimulationSettings, World, WorldSpec};

use crate::warehouse::{opaque, racks, spec, world};

const RADIO: &str = "[radio]\nunread = 0.0";

fn place(world: &World, slot: u32) -> Place {
    world.layout().slot(slot).place.unwrap()
}

fn with_radio(layout: Layout, radio: RadioSettings) -> World {
    let settings = SimulationSettings { radio: Some(radio), ..SimulationSettings::default() };
    World::new(WorldSpec { layout: Arc::new(layout), cranes: HashMap::new(), settings, book: None }).unwrap()
}

/// Where every tag of a world really lies.
fn whereabouts(world: &World) -> HashMap<Epc, Place> {
    let slots = 0..world.layout().slots().len() as u32;
    slots.flat_map(|slot| world.holds(slot).into_iter().map(move |epc| (epc, slot))).map(|(epc, slot)| (epc, place(world, slot))).collect()
}

/// The share of tags that is heard at stops so many bays from theirs, on the same level and side.
fn hear_rate(world: &World, bays_away: u32) -> f64 {
    let (mut possible, mut heard) = (0, 0);
    for slot in 0..world.layout().slots().len() as u32 {
        let there = place(world, slot);
        let code = |bay: u32| format!("A{:02}-{}-{bay:03}-{:02}", there.aisle + 1, there.side.letter(), there.level);
        let Some(stop) = world.layout().index_of(&code(there.bay + bays_away)) else { continue };
        let tags: HashSet<Epc> = world.heard(stop).into_iter().map(|heard| heard.epc).collect();
        for epc in world.holds(slot) {
            possible += 1;
            heard += u32::from(tags.contains(&epc));
        }
    }
    f64::from(heard) / f64::from(possible)
}

#[test]
fn without_a_radio_a_reader_hears_exactly_what_lies_in_its_slot() {
    let world = world(racks(1000), "differences = 0.3");
    for slot in 0..1000 {
        let heard: Vec<Epc> = world.heard(slot).into_iter().map(|heard| heard.epc).collect();
        assert_eq!(heard, world.holds(slot));
    }
}

#[test]
fn own_tags_are_nearly_always_heard_neighbours_mostly_and_far_ones_hardly() {
    for radio in [RadioSettings::default(), RadioSettings::crowded()] {
        let world = with_radio(racks(1000), RadioSettings { unread: 0.0, ..radio });
        let rates: Vec<f64> = (0..=4).map(|bays| hear_rate(&world, bays)).collect();
        assert!(rates[0] > 0.98, "{rates:?}");
        assert!(rates[1] > 0.5 && rates[1] < 0.95, "{rates:?}");
        assert!(rates.is_sorted_by(|near, far| near >= far), "{rates:?}");
        assert!(rates[4] < 0.01, "{rates:?}");
    }
}

#[test]
fn less_power_loses_strays_long_before_own_tags() {
    let world = world(racks(1000), RADIO);
    let count = |weaker_by_db| {
        let (mut own, mut strays) = (0, 0);
        for slot in 0..1000 {
            let holds = world.holds(slot);
            let heard = world.heard_at(slot, weaker_by_db);
            let here = heard.iter().filter(|heard| holds.contains(&heard.epc)).count();
            (own, strays) = (own + here, strays + heard.len() - here);
        }
        (f64::from(own as u32), f64::from(strays as u32))
    };
    let (full, some, little) = (count(0.0), count(6.0), count(14.0));
    assert!(some.0 > 0.9 * full.0 && some.1 < 0.6 * full.1, "{full:?} {some:?}");
    assert!(little.0 > 0.3 * full.0 && little.1 < 0.1 * full.1, "{full:?} {little:?}");
}

#[test]
fn own_tags_are_louder_and_read_more_often_than_those_of_neighbours() {
    let world = world(racks(1000), RADIO);
    let lies = whereabouts(&world);
    let (mut own, mut next): (Vec<TagRead>, Vec<TagRead>) = Default::default();
    for slot in 0..1000 {
        let here = place(&world, slot);
        let heard = world.heard(slot);
        let loudest: Vec<f64> = heard.iter().map(|heard| heard.rssi_dbm.iter().copied().fold(f64::NEG_INFINITY, f64::max)).collect();
        assert!(loudest.is_sorted_by(|a, b| a >= b), "{loudest:?}");
        for heard in heard {
            assert!((1..=20).contains(&heard.rssi_dbm.len()));
            assert_eq!(heard.antenna, if here.side == Side::Left { 1 } else { 2 });
            let there = lies[&heard.epc];
            let read = heard.summed_up();
            match (there.side == here.side, there.bay.abs_diff(here.bay), there.level.abs_diff(here.level)) {
                (true, 0, 0) => own.push(read),
                (true, 1, 0) => next.push(read),
                _ => {}
            }
        }
    }
    let mean = |reads: &[TagRead], of: fn(&TagRead) -> f64| reads.iter().map(of).sum::<f64>() / reads.len() as f64;
    let level = |read: &TagRead| read.level_dbm().unwrap();
    assert!(mean(&own, level) > mean(&next, level) + 4.0);
    assert!(mean(&own, |read| read.count.into()) > mean(&next, |read| read.count.into()) + 2.0);
}

#[test]
fn the_rack_behind_is_heard_through_the_rack_and_only_where_there_is_one() {
    let heard_behind = |radio: RadioSettings| {
        let world = with_radio(racks(3000), RadioSettings { unread: 0.0, ..radio });
        let lies = whereabouts(&world);
        let mut pairs: HashMap<(u16, Side, u16, Side), u32> = HashMap::new();
        for slot in 0..3000 {
            let here = place(&world, slot);
            for there in world.heard(slot).iter().map(|heard| lies[&heard.epc]).filter(|there| there.aisle != here.aisle) {
                *pairs.entry((here.aisle, here.side, there.aisle, there.side)).or_default() += 1;
            }
        }
        pairs
    };
    let pairs = heard_behind(RadioSettings::default());
    let (left, right) = (Side::Left, Side::Right);
    let neighbours = HashSet::from([(0, right, 1, left), (1, left, 0, right), (1, right, 2, left), (2, left, 1, right)]);
    assert_eq!(pairs.keys().copied().collect::<HashSet<_>>(), neighbours);
    assert!(pairs.values().all(|heard| *heard > 100), "{pairs:?}");
    assert!(heard_behind(RadioSettings { back_rack: false, ..RadioSettings::default() }).is_empty());
}

#[test]
fn a_wider_back_lets_more_of_the_other_side_through() {
    let heard_across = |front_to_back_db: f64| {
        let world = with_radio(racks(1000), RadioSettings { front_to_back_db, ..RadioSettings::default() });
        let lies = whereabouts(&world);
        let across = |slot: u32| world.heard(slot).iter().filter(|heard| lies[&heard.epc].side != place(&world, slot).side).count();
        (0..1000).map(across).sum::<usize>()
    };
    let (wide, usual, tight) = (heard_across(10.0), heard_across(22.0), heard_across(60.0));
    assert!(wide > 4 * usual && usual > 50 && tight == 0, "{wide} {usual} {tight}");
}

#[test]
fn some_tags_are_never_read_from_anywhere() {
    let world = with_radio(racks(1000), RadioSettings { unread: 0.1, ..RadioSettings::default() });
    let lies = whereabouts(&world);
    let heard: HashSet<Epc> = (0..1000).flat_map(|slot| world.heard(slot)).map(|heard| heard.epc).collect();
    let unread = lies.keys().filter(|epc| !heard.contains(*epc)).count() as f64 / lies.len() as f64;
    assert!((unread - 0.1).abs() < 0.02, "{unread}");
    assert!(heard.iter().all(|epc| lies.contains_key(epc)));
}

#[test]
fn a_deep_slot_is_heard_less_than_the_one_before_it_from_the_same_position() {
    let mut layout = racks(1);
    let aisle = pandian_domain::layout::Aisle { depth: 2, ..layout.aisles()[0].clone() };
    layout = Layout::new(layout.lanes().to_vec(), layout.queues().to_vec()).with_aisles(vec![aisle]);
    for bay in 1..=500 {
        for depth in [1, 2] {
            let place = Some(Place { aisle: 0, side: Side::Left, bay, level: 1, depth });
            let code = format!("{bay}-{depth}").as_str().into();
            layout.add(pandian_domain::layout::Slot { code, place, queue: 0 }).unwrap();
        }
    }
    let world = with_radio(layout, RadioSettings { unread: 0.0, ..RadioSettings::default() });
    let lies = whereabouts(&world);
    let mut heard = [0, 0];
    for slot in 0..1000 {
        let here = place(&world, slot);
        for there in world.heard(slot).iter().map(|heard| lies[&heard.epc]).filter(|there| there.bay == here.bay) {
            heard[usize::from(there.depth) - 1] += 1;
        }
    }
    assert!(heard[0] > heard[1] + heard[1] / 4 && heard[1] > 100, "{heard:?}");
}

#[test]
fn locations_without_a_place_hear_their_own_tags_only() {
    let world = world(opaque(200, 2), RADIO);
    let heard: usize = (0..200)
        .map(|slot| {
            let holds = world.holds(slot);
            let heard = world.heard(slot);
            assert!(heard.iter().all(|heard| holds.contains(&heard.epc) && heard.antenna == 1));
            heard.len()
        })
        .sum();
    let there: usize = (0..200).map(|slot| world.holds(slot).len()).sum();
    assert!(heard * 100 > there * 97, "{heard} of {there}");
}

#[test]
fn the_same_seed_is_the_same_field_and_another_law_or_seed_another() {
    let heard = |settings: &str| {
        let world = world(racks(300), settings);
        (0..300).map(|slot| world.heard(slot)).collect::<Vec<_>>()
    };
    let usual = heard(RADIO);
    assert_eq!(usual, heard(RADIO));
    for other in [
        "seed = 2\n[radio]\nunread = 0.0",
        "[radio]\nunread = 0.0\nstandoff = \"1.5m\"",
        "[radio]\nunread = 0.0\npattern = \"flat-top\"",
        "[radio]\nunread = 0.0\npattern = \"gaussian\"",
        "[radio]\nunread = 0.0\nshadowing_tails = \"laplace\"",
        "[radio]\nunread = 0.0\nbreakpoint = \"2m\"\nfar_exponent = 4.0",
        "[radio]\nunread = 0.0\npath_loss_exponent = 2.6",
    ] {
        assert_ne!(usual, heard(other), "{other}");
    }
}

#[test]
fn what_is_out_of_reach_is_not_heard() {
    // Bays are 2 m wide, levels 1 m high: the next bay is out of reach, the next level is not.
    let world = world(racks(1000), "[radio]\nreach = \"2.2m\"\nlink_dbm = 0.0\nfront_to_back_db = 60.0");
    let lies = whereabouts(&world);
    for slot in 0..1000 {
        let here = place(&world, slot);
        let there: Vec<Place> = world.heard(slot).iter().map(|heard| lies[&heard.epc]).collect();
        assert!(there.iter().all(|there| there.bay == here.bay && there.level.abs_diff(here.level) <= 1), "{here:?}: {there:?}");
    }
}

#[test]
fn radio_settings_out_of_range_are_named() {
    for (settings, message) in [
        ("standoff = \"20m\"", "simulation.radio.standoff: 20m is not from 0.1m to 10m"),
        ("reach = \"50m\"", "simulation.radio.reach: 50m is not from 0.5m to 20m"),
        ("reach = \"0.9m\"", "simulation.radio.reach: the antenna reaches no rack: `reach` is at least `standoff`"),
        ("link_dbm = nan", "simulation.radio.link_dbm: NaN is not from -120 to 30"),
        ("path_loss_exponent = 0.5", "simulation.radio.path_loss_exponent: 0.5 is not from 1 to 6"),
        ("beam_width_deg = 180.0", "simulation.radio.beam_width_deg: 180 is not from 10 to 150"),
        ("shadowing_db = -1.0", "simulation.radio.shadowing_db: -1 is not from 0 to 20"),
        ("unread = 1.5", "simulation.radio.unread: 1.5 is not from 0 to 1"),
    ] {
        assert_eq!(World::new(spec(racks(10), &format!("[radio]\n{settings}"))).unwrap_err().to_string(), message);
    }
}

#[test]
fn the_documented_laws_are_the_ones_in_the_program() {
    let page = include_str!("../../../../docs/simulator.md");
    let tables =
        page.split("```toml\n[simulation.radio]").skip(1).map(|rest| rest.split_once('\n').unwrap().1.split("```").next().unwrap());
    let laws: Vec<RadioSettings> = tables.map(|table| toml::from_str(table).unwrap()).collect();
    // The page shows how a break point is written; by default there is none.
    let usual = RadioSettings { breakpoint: laws[0].breakpoint, ..RadioSettings::default() };
    assert_eq!(laws, [usual, RadioSettings::crowded()]);
}

#[test]
fn misplaced_units_stay_in_their_aisle_and_near_home_if_asked_to() {
    for within in [0, 3, 7, 1000] {
        let world = world(racks(3000), &format!("differences = 0.3\nmisplaced_within = {within}"));
        let planted: HashMap<_, _> = world.planted().map(|planted| (planted.location.clone(), planted)).collect();
        let mut furthest = 0;
        let misplaced: Vec<_> = planted.values().filter(|planted| planted.verdict == Verdict::Misplaced).collect();
        assert!(misplaced.len() > 80, "{within}: {}", misplaced.len());
        for found in misplaced {
            let home = found.partner.as_ref().unwrap();
            assert_eq!(planted[home].partner.as_ref(), Some(&found.location));
            let [there, home] = [&found.location, home].map(|code| world.layout().find(code.as_str()).unwrap().place.unwrap());
            assert_eq!(there.aisle, home.aisle);
            furthest = furthest.max(there.bay.abs_diff(home.bay));
        }
        assert!(furthest <= within && furthest >= within.min(40), "{within}: {furthest}");
    }
}

#[test]
fn without_places_no_unit_can_be_near_home() {
    let world = world(opaque(500, 1), "differences = 0.5\nmisplaced_within = 2");
    assert!(world.planted().all(|planted| planted.partner.is_none()));
    assert!(world.planted().count() > 50);
}
