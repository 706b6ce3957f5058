//! `/v1/organizer/events/{event_id}/comps`.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Cloud};

async fn give(cloud: &Cloud, event: &str, key: &str, comps: Value) -> Answer {
    let path = format!("/v1/organizer/events/{event}/comps");
    let body = json!({"idempotency_key": key, "comps": comps});
    cloud.organize(Method::POST, &path, &body).await
}

async fn give_csv(cloud: &Cloud, event: &str, key: &str, text: &str) -> Answer {
    let path = format!("/v1/organizer/events/{event}/comps");
    let request = cloud
        .request(Method::POST, &path)
        .bearer_auth(&cloud.key)
        .header("content-type", "text/csv; charset=utf-8")
        .header("idempotency-key", key)
        .body(text.to_owned());
    cloud.send(request).await
}

/// Returns how much of a tier is free, set aside and sold.
async fn counts(cloud: &Cloud, event: &str, tier: usize) -> Value {
    let path = format!("/v1/organizer/events/{event}");
    let shown = cloud.organize(Method::GET, &path, &Value::Null).await.ok(200);
    let tier = &shown["sales"]["tiers"][tier];
    json!([tier["available"], tier["blocked"], tier["booked"]])
}

#[tokio::test]
async fn a_list_of_people_gets_tickets_that_are_like_any_other() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let list = json!([
        {"name": "Ann Owl", "email": "ann@example.org", "seat_ids": [0, 1]},
        {"email": "bob@example.org", "tier": 2, "quantity": 3},
    ]);
    let given = give(&cloud, &event, "list", list.clone()).await.ok(201);
    let (ann, bob) = (&given["comps"][0], &given["comps"][1]);
    assert_eq!(ann["name"], "Ann Owl");
    assert_eq!(
        (&ann["booking"]["status"], &ann["booking"]["amount"]),
        (&json!("confirmed"), &json!(0))
    );
    assert_eq!(bob["booking"]["tickets"].as_array().unwrap().len(), 3);
    let page = cloud.get(cloud.path(&ann["booking"]["page"])).await;
    assert!(page.text().contains("Stalls, row A, seat 1"), "{}", page.text());
    // The same list again is the same bookings; another one under the key is refused.
    let again = give(&cloud, &event, "list", list.clone()).await.ok(201);
    assert_eq!(
        again["comps"][1]["booking"]["booking_id"],
        bob["booking"]["booking_id"]
    );
    give(&cloud, &event, "list", json!([list[0]]))
        .await
        .check_problem(409, "idempotency-key-reused");
    assert_eq!(counts(&cloud, &event, 0).await, json!([8, 0, 2]));

    let ticket = ann["booking"]["tickets"][0]["ticket_id"].as_str().unwrap();
    let revoke = format!("/v1/organizer/events/{event}/tickets/{ticket}/revoke");
    cloud.organize(Method::POST, &revoke, &Value::Null).await.ok(200);
    let shown = cloud.get(&format!("/v1/tickets/{ticket}")).await.ok(200);
    assert_eq!(shown["status"], "revoked");
    let acts = cloud
        .organize(Method::GET, "/v1/organizer/acts", &Value::Null)
        .await
        .text();
    assert!(
        acts.contains("give_comps") && !acts.contains("ann@example.org"),
        "{acts}"
    );
}

#[tokio::test]
async fn a_list_draws_on_a_block_and_leaves_the_rest_of_it() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let path = format!("/v1/organizer/events/{event}/blocks");
    let request = json!({"name": "Promoter's list", "tiers": [{"tier": 2, "quantity": 18}]});
    let block = cloud.organize(Method::POST, &path, &request).await.ok(201);
    let person = |name: &str, quantity: u32| {
        let email = format!("{name}@example.org");
        json!({"email": email, "tier": 2, "quantity": quantity, "block_id": block["block_id"]})
    };
    give(&cloud, &event, "a", json!([person("ann", 2), person("bob", 3)]))
        .await
        .ok(201);
    assert_eq!(counts(&cloud, &event, 1).await, json!([2, 13, 5]));
    // At another event it is no block, and nobody hears how much is left in it.
    let elsewhere = cloud.event(|_| {}).await;
    for quantity in [1, 18] {
        let refused = give(&cloud, &elsewhere, "elsewhere", json!([person("eve", quantity)]))
            .await
            .check_problem(422, "invalid-request");
        let said = refused["errors"][0]["detail"].as_str().unwrap();
        assert!(said.contains("must be a block of this event"), "{refused}");
    }
    let refused = give(&cloud, &event, "b", json!([person("cy", 13), person("di", 1)]))
        .await
        .check_problem(422, "invalid-request");
    assert_eq!(refused["errors"][0]["pointer"], "/comps/1/block_id");
    assert_eq!(counts(&cloud, &event, 1).await, json!([2, 13, 5]));
    give(&cloud, &event, "c", json!([person("cy", 13)])).await.ok(201);
    assert_eq!(counts(&cloud, &event, 1).await, json!([2, 0, 18]));
    let blocks = cloud.organize(Method::GET, &path, &Value::Null).await.ok(200);
    assert_eq!(blocks["blocks"], json!([]));
}

#[tokio::test]
async fn a_csv_list_is_given_whole_and_once() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let good = "email,name,tier,quantity,seat_ids\r\nann@example.org,\"Owl, Ann\",,,3 4\r\nbob@example.org,,3,2,\r\n";
    let given = give_csv(&cloud, &event, "a", good).await.ok(201);
    assert_eq!(given["comps"][0]["name"], "Owl, Ann");
    assert_eq!(
        given["comps"][1]["booking"]["tickets"].as_array().unwrap().len(),
        2
    );
    let again = give_csv(&cloud, &event, "a", good).await.ok(201);
    assert_eq!(
        again["comps"][0]["booking"]["booking_id"],
        given["comps"][0]["booking"]["booking_id"]
    );
}

#[tokio::test]
async fn a_csv_list_that_is_wrong_is_refused_with_the_line_and_nobody_gets_anything() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    cloud.hold(&event, &[3]).await.ok(201);
    cloud.hold_tier(&event, 3, 2).await.ok(201);
    for (text, status, kind, told) in [
        (
            "email,tier\na@example.org,2\n\nb@example.org,x\n",
            400,
            "unreadable-request",
            "line 4, tier",
        ),
        (
            "email,tier\na@example.org,2\nb.example.org,2\n",
            422,
            "invalid-request",
            "line 3, email",
        ),
        ("email,tier\na@example.org\n", 400, "unreadable-request", "line 2"),
        (
            "email,colour\na@example.org,2\n",
            400,
            "unreadable-request",
            "line 2, colour",
        ),
        (
            "email,tier\n\"a@example.org,2\n",
            400,
            "unreadable-request",
            "line 2",
        ),
        (
            "email,seat_ids\na@example.org,0\nb@example.org,3\n",
            409,
            "units-taken",
            "line 3: somebody else has seat 3",
        ),
        (
            "email,tier,quantity\na@example.org,3,1\nb@example.org,3,2\n",
            409,
            "units-short",
            "line 3",
        ),
        (
            "email,tier\na@example.org,9\n",
            422,
            "invalid-request",
            "line 2, tier",
        ),
        ("", 422, "invalid-request", "/comps"),
    ] {
        let refused = give_csv(&cloud, &event, "b", text)
            .await
            .check_problem(status, kind);
        assert!(refused.to_string().contains(told), "{text:?}: {refused}");
    }
    // Of what was refused nobody got anything.
    assert_eq!(counts(&cloud, &event, 0).await, json!([9, 0, 0]));
    assert_eq!(counts(&cloud, &event, 2).await, json!([2, 0, 0]));
}

#[tokio::test]
async fn a_list_is_bounded_and_needs_a_published_event() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let people = |count: usize, quantity: u32| {
        let person = json!({"email": "a@example.org", "tier": 2, "quantity": quantity});
        Value::Array(vec![person; count])
    };
    for comps in [people(0, 1), people(201, 1), people(11, 100), people(1, 101)] {
        give(&cloud, &event, "a", comps)
            .await
            .check_problem(422, "invalid-request");
    }
    let both = json!([{"email": "a@example.org", "tier": 2, "seat_ids": [1]}]);
    let neither = json!([{"email": "a@example.org"}]);
    for comps in [both, neither] {
        give(&cloud, &event, "a", comps)
            .await
            .check_problem(422, "invalid-request");
    }
    let draft = cloud.draft(|_| {}).await;
    give(&cloud, &draft, "a", people(1, 1))
        .await
        .check_problem(409, "comps-of-draft");
    // Nobody buys now, and the organizer gives all the same.
    let path = format!("/v1/organizer/events/{event}");
    cloud
        .organize(Method::PATCH, &path, &json!({"sale_stopped": true}))
        .await
        .ok(200);
    give(&cloud, &event, "a", people(1, 1)).await.ok(201);
    cloud
        .organize(
            Method::POST,
            &format!("{path}/cancellation"),
            &json!({"apply": true}),
        )
        .await
        .ok(202);
    give(&cloud, &event, "b", people(1, 1))
        .await
        .check_problem(409, "event-canceled");
}
