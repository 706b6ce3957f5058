//! Hubs that are linked, some with clocks that are wrong by minutes, hours or days, half an hour before midnight: what people get, and what
//! technicians and the organizer are told.

use usher_tests::effort::{Effort, Rounds};
use usher_tests::stage::patience::until;

use crate::clocks::dated::{
    DAILY, Dated, NOW_OPEN, TOMORROW, close, says_of_its_clock, shown_at, turnstiles,
};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// How far one clock of three is off, and what is said of it; the suite takes the first four.
const OFF: [(i64, &str); 12] = [
    (45 * MINUTE, "45 min ahead of"),
    (-20 * HOUR, "20 h 0 min behind"),
    (5 * DAY, "5 days ahead of"),
    (-5 * DAY, "5 days behind"),
    (-45 * MINUTE, "45 min behind"),
    (20 * HOUR, "20 h 0 min ahead of"),
    (3 * MINUTE, "3 min ahead of"),
    (-3 * MINUTE, "3 min behind"),
    (DAY, "24 h 0 min ahead of"),
    (-DAY, "24 h 0 min behind"),
    (9 * DAY, "9 days ahead of"),
    (-9_000 * DAY, "9000 days behind"),
];
/// 23:20 in Berlin.
const BEFORE_MIDNIGHT: &str = "2027-06-05T21:20:00Z";

#[tokio::test(flavor = "multi_thread")]
async fn one_wrong_clock_of_three_changes_no_verdict_and_is_said_everywhere() -> anyhow::Result<()> {
    let dated = Dated::at(BEFORE_MIDNIGHT, &["Hub North", "Hub South", "Hub West"]).await?;
    let daily = dated.buy(DAILY).await?;
    let effort = Effort::of("wrong clocks", 0, Rounds { suite: 4, soak: 12 });
    let rounds = usize::try_from(effort.rounds)?;
    for (n, (off, words)) in OFF.iter().take(rounds).copied().enumerate() {
        let hubs = dated.open(&[off, 0, 0]).await?;
        says_of_its_clock(&hubs[0], Some(&format!("clock is {words} the other clocks"))).await?;
        says_of_its_clock(&hubs[1], None).await?;
        dated.organizer_is_told("Hub North", Some(words)).await?;
        dated.organizer_is_told("Hub South", None).await?;
        let logged = hubs[0].process.logged()?;
        assert!(
            logged.contains(&format!("this machine's clock is {words}")),
            "{logged}"
        );

        let gates = turnstiles(&hubs).await?;
        shown_at(&gates, &dated.buy(NOW_OPEN).await?, ("admit", "already_used")).await?;
        shown_at(&gates, &dated.buy(TOMORROW).await?, ("too_early", "too_early")).await?;
        // What was let in today stays let in today, whatever clocks the hubs had then and have now.
        let first = if n == 0 { "admit" } else { "day_used_up" };
        shown_at(&gates, &daily, (first, "day_used_up")).await?;
        close(hubs).await?;
    }
    assert_eq!(dated.stage.organizer.incidents().await?, []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn where_as_many_clocks_are_wrong_as_right_supervisors_decide_and_nobody_comes_in_twice()
-> anyhow::Result<()> {
    let dated = Dated::at(BEFORE_MIDNIGHT, &["Hub North", "Hub South", "Hub West"]).await?;
    let hubs = dated.open(&[20 * HOUR, 20 * HOUR, 0]).await?;
    for hub in &hubs {
        says_of_its_clock(hub, Some("too few others are linked to tell which is right")).await?;
    }
    let gates = turnstiles(&hubs).await?;
    // Good by some clocks and not by others.
    for tier in [NOW_OPEN, TOMORROW] {
        shown_at(
            &gates,
            &dated.buy(tier).await?,
            ("clock_in_doubt", "clock_in_doubt"),
        )
        .await?;
    }
    // Used on one day by some clocks, and on none by others.
    shown_at(
        &gates,
        &dated.buy(DAILY).await?,
        ("admit", "clock_in_doubt|day_used_up"),
    )
    .await?;
    close(hubs).await?;
    assert_eq!(dated.stage.organizer.incidents().await?, []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_majority_that_is_wrong_alike_is_gone_by_and_the_cloud_says_that_its_clock_is_not_theirs()
-> anyhow::Result<()> {
    let dated = Dated::at(BEFORE_MIDNIGHT, &["Hub North", "Hub South", "Hub West"]).await?;
    let hubs = dated.open(&[20 * HOUR; 3]).await?;
    let ready = async || {
        let answer = dated.stage.cloud.http.get("/readyz").await?.expect(200)?.text();
        let is_said =
            answer.contains("This server's clock is 20 h 0 min behind those of most linked devices");
        Ok(is_said.then_some(()))
    };
    until("the cloud to say that its clock is not the devices'", ready).await?;
    for hub in &hubs {
        dated
            .organizer_is_told(&hub.name, Some("20 h 0 min ahead of"))
            .await?;
    }
    let gates = turnstiles(&hubs).await?;
    shown_at(&gates, &dated.buy(NOW_OPEN).await?, ("too_late", "too_late")).await?;
    shown_at(&gates, &dated.buy(TOMORROW).await?, ("admit", "already_used")).await?;
    shown_at(&gates, &dated.buy(DAILY).await?, ("admit", "day_used_up")).await?;
    close(hubs).await?;
    assert_eq!(dated.stage.organizer.incidents().await?, []);
    Ok(())
}
