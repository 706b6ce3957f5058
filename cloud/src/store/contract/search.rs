//! Looking for events: by words and by what narrows a search down, in one order on every engine.

use crate::catalogue::category::EventCategory;
use crate::catalogue::coordinates::{Coordinates, Surroundings};
use crate::catalogue::search::{EventQuery, local_day, sought_words};
use crate::ids::draw_event_id;
use crate::moving::Dates;
use crate::selling::inventory::TierSale;
use crate::store::organizing::{AddUnits, EventChange, MoveEvent, NewEvent, Publish};
use crate::store::search::{CitiesQuery, ForgetListings};

use super::case::{Case, GUESTS, STALLS, STANDING, START, units};

const DAY_MS: u64 = 86_400_000;

fn query(words: &str) -> EventQuery {
    EventQuery {
        words: sought_words(words, 8),
        ..EventQuery::of_all(10, START)
    }
}

async fn found(case: &Case, query: EventQuery) -> Vec<String> {
    let page = case.store.events(query).await.unwrap();
    page.events.into_iter().map(|event| event.name).collect()
}

/// Sets where and when an event is, by city, degrees and days from now.
fn at(event: &mut NewEvent, city: &str, degrees: (f64, f64), days: u64) {
    event.venue.city = city.into();
    event.venue.coordinates = Coordinates::of_degrees(degrees.0, degrees.1);
    event.starts_at = START.plus_ms(days * DAY_MS);
    event.ends_at = event.starts_at.plus_ms(3_600_000);
}

pub async fn events_are_found_by_words_whatever_their_accents_and_case(case: Case) {
    case.publish("100 % Äpfel", |_| ()).await;
    case.publish("Owls again", |event| event.category = Some(EventCategory::Comedy))
        .await;
    for (words, expected) in [
        ("", 3),
        ("OWLS", 2),
        ("owl", 2),
        ("owls again", 1),
        ("äpfel", 1),
        ("APFEL", 1),
        ("aepf", 1),
        ("100 %", 1),
        ("%", 0),
        ("_", 0),
        ("wls", 0),
        ("barn koln hooting", 3),
        ("Koeln", 3),
        ("comedy", 1),
        ("owls' OR NOT \" ) * : & | !", 0),
        ("'", 0),
        ("\\", 0),
    ] {
        assert_eq!(found(&case, query(words)).await.len(), expected, "{words}");
    }
}

pub async fn events_with_the_words_in_their_names_come_first_and_pages_keep_the_order(case: Case) {
    case.publish("Hootings", |event| at(event, "Bonn", (50.7, 7.1), 9))
        .await;
    case.publish("The Hooting", |event| at(event, "Bonn", (50.7, 7.1), 8))
        .await;
    case.publish("Late Hooting", |event| at(event, "Bonn", (50.7, 7.1), 20))
        .await;
    case.publish("Bats", |event| at(event, "Bonn", (50.7, 7.1), 7))
        .await;
    // All of them have the word in their description.
    let ranked = [
        "The Hooting",
        "Late Hooting",
        "Hootings",
        "Night of the Owls",
        "Bats",
    ];
    assert_eq!(found(&case, query("hooting")).await, ranked);
    for limit in 1..=5 {
        let mut next = EventQuery {
            limit,
            ..query("hooting")
        };
        let mut seen = Vec::new();
        loop {
            let page = case.store.events(next.clone()).await.unwrap();
            assert!(page.events.len() <= limit as usize);
            seen.extend(page.events.into_iter().map(|event| event.name));
            if page.next.is_none() {
                break;
            }
            next.after = page.next;
        }
        assert_eq!(seen, ranked, "{limit} at a time");
    }
    let named = EventQuery {
        names_only: true,
        ..query("hooting")
    };
    assert_eq!(found(&case, named).await, ranked[..3]);
}

/// Adds an event in Düsseldorf that costs something, and one in Fiji.
async fn publish_elsewhere(case: &Case) {
    let mut rhine = case.new_event(draw_event_id(START), "Rhine");
    at(&mut rhine, "Düsseldorf", (51.22, 6.78), 10);
    rhine.category = Some(EventCategory::Concert);
    rhine.tiers.retain(|tier| tier.id == STALLS);
    rhine.unit_count = 6;
    let event = rhine.id;
    case.store.add_event(rhine).await.unwrap();
    let units = units().into_iter().filter(|unit| unit.tier == STALLS).collect();
    case.store.add_units(AddUnits { event, units }).await.unwrap();
    case.store.publish(Publish { event, now: START }).await.unwrap();
    case.publish("Fiji", |event| at(event, "Suva", (-18.1, 179.9), 11))
        .await;
}

/// Narrows a search down, given today.
type Narrow = fn(&mut EventQuery, i32);

pub async fn events_are_narrowed_down_by_city_category_day_and_price(case: Case) {
    publish_elsewhere(&case).await;
    let day = local_day(START, 0);
    let cases: [(Narrow, &[&str]); 10] = [
        (|query, _| query.city = Some("dusseldorf".into()), &["Rhine"]),
        (|query, _| query.city = Some("duesseldorf".into()), &["Rhine"]),
        (|query, _| query.city = Some("dussel".into()), &[]),
        (
            |query, _| query.category = Some(EventCategory::Concert),
            &["Rhine"],
        ),
        (|query, _| query.category = Some(EventCategory::Film), &[]),
        (|query, day| query.days = day + 10..=day + 10, &["Rhine"]),
        (|query, day| query.days = day + 2..=day + 12, &["Rhine", "Fiji"]),
        (|query, _| query.price = 0..=0, &["Night of the Owls", "Fiji"]),
        (|query, _| query.price = 4_000..=4_500, &["Rhine"]),
        (
            |query, _| {
                query.category = Some(EventCategory::Concert);
                query.words = sought_words("hoot", 8);
            },
            &["Rhine"],
        ),
    ];
    for (number, (narrow, expected)) in cases.into_iter().enumerate() {
        let mut query = query("");
        narrow(&mut query, day);
        assert_eq!(found(&case, query).await, expected, "case {number}");
    }
}

pub async fn events_are_found_around_a_place_over_the_edges_of_the_map(case: Case) {
    publish_elsewhere(&case).await;
    let near = [
        // Cologne to Düsseldorf: 34 km; over the date line: 43 km.
        ((50.94, 6.96), 40, vec!["Night of the Owls", "Rhine"]),
        ((50.94, 6.96), 25, vec!["Night of the Owls"]),
        ((-18.0, -179.7), 50, vec!["Fiji"]),
        ((-18.0, -179.7), 30, vec![]),
    ];
    for ((north, east), km, expected) in near {
        let center = Coordinates::of_degrees(north, east).unwrap();
        let query = EventQuery {
            near: Some(Surroundings { center, km }),
            ..query("")
        };
        assert_eq!(found(&case, query).await, expected, "{km} km around {center:?}");
    }
}

pub async fn a_listing_follows_its_event_and_ends_with_it(case: Case) {
    let event = case.publish("Bats", |_| ()).await;
    let mut change = EventChange::nothing(event, START);
    change.description = Some("Flying".into());
    change.category = Some(EventCategory::Film);
    change.prices = vec![(STANDING, 100)];
    change.tier_sales = vec![(
        GUESTS,
        TierSale {
            is_hidden: true,
            ..TierSale::default()
        },
    )];
    case.store.change_event(change).await.unwrap();
    let page = case.store.events(query("flying film")).await.unwrap();
    assert_eq!(page.events.len(), 1);
    assert_eq!(
        (page.events[0].price_from, page.events[0].category),
        (100, Some(EventCategory::Film))
    );
    assert_eq!(found(&case, query("bats hooting")).await, Vec::<String>::new());

    let starts_at = START.plus_ms(30 * DAY_MS);
    let to = Dates {
        starts_at,
        ends_at: starts_at.plus_ms(3_600_000),
        ..Dates::of(&case.store.event(event).await.unwrap().unwrap())
    };
    let moved = MoveEvent {
        event,
        to,
        mails: false,
        now: START,
    };
    case.store.move_event(moved).await.unwrap();
    assert_eq!(found(&case, query("")).await, ["Night of the Owls", "Bats"]);

    let after = START.plus_ms(2 * DAY_MS);
    let listed_then = EventQuery::of_all(10, after);
    assert_eq!(found(&case, listed_then).await, ["Bats"]);
    let forget = ForgetListings {
        ended_by: after,
        limit: 10,
    };
    let mut forgotten = 0;
    for cell in case.store.each_cell() {
        forgotten += cell.forget_listings(forget).await.unwrap();
    }
    assert_eq!(forgotten, 1);
    assert_eq!(found(&case, query("")).await, ["Bats"]);
}

pub async fn cities_are_suggested_by_how_they_begin(case: Case) {
    case.publish("Bats", |event| at(event, "Kölleda", (51.2, 11.2), 3))
        .await;
    case.publish("Cats", |event| at(event, "Köln", (50.9, 7.0), 3))
        .await;
    case.publish("Dogs", |event| at(event, "Bonn", (50.7, 7.1), 3))
        .await;
    let begins = |begins: &str| CitiesQuery {
        begins: begins.into(),
        limit: 5,
        now: START,
    };
    assert_eq!(
        case.store.cities(begins("kol")).await.unwrap(),
        ["Kölleda", "Köln"]
    );
    assert_eq!(case.store.cities(begins("koln")).await.unwrap(), ["Köln"]);
    assert_eq!(
        case.store.cities(begins("x")).await.unwrap(),
        Vec::<String>::new()
    );
}
