//! Moving an event to another cell, or home, while its servers run: for a moment nobody uses it, then its rows are taken along. Killed at any point,
//! it goes on when it is asked again.

use thiserror::Error;
use tokio::runtime::Handle;
use tokio::time::sleep;
use usher_keys::EventId;

use super::directory::{DirectoryLine, EventOnItsWay, Place, TurnedEvent};
use super::{Cells, ROUTE_LIFE};
use crate::store::engine::Engine;
use crate::store::location::CellName;
use crate::store::operations::{Effect, catalogue, cells};
use crate::store::relocation::Moved;
use crate::store::relocation::event_rows::{There, leave_behind, take_along};
use crate::store::{Store, StoreError};

/// Why an event was not moved. It is where it was then, unless it says otherwise.
#[derive(Debug, Clone, Error)]
pub enum EventMoveError {
    /// There is no such event.
    #[error("there is no such event")]
    NoEvent,
    /// The settings name no such cell, or it takes no events yet.
    #[error("there is no cell {0}: `usher-cloud cell list` shows those there are")]
    NoCell(CellName),
    /// It is there already.
    #[error("the event is in {0} already")]
    Here(Place),
    /// It is on its way somewhere else.
    #[error("the event is on its way to {0}: say that again, or call it off with --undo")]
    OnItsWay(Place),
    /// It has arrived, and cannot be called off.
    #[error("the event is in the other cell already: say the move again, so that it is found there")]
    Arrived,
    /// Somebody else has moved it, or called its move off, at the same moment.
    #[error(
        "somebody else moves the event, or has called its move off, at this moment: see where it is, and say it again"
    )]
    Overtaken,
    /// One of the stores.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Moves an event to another place, or goes on with that; tells what was moved, unless an earlier attempt had done it.
    ///
    /// # Errors
    ///
    /// [`EventMoveError`].
    pub async fn move_event_to(&self, event: EventId, to: &Place) -> Result<Vec<Moved>, EventMoveError> {
        let there = match (self.engine_at(to), to) {
            (Ok(there), Place::Home) => there,
            (Ok(there), Place::Cell(name)) if self.takes_events(name).await? => there,
            (Ok(_) | Err(_), Place::Cell(name)) => return Err(EventMoveError::NoCell(name.clone())),
            (Err(error), Place::Home) => return Err(error.into()),
        };
        let line = self.directory_line(event).await?;
        match &line.moving_to {
            Some(other) if other != to => return Err(EventMoveError::OnItsWay(other.clone())),
            Some(_) | None => {}
        }
        if line.at == *to {
            return Err(EventMoveError::Here(to.clone()));
        }
        self.turn(event, &line, Some(to.clone())).await?;
        // By then every server that reaches the directory has asked it again. What one that does not reach it still does here comes
        // before the copy or finds nothing.
        sleep(2 * ROUTE_LIFE).await;
        let there = There {
            engine: there,
            runtime: Handle::current(),
        };
        let taking = there.clone();
        let moved = self
            .engine_at(&line.at)?
            .write(Some(event), move |connection| {
                take_along(connection, event, &taking)
            })
            .await?;
        if moved.is_none() && !is_in(&there.engine, event).await? {
            return Err(EventMoveError::NoEvent);
        }
        self.note(event, to.clone(), None).await?;
        Ok(moved.unwrap_or_default())
    }

    async fn takes_events(&self, cell: &CellName) -> Result<bool, StoreError> {
        Ok(self.cell_lines(()).await?.iter().any(|line| line.name == *cell))
    }

    /// Calls a move off that has not taken the event along.
    ///
    /// # Errors
    ///
    /// [`EventMoveError`].
    pub async fn stay_in_cell(&self, event: EventId) -> Result<(), EventMoveError> {
        let line = self.directory_line(event).await?;
        let here = self.engine_at(&line.at)?;
        let stays = match &line.moving_to {
            // Left there, it would be listed twice, and its jobs be due for ever.
            Some(to) => {
                let there = There {
                    engine: self.engine_at(to)?,
                    runtime: Handle::current(),
                };
                here.write(Some(event), move |connection| {
                    leave_behind(connection, event, &there)
                })
                .await?
            }
            None => is_in(&here, event).await?,
        };
        if !stays {
            return Err(EventMoveError::Arrived);
        }
        self.turn(event, &line, None).await
    }

    async fn directory_line(&self, event: EventId) -> Result<DirectoryLine, EventMoveError> {
        let line = self
            .engine
            .read(move |connection| cells::directory_line(connection, &event));
        line.await?.ok_or(EventMoveError::NoEvent)
    }

    /// Notes where an event goes to that is where a line says; not when another move has changed the line since.
    async fn turn(
        &self,
        event: EventId,
        line: &DirectoryLine,
        to: Option<Place>,
    ) -> Result<(), EventMoveError> {
        let turned = TurnedEvent {
            event,
            was: line.clone(),
            to,
        };
        let is_noted = self
            .engine
            .write(None, move |connection| cells::turn(connection, &turned))
            .await?;
        if is_noted {
            Ok(())
        } else {
            Err(EventMoveError::Overtaken)
        }
    }

    async fn note(&self, event: EventId, at: Place, to: Option<Place>) -> Result<(), StoreError> {
        let noted = EventOnItsWay { event, at, to };
        self.engine
            .write(None, move |connection| {
                cells::note_on_its_way(connection, &noted).map(Effect::Keep)
            })
            .await
    }

    fn engine_at(&self, place: &Place) -> Result<Engine, StoreError> {
        match (place, &self.cells) {
            (Place::Home, Some(_) | None) => Ok(self.engine.clone()),
            (Place::Cell(name), cells) => {
                let engine = cells
                    .as_ref()
                    .and_then(|cells: &std::sync::Arc<Cells>| cells.engines.get(name));
                engine.cloned().ok_or_else(|| StoreError::NoCell(name.clone()))
            }
        }
    }
}

async fn is_in(engine: &Engine, event: EventId) -> Result<bool, StoreError> {
    let found = engine.read(move |connection| catalogue::event(connection, &event));
    Ok(found.await?.is_some())
}

#[cfg(test)]
mod tests;
