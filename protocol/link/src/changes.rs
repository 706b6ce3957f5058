//! What a replica tells its sessions while they run: some things at once, the growth of busy logs in steps that all sessions take together.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use usher_protocol::Origin;
use usher_protocol::sync::Held;
use usher_protocol::trust::Trust;

/// How many changes a slow session may lag behind before it is told everything anew.
pub const CHANGES_BUFFERED: usize = 256;

/// Time between two steps: at a busy hub each commit would otherwise wake each session and go out by itself, which costs
/// more than the admissions. A replica that has to judge alone misses the scans of one step more.
const STEP: Duration = Duration::from_millis(100);

/// What sessions are told at once.
#[derive(Debug, Clone)]
pub enum Change {
    /// A log grew, and is durable up to there.
    Grew(Held),
    /// The trust bundle or the register of devices changed.
    Trust,
    /// A copy of a log was dropped: what was said of it is true no more, so that sessions begin anew.
    Dropped,
}

/// The replica's side: tells all sessions.
#[derive(Debug)]
pub struct Announcer {
    at_once: broadcast::Sender<Change>,
    board: Arc<Board>,
}

#[derive(Debug)]
struct Board {
    /// From when steps are counted, so that sessions step together and what one of them loads serves the others.
    began: Instant,
    /// How often a log has grown.
    count: watch::Sender<u64>,
    /// Guards what has grown; never held across an await.
    growth: Mutex<Growth>,
}

/// The logs that grew, each at the count of its last growth.
#[derive(Debug, Default)]
struct Growth {
    by_count: BTreeMap<u64, Held>,
    last_of: BTreeMap<Origin, u64>,
}

impl Default for Announcer {
    fn default() -> Self {
        Self {
            at_once: broadcast::Sender::new(CHANGES_BUFFERED),
            board: Arc::new(Board {
                began: Instant::now(),
                count: watch::Sender::new(0),
                growth: Mutex::default(),
            }),
        }
    }
}

impl Announcer {
    /// Tells whether any session listens.
    pub fn has_listeners(&self) -> bool {
        self.at_once.receiver_count() > 0
    }

    /// Tells every session at once: what gates must know without delay.
    pub fn announce(&self, change: Change) {
        // An error means that no session is listening.
        let _ = self.at_once.send(change);
    }

    /// Lets every session know that a log grew, and is durable up to there. What gates must know at once is the authority's;
    /// scans wait for the next step, and for each other.
    pub fn grew(&self, held: Held, trust: &Trust) {
        if trust.bundle().authority_key(&held.origin).is_some() {
            self.announce(Change::Grew(held));
        } else {
            self.gather(held);
        }
    }

    fn gather(&self, held: Held) {
        self.board.count.send_modify(|count| {
            *count += 1;
            let mut growth = self.board.locked();
            if let Some(before) = growth.last_of.insert(held.origin, *count) {
                growth.by_count.remove(&before);
            }
            growth.by_count.insert(*count, held);
        });
    }

    /// Returns what is told from now on.
    pub fn subscribe(&self) -> Changes {
        let counted = self.board.count.subscribe();
        let seen = *counted.borrow();
        Changes {
            at_once: self.at_once.subscribe(),
            seen,
            counted,
            board: Arc::clone(&self.board),
        }
    }
}

impl Board {
    fn locked(&self) -> MutexGuard<'_, Growth> {
        self.growth.lock().expect("nothing panics while it holds this")
    }
}

/// A session's side.
#[derive(Debug)]
pub struct Changes {
    at_once: broadcast::Receiver<Change>,
    counted: watch::Receiver<u64>,
    /// Up to which count growth was taken.
    seen: u64,
    board: Arc<Board>,
}

/// What a session hears.
#[derive(Debug)]
pub enum News {
    /// A change; an error when some were missed, or the replica is gone.
    Told(Result<Change, RecvError>),
    /// Logs have grown: [`Changes::take_grown`] gives them.
    Grown,
}

impl Changes {
    /// Waits for the next change, and from that moment on for growth that was not taken yet.
    ///
    /// Dropping the wait loses nothing.
    pub async fn next(&mut self, step: Instant) -> News {
        tokio::select! {
            change = self.at_once.recv() => News::Told(change),
            () = grown_since(&mut self.counted, step) => News::Grown,
        }
    }

    /// Takes what has grown since this was last asked: of each log the furthest.
    pub fn take_grown(&mut self) -> Vec<Held> {
        self.counted.borrow_and_update();
        let growth = self.board.locked();
        let news = growth.by_count.range(self.seen + 1..);
        let (counts, news): (Vec<_>, Vec<_>) = news.map(|(count, held)| (*count, held.clone())).unzip();
        self.seen = counts.last().copied().unwrap_or(self.seen);
        news
    }

    /// Returns when the next step begins: at the same moment for all sessions of a replica.
    pub fn step_after(&self, now: Instant) -> Instant {
        let since = now.saturating_duration_since(self.board.began);
        let into_step = since.as_nanos() % STEP.as_nanos();
        let rest = STEP.as_nanos() - into_step;
        now + Duration::from_nanos(u64::try_from(rest).unwrap_or_default())
    }
}

async fn grown_since(counted: &mut watch::Receiver<u64>, step: Instant) {
    sleep_until(step).await;
    if counted.changed().await.is_err() {
        // The replica is gone, which the other stream tells.
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use usher_keys::PublicKey;
    use usher_protocol::Seq;
    use usher_protocol::log::Tail;

    use super::*;

    fn held(origin: u8, seq: u64) -> Held {
        let tail = Tail {
            seq: Seq(seq),
            hash: [0; 32],
        };
        Held {
            origin: PublicKey([origin; 32]),
            tail,
            signature: None,
        }
    }

    #[test]
    fn of_each_log_the_furthest_is_taken_once() {
        let announcer = Announcer::default();
        announcer.gather(held(3, 1));
        let mut changes = announcer.subscribe();
        assert_eq!(changes.take_grown(), []);
        for seq in 1..=50 {
            announcer.gather(held(1, seq));
        }
        announcer.gather(held(2, 3));
        assert_eq!(changes.take_grown(), [held(1, 50), held(2, 3)]);
        assert_eq!(changes.take_grown(), []);
        announcer.gather(held(1, 51));
        assert_eq!(changes.take_grown(), [held(1, 51)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_is_woken_once_for_all_that_grows_within_a_step() {
        let announcer = Announcer::default();
        let mut changes = announcer.subscribe();
        announcer.gather(held(1, 1));
        let start = Instant::now();
        assert!(matches!(changes.next(start).await, News::Grown));
        assert_eq!(changes.take_grown().len(), 1);

        let step = changes.step_after(start);
        for seq in 2..40 {
            announcer.gather(held(1, seq));
        }
        assert!(matches!(changes.next(step).await, News::Grown));
        assert_eq!(start.elapsed(), STEP);
        assert_eq!(changes.take_grown(), [held(1, 39)]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_must_be_known_at_once_does_not_wait_for_the_step() {
        let announcer = Announcer::default();
        let mut changes = announcer.subscribe();
        announcer.gather(held(1, 1));
        announcer.announce(Change::Grew(held(2, 1)));
        let (start, step) = (Instant::now(), changes.step_after(Instant::now()));
        let news = changes.next(step).await;
        assert!(matches!(news, News::Told(Ok(Change::Grew(_)))), "{news:?}");
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn sessions_that_begin_apart_step_together() {
        let announcer = Announcer::default();
        let changes = announcer.subscribe();
        tokio::time::advance(STEP / 3).await;
        let early = changes.step_after(Instant::now());
        tokio::time::advance(STEP / 2).await;
        assert_eq!(announcer.subscribe().step_after(Instant::now()), early);
    }
}
