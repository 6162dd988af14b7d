//! The store on real files.

#![allow(clippy::unwrap_used, reason = "a test's helpers may fail as its own lines do")]

mod crash;
mod disk;
mod evidence;
mod journal;
mod read;
mod stocktake;
mod verify;
