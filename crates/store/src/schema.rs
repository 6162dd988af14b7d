//! The tables, and how older ones are brought up to date.

use std::path::Path;

use pandian_domain::Code;
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use crate::error::StoreError;

/// Every migration there ever was, in order; their count is the schema's version. Never change one that was released.
const MIGRATIONS: [&str; 2] =
    [include_str!("../migrations/0001_records.sql"), include_str!("../migrations/0002_records_of_stocktake.sql")];

/// The version this program reads and writes.
const CURRENT: usize = MIGRATIONS.len();

/// Brings the tables up to date. Each migration is one transaction with the version it leads to.
pub(crate) async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    migrate_to(connection, path, CURRENT).await
}

async fn migrate_to(connection: &mut SqliteConnection, path: &Path, target: usize) -> Result<(), StoreError> {
    let failed = |error| StoreError::database("bring up to date", path, error);
    sqlx::query("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
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
            return Err(StoreError::new(Code::StoreUnavailable, message));
        }
        Err(error) => return Err(StoreError::database("read", path, error)),
    };
    refuse_newer(version, path)?;
    if version < CURRENT {
        let message = format!("cannot read {}: its tables are of version {version}, older than {CURRENT}; a run brings them up to date", path.display());
        return Err(StoreError::new(Code::StoreUnavailable, message));
    }
    Ok(())
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
