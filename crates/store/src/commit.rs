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
        let mut connection = database::connect_for_writing(dir, true).await?;
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
        if group.is_empty() {
            return Ok(chained.committed);
        }
        let mut written = write(connection, &chained.links, &group.reads, unsure, &chained.committed).await;
        if let Err(NotWritten::Taken) = written {
            let standing = standing(connection, group).await.map_err(failed)?;
            chained = chain(*head, group, Some(standing));
            written = write(connection, &chained.links, &group.reads, unsure, &chained.committed).await;
        }
        match written {
            Ok(()) => Ok(chained.committed),
            Err(NotWritten::Failed(error)) => Err(failed(error)),
            // Not a key then, but a number.
            Err(NotWritten::Taken) => Err(changed_beneath(path)),
        }
    }

    /// Opens a new connection, and finds out whether the commit that failed last is there after all.
    async fn reconnect(&mut self) -> Result<Option<Committed>, StoreError> {
        let mut connection = database::connect_for_writing(&self.dir, false).await?;
        let failed = |error| StoreError::database("append records to", &self.path, error);
        let found = head(&mut connection).await.map_err(failed)?;
        if found == self.head {
            self.connection = Some(connection);
            return Ok(None);
        }
        let Some(committed) = self.unsure.clone().filter(|unsure| unsure.head == found) else {
            return Err(changed_beneath(&self.path));
        };
        // Its fsync failed: only a copy in the database file proper, synced anew, is sure.
        if !checkpoint(&mut connection).await.map_err(failed)? {
            let message = format!("cannot append records to {}: another program reads its log", self.path.display());
            return Err(StoreError::new(Code::DatabaseLocked, message));
        }
        self.connection = Some(connection);
        Ok(Some(committed))
    }

    async fn disconnect(&mut self) {
        if let Some(connection) = self.connection.take() {
            // Waits until the file is closed; what it says of that changes nothing.
            let _ = connection.close().await;
        }
    }

    /// Copies the log into the database and closes it. A log that cannot be copied now (a full disk, a reader) is as durable as the
    /// database; the next opening copies it.
    pub(crate) async fn close(mut self) {
        if let Some(connection) = &mut self.connection {
            match checkpoint(connection).await {
                Ok(true) => {}
                Ok(false) => tracing::debug!(database = %self.path.display(), "the log stays: somebody reads it"),
                Err(error) => {
                    tracing::warn!(database = %self.path.display(), %error, "the log stays: it cannot be copied into the database")
                }
            }
        }
        self.disconnect().await;
    }
}

/// The chain does not end where this process, which holds the lock, left it.
fn changed_beneath(path: &Path) -> StoreError {
    let message = format!("cannot append records to {}: it was changed by another program", path.display());
    StoreError::new(Code::StoreUnavailable, message)
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
    match insert_records(&mut transaction, links).await.map_err(NotWritten::from) {
        Ok(()) => {}
        Err(NotWritten::Taken) => {
            transaction.rollback().await?;
            return Err(NotWritten::Taken);
        }
        // The connection is given up, and the transaction with it.
        Err(failed) => return Err(failed),
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
        // Places without numbers: SQLite takes numbered ones for names and looks each up in a list of all of them.
        let row = format!("({})", vec!["?"; columns].join(", "));
        let statement = |rows: usize| format!("{begin} VALUES {}{end}", vec![row.as_str(); rows].join(", ")).into();
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

#[cfg(test)]
mod tests {
    use super::*;
    use pandian_domain::{Fact, StocktakeId};

    fn group(facts: impl IntoIterator<Item = Fact>) -> Group {
        let record = |fact| Record {
            at: "2026-01-02T03:04:05Z".parse().unwrap(),
            fact,
            stocktake: Some(StocktakeId::from([7; 16])),
            stop: None,
            lane: None,
            crane: None,
            location: None,
            attempt: None,
        };
        let mut group = Group::default();
        for fact in facts {
            group.push(vec![Draft::of(&record(fact)).unwrap()], vec![Bytes::from("[]")]);
        }
        group
    }

    #[tokio::test]
    async fn a_commit_that_failed_but_is_in_the_log_is_not_repeated() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(dir.path()).await.unwrap();
        let first = writer.commit(&group([Fact::Paused {}])).await.unwrap();
        let group = group([Fact::Resumed {}, Fact::Paused {}]);
        let committed = writer.commit(&group).await.unwrap();
        assert_eq!(committed.seqs, [2, 3]);
        // As if the second commit had ended with a failed fsync.
        writer.disconnect().await;
        writer.head = first.head;
        writer.unsure = Some(committed.clone());
        assert_eq!(writer.commit(&group).await.unwrap().seqs, [2, 3]);
        assert_eq!(writer.head(), committed.head);
        // Without that memory nobody knows who wrote them.
        writer.disconnect().await;
        writer.head = first.head;
        writer.unsure = None;
        assert_eq!(writer.commit(&group).await.unwrap_err().code(), Code::StoreUnavailable);
    }

    #[test]
    fn rows_are_cut_into_parts_of_the_prepared_sizes() {
        let rows: Vec<u32> = (0..147).collect();
        let parts: Vec<_> = INSERT_RECORDS.parts(&rows).map(|(_, part)| part.len()).collect();
        assert_eq!(parts, [64, 64, 8, 8, 1, 1, 1]);
    }
}
