//! The HTTP server that cranes call back.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use pandian_domain::{Code, CraneId};
use serde::Deserialize;
use subtle::ConstantTimeEq;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::{Callback, CallbackTable};
use crate::DeviceError;
use crate::crane::http::{ReplyCode, TaskName};
use crate::error::root_reason;
use crate::json;

const BODY_BYTES: usize = 64 * 1024;
/// How long a client may take for its request.
const REQUEST_WITHIN: Duration = Duration::from_secs(10);
/// How many connections are served at once; more wait to be accepted.
const CONNECTIONS: usize = 256;

/// Takes the cranes' call-backs at `POST /callbacks/cranes/{crane}`; stops, and closes its connections, when dropped.
///
/// The body is `{"task_id": "…", "code": 200, "message": "…"}`, at most 64 KiB. The secret comes as `authorization: Bearer SECRET` or
/// as `x-pandian-secret: SECRET`. Answers: 204 taken (again, if it came twice), 400 not that JSON, 401 wrong secret, 404 no such crane,
/// 405 not a POST, 408 too slow, 413 too long.
#[derive(Debug)]
pub struct CallbackListener {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

struct Gate {
    secret: Box<str>,
    table: Arc<CallbackTable>,
}

#[derive(Deserialize)]
struct Posted {
    task_id: TaskName,
    code: ReplyCode,
    #[serde(default)]
    message: String,
}

impl CallbackListener {
    /// Listens at an address; port 0 picks a free one. An empty secret is refused: anybody could make a crane "arrive".
    pub async fn bind(address: SocketAddr, secret: &str, table: Arc<CallbackTable>) -> Result<Self, DeviceError> {
        let cannot = |why: String| DeviceError::new(Code::ConfigInvalid, format!("call-backs cannot be taken at {address}: {why}"));
        if secret.is_empty() {
            return Err(cannot("the secret is empty".to_owned()));
        }
        let listener = TcpListener::bind(address).await.map_err(|error| cannot(root_reason(&error)).because(error))?;
        let address = listener.local_addr().map_err(|error| cannot(root_reason(&error)).because(error))?;
        let gate = Arc::new(Gate { secret: secret.into(), table });
        Ok(Self { address, serving: tokio::spawn(serve(listener, gate)) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for CallbackListener {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, gate: Arc<Gate>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        if connections.len() >= CONNECTIONS {
            connections.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(converse(stream, gate.clone()));
            }
            Err(error) => {
                // Out of file descriptors, most likely: they come back as connections end.
                tracing::warn!(%error, "a call-back connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, gate: Arc<Gate>) {
    let service = service_fn(|request| {
        let gate = gate.clone();
        async move { Ok::<_, Infallible>(gate.answer(request).await) }
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(REQUEST_WITHIN);
    if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a call-back connection ended early");
    }
}

impl Gate {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if !self.admits(request.headers()) {
            let mut refusal = reply(StatusCode::UNAUTHORIZED, "the secret is missing or wrong");
            refusal.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            return refusal;
        }
        let Some(crane) = request.uri().path().strip_prefix("/callbacks/cranes/").and_then(percent_decoded) else {
            return reply(StatusCode::NOT_FOUND, "call-backs are taken at /callbacks/cranes/{crane}");
        };
        if request.method() != Method::POST {
            let mut refusal = reply(StatusCode::METHOD_NOT_ALLOWED, "post the call-back");
            refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            return refusal;
        }
        let body = match tokio::time::timeout(REQUEST_WITHIN, Limited::new(request.into_body(), BODY_BYTES).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => return reply(StatusCode::PAYLOAD_TOO_LARGE, "at most 64 KiB are taken"),
            Ok(Err(_)) => return reply(StatusCode::BAD_REQUEST, "the body ended early"),
            Err(_) => return reply(StatusCode::REQUEST_TIMEOUT, "the body did not come within 10 s"),
        };
        let posted: Posted = match json::object(&body) {
            Ok(posted) => posted,
            Err(error) => {
                tracing::warn!(%crane, %error, "a call-back cannot be understood");
                let wanted = r#"{"task_id": "…", "code": 200, "message": "…"}"#;
                return reply(StatusCode::BAD_REQUEST, &format!("{wanted} is wanted: {error}"));
            }
        };
        let callback = Callback { code: posted.code, message: posted.message };
        match self.table.deliver(&CraneId::new(crane), posted.task_id.as_str(), callback) {
            Ok(()) => reply(StatusCode::NO_CONTENT, ""),
            Err(error) => reply(StatusCode::NOT_FOUND, &error.to_string()),
        }
    }

    /// Compares in a time that tells nothing of where the secrets differ.
    fn admits(&self, headers: &HeaderMap) -> bool {
        let bearer = headers.get(AUTHORIZATION).and_then(|value| {
            let (scheme, token) = value.as_bytes().split_at_checked(7)?;
            scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
        });
        let own = headers.get("x-pandian-secret").map(HeaderValue::as_bytes);
        [bearer, own].into_iter().flatten().any(|given| bool::from(given.ct_eq(self.secret.as_bytes())))
    }
}

fn reply(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(text.as_bytes())));
    *response.status_mut() = status;
    if !text.is_empty() {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    }
    response
}

/// One path segment, decoded; nothing if it is empty, has a further segment, or is no UTF-8.
fn percent_decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'/' => return None,
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::percent_decoded;

    #[test]
    fn a_crane_is_named_by_one_decoded_segment() {
        assert_eq!(percent_decoded("C1").as_deref(), Some("C1"));
        assert_eq!(percent_decoded("%E5%A0%86%2F1").as_deref(), Some("堆/1"));
        for wrong in ["", "C1/", "a/b", "%", "%4", "%zz", "%ff"] {
            assert_eq!(percent_decoded(wrong), None, "{wrong}");
        }
    }
}
