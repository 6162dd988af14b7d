//! Values of the configuration that bear their unit or their range.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use crate::lists::shown;

/// A measure above 0, written with its unit; kept in the unit of the International System.
macro_rules! measure {
    ($(#[$doc:meta])* $name:ident, $what:literal, most $most:literal, $pattern:literal, $example:literal, $($unit:literal = $factor:expr),+) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub(super) struct $name(pub(super) f64);

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let number = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
                let (number, unit) = text.split_at(number);
                let factor = match unit {
                    $($unit => Some($factor),)+
                    _ => None,
                };
                match (number.parse::<f64>(), factor) {
                    (Ok(number), Some(factor)) if number * factor > 0.0 && number * factor <= $most => Ok(Self(number * factor)),
                    (Ok(_), Some(_)) => Err(format!("\"{}\" is out of range: {} above 0 and up to {} is wanted", shown(text), $what, stringify!($most))),
                    _ => Err(format!("\"{}\": {}", shown(text), Self::WANTED)),
                }
            }
        }

        impl $name {
            const WANTED: &'static str = concat!("write ", $what, " with its unit, such as \"", $example, "\" (units: ", measure!(@list $($unit),+), ")");
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                text_or_advice(deserializer, Self::WANTED)?.parse().map_err(D::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "examples": [$example] })
            }
        }
    };
    (@list $first:literal $(, $unit:literal)*) => { concat!($first $(, ", ", $unit)*) };
}

measure!(
    /// A speed in metres per second: `160m/min`, `2.5m/s`.
    Speed, "a speed", most 50.0, r"^[0-9.]+m/(s|min)$", "160m/min", "m/s" = 1.0, "m/min" = 1.0 / 60.0
);
measure!(
    /// An acceleration in metres per second squared: `0.5m/s2`, `0.5m/s²`.
    Acceleration, "an acceleration", most 50.0, r"^[0-9.]+m/s[2²]$", "0.5m/s2", "m/s2" = 1.0, "m/s²" = 1.0
);

/// A text; anything else gets the advice how to write it.
fn text_or_advice<'de, D: Deserializer<'de>>(deserializer: D, advice: &'static str) -> Result<String, D::Error> {
    struct Text(&'static str);
    impl Visitor<'_> for Text {
        type Value = String;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }
        fn visit_i64<E: Error>(self, _: i64) -> Result<String, E> {
            Err(E::custom(self.0))
        }
        fn visit_f64<E: Error>(self, _: f64) -> Result<String, E> {
            Err(E::custom(self.0))
        }
    }
    deserializer.deserialize_any(Text(advice))
}

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count<const MIN: u32, const MAX: u32>(pub(super) u32);

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Count<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole<const MIN: u32, const MAX: u32>;
        impl<const MIN: u32, const MAX: u32> Visitor<'_> for Whole<MIN, MAX> {
            type Value = u32;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number from {MIN} to {MAX}")
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<u32, E> {
                u32::try_from(number)
                    .ok()
                    .filter(|number| (MIN..=MAX).contains(number))
                    .ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<u32, E> {
                Err(E::invalid_value(Unexpected::Unsigned(number), &self))
            }
        }
        deserializer.deserialize_any(Whole::<MIN, MAX>).map(Self)
    }
}

impl<const MIN: u32, const MAX: u32> JsonSchema for Count<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Count{MIN}To{MAX}").into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

/// Whole numbers of 1 to `MOST`, from the first to the last: `[3, 7]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span<const MOST: u32>(pub(super) RangeInclusive<u32>);

impl<const MOST: u32> Span<MOST> {
    /// The first and the last.
    pub(super) fn ends(&self) -> (u32, u32) {
        (*self.0.start(), *self.0.end())
    }
}

impl<'de, const MOST: u32> Deserialize<'de> for Span<MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let numbers = Vec::<Count<1, MOST>>::deserialize(deserializer)?;
        match numbers[..] {
            [Count(first), Count(last)] if first <= last => Ok(Self(first..=last)),
            [Count(first), Count(last)] => Err(D::Error::custom(format_args!("[{first}, {last}] ends before it begins"))),
            _ => {
                let message = format_args!("[first, last] is wanted, such as [3, 7], not a list of {}", numbers.len());
                Err(D::Error::custom(message))
            }
        }
    }
}

impl<const MOST: u32> JsonSchema for Span<MOST> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("SpanTo{MOST}").into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "integer", "minimum": 1, "maximum": MOST }, "minItems": 2, "maxItems": 2 })
    }
}

/// A text for people: 1 to 200 characters on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remark(pub(super) String);

impl<'de> Deserialize<'de> for Remark {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const WANTED: &str = "a text of 1 to 200 characters without control characters";
        let text = text_or_advice(deserializer, WANTED)?;
        if text.trim().is_empty() || text.chars().count() > 200 || text.contains(char::is_control) {
            return Err(D::Error::invalid_value(Unexpected::Str(&shown(&text)), &WANTED));
        }
        Ok(Self(text))
    }
}

impl JsonSchema for Remark {
    fn schema_name() -> Cow<'static, str> {
        "Remark".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": 200 })
    }
}

/// The name of an aisle, a crane, a dispatcher or a rail: 1 to 64 characters, no `/`, no control character, no blank at either end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Name(pub(super) String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const WANTED: &str = "a name of 1 to 64 characters without `/` and control characters, and without blanks at its ends";
        let text = text_or_advice(deserializer, WANTED)?;
        let fits = (1..=64).contains(&text.chars().count()) && text.trim() == text;
        if !fits || text.contains(|c: char| c == '/' || c.is_control()) {
            return Err(D::Error::invalid_value(Unexpected::Str(&shown(&text)), &WANTED));
        }
        Ok(Self(text))
    }
}

impl JsonSchema for Name {
    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": 64, "pattern": r"^[^/\u0000-\u001f]+$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_are_read_in_their_units() {
        assert_eq!("120m/min".parse(), Ok(Speed(2.0)));
        assert_eq!("0.5m/s²".parse(), Ok(Acceleration(0.5)));
    }

    #[test]
    fn a_wrong_unit_or_range_is_told_with_what_is_wanted() {
        let wanted = "\"5kg\": write a speed with its unit, such as \"160m/min\" (units: m/s, m/min)";
        assert_eq!("5kg".parse::<Speed>().unwrap_err(), wanted);
        for wrong in ["", "1.4", "-1m/s", "1 m/s", "m/s", "1e2m/s", "nanm/s"] {
            assert!(wrong.parse::<Speed>().unwrap_err().contains("write a speed"), "{wrong}");
        }
        for wrong in ["0m/s", "51m/s"] {
            assert!(wrong.parse::<Speed>().unwrap_err().contains("out of range"), "{wrong}");
        }
    }
}
