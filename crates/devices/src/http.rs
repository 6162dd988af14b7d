//! The one pooled HTTP client of all devices.

use std::sync::Arc;

use bytes::Bytes;
use hyper::{StatusCode, Uri};
use pandian_domain::Code;

use crate::error::{excerpt, root_reason};
use crate::tls::Trust;
use crate::{ByteSize, DeviceError, Probe};

mod body;
mod challenge;
mod connect;
mod exchange;
mod headers;
mod login;
mod pool;
mod request;
mod url;

pub use body::BodyTemplate;
use connect::{Origin, Tls};
use exchange::{Broken, Connection, Head};
pub use headers::Headers;
pub(crate) use headers::{HeaderLines, ReplyHeaders};
pub(crate) use login::{Credentials, Login};
#[cfg(feature = "rtsp")]
pub(crate) use login::{Refused, not_let_in};
use pool::Pool;
pub use request::Verb;
pub(crate) use request::{RequestTemplate, check_verb};
pub use url::{HttpUrl, TaskUrlTemplate, UrlRefused, UrlTemplate};

/// The one pooled HTTP client of all devices: HTTP/1.1, keep-alive, no bound on the number of connections. Clones share the pool.
///
/// A request whose pooled connection turns out to be dead before a byte of it was sent is sent on a fresh one, at once and unseen; in
/// every other case a lost connection is an error, since the peer may have acted. Dropping the future of a request closes its
/// connection, so that nothing half-read is ever used again.
#[derive(Clone, Default)]
pub struct HttpClient {
    pool: Arc<Pool>,
    tls: Arc<Tls>,
}

/// A request: everything is borrowed, and the headers are prepared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'static str,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderLines,
    /// The idempotency key of the operation.
    pub(crate) key: &'a str,
    pub(crate) body: &'a [u8],
}

/// A whole reply.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: ReplyHeaders,
    /// The body, within the bound.
    pub(crate) body: Bytes,
}

impl HttpClient {
    /// A client with an empty pool. Servers' certificates are held against Mozilla's roots.
    pub fn new() -> Self {
        Self::default()
    }

    /// A client with an empty pool that recognises servers otherwise.
    ///
    /// # Errors
    /// Why the certificates cannot be used.
    pub(crate) fn trusting(trust: Trust, server_name: Option<String>) -> Result<Self, String> {
        Ok(Self { pool: Arc::default(), tls: Arc::new(Tls::new(trust, server_name)?) })
    }

    /// Posts JSON that no device asked for, such as a call-back, and gives the status of the reply, whose body (at most 64 KiB) is not
    /// looked at. `bearer` is the secret of an `authorization` header.
    pub async fn post_json(&self, who: &str, url: &HttpUrl, bearer: Option<&str>, body: &[u8]) -> Result<StatusCode, DeviceError> {
        let headers = HeaderLines::json(url, bearer);
        let request = Request { method: Verb::Post.as_str(), uri: url.uri(), headers: &headers, key: "", body };
        Ok(self.send(who, request, 64 * 1024).await?.status)
    }

    /// Sends a request and reads the whole reply, at most `bound` bytes of body. `who` names the device and its address in errors.
    /// Only connecting has a time-out here: whoever drops the future ends the request.
    pub(crate) async fn send(&self, who: &str, request: Request<'_>, bound: usize) -> Result<Reply, DeviceError> {
        self.exchange(request, bound).await.map_err(|broken| told(who, broken, bound))
    }

    async fn exchange(&self, request: Request<'_>, bound: usize) -> Result<Reply, Broken> {
        let (origin, mut connection, head) = self.ask(request).await?;
        let body = connection.body(&head, bound).await?.into();
        if connection.is_reusable(&head) {
            self.pool.put(origin, connection);
        }
        Ok(Reply { status: head.status, headers: head.headers, body })
    }

    /// Sends a request and reads the head of its reply.
    async fn ask(&self, request: Request<'_>) -> Result<(Origin, Connection, Head), Broken> {
        let origin = Origin::of(request.uri).ok_or_else(|| Broken::NoConnection(std::io::Error::other("the URL has no host")))?;
        if let Some(mut connection) = self.pool.take(&origin) {
            match connection.ask(request.head(), request.body).await {
                Ok(head) => return Ok((origin, connection, head)),
                Err(Broken::Unsent(_)) => {}
                Err(broken) => return Err(broken),
            }
        }
        let mut connection = Connection::new(origin.connect(&self.tls).await.map_err(Broken::NoConnection)?);
        let head = connection.ask(request.head(), request.body).await?;
        Ok((origin, connection, head))
    }

    /// Asks a server what it allows (`OPTIONS`): nothing moves. A server need not know `OPTIONS`, so a refusal of the method shows that
    /// it is there; a refusal of the credentials and a fault of its own (5xx) are errors, as they would be for an operation.
    pub(crate) async fn probe(&self, who: &str, url: &HttpUrl, headers: &HeaderLines) -> Result<Probe, DeviceError> {
        let request = Request { method: "OPTIONS", uri: url.uri(), headers, key: "", body: b"" };
        let (_, _, head) = self.ask(request).await.map_err(|broken| told(who, broken, 0))?;
        let status = head.status.as_u16();
        let failed = |why: &str| Err(DeviceError::new(Code::DeviceHttpStatus, format!("{who} answered HTTP {status} to OPTIONS: {why}")));
        let remark = match head.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return failed("it refuses the credentials: check `headers`"),
            StatusCode::NOT_FOUND => "; it does not know this path, or not this method: check `url`",
            StatusCode::BAD_REQUEST | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => "; it is there, but takes no OPTIONS",
            other if other.is_server_error() => return failed("something is wrong with it: look at its own log"),
            _ => "",
        };
        Ok(Probe { summary: format!("{} answers (HTTP {status} to OPTIONS{remark})", url.shown()) })
    }
}

impl std::fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HttpClient")
    }
}

impl Reply {
    /// The reply if its status is a success (2xx); else an error with the status and the beginning of the body.
    pub(crate) fn success(self, who: &str) -> Result<Self, DeviceError> {
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
        Some(self.headers.content_type.as_ref()?.split(';').next().unwrap_or_default().trim())
    }
}

/// Reads bytes as the head of a reply and answers its challenges. A failed check panics.
#[cfg(feature = "suite")]
pub(crate) fn check_head(bytes: &[u8]) {
    let Ok(Some((head, length))) = exchange::parse_head(bytes) else { return };
    assert!(length <= bytes.len() && head.headers.challenges.iter().map(|challenge| challenge.len()).sum::<usize>() <= length);
    login::check_answers(&head.headers.challenges);
}

/// Whether a text begins like a JSON object.
pub(crate) fn is_object(text: &[u8]) -> bool {
    without_bom(text).trim_ascii_start().starts_with(b"{")
}

/// A text without the byte order mark that some programs put before it.
pub(crate) fn without_bom(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// A failed exchange with a device.
fn told(who: &str, broken: Broken, bound: usize) -> DeviceError {
    let (code, what) = match &broken {
        Broken::NoConnection(error) => (Code::DeviceUnreachable, format!("{who} cannot be reached: {}", root_reason(error))),
        Broken::Unsent(error) | Broken::Ended(error) => {
            (Code::DeviceDropped, format!("{who} ended the connection before its reply was whole: {}", root_reason(error)))
        }
        Broken::NotHttp(why) => (Code::DeviceBadReply, format!("{who} does not speak HTTP: {why}")),
        Broken::HeadTooLong => (Code::DeviceTooLarge, format!("{who} sent a reply whose head has no end")),
        Broken::BodyTooLong => (Code::DeviceTooLarge, format!("{who} sent more than the {} that it may", ByteSize(bound))),
    };
    DeviceError::new(code, what).because(broken)
}
