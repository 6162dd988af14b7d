//! Drivers of tag readers.

pub mod celery;
pub mod command;
pub mod http;
mod wire;
