//! One commit: a group of batches, chained and written in one transaction.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use pandian_domain::{Code, Digest, Record, RecordKey};
use sqlx::sqlite::{Sqlite, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, Row, Transaction};

use crate::chain::{Columns, Head, digest};
use crate::database;
use crate::error::StoreError;
use crate::schema;

/// A record on its way into the database: serialised once, however often the commit is tried.
pub(crate) struct Draft {
    columns: Columns,
    body: String,
}

impl Draft {
    pub(crate) fn of(record: &Record) -> Result<Self, StoreError> {
        let body = serde_json::to_string(record)
            .map_err(|error| StoreError::new(Code::Internal, format!("cannot write a record as JSON: {error}")))?;
        Ok(Self { columns: Columns::of(record), body })
    }
}

/// What is committed together.
#[derive(Default)]
pub(crate) struct Group {
    drafts: Vec<Draft>,
    /// For each batch, how many drafts there are up to its end.
    ends: Vec<usize>,
    reads: Vec<(Digest, Bytes)>,
}

impl Group {
    pub(crate) fn push(&mut self, drafts: Vec<Draft>, reads: Vec<Bytes>) {
        self.drafts.extend(drafts);
        self.ends.push(self.drafts.len());
        self.reads.extend(reads.into_iter().map(|bytes| (digest(&bytes), bytes)));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.drafts.is_empty() && self.reads.is_empty()
    }
}

/// A record with its place in the chain.
struct Link<'a> {
    at: Head,
    draft: &'a Draft,
}

/// A group, chained to a head.
struct Chained<'a> {
    links: Vec<Link<'a>>,
    committed: Committed,
}

/// What a commit led to.
#[derive(Debug, Clone)]
pub(crate) struct Committed {
    /// For each batch of the group, the number of its last record.
    pub(crate) seqs: Vec<u64>,
    /// The new end of the chain.
    pub(crate) head: Head,
}

/// Chains a group to a head. With `standing`, the numbers of keys that are taken, records whose key is among them are left out:
/// the first commit wins.
fn chain(mut head: Head, group: &Group, mut standing: Option<HashMap<RecordKey, u64>>) -> Chained<'_> {
    let mut links = Vec::with_capacity(group.drafts.len());
    let mut seqs = Vec::with_capacity(group.ends.len());
    let mut begin = 0;
    for &end in &group.ends {
        let mut last = head.seq;
        for draft in &group.drafts[begin..end] {
            if let (Some(standing), Some(key)) = (&mut standing, draft.columns.key) {
                if let Some(&seq) = standing.get(&key) {
                    last = seq;
                    continue;
                }
                standing.insert(key, head.seq + 1);
            }
            head = head.then(&draft.body);
            last = head.seq;
            links.push(Link { at: head, draft });
        }
        begin = end;
        seqs.push(last);
    }
    Chained { links, committed: Committed { seqs, head } }
}

/// Why a group was not written.
enum NotWritten {
    /// A key or a number is taken.
    Taken,
    /// The database failed.
    Failed(sqlx::Error),
}

impl From<sqlx::Error> for NotWritten {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(cause) if cause.is_unique_violation() => Self::Taken,
            _ => Self::Failed(error),
        }
    }
}

/// The one who writes: its connection and the end of the chain.
pub(crate) struct Writer {
    dir: PathBuf,
    path: PathBuf,
    /// None after a failure; the next commit opens a new one.
    connection: Option<SqliteConnection>,
    head: Head,
    /// What a commit that failed would have led to: a failed fsync can leave it in the log all the same.
    unsure: Option<Committed>,
}

impl Writer {
    /// Opens the database for writing, makes it if there is none, and brings its tables up to date.
    pub(crate) async fn open(dir: &Path) -> Result<Self, StoreError> {
        let path = database::path(dir);
        let mut connection = database::connect_for_writing(dir).await?;
        schema::migrate(&mut connection, &path).await?;
        let head = head(&mut connection).await.map_err(|error| StoreError::database("read", &path, error))?;
        Ok(Self { dir: dir.to_owned(), path, connection: Some(connection), head, unsure: None })
    }

    pub(crate) fn head(&self) -> Head {
        self.head
    }

    /// Writes a group. After a failure nothing of it is written, or all of it is and nobody knows yet: call again with the same group.
    pub(crate) async fn commit(&mut self, group: &Group) -> Result<Committed, StoreError> {
        let committed = self.try_commit(group).await;
        match &committed {
            Ok(committed) => self.head = committed.head,
            // Whatever state the connection is in, a new one is in none.
            Err(_) => self.disconnect().await,
        }
        committed
    }

    async fn try_commit(&mut self, group: &Group) -> Result<Committed, StoreError> {
        if self.connection.is_none()
            && let Some(committed) = self.reconnect().await?
        {
            return Ok(committed);
        }
        let Self { path, connection: Some(connection), head, unsure, .. } = self else {
            return Err(StoreError::lost("append records"));
        };
        let failed = |error| StoreError::database("append records to", path, error);
        let mut chained = chain(*head, group, None);
        let mut written = write(connection, &chained.links, &group.reads, unsure, &chained.committed).await;
        if let Err(NotWritten::Taken) = written {
            let standing = standing(connection, group).await.map_err(failed)?;
            chained = chain(*head, group, Some(standing));
            written = write(connection, &chained.links, &group.reads, unsure, &chained.committed).await;
        }
        match written {
            Ok(()) => Ok(chained.committed),
            Err(NotWritten::Failed(error)) => Err(failed(error)),
            // Not a key then, but a number: the chain did not end where this process left it.
            Err(NotWritten::Taken) => {
                let message = format!("cannot append records to {}: another program appended to it", path.display());
                Err(StoreError::new(Code::StoreUnavailable, message))
            }
        }
    }

    /// Opens a new connection, and finds out whether the commit that failed last is there after all.
    async fn reconnect(&mut self) -> Result<Option<Committed>, StoreError> {
        let mut connection = database::connect_for_writing(&self.dir).await?;
        let found = head(&mut connection).await.map_err(|error| StoreError::database("read", &self.path, error))?;
        let unsure = self.unsure.take_if(|unsure| unsure.head == found && found != self.head);
        if let Some(committed) = unsure {
            // Its fsync failed: only a copy in the database file proper, synced anew, is sure.
            let checkpointed = checkpoint(&mut connection).await;
            self.unsure = Some(committed.clone());
            return match checkpointed {
                Ok(true) => {
                    self.connection = Some(connection);
                    self.unsure = None;
                    Ok(Some(committed))
                }
                Ok(false) => {
                    let message = format!("cannot append records to {}: another program reads its log", self.path.display());
                    Err(StoreError::new(Code::DatabaseLocked, message))
                }
                Err(error) => Err(StoreError::database("append records to", &self.path, error)),
            };
        }
        self.head = found;
        self.connection = Some(connection);
        Ok(None)
    }

    async fn disconnect(&mut self) {
        if let Some(connection) = self.connection.take() {
            // Waits until the file is closed; what it says of that changes nothing.
            let _ = connection.close_hard().await;
        }
    }

    /// Copies the log into the database and closes it. A log that cannot be copied now (a full disk, a reader) is as durable as the
    /// database; the next opening copies it.
    pub(crate) async fn close(mut self) {
        if let Some(connection) = &mut self.connection {
            match checkpoint(connection).await {
                Ok(true) => {}
                Ok(false) => tracing::debug!(database = %self.path.display(), "the log stays: somebody reads it"),
                Err(error) => tracing::warn!(database = %self.path.display(), %error, "the log stays: it cannot be copied into the database"),
            }
        }
        self.disconnect().await;
    }
}

/// The end of the chain, as the database has it.
pub(crate) async fn head(connection: &mut SqliteConnection) -> Result<Head, sqlx::Error> {
    let row = sqlx::query("SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1").fetch_optional(connection).await?;
    row.map_or(Ok(Head::EMPTY), |row| Ok(Head { seq: number(row.try_get(0)?), hash: Digest(fixed(row.try_get(1)?)?) }))
}

/// A record's number; they begin at 1.
pub(crate) fn number(stored: i64) -> u64 {
    stored.unsigned_abs()
}

/// A blob that must have a certain length.
pub(crate) fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], sqlx::Error> {
    bytes.try_into().map_err(|_| sqlx::Error::Decode(format!("{} bytes are stored where {N} belong", bytes.len()).into()))
}

/// A number as SQL takes it. There are never as many records.
pub(crate) fn sql_number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Copies the log into the database; false when somebody still reads the log.
async fn checkpoint(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let busy: i64 = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(connection).await?.try_get(0)?;
    Ok(busy == 0)
}

/// One transaction. `unsure` remembers what it would lead to while that is open.
async fn write(
    connection: &mut SqliteConnection,
    links: &[Link<'_>],
    reads: &[(Digest, Bytes)],
    unsure: &mut Option<Committed>,
    committed: &Committed,
) -> Result<(), NotWritten> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    insert_reads(&mut transaction, reads).await?;
    if let Err(error) = insert_records(&mut transaction, links).await {
        // Only the connection that could roll back is of any further use.
        transaction.rollback().await?;
        return Err(error.into());
    }
    *unsure = Some(committed.clone());
    transaction.commit().await?;
    *unsure = None;
    Ok(())
}

/// Statements for a few fixed numbers of rows, biggest first: each is prepared once and used for good.
struct Insert {
    sizes: [(usize, Arc<str>); 3],
}

impl Insert {
    fn new(sizes: [usize; 3], begin: &str, columns: usize, end: &str) -> Self {
        let statement = |rows: usize| {
            let row = |row: usize| {
                let places: Vec<_> = (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
                format!("({})", places.join(", "))
            };
            let rows: Vec<_> = (0..rows).map(row).collect();
            format!("{begin} VALUES {}{end}", rows.join(", ")).into()
        };
        Self { sizes: sizes.map(|rows| (rows, statement(rows))) }
    }

    /// Cuts rows into parts for which there are statements.
    fn parts<'a, T>(&self, mut rows: &'a [T]) -> impl Iterator<Item = (AssertSqlSafe<Arc<str>>, &'a [T])> {
        std::iter::from_fn(move || {
            let (size, statement) = self.sizes.iter().find(|(size, _)| *size <= rows.len())?;
            let (part, rest) = rows.split_at(*size);
            rows = rest;
            // Made of constants only.
            Some((AssertSqlSafe(statement.clone()), part))
        })
    }
}

static INSERT_RECORDS: LazyLock<Insert> =
    LazyLock::new(|| Insert::new([64, 8, 1], "INSERT INTO records (seq, stocktake, kind, key, body, hash)", 6, ""));
static INSERT_READS: LazyLock<Insert> =
    LazyLock::new(|| Insert::new([32, 4, 1], "INSERT INTO reads (sha256, bytes)", 2, " ON CONFLICT (sha256) DO NOTHING"));

async fn insert_records(transaction: &mut Transaction<'_, Sqlite>, links: &[Link<'_>]) -> Result<(), sqlx::Error> {
    for (statement, part) in INSERT_RECORDS.parts(links) {
        let mut query = sqlx::query(statement);
        for Link { at, draft } in part {
            let Columns { stocktake, kind, key } = &draft.columns;
            query = query
                .bind(sql_number(at.seq))
                .bind(stocktake.as_ref().map(|id| &id[..]))
                .bind(*kind)
                .bind(key.as_ref().map(|key| &key.0[..]))
                .bind(draft.body.as_str())
                .bind(&at.hash.0[..]);
        }
        query.execute(&mut **transaction).await?;
    }
    Ok(())
}

async fn insert_reads(transaction: &mut Transaction<'_, Sqlite>, reads: &[(Digest, Bytes)]) -> Result<(), sqlx::Error> {
    for (statement, part) in INSERT_READS.parts(reads) {
        let mut query = sqlx::query(statement);
        for (sha256, bytes) in part {
            query = query.bind(&sha256.0[..]).bind(&bytes[..]);
        }
        query.execute(&mut **transaction).await?;
    }
    Ok(())
}

/// Which keys of a group are taken, and by which records.
async fn standing(connection: &mut SqliteConnection, group: &Group) -> Result<HashMap<RecordKey, u64>, sqlx::Error> {
    let mut standing = HashMap::new();
    for key in group.drafts.iter().filter_map(|draft| draft.columns.key) {
        let seq: Option<i64> =
            sqlx::query_scalar("SELECT seq FROM records WHERE key = $1").bind(&key.0[..]).fetch_optional(&mut *connection).await?;
        if let Some(seq) = seq {
            standing.insert(key, number(seq));
        }
    }
    Ok(standing)
}
