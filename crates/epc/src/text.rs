//! Short text without allocation, and which characters an EPC may hold.

use std::fmt;

use crate::digits;

/// The most characters a [`Text`] holds: those of the part number of an ADI.
pub(crate) const CAPACITY: usize = 32;

/// Up to 32 ASCII characters, kept inline: an alphanumeric serial number, extension or reference, not escaped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text {
    // Zeros behind the end, so that the derived comparisons are those of the text.
    bytes: [u8; CAPACITY],
    len: u8,
}

impl Text {
    pub(crate) const EMPTY: Self = Self { bytes: [0; CAPACITY], len: 0 };

    /// Takes `source` if it is short enough.
    pub(crate) fn new(source: &[u8]) -> Option<Self> {
        let mut text = Self::EMPTY;
        text.bytes.get_mut(..source.len())?.copy_from_slice(source);
        text.len = source.len() as u8;
        Some(text)
    }

    /// `number` in decimal digits, without leading zeros.
    pub(crate) fn decimal(number: u64) -> Self {
        Self::padded(number, digits::count(number))
    }

    /// `number` in `width` (at most 32) decimal digits, with leading zeros.
    pub(crate) fn padded(number: u64, width: usize) -> Self {
        let mut text = Self::EMPTY;
        text.push_padded(u128::from(number), width);
        text
    }

    /// Appends a character; without effect where there is no more room.
    pub(crate) fn push(&mut self, character: u8) {
        if let Some(slot) = self.bytes.get_mut(usize::from(self.len)) {
            *slot = character;
            self.len += 1;
        }
    }

    /// Appends `number` in `width` decimal digits, with leading zeros; without effect where there is no room.
    pub(crate) fn push_padded(&mut self, number: u128, width: usize) {
        let start = usize::from(self.len);
        if let Some(slots) = self.bytes.get_mut(start..start + width) {
            write_digits(slots, number);
            self.len += width as u8;
        }
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// How many characters there are.
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Whether there are no characters.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Writes the last digits of `number` into all of `slots`.
fn write_digits(slots: &mut [u8], number: u128) {
    // Division of 128 bits is slow, and nearly every number is shorter.
    let (mut low, mut high) = (number as u64, number >> 64);
    if high > 0 {
        high = number / 10_u128.pow(19);
        low = (number % 10_u128.pow(19)) as u64;
    }
    for (place, slot) in slots.iter_mut().rev().enumerate() {
        if place == 19 && high > 0 {
            low = high as u64;
        }
        *slot = b'0' + (low % 10) as u8;
        low /= 10;
    }
}

/// Which characters a text may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alphabet {
    /// The 82 characters of GS1 element strings (TDS table A-1).
    Gs1,
    /// The 39 characters of component and part identifiers: digits, capitals, `#`, `-`, `/` (TDS table G-1).
    Part,
    /// Those without `#`: part and serial numbers of ADI.
    Aerospace,
    /// Digits and capitals without I and O: CAGE codes and DoDAACs.
    Cage,
    /// Digits.
    Digits,
}

impl Alphabet {
    /// Whether `character` is one of them.
    pub(crate) fn allows(self, character: u8) -> bool {
        match self {
            Self::Gs1 => {
                matches!(character, b'!' | b'"' | b'%'..=b'?' | b'A'..=b'Z' | b'_' | b'a'..=b'z')
            }
            Self::Part => matches!(character, b'0'..=b'9' | b'A'..=b'Z' | b'#' | b'-' | b'/'),
            Self::Aerospace => matches!(character, b'0'..=b'9' | b'A'..=b'Z' | b'-' | b'/'),
            Self::Cage => matches!(character, b'0'..=b'9' | b'A'..=b'H' | b'J'..=b'N' | b'P'..=b'Z'),
            Self::Digits => character.is_ascii_digit(),
        }
    }
}

/// Whether a URI writes `character` as an escape: `" % & / < > ?` of table A-1, and `#` of table G-1.
pub(crate) fn is_escaped(character: u8) -> bool {
    matches!(character, b'"' | b'#' | b'%' | b'&' | b'/' | b'<' | b'>' | b'?')
}

/// The character of a 6-bit code of table G-1; `None` for 0, the terminator, and for unassigned codes.
pub(crate) fn from_six_bits(code: u8) -> Option<u8> {
    match code {
        1..=26 => Some(code + 0x40),
        0x23 | 0x2D | 0x2F | 0x30..=0x39 => Some(code),
        _ => None,
    }
}

/// The 6-bit code of a character of table G-1: its low six bits.
pub(crate) fn to_six_bits(character: u8) -> u64 {
    u64::from(character & 0x3F)
}

/// Builds a line of text on the stack, to hand it to a writer in one piece.
pub(crate) struct Line {
    bytes: [u8; Self::CAPACITY],
    len: usize,
}

impl Line {
    // The longest is the tag URI of an ADI whose every character is escaped: 217.
    const CAPACITY: usize = 256;

    pub(crate) fn new() -> Self {
        Self { bytes: [0; Self::CAPACITY], len: 0 }
    }

    pub(crate) fn push(&mut self, character: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = character;
            self.len += 1;
        }
    }

    pub(crate) fn push_str(&mut self, text: &str) {
        if let Some(slots) = self.bytes.get_mut(self.len..self.len + text.len()) {
            slots.copy_from_slice(text.as_bytes());
            self.len += text.len();
        }
    }

    /// `number` in `width` digits, with leading zeros.
    pub(crate) fn push_padded(&mut self, number: u64, width: usize) {
        if let Some(slots) = self.bytes.get_mut(self.len..self.len + width) {
            write_digits(slots, u128::from(number));
            self.len += width;
        }
    }

    pub(crate) fn push_decimal(&mut self, number: u64) {
        self.push_padded(number, digits::count(number));
    }

    /// `text` with the escapes of a URI (TDS 5).
    pub(crate) fn push_escaped(&mut self, text: &[u8]) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        for &character in text {
            if is_escaped(character) {
                self.push(b'%');
                self.push(DIGITS[usize::from(character >> 4)]);
                self.push(DIGITS[usize::from(character & 15)]);
            } else {
                self.push(character);
            }
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.bytes.get(..self.len).unwrap_or_default()).unwrap_or_default()
    }
}
