//! Counts the stock of an automated warehouse in the rack: configuration, lists, commands.

pub mod config;
pub mod lists;
