//! A hub whose data folder is on the forgetful disk, a turnstile at it, and everything the hub has answered, kept outside it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context, ensure};
use serde::Deserialize;
use tokio::task::JoinSet;
use usher_tests::relay::Relay;
use usher_tests::sim::random::Random;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, Places, STANDING};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::patience::until;
use usher_tests::stage::turnstile::{HubVerdict, Turnstile};

use super::mount::Mount;

/// Tickets bought at once.
const TICKETS_AT_ONCE: u32 = 20;
/// Enough standing places for every round of `make soak`.
const PLACES: Places = Places {
    standing: 20_000,
    ..Places::FULL
};
/// Turnstiles that scan at the same time.
const TURNSTILES: usize = 4;
/// In so many of a hundred cases the ticket was used before.
const USED_PERCENT: u64 = 15;

/// The hub's settings, which a person writes and not the hub.
const SETTINGS: &str = "usher-gate-agent.toml";

/// The hub and what it has to do with. It ends before its disk does.
pub struct Site {
    pub hub: Hub,
    /// Its token for a turnstile.
    pub turnstile: Turnstile,
    /// What is between it and the cloud.
    pub uplink: Relay,
    /// The cloud.
    pub stage: Stage,
    /// The hub's disk.
    pub mount: Mount,
}

/// A scan, told apart by its id.
#[derive(Debug, Clone)]
pub struct Reading {
    pub scan_id: String,
    /// What was read.
    pub ticket: BoughtTicket,
}

/// What was asked and answered.
#[derive(Debug, Default)]
pub struct Answers {
    /// The answered scans: the unit and whether somebody was let in.
    pub answered: BTreeMap<String, (u32, bool)>,
    /// Scans whose answer did not come.
    pub open: Vec<Reading>,
    /// Tickets somebody was let in with.
    used: Vec<BoughtTicket>,
}

/// A line of the hub's export.
#[derive(Debug, Deserialize)]
struct Exported {
    scan: String,
    unit: u32,
    verdict: String,
}

impl Site {
    /// Puts the festival on sale and opens the hub; nothing where the system cannot do FUSE.
    ///
    /// # Errors
    ///
    /// When a step fails.
    pub async fn open() -> anyhow::Result<Option<Self>> {
        let uplink = Relay::open().await?;
        let settings = format!("uplink_public = [\"{}\"]", uplink.address());
        let stage = Stage::on_sale_with(PLACES, &settings).await?;
        uplink.aim(stage.cloud.listening.uplink);
        let Some(mount) = Mount::empty()? else {
            return Ok(None);
        };
        let settings = mount.path().join(SETTINGS);
        safe(&settings)?;
        let setup = HubSetup {
            dir: mount.path().to_owned(),
            name: "Hub",
            peers: Vec::new(),
        };
        let hub = stage.hub(setup).await?;
        File::open(settings)?.sync_all()?;
        let turnstile = hub.turnstile(NORTH).await?;
        let site = Self {
            hub,
            turnstile,
            uplink,
            stage,
            mount,
        };
        site.caught_up().await?;
        Ok(Some(site))
    }

    /// Waits until the hub holds what the cloud does, and the other way round; returns how many records that are.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn caught_up(&self) -> anyhow::Result<u64> {
        until("hub and cloud to hold the same records", async || {
            let (cloud, hub) = (self.stage.organizer.devices().await?, self.hub.status().await?);
            let ready = hub.event_name.is_some() && hub.logs >= 2 && hub.records == cloud.records;
            Ok(ready.then_some(hub.records))
        })
        .await
    }

    /// Buys standing places.
    ///
    /// # Errors
    ///
    /// When they cannot be had.
    pub async fn buy(&self, bookings: usize) -> anyhow::Result<Vec<BoughtTicket>> {
        let (buyer, mut tickets) = (self.stage.buyer(), Vec::new());
        let wish = Wish::Any {
            tier: STANDING,
            quantity: TICKETS_AT_ONCE,
        };
        for _ in 0..bookings {
            tickets.extend(buyer.buy(&wish).await?.tickets);
        }
        Ok(tickets)
    }

    /// Scans fresh and used tickets at some turnstiles at once until the hub no longer answers or none are left.
    pub fn scan_on(
        &self,
        tickets: &Rc<RefCell<Vec<BoughtTicket>>>,
        answers: &Rc<RefCell<Answers>>,
        random: &mut Random,
    ) -> JoinSet<()> {
        let mut turnstiles = JoinSet::new();
        for _ in 0..TURNSTILES {
            let (tickets, answers) = (Rc::clone(tickets), Rc::clone(answers));
            let (turnstile, mut random) = (self.turnstile.clone(), Random::new(random.bits()));
            turnstiles.spawn_local(async move {
                loop {
                    let used = random
                        .percent(USED_PERCENT)
                        .then(|| answers.borrow().any_used(&mut random));
                    let Some(ticket) = used.flatten().or_else(|| tickets.borrow_mut().pop()) else {
                        break;
                    };
                    let reading = Reading::of(ticket, &mut random);
                    if !ask(&turnstile, reading, &answers).await {
                        break;
                    }
                }
            });
        }
        turnstiles
    }

    /// Asks again what was not answered, under the same ids.
    ///
    /// # Errors
    ///
    /// When the hub still does not answer.
    pub async fn ask_again(&self, answers: &Rc<RefCell<Answers>>) -> anyhow::Result<()> {
        let open = std::mem::take(&mut answers.borrow_mut().open);
        for reading in open {
            let id = reading.scan_id.clone();
            ensure!(
                ask(&self.turnstile, reading, answers).await,
                "scan {id} is not answered after the restart"
            );
        }
        Ok(())
    }

    /// Demands that everything answered is written down as it was answered, and that nobody was let in twice.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub async fn check(&self, answers: &Rc<RefCell<Answers>>) -> anyhow::Result<()> {
        let exported = self.hub.command(&["export", "--format", "jsonl"]).await?;
        let (mut written, mut units) = (BTreeMap::new(), BTreeSet::new());
        for line in exported.lines() {
            let row: Exported = serde_json::from_str(line).with_context(|| format!("reading {line}"))?;
            let is_in = row.verdict == "admit";
            ensure!(
                !is_in || units.insert(row.unit),
                "unit {} was let in twice",
                row.unit
            );
            written.insert(row.scan, (row.unit, is_in));
        }
        for (scan, answer) in &answers.borrow().answered {
            ensure!(
                written.get(scan) == Some(answer),
                "scan {scan} was answered {answer:?}, and {:?} is left of it",
                written.get(scan)
            );
        }
        Ok(())
    }
}

impl Reading {
    /// Reads a ticket.
    pub fn of(ticket: BoughtTicket, random: &mut Random) -> Self {
        Self {
            scan_id: data_encoding::HEXLOWER.encode(&random.bytes16()),
            ticket,
        }
    }
}

impl Answers {
    fn any_used(&self, random: &mut Random) -> Option<BoughtTicket> {
        let used = &self.used;
        (!used.is_empty()).then(|| used[random.index(used.len())].clone())
    }
}

/// Makes an empty file that outlives a power cut.
fn safe(file: &Path) -> anyhow::Result<()> {
    File::create(file)?.sync_all()?;
    let folder = file.parent().context("a file is in a folder")?;
    Ok(File::open(folder)?.sync_all()?)
}

/// Scans; tells whether there was an answer.
async fn ask(turnstile: &Turnstile, reading: Reading, answers: &Rc<RefCell<Answers>>) -> bool {
    let reply = turnstile.scan_as(&reading.scan_id, &reading.ticket.payload).await;
    let verdict = reply
        .and_then(|reply| reply.expect(200)?.json::<HubVerdict>())
        .ok();
    let mut answers = answers.borrow_mut();
    let Some(verdict) = verdict else {
        answers.open.push(reading);
        return false;
    };
    let is_in = verdict.verdict == "admit";
    answers
        .answered
        .insert(verdict.scan_id, (reading.ticket.unit, is_in));
    if is_in {
        answers.used.push(reading.ticket);
    }
    true
}
