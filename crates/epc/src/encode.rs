//! From an EPC to the bits of a tag (TDS 14.3, 14.5 and the coding tables of 14.6).

use crate::Binary;
use crate::digits::pow10;
use crate::epc::{Epc, Value};
use crate::scheme::{ASSET_96_SPAN, ASSET_202_SPAN, Family, PART_96_SPAN, PREFIX_BITS, Scheme, SerialCode, Shape};
use crate::text::{Text, to_six_bits};
use crate::variable;

/// The bits of `epc`, whose fields are known to fit.
pub(crate) fn encode(epc: &Epc) -> Binary {
    let (scheme, body) = (epc.scheme, &epc.body);
    let mut out = Binary::new();
    out.push(u64::from(scheme.header()), 8);
    if scheme.is_plus() {
        out.push(u64::from(epc.aidc), 1);
    }
    out.push(u64::from(epc.filter), scheme.filter_bits());
    let (reference, serial) = (body.reference.to_text(), body.serial.to_text());
    match scheme.shape() {
        Shape::Keyed { span, serial: code, .. } => {
            let bits = company_prefix(&mut out, epc);
            out.push(number(body.reference), span - bits);
            if scheme.family() == Family::Itip {
                body.pieces.iter().for_each(|number| out.push(u64::from(*number), 7));
            }
            match code {
                SerialCode::Reserved(bits) => out.push(0, bits),
                SerialCode::Integer(bits) => out.push(number(body.serial), bits),
                SerialCode::Text(characters) => seven_bit_text(&mut out, &serial, 7 * characters),
                SerialCode::NumericString(bits) => {
                    let digits = serial.as_bytes().iter().fold(0, |number, digit| number * 10 + u64::from(digit & 0xF));
                    out.push(pow10(serial.len() as u32).saturating_add(digits), bits);
                }
                SerialCode::Alphanumeric(_) | SerialCode::Numeric(_) => {}
            }
        }
        Shape::Asset { text } => {
            let bits = company_prefix(&mut out, epc);
            if text {
                seven_bit_text(&mut out, &serial, ASSET_202_SPAN - bits);
            } else {
                out.push(number(body.serial), ASSET_96_SPAN - bits);
            }
        }
        Shape::Part { text } => {
            let bits = company_prefix(&mut out, epc);
            if text {
                six_bit_text(&mut out, &reference);
                out.push(number(body.serial), 40);
            } else {
                out.push(number(body.reference), PART_96_SPAN - bits);
                out.push(number(body.serial), 31);
            }
        }
        Shape::Gid => {
            out.push(body.prefix, 28);
            out.push(number(body.reference), 24);
            out.push(number(body.serial), 36);
        }
        Shape::Usdod => {
            body.cage.padded().iter().for_each(|character| out.push(u64::from(*character), 8));
            out.push(number(body.serial), 36);
        }
        Shape::Adi => {
            // The space in front of five characters is 100000, the low six bits of its ASCII code.
            body.cage.padded().iter().for_each(|character| out.push(to_six_bits(*character), 6));
            six_bit_text(&mut out, &reference);
            six_bit_text(&mut out, &serial);
        }
        Shape::Plus { digits, serial: code } => {
            if let Some(date) = epc.date {
                out.push(date.to_bits(), 20);
            }
            let mut key = number(body.reference);
            if scheme.family() == Family::Itip {
                let [piece, total] = body.pieces;
                key = key * 10_000 + u64::from(piece) * 100 + u64::from(total);
            }
            let key = Text::padded(key, digits as usize);
            key.as_bytes().iter().for_each(|digit| out.push(u64::from(digit & 0xF), 4));
            match code {
                SerialCode::Alphanumeric(_) => variable::write(&mut out, epc.indicator, serial.as_bytes()),
                SerialCode::Numeric(_) => variable::write_numeric(&mut out, serial.as_bytes()),
                _ => {}
            }
        }
        Shape::Delimited => {
            variable::write_delimited(&mut out, epc.indicator, reference.as_bytes());
            if scheme == Scheme::CpiPlus {
                variable::write_numeric(&mut out, serial.as_bytes());
            }
        }
    }
    out
}

fn number(value: Value) -> u64 {
    if let Value::Number(number) = value { number } else { 0 }
}

/// Partition and company prefix; yields the bits of the prefix.
fn company_prefix(out: &mut Binary, epc: &Epc) -> u32 {
    let partition = epc.body.partition();
    let bits = PREFIX_BITS.get(partition as usize).copied().unwrap_or_default();
    out.push(u64::from(partition), 3);
    out.push(epc.body.prefix, bits);
    bits
}

/// 7-bit characters, filled up with zeros to `bits`.
fn seven_bit_text(out: &mut Binary, text: &Text, bits: u32) {
    text.as_bytes().iter().for_each(|character| out.push(u64::from(*character), 7));
    let mut filling = bits.saturating_sub(7 * text.len() as u32);
    while filling > 0 {
        let step = filling.min(64);
        out.push(0, step);
        filling -= step;
    }
}

/// 6-bit characters and their terminator.
fn six_bit_text(out: &mut Binary, text: &Text) {
    text.as_bytes().iter().for_each(|character| out.push(to_six_bits(*character), 6));
    out.push(0, 6);
}
