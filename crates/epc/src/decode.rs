//! From the bits of a tag to an EPC (TDS 14.4, 14.5 and the coding tables of 14.6).

use crate::bits::{Memory, Reader};
use crate::date::Date;
use crate::digits::{check_digit, count, pow10};
use crate::epc::{Body, Cage, Epc, Value};
use crate::error::{EpcError, Field};
use crate::scheme::{ASSET_96_SPAN, ASSET_202_SPAN, Family, PART_96_SPAN, PREFIX_BITS, REFERENCE_CHARACTERS, Scheme, SerialCode, Shape};
use crate::text::{Alphabet, Text, from_six_bits};
use crate::variable;

/// The EPC at the start of `memory`.
pub(crate) fn decode(memory: &Memory) -> Result<Epc, EpcError> {
    let header = memory.get(0, 8) as u8;
    let Some(scheme) = Scheme::from_header(header) else {
        return Err(match header {
            0x00 => EpcError::Unprogrammed,
            0xE2 => EpcError::TagIdentification,
            0xE6..=0xEF | 0xFC | 0xFD => EpcError::Unsupported { header },
            _ => EpcError::UnknownHeader { header },
        });
    };
    if let Some(needed) = scheme.fixed_bits()
        && needed > memory.len()
    {
        return Err(EpcError::TooShort { scheme, needed, bits: memory.len() });
    }
    let mut epc = Epc { scheme, filter: 0, aidc: false, indicator: 0, date: None, body: Body::EMPTY };
    let mut fields = Fields { scheme, reader: Reader::new(memory, scheme, 8) };
    if scheme.is_plus() {
        epc.aidc = fields.reader.take(1)? == 1;
    }
    epc.filter = fields.reader.take(scheme.filter_bits())? as u8;
    match scheme.shape() {
        Shape::Keyed { span, digits, serial } => fields.keyed(&mut epc.body, span, digits, serial)?,
        Shape::Asset { text } => fields.asset(&mut epc.body, text)?,
        Shape::Part { text } => fields.part(&mut epc.body, text)?,
        Shape::Gid => {
            epc.body.prefix = fields.reader.take(28)?;
            epc.body.reference = Value::Number(fields.reader.take(24)?);
            epc.body.serial = Value::Number(fields.reader.take(36)?);
        }
        Shape::Usdod => fields.usdod(&mut epc.body)?,
        Shape::Adi => fields.adi(&mut epc.body)?,
        Shape::Plus { digits, serial } => fields.plus(&mut epc, digits, serial)?,
        Shape::Delimited => fields.delimited(&mut epc)?,
    }
    // Word-wise reading leaves zeros behind the EPC (TDS 14.4 step 3); behind a `+` scheme with its toggle bit set come data.
    if !epc.aidc
        && let Some(position) = memory.first_set(fields.reader.position())
    {
        return Err(EpcError::TrailingBits { scheme, position });
    }
    Ok(epc)
}

/// Reads the fields of one scheme, one behind the other.
struct Fields<'a> {
    scheme: Scheme,
    reader: Reader<'a>,
}

impl Fields<'_> {
    fn out_of_range(&self, field: Field) -> EpcError {
        EpcError::OutOfRange { scheme: self.scheme, field }
    }

    /// Partition and company prefix (TDS 14.4.3); yields the bits of the prefix.
    fn company_prefix(&mut self, body: &mut Body) -> Result<u32, EpcError> {
        let partition = self.reader.take(3)? as u8;
        let Some(&bits) = PREFIX_BITS.get(usize::from(partition)) else {
            return Err(EpcError::Partition { scheme: self.scheme, partition });
        };
        body.prefix_digits = 12 - partition;
        body.prefix = self.reader.take(bits)?;
        if body.prefix >= pow10(u32::from(body.prefix_digits)) {
            return Err(self.out_of_range(Field::CompanyPrefix));
        }
        Ok(bits)
    }

    fn keyed(&mut self, body: &mut Body, span: u32, digits: u32, serial: SerialCode) -> Result<(), EpcError> {
        let prefix_bits = self.company_prefix(body)?;
        let reference = self.reader.take(span - prefix_bits)?;
        // Without digits (company prefix of 12) the reference is empty, its bits must be zero.
        if reference >= pow10(digits + body.partition()) {
            return Err(self.out_of_range(Field::Reference));
        }
        body.reference = Value::Number(reference);
        if self.scheme.family() == Family::Itip {
            for (slot, field) in body.pieces.iter_mut().zip([Field::Piece, Field::Total]) {
                let number = self.reader.take(7)? as u8;
                if number > 99 {
                    return Err(EpcError::OutOfRange { scheme: self.scheme, field });
                }
                *slot = number;
            }
        }
        body.serial = match serial {
            SerialCode::Reserved(bits) => {
                self.reader.zeros(bits)?;
                Value::None
            }
            SerialCode::Integer(bits) => Value::Number(self.reader.take(bits)?),
            SerialCode::Text(characters) => Value::Text(self.text(characters, Field::Serial)?),
            SerialCode::NumericString(bits) => Value::Text(self.numeric_string(bits)?),
            SerialCode::Alphanumeric(_) | SerialCode::Numeric(_) => Value::None,
        };
        Ok(())
    }

    fn asset(&mut self, body: &mut Body, text: bool) -> Result<(), EpcError> {
        let prefix_bits = self.company_prefix(body)?;
        body.serial = if text {
            let characters = REFERENCE_CHARACTERS + body.partition();
            let reference = self.text(characters, Field::Serial)?;
            self.reader.zeros(ASSET_202_SPAN - prefix_bits - 7 * characters)?;
            Value::Text(reference)
        } else {
            Value::Number(self.reader.take(ASSET_96_SPAN - prefix_bits)?)
        };
        Ok(())
    }

    fn part(&mut self, body: &mut Body, text: bool) -> Result<(), EpcError> {
        let prefix_bits = self.company_prefix(body)?;
        if !text {
            body.reference = Value::Number(self.reader.take(PART_96_SPAN - prefix_bits)?);
            body.serial = Value::Number(self.reader.take(31)?);
            return Ok(());
        }
        let most = (REFERENCE_CHARACTERS + body.partition()) as usize;
        body.reference = Value::Text(self.six_bit_text(1, most, Alphabet::Part, Field::Reference)?);
        let serial = self.reader.take(40)?;
        if serial >= pow10(12) {
            return Err(self.out_of_range(Field::Serial));
        }
        body.serial = Value::Number(serial);
        Ok(())
    }

    fn usdod(&mut self, body: &mut Body) -> Result<(), EpcError> {
        let cage = self.reader.take(48)?.to_be_bytes();
        let cage = cage.get(2..).unwrap_or_default();
        let (start, cage) = cage.strip_prefix(b" ").map_or((0, cage), |rest| (1, rest));
        body.cage = self.cage(cage, start)?;
        body.serial = Value::Number(self.reader.take(36)?);
        Ok(())
    }

    fn adi(&mut self, body: &mut Body) -> Result<(), EpcError> {
        let mut cage = Text::EMPTY;
        for position in 0..6 {
            let code = self.reader.take(6)? as u8;
            match from_six_bits(code) {
                Some(character) => cage.push(character),
                // 100000 stands for a space: a CAGE code has five characters.
                None if position == 0 && code == 0x20 => {}
                None => return Err(EpcError::Character { scheme: self.scheme, field: Field::Cage, position }),
            }
        }
        body.cage = self.cage(cage.as_bytes(), 6 - cage.len())?;
        body.reference = Value::Text(self.six_bit_text(0, 32, Alphabet::Aerospace, Field::Reference)?);
        body.serial = Value::Text(self.six_bit_text(1, 30, Alphabet::Part, Field::Serial)?);
        check_aerospace_serial(self.scheme, body.serial.to_text().as_bytes())
    }

    /// A CAGE code or DoDAAC, whose first character is at `start` of the field.
    fn cage(&self, characters: &[u8], start: usize) -> Result<Cage, EpcError> {
        let (scheme, field) = (self.scheme, Field::Cage);
        if let Some(wrong) = characters.iter().position(|c| !Alphabet::Cage.allows(*c)) {
            return Err(EpcError::Character { scheme, field, position: start + wrong });
        }
        Cage::new(characters).ok_or(EpcError::Length { scheme, field, length: characters.len(), expected: 6 })
    }

    /// 7-bit characters, at least one, then zeros (TDS 14.4.2).
    fn text(&mut self, characters: u32, field: Field) -> Result<Text, EpcError> {
        let (scheme, mut text) = (self.scheme, Text::EMPTY);
        for index in 0..characters {
            let character = self.reader.take(7)? as u8;
            if character == 0 {
                self.reader.zeros(7 * (characters - index - 1))?;
                break;
            }
            if !Alphabet::Gs1.allows(character) {
                return Err(EpcError::Character { scheme, field, position: text.len() });
            }
            text.push(character);
        }
        if text.is_empty() { Err(EpcError::Missing { scheme, field }) } else { Ok(text) }
    }

    /// Digits behind a leading 1 (TDS 14.4.6).
    fn numeric_string(&mut self, bits: u32) -> Result<Text, EpcError> {
        let (scheme, field) = (self.scheme, Field::Serial);
        let number = self.reader.take(bits)?;
        let digits = count(number) - 1;
        let one = pow10(digits as u32);
        match number / one {
            1 if digits > 0 => Ok(Text::padded(number - one, digits)),
            0 | 1 => Err(EpcError::Missing { scheme, field }),
            _ => Err(EpcError::OutOfRange { scheme, field }),
        }
    }

    /// 6-bit characters and a terminator of six zeros (TDS 14.4.8).
    fn six_bit_text(&mut self, least: usize, most: usize, alphabet: Alphabet, field: Field) -> Result<Text, EpcError> {
        let (scheme, mut text) = (self.scheme, Text::EMPTY);
        loop {
            let code = self.reader.take(6)? as u8;
            if code == 0 {
                break;
            }
            if text.len() == most {
                return Err(EpcError::Length { scheme, field, length: most + 1, expected: most });
            }
            match from_six_bits(code) {
                Some(character) if alphabet.allows(character) => text.push(character),
                _ => return Err(EpcError::Character { scheme, field, position: text.len() }),
            }
        }
        if text.len() < least { Err(EpcError::Missing { scheme, field }) } else { Ok(text) }
    }

    fn plus(&mut self, epc: &mut Epc, digits: u32, serial: SerialCode) -> Result<(), EpcError> {
        let scheme = self.scheme;
        if scheme == Scheme::DsgtinPlus {
            epc.date = Some(Date::from_bits(scheme, self.reader.take(20)?)?);
        }
        let mut number = 0;
        for position in 0..digits as usize {
            let digit = self.reader.take(4)?;
            if digit > 9 {
                return Err(EpcError::Character { scheme, field: Field::Key, position });
            }
            number = number * 10 + digit;
        }
        epc.body.reference = Value::Number(split_pieces(scheme, number, &mut epc.body)?);
        epc.body.serial = match serial {
            SerialCode::Alphanumeric(most) => {
                let (indicator, text) = variable::read(&mut self.reader, scheme, Field::Serial, most as usize, Alphabet::Gs1)?;
                epc.indicator = indicator;
                Value::Text(text)
            }
            SerialCode::Numeric(most) => Value::Text(variable::read_numeric(&mut self.reader, scheme, most as usize)?),
            _ => Value::None,
        };
        Ok(())
    }

    /// Digits up to a terminator, or up to a delimiter and then other characters (TDS 14.5.5).
    fn delimited(&mut self, epc: &mut Epc) -> Result<(), EpcError> {
        let (scheme, field, mut text) = (self.scheme, Field::Key, Text::EMPTY);
        let alphabet = if scheme == Scheme::CpiPlus { Alphabet::Part } else { Alphabet::Gs1 };
        let delimited = loop {
            match self.reader.take(4)? as u8 {
                0xF => break false,
                0xE => break true,
                digit @ 0..=9 if text.len() < variable::MOST_DELIMITED => text.push(b'0' + digit),
                0..=9 => return Err(too_long(scheme, text.len() + 1)),
                _ => return Err(EpcError::Character { scheme, field, position: text.len() }),
            }
        };
        if delimited {
            let most = variable::MOST_DELIMITED - text.len();
            let read = variable::read(&mut self.reader, scheme, field, most, alphabet);
            let (indicator, rest) = read.map_err(|error| behind(text.len(), error))?;
            // The digits go on until the first character that is none.
            if rest.as_bytes().first().is_some_and(u8::is_ascii_digit) {
                return Err(EpcError::Character { scheme, field, position: text.len() });
            }
            epc.indicator = indicator;
            rest.as_bytes().iter().for_each(|character| text.push(*character));
        }
        variable::check_delimited(scheme, text.as_bytes())?;
        epc.body.reference = Value::Text(text);
        if scheme == Scheme::CpiPlus {
            epc.body.serial = Value::Text(variable::read_numeric(&mut self.reader, scheme, 12)?);
        }
        Ok(())
    }
}

/// `error` about the part of the key behind `digits` digits, as one about the whole key.
fn behind(digits: usize, error: EpcError) -> EpcError {
    match error {
        EpcError::Character { scheme, field, position } => EpcError::Character { scheme, field, position: digits + position },
        EpcError::Length { scheme, field, length, expected } => {
            EpcError::Length { scheme, field, length: digits + length, expected: digits + expected }
        }
        _ => error,
    }
}

fn too_long(scheme: Scheme, length: usize) -> EpcError {
    EpcError::Length { scheme, field: Field::Key, length, expected: variable::MOST_DELIMITED }
}

/// Checks the number of a `+` scheme, as all its digits say it, and yields the key in it: an ITIP ends in piece and total, a
/// GRAI begins with a zero that is none of its digits.
pub(crate) fn split_pieces(scheme: Scheme, number: u64, body: &mut Body) -> Result<u64, EpcError> {
    let key = if scheme.family() == Family::Itip {
        body.pieces = [(number / 100 % 100) as u8, (number % 100) as u8];
        number / 10_000
    } else {
        number
    };
    if scheme.family() == Family::Grai && key >= pow10(13) {
        return Err(EpcError::Character { scheme, field: Field::Key, position: 0 });
    }
    let (found, expected) = ((key % 10) as u8, check_digit(key / 10));
    if found == expected { Ok(key) } else { Err(EpcError::CheckDigit { scheme, found, expected }) }
}

/// `#` may only be the first character of an ADI's serial number, and not the only one.
pub(crate) fn check_aerospace_serial(scheme: Scheme, serial: &[u8]) -> Result<(), EpcError> {
    let (start, rest) = serial.strip_prefix(b"#").map_or((0, serial), |rest| (1, rest));
    if rest.is_empty() {
        return Err(EpcError::Missing { scheme, field: Field::Serial });
    }
    match rest.iter().position(|character| !Alphabet::Aerospace.allows(*character)) {
        Some(position) => Err(EpcError::Character { scheme, field: Field::Serial, position: start + position }),
        None => Ok(()),
    }
}
