//! A scanner killed while it reads: at a hub first, then with no hub to ask. What it showed is kept outside it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use usher_tests::effort::{Effort, Rounds};
use usher_tests::sim::random::Random;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, Places, STANDING};
use usher_tests::stage::patience::until;
use usher_tests::stage::scanner::{Scanner, Wedge};
use usher_tests::stage::venue::{Side, Venue};

/// How often the scanner is killed, half of it with no hub to ask.
const ROUNDS: Rounds = Rounds { suite: 16, soak: 300 };
/// Codes typed in one life: more than are judged in it.
const CODES: usize = 30;
/// Tickets to choose from at a hub, and as many without.
const TICKETS: usize = 400;
/// Tickets bought at once.
const TICKETS_AT_ONCE: u32 = 20;
/// For a scanner that need not wait for a hub at the start.
const NO_HUB: [&str; 2] = ["--wait-for-hub", "0"];
/// Longest time from the first result of a life to its end, in milliseconds.
const LONGEST_LIFE_MS: u64 = 200;

/// What was shown in all lives.
#[derive(Default)]
struct Shown {
    results: u64,
    admitted: BTreeSet<u32>,
}

#[tokio::test]
async fn nothing_that_a_killed_scanner_showed_is_lost_and_it_lets_nobody_in_twice() -> anyhow::Result<()> {
    let Effort { seed, rounds } = Effort::of("a scanner killed", 20_261_122, ROUNDS);
    let stage = Stage::on_sale(Places::FULL).await?;
    let mut venue = Venue::open(&stage).await?;
    let scanner = venue.scanner(&stage, Side::North, "Scanner").await?;
    let (mut random, mut shown) = (Random::new(seed), Shown::default());
    let tickets = buy(&stage).await?;
    let (at_a_hub, alone) = tickets.split_at(TICKETS);
    for round in 0..rounds {
        if round == rounds / 2 {
            venue.north.process.kill9()?;
            venue.south.process.kill9()?;
        }
        let life = if round < rounds / 2 {
            (at_a_hub, [].as_slice())
        } else {
            (alone, NO_HUB.as_slice())
        };
        live_once(&stage, &scanner, life, (&mut random, &mut shown))
            .await
            .with_context(|| format!("seed {seed} round {round}"))?;
    }
    ensure!(
        shown.results > 2 * rounds && shown.admitted.len() > 10,
        "seed {seed}: {} results prove little",
        shown.results
    );
    venue.north.start_again().await?;
    venue.south.start_again().await?;
    venue.linked().await?;
    // While it reads one more code at its hub, it tells what it did alone.
    let _reader = scanner.wedge(NORTH, &stage.path("afterwards"))?;
    until(
        format!("seed {seed}: the cloud to hear of every admission"),
        async || {
            let known = stage.organizer.admitted_units().await?;
            Ok(shown.admitted.is_subset(&known).then_some(()))
        },
    )
    .await
}

async fn buy(stage: &Stage) -> anyhow::Result<Vec<BoughtTicket>> {
    let (buyer, mut tickets) = (stage.buyer(), Vec::new());
    let wish = Wish::Any {
        tier: STANDING,
        quantity: TICKETS_AT_ONCE,
    };
    while tickets.len() < 2 * TICKETS {
        tickets.extend(buyer.buy(&wish).await?.tickets);
    }
    Ok(tickets)
}

/// Starts the scanner, types codes, kills it some time after its first result, and takes note of what it had shown.
async fn live_once(
    stage: &Stage,
    scanner: &Scanner,
    (tickets, more): (&[BoughtTicket], &[&str]),
    (random, shown): (&mut Random, &mut Shown),
) -> anyhow::Result<()> {
    // Each ticket once: the same code twice in a row is one reading.
    let first = random.index(tickets.len() - CODES);
    let typed = &tickets[first..first + CODES];
    let screen: PathBuf = stage.path("screen");
    let mut reader: Wedge = scanner.wedge_with(NORTH, &screen, more)?;
    for ticket in typed {
        reader.type_line(&ticket.payload)?;
    }
    until("the scanner to show a first result", async || {
        Ok((!reader.results()?.is_empty()).then_some(()))
    })
    .await?;
    tokio::time::sleep(Duration::from_millis(random.below(LONGEST_LIFE_MS))).await;
    reader.kill9()?;
    for (ticket, result) in typed.iter().zip(reader.results()?) {
        shown.results += 1;
        if result.outcome == "admitted" {
            ensure!(
                shown.admitted.insert(ticket.unit),
                "unit {} was let in twice",
                ticket.unit
            );
        }
    }
    Ok(())
}
