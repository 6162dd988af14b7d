//! Puts an EPC together from text, and sees that every part fits into its scheme.

use crate::date::Date;
use crate::decode::{check_aerospace_serial, split_pieces};
use crate::digits::{self, pow10};
use crate::epc::{Body, Epc, Value};
use crate::error::{EpcError, Field};
use crate::key::Key;
use crate::scheme::{ASSET_96_SPAN, Family, PART_96_SPAN, PREFIX_BITS, REFERENCE_CHARACTERS, Scheme, SerialCode, Shape};
use crate::text::{Alphabet, Text};
use crate::variable;

/// An integer without leading zeros and below `limit`.
pub(crate) fn integer(scheme: Scheme, field: Field, text: &[u8], limit: u64) -> Result<u64, EpcError> {
    if text.is_empty() {
        return Err(EpcError::Missing { scheme, field });
    }
    if let Some(position) = text.iter().position(|character| !character.is_ascii_digit()) {
        return Err(EpcError::Character { scheme, field, position });
    }
    if text.len() > 1 && text.starts_with(b"0") {
        return Err(EpcError::LeadingZero { scheme, field });
    }
    digits::parse(text).filter(|number| *number < limit).ok_or(EpcError::OutOfRange { scheme, field })
}

/// `read` with the shortest scheme of the family that succeeds; otherwise the reason of the last.
pub(crate) fn first_fitting(family: Family, read: impl Fn(Scheme) -> Result<Epc, EpcError>) -> Result<Epc, EpcError> {
    let mut result = Err(EpcError::UnknownScheme);
    for scheme in family.uri_schemes() {
        result = read(*scheme);
        if result.is_ok() {
            break;
        }
    }
    result
}

/// An EPC of a scheme with company prefix from a body whose serial number is still text (and the reference of a CPI or GID).
pub(crate) fn fit(scheme: Scheme, filter: u8, mut body: Body) -> Result<Epc, EpcError> {
    check_filter(scheme, filter)?;
    let (reference, serial) = (body.reference.to_text(), body.serial.to_text());
    let prefix_bits = PREFIX_BITS.get(body.partition() as usize).copied().unwrap_or_default();
    let characters = (REFERENCE_CHARACTERS + body.partition()) as usize;
    let number = |field, text: &Text, limit| integer(scheme, field, text.as_bytes(), limit).map(Value::Number);
    match scheme.shape() {
        Shape::Keyed { serial: code, .. } => {
            body.serial = match code {
                SerialCode::Reserved(_) => Value::None,
                SerialCode::Integer(bits) => number(Field::Serial, &serial, 1 << bits)?,
                SerialCode::Text(most) => limited(scheme, Field::Serial, serial, most as usize, Alphabet::Gs1)?,
                // As many digits as leave the leading 1 room: 2 · 10^digits < 2^bits (TDS 14.3.6).
                SerialCode::NumericString(bits) => {
                    limited(scheme, Field::Serial, serial, digits::count((1 << (bits - 1)) - 1) - 1, Alphabet::Digits)?
                }
                SerialCode::Alphanumeric(_) | SerialCode::Numeric(_) => return Err(EpcError::WrongScheme { scheme }),
            };
        }
        Shape::Asset { text: false } => body.serial = number(Field::Serial, &serial, 1 << (ASSET_96_SPAN - prefix_bits))?,
        Shape::Asset { text: true } => body.serial = limited(scheme, Field::Serial, serial, characters, Alphabet::Gs1)?,
        Shape::Part { text: false } => {
            body.reference = number(Field::Reference, &reference, 1 << (PART_96_SPAN - prefix_bits))?;
            body.serial = number(Field::Serial, &serial, 1 << 31)?;
        }
        Shape::Part { text: true } => {
            body.reference = limited(scheme, Field::Reference, reference, characters, Alphabet::Part)?;
            body.serial = number(Field::Serial, &serial, pow10(12))?;
        }
        Shape::Gid => {
            body.reference = number(Field::Reference, &reference, 1 << 24)?;
            body.serial = number(Field::Serial, &serial, 1 << 36)?;
        }
        Shape::Usdod => body.serial = number(Field::Serial, &serial, 1 << 36)?,
        Shape::Adi => {
            check_aerospace_serial(scheme, serial.as_bytes())?;
            body.serial = limited(scheme, Field::Serial, serial, 30, Alphabet::Part)?;
        }
        Shape::Plus { .. } | Shape::Delimited => return Err(EpcError::WrongScheme { scheme }),
    }
    Ok(Epc { scheme, filter, aidc: false, indicator: 0, date: None, body })
}

/// An EPC of any scheme that names `key`. `prefix_digits` matters to schemes with company prefix, `date` to `dsgtin+`.
pub(crate) fn from_key(scheme: Scheme, filter: u8, key: &Key, prefix_digits: Option<u8>, date: Option<Date>) -> Result<Epc, EpcError> {
    if scheme.family() != key.family {
        return Err(EpcError::WrongScheme { scheme });
    }
    if scheme.is_plus() {
        return plus_from_key(scheme, filter, key, date);
    }
    let mut body = Body { serial: Value::Text(key.serial), ..Body::EMPTY };
    match key.family {
        Family::Gid => {
            let (manager, class) = key.gid();
            body.prefix = manager;
            body.reference = Value::Number(class);
        }
        Family::Usdod => body.cage = key.cage(),
        Family::Adi => {
            body.cage = key.cage();
            body.reference = Value::Text(key.text);
        }
        _ => {
            let digits = prefix_digits.filter(|digits| (6..=12).contains(digits)).ok_or(EpcError::CompanyPrefixDigits { scheme })?;
            body.prefix_digits = digits;
            split_prefix(scheme, key, &mut body)?;
        }
    }
    fit(scheme, filter, body)
}

/// Divides the key into company prefix and reference; the length of the prefix is in `body`.
fn split_prefix(scheme: Scheme, key: &Key, body: &mut Body) -> Result<(), EpcError> {
    let partition = body.partition();
    let digits = key.number / 10;
    let (prefix, reference) = match key.family {
        Family::Giai | Family::Cpi => {
            let (field, text) = (Field::CompanyPrefix, key.text.as_bytes());
            let (prefix, rest) = text.split_at_checked(usize::from(body.prefix_digits)).ok_or(EpcError::Missing { scheme, field })?;
            let position = variable::leading_digits(prefix);
            body.prefix = digits::parse(prefix).ok_or(EpcError::Character { scheme, field, position })?;
            let rest = Value::Text(Text::new(rest).unwrap_or(Text::EMPTY));
            if key.family == Family::Giai {
                body.serial = rest;
            } else {
                body.reference = rest;
            }
            return Ok(());
        }
        Family::Sgtin => take_lead(digits, 12, partition),
        Family::Itip => {
            body.pieces = [(key.number / 100 % 100) as u8, (key.number % 100) as u8];
            take_lead(key.number / 100_000, 12, partition)
        }
        Family::Sscc => take_lead(digits, 16, partition + 4),
        Family::Gsrn | Family::Gsrnp => (digits / pow10(partition + 5), digits % pow10(partition + 5)),
        _ => (digits / pow10(partition), digits % pow10(partition)),
    };
    body.prefix = prefix;
    body.reference = Value::Number(reference);
    Ok(())
}

/// Moves the digit at 10^`lead` to the front of the last `behind` digits; yields what is between, and those.
fn take_lead(digits: u64, lead: u32, behind: u32) -> (u64, u64) {
    let (first, rest, power) = (digits / pow10(lead), digits % pow10(lead), pow10(behind));
    (rest / power, first * power + rest % power)
}

fn plus_from_key(scheme: Scheme, filter: u8, key: &Key, date: Option<Date>) -> Result<Epc, EpcError> {
    check_filter(scheme, filter)?;
    let wanted = scheme == Scheme::DsgtinPlus;
    let date = date.filter(|_| wanted);
    if wanted && date.is_none() {
        return Err(EpcError::WrongScheme { scheme });
    }
    let mut epc = Epc { scheme, filter, aidc: false, indicator: 0, date, body: Body::EMPTY };
    match scheme.shape() {
        Shape::Plus { serial, .. } => {
            epc.body.reference = Value::Number(split_pieces(scheme, key.number, &mut epc.body)?);
            match serial {
                SerialCode::Alphanumeric(most) => {
                    epc.body.serial = limited(scheme, Field::Serial, key.serial, most as usize, Alphabet::Gs1)?;
                    epc.indicator = variable::shortest(key.serial.as_bytes());
                }
                SerialCode::Numeric(most) => {
                    epc.body.serial = limited(scheme, Field::Serial, key.serial, most as usize, Alphabet::Digits)?;
                }
                _ => {}
            }
        }
        Shape::Delimited => {
            let alphabet = if scheme == Scheme::CpiPlus { Alphabet::Part } else { Alphabet::Gs1 };
            epc.body.reference = limited(scheme, Field::Key, key.text, variable::MOST_DELIMITED, alphabet)?;
            variable::check_delimited(scheme, key.text.as_bytes())?;
            let rest = key.text.as_bytes().get(variable::leading_digits(key.text.as_bytes())..).unwrap_or_default();
            epc.indicator = if rest.is_empty() { 0 } else { variable::shortest(rest) };
            if scheme == Scheme::CpiPlus {
                epc.body.serial = limited(scheme, Field::Serial, key.serial, 12, Alphabet::Digits)?;
            }
        }
        _ => return Err(EpcError::WrongScheme { scheme }),
    }
    Ok(epc)
}

fn check_filter(scheme: Scheme, filter: u8) -> Result<(), EpcError> {
    if u32::from(filter) >= 1 << scheme.filter_bits() {
        return Err(EpcError::OutOfRange { scheme, field: Field::Filter });
    }
    Ok(())
}

/// Text of one to `most` characters of an alphabet.
fn limited(scheme: Scheme, field: Field, text: Text, most: usize, alphabet: Alphabet) -> Result<Value, EpcError> {
    if text.is_empty() {
        return Err(EpcError::Missing { scheme, field });
    }
    if text.len() > most {
        return Err(EpcError::Length { scheme, field, length: text.len(), expected: most });
    }
    match text.as_bytes().iter().position(|character| !alphabet.allows(*character)) {
        Some(position) => Err(EpcError::Character { scheme, field, position }),
        None => Ok(Value::Text(text)),
    }
}
