//! Answers of requests that came with an idempotency key: a row is inserted before the request is done, and by one process alone.

use crate::kept_answers::{
    ClaimKey, ClaimOutcome, ForgetAnswers, FreeKey, KeepAnswer, KeptAnswer, KeyUsed, claim,
};
use crate::selling::RequestHash;
use crate::store::StoreError;
use crate::store::sql::{OptionalExtension, Sql, params};

use super::Effect;
use super::column::{moment, ms, narrow};

/// Begins a request, unless it was begun before.
pub fn claim_key(connection: &Sql<'_>, request: &ClaimKey) -> Result<Effect<ClaimOutcome>, StoreError> {
    let used = used(connection, request)?;
    let began_at = used.as_ref().map(|used| ms(used.began_at));
    let outcome = claim(used, request);
    if outcome != ClaimOutcome::Begun {
        return Ok(Effect::Undo(outcome));
    }
    // Of two processes that begin it at once, one finds its row changed.
    let is_ours = match began_at {
        None => connection
            .prepare_cached(
                "INSERT INTO kept_answers (key_hash, request_hash, began_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?
            .execute(params![request.key.0, request.request.0, ms(request.now)])?,
        Some(began_at) => connection
            .prepare_cached(
                "UPDATE kept_answers SET request_hash = ?2, status = NULL, body = NULL, location = NULL, began_at = ?3
                 WHERE key_hash = ?1 AND began_at = ?4",
            )?
            .execute(params![request.key.0, request.request.0, ms(request.now), began_at])?,
    };
    if is_ours == 1 {
        return Ok(Effect::Keep(ClaimOutcome::Begun));
    }
    let lost = claim(self::used(connection, request)?, request);
    if lost == ClaimOutcome::Begun {
        Err(StoreError::Overtaken)
    } else {
        Ok(Effect::Undo(lost))
    }
}

fn used(connection: &Sql<'_>, request: &ClaimKey) -> Result<Option<KeyUsed>, StoreError> {
    type Kept = ([u8; 32], Option<i64>, Option<String>, Option<String>, i64);
    let found: Option<Kept> = connection
        .prepare_cached(
            "SELECT request_hash, status, body, location, began_at FROM kept_answers WHERE key_hash = ?1",
        )?
        .query_row([request.key.0], |row| row.try_into())
        .optional()?;
    let Some((hash, status, body, location, began_at)) = found else {
        return Ok(None);
    };
    let answer = match status.zip(body) {
        Some((status, body)) => Some(KeptAnswer {
            status: narrow(status, "status of an answer")?,
            body,
            location,
        }),
        None => None,
    };
    Ok(Some(KeyUsed {
        request: RequestHash(hash),
        answer,
        began_at: moment(began_at),
    }))
}

/// Keeps the answer of a request; tells whether it was still this one's to keep.
pub fn keep_answer(connection: &Sql<'_>, request: &KeepAnswer) -> Result<Effect<bool>, StoreError> {
    let KeepAnswer { claim, answer } = request;
    let kept = connection
        .prepare_cached(
            "UPDATE kept_answers SET status = ?4, body = ?5, location = ?6
             WHERE key_hash = ?1 AND request_hash = ?2 AND began_at = ?3 AND status IS NULL",
        )?
        .execute(params![
            claim.key.0,
            claim.request.0,
            ms(claim.now),
            i64::from(answer.status),
            answer.body,
            answer.location
        ])?;
    Ok(Effect::Keep(kept == 1))
}

/// Frees the key of a request that was not done.
pub fn free_key(connection: &Sql<'_>, request: &FreeKey) -> Result<Effect<()>, StoreError> {
    let claim = request.claim;
    connection
        .prepare_cached(
            "DELETE FROM kept_answers WHERE key_hash = ?1 AND request_hash = ?2 AND began_at = ?3 AND status IS NULL",
        )?
        .execute(params![claim.key.0, claim.request.0, ms(claim.now)])?;
    Ok(Effect::Keep(()))
}

/// Deletes answers that were kept long enough; tells how many.
pub fn forget_answers(connection: &Sql<'_>, request: &ForgetAnswers) -> Result<Effect<usize>, StoreError> {
    let forgotten = connection
        .prepare_cached(
            "DELETE FROM kept_answers WHERE key_hash IN (
                 SELECT key_hash FROM kept_answers WHERE began_at <= ?1 ORDER BY began_at LIMIT ?2)",
        )?
        .execute(params![ms(request.before), request.limit])?;
    Ok(Effect::Keep(forgotten))
}
