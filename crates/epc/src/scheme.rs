//! The binary coding schemes of the standard and how their bits are laid out.

use std::fmt;
use std::str::FromStr;

use crate::error::EpcError;

/// What an EPC identifies: the GS1 key, or the registry, that its scheme belongs to (TDS 6.3).
///
/// Several [`Scheme`]s write the same identity: `sgtin-96`, `sgtin-198`, `sgtin+` and `dsgtin+` are all [`Family::Sgtin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Serialised Global Trade Item Number: a single item.
    Sgtin,
    /// Serial Shipping Container Code: a logistic unit, such as a pallet.
    Sscc,
    /// Global Location Number with or without extension.
    Sgln,
    /// Global Returnable Asset Identifier, with its serial number.
    Grai,
    /// Global Individual Asset Identifier.
    Giai,
    /// Global Service Relation Number of a recipient.
    Gsrn,
    /// Global Service Relation Number of a provider.
    Gsrnp,
    /// Global Document Type Identifier, with its serial number.
    Gdti,
    /// Serialised Global Coupon Number.
    Sgcn,
    /// Serialised piece of a trade item that comes in several pieces.
    Itip,
    /// Component or part identifier, with its serial number.
    Cpi,
    /// General Identifier: no GS1 key.
    Gid,
    /// United States Department of Defense: no GS1 key.
    Usdod,
    /// Aerospace and Defense: no GS1 key.
    Adi,
}

impl Family {
    /// The name in a pure identity URI: `sgtin` in `urn:epc:id:sgtin:…`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sgtin => "sgtin",
            Self::Sscc => "sscc",
            Self::Sgln => "sgln",
            Self::Grai => "grai",
            Self::Giai => "giai",
            Self::Gsrn => "gsrn",
            Self::Gsrnp => "gsrnp",
            Self::Gdti => "gdti",
            Self::Sgcn => "sgcn",
            Self::Itip => "itip",
            Self::Cpi => "cpi",
            Self::Gid => "gid",
            Self::Usdod => "usdod",
            Self::Adi => "adi",
        }
    }

    /// Every scheme with a company prefix (and so with URIs) that writes this family, shortest first.
    pub const fn uri_schemes(self) -> &'static [Scheme] {
        match self {
            Self::Sgtin => &[Scheme::Sgtin96, Scheme::Sgtin198],
            Self::Sscc => &[Scheme::Sscc96],
            Self::Sgln => &[Scheme::Sgln96, Scheme::Sgln195],
            Self::Grai => &[Scheme::Grai96, Scheme::Grai170],
            Self::Giai => &[Scheme::Giai96, Scheme::Giai202],
            Self::Gsrn => &[Scheme::Gsrn96],
            Self::Gsrnp => &[Scheme::Gsrnp96],
            // GDTI-113 is deprecated: it is read, and written only when asked for by name.
            Self::Gdti => &[Scheme::Gdti96, Scheme::Gdti174],
            Self::Sgcn => &[Scheme::Sgcn96],
            Self::Itip => &[Scheme::Itip110, Scheme::Itip212],
            Self::Cpi => &[Scheme::Cpi96, Scheme::CpiVar],
            Self::Gid => &[Scheme::Gid96],
            Self::Usdod => &[Scheme::Usdod96],
            Self::Adi => &[Scheme::AdiVar],
        }
    }

    /// The `+` scheme of the family, if the standard has one.
    pub const fn plus_scheme(self) -> Option<Scheme> {
        Some(match self {
            Self::Sgtin => Scheme::SgtinPlus,
            Self::Sscc => Scheme::SsccPlus,
            Self::Sgln => Scheme::SglnPlus,
            Self::Grai => Scheme::GraiPlus,
            Self::Giai => Scheme::GiaiPlus,
            Self::Gsrn => Scheme::GsrnPlus,
            Self::Gsrnp => Scheme::GsrnpPlus,
            Self::Gdti => Scheme::GdtiPlus,
            Self::Sgcn => Scheme::SgcnPlus,
            Self::Itip => Scheme::ItipPlus,
            Self::Cpi => Scheme::CpiPlus,
            Self::Gid | Self::Usdod | Self::Adi => return None,
        })
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

macro_rules! schemes {
    ($($(#[$doc:meta])* $variant:ident = $header:literal, $name:literal, $family:ident;)*) => {
        /// A binary coding scheme (TDS table 14-1). The discriminant is the header byte.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Scheme {
            $($(#[$doc])* $variant = $header,)*
        }

        impl Scheme {
            /// Every scheme, in the order of the headers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The scheme of a header byte, if it is one this crate reads.
            pub const fn from_header(header: u8) -> Option<Self> {
                match header {
                    $($header => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The name in a tag URI (`sgtin-96`), or of the scheme itself where there is no tag URI (`sgtin+`).
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What the scheme identifies.
            pub const fn family(self) -> Family {
                match self { $(Self::$variant => Family::$family,)* }
            }
        }

        impl FromStr for Scheme {
            type Err = EpcError;

            fn from_str(name: &str) -> Result<Self, EpcError> {
                match name {
                    $($name => Ok(Self::$variant),)*
                    _ => Err(EpcError::UnknownScheme),
                }
            }
        }
    };
}

schemes! {
    /// GDTI, 96 bits: integer serial below 2^41.
    Gdti96 = 0x2C, "gdti-96", Gdti;
    /// GSRN of a recipient, 96 bits.
    Gsrn96 = 0x2D, "gsrn-96", Gsrn;
    /// GSRN of a provider, 96 bits.
    Gsrnp96 = 0x2E, "gsrnp-96", Gsrnp;
    /// Department of Defense, 96 bits.
    Usdod96 = 0x2F, "usdod-96", Usdod;
    /// SGTIN, 96 bits: integer serial below 2^38.
    Sgtin96 = 0x30, "sgtin-96", Sgtin;
    /// SSCC, 96 bits.
    Sscc96 = 0x31, "sscc-96", Sscc;
    /// SGLN, 96 bits: integer extension below 2^41.
    Sgln96 = 0x32, "sgln-96", Sgln;
    /// GRAI, 96 bits: integer serial below 2^38.
    Grai96 = 0x33, "grai-96", Grai;
    /// GIAI, 96 bits: integer reference.
    Giai96 = 0x34, "giai-96", Giai;
    /// General identifier, 96 bits.
    Gid96 = 0x35, "gid-96", Gid;
    /// SGTIN, 198 bits: serial of up to 20 characters.
    Sgtin198 = 0x36, "sgtin-198", Sgtin;
    /// GRAI, 170 bits: serial of up to 16 characters.
    Grai170 = 0x37, "grai-170", Grai;
    /// GIAI, 202 bits: reference of up to 18 to 24 characters.
    Giai202 = 0x38, "giai-202", Giai;
    /// SGLN, 195 bits: extension of up to 20 characters.
    Sgln195 = 0x39, "sgln-195", Sgln;
    /// GDTI, 113 bits: serial of up to 17 digits with leading zeros. Deprecated since TDS 1.9.
    Gdti113 = 0x3A, "gdti-113", Gdti;
    /// Aerospace and Defense, variable length.
    AdiVar = 0x3B, "adi-var", Adi;
    /// CPI, 96 bits: integer reference and serial.
    Cpi96 = 0x3C, "cpi-96", Cpi;
    /// CPI, variable length.
    CpiVar = 0x3D, "cpi-var", Cpi;
    /// GDTI, 174 bits: serial of up to 17 characters.
    Gdti174 = 0x3E, "gdti-174", Gdti;
    /// SGCN, 96 bits: serial of up to 12 digits with leading zeros.
    Sgcn96 = 0x3F, "sgcn-96", Sgcn;
    /// ITIP, 110 bits: integer serial below 2^38.
    Itip110 = 0x40, "itip-110", Itip;
    /// ITIP, 212 bits: serial of up to 20 characters.
    Itip212 = 0x41, "itip-212", Itip;
    /// CPI of TDS 2.
    CpiPlus = 0xF0, "cpi+", Cpi;
    /// GRAI of TDS 2.
    GraiPlus = 0xF1, "grai+", Grai;
    /// SGLN of TDS 2.
    SglnPlus = 0xF2, "sgln+", Sgln;
    /// ITIP of TDS 2.
    ItipPlus = 0xF3, "itip+", Itip;
    /// GSRN of a recipient, of TDS 2.
    GsrnPlus = 0xF4, "gsrn+", Gsrn;
    /// GSRN of a provider, of TDS 2.
    GsrnpPlus = 0xF5, "gsrnp+", Gsrnp;
    /// GDTI of TDS 2.
    GdtiPlus = 0xF6, "gdti+", Gdti;
    /// SGTIN of TDS 2.
    SgtinPlus = 0xF7, "sgtin+", Sgtin;
    /// SGCN of TDS 2.
    SgcnPlus = 0xF8, "sgcn+", Sgcn;
    /// SSCC of TDS 2.
    SsccPlus = 0xF9, "sscc+", Sscc;
    /// GIAI of TDS 2.
    GiaiPlus = 0xFA, "giai+", Giai;
    /// SGTIN of TDS 2 with a date in front, for filtering by date over the air.
    DsgtinPlus = 0xFB, "dsgtin+", Sgtin;
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Scheme {
    /// The header: the first eight bits.
    pub const fn header(self) -> u8 {
        self as u8
    }

    /// Whether this is a `+` scheme of TDS 2: no company prefix length, and so neither tag URI nor pure identity URI.
    pub const fn is_plus(self) -> bool {
        self.header() >= 0xF0
    }

    /// The length in bits, where it is the same for every value.
    pub const fn fixed_bits(self) -> Option<usize> {
        Some(match self.shape() {
            Shape::Keyed { span, serial, .. } => 14 + span + (if matches!(self.family(), Family::Itip) { 14 } else { 0 }) + serial.bits(),
            Shape::Asset { text: false } | Shape::Part { text: false } | Shape::Gid | Shape::Usdod => 96,
            Shape::Asset { text: true } => 202,
            Shape::Plus { digits, serial: SerialCode::Reserved(_) } => 12 + 4 * digits,
            Shape::Part { text: true } | Shape::Adi | Shape::Plus { .. } | Shape::Delimited => return None,
        } as usize)
    }

    /// How many bits the filter value takes; 0 where the scheme has none.
    pub const fn filter_bits(self) -> u32 {
        match self {
            Self::Gid96 => 0,
            Self::Usdod96 => 4,
            Self::AdiVar => 6,
            _ => 3,
        }
    }

    pub(crate) const fn shape(self) -> Shape {
        use SerialCode::{Alphanumeric, Integer, Numeric, NumericString, Reserved, Text};
        match self {
            Self::Sgtin96 => Shape::Keyed { span: 44, digits: 1, serial: Integer(38) },
            Self::Sgtin198 => Shape::Keyed { span: 44, digits: 1, serial: Text(20) },
            Self::Sscc96 => Shape::Keyed { span: 58, digits: 5, serial: Reserved(24) },
            Self::Sgln96 => Shape::Keyed { span: 41, digits: 0, serial: Integer(41) },
            Self::Sgln195 => Shape::Keyed { span: 41, digits: 0, serial: Text(20) },
            Self::Grai96 => Shape::Keyed { span: 44, digits: 0, serial: Integer(38) },
            Self::Grai170 => Shape::Keyed { span: 44, digits: 0, serial: Text(16) },
            Self::Gsrn96 | Self::Gsrnp96 => Shape::Keyed { span: 58, digits: 5, serial: Reserved(24) },
            Self::Gdti96 => Shape::Keyed { span: 41, digits: 0, serial: Integer(41) },
            Self::Gdti113 => Shape::Keyed { span: 41, digits: 0, serial: NumericString(58) },
            Self::Gdti174 => Shape::Keyed { span: 41, digits: 0, serial: Text(17) },
            Self::Sgcn96 => Shape::Keyed { span: 41, digits: 0, serial: NumericString(41) },
            Self::Itip110 => Shape::Keyed { span: 44, digits: 1, serial: Integer(38) },
            Self::Itip212 => Shape::Keyed { span: 44, digits: 1, serial: Text(20) },
            Self::Giai96 => Shape::Asset { text: false },
            Self::Giai202 => Shape::Asset { text: true },
            Self::Cpi96 => Shape::Part { text: false },
            Self::CpiVar => Shape::Part { text: true },
            Self::Gid96 => Shape::Gid,
            Self::Usdod96 => Shape::Usdod,
            Self::AdiVar => Shape::Adi,
            Self::SgtinPlus | Self::DsgtinPlus => Shape::Plus { digits: 14, serial: Alphanumeric(20) },
            Self::SsccPlus | Self::GsrnPlus | Self::GsrnpPlus => Shape::Plus { digits: 18, serial: Reserved(0) },
            Self::SglnPlus => Shape::Plus { digits: 13, serial: Alphanumeric(20) },
            Self::GraiPlus => Shape::Plus { digits: 14, serial: Alphanumeric(16) },
            Self::GdtiPlus => Shape::Plus { digits: 13, serial: Alphanumeric(17) },
            Self::SgcnPlus => Shape::Plus { digits: 13, serial: Numeric(12) },
            Self::ItipPlus => Shape::Plus { digits: 18, serial: Alphanumeric(20) },
            Self::GiaiPlus | Self::CpiPlus => Shape::Delimited,
        }
    }
}

/// How the bits behind header and filter are laid out (TDS 14.6).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Partition, company prefix and reference (`span` bits together, `digits` + partition digits in the reference), then the serial.
    Keyed { span: u32, digits: u32, serial: SerialCode },
    /// GIAI: partition, company prefix, then all the rest is the asset's reference.
    Asset { text: bool },
    /// CPI: partition, company prefix, reference without padding, serial.
    Part { text: bool },
    /// GID-96: three integers.
    Gid,
    /// USDoD-96: six 8-bit characters and an integer.
    Usdod,
    /// ADI-var: CAGE or DoDAAC, part number, serial, all in 6-bit characters.
    Adi,
    /// `+`: toggle, (date,) a key of `digits` 4-bit digits, then the serial.
    Plus { digits: u32, serial: SerialCode },
    /// GIAI+ and CPI+: toggle, then digits up to a terminator or delimiter (TDS 14.5.5).
    Delimited,
}

/// How a serial number is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SerialCode {
    /// None: that many zero bits.
    Reserved(u32),
    /// An integer of that many bits (TDS 14.3.1).
    Integer(u32),
    /// That many 7-bit characters, filled up with zeros (TDS 14.3.2).
    Text(u32),
    /// Digits behind a leading 1, as an integer of that many bits (TDS 14.3.6).
    NumericString(u32),
    /// Up to that many characters behind encoding and length indicator (TDS 14.5.6).
    Alphanumeric(u32),
    /// Up to that many digits behind a 4-bit length indicator (TDS 14.5.13).
    Numeric(u32),
}

impl SerialCode {
    const fn bits(self) -> u32 {
        match self {
            Self::Reserved(bits) | Self::Integer(bits) | Self::NumericString(bits) => bits,
            Self::Text(characters) => 7 * characters,
            Self::Alphanumeric(_) | Self::Numeric(_) => 0,
        }
    }
}

/// Bits of the company prefix by partition value; the prefix has 12 − partition digits (TDS 14.3.3).
pub(crate) const PREFIX_BITS: [u32; 7] = [40, 37, 34, 30, 27, 24, 20];

/// Bits of company prefix and reference together in GIAI-96, GIAI-202 and CPI-96.
pub(crate) const ASSET_96_SPAN: u32 = 82;
pub(crate) const ASSET_202_SPAN: u32 = 188;
pub(crate) const PART_96_SPAN: u32 = 51;
/// Most characters of a reference in GIAI-202 and CPI-var with partition 0; one more for each step of the partition.
pub(crate) const REFERENCE_CHARACTERS: u32 = 18;
