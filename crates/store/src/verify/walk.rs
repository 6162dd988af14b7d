//! The walk along the chain, record by record.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use pandian_domain::{Digest, Fact, Record};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::{Note, Problem, diagnosis};
use crate::chain::{Columns, Head, digest, link};
use crate::commit::{fixed, number, sql_number};
use crate::error::StoreError;
use crate::evidence::{EvidenceFiles, hash_file, is_no_file};
use crate::schema::{self, Difference, Part};

/// Records a page.
pub(super) const PAGE: i64 = 512;
/// Pieces of evidence at a time.
const LISTS: usize = 64;
/// How many addresses that were in order are remembered, for evidence that many records name.
const REMEMBERED: usize = 1 << 16;
/// How many notes are made.
const NOTES: u64 = 100;

/// Why a walk ends early.
pub(super) enum Stop {
    Found(Problem),
    Sql(sqlx::Error),
    Failed(StoreError),
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Found(problem)
    }
}

/// A row as it stands in the table.
pub(super) struct Stored {
    pub(super) seq: i64,
    pub(super) stocktake: Option<Vec<u8>>,
    pub(super) kind: Option<Vec<u8>>,
    pub(super) key: Option<Vec<u8>>,
    pub(super) body: Vec<u8>,
    /// None when it is of another length.
    pub(super) hash: Option<Digest>,
}

impl Stored {
    fn of(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            seq: row.try_get(0)?,
            stocktake: row.try_get(1)?,
            kind: row.try_get(2)?,
            key: row.try_get(3)?,
            body: row.try_get(4)?,
            hash: fixed(row.try_get(5)?).ok().map(Digest),
        })
    }
}

/// The rows after a number, in order.
pub(super) async fn rows_after(connection: &mut SqliteConnection, seq: i64, limit: i64) -> Result<Vec<Stored>, sqlx::Error> {
    let rows = sqlx::query("SELECT seq, stocktake, kind, key, body, hash FROM records WHERE seq > $1 ORDER BY seq LIMIT $2")
        .bind(seq)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(Stored::of).collect()
}

/// Evidence that a record names.
#[derive(Clone, Copy)]
struct Named {
    address: Digest,
    seq: u64,
    /// Whether it is a list of tag reads, and no file.
    reads: bool,
}

impl Named {
    fn by(record: &Record, seq: u64) -> impl Iterator<Item = Self> + use<> {
        let one = |address: Option<Digest>| address.into_iter().collect();
        let (addresses, reads): (Vec<Digest>, bool) = match &record.fact {
            Fact::InventoryDone { reads, .. } => (one(*reads), true),
            Fact::CaptureDone { picture, .. } => (one(*picture), false),
            Fact::BookImported { list, .. } => (vec![*list], false),
            Fact::ReferenceTaken { picture, .. } => (vec![*picture], false),
            Fact::Compared { sight: Some(sight), .. } => {
                let before = sight.change.as_ref().map(|change| change.before);
                (sight.references.iter().copied().chain(sight.mask).chain(before).collect(), false)
            }
            _ => (Vec::new(), false),
        };
        addresses.into_iter().map(move |address| Self { address, seq, reads })
    }
}

const NOT_FOUND_BY_KEY: &str = "SELECT seq FROM records WHERE seq BETWEEN $1 AND $2 AND key IS NOT NULL \
     AND NOT EXISTS (SELECT 1 FROM keys WHERE keys.key = records.key AND keys.seq = records.seq) \
     AND NOT EXISTS (SELECT 1 FROM recent_keys WHERE recent_keys.key = records.key AND recent_keys.seq = records.seq) LIMIT 1";
/// Of the keys, and of the tag reads: how many there are up to a number, and which lies furthest behind the last record. One statement,
/// so that no commit comes between.
const BESIDE_THE_RECORDS: &str = "WITH last AS (SELECT coalesce(max(seq), 0) AS seq FROM records), \
     leads AS (SELECT seq FROM keys UNION ALL SELECT seq FROM recent_keys) SELECT \
     (SELECT count(*) FROM leads WHERE seq <= $1), (SELECT max(seq) FROM leads WHERE seq > (SELECT seq FROM last)), \
     (SELECT count(*) FROM reads WHERE seq <= $1), (SELECT max(seq) FROM reads WHERE seq > (SELECT seq FROM last))";

/// How far it has come.
pub(super) struct Walk<'a> {
    pub(super) connection: SqliteConnection,
    path: &'a Path,
    files: EvidenceFiles,
    /// The last record that is in order.
    pub(super) head: Head,
    /// The expected head, and the number of the record that has it.
    pub(super) expected: Option<(Digest, Option<u64>)>,
    in_order: HashSet<Digest>,
    /// The first eight bytes of the addresses that were followed to files: enough to tell which file nobody names.
    named: HashSet<u64>,
    pub(super) files_seen: u64,
    pub(super) reads_seen: u64,
    keys_seen: u64,
}

impl<'a> Walk<'a> {
    pub(super) fn new(connection: SqliteConnection, path: &'a Path, files: EvidenceFiles, expected: Option<Digest>) -> Self {
        Self {
            connection,
            path,
            files,
            head: Head::EMPTY,
            expected: expected.map(|hash| (hash, None)),
            in_order: HashSet::new(),
            named: HashSet::new(),
            files_seen: 0,
            reads_seen: 0,
            keys_seen: 0,
        }
    }

    /// Goes to the end, or to the first problem.
    pub(super) async fn go(&mut self) -> Result<(), Stop> {
        let Difference { missing, added } = schema::difference(&mut self.connection, self.path).await.map_err(Stop::Failed)?;
        if let Some(Part { kind, name, .. }) = missing {
            let message = format!("the {kind} {name} is missing or is not as it was made");
            return Err(Problem::TablesAltered { message }.into());
        }
        // Rows with numbers below 1 are not passed over.
        let mut after = i64::MIN;
        loop {
            let rows = rows_after(&mut self.connection, after, PAGE).await?;
            let Some(last) = rows.last() else { break };
            after = last.seq;
            let mut named = Vec::new();
            let mut broken = None;
            for row in &rows {
                match self.step(row).await {
                    Ok(evidence) => named.extend(evidence),
                    Err(stop) => {
                        broken = Some(stop);
                        break;
                    }
                }
            }
            // What the records before the break name comes first.
            self.check_evidence(&named).await?;
            if let Some(stop) = broken {
                return Err(stop);
            }
            self.check_keys(&rows).await?;
        }
        if self.head == Head::EMPTY && self.files.any().map_err(Stop::Failed)? {
            return Err(Problem::AllLost { message: "there is evidence, but no record".into() }.into());
        }
        match &mut self.expected {
            Some((Digest::ZERO, found_at)) if self.head == Head::EMPTY => *found_at = Some(0),
            Some((expected, None)) => return Err(Problem::HeadNotFound { expected: *expected, records: self.head.seq }.into()),
            _ => {}
        }
        self.check_structure().await?;
        self.check_beside_the_records().await?;
        match added {
            Some(Part { kind, name, .. }) => Err(Problem::TablesAltered { message: format!("somebody added the {kind} {name}") }.into()),
            None => Ok(()),
        }
    }

    /// Checks one row against the chain so far, and gives the evidence that it names.
    async fn step(&mut self, row: &Stored) -> Result<impl Iterator<Item = Named> + use<>, Stop> {
        let seq = self.head.seq + 1;
        if row.seq < 1 {
            return Err(Problem::Added { number: row.seq }.into());
        }
        let hash = link(self.head.hash, seq, &row.body);
        if row.seq.unsigned_abs() != seq || row.hash != Some(hash) {
            return Err(diagnosis::of_break(&mut self.connection, self.head, row).await?.into());
        }
        let record: Record = serde_json::from_slice(&row.body).map_err(|error| {
            let message = format!("record {seq} cannot be understood: {error}");
            Problem::Damaged { after: self.head.seq, message }
        })?;
        let columns = Columns::of(&record);
        let part = if row.kind.as_deref() != columns.kind().map(str::as_bytes) {
            Some("column kind")
        } else if row.stocktake.as_deref() != columns.stocktake().as_ref().map(|id| &id[..]) {
            Some("column stocktake")
        } else if row.key.as_deref() != columns.key().as_ref().map(|key| &key.0[..]) {
            Some("column key")
        } else {
            None
        };
        if let Some(part) = part {
            return Err(Problem::Altered { seq, part }.into());
        }
        self.head = Head { seq, hash };
        self.keys_seen += u64::from(row.key.is_some());
        if let Some((expected, found_at)) = &mut self.expected
            && *expected == hash
        {
            *found_at = Some(seq);
        }
        Ok(Named::by(&record, seq))
    }

    /// Follows addresses to the tag reads and the files. Stops at the first, by record, that is wrong.
    async fn check_evidence(&mut self, named: &[Named]) -> Result<(), Stop> {
        for part in named.chunks(LISTS) {
            let found = digests_of_reads(&mut self.connection, part).await?;
            for &Named { address, seq, reads } in part {
                if reads {
                    match found.get(&seq) {
                        Some(found) if *found == address => self.reads_seen += 1,
                        Some(_) => return Err(Problem::EvidenceAltered { digest: address, seq }.into()),
                        None => return Err(Problem::EvidenceMissing { digest: address, seq }.into()),
                    }
                } else {
                    if !self.in_order.contains(&address) {
                        self.check_file(address, seq)?;
                        self.remember(address);
                    }
                    self.files_seen += 1;
                }
            }
        }
        Ok(())
    }

    fn check_file(&mut self, address: Digest, seq: u64) -> Result<(), Stop> {
        let path = self.files.path(address);
        match hash_file(&path) {
            Ok(Some(found)) if found == address => {
                self.named.insert(beginning(address));
                Ok(())
            }
            Ok(Some(_)) => Err(Problem::EvidenceAltered { digest: address, seq }.into()),
            Err(error) if is_no_file(&error) => Err(Problem::EvidenceAltered { digest: address, seq }.into()),
            Ok(None) => Err(Problem::EvidenceMissing { digest: address, seq }.into()),
            Err(error) => Err(Stop::Failed(StoreError::file("read evidence", &path, error))),
        }
    }

    fn remember(&mut self, address: Digest) {
        if self.in_order.len() >= REMEMBERED {
            self.in_order.clear();
        }
        self.in_order.insert(address);
    }

    /// A record whose key does not lead to it would not be found.
    async fn check_keys(&mut self, rows: &[Stored]) -> Result<(), Stop> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(()) };
        let lost: Option<i64> =
            sqlx::query_scalar(NOT_FOUND_BY_KEY).bind(first.seq).bind(last.seq).fetch_optional(&mut self.connection).await?;
        match lost {
            Some(seq) => Err(misfit(KEYS, format!("none leads to record {seq}"))),
            None => Ok(()),
        }
    }

    /// Has SQLite check its own pages and indexes.
    async fn check_structure(&mut self) -> Result<(), Stop> {
        let message: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut self.connection).await?;
        if message == "ok" { Ok(()) } else { Err(Problem::Damaged { after: self.head.seq, message }.into()) }
    }

    /// Looks for keys that lead nowhere and tag reads that no record names: what records that were cut off leave, or what was added.
    async fn check_beside_the_records(&mut self) -> Result<(), Stop> {
        let row = sqlx::query(BESIDE_THE_RECORDS).bind(sql_number(self.head.seq)).fetch_one(&mut self.connection).await?;
        // Every record is found by its key, and has its tag reads: any further ones are of no record.
        for (what, column, seen) in [(KEYS, 0, self.keys_seen), (TAG_READS, 2, self.reads_seen)] {
            let (many, beyond): (i64, Option<i64>) = (row.try_get(column)?, row.try_get(column + 1)?);
            if let Some(beyond) = beyond {
                return Err(misfit(what, format!("there are some of record {beyond}, which is not there")));
            }
            if number(many) != seen {
                return Err(misfit(what, format!("there are {many} for {seen} records")));
            }
        }
        Ok(())
    }

    /// What is odd and no problem, once the walk has come to the end.
    pub(super) fn notes(&self) -> Result<Vec<Note>, StoreError> {
        let (mut notes, mut more) = (Vec::new(), 0);
        self.files.each(|path, address| {
            if address.is_some_and(|address| self.named.contains(&beginning(address))) {
                return;
            }
            if notes.len() as u64 == NOTES { more += 1 } else { notes.push(Note::Unnamed(path)) }
        })?;
        if more > 0 {
            notes.push(Note::More(more));
        }
        Ok(notes)
    }
}

const KEYS: &str = "keys";
const TAG_READS: &str = "tag reads";

fn misfit(what: &'static str, message: String) -> Stop {
    Problem::Misfit { what, message }.into()
}

fn beginning(address: Digest) -> u64 {
    address.0.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// The digests of the tag reads that are on file for these records.
async fn digests_of_reads(connection: &mut SqliteConnection, named: &[Named]) -> Result<HashMap<u64, Digest>, sqlx::Error> {
    let mut of_records = named.iter().filter(|named| named.reads).map(|named| sql_number(named.seq));
    let Some(first) = of_records.next() else { return Ok(HashMap::new()) };
    let last = of_records.next_back().unwrap_or(first);
    let rows = sqlx::query("SELECT seq, bytes FROM reads WHERE seq BETWEEN $1 AND $2").bind(first).bind(last).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((number(row.try_get(0)?), digest(row.try_get(1)?)))).collect()
}
