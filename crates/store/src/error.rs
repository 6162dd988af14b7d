//! How the store fails, and how failures of SQLite and of files become codes.

use std::error::Error;
use std::io;
use std::path::Path;
use std::sync::Arc;

use pandian_domain::{Code, Failure};

/// A failed operation of the store. The message names the operation and the file or directory; the source is kept. Can be cloned,
/// since one failed commit is told to everybody whose records were in it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    code: Code,
    message: String,
    #[source]
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(error.code, error.message)
    }
}

// Primary result codes of SQLite: https://www.sqlite.org/rescode.html
const BUSY: u8 = 5;
const LOCKED: u8 = 6;
const READONLY: u8 = 8;
const CORRUPT: u8 = 11;
const FULL: u8 = 13;
const NOT_A_DATABASE: u8 = 26;

impl StoreError {
    /// The kind of failure.
    pub fn code(&self) -> Code {
        self.code
    }

    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), source: None }
    }

    /// A failed operation on the database at `path`; `doing` says what was tried ("append records to").
    pub(crate) fn database(doing: &str, path: &Path, error: sqlx::Error) -> Self {
        let code = match primary_code(&error) {
            Some(FULL) => Code::DiskFull,
            Some(BUSY | LOCKED) => Code::DatabaseLocked,
            Some(READONLY) => Code::ReadOnly,
            // A full or read-only disk shows as a plain I/O error where SQLite maps or creates its side files.
            _ => state_of_disk(path).unwrap_or(Code::StoreUnavailable),
        };
        let because = match primary_code(&error) {
            Some(NOT_A_DATABASE) => "it is not a database".to_owned(),
            Some(CORRUPT) => "its pages are damaged".to_owned(),
            _ => reason(code).map_or_else(|| sentence(&error), str::to_owned),
        };
        Self { code, message: format!("cannot {doing} {}: {because}", path.display()), source: Some(Arc::new(error)) }
    }

    /// A failed operation on the file or directory at `path`.
    pub(crate) fn file(doing: &str, path: &Path, error: io::Error) -> Self {
        let code = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::DiskFull,
            io::ErrorKind::ReadOnlyFilesystem => Code::ReadOnly,
            _ => Code::StoreUnavailable,
        };
        let because = reason(code).map_or_else(|| error.to_string(), str::to_owned);
        Self { code, message: format!("cannot {doing} {}: {because}", path.display()), source: Some(Arc::new(error)) }
    }

    /// A record's body that cannot be read back.
    pub(crate) fn body(seq: u64, error: serde_json::Error) -> Self {
        Self { code: Code::ChainBroken, message: format!("cannot understand record {seq}: {error}"), source: Some(Arc::new(error)) }
    }

    /// Work that was lost because its runtime is shutting down, or because it panicked.
    pub(crate) fn lost(doing: &str) -> Self {
        Self::new(Code::Internal, format!("cannot {doing}: the work was lost with the thread that did it"))
    }
}

fn reason(code: Code) -> Option<&'static str> {
    match code {
        Code::DiskFull => Some("the disk is full"),
        Code::ReadOnly => Some("the file system cannot be written to"),
        Code::DatabaseLocked => Some("another program holds a lock on it"),
        _ => None,
    }
}

/// Only the library's own words, without the framing that would say "error" twice.
fn sentence(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        other => other.to_string(),
    }
}

fn primary_code(error: &sqlx::Error) -> Option<u8> {
    let extended: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some((extended & 0xff) as u8)
}

/// Whether the database's pages, rather than the disk or another program, are at fault.
pub(crate) fn is_damage(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(CORRUPT | NOT_A_DATABASE))
        || matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_))
}

/// A page of the database, the least that any append needs.
const PAGE: u64 = 4096;

fn state_of_disk(path: &Path) -> Option<Code> {
    let disk = rustix::fs::statvfs(path.parent()?).ok()?;
    if disk.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) {
        Some(Code::ReadOnly)
    } else if disk.f_bavail.saturating_mul(disk.f_frsize) < 8 * PAGE {
        Some(Code::DiskFull)
    } else {
        None
    }
}
