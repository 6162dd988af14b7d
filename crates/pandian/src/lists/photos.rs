//! Folders of photos with what is known of the codes on them.

use std::fs;
use std::path::{Path, PathBuf};

use super::problem::ListError;
use super::source::{Limits, ListFile, Unreadable, read_bounded};
use super::table::{Column, read_table};

const COLUMNS: &[Column] = &[
    Column { names: &["file"], required: true },
    Column { names: &["text"], required: true },
    Column { names: &["format"], required: false },
    Column { names: &["set"], required: false },
];
const FILE: usize = 0;
const TEXT: usize = 1;
const FORMAT: usize = 2;
const SET: usize = 3;

/// The table of a folder, where it has one.
const TABLE: &str = "photos.csv";

/// How pictures' names end.
const PICTURES: [&str; 6] = ["png", "jpg", "jpeg", "gif", "bmp", "webp"];

/// How the names of files with the text of the picture beside them end.
const TEXTS: [&str; 2] = ["txt", "bin"];

/// How the names of folders begin whose pictures show no code.
const WITHOUT: [&str; 3] = ["falsepositives", "no_code", "no-code"];

/// More pictures than anybody looks at in one go.
const MOST_PHOTOS: usize = 1_000_000;

/// The longest text that a code carries, with room to spare.
const LONGEST_TEXT: u64 = 64 << 10;

/// A photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    /// Where it is.
    pub path: PathBuf,
    /// The same from the folder on.
    pub name: String,
    /// What is known of its codes.
    pub truth: Truth,
    /// The symbology, where it is known.
    pub format: String,
    /// What it is counted with.
    pub set: String,
}

/// What is known of the codes on a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Truth {
    /// The text of the code.
    Text(String),
    /// It shows none.
    NoCode,
    /// Nothing is known.
    Unknown,
}

/// The photos of a folder: those of its `photos.csv`, or else every picture below it, by name. A picture's text is then in a file of the
/// same name that ends in `.txt` or `.bin`; folders whose names begin with `falsepositives`, `no_code` or `no-code` have photos without
/// codes; a set is what one of the folder's own folders holds.
///
/// # Errors
/// No such folder, a table that cannot be read or names a file that is not there, a text that is too long, no pictures at all.
pub fn read_photos(folder: &Path) -> Result<Vec<Photo>, ListError> {
    let table = folder.join(TABLE);
    if table.is_file() {
        return of_table(folder, &ListFile::open(&table, Limits::default())?);
    }
    let mut photos = Vec::new();
    below(folder, folder, &mut photos)?;
    if photos.is_empty() {
        return Err(ListError::whole(&folder.display().to_string(), format!("has neither {TABLE} nor pictures ({})", PICTURES.join(", "))));
    }
    photos.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(photos)
}

fn of_table(folder: &Path, file: &ListFile) -> Result<Vec<Photo>, ListError> {
    let mut photos = Vec::new();
    read_table(file, COLUMNS, false, |cells, problems| {
        let (name, text) = (cells.get(FILE), cells.get(TEXT));
        let path = folder.join(name);
        if name.is_empty() || !path.is_file() {
            problems.invalid(cells.line(), format!("there is no file `{}`", super::shown(name)));
            return;
        }
        let truth = if text.is_empty() { Truth::NoCode } else { Truth::Text(text.to_owned()) };
        let set = if cells.get(SET).is_empty() { set_of(name) } else { cells.get(SET).to_owned() };
        photos.push(Photo { path, name: name.to_owned(), truth, format: cells.get(FORMAT).to_owned(), set });
    })?;
    Ok(photos)
}

/// The pictures in a folder and below it. Links to folders are not followed, so there is an end to it.
fn below(root: &Path, folder: &Path, photos: &mut Vec<Photo>) -> Result<(), ListError> {
    let failed = |error| Unreadable::from(error).of_file(&folder.display().to_string());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if entry.file_type().map_err(failed)?.is_dir() {
            below(root, &path, photos)?;
        } else if path.is_file() && has_ending(&path, &PICTURES) {
            if photos.len() == MOST_PHOTOS {
                return Err(ListError::whole(&root.display().to_string(), format!("has more than {MOST_PHOTOS} pictures")));
            }
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            let truth = truth_beside(&path, &name)?;
            photos.push(Photo { set: set_of(&name), path, truth, format: String::new(), name });
        }
    }
    Ok(())
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|found| endings.iter().any(|ending| found.eq_ignore_ascii_case(ending)))
}

/// The folder's own folder in which a photo is.
fn set_of(name: &str) -> String {
    name.split_once('/').map_or(".", |(first, _)| first).to_owned()
}

fn truth_beside(path: &Path, name: &str) -> Result<Truth, ListError> {
    if name.split('/').rev().skip(1).any(|folder| WITHOUT.iter().any(|begin| folder.starts_with(begin))) {
        return Ok(Truth::NoCode);
    }
    let Some(beside) = TEXTS.iter().map(|ending| path.with_extension(ending)).find(|beside| beside.is_file()) else {
        return Ok(Truth::Unknown);
    };
    let bytes = read_bounded(&beside, LONGEST_TEXT).map_err(|error| error.of_file(&beside.display().to_string()))?;
    // Where it is no UTF-8, every byte is a character of its own, as readers of codes tell bytes.
    let text = String::from_utf8(bytes).unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect());
    Ok(if text.is_empty() { Truth::NoCode } else { Truth::Text(text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    fn read(folder: &tempfile::TempDir) -> Vec<(String, Truth, String)> {
        read_photos(folder.path()).unwrap().into_iter().map(|photo| (photo.name, photo.truth, photo.set)).collect()
    }

    #[test]
    fn a_table_says_what_is_on_each_photo() {
        let table = b"file,text,format,set\na/1.jpg,\"x,\"\"y\",code128,first\nb.png,,,\n";
        let folder = folder(&[("photos.csv", table), ("a/1.jpg", b""), ("b.png", b""), ("not listed.png", b"")]);
        let text = |text: &str| Truth::Text(text.to_owned());
        assert_eq!(read(&folder), [("a/1.jpg".into(), text("x,\"y"), "first".into()), ("b.png".into(), Truth::NoCode, ".".into())]);
    }

    #[test]
    fn a_table_that_names_what_is_not_there_is_refused_by_line() {
        let folder = folder(&[("photos.csv", b"file,text\nhere.png,1\ngone.png,2\n"), ("here.png", b"")]);
        let error = read_photos(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("photos.csv:3: there is no file `gone.png`"), "{error}");
    }

    #[test]
    fn without_a_table_texts_lie_beside_the_photos() {
        let folder = folder(&[
            ("ean13-1/1.png", b""),
            ("ean13-1/1.txt", "4006".as_bytes()),
            ("ean13-1/2.PNG", b""),
            ("ean13-1/metadata.csv", b""),
            ("qr/deep/3.jpg", b""),
            ("qr/deep/3.bin", &[0xff, b'a']),
            ("falsepositives-2/1.png", b""),
            ("x/no_code/1.png", b""),
        ]);
        let text = |text: &str| Truth::Text(text.to_owned());
        let expected = [
            ("ean13-1/1.png", text("4006"), "ean13-1"),
            ("ean13-1/2.PNG", Truth::Unknown, "ean13-1"),
            ("falsepositives-2/1.png", Truth::NoCode, "falsepositives-2"),
            ("qr/deep/3.jpg", text("\u{ff}a"), "qr"),
            ("x/no_code/1.png", Truth::NoCode, "x"),
        ];
        assert_eq!(read(&folder), expected.map(|(name, truth, set)| (name.to_owned(), truth, set.to_owned())));
    }

    #[test]
    fn a_folder_without_pictures_is_an_error_that_names_it() {
        let folder = folder(&[("readme.md", b"")]);
        let error = read_photos(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&folder.path().display().to_string()) && error.contains("neither photos.csv nor pictures"), "{error}");
        let error = read_photos(&folder.path().join("gone")).unwrap_err().to_string();
        assert!(error.ends_with("gone: there is no such file"), "{error}");
    }
}
