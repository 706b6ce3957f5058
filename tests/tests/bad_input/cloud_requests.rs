//! Requests to the cloud of every wrong kind.

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{Places, STANDING};
use usher_tests::stage::http::{Http, RawBody, Reply};

const JSON: &str = "application/json";
/// More than any request may have.
const BIG_BODY_BYTES: usize = 10 * 1024 * 1024;

/// What every refusal is: a problem with a sentence that says what to do, and nothing about our inside.
#[track_caller]
fn check_refused(asked: &str, reply: &Reply, status: u16) {
    let text = reply.text();
    assert_eq!(reply.status, status, "{asked}: {text}");
    assert_eq!(reply.content_type, "application/problem+json", "{asked}: {text}");
    let problem: Value = reply.json().expect("a problem is JSON");
    assert!(
        problem["detail"].as_str().is_some_and(|detail| detail.len() > 10),
        "{asked}: {text}"
    );
    for inside in ["panicked", "rusqlite", "SQLITE", ".rs:", "unwrap"] {
        assert!(!text.contains(inside), "{asked}: {text}");
    }
}

async fn raw(
    http: &Http,
    path: &str,
    content_type: &str,
    bytes: impl Into<Vec<u8>>,
) -> anyhow::Result<Reply> {
    let body = RawBody {
        content_type,
        bytes: bytes.into(),
    };
    http.send_raw(Method::POST, path, Some(body)).await
}

fn reservation(event: &str, change: &dyn Fn(&mut Value)) -> String {
    let mut request = json!({ "event_id": event, "tiers": [{ "tier": STANDING, "quantity": 1 }] });
    change(&mut request);
    request.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_make_no_sense_are_refused_and_change_nothing() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let (http, event) = (&stage.cloud.http, stage.organizer.event.as_str());
    let seats = format!("/v1/events/{event}/seats");
    let before = http.get(&seats).await?.expect(200)?.body;

    let reservation = |change: &dyn Fn(&mut Value)| reservation(event, change);
    let wrong: [(String, u16); 13] = [
        (String::new(), 400),
        ("{".into(), 400),
        ("nonsense".into(), 400),
        ("[]".into(), 422),
        ("null".into(), 422),
        (reservation(&|request| request["event_id"] = json!(7)), 422),
        (reservation(&|request| request["event_id"] = json!("evt_1")), 422),
        (reservation(&|request| request["surprise"] = json!(true)), 422),
        (reservation(&|request| request["tiers"] = json!("two")), 422),
        (
            reservation(&|request| request["tiers"][0]["tier"] = json!(65_536)),
            422,
        ),
        (
            reservation(&|request| request["tiers"][0]["quantity"] = json!(-1)),
            422,
        ),
        (
            reservation(&|request| request["tiers"][0]["quantity"] = json!(1.5)),
            422,
        ),
        (
            reservation(&|request| request["tiers"][0]["quantity"] = json!(21)),
            422,
        ),
    ];
    for (body, status) in wrong {
        let reply = raw(http, "/v1/reservations", JSON, body.clone()).await?;
        check_refused(&body, &reply, status);
    }
    let huge = reservation(&|_| ()).replace("\"quantity\":1", &format!("\"quantity\":{}", "9".repeat(400)));
    ensure!(huge.len() > 400, "the huge number is not in {huge}");
    let form = reservation(&|_| ());
    for (what, content_type, bytes, status) in [
        ("a number of 400 digits", JSON, huge.into_bytes(), 400),
        ("50,000 brackets", JSON, "[".repeat(50_000).into_bytes(), 422),
        ("no text", JSON, vec![b'"', 0xff, 0xfe, b'"'], 400),
        ("a form", "text/plain", form.into_bytes(), 415),
    ] {
        let reply = raw(http, "/v1/reservations", content_type, bytes).await?;
        check_refused(what, &reply, status);
    }

    assert_eq!(http.get(&seats).await?.expect(200)?.body, before);
    stage.buyer().buy_one(STANDING).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_ten_megabytes_are_refused_wherever_they_are_sent() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let organizer = stage.organizer.path("enrolment-codes");
    let targets = [
        (&stage.cloud.http, "/v1/reservations"),
        (&stage.cloud.http, "/v1/bookings"),
        (&stage.cloud.http, "/v1/enrolments"),
        (&stage.organizer.http, "/v1/organizer/venues"),
        (&stage.organizer.http, "/v1/organizer/events"),
        (&stage.organizer.http, organizer.as_str()),
    ];
    for (http, path) in targets {
        let big = format!("{{\"name\":\"{}\"}}", "a".repeat(BIG_BODY_BYTES));
        match raw(http, path, JSON, big).await {
            Ok(reply) => check_refused(path, &reply, 413),
            // The server may hang up on whoever goes on sending after its answer.
            Err(error) => ensure!(
                error.chain().any(|cause| cause.is::<reqwest::Error>()),
                "{path}: {error:#}"
            ),
        }
    }
    stage.buyer().buy_one(STANDING).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_name_nothing_are_not_found_and_strangers_get_no_further() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let http = &stage.cloud.http;
    for path in [
        "/v1/events/1",
        "/v1/events/evt_0000000000000000000000000000",
        "/v1/events/%00",
        "/v1/events/..%2f..%2fetc%2fpasswd",
        "/v1/bookings/1",
        "/v1/tickets/1.png",
        "/v1/reservations/%ff%fe",
        "/nowhere",
    ] {
        check_refused(path, &http.get(path).await?, 404);
    }
    let ticket = stage.buyer().buy_one(STANDING).await?;
    let revoke = stage
        .organizer
        .path(&format!("tickets/{}/revoke", ticket.ticket_id));
    for stranger in [
        http.clone(),
        http.with_token("uok_wrong"),
        http.with_token("' OR 1=1 --"),
    ] {
        check_refused(
            "a stranger",
            &stranger.send(Method::POST, &revoke, None).await?,
            401,
        );
    }
    let other = stage.cloud.organizer_key("Somebody else").await?;
    let reply = http.with_token(other).send(Method::POST, &revoke, None).await?;
    check_refused("another organizer", &reply, 404);
    assert_eq!(stage.buyer().ticket(&ticket.ticket_id).await?.status, "valid");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organizers_nonsense_is_answered_with_where_it_is_wrong() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venues: Value = stage
        .organizer
        .http
        .get("/v1/organizer/venues")
        .await?
        .expect(200)?
        .json()?;
    let venue = venues["venues"][0]["venue_id"]
        .as_str()
        .context("there is a venue")?;
    let draft = usher_tests::stage::festival::draft(venue, Places::FEW);
    let wrong: [(&str, &str, Value); 8] = [
        ("/tiers/0/price", "/tiers/0/price", json!(-1)),
        (
            "/tiers/0/price",
            "/tiers/0/price",
            json!(9_000_000_000_000_000_000_i64),
        ),
        ("/tiers/0/name", "/tiers/0/name", json!("")),
        ("/name", "/name", json!("a\u{1}b")),
        ("/ends_at", "/ends_at", json!("2001-01-01T00:00:00Z")),
        ("/general_admission/0/quantity", "", json!(4_000_000_000_u32)),
        (
            "/seat_map/sections/0/rows/0/seats",
            "/seat_map/sections/0/rows/0/seats",
            json!(0),
        ),
        ("/gates/0/zone", "", json!(99)),
    ];
    for (place, pointer, value) in wrong {
        let mut request = draft.clone();
        *request
            .pointer_mut(place)
            .with_context(|| format!("{place} is not in the draft"))? = value;
        let reply = stage
            .organizer
            .http
            .post("/v1/organizer/events", &request)
            .await?;
        check_refused(place, &reply, 422);
        let problem: Value = reply.json()?;
        let pointers: Vec<_> = problem["errors"].as_array().into_iter().flatten().collect();
        ensure!(
            pointers.iter().any(|error| error["pointer"]
                .as_str()
                .is_some_and(|at| at.starts_with(pointer))),
            "{place}: {problem}"
        );
    }
    Ok(())
}
