//! The simulated warehouse from outside: the world, its devices in process, and its servers on the wire.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod camera;
mod contract;
mod devices;
mod drivers;
mod llrp;
mod llrp_client;
mod llrp_driver;
mod llrp_faults;
mod llrp_inventory;
mod radio;
mod warehouse;
mod wire;
mod wire_faults;
mod world;
