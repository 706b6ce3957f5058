//! `/console/events/{event_id}`: what an event has sold, by tier and day, and the money of it.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use jiff::ToSpan;
use jiff::civil::Date;
use usher_words::console::event_state;

use crate::api::error::ApiError;
use crate::api::logged_in::LoggedIn;
use crate::api::organizer::daily_report::{self, DailyReportView};
use crate::api::organizer::events;
use crate::api::organizer::owned::OwnEvent;
use crate::api::organizer::sales::SalesView;
use crate::api::organizer::signing::ToSignView;
use crate::money::{Currency, Money};
use crate::rights::may;
use crate::state::AppState;

use super::access::{ConsoleError, ForPage, shown};
use super::frame::ConsoleFrame;
use super::plot::BarPlot;

/// Most days between two sales that are drawn empty: a slip in a date must not draw for ever.
const MOST_DAYS: usize = 1_000;

#[derive(Template)]
#[template(path = "console/sales.html")]
struct SalesPage {
    frame: ConsoleFrame,
    state: &'static str,
    to_sign: Option<ToSignView>,
    bookings: u64,
    sold: u32,
    held: u32,
    free: u32,
    tiers: Vec<TierLine>,
    money: Option<MoneyLines>,
    plot: String,
}

struct TierLine {
    name: String,
    price: String,
    sold: u32,
    held: u32,
    blocked: u32,
    free: u32,
}

/// The money of an event, as whoever may see its report sees it.
struct MoneyLines {
    charged: String,
    refunded: String,
    earned: String,
    /// Only where a bank has given some to its buyers for good.
    disputes_lost: Option<String>,
    /// How it was paid: the way and the amount.
    ways: Vec<(&'static str, String)>,
}

/// Shows what an event has sold.
pub async fn show(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<OwnEvent<may::SeeEvents>>,
    logged_in: LoggedIn,
) -> Result<Response, ConsoleError> {
    let frame = ConsoleFrame::of(&logged_in, &own.0, "");
    let (currency, names) = (own.0.currency, own.0.tiers.iter());
    let names: Vec<(u16, String)> = names.map(|tier| (tier.id.0, tier.name.clone())).collect();
    let report = match own.also::<may::SeeReport>() {
        Some(own) => Some(daily_report::show(State(app.clone()), own).await?.0),
        None => None,
    };
    let Json(event) = events::show(State(app), own).await?;
    let sales = event.sales.ok_or(ApiError::Internal)?;
    let sum = |count: fn(&TierLine) -> u32, tiers: &[TierLine]| tiers.iter().map(count).sum();
    let tiers = tiers(&sales, currency);
    shown(&SalesPage {
        frame,
        state: event_state(event.state),
        to_sign: event.to_sign,
        bookings: sales.bookings,
        sold: sum(|tier| tier.sold, &tiers),
        held: sum(|tier| tier.held, &tiers),
        free: sum(|tier| tier.free, &tiers),
        tiers,
        plot: report
            .as_ref()
            .map_or_else(String::new, |report| by_day(report, &names).draw()),
        money: report.map(|report| MoneyLines::of(&report, currency)),
    })
}

fn tiers(sales: &SalesView, currency: Currency) -> Vec<TierLine> {
    let lines = sales.tiers.iter().map(|tier| TierLine {
        name: tier.name.clone(),
        price: amount(tier.price, currency),
        sold: tier.booked,
        held: tier.held,
        blocked: tier.blocked,
        free: tier.available,
    });
    lines.collect()
}

fn amount(minor: i64, currency: Currency) -> String {
    Money { minor, currency }.to_string()
}

impl MoneyLines {
    fn of(report: &DailyReportView, currency: Currency) -> Self {
        let total = &report.total;
        let ways = total
            .ways
            .iter()
            .map(|(way, minor)| (*way, amount(*minor, currency)));
        Self {
            charged: amount(total.charged, currency),
            refunded: amount(total.refunded, currency),
            earned: amount(total.earned, currency),
            disputes_lost: (total.disputes_lost > 0).then(|| amount(total.disputes_lost, currency)),
            ways: ways.collect(),
        }
    }
}

/// Returns the tickets that were sold each day, days without any too.
fn by_day(report: &DailyReportView, names: &[(u16, String)]) -> BarPlot {
    let mut bars: Vec<(String, Vec<u64>)> = Vec::new();
    let mut next: Option<Date> = None;
    for sold in &report.days {
        let Ok(day) = sold.day.parse::<Date>() else {
            continue;
        };
        let empty = next.into_iter().flat_map(|from| from.series(1.day()));
        let empty = empty.take_while(|between| *between < day).take(MOST_DAYS);
        bars.extend(empty.map(|between| (short(between), vec![0; names.len()])));
        let of_tier = |tier: u16| {
            sold.figures
                .tiers
                .iter()
                .filter(move |figures| figures.tier == tier)
        };
        let numbers = names
            .iter()
            .map(|(tier, _)| of_tier(*tier).map(|figures| u64::from(figures.sold)).sum());
        bars.push((short(day), numbers.collect()));
        next = day.tomorrow().ok();
    }
    BarPlot {
        title: "Tickets sold each day",
        step: "Day",
        series: names.iter().map(|(_, name)| name.clone()).collect(),
        bars,
    }
}

fn short(day: Date) -> String {
    day.strftime("%-d %b").to_string()
}
