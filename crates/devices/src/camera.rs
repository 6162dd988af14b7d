//! Drivers of cameras.

pub mod command;
pub mod http;
