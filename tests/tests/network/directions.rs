//! The scanner's program behind a line that is slow in one direction and not in the other, loses much, or leads to a hub that stands still: nobody is counted in who was not let in, and nobody is let in twice.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::time::{sleep, timeout};
use usher_tests::effort::{Effort, Rounds};
use usher_tests::relay::{Relay, Weather};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{NORTH, Places};
use usher_tests::stage::patience::{PATIENCE, until};
use usher_tests::stage::process::Signal;
use usher_tests::stage::scanner::Wedge;
use usher_tests::stage::venue::{Side, Venue};

use super::guests::{Gates, Guest, Visit, bought};

/// Guests at each scanner in each trial.
const GUESTS: Rounds = Rounds { suite: 2, soak: 12 };
/// Scanners at the same time, all behind the same line.
const SCANNERS: usize = 3;

/// What is wrong with the line from the scanners to their hub.
#[derive(Debug, Clone, Copy)]
struct Trial {
    /// What a datagram takes to the hub and back, in milliseconds.
    delays_ms: [u64; 2],
    /// How many of a hundred are lost.
    loss_percent: u64,
    /// For how long the hub stands still as the first guests come, in milliseconds.
    frozen_ms: Option<u64>,
}

const fn slow(there_ms: u64, back_ms: u64) -> Trial {
    Trial {
        delays_ms: [there_ms, back_ms],
        loss_percent: 0,
        frozen_ms: None,
    }
}

const TRIALS: [Trial; 8] = [
    slow(0, 2_000),
    slow(2_000, 0),
    slow(100, 700),
    slow(700, 100),
    Trial {
        loss_percent: 20,
        ..slow(50, 300)
    },
    Trial {
        loss_percent: 20,
        ..slow(1_200, 0)
    },
    Trial {
        frozen_ms: Some(1_200),
        ..slow(0, 0)
    },
    Trial {
        frozen_ms: Some(400),
        ..slow(0, 400)
    },
];

/// The venue, and scanners that reach its hub in the north over one line.
struct Gate {
    stage: Stage,
    venue: Venue,
    air: Relay,
    readers: Vec<Wedge>,
    gates: Gates,
}

impl Gate {
    async fn open() -> anyhow::Result<Self> {
        let stage = Stage::on_sale(Places::FULL).await?;
        let venue = Venue::open(&stage).await?;
        let air = Relay::open().await?;
        air.aim(venue.north.listening.quic);
        let mut readers = Vec::new();
        for number in 0..SCANNERS {
            let name = format!("Scanner {number}");
            let scanner = venue.scanner(&stage, Side::North, &name).await?;
            let scanner = scanner.with_hub(air.address());
            readers.push(scanner.wedge(NORTH, &stage.path(format!("shown-{number}")))?);
            venue.north.linked_to(&name).await?;
        }
        let gates = Gates::of(&venue).await?;
        Ok(Self {
            stage,
            venue,
            air,
            readers,
            gates,
        })
    }

    /// Has guests come to all scanners at once, at each one after the other.
    async fn come(&mut self, trial: Trial, mut guests: Vec<Guest>) -> anyhow::Result<Vec<Visit>> {
        let each = guests.len() / SCANNERS;
        let [first, second, third] = &mut self.readers[..] else {
            anyhow::bail!("there are three scanners");
        };
        let lines = [guests.split_off(2 * each), guests.split_off(each), guests];
        let [one, two, three] = lines;
        let come = |reader, guests| come_by(reader, &self.gates, guests);
        let frozen = async {
            if let Some(for_ms) = trial.frozen_ms {
                self.venue.north.process.signal(Signal::Pause)?;
                sleep(Duration::from_millis(for_ms)).await;
                self.venue.north.process.signal(Signal::Resume)?;
            }
            Ok(())
        };
        let come = tokio::try_join!(come(first, one), come(second, two), come(third, three), frozen)?;
        let (one, two, three, ()) = come;
        Ok([one, two, three].into_iter().flatten().collect())
    }

    /// Waits until everybody has heard everything, and demands that one person is counted for each ticket, and nobody else.
    async fn are_counted(&self, visits: &[Visit]) -> anyhow::Result<()> {
        self.venue.linked().await?;
        let mut wrong = String::new();
        let counted = until("each ticket to have let one person in", async || {
            self.venue.settled(&self.stage).await?;
            let north = self.venue.north.export().await?;
            let counted: BTreeMap<u32, usize> = north
                .admissions()
                .into_iter()
                .map(|(unit, scans)| (unit, scans.len()))
                .collect();
            let expected: BTreeMap<u32, usize> = visits.iter().map(|visit| (visit.unit, 1)).collect();
            wrong = format!("counted are {counted:?}, not {expected:?}");
            let south = self.venue.south.export().await?;
            Ok((counted == expected && north.admissions() == south.admissions()).then_some(()))
        });
        counted.await.with_context(|| wrong.clone())?;
        let units = visits.iter().map(|visit| visit.unit).collect();
        assert_eq!(self.stage.organizer.admitted_units().await?, units);
        assert_eq!(self.stage.organizer.incidents().await?, []);
        Ok(())
    }
}

/// Has guests come to a scanner, one after the other: each goes on to the home's gate if nobody is let in, and a friend shows a
/// copy there or at the gate beside afterwards.
async fn come_by(reader: &mut Wedge, gates: &Gates, guests: Vec<Guest>) -> anyhow::Result<Vec<Visit>> {
    let mut visits = Vec::new();
    for guest in guests {
        let mut visit = Visit::of(&guest);
        let shown = reader.read(&guest.ticket.payload).await?;
        let is_in = shown.signal == "admit";
        visit.first.clone_from(&shown.outcome);
        visit.said.push(shown.line());
        if !is_in {
            let gets_in = timeout(PATIENCE, gates.go_home(&guest, &mut visit));
            gets_in
                .await
                .with_context(|| format!("the home lets nobody in: {visit:?}"))??;
        }
        let copy = gates.show_away_from_home(&guest, &mut visit).await?;
        ensure!(copy != "admit", "a copy was let in: {visit:?}");
        visits.push(visit);
    }
    Ok(visits)
}

#[tokio::test]
async fn whoever_a_scanner_lets_in_over_a_lopsided_line_is_counted_and_nobody_else() -> anyhow::Result<()> {
    let effort = Effort::of("scanners behind lopsided lines", 20_261_129, GUESTS);
    let mut gate = Gate::open().await?;
    let mut visits = Vec::new();
    for trial in TRIALS {
        let many = SCANNERS * usize::try_from(effort.rounds)?;
        let guests = bought(&gate.stage, &gate.venue, many).await?;
        let weather = trial.delays_ms.map(|delay_ms| Weather {
            delay_ms: (delay_ms, delay_ms),
            loss_percent: trial.loss_percent,
            ..Weather::FAIR
        });
        gate.air.turn_each(weather, effort.seed);
        let came = gate.come(trial, guests).await;
        gate.air.turn(Weather::FAIR, effort.seed);
        visits.extend(came.with_context(|| format!("{trial:?}"))?);
    }
    let let_in = visits.iter().filter(|visit| visit.first == "admitted").count();
    ensure!(
        0 < let_in && let_in < visits.len(),
        "{let_in} of {} were let in by a scanner, which tries little: {:?}",
        visits.len(),
        visits.iter().map(|visit| &visit.said).collect::<Vec<_>>()
    );
    gate.are_counted(&visits).await
}
