//! Drivers of cranes and of the systems that command them.

pub mod http;
