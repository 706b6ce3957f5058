//! A venue: two hubs on one network that can be cut between them, each linked to the cloud.

use std::time::{Duration, Instant};

use anyhow::Context;
use usher_keys::{EventId, PublicKey};
use usher_protocol::{Unit, home};

use super::Stage;
use super::hub::{Hub, HubSetup};
use super::organizer::Role;
use super::patience::until;
use super::scanner::Scanner;
use crate::relay::Relay;

/// What people call the hub at the north gate.
pub const HUB_NORTH: &str = "Hub North";
/// What people call the hub at the south gate.
pub const HUB_SOUTH: &str = "Hub South";

/// How old what a hub's status says may be.
const STATUS_AGE: Duration = Duration::from_secs(1);

/// Two hubs and the cable between them.
#[derive(Debug)]
pub struct Venue {
    /// The hub at the north gate.
    pub north: Hub,
    /// The hub at the south gate; it dials the other one.
    pub south: Hub,
    /// What is between them.
    pub cable: Relay,
    event: EventId,
    keys: [PublicKey; 2],
}

/// One of the two hubs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// [`HUB_NORTH`].
    North,
    /// [`HUB_SOUTH`].
    South,
}

impl Venue {
    /// Enrols both hubs, links them, and waits until they share the units among them.
    ///
    /// # Errors
    ///
    /// When one of them does not come up.
    pub async fn open(stage: &Stage) -> anyhow::Result<Self> {
        Self::open_by(stage, true).await
    }

    /// The same with hubs that see each other's own addresses: the cable between them lies unused.
    ///
    /// # Errors
    ///
    /// When one of them does not come up.
    pub async fn open_side_by_side(stage: &Stage) -> anyhow::Result<Self> {
        Self::open_by(stage, false).await
    }

    async fn open_by(stage: &Stage, through_the_cable: bool) -> anyhow::Result<Self> {
        let cable = Relay::open().await?;
        let north = stage
            .hub(HubSetup {
                dir: stage.path("hub-north"),
                name: HUB_NORTH,
                peers: Vec::new(),
            })
            .await?;
        cable.aim(north.listening.quic);
        let peers = vec![match through_the_cable {
            true => cable.address(),
            false => north.listening.quic,
        }];
        let south = stage
            .hub(HubSetup {
                dir: stage.path("hub-south"),
                name: HUB_SOUTH,
                peers,
            })
            .await?;
        let keys = [key_of(&north).await?, key_of(&south).await?];
        let event = stage.organizer.event.parse().context("the event's id")?;
        let venue = Self {
            north,
            south,
            cable,
            event,
            keys,
        };
        venue.linked().await?;
        venue.settled(stage).await?;
        Ok(venue)
    }

    /// Waits until the hubs are linked to each other and to the cloud.
    ///
    /// # Errors
    ///
    /// When they are not.
    pub async fn linked(&self) -> anyhow::Result<()> {
        self.north.linked_to(HUB_SOUTH).await?;
        self.south.linked_to(HUB_NORTH).await?;
        self.north.linked_to("cloud").await?;
        self.south.linked_to("cloud").await
    }

    /// Waits until cloud and hubs have held the same records for longer than a hub's status may be old.
    ///
    /// # Errors
    ///
    /// When they do not.
    pub async fn settled(&self, stage: &Stage) -> anyhow::Result<()> {
        let mut same_since: Option<Instant> = None;
        until("cloud and hubs to hold the same records", async || {
            if !self.hold_the_same(stage).await? {
                same_since = None;
                return Ok(None);
            }
            let since = same_since.get_or_insert_with(Instant::now);
            Ok((since.elapsed() > STATUS_AGE).then_some(()))
        })
        .await
    }

    async fn hold_the_same(&self, stage: &Stage) -> anyhow::Result<bool> {
        let cloud = stage.organizer.devices().await?.records;
        let (north, south) = (self.north.status().await?, self.south.status().await?);
        // The authority's log and one of each hub.
        let complete = north.logs >= 3 && north.event_name.is_some();
        Ok(complete && north.records == cloud && south.records == cloud)
    }

    /// Returns the hub that decides about a unit.
    pub fn home(&self, unit: u32) -> Side {
        let home = home::home_of(self.event, Unit(unit), &self.keys);
        if home == Some(self.keys[0]) {
            Side::North
        } else {
            Side::South
        }
    }

    /// Returns one of the hubs.
    pub fn hub(&self, side: Side) -> &Hub {
        match side {
            Side::North => &self.north,
            Side::South => &self.south,
        }
    }

    /// Enrols a scanner with a code that one of the hubs hands out.
    ///
    /// # Errors
    ///
    /// When it is not enrolled.
    pub async fn scanner(&self, stage: &Stage, side: Side, name: &str) -> anyhow::Result<Scanner> {
        let code = self.hub(side).scanner_code().await?;
        Scanner::enrol(&stage.programs, &stage.path(name), &code).await
    }
}

async fn key_of(hub: &Hub) -> anyhow::Result<PublicKey> {
    let device = hub.status().await?.device;
    PublicKey::from_hex(&device).with_context(|| format!("{device} is no key"))
}

impl Stage {
    /// Enrols a hub with a code from the organizer and starts it.
    ///
    /// # Errors
    ///
    /// When it does not come up.
    pub async fn hub(&self, setup: HubSetup<'_>) -> anyhow::Result<Hub> {
        let code = self.organizer.enrolment_code(Role::Hub, setup.name).await?;
        Hub::enrol(&self.programs, setup, &code).await
    }
}
