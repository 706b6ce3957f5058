//! Writing one group of changes in one transaction; what belongs into a group is the writer's to say.

mod runs;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use usher_keys::{DeviceIdentity, RootSet, SignedBundle};
use usher_protocol::checkpoint::{Checkpoint, SignedCheckpoint};
use usher_protocol::freshness::HeardAssurance;
use usher_protocol::ledger::Entry;
use usher_protocol::log::{Head, Tail};
use usher_protocol::{Origin, Seq};

use super::stored_values;

pub use runs::run_after;

/// How much room the paper trial takes, in bytes: more than a full group of scans.
const TRIAL_BYTES: i32 = 64 * 1024;

/// A head to be kept, and the one that goes for it.
#[derive(Debug)]
pub struct KeptHead {
    pub head: Head,
    /// The number of the head that is dropped.
    pub dropped: Option<Seq>,
}

/// Everything one commit makes durable.
#[derive(Debug, Default)]
pub struct Batch {
    /// New records, each log in its order.
    pub entries: Vec<Entry>,
    /// New heads.
    pub heads: Vec<KeptHead>,
    /// The checkpoint the replica begins from.
    pub checkpoint: Option<(SignedCheckpoint, Checkpoint)>,
    /// A newer certificate of our own.
    pub identity: Option<DeviceIdentity>,
    /// A head of our own log that is beyond our copy, or that there is none after all.
    pub own_past: Option<Option<Head>>,
    /// A newer bundle and the roots that signed it.
    pub trust: Option<(RootSet, SignedBundle)>,
    /// The newest assurance; alone it is no reason for a commit.
    pub heard: Option<HeardAssurance>,
    /// How many commits there are with this one.
    pub commits: u64,
}

impl Batch {
    /// Tells whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.heads.is_empty()
            && self.checkpoint.is_none()
            && self.identity.is_none()
            && self.own_past.is_none()
            && self.trust.is_none()
    }

    /// Writes it all in one transaction; afterwards it is durable, or nothing was changed.
    pub fn commit(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for entry in &self.entries {
            insert_entry(&transaction, entry)?;
        }
        for kept in &self.heads {
            insert_head(&transaction, kept)?;
        }
        if let Some((signed, checkpoint)) = &self.checkpoint {
            stored_values::write_checkpoint(&transaction, signed)?;
            for head in &checkpoint.covered {
                insert_covered(&transaction, &head.origin, &head.tail)?;
            }
        }
        if let Some(identity) = &self.identity {
            stored_values::write_identity(&transaction, identity)?;
        }
        if let Some(head) = &self.own_past {
            stored_values::write_own_past(&transaction, head.as_ref())?;
        }
        if let Some((roots, bundle)) = &self.trust {
            stored_values::write_trust(&transaction, roots, bundle)?;
        }
        if let Some(heard) = &self.heard {
            stored_values::write_heard(&transaction, heard)?;
        }
        stored_values::write_commits(&transaction, self.commits)?;
        transaction.commit()
    }
}

/// Tries whether the disk takes a commit, without changing anything.
pub fn try_to_commit(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR REPLACE INTO meta (name, value) VALUES ('trial', zeroblob(?1))",
        [TRIAL_BYTES],
    )?;
    connection.execute("DELETE FROM meta WHERE name = 'trial'", [])?;
    Ok(())
}

fn insert_entry(connection: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO records (origin, seq, hash, bytes, worth) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    statement.execute((
        entry.origin.0,
        column(entry.tail.seq),
        entry.tail.hash,
        &entry.bytes,
        entry.worth.code(),
    ))?;
    Ok(())
}

fn insert_head(connection: &Connection, kept: &KeptHead) -> rusqlite::Result<()> {
    let head = &kept.head;
    if let Some(dropped) = kept.dropped {
        let mut statement = connection.prepare_cached("DELETE FROM heads WHERE origin = ?1 AND seq = ?2")?;
        statement.execute((head.origin.0, column(dropped)))?;
    }
    let mut statement = connection
        .prepare_cached("INSERT INTO heads (origin, seq, hash, signature) VALUES (?1, ?2, ?3, ?4)")?;
    statement.execute((
        head.origin.0,
        column(head.tail.seq),
        head.tail.hash,
        head.signature.0,
    ))?;
    Ok(())
}

fn insert_covered(connection: &Connection, origin: &Origin, tail: &Tail) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO covered (origin, seq, hash) VALUES (?1, ?2, ?3)",
        (origin.0, column(tail.seq), tail.hash),
    )?;
    Ok(())
}

/// Drops the copies of logs that do not pass through these tails; returns how many. Afterwards they are fetched anew.
pub fn drop_other_histories(
    connection: &mut Connection,
    settled: &[(Origin, Tail)],
) -> rusqlite::Result<usize> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut dropped = 0;
    for (origin, tail) in settled {
        if tail_at(&transaction, origin, tail.seq)? == Some(*tail) {
            continue;
        }
        for table in ["records", "heads", "covered"] {
            transaction.execute(&format!("DELETE FROM {table} WHERE origin = ?1"), [origin.0])?;
        }
        dropped += 1;
    }
    transaction.commit()?;
    Ok(dropped)
}

fn tail_at(connection: &Connection, origin: &Origin, seq: Seq) -> rusqlite::Result<Option<Tail>> {
    if seq.0 == 0 {
        return Ok(Some(Tail::default()));
    }
    let mut statement = connection.prepare_cached(
        "SELECT hash FROM records WHERE origin = ?1 AND seq = ?2
         UNION ALL SELECT hash FROM covered WHERE origin = ?1 AND seq = ?2",
    )?;
    let hash = statement
        .query_row((origin.0, column(seq)), |row| row.get(0))
        .optional()?;
    Ok(hash.map(|hash| Tail { seq, hash }))
}

/// Returns a record's number as a column value; only a file of more records than any disk holds would not fit.
fn column(seq: Seq) -> i64 {
    i64::try_from(seq.0).unwrap_or(i64::MAX)
}
