//! Hubs killed while they admit.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::ensure;
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};
use usher_tests::effort::{Effort, Rounds};
use usher_tests::sim::random::Random;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, Places, SEATED, SOUTH, STANDING};
use usher_tests::stage::patience::until;
use usher_tests::stage::turnstile::{HubVerdict, Turnstile};
use usher_tests::stage::venue::Venue;

/// How often a hub is killed.
const ROUNDS: Rounds = Rounds { suite: 20, soak: 400 };
/// Turnstiles at each hub.
const TURNSTILES: u64 = 2;
/// Longest time from one life of a hub to its end, in milliseconds.
const LONGEST_LIFE_MS: u64 = 300;
/// From one person at a turnstile to the next.
const NEXT_PERSON: Duration = Duration::from_millis(20);
/// Tickets bought at once.
const TICKETS_AT_ONCE: u32 = 20;
/// Bookings for each tier.
const BOOKINGS: usize = 7;

/// What was answered: the scan and its verdict, by the unit of the ticket. Kept outside the hubs.
type Answers = BTreeMap<u32, Vec<(String, HubVerdict)>>;

#[tokio::test]
async fn no_scan_that_was_answered_is_lost_and_no_seat_opens_twice_when_hubs_are_killed() -> anyhow::Result<()>
{
    LocalSet::new().run_until(kill_while_admitting()).await
}

async fn kill_while_admitting() -> anyhow::Result<()> {
    let Effort { seed, rounds } = Effort::of("hubs killed", 20_261_121, ROUNDS);
    let stage = Stage::on_sale(Places::FEW).await?;
    let mut venue = Venue::open(&stage).await?;
    let mut random = Random::new(seed);
    let tickets = buy(&stage).await?;
    let (stop, stopped) = watch::channel(false);
    let mut turnstiles = JoinSet::new();
    for _ in 0..TURNSTILES {
        for turnstile in [
            venue.north.turnstile(NORTH).await?,
            venue.south.turnstile(SOUTH).await?,
        ] {
            let random = Random::new(random.bits());
            turnstiles.spawn_local(keep_scanning(turnstile, tickets.clone(), random, stopped.clone()));
        }
    }
    for round in 0..rounds {
        let life = Duration::from_millis(random.between(50, LONGEST_LIFE_MS));
        tokio::time::sleep(life).await;
        let hub = if round % 2 == 0 {
            &mut venue.north
        } else {
            &mut venue.south
        };
        hub.process.kill9()?;
        hub.start_again().await?;
    }
    stop.send(true)?;
    let mut answers = Answers::new();
    while let Some(answered) = turnstiles.join_next().await {
        for (unit, verdicts) in answered?? {
            answers.entry(unit).or_default().extend(verdicts);
        }
    }
    venue.linked().await?;
    venue.settled(&stage).await?;
    nothing_was_lost(&stage, &answers).await?;
    every_answer_is_in_both_hubs(&venue, &answers).await?;
    no_seat_opened_twice(&stage, &tickets).await?;
    every_signature_holds(&mut venue).await
}

async fn buy(stage: &Stage) -> anyhow::Result<Vec<BoughtTicket>> {
    let (buyer, mut tickets) = (stage.buyer(), Vec::new());
    for _ in 0..BOOKINGS {
        for tier in [SEATED, STANDING] {
            tickets.extend(
                buyer
                    .buy(&Wish::Any {
                        tier,
                        quantity: TICKETS_AT_ONCE,
                    })
                    .await?
                    .tickets,
            );
        }
    }
    Ok(tickets)
}

/// Scans any tickets until told to stop. A scan without an answer is asked again under its id until it has one.
async fn keep_scanning(
    turnstile: Turnstile,
    tickets: Vec<BoughtTicket>,
    mut random: Random,
    stopped: watch::Receiver<bool>,
) -> anyhow::Result<Answers> {
    let mut answers = Answers::new();
    while !*stopped.borrow() {
        let ticket = &tickets[random.index(tickets.len())];
        let scan_id = data_encoding::HEXLOWER.encode(&random.bytes16());
        let verdict: HubVerdict = until("the hub to answer a scan", async || {
            let reply = turnstile.scan_as(&scan_id, &ticket.payload).await?;
            Ok((reply.status == 200).then_some(reply))
        })
        .await?
        .json()?;
        let recorded = (verdict.scan_id.clone(), verdict);
        answers.entry(ticket.unit).or_default().push(recorded);
        tokio::time::sleep(NEXT_PERSON).await;
    }
    Ok(answers)
}

async fn nothing_was_lost(stage: &Stage, answers: &Answers) -> anyhow::Result<()> {
    let admitted: BTreeSet<u32> = answers
        .iter()
        .filter(|(_, verdicts)| verdicts.iter().any(|(_, verdict)| verdict.verdict == "admit"))
        .map(|(unit, _)| *unit)
        .collect();
    ensure!(
        admitted.len() > 20,
        "only {} admissions: the test proves little",
        admitted.len()
    );
    let known = stage.organizer.admitted_units().await?;
    let lost: Vec<_> = admitted.difference(&known).collect();
    ensure!(
        lost.is_empty(),
        "these units were let in, and the cloud has not heard of it: {lost:?}"
    );
    Ok(())
}

async fn every_answer_is_in_both_hubs(venue: &Venue, answers: &Answers) -> anyhow::Result<()> {
    for hub in [&venue.north, &venue.south] {
        let all = answers.iter().flat_map(|(unit, verdicts)| {
            let answered =
                move |(scan, said): &'_ (String, HubVerdict)| (scan.clone(), *unit, said.verdict.clone());
            verdicts.iter().map(answered)
        });
        let all: Vec<_> = all.collect();
        let answered = all
            .iter()
            .map(|(scan, unit, verdict)| (scan.as_str(), *unit, verdict.as_str()));
        hub.export().await?.holds(answered)?;
    }
    Ok(())
}

async fn no_seat_opened_twice(stage: &Stage, tickets: &[BoughtTicket]) -> anyhow::Result<()> {
    let seats: BTreeSet<u32> = tickets
        .iter()
        .filter(|ticket| ticket.tier == SEATED)
        .map(|ticket| ticket.unit)
        .collect();
    let mut opened = BTreeSet::new();
    for scan in stage
        .organizer
        .scans()
        .await?
        .iter()
        .filter(|scan| scan.kind == "admitted")
    {
        let unit = scan.unit.unit;
        ensure!(
            !seats.contains(&unit) || opened.insert(unit),
            "seat {unit} was let in twice"
        );
    }
    Ok(())
}

async fn every_signature_holds(venue: &mut Venue) -> anyhow::Result<()> {
    for hub in [&mut venue.north, &mut venue.south] {
        hub.process.stop().await?;
        let said = hub.command(&["audit"]).await?;
        ensure!(said.contains("sound") && !said.contains("WRONG"), "{said}");
    }
    Ok(())
}
