//! Groups of commands and their one transaction each, run again when it is broken off. Every writer has a row that counts its
//! commits and is locked by its transaction: whoever lost the answer to a COMMIT learns there what became of it.

use std::collections::BTreeSet;

use tokio::sync::mpsc;

use crate::store::StoreError;
use crate::store::postgres::backend::{Backend, Pace};
use crate::store::postgres::server::Servers;

use super::{ATTEMPTS, Command, GROUP, wait_for};

/// Takes commands in groups until one says stop.
pub fn serve(servers: &Servers, mut commands: mpsc::Receiver<Box<dyn Command>>) {
    let mut writing = None;
    while let Some(first) = commands.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP
            && let Ok(next) = commands.try_recv()
        {
            group.push(next);
        }
        let stop = group.iter().any(|command| command.is_stop());
        let committed = run(servers, &mut writing, &mut group);
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

/// Runs a group until it is committed, or as often as may be.
fn run(
    servers: &Servers,
    writing: &mut Option<Writing>,
    group: &mut [Box<dyn Command>],
) -> Result<(), StoreError> {
    let (mut in_doubt, mut pace, mut attempt) = (None, Pace::Swift, 0);
    loop {
        let error = match attempt_once(servers, writing, group, (&mut in_doubt, pace)) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let is_first = std::mem::replace(&mut pace, Pace::Careful) == Pace::Swift;
        if is_first && writing.as_ref().is_some_and(Writing::has_rolled_back) {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "a group begins again, carefully"
            );
            continue;
        }
        *writing = None;
        if !(is_first || error.is_broken_off()) || attempt == ATTEMPTS {
            return Err(error);
        }
        attempt += 1;
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            attempt,
            "a group begins again"
        );
        wait_for(attempt);
    }
}

fn attempt_once(
    servers: &Servers,
    writing: &mut Option<Writing>,
    group: &mut [Box<dyn Command>],
    (in_doubt, pace): (&mut Option<Doubt>, Pace),
) -> Result<(), StoreError> {
    let ready = match writing {
        Some(ready) => ready,
        None => writing.insert(Writing::begin(servers)?),
    };
    if let Some(doubt) = in_doubt
        && doubt.is_committed(&ready.backend)?
    {
        return Ok(());
    }
    *in_doubt = None;
    ready.lock(group, pace)?;
    let mut has_changed = false;
    for command in group {
        has_changed |= command.run(&ready.backend)?;
    }
    if has_changed {
        *in_doubt = Some(ready.doubt());
        ready.backend.commit()?;
        ready.commits += 1;
    } else {
        ready.backend.batch("ROLLBACK")?;
    }
    *in_doubt = None;
    Ok(())
}

/// A commit whose answer has not come.
struct Doubt {
    writer: [u8; 16],
    commits: i64,
}

impl Doubt {
    /// Finds out; the row is locked until the transaction has ended one way or the other.
    fn is_committed(&self, backend: &Backend) -> Result<bool, StoreError> {
        let row = backend.wait(async |client| {
            let sql = "SELECT commits FROM writers WHERE writer_id = $1 FOR UPDATE";
            client.query_one(sql, &[&self.writer.as_slice()]).await
        })?;
        Ok(row.get::<_, i64>(0) == self.commits)
    }
}

/// A connection that writes, and its row.
struct Writing {
    backend: Backend,
    writer: [u8; 16],
    commits: i64,
}

impl Writing {
    fn begin(servers: &Servers) -> Result<Self, StoreError> {
        let backend = Backend::connect(servers)?;
        let mut writer = [0; 16];
        getrandom::fill(&mut writer).expect("the system has randomness");
        backend.wait(async |client| {
            client
                .execute(
                    "INSERT INTO writers (writer_id, commits) VALUES ($1, 0)",
                    &[&writer.as_slice()],
                )
                .await
        })?;
        Ok(Self {
            backend,
            writer,
            commits: 0,
        })
    }

    /// Begins a transaction that has the writer's row and the group's events to itself; the order of the events keeps two
    /// processes from waiting for each other.
    fn lock(&self, group: &[Box<dyn Command>], pace: Pace) -> Result<(), StoreError> {
        let events: BTreeSet<[u8; 16]> = group
            .iter()
            .filter_map(|command| command.event())
            .map(|id| id.0)
            .collect();
        let events: Vec<&[u8]> = events.iter().map(<[u8; 16]>::as_slice).collect();
        self.backend.begin("BEGIN", pace);
        let counted = self
            .backend
            .prepare("UPDATE writers SET commits = ?2 WHERE writer_id = ?1")?;
        if !counted.send(&[&self.writer, &(self.commits + 1)], Some(1))? {
            return Err(StoreError::Unreachable(None));
        }
        self.backend.wait(async |client| {
            let sql = "SELECT 1 FROM events WHERE event_id = ANY($1) ORDER BY event_id FOR NO KEY UPDATE";
            client.query(sql, &[&events]).await
        })?;
        Ok(())
    }

    /// Gives the open transaction up; tells whether the connection is as good as before.
    fn has_rolled_back(&self) -> bool {
        self.backend.batch("ROLLBACK").is_ok()
    }

    fn doubt(&self) -> Doubt {
        Doubt {
            writer: self.writer,
            commits: self.commits + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pending;
    use super::*;
    use crate::store::contract::case::Case;
    use crate::store::contract::server;
    use crate::store::operations::Effect;
    use crate::store::sql::Sql;

    #[tokio::test(flavor = "multi_thread")]
    async fn whoever_lost_the_answer_to_a_commit_learns_what_became_of_it() {
        let servers = server::servers(&Case::on_postgres().await.url().unwrap());
        let check = move || {
            let asking = Backend::connect(&servers).unwrap();
            for (end, expected) in [("COMMIT", true), ("ROLLBACK", false)] {
                let lost = Writing::begin(&servers).unwrap();
                lost.lock(&[], Pace::Careful).unwrap();
                let doubt = lost.doubt();
                lost.backend.batch(end).unwrap();
                assert_eq!(doubt.is_committed(&asking).unwrap(), expected, "{end}");
            }
        };
        tokio::task::spawn_blocking(check).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nobody_decides_about_a_transaction_that_has_not_ended() {
        let servers = server::servers(&Case::on_postgres().await.url().unwrap());
        let check = move || {
            let asking = Backend::connect(&servers).unwrap();
            asking.batch("SET lock_timeout = '50ms'").unwrap();
            let open = Writing::begin(&servers).unwrap();
            open.lock(&[], Pace::Careful).unwrap();
            let error = open.doubt().is_committed(&asking).unwrap_err();
            assert!(error.is_broken_off(), "{error:?}");
        };
        tokio::task::spawn_blocking(check).await.unwrap();
    }

    type Work = fn(&Sql<'_>) -> Result<Effect<bool>, StoreError>;

    /// Runs commands of one group against the two rows of a table; returns what each was told and what is in the table.
    async fn told(works: Vec<Work>) -> (Vec<Result<bool, StoreError>>, String) {
        let url = Case::on_postgres().await.url().unwrap();
        let servers = server::servers(&url);
        let work = move || {
            usher_test_postgres::run(
                &url,
                "CREATE TABLE t (a bigint PRIMARY KEY); INSERT INTO t VALUES (1), (2)",
            );
            let (mut group, mut answers): (Vec<Box<dyn Command>>, Vec<_>) = (Vec::new(), Vec::new());
            for work in works {
                let (reply, answer) = tokio::sync::oneshot::channel();
                group.push(Box::new(Pending {
                    event: None,
                    work,
                    result: None,
                    reply,
                }));
                answers.push(answer);
            }
            let committed = run(&servers, &mut None, &mut group);
            for command in group {
                command.answer(committed.clone());
            }
            let told = answers.into_iter().map(|answer| answer.blocking_recv().unwrap());
            (
                told.collect(),
                usher_test_postgres::run(&url, "SELECT string_agg(a::text, ' ' ORDER BY a) FROM t"),
            )
        };
        tokio::task::spawn_blocking(work).await.unwrap()
    }

    fn add(connection: &Sql<'_>, number: i64) -> Result<(), StoreError> {
        Ok(connection
            .prepare_cached("INSERT INTO t VALUES (?1)")?
            .run([number])?)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_does_not_go_as_presumed_runs_again_and_each_is_told_what_became_of_its_own() {
        let (told, left) = told(vec![
            |connection| add(connection, 3).map(|()| Effect::Keep(true)),
            |connection| {
                let mut delete = connection.prepare_cached("DELETE FROM t WHERE a >= ?1")?;
                Ok(Effect::Undo(delete.changes(1, [2])?))
            },
            |connection| add(connection, 1).map(|()| Effect::Keep(true)),
            |connection| add(connection, 4).map(|()| Effect::Undo(true)),
            |connection| add(connection, 5).map(|()| Effect::Keep(true)),
        ])
        .await;
        assert!(
            matches!(
                told[..],
                [
                    Ok(true),
                    Ok(false),
                    Err(StoreError::Postgres(_)),
                    Ok(true),
                    Ok(true)
                ]
            ),
            "{told:?}"
        );
        assert_eq!(left.trim(), "1 2 3 5");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_fails_behind_the_last_answer_is_not_called_durable() {
        let (told, left) = told(vec![
            |connection| add(connection, 3).map(|()| Effect::Keep(true)),
            |connection| add(connection, 2).map(|()| Effect::Keep(true)),
        ])
        .await;
        assert!(
            matches!(told[..], [Ok(true), Err(StoreError::Postgres(_))]),
            "{told:?}"
        );
        assert_eq!(left.trim(), "1 2 3");
    }
}
