//! Drivers of cameras.

pub mod command;
pub mod http;
pub mod picture;
mod wire;
