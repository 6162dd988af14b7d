//! The `http-snapshot` camera against cameras that behave as real ones do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use pandian_devices::Camera;
use pandian_devices::suite::until;
use pandian_domain::Code;
use tokio::time::{Instant, timeout};

use crate::certificates::Certificates;
use crate::ground::{self, PNG, context};
use crate::guard::{Guard, USER, challenged, new_picture, refused, shoot, shoot_within, shot, shows_password};
use crate::peer::{Peer, Step, reply};

fn camera(peer: &Peer, more: &str) -> Arc<dyn Camera> {
    let settings = format!("{{ url = \"{}\", {more} }}", peer.url("/shot.jpg?size=large"));
    ground::camera("http-snapshot", &settings, &context(".".as_ref()))
}

/// A camera that lets nobody in without a digest.
async fn guarded(algorithm: &'static str, says_stale: bool) -> (Peer, Arc<Guard>) {
    let guard = Arc::new(Guard::new(algorithm, says_stale));
    let at_the_door = guard.clone();
    let peer = Peer::start(move |asked| at_the_door.stops(asked).unwrap_or_else(shot)).await;
    (peer, guard)
}

#[tokio::test]
async fn credentials_are_asked_for_once_and_then_counted() {
    for algorithm in ["MD5", "SHA-256"] {
        let (peer, guard) = guarded(algorithm, true).await;
        let camera = camera(&peer, USER);
        for _ in 0..3 {
            assert!(shoot(&*camera).await.unwrap().picture.unwrap().starts_with(PNG));
        }
        assert_eq!((peer.asked().len(), guard.counts()), (4, vec![1, 2, 3]), "{algorithm}");
        assert_eq!(peer.accepted(), 1, "one connection serves all");
        assert_eq!(peer.asked()[0].header("authorization"), None);
    }
}

#[tokio::test]
async fn a_nonce_that_the_camera_forgot_is_replaced_within_the_same_operation() {
    for says_stale in [true, false] {
        let (peer, guard) = guarded("MD5", says_stale).await;
        let camera = camera(&peer, USER);
        shoot(&*camera).await.unwrap();
        guard.forget();
        shoot(&*camera).await.unwrap();
        assert_eq!((peer.asked().len(), guard.counts()), (4, vec![1, 1]), "stale is said: {says_stale}");
    }
}

#[tokio::test]
async fn a_wrong_user_is_told_so_after_one_answer() {
    let (peer, _) = guarded("MD5", true).await;
    let (code, message) = refused(&*camera(&peer, "user = \"root\", password = \"env:HOME\"")).await;
    assert_eq!(code, Code::DeviceHttpStatus);
    assert!(message.ends_with("answered HTTP 401: it refuses user name or password"), "{message}");
    assert_eq!(peer.asked().len(), 2, "a camera locks out who is wrong too often");
    let (_, message) = refused(&*camera(&peer, "")).await;
    assert!(message.ends_with("it wants a user name and a password: give `user` and `password`"), "{message}");
    peer.now(|_| vec![Step::Send(challenged("Digest realm=\"r\", nonce=\"n\", stale=true"))]);
    let before = peer.asked().len();
    let (_, message) = refused(&*camera(&peer, USER)).await;
    assert!(message.ends_with("it refuses user name or password"), "{message}");
    assert_eq!(peer.asked().len() - before, 3, "what is stale for ever is given up");
}

#[tokio::test]
async fn a_wrong_password_is_shown_once_whoever_asks() {
    let (peer, _) = guarded("MD5", true).await;
    let shared = context(".".as_ref());
    let sides = [1, 2].map(|channel| {
        let user = "user = \"root\", password = \"env:HOME\"";
        let settings = format!("{{ preset = \"axis\", address = \"{}\", channel = {channel}, {user} }}", peer.address);
        ground::camera("http-snapshot", &settings, &shared)
    });
    refused(&*sides[0]).await;
    for _ in 0..3 {
        for side in &sides {
            let (code, message) = refused(&**side).await;
            assert_eq!(code, Code::DeviceHttpStatus);
            assert!(message.contains("is not asked: it refused user name or password, and is left alone for another 10m"), "{message}");
        }
    }
    assert_eq!(peer.asked().len(), 2, "one question, one answer");
}

#[tokio::test]
async fn a_password_goes_out_readable_only_where_that_is_allowed() {
    let peer =
        Peer::start(|asked| if shows_password(asked) { shot() } else { vec![Step::Send(challenged("Basic realm=\"camera\""))] }).await;
    let (code, message) = refused(&*camera(&peer, USER)).await;
    assert_eq!(code, Code::DeviceHttpStatus);
    assert!(message.contains("use https, or say allow_basic = true"), "{message}");
    assert!(!peer.asked().iter().any(shows_password));
    let camera = camera(&peer, &format!("{USER}, allow_basic = true"));
    let before = peer.asked().len();
    for _ in 0..2 {
        shoot(&*camera).await.unwrap();
    }
    assert_eq!(peer.asked().len() - before, 3);
}

#[tokio::test]
async fn the_same_bytes_twice_are_no_new_picture() {
    let peer = Peer::start(|_| vec![Step::Send(reply("200 OK", "image/png", PNG))]).await;
    let camera = camera(&peer, "");
    assert_eq!(shoot(&*camera).await.unwrap().picture.unwrap(), PNG);
    let (code, message) = refused(&*camera).await;
    assert_eq!(code, Code::CameraStale, "{message}");
    peer.now(|_| shot());
    shoot(&*camera).await.unwrap();
    peer.now(|_| vec![Step::Send(reply("200 OK", "image/png", PNG))]);
    assert_eq!(refused(&*camera).await.0, Code::CameraStale, "also one that came before the last");
}

#[tokio::test]
async fn when_a_picture_was_made_is_a_note() {
    let peer = Peer::start(|_| {
        let head = "HTTP/1.1 200 OK\r\nlast-modified: Sat, 01 Jan 2000 00:00:00 GMT\r\ncontent-length:";
        vec![Step::Send([format!("{head} {}\r\n\r\n", PNG.len()).as_bytes(), PNG].concat())]
    })
    .await;
    let note = shoot(&*camera(&peer, "")).await.unwrap().note;
    assert_eq!(note.as_deref(), Some("last modified, by the camera's clock: Sat, 01 Jan 2000 00:00:00 GMT"));
}

fn busy(retry_after: &str) -> Vec<Step> {
    vec![Step::Send(format!("HTTP/1.1 503 Busy\r\nretry-after: {retry_after}\r\ncontent-length: 0\r\n\r\n").into_bytes())]
}

#[tokio::test]
async fn a_busy_camera_is_left_alone_as_long_as_it_asks() {
    let peer = Peer::start(|_| busy("1")).await;
    let shared = context(".".as_ref());
    let [camera, other] = ["/1.jpg", "/2.jpg"].map(|path| {
        let settings = format!("{{ url = \"{}\" }}", peer.url(path));
        ground::camera("http-snapshot", &settings, &shared)
    });
    let (code, message) = refused(&*camera).await;
    assert_eq!(code, Code::CameraBusy);
    assert!(message.ends_with("is busy: it answered HTTP 503, and asks to be left alone for 1s"), "{message}");
    peer.now(|_| shot());
    let begun = Instant::now();
    shoot(&*camera).await.unwrap();
    assert!(begun.elapsed() > Duration::from_millis(900), "{:?}", begun.elapsed());

    peer.now(|_| busy("3600"));
    let (_, message) = refused(&*camera).await;
    assert!(message.ends_with("asks to be left alone for 1m"), "there is a bound: {message}");
    let before = peer.asked().len();
    let begun = Instant::now();
    for camera in [&camera, &other] {
        let (code, message) = refused(&**camera).await;
        assert!(code == Code::CameraBusy && message.contains("asked to be left alone for another "), "{message}");
    }
    assert!(begun.elapsed() < Duration::from_secs(1) && peer.asked().len() == before, "it was not asked, and nobody waited in vain");
}

#[tokio::test]
async fn one_picture_is_asked_for_at_a_time() {
    let peer = Peer::start(|_| vec![Step::Drip(reply("200 OK", "image/png", new_picture()))]).await;
    // Both channels of one device, whose address may be written in more than one way.
    let shared = context(".".as_ref());
    let channel = |query: &str| {
        let settings = format!("{{ url = \"{}\" }}", peer.url(&format!("/shot.jpg{query}")).replacen("http", "HTTP", 1));
        ground::camera("http-snapshot", &settings, &shared)
    };
    let [camera, other] = ["?channel=1", "?channel=2"].map(channel);
    let busiest = AtomicUsize::new(0);
    let watched = async {
        loop {
            busiest.fetch_max(peer.busy(), Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = watched => unreachable!("it watches for ever"),
        all = join_all((0..8).map(|number| shoot(if number % 2 == 0 { &*camera } else { &*other }))) => all.into_iter().for_each(|shot| drop(shot.unwrap())),
    }
    assert_eq!((busiest.load(Ordering::SeqCst), peer.asked().len()), (1, 8));

    until("the last is over", || peer.busy() == 0).await;
    peer.now(|_| vec![Step::Hang]);
    let first = shoot_within(&*camera, 10_000);
    tokio::select! {
        ended = first => panic!("it hangs: {ended:?}"),
        (code, message) = async { until("the first is asked for", || peer.busy() == 1).await; refused(&*other).await } => {
            assert_eq!(code, Code::DeviceTimeout);
            assert!(message.ends_with("other pictures took all the time; it is asked for one at a time"), "{message}");
        }
    }
}

#[tokio::test]
async fn what_is_no_picture_is_named() {
    let peer = Peer::start(|_| shot()).await;
    let camera = camera(&peer, "max_picture = \"64KiB\"");
    let html = "<!DOCTYPE html><html><title>Login</title></html>";
    let jpeg = b"\xff\xd8\xff\xe1\0\x06\xff\xd8\xff\xd9\xff\xda\0\x02half of a scan";
    let tiff = reply("200 OK", "image/tiff", b"II*\0\x08\0\0\0\0\0");
    let (text, half) = (reply("200 OK", "text/html", html), reply("200 OK", "image/jpeg", jpeg));
    let forbidden = reply("403 Forbidden", "text/xml", "<ResponseStatus/>");
    let missing = reply("404 Not Found", "text/plain", "no such channel");
    let huge = b"HTTP/1.1 200 OK\r\ncontent-length: 200000000\r\n\r\n".to_vec();
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let dropped = [b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n".as_slice(), jpeg].concat();
    for (name, steps, code, told) in [
        (
            "a page",
            vec![text],
            Code::CameraBadPicture,
            "sent no picture but an HTML page, perhaps one to log in at (declared as text/html)",
        ),
        (
            "half",
            vec![half],
            Code::CameraBadPicture,
            "brought no whole picture: it is cut off: its end is missing (it is declared as image/jpeg)",
        ),
        (
            "a TIFF",
            vec![tiff],
            Code::CameraBadPicture,
            "brought no whole picture: it is a TIFF, which cannot be looked at here: send a JPEG, PNG, GIF, BMP or WebP",
        ),
        ("nothing", vec![reply("200 OK", "image/jpeg", "")], Code::CameraBadPicture, "brought no whole picture: it is empty"),
        ("forbidden", vec![forbidden], Code::DeviceHttpStatus, "answered HTTP 403: this user may not take pictures there"),
        ("missing", vec![missing], Code::DeviceHttpStatus, "answered HTTP 404 Not Found: no such channel"),
        ("200 MB", vec![huge], Code::DeviceTooLarge, "sent more than the 64KiB that it may"),
        ("endless", vec![chunked], Code::DeviceTooLarge, "sent more than the 64KiB that it may"),
        ("dropped", vec![dropped], Code::DeviceDropped, "ended the connection before its reply was whole"),
    ] {
        let is_chunked = name == "endless";
        let steps = Arc::new(steps);
        peer.now(move |_| {
            let sent = steps.iter().cloned().map(Step::Send);
            let flood = is_chunked.then(|| Step::Flood([b"1000\r\n".as_slice(), &[7; 0x1000], b"\r\n"].concat(), 1000));
            sent.chain(flood).chain([Step::Close]).collect()
        });
        let (got, message) = refused(&*camera).await;
        assert_eq!(got, code, "{name}: {message}");
        assert!(message.contains(told), "{name}: {message}");
    }
}

#[tokio::test]
async fn a_drip_ends_with_the_operation() {
    let peer = Peer::start(|_| vec![Step::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n\xff\xd8".to_vec()), Step::Hang]).await;
    let camera = camera(&peer, "");
    assert!(timeout(Duration::from_millis(100), shoot(&*camera)).await.is_err());
    until("the connection is closed", || peer.open() == 0).await;
    peer.now(|_| shot());
    shoot(&*camera).await.unwrap();
}

#[tokio::test]
async fn the_mast_settles_before_the_picture() {
    let peer = Peer::start(|_| shot()).await;
    let camera = camera(&peer, "settle = \"300ms\"");
    let begun = Instant::now();
    shoot(&*camera).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn presets_ask_at_the_paths_of_their_makers() {
    let peer = Peer::start(|_| shot()).await;
    for (preset, target) in [
        ("preset = \"hikvision\"", "/ISAPI/Streaming/channels/101/picture"),
        ("preset = \"hikvision\", channel = 202", "/ISAPI/Streaming/channels/202/picture"),
        ("preset = \"axis\", channel = 2, resolution = \"800x600\"", "/axis-cgi/jpg/image.cgi?resolution=800x600&camera=2"),
    ] {
        let settings = format!("{{ {preset}, address = \"{}\" }}", peer.address);
        shoot(&*ground::camera("http-snapshot", &settings, &context(".".as_ref()))).await.unwrap();
        assert_eq!(peer.asked().last().unwrap().target(), target);
    }
}

#[tokio::test]
async fn trying_a_camera_says_what_it_answers() {
    let (peer, _) = guarded("MD5", true).await;
    let summary = camera(&peer, USER).probe().await.unwrap().summary;
    assert_eq!(summary, format!("{} answers: HTTP 200, Digest MD5, image/png of 1×1, 1 kB", peer.url("/shot.jpg")));
    peer.now(|_| shot());
    let summary = camera(&peer, "").probe().await.unwrap().summary;
    assert!(summary.contains("HTTP 200, no credentials asked for, image/png"), "{summary}");
}

#[tokio::test]
async fn a_camera_is_recognised_over_tls_as_it_is_configured() {
    let certificates = Certificates::new().await;
    let peer =
        Peer::start(|asked| if shows_password(asked) { shot() } else { vec![Step::Send(challenged("Basic realm=\"camera\""))] }).await;
    let address = certificates.in_front_of(&peer).await;
    let camera = |tls: &str| {
        let settings = format!("{{ preset = \"axis\", address = \"{address}\", tls = {tls}, {USER} }}");
        ground::camera("http-snapshot", &settings, &context(certificates.folder.path()))
    };
    for tls in ["{ ca = \"ca.pem\", server_name = \"localhost\" }", &format!("{{ sha256 = \"{}\" }}", certificates.sha256)] {
        let camera = camera(tls);
        for _ in 0..2 {
            shoot(&*camera).await.unwrap();
        }
    }
    let asked = peer.asked().len();
    let other = format!("{{ sha256 = \"{}\" }}", "00".repeat(32));
    for (tls, told) in [
        ("{ ca = \"ca.pem\" }", "certificate"),
        ("{ public = true, server_name = \"localhost\" }", "UnknownIssuer"),
        (&other, "which is not `tls.sha256`"),
    ] {
        let (code, message) = refused(&*camera(tls)).await;
        assert_eq!(code, Code::DeviceUnreachable, "{tls}: {message}");
        assert!(message.contains(told), "{tls}: {message}");
    }
    assert_eq!(peer.asked().len(), asked, "who is not recognised is not spoken to");
}
