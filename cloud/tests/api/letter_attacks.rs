//! What somebody tries with letters who wants to reach others' buyers, add headers, or have people click on what an organizer did not write.

use reqwest::Method;
use serde_json::{Value, json};
use usher_cloud::cli::add_organizer;

use super::letters::with_mail;

const MARKUP: &str = "<img src=x onerror=alert(1)> & <a href=\"https://evil.example\">win</a>";

#[tokio::test(flavor = "multi_thread")]
async fn names_are_text_and_never_headers_or_markup() {
    let (server, cloud) = with_mail().await;
    // The command line refuses such a name; a row from before may have one.
    let name = "Owls\r\nBcc: eve@example.org\r\n\r\n<b>hi</b>".to_owned();
    let key = add_organizer(&cloud.server.state().store, name).await.unwrap();
    let owls = cloud.with_key(&json!({"key": key}));
    let event = owls
        .event(|event| {
            event["name"] = MARKUP.into();
            event["tiers"][0]["name"] = "<b>Stalls</b>".into();
        })
        .await;
    owls.buy(&event, &[0]).await;
    let path = format!("/v1/organizer/events/{event}/mailings");
    let note = json!({"subject": "\"Quoted\" <eve@example.org>", "body": MARKUP});
    owls.organize(Method::POST, &path, &note).await.ok(202);
    let invitation = json!({"name": "<b>Ada</b>", "email": "ada@owls.example", "role": "viewer"});
    let staff = "/v1/organizer/staff/invitations";
    owls.organize(Method::POST, staff, &invitation).await.ok(201);
    for letter in server.until(3).await {
        let to = letter["to"].as_array().unwrap();
        assert_eq!(to.len(), 1, "{letter}");
        assert!(
            to[0] == "owl@example.org" || to[0] == "ada@owls.example",
            "{letter}"
        );
        let headers = letter["headers"].as_object().unwrap();
        assert!(
            !headers.contains_key("bcc") && !headers.contains_key("cc"),
            "{letter}"
        );
        assert!(
            headers["from"]
                .as_str()
                .unwrap()
                .ends_with("<tickets@owls.example>"),
            "{letter}"
        );
        let html = letter["html"].as_str().unwrap();
        for markup in ["<img", "<b>", "evil.example\">win</a>"] {
            assert!(!html.contains(markup), "{markup} is in {html}");
        }
    }
    for (subject, body) in [("One\r\nBcc: eve@example.org", "Hello"), ("Hello", "\u{7}")] {
        let note = json!({"subject": subject, "body": body});
        owls.organize(Method::POST, &path, &note)
            .await
            .check_problem(422, "invalid-request");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_one_address_wherever_a_letter_is_asked_for() {
    let (server, cloud) = with_mail().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    server.until(1).await;
    let address = format!(
        "/v1/organizer/events/{event}/bookings/{}/address",
        booking["booking_id"].as_str().unwrap()
    );
    let preview = format!("/v1/organizer/events/{event}/mailings/preview");
    for email in [
        "owl@example.org,eve@example.org",
        "owl@example.org\r\nBcc: eve@example.org",
        "owl@example.org\r\nRCPT TO:<eve@example.org>",
        "Owl <owl@example.org>",
        "\"owl eve\"@example.org",
        "owl@example.org>",
        "owl@exam\u{202e}ple.org",
        "",
    ] {
        let asked = [
            cloud.post("/v1/my-tickets", &json!({"email": email})).await,
            cloud
                .organize(Method::POST, &address, &json!({"email": email, "resend": true}))
                .await,
            cloud
                .organize(
                    Method::POST,
                    &preview,
                    &json!({"subject": "a", "body": "b", "email": email}),
                )
                .await,
            cloud
                .organize(
                    Method::POST,
                    "/v1/organizer/staff/invitations",
                    &json!({"name": "Ada", "email": email, "role": "viewer"}),
                )
                .await,
        ];
        for answer in asked {
            answer.check_problem(422, "invalid-request");
        }
    }
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_writes_to_the_buyers_of_another_organizer_or_to_strangers_without_end() {
    let (server, cloud) = with_mail().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    let letter = server.until(1).await.remove(0);
    let bats = add_organizer(&cloud.server.state().store, "Bats".into())
        .await
        .unwrap();
    let bats = cloud.with_key(&json!({"key": bats}));
    let own = bats.event(|_| {}).await;
    let id = booking["booking_id"].as_str().unwrap();
    let message = letter["headers"]["message-id"].as_str().unwrap();
    let letter_id = message.trim_start_matches('<').split('@').next().unwrap();
    let note = json!({"subject": "Bring a coat", "body": "It rains."});
    for of in [&event, &own] {
        for path in [
            format!("/v1/organizer/events/{of}/bookings/{id}/resend"),
            format!("/v1/organizer/events/{of}/letters/{letter_id}/replay"),
        ] {
            bats.organize(Method::POST, &path, &Value::Null)
                .await
                .check_problem(404, "not-found");
        }
    }
    for path in ["mailings", "mailings/preview"] {
        let path = format!("/v1/organizer/events/{event}/{path}");
        bats.organize(Method::POST, &path, &note)
            .await
            .check_problem(404, "not-found");
    }
    let listed = format!("/v1/organizer/events/{event}/letters");
    bats.organize(Method::GET, &listed, &Value::Null)
        .await
        .check_problem(404, "not-found");
    // Their own mailing reaches none of them.
    let mailings = format!("/v1/organizer/events/{own}/mailings");
    bats.organize(Method::POST, &mailings, &note).await.ok(202);
    // A preview is sent so often to anybody, whichever event it is of.
    let another = bats.event(|_| {}).await;
    for number in 0..20 {
        let of = if number % 2 == 0 { &own } else { &another };
        let path = format!("/v1/organizer/events/{of}/mailings/preview");
        let mut note = note.clone();
        note["email"] = format!("stranger{number}@example.org").into();
        bats.organize(Method::POST, &path, &note).await.ok(200);
    }
    let path = format!("/v1/organizer/events/{own}/mailings/preview");
    let mut again = note.clone();
    again["email"] = "one.more@example.org".into();
    let refused = bats.organize(Method::POST, &path, &again).await;
    refused.check_problem(429, "too-many-tries");
    assert_eq!(refused.header("retry-after"), "86400");
    bats.organize(Method::POST, &path, &note).await.ok(200);
    assert_eq!(server.taken().len(), 21);
}
