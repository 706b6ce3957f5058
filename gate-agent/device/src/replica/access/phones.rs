//! Phones that scan with somebody else's app: codes that set one up, and those that were set up; secrets only ever as hashes.

use rusqlite::{OptionalExtension, Row, TransactionBehavior};
use usher_keys::Timestamp;

use super::tokens::{NOTED_EVERY_MS, TokenHolder, name_apart};
use super::{Access, column, to_json};
use crate::replica::error::ReplicaError;

/// What a phone says of itself, for the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PhoneFacts {
    /// Brand and model.
    pub model: String,
    /// The app and its version.
    pub software: String,
}

/// A phone that was set up, by its secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewPhone {
    /// What its scans are named by.
    pub serial: [u8; 16],
    pub token_hash: [u8; 32],
}

/// A phone as it is listed: everything but its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneRow {
    /// Its number at this hub, from 1.
    pub id: i64,
    /// What its scans are named by.
    pub serial: [u8; 16],
    /// How people call it, its gates, and until when it may work.
    pub holder: TokenHolder,
    pub facts: PhoneFacts,
    pub made: Timestamp,
    /// When it was last heard, to the minute.
    pub used: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// How many admissions it has reported that it made by itself.
    pub forced: u64,
}

impl PhoneRow {
    /// Tells whether a use now is worth a note.
    pub fn is_to_be_noted(&self, now: Timestamp) -> bool {
        self.used.is_none_or(|used| now.since_ms(used) >= NOTED_EVERY_MS)
    }

    fn of(row: &Row<'_>) -> rusqlite::Result<(Self, String)> {
        let moment = |ms: i64| Timestamp(u64::try_from(ms).unwrap_or(0));
        let found = Self {
            id: row.get("id")?,
            serial: row.get("serial")?,
            holder: TokenHolder {
                name: row.get("name")?,
                gates: Vec::new(),
                expires: moment(row.get("expires_ms")?),
            },
            facts: PhoneFacts {
                model: row.get("model")?,
                software: row.get("software")?,
            },
            made: moment(row.get("created_ms")?),
            used: row.get::<_, Option<i64>>("used_ms")?.map(moment),
            revoked: row.get::<_, Option<i64>>("revoked_ms")?.map(moment),
            forced: row.get::<_, i64>("forced")?.try_into().unwrap_or(0),
        };
        Ok((found, row.get("gates")?))
    }

    /// Gates that cannot be read make no phone for every gate.
    fn with_gates((mut row, gates): (Self, String)) -> Option<Self> {
        row.holder.gates = serde_json::from_str(&gates).ok()?;
        Some(row)
    }
}

impl Access {
    /// Adds a code that sets one phone up until it expires, and forgets those whose time is over.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn add_phone_code(
        &self,
        code_hash: [u8; 32],
        (holder, expires): (&TokenHolder, Timestamp),
        now: Timestamp,
    ) -> Result<(), ReplicaError> {
        let connection = self.locked();
        connection.execute("DELETE FROM phone_codes WHERE expires_ms <= ?1", [column(now)])?;
        connection.execute(
            "INSERT INTO phone_codes (code_hash, name, gates, phone_expires_ms, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
            (
                code_hash,
                &holder.name,
                to_json(&holder.gates),
                column(holder.expires),
                column(expires),
            ),
        )?;
        Ok(())
    }

    /// Uses a code up and sets a phone up by it; `None` where there is no such code, or not any more. A phone whose name is another's
    /// already is numbered.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn set_phone_up(
        &self,
        code_hash: [u8; 32],
        (phone, facts): (NewPhone, &PhoneFacts),
        now: Timestamp,
    ) -> Result<Option<PhoneRow>, ReplicaError> {
        let mut connection = self.locked();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let used = transaction
            .query_row(
                "DELETE FROM phone_codes WHERE code_hash = ?1 AND expires_ms > ?2
                 RETURNING name, gates, phone_expires_ms",
                (code_hash, column(now)),
                |row| {
                    Ok((
                        row.get::<_, String>(0)?,
                        row.get::<_, String>(1)?,
                        row.get::<_, i64>(2)?,
                    ))
                },
            )
            .optional()?;
        let Some((wanted, gates, expires)) = used else {
            return Ok(None);
        };
        let name = name_apart(&transaction, "phones", &wanted)?;
        transaction.execute(
            "INSERT INTO phones (serial, token_hash, name, gates, model, software, created_ms, expires_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            (
                phone.serial,
                phone.token_hash,
                name,
                gates,
                &facts.model,
                &facts.software,
                column(now),
                expires,
            ),
        )?;
        transaction.commit()?;
        drop(connection);
        self.phone(phone.token_hash)
    }

    /// Finds a phone, whether or not it was revoked or its time is over.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn phone(&self, token_hash: [u8; 32]) -> Result<Option<PhoneRow>, ReplicaError> {
        let connection = self.locked();
        let mut statement = connection.prepare_cached("SELECT * FROM phones WHERE token_hash = ?1")?;
        let found = statement.query_row([token_hash], PhoneRow::of).optional()?;
        Ok(found.and_then(PhoneRow::with_gates))
    }

    /// Lists every phone, by name.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn phones(&self) -> Result<Vec<PhoneRow>, ReplicaError> {
        let connection = self.locked();
        let mut statement = connection.prepare_cached("SELECT * FROM phones ORDER BY name, id")?;
        let rows = statement.query_map([], PhoneRow::of)?;
        let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
        Ok(rows.into_iter().filter_map(PhoneRow::with_gates).collect())
    }

    /// Revokes the phones of a name, at once; returns how many there were that were not revoked.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn revoke_phones(&self, name: &str, now: Timestamp) -> Result<usize, ReplicaError> {
        let statement = "UPDATE phones SET revoked_ms = ?2 WHERE name = ?1 AND revoked_ms IS NULL";
        Ok(self.locked().execute(statement, (name, column(now)))?)
    }

    /// Gives a phone another token; the one before it is refused from then on.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn roll_phone(&self, id: i64, token_hash: [u8; 32]) -> Result<(), ReplicaError> {
        let statement = "UPDATE phones SET token_hash = ?2 WHERE id = ?1";
        self.locked().execute(statement, (id, token_hash))?;
        Ok(())
    }

    /// Notes what a phone says of itself now.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn note_phone(&self, id: i64, facts: &PhoneFacts) -> Result<(), ReplicaError> {
        let statement = "UPDATE phones SET model = ?2, software = ?3 WHERE id = ?1";
        self.locked()
            .execute(statement, (id, &facts.model, &facts.software))?;
        Ok(())
    }

    /// Notes that a phone was heard.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn note_phone_use(&self, id: i64, now: Timestamp) -> Result<(), ReplicaError> {
        let statement = "UPDATE phones SET used_ms = ?2 WHERE id = ?1";
        self.locked().execute(statement, (id, column(now)))?;
        Ok(())
    }

    /// Counts an admission that a phone reports to have made by itself.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn note_forced(&self, id: i64) -> Result<(), ReplicaError> {
        let statement = "UPDATE phones SET forced = forced + 1 WHERE id = ?1";
        self.locked().execute(statement, [id])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
