//! When two texts of codes say the same.

/// Whether two texts are the same code as different readers and different books write it.
///
/// - GS1 group separators and blanks around it do not count, and neither do brackets around application identifiers.
/// - GTINs are the same with zeros in front (GS1 General Specifications, 3.3.2): UPC-A has 12 digits, EAN-13 has 13, ITF-14 has 14. So is the
///   GTIN that a UPC-E of 8 digits stands for (5.2.2.4.2), and one behind its application identifier 01.
/// - A Codabar's first and last letter, A to D, may be left out.
pub fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (bare(one), bare(other));
    one == other || is_same_gtin(&one, &other) || is_same_codabar(&one, &other)
}

const GROUP_SEPARATOR: char = '\u{1d}';

fn bare(text: &str) -> String {
    let text = text.trim();
    // Only an element string begins with a bracket and digits in it.
    let is_bracketed = text.strip_prefix('(').and_then(|rest| rest.split_once(')')).is_some_and(|(identifier, _)| are_digits(identifier));
    let is_mark = |character: char| character == GROUP_SEPARATOR || is_bracketed && matches!(character, '(' | ')');
    text.chars().filter(|&character| !is_mark(character)).collect()
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_same_gtin(one: &str, other: &str) -> bool {
    let gtin = |text: &str| match text.len() {
        _ if !are_digits(text) => None,
        8 => expanded(text),
        12..=14 => Some(text.trim_start_matches('0').to_owned()),
        16 => text.strip_prefix("01").map(|gtin| gtin.trim_start_matches('0').to_owned()),
        _ => None,
    };
    gtin(one).is_some_and(|one| gtin(other) == Some(one))
}

/// The GTIN of a UPC-E, without zeros in front: the digit before the last says where zeros were left out.
fn expanded(upc_e: &str) -> Option<String> {
    let (system, six, check) = (upc_e.get(..1)?, upc_e.get(1..7)?, upc_e.get(7..)?);
    if !matches!(system, "0" | "1") {
        return None;
    }
    let (five, last) = six.split_at(5);
    let body = match last {
        "0" | "1" | "2" => format!("{}{last}0000{}", &five[..2], &five[2..]),
        "3" => format!("{}00000{}", &five[..3], &five[3..]),
        "4" => format!("{}00000{}", &five[..4], &five[4..]),
        _ => format!("{five}0000{last}"),
    };
    Some(format!("{system}{body}{check}").trim_start_matches('0').to_owned())
}

fn is_same_codabar(one: &str, other: &str) -> bool {
    let inner = |text: &str| {
        let inner = text.strip_prefix(['A', 'B', 'C', 'D'])?.strip_suffix(['A', 'B', 'C', 'D'])?;
        let is_codabar = !inner.is_empty() && inner.bytes().all(|byte| byte.is_ascii_digit() || b"-$:/.+".contains(&byte));
        is_codabar.then(|| inner.to_owned())
    };
    inner(one).as_deref() == Some(other) || inner(other).as_deref() == Some(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gtin_is_the_same_however_many_zeros_are_in_front() {
        assert!(is_same("036000291452", "0036000291452") && is_same("0036000291452", "00036000291452"));
        assert!(!is_same("036000291452", "36000291452"), "11 digits are no GTIN");
        assert!(is_same("0104412345678909", "(01)04412345678909") && is_same("0104412345678909", "04412345678909"));
    }

    #[test]
    fn a_upc_e_is_the_gtin_it_stands_for() {
        // One for each way of leaving zeros out.
        for (short, long) in [
            ("01264904", "012000006494"),
            ("04252614", "042100005264"),
            ("01234531", "012300000451"),
            ("01234543", "012340000053"),
            ("01234572", "012345000072"),
        ] {
            assert!(is_same(short, long) && is_same(&format!("0{long}"), short), "{short} {long}");
            assert!(!is_same(short, "012345000089"), "{short}");
        }
        assert!(!is_same("96385074", "0000096385074"), "an EAN-8 does not begin with 0 or 1 here");
    }

    #[test]
    fn separators_blanks_around_and_brackets_do_not_count() {
        assert!(is_same("\u{1d}42095747\u{1d}9499907123456123456781", "420957479499907123456123456781"));
        assert!(is_same("A 1\r\n", "A 1") && !is_same("A 1", "A1"));
        assert!(is_same("(10)567(11)010101", "10567\u{1d}11010101") && !is_same("(a)", "a"));
    }

    #[test]
    fn codabar_is_the_same_without_its_frame() {
        assert!(is_same("A1234B", "1234") && is_same("1234", "C1234D") && !is_same("A1234B", "A1235B"));
        assert!(!is_same("ABCD", "BC"), "no digits, no Codabar");
    }
}
