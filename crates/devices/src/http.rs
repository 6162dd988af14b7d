//! The one pooled HTTP client of all devices.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::HeaderMap;
use hyper::{Method, Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use pandian_domain::Code;

use crate::error::{excerpt, root_reason};
use crate::{DeviceError, Probe};

mod body;
mod headers;
mod request;
mod url;

pub use body::BodyTemplate;
pub use headers::Headers;
pub use request::Verb;
pub(crate) use request::{RequestTemplate, check_verb, request, standing_headers};
pub use url::{HttpUrl, TaskUrlTemplate, UrlRefused, UrlTemplate};

/// How long a TCP connection may take to come about. A peer in the same building answers in milliseconds; one that does not within
/// this time is not there, whatever the operation's own time-out is.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long an idle connection is kept. Servers close theirs after 5 s to 75 s; one that is found closed is replaced.
const IDLE_WITHIN: Duration = Duration::from_secs(30);
/// The most that a connection buffers, and so the longest head of a reply. Buffers begin at 8 KiB and grow only while a long reply
/// is read, so that ten thousand connections stay small.
const BUFFER_BYTES: usize = 64 * 1024;

/// The one pooled HTTP client of all devices: HTTP/1.1, keep-alive, no bound on the number of connections. Clones share the pool.
///
/// A request whose pooled connection turns out to be closed before a byte of it was sent is sent on another one, at once and unseen;
/// in every other case a lost connection is an error, since the peer may have acted. Dropping the future of a request closes its
/// connection, so that nothing half-read is ever used again.
#[derive(Clone)]
pub struct HttpClient {
    inner: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// A whole reply.
#[derive(Debug, Default)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, within the bound.
    pub body: Bytes,
}

impl HttpClient {
    /// A client with an empty pool. Servers' certificates are held against Mozilla's roots.
    pub fn new() -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_secs(60)));
        tcp.set_connect_timeout(Some(CONNECT_WITHIN));
        let connector = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().wrap_connector(tcp);
        let inner = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_WITHIN)
            .http1_max_buf_size(BUFFER_BYTES)
            .retry_canceled_requests(true)
            .build(connector);
        Self { inner }
    }

    /// Sends a request and reads the whole reply, at most `bound` bytes of body. `who` names the device and its address in errors.
    /// There is no time-out here: whoever drops the future ends the request.
    pub async fn send(&self, who: &str, request: Request<Full<Bytes>>, bound: usize) -> Result<Reply, DeviceError> {
        let response = self.inner.request(request).await.map_err(|error| failed(who, &error).because(error))?;
        let (head, body) = response.into_parts();
        let body = read_bounded(who, body, bound).await?;
        Ok(Reply { status: head.status, headers: head.headers, body })
    }

    /// Asks a server what it allows (`OPTIONS`): any answer at all shows that it is there, and nothing moves.
    pub async fn probe(&self, who: &str, url: &HttpUrl, headers: &HeaderMap) -> Result<Probe, DeviceError> {
        let mut request = Request::new(Full::default());
        *request.method_mut() = Method::OPTIONS;
        *request.uri_mut() = url.uri().clone();
        request.headers_mut().clone_from(headers);
        let response = self.inner.request(request).await.map_err(|error| failed(who, &error).because(error))?;
        let status = response.status();
        let advice = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "; it refuses the credentials: check `headers`",
            StatusCode::NOT_FOUND => "; it does not know this path: check `url`",
            _ => "",
        };
        Ok(Probe { summary: format!("{} answers (HTTP {} to OPTIONS{advice})", url.shown(), status.as_u16()) })
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HttpClient")
    }
}

impl Reply {
    /// The reply if its status is a success (2xx); else an error with the status and the beginning of the body.
    pub fn success(self, who: &str) -> Result<Self, DeviceError> {
        if self.status.is_success() {
            return Ok(self);
        }
        let said = excerpt(String::from_utf8_lossy(&self.body).trim());
        let said = if said.is_empty() { said } else { format!(": {said}") };
        Err(DeviceError::new(Code::DeviceHttpStatus, format!("{who} answered HTTP {}{said}", self.status)))
    }

    /// Whether the body is JSON, by its declared type or else by its first character.
    pub(crate) fn is_json(&self) -> bool {
        self.media_type().is_some_and(|media| media == "application/json" || media.ends_with("+json")) || is_object(&self.body)
    }

    /// The declared type of the body without its parameters.
    pub(crate) fn media_type(&self) -> Option<&str> {
        let declared = self.headers.get(hyper::header::CONTENT_TYPE)?.to_str().ok()?;
        Some(declared.split(';').next().unwrap_or_default().trim())
    }
}

/// Whether a text begins like a JSON object.
pub(crate) fn is_object(text: &[u8]) -> bool {
    without_bom(text).trim_ascii_start().starts_with(b"{")
}

/// A text without the byte order mark that some programs put before it.
pub(crate) fn without_bom(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// Reads a body. One that comes in one piece, as nearly all do, is not copied.
async fn read_bounded(who: &str, mut body: Incoming, bound: usize) -> Result<Bytes, DeviceError> {
    let too_large = || DeviceError::new(Code::DeviceTooLarge, format!("{who} sent more than the {} that it may", crate::ByteSize(bound)));
    if body.size_hint().lower() > bound as u64 {
        return Err(too_large());
    }
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            let (code, what) = broken(&error);
            DeviceError::new(code, format!("{who} {what} in the middle of its reply: {}", root_reason(&error))).because(error)
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + all.len() + data.len() > bound {
            return Err(too_large());
        }
        if all.is_empty() && first.is_empty() {
            first = data;
        } else {
            if all.is_empty() {
                all = std::mem::take(&mut first).into();
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// What happened to a connection, by hyper's account.
fn broken(error: &hyper::Error) -> (Code, &'static str) {
    if error.is_parse_too_large() {
        (Code::DeviceTooLarge, "sent a head that is too long")
    } else if error.is_parse() || error.is_parse_status() {
        (Code::DeviceBadReply, "does not speak HTTP")
    } else {
        (Code::DeviceDropped, "ended the connection")
    }
}

/// Maps what the client says to a code and a sentence.
fn failed(who: &str, error: &hyper_util::client::legacy::Error) -> DeviceError {
    let reason = root_reason(error);
    if error.is_connect() {
        return DeviceError::new(Code::DeviceUnreachable, format!("{who} cannot be reached: {reason}"));
    }
    let beneath = std::error::Error::source(error).and_then(|source| source.downcast_ref::<hyper::Error>());
    let (code, what) = beneath.map_or((Code::DeviceDropped, "ended the connection"), broken);
    DeviceError::new(code, format!("{who} {what} before its reply was whole: {reason}"))
}
