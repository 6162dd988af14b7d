//! The `http` crane and the client beneath it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pandian_devices::suite::{until, visit};
use pandian_devices::{Arrival, Crane, DeviceError, Visit};
use pandian_domain::{Code, OpKind};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::ground::{self, context};
use crate::peer::{Peer, Step, arrival, json, reply, space_number};

fn go(location: &str) -> Visit {
    visit(OpKind::Goto, location, 1, 1)
}

fn crane(settings: &str) -> Arc<dyn Crane> {
    ground::crane("http", settings, &context(".".as_ref()))
}

fn crane_of(peer: &Peer) -> Arc<dyn Crane> {
    crane(&format!("{{ url = \"{}\" }}", peer.url("/api/smart_check/execute_queue/")))
}

async fn failure(crane: &dyn Crane) -> DeviceError {
    crane.go_to(&go("1号")).await.unwrap_err()
}

#[tokio::test]
async fn the_request_on_the_wire_is_that_of_the_scenario() {
    let peer = Peer::start(|asked| json(arrival(&space_number(asked)))).await;
    assert_eq!(crane_of(&peer).go_to(&go("1号")).await.unwrap(), Arrival::default());
    let asked = &peer.asked()[0];
    assert_eq!(asked.head.lines().next(), Some("POST /api/smart_check/execute_queue/ HTTP/1.1"));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(asked.header("host"), Some(&*peer.address.to_string()));
    assert_eq!(asked.header("idempotency-key"), Some(&*go("1号").key()));
    assert_eq!(asked.header("content-length"), Some("24"));
    assert_eq!(asked.body, r#"{"space_number": "1号"}"#.as_bytes());
}

#[tokio::test]
async fn one_connection_serves_one_visit_after_another() {
    let peer = Peer::start(|asked| json(arrival(&space_number(asked)))).await;
    let crane = crane_of(&peer);
    for _ in 0..20 {
        crane.go_to(&go("1号")).await.unwrap();
    }
    assert_eq!(peer.accepted(), 1);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_replaced_unseen() {
    let peer = Peer::start(|asked| {
        let mut steps = json(arrival(&space_number(asked)));
        steps.push(Step::Close);
        steps
    })
    .await;
    let crane = crane_of(&peer);
    for n in 1..=50 {
        crane.go_to(&go("1号")).await.unwrap();
        assert_eq!(peer.accepted(), n);
        // The peer has closed; whether our side has noticed yet differs from turn to turn.
        until("the peer has closed", || peer.open() == 0).await;
    }
}

#[tokio::test]
async fn a_request_that_may_have_been_acted_on_is_not_sent_again() {
    let peer = Peer::start(|asked| json(arrival(&space_number(asked)))).await;
    let crane = crane_of(&peer);
    crane.go_to(&go("1号")).await.unwrap();
    peer.now(|_| vec![Step::Close]);
    let error = failure(&*crane).await;
    assert_eq!(error.code, Code::DeviceDropped, "{error}");
    assert_eq!(peer.asked().len(), 2, "the lost request was repeated");
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = failure(&*crane(&format!("{{ url = \"http://{free}/go\" }}"))).await;
    assert_eq!(error.to_string(), format!("crane C1 at http://{free}/go cannot be reached: connection refused"));
    assert_eq!(error.code, Code::DeviceUnreachable);
    let error = failure(&*crane("{ url = \"http://no-such-host.invalid/go?token=secret\" }")).await;
    assert_eq!(error.code, Code::DeviceUnreachable, "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_behind_https_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let crane = crane(&format!("{{ url = \"https://{}/go\" }}", listener.local_addr().unwrap()));
    let (error, ()) = tokio::join!(failure(&*crane), async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    assert_eq!(error.code, Code::DeviceUnreachable, "{error}");
    assert!(error.to_string().contains("corrupt message"), "{error}");
}

#[tokio::test]
async fn a_connection_that_ends_before_the_reply_does_is_dropped() {
    let whole = reply("200 OK", "application/json", arrival("1号"));
    for end in [0, 1, 12, 40, whole.len() - 1] {
        let part = whole[..end].to_vec();
        let peer = Peer::start(move |_| vec![Step::Send(part.clone()), Step::Close]).await;
        let error = failure(&*crane_of(&peer)).await;
        assert_eq!(error.code, Code::DeviceDropped, "after {end} bytes: {error}");
    }
}

#[tokio::test]
async fn a_reply_that_comes_byte_by_byte_is_a_reply() {
    for framed in [reply("200 OK", "application/json", arrival("1号")), chunked(&arrival("1号"))] {
        let peer = Peer::start(move |_| vec![Step::Drip(framed.clone())]).await;
        crane_of(&peer).go_to(&go("1号")).await.unwrap();
    }
}

fn chunked(body: &str) -> Vec<u8> {
    let (a, b) = body.as_bytes().split_at(7);
    let mut bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for part in [a, b, b""] {
        bytes.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
        bytes.extend_from_slice(part);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

#[tokio::test]
async fn what_is_not_http_is_a_bad_reply() {
    for garbage in [&b"\x00\x01\x02 no protocol at all\r\n\r\n"[..], b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 abc\r\n\r\n"] {
        let peer = Peer::start(move |_| vec![Step::Send(garbage.to_vec()), Step::Close]).await;
        let error = failure(&*crane_of(&peer)).await;
        assert_eq!(error.code, Code::DeviceBadReply, "{error}");
        assert!(error.to_string().contains("does not speak HTTP"), "{error}");
    }
    let broken = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n";
    let peer = Peer::start(move |_| vec![Step::Send(broken.to_vec()), Step::Close]).await;
    let error = failure(&*crane_of(&peer)).await;
    assert!(matches!(error.code, Code::DeviceBadReply | Code::DeviceDropped), "{error}");
}

#[tokio::test]
async fn a_head_or_body_without_end_is_too_large() {
    let peer =
        Peer::start(|_| vec![Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()), Step::Flood(b"x-more: and more\r\n".to_vec(), 1 << 20)]).await;
    let error = failure(&*crane_of(&peer)).await;
    assert_eq!(error.code, Code::DeviceTooLarge, "{error}");
    until("the connection is gone", || peer.open() == 0).await;

    for head in ["content-length: 104857600", "connection: close"] {
        let peer = Peer::start(move |_| {
            vec![Step::Send(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").into_bytes()), Step::Flood(vec![b' '; 1 << 20], 100)]
        })
        .await;
        let error = failure(&*crane_of(&peer)).await;
        assert_eq!(error.code, Code::DeviceTooLarge, "{head}: {error}");
        assert!(error.to_string().contains("64KiB"), "{error}");
        until("the connection is gone", || peer.open() == 0).await;
    }
}

#[tokio::test]
async fn a_status_that_is_no_success_is_told_with_the_beginning_of_the_body() {
    let peer = Peer::start(|_| vec![Step::Send(reply("503 Busy", "text/plain", format!(" queue full\n{}", "长".repeat(1000))))]).await;
    let error = failure(&*crane_of(&peer)).await;
    assert_eq!(error.code, Code::DeviceHttpStatus);
    let told = error.to_string();
    assert!(told.contains("answered HTTP 503 Service Unavailable: queue full 长长"), "{told}");
    assert!(told.chars().count() < 400 && told.ends_with('…'), "{told}");
}

#[tokio::test]
async fn a_dropped_request_leaves_no_connection_that_is_used_again() {
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"code\"".to_vec();
    for steps in [vec![], half] {
        let peer = Peer::start(move |_| vec![Step::Send(steps.clone()), Step::Hang]).await;
        let crane = crane_of(&peer);
        let visit = go("1号");
        tokio::select! {
            ended = crane.go_to(&visit) => panic!("{ended:?}"),
            () = until("the peer has the request", || peer.busy() == 1) => {}
        }
        until("the connection is gone", || peer.open() == 0).await;
        peer.now(|asked| json(arrival(&space_number(asked))));
        crane.go_to(&go("2号")).await.unwrap();
        assert_eq!(peer.accepted(), 2);
    }
}

#[tokio::test]
async fn a_thousand_cranes_travel_at_once() {
    let peer = Peer::start(|asked| json(arrival(&space_number(asked)))).await;
    let crane = crane_of(&peer);
    let visits: Vec<Visit> = (0..1000).map(|n| go(&n.to_string())).collect();
    for arrival in futures_util::future::join_all(visits.iter().map(|visit| crane.go_to(visit))).await {
        arrival.unwrap();
    }
}

#[tokio::test]
async fn a_polled_crane_has_arrived_when_its_task_has() {
    let polls = Arc::new(AtomicUsize::new(0));
    let peer = Peer::start(move |asked| match (asked.method(), polls.fetch_add(1, Ordering::SeqCst)) {
        ("POST", _) => vec![Step::Send(reply("202 Accepted", "application/json", r#"{"code": 202, "data": {"task_id": "T 1/号"}}"#))],
        (_, 1 | 2) => {
            vec![Step::Send(reply("202 Accepted", "application/json", r#"{"code": 202, "data": null, "message": "on its way"}"#))]
        }
        _ => json(arrival("1号")),
    })
    .await;
    let settings = "mode = \"poll\", poll_interval = \"10ms\", headers = { x-key = \"k\" }";
    let crane =
        crane(&format!("{{ url = \"{}\", poll_url = \"{}\", {settings} }}", peer.url("/go"), peer.url("/tasks/{task_id}?s={stop}")));
    crane.go_to(&go("1号")).await.unwrap();
    let asked = peer.asked();
    assert_eq!(asked.len(), 4);
    assert_eq!(asked[1].head.lines().next().unwrap(), format!("GET /tasks/T%201%2F%E5%8F%B7?s={} HTTP/1.1", go("1号").stop));
    assert_eq!(asked[3].header("x-key"), Some("k"));
    // Being there already is an arrival at once.
    peer.now(|_| json(arrival("1号")));
    crane.go_to(&go("1号")).await.unwrap();
    assert_eq!(peer.asked().last().unwrap().method(), "POST");
}

#[tokio::test]
async fn a_polled_task_can_fail_in_its_own_ways() {
    let accepted = || json(r#"{"code": 202, "data": {"task_id": 7}}"#);
    let peer = Peer::start(move |_| accepted()).await;
    let settings = "mode = \"poll\", poll_interval = \"10ms\", alarm_codes = [510]";
    let crane = crane(&format!("{{ url = \"{}\", poll_url = \"{}\", {settings} }}", peer.url("/go"), peer.url("/tasks/{task_id}")));
    for (answer, code) in [
        (vec![reply("404 Not Found", "text/plain", "")], Code::CraneTaskUnknown),
        (vec![reply("200 OK", "application/json", r#"{"code": 404}"#)], Code::CraneTaskUnknown),
        (vec![reply("200 OK", "application/json", r#"{"code": 510, "message": "急停"}"#)], Code::CraneAlarm),
        (vec![reply("200 OK", "application/json", arrival("2号"))], Code::CraneWrongLocation),
        (vec![reply("500 Oh", "text/plain", "")], Code::DeviceHttpStatus),
        (vec![], Code::DeviceDropped),
    ] {
        peer.now(move |asked| match asked.method() {
            "POST" => json(r#"{"code": 202, "data": {"task_id": 7}}"#),
            _ => answer.iter().cloned().map(Step::Send).chain([Step::Close]).collect(),
        });
        let error = failure(&*crane).await;
        assert_eq!(error.code, code, "{error}");
    }
    peer.now(|_| json(r#"{"code": 202, "data": {}}"#));
    let error = failure(&*crane).await;
    assert!(error.to_string().contains("/data/task_id is missing"), "{error}");
}

#[tokio::test]
async fn trying_a_crane_never_sends_it() {
    let peer = Peer::start(|_| vec![Step::Send(reply("405 No", "text/plain", "no"))]).await;
    let probe = crane_of(&peer).probe().await.unwrap();
    assert!(probe.summary.contains("answers (HTTP 405 to OPTIONS"), "{probe:?}");
    assert!(peer.asked().is_empty());
}

#[tokio::test]
async fn a_crane_that_refuses_the_credentials_or_is_broken_fails_its_trial() {
    let peer = Peer::start(|_| vec![]).await;
    for (status, advice) in
        [("401 No", "check `headers`"), ("403 No", "check `headers`"), ("500 Oh", "its own log"), ("503 Oh", "its own log")]
    {
        peer.now(move |_| vec![Step::Send(reply(status, "text/plain", ""))]);
        let error = crane_of(&peer).probe().await.unwrap_err();
        assert_eq!(error.code, Code::DeviceHttpStatus);
        assert!(error.to_string().contains(&status[..3]) && error.to_string().contains(advice), "{error}");
    }
    for (status, remark) in
        [("200 OK", "OPTIONS)"), ("400 No", "takes no OPTIONS"), ("404 No", "check `url`"), ("501 No", "takes no OPTIONS")]
    {
        peer.now(move |_| vec![Step::Send(reply(status, "text/plain", ""))]);
        let probe = crane_of(&peer).probe().await.unwrap();
        assert!(probe.summary.contains(remark), "{probe:?}");
    }
}

#[tokio::test]
async fn every_framing_of_a_reply_is_understood() {
    let body = arrival("1号");
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    let length = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let trailer = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:X};x=y\r\n{body}\r\n0\r\nx-end: 1\r\n\r\n", body.len());
    for (head, closes) in [
        (format!("{interim}{length}"), false),
        (trailer, false),
        (format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len()), true),
        (format!("HTTP/1.0 200 OK\r\n\r\n{body}"), true),
        (format!("HTTP/1.1 200 OK\r\n\r\n{body}"), true),
        (format!("{length}and what nobody asked for"), true),
    ] {
        let bytes = head.clone().into_bytes();
        let peer = Peer::start(move |_| {
            let mut steps = vec![Step::Send(bytes.clone())];
            steps.extend(closes.then_some(Step::Close));
            steps
        })
        .await;
        let crane = crane_of(&peer);
        for _ in 0..3 {
            crane.go_to(&go("1号")).await.unwrap_or_else(|error| panic!("{head}: {error}"));
        }
        assert_eq!(peer.accepted(), if closes { 3 } else { 1 }, "{head}");
    }
}

#[tokio::test]
async fn a_peer_that_changes_the_protocol_is_refused() {
    let peer = Peer::start(|_| vec![Step::Send(b"HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n".to_vec()), Step::Hang]).await;
    assert_eq!(failure(&*crane_of(&peer)).await.code, Code::DeviceBadReply);
    until("the connection is gone", || peer.open() == 0).await;
}
