//! What people get to read when a configuration or a list is broken: every message names the place, and is kept in a snapshot.

#![allow(clippy::unwrap_used, reason = "what cannot go on has failed")]

#[path = "bad_input/configurations.rs"]
mod configurations;
#[path = "bad_input/lists.rs"]
mod lists;
#[path = "bad_input/references.rs"]
mod references;
#[path = "bad_input/stand.rs"]
mod stand;
#[path = "bad_input/streams.rs"]
mod streams;
#[path = "bad_input/vision.rs"]
mod vision;
#[path = "bad_input/workbooks.rs"]
mod workbooks;
