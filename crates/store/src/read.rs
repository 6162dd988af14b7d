//! Reading beside the writer, a page at a time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use pandian_domain::history::StopHistory;
use pandian_domain::{Digest, Fact, Record, RecordKey, StocktakeId, StopId};
use sqlx::sqlite::{Sqlite, SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::chain::digest;
use crate::commit::{fixed, number, sql_number};
use crate::database::Reading;
use crate::error::StoreError;
use crate::evidence;

/// A record as it is on file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its number, from 1.
    pub seq: u64,
    /// The record as JSON, byte for byte as it was hashed.
    pub body: String,
    /// Its link of the chain.
    pub hash: Digest,
}

impl StoredRecord {
    /// The record itself.
    pub fn record(&self) -> Result<Record, StoreError> {
        serde_json::from_str(&self.body).map_err(|error| StoreError::body(self.seq, error))
    }

    fn of(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self { seq: number(row.try_get(0)?), body: row.try_get(1)?, hash: Digest(fixed(row.try_get(2)?)?) })
    }
}

/// A stocktake, by its first and its last record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StocktakeSummary {
    /// Which.
    pub id: StocktakeId,
    /// Its `stocktake_started`.
    pub started: StoredRecord,
    /// Its `stocktake_finished`, once it is.
    pub finished: Option<StoredRecord>,
}

/// At most so many connections read at the same time.
const CONNECTIONS: usize = 4;
/// Records a page; a page may be longer where a single stop has more.
const PAGE: i64 = 1024;
/// Records of the stocktake itself a page: some bear lists of thousands of locations.
const OWN_PAGE: i64 = 32;

/// Connections for reading. Not the library's pool: that one keeps time (acquiring, idling), and a paused clock would run on.
#[derive(Clone)]
pub(crate) struct Readers {
    reading: Arc<Reading>,
    idle: Arc<Mutex<Vec<SqliteConnection>>>,
    permits: Arc<Semaphore>,
    runtime: Handle,
}

impl Readers {
    pub(crate) fn new(reading: Reading, first: Option<SqliteConnection>, runtime: Handle) -> Self {
        Self {
            reading: Arc::new(reading),
            idle: Arc::new(Mutex::new(first.into_iter().collect())),
            permits: Arc::new(Semaphore::new(CONNECTIONS)),
            runtime,
        }
    }

    /// Reads on a blocking thread. A connection that failed is not used again.
    async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: AsyncFnOnce(&mut SqliteConnection) -> Result<T, ReadError> + Send + 'static,
    {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let Self { reading, idle, runtime, .. } = self.clone();
        let read = self.runtime.spawn_blocking(move || {
            let _permit = permit;
            runtime.block_on(async {
                let resting = lock(&idle).pop();
                let mut connection = match resting {
                    Some(connection) => connection,
                    None => reading.connect().await?,
                };
                let result = work(&mut connection).await;
                if !matches!(result, Err(ReadError::Database(_))) {
                    lock(&idle).push(connection);
                }
                result.map_err(|error| error.of(&reading))
            })
        });
        read.await.unwrap_or_else(|_| Err(StoreError::lost("read records")))
    }

    /// Closes what rests. Blocks.
    pub(crate) fn close(&self) {
        let resting = std::mem::take(&mut *lock(&self.idle));
        self.runtime.block_on(async {
            for connection in resting {
                // Nothing is lost with it.
                let _ = sqlx::Connection::close(connection).await;
            }
        });
    }

    pub(crate) async fn records_after(&self, seq: u64, limit: u32) -> Result<Vec<StoredRecord>, StoreError> {
        self.read(async move |connection| {
            let rows = sqlx::query(RECORDS_AFTER).bind(sql_number(seq)).bind(i64::from(limit)).fetch_all(connection).await?;
            Ok(rows.iter().map(StoredRecord::of).collect::<Result<_, _>>()?)
        })
        .await
    }

    pub(crate) async fn stocktakes(&self) -> Result<Vec<StocktakeSummary>, StoreError> {
        self.read(async move |connection| {
            let mut found = Vec::new();
            let mut last = Vec::new();
            // From one stocktake to the next by the index: however long each is.
            while let Some(row) = sqlx::query(NEXT_STOCKTAKE).bind(last.as_slice()).fetch_optional(&mut *connection).await? {
                let id: [u8; 16] = fixed(row.try_get(0)?)?;
                last = id.to_vec();
                let started = first_of(connection, FIRST_OF_KIND, &id, "stocktake_started").await?;
                let finished = first_of(connection, LAST_OF_KIND, &id, "stocktake_finished").await?;
                found.extend(started.map(|started| StocktakeSummary { id: id.into(), started, finished }));
            }
            Ok(found)
        })
        .await
    }

    /// The newest record of a kind.
    pub(crate) async fn last_of(&self, kind: &str) -> Result<Option<StoredRecord>, StoreError> {
        let kind = kind.to_owned();
        self.read(async move |connection| {
            let row = sqlx::query(LAST_OF).bind(&kind).fetch_optional(connection).await?;
            Ok(row.as_ref().map(StoredRecord::of).transpose()?)
        })
        .await
    }

    /// Every record of these kinds that belongs to no stocktake, in order.
    pub(crate) async fn all_of(&self, kinds: &'static [&'static str]) -> Result<Vec<StoredRecord>, StoreError> {
        self.read(async move |connection| {
            let mut query = QueryBuilder::new("SELECT seq, body, hash FROM records WHERE key IS NULL AND stocktake IS NULL AND kind IN (");
            let mut list = query.separated(", ");
            for kind in kinds {
                list.push_bind(*kind);
            }
            query.push(") ORDER BY seq");
            let rows = query.build().fetch_all(connection).await?;
            Ok(rows.iter().map(StoredRecord::of).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn own_page(&self, stocktake: StocktakeId, kinds: Arc<[String]>, after: u64) -> Result<Vec<StoredRecord>, StoreError> {
        self.read(async move |connection| {
            let mut query = own_records(stocktake, &kinds, after);
            let rows = query.build().fetch_all(connection).await?;
            Ok(rows.iter().map(StoredRecord::of).collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The whole stops among the next records by key, and the key to go on from.
    async fn history_page(&self, from: RecordKey, to: RecordKey) -> Result<(Vec<(StopId, StopHistory)>, Option<RecordKey>), StoreError> {
        self.read(async move |connection| {
            let mut limit = PAGE;
            loop {
                let rows = sqlx::query(RECORDS_BY_KEY).bind(&from.0[..]).bind(&to.0[..]).bind(limit).fetch_all(&mut *connection).await?;
                let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) == limit;
                let mut stops = by_stop(&rows)?;
                // The last stop may go on in the next page; unless it is the only one, it waits for that.
                let cut = if more { stops.pop() } else { None };
                if more && stops.is_empty() {
                    limit *= 2;
                    continue;
                }
                let next = cut.map(|stop| first_key(stop.id));
                return Ok((stops.into_iter().map(StopRecords::fold).collect::<Result<_, _>>()?, next));
            }
        })
        .await
    }

    pub(crate) async fn history(&self, stop: StopId) -> Result<StopHistory, StoreError> {
        let (stops, _) = self.history_page(first_key(stop), last_key(stop)).await?;
        Ok(stops.into_iter().next().map(|(_, history)| history).unwrap_or_default())
    }

    /// The list of tag reads of a stop.
    pub(crate) async fn reads_of(&self, stop: StopId) -> Result<Option<Bytes>, StoreError> {
        let (first, last) = (first_key(stop), last_key(stop));
        let found = self
            .read(async move |connection| {
                let rows = sqlx::query(RECORDS_BY_KEY).bind(&first.0[..]).bind(&last.0[..]).bind(-1).fetch_all(&mut *connection).await?;
                let records = by_stop(&rows)?.into_iter().flat_map(|stop| stop.records);
                let named = records.filter_map(|(seq, record)| match record.fact {
                    Fact::InventoryDone { reads, .. } => Some((seq, reads?)),
                    _ => None,
                });
                let Some((seq, address)) = named.min() else { return Ok(None) };
                let bytes: Option<Vec<u8>> = sqlx::query_scalar(READS).bind(sql_number(seq)).fetch_optional(connection).await?;
                Ok(bytes.map(|bytes| (address, bytes)))
            })
            .await?;
        match found {
            Some((address, bytes)) if digest(&bytes) != address => Err(evidence::altered(&address)),
            found => Ok(found.map(|(_, bytes)| Bytes::from(bytes))),
        }
    }
}

fn lock(idle: &Mutex<Vec<SqliteConnection>>) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

const RECORDS_AFTER: &str = "SELECT seq, body, hash FROM records WHERE seq > $1 ORDER BY seq LIMIT $2";
const NEXT_STOCKTAKE: &str = "SELECT stocktake FROM records WHERE key IS NULL AND stocktake > $1 ORDER BY stocktake LIMIT 1";
const FIRST_OF_KIND: &str = "SELECT seq, body, hash FROM records WHERE key IS NULL AND stocktake = $1 AND kind = $2 ORDER BY seq LIMIT 1";
const LAST_OF_KIND: &str =
    "SELECT seq, body, hash FROM records WHERE key IS NULL AND stocktake = $1 AND kind = $2 ORDER BY seq DESC LIMIT 1";
const LAST_OF: &str = "SELECT seq, body, hash FROM records WHERE key IS NULL AND stocktake IS NULL AND kind = $1 ORDER BY seq DESC LIMIT 1";
const READS: &str = "SELECT bytes FROM reads WHERE seq = $1";
const RECORDS_BY_KEY: &str = "SELECT found.seq, body, found.key FROM \
     (SELECT key, seq FROM keys WHERE key >= $1 AND key <= $2 UNION ALL SELECT key, seq FROM recent_keys WHERE key >= $1 AND key <= $2 \
     ORDER BY key LIMIT $3) AS found CROSS JOIN records ON records.seq = found.seq";

fn own_records(stocktake: StocktakeId, kinds: &[String], after: u64) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("SELECT seq, body, hash FROM records WHERE key IS NULL AND stocktake = ");
    query.push_bind(stocktake.as_bytes().to_vec()).push(" AND seq > ").push_bind(sql_number(after)).push(" AND kind IN (");
    let mut list = query.separated(", ");
    for kind in kinds {
        list.push_bind(kind.clone());
    }
    query.push(") ORDER BY seq LIMIT ").push_bind(OWN_PAGE);
    query
}

async fn first_of(
    connection: &mut SqliteConnection,
    query: &'static str,
    stocktake: &[u8; 16],
    kind: &str,
) -> Result<Option<StoredRecord>, sqlx::Error> {
    let row = sqlx::query(query).bind(&stocktake[..]).bind(kind).fetch_optional(connection).await?;
    row.as_ref().map(StoredRecord::of).transpose()
}

/// Why a read failed.
enum ReadError {
    Database(sqlx::Error),
    Body(StoreError),
}

impl ReadError {
    fn of(self, reading: &Reading) -> StoreError {
        match self {
            Self::Database(error) => StoreError::database("read", reading.path(), error),
            Self::Body(error) => error,
        }
    }
}

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// The records of one stop.
struct StopRecords {
    id: StopId,
    records: Vec<(u64, Record)>,
}

impl StopRecords {
    fn fold(mut self) -> Result<(StopId, StopHistory), ReadError> {
        // In the order in which they were committed, not that of their keys.
        self.records.sort_unstable_by_key(|(seq, _)| *seq);
        let mut history = StopHistory::default();
        for (seq, record) in &self.records {
            history.apply(*seq, record);
        }
        Ok((self.id, history))
    }
}

fn by_stop(rows: &[SqliteRow]) -> Result<Vec<StopRecords>, ReadError> {
    let mut stops: Vec<StopRecords> = Vec::new();
    for row in rows {
        let seq = number(row.try_get(0)?);
        let record = serde_json::from_str(row.try_get(1)?).map_err(|error| ReadError::Body(StoreError::body(seq, error)))?;
        let key: [u8; 19] = fixed(row.try_get(2)?)?;
        let id = StopId::from(fixed::<16>(&key[..16])?);
        match stops.last_mut() {
            Some(stop) if stop.id == id => stop.records.push((seq, record)),
            _ => stops.push(StopRecords { id, records: vec![(seq, record)] }),
        }
    }
    Ok(stops)
}

fn key(stop: StopId, rest: [u8; 3]) -> RecordKey {
    let mut key = [0; 19];
    key[..16].copy_from_slice(stop.as_bytes());
    key[16..].copy_from_slice(&rest);
    RecordKey(key)
}

fn first_key(stop: StopId) -> RecordKey {
    key(stop, [0; 3])
}

fn last_key(stop: StopId) -> RecordKey {
    key(stop, [0xff; 3])
}

/// A stocktake's own records, in order. Reads them a page at a time.
pub struct Records {
    readers: Readers,
    stocktake: StocktakeId,
    kinds: Arc<[String]>,
    page: VecDeque<StoredRecord>,
    after: u64,
    more: bool,
}

impl Records {
    pub(crate) fn new(readers: Readers, stocktake: StocktakeId, kinds: &[&str]) -> Self {
        let kinds = kinds.iter().map(|kind| String::from(*kind)).collect();
        Self { readers, stocktake, kinds, page: VecDeque::new(), after: 0, more: true }
    }

    /// The next one; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<StoredRecord>, StoreError> {
        if self.page.is_empty() && self.more {
            self.page = self.readers.own_page(self.stocktake, Arc::clone(&self.kinds), self.after).await?.into();
            self.more = i64::try_from(self.page.len()).is_ok_and(|many| many == OWN_PAGE);
            self.after = self.page.back().map_or(self.after, |last| last.seq);
        }
        Ok(self.page.pop_front())
    }

    /// All that are left, for kinds of which there are few.
    pub async fn all(mut self) -> Result<Vec<StoredRecord>, StoreError> {
        let mut all = Vec::new();
        while let Some(record) = self.next().await? {
            all.push(record);
        }
        Ok(all)
    }
}

/// The histories of a stocktake's stops, in the order of their numbers. Reads them a page at a time.
pub struct Histories {
    readers: Readers,
    page: VecDeque<(StopId, StopHistory)>,
    /// Where the next page begins, and where the last ends.
    next: Option<RecordKey>,
    last: RecordKey,
}

impl Histories {
    pub(crate) fn new(readers: Readers, stocktake: StocktakeId) -> Self {
        let (next, last) = (Some(first_key(stocktake.stop(0))), last_key(stocktake.stop(u32::MAX)));
        Self { readers, page: VecDeque::new(), next, last }
    }

    /// The next stop that has records, and what they say; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<(StopId, StopHistory)>, StoreError> {
        if self.page.is_empty()
            && let Some(from) = self.next
        {
            let (page, next) = self.readers.history_page(from, self.last).await?;
            (self.page, self.next) = (page.into(), next);
        }
        Ok(self.page.pop_front())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{database, schema};

    #[tokio::test]
    async fn no_query_passes_over_all_records() {
        let dir = tempfile::tempdir().unwrap();
        let mut connection = database::connect_for_writing(dir.path(), true).await.unwrap();
        schema::migrate(&mut connection, &database::path(dir.path())).await.unwrap();
        let own = own_records(StocktakeId::from([1; 16]), &["paused".into(), "resumed".into()], 0).into_sql();
        for query in [RECORDS_AFTER, NEXT_STOCKTAKE, FIRST_OF_KIND, LAST_OF_KIND, LAST_OF, READS, RECORDS_BY_KEY, own.as_str()] {
            let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {query}"));
            let steps = sqlx::query(explain).fetch_all(&mut connection).await.unwrap();
            let steps: Vec<String> = steps.iter().map(|step| step.get(3)).collect();
            let passes_over = |step: &String| step.starts_with("SCAN") && step != "SCAN found" || step.contains("TEMP");
            assert!(!steps.iter().any(passes_over) && steps.iter().any(|step| step.starts_with("SEARCH")), "{query}: {steps:?}");
        }
    }
}
