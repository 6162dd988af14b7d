//! The devices in process, under virtual time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use pandian_devices::catalog::Kind;
use pandian_devices::{BuildContext, Camera, Crane, Shot, TagReader, Visit};
use pandian_domain::route::Point;
use pandian_domain::travel::{Axis, Kinematics};
use pandian_domain::{Code, OpKind, Position, QueueSpec, StocktakeId};
use pandian_sim::fault::Device;
use pandian_sim::{CraneSpec, FaultKind, Simulation, World, catalog};
use tokio::time::{Instant, sleep, timeout};

use crate::warehouse::{opaque, racks, racks_with, simulation, spec};

fn context(simulation: Option<&Arc<Simulation>>, crane: &str) -> BuildContext {
    BuildContext { world: simulation.map(|simulation| simulation.clone().into_any()), ..BuildContext::new(crane.into(), ".") }
}

fn build<D: ?Sized>(kinds: &[Kind<D>], settings: &str, context: &BuildContext) -> Result<Arc<D>, pandian_devices::DeviceError> {
    (kinds[0].parse)(toml::de::ValueDeserializer::parse(settings).unwrap()).unwrap().build(context)
}

struct Station {
    crane: Arc<dyn Crane>,
    reader: Arc<dyn TagReader>,
    camera: Arc<dyn Camera>,
    name: &'static str,
}

impl Station {
    fn new(simulation: &Arc<Simulation>, name: &'static str) -> Self {
        Self::with(simulation, name, "{}", "{}", "{}")
    }

    fn with(simulation: &Arc<Simulation>, name: &'static str, crane: &str, reader: &str, camera: &str) -> Self {
        let (catalog, context) = (catalog(), context(Some(simulation), name));
        Self {
            crane: build(&catalog.cranes, crane, &context).unwrap(),
            reader: build(&catalog.readers, reader, &context).unwrap(),
            camera: build(&catalog.cameras, camera, &context).unwrap(),
            name,
        }
    }

    fn visit(&self, location: &str, op: OpKind, attempt: u16) -> Visit {
        let stocktake = StocktakeId::new("2026-01-02T03:04:05Z".parse().unwrap(), [7; 10]);
        Visit {
            stop: stocktake.stop(1),
            op,
            attempt,
            timeout: Duration::from_secs(60),
            location: location.into(),
            place: None,
            lane: self.name.into(),
            crane: self.name.into(),
        }
    }

    async fn go(&self, location: &str) -> Result<(), Code> {
        self.crane.go_to(&self.visit(location, OpKind::Goto, 1)).await.map(|_| ()).map_err(|error| error.code)
    }

    async fn tags(&self, location: &str) -> Result<Vec<String>, Code> {
        let inventory = self.reader.inventory(&self.visit(location, OpKind::Inventory, 1)).await.map_err(|error| error.code)?;
        Ok(inventory.tags.unwrap().iter().map(|read| read.epc.to_string()).collect())
    }

    async fn picture(&self, location: &str) -> Result<Bytes, Code> {
        match self.camera.capture(&self.visit(location, OpKind::Capture, 1)).await.map_err(|error| error.code)? {
            Shot::Whole(end) => Ok(end.picture.unwrap()),
            Shot::Working(_) => panic!("a picture was expected"),
        }
    }
}

fn heard(world: &World, location: &str) -> Vec<String> {
    let inventory = world.inventory(world.layout().index_of(location).unwrap());
    inventory.tags.unwrap().iter().map(|read| read.epc.to_string()).collect()
}

const INSTANT: &str = "inventory_time = \"0s\"\ncapture_time = \"0s\"\ncompare_time = \"0s\"\n";

#[tokio::test(start_paused = true)]
async fn travel_and_check_times_are_kept_to_the_millisecond() {
    let mut spec = spec(racks(1000), "");
    let axis = |speed, acceleration| Axis { speed, acceleration };
    let kinematics = Kinematics { drive: axis(2.0, 0.5), lift: axis(1.0, 0.5) };
    spec.cranes.insert("C1".into(), CraneSpec { kinematics, aisle_change: None });
    let simulation = Simulation::new(Arc::new(World::new(spec).unwrap()));
    let station = Station::new(&simulation, "C1");
    let start = Instant::now();
    // Bay 10 at 2 m each, level 1 at 1 m: 20 m need 20/2 + 2/0.5 = 14 s, 1 m up needs less.
    station.go("A01-L-010-01").await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(14));
    // The other side of the aisle is no way at all.
    station.go("A01-R-010-01").await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(14));
    let (tags, picture) = tokio::join!(station.tags("A01-R-010-01"), station.picture("A01-R-010-01"));
    assert_eq!(start.elapsed(), Duration::from_secs(16));
    assert_eq!(tags.unwrap(), heard(simulation.world(), "A01-R-010-01"));
    let visit = station.visit("A01-R-010-01", OpKind::Compare, 1);
    let findings = station.camera.comparer().unwrap().compare(&visit, picture.unwrap()).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(21_500));
    assert_eq!(findings, simulation.world().findings(simulation.world().layout().index_of("A01-R-010-01").unwrap()));
    // Two bays and nine levels: 9 m up need 9/1 + 1/0.5 = 11 s, more than 4 m along.
    station.go("A01-L-012-10").await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(32_500));
}

#[tokio::test(start_paused = true)]
async fn a_crane_drives_and_lifts_at_the_pace_that_is_set() {
    let mut spec = spec(racks(1000), "");
    let axis = |speed, acceleration| Axis { speed, acceleration };
    let kinematics = Kinematics { drive: axis(2.0, 0.5), lift: axis(1.0, 0.5) };
    spec.cranes.insert("C1".into(), CraneSpec { kinematics, aisle_change: None });
    let world = Arc::new(World::new(spec).unwrap());
    // 20 m: at half the speed 20/1 + 1/0.25; at four times the speed, which is not reached so soon, 2·√(20/2).
    let paces = [("{ pace = 0.5 }", 24_000), ("{ pace = 1 }", 14_000), ("{ pace = 4.0 }", 6_325), ("{ pace = 4.0, time = \"3s\" }", 3_000)];
    for (settings, millis) in paces {
        let station = Station::with(&Simulation::new(world.clone()), "C1", settings, "{}", "{}");
        let start = Instant::now();
        station.go("A01-L-010-01").await.unwrap();
        assert_eq!(start.elapsed().as_millis(), millis, "{settings}");
    }
    for settings in ["{ pace = 0.0 }", "{ pace = -1.0 }", "{ pace = 10.5 }", "{ pace = nan }", "{ pace = inf }"] {
        let parsed = (catalog().cranes[0].parse)(toml::de::ValueDeserializer::parse(settings).unwrap());
        assert!(parsed.err().unwrap().message().contains("is not a factor above 0 and up to 10"), "{settings}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_crane_starts_at_its_home() {
    let home = |aisle| Some(Position { aisle, point: Point { x_m: 100.0, y_m: 10.0 } });
    let layout = racks_with(2000, |aisle| QueueSpec { aisles: vec![0, 1], home: home(aisle), ..QueueSpec::default() });
    let simulation = simulation(layout, INSTANT);
    let (world, kinematics) = (simulation.world(), Kinematics::default());
    let start = Instant::now();
    Station::new(&simulation, "C1").go("A01-R-050-10").await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    Station::new(&simulation, "C2").go("A01-R-050-10").await.unwrap();
    let way = kinematics.travel((100.0, 10.0), (0.0, 0.0)) + Duration::from_secs(30) + kinematics.travel((0.0, 0.0), (100.0, 10.0));
    assert_eq!(start.elapsed(), way);
    assert_eq!(world.travel(&"C2".into(), None, world.layout().index_of("A01-R-050-10").unwrap()), way);
}

#[test]
fn a_crane_without_a_home_starts_in_front_of_the_aisle_it_goes_to_and_changes_aisles_by_the_front() {
    let mut spec = spec(racks(2000), "aisle_change = \"30s\"");
    let axis = |speed, acceleration| Axis { speed, acceleration };
    let kinematics = Kinematics { drive: axis(2.0, 0.5), lift: axis(1.0, 0.5) };
    spec.cranes.insert("C1".into(), CraneSpec { kinematics, aisle_change: None });
    spec.cranes.insert("C2".into(), CraneSpec { kinematics, aisle_change: Some(Duration::from_secs(90)) });
    let world = World::new(spec).unwrap();
    let slot = |code| world.layout().index_of(code).unwrap();
    let (left, right, other) = (slot("A01-L-010-01"), slot("A01-R-010-01"), slot("A02-L-010-01"));
    let seconds = |crane: &str, from, to| world.travel(&crane.into(), from, to).as_secs_f64();
    assert_eq!(seconds("C1", Some(left), right), 0.0);
    // 20 m at 2 m/s and 0.5 m/s²: 20/2 + 2/0.5.
    assert_eq!((seconds("C1", None, left), seconds("C1", None, other)), (14.0, 14.0));
    assert_eq!(seconds("C1", Some(left), other), 14.0 + 30.0 + 14.0);
    assert_eq!(seconds("C2", Some(left), other), 14.0 + 90.0 + 14.0);
}

#[tokio::test(start_paused = true)]
async fn devices_for_either_side_meet_the_location_opposite_and_one_for_both_sides_does_not() {
    let (here, opposite, above) = ("A01-L-010-03", "A01-R-010-03", "A01-R-010-04");
    for both_sides in [false, true] {
        let layout = racks_with(1000, |aisle| QueueSpec { aisles: vec![aisle], both_sides, ..QueueSpec::default() });
        let simulation = simulation(layout, &format!("{INSTANT}fill = 1.0\ndifferences = 0.0"));
        let station = Station::new(&simulation, "C1");
        station.go(here).await.unwrap();
        let world = simulation.world();
        for (asked, met) in [(here, here), (opposite, if both_sides { opposite } else { here }), (above, here)] {
            assert_eq!(station.tags(asked).await.unwrap(), heard(world, met), "{asked}");
            let picture = world.picture(world.layout().index_of(met).unwrap());
            assert_eq!(station.picture(asked).await.unwrap(), picture, "{asked}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_makespan_of_a_tour_is_the_sum_of_its_published_times() {
    let simulation = simulation(racks(1000), "speed = 3.0");
    let station = Station::new(&simulation, "C1");
    let (start, mut ideal, mut from) = (Instant::now(), Duration::ZERO, None);
    let third = |time: Duration| Duration::from_millis((time.as_millis() as u64).div_ceil(3));
    for slot in (0..1000).step_by(37) {
        let location = simulation.world().layout().slot(slot).code.to_string();
        station.go(&location).await.unwrap();
        let _ = tokio::join!(station.tags(&location), station.picture(&location));
        ideal += third(simulation.world().travel(&"C1".into(), from, slot)) + third(Duration::from_secs(2));
        from = Some(slot);
        assert_eq!(start.elapsed(), ideal);
    }
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_order_travels_on_and_a_repeated_one_joins_it() {
    let simulation = simulation(racks(1000), INSTANT);
    let station = Station::new(&simulation, "C1");
    let start = Instant::now();
    let whole = simulation.world().travel(&"C1".into(), None, 800);
    let location = simulation.world().layout().slot(800).code.to_string();
    assert!(timeout(Duration::from_secs(1), station.go(&location)).await.is_err());
    // Under way there is nothing to hear and only a blur to see.
    assert!(station.tags(&location).await.unwrap().is_empty());
    assert_eq!(station.picture(&location).await.unwrap_err(), Code::CameraBadPicture);
    let (one, two) = tokio::join!(station.go(&location), station.go(&location));
    one.and(two).unwrap();
    assert_eq!(start.elapsed(), whole);
    station.go(&location).await.unwrap();
    assert_eq!(start.elapsed(), whole);
    // Elsewhere than asked the reader hears what is there.
    assert_eq!(station.tags("A01-L-001-01").await.unwrap(), heard(simulation.world(), &location));
}

#[tokio::test(start_paused = true)]
async fn each_lane_of_a_dispatcher_has_a_crane_of_its_own() {
    let simulation = simulation(opaque(10, 3), INSTANT);
    let station = Station::new(&simulation, "WCS");
    let start = Instant::now();
    let travel = |to| simulation.world().travel(&"WCS".into(), None, to);
    let longest = (0..3).map(travel).max().unwrap();
    let visits: Vec<Visit> =
        (1..=3).map(|n| Visit { lane: format!("WCS/{n}").as_str().into(), ..station.visit(&format!("{n}号"), OpKind::Goto, 1) }).collect();
    assert!(join_all(visits.iter().map(|visit| station.crane.go_to(visit))).await.iter().all(Result::is_ok));
    assert_eq!(start.elapsed(), longest);
    for visit in &visits {
        let inventory = station.reader.inventory(visit).await.unwrap();
        assert_eq!(inventory, simulation.world().inventory(simulation.world().layout().index_of(visit.location.as_str()).unwrap()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_camera_without_pictures_says_what_it_saw() {
    let simulation = simulation(racks(1000), "picture_every = 0");
    let station = Station::with(&simulation, "C1", "{ time = \"7s\" }", "{}", "{ time = \"1s\", compare_time = \"2s\" }");
    let start = Instant::now();
    station.go("A01-L-001-01").await.unwrap();
    let visit = station.visit("A01-L-001-01", OpKind::Capture, 1);
    let Shot::Working(rest) = station.camera.capture(&visit).await.unwrap() else { panic!("the comparison takes its time") };
    assert_eq!(start.elapsed(), Duration::from_secs(8));
    let end = rest.await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(10));
    assert_eq!((end.picture, end.findings), (None, Some(simulation.world().findings(0))));
}

#[tokio::test(start_paused = true)]
async fn a_foreign_picture_cannot_be_compared() {
    let station = Station::new(&simulation(racks(1000), INSTANT), "C1");
    let visit = station.visit("A01-L-001-01", OpKind::Compare, 1);
    let error = station.camera.comparer().unwrap().compare(&visit, Bytes::from_static(b"\xff\xd8\xff\xe0")).await.unwrap_err();
    assert_eq!(error.code, Code::CameraBadPicture);
}

#[tokio::test(start_paused = true)]
async fn every_fault_has_its_own_error() {
    let at = "A01-L-001-01";
    for (kind, code) in [
        (FaultKind::Refuse, Code::DeviceUnreachable),
        (FaultKind::Drop, Code::DeviceDropped),
        (FaultKind::Garbage, Code::DeviceBadReply),
        (FaultKind::WrongCode, Code::CraneWrongCode),
        (FaultKind::WrongLocation, Code::CraneWrongLocation),
        (FaultKind::ServerError, Code::DeviceHttpStatus),
        (FaultKind::CraneAlarm, Code::CraneAlarm),
        (FaultKind::CorruptPicture, Code::CameraBadPicture),
        (FaultKind::WrongType, Code::CameraBadPicture),
        (FaultKind::CameraBusy, Code::CameraBusy),
        (FaultKind::StalePicture, Code::CameraStale),
        (FaultKind::HugeReply, Code::DeviceTooLarge),
        (FaultKind::BlackPicture, Code::CameraUnfit),
        (FaultKind::BlurredPicture, Code::CameraUnfit),
        (FaultKind::WrongPassword, Code::DeviceHttpStatus),
        (FaultKind::DeviceRestart, Code::DeviceDropped),
    ] {
        let fault = format!("{INSTANT}[[fault]]\nkind = \"{}\"\ntimes = 1\n", kind.as_str());
        let simulation = simulation(racks(1000), &fault);
        let station = Station::new(&simulation, "C1");
        let first = if kind.devices() == [Device::Camera] { station.picture(at).await.map(|_| ()) } else { station.go(at).await };
        assert_eq!(first, Err(code), "{kind:?}");
        if matches!(kind, FaultKind::Refuse | FaultKind::DeviceRestart) {
            assert_eq!(station.go(at).await, Err(Code::DeviceUnreachable), "{kind:?}");
            sleep(Duration::from_secs(2)).await;
        }
        assert_eq!(station.go(at).await, Ok(()), "{kind:?}");
        assert!(station.picture(at).await.is_ok(), "{kind:?}");
        assert_eq!(simulation.faults_struck(), [(kind, 1)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_camera_that_was_moved_leaves_open_what_stands_where() {
    for (picture_every, fault) in [(1, "nth = 1"), (1, "nth = 2"), (0, "nth = 1")] {
        let settings = format!("{INSTANT}picture_every = {picture_every}\nfill = 1.0\n[[fault]]\nkind = \"camera_moved\"\n{fault}\n");
        let station = Station::new(&simulation(racks(10), &settings), "C1");
        let visit = station.visit("A01-L-001-01", OpKind::Capture, 1);
        let Shot::Whole(end) = station.camera.capture(&visit).await.unwrap() else { panic!("the camera works at once") };
        let found = match end.picture {
            Some(picture) => station.camera.comparer().unwrap().compare(&visit, picture).await.unwrap(),
            None => end.findings.unwrap(),
        };
        assert_eq!((found.occupied, found.codes.len(), found.note.as_deref()), (None, 0, Some("the camera was moved")), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_device_is_late_a_hanging_one_never_answers_and_a_silent_reader_hears_nothing() {
    let fault = |kind| format!("{INSTANT}[[fault]]\nkind = \"{kind}\"\ndevice = \"reader\"\n");
    let at = (0..1000).map(|slot| racks(1000).slot(slot).code.to_string());
    let simulation_of = |kind| simulation(racks(1000), &fault(kind));
    let full = at.into_iter().find(|at| !heard(simulation_of("slow").world(), at).is_empty()).unwrap();
    let start = Instant::now();
    assert!(!Station::new(&simulation_of("slow"), "C1").tags(&full).await.unwrap().is_empty());
    assert_eq!(start.elapsed(), Duration::from_secs(10));
    assert!(timeout(Duration::from_secs(3600), Station::new(&simulation_of("hang"), "C1").tags(&full)).await.is_err());
    assert!(Station::new(&simulation_of("reader_silent"), "C1").tags(&full).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn another_try_may_succeed_and_the_draw_is_the_same_in_every_run() {
    let run = || async {
        let simulation =
            simulation(racks(1000), &format!("{INSTANT}seed = 3\n[[fault]]\nkind = \"drop\"\ndevice = \"crane\"\nrate = 0.3\n"));
        let station = Station::new(&simulation, "C1");
        let mut outcomes = HashMap::new();
        for slot in 0..100 {
            let location = simulation.world().layout().slot(slot).code.to_string();
            for attempt in 1..=3 {
                let visit = station.visit(&location, OpKind::Goto, attempt);
                outcomes.insert((slot, attempt), station.crane.go_to(&visit).await.is_ok());
            }
        }
        outcomes
    };
    let outcomes = run().await;
    assert_eq!(outcomes, run().await);
    assert!((0..100).any(|slot| !outcomes[&(slot, 1)] && outcomes[&(slot, 2)]));
}

#[test]
fn a_reader_says_whether_it_hears_strays() {
    for (settings, hears) in [("", false), ("[radio]", true)] {
        let simulation = simulation(racks(10), settings);
        assert_eq!(Station::new(&simulation, "C1").reader.hears_strays(), hears);
    }
}

#[test]
fn a_device_without_a_world_says_what_to_add() {
    let error = build(&catalog().readers, "{}", &context(None, "C1")).err().unwrap();
    assert_eq!(error.code, Code::ConfigInvalid);
    assert_eq!(error.to_string(), "the reader of crane C1 of kind \"sim\" needs a simulated warehouse: add a [simulation] table");
}

#[tokio::test(start_paused = true)]
async fn a_location_that_the_world_does_not_have_is_an_error_of_the_crane() {
    let station = Station::new(&simulation(racks(10), ""), "C1");
    assert_eq!(station.go("B01").await, Err(Code::CraneWrongCode));
    assert_eq!(station.tags("B01").await, Err(Code::DeviceHttpStatus));
}
