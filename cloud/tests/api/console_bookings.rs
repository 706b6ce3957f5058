//! `/console/events/{event_id}/bookings`: looked for, and their money given back.

use reqwest::Method;
use serde_json::Value;

use super::client::Cloud;
use super::console::said;
use super::staff::{between, person, post_form, seen_by};

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_is_found_and_shown_to_each_as_far_as_it_concerns_them() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0, 1]).await;
    let id = booking["booking_id"].as_str().unwrap();
    let clerk = person(&cloud, "box_office").await;
    let list = format!("/console/events/{event}/bookings");
    let path = format!("{list}/{id}");
    let token = ("form_token", clerk.form_token.as_str());
    for (text, is_found) in [
        ("owl@example.org", true),
        ("nobody@example.org", false),
        ("", true),
    ] {
        let found = post_form(&cloud, &list, &clerk.cookie, &[token, ("text", text)]).await;
        let leads_there = found.text().contains(&format!("href=\"{path}\""));
        assert_eq!(leads_there, is_found, "{text}");
    }
    let page = seen_by(&cloud, &path, &clerk.cookie).await.text();
    assert_eq!(
        (said(&page, "status"), said(&page, "paid")),
        ("confirmed".into(), "90.00 EUR".into())
    );
    assert!(page.contains("Stalls, row A, seat 1"), "{page}");
    // An auditor sees that there is a booking, and neither whose it is nor its tickets.
    let auditor = person(&cloud, "auditor").await;
    let page = seen_by(&cloud, &path, &auditor.cookie).await.text();
    assert_eq!(said(&page, "status"), "confirmed");
    for hidden in ["owl@", "/tickets/", "id=\"refund\""] {
        assert!(!page.contains(hidden), "{hidden}: {page}");
    }
    // Without a mail server there is nothing to send the tickets with.
    let resent = post_form(&cloud, &format!("{path}/resend"), &clerk.cookie, &[token]).await;
    assert_eq!(resent.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_given_back_by_page_once_somebody_is_sure_and_once_however_often_the_form_comes() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0, 1]).await;
    let clerk = person(&cloud, "box_office").await;
    let id = booking["booking_id"].as_str().unwrap();
    let path = format!("/console/events/{event}/bookings/{id}");
    let refund = format!("{path}/refund");
    let asked = seen_by(&cloud, &refund, &clerk.cookie).await.text();
    assert!(asked.contains("Nobody can take this back."), "{asked}");
    let form = [
        ("form_token", clerk.form_token.as_str()),
        (
            "idempotency_key",
            between(&asked, "name=\"idempotency_key\" value=\"", "\""),
        ),
        ("tickets", booking["tickets"][0]["ticket_id"].as_str().unwrap()),
        ("places", ""),
        ("amount", "40,00"),
    ];
    let unsure = post_form(&cloud, &refund, &clerk.cookie, &form).await;
    assert_eq!(unsure.status, 422);
    assert!(unsure.text().contains("must be ticked"), "{}", unsure.text());
    let form = [&form[..], &[("sure", "true")]].concat();
    for _ in 0..2 {
        let given = post_form(&cloud, &refund, &clerk.cookie, &form).await;
        let led = (given.status.as_u16(), given.header("location"));
        assert_eq!(led, (303, path.as_str()), "{}", given.text());
    }
    let page = seen_by(&cloud, &path, &clerk.cookie).await.text();
    assert_eq!(
        (said(&page, "status"), said(&page, "given-back")),
        ("partly refunded".into(), "40.00 EUR".into())
    );
    assert!(page.contains("<li>40.00 EUR: given</li>"), "{page}");
    let acts = cloud
        .organize(Method::GET, "/v1/organizer/acts", &Value::Null)
        .await
        .text();
    let mut told = acts.lines().filter(|line| line.contains("\"amount\":4000"));
    let is_whole = |act: &str| act.contains("\"status\":303") && act.contains("\"refund_id\"");
    assert!(told.all(is_whole) && acts.contains("give_refund"), "{acts}");
}
