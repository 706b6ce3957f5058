//! The writers of a PostgreSQL database: each takes what is waiting for its events, locks these events, runs each command, commits
//! once, then answers all. A group is run swiftly first; if anything in it does not go as presumed, again and carefully. An event belongs to one writer of a process; its lock keeps other processes out.

mod group;

use std::sync::Mutex;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use usher_keys::EventId;

use crate::store::StoreError;
use crate::store::operations::Effect;
use crate::store::sql::Sql;

use super::backend::{Backend, Care};
use super::server::Servers;

/// Writers of one process: while one waits for its commit, others work on other events.
const WRITERS: usize = 4;
/// Commands that may wait for each writer; beyond it callers wait in line themselves.
const QUEUE: usize = 1024;
/// Commands in one commit.
const GROUP: usize = 128;
/// How long a caller waits for room in the queue before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a group or a query that was broken off runs again: with the pauses about a minute, in which another server of a
/// replicated database has long taken over.
pub const ATTEMPTS: u32 = 66;
/// The longest pause before the next attempt, in milliseconds.
const MAX_PAUSE_MS: u64 = 2_000;

/// The writers' threads and the ways to them.
#[derive(Debug)]
pub struct Writers {
    queues: Vec<mpsc::Sender<Box<dyn Command>>>,
    /// The threads, until someone waits for their end.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Writers {
    /// Starts the threads; they end when the writers are closed or dropped.
    pub fn start(servers: &Servers) -> Result<Self, StoreError> {
        let (mut queues, mut threads) = (Vec::new(), Vec::new());
        for _ in 0..WRITERS {
            let (queue, commands) = mpsc::channel(QUEUE);
            let servers = servers.clone();
            let serve = move || group::serve(&servers, commands);
            queues.push(queue);
            threads.push(thread::Builder::new().name("store-writer".into()).spawn(serve)?);
        }
        Ok(Self {
            queues,
            threads: Mutex::new(threads),
        })
    }

    /// Runs a command and waits until it is durable.
    pub async fn write<T, W>(&self, event: Option<EventId>, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Fn(&Sql<'_>) -> Result<Effect<T>, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let command = Box::new(Pending {
            event,
            work,
            result: None,
            reply,
        });
        let writer = event.map_or(0, |event| usize::from(event.0[15]) % WRITERS);
        match timeout(PATIENCE, self.queues[writer].send(command)).await {
            Err(_) => return Err(StoreError::Overloaded),
            Ok(Err(_)) => return Err(StoreError::Closed),
            Ok(Ok(())) => {}
        }
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Tells whether the threads take commands.
    pub fn is_alive(&self) -> bool {
        !self.queues.iter().any(mpsc::Sender::is_closed)
    }

    /// Lets the commands before this one finish and the threads end.
    pub async fn close(&self) {
        for queue in &self.queues {
            // An error means that the thread has ended already.
            let _ = queue.send(Box::new(Stop)).await;
        }
        let threads: Vec<_> = {
            let mut threads = self.threads.lock().expect("nothing panics while it holds this");
            threads.drain(..).collect()
        };
        for thread in threads {
            let ended = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(ended, Ok(Ok(()))) {
                tracing::error!("a writer of the store did not end in good order");
            }
        }
    }
}

/// Returns how long to wait before an attempt: longer each time, and never the same, so that those who met do not meet again.
fn pause(attempt: u32) -> Duration {
    let most = (10_u64 << attempt.min(10)).min(MAX_PAUSE_MS);
    let mut drawn = [0; 8];
    // Without randomness the pause is just the longest one.
    let share = getrandom::fill(&mut drawn).map_or(most / 2, |()| u64::from_le_bytes(drawn) % (most / 2 + 1));
    Duration::from_millis(most / 2 + share)
}

/// Waits for the next attempt, also during a shutdown: callers wait for what becomes of theirs, and the attempts are bounded.
#[expect(
    clippy::disallowed_methods,
    reason = "the thread has nothing else to hear: its group comes first"
)]
pub fn wait_for(attempt: u32) {
    thread::sleep(pause(attempt));
}

/// A command on its way through a writer: run, again if its transaction is broken off, then answered.
trait Command: Send {
    /// Returns the event it changes.
    fn event(&self) -> Option<EventId>;
    /// Does the work inside the open transaction; tells whether it leaves anything there.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the transaction was broken off, or cannot be gone on with.
    fn run(&mut self, backend: &Backend) -> Result<bool, StoreError>;
    /// Tells the caller.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
    /// Tells the writer to end after this group.
    fn is_stop(&self) -> bool {
        false
    }
}

struct Pending<T, W> {
    event: Option<EventId>,
    work: W,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, W> Command for Pending<T, W>
where
    T: Send,
    W: Fn(&Sql<'_>) -> Result<Effect<T>, StoreError> + Send,
{
    fn event(&self) -> Option<EventId> {
        self.event
    }

    fn run(&mut self, backend: &Backend) -> Result<bool, StoreError> {
        self.result = None;
        backend.begin_command();
        let (result, is_kept) = match (self.work)(&Sql::Postgres(backend)) {
            Ok(Effect::Keep(answer)) => (Ok(answer), true),
            Ok(Effect::Undo(answer)) => (Ok(answer), false),
            Err(error) if error.is_broken_off() || backend.care() == Care::Swift => return Err(error),
            Err(error) => (Err(error), false),
        };
        if is_kept {
            backend.keep_command();
        } else {
            backend.undo_command()?;
        }
        self.result = Some(result);
        Ok(is_kept)
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        // A command that failed by itself says why, even when its group failed too.
        let result = match self.result {
            Some(Ok(answer)) => committed.map(|()| answer),
            Some(Err(error)) => Err(error),
            None => Err(committed.err().unwrap_or(StoreError::GroupLost)),
        };
        // An error means that the caller no longer waits.
        let _ = self.reply.send(result);
    }
}

struct Stop;

impl Command for Stop {
    fn event(&self) -> Option<EventId> {
        None
    }

    fn run(&mut self, _session: &Backend) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn answer(self: Box<Self>, _committed: Result<(), StoreError>) {}

    fn is_stop(&self) -> bool {
        true
    }
}
