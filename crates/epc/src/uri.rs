//! Tag URIs and pure identity URIs, written and read (TDS 5, 6.3, 12).

use std::fmt;

use crate::assemble;
use crate::digits;
use crate::epc::{Body, Cage, Epc, Value};
use crate::error::{EpcError, Field};
use crate::scheme::{Family, Scheme, SerialCode, Shape};
use crate::text::{Alphabet, Line, Text, is_escaped};

const TAG: &str = "urn:epc:tag:";
const PURE: &str = "urn:epc:id:";

/// The tag URI of an EPC, to be displayed: `urn:epc:tag:sgtin-96:3.0614141.812345.6789`.
#[derive(Debug, Clone, Copy)]
pub struct TagUri<'a>(pub(crate) &'a Epc);

impl fmt::Display for TagUri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(epc) = self;
        let mut line = Line::new();
        line.push_str(TAG);
        line.push_str(epc.scheme.name());
        line.push(b':');
        if epc.scheme.filter_bits() > 0 {
            line.push_decimal(u64::from(epc.filter));
            line.push(b'.');
        }
        write_body(&mut line, epc);
        f.pad(line.as_str())
    }
}

/// The pure identity URI of an EPC, to be displayed: `urn:epc:id:sgtin:0614141.812345.6789`.
#[derive(Debug, Clone, Copy)]
pub struct PureUri<'a>(pub(crate) &'a Epc);

impl fmt::Display for PureUri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(epc) = self;
        let mut line = Line::new();
        line.push_str(PURE);
        line.push_str(epc.scheme.family().name());
        line.push(b':');
        write_body(&mut line, epc);
        f.pad(line.as_str())
    }
}

fn write_body(line: &mut Line, epc: &Epc) {
    let body = &epc.body;
    match epc.scheme.shape() {
        Shape::Keyed { digits, serial, .. } => {
            write_company_prefix(line, body);
            if let Value::Number(reference) = body.reference {
                line.push_padded(reference, (digits + body.partition()) as usize);
            }
            if epc.scheme.family() == Family::Itip {
                for number in body.pieces {
                    line.push(b'.');
                    line.push_padded(u64::from(number), 2);
                }
            }
            if !matches!(serial, SerialCode::Reserved(_)) {
                line.push(b'.');
                write_value(line, &body.serial);
            }
        }
        Shape::Asset { .. } => {
            write_company_prefix(line, body);
            write_value(line, &body.serial);
        }
        Shape::Part { .. } => {
            write_company_prefix(line, body);
            write_value(line, &body.reference);
            line.push(b'.');
            write_value(line, &body.serial);
        }
        Shape::Gid => {
            line.push_decimal(body.prefix);
            line.push(b'.');
            write_value(line, &body.reference);
            line.push(b'.');
            write_value(line, &body.serial);
        }
        Shape::Usdod => {
            line.push_escaped(body.cage.as_bytes());
            line.push(b'.');
            write_value(line, &body.serial);
        }
        Shape::Adi => {
            line.push_escaped(body.cage.as_bytes());
            line.push(b'.');
            write_value(line, &body.reference);
            line.push(b'.');
            write_value(line, &body.serial);
        }
        // No URI: `Epc::tag_uri` and `Epc::pure_uri` yield nothing.
        Shape::Plus { .. } | Shape::Delimited => {}
    }
}

fn write_company_prefix(line: &mut Line, body: &Body) {
    line.push_padded(body.prefix, usize::from(body.prefix_digits));
    line.push(b'.');
}

fn write_value(line: &mut Line, value: &Value) {
    match value {
        Value::None => {}
        Value::Number(number) => line.push_decimal(*number),
        Value::Text(text) => line.push_escaped(text.as_bytes()),
    }
}

impl Epc {
    /// Reads a tag URI without control fields, such as `urn:epc:tag:sgtin-96:3.0614141.812345.6789`.
    ///
    /// # Errors
    /// [`EpcError::Syntax`] or [`EpcError::UnknownScheme`] if it is none, and what does not fit into the scheme.
    pub fn from_tag_uri(uri: &str) -> Result<Self, EpcError> {
        const EXPECTED: EpcError = EpcError::Syntax { expected: "urn:epc:tag:SCHEME:FILTER.…" };
        if uri.is_empty() {
            return Err(EpcError::Empty);
        }
        let (scheme, rest) = uri.strip_prefix(TAG).and_then(|rest| rest.split_once(':')).ok_or(EXPECTED)?;
        let scheme: Scheme = scheme.parse()?;
        if scheme.is_plus() {
            return Err(EpcError::Syntax { expected: "a scheme that has a tag URI" });
        }
        let mut components = Components { scheme, rest: Some(rest) };
        let filter = match scheme.filter_bits() {
            0 => 0,
            bits => assemble::integer(scheme, Field::Filter, components.next()?.as_bytes(), 1 << bits)? as u8,
        };
        let body = components.body()?;
        assemble::fit(scheme, filter, body)
    }

    /// Reads a pure identity URI, such as `urn:epc:id:sgtin:0614141.812345.6789`, for a tag with this scheme and filter
    /// value (0 where the scheme has none). Without a scheme, the shortest one that can hold it is taken.
    ///
    /// # Errors
    /// [`EpcError::Syntax`] if it is none, [`EpcError::WrongScheme`] for a scheme of another family, and what does not fit.
    pub fn from_pure_uri(uri: &str, scheme: Option<Scheme>, filter: u8) -> Result<Self, EpcError> {
        const EXPECTED: EpcError = EpcError::Syntax { expected: "urn:epc:id:FAMILY:…" };
        if uri.is_empty() {
            return Err(EpcError::Empty);
        }
        let (family, rest) = uri.strip_prefix(PURE).and_then(|rest| rest.split_once(':')).ok_or(EXPECTED)?;
        let family = Scheme::ALL.iter().map(|scheme| scheme.family()).find(|known| known.name() == family);
        let family = family.ok_or(EpcError::UnknownScheme)?;
        let read = |scheme| assemble::fit(scheme, filter, Components { scheme, rest: Some(rest) }.body()?);
        match scheme {
            Some(scheme) if scheme.family() != family => Err(EpcError::WrongScheme { scheme }),
            Some(scheme) if !scheme.is_plus() => read(scheme),
            Some(plus) => assemble::first_fitting(family, read)?.recode(plus, None),
            None => assemble::first_fitting(family, read),
        }
    }
}

/// The components of a URI behind the colon, between dots.
struct Components<'a> {
    scheme: Scheme,
    rest: Option<&'a str>,
}

impl<'a> Components<'a> {
    /// The next component, up to a dot.
    fn next(&mut self) -> Result<&'a str, EpcError> {
        let rest = self.rest.take().ok_or(EpcError::Syntax { expected: "more components between dots" })?;
        let (component, rest) = rest.split_once('.').map_or((rest, None), |(component, rest)| (component, Some(rest)));
        self.rest = rest;
        Ok(component)
    }

    /// The last component, which may hold dots.
    fn last(&mut self) -> Result<&'a str, EpcError> {
        self.rest.take().ok_or(EpcError::Syntax { expected: "more components between dots" })
    }

    fn body(&mut self) -> Result<Body, EpcError> {
        let scheme = self.scheme;
        let mut body = Body::EMPTY;
        match scheme.shape() {
            Shape::Keyed { digits, serial, .. } => {
                self.company_prefix(&mut body)?;
                let width = digits + body.partition();
                body.reference = Value::Number(fixed(scheme, Field::Reference, self.next()?, width as usize)?);
                if scheme.family() == Family::Itip {
                    for (slot, field) in body.pieces.iter_mut().zip([Field::Piece, Field::Total]) {
                        *slot = fixed(scheme, field, self.next()?, 2)? as u8;
                    }
                }
                if !matches!(serial, SerialCode::Reserved(_)) {
                    body.serial = self.text(Field::Serial, Alphabet::Gs1)?;
                }
            }
            Shape::Asset { .. } => {
                self.company_prefix(&mut body)?;
                body.serial = self.text(Field::Serial, Alphabet::Gs1)?;
            }
            Shape::Part { .. } => {
                self.company_prefix(&mut body)?;
                body.reference = unescape(scheme, Field::Reference, self.next()?, Alphabet::Part)?;
                body.serial = self.text(Field::Serial, Alphabet::Digits)?;
            }
            Shape::Gid => {
                body.prefix = assemble::integer(scheme, Field::CompanyPrefix, self.next()?.as_bytes(), 1 << 28)?;
                body.reference = unescape(scheme, Field::Reference, self.next()?, Alphabet::Digits)?;
                body.serial = self.text(Field::Serial, Alphabet::Digits)?;
            }
            Shape::Usdod => {
                body.cage = self.cage()?;
                body.serial = self.text(Field::Serial, Alphabet::Digits)?;
            }
            Shape::Adi => {
                body.cage = self.cage()?;
                body.reference = unescape(scheme, Field::Reference, self.next()?, Alphabet::Aerospace)?;
                body.serial = self.text(Field::Serial, Alphabet::Part)?;
            }
            Shape::Plus { .. } | Shape::Delimited => return Err(EpcError::WrongScheme { scheme }),
        }
        match self.rest {
            None => Ok(body),
            Some(_) => Err(EpcError::Syntax { expected: "no further component" }),
        }
    }

    fn company_prefix(&mut self, body: &mut Body) -> Result<(), EpcError> {
        let (scheme, field, text) = (self.scheme, Field::CompanyPrefix, self.next()?);
        if !(6..=12).contains(&text.len()) {
            return Err(EpcError::Length { scheme, field, length: text.len(), expected: if text.len() < 6 { 6 } else { 12 } });
        }
        body.prefix_digits = text.len() as u8;
        body.prefix = fixed(scheme, field, text, text.len())?;
        Ok(())
    }

    fn text(&mut self, field: Field, alphabet: Alphabet) -> Result<Value, EpcError> {
        let text = self.last()?;
        unescape(self.scheme, field, text, alphabet)
    }

    fn cage(&mut self) -> Result<Cage, EpcError> {
        let (scheme, field, text) = (self.scheme, Field::Cage, self.next()?.as_bytes());
        match text.iter().position(|character| !Alphabet::Cage.allows(*character)) {
            Some(position) => Err(EpcError::Character { scheme, field, position }),
            None => Cage::new(text).ok_or(EpcError::Length { scheme, field, length: text.len(), expected: 6 }),
        }
    }
}

/// A number of exactly `width` digits; 0 for no digits at all.
fn fixed(scheme: Scheme, field: Field, text: &str, width: usize) -> Result<u64, EpcError> {
    if text.len() != width {
        return Err(EpcError::Length { scheme, field, length: text.len(), expected: width });
    }
    match text.bytes().position(|character| !character.is_ascii_digit()) {
        Some(position) => Err(EpcError::Character { scheme, field, position }),
        None if width == 0 => Ok(0),
        None => digits::parse(text.as_bytes()).ok_or(EpcError::OutOfRange { scheme, field }),
    }
}

/// The characters of a component: themselves, or `%` and two hexadecimal digits. Those that must be escaped are refused bare.
fn unescape(scheme: Scheme, field: Field, component: &str, alphabet: Alphabet) -> Result<Value, EpcError> {
    let (mut text, mut bytes, mut length) = (Text::EMPTY, component.bytes(), 0);
    while let Some(byte) = bytes.next() {
        let character = match byte {
            b'%' => bytes.next().and_then(hex_digit).zip(bytes.next().and_then(hex_digit)).map(|(high, low)| high << 4 | low),
            byte => Some(byte).filter(|byte| !is_escaped(*byte)),
        };
        match character.filter(|character| alphabet.allows(*character)) {
            Some(character) => text.push(character),
            None => return Err(EpcError::Character { scheme, field, position: length }),
        }
        length += 1;
    }
    if length > text.len() {
        return Err(EpcError::Length { scheme, field, length, expected: text.len() });
    }
    Ok(Value::Text(text))
}

fn hex_digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).map(|digit| digit as u8)
}
