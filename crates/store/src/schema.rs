//! The tables, and how older ones are brought up to date.

use std::collections::BTreeSet;
use std::path::Path;

use pandian_domain::Code;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Row};

use crate::error::StoreError;

/// Every migration there ever was, in order; their count is the schema's version. Never change one that was released.
const MIGRATIONS: [&str; 2] = [include_str!("../migrations/0001_records.sql"), include_str!("../migrations/0002_records_of_stocktake.sql")];

/// The version this program reads and writes.
const CURRENT: usize = MIGRATIONS.len();

/// Brings the tables up to date. Each migration is one transaction with the version it leads to.
pub(crate) async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    migrate_to(connection, path, CURRENT).await
}

async fn migrate_to(connection: &mut SqliteConnection, path: &Path, target: usize) -> Result<(), StoreError> {
    let failed = |error| StoreError::database("bring up to date", path, error);
    sqlx::query("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)").execute(&mut *connection).await.map_err(failed)?;
    loop {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let version = version(&mut transaction).await.map_err(failed)?;
        refuse_newer(version, path)?;
        let Some(migration) = MIGRATIONS[..target].get(version) else { return Ok(()) };
        sqlx::raw_sql(*migration).execute(&mut *transaction).await.map_err(failed)?;
        sqlx::query("DELETE FROM schema_version").execute(&mut *transaction).await.map_err(failed)?;
        sqlx::query("INSERT INTO schema_version (version) VALUES ($1)")
            .bind(i64::try_from(version + 1).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
    }
}

/// Refuses tables that this program cannot read as they are.
pub(crate) async fn check(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let version = match version(connection).await {
        Ok(version) => version,
        Err(error) if error.as_database_error().is_some_and(|error| error.message().contains("no such table")) => {
            let message = format!("cannot read {}: it is a database, but not one of stocktakes", path.display());
            return Err(StoreError::damage(message));
        }
        Err(error) => return Err(StoreError::database("read", path, error)),
    };
    refuse_newer(version, path)?;
    if version < CURRENT {
        let found = parts(connection).await.map_err(|error| StoreError::database("read", path, error))?;
        if found != made_by(version, path).await? {
            return Err(StoreError::damage(format!("cannot read {}: its tables are not those of version {version}", path.display())));
        }
        let message = format!(
            "cannot read {}: its tables are of version {version}, older than {CURRENT}; a run brings them up to date",
            path.display()
        );
        return Err(StoreError::new(Code::StoreUnavailable, message));
    }
    Ok(())
}

/// A table, index, trigger or view, and how it was made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Part {
    pub(crate) kind: String,
    pub(crate) name: String,
    sql: String,
}

/// What the database consists of, but for what SQLite keeps for itself.
const PARTS: &str = "SELECT type, name, coalesce(sql, '') FROM sqlite_schema \
     WHERE NOT (type IN ('table', 'index') AND name LIKE 'sqlite\\_%' ESCAPE '\\')";

async fn parts(connection: &mut SqliteConnection) -> Result<BTreeSet<Part>, sqlx::Error> {
    let rows = sqlx::query(PARTS).fetch_all(connection).await?;
    rows.iter().map(|row| Ok(Part { kind: row.try_get(0)?, name: row.try_get(1)?, sql: row.try_get(2)? })).collect()
}

/// What the migrations up to a version make: found by making it, in memory.
async fn made_by(version: usize, path: &Path) -> Result<BTreeSet<Part>, StoreError> {
    let failed = |error| StoreError::database("compare the tables of", path, error);
    let mut memory = SqliteConnectOptions::new().filename(":memory:").disable_statement_logging().connect().await.map_err(failed)?;
    migrate_to(&mut memory, path, version).await?;
    parts(&mut memory).await.map_err(failed)
}

/// How the database differs from what this program made.
pub(crate) struct Difference {
    /// A part that is missing, or is not as it was made: a table rather than its indexes.
    pub(crate) missing: Option<Part>,
    /// One that somebody else added.
    pub(crate) added: Option<Part>,
}

/// Compares the tables, indexes, triggers and views with those of the current version.
pub(crate) async fn difference(connection: &mut SqliteConnection, path: &Path) -> Result<Difference, StoreError> {
    let made = made_by(CURRENT, path).await?;
    let found = parts(connection).await.map_err(|error| StoreError::database("read", path, error))?;
    Ok(Difference { missing: made.difference(&found).last().cloned(), added: found.difference(&made).next().cloned() })
}

/// The version of the tables; 0 before the first migration.
async fn version(connection: &mut SqliteConnection) -> Result<usize, sqlx::Error> {
    let version: Option<i64> = sqlx::query_scalar("SELECT MAX(version) FROM schema_version").fetch_one(connection).await?;
    Ok(usize::try_from(version.unwrap_or(0)).unwrap_or(usize::MAX))
}

fn refuse_newer(version: usize, path: &Path) -> Result<(), StoreError> {
    if version > CURRENT {
        let message = format!("cannot use {}: its tables are of version {version}, newer than this program's {CURRENT}", path.display());
        return Err(StoreError::new(Code::StoreUnavailable, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Access, Batch, Store, database, verify};
    use pandian_domain::{Fact, Record, StocktakeId};

    #[tokio::test]
    async fn tables_of_the_first_version_are_brought_up_to_date_with_their_rows() {
        let dir = tempfile::tempdir().unwrap();
        let id = StocktakeId::new("2026-01-02T03:04:05Z".parse().unwrap(), [7; 10]);
        let record = |fact| Record {
            at: "2026-01-02T03:04:05Z".parse().unwrap(),
            fact,
            stocktake: Some(id),
            stop: None,
            lane: None,
            crane: None,
            location: None,
            attempt: None,
        };
        let path = database::path(dir.path());
        let mut old = database::connect_for_writing(dir.path(), true).await.unwrap();
        migrate_to(&mut old, &path, 1).await.unwrap();
        let body = serde_json::to_string(&record(Fact::Paused {})).unwrap();
        let head = crate::Head::EMPTY.then(body.as_bytes());
        sqlx::query("INSERT INTO records (seq, stocktake, kind, key, body, hash) VALUES (1, $1, 'paused', NULL, $2, $3)")
            .bind(&id.as_bytes()[..])
            .bind(&body)
            .bind(&head.hash.0[..])
            .execute(&mut old)
            .await
            .unwrap();
        old.close().await.unwrap();

        let refused = Store::open(dir.path(), Access::Read).await.unwrap_err();
        assert!(refused.to_string().contains("version 1, older than 2"), "{refused}");
        let store = Store::open(dir.path(), Access::Write).await.unwrap();
        assert_eq!(*store.head().borrow(), head);
        let batch = Batch { records: vec![record(Fact::Resumed { configuration: None, stop_version: None })], reads: vec![] };
        assert_eq!(store.append(batch).await.unwrap(), 2);
        assert_eq!(store.records_of(id, &["paused", "resumed"]).all().await.unwrap().len(), 2);
        store.close().await.unwrap();
        let report = verify(dir.path(), Some(head.hash)).await.unwrap();
        assert_eq!((report.problem, report.since_expected), (None, Some(1)));
    }

    #[tokio::test]
    async fn tables_of_a_newer_version_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        Store::open(dir.path(), Access::Write).await.unwrap().close().await.unwrap();
        let mut newer = database::connect_for_writing(dir.path(), false).await.unwrap();
        sqlx::query("UPDATE schema_version SET version = 99").execute(&mut newer).await.unwrap();
        newer.close().await.unwrap();
        for access in [Access::Read, Access::Write] {
            let refused = Store::open(dir.path(), access).await.unwrap_err();
            assert_eq!(refused.code(), Code::StoreUnavailable);
            assert!(refused.to_string().contains("newer than this program's"), "{refused}");
        }
    }
}
