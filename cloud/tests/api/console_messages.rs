//! `/console/events/{event_id}/messages`: written, looked at, and sent once to each buyer.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Cloud};
use super::console::said;
use super::letters::with_mail;
use super::mail_server::MailServer;
use super::staff::{Person, between, person, post_form, seen_by};

const SUBJECT: &str = "Bring a <coat>";
const TEXT: &str = "The roof is <b>open</b>.\r\n\r\nSee you & yours!";

/// A cloud with mail, somebody who writes, and an event with two buyers of seats.
async fn sold() -> (MailServer, Cloud, Person, String) {
    let (server, cloud) = with_mail().await;
    let event = cloud.event(|_| {}).await;
    for seats in [&[0, 1][..], &[2]] {
        cloud.buy(&event, seats).await;
    }
    server.until(2).await;
    let writer = person(&cloud, "manager").await;
    (server, cloud, writer, event)
}

fn path_of(event: &str) -> String {
    format!("/console/events/{event}/messages")
}

async fn send(cloud: &Cloud, person: &Person, path: &str, form: &[(&str, &str)]) -> Answer {
    let token = ("form_token", person.form_token.as_str());
    let form = [&[token], form].concat();
    post_form(cloud, path, &person.cookie, &form).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_looked_at_and_goes_once_to_each_booking_however_often_it_is_sent() {
    let (server, cloud, writer, event) = sold().await;
    let path = path_of(&event);
    let written = [("subject", SUBJECT), ("text", TEXT), ("tier", "1")];
    let looked = send(&cloud, &writer, &path, &written).await;
    assert_eq!(looked.status, 200, "{}", looked.text());
    let page = looked.text();
    assert_eq!(said(&page, "recipients"), "2 bookings");
    assert!(page.contains("buyers of Stalls"), "{page}");
    assert!(
        page.contains("The roof is &#60;b&#62;open&#60;/b&#62;."),
        "{page}"
    );
    assert!(
        !page.contains("<b>open") && !page.contains("<coat>"),
        "nothing of it is HTML: {page}"
    );
    let key = between(&page, "name=\"form_key\" value=\"", "\"");
    let form = [&written[..], &[("form_key", key)]].concat();
    let to_all = format!("{path}/send");
    let unsure = send(&cloud, &writer, &to_all, &form).await;
    assert_eq!(unsure.status, 422);
    assert!(unsure.text().contains("must be ticked"), "{}", unsure.text());
    let form = [&form[..], &[("sure", "true")]].concat();
    let (sent, again) = tokio::join!(
        send(&cloud, &writer, &to_all, &form),
        send(&cloud, &writer, &to_all, &form)
    );
    let later = send(&cloud, &writer, &to_all, &form).await;
    for sent in [sent, again, later] {
        let led = (sent.status.as_u16(), sent.header("location").to_owned());
        assert_eq!(led, (303, format!("{path}?begun=true")), "{}", sent.text());
    }
    let told = server.until(4).await.split_off(2);
    for letter in &told {
        assert_eq!(letter["headers"]["subject"], SUBJECT);
        // Lines of mail end with two characters.
        let text = letter["text"].as_str().unwrap().replace("\r\n", "\n");
        let html = letter["html"].as_str().unwrap();
        assert!(text.starts_with("The roof is <b>open</b>.\n"), "{text}");
        assert!(text.contains("\n\nSee you & yours!"), "{text}");
        assert!(
            html.contains("The roof is &#60;b&#62;open&#60;/b&#62;."),
            "{html}"
        );
        assert!(!html.contains("<b>"), "{html}");
    }
    let page = seen_by(&cloud, &path, &writer.cookie).await.text();
    assert!(page.contains("Bring a &#60;coat&#62;"), "{page}");
    assert_eq!(page.matches("<li class=\"card\">").count(), 1, "{page}");
    assert!(page.contains("2 letters written"), "{page}");
    // The same key for something else is a page that was changed by hand.
    let other = [("subject", "Come early"), ("text", "x"), ("form_key", key)];
    let other = [&other[..], &[("sure", "true")]].concat();
    let reused = send(&cloud, &writer, &to_all, &other).await;
    assert_eq!(reused.status, 409, "{}", reused.text());
    assert_eq!(server.taken().len(), 4);
    are_acts(&cloud).await;
}

/// Checks that whoever wrote is known, and that acts say nothing of what.
async fn are_acts(cloud: &Cloud) {
    let acts = cloud
        .organize(Method::GET, "/v1/organizer/acts", &Value::Null)
        .await
        .text();
    assert!(
        acts.contains("\"operation\":\"write_to_buyers\",\"by\":\"stf_"),
        "{acts}"
    );
    assert!(!acts.contains("coat") && !acts.contains("roof"), "{acts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_message_is_told_and_what_was_written_stays() {
    let (server, cloud, writer, event) = sold().await;
    let path = path_of(&event);
    let long = "x".repeat(10_001);
    for (subject, text, tier, says) in [
        ("", "Hoot.", "", "must be 1 to 150 bytes"),
        ("Coats", "", "", "must be 1 to 10000 bytes"),
        ("Coats", long.as_str(), "", "must be 1 to 10000 bytes"),
        ("Coats", "Hoot.", "9", "must be a tier of this event"),
        ("Coats", "Hoot.", "all", "must be a tier of this event"),
    ] {
        let form = [("subject", subject), ("text", text), ("tier", tier)];
        let refused = send(&cloud, &writer, &path, &form).await;
        assert_eq!(refused.status, 422);
        let page = refused.text();
        assert!(page.contains("id=\"errors\"") && page.contains(says), "{page}");
        assert!(page.contains(&format!("value=\"{subject}\"")), "{page}");
        assert!(
            page.contains(&format!("dir=\"auto\">{text}</textarea>")),
            "{page}"
        );
    }
    // A tier that nobody has a ticket of.
    let form = [("subject", "Coats"), ("text", "Hoot."), ("tier", "2")];
    let page = send(&cloud, &writer, &path, &form).await.text();
    assert_eq!(said(&page, "recipients"), "0 bookings");
    assert!(
        page.contains("id=\"nobody\"") && !page.contains("id=\"send\""),
        "{page}"
    );
    // A try goes to one address alone.
    let form = [&form[..2], &[("email", "me@owls.example")]].concat();
    let page = send(&cloud, &writer, &path, &form).await.text();
    assert!(said(&page, "tried").contains("has taken it"), "{page}");
    let tried = server.until(3).await.remove(2);
    assert_eq!(tried["to"], json!(["me@owls.example"]));
    assert_eq!(server.taken().len(), 3);
    // Whoever helps buyers sees what was written, and writes nothing to all.
    let clerk = person(&cloud, "box_office").await;
    let seen = seen_by(&cloud, &path, &clerk.cookie).await.text();
    assert!(
        seen.contains("Sent before") && !seen.contains("id=\"look\""),
        "{seen}"
    );
    let refused = send(&cloud, &clerk, &format!("{path}/send"), &form).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_gave_a_ticket_back_is_not_told_and_each_is_told_in_their_language() {
    let (server, cloud) = with_mail().await;
    let event = cloud.event(|_| {}).await;
    let back = cloud.buy(&event, &[0]).await;
    let hold = cloud.hold(&event, &[1]).await.ok(201);
    let booking = json!({
        "reservation_id": hold["reservation_id"], "email": "eule@example.org", "payment_token": "tok_ok",
        "idempotency_key": "german", "language": "de"
    });
    cloud.post("/v1/bookings", &booking).await.ok(201);
    server.until(2).await;
    let refund = format!(
        "/v1/organizer/events/{event}/bookings/{}/refunds",
        back["booking_id"].as_str().unwrap()
    );
    let all = json!({"idempotency_key": "back"});
    cloud.organize(Method::POST, &refund, &all).await.ok(201);
    server.until(3).await;
    let path = format!("/v1/organizer/events/{event}/mailings");
    let mut note = json!({"subject": "Coats", "body": "Hoot.", "idempotency_key": "once"});
    let first = cloud.organize(Method::POST, &path, &note).await.ok(202);
    let letter = server.until(4).await.remove(3);
    assert_eq!(letter["to"], json!(["eule@example.org"]));
    let html = letter["html"].as_str().unwrap();
    assert!(
        html.contains("<html lang=\"de\"") && html.contains("Meine Tickets anzeigen"),
        "{html}"
    );
    // Asked for again, also days later, it is the one that was.
    cloud.clock.advance_ms(3 * 86_400_000);
    let again = cloud.organize(Method::POST, &path, &note).await.ok(202);
    assert_eq!(
        (&again["mailing_id"], &again["written"]),
        (&first["mailing_id"], &json!(1))
    );
    note["body"] = "Hoot, hoot.".into();
    let other = cloud.organize(Method::POST, &path, &note).await;
    other.check_problem(409, "idempotency-key-reused");
    assert_eq!(server.taken().len(), 4);
}
