//! A client of Celery workers, for programs that are not Python.
//!
//! Tasks travel as messages of Celery's protocol, version 2, over a broker that speaks AMQP 0-9-1 (RabbitMQ); results come back through
//! Redis or through the broker itself (Celery's `rpc://`). Workers are taken as they are: whatever runs under Celery 4 or 5 with the JSON
//! serializer.
//!
//! - Nothing is lost: publishing is confirmed and mandatory, a broken connection is made again and what was not confirmed is published
//!   again, results that came while nobody was connected are found afterwards.
//! - A task's id is the caller's. A call with an id that has a result already gives that result and runs nothing.
//! - Every call of a [`Client`] shares one connection to the broker and one to the backend.
//! - What is read of a task is bounded: see [`ClientSettings::max_result`].
//!
//! [`Task`], [`Report`] and [`control`] are pure; [`Client`] talks.

mod address;
mod backend;
mod broker;
mod client;
pub mod control;
mod error;
mod pace;
mod report;
#[cfg(feature = "stand")]
pub mod stand;
mod task;
mod tls;

pub use address::{BackendUrl, BadAddress, BrokerUrl};
pub use client::{Abandoned, Call, Client, ClientSettings, Reached, Worker};
pub use error::{TaskError, Trouble, TroubleKind};
pub use report::Report;
pub use task::{Task, task_id};
