//! The antennas of a reader, as they stand in the configuration.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use pandian_domain::Side;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Antennas by their numbers, from 1: at least one, none twice.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<u16>")]
pub struct AntennaList(Vec<u16>);

/// A list that is no [`AntennaList`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("antennas are numbers from 1, each once: [1, 2]")]
pub struct NotAntennas;

/// The antennas of both sides of the aisle, or of either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Antennas {
    /// The same for both.
    Both(AntennaList),
    /// `{ L = [1], R = [2] }`
    Each {
        /// Of the left side.
        left: AntennaList,
        /// Of the right side.
        right: AntennaList,
    },
}

impl AntennaList {
    /// The numbers.
    pub fn as_slice(&self) -> &[u16] {
        &self.0
    }
}

impl Antennas {
    /// Those of a side; of both where the side is not known.
    pub fn of(&self, side: Option<Side>) -> Vec<u16> {
        match (self, side) {
            (Self::Both(list), _) => list.0.clone(),
            (Self::Each { left, .. }, Some(Side::Left)) => left.0.clone(),
            (Self::Each { right, .. }, Some(Side::Right)) => right.0.clone(),
            (Self::Each { left, right }, None) => left.0.iter().chain(&right.0).copied().collect::<BTreeSet<_>>().into_iter().collect(),
        }
    }
}

impl TryFrom<Vec<u16>> for AntennaList {
    type Error = NotAntennas;

    fn try_from(list: Vec<u16>) -> Result<Self, NotAntennas> {
        let different: BTreeSet<u16> = list.iter().copied().collect();
        if list.is_empty() || different.len() != list.len() || different.contains(&0) { Err(NotAntennas) } else { Ok(Self(list)) }
    }
}

impl<'de> Deserialize<'de> for Antennas {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(non_snake_case, reason = "the letters of the sides")]
        struct Sides {
            L: AntennaList,
            R: AntennaList,
        }
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Antennas;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of antennas, or one for either side: { L = [1], R = [2] }")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Antennas, A::Error> {
                AntennaList::deserialize(SeqAccessDeserializer::new(list)).map(Antennas::Both)
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Antennas, A::Error> {
                let Sides { L: left, R: right } = Sides::deserialize(MapAccessDeserializer::new(table))?;
                Ok(Antennas::Each { left, right })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for AntennaList {
    fn schema_name() -> Cow<'static, str> {
        "AntennaList".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "integer", "minimum": 1, "maximum": 65535 }, "minItems": 1, "uniqueItems": true })
    }
}

impl JsonSchema for Antennas {
    fn schema_name() -> Cow<'static, str> {
        "Antennas".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let list = generator.subschema_for::<AntennaList>();
        json_schema!({ "anyOf": [
            list,
            { "type": "object", "properties": { "L": list, "R": list }, "required": ["L", "R"], "additionalProperties": false },
        ] })
    }
}
