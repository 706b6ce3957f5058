//! Who may come in without a certificate: one-time codes for new scanners and phones, tokens of HTTP devices, or let people in without one, supervisors by their PINs; never as they were handed out; issuing certificates is not here.

mod phones;
mod supervisors;
mod tokens;

use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use usher_keys::{EnrolmentId, EnrolmentKey, PublicKey, Timestamp};

pub use phones::{NewPhone, PhoneFacts, PhoneRow};
pub use supervisors::{KeptPin, Supervisor};
pub use tokens::{TokenHolder, TokenRow};

use super::database;
use super::error::ReplicaError;

/// How long a code is remembered after its time, in milliseconds: whoever is late is told so for a day.
const REMEMBERED_MS: u64 = 24 * 60 * 60 * 1000;

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

/// A code for one scanner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannerCode {
    /// What its holder proves that with.
    pub key: EnrolmentKey,
    pub terms: ScannerTerms,
    /// When it can no longer be used.
    pub expires: Timestamp,
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
    /// # Errors
    ///
    /// [`ReplicaError`].
    pub fn open(path: &Path) -> Result<Self, ReplicaError> {
        Ok(Self {
            connection: Arc::new(Mutex::new(database::open_access(path)?)),
        })
    }

    /// Adds a code, and forgets those whose time has been over for long.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn add_code(&self, id: EnrolmentId, code: &ScannerCode, now: Timestamp) -> Result<(), ReplicaError> {
        let connection = self.locked();
        let forgotten = column(Timestamp(now.0.saturating_sub(REMEMBERED_MS)));
        connection.execute("DELETE FROM scanner_codes WHERE expires_ms <= ?1", [forgotten])?;
        connection.execute(
            "INSERT INTO scanner_codes (code_id, code_key, terms, expires_ms) VALUES (?1, ?2, ?3, ?4)",
            (id.0, code.key.0, to_json(&code.terms), column(code.expires)),
        )?;
        Ok(())
    }

    /// Finds a code.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn code(&self, id: EnrolmentId) -> Result<Option<ScannerCode>, ReplicaError> {
        let connection = self.locked();
        let mut statement = connection
            .prepare_cached("SELECT code_key, terms, expires_ms FROM scanner_codes WHERE code_id = ?1")?;
        let found = statement.query_row([id.0], |row| {
            Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
        });
        Ok(found.optional()?.and_then(|(key, terms, expires)| {
            Some(ScannerCode {
                key: EnrolmentKey(key),
                terms: serde_json::from_str(&terms).ok()?,
                expires: Timestamp(u64::try_from(expires).ok()?),
            })
        }))
    }

    /// Uses a code for a device, once; the same device may ask again, because an answer can get lost. `false` when another
    /// device was before it.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn redeem(&self, id: EnrolmentId, device: PublicKey) -> Result<bool, ReplicaError> {
        let used = self.locked().execute(
            "UPDATE scanner_codes SET device = ?2 WHERE code_id = ?1 AND (device IS NULL OR device = ?2)",
            (id.0, device.0),
        )?;
        Ok(used == 1)
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

    fn code() -> ScannerCode {
        ScannerCode {
            key: EnrolmentKey([5; 32]),
            terms: ScannerTerms {
                gates: vec![1, 2],
                override_refusals: false,
                valid_ms: Some(1_000),
            },
            expires: HOUR,
        }
    }

    #[test]
    fn a_code_works_once_and_again_only_for_the_same_device() {
        let directory = tempfile::tempdir().unwrap();
        let access = Access::open(&directory.path().join("access.db")).unwrap();
        let (id, unknown) = (EnrolmentId([9; 32]), EnrolmentId([8; 32]));
        access.add_code(id, &code(), Timestamp(1)).unwrap();
        assert_eq!(access.code(unknown).unwrap(), None);
        assert!(!access.redeem(unknown, DEVICE).unwrap());
        assert_eq!(access.code(id).unwrap(), Some(code()));
        assert!(access.redeem(id, DEVICE).unwrap());
        assert!(!access.redeem(id, OTHER).unwrap());
        assert!(access.redeem(id, DEVICE).unwrap());
    }

    #[test]
    fn a_code_is_remembered_for_a_day_after_its_time() {
        let directory = tempfile::tempdir().unwrap();
        let access = Access::open(&directory.path().join("access.db")).unwrap();
        let id = |n| EnrolmentId([n; 32]);
        let known = |n| access.code(id(n)).unwrap().is_some();
        access.add_code(id(1), &code(), Timestamp(1)).unwrap();
        access
            .add_code(id(2), &code(), HOUR.plus_ms(REMEMBERED_MS - 1))
            .unwrap();
        assert!(known(1));
        access
            .add_code(id(3), &code(), HOUR.plus_ms(REMEMBERED_MS))
            .unwrap();
        assert!(!known(1));
    }
}
