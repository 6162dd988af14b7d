//! Values of configuration files that bear their unit: durations, sizes and lengths.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A duration written with its unit: `500ms`, `2s`, `1m30s`, `1.5h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(pub Duration);

/// A number of bytes written with its unit: `512B`, `64KiB`, `4MiB`, `1MB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub usize);

/// A length in metres, above 0 and up to 1 km, written with its unit: `1.4m`, `140cm`, `1400mm`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Length(pub f64);

/// A text that is no [`Period`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write a duration with its unit, such as \"30s\" or \"500ms\" (units: ms, s, m, h)")]
pub struct NotAPeriod;

/// A text that is no [`ByteSize`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write a size with its unit, such as \"4MiB\" or \"64KiB\" (units: B, KiB, MiB, GiB, kB, MB, GB)")]
pub struct NotAByteSize;

/// A text that is no [`Length`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotALength {
    /// It is no number with a known unit.
    #[error("write a length with its unit, such as \"1.4m\" (units: m, cm, mm)")]
    NoUnit,
    /// It is too short or too long.
    #[error("out of range: a length above 0 and up to 1000m is wanted")]
    OutOfRange,
}

/// In metres; longer ones are slips.
const LONGEST_M: f64 = 1000.0;
/// The longest period: about 100 years. Longer ones are slips, and would overflow deadlines.
const LONGEST_MS: f64 = 100.0 * 366.0 * 86_400_000.0;

impl Period {
    /// A period of so many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }
}

/// Splits `12.5ms…` into its number, its unit and the rest.
fn quantity(text: &str) -> Option<(f64, &str, &str)> {
    let number = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let rest = &text[number..];
    let unit = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    text[..number].parse().ok().map(|value| (value, &rest[..unit], &rest[unit..]))
}

impl FromStr for Period {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, NotAPeriod> {
        let mut rest = text;
        let mut millis = 0.0;
        let mut last_unit = f64::INFINITY;
        while !rest.is_empty() {
            let (value, unit, tail) = quantity(rest).ok_or(NotAPeriod)?;
            let unit = match unit {
                "ms" => 1.0,
                "s" => 1_000.0,
                "m" => 60_000.0,
                "h" => 3_600_000.0,
                _ => return Err(NotAPeriod),
            };
            // Units fall from left to right, so that `30s1m` or `5s5s` is seen to be a slip.
            if unit >= last_unit {
                return Err(NotAPeriod);
            }
            last_unit = unit;
            millis += value * unit;
            rest = tail;
        }
        if text.is_empty() || millis > LONGEST_MS {
            return Err(NotAPeriod);
        }
        Ok(Self(Duration::from_micros((millis * 1000.0).round() as u64)))
    }
}

impl FromStr for ByteSize {
    type Err = NotAByteSize;

    fn from_str(text: &str) -> Result<Self, NotAByteSize> {
        let (value, unit, rest) = quantity(text).ok_or(NotAByteSize)?;
        let unit = match unit {
            "B" => 1.0,
            "KiB" => 1024.0,
            "MiB" => 1024.0 * 1024.0,
            "GiB" => 1024.0 * 1024.0 * 1024.0,
            "kB" | "KB" => 1e3,
            "MB" => 1e6,
            "GB" => 1e9,
            _ => return Err(NotAByteSize),
        };
        let bytes = value * unit;
        if !rest.is_empty() || bytes > (1u64 << 40) as f64 || bytes.fract() != 0.0 {
            return Err(NotAByteSize);
        }
        Ok(Self(bytes as usize))
    }
}

impl FromStr for Length {
    type Err = NotALength;

    fn from_str(text: &str) -> Result<Self, NotALength> {
        let (value, unit, rest) = quantity(text).ok_or(NotALength::NoUnit)?;
        let unit = match unit {
            "m" => 1.0,
            "cm" => 0.01,
            "mm" => 0.001,
            _ => return Err(NotALength::NoUnit),
        };
        if !rest.is_empty() {
            return Err(NotALength::NoUnit);
        }
        let metres = value * unit;
        if metres > 0.0 && metres <= LONGEST_M { Ok(Self(metres)) } else { Err(NotALength::OutOfRange) }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        let (hours, minutes) = (micros / 3_600_000_000, micros / 60_000_000 % 60);
        let (seconds, millis) = (micros / 1_000_000 % 60, (micros % 1_000_000) as f64 / 1000.0);
        for (value, unit) in [(hours, "h"), (minutes, "m"), (seconds, "s")] {
            if value > 0 {
                write!(f, "{value}{unit}")?;
            }
        }
        if millis > 0.0 || micros == 0 { write!(f, "{millis}ms") } else { Ok(()) }
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
            if self.0 >= unit && self.0.is_multiple_of(unit) {
                return write!(f, "{}{name}", self.0 / unit);
            }
        }
        write!(f, "{}B", self.0)
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}m", self.0)
    }
}

/// Serde and schema of a value that is a text with a unit; a bare number gets the advice that the text's own error gives.
macro_rules! text_with_unit {
    ($name:ident, $error:expr, $schema_name:literal, $pattern:literal, $examples:tt) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(f, "a text; {}", $error)
                    }
                    fn visit_str<E: Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(|error| E::custom(format_args!("\"{}\": {error}", crate::error::excerpt(text))))
                    }
                    fn visit_i64<E: Error>(self, _: i64) -> Result<$name, E> {
                        Err(E::custom($error))
                    }
                    fn visit_u64<E: Error>(self, _: u64) -> Result<$name, E> {
                        Err(E::custom($error))
                    }
                    fn visit_f64<E: Error>(self, _: f64) -> Result<$name, E> {
                        Err(E::custom($error))
                    }
                }
                deserializer.deserialize_any(Text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                $schema_name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "examples": $examples })
            }
        }
    };
}

text_with_unit!(Period, NotAPeriod, "Period", r"^([0-9.]+h)?([0-9.]+m)?([0-9.]+s)?([0-9.]+ms)?$", ["500ms", "2s", "1m30s"]);
text_with_unit!(ByteSize, NotAByteSize, "ByteSize", r"^[0-9.]+(B|KiB|MiB|GiB|kB|KB|MB|GB)$", ["64KiB", "4MiB"]);
text_with_unit!(Length, NotALength::NoUnit, "Length", r"^[0-9.]+(mm|cm|m)$", ["1.4m"]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_read_and_written_with_its_units() {
        for (text, millis) in [("500ms", 500), ("2s", 2_000), ("1m30s", 90_000), ("1h", 3_600_000), ("0s", 0)] {
            assert_eq!(text.parse::<Period>().unwrap(), Period::from_millis(millis), "{text}");
        }
        assert_eq!("1.5s".parse::<Period>().unwrap(), Period::from_millis(1_500));
        for text in ["500ms", "2s", "1m30s", "1h", "0ms", "1s500ms"] {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_period_says_how_to_write_one() {
        for text in ["", "30", "s", "30 s", "-1s", "1d", "30s1m", "5s5s", "1e3s", "..s", "１s", "99999999999h"] {
            assert_eq!(text.parse::<Period>(), Err(NotAPeriod), "{text}");
        }
        let error = toml::from_str::<std::collections::BTreeMap<String, Period>>("wait = 30").unwrap_err();
        assert!(error.message().contains(r#"write a duration with its unit, such as "30s" or "500ms""#), "{error}");
        let error = toml::from_str::<std::collections::BTreeMap<String, Period>>("wait = \"30\"").unwrap_err();
        assert!(error.message().contains(r#""30": write a duration"#), "{error}");
    }

    #[test]
    fn a_size_is_read_and_written_with_its_unit() {
        for (text, bytes) in [("0B", 0), ("64KiB", 65_536), ("4MiB", 4 << 20), ("1GiB", 1 << 30)] {
            assert_eq!(text.parse::<ByteSize>().unwrap(), ByteSize(bytes), "{text}");
            assert_eq!(ByteSize(bytes).to_string(), text);
        }
        assert_eq!("1.5kB".parse::<ByteSize>().unwrap(), ByteSize(1_500));
        for text in ["", "4", "4M", "4mib", "0.5B", "-4MiB", "4MiB4MiB", "9999GiB"] {
            assert_eq!(text.parse::<ByteSize>(), Err(NotAByteSize), "{text}");
        }
        let error = toml::from_str::<std::collections::BTreeMap<String, ByteSize>>("most = 4").unwrap_err();
        assert!(error.message().contains("write a size with its unit"), "{error}");
    }

    #[test]
    fn a_length_is_read_and_written_with_its_unit() {
        for (text, metres) in [("1.4m", 1.4), ("250cm", 2.5), ("500mm", 0.5), ("1000m", 1000.0)] {
            assert_eq!(text.parse::<Length>().unwrap(), Length(metres), "{text}");
        }
        assert_eq!(Length(1.4).to_string(), "1.4m");
        for text in ["", "1.4", "-1m", "1 m", "m", "1e2m", "nanm", "5kg", "1m50cm"] {
            assert_eq!(text.parse::<Length>(), Err(NotALength::NoUnit), "{text}");
        }
        for text in ["0m", "1001m"] {
            assert_eq!(text.parse::<Length>(), Err(NotALength::OutOfRange), "{text}");
        }
    }
}
