//! Private servers and workers, for tests and measurements (feature `stand`).
//!
//! [`Rabbit`], [`Redis`] and [`Workers`] are real processes on loopback, at free ports, each in a temporary directory and a process
//! group of its own. They are ended by the id they were started with: when they are dropped, and also when the program that started
//! them is killed. [`Proxy`] stands between two of them and takes the network away.
//!
//! Whatever cannot be started panics, with the last lines of its log: a test has nothing else to do.

mod port;
mod process;
mod proxy;
mod rabbit;
mod redis;
mod workers;

pub use proxy::Proxy;
pub use rabbit::Rabbit;
pub use redis::{Redis, RedisOptions};
pub use workers::{WorkerSpec, Workers, python};
