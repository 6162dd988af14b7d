//! Drivers of tag readers.

pub mod celery;
pub mod command;
pub mod http;
pub mod llrp;
mod wire;
