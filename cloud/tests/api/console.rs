//! `/console`: pages that show and do what the API does, for whoever is logged in.

use reqwest::Method;
use serde_json::Value;
use usher_cloud::cli::add_organizer;
use usher_cloud::rights::StaffRole;
use usher_cloud::routes::console_routes;

use super::client::{Answer, Client, Cloud};
use super::ownership::address;
use super::staff::{Person, between, invite, person, post_form, seen_by, take};

/// Opens a page, or sends a form that says no more than where it is from.
async fn visit(cloud: &Cloud, person: &Person, method: &Method, path: &str) -> Answer {
    if *method == Method::GET {
        return seen_by(cloud, path, &person.cookie).await;
    }
    let form = [("form_token", person.form_token.as_str())];
    post_form(cloud, path, &person.cookie, &form).await
}

/// Returns what a page says in an element of that id.
#[track_caller]
pub fn said(page: &str, id: &str) -> String {
    between(page, &format!("id=\"{id}\">"), "<").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_has_the_pages_of_what_it_may_and_reaches_no_other_organizer() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    let base = format!("http://{}", cloud.server.listening().http);
    let store = &cloud.server.state().store;
    let other = Client::new(base, add_organizer(store, "Bats".into()).await.unwrap());
    let (mut refused, mut hidden) = (0, 0);
    for role in StaffRole::ALL {
        let own = person(&cloud, role.word()).await;
        let link = invite(
            &cloud,
            &other,
            &format!("{}@bats.example", role.word()),
            role.word(),
        )
        .await;
        let bat = take(&cloud, &link).await;
        for route in console_routes() {
            let path = address(route.path, &event, &booking);
            let answer = visit(&cloud, &own, &route.method, &path).await;
            let told = format!("{role:?} {} {path}: {}", route.method, answer.text());
            assert!(!answer.header("content-type").contains("json"), "{told}");
            if !role.may(route.operation) {
                assert_eq!(answer.status, 403, "{told}");
                refused += 1;
                continue;
            }
            let status = answer.status.as_u16();
            assert!(status < 500 && status != 403 && status != 401, "{told}");
            if route.path.contains("{event_id}") {
                assert!(!answer.text().contains("event of yours"), "{told}");
                let foreign = visit(&cloud, &bat, &route.method, &path).await;
                assert_eq!(foreign.status, 404, "{told}");
                assert!(foreign.text().contains("no such event of yours"), "{told}");
                hidden += 1;
            }
        }
    }
    assert!(
        refused > 0 && hidden > 0,
        "{refused} were refused, {hidden} hidden"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_in_with_a_key_and_no_form_of_another_site_is_taken() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    let owner = person(&cloud, "owner").await;
    for route in console_routes() {
        let path = address(route.path, &event, &booking);
        let by_key = cloud.organize(route.method.clone(), &path, &Value::Null).await;
        assert_eq!(by_key.status, 401, "{} {path}", route.method);
        if route.method == Method::POST {
            for token in ["", "0", &"0".repeat(64)] {
                let foreign = post_form(&cloud, &path, &owner.cookie, &[("form_token", token)]).await;
                assert_eq!(foreign.status, 403, "{path}");
                assert!(
                    foreign.text().contains("not sent from a page"),
                    "{}",
                    foreign.text()
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_shows_what_an_event_has_sold_and_money_to_whom_it_concerns() {
    let cloud = Cloud::start().await;
    let event = cloud
        .event(|draft| draft["name"] = "Owls & <Friends>".into())
        .await;
    cloud.buy(&event, &[0, 1]).await;
    cloud.hold(&event, &[2]).await.ok(201);
    cloud.clock.advance_ms(2 * 86_400_000);
    cloud.buy(&event, &[3]).await;
    let viewer = person(&cloud, "viewer").await;
    let index = seen_by(&cloud, "/console", &viewer.cookie).await.text();
    assert!(index.contains("Owls &#38; &#60;Friends&#62;"), "{index}");
    assert!(index.contains("<b class=\"state\">on sale</b>"), "{index}");
    let path = format!("/console/events/{event}");
    assert!(index.contains(&format!("href=\"{path}\"")), "{index}");
    let page = seen_by(&cloud, &path, &viewer.cookie).await.text();
    let figures = ["sold", "bookings", "held", "free"].map(|id| said(&page, id));
    assert_eq!(figures, ["3", "2", "0", "31"]);
    let money = ["charged", "refunded", "earned"].map(|id| said(&page, id));
    assert_eq!(money, ["135.00 EUR", "0.00 EUR", "135.00 EUR"]);
    for row in ["15 Jan</th><td>2</td>", "17 Jan</th><td>1</td>"] {
        assert!(page.contains(row), "{page}");
    }
    // A day without a sale is drawn as one.
    assert!(page.contains("width=\"239\""), "{page}");
    let support = person(&cloud, "support").await;
    let page = seen_by(&cloud, &path, &support.cookie).await.text();
    assert_eq!(said(&page, "sold"), "3");
    assert!(!page.contains("charged") && !page.contains("<svg"), "{page}");
}
