//! Cameras with paths of their own, spoken to by a plain client: who may ask, what they show, and how they fail.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use digest_auth::{AuthContext, WwwAuthenticateHeader};
use pandian_devices::camera::SharedCameras;
use pandian_devices::suite::visit;
use pandian_devices::{BuildContext, Camera, Catalog, DeviceError};
use pandian_domain::layout::QueueSpec;
use pandian_domain::{Code, OpKind, Side};
use pandian_sim::wire::{Account, CameraSpec, Channel, CraneRoute, Make, Route, Scheme, ServerSpec, Serves, SimServers};
use pandian_sim::{FaultKind, Simulation, SimulationSettings};
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::warehouse::{racks, racks_with, simulation};
use crate::wire::{Reply, order, send};

const FAST: &str = "speed = 1000.0\nfill = 1.0\n[camera]\nsize = [320, 180]\n";
const HIKVISION: &str = "/ISAPI/Streaming/channels/101/picture";
const PLAIN: &str = "/snapshot.jpg";

fn plain() -> CameraSpec {
    CameraSpec::new("C1".into(), Make::Plain { path: PLAIN.into() })
}

/// Two heads, one for either side of the aisle of `C1`.
fn heads() -> Vec<Channel> {
    let sides = [Side::Left, Side::Right].into_iter().zip(1..);
    sides.map(|(side, number)| Channel { number, crane: "C1".into(), side: Some(side) }).collect()
}

/// The crane `C1` and its camera, each at a free port.
async fn serve(simulation: &Arc<Simulation>, camera: CameraSpec) -> (SimServers, SocketAddr, SocketAddr) {
    let listen = ([127, 0, 0, 1], 0).into();
    let specs = [Route::Crane(CraneRoute::new("C1".into())), Route::Camera(camera)]
        .map(|route| ServerSpec { listen, serves: Serves::Http(vec![route]) });
    let servers = SimServers::start(simulation.clone(), specs.to_vec()).await.unwrap();
    let [crane, camera] = servers.addresses()[..] else { panic!("two servers") };
    (servers, crane, camera)
}

async fn get(address: SocketAddr, target: &str, headers: &str) -> Reply {
    send(address, "GET", target, headers, b"").await.unwrap()
}

fn code(simulation: &Simulation, slot: u32) -> String {
    simulation.world().layout().slot(slot).code.to_string()
}

/// The n-th picture that the first head takes of a slot.
fn picture(simulation: &Simulation, slot: u32, number: u64) -> bytes::Bytes {
    simulation.world().scene(slot, (1 << 48) + number).render()
}

fn is_jpeg(reply: &Reply) -> bool {
    reply.status == 200
        && reply.head.contains("content-type: image/jpeg\r\n")
        && reply.body.starts_with(&[0xff, 0xd8, 0xff])
        && reply.body.ends_with(&[0xff, 0xd9])
}

/// What a reply demands, by its scheme.
fn challenges(reply: &Reply) -> Vec<&str> {
    reply.head.lines().filter_map(|line| line.strip_prefix("www-authenticate: ")).collect()
}

fn answered(challenge: &mut WwwAuthenticateHeader, password: &str, target: &str) -> String {
    format!("authorization: {}\r\n", challenge.respond(&AuthContext::new("admin", password, target)).unwrap())
}

#[tokio::test]
async fn a_camera_is_asked_by_the_paths_of_its_make_and_no_other() {
    let simulation = simulation(racks(100), FAST);
    let makes = [
        (Make::Hikvision, vec![HIKVISION, "/ISAPI/Streaming/channels/102/picture?videoResolutionWidth=640"]),
        (Make::Axis, vec!["/axis-cgi/jpg/image.cgi", "/axis-cgi/jpg/image.cgi?resolution=640x480&camera=1"]),
        (Make::Plain { path: PLAIN.into() }, vec![PLAIN, "/snapshot.jpg?channel=1"]),
    ];
    let strange =
        ["/", "/ISAPI/Streaming/channels/201/picture", "/ISAPI/Streaming/channels/104/picture", "/axis-cgi/jpg/image.cgi?camera=2"];
    for (make, targets) in makes {
        let (servers, crane, camera) = serve(&simulation, CameraSpec::new("C1".into(), make)).await;
        order(crane, &code(&simulation, 40)).await.unwrap();
        for target in &targets {
            assert!(is_jpeg(&get(camera, target, "").await), "{target}");
        }
        for target in strange.into_iter().chain(["/ISAPI/Streaming/channels/x/picture", "/snapshot.jpg?channel=9"]) {
            assert_eq!(get(camera, target, "").await.status, 404, "{target}");
        }
        assert_eq!(send(camera, "POST", targets[0], "", b"").await.unwrap().status, 405);
        assert_eq!(servers.stop().await.requests[1], ("camera C1".to_owned(), targets.len() as u64));
    }
}

#[tokio::test]
async fn a_picture_shows_the_slot_where_the_crane_stands_and_no_two_are_the_same() {
    let simulation = simulation(racks(100), FAST);
    let (servers, crane, camera) = serve(&simulation, plain()).await;
    order(crane, &code(&simulation, 40)).await.unwrap();
    let [first, second] = [get(camera, PLAIN, "").await, get(camera, PLAIN, "").await];
    assert_eq!(first.body, picture(&simulation, 40, 0));
    assert_eq!(second.body, picture(&simulation, 40, 1));
    assert_ne!(first.body, second.body);
    order(crane, &code(&simulation, 55)).await.unwrap();
    assert_eq!(get(camera, PLAIN, "").await.body, picture(&simulation, 55, 0));
    servers.stop().await;
}

#[tokio::test]
async fn two_heads_see_either_side_of_the_aisle() {
    let layout = racks_with(100, |aisle| QueueSpec { aisles: vec![aisle], both_sides: true, ..QueueSpec::default() });
    let simulation = simulation(layout, FAST);
    let (servers, crane, camera) =
        serve(&simulation, CameraSpec { channels: heads(), ..CameraSpec::new("C1".into(), Make::Hikvision) }).await;
    // Slots 40 and 41 lie opposite of each other.
    order(crane, &code(&simulation, 41)).await.unwrap();
    let (left, right) = (get(camera, HIKVISION, "").await, get(camera, "/ISAPI/Streaming/channels/201/picture", "").await);
    assert_eq!(left.body, picture(&simulation, 40, 0));
    assert_eq!(right.body, simulation.world().scene(41, 2 << 48).render());
    assert_eq!(servers.stop().await.requests[1].0, "camera C1 L, C1 R");
}

#[tokio::test]
async fn a_picture_that_is_taken_under_way_is_smeared_and_one_before_the_first_travel_shows_no_slot() {
    let settings = "fill = 1.0\ncapture_time = \"50ms\"\n[camera]\nsize = [320, 180]\n";
    let simulation = simulation(racks(1000), settings);
    let (servers, crane, camera) = serve(&simulation, plain()).await;
    let nowhere = get(camera, PLAIN, "").await;
    assert!(is_jpeg(&nowhere) && nowhere.body != picture(&simulation, 0, 0));
    let far = code(&simulation, 990);
    let travel = tokio::spawn(async move { order(crane, &far).await });
    let still = picture(&simulation, 990, 0);
    // The order is on its way to the crane.
    let smeared = timeout(Duration::from_secs(20), async {
        loop {
            let reply = get(camera, PLAIN, "").await;
            if reply.body.len() * 10 < still.len() * 8 && reply.body.len() != nowhere.body.len() && !travel.is_finished() {
                return reply;
            }
        }
    });
    assert!(is_jpeg(&smeared.await.unwrap()));
    travel.abort();
    servers.stop().await;
}

#[tokio::test]
async fn a_second_request_finds_the_camera_busy() {
    let simulation = simulation(racks(100), "capture_time = \"300ms\"\n[camera]\nsize = [320, 180]\n");
    let (servers, _, camera) = serve(&simulation, plain()).await;
    let begun = Instant::now();
    let (one, other) = tokio::join!(get(camera, PLAIN, ""), get(camera, PLAIN, ""));
    let (taken, busy) = if one.status == 200 { (one, other) } else { (other, one) };
    assert!(is_jpeg(&taken) && begun.elapsed() >= Duration::from_millis(300));
    assert!(busy.status == 503 && busy.head.contains("retry-after: 1\r\n"), "{}", busy.head);
    assert!(is_jpeg(&get(camera, PLAIN, "").await));
    servers.stop().await;
}

/// Real drivers of a camera with two channels, which share what cameras share.
fn drivers(camera: SocketAddr, password: &str, shared: &SharedCameras) -> [Arc<dyn Camera>; 2] {
    let context = BuildContext { cameras: shared.clone(), ..BuildContext::new("C1".into(), ".") };
    let kinds = Catalog::real().cameras;
    let kind = kinds.iter().find(|kind| kind.name == "http-snapshot").unwrap();
    [101, 201].map(|channel| {
        let login = format!("user = \"admin\", password = \"env:{password}\"");
        let settings = format!("{{ preset = \"hikvision\", address = \"{camera}\", channel = {channel}, {login} }}");
        (kind.parse)(toml::de::ValueDeserializer::parse(&settings).unwrap()).unwrap().build(&context).unwrap()
    })
}

async fn capture(camera: &Arc<dyn Camera>, stop: u32) -> Result<(), DeviceError> {
    timeout(Duration::from_secs(30), camera.capture(&visit(OpKind::Capture, "1号", stop, 1))).await.unwrap().map(drop)
}

/// A camera with two channels, of a user whose password the environment of every machine has.
fn of_two_channels() -> CameraSpec {
    let account = Account { lockout: Some(3), ..Account::new("admin", std::env::var("HOME").unwrap()) };
    CameraSpec { channels: heads(), account: Some(account), ..CameraSpec::new("C1".into(), Make::Hikvision) }
}

#[tokio::test]
async fn the_channels_of_a_device_are_asked_one_after_the_other() {
    let simulation = simulation(racks(100), "capture_time = \"100ms\"\n[camera]\nsize = [320, 180]\n");
    let (servers, _, camera) = serve(&simulation, of_two_channels()).await;
    let sides = drivers(camera, "HOME", &SharedCameras::default());
    let all = (0..8).map(|stop| capture(&sides[stop as usize % 2], stop + 1));
    for captured in futures_util::future::join_all(all).await {
        captured.unwrap();
    }
    assert_eq!(servers.stop().await.requests[1].1, 8, "none was turned away");
}

#[tokio::test]
async fn a_wrong_password_locks_nobody_out() {
    let (servers, _, camera) = serve(&simulation(racks(100), FAST), of_two_channels()).await;
    let shared = SharedCameras::default();
    let wrong = drivers(camera, "PATH", &shared);
    for stop in 1..=10 {
        for side in &wrong {
            assert_eq!(capture(side, stop).await.unwrap_err().code, Code::DeviceHttpStatus);
        }
    }
    for side in drivers(camera, "HOME", &shared) {
        capture(&side, 11).await.unwrap();
    }
    // As every client of its own would have done.
    for _ in 0..3 {
        let wrong = drivers(camera, "PATH", &SharedCameras::default());
        capture(&wrong[0], 12).await.unwrap_err();
    }
    let right = drivers(camera, "HOME", &SharedCameras::default());
    assert_eq!(capture(&right[0], 13).await.unwrap_err().code, Code::DeviceHttpStatus, "now it is locked");
    servers.stop().await;
}

#[tokio::test]
async fn only_who_knows_the_password_gets_a_picture_and_nonces_wear_out() {
    let simulation = simulation(racks(100), FAST);
    let account = Account { nonce_uses: 2, ..Account::new("admin", "s3cret") };
    for (place, algorithm) in ["SHA-256", "MD5"].into_iter().enumerate() {
        let camera = CameraSpec { account: Some(account.clone()), ..CameraSpec::new("C1".into(), Make::Hikvision) };
        let (servers, _, camera) = serve(&simulation, camera).await;
        let refused = get(camera, HIKVISION, "").await;
        assert_eq!((refused.status, challenges(&refused).len()), (401, 2));
        let mut challenge = WwwAuthenticateHeader::parse(challenges(&refused)[place]).unwrap();
        assert_eq!((challenge.algorithm.to_string().as_str(), challenge.stale), (algorithm, false));
        let wrong = get(camera, HIKVISION, &answered(&mut challenge.clone(), "wrong", HIKVISION)).await;
        assert_eq!((wrong.status, challenges(&wrong)[0].contains("stale")), (401, false));
        let elsewhere = get(camera, HIKVISION, &answered(&mut challenge.clone(), "s3cret", "/")).await;
        assert_eq!(elsewhere.status, 401);
        for _ in 0..2 {
            assert!(is_jpeg(&get(camera, HIKVISION, &answered(&mut challenge, "s3cret", HIKVISION)).await));
        }
        let worn = get(camera, HIKVISION, &answered(&mut challenge, "s3cret", HIKVISION)).await;
        let mut challenge = WwwAuthenticateHeader::parse(challenges(&worn)[place]).unwrap();
        assert_eq!((worn.status, challenge.stale), (401, true));
        assert!(is_jpeg(&get(camera, HIKVISION, &answered(&mut challenge, "s3cret", HIKVISION)).await));
        assert_eq!(servers.stop().await.requests[1].1, 3, "those who may not are not counted");
    }
}

#[tokio::test]
async fn an_old_camera_takes_the_password_itself() {
    let account = Account { schemes: vec![Scheme::Basic], ..Account::new("admin", "s3cret") };
    let (servers, _, camera) = serve(&simulation(racks(100), FAST), CameraSpec { account: Some(account), ..plain() }).await;
    let refused = get(camera, PLAIN, "").await;
    assert_eq!((refused.status, challenges(&refused)), (401, vec!["Basic realm=\"camera C1\", charset=\"UTF-8\""]));
    let password = BASE64_STANDARD.encode("admin:s3cret");
    assert!(is_jpeg(&get(camera, PLAIN, &format!("authorization: Basic {password}\r\n")).await));
    servers.stop().await;
}

#[tokio::test]
async fn an_onvif_camera_leads_from_its_services_to_its_picture() {
    let started_at = "2026-03-04T05:06:07Z";
    let camera = CameraSpec {
        account: Some(Account::new("admin", "s3cret")),
        started_at: Some(started_at.parse().unwrap()),
        ..CameraSpec::new("C1".into(), Make::Onvif)
    };
    let simulation = simulation(racks(100), FAST);
    let (servers, crane, camera) = serve(&simulation, camera).await;
    order(crane, &code(&simulation, 40)).await.unwrap();
    let ask = |path: &'static str, password: &'static str, body: &'static str| async move {
        let digest = BASE64_STANDARD.encode(Sha1::new().chain_update(b"nonce").chain_update(started_at).chain_update(password).finalize());
        let token = format!(
            "<UsernameToken><Username>admin</Username><Password Type=\"x#PasswordDigest\">{digest}</Password>\
             <Nonce>{}</Nonce><Created>{started_at}</Created></UsernameToken>",
            BASE64_STANDARD.encode("nonce")
        );
        let envelope = format!("<E><Header><Security>{token}</Security></Header><Body>{body}</Body></E>");
        let reply = send(camera, "POST", path, "content-type: application/soap+xml\r\n", envelope.as_bytes()).await.unwrap();
        (reply.status, reply.text().to_owned())
    };
    let services = ask("/onvif/device_service", "", "<GetServices/>").await.1;
    assert!(services.contains(&format!("http://{camera}/onvif/media_service")), "{services}");
    assert!(ask("/onvif/device_service", "", "<GetSystemDateAndTime/>").await.1.contains("<tt:Year>2026</tt:Year><tt:Month>3</tt:Month>"));
    let question = "<GetSnapshotUri><ProfileToken>Profile_1</ProfileToken></GetSnapshotUri>";
    assert_eq!(ask("/onvif/media_service", "wrong", question).await.0, 400);
    let (_, told) = ask("/onvif/media_service", "s3cret", question).await;
    let url = told.split("<tt:Uri>").nth(1).unwrap().split("</tt:Uri>").next().unwrap();
    let target = url.strip_prefix(&format!("http://{camera}")).unwrap();
    let refused = get(camera, target, "").await;
    let mut challenge = WwwAuthenticateHeader::parse(challenges(&refused)[0]).unwrap();
    assert_eq!(get(camera, target, &answered(&mut challenge, "s3cret", target)).await.body, picture(&simulation, 40, 0));
    servers.stop().await;
}

#[test]
fn shares_of_labels_and_views_are_as_they_are_asked_for_and_tags_stay_what_they_are() {
    let settings = "fill = 1.0\nunits_per_slot = 3\ndifferences = 0.2\n";
    let plain = simulation(racks(1000), settings);
    let spoilt = simulation(racks(1000), &format!("{settings}[camera]\nmislabelled = 0.1\nunlabelled = 0.2\nblocked = 0.3\n"));
    let (mut units, mut labels, mut wrong, mut known, mut blocked) = (0, 0, 0, 0, 0);
    let book = spoilt.world().book();
    for slot in 0..1000 {
        let (own, truth) = (plain.world().scene_truth(slot), spoilt.world().scene_truth(slot));
        assert_eq!(plain.world().holds(slot), spoilt.world().holds(slot));
        assert_eq!((own.occupied, own.wrong, own.blocked), (truth.occupied, false, false));
        let others: Vec<&String> = truth.labels.iter().filter(|label| !own.labels.contains(label)).collect();
        assert_eq!(truth.wrong, !others.is_empty());
        (units, labels, wrong) = (units + own.labels.len(), labels + truth.labels.len(), wrong + others.len());
        known += others.iter().filter(|label| book.whereabouts(label).is_some()).count();
        blocked += usize::from(truth.blocked);
        let findings = spoilt.world().findings(slot);
        assert_eq!((findings.occupied.is_none(), findings.codes.is_empty()), (truth.blocked, truth.blocked || truth.labels.is_empty()));
    }
    let share = |part: usize, of: usize| part as f64 / of as f64;
    assert!((0.17..0.23).contains(&share(units - labels, units)), "{labels} of {units}");
    assert!((0.08..0.12).contains(&share(wrong, labels)), "{wrong} of {labels}");
    assert!((0.35..0.65).contains(&share(known, wrong)), "{known} of {wrong}");
    assert!((0.26..0.34).contains(&share(blocked, 1000)), "{blocked}");
}

#[test]
fn settings_of_cameras_out_of_range_are_named() {
    for (settings, told) in [
        ("size = [8000, 540]", "simulation.camera.size: 8000 × 540 is not from 160 × 120 to 4096 × 3072"),
        ("blocked = 1.5", "simulation.camera.blocked: 1.5 is not a share from 0 to 1"),
        ("lights = []", "simulation.camera.lights: at least one light is needed"),
    ] {
        let settings: SimulationSettings = toml::from_str(&format!("[camera]\n{settings}")).unwrap();
        assert_eq!(settings.check().unwrap_err().to_string(), told);
    }
}

/// The second of three pictures of slot 40 meets a fault.
async fn met(kind: FaultKind) -> [Reply; 3] {
    let fault = format!("{FAST}[[fault]]\nkind = \"{}\"\nnth = 2\n", kind.as_str());
    let simulation = simulation(racks(100), &fault);
    let (servers, crane, camera) = serve(&simulation, plain()).await;
    order(crane, &code(&simulation, 40)).await.unwrap();
    let replies = [get(camera, PLAIN, "").await, get(camera, PLAIN, "").await, get(camera, PLAIN, "").await];
    assert!(is_jpeg(&replies[0]) && is_jpeg(&replies[2]), "{kind:?}");
    assert_eq!(servers.stop().await.faults, [(kind, 1)]);
    replies
}

#[tokio::test]
async fn faults_change_what_comes_in_place_of_a_picture() {
    let [_, busy, _] = met(FaultKind::CameraBusy).await;
    assert!(busy.status == 503 && busy.head.contains("retry-after: 1\r\n"));
    let [before, stale, after] = met(FaultKind::StalePicture).await;
    assert!(before.body == stale.body && after.body != stale.body);
    let [_, cut, _] = met(FaultKind::CorruptPicture).await;
    assert!(cut.status == 200 && cut.body.starts_with(&[0xff, 0xd8, 0xff]) && !cut.body.ends_with(&[0xff, 0xd9]));
    let [_, page, _] = met(FaultKind::WrongType).await;
    assert!(page.status == 200 && page.head.contains("content-type: text/html\r\n") && page.text().starts_with("<html>"));
    let [_, barred, _] = met(FaultKind::WrongPassword).await;
    assert_eq!(barred.status, 401);
    for spoilt in [FaultKind::BlackPicture, FaultKind::BlurredPicture, FaultKind::CameraMoved] {
        let [before, picture, _] = met(spoilt).await;
        assert!(is_jpeg(&picture), "{spoilt:?}");
        assert!(
            spoilt == FaultKind::CameraMoved || picture.body.len() * 10 < before.body.len() * 8,
            "{spoilt:?}: there is less to be seen"
        );
    }
}

/// Reads a reply for a while: its head, and how much of its body came.
async fn read_on(camera: SocketAddr, time: Duration, most: usize) -> (String, usize) {
    let mut stream = TcpStream::connect(camera).await.unwrap();
    stream.write_all(format!("GET {PLAIN} HTTP/1.1\r\nhost: sim\r\n\r\n").as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let (mut came, mut piece) = (0, vec![0; 1 << 16]);
    let _ = timeout(time, async {
        while came < most {
            match stream.read(&mut piece).await.unwrap() {
                0 => break,
                length => came += length,
            }
        }
    })
    .await;
    (String::from_utf8(head).unwrap(), came)
}

#[tokio::test]
async fn a_huge_reply_goes_on_and_on_and_a_dripping_one_hardly_comes() {
    let simulation =
        simulation(racks(100), &format!("{FAST}[[fault]]\nkind = \"huge_reply\"\nnth = 1\n[[fault]]\nkind = \"drip\"\nnth = 1\n"));
    let (servers, _, camera) = serve(&simulation, plain()).await;
    let (head, came) = read_on(camera, Duration::from_secs(30), usize::MAX).await;
    assert!(head.contains("content-length: 200000000\r\n") && came == 200_000_000, "{head} {came}");
    let (head, came) = read_on(camera, Duration::from_millis(1200), usize::MAX).await;
    assert!(head.starts_with("HTTP/1.1 200") && (1..20).contains(&came), "{head} {came}");
    assert!(is_jpeg(&get(camera, PLAIN, "").await));
    servers.stop().await;
}

#[tokio::test]
async fn the_same_seed_is_the_same_pictures_and_faults_in_every_run() {
    let settings = format!("{FAST}mislabelled = 0.3\nblocked = 0.2\n[[fault]]\nkind = \"camera_moved\"\nrate = 0.3\n");
    let mut runs = Vec::new();
    for _ in 0..2 {
        let simulation = simulation(racks(100), &settings);
        let (servers, crane, camera) = serve(&simulation, plain()).await;
        let mut pictures = Vec::new();
        for slot in [3, 40, 3, 77] {
            order(crane, &code(&simulation, slot)).await.unwrap();
            pictures.push(get(camera, PLAIN, "").await.body);
        }
        pictures.push(format!("{:?}", servers.stop().await).into_bytes());
        runs.push(pictures);
    }
    assert_eq!(runs[0], runs[1]);
}
