//! The session with real servers, and with some that only pretend.

mod pretended;
mod real;
mod secured;

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use crate::address::{BackendUrl, BrokerUrl};
use crate::backend::{Results, Update, Watched, redis};
use crate::client::ClientSettings;
use crate::error::{Trouble, TroubleKind};
use crate::pace::{Pace, UnderWay};
use crate::report::Report;

/// What a session is asked to read at most, in bytes.
const MAX_RESULT: usize = 1_000_000;
/// How long a state is waited for that comes at once.
const SOON: Duration = Duration::from_secs(10);

fn settings(url: &str) -> ClientSettings {
    ClientSettings {
        broker: BrokerUrl::parse("amqp://127.0.0.1:1/").unwrap(),
        backend: BackendUrl::parse(url).unwrap(),
        ca: None,
        name: "a test's".into(),
        max_result: MAX_RESULT,
    }
}

fn session(url: &str) -> Results {
    redis::start(Arc::new(settings(url)), Pace::new(UnderWay::default()))
}

/// Waits for a watcher's next report.
async fn report(watched: &mut Watched, within: Duration) -> Report {
    let reported = async {
        loop {
            if let Update::Report(report) = watched.next().await {
                return report;
            }
        }
    };
    timeout(within, reported).await.expect("no report came")
}

/// Waits until a watcher is told that nothing is stored.
async fn nothing(watched: &mut Watched, within: Duration) {
    let told = timeout(within, watched.next()).await.expect("nothing was told");
    assert_eq!(told, Update::NothingStored);
}

async fn trouble(results: &Results, within: Duration) -> Trouble {
    let begun = Instant::now();
    loop {
        if let Some(trouble) = results.trouble() {
            return trouble;
        }
        assert!(begun.elapsed() < within, "no trouble within {within:?}");
        sleep(Duration::from_millis(5)).await;
    }
}

async fn no_trouble(results: &Results, within: Duration) {
    let begun = Instant::now();
    while let Some(trouble) = results.trouble() {
        assert!(begun.elapsed() < within, "after {within:?} still: {trouble}");
        sleep(Duration::from_millis(5)).await;
    }
}

/// Checks once, and is to fail.
async fn check_fails(results: &Results, within: Duration) -> (TroubleKind, String) {
    let answer = timeout(within, results.check()).await.expect("no answer").expect("the session is gone");
    let trouble = answer.expect_err("it answers");
    assert_eq!(results.trouble().map(|trouble| trouble.kind), Some(trouble.kind));
    (trouble.kind, trouble.reason.to_string())
}

fn success(result: &str) -> String {
    format!(r#"{{"status": "SUCCESS", "result": {result}, "traceback": null, "children": []}}"#)
}

fn succeeded(result: &str) -> Report {
    Report::Succeeded(result.to_owned().into())
}

fn key(id: Uuid) -> String {
    format!("celery-task-meta-{id}")
}

/// A connection as workers have one.
struct Worker(TcpStream);

impl Worker {
    async fn at(port: u16) -> Self {
        Self(TcpStream::connect(("127.0.0.1", port)).await.unwrap())
    }

    /// Says something, and gives the first line of the answer.
    async fn say(&mut self, words: &[&str]) -> String {
        let words: String = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len())).collect::<Vec<_>>().concat();
        let count = words.matches("\r\n$").count() + 1;
        self.0.write_all(format!("*{count}\r\n{words}").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n") {
            answer.push(self.0.read_u8().await.unwrap());
        }
        String::from_utf8_lossy(&answer).trim_end().to_owned()
    }

    /// As a worker does it at a task's end, or in between.
    async fn store(&mut self, id: Uuid, text: &str) {
        assert_eq!(self.say(&["SET", &key(id), text, "EX", "3600"]).await, "+OK");
        self.publish(id, text).await;
    }

    async fn publish(&mut self, id: Uuid, text: &str) {
        assert!(self.say(&["PUBLISH", &key(id), text]).await.starts_with(':'));
    }

    /// Stores and publishes a result of so many bytes, made by the server itself.
    async fn store_large(&mut self, id: Uuid, bytes: usize) {
        let script = r#"local text = '{"status": "SUCCESS", "result": "' .. string.rep('x', tonumber(ARGV[1])) .. '"}'
            redis.call('SET', KEYS[1], text)
            return redis.call('PUBLISH', KEYS[1], text)"#;
        let answer = self.say(&["EVAL", script, "1", &key(id), &bytes.to_string()]).await;
        assert!(answer.starts_with(':'), "{answer}");
    }
}
