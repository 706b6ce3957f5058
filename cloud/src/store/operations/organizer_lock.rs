//! The lock on what an organizer is known by, which whoever changes it takes first.

use crate::ids::OrganizerId;
use crate::store::StoreError;
use crate::store::sql::Sql;

/// Has the keys and acts of an organizer to itself until the transaction ends: two that revoke each other's key must not both succeed, and no
/// two lines have one place. SQLite has one writer.
pub fn lock(connection: &Sql<'_>, organizer: &OrganizerId) -> Result<(), StoreError> {
    connection
        .prepare_cached(connection.pick(
            "SELECT 1 FROM organizers WHERE organizer_id = ?1",
            "SELECT 1 FROM organizers WHERE organizer_id = ?1 FOR NO KEY UPDATE",
        ))?
        .exists([organizer.0])?;
    Ok(())
}
