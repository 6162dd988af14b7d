//! Drivers of cameras.

mod access;
pub mod celery;
pub mod command;
mod door;
pub mod folder;
mod freshness;
pub mod http;
pub mod http_snapshot;
pub mod onvif;
pub mod picture;
mod reference;
pub mod rtsp;
mod shared;
mod snapshot;
mod wire;

pub use access::{CameraAddress, NotACameraAddress};
pub use shared::SharedCameras;

/// Reads bytes as whatever a camera may send. A failed check panics.
#[cfg(feature = "suite")]
pub(crate) fn check_reply(bytes: &[u8]) {
    onvif::check_reply(bytes);
    let is_whole = picture::check(bytes).is_ok();
    assert!(!is_whole || picture::media_type(bytes).is_some());
    picture::size(bytes);
}
