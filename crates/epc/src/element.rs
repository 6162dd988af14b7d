//! GS1 element strings with bracketed application identifiers (TDS 7).

use std::fmt;

use crate::assemble;
use crate::date::{Date, DateKind};
use crate::digits::{self, check_digit, pow10};
use crate::epc::Epc;
use crate::error::{EpcError, Field};
use crate::key::Key;
use crate::scheme::{Family, Scheme};
use crate::text::{CAPACITY, Line, Text};

/// The GS1 element string of an EPC, to be displayed: `(01)80614141123458(21)6789`.
///
/// The date of a `dsgtin+` stands between GTIN and serial number, which is last because it may hold brackets itself:
/// `(01)79521141123453(17)220630(21)32a/b`.
#[derive(Debug, Clone, Copy)]
pub struct ElementString {
    key: Key,
    date: Option<Date>,
}

impl ElementString {
    pub(crate) fn new(epc: &Epc) -> Option<Self> {
        match epc.scheme.family() {
            Family::Gid | Family::Usdod | Family::Adi => None,
            _ => Some(Self { key: epc.key(), date: epc.date }),
        }
    }
}

impl fmt::Display for ElementString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Line::new();
        self.key.write(&mut line, |line| {
            if let Some(date) = self.date {
                line.push(b'(');
                line.push_str(date.kind().application_identifier());
                line.push(b')');
                for number in [date.year(), date.month(), date.day()] {
                    line.push_padded(u64::from(number), 2);
                }
            }
        });
        f.pad(line.as_str())
    }
}

const EXPECTED: EpcError =
    EpcError::Syntax { expected: "a GS1 element string such as (01)GTIN(21)SERIAL, with application identifiers in brackets" };

impl Epc {
    /// Reads a GS1 element string, such as `(01)80614141123458(21)6789`, for a tag with this scheme and filter value. A
    /// scheme with company prefix needs the number of its digits, which the element string does not say.
    ///
    /// Without a scheme, the shortest one with company prefix that can hold it is taken if the digits are given, and the `+`
    /// scheme if they are not (`dsgtin+` if there is a date).
    ///
    /// # Errors
    /// [`EpcError::Syntax`] if it is none or of a key without EPC, [`EpcError::CheckDigit`], [`EpcError::WrongScheme`] for a
    /// scheme of another family, [`EpcError::CompanyPrefixDigits`], and what does not fit.
    pub fn from_element_string(
        text: &str,
        scheme: Option<Scheme>,
        filter: u8,
        company_prefix_digits: Option<u8>,
    ) -> Result<Self, EpcError> {
        if text.is_empty() {
            return Err(EpcError::Empty);
        }
        let (key, date) = parse(text)?;
        let make = |scheme| assemble::from_key(scheme, filter, &key, company_prefix_digits, date);
        match (scheme, date) {
            (Some(scheme), _) => make(scheme),
            (None, Some(_)) => make(Scheme::DsgtinPlus),
            (None, None) if company_prefix_digits.is_some() => assemble::first_fitting(key.family, make),
            (None, None) => make(key.family.plus_scheme().ok_or(EXPECTED)?),
        }
    }
}

fn parse(text: &str) -> Result<(Key, Option<Date>), EpcError> {
    let (ai, rest) = text.strip_prefix('(').and_then(|text| text.split_once(')')).ok_or(EXPECTED)?;
    let (family, width) = match ai {
        "00" => (Family::Sscc, 18),
        "01" => (Family::Sgtin, 14),
        "253" => (Family::Gdti, 13),
        "255" => (Family::Sgcn, 13),
        "414" => (Family::Sgln, 13),
        "8003" => (Family::Grai, 14),
        "8004" => (Family::Giai, 0),
        "8006" => (Family::Itip, 18),
        "8010" => (Family::Cpi, 0),
        "8017" => (Family::Gsrnp, 18),
        "8018" => (Family::Gsrn, 18),
        _ => return Err(EXPECTED),
    };
    // Families of GS1 keys all have a `+` scheme, which errors name as long as no other has been chosen.
    let scheme = family.plus_scheme().ok_or(EXPECTED)?;
    let mut key = Key { family, number: 0, text: Text::EMPTY, serial: Text::EMPTY };
    let (number, rest) = rest.split_at_checked(width).ok_or_else(|| wrong_length(scheme, rest.len(), width))?;
    if width > 0 {
        key.number = checked_number(scheme, number)?;
    }
    let mut date = None;
    match family {
        Family::Sscc | Family::Gsrn | Family::Gsrnp if rest.is_empty() => {}
        Family::Sscc | Family::Gsrn | Family::Gsrnp => return Err(wrong_length(scheme, width + rest.len(), width)),
        Family::Sgtin => {
            let mut rest = rest;
            if !rest.starts_with("(21)") {
                (date, rest) = parse_date(rest)?;
            }
            key.serial = short(scheme, Field::Serial, rest.strip_prefix("(21)").ok_or(EXPECTED)?)?;
        }
        Family::Itip => key.serial = short(scheme, Field::Serial, rest.strip_prefix("(21)").ok_or(EXPECTED)?)?,
        // Without extension the EPC has the extension 0 (TDS 7.5).
        Family::Sgln if rest.is_empty() => key.serial = Text::decimal(0),
        Family::Sgln => key.serial = short(scheme, Field::Serial, rest.strip_prefix("(254)").ok_or(EXPECTED)?)?,
        Family::Giai => key.text = short(scheme, Field::Key, rest)?,
        Family::Cpi => {
            let (part, serial) = rest.split_once("(8011)").ok_or(EXPECTED)?;
            key.text = short(scheme, Field::Key, part)?;
            key.serial = short(scheme, Field::Serial, serial)?;
        }
        _ => key.serial = short(scheme, Field::Serial, rest)?,
    }
    Ok((key, date))
}

fn wrong_length(scheme: Scheme, length: usize, expected: usize) -> EpcError {
    EpcError::Length { scheme, field: Field::Key, length, expected }
}

/// All digits of a key, whose check digit must be right: the last, or in an ITIP the one before piece and total.
fn checked_number(scheme: Scheme, text: &str) -> Result<u64, EpcError> {
    let field = Field::Key;
    if let Some(position) = text.bytes().position(|character| !character.is_ascii_digit()) {
        return Err(EpcError::Character { scheme, field, position });
    }
    let number = digits::parse(text.as_bytes()).ok_or(EpcError::OutOfRange { scheme, field })?;
    let key = if scheme.family() == Family::Itip { number / pow10(4) } else { number };
    let (found, expected) = ((key % 10) as u8, check_digit(key / 10));
    if scheme.family() == Family::Grai && number >= pow10(13) {
        return Err(EpcError::Character { scheme, field, position: 0 });
    }
    if found == expected { Ok(number) } else { Err(EpcError::CheckDigit { scheme, found, expected }) }
}

/// An application identifier of a date and six digits; yields the text behind too.
fn parse_date(text: &str) -> Result<(Option<Date>, &str), EpcError> {
    let (ai, rest) = text.strip_prefix('(').and_then(|text| text.split_once(')')).ok_or(EXPECTED)?;
    let kind = DateKind::from_application_identifier(ai).ok_or(EXPECTED)?;
    let (date, rest) = rest.split_at_checked(6).ok_or(EXPECTED)?;
    let number = digits::parse(date.as_bytes()).ok_or(EXPECTED)?;
    let date = Date::new(Scheme::DsgtinPlus, kind, number / 10_000, number / 100 % 100, number % 100)?;
    Ok((Some(date), rest))
}

fn short(scheme: Scheme, field: Field, text: &str) -> Result<Text, EpcError> {
    Text::new(text.as_bytes()).ok_or(EpcError::Length { scheme, field, length: text.len(), expected: CAPACITY })
}
