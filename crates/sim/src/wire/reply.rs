//! Replies, whole or spoilt.

use std::future::{Future, pending};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use tokio::time::{Instant, Sleep, sleep};

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
    manner: Manner,
    /// How much of it went out.
    sent: u64,
}

/// How a body goes out.
#[derive(Debug)]
enum Manner {
    /// All at once.
    Whole,
    /// So many bytes, then the connection is cut; whether they were flushed.
    Cut { after: usize, flushed: bool },
    /// A byte at a time, the next one then.
    Drip(Pin<Box<Sleep>>),
    /// Followed by zeros until it is so long.
    Padded { to: u64 },
}

/// How long a `huge_reply` is.
const HUGE: u64 = 200_000_000;
/// Its padding, piece by piece.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
/// The pause before each byte of a `drip`.
const DRIP: Duration = Duration::from_millis(250);

impl ReplyBody {
    fn whole(content: Bytes) -> Self {
        Self { content, manner: Manner::Whole, sent: 0 }
    }

    fn length(&self) -> u64 {
        match self.manner {
            Manner::Padded { to } => to,
            _ => self.content.len() as u64,
        }
    }

    /// Sends a part of the content.
    fn part(&mut self, length: usize) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        let from = self.sent as usize;
        self.sent += length as u64;
        Poll::Ready(Some(Ok(Frame::data(self.content.slice(from..from + length)))))
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        let (sent, length, all) = (self.sent, self.length(), self.content.len());
        match &mut self.manner {
            Manner::Cut { after, .. } if sent == 0 && *after > 0 => {
                let after = *after;
                self.part(after)
            }
            // What was sent goes out before the connection is cut: the server flushes while a body is not ready.
            Manner::Cut { flushed, .. } if !*flushed => {
                *flushed = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Manner::Cut { .. } => Poll::Ready(Some(Err(CutShort))),
            _ if sent >= length => Poll::Ready(None),
            Manner::Drip(pause) => {
                ready!(pause.as_mut().poll(context));
                pause.as_mut().reset(Instant::now() + DRIP);
                self.part(1)
            }
            Manner::Padded { .. } if sent >= all as u64 => {
                let piece = (length - sent).min(ZEROS.len() as u64);
                self.sent += piece;
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&ZEROS[..piece as usize])))))
            }
            Manner::Whole | Manner::Padded { .. } => self.part(all),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.sent >= self.length() && !matches!(self.manner, Manner::Cut { .. })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length().saturating_sub(self.sent))
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
        FaultKind::CameraBusy => Some(Ok(busy())),
        FaultKind::WrongPassword => Some(Ok(reply(StatusCode::UNAUTHORIZED, "text/html", "<html><h1>Unauthorized (401)</h1></html>"))),
        _ => None,
    }
}

/// What a camera says that has a picture under way already.
pub(super) fn busy() -> Response<ReplyBody> {
    let mut response = reply(StatusCode::SERVICE_UNAVAILABLE, "text/html", "<html><h1>Device Busy (503)</h1></html>");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// The faults that spoil the reply after the work was done.
pub(super) async fn spoilt(strike: Option<Strike>, mut whole: Response<ReplyBody>) -> Response<ReplyBody> {
    let Some(Strike { kind, time }) = strike else { return whole };
    match kind {
        FaultKind::Slow => sleep(time).await,
        FaultKind::Hang => pending().await,
        FaultKind::Drop => {
            let body = whole.body_mut();
            body.manner = Manner::Cut { after: body.content.len() / 2, flushed: false };
        }
        FaultKind::Garbage => return reply(StatusCode::OK, "application/json", "\u{0}\u{7f}{\"code\": 2 <<<"),
        FaultKind::CorruptPicture => {
            let body = whole.body_mut();
            body.content.truncate(body.content.len() * 2 / 3);
        }
        FaultKind::WrongType => return reply(StatusCode::OK, "text/html", "<html><h1>Welcome</h1><p>Please log in.</p></html>"),
        FaultKind::HugeReply => whole.body_mut().manner = Manner::Padded { to: HUGE },
        FaultKind::Drip => whole.body_mut().manner = Manner::Drip(Box::pin(sleep(DRIP))),
        _ => {}
    }
    whole
}
