//! Seals of rows that come and go one by one: the sum of their hashes, which a row enters when it is written and leaves when it is deleted. So
//! a change costs one row, and what was altered before stays noticed: nothing else is hashed anew.

use usher_keys::EventId;

use crate::store::StoreError;
use crate::store::finding::SealedPart;
use crate::store::operations::column::Local;
use crate::store::sql::{OptionalExtension, Sql, params};

use super::take_row;

/// The seal of no rows.
pub const EMPTY: [u8; 32] = [0; 32];

/// Rows of an event that are sealed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedSet {
    /// Its vouchers.
    Vouchers,
    /// Its blocks, with their units.
    Blocks,
}

impl SealedSet {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Vouchers, Self::Blocks];

    /// Returns what is altered when its seal does not fit.
    pub fn part(self) -> SealedPart {
        match self {
            Self::Vouchers => SealedPart::Vouchers,
            Self::Blocks => SealedPart::Blocks,
        }
    }

    fn column(self) -> &'static str {
        match self {
            Self::Vouchers => "vouchers",
            Self::Blocks => "blocks",
        }
    }

    /// Returns the statement that reads its rows, each beginning with its key.
    fn rows(self) -> &'static str {
        match self {
            Self::Vouchers => {
                "SELECT voucher_id, code, name, discount, value, unlocks, tiers, max_uses, max_per_order, valid_from,
                        valid_until, stopped, created_at
                 FROM vouchers WHERE event_id = ?1"
            }
            Self::Blocks => {
                "SELECT block_id, reservation_id, name, blocks.created_at, lines
                 FROM blocks JOIN reservations USING (event_id, reservation_id) WHERE event_id = ?1"
            }
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Vouchers => "voucher_id",
            Self::Blocks => "block_id",
        }
    }

    /// Takes a row into the seal, or out of it again: to be called before a row is changed, and after it. Where there is no row, nothing
    /// happens.
    pub fn turn(self, connection: &Sql<'_>, event: EventId, key: Local) -> Result<(), StoreError> {
        let Some(seal) = self.sealed(connection, event)? else {
            return Ok(());
        };
        let sql = format!("{} AND {} = ?2", self.rows(), self.key());
        let mut select = connection.prepare_cached(&sql)?;
        let columns = select.column_count();
        let mut rows = select.query(params![event.0, key])?;
        let Some(row) = rows.next()? else {
            return Ok(());
        };
        let mut hasher = blake3::Hasher::new();
        take_row(&mut hasher, &row, columns)?;
        self.write(connection, event, sum(seal, &hasher))
    }

    /// Seals the rows that there are, if they are not sealed.
    pub fn seal_first(self, connection: &Sql<'_>, event: EventId) -> Result<(), StoreError> {
        if self.sealed(connection, event)?.is_none() {
            self.write(connection, event, self.sum_of_rows(connection, event)?)?;
        }
        Ok(())
    }

    /// Tells whether its rows are those that were sealed.
    pub fn is_sound(self, connection: &Sql<'_>, event: EventId) -> Result<bool, StoreError> {
        let sealed = self.sealed(connection, event)?;
        Ok(sealed == Some(self.sum_of_rows(connection, event)?))
    }

    fn sealed(self, connection: &Sql<'_>, event: EventId) -> Result<Option<[u8; 32]>, StoreError> {
        let sql = format!("SELECT {} FROM seals WHERE event_id = ?1", self.column());
        let found: Option<Option<[u8; 32]>> = connection
            .prepare_cached(&sql)?
            .query_row([event.0], |row| row.get(0))
            .optional()?;
        Ok(found.flatten())
    }

    fn write(self, connection: &Sql<'_>, event: EventId, seal: [u8; 32]) -> Result<(), StoreError> {
        let sql = format!("UPDATE seals SET {} = ?2 WHERE event_id = ?1", self.column());
        connection.prepare_cached(&sql)?.run(params![event.0, seal])?;
        Ok(())
    }

    fn sum_of_rows(self, connection: &Sql<'_>, event: EventId) -> Result<[u8; 32], StoreError> {
        let mut select = connection.prepare_cached(self.rows())?;
        let columns = select.column_count();
        let mut rows = select.query([event.0])?;
        let mut seal = EMPTY;
        while let Some(row) = rows.next()? {
            let mut hasher = blake3::Hasher::new();
            take_row(&mut hasher, &row, columns)?;
            seal = sum(seal, &hasher);
        }
        Ok(seal)
    }
}

/// Adds the hash of a row, or takes it away: either is the same.
fn sum(mut seal: [u8; 32], row: &blake3::Hasher) -> [u8; 32] {
    let hash = row.finalize();
    seal.iter_mut()
        .zip(hash.as_bytes())
        .for_each(|(sum, byte)| *sum ^= byte);
    seal
}
