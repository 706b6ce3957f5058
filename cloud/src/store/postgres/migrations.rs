//! Bringing the tables up to date, however many processes start at once: a migration's row is its lease, and who finds it taken waits.

use tokio_postgres::Config;
use tokio_postgres::error::SqlState;

use crate::store::StoreError;
use crate::store::sql::SqlError;

use super::backend::Backend;
use super::writer::wait_for;

/// The migrations, oldest first; one that was released is never changed.
const MIGRATIONS: [&str; 1] = [include_str!("../../../migrations/postgres/V1__store.sql")];
/// How often one process tries: each failed try means that another process got a step further.
const ATTEMPTS: u32 = 50;

/// Brings the tables up to date.
pub fn run(config: &Config) -> Result<(), StoreError> {
    let backend = Backend::connect(config)?;
    let mut attempts = 0;
    loop {
        match bring_up_to_date(&backend) {
            Err(StoreError::Postgres(error)) if is_race(&error) && attempts < ATTEMPTS => {
                attempts += 1;
                backend.batch("ROLLBACK")?;
                wait_for(attempts);
            }
            done => return done,
        }
    }
}

fn bring_up_to_date(backend: &Backend) -> Result<(), StoreError> {
    backend
        .batch("CREATE TABLE IF NOT EXISTS migrations (version bigint PRIMARY KEY, hash bytea NOT NULL)")?;
    let known = backend.wait(async |client| {
        client
            .query("SELECT version, hash FROM migrations ORDER BY version", &[])
            .await
    })?;
    if known.len() > MIGRATIONS.len() {
        return Err(StoreError::Newer);
    }
    for (index, sql) in MIGRATIONS.iter().enumerate() {
        let hash = *blake3::hash(sql.as_bytes()).as_bytes();
        match known.get(index) {
            Some(row) if row.try_get::<_, &[u8]>(1).map_err(SqlError::from)? == hash.as_slice() => {}
            Some(_) => return Err(StoreError::Newer),
            None => apply(backend, index + 1, &hash, sql)?,
        }
    }
    Ok(())
}

fn apply(backend: &Backend, version: usize, hash: &[u8], sql: &str) -> Result<(), StoreError> {
    backend.batch("BEGIN")?;
    let version = i64::try_from(version).unwrap_or(i64::MAX);
    // Waits for whoever has begun the same one, and fails when they are through.
    backend.wait(async |client| {
        client
            .execute(
                "INSERT INTO migrations (version, hash) VALUES ($1, $2)",
                &[&version, &hash],
            )
            .await
    })?;
    backend.batch(sql)?;
    backend.batch("COMMIT")?;
    Ok(())
}

/// Two that make the same table, or apply the same migration: one of them hears it so.
fn is_race(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        [
            SqlState::UNIQUE_VIOLATION,
            SqlState::DUPLICATE_TABLE,
            SqlState::T_R_DEADLOCK_DETECTED,
        ]
        .contains(code)
    })
}
