//! How the program ends: exit codes, and errors on their way to a person.

use std::fmt;
use std::process::ExitCode;

use pandian_domain::{Code, Failure};

/// Exit codes; other programs read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// A fault of the program, or data that is not what it was.
    Internal = 1,
    /// Bad usage, configuration or list.
    Usage = 2,
    /// Finished, but some locations are ambiguous or not counted.
    Incomplete = 3,
    /// Cancelled.
    Cancelled = 4,
    /// A device, server or database could not be reached.
    Unreachable = 5,
    /// Interrupted; can be taken up again.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error that ends a command: a code and a message that names the place and the way out.
#[derive(Debug)]
pub struct Fault {
    /// The kind.
    pub code: Code,
    /// The message, possibly of several lines.
    pub message: String,
}

impl Fault {
    /// Makes one.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The exit code that the kind leads to.
    pub fn exit(&self) -> Exit {
        exit_of(self.code)
    }
}

fn exit_of(code: Code) -> Exit {
    match code {
        Code::ConfigInvalid
        | Code::ListInvalid
        | Code::LocationUnknown
        | Code::UsageInvalid
        | Code::StocktakeUnknown
        | Code::StocktakeRefused => Exit::Usage,
        Code::Cancelled => Exit::Cancelled,
        Code::Interrupted => Exit::Interrupted,
        Code::Internal | Code::ChainBroken | Code::EvidenceBroken => Exit::Internal,
        _ => Exit::Unreachable,
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::new(failure.code, failure.message)
    }
}

impl From<pandian_store::StoreError> for Fault {
    fn from(error: pandian_store::StoreError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<crate::report::ReportError> for Fault {
    fn from(error: crate::report::ReportError) -> Self {
        match error {
            crate::report::ReportError::Store(error) => error.into(),
            crate::report::ReportError::Write(error) => error.into(),
        }
    }
}

impl From<pandian_engine::RunError> for Fault {
    fn from(error: pandian_engine::RunError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<pandian_devices::DeviceError> for Fault {
    fn from(error: pandian_devices::DeviceError) -> Self {
        Self::new(error.code, error.message)
    }
}

/// Standard output is gone (`| head`): nothing is left to say, and nobody to say it to.
pub fn is_broken_pipe(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::BrokenPipe
}

/// The kind of a failed write: a full disk, or what the caller makes of anything else.
pub fn code_of_write(error: &std::io::Error, otherwise: Code) -> Code {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Code::DiskFull,
        _ => otherwise,
    }
}

impl From<std::io::Error> for Fault {
    /// Writing to standard output failed.
    fn from(error: std::io::Error) -> Self {
        Self::new(code_of_write(&error, Code::Internal), format!("standard output: {error}"))
    }
}
