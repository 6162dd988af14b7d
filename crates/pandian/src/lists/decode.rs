//! From bytes to text: which encoding a list is in.
//!
//! A BOM decides. Without one, bytes that are valid UTF-8 are UTF-8; otherwise every line must be valid GB18030 (which GBK and GB2312
//! are parts of). GB18030 takes nearly any bytes, so a file put together from both encodings would pass as GB18030 and come out
//! garbled; it is refused as soon as one of its lines can only be UTF-8.

use std::borrow::Cow;

use encoding_rs::GB18030;

use super::problem::{ListError, ListProblem};
use pandian_domain::Code;

/// The text of a list, still as bytes. In both encodings the bytes of delimiters, quotes and line ends stand only for themselves.
#[derive(Debug)]
pub(super) struct Text {
    bytes: Vec<u8>,
    start: usize,
    encoding: Encoding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Gb18030,
}

/// Something wrong at a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: u64,
    pub(super) message: String,
}

impl Fault {
    /// Adds what to do about a wrong encoding.
    fn with_advice(mut self) -> Self {
        self.message.push_str("; save it as UTF-8 (in Excel: \"CSV UTF-8\")");
        self
    }

    pub(super) fn of_file(self, file: &str) -> ListError {
        let problem = ListProblem { line: Some(self.line), code: Code::ListInvalid, message: self.message };
        ListError { file: file.to_owned(), problems: vec![problem], more: 0, source: None }
    }
}

impl Text {
    pub(super) fn detect(bytes: Vec<u8>) -> Result<Self, Fault> {
        refuse_utf16(&bytes).map_err(Fault::with_advice)?;
        let start = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let Err(error) = std::str::from_utf8(&bytes) else { return Ok(Self { bytes, start, encoding: Encoding::Utf8 }) };
        if start > 0 {
            return Err(not_utf8(&bytes, &error).with_advice());
        }
        check_gb18030(&bytes, error.valid_up_to())?;
        Ok(Self { bytes, start, encoding: Encoding::Gb18030 })
    }

    /// The bytes behind the BOM.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }
}

impl Encoding {
    /// The text of a part of a checked file.
    pub(super) fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Utf8 => String::from_utf8_lossy(bytes),
            Self::Gb18030 => GB18030.decode_without_bom_handling(bytes).0,
        }
    }
}

/// The text of a file that must be UTF-8, its BOM removed; for an error the line, and what is wrong there.
pub(crate) fn utf8(bytes: &[u8]) -> Result<String, (u64, String)> {
    refuse_utf16(bytes)
        .and_then(|()| std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, &error)))
        .map(|text| text.strip_prefix('\u{feff}').unwrap_or(text).to_owned())
        .map_err(|fault| (fault.line, format!("{}; save it as UTF-8", fault.message)))
}

fn refuse_utf16(bytes: &[u8]) -> Result<(), Fault> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Fault { line: 1, message: "the file is UTF-16 (its first bytes say so)".to_owned() });
    }
    if bytes.contains(&0) {
        let at = bytes.iter().position(|byte| *byte == 0).unwrap_or_default();
        let guess = if looks_like_utf16(bytes) { "the file looks like UTF-16" } else { "the file is not text, or damaged" };
        return Err(Fault { line: line_of(bytes, at), message: format!("a NUL byte at offset {at}: {guess}") });
    }
    Ok(())
}

fn not_utf8(bytes: &[u8], error: &std::str::Utf8Error) -> Fault {
    let at = error.valid_up_to();
    Fault { line: line_of(bytes, at), message: format!("byte 0x{:02x} at offset {at} is not UTF-8", bytes[at]) }
}

fn check_gb18030(bytes: &[u8], not_utf8_at: usize) -> Result<(), Fault> {
    let mut offset = 0;
    for (i, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let number = i as u64 + 1;
        if !line.is_ascii() {
            if can_only_be_utf8(line) {
                let other = line_of(bytes, not_utf8_at);
                let message = format!("mixed encodings: line {number} is UTF-8, line {other} is not; save the whole file as UTF-8");
                return Err(Fault { line: number.max(other), message });
            }
            if GB18030.decode_without_bom_handling_and_without_replacement(line).is_none() {
                let at = offset + std::str::from_utf8(line).map_or_else(|error| error.valid_up_to(), str::len);
                let message = format!("the line is neither UTF-8 nor GB18030 (at offset {at}); save the file as UTF-8");
                return Err(Fault { line: number, message });
            }
        }
        offset += line.len() + 1;
    }
    Ok(())
}

/// Valid UTF-8 with a character of three or more bytes, as Chinese ones are. Short GB18030 texts can be valid UTF-8 of two-byte
/// characters by accident ("位" is one), hardly ever of longer ones.
fn can_only_be_utf8(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_ok_and(|text| text.chars().any(|c| c.len_utf8() >= 3))
}

fn looks_like_utf16(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(256)];
    head.iter().filter(|byte| **byte == 0).count() * 4 >= head.len()
}

fn line_of(bytes: &[u8], at: usize) -> u64 {
    bytes[..at].iter().filter(|byte| **byte == b'\n').count() as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gb(text: &str) -> Vec<u8> {
        GB18030.encode(text).0.into_owned()
    }

    #[test]
    fn utf8_with_and_without_bom_and_gb18030_give_the_same_text() {
        for bytes in ["货位号\n1号\n".as_bytes().to_vec(), "\u{feff}货位号\n1号\n".as_bytes().to_vec(), gb("货位号\n1号\n")] {
            let text = Text::detect(bytes).unwrap();
            assert_eq!(text.encoding().decode(text.bytes()), "货位号\n1号\n");
        }
    }

    #[test]
    fn a_character_of_four_bytes_is_gb18030_too() {
        let text = Text::detect(gb("𠀀号\n")).unwrap();
        assert_eq!(text.encoding(), Encoding::Gb18030);
        assert_eq!(text.encoding().decode(text.bytes()), "𠀀号\n");
    }

    #[test]
    fn a_file_of_both_encodings_is_refused_whichever_comes_first() {
        for (first, second) in [(gb("1号\n"), "库位8\n".as_bytes().to_vec()), ("库位8\n".as_bytes().to_vec(), gb("1号\n"))] {
            let fault = Text::detect([first, second].concat()).unwrap_err();
            assert!(fault.message.contains("mixed encodings"), "{fault:?}");
            assert_eq!(fault.line, 2);
        }
    }
}
