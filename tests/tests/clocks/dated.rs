//! An event on a day of its own, hubs whose clocks are off from it, and what people get there.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::organizer::Role;
use usher_tests::stage::patience::until;
use usher_tests::stage::programs::Programs;
use usher_tests::stage::turnstile::{HubVerdict, Turnstile};

/// Once, strict, while its window is open.
pub const NOW_OPEN: u16 = 1;
/// Once a day, strict.
pub const DAILY: u16 = 2;
/// Once, strict, from tomorrow noon on.
pub const TOMORROW: u16 = 3;
/// Tickets of each tier that are bought for one case: enough for their homes to be at different hubs.
pub const EACH: u32 = 4;
/// The one gate.
pub const GATE: u16 = 1;
/// A quarter of an hour, in seconds.
const QUARTER: i64 = 15 * 60;
/// A day, in seconds.
const DAY: i64 = 24 * 60 * 60;

/// An event in Berlin and the hour at which it is looked at.
pub struct Dated {
    pub stage: Stage,
    /// How far that hour is from now, in seconds.
    away: i64,
    /// What the hubs are called.
    names: Vec<&'static str>,
}

impl Dated {
    /// Puts an event on sale that began three hours before a moment and goes on for ten days, with so many hubs that are enrolled.
    pub async fn at(moment: &str, names: &[&'static str]) -> anyhow::Result<Self> {
        let truth: jiff::Timestamp = moment.parse()?;
        let away = truth.as_second() - jiff::Timestamp::try_from(SystemTime::now())?.as_second();
        let programs = Programs::find()?.off_by(&format!("{away:+}"))?;
        let mut stage = Stage::empty_by(programs, "").await?;
        stage
            .organizer
            .draft_as(|venue_id| draft(venue_id, truth))
            .await?;
        stage.organizer.sign_keys().await?;
        stage.organizer.publish().await?;
        let dated = Self {
            stage,
            away,
            names: names.to_vec(),
        };
        for name in names {
            let code = dated.stage.organizer.enrolment_code(Role::Hub, name).await?;
            let mut hub = Hub::enrol(&dated.stage.programs, dated.setup(name, Vec::new()), &code).await?;
            hub.linked_to("cloud").await?;
            until("the hub to know the event", async || {
                Ok(hub.status().await?.event_name)
            })
            .await?;
            hub.process.stop().await?;
        }
        Ok(dated)
    }

    pub fn setup(&self, name: &'static str, peers: Vec<std::net::SocketAddr>) -> HubSetup<'static> {
        HubSetup {
            dir: self.stage.path(name),
            name,
            peers,
        }
    }

    /// Returns programs whose clock is so many seconds off.
    pub fn off_by(&self, seconds: i64) -> anyhow::Result<Programs> {
        self.stage.programs.off_by(&format!("{:+}", self.away + seconds))
    }

    /// Returns programs whose clock is what the file says, which [`Dated::set`] writes.
    pub fn by_file(&self, name: &str) -> anyhow::Result<Programs> {
        let programs = self.stage.programs.off_by("")?;
        Ok(programs
            .without("FAKETIME")
            .with("FAKETIME_TIMESTAMP_FILE", self.file(name))
            .with("FAKETIME_CACHE_DURATION", "1"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.stage.path(format!("{name}.time"))
    }

    /// Sets the clock of programs that go by a file.
    pub fn set(&self, name: &str, seconds: i64) -> anyhow::Result<()> {
        // Whoever reads it meanwhile sees the old one or the new one.
        let written = self.stage.path("next.time");
        fs::write(&written, format!("{:+}\n", self.away + seconds))?;
        Ok(fs::rename(written, self.file(name))?)
    }

    /// Starts all hubs, each with a clock that is so many seconds off, and waits until they are linked.
    pub async fn open(&self, off: &[i64]) -> anyhow::Result<Vec<Hub>> {
        let mut hubs: Vec<Hub> = Vec::new();
        for (name, seconds) in self.names.iter().zip(off) {
            let peers = hubs.iter().map(|hub| hub.listening.quic).collect();
            hubs.push(Hub::start(&self.off_by(*seconds)?, self.setup(name, peers)).await?);
        }
        // The cloud and the other hubs, but for clocks that show a time before there was a certificate: they have no say.
        for (n, hub) in hubs.iter().enumerate() {
            let others = off.iter().enumerate().filter(|(other, _)| *other != n);
            let counting = others.filter(|(_, seconds)| **seconds > -2 * DAY).count();
            compares_with(hub, 1 + counting).await?;
        }
        Ok(hubs)
    }

    /// Buys tickets of a tier.
    pub async fn buy(&self, tier: u16) -> anyhow::Result<Vec<BoughtTicket>> {
        let quantity = EACH;
        Ok(self
            .stage
            .buyer()
            .buy(&Wish::Any { tier, quantity })
            .await?
            .tickets)
    }

    /// Waits until the organizer is told of a hub's clock, or that nothing is wrong with it.
    pub async fn organizer_is_told(&self, name: &str, words: Option<&str>) -> anyhow::Result<()> {
        until(
            format!("the organizer to be told {words:?} of {name}'s clock"),
            async || {
                let devices = self.stage.organizer.devices().await?.devices;
                let device = devices
                    .into_iter()
                    .find(|device| device.name == name && device.linked);
                let said = device.context("the hub is linked")?.clock_warning;
                let is_so = match words {
                    Some(words) => said.is_some_and(|said| said.starts_with(words)),
                    None => said.is_none(),
                };
                Ok(is_so.then_some(()))
            },
        )
        .await
    }
}

fn draft(venue_id: &str, truth: jiff::Timestamp) -> Value {
    let at = |seconds: i64| jiff::SignedDuration::from_secs(seconds);
    let moment = |seconds: i64| (truth + at(seconds)).to_string();
    let window = |from: i64, until: i64| json!([{ "from": moment(from), "until": moment(until) }]);
    let tier = |id: u16, name: &str, entry: Value| json!({ "tier": id, "name": name, "price": 100, "entry": entry, "offline": "strict" });
    let mut tiers = [
        tier(NOW_OPEN, "Tonight", json!("single")),
        tier(DAILY, "Daily", json!({ "per_day": 1 })),
        tier(TOMORROW, "Tomorrow", json!("single")),
    ];
    tiers[0]["windows"] = window(-2 * QUARTER, 2 * QUARTER);
    tiers[2]["windows"] = window(DAY / 2, 2 * DAY);
    json!({
        "venue_id": venue_id,
        "name": "Night of the Clocks",
        "starts_at": moment(-12 * QUARTER),
        "ends_at": moment(10 * DAY),
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "zones": [{ "id": 1, "name": "Hall" }],
        "gates": [{ "id": GATE, "name": "Gate North", "zone": 1 }],
        "tiers": tiers,
        "seat_map": { "sections": [] },
        "general_admission": [
            { "tier": NOW_OPEN, "quantity": 200 },
            { "tier": DAILY, "quantity": 200 },
            { "tier": TOMORROW, "quantity": 200 },
        ],
    })
}

/// Waits until a hub has compared its clock with so many others: before that it goes by what it has heard.
pub async fn compares_with(hub: &Hub, others: usize) -> anyhow::Result<()> {
    let words = format!("compared with {others} other");
    until(format!("{} to have its clock {words}s", hub.name), async || {
        let said = hub.status().await?.clock_says;
        Ok(said.contains(&words).then_some(()))
    })
    .await
}

/// Waits until a hub says of its clock what begins so, after "this machine's clock"; or nothing.
pub async fn says_of_its_clock(hub: &Hub, words: Option<&str>) -> anyhow::Result<()> {
    let mut said = None;
    let found = until(
        format!("{} to say {words:?} of its clock", hub.name),
        async || {
            said = hub.status().await?.clock;
            let is_so = match (&said, words) {
                (Some(said), Some(words)) => said.contains(words),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            Ok(is_so.then_some(()))
        },
    )
    .await;
    found.with_context(|| format!("it says {said:?}"))
}

/// Returns what a verdict was in a word: `admit`, or why not.
pub fn word(verdict: &HubVerdict) -> &str {
    verdict.reason.as_deref().unwrap_or(&verdict.verdict)
}

/// Shows each ticket at each gate in turn and demands of each the same: what the first gate says, and what the others do; of several words
/// between `|` any will do.
pub async fn shown_at(
    gates: &[Turnstile],
    tickets: &[BoughtTicket],
    expected: (&str, &str),
) -> anyhow::Result<()> {
    for (n, ticket) in tickets.iter().enumerate() {
        // Every hub is the first one for some ticket.
        for turn in 0..gates.len().max(2) {
            let gate = (n + turn) % gates.len();
            let verdict = decided(&gates[gate], ticket).await?;
            let wanted = if turn == 0 { expected.0 } else { expected.1 };
            ensure!(
                wanted.split('|').any(|word| word == self::word(&verdict)),
                "tier {}, unit {}, gate {gate}: {verdict:?}, not {wanted}",
                ticket.tier,
                ticket.unit,
            );
        }
    }
    Ok(())
}

/// Shows a ticket until the hub that decides on it has answered: on a busy machine it may take longer than people are made to wait.
async fn decided(gate: &Turnstile, ticket: &BoughtTicket) -> anyhow::Result<HubVerdict> {
    until("the ticket's home to answer", async || {
        let verdict = gate.scan(&ticket.payload).await?;
        Ok((word(&verdict) != "home_unreachable").then_some(verdict))
    })
    .await
}

/// Returns a turnstile at each hub.
pub async fn turnstiles(hubs: &[Hub]) -> anyhow::Result<Vec<Turnstile>> {
    let mut gates = Vec::new();
    for hub in hubs {
        gates.push(hub.turnstile(GATE).await?);
    }
    Ok(gates)
}

/// Stops all hubs.
pub async fn close(hubs: Vec<Hub>) -> anyhow::Result<()> {
    for mut hub in hubs {
        hub.process.stop().await?;
    }
    Ok(())
}
