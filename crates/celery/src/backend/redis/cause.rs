//! Why there is no connection, in words for people. Pure.

use std::io;
use std::sync::Arc;

use crate::error::{Trouble, TroubleKind};

/// The longest reason, in characters.
const LONGEST: usize = 200;

/// Why a connection could not be made, or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cause {
    kind: TroubleKind,
    reason: String,
}

impl Cause {
    pub(super) fn unreachable(reason: impl Into<String>) -> Self {
        Self { kind: TroubleKind::Unreachable, reason: reason.into() }
    }

    /// It answers, and not as Redis does.
    pub(super) fn foreign() -> Self {
        Self { kind: TroubleKind::Foreign, reason: "it answers, and not as Redis does".to_owned() }
    }

    pub(super) fn closed() -> Self {
        Self::unreachable("it closed the connection")
    }

    /// A message that is not read: whose it is, a look at what is stored will show.
    pub(super) fn oversized(bytes: usize) -> Self {
        Self::unreachable(format!("the connection was given up before a message of {bytes} bytes or more"))
    }

    /// The TLS handshake failed, or the connection under it.
    pub(super) fn tls(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData => {
                Self { kind: TroubleKind::Foreign, reason: format!("no encrypted connection comes about: {}", words(error)) }
            }
            _ => error.into(),
        }
    }

    /// What a server's "no" means. The words of a refusal are its own; where they repeat what was said to it they are left out, for
    /// that may be the password.
    pub(super) fn no(no: &str) -> Self {
        let (code, rest) = no.split_once(' ').unwrap_or((no, ""));
        let unreachable = |reason: &str| Self::unreachable(reason);
        let refused = |reason: &str| Self { kind: TroubleKind::Refused, reason: reason.to_owned() };
        let foreign = |reason: &str| Self { kind: TroubleKind::Foreign, reason: reason.to_owned() };
        match code {
            "LOADING" => unreachable("it has just started and loads what it holds"),
            "BUSY" | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" => unreachable(&format!("it does not serve at present: {rest}")),
            "WRONGPASS" => refused("the user or the password is wrong"),
            "NOAUTH" => refused("it wants a password"),
            "NOPERM" => refused(&format!("a right is missing: {rest}")),
            "DENIED" => refused("it is in protected mode, and serves its own host only: give it a password, or set bind"),
            "NOPROTO" => foreign("it does not speak RESP3: Redis 6 or newer is wanted"),
            "ERR" if rest.starts_with("unknown command") && rest.to_ascii_uppercase().contains("HELLO") => {
                foreign("it does not know HELLO: Redis 6 or newer is wanted")
            }
            "ERR" if rest.starts_with("unknown command") => refused("a command is not there: it may have been renamed"),
            "ERR" if rest.contains("DB index") => refused("it has no database of that number"),
            _ => refused(&format!("it refuses: {no}")),
        }
    }

    /// As watchers are told, about the server at an address.
    pub(super) fn trouble(&self, address: &Arc<str>) -> Trouble {
        let mut characters = self.reason.chars().map(|character| if character.is_control() { ' ' } else { character }).take(LONGEST);
        let reason: String = characters.next().into_iter().flat_map(char::to_lowercase).chain(characters).collect();
        Trouble { kind: self.kind, address: address.clone(), reason: reason.trim_end().into() }
    }
}

/// A connection that could not be made, or broke.
impl From<&io::Error> for Cause {
    fn from(error: &io::Error) -> Self {
        Self::unreachable(match error.kind() {
            io::ErrorKind::UnexpectedEof => return Self::closed(),
            io::ErrorKind::ConnectionRefused => "nobody listens there".to_owned(),
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "the connection broke".to_owned(),
            _ => words(error),
        })
    }
}

/// An error's words without the number of the system.
fn words(error: &io::Error) -> String {
    let words = error.to_string();
    words.split(" (os error").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(no: &str) -> (TroubleKind, String) {
        let trouble = Cause::no(no).trouble(&"redis://host:6379/0".into());
        (trouble.kind, trouble.reason.to_string())
    }

    #[test]
    fn what_keeps_redis_from_serving_is_told_in_its_kind() {
        for (no, kind, words) in [
            ("WRONGPASS invalid username-password pair or user is disabled.", TroubleKind::Refused, "password"),
            ("NOAUTH HELLO must be called with the client already authenticated", TroubleKind::Refused, "wants a password"),
            ("NOPERM this user has no permissions to access one of the channels", TroubleKind::Refused, "a right is missing: this user"),
            ("DENIED Redis is running in protected mode because", TroubleKind::Refused, "protected mode"),
            ("ERR DB index is out of range", TroubleKind::Refused, "database"),
            ("ERR max number of clients reached", TroubleKind::Refused, "max number of clients"),
            ("LOADING Redis is loading the dataset in memory", TroubleKind::Unreachable, "loads"),
            ("NOPROTO unsupported protocol version", TroubleKind::Foreign, "Redis 6 or newer"),
            ("", TroubleKind::Refused, "it refuses"),
        ] {
            let told = trouble(no);
            assert!(told.0 == kind && told.1.contains(words), "{no}: {told:?}");
        }
    }

    #[test]
    fn an_old_server_is_told_and_the_password_that_it_repeats_is_not() {
        let (kind, reason) = trouble("ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `default`, `secret`, ");
        assert_eq!((kind, reason.as_str()), (TroubleKind::Foreign, "it does not know HELLO: Redis 6 or newer is wanted"));
    }

    #[test]
    fn a_reason_is_one_short_line() {
        let (_, reason) = trouble(&format!("NOPERM a\r\n\u{1b}[31m{}", "x".repeat(10_000)));
        assert!(reason.chars().count() <= LONGEST && !reason.chars().any(char::is_control), "{reason}");
        let refused = Cause::from(&io::Error::from_raw_os_error(113)).trouble(&"a".into());
        assert_eq!((refused.kind, &*refused.reason), (TroubleKind::Unreachable, "no route to host"));
    }
}
