//! Taking the rows of one event along to another database: copied, compared and deleted by whoever has the event to itself.

use rusqlite::ToSql;
use rusqlite::types::Value;
use tokio::runtime::Handle;
use usher_keys::EventId;

use crate::store::StoreError;
use crate::store::engine::Engine;
use crate::store::operations::{Effect, cells, listings};
use crate::store::sql::Sql;

use super::tables::{BATCH, Content, Copying, Moved, TABLES, WholeRows, columns, numbered, read};

/// The directory of cells, which has a row for each event and stays at home.
const DIRECTORY: &str = "event_cells";

/// Where rows go to.
#[derive(Debug, Clone)]
pub struct There {
    /// Its engine.
    pub engine: Engine,
    /// What waits for it; the thread that takes the rows along is none of its own.
    pub runtime: Handle,
}

impl There {
    fn write(
        &self,
        event: EventId,
        work: impl Fn(&Sql<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let writing = self.engine.write(Some(event), move |connection| {
            connection.be_patient()?;
            work(connection).map(Effect::Keep)
        });
        self.runtime.block_on(writing)
    }
}

/// Takes an event along, in a transaction that has it to itself: what of it has been taken there before is deleted first. `None` when it is
/// not here.
///
/// # Errors
///
/// [`StoreError`], also when what arrived is not what was sent, or the event has gone on there; nothing has changed here then.
pub fn take_along(
    connection: &Sql<'_>,
    event: EventId,
    there: &There,
) -> Result<Effect<Option<Vec<Moved>>>, StoreError> {
    let Some(guest) = cells::guest(connection, event)? else {
        return Ok(Effect::Undo(None));
    };
    connection.be_patient()?;
    refuse_newer(connection, event, there)?;
    let tables = tables_of_events(connection)?;
    let all = tables.clone();
    there.write(event, move |connection| delete(connection, &all, event))?;
    there.write(event, move |connection| cells::welcome(connection, &guest))?;
    let mut moved = Vec::new();
    for table in &tables {
        let sent = copy(connection, table, event, there)?;
        let arrived = {
            let table = table.clone();
            let reading = there
                .engine
                .read(move |connection| content(connection, &table, event));
            there.runtime.block_on(reading)?
        };
        if sent != arrived {
            return Err(StoreError::Differs(table.table.name));
        }
        moved.push(Moved {
            table: table.table.name,
            rows: sent.rows,
        });
    }
    there.write(event, move |connection| listings::list(connection, event))?;
    delete(connection, &tables, event)?;
    Ok(Effect::Keep(Some(moved)))
}

/// Deletes at the other place what was taken there of an event that stays; whoever took it along is done by then, or begins anew.
/// Tells whether the event is here.
///
/// # Errors
///
/// [`StoreError`], also when the event has gone on there; what was taken there may be left then.
pub fn leave_behind(connection: &Sql<'_>, event: EventId, there: &There) -> Result<Effect<bool>, StoreError> {
    if cells::guest(connection, event)?.is_none() {
        return Ok(Effect::Undo(false));
    }
    connection.be_patient()?;
    refuse_newer(connection, event, there)?;
    let tables = tables_of_events(connection)?;
    there.write(event, move |connection| delete(connection, &tables, event))?;
    Ok(Effect::Undo(true))
}

/// Refuses to delete an event at the other place that has gone on there: this one came back from a backup that is older than the move.
fn refuse_newer(connection: &Sql<'_>, event: EventId, there: &There) -> Result<(), StoreError> {
    let reading = there.engine.read(move |connection| history(connection, event));
    let (here, there) = (history(connection, event)?, there.runtime.block_on(reading)?);
    let is_newer = here.iter().zip(there).any(|(here, there)| *here < there);
    if is_newer {
        return Err(StoreError::NewerThere);
    }
    Ok(())
}

/// Counts what an event only ever gets more of.
fn history(connection: &Sql<'_>, event: EventId) -> Result<[i64; 4], StoreError> {
    let counted = connection
        .prepare_cached(
            "SELECT (SELECT COUNT(*) FROM bookings WHERE event_id = ?1), (SELECT COUNT(*) FROM journal WHERE event_id = ?1), \
             (SELECT COUNT(*) FROM records WHERE event_id = ?1), (SELECT COUNT(*) FROM trust_bundles WHERE event_id = ?1)",
        )?
        .query_row([event.0], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
        })?;
    Ok(counted)
}

/// Lists the tables in which an event has rows, in an order in which no row refers to one that comes later.
fn tables_of_events(connection: &Sql<'_>) -> Result<Vec<Copying>, StoreError> {
    let mut found = Vec::new();
    for table in TABLES.into_iter().filter(|table| table.name != DIRECTORY) {
        let columns = columns(connection, table)?;
        if columns.iter().any(|column| column == "event_id") {
            found.push(Copying { table, columns });
        }
    }
    Ok(found)
}

/// Copies an event's rows of a table; tells what they were.
fn copy(connection: &Sql<'_>, table: &Copying, event: EventId, there: &There) -> Result<Content, StoreError> {
    let mut content = Content::default();
    each_page(connection, table, event, |rows| {
        content.add(&rows);
        let table = table.clone();
        there.write(event, move |connection| table.insert_rows(connection, &rows))
    })?;
    Ok(content)
}

/// Sums an event's rows of a table up.
fn content(connection: &Sql<'_>, table: &Copying, event: EventId) -> Result<Content, StoreError> {
    let mut content = Content::default();
    each_page(connection, table, event, |rows| {
        content.add(&rows);
        Ok(())
    })?;
    Ok(content)
}

/// Goes through an event's rows of a table in the order of its key.
fn each_page(
    connection: &Sql<'_>,
    table: &Copying,
    event: EventId,
    mut each: impl FnMut(WholeRows) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut after: Option<Vec<Value>> = None;
    loop {
        let rows = page(connection, table, event, after.as_deref())?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = Some(table.key_of(last));
        each(rows)?;
    }
}

fn page(
    connection: &Sql<'_>,
    table: &Copying,
    event: EventId,
    after: Option<&[Value]>,
) -> Result<WholeRows, StoreError> {
    let (columns, name, key) = (
        table.columns.join(", "),
        table.table.name,
        table.table.key.join(", "),
    );
    let beyond = after.map_or_else(String::new, |values| {
        format!(" AND ({key}) > ({})", numbered(3, values.len()))
    });
    let sql = format!("SELECT {columns} FROM {name} WHERE event_id = ?1{beyond} ORDER BY {key} LIMIT ?2");
    let batch = i64::try_from(BATCH).unwrap_or(i64::MAX);
    let mut given: Vec<&dyn ToSql> = vec![&event.0, &batch];
    given.extend(after.into_iter().flatten().map(|value| value as &dyn ToSql));
    Ok(read(connection, &sql, given.as_slice())?)
}

fn delete(connection: &Sql<'_>, tables: &[Copying], event: EventId) -> Result<(), StoreError> {
    listings::unlist(connection, event)?;
    for table in tables.iter().rev() {
        let sql = format!("DELETE FROM {} WHERE event_id = ?1", table.table.name);
        connection.prepare_cached(&sql)?.execute([event.0])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
