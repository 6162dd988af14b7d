//! The servers, spoken to by a plain client that knows nothing of ours.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use pandian_sim::Simulation;
use pandian_sim::wire::{CraneRoute, Manner, Route, ServerSpec, Serves, SimServers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::warehouse::{opaque, racks, simulation};

/// A plain HTTP client on one connection.
pub(crate) struct Client(TcpStream);

/// A reply as it came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> std::io::Result<Self> {
        TcpStream::connect(address).await.map(Self)
    }

    /// Sends a request and reads the reply; what is missing of it when the connection ends is an error.
    pub(crate) async fn send(&mut self, method: &str, target: &str, headers: &str, body: &[u8]) -> std::io::Result<Reply> {
        let head = format!("{method} {target} HTTP/1.1\r\nhost: sim\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
        self.0.write_all(head.as_bytes()).await?;
        self.0.write_all(body).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await?);
        }
        let head = String::from_utf8(head).unwrap();
        let field = |name: &str| head.to_lowercase().lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()));
        let mut body = vec![0; field("content-length:").map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body).await?;
        Ok(Reply { status: head[9..12].parse().unwrap(), head, body })
    }
}

/// One request on a connection of its own.
pub(crate) async fn send(address: SocketAddr, method: &str, target: &str, headers: &str, body: &[u8]) -> std::io::Result<Reply> {
    timeout(Duration::from_secs(20), async { Client::connect(address).await?.send(method, target, headers, body).await }).await?
}

pub(crate) const PATH: &str = "/api/smart_check/execute_queue/";

pub(crate) async fn order(address: SocketAddr, location: &str) -> std::io::Result<Reply> {
    let body = format!("{{\"space_number\": \"{location}\"}}");
    send(address, "POST", PATH, "content-type: application/json\r\n", body.as_bytes()).await
}

/// Everything on one free port.
pub(crate) async fn serve(simulation: &Arc<Simulation>, route: CraneRoute) -> (SimServers, SocketAddr) {
    let routes = vec![Route::Crane(route), Route::Readers, Route::Cameras];
    let servers =
        SimServers::start(simulation.clone(), vec![ServerSpec { listen: ([127, 0, 0, 1], 0).into(), serves: Serves::Http(routes) }])
            .await
            .unwrap();
    let address = servers.addresses()[0];
    (servers, address)
}

fn dispatcher() -> CraneRoute {
    CraneRoute::new("WCS".into())
}

const FAST: &str = "inventory_time = \"0s\"\ncapture_time = \"0s\"\ncompare_time = \"0s\"\nopaque_travel = [\"100ms\", \"300ms\"]\n";

#[tokio::test]
async fn the_reply_is_the_contracts_bytes_whether_the_order_is_escaped_or_not() {
    let (servers, address) = serve(&simulation(opaque(12, 3), FAST), dispatcher()).await;
    let wanted = "{\"code\": 200, \"data\": null, \"message\": \"堆垛机已到达货位1号\"}".as_bytes();
    for body in ["{\"space_number\": \"1号\"}", "{\"space_number\":\"1\\u53f7\", \"more\": [1]}"] {
        let reply = send(address, "POST", PATH, "content-type: application/json\r\n", body.as_bytes()).await.unwrap();
        assert_eq!((reply.status, &reply.body[..]), (200, wanted));
        assert!(reply.head.contains("content-type: application/json\r\n"), "{}", reply.head);
    }
    assert_eq!(servers.stop().await.requests[0], ("crane WCS".to_owned(), 2));
}

#[tokio::test]
async fn what_is_no_order_is_refused_in_the_crane_systems_own_form() {
    let (servers, address) = serve(&simulation(opaque(12, 3), FAST), dispatcher()).await;
    let post = |body: &'static [u8]| send(address, "POST", PATH, "", body);
    let reply = order(address, "13号").await.unwrap();
    assert_eq!((reply.status, reply.text()), (200, "{\"code\": 404, \"data\": null, \"message\": \"货位不存在13号\"}"));
    for body in [&b""[..], b"{", b"[]", b"{\"space_number\": 1}", b"\xff\xfe", b"{\"space\": \"1\"}"] {
        let reply = post(body).await.unwrap();
        assert_eq!(reply.status, 400);
        assert!(reply.text().starts_with("{\"code\": 400, \"data\": null, \"message\": \""), "{}", reply.text());
    }
    assert_eq!(send(address, "GET", PATH, "", b"").await.unwrap().status, 405);
    assert_eq!(send(address, "OPTIONS", PATH, "", b"").await.unwrap().status, 200);
    for path in ["/api/smart_check/execute_queue", "/", "/readers/C9/inventory?location=1", "/readers/WCS"] {
        assert_eq!(send(address, "POST", path, "", b"").await.unwrap().status, 404, "{path}");
    }
    servers.stop().await;
}

#[tokio::test]
async fn three_at_once_arrive_at_the_same_time() {
    let simulation = simulation(opaque(12, 3), "opaque_travel = [\"1s\", \"1s\"]");
    let (servers, address) = serve(&simulation, dispatcher()).await;
    let start = Instant::now();
    let arrivals = join_all(["1号", "8号", "10号"].map(|at| async move { (order(address, at).await.unwrap(), start.elapsed()) })).await;
    for (reply, took) in arrivals {
        assert_eq!(reply.status, 200);
        // One after another they would need three seconds.
        assert!((1000..1900).contains(&took.as_millis()), "{took:?}");
    }
    servers.stop().await;
}

#[tokio::test]
async fn a_repeated_order_joins_its_travel_and_more_orders_than_cranes_wait_for_one() {
    let simulation = simulation(opaque(12, 2), "opaque_travel = [\"800ms\", \"800ms\"]");
    let (servers, address) = serve(&simulation, dispatcher()).await;
    let start = Instant::now();
    let sent = |location: &'static str, key: &'static str| async move {
        let headers = format!("idempotency-key: {key}\r\n");
        let body = format!("{{\"space_number\": \"{location}\"}}");
        assert_eq!(send(address, "POST", PATH, &headers, body.as_bytes()).await.unwrap().status, 200);
        start.elapsed().as_millis()
    };
    // Both cranes are taken by 1 and 2; the repetitions join; 3 waits for the first that is free.
    let times = tokio::join!(sent("1号", "a"), sent("1号", "a"), sent("1号", "b"), sent("2号", "c"), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        sent("3号", "d").await
    });
    for joined in [times.0, times.1, times.2, times.3] {
        assert!((800..1500).contains(&joined), "{times:?}");
    }
    assert!((1600..2300).contains(&times.4), "{times:?}");
    // One that stands there has arrived.
    let again = sent("3号", "d").await;
    assert!(again - times.4 < 700, "{times:?} {again}");
    servers.stop().await;
}

#[tokio::test]
async fn a_task_is_polled_until_its_crane_has_arrived() {
    let simulation = simulation(opaque(12, 3), "opaque_travel = [\"300ms\", \"300ms\"]");
    let tasks = "/api/smart_check/tasks/";
    let (servers, address) = serve(&simulation, CraneRoute { manner: Manner::Poll { tasks: tasks.into() }, ..dispatcher() }).await;
    let key = "idempotency-key: k\r\n";
    let accepted = send(address, "POST", PATH, key, "{\"space_number\": \"1号\"}".as_bytes()).await.unwrap();
    assert_eq!(accepted.status, 202);
    let json: serde_json::Value = serde_json::from_slice(&accepted.body).unwrap();
    assert_eq!(json["code"], 202);
    let task = json["data"]["task_id"].as_str().unwrap();
    assert!(accepted.text().starts_with(&format!("{{\"code\": 202, \"data\": {{\"task_id\": \"{task}\"}}, \"message\": \"")));
    let again = send(address, "POST", PATH, key, "{\"space_number\": \"1号\"}".as_bytes()).await.unwrap();
    assert_eq!(again, accepted);
    let mut under_way = 0;
    let arrived = loop {
        let reply = send(address, "GET", &format!("{tasks}{task}"), "", b"").await.unwrap();
        if reply.status != 202 {
            break reply;
        }
        under_way += 1;
    };
    assert!(under_way > 0);
    assert_eq!((arrived.status, arrived.text()), (200, "{\"code\": 200, \"data\": null, \"message\": \"堆垛机已到达货位1号\"}"));
    assert_eq!(send(address, "GET", &format!("{tasks}nothing"), "", b"").await.unwrap().status, 404);
    servers.stop().await;
}

#[tokio::test]
async fn an_arrival_is_called_back_with_the_secret_until_it_is_heard() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/callbacks/cranes/WCS", listener.local_addr().unwrap());
    let manner = Manner::CallBack { url, secret: Some("s3cret".into()) };
    let (servers, address) = serve(&simulation(opaque(12, 3), FAST), CraneRoute { manner, ..dispatcher() }).await;
    let accepted = order(address, "1号").await.unwrap();
    let json: serde_json::Value = serde_json::from_slice(&accepted.body).unwrap();
    let heard = async {
        let mut calls = Vec::new();
        for status in ["503 Busy", "200 OK"] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut call = vec![0; 4096];
            let mut length = 0;
            while !call[..length].ends_with(b"}") {
                length += stream.read(&mut call[length..]).await.unwrap();
            }
            calls.push(String::from_utf8(call[..length].to_vec()).unwrap());
            stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
        }
        calls
    };
    let calls = timeout(Duration::from_secs(20), heard).await.unwrap();
    let task = json["data"]["task_id"].as_str().unwrap();
    for call in &calls {
        assert!(call.starts_with("POST /callbacks/cranes/WCS HTTP/1.1\r\n"), "{call}");
        assert!(call.contains("\r\nauthorization: Bearer s3cret\r\n"), "{call}");
        assert!(call.ends_with(&format!("{{\"task_id\": \"{task}\", \"code\": 200, \"message\": \"堆垛机已到达货位1号\"}}")), "{call}");
    }
    servers.stop().await;
}

#[tokio::test]
async fn readers_and_cameras_meet_what_is_where_their_crane_stands() {
    let simulation = simulation(racks(1000), "speed = 1000.0\npicture_every = 2");
    let (servers, address) = serve(&simulation, CraneRoute::new("C1".into())).await;
    let world = simulation.world();
    let at = |slot| world.layout().slot(slot).code.to_string();
    let get = |target: String| async move { send(address, "GET", &target, "", b"").await.unwrap() };
    order(address, &at(40)).await.unwrap();
    let tags = |slot| serde_json::to_value(world.inventory(slot)).unwrap()["tags"].clone();
    let reply = get(format!("/readers/C1/inventory?location={}", at(40))).await;
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&reply.body).unwrap(), serde_json::json!({ "tags": tags(40) }));
    // Asked for another location it still hears what is here.
    let body = format!("{{\"location\": \"{}\"}}", at(100));
    let elsewhere = send(address, "POST", "/readers/C1/inventory", "", body.as_bytes()).await.unwrap();
    assert_eq!(elsewhere.body, reply.body);
    let picture = get(format!("/cameras/C1/capture?location={}", at(40))).await;
    assert_eq!(picture.body, world.picture(40));
    assert!(picture.head.contains("content-type: image/png\r\n"));
    let compared = send(address, "POST", "/cameras/C1/compare", "content-type: image/png\r\n", &picture.body).await.unwrap();
    let findings = |slot| serde_json::json!({ "findings": world.findings(slot) });
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&compared.body).unwrap(), findings(40));
    order(address, &at(41)).await.unwrap();
    let seen = get(format!("/cameras/C1/capture?location={}", at(41))).await;
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&seen.body).unwrap(), findings(41));
    assert_eq!(send(address, "POST", "/cameras/C1/compare", "", b"no picture").await.unwrap().status, 422);
    assert_eq!(get("/cameras/C1/capture?location=nowhere".into()).await.status, 404);
    assert_eq!(get("/cameras/C1/capture".into()).await.status, 400);
    servers.stop().await;
}

#[tokio::test]
async fn thousands_of_connections_are_served_at_once_and_stopping_ends_them() {
    let simulation = simulation(opaque(900, 900), "opaque_travel = [\"500ms\", \"500ms\"]");
    let (servers, address) = serve(&simulation, dispatcher()).await;
    let locations: Vec<String> = (1..=900).map(|n| format!("{n}号")).collect();
    let replies = join_all(locations.iter().map(|location| order(address, location))).await;
    for (location, reply) in locations.iter().zip(replies) {
        assert!(reply.unwrap().text().ends_with(&format!("货位{location}\"}}")), "{location}");
    }
    let mut idle = Client::connect(address).await.unwrap();
    let under_way = order(address, "1号");
    timeout(Duration::from_secs(10), servers.stop()).await.unwrap();
    assert!(under_way.await.is_err());
    assert!(idle.send("GET", "/", "", b"").await.is_err());
}
