//! Requests of every wrong kind to a hub's local HTTP.

use reqwest::Method;
use serde_json::{Value, json};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{NORTH, Places, STANDING};
use usher_tests::stage::http::{Http, RawBody, Reply};
use usher_tests::stage::venue::Venue;

const BIG_BODY_BYTES: usize = 10 * 1024 * 1024;

#[track_caller]
fn check_refused(asked: &str, reply: &Reply, status: u16) {
    let text = reply.text();
    assert_eq!(reply.status, status, "{asked}: {text}");
    assert_eq!(reply.content_type, "application/problem+json", "{asked}: {text}");
    let problem: Value = reply.json().expect("a problem is JSON");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| !detail.is_empty()),
        "{asked}: {text}"
    );
    assert!(
        !text.contains("panicked") && !text.contains(".rs:"),
        "{asked}: {text}"
    );
}

async fn raw(http: &Http, path: &str, bytes: impl Into<Vec<u8>>) -> anyhow::Result<Reply> {
    let body = RawBody {
        content_type: "application/json",
        bytes: bytes.into(),
    };
    http.send_raw(Method::POST, path, Some(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_make_no_sense_are_refused_and_use_no_ticket_up() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let turnstile = venue.north.turnstile(NORTH).await?;
    let ticket = stage.buyer().buy_one(STANDING).await?;
    let with = |field: &str, value: Value| {
        let mut request = json!({ "payload": ticket.payload, "gate": NORTH });
        request[field] = value;
        request.to_string()
    };
    let huge =
        with("persons", json!(1)).replace("\"persons\":1", &format!("\"persons\":{}", "9".repeat(400)));
    let wrong = [
        (String::new(), 400),
        ("{".to_owned(), 400),
        ("[]".to_owned(), 422),
        (with("payload", json!(7)), 422),
        (with("payload", Value::Null), 422),
        (with("gate", json!("north")), 422),
        (with("gate", json!(65_536)), 422),
        (with("gate", json!(-1)), 422),
        (with("direction", json!("up")), 422),
        (with("persons", json!(0)), 422),
        (with("persons", json!(256)), 422),
        (with("persons", json!(1.5)), 422),
        (with("scan_id", json!("zz")), 422),
        (with("scan_id", json!("00")), 422),
        (with("surprise", json!(true)), 422),
        (huge, 400),
        ("[".repeat(2_000), 422),
    ];
    for (body, status) in wrong {
        let reply = raw(&turnstile.http, "/v1/scans", body.clone()).await?;
        check_refused(&body, &reply, status);
    }
    let not_text = [b"{\"payload\":\"".as_slice(), &[0xff, 0xfe], b"\",\"gate\":1}"].concat();
    check_refused(
        "no text",
        &raw(&turnstile.http, "/v1/scans", not_text).await?,
        400,
    );
    check_refused(
        "nonsense",
        &raw(&venue.north.http, "/v1/enrolments", "{\"secret\":7}").await?,
        422,
    );
    assert_eq!(turnstile.scan(&ticket.payload).await?.verdict, "admit");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_ten_megabytes_and_addresses_of_nothing_are_refused() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let turnstile = venue.north.turnstile(NORTH).await?;
    for path in ["/v1/scans", "/v1/enrolments"] {
        let big = format!("{{\"payload\":\"{}\"}}", "7".repeat(BIG_BODY_BYTES));
        // The hub may hang up on whoever goes on sending after its answer.
        if let Ok(reply) = raw(&turnstile.http, path, big).await {
            check_refused(path, &reply, 413);
        }
    }
    check_refused("nothing", &turnstile.http.get("/nowhere").await?, 404);
    check_refused("a wrong method", &turnstile.http.get("/v1/scans").await?, 405);
    venue.north.status().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_token_of_this_hub_scans_nothing() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let venue = Venue::open(&stage).await?;
    let (north, south) = (
        venue.north.turnstile(NORTH).await?,
        venue.south.turnstile(NORTH).await?,
    );
    let ticket = stage.buyer().buy_one(STANDING).await?;
    let request = json!({ "payload": ticket.payload, "gate": NORTH });
    let strangers = [
        venue.north.http.clone(),
        venue.north.http.with_token("usher-http-00"),
        venue.north.http.with_token("' OR 1=1 --"),
    ];
    for stranger in &strangers {
        check_refused("a stranger", &stranger.post("/v1/scans", &request).await?, 401);
    }
    venue.north.command(&["tokens", "revoke", "turnstile"]).await?;
    check_refused("a token taken back", &north.ask(&request).await?, 401);
    assert_eq!(south.scan(&ticket.payload).await?.verdict, "admit");
    Ok(())
}
