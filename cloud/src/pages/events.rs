//! `/` and `/events/{event_id}`: what is on sale, and the page that sells it.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

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
use crate::languages::{Language, Phrase, ScriptWords, Text};
use crate::moment::Moment;
use crate::money::{Currency, Money};
use crate::seat_maps::SeatMap;
use crate::selling::charges::ChargedPrice;
use crate::selling::inventory::TierSale;
use crate::selling::sale::SaleStatus;
use crate::state::AppState;
use crate::test_sale::takes_test_cards;

use super::reader::PageReader;
use super::{PageError, assets, page};

/// Highest prices to choose from, in hundredths, as most currencies have them, and in whole amounts.
const PRICES: [(&str, u64); 4] = [("0", 0), ("2000", 20), ("5000", 50), ("10000", 100)];
/// What the scripts of the two pages say.
static SEARCH_WORDS: LazyLock<ScriptWords> = LazyLock::new(|| ScriptWords::of(assets::SEARCH, false));
static SELL_WORDS: LazyLock<ScriptWords> = LazyLock::new(|| ScriptWords::of(assets::SELL, true));

#[derive(Template)]
#[template(path = "events.html")]
struct IndexPage {
    /// What was asked for.
    asked: ListEvents,
    categories: Vec<(EventCategory, Phrase)>,
    /// What tickets may cost at most, in minor units, and in words.
    prices: Vec<(&'static str, String)>,
    events: Vec<EventCard>,
    next_cursor: Option<String>,
    reader: PageReader,
    /// What its script says.
    words: &'static str,
    public_url: String,
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
    fn of(app: &AppState, event: EventSummary, (language, now): (Language, Timestamp)) -> Self {
        let status = event.sale_status(app.signer.believed_until(event.id), now);
        Self {
            paused: status == SaleStatus::Paused,
            canceled: status == SaleStatus::Canceled,
            id: event.id,
            place: format!("{}, {}", event.venue_name, event.city),
            when: language.day_and_time(event.starts_at, event.utc_offset_minutes),
            price_from: price(language, event.price_from, event.currency),
            name: event.name,
        }
    }
}

/// Lists what is on sale, with a search form.
pub async fn index(
    State(app): State<Arc<AppState>>,
    reader: PageReader,
    Params(params): Params<ListEvents>,
) -> Result<Response, PageError> {
    let asked = params.clone();
    let now = app.clock.now();
    let language = reader.language;
    let found = app.store.events(params.into_query(now)?).await?;
    let events = found.events.into_iter();
    page(&IndexPage {
        asked,
        categories: EventCategory::ALL
            .map(|category| (category, language.say(category_name(category))))
            .into(),
        prices: PRICES
            .map(|(minor, whole)| (minor, up_to(language, whole)))
            .into(),
        events: events
            .map(|event| EventCard::of(&app, event, (language, now)))
            .collect(),
        next_cursor: found.next.map(write_cursor),
        words: SEARCH_WORDS.in_language(language),
        public_url: app.public_url.clone(),
        reader,
    })
}

/// Says what tickets may cost at most.
fn up_to(language: Language, whole: u64) -> String {
    if whole == 0 {
        language.say(Text::Free).to_string()
    } else {
        language.say(Text::PriceUpTo).with("amount", whole).to_string()
    }
}

/// Returns what a category is called.
fn category_name(category: EventCategory) -> Text {
    match category {
        EventCategory::Concert => Text::CategoryConcert,
        EventCategory::Festival => Text::CategoryFestival,
        EventCategory::Club => Text::CategoryClub,
        EventCategory::Theatre => Text::CategoryTheatre,
        EventCategory::Comedy => Text::CategoryComedy,
        EventCategory::Classical => Text::CategoryClassical,
        EventCategory::Film => Text::CategoryFilm,
        EventCategory::Sport => Text::CategorySport,
        EventCategory::Family => Text::CategoryFamily,
        EventCategory::Exhibition => Text::CategoryExhibition,
        EventCategory::Conference => Text::CategoryConference,
        EventCategory::Other => Text::CategoryOther,
    }
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
    invoice_days: Option<u64>,
    /// The tiers of which too few places are left for many an order, by id and name: one may wait for those.
    scarce: Vec<(u16, String)>,
    tiers: Vec<TierRow>,
    /// Whether buyers wait their turn, and this browser is not let through.
    waits: bool,
    /// What its tiers cost, from the lowest, to show no dearer seats.
    prices: Vec<(i64, String)>,
    reader: PageReader,
    /// What its script says.
    words: &'static str,
    public_url: String,
}

struct TierRow {
    id: u16,
    name: String,
    price: String,
    /// What of it is a fee and a tax, in words; empty if nothing is.
    includes: String,
    minor: i64,
    admits: u64,
    available: u32,
    /// The fewest and the most of a reservation.
    min: u32,
    most: u32,
    /// The same for people, if their organizer says so.
    order: Option<Phrase>,
    /// Why it is not sold now, if it is not.
    closed: Option<Phrase>,
    /// That its tickets are shown live, and from when on, if they are.
    live: Option<Phrase>,
}

/// Shows an event and sells it.
pub async fn show(
    State(app): State<Arc<AppState>>,
    reader: PageReader,
    Id(id): Id<EventId>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let now = app.clock.now();
    let language = reader.language;
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
        when: language.day_and_time(
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
        currency: language.currency(map.event.currency),
        decimals: map.event.currency.decimals(),
        not_yet: (map.status == SaleStatus::NotYet).then(|| begins(language, &map)),
        stopped: map.status == SaleStatus::Stopped,
        invoice_days: map.event.sale.invoice_days.map(u64::from),
        scarce: scarce(&map, app.config.reservations.max_units),
        tiers: tier_rows(language, &map, (app.config.reservations.max_units, now)),
        prices: prices(language, &map),
        waits,
        words: SELL_WORDS.in_language(language),
        public_url: app.public_url.clone(),
        reader,
    })
}

/// Lists the tiers of which fewer places are left than one order may have.
fn scarce(map: &SeatMap, max_units: u32) -> Vec<(u16, String)> {
    let few = map.tiers.iter().filter(|count| count.available < max_units);
    let tiers = few.filter_map(|count| map.event.tier(count.tier));
    tiers.map(|tier| (tier.id.0, tier.name.clone())).collect()
}

/// Says when a sale begins.
fn begins(language: Language, map: &SeatMap) -> String {
    let from = map.event.sale.window.from.unwrap_or(map.event.starts_at);
    language.day_and_time(from, map.event.policy.offset_at(from))
}

fn tier_rows(language: Language, map: &SeatMap, (max_units, now): (u32, Timestamp)) -> Vec<TierRow> {
    let rows = map.tiers.iter().filter_map(|count| {
        let tier = map.event.tier(count.tier)?;
        Some(TierRow {
            id: tier.id.0,
            name: tier.name.clone(),
            price: price(language, tier.charged().price, map.event.currency),
            includes: includes(language, tier.charged(), map.event.currency),
            minor: tier.charged().price,
            admits: tier.admits.into(),
            available: count.available,
            min: tier.sale.order_min,
            most: tier.sale.order_max.map_or(max_units, |most| most.min(max_units)),
            order: order(language, tier.sale),
            closed: closed(language, map, (tier.sale, now)),
            live: live(language, map, tier.id),
        })
    });
    rows.collect()
}

/// Says how many of a tier an order may have, if it is not any number.
fn order(language: Language, sale: TierSale) -> Option<Phrase> {
    let phrase = match (sale.order_min, sale.order_max) {
        (0 | 1, None) => return None,
        (0 | 1, Some(most)) => language.say(Text::AtMostAtOnce).with("most", most),
        (fewest, None) => language.say(Text::AtLeastAtOnce).with("fewest", fewest),
        (fewest, Some(most)) if fewest == most => language.say(Text::ExactlyAtOnce).with("most", most),
        (fewest, Some(most)) => language
            .say(Text::RangeAtOnce)
            .with("fewest", fewest)
            .with("most", most),
    };
    Some(phrase)
}

/// Says that tickets of a tier are shown live on a phone, and from when on, if they are.
fn live(language: Language, map: &SeatMap, tier: TierId) -> Option<Phrase> {
    let policy = &map.event.policy;
    let from = policy.tier(tier)?.live_from?;
    Some(match from {
        Timestamp(0) => language.say(Text::LiveAlways),
        from => {
            let from = language.day_and_time(from, policy.offset_at(from));
            language.say(Text::LiveFrom).with("from", from)
        }
    })
}

/// Says why a tier is not sold now while its event is, if it is not.
fn closed(language: Language, map: &SeatMap, (sale, now): (TierSale, Timestamp)) -> Option<Phrase> {
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
            let begins = language.day_and_time(from, map.event.policy.offset_at(from));
            Some(language.say(Text::SoldFrom).with("begins", begins))
        }
        SaleStatus::Stopped => Some(language.say(Text::NoLongerSold)),
        SaleStatus::OnSale | SaleStatus::Paused | SaleStatus::Over | SaleStatus::Canceled => None,
    }
}

/// Lists what its tiers cost, each price once.
fn prices(language: Language, map: &SeatMap) -> Vec<(i64, String)> {
    let tiers = map.tiers.iter().filter_map(|count| map.event.tier(count.tier));
    let prices: BTreeSet<i64> = tiers.map(|tier| tier.charged().price).collect();
    let prices = prices.into_iter();
    prices
        .map(|minor| (minor, price(language, minor, map.event.currency)))
        .collect()
}

/// Says what of a price is a fee and a tax.
fn includes(language: Language, charged: ChargedPrice, currency: Currency) -> String {
    let part = |text, minor| {
        let amount = || language.money(Money { minor, currency });
        (minor > 0).then(|| language.say(text).with("amount", amount()))
    };
    let phrase = match (part(Text::ServiceFee, charged.fee), part(Text::Tax, charged.tax)) {
        (Some(fee), Some(tax)) => language
            .say(Text::WithParts)
            .with("first", fee)
            .with("second", tax),
        (Some(part), None) | (None, Some(part)) => language.say(Text::WithPart).with("part", part),
        (None, None) => return String::new(),
    };
    phrase.to_string()
}

fn price(language: Language, minor: i64, currency: Currency) -> String {
    language.price(Money { minor, currency })
}
