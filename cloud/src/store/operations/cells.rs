//! The directory of cells, which is at home, and what a cell says of itself.

use usher_keys::EventId;

use crate::store::StoreError;
use crate::store::cells::{CellLine, NewCell, NewCellOutcome, Place, PlaceEvent};
use crate::store::location::CellName;
use crate::store::organizing::NewEvent;
use crate::store::sql::{OptionalExtension, Sql, params};

use super::Effect;
use super::column::ms;

/// Lists the cells that take new events, with how many they have.
pub fn cells(connection: &Sql<'_>, (): &()) -> Result<Vec<CellLine>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT name, (SELECT count(*) FROM event_cells WHERE cell = cells.name) AS events
         FROM cells ORDER BY events, name",
    )?;
    let found = query.query_and_then([], |row| {
        Ok(CellLine {
            name: name(row.get(0)?)?,
            events: row.get(1)?,
        })
    })?;
    found.collect()
}

/// Lets a cell take new events.
pub fn add_cell(connection: &Sql<'_>, new: &NewCell) -> Result<Effect<()>, StoreError> {
    connection
        .prepare_cached("INSERT INTO cells (name) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([new.name.as_str()])?;
    Ok(Effect::Keep(()))
}

/// Finds where an event is; `None` if the directory does not know it and it is not at home.
pub fn place_of(connection: &Sql<'_>, event: &EventId) -> Result<Option<Place>, StoreError> {
    let found: Option<Option<String>> = connection
        .prepare_cached("SELECT cell FROM event_cells WHERE event_id = ?1")?
        .query_row([event.0], |row| row.get(0))
        .optional()?;
    match found {
        Some(Some(cell)) => Ok(Some(Place::Cell(name(cell)?))),
        Some(None) => Ok(Some(Place::Home)),
        None => {
            let mut here = connection.prepare_cached("SELECT 1 FROM events WHERE event_id = ?1")?;
            Ok(here.exists([event.0])?.then_some(Place::Home))
        }
    }
}

/// Writes down where a new event is to be: in the cell with the fewest; at home if there are no others.
pub fn place_event(connection: &Sql<'_>, new: &PlaceEvent) -> Result<Effect<Place>, StoreError> {
    let Some(cell) = cells(connection, &())?.into_iter().next() else {
        return Ok(Effect::Undo(Place::Home));
    };
    connection
        .prepare_cached("INSERT INTO event_cells (event_id, cell) VALUES (?1, ?2)")?
        .execute(params![new.event.0, cell.name.as_str()])?;
    Ok(Effect::Keep(Place::Cell(cell.name)))
}

/// Finds which cell this database is; `None` at home, and where nobody has said so.
pub fn this_cell(connection: &Sql<'_>, (): &()) -> Result<Option<CellName>, StoreError> {
    let found: Option<String> = connection
        .prepare_cached("SELECT name FROM this_cell")?
        .query_row([], |row| row.get(0))
        .optional()?;
    found.map(name).transpose()
}

/// Makes this database a cell, unless there is something in it.
pub fn become_cell(connection: &Sql<'_>, new: &NewCell) -> Result<Effect<NewCellOutcome>, StoreError> {
    if this_cell(connection, &())?.as_ref() == Some(&new.name) {
        return Ok(Effect::Undo(NewCellOutcome::Cell));
    }
    let is_used = connection
        .prepare_cached("SELECT 1 FROM organizers UNION ALL SELECT 1 FROM this_cell UNION ALL SELECT 1 FROM cells LIMIT 1")?
        .exists([])?;
    if is_used {
        return Ok(Effect::Undo(NewCellOutcome::Used));
    }
    connection
        .prepare_cached("INSERT INTO this_cell (one, name) VALUES (1, ?1)")?
        .execute([new.name.as_str()])?;
    Ok(Effect::Keep(NewCellOutcome::Cell))
}

/// Adds what an event refers to that is kept at home: here are only the ids, and what is nobody's to change.
pub fn welcome(connection: &Sql<'_>, event: &NewEvent) -> Result<(), StoreError> {
    let at = ms(event.now);
    connection
        .prepare_cached(
            "INSERT INTO organizers (organizer_id, name, created_at) VALUES (?1, '', ?2) ON CONFLICT DO NOTHING",
        )?
        .execute(params![event.organizer.0, at])?;
    connection
        .prepare_cached(
            "INSERT INTO venues (venue_id, organizer_id, name, city, address, created_at)
             VALUES (?1, ?2, '', '', '', ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![event.venue.id.0, event.organizer.0, at])?;
    Ok(())
}

fn name(text: String) -> Result<CellName, StoreError> {
    CellName::try_from(text).map_err(|_| StoreError::Unreadable {
        what: "name of a cell",
    })
}
