//! Offering places that have come back: each is held for whoever comes first, in the transaction that finds it free.

use serde_json::json;
use usher_keys::EventId;
use usher_protocol::TierId;

use crate::catalogue::EventStatus;
use crate::ids::{ReservationId, WaiterId};
use crate::languages::Language;
use crate::letters::{LetterCause, LetterKind, Recipient};
use crate::moment::Moment;
use crate::money::Money;
use crate::selling::holding::SaleTerms;
use crate::selling::sale::SaleStatus;
use crate::selling::waiting_list::{OFFER_MS, OfferPlaces, to_offer};
use crate::selling::{Claim, Reservation, ReservationState, TierQuantity};
use crate::store::StoreError;
use crate::store::operations::column::{Local, language, ms};
use crate::store::operations::holds::Hold;
use crate::store::operations::{Effect, letters, reservation_rows, sale_terms, webhooks};
use crate::store::sql::{OptionalExtension, Sql, params};
use crate::webhooks::{WebhookCause, WebhookKind};

use super::free;

/// Offers the places of an event that have come back to whoever waits for them, each tier's to its own line; tells how many were offered.
pub fn offer_places(connection: &Sql<'_>, request: &OfferPlaces) -> Result<Effect<usize>, StoreError> {
    let Some((EventStatus::Published, terms)) = sale_terms::sale_terms(connection, request.event)? else {
        return Ok(Effect::Undo(0));
    };
    if terms.sale.status(request.believed_until, request.now) != SaleStatus::OnSale {
        return Ok(Effect::Undo(0));
    }
    let mut offered = 0;
    for (tier, _, sale) in &terms.tiers {
        if sale.is_hidden || sale.window.status(request.now) != SaleStatus::OnSale {
            continue;
        }
        while let Some(reservation) = request.reservations.get(offered)
            && let Some(next) = next_in_line(connection, (request.event, *tier))?
        {
            if !offer(connection, (request, &terms), (*reservation, *tier, &next))? {
                break;
            }
            offered += 1;
        }
    }
    Ok(if offered == 0 {
        Effect::Undo(0)
    } else {
        Effect::Keep(offered)
    })
}

/// Who comes first.
struct Next {
    waiter: Local,
    /// How many places they want.
    wanted: u32,
    email: String,
    language: Language,
}

/// Finds who comes first.
fn next_in_line(connection: &Sql<'_>, (event, tier): (EventId, TierId)) -> Result<Option<Next>, StoreError> {
    let next = connection
        .prepare_cached(
            "SELECT waiter_id, quantity, email, language FROM waiting_list
             WHERE event_id = ?1 AND tier = ?2 AND reservation_id IS NULL AND left_at IS NULL ORDER BY position LIMIT 1",
        )?
        .query_row(params![event.0, tier.0], |row| {
            Ok(Next {
                waiter: row.get(0)?,
                wanted: row.get(1)?,
                email: row.get(2)?,
                language: language(row.column(3)?.as_str()?),
            })
        })
        .optional()?;
    Ok(next)
}

/// Holds places for somebody; `false` when there is none.
fn offer(
    connection: &Sql<'_>,
    (request, terms): (&OfferPlaces, &SaleTerms),
    (id, tier, next): (ReservationId, TierId, &Next),
) -> Result<bool, StoreError> {
    let free = free(connection, (request.event, tier), ms(request.now))?;
    let Some(quantity) = to_offer(next.wanted, free) else {
        return Ok(false);
    };
    let until = request.now.plus_ms(OFFER_MS).min(terms.sale.ends_at);
    let hold = Hold {
        connection,
        reservation: id,
        sale: terms,
        now: request.now,
        until,
    };
    let claimed = hold.claim(&Claim::Tiers(vec![TierQuantity { tier, quantity }]))?;
    let lines = claimed.map_err(|_| StoreError::Overtaken)?;
    let lines = terms.charged(hold.stepped(lines)?);
    let reservation = Reservation {
        id,
        state: ReservationState::Held,
        amount: Money {
            minor: lines.iter().map(|line| line.price).sum(),
            currency: terms.currency,
        },
        lines,
        expires_at: until,
    };
    reservation_rows::record(connection, &reservation, (None, request.now))?;
    connection
        .prepare_cached("UPDATE waiting_list SET reservation_id = ?3 WHERE event_id = ?1 AND waiter_id = ?2")?
        .run(params![request.event.0, next.waiter, id.local])?;
    if request.mails {
        let cause = LetterCause {
            event: request.event,
            kind: LetterKind::PlacesOffered,
            charge: None,
            about: Some(next.waiter),
            recipient: Some(Recipient {
                address: &next.email,
                language: next.language,
            }),
            now: request.now,
        };
        letters::write(connection, &cause)?;
    }
    tell_offered(connection, request, (&reservation, tier, next.waiter))?;
    Ok(true)
}

/// Tells endpoints that places are offered to somebody: their programs may tell them so.
fn tell_offered(
    connection: &Sql<'_>,
    request: &OfferPlaces,
    (reservation, tier, waiter): (&Reservation, TierId, Local),
) -> Result<(), StoreError> {
    let event = request.event;
    let told = WebhookCause {
        event,
        kind: WebhookKind::PlacesOffered,
        once: None,
        now: request.now,
    };
    webhooks::enqueue(connection, &told, || {
        Ok(json!({
            "event_id": event,
            "waiter_id": WaiterId { event, local: waiter },
            "tier": tier.0,
            "quantity": reservation.lines.len(),
            "until": Moment(reservation.expires_at),
        }))
    })
}
