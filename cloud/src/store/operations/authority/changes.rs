//! The count of an event's changes, by which another process sees that there is something new.

use usher_keys::EventId;

use crate::store::StoreError;
use crate::store::authority::FeedVersion;
use crate::store::sql::Sql;

use super::read_count;

/// Counts one more change of an event.
pub fn advance(connection: &Sql<'_>, event: EventId) -> Result<FeedVersion, StoreError> {
    let version = connection
        .prepare_cached(
            "INSERT INTO feeds (event_id, version) VALUES (?1, 1)
             ON CONFLICT (event_id) DO UPDATE SET version = feeds.version + 1 RETURNING version",
        )?
        .query_row([event.0], |row| row.get(0))?;
    Ok(FeedVersion(read_count(version)?))
}
