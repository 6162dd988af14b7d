//! What lies in a folder, looked at without following any link.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::pattern::Names;

/// The most files of a folder that are looked through.
const MOST_FILES: usize = 100_000;

/// What tells a file from what it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Stamp {
    /// When it was last written, in seconds and nanoseconds by the clock of its file system.
    modified: (i64, i64),
    pub(super) size: u64,
    inode: u64,
}

/// Files by their names.
pub(super) type Listing = HashMap<OsString, Stamp>;

/// The files of these names. Folders, links, pipes and the like are none.
pub(super) fn list(folder: &Path, names: &Names) -> std::io::Result<Listing> {
    let mut listing = Listing::new();
    for (number, entry) in std::fs::read_dir(folder)?.enumerate() {
        if number == MOST_FILES {
            return Err(std::io::Error::other(format!("there are more than {MOST_FILES} files in it")));
        }
        let entry = entry?;
        let name = entry.file_name();
        if !names.has(&name.to_string_lossy()) {
            continue;
        }
        // One that is gone by now is none.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_file() {
            let stamp = Stamp { modified: (metadata.mtime(), metadata.mtime_nsec()), size: metadata.size(), inode: metadata.ino() };
            listing.insert(name, stamp);
        }
    }
    Ok(listing)
}

/// What is in a listing and was not in an earlier one, or was another then: the newest first.
pub(super) fn news(listing: &Listing, before: &Listing) -> Vec<(OsString, Stamp)> {
    let is_news = |(name, stamp): &(&OsString, &Stamp)| before.get(*name) != Some(*stamp);
    let mut news: Vec<_> = listing.iter().filter(is_news).map(|(name, stamp)| (name.clone(), *stamp)).collect();
    news.sort_by(|(name, stamp), (other_name, other)| (other, other_name).cmp(&(stamp, name)));
    news
}
