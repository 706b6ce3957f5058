//! The one writer of a SQLite file: it takes what is waiting, runs each command in a savepoint, commits once, then answers all.

use std::sync::Mutex;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::store::StoreError;
use crate::store::sqlite::commits::{self, Note};

/// Commands that may wait for the writer; beyond it callers wait in line themselves.
const QUEUE: usize = 1024;
/// Commands in one commit: at 128 the cost of the disk's flush is already spread thin, and a group takes milliseconds.
const GROUP: usize = 128;
/// How long a caller waits for room in the queue before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a command leaves behind, beside its answer.
#[derive(Debug)]
pub enum Effect<T> {
    /// Its changes.
    Keep(T),
    /// Nothing: it was refused half-way and its changes are undone.
    Undo(T),
}

/// The writer thread and the way to it.
#[derive(Debug)]
pub struct Writer {
    queue: mpsc::Sender<Box<dyn Command>>,
    /// The thread, until someone waits for its end.
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread; it owns the connection and ends when the writer is closed or dropped.
    pub fn start(connection: Connection, note: Option<Note>) -> Result<Self, StoreError> {
        let (queue, commands) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || serve(&connection, note.as_ref(), commands))?;
        Ok(Self {
            queue,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Runs a command and waits until it is durable.
    pub async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<Effect<T>, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let command = Box::new(Pending {
            work: Some(work),
            result: None,
            reply,
        });
        match timeout(PATIENCE, self.queue.send(command)).await {
            Err(_) => return Err(StoreError::Overloaded),
            Ok(Err(_)) => return Err(StoreError::Closed),
            Ok(Ok(())) => {}
        }
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Tells whether the thread takes commands.
    pub fn is_alive(&self) -> bool {
        !self.queue.is_closed()
    }

    /// Lets the commands before this one finish and the thread end.
    pub async fn close(&self) {
        // An error means that the thread has ended already.
        let _ = self.queue.send(Box::new(Stop)).await;
        let thread = self
            .thread
            .lock()
            .expect("nothing panics while it holds this")
            .take();
        if let Some(thread) = thread {
            let ended = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(ended, Ok(Ok(()))) {
                tracing::error!("the store's writer did not end in good order");
            }
        }
    }
}

/// A command on its way through the writer: run, then answered once the group's fate is known.
trait Command: Send {
    /// Does the work inside the open transaction; tells whether it has changed anything.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Tells the caller.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
    /// Tells the writer to end after this group.
    fn is_stop(&self) -> bool {
        false
    }
}

struct Pending<T, W> {
    work: Option<W>,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, W> Command for Pending<T, W>
where
    T: Send,
    W: FnOnce(&Connection) -> Result<Effect<T>, StoreError> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        let Some(work) = self.work.take() else {
            return false;
        };
        let (result, has_changed) = in_savepoint(connection, work);
        self.result = Some(result);
        has_changed
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
    fn run(&mut self, _connection: &Connection) -> bool {
        false
    }

    fn answer(self: Box<Self>, _committed: Result<(), StoreError>) {}

    fn is_stop(&self) -> bool {
        true
    }
}

fn serve(connection: &Connection, note: Option<&Note>, mut commands: mpsc::Receiver<Box<dyn Command>>) {
    while let Some(first) = commands.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP
            && let Ok(next) = commands.try_recv()
        {
            group.push(next);
        }
        let stop = group.iter().any(|command| command.is_stop());
        let committed = run_group(connection, note, &mut group);
        if let Err(error) = &committed {
            tracing::error!(
                error = error as &dyn std::error::Error,
                commands = group.len(),
                "a group was not committed"
            );
        }
        for command in group {
            command.answer(committed.clone());
        }
        if stop {
            return;
        }
    }
}

fn run_group(
    connection: &Connection,
    note: Option<&Note>,
    group: &mut [Box<dyn Command>],
) -> Result<(), StoreError> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let mut has_changed = false;
    for command in group {
        has_changed |= command.run(connection);
        // A full disk or an I/O error can make SQLite roll the whole transaction back by itself.
        if connection.is_autocommit() {
            return Err(StoreError::GroupLost);
        }
    }
    // A group that was refused as a whole costs no flush of the disk, so it is not counted either.
    let note = note.filter(|_| has_changed);
    let counted = note.map(|_| commits::count_one(connection)).transpose();
    let committed = counted.and_then(|count| connection.execute_batch("COMMIT").map(|()| count));
    let count = committed.map_err(|error| {
        if !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a failed commit could not be rolled back"
            );
        }
        StoreError::from(error)
    })?;
    if let (Some(note), Some(count)) = (note, count) {
        note.write(count);
    }
    Ok(())
}

/// Runs the work of one command so that it leaves either all or nothing in the group's transaction, and tells whether it
/// leaves anything.
fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<Effect<T>, StoreError>,
) -> (Result<T, StoreError>, bool) {
    let before = connection.total_changes();
    let mut is_kept = false;
    let attempt = || {
        connection.execute_batch("SAVEPOINT command")?;
        match work(connection) {
            Ok(Effect::Keep(answer)) => {
                connection.execute_batch("RELEASE command")?;
                is_kept = true;
                Ok(answer)
            }
            Ok(Effect::Undo(answer)) => {
                connection.execute_batch("ROLLBACK TO command; RELEASE command")?;
                Ok(answer)
            }
            Err(error) => {
                // When the transaction is gone with the error, so is the savepoint.
                if !connection.is_autocommit() {
                    connection.execute_batch("ROLLBACK TO command; RELEASE command")?;
                }
                Err(error)
            }
        }
    };
    let result = attempt();
    (result, is_kept && connection.total_changes() != before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> Writer {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE seen (value INTEGER PRIMARY KEY)")
            .unwrap();
        Writer::start(connection, None).unwrap()
    }

    async fn insert(writer: &Writer, value: i64) -> Result<(), StoreError> {
        let work = move |connection: &Connection| {
            connection.execute("INSERT INTO seen VALUES (?1)", [value])?;
            Ok(Effect::Keep(()))
        };
        writer.write(work).await
    }

    async fn count(writer: &Writer) -> i64 {
        let work = |connection: &Connection| {
            Ok(Effect::Keep(connection.query_row(
                "SELECT count(*) FROM seen",
                [],
                |row| row.get(0),
            )?))
        };
        writer.write(work).await.unwrap()
    }

    #[tokio::test]
    async fn a_command_that_fails_does_not_take_its_group_along() {
        let writer = writer();
        let all = futures_util::future::join_all([1, 2, 2, 3].map(|value| insert(&writer, value))).await;
        assert_eq!(all.iter().filter(|result| result.is_ok()).count(), 3);
        assert_eq!(count(&writer).await, 3);
    }

    #[tokio::test]
    async fn a_refused_command_leaves_nothing_behind() {
        let writer = writer();
        let refused = |connection: &Connection| {
            connection.execute("INSERT INTO seen VALUES (1)", [])?;
            Ok(Effect::Undo("refused"))
        };
        assert_eq!(writer.write(refused).await.unwrap(), "refused");
        assert_eq!(count(&writer).await, 0);
    }

    #[tokio::test]
    async fn a_transaction_that_is_lost_fails_every_command_of_its_group_and_later_ones_go_on() {
        let writer = writer();
        let lose = |connection: &Connection| {
            connection.execute_batch("ROLLBACK")?;
            Ok(Effect::Keep(()))
        };
        let (before, lost) = tokio::join!(insert(&writer, 1), writer.write(lose));
        assert!(lost.is_err());
        let kept = i64::from(before.is_ok());
        assert_eq!(count(&writer).await, kept);
        insert(&writer, 2).await.unwrap();
    }

    #[tokio::test]
    async fn closing_waits_for_what_was_asked_and_refuses_the_rest() {
        let writer = writer();
        insert(&writer, 1).await.unwrap();
        writer.close().await;
        assert!(matches!(insert(&writer, 2).await, Err(StoreError::Closed)));
    }
}
