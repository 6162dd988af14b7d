//! What a request asks for, read within bounds.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use tokio::time::timeout;

/// A body must come within this time.
const BODY_WITHIN: Duration = Duration::from_secs(30);

/// Why a request is refused, in words for its sender.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("the body did not come within {} s", BODY_WITHIN.as_secs())]
    Slow,
    #[error("the body has more than {0} bytes or was cut off")]
    Body(usize),
    #[error("the body is no JSON: {0}")]
    NoJson(#[from] serde_json::Error),
    #[error("the body has no text \"{0}\"")]
    NoText(String),
    #[error("the query has no location")]
    NoLocation,
}

/// Reads a body of at most `most` bytes.
pub(super) async fn body(body: Incoming, most: usize) -> Result<Bytes, Refused> {
    let read = timeout(BODY_WITHIN, Limited::new(body, most).collect()).await.map_err(|_| Refused::Slow)?;
    Ok(read.map_err(|_| Refused::Body(most))?.to_bytes())
}

/// The text in a field of a body, a JSON object.
pub(super) fn field(body: &[u8], name: &str) -> Result<String, Refused> {
    let value: serde_json::Value = serde_json::from_slice(body)?;
    value.get(name).and_then(serde_json::Value::as_str).map(str::to_owned).ok_or_else(|| Refused::NoText(name.to_owned()))
}

/// The operation's idempotency key, if its sender gave one.
pub(super) fn key(headers: &HeaderMap) -> Option<&str> {
    headers.get("idempotency-key")?.to_str().ok()
}

/// A parameter of a query, decoded.
pub(super) fn parameter(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    decoded(value)
}

/// Undoes percent-encoding (RFC 3986, section 2.1); none if that gives no text.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'%' {
            let digits =
                std::str::from_utf8(after.get(..2)?).ok().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_broken_ones_refused() {
        assert_eq!(parameter("a=1&location=1%E5%8F%B7&b", "location").as_deref(), Some("1号"));
        assert_eq!(parameter("location=A+B%2F", "location").as_deref(), Some("A+B/"));
        for broken in ["location=%", "location=%E", "location=%+1", "location=%FF", "locations=1", ""] {
            assert_eq!(parameter(broken, "location"), None, "{broken}");
        }
    }

    #[test]
    fn a_location_may_be_escaped_in_json() {
        assert_eq!(field(br#"{"space_number": "1\u53f7"}"#, "space_number").unwrap(), "1号");
        assert!(field(b"{", "space_number").is_err());
        assert!(field(br#"{"space_number": 1}"#, "space_number").is_err());
    }
}
