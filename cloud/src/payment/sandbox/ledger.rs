//! The sandbox gateway's own durable record of charges, in a SQLite file or table of its own; it knows nothing of bookings.

use std::path::Path;

use refinery::Migration;
use usher_keys::Timestamp;

use crate::ids::ChargeReference;
use crate::money::Money;
use crate::payment::RefundPart;
use crate::store::engine::Engine;
use crate::store::operations::Effect;
use crate::store::operations::column::{moment, ms};
use crate::store::sql::{OptionalExtension, Sql, params};
use crate::store::sqlite::Database;
use crate::store::{Store, StoreError};

/// What the record says of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerEntry {
    /// The bank waits for the buyer.
    Asked,
    /// The bank takes its time.
    Processing,
    /// The bank has said no.
    Declined,
    /// It was charged.
    Charged,
    /// It was charged and given back.
    Refunded,
    /// It will never be charged.
    Void,
}

impl LedgerEntry {
    const ALL: [Self; 6] = [
        Self::Asked,
        Self::Processing,
        Self::Declined,
        Self::Charged,
        Self::Refunded,
        Self::Void,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Processing => "processing",
            Self::Declined => "declined",
            Self::Charged => "charged",
            Self::Refunded => "refunded",
            Self::Void => "void",
        }
    }
}

/// The record.
#[derive(Debug)]
pub struct SandboxLedger {
    engine: Engine,
}

impl SandboxLedger {
    /// Opens the record's file, making it as needed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn open(file: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            engine: Engine::Sqlite(Database::open(file, &migrations())?),
        })
    }

    /// Takes the record that lies in a store's database, for all processes on it.
    pub fn within(store: &Store) -> Self {
        Self {
            engine: store.engine(),
        }
    }

    /// Records the bank's answer to a charge unless there is one; returns the entry that is there now.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn charge(
        &self,
        id: ChargeReference,
        amount: Money,
        said: LedgerEntry,
        now: Timestamp,
    ) -> Result<LedgerEntry, StoreError> {
        self.engine
            .write(None, move |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO charges (reference, state, amount, currency, changed_at)
                         VALUES (?1, ?5, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
                    )?
                    .run(params![
                        id.to_string(),
                        amount.minor,
                        amount.currency.code(),
                        ms(now),
                        said.word()
                    ])?;
                entry(connection, id).map(Effect::Keep)
            })
            .await
    }

    /// Finds the entry of a reference, and since when it says so.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn find(&self, id: ChargeReference) -> Result<Option<(LedgerEntry, Timestamp)>, StoreError> {
        self.engine
            .read(move |connection| {
                let found: Option<(String, i64)> = connection
                    .prepare_cached("SELECT state, changed_at FROM charges WHERE reference = ?1")?
                    .query_row([id.to_string()], |row| row.try_into())
                    .optional()?;
                let found = found.map(|(word, since)| Ok((read(&word)?, moment(since))));
                found.transpose()
            })
            .await
    }

    /// Puts one entry in the place of another; tells whether that was the one.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn replace(
        &self,
        id: ChargeReference,
        was: LedgerEntry,
        entry: LedgerEntry,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.engine
            .write(None, move |connection| {
                let replaced = connection
                    .prepare_cached(
                        "UPDATE charges SET state = ?3, changed_at = ?4 WHERE reference = ?1 AND state = ?2",
                    )?
                    .execute(params![id.to_string(), was.word(), entry.word(), ms(now)])?;
                Ok(Effect::Keep(replaced == 1))
            })
            .await
    }

    /// Records that a reference will never be charged unless it was, or the bank is about to; returns the entry there is now.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn conclude(&self, id: ChargeReference, now: Timestamp) -> Result<LedgerEntry, StoreError> {
        self.engine
            .write(None, move |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO charges (reference, state, amount, currency, changed_at)
                         VALUES (?1, 'void', 0, '', ?2)
                         ON CONFLICT (reference) DO UPDATE SET state = 'void', changed_at = ?2
                             WHERE charges.state IN ('asked', 'declined')",
                    )?
                    .run(params![id.to_string(), ms(now)])?;
                entry(connection, id).map(Effect::Keep)
            })
            .await
    }

    /// Records that a charge was given back; does nothing when there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn refund(&self, id: ChargeReference, now: Timestamp) -> Result<(), StoreError> {
        self.engine
            .write(None, move |connection| {
                connection
                    .prepare_cached(
                        "UPDATE charges SET state = 'refunded', changed_at = ?2
                         WHERE reference = ?1 AND state = 'charged'",
                    )?
                    .execute(params![id.to_string(), ms(now)])?;
                Ok(Effect::Keep(()))
            })
            .await
    }

    /// Records that a part of a charge was given back, once; `false` when that is more than is left of it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn refund_part(
        &self,
        id: ChargeReference,
        part: RefundPart,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.engine
            .write(None, move |connection| {
                let given = given_back(connection, id)?;
                if given.iter().any(|(refund, _)| *refund == part.refund.to_string()) {
                    return Ok(Effect::Keep(true));
                }
                let before: i64 = given.iter().map(|(_, amount)| amount).sum();
                let after = before.saturating_add(part.amount.minor);
                let left = charged_amount(connection, id)?;
                if after > left.unwrap_or(0) {
                    return Ok(Effect::Undo(false));
                }
                connection
                    .prepare_cached(
                        "INSERT INTO charge_refunds (refund, reference, amount, changed_at) VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .run(params![
                        part.refund.to_string(),
                        id.to_string(),
                        part.amount.minor,
                        ms(now)
                    ])?;
                if left == Some(after) {
                    connection
                        .prepare_cached("UPDATE charges SET state = 'refunded', changed_at = ?2 WHERE reference = ?1")?
                        .run(params![id.to_string(), ms(now)])?;
                }
                Ok(Effect::Keep(true))
            })
            .await
    }

    /// Lists the references that are charged and not given back, to hold them against the bookings.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn charged(&self) -> Result<Vec<ChargeReference>, StoreError> {
        self.engine
            .read(|connection| {
                let mut query =
                    connection.prepare_cached("SELECT reference FROM charges WHERE state = 'charged'")?;
                let references = query.query_and_then([], |row| {
                    let reference = row.column(0)?.as_str()?.parse();
                    reference.map_err(|_| StoreError::Unreadable {
                        what: "reference of a charge",
                    })
                })?;
                references.collect()
            })
            .await
    }

    /// Waits until what was recorded is durable.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(database) => database.close().await,
            // It is the store's, which ends it.
            Engine::Postgres(_) | Engine::Late(_) => {}
        }
    }
}

/// Lists the parts of a charge that were given back.
fn given_back(connection: &Sql<'_>, id: ChargeReference) -> Result<Vec<(String, i64)>, StoreError> {
    let mut query =
        connection.prepare_cached("SELECT refund, amount FROM charge_refunds WHERE reference = ?1")?;
    let found = query.query_and_then([id.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    found.collect()
}

/// Finds how much was charged; `None` if nothing was, or all of it was given back.
fn charged_amount(connection: &Sql<'_>, id: ChargeReference) -> Result<Option<i64>, StoreError> {
    let mut query =
        connection.prepare_cached("SELECT amount FROM charges WHERE reference = ?1 AND state = 'charged'")?;
    Ok(query.query_row([id.to_string()], |row| row.get(0)).optional()?)
}

fn migrations() -> [Migration; 4] {
    [
        (
            "V1__ledger",
            include_str!("../../../migrations/sandbox/V1__ledger.sql"),
        ),
        (
            "V2__references",
            include_str!("../../../migrations/sandbox/V2__references.sql"),
        ),
        (
            "V3__waiting",
            include_str!("../../../migrations/sandbox/V3__waiting.sql"),
        ),
        (
            "V4__refunds",
            include_str!("../../../migrations/sandbox/V4__refunds.sql"),
        ),
    ]
    .map(|(name, sql)| Migration::unapplied(name, sql).expect("the name is V<number>__<name>"))
}

fn entry(connection: &Sql<'_>, id: ChargeReference) -> Result<LedgerEntry, StoreError> {
    let mut query = connection.prepare_cached("SELECT state FROM charges WHERE reference = ?1")?;
    let word: String = query.query_row([id.to_string()], |row| row.get(0))?;
    read(&word)
}

fn read(word: &str) -> Result<LedgerEntry, StoreError> {
    let found = LedgerEntry::ALL.into_iter().find(|entry| entry.word() == word);
    found.ok_or(StoreError::Unreadable {
        what: "state of a charge",
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn charges_that_were_known_by_their_booking_are_found_again() {
        let mut connection = Connection::open_in_memory().unwrap();
        let migrations = migrations();
        refinery::Runner::new(&migrations[..1])
            .run(&mut connection)
            .unwrap();
        let id = ChargeReference::draw(usher_keys::EventId([1; 16]), Timestamp(1));
        let booking = id.to_string().replace("chg_", "bkg_");
        connection
            .execute(
                "INSERT INTO charges VALUES (?1, 'charged', 1, 'EUR', 1)",
                [booking],
            )
            .unwrap();
        refinery::Runner::new(&migrations).run(&mut connection).unwrap();
        assert_eq!(
            entry(&Sql::Sqlite(&connection), id).unwrap(),
            LedgerEntry::Charged
        );
    }
}
