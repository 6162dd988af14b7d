//! Drivers of cameras.

pub mod celery;
pub mod command;
pub mod http;
pub mod picture;
mod reference;
mod wire;
