//! One writing process a data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use pandian_domain::Code;
use rustix::fs::OFlags;

use crate::error::StoreError;

/// Name of the lock's file in the data directory. The file stays; the lock ends with the process that holds it, however it ends.
const FILE: &str = "lock";

/// A held lock on a data directory; dropping it releases it.
#[derive(Debug)]
pub(crate) struct Lock {
    // Opened for reading only: a writer that lost its database for a while does not hold the file system open for writing.
    file: Option<File>,
}

impl Lock {
    /// Takes the lock of the one writer, and leaves the process id for whoever finds it taken.
    pub(crate) fn exclusive(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(FILE);
        let mut text = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| StoreError::file("open", &path, error))?;
        let file = File::open(&path).map_err(|error| StoreError::file("open", &path, error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(dir, &path)),
            Err(TryLockError::Error(error)) => return Err(StoreError::file("lock", &path, error)),
        }
        // The id is for people only: no room for it is no reason to refuse.
        let _ = text.set_len(0).and_then(|()| writeln!(text, "{}", std::process::id()));
        Ok(Self { file: Some(file) })
    }

    /// Keeps writers out while the directory is read undisturbed. `None`: a writer is at work.
    pub(crate) fn shared(dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = dir.join(FILE);
        // Opening must not wait, whatever stands there.
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let file = match OpenOptions::new().read(true).custom_flags(flags).open(&path) {
            Ok(file) => file,
            // Nobody ever wrote here: a copy that left the lock behind.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Some(Self { file: None })),
            Err(error) => return Err(StoreError::file("open", &path, error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(Some(Self { file: Some(file) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StoreError::file("lock", &path, error)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone leaves it to a child that was forked a moment ago and has not yet become its program.
        if let Some(file) = &self.file {
            let _ = file.unlock();
        }
    }
}

fn in_use(dir: &Path, path: &Path) -> StoreError {
    let mut holder = String::new();
    let _ = File::open(path).and_then(|file| file.take(20).read_to_string(&mut holder));
    let who = match holder.trim().parse::<u32>() {
        Ok(pid) => format!("process {pid}"),
        Err(_) => "another process".to_owned(),
    };
    StoreError::new(Code::DataInUse, format!("cannot write to {}: {who} is using it", dir.display()))
}
