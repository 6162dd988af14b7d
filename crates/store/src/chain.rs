//! The hash chain: each record's hash covers the record's body, its number, and the hash of the record before.

use pandian_domain::{Digest, Record, RecordKey};
use sha2::{Digest as _, Sha256};

/// SHA-256 of some bytes: their address in the evidence store.
pub fn digest(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// The end of a chain: number and hash of its last record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of the last record; 0 when there is none.
    pub seq: u64,
    /// Its hash; [`Digest::ZERO`] when there is none.
    pub hash: Digest,
}

impl Head {
    /// The head of a chain without records.
    pub const EMPTY: Self = Self { seq: 0, hash: Digest::ZERO };

    /// The head after one more record.
    pub(crate) fn then(self, body: &[u8]) -> Self {
        let seq = self.seq + 1;
        Self { seq, hash: link(self.hash, seq, body) }
    }
}

/// The hash of the record numbered `seq`: SHA-256 over the hash before it, `seq` as eight bytes (big-endian), and the body.
pub(crate) fn link(previous: Digest, seq: u64, body: &[u8]) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(previous.0);
    hasher.update(seq.to_be_bytes());
    hasher.update(body);
    Digest(hasher.finalize().into())
}

/// The columns that are derived from a record so that it can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Columns {
    /// A stop's record.
    Stop { key: RecordKey },
    /// Any other.
    Own { stocktake: Option<[u8; 16]>, kind: &'static str },
}

impl Columns {
    pub(crate) fn of(record: &Record) -> Self {
        match record.key() {
            Some(key) => Self::Stop { key },
            None => Self::Own { stocktake: record.stocktake.map(|id| *id.as_bytes()), kind: record.fact.type_name() },
        }
    }

    pub(crate) fn key(&self) -> Option<RecordKey> {
        match self {
            Self::Stop { key } => Some(*key),
            Self::Own { .. } => None,
        }
    }

    pub(crate) fn stocktake(&self) -> Option<[u8; 16]> {
        match self {
            Self::Stop { .. } => None,
            Self::Own { stocktake, .. } => *stocktake,
        }
    }

    pub(crate) fn kind(&self) -> Option<&'static str> {
        match self {
            Self::Stop { .. } => None,
            Self::Own { kind, .. } => Some(kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_the_documented_hash_so_that_others_can_recompute_it() {
        let mut bytes = vec![0; 32];
        bytes.extend(1_u64.to_be_bytes());
        bytes.extend(b"{}");
        let first = Head::EMPTY.then(b"{}");
        assert_eq!(first, Head { seq: 1, hash: digest(&bytes) });
        assert_ne!(first.then(b"{}").hash, first.hash);
    }
}
