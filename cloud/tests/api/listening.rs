//! `/v1/events/{event_id}/seats/stream`.

use data_encoding::{BASE64, HEXLOWER};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::client::Cloud;

/// Somebody who listens.
struct Listener {
    response: Response,
    heard: String,
}

/// What they heard.
#[derive(Debug)]
struct Heard {
    event: String,
    id: u64,
    data: String,
}

impl Listener {
    async fn of(cloud: &Cloud, event: &str, known: Option<u64>) -> Self {
        let mut request = cloud.request(Method::GET, &format!("/v1/events/{event}/seats/stream"));
        if let Some(known) = known {
            request = request.header("last-event-id", known);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response,
            heard: String::new(),
        }
    }

    /// Hears the next event; none when the stream has ended.
    async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some((event, rest)) = self.heard.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.heard = rest;
                let field = |name: &str| {
                    let mut fields = event.lines().filter_map(|line| line.split_once(": "));
                    fields
                        .find(|(field, _)| *field == name)
                        .map(|(_, value)| value.to_owned())
                };
                let Some(id) = field("id") else {
                    continue;
                };
                return Some(Heard {
                    event: field("event").unwrap(),
                    id: id.parse().unwrap(),
                    data: field("data").unwrap(),
                });
            }
            let more = self.response.chunk().await.unwrap()?;
            self.heard.push_str(std::str::from_utf8(&more).unwrap());
        }
    }

    async fn changes(&mut self) -> Value {
        let heard = self.next().await.unwrap();
        assert_eq!(heard.event, "changes");
        let changes: Value = serde_json::from_str(&heard.data).unwrap();
        assert_eq!(changes["to"], heard.id);
        changes
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_hear_all_that_changes_from_where_they_know_it() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let mut first = Listener::of(&cloud, &event, None).await;
    let snapshot = first.next().await.unwrap();
    let availability = cloud.get(&format!("/v1/events/{event}/availability")).await;
    assert_eq!(snapshot.event, "snapshot");
    let told = BASE64.decode(snapshot.data.as_bytes()).unwrap();
    assert_eq!(HEXLOWER.encode(&told), HEXLOWER.encode(&availability.bytes));

    let mut second = Listener::of(&cloud, &event, None).await;
    assert_eq!(second.next().await.unwrap().id, snapshot.id);
    cloud.hold(&event, &[1]).await.ok(201);
    cloud.clock.advance_ms(1_000);
    let changes = first.changes().await;
    let tiers = json!([{ "tier": 1, "available": 9 }]);
    let expected = json!({ "from": snapshot.id, "to": snapshot.id + 1, "held": [1], "tiers": tiers });
    assert_eq!(changes, expected);
    assert_eq!(second.changes().await, expected);
    cloud.hold(&event, &[2, 3]).await.ok(201);
    cloud.clock.advance_ms(5_000);
    assert_eq!(second.changes().await["held"], json!([2, 3]));

    // Whoever was away goes on where they were, and is told all of it if that was too long ago.
    let mut back = Listener::of(&cloud, &event, Some(snapshot.id)).await;
    assert_eq!(back.changes().await, expected);
    assert_eq!(back.changes().await["held"], json!([2, 3]));
    let mut long_ago = Listener::of(&cloud, &event, Some(1)).await;
    let anew = long_ago.next().await.unwrap();
    assert_eq!((anew.event.as_str(), anew.id), ("snapshot", snapshot.id + 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_ends_its_streams() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let mut listener = Listener::of(&cloud, &event, None).await;
    assert!(listener.next().await.is_some());
    cloud.server.state().draining.cancel();
    assert!(listener.next().await.is_none());
}

#[tokio::test]
async fn nobody_listens_to_what_is_not_on_sale() {
    let cloud = Cloud::start().await;
    let draft = cloud.draft(|_| {}).await;
    let path = format!("/v1/events/{draft}/seats/stream");
    cloud.get(&path).await.check_problem(404, "not-found");
}
