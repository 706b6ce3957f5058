//! `/v1/tickets/{ticket_id}/bind` and what comes of it: tickets that a phone shows live, and tiers that ask for them.

use reqwest::Method;
use serde_json::{Value, json};
use usher_keys::{SecretKey, Timestamp};
use usher_protocol::policy::Policy;
use usher_protocol::state::State;
use usher_protocol::ticket::{Payload, Rejection, digits};
use usher_protocol::{Unit, ZoneId};

use super::client::{Answer, Cloud, START};
use super::hub::Hub;

fn phone(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

fn id(ticket: &Value) -> &str {
    ticket["ticket_id"].as_str().unwrap()
}

async fn bind(cloud: &Cloud, ticket: &Value, phone: &SecretKey, booking: Option<&Value>) -> Answer {
    let mut asked = json!({ "holder": phone.public() });
    if let Some(booking) = booking {
        asked["booking_id"] = booking["booking_id"].clone();
    }
    cloud
        .post(&format!("/v1/tickets/{}/bind", id(ticket)), &asked)
        .await
}

async fn order(cloud: &Cloud, event: &str, rest: &str) -> Answer {
    let path = format!("/v1/organizer/events/{event}/{rest}");
    cloud.organize(Method::POST, &path, &Value::Null).await
}

async fn sold(cloud: &Cloud) -> (String, Value) {
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[2]).await;
    (event, booking)
}

/// What a hub of the event says to a code that is shown at a moment.
fn check_at_gate(hub: &Hub, code: &str, now: Timestamp, expected: Result<u32, Rejection>) {
    let read = hub.verify(code, now);
    assert_eq!(read, expected, "{code} at {now:?}");
}

fn shown_live(ticket: &Value, phone: &SecretKey, at: Timestamp) -> String {
    let mut code = digits::decode(ticket["payload"].as_str().unwrap().as_bytes()).unwrap();
    let (_, body, _) = Payload::parse(&code).unwrap();
    assert!(body.len() > 32, "the phone's key is in it");
    code.extend_from_slice(&at.0.to_le_bytes());
    let signature = phone.sign(usher_keys::Domain::Live, &code);
    code.extend_from_slice(&signature.0);
    digits::encode(&code)
}

#[tokio::test]
async fn a_bound_ticket_opens_gates_only_while_its_phone_signs_along() {
    let cloud = Cloud::start().await;
    let (event, booking) = sold(&cloud).await;
    let old = &booking["tickets"][0];
    let new = bind(&cloud, old, &phone(7), None).await.ok(200);
    assert_eq!(
        (&new["status"], &new["generation"], &new["live"], &old["live"]),
        (&json!("valid"), &json!(2), &json!(true), &json!(false))
    );
    assert_eq!(
        bind(&cloud, old, &phone(7), None).await.ok(200),
        new,
        "asked again"
    );
    assert_eq!(
        bind(&cloud, &new, &phone(7), None).await.ok(200),
        new,
        "asked of the new one"
    );
    let after = cloud.get(&format!("/v1/tickets/{}", id(old))).await.ok(200);
    assert_eq!(
        (&after["status"], &after["payload"]),
        (&json!("superseded"), &Value::Null)
    );
    for picture in ["svg", "png"] {
        let picture = cloud.get(cloud.path(&new["links"][picture])).await;
        picture.check_problem(404, "not-found");
    }

    let hub = super::gates::hub(&cloud, &event, 1).await;
    let _link = hub.link(&cloud).await;
    hub.until(|state| state.policy().is_some()).await;
    let live = shown_live(&new, &phone(7), START);
    check_at_gate(&hub, &live, START.plus_ms(30_000), Ok(2));
    check_at_gate(&hub, &live, START.plus_ms(45_000), Err(Rejection::NotLive));
    check_at_gate(&hub, &live, Timestamp(START.0 - 30_001), Err(Rejection::NotLive));
    check_at_gate(
        &hub,
        new["payload"].as_str().unwrap(),
        START,
        Err(Rejection::NotLive),
    );
    let stolen = shown_live(&new, &phone(8), START);
    check_at_gate(&hub, &stolen, START, Err(Rejection::NotLive));
    let unit = u32::try_from(old["unit"].as_u64().unwrap()).unwrap();
    let newest = |state: &State| state.history(Unit(unit), ZoneId(1)).newest;
    hub.until(|state| newest(state).0 == 2).await;
}

#[tokio::test]
async fn a_second_phone_needs_the_booking_and_the_box_office_takes_a_ticket_off_a_lost_one() {
    let cloud = Cloud::start().await;
    let (event, booking) = sold(&cloud).await;
    let elsewhere = cloud.buy(&event, &[3]).await;
    let mut ticket = bind(&cloud, &booking["tickets"][0], &phone(1), None)
        .await
        .ok(200);
    bind(&cloud, &ticket, &phone(2), None)
        .await
        .check_problem(409, "on-another-phone");
    bind(&cloud, &ticket, &phone(2), Some(&elsewhere))
        .await
        .check_problem(404, "not-found");
    for seed in [2, 3] {
        ticket = bind(&cloud, &ticket, &phone(seed), Some(&booking)).await.ok(200);
    }
    assert_eq!(ticket["generation"], 4);
    bind(&cloud, &ticket, &phone(4), Some(&booking))
        .await
        .check_problem(409, "bound-too-often");
    bind(&cloud, &ticket, &phone(3), None).await.ok(200);

    let unbind = format!("tickets/{}/unbind", id(&ticket));
    let paper = order(&cloud, &event, &unbind).await.ok(200);
    assert_eq!((&paper["live"], &paper["generation"]), (&json!(false), &json!(5)));
    assert_eq!(order(&cloud, &event, &unbind).await.ok(200), paper, "asked again");
    let same = order(&cloud, &event, &format!("tickets/{}/unbind", id(&paper))).await;
    assert_eq!(same.ok(200), paper, "it is on no phone");
    bind(&cloud, &ticket, &phone(3), Some(&booking))
        .await
        .check_problem(409, "ticket-superseded");
    let again = bind(&cloud, &paper, &phone(4), None).await.ok(200);
    assert_eq!(
        (&again["live"], &again["status"]),
        (&json!(true), &json!("valid"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_phones_that_bind_one_ticket_at_once_one_wins() {
    let cloud = Cloud::start().await;
    let (_, booking) = sold(&cloud).await;
    let ticket = &booking["tickets"][0];
    let phones: Vec<_> = (1..=16).map(phone).collect();
    let asked = phones.iter().map(|phone| bind(&cloud, ticket, phone, None));
    let answers = futures_util::future::join_all(asked).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    let lost = answers.iter().filter(|answer| answer.status != 200);
    lost.for_each(|answer| drop(answer.check_problem(409, "on-another-phone")));
    let path = format!("/v1/bookings/{}", booking["booking_id"].as_str().unwrap());
    let after = cloud.get(&path).await.ok(200);
    assert_eq!(after["tickets"].as_array().unwrap().len(), 2, "{after}");
}

#[tokio::test]
async fn what_is_no_key_or_void_is_not_bound() {
    let cloud = Cloud::start().await;
    let (event, booking) = sold(&cloud).await;
    let ticket = &booking["tickets"][0];
    let path = format!("/v1/tickets/{}/bind", id(ticket));
    // The neutral point: anybody could sign for it.
    let weak = format!("01{}", "0".repeat(62));
    let refused = cloud.post(&path, &json!({ "holder": weak })).await;
    let problem = refused.check_problem(422, "invalid-request");
    assert_eq!(problem["errors"][0]["pointer"], "/holder");
    let nobodys = format!("/v1/tickets/tkt_{}/bind", "0".repeat(64));
    let asked = json!({ "holder": phone(1).public() });
    cloud.post(&nobodys, &asked).await.check_problem(404, "not-found");
    order(&cloud, &event, &format!("tickets/{}/revoke", id(ticket)))
        .await
        .ok(200);
    bind(&cloud, ticket, &phone(1), None)
        .await
        .check_problem(409, "ticket-revoked");
}

#[tokio::test]
async fn an_organizer_says_from_when_on_a_tier_takes_live_tickets_alone() {
    let cloud = Cloud::start().await;
    let event = cloud
        .event(|draft| {
            draft["tiers"][0]["live"] = json!({ "hours_before_doors": 48 });
            draft["tiers"][1]["live"] = json!({});
        })
        .await;
    let path = format!("/v1/organizer/events/{event}");
    let shown = cloud.organize(Method::GET, &path, &Value::Null).await.ok(200);
    let live = |policy: &Value| [0, 1, 2].map(|tier| policy["tiers"][tier]["live"].clone());
    let from = json!({ "from": "2027-06-02T18:00:00Z" });
    assert_eq!(live(&shown["policy"]), [from.clone(), json!({}), Value::Null]);
    let hub = super::gates::hub(&cloud, &event, 1).await;
    let _link = hub.link(&cloud).await;
    let at = Timestamp(1_811_959_200_000);
    hub.until(|state| {
        let told = |(_, policy): (u32, &Policy)| {
            let told = policy.tiers.iter().map(|tier| tier.live_from);
            told.eq([Some(at), Some(Timestamp(0)), None])
        };
        state.policy().is_some_and(told)
    })
    .await;

    // What is shown can be sent back, and changed while the event runs.
    let mut policy = shown["policy"].clone();
    policy["tiers"][1]["live"] = Value::Null;
    policy["tiers"][2]["live"] = json!({ "hours_before_doors": 1 });
    let put = format!("{path}/policy");
    let shown = cloud.organize(Method::PUT, &put, &policy).await.ok(200);
    let last = json!({ "from": "2027-06-04T17:00:00Z" });
    assert_eq!(live(&shown["policy"]), [from, Value::Null, last]);
    policy["tiers"][2]["live"] = json!({ "hours_before_doors": 1, "from": "2027-06-04T17:00:00Z" });
    let refused = cloud.organize(Method::PUT, &put, &policy).await;
    let problem = refused.check_problem(422, "invalid-request");
    assert_eq!(problem["errors"][0]["pointer"], "/tiers/2/live");
}

#[tokio::test]
async fn pages_and_paper_say_what_shows_a_ticket() {
    let cloud = Cloud::start().await;
    let event = cloud
        .event(|draft| {
            draft["tiers"][0]["live"] = json!({ "hours_before_doors": 48 });
            draft["tiers"][1]["live"] = json!({});
        })
        .await;
    let sale = cloud.get(&format!("/events/{event}")).await.text();
    assert!(sale.contains("shown on your phone, not on paper"), "{sale}");
    assert!(
        sale.contains("from Wed 2 June 2027, 18:00 UTC on shown"),
        "{sale}"
    );
    let (until, always) = (cloud.buy(&event, &[2]).await, {
        let held = cloud.hold_tier(&event, 2, 1).await.ok(201);
        cloud.book(&held, "always", "tok_ok").await.ok(201)
    });
    let page = async |ticket: &Value| cloud.get(cloud.path(&ticket["links"]["page"])).await.text();
    let printed = async |booking: &Value| {
        let path = format!("/bookings/{}/print", booking["booking_id"].as_str().unwrap());
        cloud.get(&path).await.text()
    };
    let (ticket, standing) = (&until["tickets"][0], &always["tickets"][0]);
    let from = "From Wed 2 June 2027, 18:00 UTC on this code opens nothing";
    for text in [page(ticket).await, printed(&until).await] {
        assert!(text.contains(from) && text.contains("QR code"), "{text}");
    }
    for text in [page(standing).await, printed(&always).await] {
        assert!(!text.contains("aria-label=\"QR code\""), "{text}");
        assert!(text.contains("This ticket is shown live"), "{text}");
    }
    cloud.clock.advance_ms(200 * 24 * 3_600_000);
    assert!(
        !page(ticket).await.contains("aria-label=\"QR code\""),
        "paper is over"
    );

    let bound = bind(&cloud, ticket, &phone(1), None).await.ok(200);
    let live = page(&bound).await;
    assert!(live.contains("data-state=\"live\""), "{live}");
    assert!(live.contains(bound["payload"].as_str().unwrap()), "{live}");
    assert!(!live.contains("aria-label=\"QR code\""), "{live}");
    let worker = cloud.get("/assets/ticket-worker.js").await;
    assert_eq!(worker.header("service-worker-allowed"), "/tickets/");
    assert_eq!(
        worker.header("content-security-policy"),
        "default-src 'none'; connect-src 'self'"
    );
    let pdf = format!(
        "/v1/bookings/{}/tickets.pdf",
        until["booking_id"].as_str().unwrap()
    );
    let printed = cloud.get(&pdf).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tickets.pdf");
    std::fs::write(&file, &printed.bytes).unwrap();
    let text = super::printing::ask("pdftotext", &["-layout", file.to_str().unwrap(), "-"]);
    assert!(text.contains("This ticket is shown live"), "{text}");
}
