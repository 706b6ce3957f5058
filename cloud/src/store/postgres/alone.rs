//! Writing to a PostgreSQL database that no other process uses.

use crate::store::StoreError;
use crate::store::sql::Sql;

use super::backend::Backend;
use super::server::Servers;
use super::writer::wait_for;

/// Counts who else is connected to the database; the server's own processes have no user.
const OTHERS: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND usesysid IS NOT NULL AND pid <> pg_backend_pid()";
/// How often to look again: whoever has just gone is still there for a moment. With the pauses some three seconds.
const LOOKS: u32 = 8;

/// Runs work in a transaction if nobody else is connected; tells whether nobody was. Must not be called where a runtime runs
/// already.
///
/// # Errors
///
/// [`StoreError`].
pub fn write(
    servers: &Servers,
    work: impl Fn(&Sql<'_>) -> Result<(), StoreError>,
) -> Result<bool, StoreError> {
    let backend = Backend::connect(servers)?;
    for look in 0..LOOKS {
        if look > 0 {
            wait_for(look);
        }
        // Whoever connects after the look waits for the lock before it reads the mark.
        backend.batch("BEGIN; LOCK TABLE store_move IN ACCESS EXCLUSIVE MODE")?;
        work(&Sql::Postgres(&backend))?;
        let others = backend.wait(async |client| client.query_one(OTHERS, &[]).await)?;
        if others.get::<_, i64>(0) == 0 {
            backend.batch("COMMIT")?;
            return Ok(true);
        }
        backend.batch("ROLLBACK")?;
    }
    Ok(false)
}
