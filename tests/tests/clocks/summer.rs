//! The nights in which summer time begins and ends: the day of a ticket for so many entries a day has 23 or 25 hours.

use anyhow::Context;
use usher_tests::stage::hub::Hub;

use crate::clocks::dated::{DAILY, Dated, GATE, shown_at};

const MINUTE: i64 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_for_an_entry_a_day_goes_by_local_days_when_summer_time_begins_and_ends()
-> anyhow::Result<()> {
    // Ten minutes past midnight in Berlin, and how many hours its day has.
    for (midnight, hours) in [("2026-10-24T22:10:00Z", 25), ("2027-03-27T23:10:00Z", 23)] {
        through_the_day(midnight, hours).await.context(midnight)?;
    }
    Ok(())
}

async fn through_the_day(midnight: &str, hours: i64) -> anyhow::Result<()> {
    let mut dated = Dated::at(midnight, &["Hub"]).await?;
    let tickets = dated.buy(DAILY).await?;
    let mut hub = Hub::start(&dated.off_by(0)?, dated.setup("Hub", Vec::new())).await?;
    hub.linked_to("cloud").await?;
    let gate = [hub.turnstile(GATE).await?];
    shown_at(&gate, &tickets, ("admit", "day_used_up")).await?;
    dated.stage.cloud.process.kill9()?;
    let day = hours * 60;
    // Twenty minutes before the next midnight, and five after it.
    for (minutes, expected) in [(day - 30, "day_used_up"), (day - 5, "admit")] {
        hub.process.stop().await?;
        hub = Hub::start(&dated.off_by(minutes * MINUTE)?, dated.setup("Hub", Vec::new())).await?;
        let gate = [hub.turnstile(GATE).await?];
        shown_at(&gate, &tickets, (expected, "day_used_up")).await?;
    }
    Ok(())
}
