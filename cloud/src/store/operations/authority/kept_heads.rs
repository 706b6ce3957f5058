//! Which heads of each log are kept; the rule is the protocol's, as it is for a device's `kept_heads`.

use usher_keys::EventId;
use usher_protocol::log::{Head, Stretch};

use super::{count, read_count};
use crate::store::StoreError;
use crate::store::sql::{Sql, params};
/// Puts a newer head up, so many record bytes behind the beginning of its log, and drops the one before it unless that is a milestone.
pub fn put(connection: &Sql<'_>, event: EventId, head: &Head, log_bytes: u64) -> Result<(), StoreError> {
    let mut newest_two = connection.prepare_cached(
        "SELECT seq, log_bytes FROM heads WHERE event_id = ?1 AND origin = ?2 ORDER BY seq DESC LIMIT 2",
    )?;
    let before: Vec<(i64, i64)> = newest_two
        .query_map(params![event.0, head.origin.0], |row| row.try_into())?
        .collect::<Result<_, _>>()?;
    if let Some((newest, _)) = before.first() {
        let (base_seq, base_bytes) = before.get(1).copied().unwrap_or_default();
        let from_base = Stretch {
            records: head.tail.seq.0.saturating_sub(read_count(base_seq)?),
            bytes: log_bytes.saturating_sub(read_count(base_bytes)?),
        };
        if from_base.drops_head_within() {
            connection
                .prepare_cached("DELETE FROM heads WHERE event_id = ?1 AND origin = ?2 AND seq = ?3")?
                .execute(params![event.0, head.origin.0, newest])?;
        }
    }
    connection
        .prepare_cached(
            "INSERT INTO heads (event_id, origin, seq, hash, signature, log_bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (event_id, origin, seq) DO UPDATE
                 SET hash = excluded.hash, signature = excluded.signature, log_bytes = excluded.log_bytes",
        )?
        .execute(params![
            event.0,
            head.origin.0,
            count(head.tail.seq.0),
            head.tail.hash,
            head.signature.0,
            count(log_bytes),
        ])?;
    Ok(())
}
