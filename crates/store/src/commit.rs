//! One commit: a group of batches, chained and written in one transaction.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use pandian_domain::{Code, Digest, RecordKey};
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Row};

use crate::chain::Head;
use crate::database;
use crate::error::StoreError;
use crate::schema;

mod group;
mod insert;

pub(crate) use group::Group;
use group::{Draft, HASH};
use insert::insert;

/// A record with its number.
struct Link<'a> {
    seq: u64,
    draft: &'a Draft,
}

/// A group, chained to a head.
struct Chained<'a> {
    links: Vec<Link<'a>>,
    records: &'a [u8],
    reads: &'a [u8],
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

/// Chains a group to a head and writes down the hashes. With `standing`, the numbers of keys that are taken, records whose key is among
/// them are left out: the first commit wins.
fn chain(mut head: Head, group: &mut Group, mut standing: Option<HashMap<RecordKey, u64>>) -> Chained<'_> {
    let Group { records, reads, drafts, ends } = group;
    let mut links = Vec::with_capacity(drafts.len());
    let mut seqs = Vec::with_capacity(ends.len());
    let mut begin = 0;
    for &mut end in ends {
        let mut last = head.seq;
        for draft in &drafts[begin..end] {
            if let (Some(standing), Some(key)) = (&mut standing, draft.columns.key()) {
                if let Some(&seq) = standing.get(&key) {
                    last = seq;
                    continue;
                }
                standing.insert(key, head.seq + 1);
            }
            head = head.then(draft.body.of(records));
            records[draft.body.begin - HASH..][..HASH].copy_from_slice(&head.hash.0);
            last = head.seq;
            links.push(Link { seq: last, draft });
        }
        begin = end;
        seqs.push(last);
    }
    Chained { links, records, reads, committed: Committed { seqs, head } }
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

/// A connection that writes.
struct Connected {
    connection: SqliteConnection,
    /// How many keys are among the recent ones.
    recent: u64,
}

impl Connected {
    async fn of(mut connection: SqliteConnection) -> Result<Self, sqlx::Error> {
        let recent: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM recent_keys").fetch_one(&mut connection).await?;
        Ok(Self { connection, recent: number(recent) })
    }
}

/// The one who writes: its connection and the end of the chain.
pub(crate) struct Writer {
    dir: PathBuf,
    path: PathBuf,
    /// None after a failure; the next commit opens a new one.
    connected: Option<Connected>,
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
        let failed = |error| StoreError::database("read", &path, error);
        let head = head(&mut connection).await.map_err(failed)?;
        let connected = Some(Connected::of(connection).await.map_err(failed)?);
        Ok(Self { dir: dir.to_owned(), path, connected, head, unsure: None })
    }

    pub(crate) fn head(&self) -> Head {
        self.head
    }

    /// Writes a group. After a failure nothing of it is written, or all of it is and nobody knows yet: call again with the same group.
    pub(crate) async fn commit(&mut self, group: &mut Group) -> Result<Committed, StoreError> {
        let committed = self.try_commit(group).await;
        match &committed {
            Ok(committed) => self.head = committed.head,
            // Whatever state the connection is in, a new one is in none.
            Err(_) => self.disconnect().await,
        }
        committed
    }

    async fn try_commit(&mut self, group: &mut Group) -> Result<Committed, StoreError> {
        if self.connected.is_none()
            && let Some(committed) = self.reconnect().await?
        {
            return Ok(committed);
        }
        let Self { path, connected: Some(connected), head, unsure, .. } = self else {
            return Err(StoreError::lost("append records"));
        };
        let failed = |error| StoreError::database("append records to", path, error);
        let chained = chain(*head, group, None);
        if chained.links.is_empty() {
            return Ok(chained.committed);
        }
        let mut written = write(connected, &chained, unsure).await;
        let mut committed = chained.committed;
        if let Err(NotWritten::Taken) = written {
            let standing = standing(&mut connected.connection, group).await.map_err(failed)?;
            let chained = chain(*head, group, Some(standing));
            written = write(connected, &chained, unsure).await;
            committed = chained.committed;
        }
        match written {
            Ok(()) => Ok(committed),
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
            self.connected = Some(Connected::of(connection).await.map_err(failed)?);
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
        self.connected = Some(Connected::of(connection).await.map_err(failed)?);
        Ok(Some(committed))
    }

    async fn disconnect(&mut self) {
        if let Some(Connected { connection, .. }) = self.connected.take() {
            // Waits until the file is closed; what it says of that changes nothing.
            let _ = connection.close().await;
        }
    }

    /// Copies the log into the database and closes it. A log that cannot be copied now (a full disk, a reader) is as durable as the
    /// database; the next opening copies it.
    pub(crate) async fn close(mut self) {
        if let Some(Connected { connection, .. }) = &mut self.connected {
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
async fn write(connected: &mut Connected, chained: &Chained<'_>, unsure: &mut Option<Committed>) -> Result<(), NotWritten> {
    let Connected { connection, recent } = connected;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let keys = match insert(&mut transaction, chained).await {
        Ok(keys) => keys,
        Err(NotWritten::Taken) => {
            transaction.rollback().await?;
            return Err(NotWritten::Taken);
        }
        // The connection is given up, and the transaction with it.
        Err(failed) => return Err(failed),
    };
    let mut gathered = *recent + keys;
    if gathered >= RECENT_KEYS {
        sqlx::query(SETTLE_KEYS).execute(&mut *transaction).await?;
        sqlx::query(FORGET_RECENT_KEYS).execute(&mut *transaction).await?;
        gathered = 0;
    }
    *unsure = Some(chained.committed.clone());
    transaction.commit().await?;
    *unsure = None;
    *recent = gathered;
    Ok(())
}

/// How many keys are gathered before they are moved: as many as a few dozen pages hold.
const RECENT_KEYS: u64 = 4096;

const SETTLE_KEYS: &str = "INSERT OR FAIL INTO keys (key, seq) SELECT key, seq FROM recent_keys ORDER BY key";
const FORGET_RECENT_KEYS: &str = "DELETE FROM recent_keys";

const SEQ_OF_KEY: &str = "SELECT seq FROM keys WHERE key = $1 UNION ALL SELECT seq FROM recent_keys WHERE key = $1";

/// Which keys of a group are taken, and by which records.
async fn standing(connection: &mut SqliteConnection, group: &Group) -> Result<HashMap<RecordKey, u64>, sqlx::Error> {
    let mut standing = HashMap::new();
    for key in group.drafts.iter().filter_map(|draft| draft.columns.key()) {
        let seq: Option<i64> = sqlx::query_scalar(SEQ_OF_KEY).bind(&key.0[..]).fetch_optional(&mut *connection).await?;
        if let Some(seq) = seq {
            standing.insert(key, number(seq));
        }
    }
    Ok(standing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Batch;
    use pandian_domain::{Fact, Record, StocktakeId};

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
            group.push(&Batch { records: vec![record(fact)], reads: vec![] }).unwrap();
        }
        group
    }

    #[tokio::test]
    async fn a_commit_that_failed_but_is_in_the_log_is_not_repeated() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(dir.path()).await.unwrap();
        let first = writer.commit(&mut group([Fact::Paused {}])).await.unwrap();
        let mut group = group([Fact::Resumed { configuration: None, stop_version: None }, Fact::Paused {}]);
        let committed = writer.commit(&mut group).await.unwrap();
        assert_eq!(committed.seqs, [2, 3]);
        // As if the second commit had ended with a failed fsync.
        writer.disconnect().await;
        writer.head = first.head;
        writer.unsure = Some(committed.clone());
        assert_eq!(writer.commit(&mut group).await.unwrap().seqs, [2, 3]);
        assert_eq!(writer.head(), committed.head);
        // Without that memory nobody knows who wrote them.
        writer.disconnect().await;
        writer.head = first.head;
        writer.unsure = None;
        assert_eq!(writer.commit(&mut group).await.unwrap_err().code(), Code::StoreUnavailable);
    }
}
