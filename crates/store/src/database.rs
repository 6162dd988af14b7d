//! How the database file is opened: for writing, beside a writer, and without leaving a trace.

use std::path::{Path, PathBuf};
use std::time::Duration;

use pandian_domain::Code;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

use crate::error::StoreError;
use crate::schema;

/// Name of the database in the data directory.
const FILE: &str = "pandian.db";

/// How long SQLite itself waits for somebody else's lock. Short: the committer has its own, visible way of trying again.
const BUSY: Duration = Duration::from_millis(250);

pub(crate) fn path(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

/// Whether anything stands in the database's place.
pub(crate) fn is_there(dir: &Path) -> bool {
    path(dir).symlink_metadata().is_ok()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).busy_timeout(BUSY).disable_statement_logging()
}

/// The one connection that writes. `create`: a database that is not there is made.
pub(crate) async fn connect_for_writing(dir: &Path, create: bool) -> Result<SqliteConnection, StoreError> {
    let path = path(dir);
    let options = options(&path)
        .create_if_missing(create)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // Pages: 64 MiB of log between checkpoints, so that pages which change often are copied once; no more is kept.
        .pragma("wal_autocheckpoint", "16384")
        .pragma("journal_size_limit", "67108864")
        // Enough for the pages that are written to; SQLite looks through the whole cache at every commit that splits a page.
        .pragma("cache_size", "-8192");
    options.connect().await.map_err(|error| StoreError::database("open", &path, error))
}

/// How a database can be read here. Found once, when the first connection is made.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    path: PathBuf,
    options: SqliteConnectOptions,
    /// A side file that reading itself brought about.
    trace: Option<PathBuf>,
}

impl Reading {
    /// Beside this process's own writer.
    pub(crate) fn beside_writer(dir: &Path) -> Self {
        let path = path(dir);
        Self { options: options(&path).read_only(true), path, trace: None }
    }

    /// Finds a way to read the database of `dir`. `alone`: writers are locked out, so that it can be read without a trace.
    pub(crate) async fn find(dir: &Path, alone: bool) -> Result<(Self, SqliteConnection), StoreError> {
        let shared = Self::beside_writer(dir);
        let path = &shared.path;
        match std::fs::metadata(path) {
            Ok(file) if !file.is_file() => {
                return Err(StoreError::damage(format!("cannot read {}: it is not a regular file", path.display())));
            }
            Ok(file) if file.len() == 0 => {
                let message = format!("cannot read {}: it is empty", path.display());
                // A writer that has only just begun leaves it so for a moment.
                return Err(if alone { StoreError::damage(message) } else { StoreError::new(Code::StoreUnavailable, message) });
            }
            Ok(_) => {}
            Err(error) => return Err(StoreError::file("read", path, error)),
        }
        let no_log = std::fs::metadata(beside(path, "-wal")).map_or(true, |file| file.len() == 0);
        // Where nobody writes and there is no log, the file itself is everything, and SQLite need not make its side files.
        let immutable = Self { options: shared.options.clone().immutable(true), ..shared.clone() };
        if alone && no_log {
            let connection = immutable.connect().await?;
            return Ok((immutable, connection));
        }
        let index = beside(path, "-shm");
        let trace = (alone && !index.exists()).then_some(index);
        match shared.connect().await {
            Ok(connection) => Ok((Self { trace, ..shared }, connection)),
            // Side files cannot be made, but then nobody can write either. The index of the log is kept in memory instead.
            Err(error) if error.code() == Code::ReadOnly => {
                let options = shared.options.clone().vfs("unix-none").locking_mode(SqliteLockingMode::Exclusive);
                let still = if no_log { immutable } else { Self { options, ..shared } };
                let connection = still.connect().await?;
                Ok((still, connection))
            }
            Err(error) => Err(error),
        }
    }

    /// Another connection of the same kind.
    pub(crate) async fn connect(&self) -> Result<SqliteConnection, StoreError> {
        let mut connection = self.options.connect().await.map_err(|error| StoreError::database("read", &self.path, error))?;
        match schema::check(&mut connection, &self.path).await {
            Ok(()) => Ok(connection),
            Err(error) => {
                // Waits until the file is closed, so that a next try finds it so.
                let _ = connection.close().await;
                Err(error)
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes what reading itself left behind.
    pub(crate) fn leave_no_trace(&self) {
        if let Some(index) = &self.trace {
            let _ = std::fs::remove_file(index);
        }
    }
}
