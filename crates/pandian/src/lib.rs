//! Counts the stock of an automated warehouse in the rack: configuration, lists, commands.

pub mod assemble;
pub mod cli;
pub mod columns;
pub mod commands;
pub mod config;
pub mod ctl;
pub mod draft;
pub mod explain;
pub mod fault;
pub mod learnt;
pub mod lines;
pub mod lists;
pub mod references;
pub mod rehearsal;
pub mod report;
pub mod route_picture;
pub mod say;
pub mod show;
pub mod tail;
pub mod words;
