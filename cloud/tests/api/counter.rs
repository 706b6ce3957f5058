//! `/v1/organizer/events/{event_id}/tills` and `/counter-sales`: what is sold, given back and counted at a counter.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Client, Cloud};

/// An event, and whoever asks as its box office.
struct Counter<'a> {
    client: &'a Client,
    path: String,
}

impl Counter<'_> {
    async fn post(&self, path: &str, body: &Value) -> Answer {
        let path = format!("{}{path}", self.path);
        self.client.organize(Method::POST, &path, body).await
    }

    async fn get(&self, path: &str) -> Value {
        let path = format!("{}{path}", self.path);
        self.client
            .organize(Method::GET, &path, &Value::Null)
            .await
            .ok(200)
    }

    async fn open(&self, name: &str, cash: i64) -> Value {
        let till = json!({"name": name, "cash": cash});
        self.post("/tills", &till).await.ok(201)
    }

    async fn sell(&self, till: &Value, paid_by: &str, (tier, quantity): (u16, u32), key: &str) -> Answer {
        let sale = json!({
            "till_id": till["till_id"], "paid_by": paid_by, "tiers": [{"tier": tier, "quantity": quantity}],
            "idempotency_key": key, "name": "Bea Buyer",
        });
        self.post("/counter-sales", &sale).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_sold_at_a_counter_printed_and_counted_in_its_till() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let key = cloud.make_key("box_office").await;
    let clerk = cloud.with_key(&key);
    let counter = Counter {
        client: &clerk,
        path: format!("/v1/organizer/events/{event}"),
    };
    let till = counter.open("North counter", 20_000).await;
    assert_eq!(till["opened_by"], key["api_key"]["key_id"]);
    let sold = counter.sell(&till, "cash", (2, 2), "a").await.ok(201);
    assert_eq!(
        (&sold["status"], &sold["amount"], &sold["paid_by"]),
        (&json!("confirmed"), &json!(5_000), &json!("cash"))
    );
    assert_eq!(sold["tickets"].as_array().unwrap().len(), 2);
    assert!(sold["receipt"].is_string(), "{sold}");
    // The same request is the same sale, and its page is there to be printed.
    let again = counter.sell(&till, "cash", (2, 2), "a").await.ok(201);
    assert_eq!(again["booking_id"], sold["booking_id"]);
    let page = cloud.get(cloud.path(&sold["page"])).await;
    assert!(page.text().contains("Print all tickets"), "{}", page.text());
    let printed = cloud.get(&format!("{}/print", cloud.path(&sold["page"]))).await;
    assert_eq!(printed.text().matches("<svg").count(), 2, "{}", printed.text());
    for ticket in sold["tickets"].as_array().unwrap() {
        assert!(
            printed.text().contains(ticket["ticket_code"].as_str().unwrap()),
            "{ticket}"
        );
    }
    counter.sell(&till, "card_terminal", (2, 1), "b").await.ok(201);
    counter
        .sell(&till, "cash", (2, 3), "a")
        .await
        .check_problem(409, "idempotency-key-reused");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sold_at_a_counter_is_given_back_and_reported_there() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let counter = Counter {
        client: &cloud,
        path: format!("/v1/organizer/events/{event}"),
    };
    let till = counter.open("North counter", 20_000).await;
    let sold = counter.sell(&till, "cash", (2, 2), "a").await.ok(201);
    counter.sell(&till, "card_terminal", (2, 1), "b").await.ok(201);
    // What is paid at a counter goes back out of the till.
    let refund = json!({"till_id": till["till_id"], "idempotency_key": "back"});
    let booking = sold["booking_id"].as_str().unwrap();
    let refund = counter
        .post(&format!("/bookings/{booking}/refunds"), &refund)
        .await
        .ok(201);
    assert_eq!(
        (&refund["status"], &refund["amount"]),
        (&json!("given"), &json!(5_000))
    );
    let tills = counter.get("/tills").await;
    let figures = &tills["tills"][0];
    assert_eq!(
        (
            &figures["cash"],
            &figures["card"],
            &figures["cash_given_back"],
            &figures["expected"]
        ),
        (&json!(5_000), &json!(2_500), &json!(5_000), &json!(20_000))
    );
    let close = format!("/tills/{}/close", till["till_id"].as_str().unwrap());
    let closed = counter.post(&close, &json!({"cash": 19_950})).await.ok(200);
    assert_eq!(closed["difference"], -50);
    counter
        .post(&close, &json!({"cash": 20_000}))
        .await
        .check_problem(409, "till-counted");
    counter
        .sell(&till, "cash", (2, 1), "late")
        .await
        .check_problem(409, "till-closed");
    let people = counter.get("/tills").await["people"].clone();
    assert_eq!(
        (&people[0]["tills"], &people[0]["difference"]),
        (&json!(1), &json!(-50))
    );
    check_lists(&counter).await;
}

/// It is in the report, in the export, and found by name.
async fn check_lists(counter: &Counter<'_>) {
    let report = counter.get("/daily-report").await;
    let ways = json!({"cash": 5_000, "card_terminal": 2_500});
    assert_eq!(
        (&report["total"]["ways"], &report["total"]["earned"]),
        (&ways, &json!(2_500))
    );
    let found = counter
        .post("/bookings/search", &json!({"text": "bea b"}))
        .await
        .ok(200);
    assert_eq!(found["bookings"].as_array().unwrap().len(), 2);
    assert_eq!(found["bookings"][0]["name"], "Bea Buyer");
    let export = format!("{}/exports/payments", counter.path);
    let export = counter.client.organize(Method::GET, &export, &Value::Null).await;
    assert!(
        export.text().contains(",sold,till,sales,50.00"),
        "{}",
        export.text()
    );
    assert!(
        export.text().contains(",sold,terminal,sales,25.00"),
        "{}",
        export.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_is_its_persons_and_other_roles_sell_nothing() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let path = format!("/v1/organizer/events/{event}");
    let own = Counter {
        client: &cloud,
        path: path.clone(),
    };
    let till = own.open("Mine", 0).await;
    own.post("/tills", &json!({"name": "Second", "cash": 0}))
        .await
        .check_problem(409, "till-open");
    let key = cloud.make_key("box_office").await;
    let clerk = cloud.with_key(&key);
    let clerks = Counter {
        client: &clerk,
        path: path.clone(),
    };
    clerks
        .sell(&till, "cash", (2, 1), "a")
        .await
        .check_problem(409, "another-persons-till");
    let key = cloud.make_key("support").await;
    let support = cloud.with_key(&key);
    let helper = Counter {
        client: &support,
        path,
    };
    helper
        .sell(&till, "cash", (2, 1), "a")
        .await
        .check_problem(403, "not-allowed");
    // What was paid online is not given out of a till, and without one somebody gives the money of a counter sale by hand.
    let online = cloud.buy(&event, &[0]).await;
    let refund = json!({"till_id": till["till_id"], "idempotency_key": "r"});
    let refunds = format!("/bookings/{}/refunds", online["booking_id"].as_str().unwrap());
    own.post(&refunds, &refund)
        .await
        .check_problem(409, "not-paid-at-counter");
    let sold = own.sell(&till, "cash", (2, 1), "b").await.ok(201);
    let refunds = format!("/bookings/{}/refunds", sold["booking_id"].as_str().unwrap());
    let refund = own.post(&refunds, &json!({"idempotency_key": "s"})).await.ok(201);
    assert_eq!(refund["status"], "refused");
    let given = format!("/refunds/{}/given-outside", refund["refund_id"].as_str().unwrap());
    let given = own.post(&given, &Value::Null).await.ok(200);
    assert_eq!(given["status"], "given_outside");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_sells_while_the_sale_is_stopped_and_not_what_is_taken_or_unknown() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let path = format!("/v1/organizer/events/{event}");
    let counter = Counter {
        client: &cloud,
        path: path.clone(),
    };
    let stop = json!({"sale_stopped": true});
    cloud.organize(Method::PATCH, &path, &stop).await.ok(200);
    let till = counter.open("North", 0).await;
    let seats = |seats: &[u32], key: &str| json!({"till_id": till["till_id"], "paid_by": "cash", "seat_ids": seats, "idempotency_key": key});
    counter.post("/counter-sales", &seats(&[0], "a")).await.ok(201);
    counter
        .post("/counter-sales", &seats(&[0, 1], "b"))
        .await
        .check_problem(409, "units-taken");
    counter
        .post("/counter-sales", &seats(&[99], "c"))
        .await
        .check_problem(422, "invalid-request");
    let mut unknown = seats(&[1], "d");
    unknown["paid_by"] = json!("cheque");
    counter
        .post("/counter-sales", &unknown)
        .await
        .check_problem(422, "unreadable-request");
    let mut wrong = seats(&[1], "e");
    wrong["email"] = json!("nobody");
    counter
        .post("/counter-sales", &wrong)
        .await
        .check_problem(422, "invalid-request");
    // A free ticket is handed out too.
    counter.sell(&till, "cash", (3, 1), "f").await.ok(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sold_at_one_event_is_counted_in_no_till_of_another_event_or_organizer() {
    let cloud = Cloud::start().await;
    let (here, there) = (cloud.event(|_| {}).await, cloud.event(|_| {}).await);
    let counter = |event: &str| Counter {
        client: &cloud,
        path: format!("/v1/organizer/events/{event}"),
    };
    let (here, there) = (counter(&here), counter(&there));
    let (till, other) = (here.open("North", 0).await, there.open("South", 50_000).await);
    let sold = here.sell(&till, "cash", (2, 2), "a").await.ok(201);
    let refused = here.sell(&other, "cash", (2, 1), "b").await;
    refused.check_problem(404, "not-found");
    // Money that goes out of another event's till would be missing there, and in no list.
    let refunds = format!("/bookings/{}/refunds", sold["booking_id"].as_str().unwrap());
    let refund = |till: &Value, key: &str| json!({"till_id": till["till_id"], "idempotency_key": key});
    let refused = here.post(&refunds, &refund(&other, "c")).await;
    refused.check_problem(404, "not-found");
    let close = |till: &Value| format!("/tills/{}/close", till["till_id"].as_str().unwrap());
    here.post(&close(&other), &json!({"cash": 0}))
        .await
        .check_problem(404, "not-found");

    let bats = usher_cloud::cli::add_organizer(&cloud.server.state().store, "Bats".into()).await;
    let bats = cloud.with_key(&json!({"key": bats.unwrap()}));
    let stranger = Counter {
        client: &bats,
        path: here.path.clone(),
    };
    let sale = stranger.sell(&till, "cash", (2, 1), "d").await;
    sale.check_problem(404, "not-found");
    let own_event = bats.event(|_| {}).await;
    let from_own = Counter {
        client: &bats,
        path: format!("/v1/organizer/events/{own_event}"),
    };
    from_own
        .sell(&till, "cash", (2, 1), "e")
        .await
        .check_problem(404, "not-found");
    from_own
        .post(&close(&till), &json!({"cash": 0}))
        .await
        .check_problem(404, "not-found");
    from_own
        .post(&refunds, &refund(&till, "f"))
        .await
        .check_problem(404, "not-found");
    // Nothing of it has changed anything.
    here.post(&refunds, &refund(&till, "g")).await.ok(201);
    let closed = here.post(&close(&till), &json!({"cash": 0})).await.ok(200);
    assert_eq!(
        (&closed["cash"], &closed["cash_given_back"]),
        (&json!(5_000), &json!(5_000))
    );
    assert_eq!(there.get("/tills").await["tills"][0]["expected"], 50_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_that_is_counted_twice_at_once_has_one_count() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let counter = Counter {
        client: &cloud,
        path: format!("/v1/organizer/events/{event}"),
    };
    let till = counter.open("North", 1_000).await;
    let close = format!("/tills/{}/close", till["till_id"].as_str().unwrap());
    let counts = [900, 1_000, 1_100, 1_200].map(|cash| json!({"cash": cash}));
    let closed = futures_util::future::join_all(counts.iter().map(|count| counter.post(&close, count))).await;
    let won: Vec<_> = closed.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(won.len(), 1, "{closed:?}");
    assert_eq!(closed.iter().filter(|answer| answer.status == 409).count(), 3);
    let listed = counter.get("/tills").await;
    assert_eq!(listed["tills"][0]["counted"], won[0].json()["counted"]);
    // Who sells as it is closed sells from no till.
    counter
        .sell(&till, "cash", (2, 1), "late")
        .await
        .check_problem(409, "till-closed");
}
