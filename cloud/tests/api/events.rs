//! `/v1/events` and `/v1/events/{event_id}/seats`.

use std::io::Read;

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Cloud, HOLD_MS};

#[tokio::test]
async fn events_are_listed_by_keyword_city_and_page() {
    let cloud = Cloud::start().await;
    for name in ["Owls I", "Owls II", "Bats"] {
        cloud.event(|draft| draft["name"] = json!(name)).await;
    }
    let all = cloud.get("/v1/events").await.ok(200);
    assert_eq!(all["events"].as_array().unwrap().len(), 3);
    assert_eq!(all["next_cursor"], Value::Null);
    let first = &all["events"][0];
    assert_eq!(
        (&first["venue"], &first["city"], &first["price_from"]),
        (&json!("Old Barn"), &json!("Leipzig"), &json!(0))
    );
    assert_eq!(
        (&first["starts_at"], &first["currency"]),
        (&json!("2027-06-04T18:00:00Z"), &json!("EUR"))
    );

    let owls = cloud.get("/v1/events?keyword=OWLS%20hooting").await.ok(200);
    assert_eq!(owls["events"].as_array().unwrap().len(), 2);
    assert_eq!(
        cloud.get("/v1/events?city=leipzig").await.ok(200)["events"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(
        cloud.get("/v1/events?city=Bonn").await.ok(200)["events"],
        json!([])
    );

    let page = cloud.get("/v1/events?limit=2").await.ok(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = cloud
        .get(&format!("/v1/events?limit=2&cursor={cursor}"))
        .await
        .ok(200);
    assert_eq!(
        (
            page["events"].as_array().unwrap().len(),
            rest["events"].as_array().unwrap().len()
        ),
        (2, 1)
    );
    assert_eq!(rest["events"][0], all["events"][2]);
}

/// Puts another event than the usual one on sale, in Cologne.
async fn event_in_cologne(cloud: &Cloud) -> String {
    let venue = json!({"name": "Dom", "city": "Köln", "latitude": 50.94, "longitude": 6.96});
    let venue = cloud
        .organize(Method::POST, "/v1/organizer/venues", &venue)
        .await
        .ok(201);
    assert_eq!(
        (&venue["latitude"], &venue["longitude"]),
        (&json!(50.94), &json!(6.96))
    );
    let there = cloud.event(|draft| {
        draft["name"] = json!("Élan Vital");
        draft["venue_id"] = venue["venue_id"].clone();
        draft["category"] = json!("classical");
        draft["starts_at"] = json!("2027-07-01T18:00:00Z");
        draft["ends_at"] = json!("2027-07-01T23:00:00Z");
    });
    there.await
}

#[tokio::test]
async fn events_are_found_near_a_place_by_category_day_and_price() {
    let cloud = Cloud::start().await;
    let there = event_in_cologne(&cloud).await;
    cloud.event(|_| {}).await;
    for (asked, found) in [
        ("near=51,7", 1),
        ("near=51,7&within_km=5", 0),
        ("category=classical", 1),
        ("category=sport", 0),
        ("from=2027-07-01&until=2027-07-01", 1),
        ("from=2027-07-02", 0),
        ("until=2027-06-30", 1),
        ("price_max=0", 2),
        ("price_min=1", 0),
        ("keyword=elan&city=koeln&category=&from=&until=&price_max=", 1),
        ("keyword=%3F", 0),
    ] {
        let page = cloud.get(&format!("/v1/events?{asked}")).await.ok(200);
        assert_eq!(page["events"].as_array().unwrap().len(), found, "{asked}");
        let shown = cloud.get(&format!("/?{asked}")).await.text();
        assert_eq!(shown.matches("class=\"card\"").count(), found, "{asked}");
    }
    let found = cloud.get("/v1/events?keyword=VITAL").await.ok(200);
    let first = &found["events"][0];
    assert_eq!(
        (&first["category"], &first["latitude"]),
        (&json!("classical"), &json!(50.94))
    );
    let shown = cloud.get(&format!("/v1/events/{there}")).await.ok(200);
    assert_eq!(shown["category"], "classical");
    let path = format!("/v1/organizer/events/{there}");
    let family = json!({"category": "family"});
    cloud.organize(Method::PATCH, &path, &family).await.ok(200);
    let found = cloud.get("/v1/events?category=family").await.ok(200);
    assert_eq!(found["events"][0]["event_id"], there);
}

#[tokio::test]
async fn events_and_cities_are_suggested_while_one_types() {
    let cloud = Cloud::start().await;
    let there = event_in_cologne(&cloud).await;
    let event = json!({"event_id": there, "name": "Élan Vital", "city": "Köln"});
    for (typed, events, cities) in [
        ("ela%20v", json!([event]), json!([])),
        ("KÖL", json!([]), json!(["Köln"])),
        ("", json!([]), json!([])),
        ("hooting", json!([]), json!([])),
    ] {
        let suggested = cloud
            .get(&format!("/v1/events/suggestions?keyword={typed}"))
            .await;
        assert_eq!(
            suggested.ok(200),
            json!({"events": events, "cities": cities}),
            "{typed}"
        );
    }
}

#[tokio::test]
async fn a_venue_is_somewhere_on_the_globe_or_nowhere_said() {
    let cloud = Cloud::start().await;
    for venue in [
        json!({"name": "Dom", "city": "Köln", "latitude": 50.94}),
        json!({"name": "Dom", "city": "Köln", "latitude": 91, "longitude": 0}),
    ] {
        let refused = cloud.organize(Method::POST, "/v1/organizer/venues", &venue).await;
        refused.check_problem(422, "invalid-request");
    }
}

#[tokio::test]
async fn a_query_that_makes_no_sense_is_told_why() {
    let cloud = Cloud::start().await;
    cloud
        .get("/v1/events?limit=0")
        .await
        .check_problem(422, "invalid-request");
    cloud
        .get("/v1/events?limit=101")
        .await
        .check_problem(422, "invalid-request");
    cloud
        .get("/v1/events?cursor=zzz")
        .await
        .check_problem(422, "invalid-request");
    cloud
        .get("/v1/events?limit=many")
        .await
        .check_problem(400, "unreadable-request");
    let problem = cloud
        .get("/v1/events?keywrd=x")
        .await
        .check_problem(400, "unreadable-request");
    assert!(
        problem["detail"].as_str().unwrap().contains("keywrd"),
        "{problem}"
    );
}

#[tokio::test]
async fn an_event_shows_its_tiers_and_how_full_they_are() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    cloud.buy(&event, &[0]).await;
    cloud.hold_tier(&event, 2, 3).await.ok(201);
    let shown = cloud.get(&format!("/v1/events/{event}")).await.ok(200);
    assert_eq!(shown["name"], "Night of the Owls");
    assert_eq!(
        (&shown["seats"], &shown["reservation_seconds"]),
        (&json!(10), &json!(600))
    );
    let counts: Vec<_> = shown["tiers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tier| {
            (
                tier["tier"].clone(),
                tier["available"].clone(),
                tier["held"].clone(),
                tier["booked"].clone(),
            )
        })
        .collect();
    let count = |tier, available, held, booked| (json!(tier), json!(available), json!(held), json!(booked));
    assert_eq!(counts, [count(1, 9, 0, 1), count(2, 17, 3, 0), count(3, 4, 0, 0)]);
}

#[tokio::test]
async fn what_is_not_on_sale_is_not_there() {
    let cloud = Cloud::start().await;
    let draft = cloud.draft(|_| {}).await;
    for id in [
        draft.as_str(),
        "evt_00000000000000000000000000",
        "evt_1",
        "%27%20OR%201=1",
    ] {
        cloud
            .get(&format!("/v1/events/{id}"))
            .await
            .check_problem(404, "not-found");
        cloud
            .get(&format!("/v1/events/{id}/seats"))
            .await
            .check_problem(404, "not-found");
    }
    assert_eq!(cloud.get("/v1/events").await.ok(200)["events"], json!([]));
    cloud.hold(&draft, &[0]).await.check_problem(404, "not-found");
}

#[tokio::test]
async fn the_seat_map_follows_every_change() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let map = cloud.seats(&event).await;
    let seat = json!({
        "seat_id": 7, "section": "Stalls", "row": "B", "number": "3", "tier": 1, "status": "available", "price": 4500
    });
    assert_eq!(map["seats"][7], seat);
    assert_eq!(map["seats"].as_array().unwrap().len(), 10);

    let held = cloud.hold(&event, &[7]).await.ok(201);
    assert_eq!(cloud.seats(&event).await["seats"][7]["status"], "held");
    cloud
        .delete(&format!(
            "/v1/reservations/{}",
            held["reservation_id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(cloud.seats(&event).await["seats"][7]["status"], "available");

    cloud.hold(&event, &[7]).await.ok(201);
    cloud.buy(&event, &[6]).await;
    let map = cloud.seats(&event).await;
    assert_eq!(
        (&map["seats"][6]["status"], &map["seats"][7]["status"]),
        (&json!("booked"), &json!("held"))
    );
    // Nothing happens but time: the hold expires all the same.
    cloud.clock.advance_ms(HOLD_MS);
    let map = cloud.seats(&event).await;
    assert_eq!(
        (&map["seats"][6]["status"], &map["seats"][7]["status"]),
        (&json!("booked"), &json!("available"))
    );
    assert_eq!(map["tiers"][0]["available"], 9);
}

#[tokio::test]
async fn a_seat_map_that_is_known_is_not_sent_again() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let path = format!("/v1/events/{event}/seats");
    let first = cloud.get(&path).await;
    let tag = first.header("etag").to_owned();
    let known = || cloud.request(Method::GET, &path).header("if-none-match", &tag);
    let unchanged = cloud.send(known()).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.bytes.len()), (304, 0));
    assert_eq!(unchanged.header("etag"), tag);
    cloud.hold(&event, &[0]).await.ok(201);
    assert_eq!(cloud.send(known()).await.status, 200);
}

#[tokio::test]
async fn the_compressed_seat_map_is_the_same_map() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let path = format!("/v1/events/{event}/seats");
    let plain = cloud.get(&path).await;
    let packed = cloud
        .send(
            cloud
                .request(Method::GET, &path)
                .header("accept-encoding", "br, gzip"),
        )
        .await;
    assert_eq!(
        (packed.header("content-encoding"), packed.header("vary")),
        ("gzip", "accept-encoding")
    );
    assert_eq!(packed.header("etag"), plain.header("etag"));
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(packed.bytes.as_slice())
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, plain.bytes);
    assert!(packed.bytes.len() < plain.bytes.len() / 2);
}
