//! Who may come in without a certificate: one-time codes for new scanners and tokens of HTTP devices, only ever as hashes; issuing certificates is not here.

use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use serde::{Deserialize, Serialize};
use usher_keys::{PublicKey, Timestamp};

use super::database;
use super::error::ReplicaError;

/// What a scanner that uses a code is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScannerTerms {
    /// The gates it may serve; empty means every gate.
    pub gates: Vec<u16>,
    /// Whether it may override refusals.
    pub override_refusals: bool,
    /// How long it may work from enrolling on, in milliseconds; as long as its hub when nothing is said.
    #[serde(default)]
    pub valid_ms: Option<u64>,
}

/// What a device with a token may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHolder {
    /// How people call it.
    pub name: String,
    /// The gates it may serve; empty means every gate.
    pub gates: Vec<u16>,
}

impl TokenHolder {
    /// Tells whether it may serve that gate.
    pub fn serves(&self, gate: u16) -> bool {
        self.gates.is_empty() || self.gates.contains(&gate)
    }
}

/// The codes and tokens of a hub, in a file of their own: the replica's file has one writer.
#[derive(Clone)]
pub struct Access {
    /// The connection; held for one statement at a time, never across an await.
    connection: Arc<Mutex<Connection>>,
}

impl Access {
    /// Opens the file, and makes it when it is not there.
    ///
    /// **Errors**: [`ReplicaError`].
    pub fn open(path: &Path) -> Result<Self, ReplicaError> {
        Ok(Self {
            connection: Arc::new(Mutex::new(database::open_access(path)?)),
        })
    }

    /// Adds a code, and forgets those that have run out.
    ///
    /// **Errors**: [`ReplicaError::Database`].
    pub fn add_code(
        &self,
        secret_hash: [u8; 32],
        terms: &ScannerTerms,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), ReplicaError> {
        let connection = self.locked();
        connection.execute("DELETE FROM scanner_codes WHERE expires_ms <= ?1", [column(now)])?;
        connection.execute(
            "INSERT INTO scanner_codes (secret_hash, terms, expires_ms) VALUES (?1, ?2, ?3)",
            (secret_hash, to_json(terms), column(expires)),
        )?;
        Ok(())
    }

    /// Uses a code for a device, once; the same device may ask again, because an answer can get lost.
    ///
    /// **Errors**: [`ReplicaError::Database`].
    pub fn redeem(
        &self,
        secret_hash: [u8; 32],
        device: PublicKey,
        now: Timestamp,
    ) -> Result<Option<ScannerTerms>, ReplicaError> {
        let mut connection = self.locked();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let used = transaction.execute(
            "UPDATE scanner_codes SET device = ?2
             WHERE secret_hash = ?1 AND expires_ms > ?3 AND (device IS NULL OR device = ?2)",
            (secret_hash, device.0, column(now)),
        )?;
        if used == 0 {
            return Ok(None);
        }
        let terms: String = transaction.query_row(
            "SELECT terms FROM scanner_codes WHERE secret_hash = ?1",
            [secret_hash],
            |row| row.get(0),
        )?;
        transaction.commit()?;
        Ok(serde_json::from_str(&terms).ok())
    }

    /// Adds a token.
    ///
    /// **Errors**: [`ReplicaError::Database`].
    pub fn add_token(
        &self,
        token_hash: [u8; 32],
        holder: &TokenHolder,
        now: Timestamp,
    ) -> Result<(), ReplicaError> {
        self.locked().execute(
            "INSERT INTO device_tokens (token_hash, name, gates, created_ms) VALUES (?1, ?2, ?3, ?4)",
            (token_hash, &holder.name, to_json(&holder.gates), column(now)),
        )?;
        Ok(())
    }

    /// Takes every token of that name back; gives how many there were.
    ///
    /// **Errors**: [`ReplicaError::Database`].
    pub fn revoke_tokens(&self, name: &str) -> Result<usize, ReplicaError> {
        let connection = self.locked();
        Ok(connection.execute("DELETE FROM device_tokens WHERE name = ?1", [name])?)
    }

    /// Finds who holds a token.
    ///
    /// **Errors**: [`ReplicaError::Database`].
    pub fn holder(&self, token_hash: [u8; 32]) -> Result<Option<TokenHolder>, ReplicaError> {
        let connection = self.locked();
        let mut statement =
            connection.prepare_cached("SELECT name, gates FROM device_tokens WHERE token_hash = ?1")?;
        let found = statement
            .query_row([token_hash], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))
            .optional()?;
        Ok(found.and_then(|(name, gates)| {
            let gates = serde_json::from_str(&gates).ok()?;
            Some(TokenHolder { name, gates })
        }))
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .expect("nothing panics while it holds this")
    }
}

fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our own types have a JSON form")
}

fn column(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: PublicKey = PublicKey([1; 32]);
    const OTHER: PublicKey = PublicKey([2; 32]);
    const HOUR: Timestamp = Timestamp(3_600_000);

    fn terms() -> ScannerTerms {
        ScannerTerms {
            gates: vec![1, 2],
            override_refusals: false,
            valid_ms: Some(1_000),
        }
    }

    #[test]
    fn a_code_works_once_and_again_only_for_the_same_device() {
        let directory = tempfile::tempdir().unwrap();
        let access = Access::open(&directory.path().join("access.db")).unwrap();
        access.add_code([9; 32], &terms(), HOUR, Timestamp(1)).unwrap();
        assert_eq!(access.redeem([8; 32], DEVICE, Timestamp(2)).unwrap(), None);
        assert_eq!(access.redeem([9; 32], DEVICE, HOUR).unwrap(), None);
        assert_eq!(
            access.redeem([9; 32], DEVICE, Timestamp(2)).unwrap(),
            Some(terms())
        );
        assert_eq!(access.redeem([9; 32], OTHER, Timestamp(3)).unwrap(), None);
        assert_eq!(
            access.redeem([9; 32], DEVICE, Timestamp(4)).unwrap(),
            Some(terms())
        );
    }

    #[test]
    fn a_token_is_known_until_it_is_taken_back() {
        let directory = tempfile::tempdir().unwrap();
        let access = Access::open(&directory.path().join("access.db")).unwrap();
        let holder = TokenHolder {
            name: "Robert'); DROP TABLE device_tokens;--".to_owned(),
            gates: vec![3],
        };
        access.add_token([7; 32], &holder, Timestamp(1)).unwrap();
        assert_eq!(access.holder([7; 32]).unwrap(), Some(holder.clone()));
        assert_eq!(access.holder([6; 32]).unwrap(), None);
        assert_eq!(access.revoke_tokens(&holder.name).unwrap(), 1);
        assert_eq!(access.holder([7; 32]).unwrap(), None);
    }
}
