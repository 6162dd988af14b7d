//! A group of batches, serialised.

use pandian_domain::{Code, Fact};

use crate::chain::{Columns, digest};
use crate::error::StoreError;
use crate::journal::Batch;

/// A part of a group's bytes.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) begin: usize,
    pub(super) len: usize,
}

impl Span {
    pub(super) fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.begin..][..self.len]
    }

    /// Both numbers as one, as the statements take it: the length in the lower 32 bits. [`LARGEST`] keeps them small enough.
    pub(super) fn place(self) -> u64 {
        (self.begin as u64) << 32 | self.len as u64
    }
}

/// A record on its way into the database: serialised once, however often the commit is tried.
pub(super) struct Draft {
    pub(super) columns: Columns,
    /// In the group's records; the bytes before it are for its key and hash.
    pub(super) body: Span,
    /// Its list of tag reads, in the group's reads.
    pub(super) reads: Option<Span>,
}

/// How many bytes before a body are its record's key, and its hash.
const KEY: usize = 19;
pub(super) const HASH: usize = 32;
/// At most so many bytes of records, and of reads, a group: SQLite takes no bigger value.
const LARGEST: usize = 900 << 20;

/// What is committed together. The bytes of all its records lie in one place, as those of all its lists of tag reads do: they go to
/// SQLite as one value each, and are cut up there. Values one by one cost several times as much.
#[derive(Default)]
pub(crate) struct Group {
    /// Of each record its key (or nothing), its hash and its body.
    pub(super) records: Vec<u8>,
    pub(super) reads: Vec<u8>,
    pub(super) drafts: Vec<Draft>,
    /// For each batch, how many drafts there are up to its end.
    pub(super) ends: Vec<usize>,
}

impl Group {
    /// Serialises a batch. One that cannot be is left out.
    pub(crate) fn push(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let (records, reads, drafts) = (self.records.len(), self.reads.len(), self.drafts.len());
        let pushed = self.push_records(batch);
        if pushed.is_ok() {
            self.ends.push(self.drafts.len());
        } else {
            self.records.truncate(records);
            self.reads.truncate(reads);
            self.drafts.truncate(drafts);
        }
        pushed
    }

    fn push_records(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let lists: Vec<_> = batch.reads.iter().map(|bytes| (digest(bytes), bytes)).collect();
        for record in &batch.records {
            let columns = Columns::of(record);
            self.records.extend_from_slice(&columns.key().map_or([0; KEY], |key| key.0));
            self.records.extend_from_slice(&[0; HASH]);
            let begin = self.records.len();
            serde_json::to_writer(&mut self.records, record)
                .map_err(|error| StoreError::new(Code::Internal, format!("cannot write a record as JSON: {error}")))?;
            let body = Span { begin, len: self.records.len() - begin };
            let reads = match record.fact {
                Fact::InventoryDone { reads: Some(named), .. } => {
                    let list = lists.iter().find(|(address, _)| *address == named);
                    let missing =
                        || StoreError::new(Code::Internal, format!("cannot append a record without the tag reads {named} that it names"));
                    let bytes = list.ok_or_else(missing)?.1;
                    self.reads.extend_from_slice(bytes);
                    Some(Span { begin: self.reads.len() - bytes.len(), len: bytes.len() })
                }
                _ => None,
            };
            self.drafts.push(Draft { columns, body, reads });
        }
        if self.records.len().max(self.reads.len()) > LARGEST {
            return Err(StoreError::new(Code::Internal, format!("cannot append more than {LARGEST} bytes at once")));
        }
        Ok(())
    }
}
