//! References: pictures of empty slots that others are held against. Taken, numbered, and accepted or rejected by a person; none is ever
//! forgotten.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::ids::Digest;
use crate::location::LocationCode;
use crate::record::{Fact, Record};

/// What a reference shows empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// This location alone.
    Location(LocationCode),
    /// Any slot of that kind.
    Kind(Arc<str>),
}

/// The name of a reference: what it shows, in which light, and which one of these it is, from 1. Written `A01-L-001-01/day/2`, or
/// `kind:pallet/day/2`. A location's code that itself begins with `kind:` or `location:` is written behind a `location:`, so that every name
/// reads back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReferenceName {
    /// What it shows.
    pub subject: Subject,
    /// In which light.
    pub light: Arc<str>,
    /// Counted up with each picture of the same in the same light.
    pub version: u32,
}

/// A text that names no reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" names no reference: LOCATION/LIGHT/VERSION or kind:KIND/LIGHT/VERSION is wanted")]
pub struct NoReferenceName(String);

const KIND: &str = "kind:";
const LOCATION: &str = "location:";

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Location(location) => {
                let code = location.as_str();
                let is_plain = !code.is_empty() && ![KIND, LOCATION].iter().any(|prefix| code.starts_with(prefix));
                write!(f, "{}{code}", if is_plain { "" } else { LOCATION })
            }
            Self::Kind(kind) => write!(f, "{KIND}{kind}"),
        }
    }
}

impl fmt::Display for ReferenceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.subject, self.light, self.version)
    }
}

impl FromStr for ReferenceName {
    type Err = NoReferenceName;

    fn from_str(text: &str) -> Result<Self, NoReferenceName> {
        let mut parts = text.rsplitn(3, '/');
        let (version, light, subject) = (parts.next(), parts.next(), parts.next());
        let version = version.and_then(|version| version.parse().ok()).filter(|version| *version > 0);
        match (subject.filter(|subject| !subject.is_empty()), light.filter(|light| !light.is_empty()), version) {
            (Some(subject), Some(light), Some(version)) => {
                let subject = match subject.strip_prefix(KIND) {
                    Some(kind) => Subject::Kind(kind.into()),
                    None => Subject::Location(subject.strip_prefix(LOCATION).unwrap_or(subject).into()),
                };
                Ok(Self { subject, light: light.into(), version })
            }
            _ => Err(NoReferenceName(text.chars().take(200).collect())),
        }
    }
}

/// What became of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nobody has looked at it yet: pictures are not held against it.
    Taken,
    /// A person has accepted it.
    Accepted,
    /// A person has rejected it, before or after it was accepted.
    Rejected,
}

/// A reference on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// The picture.
    pub picture: Digest,
    /// Where it is from: a file, a camera.
    pub source: Arc<str>,
    /// When it was put on record.
    pub taken_at: Timestamp,
    /// What became of it.
    pub standing: Standing,
    /// Who decided that.
    pub by: Option<Arc<str>>,
    /// Why it was rejected.
    pub reason: Option<Arc<str>>,
    /// When that was decided.
    pub decided_at: Option<Timestamp>,
}

/// Every reference of a data directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References(BTreeMap<ReferenceName, Reference>);

/// A picture is held against no more of them.
pub const REFERENCES_AT_MOST: usize = 6;

impl References {
    /// The `type`s of the records that they are made of.
    pub const FACTS: [&str; 3] = ["reference_taken", "reference_accepted", "reference_rejected"];

    /// Takes one more record into account, in their order.
    pub fn apply(&mut self, record: &Record) {
        let mut decide = |name: &ReferenceName, standing, by: &Arc<str>, reason: Option<&Arc<str>>| {
            if let Some(known) = self.0.get_mut(name) {
                (known.standing, known.by, known.reason) = (standing, Some(by.clone()), reason.cloned());
                known.decided_at = Some(record.at);
            }
        };
        match &record.fact {
            Fact::ReferenceTaken { reference, picture, source, .. } => {
                let taken = Reference {
                    picture: *picture,
                    source: source.clone(),
                    taken_at: record.at,
                    standing: Standing::Taken,
                    by: None,
                    reason: None,
                    decided_at: None,
                };
                self.0.entry(reference.clone()).or_insert(taken);
            }
            Fact::ReferenceAccepted { reference, by } => decide(reference, Standing::Accepted, by, None),
            Fact::ReferenceRejected { reference, by, reason } => decide(reference, Standing::Rejected, by, Some(reason)),
            _ => {}
        }
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&ReferenceName, &Reference)> {
        self.0.iter()
    }

    /// One of them.
    pub fn get(&self, name: &ReferenceName) -> Option<&Reference> {
        self.0.get(name)
    }

    /// The name that the next picture of a subject in a light gets.
    pub fn next_name(&self, subject: Subject, light: Arc<str>) -> ReferenceName {
        let versions = self.0.keys().filter(|name| name.subject == subject && name.light == light).map(|name| name.version);
        ReferenceName { version: versions.max().unwrap_or(0).saturating_add(1), subject, light }
    }

    /// The pictures that one of a location is held against: of each light the newest that is accepted. Who took pictures of the location
    /// itself did so because it looks otherwise than its kind: then only those count. At most [`REFERENCES_AT_MOST`].
    pub fn in_use(&self, location: &LocationCode, kind: &str) -> Vec<Digest> {
        let accepted = |subject: Subject| -> Vec<Digest> {
            let first = ReferenceName { subject: subject.clone(), light: "".into(), version: 0 };
            let mut newest: BTreeMap<&str, Digest> = BTreeMap::new();
            // By version within a light, so that the newest comes last.
            for (name, reference) in self.0.range(first..).take_while(|(name, _)| name.subject == subject) {
                if reference.standing == Standing::Accepted {
                    newest.insert(&name.light, reference.picture);
                }
            }
            newest.into_values().take(REFERENCES_AT_MOST).collect()
        };
        let own = accepted(Subject::Location(location.clone()));
        if own.is_empty() { accepted(Subject::Kind(kind.into())) } else { own }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(fact: Fact) -> Record {
        Record {
            at: "2026-01-02T03:04:05Z".parse().unwrap(),
            fact,
            stocktake: None,
            stop: None,
            lane: None,
            crane: None,
            location: None,
            attempt: None,
        }
    }

    fn taken(references: &mut References, subject: Subject, light: &str, picture: u8) -> ReferenceName {
        let reference = references.next_name(subject, light.into());
        let (picture, source) = (Digest([picture; 32]), "file".into());
        references.apply(&record(Fact::ReferenceTaken {
            reference: reference.clone(),
            picture,
            bytes: 1,
            media_type: "image/jpeg".into(),
            source,
        }));
        reference
    }

    fn accept(references: &mut References, reference: &ReferenceName) {
        references.apply(&record(Fact::ReferenceAccepted { reference: reference.clone(), by: "li".into() }));
    }

    #[test]
    fn a_name_says_subject_light_and_version() {
        for text in ["1号/day/2", "A/01/L/day/1", "kind:pallet/night/17", "location:kind:pallet/day/1"] {
            assert_eq!(text.parse::<ReferenceName>().unwrap().to_string(), text);
        }
        let of_location: ReferenceName = "location:kind:pallet/day/1".parse().unwrap();
        assert_eq!(of_location.subject, Subject::Location("kind:pallet".into()));
        for text in ["", "x", "day/1", "/day/1", "1号/day/0", "1号/day/x", "1号//1"] {
            assert!(text.parse::<ReferenceName>().is_err(), "{text}");
        }
    }

    fn any_text() -> impl Strategy<Value = String> {
        let part = prop_oneof![Just("kind:".to_owned()), Just("location:".to_owned()), Just("/".to_owned()), ".{0,6}"];
        proptest::collection::vec(part, 0..4).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn names_read_back_whatever_locations_and_kinds_are_called(
            text in any_text(), is_kind: bool, light in "[^/]{1,6}", version in 1u32..,
        ) {
            let subject = if is_kind { Subject::Kind(text.into()) } else { Subject::Location(text.as_str().into()) };
            let name = ReferenceName { subject, light: light.into(), version };
            prop_assert_eq!(name.to_string().parse::<ReferenceName>(), Ok(name));
        }
    }

    #[test]
    fn only_accepted_pictures_are_used_and_of_each_light_the_newest() {
        let mut references = References::default();
        let pallet = || Subject::Kind("pallet".into());
        let first = taken(&mut references, pallet(), "day", 1);
        let second = taken(&mut references, pallet(), "day", 2);
        let night = taken(&mut references, pallet(), "night", 3);
        assert_eq!((first.version, second.version, night.version), (1, 2, 1));
        let used =
            |references: &References| references.in_use(&"1号".into(), "pallet").iter().map(|digest| digest.0[0]).collect::<Vec<_>>();
        assert_eq!(used(&references), [0u8; 0]);
        for reference in [&first, &second, &night] {
            accept(&mut references, reference);
        }
        assert_eq!(used(&references), [2, 3]);
        // A newer one that is rejected makes way for the one before, and stays on record.
        references.apply(&record(Fact::ReferenceRejected { reference: second.clone(), by: "li".into(), reason: "a box".into() }));
        assert_eq!(used(&references), [1, 3]);
        assert_eq!(references.get(&second).unwrap().standing, Standing::Rejected);
        let own = taken(&mut references, Subject::Location("1号".into()), "day", 9);
        accept(&mut references, &own);
        assert_eq!(used(&references), [9]);
        assert_eq!(references.in_use(&"2号".into(), "pallet").len(), 2);
    }
}
