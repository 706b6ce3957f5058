//! The rows of sessions of organizers' people.

use usher_keys::Timestamp;

use crate::ids::{OrganizerId, StaffId, StaffSessionId};
use crate::staff::{
    EndSession, EndSessions, MAX_SESSIONS, NewSession, SESSION_FOR, SessionCounts, StaffSession, millis,
};
use crate::store::StoreError;
use crate::store::organizing::KeyHash;
use crate::store::sql::{Row, Sql, params};

use super::Effect;
use super::column::{moment, ms, staff_role};

/// The columns [`read`] reads.
const SESSION: &str = "SELECT session_id, staff.staff_id, organizer_id, name, role, network, staff_sessions.created_at, expires_at, proven_at
     FROM staff_sessions JOIN staff ON staff.staff_id = staff_sessions.staff_id";

fn read(row: &Row<'_>) -> Result<StaffSession, StoreError> {
    Ok(StaffSession {
        id: StaffSessionId(row.get(0)?),
        staff: StaffId(row.get(1)?),
        organizer: OrganizerId(row.get(2)?),
        name: row.get(3)?,
        role: staff_role(row.column(4)?.as_str()?)?,
        from: row.get(5)?,
        created_at: moment(row.get(6)?),
        expires_at: moment(row.get(7)?),
        proven_at: row.get::<Option<i64>>(8)?.map(moment),
    })
}

/// Begins a session at a time, perhaps proven by a one-time code; those whose time is over are forgotten, and the oldest ends if there are too many.
pub fn begin(
    connection: &Sql<'_>,
    staff: StaffId,
    session: &NewSession,
    (now, proven_at): (Timestamp, Option<Timestamp>),
) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM staff_sessions WHERE staff_id = ?1 AND expires_at <= ?2")?
        .execute(params![staff.0, ms(now)])?;
    connection
        .prepare_cached(
            "DELETE FROM staff_sessions WHERE session_hash IN (
                 SELECT session_hash FROM staff_sessions WHERE staff_id = ?1
                 ORDER BY created_at DESC, session_id DESC LIMIT 1000 OFFSET ?2)",
        )?
        .execute(params![staff.0, i64::from(MAX_SESSIONS - 1)])?;
    connection
        .prepare_cached(
            "INSERT INTO staff_sessions (session_hash, session_id, staff_id, network, created_at, expires_at, proven_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            session.hash.0,
            session.id.0,
            staff.0,
            session.from,
            ms(now),
            ms(now.plus_ms(millis(SESSION_FOR))),
            proven_at.map(ms)
        ])?;
    Ok(())
}

/// Proves a session anew.
pub fn refresh(
    connection: &Sql<'_>,
    (staff, session): (StaffId, StaffSessionId),
    proven_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE staff_sessions SET proven_at = ?3 WHERE staff_id = ?1 AND session_id = ?2")?
        .execute(params![staff.0, session.0, proven_at.map(ms)])?;
    Ok(())
}

/// Finds a session, good or not, with whose it is.
pub fn staff_session(connection: &Sql<'_>, hash: &KeyHash) -> Result<Option<StaffSession>, StoreError> {
    let mut query = connection.prepare_cached(&format!("{SESSION} WHERE session_hash = ?1"))?;
    query.query_and_then([hash.0], read)?.next().transpose()
}

/// Lists somebody's sessions, the newest first.
pub fn sessions_of(connection: &Sql<'_>, staff: &StaffId) -> Result<Vec<StaffSession>, StoreError> {
    connection
        .prepare_cached(&format!(
            "{SESSION} WHERE staff_sessions.staff_id = ?1 ORDER BY staff_sessions.created_at DESC, session_id DESC"
        ))?
        .query_and_then([staff.0], read)?
        .collect()
}

/// Ends all sessions of somebody but one.
pub fn end_others(connection: &Sql<'_>, staff: StaffId, kept: StaffSessionId) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM staff_sessions WHERE staff_id = ?1 AND session_id <> ?2")?
        .execute(params![staff.0, kept.0])?;
    Ok(())
}

/// Ends a session; tells whether there was one.
pub fn end_session(connection: &Sql<'_>, request: &EndSession) -> Result<Effect<bool>, StoreError> {
    let ended = connection
        .prepare_cached("DELETE FROM staff_sessions WHERE staff_id = ?1 AND session_id = ?2")?
        .execute(params![request.staff.0, request.id.0])?;
    Ok(Effect::Keep(ended == 1))
}

/// Ends all sessions of somebody; `false` when the organizer has nobody of that id.
pub fn end_sessions(connection: &Sql<'_>, request: &EndSessions) -> Result<Effect<bool>, StoreError> {
    let is_own = connection
        .prepare_cached("SELECT 1 FROM staff WHERE organizer_id = ?1 AND staff_id = ?2")?
        .exists(params![request.organizer.0, request.id.0])?;
    if !is_own {
        return Ok(Effect::Undo(false));
    }
    connection
        .prepare_cached("DELETE FROM staff_sessions WHERE staff_id = ?1")?
        .execute([request.id.0])?;
    Ok(Effect::Keep(true))
}

/// Counts the good sessions of each of an organizer's people who has one.
pub fn session_counts(
    connection: &Sql<'_>,
    request: &SessionCounts,
) -> Result<Vec<(StaffId, u32)>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT staff.staff_id, count(*) FROM staff_sessions JOIN staff ON staff.staff_id = staff_sessions.staff_id
         WHERE organizer_id = ?1 AND expires_at > ?2 GROUP BY staff.staff_id ORDER BY staff.staff_id",
    )?;
    let counted = query.query_map(params![request.organizer.0, ms(request.now)], |row| {
        Ok((StaffId(row.get(0)?), row.get(1)?))
    })?;
    Ok(counted.collect::<Result<_, _>>()?)
}
