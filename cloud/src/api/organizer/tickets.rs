//! `/v1/organizer/events/{event_id}/tickets/{ticket_id}`: voiding a sold ticket, making it good again, replacing it, and giving it to somebody else.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use usher_words::problems::Missing;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, OptionalBody};
use crate::api::refusal;
use crate::api::tickets::TicketView;
use crate::authority::event::EventAuthority;
use crate::catalogue::Event;
use crate::ids::TicketId;
use crate::letters::ReissueLetters;
use crate::rights::may;
use crate::selling::ReissuedTo;
use crate::state::AppState;

use super::owned::PartOfOwnEvent;
use super::resending::check_address;

/// Makes a ticket void: gates deny it as soon as they hear of it. Doing it twice is fine.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/tickets/{ticket_id}/revoke", tag = "organizer",
    params(("event_id" = String, Path), ("ticket_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = TicketView, description = "Revoked, now or before"),
    (status = 409, description = "A newer ticket has taken its place"),
))]
pub async fn revoke(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, id, _): PartOfOwnEvent<may::RevokeTicket, TicketId>,
) -> Result<Json<TicketView>, ApiError> {
    let authority = authority_of(&app, &event, id)?;
    let outcome = authority
        .ask(move |writer| Box::pin(writer.revoke_ticket(id)))
        .await?;
    Ok(Json(TicketView::of(&app, refusal::ticket(outcome)?)))
}

/// Makes a void ticket good again. Doing it twice is fine.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/tickets/{ticket_id}/reinstate", tag = "organizer",
    params(("event_id" = String, Path), ("ticket_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = TicketView, description = "Valid, now or before"),
    (status = 409, description = "A newer ticket has taken its place"),
))]
pub async fn reinstate(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, id, _): PartOfOwnEvent<may::ReinstateTicket, TicketId>,
) -> Result<Json<TicketView>, ApiError> {
    let authority = authority_of(&app, &event, id)?;
    let outcome = authority
        .ask(move |writer| Box::pin(writer.reinstate_ticket(id)))
        .await?;
    Ok(Json(TicketView::of(&app, refusal::ticket(outcome)?)))
}

/// Replaces a ticket whose holder has lost the code by its next generation, with a new id and code; the old code is denied
/// from then on, and the new ticket stays in the booking. Asked again for the same ticket, it gives the one that took its
/// place.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/tickets/{ticket_id}/reissue", tag = "organizer",
    params(("event_id" = String, Path), ("ticket_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = TicketView, description = "The ticket that counts now"),
    (status = 409, description = "It is revoked, it was transferred, more than one newer ticket exists, or no key may sign one that lasts until the event's end"),
))]
pub async fn reissue(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, id, _): PartOfOwnEvent<may::ReissueTicket, TicketId>,
) -> Result<Json<TicketView>, ApiError> {
    let recipient = None;
    let letters = app.mailer.is_some().then_some(ReissueLetters { recipient });
    replace(&app, (&event, id), (ReissuedTo::SameHolder, letters)).await
}

/// Takes a ticket off the phone that shows it, whose holder has lost that: its next generation, with a new id and a code that opens gates by
/// itself, until it is bound to a phone anew. One that is on no phone stays as it is. Asked again for the same ticket, it gives the one that
/// took its place.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/tickets/{ticket_id}/unbind", tag = "organizer",
    params(("event_id" = String, Path), ("ticket_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = TicketView, description = "The ticket that counts now"),
    (status = 409, description = "It is revoked, it was transferred, more than one newer ticket exists, or no key may sign one that lasts until the event's end"),
))]
pub async fn unbind(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, id, _): PartOfOwnEvent<may::UnbindTicket, TicketId>,
) -> Result<Json<TicketView>, ApiError> {
    let recipient = None;
    let letters = app.mailer.is_some().then_some(ReissueLetters { recipient });
    let authority = authority_of(&app, &event, id)?;
    let outcome = authority
        .ask(move |writer| Box::pin(writer.unbind_ticket(id, letters.clone())))
        .await?;
    Ok(Json(TicketView::of(&app, refusal::ticket(outcome)?)))
}

/// Whose a ticket is from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "lark@example.org"}))]
pub struct TransferRequest {
    /// Where the new holder's letters go, if there is mail: that the ticket is theirs, and what becomes of the event. It is kept as long as those of
    /// buyers.
    #[schema(example = "lark@example.org")]
    pub email: String,
}

/// Gives a ticket to somebody else: its next generation, with a new id and code, which is in no booking and leads to none.
/// The old code is denied from then on, and the booking says `transferred` without the new one. Asked again for the same
/// ticket, it gives the one that took its place.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/tickets/{ticket_id}/transfer", tag = "organizer",
    params(("event_id" = String, Path), ("ticket_id" = String, Path)), request_body = TransferRequest,
    security(("organizer_key" = [])), responses(
    (status = 200, body = TicketView, description = "The new holder's ticket"),
    (status = 409, description = "It is revoked, a newer ticket has taken its place, or no key may sign one that lasts until the event's end"),
))]
pub async fn transfer(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, id, _): PartOfOwnEvent<may::TransferTicket, TicketId>,
    OptionalBody(request): OptionalBody<TransferRequest>,
) -> Result<Json<TicketView>, ApiError> {
    let recipient = request.map(|request| request.email);
    if let Some(email) = &recipient {
        let mut checks = Checks::default();
        check_address(&mut checks, email);
        checks.finish()?;
    }
    let letters = app.mailer.is_some().then_some(ReissueLetters { recipient });
    replace(&app, (&event, id), (ReissuedTo::SomebodyElse, letters)).await
}

async fn replace(
    app: &Arc<AppState>,
    (event, id): (&Event, TicketId),
    (to, letters): (ReissuedTo, Option<ReissueLetters>),
) -> Result<Json<TicketView>, ApiError> {
    let authority = authority_of(app, event, id)?;
    let outcome = authority
        .ask(move |writer| {
            let letters = letters.clone();
            Box::pin(writer.reissue_ticket(id, to, letters))
        })
        .await?;
    Ok(Json(TicketView::of(app, refusal::ticket(outcome)?)))
}

fn authority_of(app: &AppState, event: &Event, ticket: TicketId) -> Result<Arc<EventAuthority>, ApiError> {
    if ticket.event != event.id {
        return Err(ApiError::NotFound(Missing::TicketOfEvent));
    }
    Ok(app.authorities.of(event.id)?)
}
