//! A cloud, two hubs and a scanner with a relay on every cable, and what was answered at the gates.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::sync::watch;
use tokio::task::JoinSet;
use usher_tests::relay::{Relay, Weather};
use usher_tests::sim::random::Random;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, Places, SEATED, SOUTH, STANDING};
use usher_tests::stage::patience::until;
use usher_tests::stage::scanner::Wedge;
use usher_tests::stage::turnstile::{HubVerdict, Turnstile};
use usher_tests::stage::venue::{Side, Venue};

/// Bookings for each tier, and tickets in each.
const BOOKINGS: u32 = 4;
const TICKETS_AT_ONCE: u32 = 20;
/// Turnstiles at each hub.
const TURNSTILES: u64 = 2;
/// From one person at a turnstile to the next.
const NEXT_PERSON: Duration = Duration::from_millis(20);
/// From one person at a scanner to the next: all tickets in turn take longer than the three seconds for which a code that is
/// shown again is still the same showing.
const NEXT_SHOWN: Duration = Duration::from_millis(45);

/// Everything and what lies between.
pub struct Site {
    /// The cloud.
    pub stage: Stage,
    /// The hubs and the cable between them.
    pub venue: Venue,
    /// What is between the hubs and the cloud.
    pub uplink: Relay,
    /// What is between the scanner and the hub in the north.
    pub air: Relay,
    /// The scanner's code reader, until somebody stands at it.
    pub reader: Option<Wedge>,
    /// Tickets to be shown at the gates.
    pub tickets: Vec<BoughtTicket>,
}

/// A scan that was answered.
#[derive(Debug)]
pub struct Answer {
    scan: String,
    unit: u32,
    verdict: String,
}

/// What was answered: at turnstiles, and the units the scanner let in.
#[derive(Debug, Default)]
pub struct Answers {
    /// At turnstiles, over the hubs' HTTP.
    pub turnstiles: Vec<Answer>,
    /// By the scanner.
    pub shown: BTreeSet<u32>,
}

impl Site {
    /// Opens everything in fair weather.
    ///
    /// # Errors
    ///
    /// When a step fails.
    pub async fn open() -> anyhow::Result<Self> {
        let (uplink, air) = (Relay::open().await?, Relay::open().await?);
        let settings = format!("uplink_public = [\"{}\"]", uplink.address());
        let stage = Stage::on_sale_with(Places::FULL, &settings).await?;
        uplink.aim(stage.cloud.listening.uplink);
        let venue = Venue::open(&stage).await?;
        air.aim(venue.north.listening.quic);
        let scanner = venue.scanner(&stage, Side::North, "Scanner").await?;
        let reader = scanner
            .with_hub(air.address())
            .wedge(NORTH, &stage.path("shown"))?;
        let mut tickets = Vec::new();
        for _ in 0..BOOKINGS {
            for tier in [SEATED, STANDING] {
                let quantity = TICKETS_AT_ONCE;
                let booking = stage.buyer().buy(&Wish::Any { tier, quantity }).await?;
                tickets.extend(booking.tickets);
            }
        }
        Ok(Self {
            stage,
            venue,
            uplink,
            air,
            reader: Some(reader),
            tickets,
        })
    }

    /// Returns every cable.
    pub fn cables(&self) -> [&Relay; 3] {
        [&self.uplink, &self.venue.cable, &self.air]
    }

    /// Makes every cable good again.
    pub fn clear_up(&self) {
        for cable in self.cables() {
            cable.mend();
            cable.turn(Weather::FAIR, 0);
        }
    }

    /// Scans at turnstiles of both hubs until told to stop.
    ///
    /// # Errors
    ///
    /// When a hub gives no token.
    pub async fn scan_on(
        &self,
        random: &mut Random,
        stopped: &watch::Receiver<bool>,
    ) -> anyhow::Result<JoinSet<anyhow::Result<Vec<Answer>>>> {
        let mut scanning = JoinSet::new();
        for _ in 0..TURNSTILES {
            for (hub, gate) in [(&self.venue.north, NORTH), (&self.venue.south, SOUTH)] {
                scanning.spawn_local(keep_scanning(
                    hub.turnstile(gate).await?,
                    self.tickets.clone(),
                    Random::new(random.bits()),
                    stopped.clone(),
                ));
            }
        }
        Ok(scanning)
    }

    /// Reads tickets with the scanner until told to stop; returns the units it let in.
    ///
    /// # Errors
    ///
    /// When it shows nothing for one of them.
    pub async fn read_on(
        reader: &mut Wedge,
        tickets: &[BoughtTicket],
        mut random: Random,
        stopped: watch::Receiver<bool>,
    ) -> anyhow::Result<BTreeSet<u32>> {
        // In turn from anywhere: the same code twice within a moment is one reading.
        let (mut admitted, first) = (BTreeSet::new(), random.index(tickets.len()));
        for ticket in tickets.iter().cycle().skip(first) {
            if *stopped.borrow() {
                break;
            }
            if reader.read(&ticket.payload).await?.outcome == "admitted" {
                admitted.insert(ticket.unit);
            }
            tokio::time::sleep(NEXT_SHOWN).await;
        }
        Ok(admitted)
    }

    /// Waits until everything is everywhere, then demands that all promises were kept.
    ///
    /// # Errors
    ///
    /// When one was not.
    pub async fn check(&self, answers: &Answers, revoked: &[BoughtTicket]) -> anyhow::Result<()> {
        let Self { stage, venue, .. } = self;
        venue.linked().await?;
        until("the cloud to hear of what the scanner did", async || {
            let known = stage.organizer.admitted_units().await?;
            Ok(answers.shown.is_subset(&known).then_some(()))
        })
        .await?;
        venue.settled(stage).await?;
        for hub in [&venue.north, &venue.south] {
            let answered = answers.turnstiles.iter();
            let answered =
                answered.map(|answer| (answer.scan.as_str(), answer.unit, answer.verdict.as_str()));
            hub.export().await?.holds(answered)?;
        }
        // The scanner's log may still be on its way with a second passage of a unit that is known already.
        let mut last = String::new();
        let agreed = until("cloud and hubs to tell the same of every passage", async || {
            let told = self.tell_the_same().await?;
            Ok(told.map_err(|difference| last = difference).ok())
        });
        agreed.await.with_context(|| last.clone())?;
        self.are_denied(revoked).await
    }

    /// Compares what cloud and hubs tell of passages and doubles; returns what differs, if anything does.
    async fn tell_the_same(&self) -> anyhow::Result<Result<(), String>> {
        for hub in [&self.venue.north, &self.venue.south] {
            let export = hub.export().await?;
            let admissions = export.admissions();
            if self.stage.organizer.admitted_units().await? != admissions.keys().copied().collect() {
                return Ok(Err(format!("the cloud knows of other units than {}", hub.name)));
            }
            let twice = admissions.iter().filter(|(_, scans)| scans.len() > 1);
            let doubles: BTreeMap<_, _> = twice.map(|(unit, scans)| (*unit, scans.len() - 1)).collect();
            self.are_standing(&doubles)?;
            let doubles: usize = doubles.values().sum();
            let incidents = self.stage.organizer.incidents().await?;
            ensure!(
                incidents.iter().all(|found| found.kind == "double_admission"),
                "the cloud reports {incidents:?}"
            );
            let reported = [incidents.len(), hub.status().await?.incidents_total];
            if reported != [doubles, doubles] {
                let name = &hub.name;
                return Ok(Err(format!(
                    "{doubles} doubles; cloud and {name} report {reported:?}"
                )));
            }
        }
        Ok(Ok(()))
    }

    /// Under strict policy nobody is let in twice.
    fn are_standing(&self, doubles: &BTreeMap<u32, usize>) -> anyhow::Result<()> {
        let seats = self.tickets.iter().filter(|ticket| ticket.tier == SEATED);
        for seat in seats {
            ensure!(
                !doubles.contains_key(&seat.unit),
                "seat {} was let in twice",
                seat.unit
            );
        }
        Ok(())
    }

    /// Whatever was revoked has arrived.
    async fn are_denied(&self, revoked: &[BoughtTicket]) -> anyhow::Result<()> {
        for (hub, gate) in [(&self.venue.north, NORTH), (&self.venue.south, SOUTH)] {
            let turnstile = hub.turnstile(gate).await?;
            for ticket in revoked {
                let verdict = turnstile.scan(&ticket.payload).await?;
                ensure!(
                    verdict.reason.as_deref() == Some("revoked"),
                    "{} says {verdict:?} to a ticket that was revoked",
                    hub.name
                );
            }
        }
        Ok(())
    }
}

/// Scans any tickets until told to stop. A scan without an answer is asked again under its id until it has one.
async fn keep_scanning(
    turnstile: Turnstile,
    tickets: Vec<BoughtTicket>,
    mut random: Random,
    stopped: watch::Receiver<bool>,
) -> anyhow::Result<Vec<Answer>> {
    let mut answers = Vec::new();
    while !*stopped.borrow() {
        let ticket = &tickets[random.index(tickets.len())];
        let scan = data_encoding::HEXLOWER.encode(&random.bytes16());
        let verdict: HubVerdict = until("the hub to answer a scan", async || {
            let reply = turnstile.scan_as(&scan, &ticket.payload).await?;
            Ok((reply.status == 200).then_some(reply))
        })
        .await?
        .json()?;
        answers.push(Answer {
            scan: verdict.scan_id,
            unit: ticket.unit,
            verdict: verdict.verdict,
        });
        tokio::time::sleep(NEXT_PERSON).await;
    }
    Ok(answers)
}
