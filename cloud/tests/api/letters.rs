//! Letters to buyers, over a real mail server that encrypts, asks for a log-in, fails, and loses answers.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::time::sleep;

use super::client::Cloud;
use super::mail_server::MailServer;

const HOUR_MS: u64 = 3_600_000;

async fn with_mail() -> (MailServer, Cloud) {
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
    // Nothing is left to do.
    assert_eq!(server.taken().len(), 1);
    assert_eq!(cloud.server.state().store.job_counts(()).await.unwrap().open, 0);
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
