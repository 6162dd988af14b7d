//! Drivers of tag readers.

pub mod command;
pub mod http;
mod wire;
