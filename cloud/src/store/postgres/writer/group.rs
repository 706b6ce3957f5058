//! Groups of commands and their one transaction each, run again when it is broken off. Every writer has a row that counts its
//! commits and is locked by its transaction: whoever lost the answer to a COMMIT learns there what became of it.

use std::collections::BTreeSet;

use tokio::sync::mpsc;

use crate::store::StoreError;
use crate::store::postgres::backend::{Backend, Care};
use crate::store::postgres::server::Servers;

use super::{ATTEMPTS, Command, GROUP, wait_for};

/// Forgets the rows of connections that are gone. Whoever lost an answer asks again within a minute or two; a connection that was
/// idle for a day finds its row gone when it writes, and connects anew.
const FORGET: &str = "DELETE FROM writers WHERE used_at < now() - interval '1 day'";

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
            if let Some(Err(error)) = writing.map(Writing::end) {
                let error = &error as &dyn std::error::Error;
                tracing::debug!(error, "a writer's row is left behind");
            }
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
    let (mut in_doubt, mut care, mut attempt) = (None, Care::Swift, 0);
    loop {
        let error = match attempt_once(servers, writing, group, (&mut in_doubt, care)) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let is_first = std::mem::replace(&mut care, Care::Careful) == Care::Swift;
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
    (in_doubt, care): (&mut Option<Doubt>, Care),
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
    ready.lock(group, care)?;
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
        backend.batch(FORGET)?;
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
    fn lock(&self, group: &[Box<dyn Command>], care: Care) -> Result<(), StoreError> {
        let events = group.iter().filter_map(|command| command.event());
        let events: BTreeSet<Vec<u8>> = events.map(|id| id.0.to_vec()).collect();
        self.backend.begin("BEGIN", care);
        let counted = self
            .backend
            .prepare("UPDATE writers SET commits = ?2, used_at = now() WHERE writer_id = ?1")?;
        if !counted.send(&[&self.writer, &(self.commits + 1)], Some(1))? {
            return Err(StoreError::Unreachable(None));
        }
        if !events.is_empty() {
            self.backend.lock(events.into_iter().collect())?;
        }
        Ok(())
    }

    /// Takes the row away in good order; what became of every commit is known.
    fn end(self) -> Result<(), StoreError> {
        self.backend.wait(async |client| {
            let sql = "DELETE FROM writers WHERE writer_id = $1";
            client.execute(sql, &[&self.writer.as_slice()]).await
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
mod tests;
