//! What lapin's errors mean to whoever runs the broker.

use std::io;
use std::sync::Arc;

use lapin::protocol::{AMQPError, AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::{Error, ErrorKind};

use crate::error::{Trouble, TroubleKind};

/// The longest reason, in bytes.
const LONGEST: usize = 300;

/// Says in one line what kept the broker at an address from serving.
pub(super) fn trouble(address: &Arc<str>, error: &Error) -> Trouble {
    let (kind, reason) = match error.kind() {
        ErrorKind::IOError(error) => transport(error),
        ErrorKind::ProtocolError(error) => refusal(error),
        ErrorKind::ParsingError(_) => {
            (TroubleKind::Foreign, "what answers there does not speak AMQP, or only with TLS (amqps://)".to_owned())
        }
        ErrorKind::InvalidProtocolVersion(version) => {
            (TroubleKind::Foreign, format!("what answers there speaks AMQP {version} and not 0-9-1"))
        }
        ErrorKind::AuthProviderError(_) => (TroubleKind::Refused, "it wants another way of authentication".to_owned()),
        ErrorKind::MissingHeartbeatError => (TroubleKind::Unreachable, "no sign of life for 10 s".to_owned()),
        ErrorKind::InvalidConnectionState(_) | ErrorKind::InvalidChannelState(..) | ErrorKind::InvalidChannel(_) => {
            (TroubleKind::Unreachable, "the connection was lost".to_owned())
        }
        other => (TroubleKind::Unreachable, Error::from(other.clone()).to_string()),
    };
    new(address, kind, &reason)
}

/// A trouble whose reason is one line of bounded length.
pub(super) fn new(address: &Arc<str>, kind: TroubleKind, reason: &str) -> Trouble {
    let reason: String = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let reason = reason[..reason.floor_char_boundary(LONGEST)].trim_end_matches('.').into();
    Trouble { kind, address: address.clone(), reason }
}

fn transport(error: &io::Error) -> (TroubleKind, String) {
    let text = error.to_string();
    let reason = match error.kind() {
        io::ErrorKind::ConnectionRefused => "nobody listens there",
        io::ErrorKind::TimedOut => "no answer",
        // lapin's word for a connection that was closed by the other end.
        io::ErrorKind::ConnectionAborted | io::ErrorKind::UnexpectedEof => "the connection was closed without a word",
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "the connection was broken off",
        io::ErrorKind::InvalidData if text.contains("corrupt message") => {
            return (TroubleKind::Foreign, "what answers there does not speak TLS, as amqps:// wants".to_owned());
        }
        io::ErrorKind::InvalidData => return (TroubleKind::Foreign, format!("TLS: {text}")),
        _ => return (TroubleKind::Unreachable, text),
    };
    (TroubleKind::Unreachable, reason.to_owned())
}

/// `NOT_ALLOWED - vhost nowhere not found` is told as `it refuses: vhost nowhere not found`.
fn refusal(error: &AMQPError) -> (TroubleKind, String) {
    let text = error.get_message().as_str();
    let text = text.split_once(" - ").map_or(text, |(_, text)| text);
    let mut letters = text.chars();
    let text = letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect());
    match error.kind() {
        AMQPErrorKind::Hard(AMQPHardError::CONNECTIONFORCED | AMQPHardError::INTERNALERROR | AMQPHardError::RESOURCEERROR) => {
            (TroubleKind::Unreachable, format!("it closed the connection: {text}"))
        }
        AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED | AMQPHardError::INVALIDPATH) | AMQPErrorKind::Soft(_) => {
            (TroubleKind::Refused, format!("it refuses: {text}"))
        }
        AMQPErrorKind::Hard(_) => (TroubleKind::Foreign, format!("it speaks another AMQP: {text}")),
    }
}

/// Whether something does not exist at the broker.
pub(super) fn is_not_found(error: &Error) -> bool {
    is_soft(error, &AMQPSoftError::NOTFOUND)
}

/// Whether access was refused.
pub(super) fn is_access_refused(error: &Error) -> bool {
    is_soft(error, &AMQPSoftError::ACCESSREFUSED)
}

fn is_soft(error: &Error, wanted: &AMQPSoftError) -> bool {
    matches!(error.kind(), ErrorKind::ProtocolError(error) if matches!(error.kind(), AMQPErrorKind::Soft(kind) if kind == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(error: impl Into<Error>) -> (TroubleKind, String) {
        let Trouble { kind, reason, .. } = trouble(&"amqp://host:5672//".into(), &error.into());
        (kind, reason.to_string())
    }

    fn protocol(id: u16, text: &str) -> ErrorKind {
        ErrorKind::ProtocolError(AMQPError::from_id(id, text.into()).unwrap())
    }

    #[test]
    fn the_broker_s_words_are_told_in_one_line() {
        let login = "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile.";
        let (kind, reason) = told(protocol(403, login));
        assert_eq!(kind, TroubleKind::Refused);
        assert_eq!(reason, "it refuses: login was refused using authentication mechanism PLAIN. For details see the broker logfile");
        assert_eq!(told(protocol(530, "NOT_ALLOWED - vhost x not found")), (TroubleKind::Refused, "it refuses: vhost x not found".into()));
        let (kind, reason) = told(protocol(320, "CONNECTION_FORCED - broker forced connection closure\nwith reason 'shutdown'"));
        assert_eq!(kind, TroubleKind::Unreachable);
        assert_eq!(reason, "it closed the connection: broker forced connection closure with reason 'shutdown'");
        assert_eq!(told(protocol(505, "")).0, TroubleKind::Foreign);
    }

    #[test]
    fn transport_troubles_are_unreachable_and_wrong_bytes_foreign() {
        let io = |kind: io::ErrorKind| told(io::Error::new(kind, "é".repeat(400)));
        assert_eq!(io(io::ErrorKind::ConnectionRefused), (TroubleKind::Unreachable, "nobody listens there".into()));
        assert_eq!(io(io::ErrorKind::InvalidData).0, TroubleKind::Foreign);
        let (kind, reason) = io(io::ErrorKind::Other);
        assert_eq!((kind, reason.len()), (TroubleKind::Unreachable, LONGEST));
        assert_eq!(told(ErrorKind::MissingHeartbeatError).0, TroubleKind::Unreachable);
    }
}
