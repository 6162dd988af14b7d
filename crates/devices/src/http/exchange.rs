//! HTTP/1.1 (RFC 9112) on one connection: a request out, a reply in.
//!
//! A crane waits for its reply most of the time, and ten thousand may wait at once. So a connection is driven by whoever waits for
//! it, without a task of its own, and holds no buffer while it waits. Dropping the exchange drops the connection.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use hyper::StatusCode;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};

use super::connect::Stream;
use super::headers::ReplyHeaders;

/// The longest head of a reply, and the longest trailer.
const HEAD_BYTES: usize = 64 * 1024;
/// The most headers of a reply.
const HEADERS: usize = 100;
/// The longest line that tells a chunk's size.
const CHUNK_LINE_BYTES: usize = 1024;
/// Bodies up to this size go out in one piece with their head.
const ONE_PIECE_BYTES: usize = 16 * 1024;
/// How much is read at once.
const READ_BYTES: usize = 64 * 1024;

thread_local! {
    /// What was read, until it is copied to where it belongs.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

/// How an exchange failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("no connection")]
    NoConnection(#[source] std::io::Error),
    /// The connection was dead before a byte of the request was taken.
    #[error("the request was not sent")]
    Unsent(#[source] std::io::Error),
    #[error("the connection ended")]
    Ended(#[source] std::io::Error),
    #[error("no HTTP: {0}")]
    NotHttp(String),
    #[error("the head is too long")]
    HeadTooLong,
    #[error("the body is too long")]
    BodyTooLong,
}

/// A connection, and what was read from it beyond what was asked for.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    unread: Vec<u8>,
}

/// The head of a reply.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: ReplyHeaders,
    framing: Framing,
    /// The peer keeps the connection after this reply.
    keeps: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Chunked,
    UntilTheEnd,
}

impl Connection {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, unread: Vec::new() }
    }

    /// Whether an idle connection is still open and silent. Only then can it serve another request.
    pub(super) fn is_usable(&mut self) -> bool {
        if self.stream.is_plainly_closed() {
            return false;
        }
        let mut byte = [0];
        let mut read = ReadBuf::new(&mut byte);
        Pin::new(&mut self.stream).poll_read(&mut Context::from_waker(Waker::noop()), &mut read).is_pending()
    }

    /// Sends a request and reads the head of its reply.
    pub(super) async fn ask(&mut self, mut head: Vec<u8>, body: &[u8]) -> Result<Head, Broken> {
        let rest = if body.len() <= ONE_PIECE_BYTES {
            head.extend_from_slice(body);
            &[][..]
        } else {
            body
        };
        let sent = self.send(&head, rest).await;
        drop(head);
        match sent {
            Err(unsent @ Broken::Unsent(_)) => Err(unsent),
            // A peer that refuses a long body answers before it has read it all, and closes.
            Err(ended) => self.head().await.map(|head| Head { keeps: false, ..head }).map_err(|_| ended),
            Ok(()) => self.head().await,
        }
    }

    async fn send(&mut self, head: &[u8], rest: &[u8]) -> Result<(), Broken> {
        let taken = self.stream.write(head).await.map_err(Broken::Unsent)?;
        let remaining = async {
            self.stream.write_all(&head[taken..]).await?;
            self.stream.write_all(rest).await?;
            self.stream.flush().await
        };
        remaining.await.map_err(Broken::Ended)
    }

    /// Reads until the head of the final reply is there.
    async fn head(&mut self) -> Result<Head, Broken> {
        let mut searched = 0;
        loop {
            self.read_more().await?;
            // Looked at when it is whole, and once at the beginning: what is not HTTP at all may never end.
            if searched > 0 && !ends_head(&self.unread, searched) {
                if self.unread.len() > HEAD_BYTES {
                    return Err(Broken::HeadTooLong);
                }
                searched = self.unread.len();
                continue;
            }
            searched = self.unread.len();
            while let Some((head, length)) = parse_head(&self.unread)? {
                self.unread.drain(..length);
                if head.status == StatusCode::SWITCHING_PROTOCOLS {
                    return Err(Broken::NotHttp("it changes to another protocol".to_owned()));
                }
                if !head.status.is_informational() {
                    return Ok(head);
                }
                searched = self.unread.len();
            }
        }
    }

    /// Reads the body of a reply; at most `bound` bytes.
    pub(super) async fn body(&mut self, head: &Head, bound: usize) -> Result<Vec<u8>, Broken> {
        match head.framing {
            Framing::Length(length) => {
                let length = usize::try_from(length).ok().filter(|length| *length <= bound).ok_or(Broken::BodyTooLong)?;
                while self.unread.len() < length {
                    self.read_more().await?;
                }
                let beyond = self.unread.split_off(length);
                Ok(std::mem::replace(&mut self.unread, beyond))
            }
            Framing::Chunked => self.chunks(bound).await,
            Framing::UntilTheEnd => loop {
                if self.unread.len() > bound {
                    return Err(Broken::BodyTooLong);
                }
                if self.read_some().await.map_err(Broken::Ended)? == 0 {
                    return Ok(std::mem::take(&mut self.unread));
                }
            },
        }
    }

    async fn chunks(&mut self, bound: usize) -> Result<Vec<u8>, Broken> {
        let bad = || Broken::NotHttp("a chunk of the body is damaged".to_owned());
        let mut body = Vec::new();
        // What stands before this was taken; it is cut off only when more is read, so that many small chunks cost little.
        let mut at = 0;
        loop {
            let rest = &self.unread[at..];
            let (line, size) = match httparse::parse_chunk_size(rest) {
                Ok(httparse::Status::Complete((line, size))) => (line, size),
                Ok(httparse::Status::Partial) if rest.len() <= CHUNK_LINE_BYTES => {
                    self.read_on(&mut at).await?;
                    continue;
                }
                Ok(httparse::Status::Partial) | Err(_) => return Err(bad()),
            };
            at += line;
            if size == 0 {
                self.unread.drain(..at);
                return self.trailer().await.map(|()| body);
            }
            let size = usize::try_from(size).ok().filter(|size| *size <= bound - body.len()).ok_or(Broken::BodyTooLong)?;
            while self.unread.len() - at < size + 2 {
                self.read_on(&mut at).await?;
            }
            let (chunk, end) = self.unread[at..at + size + 2].split_at(size);
            if end != b"\r\n" {
                return Err(bad());
            }
            body.extend_from_slice(chunk);
            at += size + 2;
        }
    }

    /// Cuts off what was taken, and reads more.
    async fn read_on(&mut self, at: &mut usize) -> Result<(), Broken> {
        self.unread.drain(..std::mem::take(at));
        self.read_more().await
    }

    /// Passes over the lines after the last chunk, up to the empty one.
    async fn trailer(&mut self) -> Result<(), Broken> {
        let mut passed = 0;
        loop {
            while let Some(line) = self.unread.iter().position(|byte| *byte == b'\n') {
                let empty = matches!(&self.unread[..line], b"" | b"\r");
                self.unread.drain(..=line);
                passed += line;
                if empty {
                    return Ok(());
                }
            }
            if passed + self.unread.len() > HEAD_BYTES {
                return Err(Broken::HeadTooLong);
            }
            self.read_more().await?;
        }
    }

    /// Whether another request may follow the reply that was read.
    pub(super) fn is_reusable(&self, head: &Head) -> bool {
        head.keeps && head.framing != Framing::UntilTheEnd && self.unread.is_empty()
    }

    async fn read_more(&mut self) -> Result<(), Broken> {
        match self.read_some().await {
            Ok(0) => Err(Broken::Ended(std::io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => Ok(()),
            Err(error) => Err(Broken::Ended(error)),
        }
    }

    /// Reads what is there, as soon as anything is; 0 at the end.
    async fn read_some(&mut self) -> std::io::Result<usize> {
        poll_fn(|cx| {
            SCRATCH.with_borrow_mut(|scratch| {
                let mut read = ReadBuf::new(scratch);
                ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read))?;
                self.unread.extend_from_slice(read.filled());
                Poll::Ready(Ok(read.filled().len()))
            })
        })
        .await
    }
}

/// Whether an empty line ends beyond `searched`.
fn ends_head(bytes: &[u8], searched: usize) -> bool {
    let tail = &bytes[searched.saturating_sub(3)..];
    tail.windows(2).any(|two| two == b"\n\n") || tail.windows(4).any(|four| four == b"\r\n\r\n")
}

/// Parses a head and gives its length; nothing while it is not whole.
pub(super) fn parse_head(bytes: &[u8]) -> Result<Option<(Head, usize)>, Broken> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Broken::HeadTooLong),
        Err(error) => return Err(Broken::NotHttp(error.to_string())),
    };
    let status = response.code.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or_else(|| Broken::NotHttp("the status is no number from 100 to 999".to_owned()))?;
    let mut head = Head { status, headers: ReplyHeaders::default(), framing: Framing::UntilTheEnd, keeps: response.version == Some(1) };
    for header in response.headers.iter() {
        head.take(header.name, header.value.trim_ascii())?;
    }
    if status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        head.framing = Framing::Length(0);
    }
    Ok(Some((head, length)))
}

impl Head {
    fn take(&mut self, name: &str, value: &[u8]) -> Result<(), Broken> {
        let bad = |what: &str| Err(Broken::NotHttp(format!("the header {what} makes no sense")));
        if name.eq_ignore_ascii_case("content-length") {
            let digits = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            match (digits.and_then(|text| text.parse().ok()), self.framing) {
                (Some(length), Framing::UntilTheEnd) => self.framing = Framing::Length(length),
                (Some(length), Framing::Length(before)) if length == before => {}
                (Some(_), Framing::Chunked) => self.keeps = false,
                _ => return bad("content-length"),
            }
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            if !value.eq_ignore_ascii_case(b"chunked") {
                return bad("transfer-encoding");
            }
            // With both, the length does not count, and the peer is not to be trusted with another request (section 6.3).
            self.keeps &= self.framing == Framing::UntilTheEnd;
            self.framing = Framing::Chunked;
        } else if name.eq_ignore_ascii_case("connection") {
            for option in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                if option.eq_ignore_ascii_case(b"close") {
                    self.keeps = false;
                } else if option.eq_ignore_ascii_case(b"keep-alive") {
                    self.keeps = true;
                }
            }
        } else {
            self.headers.take(name, value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(head: &str) -> Result<Head, Broken> {
        parse_head(head.as_bytes()).map(|parsed| parsed.expect("a whole head").0)
    }

    #[test]
    fn the_body_is_framed_as_the_head_says() {
        for (lines, framing, keeps) in [
            ("content-length: 5\r\n", Framing::Length(5), true),
            ("Content-Length: 5\r\nContent-Length: 5\r\n", Framing::Length(5), true),
            ("Transfer-Encoding: Chunked\r\n", Framing::Chunked, true),
            ("transfer-encoding: chunked\r\ncontent-length: 5\r\n", Framing::Chunked, false),
            ("content-length: 5\r\ntransfer-encoding: chunked\r\n", Framing::Chunked, false),
            ("content-length: 5\r\nconnection: foo, Close\r\n", Framing::Length(5), false),
            ("", Framing::UntilTheEnd, true),
        ] {
            let head = parsed(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n")).unwrap();
            assert_eq!((head.framing, head.keeps), (framing, keeps), "{lines}");
        }
        assert!(!parsed("HTTP/1.0 200 OK\r\n\r\n").unwrap().keeps);
        assert!(parsed("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n\r\n").unwrap().keeps);
        assert_eq!(parsed("HTTP/1.1 204 None\r\ncontent-length: 7\r\n\r\n").unwrap().framing, Framing::Length(0));
    }

    #[test]
    fn a_head_that_makes_no_sense_is_refused() {
        for lines in [
            "content-length: 5\r\ncontent-length: 6\r\n",
            "content-length: -5\r\n",
            "content-length: +5\r\n",
            "content-length: \r\n",
            "content-length: 99999999999999999999\r\n",
            "transfer-encoding: gzip\r\n",
            "no colon here\r\n",
        ] {
            assert!(matches!(parsed(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n")), Err(Broken::NotHttp(_))), "{lines}");
        }
        assert!(matches!(parsed("HTTP/1.1 099 Low\r\n\r\n"), Err(Broken::NotHttp(_))));
        assert!(matches!(parse_head(b"HTTP/2 200"), Err(Broken::NotHttp(_))));
        assert!(parse_head(b"HTTP/1.1 20").unwrap().is_none());
    }

    #[test]
    fn the_end_of_a_head_is_found_across_reads() {
        let head = b"HTTP/1.1 200 OK\r\na: b\r\n\r\n";
        for split in 1..head.len() {
            assert!(ends_head(head, split), "{split}");
            assert!(!ends_head(&head[..head.len() - 1], split.min(head.len() - 2)), "{split}");
        }
    }
}
