//! `/v1/organizer/events/{event_id}/daily-report`: what an event has sold and given back, day by day.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use usher_keys::EventId;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::local_time::LocalDays;
use crate::rights::may;
use crate::selling::daily_report::{DailyReport, DayFigures};
use crate::state::AppState;
use crate::store::DailyQuery;

use super::owned::OwnEvent;

/// What an event has sold and given back. Amounts are minor units of its currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct DailyReportView {
    /// The event.
    #[schema(value_type = String)]
    pub event_id: EventId,
    /// The currency.
    #[schema(example = "EUR")]
    pub currency: String,
    /// The time zone that the days are of; empty where the event has an offset from UTC alone.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// The days on which something happened, the first one first.
    pub days: Vec<DayView>,
    /// All days together: `earned` is what the journal's account of sales stands for.
    pub total: FiguresView,
}

/// What happened on one day.
#[derive(Debug, Serialize, ToSchema)]
pub struct DayView {
    /// The day, at the event.
    #[schema(example = "2027-01-15")]
    pub day: String,
    /// What happened on it.
    #[serde(flatten)]
    pub figures: FiguresView,
}

/// What was sold and given back.
#[derive(Debug, Serialize, ToSchema)]
pub struct FiguresView {
    /// Bookings that were confirmed.
    pub bookings: u32,
    /// What was charged for them.
    pub charged: i64,
    /// How much of that was paid which way: at a payment service by its name, `cash`, `card_terminal` or `invoice`.
    pub ways: BTreeMap<&'static str, i64>,
    /// How much of that was service fees.
    pub fees: i64,
    /// How much of it was taxes.
    pub taxes: i64,
    /// What was promised back to buyers: given, on its way, or refused by the payment service and owed.
    pub refunded: i64,
    /// What was kept of the prices of the tickets that were taken back, as a fee; less than 0 where more was given.
    pub kept: i64,
    /// What banks have given to their buyers for good.
    pub disputes_lost: i64,
    /// `charged` less `refunded` and `disputes_lost`.
    pub earned: i64,
    /// The tiers of which something was sold or taken back.
    pub tiers: Vec<TierFiguresView>,
}

/// What was sold and taken back of one tier.
#[derive(Debug, Serialize, ToSchema)]
pub struct TierFiguresView {
    /// The tier.
    pub tier: u16,
    /// Tickets sold.
    pub sold: u32,
    /// What they cost.
    pub sold_amount: i64,
    /// Tickets taken back by refunds.
    pub taken_back: u32,
    /// What they had cost.
    pub taken_back_amount: i64,
}

impl From<&DayFigures> for FiguresView {
    fn from(figures: &DayFigures) -> Self {
        let tiers = figures.tiers.iter().map(|(tier, figures)| TierFiguresView {
            tier: tier.0,
            sold: figures.sold,
            sold_amount: figures.sold_amount,
            taken_back: figures.taken_back,
            taken_back_amount: figures.taken_back_amount,
        });
        Self {
            bookings: figures.bookings,
            charged: figures.charged,
            ways: figures
                .ways
                .iter()
                .map(|(way, amount)| (way.word(), *amount))
                .collect(),
            fees: figures.fees,
            taxes: figures.taxes,
            refunded: figures.refunded,
            kept: figures.kept,
            disputes_lost: figures.disputes_lost,
            earned: figures.earned(),
            tiers: tiers.collect(),
        }
    }
}

fn days(report: &DailyReport) -> Vec<DayView> {
    let days = report.days.iter().map(|(day, figures)| DayView {
        day: day.to_string(),
        figures: figures.into(),
    });
    days.collect()
}

/// Returns what an event has sold and given back, day by day in its time zone, and tier by tier: sales on the day of their confirmation, refunds on
/// the day on which they began.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/daily-report", tag = "organizer",
    params(("event_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = DailyReportView),
))]
pub async fn show(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::SeeReport>,
) -> Result<Json<DailyReportView>, ApiError> {
    let query = DailyQuery {
        event: event.id,
        days: LocalDays::of(&event.policy),
    };
    let report = app.store.daily_report(query).await?;
    Ok(Json(DailyReportView {
        event_id: event.id,
        currency: event.currency.code().to_owned(),
        time_zone: event.policy.time_zone.clone(),
        days: days(&report),
        total: (&report.total()).into(),
    }))
}
