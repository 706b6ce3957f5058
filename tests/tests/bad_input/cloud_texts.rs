//! SQL and HTML in every text an organizer or buyer can write: it comes back as text, and escaped on pages.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{Booking, Buyer, Wish};
use usher_tests::stage::festival::{self, Places, SEATED};

const HTML: &str = "<script>alert(1)</script>";
const SQL: &str = "'; DROP TABLE events; --";

/// Puts both into a text of at most so many bytes.
fn hostile(limit: usize) -> String {
    let whole = format!("{HTML}{SQL}\"&{{{{7*7}}}}");
    if whole.len() <= limit {
        whole
    } else {
        "<b>'\"; --".to_owned()
    }
}

fn hostile_draft(venue_id: &str) -> Value {
    let mut draft = festival::draft(
        venue_id,
        Places {
            rows: 1,
            seats_per_row: 1,
            standing: 5,
            weekend: 5,
        },
    );
    draft["name"] = json!(hostile(80));
    draft["description"] = json!(hostile(4_000));
    draft["zones"][0]["name"] = json!(hostile(80));
    for gate in [0, 1] {
        draft["gates"][gate]["name"] = json!(hostile(80));
    }
    for tier in [0, 1, 2] {
        draft["tiers"][tier]["name"] = json!(hostile(80));
    }
    draft["seat_map"]["sections"][0]["name"] = json!(hostile(80));
    draft["seat_map"]["sections"][0]["rows"] = json!([{ "name": hostile(16), "numbers": [hostile(16)] }]);
    draft
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_and_html_come_back_as_text_and_escaped_on_pages() -> anyhow::Result<()> {
    let mut stage = Stage::empty("").await?;
    let venue = json!({ "name": hostile(80), "city": hostile(80), "address": hostile(300) });
    let venue: Value = stage
        .organizer
        .http
        .post("/v1/organizer/venues", &venue)
        .await?
        .expect(201)?
        .json()?;
    assert_eq!(venue["name"], hostile(80));
    let venue_id = venue["venue_id"].as_str().context("a venue has an id")?;
    let draft = hostile_draft(venue_id);
    let event: Value = stage
        .organizer
        .http
        .post("/v1/organizer/events", &draft)
        .await?
        .expect(201)?
        .json()?;
    stage.organizer.event = event["event_id"]
        .as_str()
        .context("an event has an id")?
        .to_owned();
    stage.organizer.sign_keys().await?;
    stage.organizer.publish().await?;

    let buyer = stage.buyer();
    let shown: Value = stage
        .cloud
        .http
        .get(&format!("/v1/events/{}", buyer.event))
        .await?
        .expect(200)?
        .json()?;
    for field in ["name", "description", "venue", "city"] {
        assert_eq!(shown[field], hostile(80), "{field}");
    }
    let booking = buy_the_seat(&buyer).await?;
    let ticket = format!("/v1/tickets/{}", booking.tickets[0].ticket_id);
    let ticket: Value = buyer.http.get(&ticket).await?.expect(200)?.json()?;
    assert_eq!(ticket["seat"]["section"], hostile(80));
    assert_eq!(ticket["seat"]["row"], hostile(16));
    assert_eq!(ticket["seat"]["number"], hostile(16));
    pages_are_escaped(&stage, &booking).await?;
    search_takes_anything(&stage).await
}

async fn buy_the_seat(buyer: &Buyer) -> anyhow::Result<Booking> {
    let reserved = buyer.reserve(&Wish::Seats(vec![0])).await?.expect(201)?;
    let reservation: Value = reserved.json()?;
    assert_eq!(reservation["units"][0]["tier"], SEATED);
    let request = json!({
        "reservation_id": reservation["reservation_id"],
        "payment_token": "tok_ok",
        "idempotency_key": format!("{SQL}{HTML}"),
        "email": "o'brien+--@example.org",
    });
    let booking = buyer.http.post("/v1/bookings", &request).await?.expect(201)?;
    assert_eq!(booking.json::<Value>()?["email"], "o'brien+--@example.org");
    let again = buyer.http.post("/v1/bookings", &request).await?.expect(201)?;
    assert_eq!(booking.json::<Booking>()?, again.json::<Booking>()?);
    booking.json()
}

async fn pages_are_escaped(stage: &Stage, booking: &Booking) -> anyhow::Result<()> {
    let pages = [
        "/".to_owned(),
        format!("/?keyword={HTML}&city={HTML}"),
        format!("/events/{}", stage.organizer.event),
        format!("/bookings/{}", booking.booking_id),
        format!("/tickets/{}", booking.tickets[0].ticket_id),
    ];
    for page in pages {
        let html = stage.cloud.http.get(&page).await?.expect(200)?.text();
        ensure!(html.contains("alert(1)"), "{page} does not show the name");
        ensure!(
            !html.contains("<script>alert") && !html.contains("<b>'"),
            "{page} is not escaped: {html}"
        );
    }
    Ok(())
}

async fn search_takes_anything(stage: &Stage) -> anyhow::Result<()> {
    for (words, found) in [
        ("%25", 0),
        ("'%20OR%20'1'%3D'1", 0),
        ("DROP%20TABLE", 1),
        ("_", 0),
    ] {
        let page: Value = stage
            .cloud
            .http
            .get(&format!("/v1/events?keyword={words}"))
            .await?
            .expect(200)?
            .json()?;
        let events = page["events"].as_array().context("a page has events")?;
        assert_eq!(events.len(), found, "{words}");
    }
    Ok(())
}
