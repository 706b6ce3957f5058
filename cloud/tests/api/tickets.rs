//! `/v1/tickets`.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Cloud};

async fn order(cloud: &Cloud, event: &str, rest: &str) -> Answer {
    let path = format!("/v1/organizer/events/{event}/{rest}");
    cloud.organize(Method::POST, &path, &Value::Null).await
}

/// Returns everything that a ticket's id leads to.
async fn all_of(cloud: &Cloud, ticket: &Value) -> String {
    let links = &ticket["links"];
    let (json, page) = (
        cloud.get(cloud.path(&links["self"])).await,
        cloud.get(cloud.path(&links["page"])).await,
    );
    assert_eq!((json.status.as_u16(), page.status.as_u16()), (200, 200));
    format!(
        "{:?}{}{:?}{}",
        json.headers,
        json.text(),
        page.headers,
        page.text()
    )
}

#[track_caller]
fn check_silent(said: &str, secrets: &[&Value]) {
    for secret in secrets {
        let secret = secret.as_str().unwrap();
        assert!(!said.contains(secret), "{secret} is told: {said}");
    }
}

#[tokio::test]
async fn a_ticket_is_found_in_all_its_forms() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[2]).await;
    let ticket = &booking["tickets"][0];
    let links = &ticket["links"];
    assert_eq!(cloud.get(cloud.path(&links["self"])).await.ok(200), *ticket);

    let svg = cloud.get(cloud.path(&links["svg"])).await;
    assert_eq!(
        (svg.status.as_u16(), svg.header("content-type")),
        (200, "image/svg+xml")
    );
    assert!(svg.header("cache-control").contains("private"));
    // Version 5 and a quiet zone of four modules on each side.
    assert!(svg.text().contains("viewBox=\"0 0 45 45\""), "{}", svg.text());

    let png = cloud.get(cloud.path(&links["png"])).await;
    assert_eq!(png.header("content-type"), "image/png");
    let picture = png::Decoder::new(std::io::Cursor::new(&png.bytes))
        .read_info()
        .unwrap();
    assert_eq!((picture.info().width, picture.info().height), (540, 540));
}

#[tokio::test]
async fn tickets_are_found_by_their_secret_only() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[2]).await;
    let id = booking["tickets"][0]["ticket_id"].as_str().unwrap();
    let last = if id.ends_with('0') { "1" } else { "0" };
    let neighbour = format!("{}{last}", &id[..id.len() - 1]);
    for id in [neighbour.as_str(), "1", "2", "tkt_2", &id.replace("tkt_", "bkg_")] {
        for ending in ["", ".svg", ".png"] {
            cloud
                .get(&format!("/v1/tickets/{id}{ending}"))
                .await
                .check_problem(404, "not-found");
        }
    }
}

#[tokio::test]
async fn a_ticket_leads_to_nothing_but_itself() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[2, 3]).await;
    let (shown, other) = (&booking["tickets"][0], &booking["tickets"][1]);
    let said = all_of(&cloud, shown).await;
    check_silent(
        &said,
        &[
            &booking["booking_id"],
            &booking["reservation_id"],
            &booking["email"],
            &other["ticket_id"],
            &other["payload"],
        ],
    );
    assert!(!said.contains("bkg_") && !said.contains("/bookings"), "{said}");
}

#[tokio::test]
async fn a_reissued_ticket_stays_in_the_booking() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[2]).await;
    let id = booking["tickets"][0]["ticket_id"].as_str().unwrap();
    let new = order(&cloud, &event, &format!("tickets/{id}/reissue"))
        .await
        .ok(200);
    let path = format!("/v1/bookings/{}", booking["booking_id"].as_str().unwrap());
    let after = cloud.get(&path).await.ok(200);
    assert_eq!(
        (&after["tickets"][0]["status"], &after["tickets"][1]),
        (&json!("superseded"), &new)
    );
    order(&cloud, &event, &format!("tickets/{id}/transfer"))
        .await
        .check_problem(409, "ticket-superseded");
}

#[tokio::test]
async fn a_transferred_ticket_is_the_new_holders_alone() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[2, 3]).await;
    let old = &booking["tickets"][0];
    let transfer = format!("tickets/{}/transfer", old["ticket_id"].as_str().unwrap());
    let new = order(&cloud, &event, &transfer).await.ok(200);
    assert_eq!(
        (&new["status"], &new["generation"], &new["unit"]),
        (&json!("valid"), &json!(2), &old["unit"])
    );
    // The answer was lost: the same request gives the same ticket.
    assert_eq!(order(&cloud, &event, &transfer).await.ok(200), new);
    let reissue = transfer.replace("/transfer", "/reissue");
    order(&cloud, &event, &reissue)
        .await
        .check_problem(409, "ticket-transferred");

    let path = format!("/v1/bookings/{}", booking["booking_id"].as_str().unwrap());
    let after = cloud.get(&path).await.ok(200);
    let page = cloud.get(cloud.path(&booking["page"])).await.text();
    assert!(page.contains("Transferred to somebody else"), "{page}");
    assert_eq!(after["tickets"].as_array().unwrap().len(), 2);
    let gone = &after["tickets"][0];
    assert_eq!(
        (&gone["ticket_id"], &gone["status"], &gone["payload"]),
        (&old["ticket_id"], &json!("transferred"), &Value::Null)
    );
    let secrets = [&new["ticket_id"], &new["payload"]];
    check_silent(&after.to_string(), &secrets);
    check_silent(&page, &secrets);
    check_silent(&all_of(&cloud, old).await, &secrets);
    for picture in ["svg", "png"] {
        let picture = cloud.get(cloud.path(&old["links"][picture])).await;
        picture.check_problem(404, "not-found");
    }
    let theirs = all_of(&cloud, &new).await;
    check_silent(
        &theirs,
        &[&booking["booking_id"], &booking["email"], &old["ticket_id"]],
    );
}
