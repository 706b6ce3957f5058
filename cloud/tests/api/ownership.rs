//! Who may see and change what under `/v1/organizer`, for every route that the OpenAPI document has.

use reqwest::Method;
use serde_json::{Value, json};
use usher_cloud::cli::add_organizer;

use super::client::Cloud;

const NO_EVENT: &str = "evt_00000000000000000000000000";

/// Lists the routes whose path begins so, as method and path with its parameters.
fn routes_under(start: &str, document: &Value) -> Vec<(Method, String)> {
    let paths = document["paths"].as_object().unwrap();
    let under = paths.iter().filter(|(path, _)| path.starts_with(start));
    let with_method = under.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(move |method| (method.to_uppercase().parse().unwrap(), path.clone()))
    });
    with_method.collect()
}

#[tokio::test]
async fn another_organizers_event_is_refused_as_one_that_does_not_exist() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    let other = add_organizer(&cloud.server.state().store, "Bats".into())
        .await
        .unwrap();
    let address = |path: &str, event: &str| {
        path.replace("{event_id}", event)
            .replace("{booking_id}", booking["booking_id"].as_str().unwrap())
            .replace(
                "{ticket_id}",
                booking["tickets"][0]["ticket_id"].as_str().unwrap(),
            )
            .replace("{device}", &"ab".repeat(32))
            .replace("{hub}", &"ab".repeat(32))
    };
    let ask = |method: &Method, path: String, body: Value| {
        cloud.send(
            cloud
                .request(method.clone(), &path)
                .bearer_auth(&other)
                .json(&body),
        )
    };
    let document = cloud.get("/openapi.json").await.ok(200);
    let routes = routes_under("/v1/organizer/events/{event_id}", &document);
    assert!(routes.len() >= 20, "only {} routes are seen", routes.len());
    for (method, path) in routes {
        assert!(
            !address(&path, &event).contains('{'),
            "{path} has an unknown parameter"
        );
        for body in [Value::Null, json!({}), json!({"name": "Bats", "history": "held"})] {
            let foreign = ask(&method, address(&path, &event), body.clone()).await;
            let missing = ask(&method, address(&path, NO_EVENT), body).await;
            let problem = foreign.check_problem(404, "not-found");
            assert_eq!(
                problem["detail"], "There is no such event of yours.",
                "{method} {path}"
            );
            assert_eq!(foreign.bytes, missing.bytes, "{method} {path}");
        }
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
