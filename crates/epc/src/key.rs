//! What an EPC names, apart from how a tag writes it.

use std::fmt;

use crate::digits::pow10;
use crate::epc::{Body, Cage, Epc, Value};
use crate::scheme::Family;
use crate::text::{Line, Text};

/// What an EPC names, whichever scheme writes it: the family with GS1 key and serial number, without filter, length of the
/// company prefix, date or encoding. Made by [`Epc::key`], to be compared, hashed and sorted.
///
/// `Display` is one line of ASCII that names the same thing and nothing else: the GS1 element string, or the pure identity
/// URI where there is no GS1 key. Two keys are equal exactly when these lines are.
///
/// ```
/// use pandian_epc::Epc;
///
/// let old: Epc = "3066C4409047E140075BCD15".parse()?;
/// let new: Epc = "F7309506000134352091D6F3454".parse()?;
/// assert_eq!(old.key(), new.key());
/// assert_eq!(old.key().to_string(), "(01)09506000134352(21)123456789");
/// # Ok::<(), pandian_epc::EpcError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub(crate) family: Family,
    /// The GS1 number with its check digit (an ITIP with piece and total behind); GID: manager and class; USDoD, ADI: the CAGE code.
    pub(crate) number: u64,
    /// GIAI, CPI: the whole key; ADI: the part number.
    pub(crate) text: Text,
    pub(crate) serial: Text,
}

impl Key {
    pub(crate) fn new(epc: &Epc) -> Self {
        let (family, body) = (epc.scheme.family(), &epc.body);
        let mut key = Self { family, number: 0, text: Text::EMPTY, serial: body.serial.to_text() };
        match family {
            Family::Giai | Family::Cpi if epc.scheme.is_plus() => key.text = body.reference.to_text(),
            Family::Giai => {
                key.text = joined(body, body.serial);
                key.serial = Text::EMPTY;
            }
            Family::Cpi => key.text = joined(body, body.reference),
            Family::Gid => key.number = body.prefix << GID_CLASS_BITS | if let Value::Number(class) = body.reference { class } else { 0 },
            Family::Usdod => key.number = pack(&body.cage),
            Family::Adi => {
                key.number = pack(&body.cage);
                key.text = body.reference.to_text();
            }
            Family::Itip => {
                let [piece, total] = body.pieces;
                key.number = epc.gs1_number().unwrap_or_default() * 10_000 + u64::from(piece) * 100 + u64::from(total);
            }
            _ => key.number = epc.gs1_number().unwrap_or_default(),
        }
        key
    }

    /// What kind of thing is named.
    pub fn family(&self) -> Family {
        self.family
    }

    /// The serial number, extension or asset reference as text; empty where the key has none of its own (SSCC, GSRN, GIAI).
    pub fn serial(&self) -> Text {
        self.serial
    }

    /// The numbers of a GID: general manager and object class.
    pub(crate) fn gid(&self) -> (u64, u64) {
        (self.number >> GID_CLASS_BITS, self.number & ((1 << GID_CLASS_BITS) - 1))
    }

    pub(crate) fn cage(&self) -> Cage {
        let bytes = self.number.to_be_bytes();
        Cage::new(bytes.get(2..).unwrap_or_default().trim_ascii_start()).unwrap_or(Cage::NONE)
    }

    /// Writes the identity; `date` is an application identifier and six digits to put in front of the serial number.
    pub(crate) fn write(&self, line: &mut Line, date: impl FnOnce(&mut Line)) {
        let serial = self.serial.as_str();
        match self.family {
            Family::Sgtin => {
                numbered(line, "(01)", self.number, 14);
                date(line);
                line.push_str("(21)");
                line.push_str(serial);
            }
            Family::Sscc => numbered(line, "(00)", self.number, 18),
            Family::Sgln => {
                numbered(line, "(414)", self.number, 13);
                // The extension 0 stands for none (TDS 7.5).
                if serial != "0" {
                    line.push_str("(254)");
                    line.push_str(serial);
                }
            }
            Family::Grai => {
                // With the zero in front that belongs to the element string, not to the GRAI.
                numbered(line, "(8003)", self.number, 14);
                line.push_str(serial);
            }
            Family::Giai => {
                line.push_str("(8004)");
                line.push_str(self.text.as_str());
            }
            Family::Gsrn => numbered(line, "(8018)", self.number, 18),
            Family::Gsrnp => numbered(line, "(8017)", self.number, 18),
            Family::Gdti => {
                numbered(line, "(253)", self.number, 13);
                line.push_str(serial);
            }
            Family::Sgcn => {
                numbered(line, "(255)", self.number, 13);
                line.push_str(serial);
            }
            Family::Itip => {
                numbered(line, "(8006)", self.number, 18);
                line.push_str("(21)");
                line.push_str(serial);
            }
            Family::Cpi => {
                line.push_str("(8010)");
                line.push_str(self.text.as_str());
                line.push_str("(8011)");
                line.push_str(serial);
            }
            Family::Gid => {
                let (manager, class) = self.gid();
                line.push_str("urn:epc:id:gid:");
                line.push_decimal(manager);
                line.push(b'.');
                line.push_decimal(class);
                line.push(b'.');
                line.push_str(serial);
            }
            Family::Usdod | Family::Adi => {
                line.push_str(if self.family == Family::Adi { "urn:epc:id:adi:" } else { "urn:epc:id:usdod:" });
                line.push_escaped(self.cage().as_bytes());
                line.push(b'.');
                if self.family == Family::Adi {
                    line.push_escaped(self.text.as_bytes());
                    line.push(b'.');
                }
                line.push_escaped(self.serial.as_bytes());
            }
        }
    }
}

const GID_CLASS_BITS: u32 = 24;

fn pack(cage: &Cage) -> u64 {
    cage.padded().iter().fold(0, |packed, character| packed << 8 | u64::from(*character))
}

/// The company prefix with `rest` behind: a GIAI or CPI.
fn joined(body: &Body, rest: Value) -> Text {
    let mut text = Text::padded(body.prefix % pow10(12), usize::from(body.prefix_digits));
    rest.to_text().as_bytes().iter().for_each(|character| text.push(*character));
    text
}

fn numbered(line: &mut Line, ai: &str, number: u64, digits: usize) {
    line.push_str(ai);
    line.push_padded(number, digits);
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Line::new();
        self.write(&mut line, |_| {});
        f.pad(line.as_str())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}
