//! The one writer of the store: it runs each command of a group in a savepoint, commits once, then answers all.

use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;
use tokio::time::timeout;
use usher_disk::{CommitNote, Groups, Writer};

use crate::store::StoreError;
use crate::store::operations::Effect;
use crate::store::sqlite::commits;

/// How long a caller waits for room in the queue before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(5);

/// The way to the writer.
#[derive(Debug)]
pub struct StoreWriter(Writer<Box<dyn Command>>);

impl StoreWriter {
    /// Starts the thread; it owns the connection and ends when the writer is closed or dropped.
    pub fn start(connection: Connection, note: Option<CommitNote>) -> Result<Self, StoreError> {
        let serve = move |groups| serve(&connection, note.as_ref(), groups);
        Ok(Self(Writer::start("store-writer", serve)?))
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
        let sent = timeout(PATIENCE, self.0.send(command)).await;
        sent.map_err(|_| StoreError::Overloaded)??;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Tells whether the thread takes commands.
    pub fn is_alive(&self) -> bool {
        self.0.is_alive()
    }

    /// Lets the commands before this one finish and the thread end.
    pub async fn close(&self) {
        self.0.close().await;
    }
}

/// A command on its way through the writer: run, then answered once the group's fate is known.
trait Command: Send {
    /// Does the work inside the open transaction; tells whether it has changed anything.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Tells the caller.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
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

fn serve(connection: &Connection, note: Option<&CommitNote>, mut groups: Groups<Box<dyn Command>>) {
    while let Some(mut group) = groups.gather(|_| None) {
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
    }
}

fn run_group(
    connection: &Connection,
    note: Option<&CommitNote>,
    group: &mut [Box<dyn Command>],
) -> Result<(), StoreError> {
    execute(connection, "BEGIN IMMEDIATE")?;
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
    let committed = counted.and_then(|count| execute(connection, "COMMIT").map(|()| count));
    let count = committed.map_err(|error| {
        if !connection.is_autocommit()
            && let Err(error) = execute(connection, "ROLLBACK")
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
        execute(connection, "SAVEPOINT command")?;
        match work(connection) {
            Ok(Effect::Keep(answer)) => {
                execute(connection, "RELEASE command")?;
                is_kept = true;
                Ok(answer)
            }
            Ok(Effect::Undo(answer)) => {
                undo(connection)?;
                Ok(answer)
            }
            Err(error) => {
                // When the transaction is gone with the error, so is the savepoint.
                if !connection.is_autocommit() {
                    undo(connection)?;
                }
                Err(error)
            }
        }
    };
    let result = attempt();
    (result, is_kept && connection.total_changes() != before)
}

fn undo(connection: &Connection) -> rusqlite::Result<()> {
    execute(connection, "ROLLBACK TO command")?;
    execute(connection, "RELEASE command")
}

/// Runs a statement that is compiled once.
fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> StoreWriter {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE seen (value INTEGER PRIMARY KEY)")
            .unwrap();
        StoreWriter::start(connection, None).unwrap()
    }

    async fn insert(writer: &StoreWriter, value: i64) -> Result<(), StoreError> {
        let work = move |connection: &Connection| {
            connection.execute("INSERT INTO seen VALUES (?1)", [value])?;
            Ok(Effect::Keep(()))
        };
        writer.write(work).await
    }

    async fn count(writer: &StoreWriter) -> i64 {
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
}
