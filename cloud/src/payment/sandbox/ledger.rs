//! The sandbox gateway's own durable record of charges, in a SQLite file or table of its own; it knows nothing of bookings.

use std::path::Path;

use refinery::Migration;
use usher_keys::Timestamp;

use crate::ids::ChargeReference;
use crate::money::Money;
use crate::store::engine::Engine;
use crate::store::operations::{Effect, column::ms};
use crate::store::sql::{Sql, params};
use crate::store::sqlite::Database;
use crate::store::{Store, StoreError};

/// What the record says of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerEntry {
    /// It was charged.
    Charged,
    /// It was charged and given back.
    Refunded,
    /// It will never be charged.
    Void,
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

    /// Records a charge unless there is an entry; returns the entry there is now.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn charge(
        &self,
        id: ChargeReference,
        amount: Money,
        now: Timestamp,
    ) -> Result<LedgerEntry, StoreError> {
        self.engine
            .write(None, move |connection| {
                connection
                    .prepare_cached(
                        "INSERT INTO charges (reference, state, amount, currency, changed_at)
                         VALUES (?1, 'charged', ?2, ?3, ?4) ON CONFLICT DO NOTHING",
                    )?
                    .run(params![
                        id.to_string(),
                        amount.minor,
                        amount.currency.code(),
                        ms(now)
                    ])?;
                entry(connection, id).map(Effect::Keep)
            })
            .await
    }

    /// Records that a reference will never be charged unless there is an entry; returns the entry there is now.
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
                         VALUES (?1, 'void', 0, '', ?2) ON CONFLICT DO NOTHING",
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
            Engine::Postgres(_) => {}
        }
    }
}

fn migrations() -> [Migration; 2] {
    [
        (
            "V1__ledger",
            include_str!("../../../migrations/sandbox/V1__ledger.sql"),
        ),
        (
            "V2__references",
            include_str!("../../../migrations/sandbox/V2__references.sql"),
        ),
    ]
    .map(|(name, sql)| Migration::unapplied(name, sql).expect("the name is V<number>__<name>"))
}

fn entry(connection: &Sql<'_>, id: ChargeReference) -> Result<LedgerEntry, StoreError> {
    let mut query = connection.prepare_cached("SELECT state FROM charges WHERE reference = ?1")?;
    let word: String = query.query_row([id.to_string()], |row| row.get(0))?;
    match word.as_str() {
        "charged" => Ok(LedgerEntry::Charged),
        "refunded" => Ok(LedgerEntry::Refunded),
        "void" => Ok(LedgerEntry::Void),
        _ => Err(StoreError::Unreadable {
            what: "state of a charge",
        }),
    }
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
