//! The rows of a group. What one costs is mostly the way through the library; so there is a statement for all records of stops, one for
//! their keys and one for the tag reads, however many there are: each takes all bytes as one value and cuts them up itself.

use std::fmt::Write as _;

use sqlx::Transaction;
use sqlx::sqlite::Sqlite;

use super::group::{HASH, Span};
use super::{Chained, Link, NotWritten, sql_number};
use crate::chain::Columns;

// "OR FAIL" spares SQLite a copy of every page that a statement changes: what fails is rolled back as a whole.
const INSERT_OWN: &str = "INSERT OR FAIL INTO records (seq, stocktake, kind, hash, body) VALUES ($1, $2, $3, $4, $5)";
/// `$1`: the bytes of all records, each its key (19), its hash (32) and its body; `$2`: the places of the bodies, `value >> 32` being where
/// one begins, and the rest how long it is. (`substr` counts from 1.)
const INSERT_OF_STOPS: &str = "INSERT OR FAIL INTO records (seq, key, hash, body) \
     SELECT CAST(key AS INTEGER), substr($1, (value >> 32) - 50, 19), substr($1, (value >> 32) - 31, 32), \
     CAST(substr($1, (value >> 32) + 1, value & 0xffffffff) AS TEXT) FROM json_each($2)";
const INSERT_READS: &str = "INSERT OR FAIL INTO reads (seq, bytes) \
     SELECT CAST(key AS INTEGER), substr($1, (value >> 32) + 1, value & 0xffffffff) FROM json_each($2)";
/// `$1`: the number before the first of the new records. What is taken is left out.
const INSERT_KEYS: &str = "INSERT OR FAIL INTO recent_keys (key, seq) SELECT key, seq FROM records \
     WHERE seq > $1 AND key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM keys WHERE keys.key = records.key)";

/// The places of records or reads in a group's bytes, as `{"seq": place, …}`.
#[derive(Default)]
struct Places {
    json: String,
    many: u64,
}

impl Places {
    fn push(&mut self, seq: u64, span: Span) {
        let before = if self.many == 0 { '{' } else { ',' };
        // Writing to a string does not fail.
        let _ = write!(self.json, "{before}\"{seq}\":{}", span.place());
        self.many += 1;
    }

    fn into_json(mut self) -> String {
        self.json.push('}');
        self.json
    }
}

/// Inserts everything, and tells how many keys there were.
pub(super) async fn insert(transaction: &mut Transaction<'_, Sqlite>, chained: &Chained<'_>) -> Result<u64, NotWritten> {
    let Chained { links, records, reads, .. } = chained;
    let (mut of_stops, mut with_reads) = (Places::default(), Places::default());
    for Link { seq, draft } in links {
        match &draft.columns {
            Columns::Stop { .. } => of_stops.push(*seq, draft.body),
            Columns::Own { stocktake, kind } => {
                let hash = Span { begin: draft.body.begin - HASH, len: HASH };
                let body = std::str::from_utf8(draft.body.of(records)).map_err(|error| sqlx::Error::Encode(error.into()))?;
                sqlx::query(INSERT_OWN)
                    .bind(sql_number(*seq))
                    .bind(stocktake.as_ref().map(|id| &id[..]))
                    .bind(*kind)
                    .bind(hash.of(records))
                    .bind(body)
                    .execute(&mut **transaction)
                    .await?;
            }
        }
        if let Some(reads) = draft.reads {
            with_reads.push(*seq, reads);
        }
    }
    let keys = of_stops.many;
    if let (true, Some(first)) = (keys > 0, links.first()) {
        sqlx::query(INSERT_OF_STOPS).bind(*records).bind(of_stops.into_json()).execute(&mut **transaction).await?;
        let done = sqlx::query(INSERT_KEYS).bind(sql_number(first.seq - 1)).execute(&mut **transaction).await?;
        if done.rows_affected() < keys {
            return Err(NotWritten::Taken);
        }
    }
    if with_reads.many > 0 {
        sqlx::query(INSERT_READS).bind(*reads).bind(with_reads.into_json()).execute(&mut **transaction).await?;
    }
    Ok(keys)
}
