//! What can be wrong with a reader and the connection to it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use pandian_domain::Code;
use pandian_llrp::{DecodeError, EncodeError, FrameError};

use super::tuning::{Unfit, listed};
use crate::error::root_reason;
use crate::settings::Period;

/// Why a reader cannot be used, or did not do what it was asked for. Told to every inventory that it concerns.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Trouble {
    #[error("cannot connect: {}", root_reason(.0))]
    Connect(#[source] Arc<io::Error>),
    #[error("no connection yet after {}", Period(*.0))]
    NotYet(Duration),
    #[error("another client holds it, and it serves one at a time; close the other one, or wait until the reader gives it up")]
    Held,
    #[error("it refuses the connection (status {0})")]
    Unwelcome(u16),
    #[error("it takes the connection and says nothing for {}: is it an LLRP reader, and is TLS set as the reader has it?", Period(*.0))]
    Mute(Duration),
    #[error("it begins with {0} where an LLRP reader tells how the attempt to connect ended")]
    Foreign(&'static str),
    #[error("the connection was lost: {}", root_reason(.0))]
    Lost(#[source] Arc<io::Error>),
    #[error("the reader closed the connection{}", if *.mid_frame { " in the middle of a message" } else { "" })]
    Closed { mid_frame: bool },
    #[error("the connection was closed by this program")]
    Ended,
    #[error("nothing heard for {}, not even the keep-alives that it was asked for", Period(*.0))]
    Silent(Duration),
    #[error("no reply to {request} within {}", Period(*.within))]
    NoReply { request: &'static str, within: Duration },
    #[error("it does not take what is sent to it")]
    Clogged,
    #[error("what it sends is not LLRP: {0}")]
    Framing(#[from] FrameError),
    #[error("its reply to {request} cannot be understood: {source}")]
    BadReply { request: &'static str, source: DecodeError },
    #[error("it answers {request} with {reply}")]
    OtherReply { request: &'static str, reply: &'static str },
    #[error("it refuses {request}: {status}")]
    Refused { request: &'static str, status: String },
    #[error("every report that it sent is malformed: {0}")]
    Garbled(#[source] DecodeError),
    #[error("it sent more than an inventory may have: 100000 reads, 20000 tags ({0})")]
    TooMuch(&'static str),
    #[error("{0}, and nothing was read")]
    Exception(String),
    #[error("it ended the reading by itself")]
    Stopped,
    #[error("the inventory gave way to another one of higher priority")]
    Preempted,
    #[error("antenna {} was disconnected while it read", listed(.0))]
    AntennaLost(Vec<u16>),
    #[error("the reader did not end its ROSpec within {}, and nothing was read", Period(*.0))]
    Endless(Duration),
    #[error("no turn within {}: other devices' inventories with this reader took so long", Period(*.0))]
    NoTurn(Duration),
    #[error("no inventory within {}", Period(*.0))]
    Late(Duration),
    #[error("`timeout` is {}, too short for a `dwell` of {}: set `timeout` to {} or more", Period(*.timeout), Period(*.dwell), Period(*.least))]
    Hasty { timeout: Duration, dwell: Duration, least: Duration },
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("{0}")]
    Unsendable(#[from] EncodeError),
}

impl Trouble {
    /// Its code.
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Connect(_) | Self::NotYet(_) => Code::DeviceUnreachable,
            Self::Held => Code::ReaderHeld,
            Self::Unwelcome(_) | Self::Refused { .. } => Code::ReaderRefused,
            Self::Lost(_) | Self::Closed { .. } | Self::Ended | Self::Clogged => Code::DeviceDropped,
            Self::Mute(_) | Self::Silent(_) | Self::NoReply { .. } | Self::Endless(_) | Self::NoTurn(_) | Self::Late(_) => {
                Code::DeviceTimeout
            }
            Self::Foreign(_) | Self::Framing(_) | Self::BadReply { .. } | Self::OtherReply { .. } | Self::Garbled(_) => {
                Code::DeviceBadReply
            }
            Self::TooMuch(_) => Code::DeviceTooLarge,
            Self::Exception(_) | Self::Stopped | Self::Preempted => Code::ReaderException,
            Self::AntennaLost(_) | Self::Unfit(Unfit::Disconnected(_) | Unfit::NoneConnected) => Code::ReaderAntenna,
            Self::Unfit(_) | Self::Hasty { .. } => Code::ConfigInvalid,
            Self::Unsendable(_) => Code::Internal,
        }
    }
}

impl From<DecodeError> for Trouble {
    fn from(source: DecodeError) -> Self {
        Self::Garbled(source)
    }
}
