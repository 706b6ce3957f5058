//! A cloud with an event on sale, as a router; its sockets stay shut.

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use serde_json::{Value, json};
use usher_cloud::cli::add_organizer;
use usher_cloud::clock::Clock;
use usher_cloud::config::{Config, Payments};
use usher_cloud::routes;
use usher_cloud::state::AppState;
use usher_keys::KeyRequest;

use super::{Into, Route, Server, answer, request};
use crate::hostile::scene::{root, roots};
use crate::stage::festival::{self, Places, SEATED};

/// Few enough that an event can be sold out by chance.
const PLACES: Places = Places {
    rows: 3,
    seats_per_row: 20,
    standing: 60,
    weekend: 20,
};

/// Opens it.
pub async fn open() -> Server {
    let folder = tempfile::tempdir().expect("a folder for the data");
    let config = Config {
        data_dir: folder.path().to_owned(),
        payments: Payments {
            timeout_seconds: 1,
            ..Payments::default()
        },
        ..Config::default()
    };
    let state = AppState::open(config, Clock::system(), "http://localhost".to_owned()).await;
    let state = state.expect("a cloud opens in an empty folder");
    state
        .authorities
        .start()
        .await
        .expect("there is no event to read");
    let token = add_organizer(&state.store, "Owl Events".to_owned()).await;
    let mut cloud = Opening {
        router: routes::router(Arc::clone(&state)),
        token: token.expect("the store takes an organizer"),
    };
    let names = cloud.put_on_sale().await;
    Server {
        routes: table(&names),
        router: cloud.router,
        names,
        token: cloud.token,
        _kept: Box::new((state, folder)),
    }
}

struct Opening {
    router: Router,
    token: String,
}

impl Opening {
    async fn put_on_sale(&mut self) -> Vec<(&'static str, String)> {
        let venue = self.post("/v1/organizer/venues", festival::venue()).await;
        let venue = text(&venue["venue_id"]);
        let event = self
            .post("/v1/organizer/events", festival::draft(&venue, PLACES))
            .await;
        let event = text(&event["event_id"]);
        let own = format!("/v1/organizer/events/{event}");
        let asked = self.post(&format!("{own}/key-request"), Value::Null).await;
        let asked: KeyRequest = serde_json::from_value(asked).expect("the cloud asks for keys");
        let signed = serde_json::to_value(asked.first_bundle(roots()).sign(&[&root()]));
        let signed = signed.expect("a bundle has a JSON form");
        self.ask(Method::PUT, &format!("{own}/trust-bundle"), signed)
            .await;
        self.post(&format!("{own}/publish"), Value::Null).await;
        let wish = json!({ "event_id": event, "tiers": [{ "tier": SEATED, "quantity": 1 }] });
        let sold = text(&self.post("/v1/reservations", wish.clone()).await["reservation_id"]);
        let order = json!({ "reservation_id": sold, "payment_token": "tok_ok",
                            "idempotency_key": "hostile", "email": "ann@example.org" });
        let booking = self.post("/v1/bookings", order).await;
        let held = text(&self.post("/v1/reservations", wish).await["reservation_id"]);
        vec![
            ("$venue", venue),
            ("$event", event),
            ("$reservation", held),
            ("$booking", text(&booking["booking_id"])),
            ("$ticket", text(&booking["tickets"][0]["ticket_id"])),
        ]
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.ask(Method::POST, path, body).await
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let request = request(&method, path, Some(&self.token), body.into_bytes());
        let request = request.expect("an address without surprises");
        let (status, answer) = answer(self.router.clone(), request).await;
        assert!(
            status.is_success(),
            "{path}: {status} {}",
            String::from_utf8_lossy(&answer)
        );
        serde_json::from_slice(&answer).unwrap_or_default()
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .expect("the cloud names what it has made")
        .to_owned()
}

/// New routes go to the end: the corpus names them by number.
fn table(names: &[(&'static str, String)]) -> Vec<Route> {
    use Into::{Body, Path, Query};
    let routes = [
        (Method::POST, "/v1/reservations", Body),
        (Method::POST, "/v1/bookings", Body),
        (Method::POST, "/v1/enrolments", Body),
        (Method::POST, "/v1/organizer/venues", Body),
        (Method::POST, "/v1/organizer/events", Body),
        (Method::PATCH, "/v1/organizer/events/$event", Body),
        (Method::PUT, "/v1/organizer/events/$event/policy", Body),
        (Method::PUT, "/v1/organizer/events/$event/trust-bundle", Body),
        (Method::POST, "/v1/organizer/events/$event/enrolment-codes", Body),
        (Method::GET, "/v1/events", Query),
        (Method::GET, "/v1/organizer/events/$event/admissions", Query),
        (Method::GET, "/v1/events", Path),
        (Method::GET, "/v1/reservations", Path),
        (Method::DELETE, "/v1/reservations", Path),
        (Method::GET, "/v1/bookings", Path),
        (Method::GET, "/v1/tickets", Path),
        (Method::POST, "/v1/organizer/events/$event/tickets", Path),
        (Method::POST, "/v1/organizer/events/$event/devices", Path),
        (Method::GET, "/assets", Path),
        (Method::GET, "/bookings", Path),
        (Method::GET, "/tickets", Path),
        (Method::GET, "/events", Path),
    ];
    let filled = routes.map(|(method, path, into)| (method, super::filled(path, names), into));
    filled.to_vec()
}
