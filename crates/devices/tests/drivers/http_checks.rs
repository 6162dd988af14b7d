//! The `http` reader and the `http` camera.

use std::sync::Arc;

use base64::Engine as _;
use bytes::Bytes;
use pandian_devices::suite::visit;
use pandian_devices::{Camera, DeviceError, Shot, ShotEnd, TagReader};
use pandian_domain::{Code, OpKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::ground::{self, PNG, context};
use crate::peer::{Peer, Step, json, query, reply};

fn reader(peer: &Peer, path: &str, more: &str) -> Arc<dyn TagReader> {
    ground::reader("http", &format!("{{ url = \"{}\" {more} }}", peer.url(path)), &context(".".as_ref()))
}

fn camera(peer: &Peer, path: &str, more: &str) -> Arc<dyn Camera> {
    ground::camera("http", &format!("{{ url = \"{}\" {more} }}", peer.url(path)), &context(".".as_ref()))
}

async fn shoot(camera: &dyn Camera) -> Result<ShotEnd, DeviceError> {
    match camera.capture(&visit(OpKind::Capture, "1号", 1, 1)).await? {
        Shot::Whole(end) => Ok(end),
        Shot::Working(_) => panic!("an HTTP camera is done when it answers"),
    }
}

#[tokio::test]
async fn a_reader_is_asked_with_url_headers_and_body_filled_in() {
    let peer = Peer::start(|_| json(r#"{"tags": [{"epc": "30aa", "rssi_dbm": -60}]}"#)).await;
    let home = std::env::var("HOME").unwrap();
    let more = ", headers = { x-home = \"env:HOME\", x-fixed = \"f\" }, body = { location = \"{location}\", power = 30 }";
    let visit = visit(OpKind::Inventory, "1号", 1, 2);
    let inventory = reader(&peer, "/{crane}/tags?l={location}&n={attempt}", more).inventory(&visit).await.unwrap();
    assert_eq!(inventory.tags.unwrap()[0].epc.as_str(), "30AA");
    let asked = &peer.asked()[0];
    assert_eq!(asked.head.lines().next(), Some("POST /C1/tags?l=1%E5%8F%B7&n=2 HTTP/1.1"));
    assert_eq!((query(asked, "l"), asked.body.as_slice()), ("1号".to_owned(), r#"{"location":"1号","power":30}"#.as_bytes()));
    assert_eq!((asked.header("x-home"), asked.header("x-fixed")), (Some(&*home), Some("f")));
    assert_eq!((asked.header("content-type"), asked.header("idempotency-key")), (Some("application/json"), Some(&*visit.key())));
}

#[tokio::test]
async fn a_readers_text_is_a_note_only_if_it_says_that_it_is_text() {
    let peer = Peer::start(|_| vec![Step::Send(reply("200 OK", "text/plain; charset=utf-8", "扫描完成"))]).await;
    let visit = visit(OpKind::Inventory, "1号", 1, 1);
    let inventory = reader(&peer, "/", "").inventory(&visit).await.unwrap();
    assert_eq!((inventory.tags, inventory.note.as_deref()), (None, Some("扫描完成")));
    assert!(peer.asked()[0].head.starts_with("GET / HTTP/1.1"));
    peer.now(|_| vec![Step::Send(reply("200 OK", "text/html", "<html>login</html>"))]);
    let error = reader(&peer, "/", "").inventory(&visit).await.unwrap_err();
    assert_eq!(error.code, Code::DeviceBadReply);
    assert!(error.to_string().ends_with("an object is wanted; it begins \"<html>login</html>\""), "{error}");
    peer.now(|_| json(format!("{{\"tags\": [{}{{\"epc\": \"xyz\"}}]}}", "{\"epc\": \"30AA\"},".repeat(10_000))));
    let error = reader(&peer, "/", "").inventory(&visit).await.unwrap_err();
    assert!(error.to_string().contains("tags[10000].epc: \"xyz\" is not an EPC"), "{error}");
}

#[tokio::test]
async fn a_camera_sends_the_picture_itself_whatever_it_calls_it() {
    for kind in ["image/png", "application/octet-stream", "application/json"] {
        let peer = Peer::start(move |_| vec![Step::Send(reply("200 OK", kind, PNG))]).await;
        assert_eq!(shoot(&*camera(&peer, "/shot", "")).await.unwrap().picture.as_deref(), Some(PNG), "{kind}");
    }
}

#[tokio::test]
async fn a_camera_sends_json_that_names_or_bears_the_picture() {
    let peer = Peer::start(|asked| match asked.target() {
        "/cam/shot" => {
            json(r#"{"picture": "files/1.png?v=2", "findings": {"occupied": true, "codes": ["HU1"], "confidence": 0.5}, "note": "n"}"#)
        }
        "/cam/files/1.png?v=2" => vec![Step::Send(reply("200 OK", "image/png", PNG))],
        "/here" => json(format!("{{\"picture_base64\": \"{}\"}}", base64::prelude::BASE64_STANDARD.encode(PNG))),
        other => panic!("{other}"),
    })
    .await;
    let end = shoot(&*camera(&peer, "/cam/shot", ", headers = { x-key = \"k\" }, body = {}")).await.unwrap();
    assert_eq!((end.picture.as_deref(), end.note.as_deref()), (Some(PNG), Some("n")));
    assert_eq!(end.findings.unwrap().codes, ["HU1"]);
    let fetched = &peer.asked()[1];
    assert_eq!((fetched.method(), fetched.header("x-key"), fetched.header("content-type")), ("GET", Some("k"), None));
    assert_eq!(shoot(&*camera(&peer, "/here", "")).await.unwrap().picture.as_deref(), Some(PNG));
}

#[tokio::test]
async fn what_is_no_whole_picture_is_refused() {
    let long = || json(format!("{{\"picture_base64\": \"{}\"}}", base64::prelude::BASE64_STANDARD.encode([7; 100_000])));
    type Answer = fn() -> Vec<Step>;
    let cases: [(Answer, Code, &str); 7] = [
        (|| vec![Step::Send(reply("200 OK", "image/png", &PNG[..40]))], Code::CameraBadPicture, "cut off"),
        (|| vec![Step::Send(reply("200 OK", "text/html", "<html>"))], Code::CameraBadPicture, "declared as text/html"),
        (|| vec![Step::Send(b"HTTP/1.1 204 None\r\n\r\n".to_vec())], Code::CameraBadPicture, "it is empty"),
        (|| json(r#"{"picture": "http://127.0.0.1:1/x.png"}"#), Code::DeviceBadReply, "only"),
        (|| json(r#"{"picture": "file:///etc/passwd"}"#), Code::DeviceBadReply, "is not fetched"),
        (|| json(r#"{"findings": {"confidence": 2}}"#), Code::DeviceBadReply, "findings: the confidence 2 is not within 0 and 1"),
        (|| json(format!("{{\"picture_base64\": \"{}\"}}", "B".repeat(100_000))), Code::CameraBadPicture, "begins like no"),
    ];
    for (steps, code, told) in cases {
        let peer = Peer::start(move |_| steps()).await;
        let error = shoot(&*camera(&peer, "/shot", "")).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(error.to_string().contains(told), "{error}");
    }
    let peer = Peer::start(move |_| long()).await;
    let error = shoot(&*camera(&peer, "/shot", ", max_reply = \"64KiB\"")).await.unwrap_err();
    assert_eq!(error.code, Code::DeviceTooLarge, "{error}");
}

#[tokio::test]
async fn a_comparison_is_sent_the_picture_and_answers_with_findings() {
    let peer = Peer::start(|_| json(r#"{"findings": {"occupied": false, "confidence": 0.75}}"#)).await;
    let more = format!(
        ", compare_url = \"{}\", compare_headers = {{ x-token = \"t\" }}, headers = {{ x-key = \"k\" }}",
        peer.url("/compare?l={location}")
    );
    let camera = camera(&peer, "/shot", &more);
    let visit = visit(OpKind::Compare, "1号", 1, 1);
    let findings = camera.comparer().unwrap().compare(&visit, Bytes::from_static(PNG)).await.unwrap();
    assert_eq!((findings.occupied, findings.confidence), (Some(false), Some(0.75)));
    let asked = &peer.asked()[0];
    assert_eq!((asked.method(), &*query(asked, "l"), asked.header("content-type")), ("POST", "1号", Some("image/png")));
    assert_eq!((asked.header("x-token"), asked.header("x-key")), (Some("t"), None), "the camera's secrets are the camera's");
    assert_eq!((asked.body.as_slice(), asked.header("idempotency-key")), (PNG, Some(&*visit.key())));
    peer.now(|_| json("{}"));
    let error = camera.comparer().unwrap().compare(&visit, Bytes::from_static(PNG)).await.unwrap_err();
    assert!(error.to_string().starts_with("the picture comparison of crane C1 at http://"), "{error}");
    assert!(self::camera(&peer, "/shot", "").comparer().is_none());
}

#[tokio::test]
async fn a_service_that_refuses_a_long_picture_early_is_heard() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let more = format!(", compare_url = \"http://{}/compare\"", listener.local_addr().unwrap());
    let peer = Peer::start(|_| vec![]).await;
    let camera = camera(&peer, "/shot", &more);
    let visit = visit(OpKind::Compare, "1号", 1, 1);
    let picture = Bytes::from(vec![7; 64 << 20]);
    let (refused, ()) = tokio::join!(camera.comparer().unwrap().compare(&visit, picture), async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(&reply("413 Too Large", "text/plain", "at most 1 MB")).await.unwrap();
        // As servers do, it goes on reading for a while, so that no reset destroys its reply on the way.
        let mut taken = 0;
        while taken < 64 << 20 {
            taken += stream.read(&mut [0; 65536]).await.unwrap();
        }
    });
    let error = refused.unwrap_err();
    assert_eq!(error.code, Code::DeviceHttpStatus, "{error}");
    assert!(error.to_string().ends_with("answered HTTP 413 Payload Too Large: at most 1 MB"), "{error}");
}
