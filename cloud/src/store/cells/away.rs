//! Cells that do not answer: which they are, and what is known without them.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use futures_util::future::join_all;
use tokio::time::timeout;
use usher_keys::EventId;

use super::Cells;
use super::gathering::PATIENCE;
use crate::store::engine::Engine;
use crate::store::location::CellName;
use crate::store::operations::catalogue;
use crate::store::{Store, StoreError};

/// The published events, as far as the cells say which they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedEvents {
    /// Their ids.
    pub events: Vec<EventId>,
    /// The cells that did not answer: events that they have had since they did are missing.
    pub unheard: Vec<CellName>,
}

impl Cells {
    /// Returns the names of the cells that do not answer.
    fn away(&self) -> impl Iterator<Item = &CellName> {
        let away = self.engines.iter().filter(|(_, engine)| engine.is_away());
        away.map(|(name, _)| name)
    }
}

impl Store {
    /// Returns the names of the cells that do not answer; home is none of them.
    pub fn cells_away(&self) -> Vec<CellName> {
        self.cells
            .iter()
            .flat_map(|cells| cells.away())
            .cloned()
            .collect()
    }

    /// Returns the engines of all cells, the home cell's first, where all answer.
    pub(in crate::store) fn answering_engines(&self) -> Result<Vec<Engine>, StoreError> {
        match self.cells_away().into_iter().next() {
            Some(away) => Err(StoreError::CellAway(away)),
            None => Ok(self.engines()),
        }
    }

    /// Lists the ids of all published events. Of a cell that does not answer it lists those that the cell named the last time.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when home does not answer.
    pub async fn published_so_far(&self) -> Result<PublishedEvents, StoreError> {
        let mut known = PublishedEvents {
            events: self.home().published(()).await?,
            unheard: Vec::new(),
        };
        let Some(cells) = &self.cells else {
            return Ok(known);
        };
        let asked = cells.engines.iter().filter(|(_, engine)| !engine.is_away());
        let asked = asked.map(|(name, engine)| async move {
            let asking = engine.read(|connection| catalogue::published(connection, &()));
            let answer = timeout(PATIENCE, asking).await.ok()?.ok()?;
            Some((name.clone(), answer))
        });
        let heard: BTreeMap<_, _> = join_all(asked).await.into_iter().flatten().collect();
        let silent = |name: &&CellName| !heard.contains_key(*name);
        known.unheard = cells.engines.keys().filter(silent).cloned().collect();
        let mut published = cells.published.lock().unwrap_or_else(PoisonError::into_inner);
        published.extend(heard);
        known.events.extend(published.values().flatten());
        Ok(known)
    }
}
