//! `/` and `/events/{event_id}`: what is on sale, and the page that sells it.

use std::collections::BTreeSet;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use usher_keys::{EventId, Timestamp};
use usher_protocol::TierId;
use usher_words::problems::{Missing, ProblemKind};

use crate::api::error::ApiError;
use crate::api::event_search::{ListEvents, write_cursor};
use crate::api::input::{Id, Params};
use crate::api::waiting_room::carried;
use crate::catalogue::EventSummary;
use crate::catalogue::category::EventCategory;
use crate::local_time::day_and_time;
use crate::moment::Moment;
use crate::money::{Currency, Money};
use crate::seat_maps::SeatMap;
use crate::selling::charges::ChargedPrice;
use crate::selling::inventory::TierSale;
use crate::selling::sale::SaleStatus;
use crate::state::AppState;
use crate::test_sale::takes_test_cards;

use super::{PageError, page};

/// Highest prices to choose from, in hundredths, as most currencies have them.
const PRICES: [(&str, &str); 4] = [
    ("0", "free"),
    ("2000", "up to 20"),
    ("5000", "up to 50"),
    ("10000", "up to 100"),
];

#[derive(Template)]
#[template(path = "events.html")]
struct IndexPage {
    /// What was asked for.
    asked: ListEvents,
    categories: [EventCategory; 12],
    /// What tickets may cost at most, in minor units, and in words.
    prices: &'static [(&'static str, &'static str)],
    events: Vec<EventCard>,
    next_cursor: Option<String>,
}

struct EventCard {
    id: EventId,
    name: String,
    place: String,
    when: String,
    price_from: String,
    /// Whether nothing is sold now.
    paused: bool,
    canceled: bool,
}

impl EventCard {
    fn of(app: &AppState, event: EventSummary, now: Timestamp) -> Self {
        let status = event.sale_status(app.signer.believed_until(event.id), now);
        Self {
            paused: status == SaleStatus::Paused,
            canceled: status == SaleStatus::Canceled,
            id: event.id,
            place: format!("{}, {}", event.venue_name, event.city),
            when: day_and_time(event.starts_at, event.utc_offset_minutes),
            price_from: price(event.price_from, event.currency),
            name: event.name,
        }
    }
}

/// Lists what is on sale, with a search form.
pub async fn index(
    State(app): State<Arc<AppState>>,
    Params(params): Params<ListEvents>,
) -> Result<Response, PageError> {
    let asked = params.clone();
    let now = app.clock.now();
    let found = app.store.events(params.into_query(now)?).await?;
    let events = found.events.into_iter();
    page(&IndexPage {
        asked,
        categories: EventCategory::ALL,
        prices: &PRICES,
        events: events.map(|event| EventCard::of(&app, event, now)).collect(),
        next_cursor: found.next.map(write_cursor),
    })
}

#[derive(Template)]
#[template(path = "event.html")]
struct EventPage {
    id: EventId,
    name: String,
    description: String,
    place: String,
    when: String,
    /// When it starts, for the script.
    starts_at: Moment,
    /// Whether nothing is sold any more.
    over: bool,
    /// Whether nothing is sold now.
    paused: bool,
    canceled: bool,
    /// Whether nobody is charged.
    test_cards: bool,
    /// The token of each card to choose from, and what it does.
    cards: &'static [(&'static str, &'static str)],
    seats: bool,
    max_units: u32,
    currency: String,
    /// How many decimals its amounts have, for the script.
    decimals: usize,
    /// When its sale begins, if that is to come.
    not_yet: Option<String>,
    /// Whether its organizer sells no more of it now.
    stopped: bool,
    /// For how many days a booking awaits a bank transfer, if any.
    invoice_days: Option<u16>,
    /// The tiers of which too few places are left for many an order, by id and name: one may wait for those.
    scarce: Vec<(u16, String)>,
    tiers: Vec<TierRow>,
    /// Whether buyers wait their turn, and this browser is not let through.
    waits: bool,
    /// What its tiers cost, from the lowest, to show no dearer seats.
    prices: Vec<(i64, String)>,
}

struct TierRow {
    id: u16,
    name: String,
    price: String,
    /// What of it is a fee and a tax, in words; empty if nothing is.
    includes: String,
    minor: i64,
    admits: u8,
    available: u32,
    /// The fewest and the most of a reservation.
    min: u32,
    most: u32,
    /// The same for people, if their organizer says so.
    order: Option<String>,
    /// Why it is not sold now, if it is not.
    closed: Option<String>,
    /// That its tickets are shown live, and from when on, if they are.
    live: Option<String>,
}

/// Shows an event and sells it.
pub async fn show(
    State(app): State<Arc<AppState>>,
    Id(id): Id<EventId>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let now = app.clock.now();
    let map = app
        .seat_maps
        .of(id, now)
        .await?
        .ok_or(ApiError::NotFound(Missing::EventOnSale))?;
    let waits = match carried::let_through(&app, id, (&headers, None)).await {
        Ok(_) => false,
        Err(error) if error.is_of(ProblemKind::WaitFirst) => true,
        Err(error) => return Err(error.into()),
    };
    page(&EventPage {
        id,
        name: map.event.name.clone(),
        description: map.event.description.clone(),
        place: format!("{}, {}", map.event.venue_name, map.event.city),
        when: day_and_time(
            map.event.starts_at,
            map.event.policy.offset_at(map.event.starts_at),
        ),
        starts_at: Moment(map.event.starts_at),
        over: map.status == SaleStatus::Over,
        paused: map.status == SaleStatus::Paused,
        canceled: map.status == SaleStatus::Canceled,
        test_cards: takes_test_cards(&app.config),
        cards: app.desk.gateways().in_use().test_cards(),
        seats: map.event.seat_count > 0,
        max_units: app.config.reservations.max_units,
        currency: map.event.currency.code().to_owned(),
        decimals: map.event.currency.decimals(),
        not_yet: (map.status == SaleStatus::NotYet).then(|| begins(&map)),
        stopped: map.status == SaleStatus::Stopped,
        invoice_days: map.event.sale.invoice_days,
        scarce: scarce(&map, app.config.reservations.max_units),
        tiers: tier_rows(&map, app.config.reservations.max_units, now),
        prices: prices(&map),
        waits,
    })
}

/// Lists the tiers of which fewer places are left than one order may have.
fn scarce(map: &SeatMap, max_units: u32) -> Vec<(u16, String)> {
    let few = map.tiers.iter().filter(|count| count.available < max_units);
    let tiers = few.filter_map(|count| map.event.tier(count.tier));
    tiers.map(|tier| (tier.id.0, tier.name.clone())).collect()
}

/// Says when a sale begins.
fn begins(map: &SeatMap) -> String {
    let from = map.event.sale.window.from.unwrap_or(map.event.starts_at);
    day_and_time(from, map.event.policy.offset_at(from))
}

fn tier_rows(map: &SeatMap, max_units: u32, now: Timestamp) -> Vec<TierRow> {
    let rows = map.tiers.iter().filter_map(|count| {
        let tier = map.event.tier(count.tier)?;
        Some(TierRow {
            id: tier.id.0,
            name: tier.name.clone(),
            price: price(tier.charged().price, map.event.currency),
            includes: includes(tier.charged(), map.event.currency),
            minor: tier.charged().price,
            admits: tier.admits,
            available: count.available,
            min: tier.sale.order_min,
            most: tier.sale.order_max.map_or(max_units, |most| most.min(max_units)),
            order: order(tier.sale),
            closed: closed(map, tier.sale, now),
            live: live(map, tier.id),
        })
    });
    rows.collect()
}

/// Says how many of a tier an order may have, if it is not any number.
fn order(sale: TierSale) -> Option<String> {
    match (sale.order_min, sale.order_max) {
        (0 | 1, None) => None,
        (0 | 1, Some(most)) => Some(format!("at most {most} at once")),
        (fewest, None) => Some(format!("at least {fewest} at once")),
        (fewest, Some(most)) if fewest == most => Some(format!("{most} at once")),
        (fewest, Some(most)) => Some(format!("{fewest} to {most} at once")),
    }
}

/// Says that tickets of a tier are shown live on a phone, and from when on, if they are.
fn live(map: &SeatMap, tier: TierId) -> Option<String> {
    let policy = &map.event.policy;
    let from = policy.tier(tier)?.live_from?;
    Some(match from {
        Timestamp(0) => "shown on your phone, not on paper".to_owned(),
        from => {
            let from = day_and_time(from, policy.offset_at(from));
            format!("from {from} on shown on your phone, not on paper")
        }
    })
}

/// Says why a tier is not sold now while its event is, if it is not.
fn closed(map: &SeatMap, sale: TierSale, now: Timestamp) -> Option<String> {
    // Who has a presale code, the script lets in.
    let status = match map.status {
        SaleStatus::NotYet => SaleStatus::NotYet,
        SaleStatus::OnSale
        | SaleStatus::Paused
        | SaleStatus::Over
        | SaleStatus::Canceled
        | SaleStatus::Stopped => sale.window.status(now),
    };
    match status {
        SaleStatus::NotYet => {
            let event_from = map.event.sale.window.from;
            let from = sale.window.from.max(event_from).unwrap_or(map.event.starts_at);
            let begins = day_and_time(from, map.event.policy.offset_at(from));
            Some(format!("sold from {begins}"))
        }
        SaleStatus::Stopped => Some("no longer sold".into()),
        SaleStatus::OnSale | SaleStatus::Paused | SaleStatus::Over | SaleStatus::Canceled => None,
    }
}

/// Lists what its tiers cost, each price once.
fn prices(map: &SeatMap) -> Vec<(i64, String)> {
    let tiers = map.tiers.iter().filter_map(|count| map.event.tier(count.tier));
    let prices: BTreeSet<i64> = tiers.map(|tier| tier.charged().price).collect();
    let prices = prices.into_iter();
    prices
        .map(|minor| (minor, price(minor, map.event.currency)))
        .collect()
}

/// Says what of a price is a fee and a tax.
fn includes(charged: ChargedPrice, currency: Currency) -> String {
    let parts = [("service fee", charged.fee), ("tax", charged.tax)];
    let parts = parts.into_iter().filter(|(_, minor)| *minor > 0);
    let told = parts.map(|(what, minor)| format!("{} {what}", Money { minor, currency }));
    let told: Vec<_> = told.collect();
    if told.is_empty() {
        String::new()
    } else {
        format!("with {}", told.join(" and "))
    }
}

fn price(minor: i64, currency: Currency) -> String {
    if minor == 0 {
        "free".into()
    } else {
        Money { minor, currency }.to_string()
    }
}
