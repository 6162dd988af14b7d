//! Servers that are no Redis, or a broken one.

use tokio::net::TcpListener;

use super::*;

/// A server that says the same to everyone, and then keeps the connection or closes it.
async fn server(says: &'static [u8], closes: bool) -> Results {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://:secret@{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut received = [0; 1024];
            let _ = stream.read(&mut received).await;
            let _ = stream.write_all(says).await;
            if !closes {
                kept.push(stream);
            }
        }
    });
    session(&url)
}

const GREETING: &[u8] = b"%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.0.1\r\n+OK\r\n:0\r\n$0\r\n\r\n";

#[tokio::test]
async fn a_server_of_another_kind_is_foreign() {
    for says in
        [b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(), b"AMQP\x00\x00\x09\x01", b"\x15\x03\x03\x00\x02\x02\x50", b"*1\r\n*1\r\n+x\r\n"]
    {
        let (kind, reason) = check_fails(&server(says, false).await, SOON).await;
        assert_eq!((kind, reason.as_str()), (TroubleKind::Foreign, "it answers, and not as Redis does"), "{says:?}");
    }
}

#[tokio::test]
async fn a_redis_that_is_too_old_is_told_so() {
    let says = b"-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `default`, `secret`, \r\n";
    let (kind, reason) = check_fails(&server(says, false).await, SOON).await;
    assert!(kind == TroubleKind::Foreign && reason.contains("Redis 6 or newer") && !reason.contains("secret"), "{reason}");
}

#[tokio::test]
async fn a_frame_without_measure_is_refused_at_once() {
    for says in [b"$2147483648\r\nx".as_slice(), b"%1\r\n$6\r\nserver\r\n$4000000000\r\n"] {
        let (kind, reason) = check_fails(&server(says, false).await, Duration::from_secs(2)).await;
        assert!(kind == TroubleKind::Unreachable && reason.contains("bytes or more"), "{reason}");
    }
}

#[tokio::test]
async fn who_closes_in_the_middle_or_is_not_there_is_unreachable() {
    for says in [b"".as_slice(), b"%7\r\n$6\r\nser", b"$100\r\nabc"] {
        let (kind, reason) = check_fails(&server(says, true).await, SOON).await;
        assert_eq!((kind, reason.as_str()), (TroubleKind::Unreachable, "it closed the connection"));
    }
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (kind, reason) = check_fails(&session(&format!("redis://{free}")), SOON).await;
    assert_eq!((kind, reason.as_str()), (TroubleKind::Unreachable, "nobody listens there"));
}

#[tokio::test]
async fn who_never_answers_in_full_is_unreachable_after_five_seconds() {
    let half = async |says| check_fails(&server(says, false).await, Duration::from_secs(8)).await;
    let (silent, stuck, slow) = tokio::join!(half(b""), half(b"%7\r\n$6\r\nserver\r\n$5\r\nre"), half(b"$90000\r\nabc"));
    for (kind, reason) in [silent, stuck, slow] {
        assert_eq!((kind, reason.as_str()), (TroubleKind::Unreachable, "no answer within 5 s"));
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up() {
    let results = server(GREETING, false).await;
    let _watched = results.watch(Uuid::from_u128(1));
    // It greets, and says nothing to anything else.
    let trouble = trouble(&results, Duration::from_secs(12)).await;
    assert_eq!((trouble.kind, &*trouble.reason), (TroubleKind::Unreachable, "no sign of life for 8 s"));
}

#[tokio::test]
async fn the_session_ends_with_its_last_handle() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let results = session(&format!("redis://{}", listener.local_addr().unwrap()));
    let watched = results.watch(Uuid::from_u128(1));
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.write_all(GREETING).await.unwrap();
    let mut said = String::new();
    while !said.ends_with(&format!("{}\r\n", key(Uuid::from_u128(1)))) {
        let mut received = [0; 1024];
        let length = timeout(SOON, stream.read(&mut received)).await.unwrap().unwrap();
        said.push_str(std::str::from_utf8(&received[..length]).unwrap());
    }
    assert!(said.contains("HELLO") && said.contains("a-test's"), "{said}");
    drop(results);
    drop(watched);
    let mut rest = Vec::new();
    timeout(SOON, stream.read_to_end(&mut rest)).await.expect("it is still connected").unwrap();
}
