//! The file behind a list: read once, bounded, and recognised by its content.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::decode::Text;
use super::problem::ListError;

/// Bounds on what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file, and of a workbook's parts once unpacked.
    pub bytes: u64,
    /// Length of a row in bytes, its line end and quoted line breaks included.
    pub row_bytes: usize,
    /// Number of rows, the header not counted.
    pub rows: u64,
}

impl Default for Limits {
    /// 512 MiB, 64 KiB, 10 million.
    fn default() -> Self {
        Self { bytes: 512 << 20, row_bytes: 64 << 10, rows: 10_000_000 }
    }
}

/// A list, read into memory and not yet understood.
#[derive(Debug)]
pub struct ListFile {
    pub(super) name: String,
    pub(super) content: Content,
    pub(super) limits: Limits,
    pub(super) sheet: Option<String>,
}

#[derive(Debug)]
pub(super) enum Content {
    Text(Text),
    Workbook(Vec<u8>),
}

impl ListFile {
    /// Reads a file; `-` is the standard input.
    ///
    /// # Errors
    /// A directory, a file that cannot be read or is empty or too large, one that is neither a workbook nor text in UTF-8 or GB18030.
    pub fn open(path: &Path, limits: Limits) -> Result<Self, ListError> {
        if path == Path::new("-") {
            return Self::read("standard input", io::stdin().lock(), limits);
        }
        let name = path.display().to_string();
        let bytes = read_bounded(path, limits.bytes).map_err(|error| error.of_file(&name))?;
        Self::of_bytes(&name, bytes, limits)
    }

    /// Reads a stream to its end. `name` is what messages call it.
    ///
    /// # Errors
    /// As [`ListFile::open`].
    pub fn read(name: &str, stream: impl Read, limits: Limits) -> Result<Self, ListError> {
        let bytes = read_to_bound(stream, limits.bytes).map_err(|error| error.of_file(name))?;
        Self::of_bytes(name, bytes, limits)
    }

    /// Takes what was read elsewhere. `name` is what messages call it.
    ///
    /// # Errors
    /// As [`ListFile::open`].
    pub fn of_bytes(name: &str, bytes: Vec<u8>, limits: Limits) -> Result<Self, ListError> {
        if bytes.len() as u64 > limits.bytes {
            return Err(Unreadable::TooLarge(limits.bytes >> 20).of_file(name));
        }
        let content = match Format::of(&bytes) {
            Format::Empty => return Err(ListError::whole(name, "is empty")),
            Format::Zip => Content::Workbook(bytes),
            Format::OldWorkbook => {
                return Err(ListError::whole(
                    name,
                    "is an .xls or a password-protected workbook; save it as .xlsx without a password, or as CSV UTF-8",
                ));
            }
            Format::Text => Content::Text(Text::detect(bytes).map_err(|fault| fault.of_file(name))?),
        };
        Ok(Self { name: name.to_owned(), content, limits, sheet: None })
    }

    /// Chooses a workbook's sheet by its name; otherwise it is the first. Text has no sheets.
    #[must_use]
    pub fn with_sheet(mut self, sheet: Option<String>) -> Self {
        self.sheet = sheet;
        self
    }

    /// What messages call the file.
    pub fn name(&self) -> &str {
        &self.name
    }
}

enum Format {
    Empty,
    Zip,
    OldWorkbook,
    Text,
}

impl Format {
    fn of(bytes: &[u8]) -> Self {
        match bytes {
            [] => Self::Empty,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            [0xd0, 0xcf, 0x11, 0xe0, ..] => Self::OldWorkbook,
            _ => Self::Text,
        }
    }
}

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("there is no such file")]
    Missing(#[source] io::Error),
    #[error("is a directory; a file is wanted")]
    Directory,
    #[error("is larger than {0} MiB, the most that is read")]
    TooLarge(u64),
    #[error("cannot be read: {0}")]
    Failed(#[source] io::Error),
}

impl Unreadable {
    pub(super) fn of_file(self, file: &str) -> ListError {
        let error = ListError::whole(file, self.to_string());
        match self {
            Self::Missing(source) | Self::Failed(source) => error.because(source),
            Self::Directory | Self::TooLarge(_) => error,
        }
    }
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing(error),
            io::ErrorKind::IsADirectory => Self::Directory,
            _ => Self::Failed(error),
        }
    }
}

/// Whether a path names something that [`read_bounded`] can be tried on.
pub(crate) fn check_readable(path: &Path) -> Result<(), Unreadable> {
    if std::fs::metadata(path)?.is_dir() { Err(Unreadable::Directory) } else { Ok(()) }
}

/// Reads a file of at most `most` bytes.
pub(crate) fn read_bounded(path: &Path, most: u64) -> Result<Vec<u8>, Unreadable> {
    check_readable(path)?;
    read_to_bound(File::open(path)?, most)
}

fn read_to_bound(stream: impl Read, most: u64) -> Result<Vec<u8>, Unreadable> {
    let mut bytes = Vec::new();
    stream.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(Unreadable::TooLarge(most >> 20)) } else { Ok(bytes) }
}
