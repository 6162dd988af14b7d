//! What a data directory is called.

use std::fs;
use std::path::Path;

use uuid::Uuid;

/// The file that holds the name.
const FILE: &str = "name";

/// The name that other servers know a data directory by: made up once, and kept in it. No other program has it, since a directory serves
/// one process at a time.
pub fn name_of(dir: &Path) -> Uuid {
    let file = dir.join(FILE);
    let kept = fs::read_to_string(&file).ok().and_then(|text| Uuid::try_parse(text.trim()).ok());
    kept.unwrap_or_else(|| {
        let name = Uuid::new_v4();
        // Without it, what servers keep for the directory is not found by its next process, which does it again.
        if let Err(error) = fs::write(&file, format!("{name}\n")) {
            tracing::warn!(file = %file.display(), %error, "the name of the data directory cannot be kept");
        }
        name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_keeps_its_name_and_no_other_has_it() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let name = name_of(one.path());
        assert_eq!(name_of(one.path()), name);
        assert_ne!(name_of(other.path()), name);
        fs::write(one.path().join(FILE), "no name").unwrap();
        let new = name_of(one.path());
        assert_ne!(new, name);
        assert_eq!(name_of(one.path()), new);
    }
}
