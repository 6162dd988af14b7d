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
    /// Whether what the database holds is at fault, rather than the disk or another program.
    damage: bool,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(error.code, error.message)
    }
}

// Primary result codes of SQLite: https://www.sqlite.org/rescode.html
const ERROR: u8 = 1;
const BUSY: u8 = 5;
const LOCKED: u8 = 6;
const READONLY: u8 = 8;
const CORRUPT: u8 = 11;
const FULL: u8 = 13;
const NOT_A_DATABASE: u8 = 26;
/// An extended one: the file ends in the middle of a page.
const SHORT_READ: u32 = 522;

impl StoreError {
    /// The kind of failure.
    pub fn code(&self) -> Code {
        self.code
    }

    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), source: None, damage: false }
    }

    /// A database that is there but holds no records that could be read.
    pub(crate) fn damage(message: impl Into<String>) -> Self {
        Self { damage: true, ..Self::new(Code::StoreUnavailable, message) }
    }

    /// Whether what the database holds is at fault, rather than the disk or another program.
    pub(crate) fn is_damage(&self) -> bool {
        self.damage
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
        let damage = is_damage(&error);
        Self { code, message: format!("cannot {doing} {}: {because}", path.display()), source: Some(Arc::new(error)), damage }
    }

    /// A failed operation on the file or directory at `path`.
    pub(crate) fn file(doing: &str, path: &Path, error: io::Error) -> Self {
        let code = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::DiskFull,
            io::ErrorKind::ReadOnlyFilesystem => Code::ReadOnly,
            _ => Code::StoreUnavailable,
        };
        let because = reason(code).map_or_else(|| error.to_string(), str::to_owned);
        Self { source: Some(Arc::new(error)), ..Self::new(code, format!("cannot {doing} {}: {because}", path.display())) }
    }

    /// A record's body that cannot be read back.
    pub(crate) fn body(seq: u64, error: serde_json::Error) -> Self {
        let message = format!("cannot understand record {seq}: {error}");
        Self { source: Some(Arc::new(error)), ..Self::new(Code::ChainBroken, message) }
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

fn extended_code(error: &sqlx::Error) -> Option<u32> {
    error.as_database_error()?.code()?.parse().ok()
}

fn primary_code(error: &sqlx::Error) -> Option<u8> {
    Some((extended_code(error)? & 0xff) as u8)
}

/// Whether what the database holds, rather than the disk or another program, is at fault.
pub(crate) fn is_damage(error: &sqlx::Error) -> bool {
    // The statements are always the same: one that is refused as such (`ERROR`) met tables that are not as they were made.
    matches!(primary_code(error), Some(ERROR | CORRUPT | NOT_A_DATABASE))
        || extended_code(error) == Some(SHORT_READ)
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
