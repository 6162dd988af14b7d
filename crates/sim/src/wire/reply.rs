//! Replies, whole or spoilt.

use std::future::pending;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use tokio::time::sleep;

use super::Server;
use crate::fault::{FaultKind, Strike};

/// The connection ends here, though the reply is not whole.
#[derive(Debug, thiserror::Error)]
#[error("the simulated device cut the connection")]
pub(super) struct CutShort;

/// The body of a reply.
#[derive(Debug)]
pub(super) struct ReplyBody {
    content: Bytes,
    /// How much of the content is sent before the connection is cut; none sends all.
    cut_after: Option<usize>,
    sent: bool,
    flushed: bool,
}

impl ReplyBody {
    fn whole(content: Bytes) -> Self {
        Self { content, cut_after: None, sent: false, flushed: false }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        if !self.sent {
            self.sent = true;
            let part = self.content.slice(..self.cut_after.unwrap_or(self.content.len()));
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        if self.cut_after.is_none() {
            return Poll::Ready(None);
        }
        // What was sent goes out before the connection is cut: the server flushes while a body is not ready.
        if !self.flushed {
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(CutShort)))
    }

    fn is_end_stream(&self) -> bool {
        (self.sent || self.content.is_empty()) && self.cut_after.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(if self.sent { 0 } else { self.content.len() as u64 })
    }
}

/// A reply of that media type.
pub(super) fn reply(status: StatusCode, media_type: &'static str, content: impl Into<Bytes>) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::whole(content.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// A reply in the crane system's own form, blanks included: `{"code": 200, "data": null, "message": "…"}`.
pub(super) fn envelope(status: StatusCode, code: i64, task: Option<&str>, message: &str) -> Response<ReplyBody> {
    let data = task.map_or_else(|| "null".to_owned(), |task| format!("{{\"task_id\": {}}}", quoted(task)));
    let text = format!("{{\"code\": {code}, \"data\": {data}, \"message\": {}}}", quoted(message));
    reply(status, "application/json", text)
}

/// A text as JSON writes it; only what must be escaped is.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The faults that keep a device from its work; none of them lets it begin.
pub(super) async fn refusal(server: &Server, strike: Option<Strike>) -> Option<Result<Response<ReplyBody>, CutShort>> {
    let Strike { kind, time } = strike?;
    match kind {
        FaultKind::Refuse | FaultKind::DeviceRestart => {
            server.be_away(time, kind == FaultKind::DeviceRestart).await;
            Some(Err(CutShort))
        }
        FaultKind::ServerError => {
            Some(Ok(reply(StatusCode::INTERNAL_SERVER_ERROR, "text/html", "<html><h1>Server Error (500)</h1></html>")))
        }
        _ => None,
    }
}

/// The faults that spoil the reply after the work was done.
pub(super) async fn spoilt(strike: Option<Strike>, mut whole: Response<ReplyBody>) -> Response<ReplyBody> {
    let Some(Strike { kind, time }) = strike else { return whole };
    match kind {
        FaultKind::Slow => sleep(time).await,
        FaultKind::Hang => pending().await,
        FaultKind::Drop => {
            let body = whole.body_mut();
            body.cut_after = Some(body.content.len() / 2);
        }
        FaultKind::Garbage => return reply(StatusCode::OK, "application/json", "\u{0}\u{7f}{\"code\": 2 <<<"),
        FaultKind::CorruptPicture => {
            let body = whole.body_mut();
            body.content.truncate(body.content.len() * 2 / 3);
        }
        _ => {}
    }
    whole
}
