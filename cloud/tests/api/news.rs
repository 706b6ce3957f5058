//! `/v1/organizer/events/{event_id}/news/stream`: what happens, heard over a connection that breaks off, and by an endpoint all the same.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::client::Cloud;
use super::endpoints::{Receiver, told};
use super::enrolments::code;
use super::hub::Hub;
use super::patience::within_patience;
use super::staff::{Person, person, post_form};

/// Somebody who listens.
struct Listener {
    response: Response,
    heard: String,
}

/// What they heard.
#[derive(Debug)]
struct Heard {
    event: String,
    id: Option<u64>,
    data: Value,
}

fn path(event: &str) -> String {
    format!("/v1/organizer/events/{event}/news/stream")
}

impl Listener {
    async fn of(cloud: &Cloud, event: &str, known: Option<u64>) -> Self {
        let request = cloud.request(Method::GET, &path(event)).bearer_auth(&cloud.key);
        Self::by(request, known).await
    }

    async fn by(mut request: RequestBuilder, known: Option<u64>) -> Self {
        if let Some(known) = known {
            request = request.header("last-event-id", known);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let heard = String::new();
        let mut listener = Self { response, heard };
        // It hears what happens from here on.
        listener.more().await;
        listener
    }

    /// Waits until nothing more is told.
    async fn end(mut self) {
        while let Some(more) = within_patience("the end of the stream", self.response.chunk())
            .await
            .unwrap()
        {
            self.heard.push_str(std::str::from_utf8(&more).unwrap());
        }
        assert!(
            !self.heard.contains("data:"),
            "told after the end: {}",
            self.heard
        );
    }

    async fn more(&mut self) {
        let more = within_patience("more of the stream", self.response.chunk()).await;
        let more = more.unwrap().expect("the stream goes on");
        self.heard.push_str(std::str::from_utf8(&more).unwrap());
    }

    async fn next(&mut self) -> Heard {
        loop {
            let Some((event, rest)) = self.heard.split_once("\n\n") else {
                self.more().await;
                continue;
            };
            let (event, rest) = (event.to_owned(), rest.to_owned());
            self.heard = rest;
            let mut fields = event.lines().filter_map(|line| line.split_once(": "));
            let (mut name, mut id, mut data) = (None, None, Value::Null);
            for (field, value) in &mut fields {
                match field {
                    "event" => name = Some(value.to_owned()),
                    "id" => id = Some(value.parse().unwrap()),
                    "data" => data = serde_json::from_str(value).unwrap(),
                    other => panic!("{other}"),
                }
            }
            if let Some(event) = name {
                return Heard { event, id, data };
            }
        }
    }

    /// Hears all that comes until each of these has.
    async fn kinds(&mut self, wanted: &[&str]) -> Vec<Heard> {
        let mut heard: Vec<Heard> = Vec::new();
        while !wanted
            .iter()
            .all(|kind| heard.iter().any(|heard| heard.event == *kind))
        {
            heard.push(self.next().await);
        }
        heard
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_a_refund_an_admission_and_a_move_are_heard_and_told_alike() {
    let mut serving = JoinSet::new();
    let receiver = Receiver::start(&mut serving).await;
    let (cloud, event, _, _) = told(&receiver).await;
    let mut listener = Listener::of(&cloud, &event, None).await;
    let booking = cloud.buy(&event, &[0, 1]).await;
    let id = booking["booking_id"].as_str().unwrap();

    let shown = code(&cloud, &event, &json!({"role": "hub"})).await.ok(201);
    let hub = Hub::enrol(&cloud, shown["code"].as_str().unwrap(), 1).await;
    let link = hub.link(&cloud).await;
    hub.until(|state| state.policy().is_some() && state.rosters().current().is_some())
        .await;
    hub.admit(booking["tickets"][0]["payload"].as_str().unwrap());

    let tickets = json!([booking["tickets"][1]["ticket_id"]]);
    let refund = json!({"tickets": tickets, "idempotency_key": "r"});
    let path = format!("/v1/organizer/events/{event}/bookings/{id}/refunds");
    let given = cloud.organize(Method::POST, &path, &refund).await.ok(201);
    let moved =
        json!({"starts_at": "2027-06-05T18:00:00Z", "ends_at": "2027-06-05T23:00:00Z", "apply": true});
    let path = format!("/v1/organizer/events/{event}/move");
    cloud.organize(Method::POST, &path, &moved).await.ok(200);

    let wanted = [
        "booking.confirmed",
        "ticket.admitted",
        "ticket.revoked",
        "refund.given",
        "event.changed",
    ];
    let heard = listener.kinds(&wanted).await;
    let ids: Vec<_> = heard.iter().map(|heard| heard.id.unwrap()).collect();
    assert_eq!(ids, (1..=ids.len() as u64).collect::<Vec<_>>());
    let of = |kind: &str| &heard.iter().find(|heard| heard.event == kind).unwrap().data;
    assert_eq!(of("booking.confirmed")["data"]["booking_id"], id);
    assert_eq!(of("refund.given")["data"]["refund_id"], given["refund_id"]);
    assert_eq!(of("refund.given")["data"]["amount"], 4500);
    let admitted = &of("ticket.admitted")["data"];
    assert_eq!((&admitted["unit"], &admitted["persons"]), (&json!(0), &json!(1)));
    assert_eq!(of("event.changed")["data"], json!({"event_id": event}));

    let sent = receiver.sent(heard.len()).await;
    let mut sent: Vec<Value> = sent
        .iter()
        .map(|sent| serde_json::from_str(&sent.body).unwrap())
        .collect();
    let mut heard: Vec<Value> = heard.into_iter().map(|heard| heard.data).collect();
    let by_text = |one: &Value, other: &Value| one.to_string().cmp(&other.to_string());
    sent.sort_by(by_text);
    heard.sort_by(by_text);
    assert_eq!(sent, heard);
    link.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_goes_on_where_it_was_and_hears_of_what_is_forgotten() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    // What happened before anybody listened is not told.
    cloud.buy(&event, &[0]).await;
    let mut listener = Listener::of(&cloud, &event, None).await;
    cloud.buy(&event, &[1]).await;
    let first = listener.next().await;
    assert_eq!((first.event.as_str(), first.id), ("booking.confirmed", Some(1)));
    drop(listener);
    for seat in [2, 3] {
        cloud.buy(&event, &[seat]).await;
    }
    let mut again = Listener::of(&cloud, &event, first.id).await;
    assert_eq!([again.next().await.id, again.next().await.id], [Some(2), Some(3)]);
    // A number of another store is taken for the newest.
    let mut stranger = Listener::of(&cloud, &event, Some(99)).await;
    cloud.buy(&event, &[4]).await;
    assert_eq!(
        (stranger.next().await.id, again.next().await.id),
        (Some(4), Some(4))
    );

    cloud.clock.advance_ms(73 * 3_600_000);
    cloud.buy(&event, &[5]).await;
    let mut late = Listener::of(&cloud, &event, first.id).await;
    assert_eq!(late.next().await.event, "gap");
    assert_eq!(late.next().await.id, Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn news_are_for_managers_of_the_event_alone() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    for role in ["auditor", "box_office", "viewer"] {
        let made = cloud.make_key(role).await;
        let request = cloud.request(Method::GET, &path(&event));
        let refused = cloud
            .send(request.bearer_auth(made["key"].as_str().unwrap()))
            .await;
        refused.check_problem(403, "not-allowed");
    }
    let nobody = cloud.get(&path(&event)).await;
    nobody.check_problem(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_to_whoever_logs_out_is_demoted_or_shows_a_key_that_is_revoked() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let ada = person(&cloud, "manager").await;
    let by = |person: &Person| {
        let request = cloud.request(Method::GET, &path(&event));
        Listener::by(request.header("cookie", &person.cookie), None)
    };
    let (listener, form) = (by(&ada).await, [("form_token", ada.form_token.as_str())]);
    let gone = post_form(&cloud, "/staff/log-out", &ada.cookie, &form).await;
    assert_eq!(gone.status, 303);
    // What happens from here on is no longer theirs to hear.
    cloud.buy(&event, &[0]).await;
    listener.end().await;

    let invited = super::staff::invite(&cloud, &cloud, "bea@owls.example", "manager").await;
    let bea = super::staff::take(&cloud, &invited).await;
    let listener = by(&bea).await;
    let staff = "/v1/organizer/staff";
    let listed = cloud.organize(Method::GET, staff, &Value::Null).await.ok(200);
    let listed = listed["staff"].as_array().unwrap();
    let found = listed.iter().find(|staff| staff["sessions"] == 1);
    let of_bea = format!("{staff}/{}", found.unwrap()["staff_id"].as_str().unwrap());
    let demoted = cloud
        .organize(Method::PATCH, &of_bea, &json!({"role": "viewer"}))
        .await;
    assert_eq!(demoted.status, 200);
    cloud.buy(&event, &[1]).await;
    listener.end().await;

    let made = cloud.make_key("manager").await;
    let request = cloud.request(Method::GET, &path(&event));
    let listener = Listener::by(request.bearer_auth(made["key"].as_str().unwrap()), None).await;
    let revoke = format!(
        "/v1/organizer/api-keys/{}/revoke",
        made["api_key"]["key_id"].as_str().unwrap()
    );
    cloud.organize(Method::POST, &revoke, &Value::Null).await.ok(200);
    cloud.buy(&event, &[2]).await;
    listener.end().await;
}
