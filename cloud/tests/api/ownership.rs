//! Who may see and change what under `/v1/organizer`, for every route that the OpenAPI document has.

use reqwest::Method;
use serde_json::{Value, json};
use usher_cloud::cli::add_organizer;
use usher_cloud::rights::StaffRole;

use super::client::{Client, Cloud};

const NO_EVENT: &str = "evt_00000000000000000000000000";
const NO_KEY: &str = "key_00000000000000000000000000";

/// Lists the routes whose path begins so, as method and path with its parameters.
pub fn routes_under(start: &str, document: &Value) -> Vec<(Method, String)> {
    let paths = document["paths"].as_object().unwrap();
    let under = paths.iter().filter(|(path, _)| path.starts_with(start));
    let with_method = under.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(move |method| (method.to_uppercase().parse().unwrap(), path.clone()))
    });
    with_method.collect()
}

/// Fills the parameters of a path: of an event and what it has, and of a key and a device that nobody has.
pub fn address(path: &str, event: &str, booking: &Value) -> String {
    let filled = path
        .replace("{event_id}", event)
        .replace("{booking_id}", booking["booking_id"].as_str().unwrap())
        .replace(
            "{ticket_id}",
            booking["tickets"][0]["ticket_id"].as_str().unwrap(),
        )
        .replace("{key_id}", NO_KEY)
        .replace("{staff_id}", "stf_00000000000000000000000000")
        .replace("{invitation_id}", "inv_00000000000000000000000000")
        .replace("{refund_id}", &format!("rfd_{}", "0".repeat(64)))
        .replace("{till_id}", &format!("til_{}", "0".repeat(64)))
        .replace("{block_id}", &format!("blk_{}", "0".repeat(64)))
        .replace("{voucher_id}", &format!("vch_{}", "0".repeat(64)))
        .replace("{endpoint_id}", &format!("end_{}", "0".repeat(64)))
        .replace("{webhook_id}", &format!("whk_{}", "0".repeat(64)))
        .replace("{letter_id}", &format!("let_{}", "0".repeat(64)))
        .replace("{device}", &"ab".repeat(32))
        .replace("{export}", "bookings")
        .replace("{hub}", &"ab".repeat(32));
    assert!(!filled.contains('{'), "{path} has an unknown parameter");
    filled
}

/// Someone of another organizer's.
async fn other_organizer(cloud: &Cloud, base: &str) -> Client {
    let key = add_organizer(&cloud.server.state().store, "Bats".into())
        .await
        .unwrap();
    Client::new(base.to_owned(), key)
}

#[tokio::test]
async fn another_organizers_event_is_refused_as_one_that_does_not_exist_whatever_the_role() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    let base = format!("http://{}", cloud.server.listening().http);
    let other = other_organizer(&cloud, &base).await;
    let document = cloud.get("/openapi.json").await.ok(200);
    let routes = routes_under("/v1/organizer/events/{event_id}", &document);
    assert!(routes.len() >= 20, "only {} routes are seen", routes.len());
    for role in StaffRole::ALL {
        let made = other.make_key(role.word()).await;
        let asking = Client::new(base.clone(), made["key"].as_str().unwrap().to_owned());
        for (method, path) in &routes {
            let described = &document["paths"][path][method.as_str().to_lowercase()];
            let may = described["x-usher-roles"]
                .as_array()
                .unwrap()
                .contains(&json!(role));
            for body in [Value::Null, json!({}), json!({"name": "Bats", "history": "held"})] {
                let foreign = address(path, &event, &booking);
                let foreign = asking.organize(method.clone(), &foreign, &body).await;
                let missing = address(path, NO_EVENT, &booking);
                let missing = asking.organize(method.clone(), &missing, &body).await;
                assert_eq!(foreign.bytes, missing.bytes, "{method} {path}");
                if may {
                    let problem = foreign.check_problem(404, "not-found");
                    let detail = &problem["detail"];
                    assert_eq!(detail, "There is no such event of yours.", "{method} {path}");
                } else {
                    foreign.check_problem(403, "not-allowed");
                }
            }
        }
    }
}

#[tokio::test]
async fn each_role_may_do_what_the_document_says_and_nothing_else() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    let base = format!("http://{}", cloud.server.listening().http);
    let document = cloud.get("/openapi.json").await.ok(200);
    let routes = routes_under("/v1/organizer/", &document);
    assert!(routes.len() >= 27, "only {} routes are seen", routes.len());
    let mut refused = 0;
    for role in StaffRole::ALL {
        let made = cloud.make_key(role.word()).await;
        let asking = Client::new(base.clone(), made["key"].as_str().unwrap().to_owned());
        for (method, path) in &routes {
            let described = &document["paths"][path][method.as_str().to_lowercase()];
            let may = described["x-usher-roles"]
                .as_array()
                .unwrap()
                .contains(&json!(role));
            let answer = asking
                .organize(method.clone(), &address(path, &event, &booking), &Value::Null)
                .await;
            let told = format!("{role:?} {method} {path}: {}", answer.text());
            if may {
                assert!(
                    answer.status.as_u16() < 500 && answer.status != 403 && answer.status != 401,
                    "{told}"
                );
                assert!(!answer.text().contains("event of yours"), "{told}");
            } else {
                answer.check_problem(403, "not-allowed");
                refused += 1;
            }
        }
    }
    assert!(refused >= 60, "only {refused} requests were refused");
}

#[tokio::test]
async fn what_an_organizer_lists_is_its_own() {
    let cloud = Cloud::start().await;
    cloud.event(|_| {}).await;
    let base = format!("http://{}", cloud.server.listening().http);
    let other = other_organizer(&cloud, &base).await;
    for (path, list, count) in [
        ("events", "events", 0),
        ("venues", "venues", 0),
        ("api-keys", "api_keys", 1),
    ] {
        let path = format!("/v1/organizer/{path}");
        let listed = other.organize(Method::GET, &path, &Value::Null).await.ok(200);
        assert_eq!(listed[list].as_array().unwrap().len(), count, "{listed}");
    }
}

#[tokio::test]
async fn without_a_key_no_route_of_organizers_is_open_and_a_wrong_method_is_one() {
    let cloud = Cloud::start().await;
    let document = cloud.get("/openapi.json").await.ok(200);
    let routes = routes_under("/v1/organizer/", &document);
    assert!(routes.len() >= 24, "only {} routes are seen", routes.len());
    for (method, path) in routes {
        let answer = cloud.send(cloud.request(method, &path)).await;
        answer.check_problem(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{path}");
        let wrong = cloud.send(cloud.request(Method::TRACE, &path)).await;
        wrong.check_problem(405, "unreadable-request");
    }
}
