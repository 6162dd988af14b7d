//! The content-addressed files: each is named by the SHA-256 of its bytes, written whole or not at all, and never changed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use pandian_domain::{Code, Digest};
use rustix::fs::OFlags;
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use crate::chain::digest;
use crate::error::StoreError;

/// Name of the folder in the data directory.
const FOLDER: &str = "evidence";
/// Name of the folder, beside those of the files, in which they are written.
const DRAFTS: &str = "tmp";
/// The biggest piece of evidence, in bytes.
const BIGGEST: u64 = 1 << 30;

/// The files of a data directory.
#[derive(Debug)]
pub(crate) struct EvidenceFiles {
    folder: PathBuf,
    next_draft: AtomicU64,
}

/// A file that goes with its guard, unless it got its final name by then.
struct DraftFile(PathBuf);

impl Drop for DraftFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl EvidenceFiles {
    pub(crate) fn of(dir: &Path) -> Self {
        Self { folder: dir.join(FOLDER), next_draft: AtomicU64::new(0) }
    }

    /// Makes the folders, and removes drafts that a killed process left.
    pub(crate) fn make_ready(&self) -> Result<(), StoreError> {
        let drafts = self.folder.join(DRAFTS);
        make_folder(&drafts).map_err(|error| StoreError::file("create", &drafts, error))?;
        let left = fs::read_dir(&drafts).map_err(|error| StoreError::file("read", &drafts, error))?;
        for draft in left.flatten() {
            // In nobody's way, if it cannot be removed.
            let _ = fs::remove_file(draft.path());
        }
        Ok(())
    }

    pub(crate) fn path(&self, address: Digest) -> PathBuf {
        let name = address.to_string();
        self.folder.join(&name[..2]).join(name)
    }

    /// Calls `visit` with every file of the folder except drafts, and with the address that its place and name say, if they do.
    pub(crate) fn each(&self, mut visit: impl FnMut(PathBuf, Option<Digest>)) -> Result<(), StoreError> {
        let list = |folder: &Path| fs::read_dir(folder).map_err(|error| StoreError::file("read", folder, error));
        if !self.folder.is_dir() {
            return Ok(());
        }
        for below in list(&self.folder)?.flatten().map(|entry| entry.path()) {
            if !below.is_dir() {
                visit(below, None);
            } else if below != self.folder.join(DRAFTS) {
                for path in list(&below)?.flatten().map(|entry| entry.path()) {
                    let named = path.file_name().and_then(|name| name.to_str()?.parse().ok());
                    let address = named.filter(|address| self.path(*address) == path);
                    visit(path, address);
                }
            }
        }
        Ok(())
    }

    /// Whether there is any piece of evidence.
    pub(crate) fn any(&self) -> Result<bool, StoreError> {
        let mut any = false;
        self.each(|_, address| any |= address.is_some())?;
        Ok(any)
    }

    /// Keeps bytes; when this returns they are durable, and so is their name.
    pub(crate) fn put(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let address = digest(bytes);
        let path = self.path(address);
        let failed = |error| StoreError::file("keep evidence in", &path, error);
        if bytes.len() as u64 > BIGGEST {
            return Err(failed(io::ErrorKind::FileTooLarge.into()));
        }
        let folder = path.parent().unwrap_or(&self.folder);
        make_folder(folder).map_err(failed)?;
        // A file with that name but other bytes was damaged, and is mended.
        if hash_file(&path).is_ok_and(|found| found == Some(address)) {
            // Whoever wrote it may not yet have got to this.
            sync_folder(folder).map_err(failed)?;
            return Ok(address);
        }
        let number = self.next_draft.fetch_add(1, Ordering::Relaxed);
        let draft = DraftFile(self.folder.join(DRAFTS).join(format!("{}-{number}", std::process::id())));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft.0).map_err(failed)?;
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&draft.0, &path).map_err(failed)?;
        sync_folder(folder).map_err(failed)?;
        Ok(address)
    }

    /// Reads evidence back and checks it. `None`: there is no such file.
    pub(crate) fn get(&self, address: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path(address);
        let file = match open(&path) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(None),
            Err(error) if is_no_file(&error) => return Err(altered(&path.display())),
            Err(error) => return Err(StoreError::file("read evidence", &path, error)),
        };
        let mut bytes = Vec::new();
        file.take(BIGGEST).read_to_end(&mut bytes).map_err(|error| StoreError::file("read evidence", &path, error))?;
        if digest(&bytes) == address { Ok(Some(bytes)) } else { Err(altered(&path.display())) }
    }
}

/// Evidence whose bytes are not those of its name.
pub(crate) fn altered(place: &dyn std::fmt::Display) -> StoreError {
    StoreError::new(Code::EvidenceBroken, format!("cannot use evidence {place}: it was altered, its bytes have another digest"))
}

/// Makes a folder, for the owner only, if there is none; its name is durable then.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // The parent of a relative path of one part is the empty path.
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync_folder(parent.unwrap_or(Path::new(".")))
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Opens a piece of evidence without waiting, whatever stands in its place. `None`: nothing does. What is not a regular file itself (a
/// folder, a pipe, a link to another file) is an error that [`is_no_file`] recognises.
fn open(path: &Path) -> io::Result<Option<File>> {
    let no_file = || io::Error::new(io::ErrorKind::InvalidData, "it is not a regular file");
    let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed();
    match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) if file.metadata()?.is_file() => Ok(Some(file)),
        Ok(_) => Err(no_file()),
        Err(error) => match Errno::from_io_error(&error) {
            Some(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            // A link; a socket, or a device that is not there.
            Some(Errno::LOOP | Errno::NXIO | Errno::NODEV) => Err(no_file()),
            _ => Err(error),
        },
    }
}

/// Whether something else stands where a piece of evidence should.
pub(crate) fn is_no_file(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData
}

/// The digest of a piece of evidence, read in parts. Fails as [`open`] does.
pub(crate) fn hash_file(path: &Path) -> io::Result<Option<Digest>> {
    let Some(file) = open(path)? else { return Ok(None) };
    let mut file = file.take(BIGGEST);
    let mut hasher = Sha256::new();
    let mut part = vec![0; 64 << 10];
    loop {
        match file.read(&mut part)? {
            0 => return Ok(Some(Digest(hasher.finalize().into()))),
            read => hasher.update(&part[..read]),
        }
    }
}
