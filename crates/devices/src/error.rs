//! How device operations fail.

use pandian_domain::{Code, Failure};

/// A failed device operation. The message names the device and its address; the source is kept.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct DeviceError {
    /// The kind of failure.
    pub code: Code,
    /// One sentence: the device, its address, what happened. Lower case, no full stop, no secrets.
    pub message: String,
    /// What lies beneath.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl DeviceError {
    /// Makes an error without a source.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), source: None }
    }

    /// Adds what lies beneath.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl From<DeviceError> for Failure {
    fn from(error: DeviceError) -> Self {
        Self::new(error.code, error.message)
    }
}
