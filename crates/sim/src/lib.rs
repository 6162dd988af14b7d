//! A seeded warehouse: in-process devices for virtual time and servers on the wire, with faults.
//!
//! A [`World`] is what lies in the racks, a [`Simulation`] is a run of it. The kinds of [`catalog`] live in a simulation in process;
//! [`wire`] serves the same simulation to real drivers. Either returns only what real devices return.

pub mod book;
pub mod device;
mod difference;
pub mod fault;
mod fleet;
mod motion;
mod picture;
mod racks;
pub mod radio;
pub mod scene;
mod seed;
pub mod settings;
pub mod sight;
pub mod simulation;
mod sscc;
pub mod wire;
pub mod world;

pub use book::SimBook;
pub use device::catalog;
pub use fault::FaultKind;
pub use radio::RadioSettings;
pub use settings::SimulationSettings;
pub use sight::{CameraSettings, SceneTruth};
pub use simulation::Simulation;
pub use wire::SimServers;
pub use world::{CraneSpec, Planted, World, WorldSpec};
