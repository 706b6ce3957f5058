//! Files of a booking: its tickets as PDF, and its event for a calendar, each read by a program that knows nothing of ours.

use std::process::Command;

use serde_json::Value;

use super::client::Cloud;
use super::documents::judge;

/// Reads a calendar file with Python's icalendar.
const READ_CALENDAR: &str = r"
import json, sys, icalendar
calendar = icalendar.Calendar.from_ical(open(sys.argv[1], 'rb').read())
[entry] = calendar.walk('VEVENT')
print(json.dumps({
    'method': str(calendar['METHOD']), 'uid': str(entry['UID']), 'sequence': int(entry['SEQUENCE']),
    'start': entry.decoded('DTSTART').isoformat(), 'end': entry.decoded('DTEND').isoformat(),
    'summary': str(entry['SUMMARY']), 'location': str(entry['LOCATION']), 'status': str(entry['STATUS']),
    'errors': [str(error) for error in calendar.errors + entry.errors],
}))
";

fn path(booking: &Value, file: &str) -> String {
    format!("/v1/bookings/{}/{file}", booking["booking_id"].as_str().unwrap())
}

pub fn ask(program: &str, arguments: &[&str]) -> String {
    let ran = Command::new(program).args(arguments).output();
    let output = ran.unwrap_or_else(|error| panic!("{program}: {error}: run .ci/setup test"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn tickets_are_printed_one_or_four_to_a_page() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0, 1]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tickets.pdf");
    for (query, pages) in [("", "2"), ("?per_page=4", "1")] {
        let printed = cloud
            .get(&format!("{}{query}", path(&booking, "tickets.pdf")))
            .await;
        assert_eq!(printed.status, 200, "{}", printed.text());
        assert_eq!(printed.header("content-type"), "application/pdf");
        assert_eq!(printed.header("cache-control"), "no-store");
        std::fs::write(&file, &printed.bytes).unwrap();
        let shown = ask("pdfinfo", &[file.to_str().unwrap()]);
        let counted = shown.lines().find_map(|line| line.strip_prefix("Pages:"));
        assert_eq!(counted.unwrap().trim(), pages);
        let text = ask("pdftotext", &["-layout", file.to_str().unwrap(), "-"]);
        for number in 0..2 {
            let ticket = &booking["tickets"][number];
            for words in [&ticket["ticket_code"], &ticket["place"], &booking["code"]] {
                let words = words.as_str().unwrap();
                assert!(text.contains(words), "{words} is not in {text}");
            }
        }
        assert!(text.contains("Holder: owl@example.org"), "{text}");
    }
    let wrong = cloud
        .get(&format!("{}?per_page=3", path(&booking, "tickets.pdf")))
        .await;
    wrong.check_problem(422, "invalid-request");
    let page = cloud
        .get(&format!("/bookings/{}", booking["booking_id"].as_str().unwrap()))
        .await;
    assert!(
        page.text().contains(&path(&booking, "tickets.pdf")),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn a_void_ticket_is_not_printed() {
    let cloud = Cloud::start().await;
    let event = cloud.event(|_| {}).await;
    let booking = cloud.buy(&event, &[0]).await;
    let ticket = booking["tickets"][0]["ticket_id"].as_str().unwrap();
    let revoke = format!("/v1/organizer/events/{event}/tickets/{ticket}/revoke");
    cloud
        .organize(reqwest::Method::POST, &revoke, &Value::Null)
        .await
        .ok(200);
    let printed = cloud.get(&path(&booking, "tickets.pdf")).await;
    printed.check_problem(404, "not-found");
}

#[tokio::test]
async fn an_event_goes_into_a_calendar() {
    let cloud = Cloud::start().await;
    let event = cloud
        .event(|event| {
            event["name"] = "Owls, larks; and \\ a very long name that must be folded: Nächte".into()
        })
        .await;
    let booking = cloud.buy(&event, &[0]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("event.ics");
    let read = async || {
        let written = cloud.get(&path(&booking, "calendar.ics")).await;
        assert_eq!(written.status, 200, "{}", written.text());
        assert_eq!(written.header("content-type"), "text/calendar; charset=utf-8");
        assert!(
            written.text().split("\r\n").all(|line| line.len() <= 75),
            "{}",
            written.text()
        );
        std::fs::write(&file, &written.bytes).unwrap();
        let python = judge("python3");
        let said = ask(
            python.to_str().unwrap(),
            &["-c", READ_CALENDAR, file.to_str().unwrap()],
        );
        serde_json::from_str::<Value>(&said).unwrap()
    };
    let entry = read().await;
    let shown = cloud.get(&format!("/v1/events/{event}")).await.ok(200);
    assert_eq!(entry["summary"], shown["name"]);
    assert_eq!(entry["uid"], format!("{event}@usher"));
    assert_eq!(entry["errors"], serde_json::json!([]));
    for (member, told) in [("start", "starts_at"), ("end", "ends_at")] {
        let told = shown[told].as_str().unwrap().replace('Z', "+00:00");
        assert_eq!(entry[member], told);
    }
    assert_eq!(
        (&entry["method"], &entry["status"]),
        (&"PUBLISH".into(), &"CONFIRMED".into())
    );
    cloud.clock.advance_ms(5_000);
    let later = read().await;
    assert_eq!(later["uid"], entry["uid"]);
    assert!(later["sequence"].as_i64() > entry["sequence"].as_i64(), "{later}");
}
