//! The lines of acts: one is only ever added after the last.

use crate::acts::LinePlace;
use crate::ids::OrganizerId;
use crate::store::StoreError;
use crate::store::acts::{ActsQuery, NewAct};
use crate::store::sql::{Sql, params};

use super::organizer_lock::lock;
use super::{Effect, column};

/// Writes down an act; tells the number of its line.
pub fn add_act(connection: &Sql<'_>, request: &NewAct) -> Result<Effect<u64>, StoreError> {
    lock(connection, &request.organizer)?;
    let place = end(connection, &request.organizer)?;
    let line = place.write(request.at, &request.act);
    connection
        .prepare_cached("INSERT INTO acts (organizer_id, seq, line) VALUES (?1, ?2, ?3)")?
        .run(params![request.organizer.0, column::count(place.seq), line])?;
    Ok(Effect::Keep(place.seq))
}

/// Finds the place of the next line.
fn end(connection: &Sql<'_>, organizer: &OrganizerId) -> Result<LinePlace, StoreError> {
    let mut query = connection
        .prepare_cached("SELECT seq, line FROM acts WHERE organizer_id = ?1 ORDER BY seq DESC LIMIT 1")?;
    let mut last = query.query_and_then([organizer.0], |row| {
        let seq = column::narrow(row.get(0)?, "number of an act")?;
        let first = LinePlace::first(*organizer);
        Ok::<_, StoreError>(LinePlace { seq, ..first }.next(row.column(1)?.as_str()?))
    })?;
    last.next().unwrap_or(Ok(LinePlace::first(*organizer)))
}

/// Lists lines with their numbers, oldest first.
pub fn acts(connection: &Sql<'_>, query: &ActsQuery) -> Result<Vec<(u64, String)>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT seq, line FROM acts WHERE organizer_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
    )?;
    let values = params![query.organizer.0, column::count(query.after), query.limit];
    let lines = select.query_and_then(values, |row| {
        Ok((column::narrow(row.get(0)?, "number of an act")?, row.get(1)?))
    })?;
    lines.collect()
}
