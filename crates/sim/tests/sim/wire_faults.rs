//! Each fault as a plain client meets it.

use std::io::ErrorKind;
use std::time::Duration;

use pandian_sim::FaultKind;
use pandian_sim::wire::CraneRoute;
use tokio::time::timeout;

use crate::warehouse::{opaque, simulation};
use crate::wire::{Client, PATH, Reply, order, send, serve};

const ARRIVED: &str = "{\"code\": 200, \"data\": null, \"message\": \"堆垛机已到达货位1号\"}";

/// Orders a crane to `1号` twice while a fault strikes the first time only; the second order always arrives.
async fn met(kind: FaultKind, more: &str) -> Result<Reply, ErrorKind> {
    let fault = format!("speed = 1000.0\n[[fault]]\nkind = \"{}\"\ntimes = 1\n{more}\n", kind.as_str());
    let simulation = simulation(opaque(3, 1), &fault);
    let (servers, address) = serve(&simulation, CraneRoute::new("WCS".into())).await;
    let met = timeout(Duration::from_millis(1500), order(address, "1号")).await.unwrap_or(Err(ErrorKind::TimedOut.into()));
    if matches!(kind, FaultKind::Refuse | FaultKind::DeviceRestart) {
        assert_eq!(order(address, "1号").await.unwrap_err().kind(), ErrorKind::ConnectionRefused, "{kind:?}");
    }
    let healed = loop {
        match order(address, "1号").await {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => tokio::task::yield_now().await,
            healed => break healed.unwrap(),
        }
    };
    assert_eq!(healed.text(), ARRIVED, "{kind:?}");
    assert_eq!(servers.stop().await.faults, [(kind, 1)]);
    met.map_err(|error| error.kind())
}

#[tokio::test]
async fn a_slow_crane_answers_late() {
    assert_eq!(met(FaultKind::Slow, "delay = \"100s\"").await.unwrap().text(), ARRIVED);
}

#[tokio::test]
async fn a_hanging_crane_never_answers() {
    assert_eq!(met(FaultKind::Hang, "").await, Err(ErrorKind::TimedOut));
}

#[tokio::test]
async fn a_refusing_crane_leaves_the_order_unanswered_and_is_gone_for_a_while() {
    assert_eq!(met(FaultKind::Refuse, "lasting = \"500s\"").await, Err(ErrorKind::UnexpectedEof));
}

#[tokio::test]
async fn a_restarting_crane_cuts_every_connection_and_is_gone_for_a_while() {
    assert!(met(FaultKind::DeviceRestart, "lasting = \"500s\"").await.is_err());
    let fault = "speed = 1000.0\n[[fault]]\nkind = \"device_restart\"\ndevice = \"crane\"\nlocations = [\"2号\"]\nlasting = \"100s\"";
    let (servers, address) = serve(&simulation(opaque(3, 1), fault), CraneRoute::new("WCS".into())).await;
    let mut idle = Client::connect(address).await.unwrap();
    assert_eq!(idle.send("POST", PATH, "", "{\"space_number\": \"1号\"}".as_bytes()).await.unwrap().text(), ARRIVED);
    assert!(order(address, "2号").await.is_err());
    assert!(idle.send("POST", PATH, "", "{\"space_number\": \"1号\"}".as_bytes()).await.is_err());
    servers.stop().await;
}

#[tokio::test]
async fn a_dropped_reply_begins_and_does_not_end() {
    assert_eq!(met(FaultKind::Drop, "").await, Err(ErrorKind::UnexpectedEof));
}

#[tokio::test]
async fn garbage_is_a_success_that_is_no_json() {
    let reply = met(FaultKind::Garbage, "").await.unwrap();
    assert_eq!(reply.status, 200);
    assert!(serde_json::from_slice::<serde_json::Value>(&reply.body).is_err());
}

#[tokio::test]
async fn wrong_code_alarm_and_wrong_location_are_told_in_the_envelope() {
    let text = |reply: Result<Reply, ErrorKind>| reply.unwrap().text().to_owned();
    assert!(text(met(FaultKind::WrongCode, "").await).starts_with("{\"code\": 409, "));
    assert!(text(met(FaultKind::CraneAlarm, "").await).starts_with("{\"code\": 500, "));
    assert_eq!(text(met(FaultKind::WrongLocation, "").await), ARRIVED.replace("1号", "2号"));
}

#[tokio::test]
async fn a_server_error_is_an_http_status() {
    assert_eq!(met(FaultKind::ServerError, "").await.unwrap().status, 500);
}

#[tokio::test]
async fn a_silent_reader_hears_nothing_and_a_corrupt_picture_is_cut_off() {
    let faults = "speed = 1000.0\nfill = 1.0\n[[fault]]\nkind = \"reader_silent\"\nnth = 2\n[[fault]]\nkind = \"corrupt_picture\"\nnth = 2";
    let simulation = simulation(opaque(3, 1), faults);
    let (servers, address) = serve(&simulation, CraneRoute::new("WCS".into())).await;
    order(address, "1号").await.unwrap();
    let get = |target: &'static str| async move { send(address, "GET", target, "", b"").await.unwrap() };
    let (heard, silent) =
        (get("/readers/WCS/inventory?location=1%E5%8F%B7").await, get("/readers/WCS/inventory?location=1%E5%8F%B7").await);
    assert!(heard.text().contains("epc"));
    assert_eq!(silent.text(), "{\"tags\":[]}");
    let (whole, cut) = (get("/cameras/WCS/capture?location=1%E5%8F%B7").await, get("/cameras/WCS/capture?location=1%E5%8F%B7").await);
    assert!(whole.body.starts_with(&cut.body) && cut.body.len() < whole.body.len());
    servers.stop().await;
}
