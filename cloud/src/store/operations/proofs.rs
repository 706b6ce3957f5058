//! Proofs of work: what their challenges are signed with, and which were spent.

use usher_keys::EventId;

use crate::selling::HoldOutcome;
use crate::selling::HoldRequest;
use crate::selling::holding::SaleTerms;
use crate::store::StoreError;
use crate::store::sql::{OptionalExtension, Sql, params};

use super::column::ms;

/// Finds what the challenges of an event are signed with.
pub fn secret(connection: &Sql<'_>, event: &EventId) -> Result<Option<[u8; 32]>, StoreError> {
    let found: Option<Option<[u8; 32]>> = connection
        .prepare_cached("SELECT proof_secret FROM hold_bounds WHERE event_id = ?1")?
        .query_row([event.0], |row| row.get(0))
        .optional()?;
    Ok(found.flatten())
}

/// Spends the proof that whoever holds places has shown, once.
pub fn spend(
    connection: &Sql<'_>,
    sale: &SaleTerms,
    request: &HoldRequest,
) -> Result<Result<(), HoldOutcome>, StoreError> {
    let proof = match sale.proof_to_spend(request.proof) {
        Ok(Some(proof)) => proof,
        Ok(None) => return Ok(Ok(())),
        Err(refusal) => return Ok(Err(refusal)),
    };
    let event = request.reservation.event.0;
    connection
        .prepare_cached("DELETE FROM spent_proofs WHERE event_id = ?1 AND until <= ?2")?
        .execute(params![event, ms(request.now)])?;
    let spent = connection
        .prepare_cached(
            "INSERT INTO spent_proofs (event_id, until, proof) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![event, ms(proof.until), proof.id])?;
    Ok(if spent == 0 {
        Err(HoldOutcome::NotProven)
    } else {
        Ok(())
    })
}
