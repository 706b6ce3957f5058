//! Questions about all events: each cell answers for its own, and the answers become one.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{join_all, try_join_all};
use futures_util::stream::FuturesUnordered;
use tokio::time::timeout;
use usher_keys::{EnrolmentId, EventId};

use crate::buyers::{OwnBooking, OwnBookings};
use crate::catalogue::search::EventQuery;
use crate::catalogue::{EventLine, EventPage};
use crate::selling::jobs::{DueJobs, FreeJobs, Job, JobCounts};
use crate::store::authority::{FeedTotal, Halt, HaltAll};
use crate::store::operations::authority::{devices, halts};
use crate::store::operations::{Effect, buyers, jobs, search};
use crate::store::search::CitiesQuery;
use crate::store::sql::Sql;
use crate::store::{Store, StoreError};

/// How long a search waits for a cell. A longer wait would let one dead cell delay all results.
pub const PATIENCE: Duration = Duration::from_secs(2);

impl Store {
    /// Lists published events that have not ended: by how they match, then by start. Those of a cell that does not answer are left out,
    /// unless it is home.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn events(&self, query: EventQuery) -> Result<EventPage, StoreError> {
        let mut pages = self.found_in_each(&query, search::events).await?;
        match pages.len() {
            1 => Ok(pages.remove(0)),
            _ => Ok(one_page(pages, &query)),
        }
    }

    /// Lists cities that have events and begin so, by name, likewise.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn cities(&self, query: CitiesQuery) -> Result<Vec<String>, StoreError> {
        let mut names = one_list(self.found_in_each(&query, search::cities).await?);
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Asks home, and all cells that answer within a moment.
    async fn found_in_each<Q: Clone + Send + 'static, T: Send + 'static>(
        &self,
        query: &Q,
        by: fn(&Sql<'_>, &Q) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let ask = |cell: Self| {
            let query = query.clone();
            async move { cell.engine.read(move |connection| by(connection, &query)).await }
        };
        if self.cells.is_none() {
            return Ok(vec![ask(self.home()).await?]);
        }
        let others = self
            .each_cell()
            .into_iter()
            .skip(1)
            .filter(|cell| !cell.engine.is_away())
            .map(|cell| timeout(PATIENCE, ask(cell)));
        let (home, others) = tokio::join!(ask(self.home()), join_all(others));
        let mut found = vec![home?];
        for answer in others {
            match answer {
                Ok(Ok(answer)) => found.push(answer),
                Ok(Err(_)) | Err(_) => tracing::warn!("a cell does not answer: its events are not listed"),
            }
        }
        Ok(found)
    }

    /// Lists what was bought with an address in all cells, the newest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`], also when a cell does not answer: a list that leaves tickets out is none.
    pub async fn own_bookings(&self, query: OwnBookings) -> Result<Vec<OwnBooking>, StoreError> {
        let asked = self.answering_engines()?.into_iter().map(|engine| {
            let query = query.clone();
            async move {
                engine
                    .read(move |connection| buyers::own_bookings(connection, &query))
                    .await
            }
        });
        let mut found = one_list(try_join_all(asked).await?);
        found.sort_by_key(|booking| std::cmp::Reverse((booking.created_at, booking.id)));
        // One that is on its way may be in two cells.
        found.dedup_by_key(|booking| booking.id);
        found.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// Finds the event of an enrolment code. A cell that does not answer keeps no devices from the events of the others.
    ///
    /// # Errors
    ///
    /// [`StoreError`], also when a cell that did not answer may have it.
    pub async fn code_event(&self, code: EnrolmentId) -> Result<Option<EventId>, StoreError> {
        let asked = self.engines().into_iter().map(|engine| async move {
            if engine.is_away() {
                return Err(StoreError::Overloaded);
            }
            engine
                .read(move |connection| devices::code_event(connection, &code))
                .await
        });
        let mut answers: FuturesUnordered<_> = asked.collect();
        let mut failed = None;
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(Some(event)) => return Ok(Some(event)),
                Ok(None) => {}
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(None), Err)
    }

    /// Lists jobs that wait for anybody, those that have waited longest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn due_jobs(&self, request: DueJobs) -> Result<Vec<Job>, StoreError> {
        let asked = self.engines().into_iter().map(|engine| async move {
            engine
                .read(move |connection| jobs::due_jobs(connection, &request))
                .await
        });
        let mut due = one_list(try_join_all(asked).await?);
        due.sort_by_key(|job| job.due_at);
        due.truncate(usize::try_from(request.limit).unwrap_or(usize::MAX));
        Ok(due)
    }

    /// Frees the jobs that a process left behind; tells how many.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the cells before that have done it then.
    pub async fn free_jobs(&self, request: FreeJobs) -> Result<usize, StoreError> {
        self.write_everywhere(move |connection| jobs::free_jobs(connection, &request))
            .await
    }

    /// Halts every event; tells how many.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the cells before that have done it then.
    pub async fn halt_all(&self, request: HaltAll) -> Result<usize, StoreError> {
        self.write_everywhere(move |connection| halts::halt_all(connection, &request))
            .await
    }

    /// Has every cell do something of no single event; adds up how often that was.
    async fn write_everywhere(
        &self,
        work: impl Fn(&Sql<'_>) -> Result<Effect<usize>, StoreError> + Send + Copy + 'static,
    ) -> Result<usize, StoreError> {
        let mut sum = 0;
        for engine in self.engines() {
            sum += engine.write(None, work).await?;
        }
        Ok(sum)
    }
}

/// Puts pages together, and says where the next one begins.
fn one_page(pages: Vec<EventPage>, query: &EventQuery) -> EventPage {
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let is_more = pages.iter().any(|page| page.next.is_some());
    let mut events: Vec<_> = pages.into_iter().flat_map(|page| page.events).collect();
    events.sort_by_key(|event| event.cursor);
    // One that is on its way may be in two cells.
    events.dedup_by_key(|event| event.id);
    let is_more = is_more || events.len() > limit;
    events.truncate(limit);
    let next = events.last().filter(|_| is_more).map(|last| last.cursor);
    EventPage { events, next }
}

/// Puts lists together, one cell after the other.
pub fn one_list<T>(lists: Vec<Vec<T>>) -> Vec<T> {
    lists.into_iter().flatten().collect()
}

/// Puts lists of events together, the newest first.
pub fn newest_first(lists: Vec<Vec<EventLine>>) -> Vec<EventLine> {
    let mut lines = one_list(lists);
    lines.sort_by_key(|line| std::cmp::Reverse(line.id));
    // One that is on its way may be in two cells.
    lines.dedup_by_key(|line| line.id);
    lines
}

/// Puts lists of halted events together, the oldest first.
pub fn oldest_first(lists: Vec<Vec<(EventId, Halt)>>) -> Vec<(EventId, Halt)> {
    let mut halts = one_list(lists);
    halts.sort_by_key(|(event, _)| *event);
    halts
}

/// Adds jobs up.
pub fn sum(counts: Vec<JobCounts>) -> JobCounts {
    counts
        .into_iter()
        .fold(JobCounts::default(), |sum, counts| JobCounts {
            open: sum.open + counts.open,
            failing: sum.failing + counts.failing,
        })
}

/// Adds counts of changes up, as of the home cell's time.
pub fn total(totals: Vec<FeedTotal>) -> FeedTotal {
    FeedTotal {
        read_at: totals.first().and_then(|home| home.read_at),
        count: totals.into_iter().fold(0, |sum, one| sum.wrapping_add(one.count)),
    }
}
