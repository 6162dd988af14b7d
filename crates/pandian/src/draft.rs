//! Files that take their names only when they are whole.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// A file on its way to its name: what fails leaves nothing, and what was there before stays.
pub struct Draft {
    /// Where to write.
    pub path: PathBuf,
    /// None where it is written in place: to a pipe or a device.
    target: Option<PathBuf>,
}

impl Draft {
    /// A draft in the folder of `target`.
    pub fn beside(target: &Path) -> Self {
        // A link goes on pointing to the file.
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
        let Some(name) = target.file_name().filter(|_| fs::metadata(&target).map_or(true, |there| there.is_file())) else {
            return Self { path: target, target: None };
        };
        let name = format!(".{}.{}.part", name.to_string_lossy(), std::process::id());
        Self { path: target.with_file_name(name), target: Some(target) }
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// What the file system says.
    pub fn keep(mut self) -> io::Result<()> {
        match &self.target {
            Some(target) => fs::rename(&self.path, target).inspect(|()| self.target = None),
            None => Ok(()),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.target.is_some() {
            // It may never have been begun.
            let _ = fs::remove_file(&self.path);
        }
    }
}
