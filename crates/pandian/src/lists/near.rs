//! Names similar to one that does not exist.

use std::borrow::Cow;

use pandian_domain::Layout;

/// How many similar codes a message offers.
const MOST_OFFERED: usize = 3;

/// How many comparisons of codes one error is worth.
const MOST_COMPARED: usize = 2_000_000;

/// Location codes that may be meant by an unknown one: those that look the same, else those that differ by the fewest characters, one
/// or two of them. Compares every location, so that in a large warehouse only the first problems of an error (`nth`, from 0) get some.
pub(super) fn nearest<'a>(code: &str, layout: &'a Layout, nth: usize) -> Vec<&'a str> {
    if nth * layout.slots().len() > MOST_COMPARED {
        return Vec::new();
    }
    let most = tolerance(code);
    let mut by_distance = [Vec::new(), Vec::new(), Vec::new()];
    for slot in layout.slots() {
        let other = slot.code.as_str();
        let distance = if looks_of(other).eq(looks_of(code)) {
            0
        } else if !is_within(code, other, most) {
            continue;
        } else if is_within(code, other, 1) {
            1
        } else {
            2
        };
        if by_distance[distance].len() < MOST_OFFERED {
            by_distance[distance].push(other);
        }
    }
    by_distance.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
}

/// A code's characters without blanks, what cannot be seen, case and width.
fn looks_of(code: &str) -> impl Iterator<Item = char> {
    code.chars().filter(|c| !c.is_whitespace() && is_visible(*c)).map(|c| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c).to_ascii_uppercase(),
        _ => c.to_ascii_uppercase(),
    })
}

fn is_visible(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}')
}

/// The one of a few names that is most likely meant.
pub(crate) fn most_similar<'a>(name: &str, names: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    names.clone().find(|other| other.eq_ignore_ascii_case(name)).or_else(|| {
        (1..=tolerance(name)).find_map(|distance| names.clone().find(|other| !other.is_empty() && is_within(name, other, distance)))
    })
}

/// A text from outside as messages show it: shortened, control characters escaped.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 60;
    if text.chars().all(is_visible) && text.chars().nth(LONGEST).is_none() {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    for c in text.chars().take(LONGEST) {
        if is_visible(c) { shown.push(c) } else { shown.extend(c.escape_default()) }
    }
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    Cow::Owned(shown)
}

/// Two characters in a longer name, one in a short one, where two would make anything similar.
fn tolerance(name: &str) -> u32 {
    match name.chars().count() {
        0 | 1 => 0,
        2..=4 => 1,
        _ => 2,
    }
}

/// Whether at most `edits` steps lead from one text to the other: a character inserted, removed or replaced, two neighbours swapped.
fn is_within(a: &str, b: &str, edits: u32) -> bool {
    let (mut a, mut b) = (a.chars(), b.chars());
    loop {
        let (rest_a, rest_b) = (a.as_str(), b.as_str());
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(x), Some(y)) if x == y => {}
            _ if edits == 0 => return false,
            (Some(x), Some(y)) => {
                let (mut swapped_a, mut swapped_b) = (a.clone(), b.clone());
                let is_swapped = swapped_a.next() == Some(y) && swapped_b.next() == Some(x);
                return is_swapped && is_within(swapped_a.as_str(), swapped_b.as_str(), edits - 1)
                    || is_within(a.as_str(), b.as_str(), edits - 1)
                    || is_within(a.as_str(), rest_b, edits - 1)
                    || is_within(rest_a, b.as_str(), edits - 1);
            }
            (Some(_), None) => return a.count() < edits as usize,
            (None, Some(_)) => return b.count() < edits as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_characters_not_bytes() {
        assert!(is_within("1号", "8号", 1));
        assert!(is_within("1号", "1位", 1));
        assert!(is_within("A01-L-1", "A01-L-001", 2));
        assert!(!is_within("A01-L-1", "A01-L-001", 1));
        assert!(is_within("tset", "test", 1));
        assert!(is_within("abc", "", 3));
        assert!(!is_within("abc", "", 2));
    }

    #[test]
    fn the_most_similar_of_a_few_names_is_offered_and_nothing_far_fetched() {
        let names = ["timeout", "attempts", "url"];
        assert_eq!(most_similar("tiemout", names.into_iter()), Some("timeout"));
        assert_eq!(most_similar("URL", names.into_iter()), Some("url"));
        assert_eq!(most_similar("colour", names.into_iter()), None);
    }

    #[test]
    fn what_cannot_be_seen_is_escaped_and_what_is_long_is_cut() {
        assert_eq!(shown("1号"), "1号");
        assert_eq!(shown("a\u{200b}\tb"), "a\\u{200b}\\tb");
        assert_eq!(shown(&"x".repeat(80)).chars().count(), 61);
    }
}
