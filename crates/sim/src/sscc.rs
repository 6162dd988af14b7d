//! Serial shipping container codes: what tags and labels of the simulated handling units bear.
//!
//! The EPC is an SSCC-96 (GS1 EPC Tag Data Standard, SSCC encoding scheme): header `0x31`, filter 6 (unit load), partition 5
//! (company prefix of 7 digits, serial reference of 10), 24 zero bits. The label is the SSCC-18 of the same number.

const HEADER: u128 = 0x31;
const UNIT_LOAD: u128 = 6;
const PARTITION: u128 = 5;
const PREFIX_LIMIT: u32 = 10_000_000;
/// Serial references have ten digits.
const SERIAL_LIMIT: u64 = 10_000_000_000;

/// One container's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sscc {
    /// GS1 company prefix, 7 digits.
    pub(crate) prefix: u32,
    /// Extension digit and serial reference together, 10 digits.
    pub(crate) serial: u64,
}

impl Sscc {
    /// The EPC, 24 upper-case hex digits.
    pub(crate) fn epc(self) -> String {
        let bits =
            (HEADER << 88) | (UNIT_LOAD << 85) | (PARTITION << 82) | (u128::from(self.prefix) << 58) | (u128::from(self.serial) << 24);
        format!("{bits:024X}")
    }

    /// The number on the label, 18 digits.
    pub(crate) fn label(self) -> String {
        let digits = self.digits();
        format!("{digits:017}{}", check_digit(digits))
    }

    /// Reads an EPC or a label; none if it is not such a code.
    pub(crate) fn parse(code: &str) -> Option<Self> {
        match code.len() {
            24 => Self::from_epc(u128::from_str_radix(code, 16).ok()?),
            18 if code.bytes().all(|byte| byte.is_ascii_digit()) => Self::from_label(code.parse().ok()?),
            _ => None,
        }
    }

    fn from_epc(bits: u128) -> Option<Self> {
        let prefix = ((bits >> 58) & 0xff_ffff) as u32;
        let serial = ((bits >> 24) & 0x3_ffff_ffff) as u64;
        let head_fits = bits >> 82 == (HEADER << 6) | (UNIT_LOAD << 3) | PARTITION;
        (head_fits && bits & 0xff_ffff == 0 && prefix < PREFIX_LIMIT && serial < SERIAL_LIMIT).then_some(Self { prefix, serial })
    }

    fn from_label(number: u64) -> Option<Self> {
        let digits = number / 10;
        let extension = digits / 10_u64.pow(16);
        let prefix = (digits / 10_u64.pow(9) % u64::from(PREFIX_LIMIT)) as u32;
        let sscc = Self { prefix, serial: extension * 10_u64.pow(9) + digits % 10_u64.pow(9) };
        (number % 10 == check_digit(digits)).then_some(sscc)
    }

    /// The 17 digits before the check digit: extension digit, company prefix, serial reference.
    fn digits(self) -> u64 {
        let (extension, rest) = (self.serial / 10_u64.pow(9), self.serial % 10_u64.pow(9));
        extension * 10_u64.pow(16) + u64::from(self.prefix) * 10_u64.pow(9) + rest
    }
}

/// GS1 General Specifications, 7.9: weights 3 and 1 in turn from the right.
fn check_digit(digits: u64) -> u64 {
    let (mut rest, mut sum, mut weight) = (digits, 0, 3);
    while rest > 0 {
        sum += weight * (rest % 10);
        weight = 4 - weight;
        rest /= 10;
    }
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_and_label_name_the_same_container() {
        for serial in [0, 1, 8_000_007, 9_999_999_999] {
            let sscc = Sscc { prefix: 6_901_234, serial };
            assert_eq!(sscc.epc().len(), 24);
            assert_eq!(Sscc::parse(&sscc.epc()), Some(sscc));
            assert_eq!(Sscc::parse(&sscc.epc().to_lowercase()), Some(sscc));
            assert_eq!(sscc.label().len(), 18);
            assert_eq!(Sscc::parse(&sscc.label()), Some(sscc));
        }
    }

    #[test]
    fn the_standards_example_is_met() {
        // urn:epc:id:sscc:0614141.1234567890 with filter 0 is 3114257BF4499602D2000000 in the standard; ours has filter 6.
        assert_eq!(Sscc { prefix: 614_141, serial: 1_234_567_890 }.epc(), "31D4257BF4499602D2000000");
        assert_eq!(Sscc { prefix: 614_141, serial: 1_234_567_890 }.label(), "106141412345678908");
    }

    #[test]
    fn other_codes_are_refused() {
        for code in ["", "1号", "3114257BF4499602D2000000", "106141412345678909", "00000000000000000000ZZZZ", "+10614141234567890"] {
            assert_eq!(Sscc::parse(code), None, "{code}");
        }
    }
}
