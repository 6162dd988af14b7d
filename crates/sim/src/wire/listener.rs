//! Accepting connections, and being away.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::reply::{CutShort, ReplyBody, envelope};
use super::{Outage, Server, bind, camera, check, crane, llrp};

/// A connection on which no request comes is closed after this time.
const IDLE: Duration = Duration::from_secs(600);
/// Pause before the next try when accepting or binding fails.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves one address until the simulation stops. During an outage there is no listener at all.
pub(super) async fn serve(server: Arc<Server>, listener: TcpListener, mut outages: mpsc::Receiver<Outage>) {
    let mut listener = Some(listener);
    while let Some(open) = listener.take() {
        let (cut, wind_up) = (server.stop.child_token(), CancellationToken::new());
        let outage = tokio::select! {
            () = server.stop.cancelled() => return,
            outage = outages.recv() => outage,
            never = accept(&server, &open, &cut, &wind_up) => match never {},
        };
        let Some(outage) = outage else { return };
        drop(open);
        let _ = outage.begun.send(());
        wind_up.cancel();
        if outage.cuts {
            cut.cancel();
        }
        tokio::select! {
            () = server.stop.cancelled() => return,
            again = reopen(&server, outage.time) => listener = Some(again),
        }
        // What was asked for meanwhile is this same outage.
        while outages.try_recv().is_ok() {}
    }
}

async fn reopen(server: &Server, after: Duration) -> TcpListener {
    sleep(after).await;
    loop {
        match bind(server.address) {
            Ok(listener) => return listener,
            Err(error) => {
                tracing::warn!(address = %server.address, %error, "the simulated device cannot listen again yet");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn accept(server: &Arc<Server>, listener: &TcpListener, cut: &CancellationToken, wind_up: &CancellationToken) -> Infallible {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                server.tasks.spawn(converse(server.clone(), stream, cut.clone(), wind_up.clone()));
            }
            Err(error) => {
                // Too many open files, most of all: it passes when connections end.
                tracing::warn!(address = %server.address, %error, "the simulated device cannot accept a connection");
                sleep(PAUSE).await;
            }
        }
    }
}

/// Serves one connection until either side ends it.
async fn converse(server: Arc<Server>, stream: TcpStream, cut: CancellationToken, wind_up: CancellationToken) {
    let _ = stream.set_nodelay(true);
    if let Some(reader) = &server.llrp {
        return llrp::converse(&server, reader, stream, &cut, &wind_up).await;
    }
    let service = service_fn(|request| answer(&server, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = async {
        tokio::select! {
            ended = connection.as_mut() => return ended,
            () = wind_up.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        connection.await
    };
    tokio::select! {
        () = cut.cancelled() => {}
        ended = ended => if let Err(error) = ended {
            tracing::debug!(address = %server.address, %error, "a connection of the simulated device ended early");
        },
    }
}

/// Finds what a request asks for.
async fn answer(server: &Arc<Server>, mut request: Request<Incoming>) -> Result<Response<ReplyBody>, CutShort> {
    let path = request.uri().path();
    if let Some(service) = server.cranes.iter().find(|service| service.serves(path)) {
        return crane::answer(server, service, request).await;
    }
    for service in &server.snapshots {
        match camera::answer(server, service, request).await {
            Ok(answered) => return answered,
            Err(others) => request = others,
        }
    }
    let path = request.uri().path();
    if let Some(asked) = check::Asked::of(server, path) {
        return check::answer(server, asked, request).await;
    }
    Ok(envelope(StatusCode::NOT_FOUND, 404, None, "no such path"))
}

/// The reply to a method that a path does not take; `OPTIONS` is told what it takes.
pub(super) fn other_method(asked: &Method, taken: &'static str) -> Response<ReplyBody> {
    let status = if *asked == Method::OPTIONS { StatusCode::OK } else { StatusCode::METHOD_NOT_ALLOWED };
    let mut response = envelope(status, status.as_u16().into(), None, &format!("this path takes {taken}"));
    response.headers_mut().insert(hyper::header::ALLOW, hyper::header::HeaderValue::from_static(taken));
    response
}
