//! Writing to a PostgreSQL database that no other process uses.

use crate::store::StoreError;
use crate::store::sql::Sql;

use super::backend::Backend;
use super::server::Servers;

/// Counts who else is connected to the database; the server's own processes have no user.
const OTHERS: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND usesysid IS NOT NULL AND pid <> pg_backend_pid()";

/// Does some work in a transaction if nobody else is connected; tells whether that is so. Not to be called where a runtime runs
/// already.
///
/// # Errors
///
/// [`StoreError`].
pub fn write(
    servers: &Servers,
    work: impl FnOnce(&Sql<'_>) -> Result<(), StoreError>,
) -> Result<bool, StoreError> {
    let backend = Backend::connect(servers)?;
    backend.batch("BEGIN; LOCK TABLE store_move IN ACCESS EXCLUSIVE MODE")?;
    work(&Sql::Postgres(&backend))?;
    // Whoever connects after this waits for the lock before it reads the mark.
    let others: i64 = backend.wait(async |client| client.query_one(OTHERS, &[]).await.map(|row| row.get(0)))?;
    backend.batch(if others == 0 { "COMMIT" } else { "ROLLBACK" })?;
    Ok(others == 0)
}
