//! The directory of cells, which is at home, and what a cell says of itself.

use usher_keys::EventId;

use crate::ids::{OrganizerId, VenueId};
use crate::store::StoreError;
use crate::store::cells::directory::{
    CellLine, DirectoryLine, EventOnItsWay, KeptAtHome, NewCell, NewCellOutcome, Place, PlaceEvent,
    TurnedEvent,
};
use crate::store::location::CellName;
use crate::store::sql::{OptionalExtension, Sql, params};

use super::Effect;
use super::column::{moment, ms};

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

/// Finds what the directory says of an event; `None` if it does not know it and it is not at home.
pub fn directory_line(connection: &Sql<'_>, event: &EventId) -> Result<Option<DirectoryLine>, StoreError> {
    let mut query = connection
        .prepare_cached("SELECT cell, moving_to, moving_home FROM event_cells WHERE event_id = ?1")?;
    let found = query.query_and_then([event.0], |row| {
        let [at, moving_to] =
            [row.get::<Option<String>>(0)?, row.get(1)?].map(|cell| cell.map(name).transpose());
        let goes_home = row.get::<bool>(2)?.then_some(Place::Home);
        Ok::<_, StoreError>(DirectoryLine {
            at: at?.map_or(Place::Home, Place::Cell),
            moving_to: moving_to?.map(Place::Cell).or(goes_home),
        })
    })?;
    if let Some(line) = { found }.next() {
        return line.map(Some);
    }
    let mut here = connection.prepare_cached("SELECT 1 FROM events WHERE event_id = ?1")?;
    Ok(here.exists([event.0])?.then_some(DirectoryLine {
        at: Place::Home,
        moving_to: None,
    }))
}

/// Writes down where an event goes to, in place of what the directory said before; `false` when it says something else by now.
pub fn turn(connection: &Sql<'_>, turned: &TurnedEvent) -> Result<Effect<bool>, StoreError> {
    let TurnedEvent { event, was, to } = turned;
    let (was_to, was_home) = ways_of(was.moving_to.as_ref());
    let (to, is_home) = ways_of(to.as_ref());
    let changed = connection
        .prepare_cached(
            "INSERT INTO event_cells (event_id, cell, moving_to, moving_home) VALUES (?1, ?2, ?5, ?6)
             ON CONFLICT (event_id) DO UPDATE SET moving_to = excluded.moving_to, moving_home = excluded.moving_home
                 WHERE event_cells.cell IS NOT DISTINCT FROM ?2 AND event_cells.moving_to IS NOT DISTINCT FROM ?3
                     AND event_cells.moving_home = ?4",
        )?
        .execute(params![event.0, cell_of(&was.at), was_to, was_home, to, is_home])?;
    Ok(if changed == 1 {
        Effect::Keep(true)
    } else {
        Effect::Undo(false)
    })
}

fn cell_of(place: &Place) -> Option<&str> {
    match place {
        Place::Home => None,
        Place::Cell(cell) => Some(cell.as_str()),
    }
}

/// Says where an event goes to in the words of the table: which cell, or home.
fn ways_of(to: Option<&Place>) -> (Option<&str>, bool) {
    (to.and_then(cell_of), to == Some(&Place::Home))
}

/// Writes down where an event is and where it is on its way to.
pub fn note_on_its_way(connection: &Sql<'_>, noted: &EventOnItsWay) -> Result<(), StoreError> {
    let (to, is_home) = ways_of(noted.to.as_ref());
    connection
        .prepare_cached(
            "INSERT INTO event_cells (event_id, cell, moving_to, moving_home) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (event_id) DO UPDATE SET cell = excluded.cell, moving_to = excluded.moving_to,
                 moving_home = excluded.moving_home",
        )?
        .execute(params![noted.event.0, cell_of(&noted.at), to, is_home])?;
    Ok(())
}

/// Writes down where a new event is to be: in the cell with the fewest of those that answer; at home if there are no others.
pub fn place_event(connection: &Sql<'_>, new: &PlaceEvent) -> Result<Effect<Place>, StoreError> {
    let cells = cells(connection, &())?;
    let answers = |cell: &&CellLine| !new.away.contains(&cell.name);
    let Some(cell) = cells.iter().find(answers).or(cells.first()) else {
        return Ok(Effect::Undo(Place::Home));
    };
    connection
        .prepare_cached("INSERT INTO event_cells (event_id, cell) VALUES (?1, ?2)")?
        .execute(params![new.event.0, cell.name.as_str()])?;
    Ok(Effect::Keep(Place::Cell(cell.name.clone())))
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

/// Finds what an event that is here refers to.
pub fn guest(connection: &Sql<'_>, event: EventId) -> Result<Option<KeptAtHome>, StoreError> {
    let found = connection
        .prepare_cached("SELECT organizer_id, venue_id, created_at FROM events WHERE event_id = ?1")?
        .query_row([event.0], |row| {
            Ok(KeptAtHome {
                organizer: OrganizerId(row.get(0)?),
                venue: VenueId(row.get(1)?),
                at: moment(row.get(2)?),
            })
        })
        .optional()?;
    Ok(found)
}

/// Adds what an event refers to that is kept at home: here are only the ids.
pub fn welcome(connection: &Sql<'_>, guest: &KeptAtHome) -> Result<(), StoreError> {
    let KeptAtHome { organizer, venue, at } = guest;
    connection
        .prepare_cached(
            "INSERT INTO organizers (organizer_id, name, created_at) VALUES (?1, '', ?2) ON CONFLICT DO NOTHING",
        )?
        .execute(params![organizer.0, ms(*at)])?;
    connection
        .prepare_cached(
            "INSERT INTO venues (venue_id, organizer_id, name, city, address, created_at)
             VALUES (?1, ?2, '', '', '', ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![venue.0, organizer.0, ms(*at)])?;
    Ok(())
}

fn name(text: String) -> Result<CellName, StoreError> {
    CellName::try_from(text).map_err(|_| StoreError::Unreadable {
        what: "name of a cell",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::draw_event_id;
    use crate::store::contract::case::{Case, START};

    #[tokio::test]
    async fn a_new_event_is_placed_where_somebody_answers() {
        let case = Case::on_sqlite().await;
        for name in ["east", "north"] {
            let name = name.parse().unwrap();
            case.store.add_cell(NewCell { name }).await.unwrap();
        }
        for (away, placed) in [
            (&[][..], "east"),
            (&["north"], "east"),
            (&["east"], "north"),
            (&["east", "north"], "north"),
        ] {
            let new = PlaceEvent {
                event: draw_event_id(START),
                away: away.iter().map(|name| name.parse().unwrap()).collect(),
            };
            let place = move |connection: &Sql<'_>| place_event(connection, &new);
            let found = case.store.engine().write(None, place).await.unwrap();
            assert_eq!(found, Place::Cell(placed.parse().unwrap()), "{away:?} are away");
        }
    }
}
