//! `/v1/tickets`: a ticket as JSON, and its QR code as SVG and PNG.

use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use usher_keys::EventId;
use usher_protocol::labels::UnitLabel;
use usher_words::problems::Missing;
use utoipa::ToSchema;

use crate::ids::{InvalidId, TicketId};
use crate::qr::QrImage;
use crate::selling::{SoldTicket, TicketState};
use crate::state::AppState;

use super::error::ApiError;
use super::input::Id;
use crate::moment::Moment;

/// The right to use one unit. It names neither the booking it came from nor its buyer: it may be somebody else's by now.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketView {
    /// Its id: a secret, whoever knows it sees the QR code.
    #[schema(value_type = String)]
    pub ticket_id: TicketId,
    /// The event.
    #[schema(value_type = String)]
    pub event_id: EventId,
    /// Its unit.
    pub unit: u32,
    /// Which reissue it is, from 1.
    pub generation: u32,
    /// `valid`, `superseded` (replaced by a newer one), `transferred` (replaced by one that is somebody else's) or `revoked`.
    #[schema(example = "valid")]
    pub status: &'static str,
    /// Its tier.
    pub tier: u16,
    /// The tier's name.
    pub tier_name: String,
    /// How many people it lets in.
    pub admits: u8,
    /// What its place is called, on the ticket as at gates.
    #[schema(example = "Stalls, row A, seat 4")]
    pub place: String,
    /// Where it is; absent for general admission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seat: Option<PlaceView>,
    /// The ticket code, to be typed at a gate when the QR code cannot be read. No address leads from it to the ticket. Absent when
    /// the ticket is no longer valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "AJJA-NQKN")]
    pub ticket_code: Option<String>,
    /// When it was issued.
    #[schema(value_type = String, format = DateTime)]
    pub issued_at: Moment,
    /// Whether it is bound to a phone, which alone shows its code and signs along every ten seconds.
    pub live: bool,
    /// The digits of the QR code, or of a live ticket the part of them that stays; absent when the ticket is no longer valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// Where else to find it.
    pub links: TicketLinks,
}

/// Where a seat is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PlaceView {
    /// Its section.
    pub section: String,
    /// Its row.
    pub row: String,
    /// Its number in the row.
    pub number: String,
}

impl PlaceView {
    /// Returns where a unit is, if it is a seat.
    pub fn of(label: UnitLabel) -> Option<Self> {
        match label {
            UnitLabel::Seat { section, row, number } => Some(Self { section, row, number }),
            UnitLabel::Slot { .. } | UnitLabel::Foreign { .. } | UnitLabel::Unknown(_) => None,
        }
    }
}

/// Where to find a ticket in other forms.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketLinks {
    /// As JSON.
    #[serde(rename = "self")]
    pub itself: String,
    /// The QR code as SVG.
    pub svg: String,
    /// The QR code as PNG.
    pub png: String,
    /// The page to show at the gate.
    pub page: String,
}

impl TicketView {
    /// Returns the view of a ticket.
    pub fn of(app: &AppState, ticket: SoldTicket) -> Self {
        let status = match ticket.state {
            TicketState::Superseded if ticket.transferred => "transferred",
            state @ (TicketState::Valid | TicketState::Superseded | TicketState::Revoked) => state.word(),
        };
        let live = ticket.holder().is_some();
        let itself = app.link(&format!("/v1/tickets/{}", ticket.id));
        Self {
            ticket_id: ticket.id,
            event_id: ticket.id.event,
            unit: ticket.unit.0,
            generation: ticket.generation.0,
            status,
            tier: ticket.tier.0,
            tier_name: ticket.tier_name,
            admits: ticket.admits,
            place: ticket.label.to_string(),
            seat: PlaceView::of(ticket.label),
            ticket_code: (ticket.state == TicketState::Valid).then(|| ticket.code.to_string()),
            issued_at: Moment(ticket.issued_at),
            live,
            payload: (ticket.state == TicketState::Valid).then_some(ticket.payload),
            links: TicketLinks {
                svg: format!("{itself}.svg"),
                png: format!("{itself}.png"),
                page: app.link(&format!("/tickets/{}", ticket.id)),
                itself,
            },
        }
    }
}

/// A ticket in one of its forms, as the last part of an address names it: the id, and an ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketFile {
    id: TicketId,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Svg,
    Png,
}

impl FromStr for TicketFile {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let (id, form) = match text.split_once('.') {
            Some((id, "svg")) => (id, Form::Svg),
            Some((id, "png")) => (id, Form::Png),
            Some(_) | None => (text, Form::Json),
        };
        Ok(Self {
            id: id.parse()?,
            form,
        })
    }
}

/// Shows a ticket. With `.svg` or `.png` after the id: its QR code.
#[utoipa::path(get, path = "/v1/tickets/{ticket_id}", tag = "tickets",
    params(("ticket_id" = String, Path, description = "The ticket's id, with .svg or .png after it for the QR code")),
    responses(
    (status = 200, content((TicketView = "application/json"), (String = "image/svg+xml"), (Vec<u8> = "image/png"))),
    (status = 404,
        description = "No such ticket; for the QR code also: the ticket is no longer valid, or a phone shows it live"),
))]
pub async fn show(State(app): State<Arc<AppState>>, Id(file): Id<TicketFile>) -> Result<Response, ApiError> {
    let ticket = app
        .store
        .ticket(file.id)
        .await?
        .ok_or(ApiError::NotFound(Missing::Ticket))?;
    match file.form {
        Form::Json => Ok(Json(TicketView::of(&app, ticket)).into_response()),
        Form::Svg => Ok(image("image/svg+xml", code_of(&ticket)?.to_svg().into())),
        Form::Png => Ok(image("image/png", code_of(&ticket)?.to_png())),
    }
}

/// Makes the QR code of a ticket that is still valid: an old code must not be shown to anyone, and that of a live ticket opens nothing.
///
/// # Errors
///
/// [`ApiError::NotFound`].
pub fn code_of(ticket: &SoldTicket) -> Result<QrImage, ApiError> {
    if ticket.state != TicketState::Valid || ticket.holder().is_some() {
        return Err(ApiError::NotFound(Missing::QrCode));
    }
    QrImage::of_digits(&ticket.payload).map_err(|_| ApiError::Internal)
}

fn image(content_type: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, max-age=300"),
        ),
    ];
    (headers, bytes).into_response()
}

#[cfg(test)]
mod tests {
    use usher_keys::Timestamp;

    use super::*;

    #[test]
    fn the_ending_chooses_the_form() {
        let id = TicketId::draw(EventId([1; 16]), Timestamp(1));
        for (ending, form) in [("", Form::Json), (".svg", Form::Svg), (".png", Form::Png)] {
            assert_eq!(format!("{id}{ending}").parse(), Ok(TicketFile { id, form }));
        }
        for bad in [".gif", ".svg.png", "."] {
            assert!(format!("{id}{bad}").parse::<TicketFile>().is_err(), "{bad}");
        }
    }
}
