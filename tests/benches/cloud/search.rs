//! Searches among 100,000 events on either engine: the store's own operation, without HTTP.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::task::JoinSet;
use usher_cloud::catalogue::Tier;
use usher_cloud::catalogue::category::EventCategory;
use usher_cloud::catalogue::coordinates::{Coordinates, Surroundings};
use usher_cloud::catalogue::search::{EventQuery, local_day, sought_words};
use usher_cloud::ids::{OrganizerId, VenueId, draw_event_id};
use usher_cloud::selling::inventory::TierSale;
use usher_cloud::store::Store;
use usher_cloud::store::location::{StoreLocation, StoreSettings};
use usher_cloud::store::organizing::{
    AddUnits, KeyHash, NewEvent, NewOrganizer, NewUnit, NewVenue, Publish, Venue,
};
use usher_keys::Timestamp;
use usher_protocol::policy::Policy;
use usher_protocol::ticket::TicketFlags;
use usher_protocol::{TierId, Unit};
use usher_tests::measure::{Latencies, Row};
use usher_tests::sim::random::Random;

/// Events that are looked among.
const EVENTS: u64 = 100_000;
/// Events that are added at once.
const AT_ONCE: usize = 256;
/// Times that each search is asked.
const TIMES: usize = 40;
/// The longest that a search may take, in milliseconds, but for one in a hundred.
const MOST_MS: f64 = 20.0;
const NOW: Timestamp = Timestamp(1_800_000_000_000);
const DAY_MS: u64 = 86_400_000;

/// Words that names are made of; the first ones are in many names.
const WORDS: [&str; 24] = [
    "Night",
    "Live",
    "Festival",
    "Orchestra",
    "Owls",
    "Élan",
    "Jazz",
    "Quartet",
    "Comedy",
    "Summer",
    "Winter",
    "Märchen",
    "Opera",
    "Ballet",
    "Choir",
    "Derby",
    "Cup",
    "Masters",
    "Gala",
    "Circus",
    "Poetry",
    "Slam",
    "Tango",
    "Samba",
];
const CITIES: [(&str, f64, f64); 12] = [
    ("Berlin", 52.52, 13.4),
    ("Köln", 50.94, 6.96),
    ("München", 48.14, 11.58),
    ("Wien", 48.21, 16.37),
    ("Paris", 48.86, 2.35),
    ("London", 51.51, -0.13),
    ("Madrid", 40.42, -3.7),
    ("New York", 40.71, -74.01),
    ("Tokyo", 35.68, 139.69),
    ("Sydney", -33.87, 151.21),
    ("São Paulo", -23.55, -46.63),
    ("Łódź", 51.76, 19.46),
];

/// Measures it.
pub async fn measure() -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let file = StoreLocation::File(folder.path().join("search.db"));
    let url = tokio::task::spawn_blocking(usher_test_postgres::new_database).await?;
    let settings = StoreSettings {
        url: url.try_into().context("a URL of PostgreSQL")?,
        ..StoreSettings::default()
    };
    let server = settings.location(folder.path());
    let mut rows = Vec::new();
    for (name, location) in [("SQLite", file), ("PostgreSQL", server)] {
        let store = Arc::new(Store::open(&location).await?);
        let begun = Instant::now();
        fill(&store).await?;
        rows.push(Row::told(
            format!("{EVENTS} events listed on {name}"),
            format!("{:.0} s", begun.elapsed().as_secs_f64()),
        ));
        let reading = reading(&store).await?;
        for (what, query) in searches() {
            let mut took = Latencies::default();
            let mut found = 0;
            for _ in 0..TIMES {
                let begun = Instant::now();
                found = store.events(query.clone()).await?.events.len();
                took.add(begun.elapsed());
            }
            let p99 = took.percentile(99.0);
            let milliseconds = (p99.as_secs_f64() * 1e3, MOST_MS);
            let search = Row::at_most(format!("  {what} ({found} found), p99"), milliseconds, "ms");
            rows.extend(search.beside("reading one event, p99", (p99, reading)));
        }
        store.close().await;
    }
    Ok(rows)
}

/// Returns how long the store takes to read one event by its id, but for one time in a hundred: the least that any search does.
async fn reading(store: &Store) -> anyhow::Result<Duration> {
    let some = store.events(EventQuery::of_all(1, NOW)).await?.events;
    let id = some.first().context("events are listed")?.id;
    let mut took = Latencies::default();
    for _ in 0..TIMES {
        let begun = Instant::now();
        store.event(id).await?.context("it is there")?;
        took.add(begun.elapsed());
    }
    Ok(took.percentile(99.0))
}

fn searches() -> Vec<(&'static str, EventQuery)> {
    let words = |text: &str| {
        let mut query = EventQuery::of_all(20, NOW);
        query.words = sought_words(text, 8);
        query
    };
    let mut searches = vec![
        ("everything", words("")),
        ("a word in a sixth of the names", words("night")),
        ("the beginning of one", words("ni")),
        ("a letter", words("o")),
        ("two words without their accents", words("elan marchen")),
        ("a word in every description", words("tickets")),
        ("a word that is nowhere", words("xylophone")),
    ];
    let mut narrowed = |what, text, narrow: fn(&mut EventQuery)| {
        let mut query = words(text);
        narrow(&mut query);
        searches.push((what, query));
    };
    narrowed("a city", "", |query| query.city = Some("koln".into()));
    narrowed("words, city, category and days", "owls", |query| {
        let day = local_day(NOW, 0);
        query.city = Some("koln".into());
        query.category = Some(EventCategory::Concert);
        query.days = day + 100..=day + 200;
    });
    narrowed("near Cologne, 50 km", "", |query| query.near = near_cologne(50));
    narrowed("near Cologne, 500 km, with a word", "jazz", |query| {
        query.near = near_cologne(500)
    });
    narrowed("what costs nothing", "", |query| query.price = 0..=0);
    narrowed("what no event costs", "", |query| query.price = 1..=2);
    searches
}

fn near_cologne(km: u32) -> Option<Surroundings> {
    let center = Coordinates::of_degrees(50.94, 6.96)?;
    Some(Surroundings { center, km })
}

async fn fill(store: &Arc<Store>) -> anyhow::Result<()> {
    let organizer = OrganizerId::draw(NOW);
    let new = NewOrganizer {
        id: organizer,
        name: "Owls".into(),
        key: KeyHash([1; 32]),
        now: NOW,
    };
    store.add_organizer(new).await?;
    let mut venues = Vec::new();
    for (city, north, east) in CITIES {
        let venue = Venue {
            id: VenueId::draw(NOW),
            name: format!("{city} Hall"),
            city: city.into(),
            address: String::new(),
            coordinates: Coordinates::of_degrees(north, east),
        };
        store
            .add_venue(NewVenue {
                venue: venue.clone(),
                organizer,
                now: NOW,
            })
            .await?;
        venues.push(venue);
    }
    let mut random = Random::new(7);
    let mut adding = JoinSet::new();
    for _ in 0..EVENTS {
        let event = drawn(&mut random, (organizer, &venues));
        let store = Arc::clone(store);
        adding.spawn(async move { add(&store, event).await });
        if adding.len() >= AT_ONCE {
            adding.join_next().await.context("one is added")???;
        }
    }
    while let Some(done) = adding.join_next().await {
        done??;
    }
    Ok(())
}

async fn add(store: &Store, new: NewEvent) -> anyhow::Result<()> {
    let event = new.id;
    store.add_event(new).await?;
    let units = vec![NewUnit {
        unit: Unit(0),
        tier: TierId(1),
        seat: None,
    }];
    store.add_units(AddUnits { event, units }).await?;
    store.publish(Publish { event, now: NOW }).await?;
    Ok(())
}

fn drawn(random: &mut Random, (organizer, venues): (OrganizerId, &[Venue])) -> NewEvent {
    let words: Vec<_> = (0..4).map(|_| WORDS[random.index(WORDS.len())]).collect();
    let venue = venues[random.index(venues.len())].clone();
    let starts_at = NOW.plus_ms(DAY_MS + random.below(700) * DAY_MS);
    let name = format!("{} {}", words.join(" "), random.below(5_000));
    let tier = Tier {
        id: TierId(1),
        name: "Standing".into(),
        price: i64::try_from(random.below(40)).unwrap_or(0) * 500,
        admits: 1,
        flags: TicketFlags::default(),
        sale: TierSale::default(),
    };
    NewEvent {
        id: draw_event_id(NOW),
        organizer,
        venue,
        description: format!(
            "Tickets for an evening of {} and {}.",
            words[0],
            WORDS[random.index(WORDS.len())]
        ),
        category: Some(EventCategory::ALL[random.index(EventCategory::ALL.len())]),
        starts_at,
        ends_at: starts_at.plus_ms(DAY_MS / 8),
        currency: "EUR".parse().expect("a currency"),
        reservation_ms: 600_000,
        tiers: vec![tier],
        policy: Policy {
            name: name.clone(),
            ..policy()
        },
        name,
        unit_count: 1,
        seat_count: 0,
        places: Vec::new(),
        now: NOW,
    }
}

fn policy() -> Policy {
    Policy {
        name: String::new(),
        utc_offset_minutes: 60,
        time_zone: String::new(),
        offset_changes: Vec::new(),
        day_start_minutes: 0,
        zones: Vec::new(),
        gates: Vec::new(),
        tiers: Vec::new(),
        labels: None,
    }
}
