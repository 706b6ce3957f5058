//! Letters to buyers, over a real mail server that encrypts, asks for a log-in, fails, and loses answers.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::time::sleep;

use super::client::{Client, Cloud};
use super::mail_server::MailServer;
use super::patience::until_so;
use super::process::{Process, SETTINGS, organizer_key, settings};

const HOUR_MS: u64 = 3_600_000;

pub async fn with_mail() -> (MailServer, Cloud) {
    let server = MailServer::start();
    let cloud = Cloud::with(|config| server.set(config)).await;
    (server, cloud)
}

async fn listed(cloud: &Cloud, event: &str, status: &str) -> Value {
    let path = format!("/v1/organizer/events/{event}/letters?status={status}");
    cloud.organize(Method::GET, &path, &Value::Null).await.ok(200)
}

/// Waits until the only letter of an event stands so.
async fn until(cloud: &Cloud, event: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..600 {
        let found = listed(cloud, event, "").await["letters"].clone();
        if found.as_array().is_some_and(|found| found.len() == 1) && is_so(&found[0]) {
            return found[0].clone();
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("{}", listed(cloud, event, "").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_gets_a_letter_with_what_they_bought() {
    let (server, cloud) = with_mail().await;
    let event = cloud
        .event(|event| event["name"] = "Owls & <Larks> – Nächte".into())
        .await;
    let booking = cloud.buy(&event, &[0, 1]).await;
    let letter = server.until(1).await.remove(0);
    assert_eq!(letter["to"], serde_json::json!(["owl@example.org"]));
    assert_eq!((&letter["tls"], &letter["user"]), (&true.into(), &"usher".into()));
    let headers = &letter["headers"];
    assert_eq!(headers["subject"], "Your tickets for Owls & <Larks> – Nächte");
    assert_eq!(headers["from"], "Owls <tickets@owls.example>");
    assert_eq!(headers["reply-to"], "box-office@owls.example");
    assert_eq!(headers["auto-submitted"], "auto-generated");
    let sent = until(&cloud, &event, |letter| letter["status"] == "sent").await;
    let id = sent["letter_id"].as_str().unwrap();
    assert_eq!(headers["message-id"], format!("<{id}@owls.example>"));
    assert_eq!(
        (&sent["type"], &sent["answer"]),
        (&"booking_confirmed".into(), &"taken".into())
    );
    assert_eq!(sent["booking_code"], booking["code"]);
    let (text, html) = (letter["text"].as_str().unwrap(), letter["html"].as_str().unwrap());
    for part in [
        booking["page"].as_str().unwrap(),
        booking["code"].as_str().unwrap(),
        "Stalls, row A, seat 1",
        "90.00 EUR",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
        assert!(html.contains(part), "{part} is not in {html}");
    }
    assert!(text.contains("Owls & <Larks> – Nächte"), "{text}");
    assert!(html.contains("Owls &#38; &#60;Larks&#62; – Nächte"), "{html}");
    let files = letter["files"].as_array().unwrap();
    let named: Vec<_> = files.iter().map(|file| (&file["name"], &file["type"])).collect();
    assert_eq!(
        named,
        [
            (&"tickets.pdf".into(), &"application/pdf".into()),
            (&"event.ics".into(), &"text/calendar".into())
        ]
    );
    assert!(
        files[0]["hex"].as_str().unwrap().starts_with("255044462d"),
        "it is a PDF"
    );
    // Nothing is left to do.
    assert_eq!(server.taken().len(), 1);
    assert_eq!(cloud.server.state().store.job_counts(()).await.unwrap().open, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_in_the_language_that_their_booking_was_made_in() {
    let (server, cloud) = with_mail().await;
    let event = cloud.event(|_| {}).await;
    let held = cloud.hold(&event, &[0]).await.ok(201);
    let booking = |language: &str| {
        let mut booking = serde_json::json!({
            "reservation_id": held["reservation_id"],
            "payment_token": "tok_ok",
            "idempotency_key": "de",
            "email": "owl@example.org",
        });
        booking["language"] = language.into();
        booking
    };
    // Of a language that we do not speak nothing is booked.
    assert_eq!(cloud.post("/v1/bookings", &booking("tlh")).await.status, 422);
    let first = cloud.post("/v1/bookings", &booking("de")).await.ok(201);
    // Whoever asks again from a page in another language asks for the same.
    let again = cloud.post("/v1/bookings", &booking("fr")).await.ok(201);
    assert_eq!(first["booking_id"], again["booking_id"]);
    let letter = server.until(1).await.remove(0);
    assert_eq!(letter["headers"]["subject"], "Ihre Tickets für Night of the Owls");
    let (text, html) = (letter["text"].as_str().unwrap(), letter["html"].as_str().unwrap());
    for part in [
        "Ihre Tickets sind da.",
        "Stalls, Reihe A, Platz 1",
        "45,00\u{a0}€",
        "4. Juni 2027",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
        assert!(html.contains(part), "{part} is not in {html}");
    }
    assert!(html.contains("<html lang=\"de\" dir=\"ltr\">"), "{html}");
    // Whoever gets a ticket from its buyer most likely reads what the buyer reads.
    let ticket = first["tickets"][0]["ticket_id"].as_str().unwrap();
    let path = format!("/v1/organizer/events/{event}/tickets/{ticket}/transfer");
    let to = serde_json::json!({"email": "lark@example.org"});
    done(&cloud, Method::POST, &path, &to).await;
    let told = server.until(3).await.split_off(1);
    let mut subjects: Vec<_> = told
        .iter()
        .map(|letter| letter["headers"]["subject"].as_str().unwrap())
        .collect();
    subjects.sort_unstable();
    assert_eq!(
        subjects,
        [
            "Ihr Ticket für Night of the Owls",
            "Ihr Ticket für Night of the Owls gehört jetzt jemand anderem"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_is_not_taken_is_sent_again_and_one_that_is_refused_waits_for_its_organizer() {
    let (server, cloud) = with_mail().await;
    let event = cloud.event(|_| {}).await;
    server.fail("data 451 4.7.1 greylisted, owl@example.org\nrcpt 421 4.3.0 busy\n");
    cloud.buy(&event, &[0]).await;
    let first = until(&cloud, &event, |letter| letter["failures"] == 1).await;
    assert_eq!(
        (&first["status"], &first["answer"]),
        (&"waiting".into(), &"451".into())
    );
    cloud.clock.advance_ms(HOUR_MS);
    until(&cloud, &event, |letter| letter["failures"] == 2).await;
    cloud.clock.advance_ms(HOUR_MS);
    until(&cloud, &event, |letter| letter["status"] == "sent").await;
    assert_eq!(server.taken().len(), 1);

    let other = cloud.event(|_| {}).await;
    server.fail("rcpt 550 5.1.1 owl@example.org is not known here\n");
    cloud.buy(&other, &[0]).await;
    let refused = until(&cloud, &other, |letter| letter["status"] == "given_up").await;
    assert_eq!(refused["answer"], "550");
    assert!(!refused.to_string().contains("owl@"), "{refused}");
    let path = format!(
        "/v1/organizer/events/{other}/letters/{}/replay",
        refused["letter_id"].as_str().unwrap()
    );
    let elsewhere = path.replace(&other, &event);
    let answer = cloud.organize(Method::POST, &elsewhere, &Value::Null).await;
    answer.check_problem(404, "not-found");
    let begun = cloud.organize(Method::POST, &path, &Value::Null).await.ok(200);
    assert_eq!(
        (&begun["status"], &begun["failures"]),
        (&"waiting".into(), &0.into())
    );
    until(&cloud, &other, |letter| letter["status"] == "sent").await;
    assert_eq!(server.taken().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_leads_to_the_same_letter_again() {
    let (server, cloud) = with_mail().await;
    let event = cloud.event(|_| {}).await;
    server.fail("lost\n");
    cloud.buy(&event, &[0]).await;
    let lost = until(&cloud, &event, |letter| letter["failures"] == 1).await;
    assert_eq!(lost["status"], "waiting");
    cloud.clock.advance_ms(HOUR_MS);
    until(&cloud, &event, |letter| letter["status"] == "sent").await;
    let taken = server.taken();
    assert_eq!(taken.len(), 2);
    assert_eq!(
        taken[0]["headers"]["message-id"],
        taken[1]["headers"]["message-id"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_mail_nothing_is_written_and_the_organizer_is_told() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    cloud.buy(&event, &[0]).await;
    let listed = listed(&cloud, &event, "").await;
    assert_eq!(listed, serde_json::json!({"has_mail": false, "letters": []}));
    assert_eq!(cloud.server.state().store.job_counts(()).await.unwrap().open, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_or_certificate_keeps_letters_waiting() {
    let server = MailServer::start();
    let wrong = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(wrong.path(), "close sesame").unwrap();
    for (answer, is_password) in [("535", true), ("tls", false)] {
        let cloud = Cloud::with(|config| {
            server.set(config);
            if is_password {
                config.mail.password_file = wrong.path().to_owned();
            } else {
                config.mail.ca_file = std::path::PathBuf::new();
            }
        })
        .await;
        let event = cloud.event(|_| {}).await;
        cloud.buy(&event, &[0]).await;
        let waiting = until(&cloud, &event, |letter| letter["failures"] == 1).await;
        assert_eq!(
            (&waiting["status"], &waiting["answer"]),
            (&"waiting".into(), &answer.into())
        );
    }
    assert_eq!(server.taken().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_outlives_the_server_that_wrote_it() {
    let server = MailServer::start();
    let directory = settings(&format!("{SETTINGS}\n{}", server.settings()));
    let key = organizer_key(directory.path()).await;
    let mut process = Process::start(directory.path()).await;
    let client = Client::new(process.base.clone(), key);
    let event = client.event(|_| {}).await;
    server.fail("rcpt 451 4.3.0 later\n");
    client.buy(&event, &[0]).await;
    until_so("the mail server to fail", async || server.has_failed()).await;
    process.child.kill().await.unwrap();
    assert_eq!(server.taken().len(), 0);
    let process = Process::start(directory.path()).await;
    let letter = server.until(1).await.remove(0);
    assert_eq!(letter["to"], serde_json::json!(["owl@example.org"]));
    drop(process);
}

/// Does something as the organizer, and requires success.
async fn done(cloud: &Cloud, method: Method, path: &str, body: &Value) -> Value {
    let answer = cloud.organize(method, path, body).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text());
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_are_sent_again_and_to_a_corrected_address() {
    let (server, cloud) = with_mail().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    server.until(1).await;
    let id = booking["booking_id"].as_str().unwrap();
    let path = format!("/v1/organizer/events/{event}/bookings/{id}");
    let resent = cloud
        .organize(Method::POST, &format!("{path}/resend"), &Value::Null)
        .await
        .ok(202);
    let again = server.until(2).await.remove(1);
    let message = format!("<{}@owls.example>", resent["letter_id"].as_str().unwrap());
    assert_eq!(again["headers"]["message-id"], message);

    let address = format!("{path}/address");
    let wrong = serde_json::json!({"email": "lark", "resend": true});
    let refused = cloud.organize(Method::POST, &address, &wrong).await;
    refused.check_problem(422, "invalid-request");
    let right = serde_json::json!({"email": "lark@example.org", "resend": true});
    done(&cloud, Method::POST, &address, &right).await;
    let corrected = server.until(3).await.remove(2);
    assert_eq!(corrected["to"], serde_json::json!(["lark@example.org"]));
    let shown = cloud.get(&format!("/v1/bookings/{id}")).await.ok(200);
    assert_eq!(shown["email"], "lark@example.org");
    // Who did it is written down, and no address is.
    let acts = cloud
        .organize(Method::GET, "/v1/organizer/acts", &Value::Null)
        .await
        .text();
    assert!(
        acts.contains("correct_address") && acts.contains("send_letters"),
        "{acts}"
    );
    assert!(!acts.contains("lark@"), "{acts}");

    let elsewhere = cloud.event(|_| {}).await;
    for end in ["resend", "address"] {
        let path = format!("/v1/organizer/events/{elsewhere}/bookings/{id}/{end}");
        cloud
            .organize(Method::POST, &path, &right)
            .await
            .check_problem(404, "not-found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sender_and_receiver_are_told_and_so_is_whoever_gets_money_back() {
    let (server, cloud) = with_mail().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0, 1]).await;
    server.until(1).await;
    let ticket = |number: usize| booking["tickets"][number]["ticket_id"].as_str().unwrap();
    let path = |number, deed| format!("/v1/organizer/events/{event}/tickets/{}/{deed}", ticket(number));
    let to = serde_json::json!({"email": "lark@example.org"});
    let new = done(&cloud, Method::POST, &path(0, "transfer"), &to).await;
    let told = server.until(3).await.split_off(1);
    let find = |told: &[Value], to: &str| {
        let found = told.iter().find(|letter| letter["to"][0] == to);
        found.unwrap_or_else(|| panic!("nothing to {to}")).clone()
    };
    let received = find(&told, "lark@example.org");
    let text = received["text"].as_str().unwrap();
    assert!(
        text.contains(&format!("/tickets/{}", new["ticket_id"].as_str().unwrap())),
        "{text}"
    );
    assert!(
        !text.contains("/bookings/"),
        "the booking is the sender's: {text}"
    );
    let sent = find(&told, "owl@example.org");
    assert_eq!(
        sent["headers"]["subject"].as_str().unwrap().split(" for ").next(),
        Some("Your ticket")
    );
    assert!(
        sent["text"]
            .as_str()
            .unwrap()
            .contains("Its code lets nobody in any more"),
        "{sent}"
    );

    done(&cloud, Method::POST, &path(1, "reissue"), &Value::Null).await;
    let reissued = server.until(4).await.remove(3);
    assert!(
        reissued["text"].as_str().unwrap().contains("has a new code"),
        "{reissued}"
    );
    assert_eq!(reissued["files"][0]["name"], "tickets.pdf");

    let refund = serde_json::json!({"amount": 1000, "tickets": [], "idempotency_key": "r"});
    let path = format!(
        "/v1/organizer/events/{event}/bookings/{}/refunds",
        booking["booking_id"].as_str().unwrap()
    );
    done(&cloud, Method::POST, &path, &refund).await;
    let given = server.until(5).await.remove(4);
    assert!(
        given["text"]
            .as_str()
            .unwrap()
            .contains("We have refunded 10.00 EUR of your booking"),
        "{given}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organizer_writes_to_all_buyers_after_a_look_and_a_try() {
    let (server, cloud) = with_mail().await;
    let event = cloud.event(|_| {}).await;
    cloud.buy(&event, &[0]).await;
    cloud.buy(&event, &[1]).await;
    server.until(2).await;
    let path = format!("/v1/organizer/events/{event}/mailings");
    let mut note = serde_json::json!({"subject": "Bring a coat", "body": "The roof is <open>.\n\nSee you!"});
    note["email"] = "me@owls.example".into();
    let preview = done(&cloud, Method::POST, &format!("{path}/preview"), &note).await;
    assert_eq!(
        (&preview["recipients"], &preview["test"]),
        (&2.into(), &"taken".into())
    );
    assert!(
        preview["html"]
            .as_str()
            .unwrap()
            .contains("The roof is &#60;open&#62;."),
        "{preview}"
    );
    let tried = server.until(3).await.remove(2);
    assert_eq!(tried["to"], serde_json::json!(["me@owls.example"]));
    cloud
        .organize(Method::POST, &path, &note)
        .await
        .check_problem(422, "invalid-request");
    note.as_object_mut().unwrap().remove("email");
    let made = cloud.organize(Method::POST, &path, &note).await.ok(202);
    let told = server.until(5).await.split_off(3);
    for letter in &told {
        assert_eq!(letter["headers"]["subject"], "Bring a coat");
        assert!(letter["text"].as_str().unwrap().contains("See you!"), "{letter}");
    }
    let listed = done(&cloud, Method::GET, &path, &Value::Null).await;
    assert_eq!(listed["mailings"][0]["mailing_id"], made["mailing_id"]);
    assert_eq!(
        (
            &listed["mailings"][0]["written"],
            &listed["mailings"][0]["is_complete"]
        ),
        (&2.into(), &true.into())
    );
    // A tier that nobody has a ticket of.
    note["tier"] = 2.into();
    let preview = done(&cloud, Method::POST, &format!("{path}/preview"), &note).await;
    assert_eq!(preview["recipients"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn buyers_are_told_that_an_event_is_canceled_and_that_money_comes_back() {
    let (server, cloud) = with_mail().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0, 2]).await;
    cloud.buy(&event, &[1]).await;
    server.until(2).await;
    let ticket = booking["tickets"][0]["ticket_id"].as_str().unwrap();
    let path = format!("/v1/organizer/events/{event}/tickets/{ticket}/transfer");
    let to = serde_json::json!({"email": "lark@example.org"});
    let new = done(&cloud, Method::POST, &path, &to).await;
    server.until(4).await;
    let cancel = format!("/v1/organizer/events/{event}/cancellation");
    done(&cloud, Method::POST, &cancel, &serde_json::json!({"apply": true})).await;
    // What is written while other letters are sent waits a second.
    until_so("nine letters", async || {
        cloud.clock.advance_ms(1_000);
        sleep(Duration::from_millis(100)).await;
        server.taken().len() >= 9
    })
    .await;
    let told = server.until(9).await.split_off(4);
    let canceled: Vec<_> = told
        .iter()
        .filter(|letter| {
            letter["headers"]["subject"]
                .as_str()
                .unwrap()
                .starts_with("Cancelled: ")
        })
        .collect();
    assert_eq!(canceled.len(), 3, "{told:?}");
    // Whoever has a ticket of somebody else's booking is told of the ticket, and that the money is the buyer's.
    let held = canceled
        .iter()
        .find(|letter| letter["to"][0] == "lark@example.org");
    let text = held.unwrap()["text"].as_str().unwrap();
    for part in [
        "is given back to whoever bought your tickets",
        &format!("/tickets/{}", new["ticket_id"].as_str().unwrap()),
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains("/bookings/"), "the booking is the buyer's: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn buyers_are_told_of_another_date() {
    let (server, cloud) = with_mail().await;
    let event = cloud.event(|_| {}).await;
    cloud.buy(&event, &[0]).await;
    server.until(1).await;
    let shown = done(
        &cloud,
        Method::GET,
        &format!("/v1/organizer/events/{event}"),
        &Value::Null,
    )
    .await;
    let later = |member: &str| shown[member].as_str().unwrap().replacen("2027", "2028", 1);
    let dates =
        serde_json::json!({"starts_at": later("starts_at"), "ends_at": later("ends_at"), "apply": true});
    done(
        &cloud,
        Method::POST,
        &format!("/v1/organizer/events/{event}/move"),
        &dates,
    )
    .await;
    let told = server.until(2).await.remove(1);
    assert!(
        told["headers"]["subject"]
            .as_str()
            .unwrap()
            .starts_with("New date: "),
        "{told}"
    );
    assert!(told["text"].as_str().unwrap().contains("2028"), "{told}");
    assert_eq!(told["files"][0]["name"], "event.ics");
}
