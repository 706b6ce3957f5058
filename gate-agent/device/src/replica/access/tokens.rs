//! Tokens of turnstiles and foreign handhelds: only ever as hashes, with the gates they are for and when they end.

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior};
use usher_keys::Timestamp;

use super::{Access, column, to_json};
use crate::replica::error::ReplicaError;

/// How often the use of a token is noted, in milliseconds: each note is a write to the disk, and a gate has people to let in.
pub(super) const NOTED_EVERY_MS: u64 = 60 * 1000;

/// What a device with a token may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHolder {
    /// How people call it.
    pub name: String,
    /// The gates it may serve; empty means every gate.
    pub gates: Vec<u16>,
    /// When the token ends.
    pub expires: Timestamp,
}

impl TokenHolder {
    /// Tells whether it may serve that gate.
    pub fn serves(&self, gate: u16) -> bool {
        self.gates.is_empty() || self.gates.contains(&gate)
    }
}

/// A token as it is listed: everything but the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Who holds it, and what for.
    pub holder: TokenHolder,
    pub made: Timestamp,
    /// When it was last shown, to the minute.
    pub used: Option<Timestamp>,
}

impl TokenRow {
    /// Tells whether a use now is worth a note.
    pub fn is_to_be_noted(&self, now: Timestamp) -> bool {
        self.used.is_none_or(|used| now.since_ms(used) >= NOTED_EVERY_MS)
    }

    fn of(row: &Row<'_>) -> rusqlite::Result<(Self, String)> {
        let moment = |ms: i64| Timestamp(u64::try_from(ms).unwrap_or(0));
        let found = Self {
            holder: TokenHolder {
                name: row.get(0)?,
                gates: Vec::new(),
                expires: moment(row.get(2)?),
            },
            made: moment(row.get(3)?),
            used: row.get::<_, Option<i64>>(4)?.map(moment),
        };
        Ok((found, row.get(1)?))
    }

    /// Gates that cannot be read make no token for every gate.
    fn with_gates((mut row, gates): (Self, String)) -> Option<Self> {
        row.holder.gates = serde_json::from_str(&gates).ok()?;
        Some(row)
    }
}

impl Access {
    /// Adds a token, and gives its holder as it is called: one whose name is another's already is numbered, so that people can
    /// tell them apart and take either back.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn add_token(
        &self,
        token_hash: [u8; 32],
        wanted: &TokenHolder,
        now: Timestamp,
    ) -> Result<TokenHolder, ReplicaError> {
        let mut connection = self.locked();
        // Another process may name one at the same time.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let name = name_apart(&transaction, "device_tokens", &wanted.name)?;
        let holder = TokenHolder {
            name,
            ..wanted.clone()
        };
        transaction.execute(
            "INSERT INTO device_tokens (token_hash, name, gates, created_ms, expires_ms)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (
                token_hash,
                &holder.name,
                to_json(&holder.gates),
                column(now),
                column(holder.expires),
            ),
        )?;
        transaction.commit()?;
        Ok(holder)
    }

    /// Takes every token of a name back, at once; returns how many there were.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn revoke_tokens(&self, name: &str) -> Result<usize, ReplicaError> {
        let connection = self.locked();
        Ok(connection.execute("DELETE FROM device_tokens WHERE name = ?1", [name])?)
    }

    /// Finds a token, whether or not it has ended.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn token(&self, token_hash: [u8; 32]) -> Result<Option<TokenRow>, ReplicaError> {
        let connection = self.locked();
        let mut statement = connection.prepare_cached(
            "SELECT name, gates, expires_ms, created_ms, used_ms FROM device_tokens WHERE token_hash = ?1",
        )?;
        let found = statement.query_row([token_hash], TokenRow::of).optional()?;
        Ok(found.and_then(TokenRow::with_gates))
    }

    /// Lists every token, by name and age.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn tokens(&self) -> Result<Vec<TokenRow>, ReplicaError> {
        let connection = self.locked();
        let mut statement = connection.prepare_cached(
            "SELECT name, gates, expires_ms, created_ms, used_ms FROM device_tokens ORDER BY name, created_ms",
        )?;
        let rows = statement.query_map([], TokenRow::of)?;
        let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
        Ok(rows.into_iter().filter_map(TokenRow::with_gates).collect())
    }

    /// Notes that a token was shown.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Disk`].
    pub fn note_use(&self, token_hash: [u8; 32], now: Timestamp) -> Result<(), ReplicaError> {
        let connection = self.locked();
        let mut statement =
            connection.prepare_cached("UPDATE device_tokens SET used_ms = ?2 WHERE token_hash = ?1")?;
        statement.execute((token_hash, column(now)))?;
        Ok(())
    }
}

/// Returns the first of a name, the name and 2, the name and 3 and so on that nothing in a table has.
pub(super) fn name_apart(connection: &Connection, table: &str, name: &str) -> rusqlite::Result<String> {
    let mut statement = connection.prepare_cached(&format!("SELECT 1 FROM {table} WHERE name = ?1"))?;
    let mut apart = name.to_owned();
    let mut number = 1_u64;
    while statement.exists([&apart])? {
        number += 1;
        apart = format!("{name} {number}");
    }
    Ok(apart)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn holder(name: &str) -> TokenHolder {
        TokenHolder {
            name: name.to_owned(),
            gates: vec![3],
            expires: Timestamp(9),
        }
    }

    fn open() -> (tempfile::TempDir, Access) {
        let directory = tempfile::tempdir().unwrap();
        let access = Access::open(&directory.path().join("access.db")).unwrap();
        (directory, access)
    }

    #[test]
    fn a_token_is_known_until_it_is_taken_back() {
        let (_kept, access) = open();
        let holder = holder("Robert'); DROP TABLE device_tokens;--");
        access.add_token([7; 32], &holder, Timestamp(1)).unwrap();
        let row = TokenRow {
            holder: holder.clone(),
            made: Timestamp(1),
            used: None,
        };
        assert_eq!(access.token([7; 32]).unwrap(), Some(row));
        assert_eq!(access.token([6; 32]).unwrap(), None);
        assert_eq!(access.revoke_tokens(&holder.name).unwrap(), 1);
        assert_eq!(access.token([7; 32]).unwrap(), None);
        assert_eq!(access.revoke_tokens(&holder.name).unwrap(), 0);
    }

    #[test]
    fn tokens_that_would_be_called_alike_are_numbered_and_taken_back_one_by_one() {
        let (_kept, access) = open();
        let made = [1, 2, 3].map(|n| access.add_token([n; 32], &holder("T"), Timestamp(1)).unwrap());
        assert_eq!(made.map(|holder| holder.name), ["T", "T 2", "T 3"]);
        assert_eq!(access.revoke_tokens("T 2").unwrap(), 1);
        let known = [1, 2, 3].map(|n| access.token([n; 32]).unwrap().is_some());
        assert_eq!(known, [true, false, true]);
        let again = access.add_token([4; 32], &holder("T"), Timestamp(2)).unwrap();
        assert_eq!(again.name, "T 2");
    }

    #[test]
    fn tokens_are_listed_with_their_last_use() {
        let (_kept, access) = open();
        access.add_token([1; 32], &holder("b"), Timestamp(1)).unwrap();
        access.add_token([2; 32], &holder("a"), Timestamp(2)).unwrap();
        access.note_use([1; 32], Timestamp(5)).unwrap();
        access.note_use([9; 32], Timestamp(6)).unwrap();
        let listed = access.tokens().unwrap();
        let shown: Vec<_> = listed
            .iter()
            .map(|row| (row.holder.name.as_str(), row.made.0, row.used))
            .collect();
        assert_eq!(shown, [("a", 2, None), ("b", 1, Some(Timestamp(5)))]);
        assert!(listed[0].is_to_be_noted(Timestamp(6)));
        assert!(!listed[1].is_to_be_noted(Timestamp(5 + NOTED_EVERY_MS - 1)));
        assert!(listed[1].is_to_be_noted(Timestamp(5 + NOTED_EVERY_MS)));
    }

    #[test]
    fn every_file_of_it_is_its_owners_alone() {
        let (kept, access) = open();
        access.add_token([1; 32], &holder("a"), Timestamp(1)).unwrap();
        for file in fs::read_dir(kept.path()).unwrap() {
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", file.path().display());
        }
    }

    #[test]
    fn the_token_itself_is_nowhere_in_the_file() {
        let (kept, access) = open();
        let token = crate::token::DeviceToken::draw().unwrap();
        access
            .add_token(token.hash(), &holder("a"), Timestamp(1))
            .unwrap();
        let text = token.reveal();
        let bytes = data_encoding::HEXLOWER
            .decode(text.trim_start_matches("usher-http-").as_bytes())
            .unwrap();
        for file in fs::read_dir(kept.path()).unwrap() {
            let stored = fs::read(file.unwrap().path()).unwrap();
            for secret in [text.as_bytes(), &bytes] {
                assert!(!stored.windows(secret.len()).any(|window| window == secret));
            }
        }
    }
}
