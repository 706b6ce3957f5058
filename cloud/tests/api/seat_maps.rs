//! Seat maps as organizers draw them: where sections are, and rows as a table.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Cloud, usual_event};

async fn layout(cloud: &Cloud, event: &str) -> Value {
    let availability = cloud.get(&format!("/v1/events/{event}/availability")).await;
    let hash = data_encoding::HEXLOWER.encode(&availability.bytes[8..24]);
    cloud
        .get(&format!("/v1/events/{event}/layout/{hash}"))
        .await
        .ok(200)
}

async fn draft(cloud: &Cloud, seat_map: &Value) -> Answer {
    let venue = json!({"name": "Old Barn", "city": "Leipzig", "address": "Lane 1"});
    let venue = cloud
        .organize(Method::POST, "/v1/organizer/venues", &venue)
        .await
        .ok(201);
    let mut draft = usual_event(venue["venue_id"].as_str().unwrap());
    draft["seat_map"] = seat_map.clone();
    cloud.organize(Method::POST, "/v1/organizer/events", &draft).await
}

/// Asserts that a seat map is refused with exactly these pointers and details.
async fn check_refused(cloud: &Cloud, seat_map: Value, expected: &[(&str, &str)]) {
    let refused = draft(cloud, &seat_map)
        .await
        .check_problem(422, "invalid-request");
    let errors = refused["errors"].as_array().unwrap();
    let errors: Vec<_> = errors
        .iter()
        .map(|error| {
            (
                error["pointer"].as_str().unwrap(),
                error["detail"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(errors, expected, "{seat_map}");
}

#[tokio::test]
async fn a_table_of_rows_is_a_seat_map_with_curved_and_turned_sections() {
    let cloud = Cloud::start().await;
    let table = "section,row,tier,seats,numbers,x,y,turn,radius\n\
                 Stalls,A,1,4,,0,20,,30\n\
                 Left,1,1,,1 2 2a,-30,0.5,90,\n\
                 Stalls,B,2,5,,,,,\n";
    let event = cloud
        .event(|draft| draft["seat_map"] = json!({ "csv": table }))
        .await;
    let layout = layout(&cloud, &event).await;
    let expected = json!([
        { "name": "Stalls", "place": { "x": 0.0, "y": 20.0, "turn": 0.0, "radius": 30.0 }, "rows": [
            { "name": "A", "tier": 1, "first_seat_id": 0, "numbers": ["1", "2", "3", "4"] },
            { "name": "B", "tier": 2, "first_seat_id": 4, "numbers": ["1", "2", "3", "4", "5"] },
        ] },
        { "name": "Left", "place": { "x": -30.0, "y": 0.5, "turn": 90.0, "radius": 0.0 }, "rows": [
            { "name": "1", "tier": 1, "first_seat_id": 9, "numbers": ["1", "2", "2a"] },
        ] },
    ]);
    assert_eq!(layout["sections"], expected);
    cloud.hold(&event, &[11]).await.ok(201);
}

#[tokio::test]
async fn what_is_wrong_in_a_table_is_told_with_its_line() {
    let cloud = Cloud::start().await;
    let csv = "/seat_map/csv";
    let table = "section,row,tier,seats\nStalls,A,1,5\nStalls,A,9,5\n\nStalls,C,1,many\nStalls,D,1,0\n";
    check_refused(
        &cloud,
        json!({ "csv": table }),
        &[
            (csv, "line 5: seats must be a number, and is \"many\""),
            (
                csv,
                "line 3: name must be the only row of this name in its section",
            ),
            (csv, "line 3: tier must be one of the event's tiers"),
            (csv, "line 6: seats must be 1 to 200000 in all"),
        ],
    )
    .await;
    let half = "section,row,tier,seats,x,y\nStalls,A,1,5,0,0\nLeft,A,1,5,,\n";
    let all = "must say of all sections where they are drawn, or of none";
    check_refused(&cloud, json!({ "csv": half }), &[(csv, all)]).await;
}

#[tokio::test]
async fn a_place_that_cannot_be_drawn_is_refused() {
    let cloud = Cloud::start().await;
    let with = |place: Value| {
        let rows = json!([{ "name": "A", "seats": 60 }]);
        json!({ "sections": [{ "name": "Stalls", "tier": 1, "rows": rows, "place": place }] })
    };
    let at = "/seat_map/sections/0/place";
    check_refused(
        &cloud,
        with(json!({ "x": 20_000, "y": 0, "turn": 400, "radius": 9.5 })),
        &[
            (&format!("{at}/x"), "must be -10000 to 10000"),
            (&format!("{at}/turn"), "must be -360 to 360"),
            (
                &format!("{at}/radius"),
                "must be 0, or at least a sixth of the seats of the longest row",
            ),
        ],
    )
    .await;
    draft(&cloud, &with(json!({ "x": 0, "y": 0, "radius": 10 })))
        .await
        .ok(201);
    let both = json!({ "csv": "section,row,tier,seats\nA,1,1,5\n", "sections": [{ "name": "B", "tier": 1, "rows": [] }] });
    let refused = [("/seat_map/csv", "must be left out if there are sections")];
    check_refused(&cloud, both, &refused).await;
}
