//! `/v1/events/{event_id}/layout/{hash}` and `…/availability`.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Cloud, START};

/// Bytes before the counts of the tiers: the version and the hash of the layout.
const HEADER: usize = 24;
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const FOR_A_SECOND: &str = "public, max-age=1, s-maxage=1, stale-while-revalidate=2";

fn version(availability: &Answer) -> u64 {
    assert_eq!(availability.status, 200, "{}", availability.text());
    u64::from_be_bytes(*availability.bytes.first_chunk().unwrap())
}

#[tokio::test]
async fn seats_are_told_in_two_bits_and_what_changed_by_the_second() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    cloud.buy(&event, &[0]).await;
    cloud.hold(&event, &[5]).await.ok(201);
    let path = format!("/v1/events/{event}/availability");
    let first = cloud.get(&path).await;
    assert_eq!(version(&first), START.0 / 1_000);
    assert_eq!(
        (first.header("content-type"), first.header("cache-control")),
        ("application/octet-stream", FOR_A_SECOND)
    );
    let tiers = [0, 3, 0, 1, 0, 0, 0, 8, 0, 2, 0, 0, 0, 20, 0, 3, 0, 0, 0, 4];
    let seats = [0b10, 0b01_00, 0];
    assert_eq!(first.bytes[HEADER..], [tiers.as_slice(), &seats].concat());
    let known = cloud
        .request(Method::GET, &path)
        .header("if-none-match", first.header("etag"));
    let unchanged = cloud.send(known).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.bytes.len()), (304, 0));

    let from = version(&first);
    let changes = format!("{path}/{from}");
    let open = cloud.get(&changes).await;
    assert_eq!(open.ok(200), json!({ "from": from, "to": from }));
    assert_eq!(open.header("cache-control"), FOR_A_SECOND);
    cloud.hold(&event, &[1]).await.ok(201);
    cloud.hold_tier(&event, 2, 3).await.ok(201);
    cloud.clock.advance_ms(3_000);
    let closed = cloud.get(&changes).await;
    let tiers = json!([{ "tier": 1, "available": 7 }, { "tier": 2, "available": 17 }]);
    assert_eq!(
        closed.ok(200),
        json!({ "from": from, "to": from + 3, "held": [1], "tiers": tiers })
    );
    assert_eq!(closed.header("cache-control"), FOR_EVER);
    assert_eq!(version(&cloud.get(&path).await), from + 3);
}

#[tokio::test]
async fn the_layout_has_an_address_of_its_own_that_the_availability_tells() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let availability = cloud.get(&format!("/v1/events/{event}/availability")).await;
    let hash = data_encoding::HEXLOWER.encode(&availability.bytes[8..HEADER]);
    let layout = cloud.get(&format!("/v1/events/{event}/layout/{hash}")).await;
    assert_eq!(layout.header("cache-control"), FOR_EVER);
    let layout = layout.ok(200);
    let row = json!({ "name": "B", "tier": 1, "first_seat_id": 5, "numbers": ["1", "2", "3", "4", "5"] });
    assert_eq!(layout["sections"][0]["name"], "Stalls");
    assert_eq!(layout["sections"][0]["rows"][1], row);
    // Those of the seat map, in its order.
    let listed: Vec<Value> = cloud.seats(&event).await["seats"].as_array().unwrap().clone();
    let mut seats = listed.iter();
    for section in layout["sections"].as_array().unwrap() {
        for row in section["rows"].as_array().unwrap() {
            for (seat_id, number) in
                (row["first_seat_id"].as_u64().unwrap()..).zip(row["numbers"].as_array().unwrap())
            {
                let seat = seats.next().unwrap();
                assert_eq!(
                    (
                        &seat["seat_id"],
                        &seat["section"],
                        &seat["row"],
                        &seat["number"],
                        &seat["tier"]
                    ),
                    (
                        &json!(seat_id),
                        &section["name"],
                        &row["name"],
                        number,
                        &row["tier"]
                    )
                );
            }
        }
    }
    assert!(seats.next().is_none());
}

#[tokio::test]
async fn what_is_not_there_is_said_with_what_to_do() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let draft = cloud.draft(|_| {}).await;
    let other = "0".repeat(32);
    for path in [
        format!("/v1/events/{draft}/availability"),
        format!("/v1/events/{draft}/availability/1"),
        format!("/v1/events/{draft}/layout/{other}"),
        format!("/v1/events/{event}/layout/{other}"),
        format!("/v1/events/{event}/availability/1"),
        format!("/v1/events/{event}/availability/-1"),
        format!("/v1/events/{event}/availability/first"),
        "/v1/events/evt_1/availability/1".to_owned(),
    ] {
        let answer = cloud.get(&path).await;
        answer.check_problem(404, "not-found");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
}
