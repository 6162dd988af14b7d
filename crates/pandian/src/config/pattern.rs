//! The pattern that names a grid's locations.

use std::borrow::Cow;
use std::fmt::Write;
use std::str::FromStr;

use pandian_domain::Place;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::lists::{most_similar, shown};

/// Text with placeholders: `{aisle}`, `{side}` (L or R), `{bay}`, `{level}`, `{depth}`; numbers may be padded with zeros (`{bay:03}`).
/// `{{` and `}}` are braces.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct CodePattern(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Axis(Axis, usize),
}

/// What a placeholder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axis {
    Aisle,
    Side,
    Bay,
    Level,
    Depth,
}

impl Axis {
    const ALL: [Self; 5] = [Self::Aisle, Self::Side, Self::Bay, Self::Level, Self::Depth];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Aisle => "aisle",
            Self::Side => "side",
            Self::Bay => "bay",
            Self::Level => "level",
            Self::Depth => "depth",
        }
    }
}

/// Most digits a number is padded to.
const MOST_DIGITS: usize = 12;

impl FromStr for CodePattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(behind) = rest.strip_prefix(brace) {
                plain.push_str(brace);
                rest = behind;
                continue;
            }
            let Some((inside, behind)) = rest.split_once('}').filter(|_| brace == "{") else {
                return Err("a brace without its partner; write {{ or }} for a brace itself".to_owned());
            };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(placeholder(inside)?);
            rest = behind;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }
}

fn placeholder(inside: &str) -> Result<Part, String> {
    let (name, padding) = inside.split_once(':').map_or((inside, None), |(name, padding)| (name, Some(padding)));
    let Some(axis) = Axis::ALL.into_iter().find(|axis| axis.name() == name) else {
        let meant = most_similar(name, Axis::ALL.iter().map(|axis| axis.name()))
            .map_or(String::new(), |name| format!("; did you mean {{{name}}}?"));
        return Err(format!(
            "there is no placeholder {{{}}}{meant} (allowed: {{aisle}}, {{side}}, {{bay}}, {{level}}, {{depth}})",
            shown(name)
        ));
    };
    let Some(padding) = padding else { return Ok(Part::Axis(axis, 0)) };
    let digits = padding.strip_prefix('0').and_then(|digits| digits.parse().ok()).filter(|digits| (1..=MOST_DIGITS).contains(digits));
    match (axis, digits) {
        (Axis::Aisle | Axis::Side, _) => Err(format!("{{{name}}} is no number and cannot be padded")),
        (_, Some(digits)) => Ok(Part::Axis(axis, digits)),
        (_, None) => Err(format!("\"{}\" is no padding; write {{{name}:03}} for three digits, at most {MOST_DIGITS}", shown(padding))),
    }
}

impl CodePattern {
    /// Whether a placeholder for the axis is there.
    pub(super) fn has(&self, axis: Axis) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Axis(of, _) if *of == axis))
    }

    /// Writes the code of a place into `code`, which is emptied before.
    pub(super) fn write(&self, aisle: &str, place: Place, code: &mut String) {
        code.clear();
        for part in &self.0 {
            let (number, digits) = match part {
                Part::Text(text) => {
                    code.push_str(text);
                    continue;
                }
                Part::Axis(Axis::Aisle, _) => {
                    code.push_str(aisle);
                    continue;
                }
                Part::Axis(Axis::Side, _) => {
                    code.push(place.side.letter());
                    continue;
                }
                Part::Axis(Axis::Bay, digits) => (place.bay, digits),
                Part::Axis(Axis::Level, digits) => (place.level, digits),
                Part::Axis(Axis::Depth, digits) => (u32::from(place.depth), digits),
            };
            let _ = write!(code, "{number:0digits$}", digits = *digits);
        }
    }
}

impl TryFrom<String> for CodePattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl JsonSchema for CodePattern {
    fn schema_name() -> Cow<'static, str> {
        "CodePattern".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["{aisle}-{side}-{bay:03}-{level:02}"] })
    }
}

#[cfg(test)]
mod tests {
    use pandian_domain::Side;

    use super::*;

    fn code(pattern: &str) -> Result<String, String> {
        let mut code = String::new();
        let place = Place { aisle: 0, side: Side::Left, bay: 12, level: 5, depth: 1 };
        pattern.parse::<CodePattern>()?.write("A01", place, &mut code);
        Ok(code)
    }

    #[test]
    fn placeholders_are_replaced_and_numbers_padded() {
        assert_eq!(code("{aisle}-{side}-{bay:03}-{level:02}").unwrap(), "A01-L-012-05");
        assert_eq!(code("{bay}号{{{depth}}}").unwrap(), "12号{1}");
    }

    #[test]
    fn a_wrong_pattern_says_what_is_wrong_with_it() {
        for (pattern, told) in [
            ("{bax}", "there is no placeholder {bax}; did you mean {bay}?"),
            ("{bay:3}", "write {bay:03}"),
            ("{bay:0}", "no padding"),
            ("{bay:099}", "at most 12"),
            ("{side:02}", "cannot be padded"),
            ("{bay", "without its partner"),
            ("bay}", "without its partner"),
        ] {
            let error = code(pattern).unwrap_err();
            assert!(error.contains(told), "{pattern}: {error}");
        }
    }
}
