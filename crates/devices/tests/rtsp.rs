//! The `rtsp` camera against GStreamer's RTSP server. With the feature `rtsp` only:
//!
//! ```sh
//! apt-get install gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly
//! cargo test -p pandian-devices --features rtsp --test rtsp -- --include-ignored
//! ```
#![cfg(feature = "rtsp")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use pandian_devices::Camera;
use pandian_domain::Code;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

#[path = "drivers/ground.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod ground;
#[path = "drivers/guard.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod guard;
#[path = "drivers/peer.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod peer;

use guard::{USER, refused, shoot, shows_password};
use peer::{Asked, Peer, Step};

/// The server, ended when this is dropped.
struct Server {
    _process: Child,
    port: u16,
}

impl Server {
    async fn start(arguments: &[&str]) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rtsp/server.py");
        // The system's Python: GStreamer's bindings are its packages.
        let mut command = Command::new("/usr/bin/python3");
        let mut process =
            command.arg(script).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = timeout(Duration::from_secs(30), lines.next_line()).await.expect("the server starts").unwrap();
        Self { _process: process, port: line.expect("it prints its port").parse().unwrap() }
    }

    fn camera(&self, path: &str, more: &str) -> Arc<dyn Camera> {
        let settings = format!("{{ url = \"rtsp://127.0.0.1:{}{path}\" {more} }}", self.port);
        ground::camera("rtsp", &settings, &ground::context(".".as_ref()))
    }
}

#[tokio::test]
#[ignore = "needs GStreamer's RTSP server"]
async fn a_picture_is_taken_out_of_a_stream() {
    let server = Server::start(&[]).await;
    for path in ["/h264", "/jpeg"] {
        let camera = server.camera(path, "");
        let mut pictures = Vec::new();
        for _ in 0..2 {
            let begun = Instant::now();
            pictures.push(shoot(&*camera).await.unwrap().picture.unwrap());
            println!("{path}: a picture after {:?}", begun.elapsed());
        }
        assert_ne!(pictures[0], pictures[1], "the ball moves");
        for picture in pictures {
            assert_eq!(pandian_devices::camera::picture::check(&picture), Ok("image/jpeg"));
            assert_eq!(pandian_devices::camera::picture::size(&picture), Some((640, 360)));
        }
        let summary = camera.probe().await.unwrap().summary;
        assert!(summary.starts_with(camera.address()) && summary.contains("as image/jpeg of 640×360"), "{summary}");
    }
}

#[tokio::test]
#[ignore = "needs GStreamer's RTSP server"]
async fn only_the_right_user_gets_a_picture() {
    let server = Server::start(&["--guarded"]).await;
    shoot(&*server.camera("/h264", &format!(", {USER}"))).await.unwrap();
    let (code, message) = refused(&*server.camera("/h264", ", user = \"root\", password = \"env:HOME\"")).await;
    assert_eq!(code, Code::DeviceHttpStatus);
    assert!(message.ends_with("it refuses user name or password"), "{message}");
    let (_, message) = refused(&*server.camera("/h264", "")).await;
    assert!(message.ends_with("it wants a user name and a password: give `user` and `password`"), "{message}");
    let (_, message) = refused(&*server.camera("/nothing", &format!(", {USER}"))).await;
    assert!(message.contains("404"), "{message}");
}

#[tokio::test]
async fn what_is_no_stream_is_told() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = |port: u16| format!("{{ url = \"rtsp://127.0.0.1:{port}/s?token=x\" }}");
    let port = silent.local_addr().unwrap().port();
    let camera = ground::camera("rtsp", &settings(port), &ground::context(".".as_ref()));
    assert!(timeout(Duration::from_millis(200), shoot(&*camera)).await.is_err(), "it ends with the operation");
    drop(silent);
    let (code, message) = refused(&*camera).await;
    assert_eq!(code, Code::DeviceUnreachable);
    assert!(message.ends_with("/s: it cannot be reached: connection refused"), "{message}");
    let garbage = Peer::start(|_| vec![Step::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()), Step::Close]).await;
    let camera = ground::camera("rtsp", &settings(garbage.address.port()), &ground::context(".".as_ref()));
    let (code, message) = refused(&*camera).await;
    assert!(matches!(code, Code::DeviceBadReply | Code::DeviceDropped), "{message}");
}

/// A camera that lets nobody in.
async fn bolted(challenges: &'static [&'static str]) -> Peer {
    Peer::start(move |asked| {
        let challenges: String = challenges.iter().map(|challenge| format!("WWW-Authenticate: {challenge}\r\n")).collect();
        let cseq = asked.header("cseq").unwrap();
        vec![Step::Send(format!("RTSP/1.0 401 Unauthorized\r\nCSeq: {cseq}\r\n{challenges}\r\n").into_bytes())]
    })
    .await
}

fn camera(peer: &Peer, more: &str) -> Arc<dyn Camera> {
    let settings = format!("{{ url = \"rtsp://{}/s\", {USER} {more} }}", peer.address);
    ground::camera("rtsp", &settings, &ground::context(".".as_ref()))
}

const BASIC: &str = "Basic realm=\"camera\"";
const DIGEST: &str = "Digest realm=\"camera\", nonce=\"n\"";

#[tokio::test]
async fn a_password_goes_out_readable_only_where_that_is_allowed() {
    for challenges in [&[BASIC][..], &["Negotiate", BASIC]] {
        let peer = bolted(challenges).await;
        let (code, message) = refused(&*camera(&peer, "")).await;
        assert_eq!(code, Code::DeviceHttpStatus);
        assert!(message.contains("is not shown the password") && message.contains("say allow_basic = true"), "{message}");
        assert!(peer.asked().iter().all(|asked| asked.header("authorization").is_none()));
        refused(&*camera(&peer, ", allow_basic = true")).await;
        assert!(peer.asked().iter().any(shows_password));
    }
    for challenges in [&[DIGEST, BASIC], &[BASIC, DIGEST]] {
        let peer = bolted(challenges).await;
        refused(&*camera(&peer, "")).await;
        let shown: Vec<Asked> = peer.asked().into_iter().filter(|asked| asked.header("authorization").is_some()).collect();
        assert!(shown.len() == 1 && shown[0].header("authorization").unwrap().starts_with("Digest "), "{shown:?}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_shown_once() {
    let peer = bolted(&[DIGEST]).await;
    let camera = camera(&peer, "");
    let (_, message) = refused(&*camera).await;
    assert!(message.ends_with("it refuses user name or password"), "{message}");
    let asked = peer.asked().len();
    let (code, message) = refused(&*camera).await;
    assert_eq!(code, Code::DeviceHttpStatus);
    assert!(message.contains("is not asked: it refused user name or password, and is left alone for another 10m"), "{message}");
    assert_eq!(peer.asked().len(), asked);
}
