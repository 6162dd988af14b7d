//! An HTTP peer that does to the letter what a test tells it, on a raw socket.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }
    pub(crate) fn method(&self) -> &str {
        self.head.split(' ').next().unwrap()
    }
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| line.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v))
    }
}

/// What the peer does next on a connection.
pub(crate) enum Step {
    Send(Vec<u8>),
    /// Sends byte by byte, each in a packet of its own.
    Drip(Vec<u8>),
    /// Sends so many times the same bytes, or until the client has enough.
    Flood(Vec<u8>, usize),
    /// Waits until the client goes away.
    Hang,
    Close,
}

type Script = dyn Fn(&Asked) -> Vec<Step> + Send + Sync;

struct State {
    script: Mutex<Arc<Script>>,
    asked: Mutex<Vec<Asked>>,
    open: AtomicUsize,
    accepted: AtomicUsize,
    /// Exchanges between the request's first byte and the end of their steps.
    busy: AtomicUsize,
}

pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

/// A count that falls when it is dropped.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn up(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Peer {
    pub(crate) async fn start(script: impl Fn(&Asked) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            script: Mutex::new(Arc::new(script)),
            asked: Mutex::default(),
            open: AtomicUsize::default(),
            accepted: AtomicUsize::default(),
            busy: AtomicUsize::default(),
        });
        let shared = state.clone();
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                shared.accepted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Self { address, state, serving }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
    pub(crate) fn now(&self, script: impl Fn(&Asked) -> Vec<Step> + Send + Sync + 'static) {
        *self.state.script.lock().unwrap() = Arc::new(script);
    }
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().unwrap().clone()
    }
    pub(crate) fn open(&self) -> usize {
        self.state.open.load(Ordering::SeqCst)
    }
    pub(crate) fn accepted(&self) -> usize {
        self.state.accepted.load(Ordering::SeqCst)
    }
    pub(crate) fn busy(&self) -> usize {
        self.state.busy.load(Ordering::SeqCst)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(mut stream: TcpStream, state: Arc<State>) {
    let _open = Counted::up(&state.open);
    stream.set_nodelay(true).unwrap();
    while let Some(asked) = read_request(&mut stream).await {
        let _busy = Counted::up(&state.busy);
        if asked.method() != "OPTIONS" {
            state.asked.lock().unwrap().push(asked.clone());
        }
        let script = state.script.lock().unwrap().clone();
        for step in script(&asked) {
            let sent = match step {
                Step::Send(bytes) => stream.write_all(&bytes).await,
                Step::Drip(bytes) => drip(&mut stream, &bytes).await,
                Step::Flood(bytes, times) => flood(&mut stream, &bytes, times).await,
                Step::Hang => {
                    while stream.read(&mut [0; 64]).await.is_ok_and(|length| length > 0) {}
                    return;
                }
                Step::Close => return,
            };
            if sent.is_err() {
                return;
            }
        }
    }
}

async fn drip(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        tokio::task::yield_now().await;
    }
    Ok(())
}

async fn flood(stream: &mut TcpStream, bytes: &[u8], times: usize) -> std::io::Result<()> {
    for _ in 0..times {
        stream.write_all(bytes).await?;
    }
    Ok(())
}

async fn read_request(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut asked = Asked { head: String::from_utf8(bytes[..head_end].to_vec()).unwrap(), body: bytes[head_end..].to_vec() };
    let length: usize = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
    while asked.body.len() < length {
        if stream.read_buf(&mut asked.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(asked)
}

pub(crate) fn reply(status: &str, kind: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

pub(crate) fn json(body: impl AsRef<[u8]>) -> Vec<Step> {
    vec![Step::Send(reply("200 OK", "application/json", body))]
}

pub(crate) fn arrival(location: &str) -> String {
    format!("{{\"code\": 200, \"data\": null, \"message\": {}}}", serde_json::Value::from(format!("堆垛机已到达货位{location}")))
}

/// The location of a request of the scenario's kind.
pub(crate) fn space_number(asked: &Asked) -> String {
    let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
    body["space_number"].as_str().unwrap().to_owned()
}

/// The value of a query parameter, percent-decoded.
pub(crate) fn query(asked: &Asked, name: &str) -> String {
    let (_, query) = asked.target().split_once('?').unwrap();
    let raw = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).unwrap();
    let mut bytes = raw.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => u8::from_str_radix(std::str::from_utf8(&[bytes.next().unwrap(), bytes.next().unwrap()]).unwrap(), 16).unwrap(),
            other => other,
        });
    }
    String::from_utf8(decoded).unwrap()
}
