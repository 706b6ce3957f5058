//! The pages for people.

use super::client::Cloud;

#[tokio::test]
async fn the_pages_lead_from_the_list_to_the_ticket() {
    let cloud = Cloud::start().await;
    assert!(
        cloud
            .get("/")
            .await
            .text()
            .contains("Nothing is on sale just now.")
    );
    let event = cloud.event(|_| {}).await;
    let list = cloud.get("/").await.text();
    assert!(
        list.contains("Night of the Owls") && list.contains(&format!("/events/{event}")),
        "{list}"
    );
    assert!(cloud.get("/?keyword=bats").await.text().contains("Nothing found"));

    let page = cloud.get(&format!("/events/{event}")).await.text();
    assert!(
        page.contains("45.00 EUR") && page.contains("Fri 4 June 2027, 18:00"),
        "{page}"
    );
    assert_eq!(
        cloud.get("/assets/sell.js").await.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(cloud.get("/assets/usher.css").await.status, 200);

    let booking = cloud.buy(&event, &[0, 1]).await;
    let page = cloud.get(cloud.path(&booking["page"])).await;
    let ticket = cloud.path(&booking["tickets"][0]["links"]["page"]);
    assert!(page.text().contains(ticket), "{}", page.text());
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "no-store");

    let page = cloud.get(ticket).await.text();
    assert!(
        page.contains("<svg") && page.contains("Stalls, row A, seat 1"),
        "{page}"
    );
}

#[tokio::test]
async fn an_error_is_a_page_for_people() {
    let cloud = Cloud::start().await;
    for path in [
        "/events/evt_00000000000000000000000000",
        &format!("/tickets/tkt_{}", "0".repeat(64)),
    ] {
        let page = cloud.get(path).await;
        assert_eq!(
            (page.status.as_u16(), page.header("content-type")),
            (404, "text/html; charset=utf-8")
        );
    }
    assert_eq!(cloud.get("/?limit=0").await.status, 422);
    assert_eq!(cloud.get("/assets/..%2fCargo.toml").await.status, 404);
}

#[tokio::test]
async fn a_page_that_takes_test_cards_says_that_nobody_is_charged() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let page = cloud.get(&format!("/events/{event}")).await.text();
    let (warning, title) = (page.find("role=\"alert\""), page.find("<h1>"));
    assert!(
        page.contains("nobody is charged") && warning.unwrap() < title.unwrap(),
        "{page}"
    );
}

#[tokio::test]
async fn an_event_of_the_past_is_not_offered() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let (page, api) = (format!("/events/{event}"), format!("/v1/events/{event}"));
    let on_sale = cloud.get(&page).await.text();
    assert!(
        on_sale.contains("id=\"sell\"") && !on_sale.contains("over"),
        "{on_sale}"
    );
    for path in [&api, &format!("{api}/seats")] {
        assert_eq!(cloud.get(path).await.ok(200)["status"], "on_sale");
    }
    cloud.clock.advance_ms(365 * 86_400_000);
    for path in [&api, &format!("{api}/seats")] {
        assert_eq!(cloud.get(path).await.ok(200)["status"], "over");
    }
    let over = cloud.get(&page).await.text();
    assert!(
        over.contains("This event is over")
            && !over.contains("id=\"sell\"")
            && !over.contains("sell.js")
            && over.contains("resume.js")
            && !over.contains("nobody is charged"),
        "{over}"
    );
    assert!(!cloud.get("/").await.text().contains(&event));
}
