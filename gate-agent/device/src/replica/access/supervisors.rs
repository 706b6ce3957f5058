//! Supervisors who are known by a PIN: only ever as hashes that are slow to try; how often a PIN may be tried is the hub's.

use argon2::{Algorithm, Argon2, Params, Version};
use rusqlite::OptionalExtension;
use usher_keys::Timestamp;
use usher_protocol::pin::Pin;

use super::{Access, column};
use crate::replica::error::ReplicaError;

/// Memory that one try takes, in KiB. **Source**: OWASP's password storage cheat sheet, Argon2id.
const TRY_KIB: u32 = 19 * 1024;
/// Passes of one try over that memory, as OWASP has them; together some hundredths of a second. A PIN is set anew when either changes.
const TRY_PASSES: u32 = 2;

/// A supervisor as they are listed: everything but the PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supervisor {
    /// As it is written into the records.
    pub name: String,
    /// When the PIN was set.
    pub set: Timestamp,
}

/// What is kept of a supervisor's PIN.
#[derive(Clone)]
pub struct KeptPin {
    /// The supervisor's name, as it was set.
    pub name: String,
    salt: [u8; 16],
    hash: [u8; 32],
}

impl KeptPin {
    /// Tells whether that is the PIN; takes some tens of milliseconds and 19 MiB.
    pub fn is(&self, pin: &Pin) -> bool {
        // Both are hashes: where they differ tells nothing of the PIN.
        hashed(pin, &self.salt) == self.hash
    }
}

impl Access {
    /// Sets the PIN of a supervisor, new or known; the salt is drawn for it.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn set_pin(&self, name: &str, pin: &Pin, salt: [u8; 16], now: Timestamp) -> Result<(), ReplicaError> {
        let hash = hashed(pin, &salt);
        self.locked().execute(
            "INSERT OR REPLACE INTO supervisors (folded_name, name, salt, pin_hash, set_ms)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (folded(name), name, salt, hash, column(now)),
        )?;
        Ok(())
    }

    /// Takes a supervisor's PIN away, at once; `false` when there was none.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn remove_pin(&self, name: &str) -> Result<bool, ReplicaError> {
        let connection = self.locked();
        let removed = connection.execute("DELETE FROM supervisors WHERE folded_name = ?1", [folded(name)])?;
        Ok(removed == 1)
    }

    /// Finds what is kept of a supervisor's PIN.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn pin_of(&self, name: &str) -> Result<Option<KeptPin>, ReplicaError> {
        let connection = self.locked();
        let mut statement = connection
            .prepare_cached("SELECT name, salt, pin_hash FROM supervisors WHERE folded_name = ?1")?;
        let found = statement.query_row([folded(name)], |row| {
            Ok(KeptPin {
                name: row.get(0)?,
                salt: row.get(1)?,
                hash: row.get(2)?,
            })
        });
        Ok(found.optional()?)
    }

    /// Lists every supervisor who has a PIN, by name.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn supervisors(&self) -> Result<Vec<Supervisor>, ReplicaError> {
        let connection = self.locked();
        let mut statement =
            connection.prepare_cached("SELECT name, set_ms FROM supervisors ORDER BY folded_name")?;
        let rows = statement.query_map([], |row| {
            Ok(Supervisor {
                name: row.get(0)?,
                set: Timestamp(u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0)),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

fn folded(name: &str) -> String {
    name.to_lowercase()
}

fn hashed(pin: &Pin, salt: &[u8; 16]) -> [u8; 32] {
    let params = Params::new(TRY_KIB, TRY_PASSES, 1, None).expect("the constants are within Argon2's limits");
    let mut hash = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(pin.digits().as_bytes(), salt, &mut hash)
        .expect("a PIN, 16 bytes of salt and 32 of hash are within Argon2's limits");
    hash
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn open() -> (tempfile::TempDir, Access) {
        let directory = tempfile::tempdir().unwrap();
        let access = Access::open(&directory.path().join("access.db")).unwrap();
        (directory, access)
    }

    fn pin(text: &str) -> Pin {
        Pin::typed(text).unwrap()
    }

    #[test]
    fn a_supervisor_has_the_pin_that_was_set_last() {
        let (_kept, access) = open();
        access
            .set_pin("Ada", &pin("111111"), [1; 16], Timestamp(1))
            .unwrap();
        access
            .set_pin("ADA", &pin("222222"), [2; 16], Timestamp(2))
            .unwrap();
        let kept = access.pin_of("ada").unwrap().unwrap();
        assert_eq!(kept.name, "ADA");
        assert!(kept.is(&pin("222222")) && !kept.is(&pin("111111")));
        let listed = access.supervisors().unwrap();
        assert_eq!(
            listed,
            [Supervisor {
                name: "ADA".to_owned(),
                set: Timestamp(2)
            }]
        );
        assert!(access.remove_pin("Ada").unwrap() && !access.remove_pin("Ada").unwrap());
        assert!(access.pin_of("Ada").unwrap().is_none());
    }

    #[test]
    fn the_pin_itself_is_nowhere_in_the_file() {
        let (kept, access) = open();
        access
            .set_pin("Ada", &pin("48291357"), [1; 16], Timestamp(1))
            .unwrap();
        for file in fs::read_dir(kept.path()).unwrap() {
            let stored = fs::read(file.unwrap().path()).unwrap();
            assert!(!stored.windows(8).any(|window| window == b"48291357"));
        }
    }
}
