//! The stand that other tests rely on: what it starts works, and nothing of it stays.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use pandian_celery::stand::{Proxy, Rabbit, Redis, RedisOptions, WorkerSpec, Workers, python};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const SHORT: Duration = Duration::from_millis(300);

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stand"))
}

/// Calls the task with Celery's own client, and waits for what it returns. A worker that lost its broker pauses longer each time it looks.
async fn called(broker: &str, backend: &str) -> bool {
    let (broker, backend) = (broker.to_owned(), backend.to_owned());
    let call = "from tasks import wait; print(wait.apply_async((0,), queue='w').get(timeout=60))";
    let call = move || {
        let mut command = Command::new(python());
        command.args(["-c", call]).current_dir(folder()).env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("CELERY_BROKER_URL", broker).env("CELERY_RESULT_BACKEND", backend).status().unwrap().success()
    };
    tokio::task::spawn_blocking(call).await.unwrap()
}

#[tokio::test]
#[ignore = "needs RabbitMQ, Redis and Celery"]
async fn servers_and_workers_come_back_at_the_same_place() {
    let begun = Instant::now();
    let options = RedisOptions { password: Some("secret"), is_persistent: true };
    let (mut rabbit, mut redis) = tokio::join!(Rabbit::start(), Redis::start_with(options));
    println!("both servers after {:?}", begun.elapsed());
    let worker = Workers::start(&WorkerSpec::new(folder(), "tasks", &rabbit.url(), &redis.url(), "w")).await;
    println!("the worker after {:?}", begun.elapsed());
    assert!(called(&rabbit.url(), &redis.url()).await, "{}", worker.log());

    let again = Instant::now();
    rabbit.restart().await;
    println!("RabbitMQ stopped and started in {:?}", again.elapsed());
    rabbit.kill().await;
    redis.kill().await;
    tokio::join!(rabbit.restart(), redis.restart());
    println!("both killed and started after {:?}", again.elapsed());
    assert!(called(&rabbit.url(), &redis.url()).await, "{}", worker.log());

    let pid = worker.pid().cast_signed();
    worker.kill();
    assert!(rustix::process::test_kill_process(rustix::process::Pid::from_raw(pid).unwrap()).is_err(), "{pid} lives");
    let stopping = Instant::now();
    Workers::start(&WorkerSpec::new(folder(), "tasks", &rabbit.url(), &redis.url(), "w")).await.stop().await;
    println!("a worker started and stopped in {:?}", stopping.elapsed());
}

async fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reading, mut writing) = stream.split();
                tokio::io::copy(&mut reading, &mut writing).await
            });
        }
    });
    port
}

/// Whether what is sent comes back; `None` if nothing comes at all, not even an end.
async fn is_carried(stream: &mut TcpStream) -> Option<bool> {
    let mut byte = [0];
    if stream.write_all(b"x").await.is_err() {
        return Some(false);
    }
    timeout(SHORT, stream.read(&mut byte)).await.ok().map(|read| matches!(read, Ok(1)))
}

#[tokio::test]
async fn a_network_is_cut_hangs_and_is_mended() {
    let target = echo().await;
    let proxy = Proxy::to(target);
    assert_eq!(proxy.instead_of(target, &format!("amqp://h:{target}//")), format!("amqp://h:{}//", proxy.port()));
    let connect = async || TcpStream::connect(("127.0.0.1", proxy.port())).await;
    let mut first = connect().await.unwrap();
    assert_eq!(is_carried(&mut first).await, Some(true));

    proxy.cut();
    assert_eq!(is_carried(&mut first).await, Some(false));
    assert!(connect().await.is_err());

    proxy.mend();
    let mut second = connect().await.unwrap();
    assert_eq!(is_carried(&mut second).await, Some(true));
    proxy.hang();
    let mut third = connect().await.unwrap();
    assert_eq!((is_carried(&mut second).await, is_carried(&mut third).await), (None, None));

    proxy.mend();
    assert_eq!((is_carried(&mut second).await, is_carried(&mut third).await), (None, None));
    assert_eq!(is_carried(&mut connect().await.unwrap()).await, Some(true));
}
