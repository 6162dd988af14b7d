//! Drivers of cameras.

mod access;
pub mod celery;
pub mod command;
pub mod folder;
mod freshness;
pub mod http;
pub mod http_snapshot;
pub mod onvif;
pub mod picture;
mod reference;
pub mod rtsp;
mod snapshot;
mod wire;

pub use access::{CameraAddress, NotACameraAddress};
