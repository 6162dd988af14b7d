//! The decoded EPC.

use std::fmt;
use std::str::FromStr;

use crate::date::Date;
use crate::digits::{pow10, with_check_digit};
use crate::element::ElementString;
use crate::error::EpcError;
use crate::key::Key;
use crate::protocol_control::ProtocolControl;
use crate::scheme::{Family, Scheme};
use crate::text::Text;
use crate::uri::{PureUri, TagUri};
use crate::{Binary, bits};

/// A field that is an integer in some schemes and text in others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Value {
    /// The scheme has no such field.
    None,
    /// An integer; the scheme keeps no leading zeros.
    Number(u64),
    /// Text; all digits and leading zeros are kept.
    Text(Text),
}

impl Value {
    /// The value as text, decimal and without leading zeros if it is a number.
    pub fn to_text(self) -> Text {
        match self {
            Self::None => Text::EMPTY,
            Self::Number(number) => Text::decimal(number),
            Self::Text(text) => text,
        }
    }
}

/// An EPC: who or what a tag names, and how the tag writes it.
///
/// The value is small, `Copy` and valid by construction: every part is within the limits of its scheme, so that
/// [`Epc::encode`] cannot fail. Two values are equal if scheme, filter and every field are; to ask whether two tags name
/// the same thing, compare [`Epc::key`].
///
/// ```
/// use pandian_epc::{Epc, Scheme};
///
/// let epc: Epc = "3074257BF7194E4000001A85".parse()?;
/// assert_eq!(epc.scheme(), Scheme::Sgtin96);
/// assert_eq!(epc.tag_uri().map(|uri| uri.to_string()).as_deref(), Some("urn:epc:tag:sgtin-96:3.0614141.812345.6789"));
/// assert_eq!(epc.element_string().map(|gs1| gs1.to_string()).as_deref(), Some("(01)80614141123458(21)6789"));
/// # Ok::<(), pandian_epc::EpcError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epc {
    pub(crate) scheme: Scheme,
    pub(crate) filter: u8,
    /// `+` only: the toggle bit, further data follow the EPC.
    pub(crate) aidc: bool,
    /// `+` only: the encoding indicator of the alphanumeric part (TDS table E), kept so that a tag re-encodes to its own bits.
    pub(crate) indicator: u8,
    pub(crate) date: Option<Date>,
    pub(crate) body: Body,
}

/// What the EPC names, in the parts its scheme has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Body {
    /// Digits of the company prefix; 0 where the scheme has none.
    pub(crate) prefix_digits: u8,
    /// Company prefix; in a GID the general manager number.
    pub(crate) prefix: u64,
    /// Reference; in a `+` scheme the whole key with its check digit; in an ADI the part number.
    pub(crate) reference: Value,
    /// Piece and total of an ITIP.
    pub(crate) pieces: [u8; 2],
    /// Serial, extension, or the reference of an individual asset (but for GIAI+, which is all reference).
    pub(crate) serial: Value,
    pub(crate) cage: Cage,
}

impl Body {
    pub(crate) const EMPTY: Self =
        Self { prefix_digits: 0, prefix: 0, reference: Value::None, pieces: [0; 2], serial: Value::None, cage: Cage::NONE };

    /// The partition value that belongs to the length of the company prefix.
    pub(crate) fn partition(&self) -> u32 {
        12_u32.saturating_sub(u32::from(self.prefix_digits))
    }
}

/// A CAGE code (five characters) or DoDAAC (six).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Cage {
    /// Five characters have a space in front, as in USDoD-96.
    bytes: [u8; 6],
}

impl Cage {
    pub(crate) const NONE: Self = Self { bytes: [b' '; 6] };

    /// From five or six characters.
    pub(crate) fn new(text: &[u8]) -> Option<Self> {
        let mut cage = Self::NONE;
        let skipped = 6_usize.checked_sub(text.len()).filter(|skipped| *skipped < 2)?;
        cage.bytes.get_mut(skipped..)?.copy_from_slice(text);
        Some(cage)
    }

    pub(crate) fn padded(&self) -> [u8; 6] {
        self.bytes
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.trim_ascii_start()
    }
}

impl fmt::Debug for Cage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(std::str::from_utf8(self.as_bytes()).unwrap_or_default(), f)
    }
}

impl Epc {
    /// Reads the first `bits` bits of `bytes`, from the highest bit of the first byte on: what LLRP reports as EPC, and what
    /// is at 20h of the EPC memory bank. Zeros may follow the EPC, as tags are read in whole words.
    ///
    /// # Errors
    /// Whatever the standard does not allow, see [`EpcError`]. In particular a header that is no EPC scheme, a partition
    /// of 7, a field out of its range, and bits that are set where zeros belong.
    pub fn decode(bytes: &[u8], bits: usize) -> Result<Self, EpcError> {
        crate::decode::decode(&bits::Memory::new(bytes, bits)?)
    }

    /// Like [`Epc::decode`], when the reader also reports the PC word: an ISO code, which may look like an EPC, is refused.
    ///
    /// # Errors
    /// [`EpcError::IsoTag`] if the toggle bit is set, and the errors of [`Epc::decode`].
    pub fn decode_tag(control: ProtocolControl, bytes: &[u8], bits: usize) -> Result<Self, EpcError> {
        match control.iso_family() {
            Some(afi) => Err(EpcError::IsoTag { afi }),
            None => Self::decode(bytes, bits),
        }
    }

    /// Reads hexadecimal text of either case, four bits a digit.
    ///
    /// # Errors
    /// [`EpcError::NotHex`], [`EpcError::Empty`], and the errors of [`Epc::decode`].
    pub fn from_hex(text: &str) -> Result<Self, EpcError> {
        let (bytes, bits) = bits::from_hex(text)?;
        Self::decode(&bytes, bits)
    }

    /// The bits to write into a tag. What was decoded comes out as it was, without the zeros or the data that followed it.
    pub fn encode(&self) -> Binary {
        crate::encode::encode(self)
    }

    /// The coding scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The filter value; `None` for the scheme without one, `gid-96`.
    pub fn filter(&self) -> Option<u8> {
        (self.scheme.filter_bits() > 0).then_some(self.filter)
    }

    /// Whether further data follow the EPC in the tag: the toggle bit of the `+` schemes (TDS 14.5.1). They start at bit
    /// [`Binary::bit_len`] of the encoded EPC; this crate leaves them alone.
    pub fn has_aidc_data(&self) -> bool {
        self.aidc
    }

    /// How many digits the company prefix has, 6 to 12; `None` where the scheme has no company prefix, as all `+` schemes.
    pub fn company_prefix_digits(&self) -> Option<u8> {
        (self.body.prefix_digits > 0).then_some(self.body.prefix_digits)
    }

    /// The company prefix, with its leading zeros.
    pub fn company_prefix(&self) -> Option<Text> {
        self.company_prefix_digits().map(|digits| Text::padded(self.body.prefix, usize::from(digits)))
    }

    /// The serial number (GLN extension, individual asset reference); [`Value::None`] where the key has none.
    pub fn serial(&self) -> Value {
        self.body.serial
    }

    /// The date of a `dsgtin+`.
    pub fn date(&self) -> Option<Date> {
        self.date
    }

    /// The numeric GS1 key with its check digit: the GTIN-14, SSCC-18, GLN-13, GRAI-13, GDTI-13, GSRN-18, GCN-13, or the
    /// GTIN-14 of an ITIP. `None` for GIAI and CPI, whose keys are text, and where there is no GS1 key.
    pub fn gs1_number(&self) -> Option<u64> {
        let body = &self.body;
        let Value::Number(reference) = body.reference else { return None };
        if self.scheme.is_plus() {
            return Some(reference);
        }
        let partition = body.partition();
        Some(with_check_digit(match self.scheme.family() {
            // The first digit of the reference (indicator, extension) moves to the front: TDS 7.3, 7.4.
            Family::Sgtin | Family::Itip => move_lead(body.prefix, reference, partition, 12),
            Family::Sscc => move_lead(body.prefix, reference, partition + 4, 16),
            Family::Gsrn | Family::Gsrnp => body.prefix * pow10(partition + 5) + reference,
            Family::Sgln | Family::Grai | Family::Gdti | Family::Sgcn => body.prefix * pow10(partition) + reference,
            Family::Giai | Family::Cpi | Family::Gid | Family::Usdod | Family::Adi => return None,
        }))
    }

    /// The tag URI, `urn:epc:tag:…` (TDS 12); `None` for the `+` schemes, which have none.
    pub fn tag_uri(&self) -> Option<TagUri<'_>> {
        (!self.scheme.is_plus()).then_some(TagUri(self))
    }

    /// The pure identity URI, `urn:epc:id:…` (TDS 6); `None` for the `+` schemes, which do not know their company prefix.
    pub fn pure_uri(&self) -> Option<PureUri<'_>> {
        (!self.scheme.is_plus()).then_some(PureUri(self))
    }

    /// The GS1 element string with bracketed application identifiers, `(01)…(21)…` (TDS 7); `None` for GID, USDoD and ADI.
    pub fn element_string(&self) -> Option<ElementString> {
        ElementString::new(self)
    }

    /// What the EPC names, whichever scheme writes it: equal for `sgtin-96`, `sgtin-198`, `sgtin+` and `dsgtin+` of the same
    /// GTIN and serial number, for `sscc-96` and `sscc+` of the same SSCC, and so on.
    pub fn key(&self) -> Key {
        Key::new(self)
    }

    /// The same identity in another scheme. From a `+` scheme to one with a company prefix, its length must be given;
    /// otherwise the EPC's own holds. Filter is kept, date and toggle bit are not.
    ///
    /// # Errors
    /// [`EpcError::WrongScheme`] for another family, [`EpcError::CompanyPrefixDigits`] without the length, and whatever
    /// does not fit: a serial number with letters into `sgtin-96`, say.
    pub fn recode(&self, scheme: Scheme, company_prefix_digits: Option<u8>) -> Result<Self, EpcError> {
        if scheme.family() != self.scheme.family() {
            return Err(EpcError::WrongScheme { scheme });
        }
        let digits = self.company_prefix_digits().or(company_prefix_digits);
        crate::assemble::from_key(scheme, self.filter, &self.key(), digits, self.date)
    }
}

/// `prefix` with the lead digit of `reference` in front (at 10^`lead`) and its other `digits` digits behind.
fn move_lead(prefix: u64, reference: u64, digits: u32, lead: u32) -> u64 {
    let power = pow10(digits);
    reference / power * pow10(lead) + prefix * power + reference % power
}

/// Reads a tag URI if the text begins like one, hexadecimal otherwise.
impl FromStr for Epc {
    type Err = EpcError;

    fn from_str(text: &str) -> Result<Self, EpcError> {
        if text.starts_with("urn:") { Self::from_tag_uri(text) } else { Self::from_hex(text) }
    }
}
