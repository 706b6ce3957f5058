//! Cells that do not answer when a process starts: it serves the others meanwhile, and opens these once they answer.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use super::Cells;
use super::directory::CellLine;
use crate::store::engine::Engine;
use crate::store::location::{CellName, StoreLocation, StorePlaces};
use crate::store::postgres::late::LatePostgres;
use crate::store::{Store, StoreError};

/// A cell that is to be opened later.
#[derive(Debug, Clone)]
pub(super) struct LateCell {
    location: StoreLocation,
    takes_events: bool,
    engine: LatePostgres,
}

impl Cells {
    fn late(&self) -> MutexGuard<'_, BTreeMap<CellName, LateCell>> {
        self.late.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Opens the store as [`Store::open_places`] does, but for cells that do not answer: they are away until [`Store::open_late_cells`]
    /// finds that they do.
    ///
    /// # Errors
    ///
    /// [`StoreError`], also when home does not answer, which alone knows where events are.
    pub async fn open_answering(places: &StorePlaces) -> Result<Self, StoreError> {
        let may_be_late = |location: &StoreLocation, error: &StoreError| match location {
            StoreLocation::File(_) => false,
            StoreLocation::Servers { .. } => error.is_temporary(),
        };
        Self::open_with(places, may_be_late).await
    }

    pub(super) async fn open_with(
        places: &StorePlaces,
        may_be_late: impl Fn(&StoreLocation, &StoreError) -> bool,
    ) -> Result<Self, StoreError> {
        let home = Self::open(&places.home).await?;
        let in_use: Vec<_> = home.cell_lines(()).await?.into_iter().map(name_of).collect();
        let (mut engines, mut late) = (BTreeMap::new(), BTreeMap::new());
        for (name, location) in &places.cells {
            let takes_events = in_use.contains(name);
            let engine = match Self::open_cell(name, location, takes_events).await {
                Ok(cell) => cell.engine,
                Err(error) if may_be_late(location, &error) => {
                    let engine = LatePostgres::default();
                    let cell = LateCell {
                        location: location.clone(),
                        takes_events,
                        engine: engine.clone(),
                    };
                    late.insert(name.clone(), cell);
                    Engine::Late(engine)
                }
                Err(error) => return Err(error),
            };
            engines.insert(name.clone(), engine);
        }
        if let Some(lacking) = in_use.iter().find(|name| !engines.contains_key(*name)) {
            return Err(StoreError::NoCell(lacking.clone()));
        }
        let store = home.with_cells(engines);
        if let Some(cells) = &store.cells {
            *cells.late() = late;
        }
        Ok(store)
    }

    /// Opens a database that the settings name as a cell, and looks whether it is that one.
    async fn open_cell(
        name: &CellName,
        location: &StoreLocation,
        takes_events: bool,
    ) -> Result<Self, StoreError> {
        let cell = Self::open(location).await?;
        let found = cell.this_cell(()).await;
        let is_right = match &found {
            Ok(Some(this)) => this == name,
            Ok(None) => !takes_events,
            Err(_) => false,
        };
        if is_right {
            return Ok(cell);
        }
        cell.close().await;
        found.and(Err(StoreError::OtherCell(name.clone())))
    }

    /// Tells whether cells are still to be opened.
    pub fn awaits_cells(&self) -> bool {
        self.cells.as_ref().is_some_and(|cells| !cells.late().is_empty())
    }

    /// Tries each cell that is still to be opened once more; tells which are open now, and what is wrong with the others.
    pub async fn open_late_cells(&self) -> Vec<(CellName, Result<(), StoreError>)> {
        let Some(cells) = &self.cells else {
            return Vec::new();
        };
        let awaited = cells.late().clone();
        let mut tried = Vec::new();
        for (name, cell) in awaited {
            let opened = Self::open_cell(&name, &cell.location, cell.takes_events).await;
            tried.push((
                name.clone(),
                opened.map(|opened| cells.take_in(&name, &cell, &opened)),
            ));
        }
        tried
    }
}

impl Cells {
    /// Takes a cell in that has answered at last.
    fn take_in(&self, name: &CellName, cell: &LateCell, opened: &Store) {
        if let Engine::Postgres(database) = &opened.engine {
            cell.engine.put_in(database.clone());
        }
        self.late().remove(name);
    }
}

fn name_of(line: CellLine) -> CellName {
    line.name
}
