//! What was taken out of a folder, whoever took it.

use std::ffi::OsString;

use super::listing::Stamp;
use crate::camera::freshness::{PictureDigest, Recent};

/// How many files that were taken over are remembered: more than there are stops at a time.
const FILES: usize = 4096;
/// How many pictures are remembered.
const PICTURES: usize = 64;

/// The files and pictures of a folder that were taken over, by any camera that looks there.
pub(in crate::camera) struct Taken {
    files: Recent<(OsString, Stamp)>,
    pictures: Recent<PictureDigest>,
}

impl Default for Taken {
    fn default() -> Self {
        Self { files: Recent::of(FILES), pictures: Recent::of(PICTURES) }
    }
}

impl Taken {
    /// Whether a file was taken over.
    pub(super) fn has(&self, file: &(OsString, Stamp)) -> bool {
        self.files.has(file)
    }

    /// Takes a file over, unless somebody was faster.
    pub(super) fn take(&mut self, file: (OsString, Stamp)) -> bool {
        self.files.is_new(file)
    }

    /// Whether a picture is none of the last ones; it is remembered as one of them.
    pub(super) fn is_new(&mut self, picture: PictureDigest) -> bool {
        self.pictures.is_new(picture)
    }
}
