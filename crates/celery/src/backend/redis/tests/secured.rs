//! Passwords, rights, and encryption.

use std::path::Path;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use super::*;
use crate::stand::{Redis, RedisOptions};

#[tokio::test]
#[ignore = "needs Redis"]
async fn who_may_not_is_refused_and_told_why() {
    let redis = Redis::start_with(RedisOptions { password: Some("secret"), ..RedisOptions::default() }).await;
    let mut worker = Worker::at(redis.port()).await;
    assert_eq!(worker.say(&["AUTH", "secret"]).await, "+OK");
    // This one may do it all, and see no task; the other may see tasks, and not subscribe.
    assert_eq!(worker.say(&["ACL", "SETUSER", "blind", "on", ">word", "+@all", "&*", "~other:*"]).await, "+OK");
    assert_eq!(worker.say(&["ACL", "SETUSER", "deaf", "on", ">word", "+@all", "resetchannels", "~celery-task-meta-*"]).await, "+OK");
    for (user, database, expected) in [
        ("", "0", "it wants a password"),
        (":wrong@", "0", "the user or the password is wrong"),
        ("nobody:secret@", "0", "the user or the password is wrong"),
        (":secret@", "99", "it has no database of that number"),
        ("blind:word@", "0", "a right is missing: this user has no permissions to access one of the keys used as arguments"),
        ("deaf:word@", "0", "a right is missing: this user has no permissions to access one of the channels used as arguments"),
    ] {
        let results = session(&format!("redis://{user}127.0.0.1:{}/{database}", redis.port()));
        let (kind, reason) = check_fails(&results, SOON).await;
        assert_eq!((kind, reason.as_str()), (TroubleKind::Refused, expected), "{user}");
    }
    // Given the right, it goes on by itself.
    let results = session(&format!("redis://deaf:word@127.0.0.1:{}", redis.port()));
    let mut watched = results.watch(Uuid::from_u128(1));
    trouble(&results, SOON).await;
    assert_eq!(worker.say(&["ACL", "SETUSER", "deaf", "&celery-task-meta-*"]).await, "+OK");
    nothing(&mut watched, SOON).await;
    assert_eq!(results.trouble(), None);
}

#[tokio::test]
#[ignore = "needs Redis"]
async fn a_database_of_its_own_is_used() {
    let redis = Redis::start().await;
    let results = session(&format!("redis://127.0.0.1:{}/3", redis.port()));
    let mut worker = Worker::at(redis.port()).await;
    assert_eq!(worker.say(&["SELECT", "3"]).await, "+OK");
    worker.store(Uuid::from_u128(1), &success("5")).await;
    assert_eq!(report(&mut results.watch(Uuid::from_u128(1)), SOON).await, succeeded("5"));
}

/// A Redis that speaks TLS only, with a certificate of a private authority.
struct Encrypted {
    _server: Child,
    directory: TempDir,
    port: u16,
}

impl Encrypted {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
        let ca = ["-x509", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem"];
        openssl(path, &[&["req"], &key[..], &ca[..]].concat()).await;
        openssl(path, &[&["req"], &key[..5], &["-subj", "/CN=redis", "-keyout", "redis.key", "-out", "redis.csr"]].concat()).await;
        std::fs::write(path.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1").unwrap();
        let sign = ["x509", "-req", "-in", "redis.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"];
        openssl(path, &[&sign[..], &["-extfile", "names", "-out", "redis.pem"]].concat()).await;

        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let mut server = Command::new("redis-server");
        server.args(["--bind", "127.0.0.1", "--port", "0", "--save", "", "--tls-port", &port.to_string(), "--tls-auth-clients", "no"]);
        server.args(["--tls-cert-file", "redis.pem", "--tls-key-file", "redis.key", "--tls-ca-cert-file", "ca.pem"]);
        server.current_dir(path).stdout(std::process::Stdio::null()).kill_on_drop(true);
        let server = server.spawn().unwrap();
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(begun.elapsed() < SOON, "Redis does not listen");
            sleep(Duration::from_millis(20)).await;
        }
        Self { _server: server, directory, port }
    }

    fn session(&self, host: &str, ca: Option<&str>) -> Results {
        let ca = ca.map(|name| std::fs::read(self.directory.path().join(name)).unwrap().into());
        redis::start(Arc::new(ClientSettings { ca, ..settings(&format!("rediss://{host}:{}", self.port)) }), Pace::new(UnderWay::default()))
    }
}

async fn openssl(path: &Path, words: &[&str]) {
    let output = Command::new("openssl").args(words).current_dir(path).output().await.unwrap();
    assert!(output.status.success(), "openssl {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
#[ignore = "needs Redis and openssl"]
async fn a_private_authority_is_trusted_if_it_is_named() {
    let redis = Encrypted::start().await;
    for host in ["localhost", "127.0.0.1"] {
        let results = redis.session(host, Some("ca.pem"));
        let says = timeout(SOON, results.check()).await.unwrap().unwrap().unwrap();
        assert!(says.starts_with("Redis "), "{says}");
        // Enough for several records of TLS, both ways.
        let mut watched: Vec<_> = (0..2_000).map(|id| results.watch(Uuid::from_u128(id))).collect();
        for watched in &mut watched {
            nothing(watched, SOON).await;
        }
    }
    let (kind, reason) = check_fails(&redis.session("localhost", None), SOON).await;
    assert!(kind == TroubleKind::Foreign && reason.contains("certificate"), "{reason}");
    let (kind, reason) = check_fails(&redis.session("localhost", Some("redis.key")), SOON).await;
    assert_eq!(
        (kind, reason.as_str()),
        (TroubleKind::Unreachable, "the certificates of the private authority cannot be used: there is none")
    );
    let (kind, reason) = check_fails(&session(&format!("redis://localhost:{}", redis.port)), SOON).await;
    assert!(matches!(kind, TroubleKind::Foreign | TroubleKind::Unreachable), "{reason}");
}
