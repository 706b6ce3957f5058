//! The rows of waiting lists. Whoever offers places has the event to themselves, so that each place is offered once, to whoever came first.

mod offers;

use usher_keys::EventId;
use usher_protocol::TierId;

use crate::catalogue::EventStatus;
use crate::ids::{ReservationId, WaiterId};
use crate::selling::holding::SaleTerms;
use crate::selling::waiting_list::{
    JoinList, JoinOutcome, ListFacts, Waiter, WaiterQuery, WaiterState, WaitersQuery, may_join,
};
use crate::store::StoreError;
use crate::store::sql::{Sql, params};

use super::Effect;
use super::column::{Local, moment, ms};
use super::{buyer_bounds, rows, sale_terms};
pub use offers::offer_places;

/// Lets somebody wait for places of a tier.
pub fn join_list(connection: &Sql<'_>, request: &JoinList) -> Result<Effect<JoinOutcome>, StoreError> {
    let event = request.waiter.event;
    let Some((EventStatus::Published, terms)) = sale_terms::sale_terms(connection, event)? else {
        return Ok(Effect::Undo(JoinOutcome::NoSuchEvent));
    };
    let facts = facts(connection, request, &terms)?;
    if let Err(refusal) = may_join(&facts, request.quantity) {
        return Ok(Effect::Undo(refusal));
    }
    if let Some(reached) = buyer_bounds::joined_too_often(connection, request)? {
        return Ok(Effect::Undo(JoinOutcome::TooOften(reached)));
    }
    connection
        .prepare_cached(
            "INSERT INTO waiting_list (event_id, waiter_id, tier, position, quantity, email, joined_at, client, buyer, language)
             SELECT ?1, ?2, ?3, 1 + coalesce(max(position), 0), CAST(?4 AS BIGINT), ?5, CAST(?6 AS BIGINT), ?7, ?8, ?9 FROM waiting_list
             WHERE event_id = ?1 AND tier = ?3",
        )?
        .execute(params![
            event.0,
            request.waiter.local,
            request.tier.0,
            request.quantity,
            request.email,
            ms(request.now),
            request.client.bytes(),
            buyer_bounds::buyer(&request.email),
            request.language.tag()
        ])?;
    Ok(Effect::Keep(JoinOutcome::Waits { ahead: facts.ahead }))
}

fn facts(connection: &Sql<'_>, request: &JoinList, terms: &SaleTerms) -> Result<ListFacts, StoreError> {
    let event = request.waiter.event;
    let tier = terms.tiers.iter().find(|(tier, ..)| *tier == request.tier);
    let (ahead, waiters) = connection
        .prepare_cached(
            "SELECT count(CASE WHEN tier = ?2 THEN 1 END), count(*) FROM waiting_list
             WHERE event_id = ?1 AND reservation_id IS NULL AND left_at IS NULL",
        )?
        .query_row(params![event.0, request.tier.0], |row| row.try_into())?;
    let is_waiting = connection
        .prepare_cached(connection.pick(
            "SELECT 1 FROM waiting_list WHERE event_id = ?1 AND tier = ?2 AND lower(email) = lower(?3)
             AND reservation_id IS NULL AND left_at IS NULL",
            "SELECT 1 FROM waiting_list WHERE event_id = ?1 AND tier = ?2
             AND lower(email COLLATE \"C\") = lower(CAST(?3 AS text) COLLATE \"C\") AND reservation_id IS NULL AND left_at IS NULL",
        ))?
        .exists(params![event.0, request.tier.0, request.email])?;
    Ok(ListFacts {
        status: terms.sale.status(request.believed_until, request.now),
        is_shown: tier.map(|(.., sale)| !sale.is_hidden),
        free: free(connection, (event, request.tier), ms(request.now))?,
        ahead,
        waiters,
        is_waiting,
    })
}

/// Counts the places of a tier that are free, those whose hold has expired with them.
fn free(connection: &Sql<'_>, (event, tier): (EventId, TierId), now: i64) -> Result<u32, StoreError> {
    let free = connection
        .prepare_cached(
            "SELECT count(*) FROM units WHERE event_id = ?1 AND tier = ?2
             AND (state = 'available' OR (state = 'held' AND held_until <= ?3))",
        )?
        .query_row(params![event.0, tier.0, now], |row| row.get(0))?;
    Ok(free)
}

/// Lists the published events of which somebody waits for places.
pub fn awaited_events(connection: &Sql<'_>, (): &()) -> Result<Vec<EventId>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT DISTINCT event_id FROM waiting_list WHERE reservation_id IS NULL AND left_at IS NULL",
    )?;
    let found = query.query_map([], |row| row.get(0).map(EventId))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Lists who is on the waiting lists of an event, tier by tier in their order.
pub fn waiters(connection: &Sql<'_>, query: &WaitersQuery) -> Result<Vec<(Waiter, String)>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT waiter_id, email FROM waiting_list WHERE event_id = ?1 AND tier = ?2 AND position > ?3 AND left_at IS NULL
         ORDER BY position LIMIT ?4",
    )?;
    let values = params![query.event.0, query.tier.0, query.beyond, query.limit];
    let found = select.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let found: Vec<(Local, String)> = found.collect::<Result<_, _>>()?;
    let mut waiters = Vec::with_capacity(found.len());
    for (local, email) in found {
        let one = WaiterQuery {
            waiter: WaiterId {
                event: query.event,
                local,
            },
            now: query.now,
        };
        if let Some(waiter) = waiter(connection, &one)? {
            waiters.push((waiter, email));
        }
    }
    Ok(waiters)
}

/// Finds somebody on a waiting list.
pub fn waiter(connection: &Sql<'_>, query: &WaiterQuery) -> Result<Option<Waiter>, StoreError> {
    let id = query.waiter;
    let mut select = connection.prepare_cached(
        "SELECT tier, quantity, joined_at, reservation_id, left_at IS NOT NULL, position,
                (SELECT count(*) FROM waiting_list AS ahead
                 WHERE ahead.event_id = waiting_list.event_id AND ahead.tier = waiting_list.tier
                   AND ahead.position < waiting_list.position AND ahead.reservation_id IS NULL AND ahead.left_at IS NULL)
         FROM waiting_list WHERE event_id = ?1 AND waiter_id = ?2",
    )?;
    let mut found = select.query_and_then(params![id.event.0, id.local], |row| {
        let (offer, has_left): (Option<Local>, bool) = (row.get(3)?, row.get(4)?);
        let offer = match offer {
            Some(local) => rows::reservation(
                connection,
                &ReservationId {
                    event: id.event,
                    local,
                },
            )?,
            None => None,
        };
        let state = match &offer {
            Some(offer) => WaiterState::of_offer(offer, query.now),
            None if has_left => WaiterState::Left,
            None => WaiterState::Waits { ahead: row.get(6)? },
        };
        Ok::<_, StoreError>(Waiter {
            id,
            tier: TierId(row.get(0)?),
            position: row.get(5)?,
            quantity: row.get(1)?,
            joined_at: moment(row.get(2)?),
            state,
            offer,
        })
    })?;
    found.next().transpose()
}

/// Lets somebody wait no more; tells whether they did.
pub fn leave_list(connection: &Sql<'_>, query: &WaiterQuery) -> Result<Effect<bool>, StoreError> {
    let id = query.waiter;
    let has_left = connection
        .prepare_cached(
            "UPDATE waiting_list SET left_at = ?3, email = ''
             WHERE event_id = ?1 AND waiter_id = ?2 AND reservation_id IS NULL AND left_at IS NULL",
        )?
        .execute(params![id.event.0, id.local, ms(query.now)])?
        == 1;
    Ok(Effect::Keep(has_left))
}
