//! A cloud, three hubs of which one has a wrong clock, and ten scanners, with a relay on every cable.

use std::sync::Arc;

use anyhow::Context;
use tokio::task::JoinSet;
use usher_tests::relay::{Relay, Weather};
use usher_tests::sim::random::Random;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::Wish;
use usher_tests::stage::festival::{NORTH, Places, SEATED, SOUTH, STANDING, WEEKEND};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::organizer::Role;
use usher_tests::stage::patience::until;
use usher_tests::stage::programs::Programs;
use usher_tests::stage::scanner::Scanner;

use super::code_readers::{self, CodeReader, Way};
use super::crowd::{Crowd, Party};

/// How the clock of the third hub may be off, as libfaketime reads it: one wrong clock among four.
const OFF: [&str; 5] = ["+0", "+45m", "-45m", "+20h", "-5d"];
/// People the zone holds, fewer than come.
pub const PLACES: usize = 70;
/// Bookings of 20 tickets of each tier.
const BOOKINGS: [(u16, usize); 3] = [(SEATED, 3), (STANDING, 1), (WEEKEND, 1)];
/// Scanners, all of them beside turnstiles at each hub; the last two let people out.
const SCANNERS: usize = 10;
const EXITS: usize = 2;
const HUB_NAMES: [&str; 3] = ["Hub North", "Hub South", "Hub West"];

/// Everything.
pub struct Scene {
    pub stage: Stage,
    pub hubs: Vec<Hub>,
    /// Between the hubs and the cloud, between hubs, and between scanners and each hub.
    pub cables: Vec<Relay>,
    pub crowd: Arc<Crowd>,
    airs: Vec<usize>,
}

impl Scene {
    /// Opens everything in fair weather.
    pub async fn open(random: &mut Random) -> anyhow::Result<Self> {
        let uplink = Relay::open().await?;
        let settings = format!("uplink_public = [\"{}\"]", uplink.address());
        let stage = Stage::on_sale_by(Programs::find()?, Places::FEW, &settings).await?;
        uplink.aim(stage.cloud.listening.uplink);
        stage.organizer.limit_zone(u32::try_from(PLACES)?).await?;
        let (mut hubs, mut cables, mut airs) = (Vec::<Hub>::new(), vec![uplink], Vec::new());
        let off = OFF[random.index(OFF.len())];
        for name in HUB_NAMES {
            let mut peers = Vec::new();
            for other in &hubs {
                let cable = Relay::open().await?;
                cable.aim(other.listening.quic);
                peers.push(cable.address());
                cables.push(cable);
            }
            let dir = stage.path(name);
            let code = stage.organizer.enrolment_code(Role::Hub, name).await?;
            let programs = match name == HUB_NAMES[2] {
                true => stage.programs.off_by(off)?,
                false => stage.programs.clone(),
            };
            let hub = Hub::enrol(&programs, HubSetup { dir, name, peers }, &code).await?;
            let air = Relay::open().await?;
            air.aim(hub.listening.quic);
            airs.push(cables.len());
            cables.push(air);
            hubs.push(hub);
        }
        let mut parties = Vec::new();
        for (tier, bookings) in BOOKINGS {
            for _ in 0..bookings {
                let booking = stage.buyer().buy(&Wish::Any { tier, quantity: 20 }).await?;
                parties.extend(booking.tickets.into_iter().map(Party::new));
            }
        }
        let crowd = Arc::new(Crowd::new(parties));
        let scene = Self {
            stage,
            hubs,
            cables,
            crowd,
            airs,
        };
        scene.settled().await.context("before the attack")?;
        Ok(scene)
    }

    /// Waits until all are linked and hold the same.
    pub async fn settled(&self) -> anyhow::Result<()> {
        for hub in &self.hubs {
            for peer in HUB_NAMES
                .iter()
                .filter(|peer| **peer != hub.name)
                .chain(&["cloud"])
            {
                hub.linked_to(peer).await?;
            }
        }
        until("cloud and hubs to hold the same records", async || {
            let cloud = self.stage.organizer.devices().await?.records;
            for hub in &self.hubs {
                let status = hub.status().await?;
                if status.records != cloud || status.event_name.is_none() {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        })
        .await
    }

    /// Has people come to every turnstile and scanner until they are sent home.
    pub async fn open_gates(
        &self,
        random: &mut Random,
    ) -> anyhow::Result<JoinSet<anyhow::Result<CodeReader>>> {
        let mut people = JoinSet::new();
        for (number, hub) in self.hubs.iter().enumerate() {
            let gate = [NORTH, SOUTH][number % 2];
            let reader = CodeReader::Turnstile(hub.turnstile(gate).await?);
            let seed = Random::new(random.bits());
            people.spawn_local(code_readers::serve(
                Arc::clone(&self.crowd),
                reader,
                (gate, Way::In),
                seed,
            ));
        }
        for number in 0..SCANNERS {
            let (home, gate) = (number % self.hubs.len(), [NORTH, SOUTH][number % 2]);
            let code = self.hubs[home].scanner_code().await?;
            let dir = self.stage.path(format!("Scanner {number}"));
            let mut scanner = Scanner::enrol(&self.stage.programs, &dir, &code).await?;
            for air in [home, (home + 1) % self.airs.len()] {
                scanner = scanner.with_hub(self.cables[self.airs[air]].address());
            }
            let way = if number < SCANNERS - EXITS {
                Way::In
            } else {
                Way::Out
            };
            let reader = CodeReader::scanner(scanner, gate, way, self.stage.path(format!("shown {number}")))?;
            let seed = Random::new(random.bits());
            people.spawn_local(code_readers::serve(
                Arc::clone(&self.crowd),
                reader,
                (gate, way),
                seed,
            ));
        }
        Ok(people)
    }

    /// Makes everything good again.
    pub async fn mend(&mut self) -> anyhow::Result<()> {
        for cable in &self.cables {
            cable.mend();
            cable.turn(Weather::FAIR, 0);
        }
        self.settled().await.context("after the attack")
    }

    /// Returns how many people are in the zone by the records.
    pub async fn counted_inside(&self) -> anyhow::Result<i64> {
        let path = self.stage.organizer.path("counts");
        let counts: serde_json::Value = self.stage.organizer.http.get(&path).await?.expect(200)?.json()?;
        counts["zones"][0]["inside"]
            .as_i64()
            .context("the zone is counted")
    }

    /// Lets the zone hold all who have come.
    pub async fn open_wide(&self) -> anyhow::Result<()> {
        self.stage
            .organizer
            .limit_zone(u32::try_from(10 * PLACES)?)
            .await?;
        self.settled().await
    }
}
