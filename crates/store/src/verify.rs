//! Proves that nothing was altered, lost or moved, and names the first thing that was.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

use pandian_domain::{Code, Digest, Fact, Record};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection, Row};
use tokio::runtime::Handle;

use crate::chain::{Columns, Head, digest, link};
use crate::commit::{fixed, number, sql_number};
use crate::database::{self, Reading};
use crate::error::{StoreError, is_damage};
use crate::evidence::{EvidenceFiles, hash_file, is_no_file};
use crate::lock::Lock;
use crate::schema::{self, Difference, Part};

mod diagnosis;

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// How many records are in order: all of them, or those before the first problem.
    pub records: u64,
    /// The last of these.
    pub head: Head,
    /// How often a record names a picture, a mask or an imported list whose file is unaltered.
    pub files: u64,
    /// How often a record names a list of tag reads that is unaltered.
    pub reads: u64,
    /// With an expected head that is a link of the chain: how many records came after it.
    pub since_expected: Option<u64>,
    /// The first thing that is wrong.
    pub problem: Option<Problem>,
    /// What is odd, but wrongs no record. Looked for when there is no problem.
    pub notes: Vec<Note>,
}

/// What is wrong with a data directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A record, or a column that is derived from it, is not as it was committed.
    #[error("record {seq} was altered: its {part} does not fit")]
    Altered {
        /// Which.
        seq: u64,
        /// What does not fit.
        part: &'static str,
    },
    /// Records are missing, though later ones are there.
    #[error("records {first} to {last} are lost")]
    Lost {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// A record stands in another's place.
    #[error("record {seq} was moved: it stands at {found_at}")]
    Reordered {
        /// Which.
        seq: u64,
        /// Where it stands now.
        found_at: u64,
    },
    /// The chain is in order, but is not the one that had the expected head.
    #[error("the chain was rewritten or cut off: none of its {records} records has the hash {expected}")]
    HeadNotFound {
        /// The hash that was looked for.
        expected: Digest,
        /// How many records there are.
        records: u64,
    },
    /// Evidence that a record names is not there.
    #[error("evidence {digest} of record {seq} is missing")]
    EvidenceMissing {
        /// Its address.
        digest: Digest,
        /// The first record that names it.
        seq: u64,
    },
    /// Evidence that a record names has other bytes.
    #[error("evidence {digest} of record {seq} was altered")]
    EvidenceAltered {
        /// Its address.
        digest: Digest,
        /// The first record that names it.
        seq: u64,
    },
    /// There are no records any more, though there were some.
    #[error("all records are lost: {message}")]
    AllLost {
        /// How that shows.
        message: String,
    },
    /// A record has a number that none can have.
    #[error("a record was added: it is numbered {number}, and they begin at 1")]
    Added {
        /// Its number.
        number: i64,
    },
    /// A table or an index was dropped or changed, or something that the program did not make was added: a trigger, a view, a table.
    #[error("the tables were altered: {message}")]
    TablesAltered {
        /// What exactly.
        message: String,
    },
    /// The keys, by which records are found, or the tag reads do not belong to the records that are there.
    #[error("the {what} do not fit the records: {message}")]
    Misfit {
        /// Either "keys" or "tag reads".
        what: &'static str,
        /// What exactly.
        message: String,
    },
    /// The database cannot be read or understood from some point on.
    #[error("the database is damaged after record {after}: {message}")]
    Damaged {
        /// The last record that is in order.
        after: u64,
        /// What exactly.
        message: String,
    },
}

impl Problem {
    /// The kind of problem.
    pub fn code(&self) -> Code {
        match self {
            Self::EvidenceMissing { .. } | Self::EvidenceAltered { .. } => Code::EvidenceBroken,
            _ => Code::ChainBroken,
        }
    }
}

/// Something odd in the evidence folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A file that no record names: its record was never committed, or somebody put it there.
    Unnamed(PathBuf),
    /// So many more of them.
    More(u64),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unnamed(path) => write!(f, "no record names {}", path.display()),
            Self::More(many) => write!(f, "no record names {many} more files"),
        }
    }
}

/// Records a page.
const PAGE: i64 = 512;
/// Pieces of evidence at a time.
const LISTS: usize = 64;
/// How many addresses that were in order are remembered, for evidence that many records name.
const REMEMBERED: usize = 1 << 16;
/// How many notes are made.
const NOTES: u64 = 100;

/// Verifies a data directory: the chain, the columns derived from the records, all evidence that they name, and the structure of the
/// database. With `expected_head`, the hash that an earlier report gave, also that the chain was not rewritten or cut off since.
///
/// Changes nothing. Beside a process that writes it verifies what is there when it gets to the end; otherwise it keeps writers out
/// meanwhile. An error means that nothing could be verified for reasons outside the directory's files: there are none, they may not be
/// read, a lock is held, the disk fails, or the tables are of another version.
pub async fn verify(dir: &Path, expected_head: Option<Digest>) -> Result<VerifyReport, StoreError> {
    let dir = dir.to_owned();
    let runtime = Handle::current();
    let verified = runtime.clone().spawn_blocking(move || runtime.block_on(verify_blocking(&dir, expected_head)));
    verified.await.unwrap_or_else(|_| Err(StoreError::lost("verify the data directory")))
}

async fn verify_blocking(dir: &Path, expected_head: Option<Digest>) -> Result<VerifyReport, StoreError> {
    let lock = Lock::shared(dir)?;
    let files = EvidenceFiles::of(dir);
    let (reading, connection) = match Reading::find(dir, lock.is_some()).await {
        Ok(found) => found,
        Err(error) if error.is_damage() => return Ok(all_lost(error.to_string())),
        Err(_) if !database::is_there(dir) && files.any()? => return Ok(all_lost("there is evidence, but no database".into())),
        Err(error) => return Err(error),
    };
    let mut walk = Walk {
        connection,
        path: reading.path(),
        files,
        head: Head::EMPTY,
        expected: expected_head.map(|hash| (hash, None)),
        in_order: HashSet::new(),
        named: HashSet::new(),
        files_seen: 0,
        reads_seen: 0,
        keys_seen: 0,
    };
    let problem = match walk.go().await {
        Ok(()) => Ok(None),
        Err(Stop::Found(problem)) => Ok(Some(problem)),
        Err(Stop::Sql(error)) if is_damage(&error) => Ok(Some(Problem::Damaged { after: walk.head.seq, message: error.to_string() })),
        Err(Stop::Sql(error)) => Err(StoreError::database("read", reading.path(), error)),
        Err(Stop::Failed(error)) if error.is_damage() => Ok(Some(Problem::AllLost { message: error.to_string() })),
        Err(Stop::Failed(error)) => Err(error),
    };
    let notes = if matches!(problem, Ok(None)) { walk.notes() } else { Ok(Vec::new()) };
    let Walk { connection, head, expected, files_seen, reads_seen, .. } = walk;
    // Waits until the file is closed, before what reading made is removed and the lock released.
    let _ = connection.close().await;
    reading.leave_no_trace();
    drop(lock);
    Ok(VerifyReport {
        records: head.seq,
        head,
        files: files_seen,
        reads: reads_seen,
        since_expected: expected.and_then(|(_, found_at)| Some(head.seq - found_at?)),
        problem: problem?,
        notes: notes?,
    })
}

fn all_lost(message: String) -> VerifyReport {
    let problem = Some(Problem::AllLost { message });
    VerifyReport { records: 0, head: Head::EMPTY, files: 0, reads: 0, since_expected: None, problem, notes: Vec::new() }
}

/// Why a walk ends early.
enum Stop {
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
struct Stored {
    seq: i64,
    stocktake: Option<Vec<u8>>,
    kind: Option<Vec<u8>>,
    key: Option<Vec<u8>>,
    body: Vec<u8>,
    /// None when it is of another length.
    hash: Option<Digest>,
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
async fn rows_after(connection: &mut SqliteConnection, seq: i64, limit: i64) -> Result<Vec<Stored>, sqlx::Error> {
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

/// The walk along the chain.
struct Walk<'a> {
    connection: SqliteConnection,
    path: &'a Path,
    files: EvidenceFiles,
    /// The last record that is in order.
    head: Head,
    /// The expected head, and the number of the record that has it.
    expected: Option<(Digest, Option<u64>)>,
    in_order: HashSet<Digest>,
    /// The first eight bytes of the addresses that were followed to files: enough to tell which file nobody names.
    named: HashSet<u64>,
    files_seen: u64,
    reads_seen: u64,
    keys_seen: u64,
}

impl Walk<'_> {
    async fn go(&mut self) -> Result<(), Stop> {
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

    fn notes(&self) -> Result<Vec<Note>, StoreError> {
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
