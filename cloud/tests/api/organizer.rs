//! `/v1/organizer`.

use reqwest::Method;
use serde_json::{Value, json};
use usher_cloud::cli::add_organizer;
use usher_cloud::config::GatewayKind;

use super::client::{Cloud, usual_event};

#[tokio::test]
async fn only_a_key_opens_the_organizers_side() {
    let cloud = Cloud::start().await;
    let paths = [
        (Method::GET, "/v1/organizer/venues"),
        (Method::POST, "/v1/organizer/venues"),
        (Method::GET, "/v1/organizer/events"),
        (Method::POST, "/v1/organizer/events"),
        (Method::GET, "/v1/organizer/events/evt_00000000000000000000000000"),
        (
            Method::PATCH,
            "/v1/organizer/events/evt_00000000000000000000000000",
        ),
        (
            Method::POST,
            "/v1/organizer/events/evt_00000000000000000000000000/publish",
        ),
    ];
    for (method, path) in paths {
        let without = cloud
            .send(cloud.request(method.clone(), path).json(&json!({})))
            .await;
        without.check_problem(401, "unauthorized");
        assert_eq!(without.header("www-authenticate"), "Bearer");
        let wrong = cloud
            .request(method, path)
            .bearer_auth(format!("{}x", cloud.key))
            .json(&json!({}));
        cloud.send(wrong).await.check_problem(401, "unauthorized");
    }
}

#[tokio::test]
async fn an_event_is_made_published_and_sold() {
    let cloud = Cloud::start().await;
    let event = cloud.draft(|_| {}).await;
    let path = format!("/v1/organizer/events/{event}");
    let draft = cloud.organize(Method::GET, &path, &Value::Null).await.ok(200);
    assert_eq!(
        (&draft["status"], &draft["units"], &draft["seats"]),
        (&json!("draft"), &json!(34), &json!(10))
    );
    assert_eq!(draft["policy"]["tiers"][1]["offline"], "available");

    let publish = format!("{path}/publish");
    cloud
        .organize(Method::POST, &publish, &Value::Null)
        .await
        .check_problem(409, "no-signing-key");
    cloud.sign(&event).await;
    assert_eq!(
        cloud.organize(Method::POST, &publish, &Value::Null).await.ok(200)["status"],
        "published"
    );
    assert_eq!(
        cloud.organize(Method::POST, &publish, &Value::Null).await.ok(200)["status"],
        "published"
    );

    cloud.buy(&event, &[0, 1]).await;
    let sales = cloud.organize(Method::GET, &path, &Value::Null).await.ok(200)["sales"].clone();
    assert_eq!((&sales["bookings"], &sales["revenue"]), (&json!(1), &json!(9000)));
    assert_eq!(sales["tiers"][0]["booked"], 2);
    let listed = cloud
        .organize(Method::GET, "/v1/organizer/events", &Value::Null)
        .await
        .ok(200);
    assert_eq!(listed["events"].as_array().unwrap().len(), 1);
    // What is read or counted for each event by itself is shown with the event alone.
    let line = &listed["events"][0];
    assert_eq!(
        (&line["name"], &line["sale"]),
        (&json!("Night of the Owls"), &json!("on_sale"))
    );
    assert!(
        ["policy", "tiers", "sales"]
            .iter()
            .all(|part| line.get(part).is_none()),
        "{line}"
    );
}

#[tokio::test]
async fn another_organizers_things_are_not_there() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let venues = cloud
        .organize(Method::GET, "/v1/organizer/venues", &Value::Null)
        .await
        .ok(200);
    let other = add_organizer(&cloud.server.state().store, "Bats".into())
        .await
        .unwrap();
    let ask = |method: Method, path: String, body: Value| {
        cloud.send(cloud.request(method, &path).bearer_auth(&other).json(&body))
    };
    let path = format!("/v1/organizer/events/{event}");
    ask(Method::GET, path.clone(), Value::Null)
        .await
        .check_problem(404, "not-found");
    ask(Method::PATCH, path.clone(), json!({"name": "Bats"}))
        .await
        .check_problem(404, "not-found");
    ask(Method::POST, format!("{path}/publish"), Value::Null)
        .await
        .check_problem(404, "not-found");
    let dates =
        json!({"starts_at": "2027-07-04T18:00:00Z", "ends_at": "2027-07-04T23:00:00Z", "apply": true});
    ask(Method::POST, format!("{path}/move"), dates)
        .await
        .check_problem(404, "not-found");
    let stolen = usual_event(venues["venues"][0]["venue_id"].as_str().unwrap());
    ask(Method::POST, "/v1/organizer/events".into(), stolen)
        .await
        .check_problem(404, "not-found");
    assert_eq!(
        ask(Method::GET, "/v1/organizer/events".into(), Value::Null)
            .await
            .ok(200)["events"],
        json!([])
    );
}

#[tokio::test]
async fn an_event_can_be_changed_where_that_is_safe() {
    let cloud = Cloud::start().await;
    let event = cloud.draft(|_| {}).await;
    let path = format!("/v1/organizer/events/{event}");
    let renamed = cloud
        .organize(Method::PATCH, &path, &json!({"name": "Day of the Owls"}))
        .await
        .ok(200);
    assert_eq!(
        (&renamed["name"], &renamed["policy"]["name"]),
        (&json!("Day of the Owls"), &json!("Day of the Owls"))
    );
    cloud.sign(&event).await;
    cloud
        .organize(Method::POST, &format!("{path}/publish"), &Value::Null)
        .await
        .ok(200);
    assert_eq!(cloud.seats(&event).await["seats"][0]["price"], 4500);

    let held = cloud.hold(&event, &[0]).await.ok(201);
    let change =
        json!({"prices": [{"tier": 1, "price": 5000}], "reservation_seconds": 60, "description": "Later"});
    cloud.organize(Method::PATCH, &path, &change).await.ok(200);
    assert_eq!(cloud.seats(&event).await["seats"][0]["price"], 5000);
    assert_eq!(cloud.book(&held, "key", "tok_ok").await.ok(201)["amount"], 4500);
    assert_eq!(
        cloud.hold(&event, &[1]).await.ok(201)["expires_at"],
        "2027-01-15T08:01:00Z"
    );

    for change in [
        json!({"name": "Too late"}),
        json!({"starts_at": "2030-01-01T00:00:00Z"}),
        json!({"prices": [{"tier": 9, "price": 1}]}),
        json!({"prices": [{"tier": 1, "price": -1}]}),
        json!({"reservation_seconds": 0}),
    ] {
        cloud
            .organize(Method::PATCH, &path, &change)
            .await
            .check_problem(422, "invalid-request");
    }
}

#[tokio::test]
async fn a_big_event_fits_in_one_request() {
    let cloud = Cloud::start().await;
    let rows: Vec<_> = (1..=100)
        .map(|row| json!({"name": row.to_string(), "seats": 60}))
        .collect();
    let event = cloud
        .event(|draft| {
            draft["seat_map"]["sections"][0]["rows"] = json!(rows);
            draft["general_admission"][0]["quantity"] = json!(4_000);
        })
        .await;
    let map = cloud.seats(&event).await;
    assert_eq!(map["seats"].as_array().unwrap().len(), 6_000);
    assert_eq!(map["tiers"][1]["available"], 4_000);
    cloud.buy(&event, &[5_999]).await;
}

#[tokio::test]
async fn the_zones_that_each_tier_opens_are_named() {
    let cloud = Cloud::start().await;
    let event = cloud
        .event(|draft| {
            draft["zones"] = json!([{"id": 2, "name": "Floor"}, {"id": 1, "name": "Backstage"}]);
            draft["tiers"][2]["zones"] = json!([2, 1]);
        })
        .await;
    let path = format!("/v1/organizer/events/{event}");
    let shown = cloud.organize(Method::GET, &path, &Value::Null).await.ok(200);
    assert_eq!(
        shown["tiers"],
        json!([
            {"tier": 1, "name": "Stalls", "opens": ["Floor"], "hidden": false, "order_min": 1},
            {"tier": 2, "name": "Standing", "opens": ["Floor"], "hidden": false, "order_min": 1},
            {"tier": 3, "name": "Guests", "opens": ["Floor", "Backstage"], "hidden": false, "order_min": 1},
        ])
    );
    let mut policy = shown["policy"].clone();
    policy["tiers"][0]["zones"] = json!([]);
    let refused = cloud
        .organize(Method::PUT, &format!("{path}/policy"), &policy)
        .await;
    let problem = refused.check_problem(422, "invalid-request");
    assert_eq!(problem["errors"][0]["pointer"], "/tiers/0/zones");
}

#[tokio::test]
async fn an_event_whose_days_are_over_is_not_published() {
    let cloud = Cloud::start().await;
    let event = cloud
        .draft(|draft| {
            draft["starts_at"] = json!("2027-01-14T18:00:00Z");
            draft["ends_at"] = json!("2027-01-14T23:00:00Z");
        })
        .await;
    cloud.sign(&event).await;
    let path = format!("/v1/organizer/events/{event}");
    let publish = format!("{path}/publish");
    let refused = cloud.organize(Method::POST, &publish, &Value::Null).await;
    refused.check_problem(409, "event-over");
    let days = json!({"ends_at": "2027-03-04T23:00:00Z"});
    cloud.organize(Method::PATCH, &path, &days).await.ok(200);
    cloud.organize(Method::POST, &publish, &Value::Null).await.ok(200);
}

#[tokio::test]
async fn a_time_zone_tells_gates_when_the_clocks_change_and_moves_along() {
    let cloud = Cloud::start().await;
    let event = cloud
        .event(|draft| {
            draft["time_zone"] = json!("Europe/Berlin");
            draft["starts_at"] = json!("2027-03-27T19:00:00Z");
            draft["ends_at"] = json!("2027-03-28T20:00:00Z");
        })
        .await;
    let path = format!("/v1/organizer/events/{event}");
    let policy = async || cloud.organize(Method::GET, &path, &Value::Null).await.ok(200)["policy"].clone();
    let before = policy().await;
    assert_eq!(before["utc_offset_minutes"], 60);
    let change = json!([{"at": "2027-03-28T01:00:00Z", "utc_offset_minutes": 120}]);
    assert_eq!(before["offset_changes"], change);
    let page = cloud.get(&format!("/events/{event}")).await;
    assert!(String::from_utf8_lossy(&page.bytes).contains("27 March 2027, 20:00"));
    let to = json!({"starts_at": "2027-06-05T18:00:00Z", "ends_at": "2027-06-05T23:00:00Z", "apply": true});
    cloud
        .organize(Method::POST, &format!("{path}/move"), &to)
        .await
        .ok(200);
    let after = policy().await;
    assert_eq!(after["utc_offset_minutes"], 120);
    assert_eq!(after["offset_changes"], json!([]));
    let mut draft = usual_event("ven_00000000000000000000000000");
    draft["time_zone"] = json!("Europe/Nowhere");
    let refused = cloud.organize(Method::POST, "/v1/organizer/events", &draft).await;
    let problem = refused.check_problem(422, "invalid-request");
    assert_eq!(problem["errors"][0]["pointer"], "/time_zone");
}

#[tokio::test]
async fn a_policy_with_a_name_that_screens_cannot_show_is_refused_with_the_field() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| ()).await;
    let path = format!("/v1/organizer/events/{event}");
    let shown = cloud.organize(Method::GET, &path, &Value::Null).await.ok(200)["policy"].clone();
    let put = format!("{path}/policy");
    for name in ["\u{1b}[2J", "a\nb", "  ", "North\u{202e}", "\u{200b}", ""] {
        for field in ["/name", "/zones/0/name", "/gates/0/name", "/tiers/1/name"] {
            let mut policy = shown.clone();
            *policy.pointer_mut(field).unwrap() = json!(name);
            let refused = cloud.organize(Method::PUT, &put, &policy).await;
            let problem = refused.check_problem(422, "invalid-request");
            assert_eq!(problem["errors"][0]["pointer"], field, "{name:?}");
        }
    }
    cloud.organize(Method::PUT, &put, &shown).await.ok(200);
}

#[tokio::test]
async fn an_offset_beside_a_time_zone_is_refused_unless_it_is_the_one_that_follows() {
    let cloud = Cloud::start().await;
    let event = cloud
        .event(|draft| {
            draft.as_object_mut().unwrap().remove("utc_offset_minutes");
            draft["time_zone"] = json!("Europe/Berlin");
        })
        .await;
    let path = format!("/v1/organizer/events/{event}");
    let shown = cloud.organize(Method::GET, &path, &Value::Null).await.ok(200)["policy"].clone();
    let put = format!("{path}/policy");
    let changes = json!([{"at": "1970-01-01T00:00:00.001Z", "utc_offset_minutes": 0}]);
    for (field, value) in [("utc_offset_minutes", json!(638)), ("offset_changes", changes)] {
        let mut policy = shown.clone();
        policy[field] = value;
        let refused = cloud.organize(Method::PUT, &put, &policy).await;
        let problem = refused.check_problem(422, "invalid-request");
        assert_eq!(problem["errors"][0]["pointer"], format!("/{field}"));
    }
    cloud.organize(Method::PUT, &put, &shown).await.ok(200);
    let mut draft = usual_event("ven_00000000000000000000000000");
    draft["time_zone"] = json!("Europe/Berlin");
    draft["utc_offset_minutes"] = json!(0);
    let refused = cloud.organize(Method::POST, "/v1/organizer/events", &draft).await;
    let problem = refused.check_problem(422, "invalid-request");
    assert_eq!(problem["errors"][0]["pointer"], "/utc_offset_minutes");
}

#[tokio::test]
async fn a_published_policy_leads_no_gate_elsewhere() {
    let cloud = Cloud::start().await;
    let event = cloud
        .event(|draft| {
            draft["zones"] = json!([{"id": 1, "name": "Floor"}, {"id": 2, "name": "Front", "inside": 1}]);
            draft["gates"] =
                json!([{"id": 1, "name": "Door", "zone": 1}, {"id": 2, "name": "Steps", "zone": 2}]);
        })
        .await;
    let path = format!("/v1/organizer/events/{event}");
    let shown = cloud.organize(Method::GET, &path, &Value::Null).await.ok(200)["policy"].clone();
    let put = async |policy: &Value| {
        cloud
            .organize(Method::PUT, &format!("{path}/policy"), policy)
            .await
    };
    for change in [
        |policy: &mut Value| policy["gates"][1]["zone"] = json!(1),
        |policy: &mut Value| policy["zones"][1]["inside"] = json!(null),
        |policy: &mut Value| policy["gates"][1]["leaves"] = json!(1),
    ] {
        let mut policy = shown.clone();
        change(&mut policy);
        put(&policy).await.check_problem(422, "invalid-request");
    }
    let mut more = shown.clone();
    more["zones"][1]["capacity"] = json!(10);
    more["gates"]
        .as_array_mut()
        .unwrap()
        .push(json!({"id": 3, "name": "Ramp", "zone": 2}));
    put(&more).await.ok(200);
}

#[tokio::test]
async fn a_price_that_the_payment_service_does_not_take_is_not_put_on_sale() {
    let files = tempfile::tempdir().unwrap();
    let key = files.path().join("stripe.key");
    std::fs::write(&key, "sk_test_usher").unwrap();
    let cloud = Cloud::with(|config| {
        config.payments.gateway = GatewayKind::Stripe;
        config.payments.stripe_key_file = key;
    })
    .await;
    // Too little for one ticket, too much for an order of 20, and as much as may be.
    for (price, status) in [(49, 422), (5_000_000, 422), (4_999_999, 200)] {
        let event = cloud
            .draft(|draft| draft["tiers"][0]["price"] = json!(price))
            .await;
        cloud.sign(&event).await;
        let path = format!("/v1/organizer/events/{event}/publish");
        let answer = cloud.organize(Method::POST, &path, &Value::Null).await;
        assert_eq!(answer.status, status, "{price}: {}", answer.text());
        if status == 422 {
            let problem = answer.check_problem(422, "invalid-request");
            assert_eq!(problem["errors"][0]["pointer"], "/tiers/0/price");
        }
    }
}
