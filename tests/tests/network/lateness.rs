//! Lines that take long and lose much, and hubs that stand still: one gate lets the guest in, and whoever was not let in is not counted as in.

use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::task::JoinSet;
use usher_tests::effort::{Effort, Rounds};
use usher_tests::relay::Weather;
use usher_tests::stage::Stage;
use usher_tests::stage::festival::Places;
use usher_tests::stage::process::Signal;
use usher_tests::stage::venue::{Side, Venue};

use super::guests::{Gates, Guest, Visit, are_counted_as_told, bought};

/// Guests of each trial.
const GUESTS: Rounds = Rounds { suite: 12, soak: 60 };
/// Strict scans over a line of [`MEASURED_MS`].
const SCANS: Rounds = Rounds {
    suite: 240,
    soak: 1_600,
};
/// Turnstiles that scan them at the same time.
const TURNSTILES: usize = 24;
/// Up to which delay in either direction hardly anybody is referred, once a hub has measured the line.
const MEASURED_MS: u64 = 300;
/// Scans by which the hubs measure the line first.
const MEASURING: usize = 16;
/// From one guest of a trial to the next.
const NEXT_GUEST: Duration = Duration::from_millis(25);

/// Something that goes wrong.
#[derive(Debug, Clone, Copy)]
struct Trial {
    /// What a datagram takes in either direction, in milliseconds.
    delay_ms: u64,
    /// How many of a hundred are lost.
    loss_percent: u64,
    /// The hub that stands still for so many milliseconds in the middle.
    frozen: Option<(Side, u64)>,
    /// Whether it is tried in the default suite, too.
    always: bool,
}

const fn slow(delay_ms: u64, always: bool) -> Trial {
    Trial {
        delay_ms,
        loss_percent: 0,
        frozen: None,
        always,
    }
}

const fn lossy(delay_ms: u64, loss_percent: u64, always: bool) -> Trial {
    Trial {
        loss_percent,
        ..slow(delay_ms, always)
    }
}

const fn frozen(delay_ms: u64, side: Side, for_ms: u64, always: bool) -> Trial {
    Trial {
        frozen: Some((side, for_ms)),
        ..slow(delay_ms, always)
    }
}

/// All guests come to the hub that must ask; those of a trial with a frozen hub have their home in the south.
const TRIALS: [Trial; 18] = [
    slow(0, false),
    slow(150, false),
    slow(300, false),
    slow(600, false),
    slow(1_200, true),
    slow(2_000, true),
    lossy(0, 5, false),
    lossy(300, 5, true),
    lossy(1_200, 5, false),
    lossy(0, 20, false),
    lossy(150, 20, true),
    lossy(600, 20, false),
    frozen(0, Side::South, 1_000, false),
    frozen(100, Side::South, 1_500, true),
    frozen(300, Side::South, 3_000, false),
    frozen(0, Side::North, 1_000, false),
    frozen(100, Side::North, 1_500, true),
    frozen(300, Side::North, 3_000, false),
];

#[tokio::test(flavor = "multi_thread")]
async fn however_late_answers_are_one_gate_lets_a_guest_in_and_nobody_is_counted_who_was_not()
-> anyhow::Result<()> {
    let effort = Effort::of("late and lost answers between hubs", 20_261_128, GUESTS);
    let is_long = effort.rounds > GUESTS.suite;
    let stage = Stage::on_sale(Places::FULL).await?;
    let venue = Venue::open(&stage).await?;
    let gates = Gates::of(&venue).await?;
    let mut visits = Vec::new();
    for trial in TRIALS.iter().filter(|trial| is_long || trial.always) {
        let mut guests = bought(&stage, &venue, usize::try_from(effort.rounds)? * 2).await?;
        if trial.frozen.is_some() {
            guests.retain(|guest| guest.home == Side::South);
        } else {
            guests.truncate(usize::try_from(effort.rounds)?);
        }
        turn(&venue, trial, effort.seed);
        let came = come(&venue, &gates, guests, trial.frozen).await;
        venue.cable.turn(Weather::FAIR, effort.seed);
        visits.extend(came.with_context(|| format!("{trial:?}"))?);
    }
    are_counted_as_told(&stage, &venue, &visits).await
}

fn turn(venue: &Venue, trial: &Trial, seed: u64) {
    let weather = Weather {
        delay_ms: (trial.delay_ms, trial.delay_ms),
        loss_percent: trial.loss_percent,
        ..Weather::FAIR
    };
    venue.cable.turn(weather, seed);
}

/// Has guests come one after the other; in their midst a hub stands still for a while.
async fn come(
    venue: &Venue,
    gates: &Gates,
    guests: Vec<Guest>,
    frozen: Option<(Side, u64)>,
) -> anyhow::Result<Vec<Visit>> {
    let (half, mut visits) = (guests.len() / 2, JoinSet::new());
    for (number, guest) in guests.into_iter().enumerate() {
        if let Some((side, for_ms)) = frozen.filter(|_| number == half) {
            venue.hub(side).process.signal(Signal::Pause)?;
            visits.spawn(gates.clone().visit(guest));
            tokio::time::sleep(Duration::from_millis(for_ms)).await;
            venue.hub(side).process.signal(Signal::Resume)?;
        } else {
            visits.spawn(gates.clone().visit(guest));
        }
        tokio::time::sleep(NEXT_GUEST).await;
    }
    visits.join_all().await.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_line_of_300_ms_hardly_any_of_hundreds_of_strict_scans_is_referred() -> anyhow::Result<()> {
    let effort = Effort::of("strict scans over a slow line", 20_261_128, SCANS);
    let stage = Stage::on_sale(Places::FULL).await?;
    let venue = Venue::open(&stage).await?;
    let gates = Gates::of(&venue).await?;
    let mut guests = bought(&stage, &venue, usize::try_from(effort.rounds)? + MEASURING).await?;
    turn(&venue, &slow(MEASURED_MS, true), effort.seed);
    let measuring = guests.split_off(guests.len() - MEASURING);
    let measured = measure(&gates, measuring).await?;
    let visits = show_at_many(&gates, guests).await?;
    let referred = visits.iter().filter(|visit| visit.first == "refer").count();
    let admitted = visits.iter().filter(|visit| visit.first == "admit").count();
    ensure!(
        referred * 100 <= visits.len() && admitted + referred == visits.len(),
        "{referred} of {} were referred, {admitted} let in: {:?}",
        visits.len(),
        visits.iter().map(|visit| &visit.said).collect::<Vec<_>>()
    );
    venue.cable.turn(Weather::FAIR, effort.seed);
    let mut visits: Vec<Visit> = visits.into_iter().chain(measured).collect();
    visits.retain(|visit| visit.first == "admit");
    are_counted_as_told(&stage, &venue, &visits).await
}

/// Shows tickets at either gate, one after the other, while its hub measures the line.
async fn measure(gates: &Gates, guests: Vec<Guest>) -> anyhow::Result<Vec<Visit>> {
    let (north, south): (Vec<Guest>, Vec<Guest>) =
        guests.into_iter().partition(|guest| guest.home == Side::South);
    let (north, south) = tokio::try_join!(show_all(gates, north), show_all(gates, south))?;
    Ok(north.into_iter().chain(south).collect())
}

/// Shows tickets at many turnstiles, at each one after the other.
async fn show_at_many(gates: &Gates, guests: Vec<Guest>) -> anyhow::Result<Vec<Visit>> {
    let mut lines: Vec<Vec<Guest>> = vec![Vec::new(); TURNSTILES];
    for (number, guest) in guests.into_iter().enumerate() {
        lines[number % TURNSTILES].push(guest);
    }
    let mut turnstiles = JoinSet::new();
    for line in lines {
        let gates = gates.clone();
        turnstiles.spawn(async move { show_all(&gates, line).await });
    }
    let visits: anyhow::Result<Vec<Vec<Visit>>> = turnstiles.join_all().await.into_iter().collect();
    Ok(visits?.into_iter().flatten().collect())
}

async fn show_all(gates: &Gates, guests: Vec<Guest>) -> anyhow::Result<Vec<Visit>> {
    let mut visits = Vec::new();
    for guest in guests {
        let mut visit = Visit::of(&guest);
        visit.first = gates.show_away_from_home(&guest, &mut visit).await?;
        visits.push(visit);
    }
    Ok(visits)
}
