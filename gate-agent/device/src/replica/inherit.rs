//! Taking over what an earlier enrolment for the same event wrote down, so that nothing is lost that no hub has heard; judging it is the ledger's.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::Connection;
use usher_keys::PublicKey;
use usher_protocol::log::Run;
use usher_protocol::{Origin, Seq};

use super::error::ReplicaError;
use super::stored_values::StoredEnrolment;
use super::{Replica, database, rows};

impl Replica {
    /// Stores the records of a former replica that are missing here, log by log, and gives how many there were.
    ///
    /// A log that is not taken, because its writer is not believed or has two histories, is left where it is.
    ///
    /// # Errors
    ///
    /// [`ReplicaError`] when the former replica cannot be read.
    pub async fn inherit(&self, former: &Path) -> Result<u64, ReplicaError> {
        let mut connection = database::open_from_outside(former)?;
        let mut taken = 0;
        for origin in origins(&connection)? {
            loop {
                let after = self.end_of(&origin);
                let Some(run) = next_run(&mut connection, origin, after)? else {
                    break;
                };
                if usher_link::SyncStore::store(self, run).await.is_err() {
                    break;
                }
                let news = self.end_of(&origin).0.saturating_sub(after.0);
                if news == 0 {
                    break;
                }
                taken += news;
            }
        }
        Ok(taken)
    }

    /// Returns the number of the last durable record of a log.
    fn end_of(&self, origin: &Origin) -> Seq {
        self.view.held_of(origin).map_or(Seq(0), |held| held.tail.seq)
    }
}

fn next_run(connection: &mut Connection, origin: Origin, after: Seq) -> Result<Option<Run>, ReplicaError> {
    let snapshot = connection.transaction()?;
    Ok(rows::run_after(&snapshot, origin, after)?)
}

/// Lists whose logs there are, the authority's first: it says who the others are.
fn origins(connection: &Connection) -> Result<Vec<Origin>, ReplicaError> {
    let enrolment = StoredEnrolment::read(connection)?;
    let bundle = enrolment.bundle.verify(&enrolment.roots)?;
    let mut statement = connection.prepare("SELECT DISTINCT origin FROM records")?;
    let rows = statement.query_map([], |row| row.get(0).map(PublicKey))?;
    let found: BTreeSet<Origin> = rows.collect::<Result<_, _>>()?;
    let is_authority = |origin: &Origin| bundle.authority_key(origin).is_some();
    let (mut first, others): (Vec<_>, Vec<_>) = found.into_iter().partition(is_authority);
    first.extend(others);
    Ok(first)
}
