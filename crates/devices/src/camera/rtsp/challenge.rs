//! How a camera wants to be shown its user. The library that speaks RTSP answers any challenge, so it is looked at before.

use std::time::Duration;

use http_auth::PasswordClient;
use retina::rtsp::msg::{Message, StatusCode};
use retina::rtsp::parse::{FeedError, Parser};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

/// How long a connection may take to come about.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// The longest answer: a session's description has a few kilobytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Why a camera's challenge is not known.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unasked {
    #[error("it cannot be reached")]
    NoConnection(#[source] std::io::Error),
    #[error("it ended the connection before its answer was whole")]
    Dropped(#[source] std::io::Error),
    #[error("it speaks no RTSP")]
    NotRtsp,
    #[error("it sent an answer of more than 64KiB")]
    TooLarge,
}

/// Why the password is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Readable {
    #[error("it takes the password readable only (Basic), and nothing is encrypted: say allow_basic = true where the network is trusted")]
    Basic,
    #[error("it asks for credentials in no way that is known here (Digest, Basic)")]
    Unknown,
}

/// What a camera asks for when it is asked for its stream by nobody in particular; nothing if it asks for nobody.
pub(super) async fn challenge(url: &Url) -> Result<Option<String>, Unasked> {
    let connecting = TcpStream::connect((host(url), port(url)));
    let connected = timeout(CONNECT_WITHIN, connecting).await.map_err(std::io::Error::from).flatten();
    let mut stream = connected.map_err(Unasked::NoConnection)?;
    let question = format!("DESCRIBE {url} RTSP/1.0\r\nAccept: application/sdp\r\nCSeq: 1\r\nUser-Agent: pandian\r\n\r\n");
    stream.write_all(question.as_bytes()).await.map_err(Unasked::Dropped)?;
    let (mut parser, mut bytes, mut parsed) = (Parser::builder().max_message_size(LONGEST_ANSWER).build(), Vec::new(), 0);
    while bytes.len() < LONGEST_ANSWER {
        if stream.read_buf(&mut bytes).await.map_err(Unasked::Dropped)? == 0 {
            return Err(Unasked::Dropped(std::io::ErrorKind::UnexpectedEof.into()));
        }
        let mut rest = &bytes[parsed..];
        let fed = parser.feed(&mut rest);
        parsed = bytes.len() - rest.len();
        match fed {
            Ok(Some((Message::Response(response), _))) if response.status_code == StatusCode::UNAUTHORIZED => {
                return Ok(Some(response.headers.get("WWW-Authenticate").map_or_else(String::new, |header| header.to_string())));
            }
            Ok(Some((Message::Response(_), _))) => return Ok(None),
            Ok(None) | Err(FeedError::Incomplete(_)) => {}
            Ok(Some(_)) | Err(FeedError::Invalid(_)) => return Err(Unasked::NotRtsp),
        }
    }
    Err(Unasked::TooLarge)
}

/// Whether the library would answer a challenge without showing the password.
pub(super) fn hides_password(challenge: &str) -> Result<(), Readable> {
    match PasswordClient::try_from(challenge) {
        Ok(PasswordClient::Digest(_)) => Ok(()),
        Ok(PasswordClient::Basic(_)) => Err(Readable::Basic),
        Ok(_) | Err(_) => Err(Readable::Unknown),
    }
}

/// The host of a stream, as connections want it.
fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
}

/// The port of a stream (RFC 2326, section 3.2).
fn port(url: &Url) -> u16 {
    url.port().unwrap_or(554)
}

/// Scheme, host and port of a stream: what tells devices apart.
pub(super) fn origin(url: &Url) -> String {
    format!("rtsp://{}:{}", host(url).to_ascii_lowercase(), port(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_digest_hides_the_password() {
        let (basic, digest) = (r#"Basic realm="r""#, r#"Digest realm="r", nonce="n""#);
        for challenge in [digest.to_owned(), format!("{basic}, {digest}"), format!("{digest}, {basic}")] {
            assert_eq!(hides_password(&challenge), Ok(()), "{challenge}");
        }
        for (challenge, refused) in [
            (basic.to_owned(), Readable::Basic),
            (format!("{basic}, Digest realm=\"r\", nonce=\"n\", algorithm=NONE"), Readable::Basic),
            ("Negotiate".to_owned(), Readable::Unknown),
            (String::new(), Readable::Unknown),
        ] {
            assert_eq!(hides_password(&challenge), Err(refused), "{challenge}");
        }
    }

    #[test]
    fn a_stream_has_a_usual_port() {
        for (url, of) in [("rtsp://Camera/s", "rtsp://camera:554"), ("rtsp://[::1]:8554/s", "rtsp://::1:8554")] {
            assert_eq!(origin(&Url::parse(url).unwrap()), of);
        }
    }
}
