//! Records, hash chain and evidence files on disk. No decisions.
//!
//! A data directory holds
//!
//! | name | what |
//! |---|---|
//! | `pandian.db` (`-wal`, `-shm`) | the records, chained by SHA-256, and the lists of tag reads: SQLite, WAL, `synchronous=FULL` |
//! | `evidence/ab/abcd…` | pictures and imported lists, each named by the SHA-256 of its bytes |
//! | `evidence/tmp` | files that are being written |
//! | `lock` | locked (`flock`) by the one process that writes; holds its process id |
//!
//! [`Store::append`] enqueues; one committer writes everything that is waiting as one transaction, while the next records queue up
//! behind it (group commit). All work on disk runs on the runtime's blocking threads: it stalls no event loop, and a paused clock
//! (virtual time) stands still while a commit or a read is under way.

mod chain;
mod commit;
mod database;
mod error;
mod evidence;
mod journal;
mod lock;
mod name;
mod read;
mod schema;
mod store;
mod verify;

pub use chain::{Head, digest};
pub use error::StoreError;
pub use journal::{Batch, Health, Receipt};
pub use name::name_of;
pub use read::{Histories, Records, StocktakeSummary, StoredRecord};
pub use store::{Access, Store};
pub use verify::{Note, Problem, VerifyReport, verify};
