//! Who bought is forgotten by the server itself, in time and not before.

use std::time::Duration;

use serde_json::Value;

use super::client::Cloud;

/// The retention of the test, in days.
const KEPT_DAYS: u32 = 30;
/// From the start of the test to the end of the usual event.
const DAYS_TO_THE_END: u64 = 140;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
/// How often the job runs, and a bit.
const AN_HOUR_LATER: Duration = Duration::from_secs(3_610);
/// Looks at a booking until it has changed.
const LOOKS: usize = 200;

/// Lets the hourly jobs run, without an hour's wait.
async fn an_hour_passes() {
    tokio::time::pause();
    tokio::time::advance(AN_HOUR_LATER).await;
    tokio::time::resume();
}

async fn booking(cloud: &Cloud, bought: &Value) -> Value {
    let id = bought["booking_id"].as_str().unwrap();
    cloud.get(&format!("/v1/bookings/{id}")).await.ok(200)
}

#[tokio::test]
async fn the_hourly_job_forgets_who_bought_once_the_time_is_over_and_keeps_what_was_bought() {
    let cloud = Cloud::with(|config| config.retention.personal_data_days = KEPT_DAYS).await;
    let past = cloud.event(|_| {}).await;
    let bought = cloud.buy(&past, &[0, 1]).await;
    let later = cloud
        .event(|draft| {
            draft["starts_at"] = "2027-09-01T19:00:00Z".into();
            draft["ends_at"] = "2027-09-01T23:00:00Z".into();
        })
        .await;
    let of_later = cloud.buy(&later, &[0]).await;

    // Some 20 days after the end it is too early, and 20 later it is time.
    cloud.clock.advance_ms((DAYS_TO_THE_END + 20) * DAY_MS);
    an_hour_passes().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(booking(&cloud, &bought).await, bought);

    cloud.clock.advance_ms(20 * DAY_MS);
    an_hour_passes().await;
    let mut expected = bought.clone();
    expected["email"] = "".into();
    let mut found = booking(&cloud, &bought).await;
    for _ in 0..LOOKS {
        if found == expected {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        found = booking(&cloud, &bought).await;
    }
    assert_eq!(found, expected);
    assert_eq!(booking(&cloud, &of_later).await, of_later, "it is not over yet");
}
