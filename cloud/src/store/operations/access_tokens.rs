//! The rows of access tokens; what they allow is decided in `store::access_tokens`.

use crate::store::StoreError;
use crate::store::access_tokens::{AccessToken, MAX_TOKENS, NewAccessToken};
use crate::store::organizing::KeyHash;
use crate::store::sql::{Sql, params};

use super::Effect;
use super::api_keys;
use super::column::{moment, ms};

/// Adds a token, forgets those of its key that have ended, and ends the oldest if there are too many.
pub fn add_access_token(connection: &Sql<'_>, request: &NewAccessToken) -> Result<Effect<()>, StoreError> {
    let key = request.key.0;
    connection
        .prepare_cached("DELETE FROM access_tokens WHERE key_id = ?1 AND expires_at <= ?2")?
        .execute(params![key, ms(request.now)])?;
    connection
        .prepare_cached(
            "DELETE FROM access_tokens WHERE token_hash IN (
                 SELECT token_hash FROM access_tokens WHERE key_id = ?1
                 ORDER BY expires_at DESC, token_hash LIMIT 1000 OFFSET ?2)",
        )?
        .execute(params![key, i64::from(MAX_TOKENS - 1)])?;
    connection
        .prepare_cached(
            "INSERT INTO access_tokens (token_hash, key_id, scopes, expires_at) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            request.hash.0,
            key,
            request.scopes.to_string(),
            ms(request.expires_at)
        ])?;
    Ok(Effect::Keep(()))
}

/// Finds a token, good or not.
pub fn access_token(connection: &Sql<'_>, hash: &KeyHash) -> Result<Option<AccessToken>, StoreError> {
    let sql = format!(
        "SELECT {}, access_tokens.scopes, access_tokens.expires_at
         FROM access_tokens JOIN organizer_keys ON organizer_keys.key_id = access_tokens.key_id
         WHERE token_hash = ?1",
        api_keys::COLUMNS
    );
    let mut query = connection.prepare_cached(&sql)?;
    let mut found = query.query_and_then([hash.0], |row| {
        Ok(AccessToken {
            key: api_keys::read(row)?,
            scopes: api_keys::scopes(row.column(9)?.as_str()?)?,
            expires_at: moment(row.get(10)?),
        })
    })?;
    found.next().transpose()
}
