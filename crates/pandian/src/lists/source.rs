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
        let unreadable = |error: io::Error| {
            let message = match error.kind() {
                io::ErrorKind::NotFound => "there is no such file".to_owned(),
                io::ErrorKind::PermissionDenied => "this file may not be read: permission denied".to_owned(),
                _ => format!("cannot be read: {error}"),
            };
            ListError::whole(&name, message).because(error)
        };
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(ListError::whole(&name, "is a directory; a CSV or XLSX file is wanted"));
        }
        if metadata.len() > limits.bytes {
            return Err(too_large(&name, limits));
        }
        Self::read(&name, File::open(path).map_err(unreadable)?, limits)
    }

    /// Reads a stream to its end. `name` is what messages call it.
    ///
    /// # Errors
    /// As [`ListFile::open`].
    pub fn read(name: &str, stream: impl Read, limits: Limits) -> Result<Self, ListError> {
        let mut bytes = Vec::new();
        stream
            .take(limits.bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| ListError::whole(name, format!("cannot be read to its end: {error}")).because(error))?;
        if bytes.len() as u64 > limits.bytes {
            return Err(too_large(name, limits));
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

fn too_large(name: &str, limits: Limits) -> ListError {
    ListError::whole(name, format!("is larger than {} MiB, the most that is read", limits.bytes >> 20))
}
