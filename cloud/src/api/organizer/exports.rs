//! `/v1/organizer/events/{event_id}/exports/{export}`: bookings, tickets and money of an event as files, written while they are read.

use std::str::FromStr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use usher_keys::{EventId, Timestamp};

use crate::api::error::ApiError;
use crate::api::input::{Checks, Params};
use crate::export::{ExportFormat, ExportRow};
use crate::ids::{ChargeReference, TicketId};
use crate::moment::Moment;
use crate::money::{DeclineReason, Money};
use crate::rights::may;
use crate::selling::TierQuantity;
use crate::selling::booking_lists::{BookingLine, BookingsQuery, ListOrder};
use crate::selling::disputes::DisputeState;
use crate::selling::sales_lists::{MoneyLine, MoneyPlace, MoneyQuery, MoneySource, TicketLine, TicketsQuery};
use crate::state::AppState;
use crate::store::StoreError;

use super::booking_lists::may_know_buyers;
use super::owned::PartOfOwnEvent;

/// Rows that are read at a time: what an export holds in memory, however large the event.
const ROWS_AT_ONCE: u16 = 500;

/// The columns of each export.
const BOOKINGS: [&str; 17] = [
    "code",
    "status",
    "decline",
    "email",
    "name",
    "tiers",
    "tickets",
    "amount",
    "amount_minor",
    "given_back",
    "given_back_minor",
    "currency",
    "dispute",
    "gateway",
    "charge",
    "created_at",
    "closed_at",
];
const TICKETS: [&str; 13] = [
    "booking_code",
    "ticket_code",
    "tier",
    "tier_name",
    "place",
    "admits",
    "price",
    "price_minor",
    "currency",
    "status",
    "given_back",
    "generation",
    "issued_at",
];
const PAYMENTS: [&str; 9] = [
    "moved_at",
    "step",
    "into",
    "out_of",
    "amount",
    "amount_minor",
    "currency",
    "booking_code",
    "subject",
];

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportKind {
    /// Bookings, also those that were never paid.
    Bookings,
    /// Tickets, also those that were replaced.
    Tickets,
    /// Each amount that has moved.
    Payments,
}

impl FromStr for ExportKind {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        let all = [Self::Bookings, Self::Tickets, Self::Payments];
        all.into_iter().find(|kind| kind.word() == word).ok_or(())
    }
}

impl ExportKind {
    fn word(self) -> &'static str {
        match self {
            Self::Bookings => "bookings",
            Self::Tickets => "tickets",
            Self::Payments => "payments",
        }
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Bookings => &BOOKINGS,
            Self::Tickets => &TICKETS,
            Self::Payments => &PAYMENTS,
        }
    }
}

/// How an export is written.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportParams {
    /// `csv`, which it is unless it is said, or `jsonl`: a JSON object on each line.
    #[serde(default)]
    pub format: String,
    /// Of `csv`: whether a byte order mark comes first, which some spreadsheets need to read letters with accents.
    #[serde(default)]
    pub bom: bool,
}

impl ExportParams {
    fn format(&self) -> Result<ExportFormat, ApiError> {
        let mut checks = Checks::default();
        let is_lines = self.format == "jsonl";
        checks.require(
            is_lines || matches!(self.format.as_str(), "" | "csv"),
            "/format",
            "must be csv or jsonl",
        );
        checks.require(!(is_lines && self.bom), "/bom", "must be left out with jsonl");
        checks.finish()?;
        Ok(if is_lines {
            ExportFormat::JsonLines
        } else {
            ExportFormat::Csv { has_mark: self.bom }
        })
    }
}

/// Where an export is to go on.
#[derive(Debug, Clone, Copy)]
enum ExportPlace {
    Bookings(Option<ChargeReference>),
    Tickets(Option<TicketId>),
    Payments(Option<MoneyPlace>),
    End,
}

/// An export while it is written.
struct Export {
    app: Arc<AppState>,
    event: EventId,
    kind: ExportKind,
    format: ExportFormat,
    /// What came after it began is left out.
    until: Timestamp,
    /// Whether it says who the buyers are.
    has_buyers: bool,
    place: ExportPlace,
}

impl Export {
    /// Reads and writes the next rows; `None` when there are no more.
    async fn next(&mut self) -> Result<Option<String>, StoreError> {
        let rows = match self.place {
            ExportPlace::Bookings(beyond) => self.bookings(beyond).await?,
            ExportPlace::Tickets(beyond) => self.tickets(beyond).await?,
            ExportPlace::Payments(beyond) => self.payments(beyond).await?,
            ExportPlace::End => return Ok(None),
        };
        let columns = self.kind.columns();
        Ok(Some(
            rows.iter().map(|row| self.format.row(columns, row)).collect(),
        ))
    }

    async fn bookings(&mut self, beyond: Option<ChargeReference>) -> Result<Vec<ExportRow>, StoreError> {
        let query = BookingsQuery {
            event: self.event,
            sought: None,
            status: None,
            tier: None,
            opened: Timestamp(0)..self.until,
            order: ListOrder::OldestFirst,
            beyond,
            limit: ROWS_AT_ONCE.into(),
        };
        let page = self.app.store.bookings(query).await?;
        self.place = match page.next {
            Some(next) => ExportPlace::Bookings(Some(next)),
            None => ExportPlace::End,
        };
        let rows = page.lines.into_iter();
        Ok(rows.map(|line| booking_row(line, self.has_buyers)).collect())
    }

    async fn tickets(&mut self, beyond: Option<TicketId>) -> Result<Vec<ExportRow>, StoreError> {
        let query = TicketsQuery {
            event: self.event,
            before: self.until,
            beyond,
            limit: ROWS_AT_ONCE.into(),
        };
        let lines = self.app.store.tickets(query).await?;
        let last = lines.last().filter(|_| lines.len() == usize::from(ROWS_AT_ONCE));
        self.place = last.map_or(ExportPlace::End, |last| {
            ExportPlace::Tickets(Some(last.ticket.id))
        });
        Ok(lines
            .into_iter()
            .map(|line| ticket_row(line, self.has_buyers))
            .collect())
    }

    async fn payments(&mut self, beyond: Option<MoneyPlace>) -> Result<Vec<ExportRow>, StoreError> {
        let query = MoneyQuery {
            event: self.event,
            before: self.until,
            beyond,
            limit: ROWS_AT_ONCE.into(),
        };
        let lines = self.app.store.money(query).await?;
        let last = lines.last().filter(|_| lines.len() == usize::from(ROWS_AT_ONCE));
        self.place = last.map_or(ExportPlace::End, |last| {
            ExportPlace::Payments(Some((last.subject, last.step)))
        });
        Ok(lines.iter().map(payment_row).collect())
    }
}

fn booking_row(line: BookingLine, has_buyers: bool) -> ExportRow {
    let given_back = Money {
        minor: line.facts.given_back.amount,
        ..line.amount
    };
    let tiers = line.tiers.iter();
    let tiers: Vec<_> = tiers
        .map(|TierQuantity { tier, quantity }| format!("{}:{quantity}", tier.0))
        .collect();
    vec![
        json!(line.code.to_string()),
        json!(line.facts.word()),
        json!(line.facts.state.decline().map(DeclineReason::word)),
        json!(has_buyers.then_some(line.email)),
        json!(has_buyers.then_some(line.name)),
        json!(tiers.join(" ")),
        json!(line.tickets),
        json!(line.amount.decimal()),
        json!(line.amount.minor),
        json!(given_back.decimal()),
        json!(given_back.minor),
        json!(line.amount.currency),
        json!(line.dispute.map(DisputeState::word)),
        json!(line.gateway.word()),
        json!(line.charge),
        json!(Moment(line.created_at)),
        json!(line.closed_at.map(Moment)),
    ]
}

fn ticket_row(line: TicketLine, has_buyers: bool) -> ExportRow {
    let ticket = line.ticket;
    vec![
        json!(line.booking.map(|code| code.to_string())),
        json!(has_buyers.then(|| ticket.code.to_string())),
        json!(ticket.tier.0),
        json!(ticket.tier_name),
        json!(ticket.label.to_string()),
        json!(ticket.admits),
        json!(line.price.map(Money::decimal)),
        json!(line.price.map(|price| price.minor)),
        json!(line.price.map(|price| price.currency)),
        json!(ticket.state.word()),
        json!(ticket.is_refunded),
        json!(ticket.generation.0),
        json!(Moment(ticket.issued_at)),
    ]
}

fn payment_row(line: &MoneyLine) -> ExportRow {
    let (into, out_of) = line.sides;
    let subject: Value = match line.subject {
        MoneySource::Charge(charge) => json!(charge),
        MoneySource::Refund(refund) => json!(refund),
        MoneySource::Dispute(dispute) => json!(dispute),
    };
    vec![
        json!(Moment(line.moved_at)),
        json!(line.step.word()),
        json!(into.word()),
        json!(out_of.word()),
        json!(line.amount.decimal()),
        json!(line.amount.minor),
        json!(line.amount.currency),
        json!(line.booking.map(|code| code.to_string())),
        subject,
    ]
}

/// Exports the `bookings`, `tickets` or `payments` (each amount that has moved) of an event, the first ones first. What came after it began is left
/// out, and each row stands as it was when it was read. No id in it opens anything; addresses and ticket codes are there for roles that help buyers.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/exports/{export}", tag = "organizer",
    params(("event_id" = String, Path), ("export" = String, Path), ExportParams), security(("organizer_key" = [])), responses(
    (status = 200, description = "The rows, as they are read: an answer that breaks off was not all", body = String, content_type = "text/csv"),
    (status = 422, description = "See `errors`"),
))]
pub async fn export(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, kind, allowed): PartOfOwnEvent<may::SeeExports, ExportKind>,
    Params(params): Params<ExportParams>,
) -> Result<Response, ApiError> {
    let format = params.format()?;
    let until = app.clock.now().plus_ms(1);
    let mut export = Export {
        app,
        event: event.id,
        kind,
        format,
        until,
        has_buyers: may_know_buyers(allowed.caller.grant.role),
        place: match kind {
            ExportKind::Bookings => ExportPlace::Bookings(None),
            ExportKind::Tickets => ExportPlace::Tickets(None),
            ExportKind::Payments => ExportPlace::Payments(None),
        },
    };
    // What fails before the first row is told as a problem.
    let first = format.head(kind.columns()) + &export.next().await?.unwrap_or_default();
    Ok(file(export, first))
}

/// Says why an export is not whole; its client sees that it breaks off.
fn broke_off(error: &StoreError) {
    tracing::error!(error = error as &dyn std::error::Error, "an export broke off");
}

fn file(export: Export, first: String) -> Response {
    let (format, name) = (
        export.format,
        format!("{}.{}", export.kind.word(), export.format.ending()),
    );
    let rest = stream::try_unfold((export, Some(first)), |(mut export, first)| async move {
        let text = match first {
            Some(first) => Some(first),
            None => export.next().await.inspect_err(broke_off)?,
        };
        Ok::<_, StoreError>(text.map(|text| (Bytes::from(text), (export, None))))
    });
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(format.media_type()),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::CONTENT_DISPOSITION,
            disposition.unwrap_or(HeaderValue::from_static("attachment")),
        ),
    ];
    (headers, Body::from_stream(rest)).into_response()
}
