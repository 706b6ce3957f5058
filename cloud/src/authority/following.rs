//! Following what other processes write to the store: each cell is asked again and again what is new, and the home cell what time it is.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use usher_keys::{EventId, Timestamp};

use super::Authorities;
use super::event::EventAuthority;
use super::view::Compared;
use crate::store::authority::FeedVersion;
use crate::store::{Store, StoreError};

/// How often the store is asked whether another process has changed an event: a gate shall hear of a revocation within 150 ms.
const FOLLOW_EVERY: Duration = Duration::from_millis(50);
/// The same while no gate is linked here and nothing has changed for a while: a hundred events that nobody uses cost next to nothing.
const FOLLOW_IDLY_EVERY: Duration = Duration::from_millis(250);
/// For how long after a change it is likely that another one follows.
const IDLE_AFTER: Duration = Duration::from_secs(10);

/// What a process has found of the events of a cell.
#[derive(Debug, Default)]
struct Followed {
    /// Whether the clock goes by this cell's database: the home cell's, so that all processes go by one.
    tells_time: bool,
    /// What the counts of changes came to.
    total: Option<u64>,
    /// When that was found to have changed the last time.
    changed_at: Option<Instant>,
    /// What the count of each event stood at then.
    versions: Vec<(EventId, FeedVersion)>,
    /// Events that could not be taken up, with the count at which that was tried.
    failed: BTreeMap<EventId, FeedVersion>,
}

impl Followed {
    /// Nothing yet of the home cell.
    fn home() -> Self {
        Self {
            tells_time: true,
            ..Self::default()
        }
    }
}

impl Authorities {
    /// Takes up every event that has a trust bundle. One that is damaged is said to be so and does not hold up the others.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when not even the list can be read.
    pub async fn start(&self) -> Result<(), StoreError> {
        let home = self.parts.store.home();
        self.compare(&home, &mut Followed::home()).await?;
        for cell in self.parts.store.each_cell().iter().skip(1) {
            match self.compare(cell, &mut Followed::default()).await {
                Err(error) if error.is_temporary() => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(
                        error,
                        "a cell does not answer: its events are taken up once it does"
                    );
                }
                done => done?,
            }
        }
        Ok(())
    }

    /// Follows what other processes write to the store, until told to stop.
    pub async fn follow(&self, stop: CancellationToken) {
        let cells = self.parts.store.each_cell();
        let followed = std::iter::once(Followed::home()).chain(std::iter::repeat_with(Followed::default));
        let following = cells.iter().zip(followed);
        join_all(following.map(|(cell, followed)| self.follow_cell(cell, followed, &stop))).await;
    }

    async fn follow_cell(&self, cell: &Store, mut followed: Followed, stop: &CancellationToken) {
        let mut next = Instant::now();
        while stop.run_until_cancelled(sleep_until(next)).await.is_some() {
            next = Instant::now() + self.pause(&followed);
            if let Err(error) = self.compare(cell, &mut followed).await {
                // The gates see by the age of what they know that it is not compared any more.
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "the store could not be asked what is new");
            }
        }
    }

    /// Tells how soon the store is asked again.
    fn pause(&self, followed: &Followed) -> Duration {
        let has_changed = followed.changed_at.is_none_or(|at| at.elapsed() < IDLE_AFTER);
        let is_linked = |one: &Arc<EventAuthority>| one.view().has_listeners();
        let events = || self.events.lock().unwrap_or_else(PoisonError::into_inner);
        if has_changed || events().values().any(is_linked) {
            FOLLOW_EVERY
        } else {
            FOLLOW_IDLY_EVERY
        }
    }

    /// Compares what is visible of each event of a cell with what is stored. An event that could not be taken up is tried again when
    /// something of it has changed.
    async fn compare(&self, cell: &Store, followed: &mut Followed) -> Result<(), StoreError> {
        let (total, at) = self.total(cell, followed.tells_time).await?;
        if followed.total != Some(total) {
            // What changes meanwhile makes the next total another one.
            followed.versions = cell.feed_versions(()).await?;
            followed.total = Some(total);
            followed.changed_at = Some(Instant::now());
        }
        let Followed { versions, failed, .. } = followed;
        for (event, version) in versions.iter().copied() {
            match self.find(event) {
                Some(authority) => authority.hear_of(Compared { version, at }),
                None if failed.get(&event) == Some(&version) => {}
                None => {
                    let _one = self.making.lock().await;
                    if self.find(event).is_none()
                        && let Err(error) = self.start_event(event).await
                    {
                        let error = &error as &dyn std::error::Error;
                        tracing::error!(%event, error, "an event cannot be taken up");
                        failed.insert(event, version);
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds up what counts the changes of a cell's events, and tells when that was asked; the answer says what time it is, too.
    async fn total(&self, cell: &Store, tells_time: bool) -> Result<(u64, Timestamp), StoreError> {
        let clock = &self.parts.clock;
        let asked = clock.ask();
        let total = cell.feed_total(()).await?;
        if let Some(showed) = total.read_at.filter(|_| tells_time) {
            clock.hear(asked, showed);
        }
        Ok((total.count, clock.time_of(asked)))
    }
}
