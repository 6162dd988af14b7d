//! Cranes that call back.

use std::sync::Arc;

use pandian_devices::callback::{CallbackListener, CallbackTable};
use pandian_devices::suite::{until, visit};
use pandian_devices::{Crane, Visit};
use pandian_domain::{Code, OpKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::ground::{self, context};
use crate::peer::{Peer, Step, json, reply};

struct Site {
    peer: Peer,
    crane: Arc<dyn Crane>,
    listener: CallbackListener,
}

async fn site() -> Site {
    let table = Arc::new(CallbackTable::new());
    let listener = CallbackListener::bind("127.0.0.1:0".parse().unwrap(), "top secret", table.clone()).await.unwrap();
    let peer =
        Peer::start(|_| vec![Step::Send(reply("202 Accepted", "application/json", r#"{"code": 202, "data": {"task_id": "T1"}}"#))]).await;
    let context = pandian_devices::BuildContext { callbacks: table, ..context(".".as_ref()) };
    let settings = format!("{{ url = \"{}\", mode = \"callback\", alarm_codes = [510] }}", peer.url("/go"));
    Site { crane: ground::crane("http", &settings, &context), peer, listener }
}

impl Site {
    /// Posts to the listener; gives the status of its answer.
    async fn post(&self, head: &str, body: &str) -> u16 {
        let mut stream = TcpStream::connect(self.listener.address()).await.unwrap();
        let request = format!("{head}\r\nhost: x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        // A refused body may end in a reset once the answer is read.
        let _ = stream.read_to_string(&mut answer).await;
        answer.split(' ').nth(1).unwrap_or_else(|| panic!("{answer:?}")).parse().unwrap()
    }

    async fn call_back(&self, body: &str) -> u16 {
        self.post("POST /callbacks/cranes/C1 HTTP/1.1\r\nauthorization: Bearer top secret", body).await
    }
}

fn go() -> Visit {
    visit(OpKind::Goto, "1号", 1, 1)
}

const ARRIVED: &str = r#"{"task_id": "T1", "code": 200, "message": "堆垛机已到达货位1号"}"#;

#[tokio::test]
async fn a_call_back_ends_the_journey_before_or_after_the_reply() {
    let site = site().await;
    for early in [true, false] {
        let visit = go();
        let call = async {
            if !early {
                until("the crane was sent", || site.peer.asked().len() == 2).await;
            }
            assert_eq!(site.call_back(ARRIVED).await, 204);
            assert_eq!(site.call_back(ARRIVED).await, 204, "the same call-back twice");
        };
        if early {
            call.await;
            site.crane.go_to(&visit).await.unwrap();
        } else {
            let (arrived, ()) = tokio::join!(site.crane.go_to(&visit), call);
            arrived.unwrap();
        }
    }
}

#[tokio::test]
async fn a_call_back_can_bring_a_failure() {
    let site = site().await;
    for (body, code) in [
        (r#"{"task_id": "T1", "code": 510, "message": "急停"}"#, Code::CraneAlarm),
        (r#"{"task_id": "T1", "code": 500}"#, Code::CraneWrongCode),
        (r#"{"task_id": "T1", "code": 200, "message": "堆垛机已到达货位11号"}"#, Code::CraneWrongLocation),
    ] {
        assert_eq!(site.call_back(body).await, 204);
        assert_eq!(site.crane.go_to(&go()).await.unwrap_err().code, code);
    }
    site.peer.now(|_| json(r#"{"code": 200, "message": "堆垛机已到达货位1号"}"#));
    site.crane.go_to(&go()).await.unwrap();
}

#[tokio::test]
async fn what_is_no_call_back_of_ours_is_refused() {
    let site = site().await;
    let path = "POST /callbacks/cranes/C1 HTTP/1.1";
    for (secret, status) in [
        ("authorization: Bearer top secret", 204),
        ("authorization: bearer top secret", 204),
        ("x-pandian-secret: top secret", 204),
        ("x-pandian-secret: top secrets", 401),
        ("x-pandian-secret: ", 401),
        ("authorization: Basic top secret", 401),
        ("authorization: Bea", 401),
        ("accept: */*", 401),
    ] {
        assert_eq!(site.post(&format!("{path}\r\n{secret}"), ARRIVED).await, status, "{secret}");
    }
    let secret = "x-pandian-secret: top secret";
    for (line, status) in [
        ("POST /callbacks/cranes/C2 HTTP/1.1", 404),
        ("POST /callbacks/cranes/ HTTP/1.1", 404),
        ("POST /callbacks/cranes/%ff HTTP/1.1", 404),
        ("POST / HTTP/1.1", 404),
        ("PUT /callbacks/cranes/C1 HTTP/1.1", 405),
    ] {
        assert_eq!(site.post(&format!("{line}\r\n{secret}"), ARRIVED).await, status, "{line}");
    }
    for body in ["", "{}", "[\"T1\", 200, \"\"]", "{\"task_id\": \"T1\"}", "{\"task_id\": null, \"code\": 200}", "\u{0}"] {
        assert_eq!(site.call_back(body).await, 400, "{body}");
    }
    assert_eq!(site.call_back(&format!("{{\"task_id\": \"{}\"", "x".repeat(70_000))).await, 413);
}

#[tokio::test]
async fn a_dropped_listener_listens_no_more() {
    let site = site().await;
    let address = site.listener.address();
    drop(site);
    for _ in 0..1000 {
        if TcpStream::connect(address).await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("the listener still listens");
}

#[tokio::test]
async fn a_listener_needs_a_secret_and_a_free_address() {
    let bind = |address: std::net::SocketAddr, secret: &'static str| async move {
        CallbackListener::bind(address, secret, Default::default()).await
    };
    let any = "127.0.0.1:0".parse().unwrap();
    assert!(bind(any, "").await.unwrap_err().to_string().contains("the secret is empty"));
    let first = bind(any, "s").await.unwrap();
    let error = bind(first.address(), "s").await.unwrap_err();
    assert_eq!(error.to_string(), format!("call-backs cannot be taken at {}: address already in use", first.address()));
}
