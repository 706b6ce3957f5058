//! Cells: an event and all that belongs to it is in one of several databases, and no transaction spans two. The home cell has the
//! organizers, their venues, and the directory that says where the events are which are not at home.

mod gathering;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use usher_keys::EventId;

use super::engine::Engine;
use super::location::{CellName, StorePlaces};
use super::operations::{cells, drafts};
use super::organizing::NewEvent;
use super::{Store, StoreError};
pub use gathering::{first, newest_first, oldest_first, one_list, sum, total};

/// Where an event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the home cell.
    Home,
    /// In another.
    Cell(CellName),
}

/// A cell that takes new events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellLine {
    /// Its name.
    pub name: CellName,
    /// How many events the directory has there.
    pub events: u32,
}

/// Asks to make a database a cell, or to let a cell take new events.
#[derive(Debug, Clone)]
pub struct NewCell {
    /// Its name.
    pub name: CellName,
}

/// What became of a database that was to be a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewCellOutcome {
    /// It is that cell.
    Cell,
    /// It is something else already.
    Used,
}

/// Asks to write down where a new event is to be.
#[derive(Debug, Clone, Copy)]
pub struct PlaceEvent {
    /// The event.
    pub event: EventId,
}

/// The cells beside the home cell.
#[derive(Debug)]
pub struct Cells {
    engines: BTreeMap<CellName, Engine>,
    /// Where events are, as far as this process has asked; an event stays where it is.
    known: Mutex<HashMap<EventId, Engine>>,
}

impl Cells {
    async fn engine_of(&self, home: &Engine, event: EventId) -> Result<Engine, StoreError> {
        if let Some(engine) = self.known().get(&event) {
            return Ok(engine.clone());
        }
        let engine = match home
            .read(move |connection| cells::place_of(connection, &event))
            .await?
        {
            None => return Ok(home.clone()),
            Some(Place::Home) => home.clone(),
            Some(Place::Cell(name)) => match self.engines.get(&name) {
                Some(engine) => engine.clone(),
                None => return Err(StoreError::NoCell(name)),
            },
        };
        self.known().insert(event, engine.clone());
        Ok(engine)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<EventId, Engine>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Opens the store with all its cells, bringing their tables up to date as needed.
    ///
    /// # Errors
    ///
    /// [`StoreError`], also when the settings lack a cell, or name one that is another.
    pub async fn open_places(places: &StorePlaces) -> Result<Self, StoreError> {
        let home = Self::open(&places.home).await?;
        let mut engines = BTreeMap::new();
        for (name, location) in &places.cells {
            let cell = Self::open(location).await?;
            if cell.this_cell(()).await?.is_some_and(|this| this != *name) {
                return Err(StoreError::OtherCell(name.clone()));
            }
            engines.insert(name.clone(), cell.engine);
        }
        for CellLine { name, .. } in home.cell_lines(()).await? {
            let Some(engine) = engines.get(&name) else {
                return Err(StoreError::NoCell(name));
            };
            if Self::of(engine.clone()).this_cell(()).await?.is_none() {
                return Err(StoreError::OtherCell(name));
            }
        }
        Ok(home.with_cells(engines))
    }

    /// Adds cells to a home.
    pub(crate) fn with_cells(self, engines: BTreeMap<CellName, Engine>) -> Self {
        let cells = (!engines.is_empty()).then(|| {
            Cells {
                engines,
                known: Mutex::default(),
            }
            .into()
        });
        Self { cells, ..self }
    }

    /// Returns each cell as a store of its own, the home cell first: what is done for all events is done cell by cell, so that one that
    /// does not answer holds up no other.
    pub fn each_cell(&self) -> Vec<Self> {
        self.engines().into_iter().map(Self::of).collect()
    }

    /// Returns the home cell as a store of its own.
    pub fn home(&self) -> Self {
        Self::of(self.engine.clone())
    }

    /// Returns the engines of all cells, the home cell's first.
    pub(super) fn engines(&self) -> Vec<Engine> {
        let others = self.cells.iter().flat_map(|cells| cells.engines.values());
        std::iter::once(&self.engine).chain(others).cloned().collect()
    }

    /// Returns the engine of the cell an event is in; the home cell's for what is of no event.
    pub(super) async fn engine_of(&self, event: Option<EventId>) -> Result<Engine, StoreError> {
        match (&self.cells, event) {
            (Some(cells), Some(event)) => cells.engine_of(&self.engine, event).await,
            (None, Some(_) | None) | (Some(_), None) => Ok(self.engine.clone()),
        }
    }

    /// Adds a draft event with its tiers, still without units, in the cell with the fewest events. The directory comes first, so that
    /// there is no event that cannot be found.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn add_event(&self, request: NewEvent) -> Result<(), StoreError> {
        let event = request.id;
        let is_elsewhere = self.cells.is_some()
            && self
                .engine
                .write(None, move |connection| {
                    cells::place_event(connection, &PlaceEvent { event })
                })
                .await?
                != Place::Home;
        let engine = self.engine_of(Some(event)).await?;
        engine
            .write(Some(event), move |connection| {
                if is_elsewhere {
                    cells::welcome(connection, &request)?;
                }
                drafts::add_event(connection, &request)
            })
            .await
    }
}
