//! Moving an event to another date: dates, policy and open reservations change together or not at all.

use usher_keys::{EventId, Timestamp};

use crate::catalogue::EventStatus;
use crate::letters::LetterKind;
use crate::moving::{Dates, moved_policy};
use crate::selling::blocks::BLOCKED_UNTIL;
use crate::store::StoreError;
use crate::store::organizing::{MoveEvent, MoveOutcome};
use crate::store::sql::{Sql, params};

use super::Effect;
use super::column::{ms, policy_text};
use super::{catalogue, listings, mailings, seals, webhooks};

/// Moves an event to another date. Asked again, it finds the event there and changes nothing: windows move once.
pub fn move_event(connection: &Sql<'_>, request: &MoveEvent) -> Result<Effect<MoveOutcome>, StoreError> {
    let Some(event) = catalogue::event(connection, &request.event)? else {
        return Ok(Effect::Undo(MoveOutcome::NotFound));
    };
    if event.canceled_at.is_some() {
        return Ok(Effect::Undo(MoveOutcome::Canceled));
    }
    if Dates::of(&event) == request.to {
        return Ok(Effect::Undo(MoveOutcome::Moved { freed: 0 }));
    }
    connection
        .prepare_cached("UPDATE events SET starts_at = ?2, ends_at = ?3, policy = ?4 WHERE event_id = ?1")?
        .execute(params![
            request.event.0,
            ms(request.to.starts_at),
            ms(request.to.ends_at),
            policy_text(&moved_policy(&event, request.to)),
        ])?;
    seals::seal_terms(connection, request.event)?;
    listings::list(connection, request.event)?;
    let freed = free_held(connection, (request.event, request.now))?;
    webhooks::enqueue_changed(connection, request.event, request.now)?;
    if request.mails && event.status == EventStatus::Published {
        mailings::begin_notice(connection, request.event, LetterKind::EventMoved, request.now)?;
    }
    Ok(Effect::Keep(MoveOutcome::Moved { freed }))
}

/// Gives back what buyers hold and have not paid for; tells how many units. What is blocked stays blocked.
pub(super) fn free_held(
    connection: &Sql<'_>,
    (event, now): (EventId, Timestamp),
) -> Result<usize, StoreError> {
    let (event, now, blocked) = (event.0, ms(now), ms(BLOCKED_UNTIL));
    connection
        .prepare_cached(
            "UPDATE reservations SET state = 'released', claimant_address = NULL, claimant_session = NULL
             WHERE event_id = ?1 AND state = 'held' AND expires_at > ?2 AND expires_at < ?3",
        )?
        .execute(params![event, now, blocked])?;
    let freed = connection
        .prepare_cached(
            "UPDATE units SET state = 'available', reservation_id = NULL, held_until = NULL
             WHERE event_id = ?1 AND state = 'held' AND held_until > ?2 AND held_until < ?3",
        )?
        .execute(params![event, now, blocked])?;
    Ok(freed)
}
