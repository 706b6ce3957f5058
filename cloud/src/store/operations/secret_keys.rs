//! The cloud's secret keys, each sealed under a master key that is not in the store; a hash beside each shows damage.

use usher_keys::{EventId, PublicKey, Purpose};

use crate::store::StoreError;
use crate::store::authority::{KeyUse, NewKeys, SealedKey};
use crate::store::finding::Finding;
use crate::store::sql::{Row, Sql, params};

use super::Effect;
use super::column::{event_id, ms};

/// The columns [`read`] reads.
const COLUMNS: &str = "event_id, purpose, public_key, sealed";
/// The purpose of the key that names the cloud on the network.
const LINK: &str = "link";

fn key_of(used: KeyUse) -> (Option<[u8; 16]>, String) {
    match used {
        KeyUse::Link => (None, LINK.to_owned()),
        KeyUse::Event(event, purpose) => (Some(event.0), purpose.to_string()),
    }
}

fn read(row: &Row<'_>) -> Result<SealedKey, StoreError> {
    let event: Option<[u8; 16]> = row.get(0)?;
    let purpose: String = row.get(1)?;
    let known = [Purpose::Ticket, Purpose::Authority, Purpose::Issuing];
    let known = known.into_iter().find(|known| known.to_string() == purpose);
    let used = match (event, known) {
        (None, None) if purpose == LINK => KeyUse::Link,
        (Some(event), Some(known)) => KeyUse::Event(event_id(event), known),
        (None | Some(_), None | Some(_)) => {
            return Err(StoreError::Unreadable {
                what: "purpose of a key",
            });
        }
    };
    Ok(SealedKey {
        used,
        public: PublicKey(row.get(2)?),
        sealed: row.get(3)?,
    })
}

fn digest(key: &SealedKey) -> [u8; 32] {
    let (event, purpose) = key_of(key.used);
    let mut hash = blake3::Hasher::new();
    hash.update(&event.unwrap_or_default());
    hash.update(purpose.as_bytes());
    hash.update(&key.public.0);
    hash.update(&key.sealed);
    *hash.finalize().as_bytes()
}

/// Finds the key that names the cloud on the network.
pub fn link_key(connection: &Sql<'_>, (): &()) -> Result<Option<SealedKey>, StoreError> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM secret_keys WHERE purpose = 'link'"
    ))?;
    query.query_and_then([], read)?.next().transpose()
}

/// Lists the keys of an event.
pub fn event_keys(connection: &Sql<'_>, event: &EventId) -> Result<Vec<SealedKey>, StoreError> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM secret_keys WHERE event_id = ?1 ORDER BY purpose, public_key"
    ))?;
    query.query_and_then([event.0], read)?.collect()
}

/// Lists all keys.
pub fn secret_keys(connection: &Sql<'_>, (): &()) -> Result<Vec<SealedKey>, StoreError> {
    let mut query =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM secret_keys ORDER BY public_key"))?;
    query.query_and_then([], read)?.collect()
}

/// Lists the events that a key was made for; at most one in each cell.
pub fn events_of_key(connection: &Sql<'_>, key: &PublicKey) -> Result<Vec<EventId>, StoreError> {
    let mut query = connection
        .prepare_cached("SELECT event_id FROM secret_keys WHERE public_key = ?1 AND event_id IS NOT NULL")?;
    query
        .query_and_then([key.0], |row| Ok(event_id(row.get(0)?)))?
        .collect()
}

/// Adds keys of an event, or the one that names the cloud; `false`, and adds none, when there are not as many as were known.
pub fn add_keys(connection: &Sql<'_>, request: &NewKeys) -> Result<Effect<bool>, StoreError> {
    let there = match request.event {
        Some(event) => event_keys(connection, &event)?.len(),
        None => link_key(connection, &())?.iter().len(),
    };
    if there != request.known {
        return Ok(Effect::Undo(false));
    }
    for key in &request.keys {
        let (event, purpose) = key_of(key.used);
        let added = connection
            .prepare_cached(
                "INSERT INTO secret_keys (public_key, event_id, purpose, sealed, hash, made_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                key.public.0,
                event,
                purpose,
                key.sealed,
                digest(key),
                ms(request.now)
            ])?;
        // Nobody has the key that names the cloud to itself: another process may be making it.
        if added == 0 {
            return Ok(Effect::Undo(false));
        }
    }
    Ok(Effect::Keep(true))
}

/// Puts a key that is sealed anew in place of what it was; tells whether there was one.
pub fn reseal_key(connection: &Sql<'_>, key: &SealedKey) -> Result<Effect<bool>, StoreError> {
    let (event, purpose) = key_of(key.used);
    let resealed = connection
        .prepare_cached(
            "UPDATE secret_keys SET sealed = ?4, hash = ?5
             WHERE public_key = ?1 AND purpose = ?3 AND event_id IS NOT DISTINCT FROM ?2",
        )?
        .execute(params![key.public.0, event, purpose, key.sealed, digest(key)])?;
    Ok(Effect::Keep(resealed == 1))
}

/// Compares every key with its hash. Whether it opens, only who has the master key can tell.
///
/// # Errors
///
/// [`StoreError`].
pub fn check(connection: &Sql<'_>, findings: &mut Vec<Finding>) -> Result<(), StoreError> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, hash FROM secret_keys ORDER BY public_key"
    ))?;
    let sound = query.query_and_then([], |row| {
        let is_sound = read(row).is_ok_and(|key| row.get(4).is_ok_and(|hash: [u8; 32]| hash == digest(&key)));
        Ok::<_, StoreError>(is_sound)
    })?;
    let sound = sound.collect::<Result<Vec<_>, _>>()?;
    if sound.contains(&false) {
        findings.push(Finding::SecretKey);
    }
    Ok(())
}
