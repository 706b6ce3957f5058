//! `/console/events/{event_id}/blocks`: places set aside, put on sale again, and given away.

use reqwest::Method;
use serde_json::Value;

use super::client::{Answer, Cloud};
use super::staff::{Person, between, person, post_form, seen_by};

async fn send(cloud: &Cloud, person: &Person, path: &str, form: &[(&str, &str)]) -> Answer {
    let token = ("form_token", person.form_token.as_str());
    let form = [&[token], form].concat();
    post_form(cloud, path, &person.cookie, &form).await
}

/// Returns what makes a list of a page one list.
#[track_caller]
fn key_of(page: &str) -> String {
    between(page, "name=\"idempotency_key\" value=\"", "\"").to_owned()
}

/// Returns how many places of a tier are free, set aside and sold.
async fn places(cloud: &Cloud, event: &str, tier: u64) -> (u64, u64, u64) {
    let path = format!("/v1/organizer/events/{event}");
    let shown = cloud.organize(Method::GET, &path, &Value::Null).await.ok(200);
    let tiers = shown["sales"]["tiers"].as_array().unwrap().clone();
    let tier = tiers.into_iter().find(|of| of["tier"] == tier).unwrap();
    let count = |member: &str| tier[member].as_u64().unwrap();
    (count("available"), count("blocked"), count("booked"))
}

#[tokio::test(flavor = "multi_thread")]
async fn places_are_set_aside_once_and_put_on_sale_again_by_page() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let clerk = person(&cloud, "box_office").await;
    let path = format!("/console/events/{event}/blocks");
    let page = seen_by(&cloud, &path, &clerk.cookie).await.text();
    assert!(page.contains("Nothing is set aside."), "{page}");
    let key = between(&page, "name=\"form_key\" value=\"", "\"");
    let name = ("name", "Friends & <press>");
    for (tier, says) in [("", "must be at least one"), ("many", "must be a number")] {
        let refused = send(&cloud, &clerk, &path, &[name, ("tier_2", tier)]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains(says), "{}", refused.text());
    }
    let form = [name, ("tier_1", ""), ("tier_2", "5"), ("form_key", key)];
    for _ in 0..2 {
        let kept = send(&cloud, &clerk, &path, &form).await;
        let led = (kept.status.as_u16(), kept.header("location"));
        assert_eq!(led, (303, path.as_str()), "{}", kept.text());
    }
    assert_eq!(places(&cloud, &event, 2).await, (15, 5, 0));
    let too_many = send(&cloud, &clerk, &path, &[name, ("tier_2", "16")]).await;
    assert_eq!(too_many.status, 409);
    let page = seen_by(&cloud, &path, &clerk.cookie).await.text();
    assert!(page.contains("Friends &#38; &#60;press&#62;"), "{page}");
    assert!(page.contains("5 × Standing"), "{page}");
    let leads = between(&page, "class=\"release\" href=\"", "\"").to_owned();
    let asked = seen_by(&cloud, &leads, &clerk.cookie).await.text();
    assert!(
        asked.contains("name=\"tier_2\" inputmode=\"numeric\" value=\"5\""),
        "{asked}"
    );
    let freed = send(&cloud, &clerk, &leads, &[("tier_2", "2")]).await;
    assert_eq!(freed.status, 303, "{}", freed.text());
    assert_eq!(places(&cloud, &event, 2).await, (17, 3, 0));
    let auditor = person(&cloud, "auditor").await;
    let seen = seen_by(&cloud, &path, &auditor.cookie).await.text();
    assert!(
        seen.contains("3 × Standing") && !seen.contains("<button id="),
        "{seen}"
    );
    let gone = send(&cloud, &clerk, &leads, &[("tier_2", "3")]).await;
    assert_eq!(gone.status, 303);
    assert_eq!(seen_by(&cloud, &leads, &clerk.cookie).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_are_given_out_of_a_block_once_however_often_the_form_comes() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let clerk = person(&cloud, "box_office").await;
    let path = format!("/console/events/{event}/blocks");
    send(&cloud, &clerk, &path, &[("name", "Press"), ("tier_2", "4")]).await;
    let page = seen_by(&cloud, &path, &clerk.cookie).await.text();
    let block = between(&page, "<option value=\"blk_", "\"");
    let block = format!("blk_{block}");
    let give = format!("{path}/comps");
    let one = key_of(&page);
    let form = [
        ("idempotency_key", one.as_str()),
        ("name", "Ann <Owl>"),
        ("email", "ann@example.org"),
        ("tier", "2"),
        ("quantity", "3"),
        ("block", &block),
    ];
    let mut led_to = Vec::new();
    for _ in 0..2 {
        let given = send(&cloud, &clerk, &give, &form).await;
        assert_eq!(given.status, 200, "{}", given.text());
        let given = given.text();
        assert!(given.contains("Ann &#60;Owl&#62;"), "{given}");
        led_to.push(between(&given, "href=\"/bookings/", "\"").to_owned());
    }
    assert_eq!(led_to[0], led_to[1]);
    let booking = cloud.get(&format!("/v1/bookings/{}", led_to[0])).await.ok(200);
    assert_eq!(booking["tickets"].as_array().unwrap().len(), 3);
    assert_eq!(places(&cloud, &event, 2).await, (16, 1, 3));
    let other = [&form[..1], &[("list", "email,tier\nbo@example.org,2")]].concat();
    let reused = send(&cloud, &clerk, &give, &other).await;
    assert_eq!(reused.status, 409, "{}", reused.text());
    let says = reused.text();
    assert!(
        says.contains("open the page anew") && !says.contains("idempotency"),
        "{says}"
    );
    let unsaid = send(&cloud, &clerk, &give, &[("email", "di@example.org")]).await;
    assert_eq!(unsaid.status, 422);
    assert!(
        unsaid.text().contains("must be one of the tiers"),
        "{}",
        unsaid.text()
    );
    let acts = cloud
        .organize(Method::GET, "/v1/organizer/acts", &Value::Null)
        .await
        .text();
    assert!(
        acts.contains("\"operation\":\"give_comps\",\"by\":\"stf_"),
        "{acts}"
    );
    assert!(!acts.contains(&led_to[0]), "{acts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_given_to_all_or_to_nobody_and_says_which_line_is_wrong() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let clerk = person(&cloud, "box_office").await;
    let path = format!("/console/events/{event}/blocks");
    let give = format!("{path}/comps");
    let key = key_of(&seen_by(&cloud, &path, &clerk.cookie).await.text());
    let key = ("idempotency_key", key.as_str());
    for (list, status, says) in [
        ("email,tier\r\nbo@example.org,two", 400, "line 2"),
        ("email,tier\r\nbo,2\r\n", 422, "line 2, email"),
    ] {
        let refused = send(&cloud, &clerk, &give, &[key, ("list", list)]).await;
        assert_eq!(refused.status, status, "{}", refused.text());
        assert!(refused.text().contains(says), "{}", refused.text());
    }
    let list = "email,name,tier,quantity\r\nbo@example.org,Bo,2,2\r\ncy@example.org,,3,1\r\n";
    let given = send(&cloud, &clerk, &give, &[key, ("list", list)]).await.text();
    assert_eq!(given.matches("href=\"/bookings/").count(), 2, "{given}");
    assert_eq!(places(&cloud, &event, 2).await, (18, 0, 2));
}
