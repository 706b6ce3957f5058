//! `/v1/organizer/events/{event_id}/exports/{export}` and `…/daily-report`.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Answer, Cloud};

async fn export(cloud: &Cloud, event: &str, what: &str) -> Answer {
    let path = format!("/v1/organizer/events/{event}/exports/{what}");
    cloud.organize(Method::GET, &path, &Value::Null).await
}

/// An event whose first tier has a name that means something to a spreadsheet, and two sales, of which one was given back.
async fn sold(cloud: &Cloud) -> (String, Value, Value) {
    let event = cloud
        .event(|draft| {
            draft["tiers"][0]["name"] = json!("=Stalls, \"front\"");
            draft["time_zone"] = json!("Europe/Berlin");
        })
        .await;
    let held = cloud.hold(&event, &[0, 1]).await.ok(201);
    let request = json!({
        "reservation_id": held["reservation_id"], "payment_token": "tok_ok", "idempotency_key": "a", "email": "=1+1@example.org",
    });
    let kept = cloud.post("/v1/bookings", &request).await.ok(201);
    cloud.clock.advance_ms(1);
    let back = cloud.buy(&event, &[2]).await;
    let id = back["booking_id"].as_str().unwrap();
    let refunds = format!("/v1/organizer/events/{event}/bookings/{id}/refunds");
    let body = json!({"idempotency_key": "r", "amount": 4_000});
    cloud.organize(Method::POST, &refunds, &body).await.ok(201);
    (event, kept, back)
}

#[tokio::test]
async fn bookings_tickets_and_payments_are_written_as_csv_without_formulas() {
    let cloud = Cloud::start().await;
    let (event, kept, back) = sold(&cloud).await;
    let answer = export(&cloud, &event, "bookings").await;
    assert_eq!(
        answer.header("content-type"),
        "text/csv; charset=utf-8; header=present"
    );
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"bookings.csv\""
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    let text = answer.text();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(
        lines[0].starts_with("code,status,decline,email,name,tiers,tickets,amount,amount_minor,"),
        "{text}"
    );
    let (kept, back) = (kept["code"].as_str().unwrap(), back["code"].as_str().unwrap());
    let first = format!("{kept},confirmed,,'=1+1@example.org,,1:2,2,90.00,9000,0.00,0,EUR,,sandbox,chg_");
    assert!(lines[1].starts_with(&first), "{text}");
    assert!(
        lines[2].starts_with(&format!(
            "{back},partly_refunded,,owl@example.org,,1:1,1,45.00,4500,40.00,4000,EUR,"
        )),
        "{text}"
    );
    let tickets = export(&cloud, &event, "tickets?bom=true").await.text();
    let begin = "\u{feff}booking_code,ticket_code,tier,tier_name,place,";
    assert!(tickets.starts_with(begin), "{tickets}");
    let tier = ",1,\"'=Stalls, \"\"front\"\"\",\"Stalls, row A, seat 1\",1,45.00,4500,EUR,valid,false,1,2027-01-15T08:00:00Z\r\n";
    assert!(tickets.contains(tier), "{tickets}");
    assert!(tickets.contains(",revoked,true,1,"), "{tickets}");
}

#[tokio::test]
async fn an_export_as_json_lines_has_an_object_on_each() {
    let cloud = Cloud::start().await;
    let (event, kept, back) = sold(&cloud).await;
    let answer = export(&cloud, &event, "payments?format=jsonl").await;
    assert_eq!(answer.header("content-type"), "application/jsonl");
    let text = answer.text();
    let moved: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut told: Vec<_> = moved
        .iter()
        .map(|line| {
            (
                line["step"].as_str().unwrap(),
                line["booking_code"].clone(),
                line["amount_minor"].as_i64().unwrap(),
            )
        })
        .collect();
    told.sort_by_key(|(step, _, amount)| (*step, *amount));
    let (kept, back) = (&kept["code"], &back["code"]);
    let expected = [
        ("sold", back, 4_500),
        ("sold", kept, 9_000),
        ("taken_back", back, 4_000),
        ("taken_back_given", back, 4_000),
    ];
    assert_eq!(
        told,
        expected.map(|(step, code, amount)| (step, code.clone(), amount))
    );
    assert_eq!(moved[0]["amount"], json!("90.00"));
    export(&cloud, &event, "everything")
        .await
        .check_problem(404, "not-found");
    for wrong in ["bookings?format=xml", "bookings?format=jsonl&bom=true"] {
        export(&cloud, &event, wrong)
            .await
            .check_problem(422, "invalid-request");
    }
}

#[tokio::test]
async fn an_export_is_an_act_and_is_written_down() {
    let cloud = Cloud::start().await;
    let (event, ..) = sold(&cloud).await;
    export(&cloud, &event, "bookings").await;
    let acts = cloud
        .organize(Method::GET, "/v1/organizer/acts", &Value::Null)
        .await
        .text();
    assert!(acts.contains("\"see_exports\""), "{acts}");
}

#[tokio::test]
async fn a_report_tells_day_by_day_what_was_sold_and_given_back() {
    let cloud = Cloud::start().await;
    let (event, ..) = sold(&cloud).await;
    // Midnight in Berlin is an hour before that in UTC.
    cloud.clock.advance_ms(15 * 3_600_000);
    cloud.buy(&event, &[3]).await;
    let path = format!("/v1/organizer/events/{event}");
    let report = cloud
        .organize(Method::GET, &format!("{path}/daily-report"), &Value::Null)
        .await
        .ok(200);
    assert_eq!(report["time_zone"], "Europe/Berlin");
    let days: Vec<_> = report["days"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| (&day["day"], &day["earned"]))
        .collect();
    assert_eq!(
        days,
        [
            (&json!("2027-01-15"), &json!(9_500)),
            (&json!("2027-01-16"), &json!(4_500))
        ]
    );
    let first = &report["days"][0];
    assert_eq!(
        (&first["refunded"], &first["kept"], &first["fees"]),
        (&json!(4_000), &json!(500), &json!(0))
    );
    let tiers =
        json!([{"tier": 1, "sold": 3, "sold_amount": 13_500, "taken_back": 1, "taken_back_amount": 4_500}]);
    assert_eq!(first["tiers"], tiers);
    // It says what the journal says.
    let id = event.parse().unwrap();
    let balances = cloud.server.state().store.balances(id).await.unwrap();
    assert_eq!(report["total"]["earned"], json!(-balances.sales));
}
