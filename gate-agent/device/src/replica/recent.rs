//! Runs that were read a moment ago, for the other sessions of a crowd: they step together and ask for the same records of a busy log.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;
use usher_protocol::log::Run;
use usher_protocol::{Origin, Seq};

/// How long a run is given out again: half a step of the sessions. Later a longer one can be read.
const KEPT_FOR: Duration = Duration::from_millis(50);
/// Most runs that are kept, each of at most a frame: those of the logs that grew in one step at a busy venue.
const MOST_RUNS: usize = 4;

/// The log a run belongs to, and after which record it begins.
type Beginning = (Origin, Seq);

/// The runs that were just read, and those that are being read.
#[derive(Debug, Default)]
pub struct RecentRuns {
    /// Guards the list; never held across an await.
    runs: Mutex<Vec<RecentRun>>,
}

#[derive(Debug)]
struct RecentRun {
    beginning: Beginning,
    since: Instant,
    /// Filled by whoever asks first; the others wait for that.
    run: Arc<OnceCell<Arc<Run>>>,
}

/// Why a cell stays empty.
enum NoRun<E> {
    NotHere,
    Unread(E),
}

impl RecentRuns {
    /// Returns the run with that beginning; reads it, unless somebody did just now. That it is not here is not remembered.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub async fn run_after<E>(
        &self,
        beginning: Beginning,
        read: impl AsyncFnOnce() -> Result<Option<Run>, E>,
    ) -> Result<Option<Arc<Run>>, E> {
        let cell = self.cell(beginning);
        let reading = cell.get_or_try_init(async || match read().await {
            Ok(run) => run.map(Arc::new).ok_or(NoRun::NotHere),
            Err(error) => Err(NoRun::Unread(error)),
        });
        match reading.await {
            Ok(run) => Ok(Some(Arc::clone(run))),
            Err(NoRun::NotHere) => Ok(None),
            Err(NoRun::Unread(error)) => Err(error),
        }
    }

    /// Forgets them all: a copy of a log was dropped.
    pub fn forget(&self) {
        self.locked().clear();
    }

    fn cell(&self, beginning: Beginning) -> Arc<OnceCell<Arc<Run>>> {
        let now = Instant::now();
        let mut runs = self.locked();
        runs.retain(|recent| now.duration_since(recent.since) < KEPT_FOR);
        if let Some(recent) = runs.iter().find(|recent| recent.beginning == beginning) {
            return Arc::clone(&recent.run);
        }
        if runs.len() >= MOST_RUNS {
            runs.remove(0);
        }
        let run = Arc::<OnceCell<_>>::default();
        runs.push(RecentRun {
            beginning,
            since: now,
            run: Arc::clone(&run),
        });
        run
    }

    fn locked(&self) -> MutexGuard<'_, Vec<RecentRun>> {
        self.runs.lock().expect("nothing panics while it holds this")
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use usher_keys::{PublicKey, Signature};
    use usher_protocol::log::{Head, Tail};

    use super::*;

    fn run(origin: u8) -> Run {
        Run {
            base: Tail::default(),
            records: vec![vec![origin]],
            head: Head {
                origin: PublicKey([origin; 32]),
                tail: Tail::default(),
                signature: Signature([0; 64]),
            },
        }
    }

    /// Asks for the run of a log after its beginning; counts how often it is read.
    async fn ask(runs: &RecentRuns, origin: u8, reads: &Cell<u32>) -> Option<Arc<Run>> {
        let read = async || {
            reads.set(reads.get() + 1);
            tokio::task::yield_now().await;
            Ok::<_, ()>((origin > 0).then(|| run(origin)))
        };
        let beginning = (PublicKey([origin; 32]), Seq(0));
        runs.run_after(beginning, read).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_that_asks_for_the_same_has_it_read_once_for_a_moment() {
        let (runs, reads) = (RecentRuns::default(), Cell::new(0));
        let (one, other) = tokio::join!(ask(&runs, 1, &reads), ask(&runs, 1, &reads));
        assert_eq!((one, reads.get()), (other, 1));
        ask(&runs, 2, &reads).await;
        assert_eq!(reads.get(), 2);
        tokio::time::advance(KEPT_FOR).await;
        ask(&runs, 1, &reads).await;
        assert_eq!(reads.get(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_here_or_was_dropped_is_looked_for_again() {
        let (runs, reads) = (RecentRuns::default(), Cell::new(0));
        for read in 1..3 {
            assert_eq!(ask(&runs, 0, &reads).await, None);
            assert_eq!(reads.get(), read);
        }
        ask(&runs, 1, &reads).await;
        runs.forget();
        ask(&runs, 1, &reads).await;
        assert_eq!(reads.get(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_a_few_runs_are_kept() {
        let (runs, reads) = (RecentRuns::default(), Cell::new(0));
        for origin in 1..=20 {
            ask(&runs, origin, &reads).await;
        }
        assert_eq!(runs.locked().len(), MOST_RUNS);
    }
}
