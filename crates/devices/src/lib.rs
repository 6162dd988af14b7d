//! The contracts for cranes, tag readers and cameras, and every real driver behind them.
//!
//! A driver is a folder (`crane/http`, `reader/command`, …) with `wire.rs` (bytes ⇄ values, pure) and `session.rs` (I/O), one line in
//! [`catalog`], and one page in `docs/devices/`. What a device failed at is a [`DeviceError`] with a code; retrying is not a
//! driver's business, the executor of the engine does it by the configured rule.

pub mod callback;
pub mod camera;
pub mod catalog;
pub mod celery;
pub mod contract;
pub mod crane;
pub mod error;
pub mod http;
mod json;
pub mod pointer;
pub mod process;
pub mod reader;
pub mod secret;
pub mod settings;
#[cfg(feature = "suite")]
pub mod suite;
mod template;
pub mod tls;

pub use catalog::{BuildContext, Catalog};
pub use contract::{Arrival, Camera, Comparer, Crane, DevicePending, LiveReader, Probe, Shot, ShotEnd, TagReader, Visit};
pub use error::DeviceError;
pub use settings::{ByteSize, Period};
pub use template::{Template, UnknownPlaceholder};

#[cfg(test)]
pub(crate) use contract::visit_for_tests;
