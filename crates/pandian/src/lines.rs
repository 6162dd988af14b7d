//! Standard input line by line, each answered with a line of standard output.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use pandian_domain::Code;
use serde::Serialize;

use crate::fault::{Exit, Fault, is_broken_pipe};

/// Why a line could not be answered as asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// A stable, kebab-case name of the reason.
    pub code: &'static str,
    /// The reason for people.
    pub message: String,
}

/// What a long line is shown as.
const BEGINNING: usize = 64;

/// One line of the input, without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// All of it.
    Whole(&'a [u8]),
    /// It was longer than allowed and is passed over; how it begins.
    TooLong {
        /// The first bytes.
        beginning: &'a [u8],
        /// The most bytes allowed.
        limit: usize,
    },
}

impl<'a> Line<'a> {
    /// The line's bytes.
    ///
    /// # Errors
    /// `line-too-long`, with what can be shown of it.
    pub fn bytes(self) -> Result<&'a [u8], (&'a [u8], Refusal)> {
        match self {
            Self::Whole(bytes) => Ok(bytes),
            Self::TooLong { beginning, limit } => {
                Err((beginning, Refusal { code: "line-too-long", message: format!("the line has more than {limit} bytes") }))
            }
        }
    }
}

/// Lines of bounded length: no more of one is ever held than `limit` bytes.
struct Lines<R> {
    input: BufReader<R>,
    limit: usize,
    line: Vec<u8>,
    is_first: bool,
}

impl<R: Read> Lines<R> {
    fn new(input: R, limit: usize) -> Self {
        Self { input: BufReader::with_capacity(64 << 10, input), limit, line: Vec::new(), is_first: true }
    }

    /// Whether the next line has to be waited for.
    fn would_wait(&self) -> bool {
        self.input.buffer().is_empty()
    }

    fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        // Room for the line's end and a byte order mark.
        let most = self.limit as u64 + 5;
        if self.input.by_ref().take(most).read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        let ended = self.line.last() == Some(&b'\n');
        let mut line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        line = line.strip_suffix(b"\r").unwrap_or(line);
        if std::mem::take(&mut self.is_first) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.len() > self.limit {
            if !ended {
                self.input.skip_until(b'\n')?;
            }
            return Ok(Some(Line::TooLong { beginning: &line[..BEGINNING.min(line.len())], limit: self.limit }));
        }
        Ok(Some(Line::Whole(line)))
    }
}

/// Answers every line of standard input, however many come; `reply` writes the answer and tells whether the line was good. What is at hand is
/// answered before more is waited for, so that a program at the other end of both pipes may ask line by line.
///
/// Ends with [`Exit::Usage`] if a line was not good; the others are answered all the same.
pub fn answer(limit: usize, mut reply: impl FnMut(Line<'_>, &mut dyn Write) -> io::Result<bool>) -> Result<Exit, Fault> {
    let mut lines = Lines::new(io::stdin().lock(), limit);
    let mut out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
    let mut exit = Exit::Done;
    loop {
        let flushed = if lines.would_wait() { out.flush() } else { Ok(()) };
        let line = lines.next().map_err(|error| Fault::new(Code::UsageInvalid, format!("standard input: {error}")))?;
        let is_last = line.is_none();
        let answered = match (flushed, line) {
            (Ok(()), Some(line)) => reply(line, &mut out),
            (Ok(()), None) => out.flush().map(|()| true),
            (Err(error), _) => Err(error),
        };
        match answered {
            Ok(false) => exit = Exit::Usage,
            Ok(true) => {}
            // Nobody reads the answers any more.
            Err(error) if is_broken_pipe(&error) => return Ok(exit),
            Err(error) => return Err(error.into()),
        }
        if is_last {
            return Ok(exit);
        }
    }
}

/// The digits of hexadecimal text as people write it: either case, blanks anywhere, `0x` in front.
///
/// # Errors
/// `not-hex`, with the place of the first character that is none, in bytes from 0.
pub fn hex_digits(text: &str) -> Result<String, Refusal> {
    let blank = text.len() - text.trim_start().len();
    let start = if text[blank..].starts_with("0x") || text[blank..].starts_with("0X") { blank + 2 } else { 0 };
    let mut digits = String::with_capacity(text.len() - start);
    for (position, character) in text[start..].char_indices().filter(|(_, character)| !character.is_whitespace()) {
        if !character.is_ascii_hexdigit() {
            let message = format!("character {} is no hexadecimal digit", start + position);
            return Err(Refusal { code: "not-hex", message });
        }
        digits.push(character.to_ascii_uppercase());
    }
    Ok(digits)
}

/// The bytes that hexadecimal text stands for, written as [`hex_digits`] takes it.
///
/// # Errors
/// `not-hex`, or `half-byte` for an odd number of digits.
pub fn hex_bytes(text: &str) -> Result<Vec<u8>, Refusal> {
    let digits = hex_digits(text)?;
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Refusal { code: "half-byte", message: format!("{} hexadecimal digits are no whole bytes", digits.len()) });
    }
    let digit = |digit: u8| char::from(digit).to_digit(16).unwrap_or_default() as u8;
    Ok(pairs.iter().map(|[high, low]| digit(*high) << 4 | digit(*low)).collect())
}

/// Bytes as hexadecimal digits, in capitals.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // A string takes everything.
        let _ = write!(text, "{byte:02X}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(input: &[u8], limit: usize) -> Vec<Option<String>> {
        let mut lines = Lines::new(input, limit);
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(line.bytes().ok().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()));
        }
        all
    }

    #[test]
    fn a_line_ends_with_lf_or_crlf_or_with_the_input() {
        let line = |text: &str| Some(text.to_owned());
        assert_eq!(told(b"\xEF\xBB\xBFone\r\n\ntwo\nthree", 5), [line("one"), line(""), line("two"), line("three")]);
        assert_eq!(told(b"", 5), []);
    }

    #[test]
    fn what_is_too_long_is_passed_over_and_the_next_line_is_whole() {
        let line = |text: &str| Some(text.to_owned());
        for end in ["\n", "\r\n"] {
            let text = ["12345", "123456", "1234567", "123456789", "12"].join(end);
            assert_eq!(told(text.as_bytes(), 5), [line("12345"), None, None, None, line("12")]);
        }
        assert_eq!(told(b"1234567", 5), [None]);
    }

    #[test]
    fn hex_is_taken_as_people_write_it() {
        assert_eq!(hex_digits(" 0x3074 257b\tF7").unwrap(), "3074257BF7");
        assert_eq!(hex_digits("").unwrap(), "");
        assert_eq!(hex_digits("0x30 7g").unwrap_err().message, "character 6 is no hexadecimal digit");
        assert_eq!(hex_digits("30é").unwrap_err().code, "not-hex");
    }

    #[test]
    fn hex_is_bytes_and_bytes_are_hex() {
        assert_eq!(hex_bytes("0x30 7f fA").unwrap(), [0x30, 0x7F, 0xFA]);
        assert_eq!(hex(&[0x30, 0x7F, 0xFA]), "307FFA");
        assert_eq!(hex_bytes("307").unwrap_err().code, "half-byte");
    }
}
