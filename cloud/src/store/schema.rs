//! Of which version the tables of a store are; bringing them up to date is the engines', each with migrations of its own.

use usher_disk::DatabaseLocation;

use super::StoreError;
use super::location::StoreLocation;
use super::postgres::backend::Backend;
use super::postgres::server::Servers;
use super::sql::Sql;

/// Returns the number of the newest migration that the tables of a store have seen; 0 while there are none.
///
/// # Errors
///
/// [`StoreError`].
pub async fn version(location: &StoreLocation) -> Result<i64, StoreError> {
    let location = location.clone();
    let reading = tokio::task::spawn_blocking(move || match location {
        StoreLocation::File(file) if !file.exists() => Ok(0),
        StoreLocation::File(file) => {
            let connection = DatabaseLocation::File(file).open_from_outside()?;
            newest(&Sql::Sqlite(&connection))
        }
        StoreLocation::Servers { config, ca_file } => {
            let backend = Backend::connect(&Servers::new(&config, &ca_file)?)?;
            newest(&Sql::Postgres(&backend))
        }
    });
    reading.await.unwrap_or(Err(StoreError::Closed))
}

fn newest(connection: &Sql<'_>) -> Result<i64, StoreError> {
    let are_listed = connection
        .prepare_cached(connection.pick(
            "SELECT 1 FROM sqlite_schema WHERE name = 'refinery_schema_history'",
            "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'migrations'",
        ))?
        .exists([])?;
    if !are_listed {
        return Ok(0);
    }
    let newest = connection
        .prepare_cached(connection.pick(
            "SELECT coalesce(max(CAST(version AS INTEGER)), 0) FROM refinery_schema_history",
            "SELECT coalesce(max(version), 0) FROM migrations",
        ))?
        .query_row([], |row| row.get(0))?;
    Ok(newest)
}
