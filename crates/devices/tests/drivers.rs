//! The real drivers against real sockets, files and processes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "drivers/callback.rs"]
mod callback;
#[path = "drivers/certificates.rs"]
mod certificates;
#[path = "drivers/command.rs"]
mod command;
#[path = "drivers/folder.rs"]
mod folder;
#[path = "drivers/ground.rs"]
mod ground;
#[path = "drivers/guard.rs"]
mod guard;
#[path = "drivers/http_checks.rs"]
mod http_checks;
#[path = "drivers/http_crane.rs"]
mod http_crane;
#[path = "drivers/http_snapshot.rs"]
mod http_snapshot;
#[path = "drivers/llrp_faults.rs"]
mod llrp_faults;
#[path = "drivers/llrp_peer.rs"]
mod llrp_peer;
#[path = "drivers/llrp_reader.rs"]
mod llrp_reader;
#[path = "drivers/llrp_tls.rs"]
mod llrp_tls;
#[path = "drivers/onvif.rs"]
mod onvif;
#[path = "drivers/peer.rs"]
mod peer;
#[path = "drivers/settings.rs"]
mod settings;
