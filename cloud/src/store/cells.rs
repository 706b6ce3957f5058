//! Cells: an event and all that belongs to it is in one of several databases, and no transaction spans two. The home cell has the
//! organizers, their venues, and the directory that says where the events are which are not at home.

mod away;
pub mod directory;
mod gathering;
mod late;
pub mod moving;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::timeout;
use usher_keys::EventId;

use super::engine::Engine;
use super::location::{CellName, StorePlaces};
use super::operations::{cells, drafts};
use super::organizing::NewEvent;
use super::{Store, StoreError};
use directory::{DirectoryLine, KeptAtHome, Place, PlaceEvent};
use late::LateCell;

pub use gathering::{newest_first, oldest_first, one_list, sum, total};

/// How long a process goes by what the directory says of an event: one question a second for each event that is asked for.
const ROUTE_LIFE: Duration = Duration::from_secs(1);
/// How long the directory may take to answer before an event is taken to be where it was.
const ROUTE_PATIENCE: Duration = Duration::from_millis(500);

/// Where an event was found.
#[derive(Debug, Clone)]
struct Route {
    at: Place,
    found_at: Instant,
}

/// The cells beside the home cell.
#[derive(Debug)]
pub struct Cells {
    engines: BTreeMap<CellName, Engine>,
    /// Where events are, as far as this process has asked.
    known: Mutex<HashMap<EventId, Route>>,
    /// Which published events each cell has named the last time; held only to change it or read it.
    published: Mutex<BTreeMap<CellName, Vec<EventId>>>,
    /// The cells that did not answer when this process started and are not open yet; held only to look at it or change it.
    late: Mutex<BTreeMap<CellName, LateCell>>,
}

impl Cells {
    /// Finds the cell of an event. The directory is asked again after a second, so that an event that moves is followed; where it does not
    /// answer, the event is taken to be where it was: if it is not, nothing is found there.
    async fn engine_of(&self, home: &Engine, event: EventId) -> Result<Engine, StoreError> {
        let known = self.known().get(&event).cloned();
        if let Some(route) = &known
            && route.found_at.elapsed() < ROUTE_LIFE
        {
            return self.engine_at(home, &route.at);
        }
        let asked_at = Instant::now();
        let asking = home.read(move |connection| cells::directory_line(connection, &event));
        let line = match (timeout(ROUTE_PATIENCE, asking).await, known) {
            (Ok(Ok(line)), _) => line,
            (Ok(Err(_)) | Err(_), Some(route)) => return self.engine_at(home, &route.at),
            (Ok(Err(error)), None) => return Err(error),
            (Err(_), None) => return Err(StoreError::Overloaded),
        };
        let Some(DirectoryLine { at, moving_to }) = line else {
            return Ok(home.clone());
        };
        if moving_to.is_some() {
            return Err(StoreError::Moving);
        }
        let engine = self.engine_at(home, &at)?;
        self.known().insert(
            event,
            Route {
                at,
                found_at: asked_at,
            },
        );
        Ok(engine)
    }

    /// Returns the engine of a place, unless it is a cell that does not answer.
    fn engine_at(&self, home: &Engine, place: &Place) -> Result<Engine, StoreError> {
        match place {
            Place::Home => Ok(home.clone()),
            Place::Cell(name) => match self.engines.get(name) {
                Some(engine) if engine.is_away() => Err(StoreError::CellAway(name.clone())),
                Some(engine) => Ok(engine.clone()),
                None => Err(StoreError::NoCell(name.clone())),
            },
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<EventId, Route>> {
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
        Self::open_with(places, |_, _| false).await
    }

    /// Adds cells to a home.
    pub(crate) fn with_cells(self, engines: BTreeMap<CellName, Engine>) -> Self {
        let cells = (!engines.is_empty()).then(|| {
            Cells {
                engines,
                known: Mutex::default(),
                published: Mutex::default(),
                late: Mutex::default(),
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
        let place = PlaceEvent {
            event,
            away: self.cells_away(),
        };
        let is_elsewhere = self.cells.is_some()
            && self
                .engine
                .write(None, move |connection| cells::place_event(connection, &place))
                .await?
                != Place::Home;
        let guest = KeptAtHome {
            organizer: request.organizer,
            venue: request.venue.id,
            at: request.now,
        };
        let engine = self.engine_of(Some(event)).await?;
        engine
            .write(Some(event), move |connection| {
                if is_elsewhere {
                    cells::welcome(connection, &guest)?;
                }
                drafts::add_event(connection, &request)
            })
            .await
    }
}
