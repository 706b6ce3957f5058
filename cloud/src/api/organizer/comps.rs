//! `/v1/organizer/events/{event_id}/comps`: tickets that are given away, to a whole list of people in one request.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures_util::future::try_join_all;
use serde::Serialize;
use usher_keys::Timestamp;
use usher_words::problems::ProblemKind;
use utoipa::ToSchema;

use crate::api::bookings::BookingView;
use crate::api::comp_list::{CompsBody, CompsList, CompsRequest};
use crate::api::error::ApiError;
use crate::api::idempotency::IdempotencyHeader;
use crate::api::refusal::not_on_sale;
use crate::ids::BookingId;
use crate::rights::may;
use crate::selling::BookingState;
use crate::selling::comps::CompsRefusal;
use crate::state::AppState;

use super::owned::OwnEvent;

/// What became of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompsView {
    /// What each person has, in the order of the list.
    pub comps: Vec<CompView>,
}

/// What one person has.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompView {
    /// The person's name; may be empty.
    pub name: String,
    /// The booking, with its page and its tickets. Whoever knows its id has them: hand it to that person alone.
    pub booking: BookingView,
}

/// Gives tickets away: free, without a payment, to all people of a list or to nobody, once for each idempotency key. The list is JSON, or
/// CSV (`text/csv`) whose first line names its columns: `email`, `name`, `tier`, `quantity`, `seat_ids` (apart by blanks), `block_id`.
/// Each person gets either seats or a number of places of a tier, those that are free or those of a block, and their own booking.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/comps", tag = "organizer",
    params(("event_id" = String, Path)), security(("organizer_key" = [])),
    request_body(content((CompsRequest = "application/json"), (String = "text/csv"))), responses(
    (status = 201, body = CompsView, description = "All have their tickets, now or by an earlier request with the same key"),
    (status = 202, body = CompsView, description = "All have their bookings, and some tickets are issued within minutes: ask again with the same key"),
    (status = 409, description = "Units are taken: `detail` says whose. Or the key was used for another list, or the event is over, canceled, paused or not published. Nobody got anything"),
    (status = 422, description = "Some lines make no sense: `errors` says which. Nobody got anything"),
))]
pub async fn create(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::GiveComps>,
    header: IdempotencyHeader,
    body: CompsBody,
) -> Result<(StatusCode, Json<CompsView>), ApiError> {
    let list = body.read()?;
    let asked = list.asked(event.id, header)?;
    match app.desk.give(asked).await? {
        Ok(bookings) => {
            app.seat_maps.changed(event.id);
            given(&app, list, bookings).await
        }
        Err(refusal) => Err(refused(&list, refusal, app.clock.now())),
    }
}

fn refused(list: &CompsList, refusal: CompsRefusal, now: Timestamp) -> ApiError {
    match refusal {
        CompsRefusal::Comp(index, refusal) => list.refused(index, refusal, now),
        CompsRefusal::KeyReused => ProblemKind::KeyReused.into(),
        CompsRefusal::NoSuchEvent => ProblemKind::CompsOfDraft.into(),
        CompsRefusal::NotOnSale(status) => not_on_sale(status).into(),
    }
}

async fn given(
    app: &AppState,
    list: CompsList,
    bookings: Vec<BookingId>,
) -> Result<(StatusCode, Json<CompsView>), ApiError> {
    let found = try_join_all(bookings.into_iter().map(|id| find(app, id))).await?;
    let all_have_tickets = found.iter().all(|(_, has_tickets)| *has_tickets);
    let names = list.comps.into_iter().map(|comp| comp.name);
    let comps = names
        .zip(found)
        .map(|(name, (booking, _))| CompView { name, booking });
    let status = if all_have_tickets {
        StatusCode::CREATED
    } else {
        StatusCode::ACCEPTED
    };
    let comps = comps.collect();
    Ok((status, Json(CompsView { comps })))
}

/// Finds a booking, and tells whether it has got as far as it will.
async fn find(app: &AppState, id: BookingId) -> Result<(BookingView, bool), ApiError> {
    let booking = app.store.booking(id).await?.ok_or(ApiError::Internal)?;
    let is_confirmed = booking.state == BookingState::Confirmed;
    Ok((BookingView::of(app, booking), is_confirmed))
}
