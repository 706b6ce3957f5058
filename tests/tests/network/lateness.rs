//! Lines that take long: whatever the delay between a hub and a ticket's home, one gate lets the guest in, and whoever was not let in is not counted as in.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail, ensure};
use tokio::task::{JoinSet, LocalSet};
use usher_tests::effort::{Effort, Rounds};
use usher_tests::relay::Weather;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{Ticket, Wish};
use usher_tests::stage::festival::{NORTH, Places, SEATED, SOUTH};
use usher_tests::stage::hub::Turnstile;
use usher_tests::stage::patience::until;
use usher_tests::stage::venue::{Side, Venue};

/// Tickets shown over each line.
const TICKETS: Rounds = Rounds { suite: 8, soak: 100 };
/// What a datagram takes in either direction, in milliseconds.
const DELAYS_MS: [u64; 6] = [0, 150, 300, 600, 1_200, 2_000];
/// Up to which delay nobody is referred, once a hub has measured the line.
const MEASURED_MS: u64 = 300;
/// Tickets shown one after the other before, while a hub measures the line.
const MEASURING: usize = 5;
/// Tickets in one booking.
const AT_ONCE: u32 = 10;

#[tokio::test]
async fn however_late_answers_are_one_gate_lets_a_guest_in_and_nobody_is_counted_who_was_not()
-> anyhow::Result<()> {
    let effort = Effort::of("late answers between hubs", 20_261_128, TICKETS);
    LocalSet::new().run_until(sweep(effort)).await
}

async fn sweep(effort: Effort) -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FULL).await?;
    let venue = Venue::open(&stage).await?;
    let (north, south) = (
        venue.north.turnstile(NORTH).await?,
        venue.south.turnstile(SOUTH).await?,
    );
    let mut shown = BTreeSet::new();
    for delay in DELAYS_MS {
        let tickets = at_home_in_the_south(&stage, &venue, effort.rounds).await?;
        let weather = Weather {
            delay_ms: (delay, delay),
            ..Weather::FAIR
        };
        venue.cable.turn(weather, effort.seed);
        let (first, others) = tickets.split_at(MEASURING);
        let mut measuring = BTreeMap::new();
        for ticket in first {
            measuring.append(&mut show(&north, std::slice::from_ref(ticket)).await?);
        }
        let verdicts = show(&north, others).await?;
        let referred = verdicts.values().filter(|verdict| *verdict == "refer").count();
        ensure!(
            delay > MEASURED_MS || referred == 0,
            "{referred} of {} were referred at {delay} ms: {verdicts:?}",
            others.len()
        );
        let mut sent_on = JoinSet::new();
        for ticket in tickets {
            let verdict = measuring.get(&ticket.unit).or_else(|| verdicts.get(&ticket.unit));
            shown.insert(ticket.unit);
            match verdict.context("it was shown")?.as_str() {
                "admit" => {}
                "refer" => {
                    sent_on.spawn_local(let_in(south.clone(), ticket));
                }
                other => bail!("{other} for a ticket that nobody has used, at {delay} ms"),
            }
        }
        for went_in in sent_on.join_all().await {
            went_in.with_context(|| format!("at {delay} ms"))?;
        }
    }
    venue.cable.turn(Weather::FAIR, effort.seed);
    venue.settled(&stage).await?;
    for hub in [&venue.north, &venue.south] {
        let export = hub.export().await?;
        let counted = export.admissions();
        let once = counted.iter().filter(|(_, scans)| scans.len() == 1);
        let once: BTreeSet<u32> = once.map(|(unit, _)| *unit).collect();
        assert_eq!((once, counted.len()), (shown.clone(), shown.len()));
    }
    Ok(())
}

/// Buys so many strict tickets, and those to measure with, whose home is the hub in the south.
async fn at_home_in_the_south(stage: &Stage, venue: &Venue, times: u64) -> anyhow::Result<Vec<Ticket>> {
    let wanted = usize::try_from(times)? + MEASURING;
    let mut tickets = Vec::new();
    while tickets.len() < wanted {
        let wish = Wish::Any {
            tier: SEATED,
            quantity: AT_ONCE,
        };
        let bought = stage.buyer().buy(&wish).await?.tickets;
        tickets.extend(
            bought
                .into_iter()
                .filter(|ticket| venue.home(ticket.unit) == Side::South),
        );
    }
    tickets.truncate(wanted);
    Ok(tickets)
}

/// Shows all these tickets at a turnstile at the same time; gives the verdicts by unit.
async fn show(turnstile: &Turnstile, tickets: &[Ticket]) -> anyhow::Result<BTreeMap<u32, String>> {
    let mut scans = JoinSet::new();
    for ticket in tickets.iter().cloned() {
        let turnstile = turnstile.clone();
        scans.spawn(async move {
            let verdict = turnstile.scan(&ticket.payload).await?.verdict;
            anyhow::Ok((ticket.unit, verdict))
        });
    }
    scans.join_all().await.into_iter().collect()
}

async fn let_in(turnstile: Turnstile, ticket: Ticket) -> anyhow::Result<()> {
    until("the home to let the guest in", async || {
        let verdict = turnstile.scan(&ticket.payload).await?.verdict;
        ensure!(verdict == "admit", "it says {verdict}");
        Ok(Some(()))
    })
    .await
}
