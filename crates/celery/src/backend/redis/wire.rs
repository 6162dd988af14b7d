//! What is said to Redis and what it says, in RESP3 (<https://redis.io/docs/latest/develop/reference/protocol-spec/>). Pure.
//!
//! The codec reads whole frames. What is to come is measured before that: a frame that is too long is told from its first bytes, and
//! neither depth nor number of its parts can be made to exhaust anything.

use bytes::{Buf, Bytes, BytesMut};
use redis_protocol::resp3::decode::complete::decode_range;
use redis_protocol::resp3::encode::complete::extend_encode_borrowed;
use redis_protocol::resp3::types::{BorrowedFrame, RangeFrame};
use uuid::Uuid;

use super::cause::Cause;

/// Key and channel of a task are this and its id.
const PREFIX: &[u8] = b"celery-task-meta-";
/// Length of an id with its hyphens.
const ID: usize = uuid::fmt::Hyphenated::LENGTH;
/// The longest line, in bytes: the head of a frame, a status, an error.
const LINE: usize = 16 * 1024;
/// How deep frames lie in frames: the greeting of a server with modules goes to 4.
const DEPTH: usize = 8;
/// Of how many frames one is made: the greeting of a server with modules is of about 100.
const PARTS: usize = 1024;
/// What comes in a frame of so many bytes is copied, so that it does not keep the buffer alive that it came in.
const SMALL: usize = 16 * 1024;
/// Room for a read, in bytes, beside what is known to come.
const READ: usize = 64 * 1024;

/// What Redis is told to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Command<'a> {
    /// Speak RESP3 from now on. With the user and the password, and the name that the connection is shown under.
    Hello { credentials: Option<(&'a str, &'a str)>, name: &'a str },
    /// Use this database.
    Select(u32),
    /// Tell what is published of a task.
    Subscribe(Uuid),
    /// Tell it no longer.
    Unsubscribe(Uuid),
    /// How long is what is stored of a task?
    Size(Uuid),
    /// What is stored of a task? Of something longer, so many bytes.
    Text { id: Uuid, most: usize },
    /// Give a sign of life.
    Ping,
}

impl Command<'_> {
    /// Appends the command to what is to be sent.
    pub(super) fn encode(&self, out: &mut BytesMut) {
        let key = |id: &Uuid| {
            let mut key = [0; PREFIX.len() + ID];
            let (prefix, rest) = key.split_at_mut(PREFIX.len());
            prefix.copy_from_slice(PREFIX);
            id.hyphenated().encode_lower(rest);
            key
        };
        match self {
            Self::Hello { credentials: None, name } => encode(out, &[text("HELLO"), number(3), text("SETNAME"), text(name)]),
            Self::Hello { credentials: Some((user, password)), name } => {
                let words = [text("HELLO"), number(3), text("AUTH"), text(user), text(password), text("SETNAME"), text(name)];
                encode(out, &words);
            }
            Self::Select(database) => encode(out, &[text("SELECT"), number((*database).into())]),
            Self::Subscribe(id) => encode(out, &[text("SUBSCRIBE"), blob(&key(id))]),
            Self::Unsubscribe(id) => encode(out, &[text("UNSUBSCRIBE"), blob(&key(id))]),
            Self::Size(id) => encode(out, &[text("STRLEN"), blob(&key(id))]),
            Self::Text { id, most } => {
                let last = i64::try_from(*most).unwrap_or(i64::MAX).saturating_sub(1);
                encode(out, &[text("GETRANGE"), blob(&key(id)), number(0), number(last)]);
            }
            Self::Ping => encode(out, &[text("PING")]),
        }
    }
}

fn encode(out: &mut BytesMut, words: &[BorrowedFrame<'_>]) {
    let command = BorrowedFrame::Array { data: words, attributes: None };
    // It makes the room that it needs, which is the only way to fail.
    let encoded = extend_encode_borrowed(out, &command, true);
    debug_assert!(encoded.is_ok(), "{encoded:?}");
}

fn blob(data: &[u8]) -> BorrowedFrame<'_> {
    BorrowedFrame::BlobString { data, attributes: None }
}

fn text(text: &str) -> BorrowedFrame<'_> {
    blob(text.as_bytes())
}

fn number(data: i64) -> BorrowedFrame<'static> {
    BorrowedFrame::Number { data, attributes: None }
}

/// What Redis says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    /// This was published of a task.
    Published { id: Uuid, text: Bytes },
    /// Something else that nobody asked for, such as that a subscription holds now.
    Aside,
    /// The greeting: what the server is, such as `Redis 7.0.15`.
    Greeting(String),
    /// Done; or a sign of life.
    Done,
    /// A number.
    Number(u64),
    /// What is stored; nothing is stored as an empty text.
    Text(Bytes),
    /// No: in its words.
    No(String),
}

/// Takes the next frame from what was received. As long as none is whole there is none, and room is made for the rest of it.
/// A frame of more than `bound` bytes is refused as soon as its length can be told.
pub(super) fn decode(received: &mut BytesMut, bound: usize) -> Result<Option<Said>, Cause> {
    let length = match extent(received)? {
        Extent::Whole(length) | Extent::AtLeast(length) if length > bound => return Err(Cause::oversized(length)),
        Extent::Whole(length) => length,
        Extent::AtLeast(length) => {
            received.reserve(length.saturating_sub(received.len()) + READ);
            return Ok(None);
        }
    };
    let large = (length > SMALL).then(|| received.split_to(length).freeze());
    let frame = match &large {
        Some(frame) => frame,
        None => &received[..length],
    };
    let said = read(frame, |(start, end)| match &large {
        Some(frame) => frame.slice(start..end),
        None => Bytes::copy_from_slice(&frame[start..end]),
    })?;
    if large.is_none() {
        received.advance(length);
    }
    Ok(Some(said))
}

/// Where in its frame a text stands.
type Range = (usize, usize);

/// The meaning of a whole frame.
fn read(bytes: &[u8], keep: impl Fn(Range) -> Bytes) -> Result<Said, Cause> {
    use RangeFrame::{BlobError, BlobString, Map, Number, Push, SimpleError, SimpleString};
    let at = |(start, end): Range| &bytes[start..end];
    let words = |range| String::from_utf8_lossy(at(range)).into_owned();
    let (frame, _) = decode_range(bytes).map_err(|_| Cause::foreign())?.ok_or_else(Cause::foreign)?;
    Ok(match frame {
        Push { data, .. } => match data.as_slice() {
            [BlobString { data: kind, .. }, BlobString { data: channel, .. }, BlobString { data, .. }] if at(*kind) == b"message" => {
                task(at(*channel)).map_or(Said::Aside, |id| Said::Published { id, text: keep(*data) })
            }
            _ => Said::Aside,
        },
        Map { data, .. } => {
            let value = |name: &[u8]| {
                data.iter().find_map(|(key, value)| match (key, value) {
                    (BlobString { data: key, .. }, BlobString { data, .. }) if at(*key) == name => Some(words(*data)),
                    _ => None,
                })
            };
            Said::Greeting(server_name(&value(b"server").ok_or_else(Cause::foreign)?, &value(b"version").unwrap_or_default()))
        }
        SimpleString { .. } => Said::Done,
        Number { data, .. } => Said::Number(u64::try_from(data).map_err(|_| Cause::foreign())?),
        BlobString { data, .. } => Said::Text(keep(data)),
        SimpleError { data, .. } | BlobError { data, .. } => Said::No(words(data)),
        _ => return Err(Cause::foreign()),
    })
}

fn task(channel: &[u8]) -> Option<Uuid> {
    Uuid::try_parse_ascii(channel.strip_prefix(PREFIX)?).ok()
}

/// `redis` and `7.0.15` are `Redis 7.0.15`.
fn server_name(server: &str, version: &str) -> String {
    let words = format!("{server} {version}");
    let mut characters = words.trim().chars().filter(|character| !character.is_control()).take(60);
    characters.next().into_iter().flat_map(char::to_uppercase).chain(characters).collect()
}

/// How far the frame goes that a buffer begins with.
#[derive(Debug, PartialEq, Eq)]
enum Extent {
    /// It is there, and of so many bytes.
    Whole(usize),
    /// It is not there yet, and has at least so many bytes.
    AtLeast(usize),
}

/// Measures without reading. What Redis never says to a client is foreign: unknown kinds, lengths that are none, lines without end.
fn extent(received: &[u8]) -> Result<Extent, Cause> {
    let mut at = 0;
    // How many frames are to come on each level that is open.
    let mut open = [0_usize; DEPTH];
    open[0] = 1;
    let (mut depth, mut parts) = (0, 0);
    loop {
        let rest = match received.get(at..) {
            Some(rest) if !rest.is_empty() => rest,
            // The least that a frame can be is `_\r\n`.
            _ => return Ok(Extent::AtLeast(at + 3)),
        };
        let kind = rest[0];
        if !b"+-:,#_($!=*%~>".contains(&kind) {
            return Err(Cause::foreign());
        }
        let line = match rest.iter().take(LINE).position(|&byte| byte == b'\n') {
            Some(end) => rest[1..end].strip_suffix(b"\r").ok_or_else(Cause::foreign)?,
            None if rest.len() >= LINE => return Err(Cause::foreign()),
            None => return Ok(Extent::AtLeast((at + rest.len() + 1).max(at + 3))),
        };
        at += line.len() + 3;
        let count = || std::str::from_utf8(line).ok().and_then(|digits| digits.parse::<u32>().ok()).ok_or_else(Cause::foreign);
        let within = match kind {
            b'$' | b'!' | b'=' => {
                at += count()? as usize + 2;
                0
            }
            b'*' | b'~' | b'>' => count()? as usize,
            b'%' => count()? as usize * 2,
            _ => 0,
        };
        parts += 1 + within;
        open[depth] -= 1;
        if within > 0 {
            depth += 1;
            *open.get_mut(depth).ok_or_else(Cause::foreign)? = within;
        }
        if parts > PARTS {
            return Err(Cause::foreign());
        }
        while open[depth] == 0 {
            if depth == 0 {
                return Ok(if at <= received.len() { Extent::Whole(at) } else { Extent::AtLeast(at) });
            }
            depth -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUND: usize = 100_000;
    const KEY: &str = "celery-task-meta-d720e32d-4765-5177-b65b-42dd7f6e6445";

    fn id() -> Uuid {
        Uuid::parse_str(&KEY[PREFIX.len()..]).unwrap()
    }

    fn sent(command: Command<'_>) -> String {
        let mut out = BytesMut::new();
        command.encode(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    fn said(bytes: &[u8]) -> Result<Option<Said>, Cause> {
        decode(&mut BytesMut::from(bytes), BOUND)
    }

    #[test]
    fn commands_are_arrays_of_texts() {
        assert_eq!(sent(Command::Subscribe(id())), format!("*2\r\n$9\r\nSUBSCRIBE\r\n$53\r\n{KEY}\r\n"));
        assert_eq!(sent(Command::Size(id())), format!("*2\r\n$6\r\nSTRLEN\r\n$53\r\n{KEY}\r\n"));
        let range = format!("*4\r\n$8\r\nGETRANGE\r\n$53\r\n{KEY}\r\n$1\r\n0\r\n$5\r\n65535\r\n");
        assert_eq!(sent(Command::Text { id: id(), most: 65536 }), range);
        assert_eq!(sent(Command::Select(15)), "*2\r\n$6\r\nSELECT\r\n$2\r\n15\r\n");
        let hello = sent(Command::Hello { credentials: Some(("default", "s\r\nx")), name: "p" });
        assert!(hello.starts_with("*7\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$7\r\ndefault\r\n$4\r\ns\r\nx\r\n"), "{hello}");
    }

    #[test]
    fn answers_and_publications_are_told_apart() {
        let published = format!(">3\r\n$7\r\nmessage\r\n$53\r\n{KEY}\r\n$4\r\n{{\"a\"\r\n");
        assert_eq!(said(published.as_bytes()), Ok(Some(Said::Published { id: id(), text: Bytes::from_static(b"{\"a\"") })));
        for (bytes, expected) in [
            ("+PONG\r\n", Said::Done),
            (":12\r\n", Said::Number(12)),
            ("$0\r\n\r\n", Said::Text(Bytes::new())),
            ("$2\r\nab\r\n", Said::Text(Bytes::from_static(b"ab"))),
            ("-NOAUTH x y\r\n", Said::No("NOAUTH x y".into())),
            (">3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n", Said::Aside),
            (">3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$1\r\ny\r\n", Said::Aside),
            ("%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n", Said::Greeting("Redis 7.0.15".into())),
        ] {
            assert_eq!(said(bytes.as_bytes()), Ok(Some(expected)), "{bytes}");
        }
    }

    #[test]
    fn frames_come_in_any_pieces() {
        let large = "x".repeat(50_000);
        let stream = format!("+OK\r\n>3\r\n$7\r\nmessage\r\n$53\r\n{KEY}\r\n$50000\r\n{large}\r\n:7\r\n");
        for piece in [1, 2, 7, 4096, stream.len()] {
            let (mut received, mut all) = (BytesMut::new(), Vec::new());
            for bytes in stream.as_bytes().chunks(piece) {
                received.extend_from_slice(bytes);
                while let Some(said) = decode(&mut received, BOUND).unwrap() {
                    all.push(said);
                }
            }
            let text = Bytes::copy_from_slice(large.as_bytes());
            assert_eq!(all, [Said::Done, Said::Published { id: id(), text }, Said::Number(7)], "in pieces of {piece}");
        }
    }

    #[test]
    fn a_frame_that_is_too_long_is_refused_before_it_comes() {
        let head = format!(">3\r\n$7\r\nmessage\r\n$53\r\n{KEY}\r\n$100000000\r\n");
        for bytes in [head.as_str(), "$2147483648\r\n", "$4294967295\r\nabc"] {
            let mut received = BytesMut::from(bytes);
            let refused = decode(&mut received, BOUND).unwrap_err();
            assert!(format!("{refused:?}").contains("bytes or more"), "{refused:?}");
            assert!(received.capacity() < BOUND);
        }
    }

    #[test]
    fn what_redis_never_says_is_foreign() {
        let (deep, long) = ("*1\r\n".repeat(20_000), "+".repeat(LINE));
        for bytes in [
            "HTTP/1.1 400 Bad Request\r\n",
            "SSH-2.0-OpenSSH_9.2\r\n",
            "\u{15}\u{3}\u{3}",
            "\0",
            "$x\r\n",
            "$-1\r\n",
            "$?\r\n",
            "$99999999999999999999\r\n",
            "*4294967295\r\n",
            "%4294967295\r\n",
            "+no end\n",
            ":1.5\r\n",
            ":-1\r\n",
            "#x\r\n",
            "=1\r\nx\r\n",
            "%1\r\n$1\r\na\r\n$1\r\nb\r\n",
            &deep,
            &long,
        ] {
            assert_eq!(said(bytes.as_bytes()), Err(Cause::foreign()), "{}", &bytes[..bytes.len().min(40)]);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(pieces in prop::collection::vec(prop_oneof![
            3 => "[-+:,#_($!=*%~>|;.H][0-9a-z?-]{0,3}(\r\n)?",
            1 => "[a-z\r\n]{0,9}",
            1 => Just(format!("$53\r\n{KEY}\r\n")),
            1 => Just("$7\r\nmessage\r\n".to_owned()),
        ], 0..12), any in prop::collection::vec(any::<u8>(), 0..20)) {
            let mut received = BytesMut::from(pieces.concat().as_bytes());
            received.extend_from_slice(&any);
            let mut before = received.len() + 1;
            while let Ok(Some(_)) = decode(&mut received, BOUND) {
                prop_assert!(received.len() < before, "nothing was taken");
                before = received.len();
            }
            prop_assert!(received.capacity() <= 2 * (BOUND + READ));
        }
    }
}
