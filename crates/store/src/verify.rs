//! Proves that nothing was altered, lost or moved, and names the first thing that was.

use std::fmt;
use std::path::{Path, PathBuf};

use pandian_domain::{Code, Digest};
use sqlx::Connection;
use tokio::runtime::Handle;

use crate::chain::Head;
use crate::database::{self, Reading};
use crate::error::{StoreError, is_damage};
use crate::evidence::EvidenceFiles;
use crate::lock::Lock;

mod diagnosis;
mod walk;

use walk::{Stop, Walk};

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// How many records are in order: all of them, or those before the first problem.
    pub records: u64,
    /// The last of these.
    pub head: Head,
    /// How often a record names a picture, a mask or an imported list whose file is unaltered.
    pub files: u64,
    /// How often a record names a list of tag reads that is unaltered.
    pub reads: u64,
    /// With an expected head that is a link of the chain: how many records came after it.
    pub since_expected: Option<u64>,
    /// The first thing that is wrong.
    pub problem: Option<Problem>,
    /// What is odd, but wrongs no record. Looked for when there is no problem.
    pub notes: Vec<Note>,
}

/// What is wrong with a data directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A record, or a column that is derived from it, is not as it was committed.
    #[error("record {seq} was altered: its {part} does not fit")]
    Altered {
        /// Which.
        seq: u64,
        /// What does not fit.
        part: &'static str,
    },
    /// Records are missing, though later ones are there.
    #[error("records {first} to {last} are lost")]
    Lost {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// A record stands in another's place.
    #[error("record {seq} was moved: it stands at {found_at}")]
    Reordered {
        /// Which.
        seq: u64,
        /// Where it stands now.
        found_at: u64,
    },
    /// The chain is in order, but is not the one that had the expected head.
    #[error("the chain was rewritten or cut off: none of its {records} records has the hash {expected}")]
    HeadNotFound {
        /// The hash that was looked for.
        expected: Digest,
        /// How many records there are.
        records: u64,
    },
    /// Evidence that a record names is not there.
    #[error("evidence {digest} of record {seq} is missing")]
    EvidenceMissing {
        /// Its address.
        digest: Digest,
        /// The first record that names it.
        seq: u64,
    },
    /// Evidence that a record names has other bytes.
    #[error("evidence {digest} of record {seq} was altered")]
    EvidenceAltered {
        /// Its address.
        digest: Digest,
        /// The first record that names it.
        seq: u64,
    },
    /// There are no records any more, though there were some.
    #[error("all records are lost: {message}")]
    AllLost {
        /// How that shows.
        message: String,
    },
    /// A record has a number that none can have.
    #[error("a record was added: it is numbered {number}, and they begin at 1")]
    Added {
        /// Its number.
        number: i64,
    },
    /// A table or an index was dropped or changed, or something that the program did not make was added: a trigger, a view, a table.
    #[error("the tables were altered: {message}")]
    TablesAltered {
        /// What exactly.
        message: String,
    },
    /// The keys, by which records are found, or the tag reads do not belong to the records that are there.
    #[error("the {what} do not fit the records: {message}")]
    Misfit {
        /// Either "keys" or "tag reads".
        what: &'static str,
        /// What exactly.
        message: String,
    },
    /// The database cannot be read or understood from some point on.
    #[error("the database is damaged after record {after}: {message}")]
    Damaged {
        /// The last record that is in order.
        after: u64,
        /// What exactly.
        message: String,
    },
}

impl Problem {
    /// The kind of problem.
    pub fn code(&self) -> Code {
        match self {
            Self::EvidenceMissing { .. } | Self::EvidenceAltered { .. } => Code::EvidenceBroken,
            _ => Code::ChainBroken,
        }
    }
}

/// Something odd in the evidence folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A file that no record names: its record was never committed, or somebody put it there.
    Unnamed(PathBuf),
    /// So many more of them.
    More(u64),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unnamed(path) => write!(f, "no record names {}", path.display()),
            Self::More(many) => write!(f, "no record names {many} more files"),
        }
    }
}

/// Verifies a data directory: the chain, the columns derived from the records, all evidence that they name, and the structure of the
/// database. With `expected_head`, the hash that an earlier report gave, also that the chain was not rewritten or cut off since.
///
/// Changes nothing. Beside a process that writes it verifies what is there when it gets to the end; otherwise it keeps writers out
/// meanwhile. An error means that nothing could be verified for reasons outside the directory's files: there are none, they may not be
/// read, a lock is held, the disk fails, or the tables are of another version.
pub async fn verify(dir: &Path, expected_head: Option<Digest>) -> Result<VerifyReport, StoreError> {
    let dir = dir.to_owned();
    let runtime = Handle::current();
    let verified = runtime.clone().spawn_blocking(move || runtime.block_on(verify_blocking(&dir, expected_head)));
    verified.await.unwrap_or_else(|_| Err(StoreError::lost("verify the data directory")))
}

async fn verify_blocking(dir: &Path, expected_head: Option<Digest>) -> Result<VerifyReport, StoreError> {
    let lock = Lock::shared(dir)?;
    let files = EvidenceFiles::of(dir);
    let (reading, connection) = match Reading::find(dir, lock.is_some()).await {
        Ok(found) => found,
        Err(error) if error.is_damage() => return Ok(all_lost(error.to_string())),
        Err(_) if !database::is_there(dir) && files.any()? => return Ok(all_lost("there is evidence, but no database".into())),
        Err(error) => return Err(error),
    };
    let mut walk = Walk::new(connection, reading.path(), files, expected_head);
    let problem = match walk.go().await {
        Ok(()) => Ok(None),
        Err(Stop::Found(problem)) => Ok(Some(problem)),
        Err(Stop::Sql(error)) if is_damage(&error) => Ok(Some(Problem::Damaged { after: walk.head.seq, message: error.to_string() })),
        Err(Stop::Sql(error)) => Err(StoreError::database("read", reading.path(), error)),
        Err(Stop::Failed(error)) if error.is_damage() => Ok(Some(Problem::AllLost { message: error.to_string() })),
        Err(Stop::Failed(error)) => Err(error),
    };
    let notes = if matches!(problem, Ok(None)) { walk.notes() } else { Ok(Vec::new()) };
    let Walk { connection, head, expected, files_seen, reads_seen, .. } = walk;
    // Waits until the file is closed, before what reading made is removed and the lock released.
    let _ = connection.close().await;
    reading.leave_no_trace();
    drop(lock);
    Ok(VerifyReport {
        records: head.seq,
        head,
        files: files_seen,
        reads: reads_seen,
        since_expected: expected.and_then(|(_, found_at)| Some(head.seq - found_at?)),
        problem: problem?,
        notes: notes?,
    })
}

fn all_lost(message: String) -> VerifyReport {
    let problem = Some(Problem::AllLost { message });
    VerifyReport { records: 0, head: Head::EMPTY, files: 0, reads: 0, since_expected: None, problem, notes: Vec::new() }
}
