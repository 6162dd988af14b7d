//! Decimal digits and the check digit of GS1 keys.

/// 10 to the power of `exponent`; the greatest number there is where that does not fit.
pub(crate) const fn pow10(exponent: u32) -> u64 {
    10_u64.saturating_pow(exponent)
}

/// How many digits `value` has; 1 for zero.
pub(crate) fn count(value: u64) -> usize {
    value.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// Bits that hold every number of `digits` digits: ⌈digits · log₂ 10⌉ (TDS table B). Right up to 38 digits.
pub(crate) const fn bits_for(digits: u32) -> u32 {
    128 - (10_u128.saturating_pow(digits) - 1).leading_zeros()
}

/// The check digit for a key whose digits without it are `body` (GS1 General Specifications 7.9): weights 3, 1, 3, … from the right.
pub(crate) const fn check_digit(body: u64) -> u8 {
    let (mut rest, mut sum, mut weight) = (body, 0, 3);
    while rest > 0 {
        sum += rest % 10 * weight;
        rest /= 10;
        weight = 4 - weight;
    }
    ((10 - sum % 10) % 10) as u8
}

/// `body` with its check digit behind.
pub(crate) const fn with_check_digit(body: u64) -> u64 {
    body * 10 + check_digit(body) as u64
}

/// A run of ASCII digits as a number, if it is one, has at least one digit and fits.
pub(crate) fn parse(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_for_digits_are_those_of_table_b() {
        let table = [4, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40, 44, 47, 50, 54, 57, 60, 64, 67, 70, 74, 77, 80, 84, 87, 90, 94, 97, 100];
        for (digits, bits) in (1..).zip(table) {
            assert_eq!(bits_for(digits), bits, "{digits} digits");
        }
        assert_eq!(bits_for(38), 127);
    }

    #[test]
    fn check_digits_are_those_of_the_standard() {
        for (body, digit) in
            [(8_061_414_112_345, 8), (10_614_141_234_567_890, 8), (952_114_112_345, 4), (95_211_411_234_567_890, 6), (0, 0)]
        {
            assert_eq!(check_digit(body), digit, "{body}");
        }
    }

    #[test]
    fn digits_parse_only_if_they_fit() {
        assert_eq!(parse(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(parse(b"18446744073709551616"), None);
        assert_eq!(parse(b""), None);
        assert_eq!(parse(b"12a"), None);
    }
}
