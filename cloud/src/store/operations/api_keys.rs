//! The rows of API keys; which may be added and revoked is decided in `store::api_keys`.

use usher_keys::Timestamp;

use crate::ids::{ApiKeyId, OrganizerId};
use crate::rights::Scopes;
use crate::store::StoreError;
use crate::store::api_keys::{
    ApiKey, NewApiKey, NewKeyOutcome, NoteKeyUse, RevokeKey, RevokeKeyOutcome, may_add, may_revoke,
};
use crate::store::organizing::KeyHash;
use crate::store::sql::{Row, Sql, params};

use super::Effect;
use super::column::{moment, ms, staff_role};
use super::organizer_lock::lock;

/// The columns [`read`] reads.
pub const COLUMNS: &str =
    "organizer_keys.key_id, organizer_id, name, role, organizer_keys.scopes, created_at,
    organizer_keys.expires_at, last_used_at, revoked_at";

/// Reads a key.
pub fn read(row: &Row<'_>) -> Result<ApiKey, StoreError> {
    let at =
        |column| -> Result<Option<Timestamp>, StoreError> { Ok(row.get::<Option<i64>>(column)?.map(moment)) };
    Ok(ApiKey {
        id: ApiKeyId(row.get(0)?),
        organizer: OrganizerId(row.get(1)?),
        name: row.get(2)?,
        role: staff_role(row.column(3)?.as_str()?)?,
        scopes: row.get::<Option<String>>(4)?.as_deref().map(scopes).transpose()?,
        created_at: moment(row.get(5)?),
        expires_at: at(6)?,
        last_used_at: at(7)?,
        revoked_at: at(8)?,
    })
}

/// Reads scopes.
pub fn scopes(text: &str) -> Result<Scopes, StoreError> {
    Scopes::read(text).ok_or(StoreError::Unreadable { what: "scopes" })
}

/// Adds a key, and forgets those that ended long ago.
pub fn add_api_key(connection: &Sql<'_>, request: &NewApiKey) -> Result<Effect<NewKeyOutcome>, StoreError> {
    let now = request.key.created_at;
    lock(connection, &request.key.organizer)?;
    let keys = api_keys(connection, &request.key.organizer)?;
    if may_add(&keys, now) == NewKeyOutcome::TooMany {
        return Ok(Effect::Undo(NewKeyOutcome::TooMany));
    }
    for ended in keys.iter().filter(|key| key.is_forgotten(now)) {
        forget_tokens(connection, ended.id)?;
        connection
            .prepare_cached("DELETE FROM organizer_keys WHERE key_id = ?1")?
            .run([ended.id.0])?;
    }
    insert(connection, request)?;
    Ok(Effect::Keep(NewKeyOutcome::Added))
}

/// Forgets the tokens of a key that is forgotten.
fn forget_tokens(connection: &Sql<'_>, key: ApiKeyId) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM access_tokens WHERE key_id = ?1")?
        .execute([key.0])?;
    Ok(())
}

/// Writes a new key.
pub fn insert(connection: &Sql<'_>, NewApiKey { key, hash }: &NewApiKey) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO organizer_keys (key_hash, key_id, organizer_id, name, role, scopes, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .run(params![
            hash.0,
            key.id.0,
            key.organizer.0,
            key.name,
            key.role.word(),
            key.scopes.map(|scopes| scopes.to_string()),
            ms(key.created_at),
            key.expires_at.map(ms)
        ])?;
    Ok(())
}

/// Revokes a key.
pub fn revoke_api_key(
    connection: &Sql<'_>,
    request: &RevokeKey,
) -> Result<Effect<RevokeKeyOutcome>, StoreError> {
    lock(connection, &request.organizer)?;
    let outcome = may_revoke(&api_keys(connection, &request.organizer)?, request);
    let RevokeKeyOutcome::Revoked(revoked) = &outcome else {
        return Ok(Effect::Undo(outcome));
    };
    connection
        .prepare_cached("UPDATE organizer_keys SET revoked_at = ?2 WHERE key_id = ?1")?
        .run(params![revoked.id.0, revoked.revoked_at.map(ms)])?;
    Ok(Effect::Keep(outcome))
}

/// Writes down that a key was used.
pub fn note_key_use(connection: &Sql<'_>, request: &NoteKeyUse) -> Result<Effect<()>, StoreError> {
    connection
        .prepare_cached("UPDATE organizer_keys SET last_used_at = ?2 WHERE key_hash = ?1")?
        .run(params![request.hash.0, ms(request.now)])?;
    Ok(Effect::Keep(()))
}

/// Finds the key with this hash, good or not.
pub fn api_key(connection: &Sql<'_>, hash: &KeyHash) -> Result<Option<ApiKey>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM organizer_keys WHERE key_hash = ?1");
    let mut query = connection.prepare_cached(&sql)?;
    query.query_and_then([hash.0], read)?.next().transpose()
}

/// Lists an organizer's keys, oldest first, with those that have ended.
pub fn api_keys(connection: &Sql<'_>, organizer: &OrganizerId) -> Result<Vec<ApiKey>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM organizer_keys WHERE organizer_id = ?1 ORDER BY created_at, key_id");
    let mut query = connection.prepare_cached(&sql)?;
    query.query_and_then([organizer.0], read)?.collect()
}
