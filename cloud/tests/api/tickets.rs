//! `/v1/tickets`.

use super::client::Cloud;

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
