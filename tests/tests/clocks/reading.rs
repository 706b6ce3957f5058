//! A scanner with a wrong clock: what it shows, and what its `status` says while it runs and afterwards.

use anyhow::ensure;
use serde_json::Value;
use usher_tests::stage::patience::until;
use usher_tests::stage::scanner::Scanner;

use crate::clocks::dated::{DAILY, Dated, GATE, NOW_OPEN, TOMORROW};

/// 23:20 in Berlin.
const BEFORE_MIDNIGHT: &str = "2027-06-05T21:20:00Z";
const MINUTE: i64 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_whose_clock_is_wrong_says_so_and_goes_by_the_hubs() -> anyhow::Result<()> {
    let dated = Dated::at(BEFORE_MIDNIGHT, &["Hub North", "Hub South"]).await?;
    let hubs = dated.open(&[0, 0]).await?;
    let folder = dated.stage.path("scanner");
    let scanner = Scanner::enrol(&dated.stage.programs, &folder, &hubs[0].scanner_code().await?).await?;
    let wrong = scanner.with_programs(&dated.off_by(45 * MINUTE)?);
    let mut reader = wrong.wedge(GATE, &dated.stage.path("shown"))?;
    // It learns of the other hub, and two agree.
    until("the scanner to show that its clock is wrong", async || {
        let shown = reader.printed()?;
        Ok(shown
            .contains("this machine's clock is 45 min ahead of the other clocks")
            .then_some(()))
    })
    .await?;
    let status = async || -> anyhow::Result<Value> {
        let said = wrong.run(&["status".into(), "--json".into()]).await?;
        Ok(serde_json::from_str(&said)?)
    };
    let noted = until("its status to say so while it runs", async || {
        let status = status().await?;
        let words = status["clock_warning"].as_str().unwrap_or_default();
        Ok(words
            .contains("45 min ahead of the other clocks")
            .then_some(status))
    })
    .await?;
    ensure!(
        noted["last_known"]["hubs"]
            .as_array()
            .is_some_and(|hubs| hubs.len() == 2),
        "{noted}"
    );
    // In 40 minutes the window is over and it is tomorrow; not by the hubs' clocks.
    let mut tickets = Vec::new();
    for tier in [NOW_OPEN, DAILY, TOMORROW] {
        tickets.extend(dated.buy(tier).await?);
    }
    for expected in [
        ["admitted", "admitted", "too_early"],
        ["already_used", "day_used_up", "too_early"],
    ] {
        for ticket in &tickets {
            let (shown, wanted) = (
                reader.read(&ticket.payload).await?,
                expected[usize::from(ticket.tier - 1)],
            );
            ensure!(
                shown.outcome == wanted,
                "tier {}: {shown:?}, not {wanted}",
                ticket.tier
            );
        }
        reader.kill9()?;
        // A code that is shown again at once would count as one showing.
        reader = wrong.wedge(GATE, &dated.stage.path("shown-again"))?;
    }
    reader.kill9()?;
    says_that_its_clock_is_wrong(&wrong).await
}

async fn says_that_its_clock_is_wrong(scanner: &Scanner) -> anyhow::Result<()> {
    let told = scanner.run(&["status".into()]).await?;
    for words in [
        "CLOCK        this machine's clock is 45 min ahead",
        "linked       Hub ",
        "records      ",
    ] {
        ensure!(told.contains(words), "{words:?} is not in {told}");
    }
    Ok(())
}
