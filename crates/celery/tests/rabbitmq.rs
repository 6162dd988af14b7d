//! The client and a real RabbitMQ: what is published is there, whatever happens, and troubles are told as what they are.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use lapin::options::{BasicGetOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use pandian_celery::stand::{Proxy, Rabbit, WorkerSpec, Workers};
use pandian_celery::{Abandoned, BackendUrl, BrokerUrl, Call, Client, ClientSettings, Reached, Task, TaskError, Trouble, TroubleKind};
use serde_json::Map;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use uuid::Uuid;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);

/// One broker for all tests that do not harm it. It ends with this program.
async fn rabbit() -> &'static Rabbit {
    static RABBIT: OnceCell<Rabbit> = OnceCell::const_new();
    RABBIT.get_or_init(Rabbit::start).await
}

fn settings(url: &str) -> ClientSettings {
    ClientSettings {
        broker: BrokerUrl::parse(url).unwrap(),
        backend: BackendUrl::Rpc,
        ca: None,
        name: format!("pandian-test-{}", Uuid::new_v4()).into(),
        max_result: 1_000,
    }
}

fn client(url: &str) -> Client {
    Client::new(settings(url))
}

fn task(queue: &str) -> Task {
    Task { id: Uuid::new_v4(), name: "read".into(), queue: queue.into(), args: Vec::new(), kwargs: Map::new() }
}

fn call(client: &Client, task: &Task) -> Call {
    client.call(task.clone(), Abandoned::Leave)
}

/// The broker answers, and says what it is.
async fn is_rabbit(client: &Client) {
    let said = client.check_broker().await.unwrap();
    let version = said.strip_prefix("RabbitMQ ").unwrap_or_else(|| panic!("{said}"));
    assert!(version.starts_with(|digit: char| digit.is_ascii_digit()), "{said}");
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !is_so().await {
        assert!(begin.elapsed() < LONG, "{what}: not within {LONG:?}");
        sleep(LOOK).await;
    }
}

/// A channel past the client.
async fn channel(rabbit: &Rabbit) -> Channel {
    let connection = Connection::connect(&rabbit.url(), ConnectionProperties::default()).await;
    connection.unwrap().create_channel().await.unwrap()
}

/// A queue as Celery declares it, empty.
async fn queue(channel: &Channel) -> String {
    let name = format!("queue-{}", Uuid::new_v4());
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(name.as_str().into(), durable, FieldTable::default()).await.unwrap();
    name
}

async fn length(channel: &Channel, queue: &str) -> u32 {
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), passive, FieldTable::default()).await.unwrap().message_count()
}

/// Takes a message out of a queue: the task's id, and its properties.
async fn take(channel: &Channel, queue: &str) -> Option<(Uuid, BasicProperties)> {
    let got = channel.basic_get(queue.into(), BasicGetOptions { no_ack: true }).await.unwrap()?;
    let properties = got.delivery.properties;
    let id = properties.correlation_id().as_ref().unwrap().as_str().parse().unwrap();
    Some((id, properties))
}

/// Takes a task out of a queue and answers it, as a worker does.
async fn work(channel: &Channel, queue: &str) -> Uuid {
    let mut taken = None;
    until("a task comes", async || {
        taken = take(channel, queue).await;
        taken.is_some()
    })
    .await;
    let (id, properties) = taken.unwrap();
    answer(channel, id, properties.reply_to().as_ref().unwrap().as_str()).await;
    id
}

async fn answer(channel: &Channel, id: Uuid, reply_to: &str) {
    let properties = BasicProperties::default().with_correlation_id(id.to_string().into());
    let body = format!(r#"{{"task_id": "{id}", "status": "SUCCESS", "result": "{id}", "traceback": null, "children": []}}"#);
    channel.basic_publish("".into(), reply_to.into(), BasicPublishOptions::default(), body.as_bytes(), properties).await.unwrap();
}

fn ended(id: Uuid) -> Result<Reached, TaskError> {
    Ok(Reached::Ended(format!("\"{id}\"").into()))
}

#[tokio::test]
#[ignore = "needs RabbitMQ"]
async fn a_task_is_published_and_its_result_comes_back() {
    let rabbit = rabbit().await;
    let channel = channel(rabbit).await;
    let queue = queue(&channel).await;
    let client = client(&rabbit.url());
    is_rabbit(&client).await;
    assert_eq!(client.check_backend().await.as_deref(), Ok("through the broker"));
    let task = task(&queue);
    let mut called = call(&client, &task);
    let (reached, worked) = tokio::join!(called.until(None, Some(Instant::now() + LONG)), async {
        until("the task comes", async || length(&channel, &queue).await == 1).await;
        let (id, properties) = take(&channel, &queue).await.unwrap();
        answer(&channel, id, properties.reply_to().as_ref().unwrap().as_str()).await;
        (id, properties)
    });
    assert_eq!((reached, worked.0), (ended(task.id), task.id));
    let properties = worked.1;
    assert_eq!(properties.delivery_mode(), &Some(2));
    assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "application/json");
    let expires: u64 = properties.expiration().as_ref().unwrap().as_str().parse().unwrap();
    assert!((LONG.as_millis() as u64 - 10_000..=LONG.as_millis() as u64).contains(&expires), "{expires}");
    // The same task again has its result already: nothing is published.
    assert_eq!(call(&client, &task).until(None, Some(Instant::now() + LONG)).await, ended(task.id));
    assert_eq!(length(&channel, &queue).await, 0);
}

#[tokio::test]
#[ignore = "needs RabbitMQ"]
async fn a_queue_that_does_not_exist_is_told_among_others_that_do() {
    let rabbit = rabbit().await;
    let channel = channel(rabbit).await;
    let queue = queue(&channel).await;
    let client = client(&rabbit.url());
    let deadline = Some(Instant::now() + Duration::from_secs(3));
    let wait = |queue: String| {
        let client = client.clone();
        async move {
            let mut call = call(&client, &task(&queue));
            call.until(None, deadline).await.unwrap_err()
        }
    };
    let calls = (0..200).map(|number| wait(if number % 4 == 0 { "nowhere".to_owned() } else { queue.clone() }));
    for (number, error) in join_all(calls).await.into_iter().enumerate() {
        let exists = number % 4 != 0;
        let expected = TaskError::NoWorker { queue: if exists { queue.clone() } else { "nowhere".into() }, exists };
        assert_eq!(error, expected, "call {number}");
    }
    assert_eq!((client.consumers(&queue).await, client.consumers("nowhere").await), (Ok(Some(0)), Ok(None)));
    let too_long = "long".repeat(100);
    assert_eq!(wait(too_long.clone()).await, TaskError::NoWorker { queue: too_long, exists: false });
}

/// Calls many tasks whose results are not waited for, until all are in the queue; gives how often each is there.
async fn published(
    client: &Client,
    queue: &str,
    count: usize,
    meanwhile: impl AsyncFnOnce() -> Channel,
) -> (Vec<Uuid>, HashMap<Uuid, u32>) {
    let tasks: Vec<Task> = (0..count).map(|_| task(queue)).collect();
    let waits = tasks.iter().map(|task| {
        let mut call = call(client, task);
        tokio::spawn(async move { call.until(None, None).await })
    });
    let waits: Vec<_> = waits.collect();
    let channel = meanwhile().await;
    let mut found = HashMap::new();
    until("all tasks are there", async || {
        while let Some((id, _)) = take(&channel, queue).await {
            *found.entry(id).or_default() += 1;
        }
        found.len() == count
    })
    .await;
    waits.iter().for_each(|wait| wait.abort());
    (tasks.iter().map(|task| task.id).collect(), found)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs RabbitMQ"]
async fn a_restart_of_the_broker_loses_no_task() {
    let mut rabbit = Rabbit::start().await;
    let name = queue(&channel(&rabbit).await).await;
    let client = client(&rabbit.url());
    for is_killed in [false, true] {
        let (ids, found) = published(&client, &name, 5_000, async || {
            let before = channel(&rabbit).await;
            until("some tasks are there", async || length(&before, &name).await > 500).await;
            if is_killed {
                rabbit.kill().await;
            }
            rabbit.restart().await;
            channel(&rabbit).await
        })
        .await;
        assert!(ids.iter().all(|id| found.contains_key(id)));
        let repeats: u32 = found.values().map(|times| times - 1).sum();
        println!("{repeats} of {} tasks came twice, killed: {is_killed}", ids.len());
        assert!(repeats <= 128, "{repeats}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs RabbitMQ"]
async fn a_connection_that_is_cut_is_made_again_and_results_are_found() {
    let rabbit = rabbit().await;
    let channel = channel(rabbit).await;
    let queue = queue(&channel).await;
    let proxy = Proxy::to(rabbit.port());
    let client = client(&proxy.instead_of(rabbit.port(), &rabbit.url()));
    let (first, second) = (task(&queue), task(&queue));
    let mut called = call(&client, &first);
    let reached = tokio::spawn(async move { called.until(None, None).await });
    until("the task comes", async || length(&channel, &queue).await == 1).await;
    proxy.cut();
    // The result comes while we are away, and a task is called.
    work(&channel, &queue).await;
    is_unreachable(&client).await;
    let mut late = call(&client, &second);
    let told = late.until(None, Some(Instant::now() + Duration::from_secs(2))).await.unwrap_err();
    assert!(matches!(&told, TaskError::Broker(Trouble { kind: TroubleKind::Unreachable, .. })), "{told}");
    proxy.mend();
    assert_eq!(timeout(LONG, reached).await.unwrap().unwrap(), ended(first.id));
    // The first task may be there again: whether its confirmation had come before the cut is not known.
    let working = async { while work(&channel, &queue).await != second.id {} };
    let (reached, ()) = tokio::join!(late.until(None, Some(Instant::now() + LONG)), working);
    assert_eq!(reached, ended(second.id));
}

/// Waits until the client knows that it is cut off.
async fn is_unreachable(client: &Client) {
    until("the trouble is told", async || {
        let told = timeout(LOOK, client.check_backend()).await;
        matches!(told, Ok(Err(Trouble { kind: TroubleKind::Unreachable, .. })))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs RabbitMQ"]
async fn a_network_that_swallows_everything_is_noticed() {
    let rabbit = rabbit().await;
    let channel = channel(rabbit).await;
    let queue = queue(&channel).await;
    let proxy = Proxy::to(rabbit.port());
    let client = client(&proxy.instead_of(rabbit.port(), &rabbit.url()));
    client.check_broker().await.unwrap();
    proxy.hang();
    let hung = Instant::now();
    let task = task(&queue);
    let mut called = call(&client, &task);
    let reached = tokio::spawn(async move { called.until(None, None).await });
    is_unreachable(&client).await;
    println!("noticed after {:?}: {}", hung.elapsed(), client.check_backend().await.unwrap_err());
    assert!(hung.elapsed() < Duration::from_secs(15), "{:?}", hung.elapsed());
    sleep(Duration::from_secs(12).saturating_sub(hung.elapsed())).await;
    proxy.mend();
    assert_eq!(work(&channel, &queue).await, task.id);
    println!("published {:?} after the cut", hung.elapsed());
    assert_eq!(timeout(LONG, reached).await.unwrap().unwrap(), ended(task.id));
    is_rabbit(&client).await;
}

#[tokio::test]
#[ignore = "needs RabbitMQ"]
async fn a_client_that_starts_again_finds_a_result_that_was_not_acknowledged() {
    let rabbit = rabbit().await;
    let channel = channel(rabbit).await;
    let queue = queue(&channel).await;
    let settings = settings(&rabbit.url());
    let task = task(&queue);
    let first = Client::new(settings.clone());
    let mut called = call(&first, &task);
    let (reached, _) = tokio::join!(called.until(None, None), work(&channel, &queue));
    assert_eq!(reached, ended(task.id));
    // While the first is there, no other gets the results.
    let second = Client::new(settings.clone());
    let told = second.check_broker().await.unwrap_err();
    assert_eq!(told.kind, TroubleKind::Refused);
    assert!(told.reason.contains("consumed by another process of the name"), "{told}");
    drop((called, first));
    let reached = call(&second, &task).until(None, Some(Instant::now() + LONG)).await;
    assert_eq!((reached, length(&channel, &queue).await), (ended(task.id), 0));
    // It is acknowledged in the end, and the connection ends with the client.
    drop(second);
    let third = Client::new(settings);
    until("the result is acknowledged", async || {
        let mut call = third.call(task.clone(), Abandoned::Leave);
        let found = call.until(None, Some(Instant::now() + Duration::from_secs(1))).await;
        assert_eq!(found, ended(task.id));
        sleep(Duration::from_secs(1)).await;
        let results = third.settings().queue_of_results();
        length(&channel, &results).await == 0
    })
    .await;
}

/// What a client says of a broker within seconds.
async fn told(url: &str) -> Trouble {
    let begin = Instant::now();
    let told = client(url).check_broker().await.unwrap_err();
    println!("{told} ({:?}, after {:?})", told.kind, begin.elapsed());
    assert!(begin.elapsed() < Duration::from_secs(6), "{told}: {:?}", begin.elapsed());
    assert!(!told.to_string().contains("secret") && !told.reason.contains('\n'), "{told}");
    told
}

/// A server that says something to whoever connects, once it has been spoken to; and holds the line.
async fn server(says: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut heard = [0; 8];
                let _ = stream.read_exact(&mut heard).await;
                let _ = stream.write_all(says).await;
                while matches!(stream.read(&mut heard).await, Ok(1..)) {}
            });
        }
    });
    port
}

#[tokio::test]
#[ignore = "needs RabbitMQ"]
async fn every_trouble_is_told_as_what_it_is() {
    let rabbit = rabbit().await;
    let url = rabbit.url();
    let credentials = told(&url.replace("guest:guest", "guest:secret")).await;
    assert_eq!(credentials.kind, TroubleKind::Refused);
    assert!(credentials.reason.contains("login was refused"), "{credentials}");
    let vhost = told(&url.replacen(&format!("{}//", rabbit.port()), &format!("{}/nowhere", rabbit.port()), 1)).await;
    assert_eq!(vhost.kind, TroubleKind::Refused);
    assert!(vhost.reason.contains("nowhere"), "{vhost}");
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    assert_eq!(told(&format!("amqp://me:secret@127.0.0.1:{closed}")).await.kind, TroubleKind::Unreachable);
    assert_eq!(told("amqp://me:secret@nowhere.invalid").await.kind, TroubleKind::Unreachable);
    let http = server(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(told(&format!("amqp://me:secret@127.0.0.1:{http}")).await.kind, TroubleKind::Foreign);
    let silent = server(b"").await;
    assert_eq!(told(&format!("amqp://me:secret@127.0.0.1:{silent}")).await.kind, TroubleKind::Unreachable);
    assert_eq!(told(&format!("amqps://me:secret@127.0.0.1:{silent}")).await.kind, TroubleKind::Unreachable);
    let newer = server(b"AMQP\x00\x01\x00\x00").await;
    assert_eq!(told(&format!("amqp://me:secret@127.0.0.1:{newer}")).await.kind, TroubleKind::Foreign);
    assert_eq!(told(&url.replace("amqp:", "amqps:")).await.kind, TroubleKind::Foreign);
    let long = "v".repeat(300);
    assert_eq!(told(&format!("amqp://me:secret@127.0.0.1:{closed}/{long}")).await.kind, TroubleKind::Refused);
}

#[tokio::test]
#[ignore = "needs RabbitMQ and Celery"]
async fn workers_answer_to_remote_control() {
    // Nobody else's worker may answer.
    let rabbit = Rabbit::start().await;
    let client = client(&rabbit.url());
    let within = Duration::from_secs(2);
    let begin = Instant::now();
    assert_eq!(client.workers(within).await, Ok(Vec::new()));
    assert!(begin.elapsed() < within, "nobody can answer: {:?}", begin.elapsed());
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stand"));
    for chance in 1..=3 {
        let worker = Workers::start(&WorkerSpec::new(folder, "tasks", &rabbit.url(), "rpc://", "w")).await;
        let found = client.workers(within).await.unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].name, "w@localhost");
        assert!(found[0].tasks.as_ref().unwrap().iter().any(|name| name.ends_with("wait")), "{found:?}");
        assert_eq!(found[0].queues, Some(vec!["w".to_owned()]));
        assert_eq!(client.consumers("w").await, Ok(Some(1)));
        let reached = ended_and_revoked(&client, &found[0].tasks.as_ref().unwrap()[0]).await;
        if matches!(reached, Ok(Reached::Ended(_))) {
            return;
        }
        // Celery's own race: the end of a child can cost its parent what both share, and then it runs nothing any more.
        assert!(chance < 3, "{reached:?}\n{}", worker.log());
    }
}

/// One task runs, another waits behind it: the second is revoked before it begins, the first is ended. What becomes of a third.
async fn ended_and_revoked(client: &Client, task_name: &str) -> Result<Reached, TaskError> {
    let wait = |seconds: u32, abandoned| {
        let task = Task { name: task_name.to_owned(), args: vec![seconds.into()], ..task("w") };
        client.call(task, abandoned)
    };
    let soon = || Some(Instant::now() + Duration::from_secs(2));
    let (mut runs, mut waits) = (wait(600, Abandoned::Terminate), wait(600, Abandoned::Revoke));
    for call in [&mut runs, &mut waits] {
        let told = call.until(None, soon()).await;
        assert!(matches!(told, Err(TaskError::Overdue { consumers: Some(1), .. })), "{told:?}");
    }
    drop((runs, waits));
    wait(0, Abandoned::Leave).until(None, Some(Instant::now() + LONG)).await
}

/// Makes an authority, and a certificate by it for this host; gives the folder with `ca.pem`, `cert.pem` and `key.pem`.
fn certificates() -> TempDir {
    let folder = TempDir::new().unwrap();
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        let made = command.args(arguments.split(' ')).current_dir(folder.path()).output().unwrap();
        assert!(made.status.success(), "{arguments}: {}", String::from_utf8_lossy(&made.stderr));
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 1 -subj /CN=authority"));
    openssl(&format!("req {key} -keyout key.pem -out cert.csr -subj /CN=broker"));
    std::fs::write(folder.path().join("ext"), "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n").unwrap();
    openssl("x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -out cert.pem -extfile ext");
    folder
}

/// Puts TLS in front of a port.
async fn encrypted(target: u16, folder: &Path) -> u16 {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let chain = CertificateDer::pem_slice_iter(&read("cert.pem")).collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(&read("key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut client = acceptor.accept(stream).await?;
                let mut server = TcpStream::connect(("127.0.0.1", target)).await?;
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    port
}

#[tokio::test]
#[ignore = "needs RabbitMQ and openssl"]
async fn tls_trusts_the_authority_that_was_given_and_no_other() {
    let rabbit = rabbit().await;
    let channel = channel(rabbit).await;
    let queue = queue(&channel).await;
    let folder = certificates();
    let port = encrypted(rabbit.port(), folder.path()).await;
    let url = format!("amqps://127.0.0.1:{port}");
    let unknown = told(&url).await;
    assert_eq!(unknown.kind, TroubleKind::Foreign);
    assert!(unknown.reason.contains("UnknownIssuer"), "{unknown}");
    let ca = std::fs::read(folder.path().join("ca.pem")).unwrap();
    let client = Client::new(ClientSettings { ca: Some(ca.into()), ..settings(&url) });
    is_rabbit(&client).await;
    let task = task(&queue);
    let mut called = call(&client, &task);
    let (reached, worked) = tokio::join!(called.until(None, Some(Instant::now() + LONG)), work(&channel, &queue));
    assert_eq!((reached, worked), (ended(task.id), task.id));
}

#[tokio::test]
#[ignore = "needs RabbitMQ"]
async fn a_session_ends_with_its_last_handle() {
    let rabbit = rabbit().await;
    let channel = channel(rabbit).await;
    let settings = settings(&rabbit.url());
    let results = settings.queue_of_results();
    let client = Client::new(settings);
    client.check_broker().await.unwrap();
    assert_eq!(client.consumers(&results).await, Ok(Some(1)));
    let begin = Instant::now();
    drop(client);
    until("nobody consumes the results", async || {
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        channel.queue_declare((&*results).into(), passive, FieldTable::default()).await.unwrap().consumer_count() == 0
    })
    .await;
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}
