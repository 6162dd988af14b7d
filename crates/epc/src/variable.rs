//! Text of variable length in the `+` schemes (TDS 14.5.5, 14.5.6, 14.5.13).

use crate::Binary;
use crate::bits::Reader;
use crate::digits::bits_for;
use crate::error::{EpcError, Field};
use crate::scheme::Scheme;
use crate::text::{Alphabet, Text};

/// The most characters of the GIAI and the CPI.
pub(crate) const MOST_DELIMITED: usize = 30;
/// A GS1 company prefix has at least four digits, so do GIAI and CPI at their start.
const LEAST_PREFIX: usize = 4;
/// Bits of the length indicator of every alphanumeric field of an EPC (TDS table F, column g).
const LENGTH_BITS: u32 = 5;

/// How the characters are written: the encoding indicators of table E.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// Digits as one integer (14.5.6.1).
    Numeric = 0,
    /// Hexadecimal digits in capitals, 4 bits each (14.5.6.2).
    UpperHex = 1,
    /// Hexadecimal digits in small letters, 4 bits each (14.5.6.3).
    LowerHex = 2,
    /// The alphabet of RFC 4648 section 5, 6 bits each (14.5.6.4).
    Base64 = 3,
    /// 7 bits each (14.5.6.6).
    Ascii = 4,
    /// Three characters in 16 bits (14.5.6.5).
    UrnCode40 = 5,
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Table 14-8 from index 1 on; index 0 fills the last group up.
const URN_CODE_40: &[u8; 39] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789";
const UPPER_HEX: &[u8; 16] = b"0123456789ABCDEF";
const LOWER_HEX: &[u8; 16] = b"0123456789abcdef";

impl Encoding {
    const ALL: [Self; 6] = [Self::Numeric, Self::UpperHex, Self::LowerHex, Self::Base64, Self::Ascii, Self::UrnCode40];

    fn from_indicator(indicator: u8) -> Option<Self> {
        Self::ALL.get(usize::from(indicator)).copied()
    }

    /// Bits for `length` characters (table B).
    fn bits(self, length: u32) -> u32 {
        match self {
            Self::Numeric => bits_for(length),
            Self::UpperHex | Self::LowerHex => 4 * length,
            Self::Base64 => 6 * length,
            Self::Ascii => 7 * length,
            Self::UrnCode40 => 16 * length.div_ceil(3),
        }
    }

    fn holds(self, text: &[u8]) -> bool {
        text.iter().all(|character| match self {
            Self::Numeric => character.is_ascii_digit(),
            Self::UpperHex => UPPER_HEX.contains(character),
            Self::LowerHex => LOWER_HEX.contains(character),
            Self::Base64 => BASE64.contains(character),
            Self::Ascii => true,
            Self::UrnCode40 => URN_CODE_40.contains(character),
        })
    }
}

/// The encoding indicator that takes the fewest bits for `text`.
pub(crate) fn shortest(text: &[u8]) -> u8 {
    let fitting = Encoding::ALL.into_iter().filter(|encoding| encoding.holds(text));
    fitting.min_by_key(|encoding| encoding.bits(text.len() as u32)).unwrap_or(Encoding::Ascii) as u8
}

/// Reads encoding indicator, length indicator and characters; yields the indicator too.
pub(crate) fn read(reader: &mut Reader<'_>, scheme: Scheme, field: Field, most: usize, alphabet: Alphabet) -> Result<(u8, Text), EpcError> {
    let indicator = reader.take(3)? as u8;
    let encoding = Encoding::from_indicator(indicator).ok_or(EpcError::Indicator { scheme, indicator })?;
    let length = read_length(reader, scheme, field, LENGTH_BITS, most)?;
    let mut text = Text::EMPTY;
    match encoding {
        Encoding::Numeric => push_number(reader, scheme, field, length, &mut text)?,
        Encoding::UpperHex => push_coded(reader, UPPER_HEX, 4, length, &mut text)?,
        Encoding::LowerHex => push_coded(reader, LOWER_HEX, 4, length, &mut text)?,
        Encoding::Base64 => push_coded(reader, BASE64, 6, length, &mut text)?,
        Encoding::Ascii => {
            for _ in 0..length {
                text.push(reader.take(7)? as u8);
            }
        }
        Encoding::UrnCode40 => push_urn_code_40(reader, scheme, field, length, &mut text)?,
    }
    match text.as_bytes().iter().position(|character| !alphabet.allows(*character)) {
        Some(position) => Err(EpcError::Character { scheme, field, position }),
        None => Ok((indicator, text)),
    }
}

/// Reads a length indicator of four bits and that many digits (TDS 14.5.13).
pub(crate) fn read_numeric(reader: &mut Reader<'_>, scheme: Scheme, most: usize) -> Result<Text, EpcError> {
    let length = read_length(reader, scheme, Field::Serial, 4, most)?;
    let mut text = Text::EMPTY;
    push_number(reader, scheme, Field::Serial, length, &mut text)?;
    Ok(text)
}

fn read_length(reader: &mut Reader<'_>, scheme: Scheme, field: Field, bits: u32, most: usize) -> Result<usize, EpcError> {
    match reader.take(bits)? as usize {
        0 => Err(EpcError::Missing { scheme, field }),
        length if length > most => Err(EpcError::Length { scheme, field, length, expected: most }),
        length => Ok(length),
    }
}

fn push_number(reader: &mut Reader<'_>, scheme: Scheme, field: Field, length: usize, text: &mut Text) -> Result<(), EpcError> {
    let number = reader.take_wide(bits_for(length as u32))?;
    if number >= 10_u128.saturating_pow(length as u32) {
        return Err(EpcError::OutOfRange { scheme, field });
    }
    text.push_padded(number, length);
    Ok(())
}

fn push_coded(reader: &mut Reader<'_>, table: &[u8], bits: u32, length: usize, text: &mut Text) -> Result<(), EpcError> {
    for _ in 0..length {
        let code = reader.take(bits)? as usize;
        // Tables of 16 and 64 characters: no code is out of reach.
        text.push(table.get(code).copied().unwrap_or_default());
    }
    Ok(())
}

fn push_urn_code_40(reader: &mut Reader<'_>, scheme: Scheme, field: Field, length: usize, text: &mut Text) -> Result<(), EpcError> {
    let wrong = |position| EpcError::Character { scheme, field, position };
    for start in (0..length).step_by(3) {
        let group = reader.take(16)? as usize;
        let value = group.checked_sub(1).filter(|value| *value < 64_000).ok_or(wrong(start))?;
        for (place, index) in [value / 1600, value / 40 % 40, value % 40].into_iter().enumerate() {
            let position = start + place;
            // Filling is there exactly behind the last character.
            match index.checked_sub(1).and_then(|index| URN_CODE_40.get(index)) {
                Some(character) if position < length => text.push(*character),
                None if position >= length => {}
                _ => return Err(wrong(position)),
            }
        }
    }
    Ok(())
}

/// Writes `text` with the encoding of `indicator`, which must be one that holds it.
pub(crate) fn write(binary: &mut Binary, indicator: u8, text: &[u8]) {
    let encoding = Encoding::from_indicator(indicator).unwrap_or(Encoding::Ascii);
    binary.push(u64::from(indicator), 3);
    binary.push(text.len() as u64, LENGTH_BITS);
    let index = |table: &[u8], character: &u8| table.iter().position(|c| c == character).unwrap_or_default() as u64;
    match encoding {
        Encoding::Numeric => push_digits(binary, text),
        Encoding::UpperHex => text.iter().for_each(|c| binary.push(index(UPPER_HEX, c), 4)),
        Encoding::LowerHex => text.iter().for_each(|c| binary.push(index(LOWER_HEX, c), 4)),
        Encoding::Base64 => text.iter().for_each(|c| binary.push(index(BASE64, c), 6)),
        Encoding::Ascii => text.iter().for_each(|c| binary.push(u64::from(*c), 7)),
        Encoding::UrnCode40 => {
            for group in text.chunks(3) {
                let of = |place: usize| group.get(place).map_or(0, |c| index(URN_CODE_40, c) + 1);
                binary.push(1600 * of(0) + 40 * of(1) + of(2) + 1, 16);
            }
        }
    }
}

/// Writes a length indicator of four bits and the digits of `text`.
pub(crate) fn write_numeric(binary: &mut Binary, text: &[u8]) {
    binary.push(text.len() as u64, 4);
    push_digits(binary, text);
}

fn push_digits(binary: &mut Binary, text: &[u8]) {
    let number = text.iter().fold(0_u128, |number, digit| number.saturating_mul(10).saturating_add(u128::from(digit & 0xF)));
    binary.push_wide(number, bits_for(text.len() as u32));
}

/// Writes digits and terminator, or digits, delimiter and the characters behind.
pub(crate) fn write_delimited(binary: &mut Binary, indicator: u8, text: &[u8]) {
    let digits = leading_digits(text);
    let (number, rest) = text.split_at_checked(digits).unwrap_or((text, &[]));
    number.iter().for_each(|digit| binary.push(u64::from(digit & 0xF), 4));
    if rest.is_empty() {
        binary.push(0xF, 4);
    } else {
        binary.push(0xE, 4);
        write(binary, indicator, rest);
    }
}

/// How many digits are at the start.
pub(crate) fn leading_digits(text: &[u8]) -> usize {
    text.iter().take_while(|character| character.is_ascii_digit()).count()
}

/// Checks what GIAI and CPI have in common: at least four digits in front, something behind, at most thirty characters.
pub(crate) fn check_delimited(scheme: Scheme, text: &[u8]) -> Result<(), EpcError> {
    let field = Field::Key;
    if text.len() <= LEAST_PREFIX {
        return Err(EpcError::Length { scheme, field, length: text.len(), expected: LEAST_PREFIX + 1 });
    }
    if text.len() > MOST_DELIMITED {
        return Err(EpcError::Length { scheme, field, length: text.len(), expected: MOST_DELIMITED });
    }
    match leading_digits(text) {
        digits if digits < LEAST_PREFIX => Err(EpcError::Character { scheme, field, position: digits }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::Memory;

    fn read_back(indicator: u8, text: &str) -> Result<(u8, Text), EpcError> {
        let mut binary = Binary::new();
        write(&mut binary, indicator, text.as_bytes());
        let memory = Memory::new(binary.as_bytes(), binary.bit_len()).unwrap();
        let mut reader = Reader::new(&memory, Scheme::SgtinPlus, 0);
        let result = read(&mut reader, Scheme::SgtinPlus, Field::Serial, 20, Alphabet::Gs1);
        assert!(result.is_err() || reader.position() == binary.bit_len());
        result
    }

    #[test]
    fn every_encoding_keeps_the_texts_it_holds() {
        for text in ["0", "007", "99999999999999999999", "ABCDEF0123", "abcdef0123", "Ab-_9", "A.B:C-19", "32a/b", "PQ7", "AB", "A"] {
            for encoding in Encoding::ALL.into_iter().filter(|encoding| encoding.holds(text.as_bytes())) {
                let (indicator, read) = read_back(encoding as u8, text).unwrap();
                assert_eq!((indicator, read.as_str()), (encoding as u8, text));
            }
        }
    }

    #[test]
    fn the_shortest_encoding_is_taken() {
        for (text, encoding) in [
            ("0123456789", Encoding::Numeric),
            ("12AB", Encoding::UpperHex),
            ("12ab", Encoding::LowerHex),
            ("XYZ", Encoding::UrnCode40),
            ("WXYZ", Encoding::Base64),
            ("A.B", Encoding::UrnCode40),
            ("A.", Encoding::Ascii),
            ("a_-Z", Encoding::Base64),
            ("32a/b", Encoding::Ascii),
        ] {
            assert_eq!(shortest(text.as_bytes()), encoding as u8, "{text}");
        }
    }

    #[test]
    fn characters_outside_the_82_of_gs1_are_refused_after_decoding() {
        assert_eq!(read_back(4, "ab#").unwrap_err().code(), "character");
        assert_eq!(read_back(4, "ab c").unwrap_err().code(), "character");
    }
}
