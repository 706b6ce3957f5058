//! Hubs of the show as release programs, each in a folder of its own that is gone with it.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use anyhow::Context;
use tempfile::TempDir;
use usher_keys::Role;
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::patience::until_within;
use usher_tests::stage::programs::Programs;

use crate::show::Show;

/// How long a hub may take for what is measured in seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Hubs and where they live.
pub struct Stand {
    /// The event.
    pub show: Show,
    pub programs: Programs,
    folder: TempDir,
}

impl Stand {
    /// Prepares hubs with these numbers, each with its log of earlier passages, at an event with so many revoked tickets.
    pub async fn prepare(hubs: &[(u16, Range<u32>)], revoked: u32) -> anyhow::Result<Self> {
        let numbers: Vec<u16> = hubs.iter().map(|(number, _)| *number).collect();
        let stand = Self {
            show: Show::new(&numbers, revoked)?,
            programs: Programs::find()?,
            folder: tempfile::tempdir()?,
        };
        for (number, units) in hubs {
            let dir = stand.setup(*number, Vec::new()).dir;
            stand
                .show
                .enrol((*number, Role::Hub), &dir, units.clone())
                .await?;
        }
        Ok(stand)
    }

    /// Starts one of them.
    pub async fn start(&self, number: u16, peers: Vec<SocketAddr>) -> anyhow::Result<Hub> {
        Hub::start(&self.programs, self.setup(number, peers)).await
    }

    fn setup(&self, number: u16, peers: Vec<SocketAddr>) -> HubSetup<'static> {
        HubSetup {
            dir: self.folder_of(number),
            name: "a hub",
            peers,
        }
    }

    /// Returns the folder of a hub.
    pub fn folder_of(&self, number: u16) -> std::path::PathBuf {
        self.path(&format!("hub-{number}"))
    }

    /// Returns a path in the folder of this run.
    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

/// Returns the number of a hub's process.
pub fn pid(hub: &Hub) -> anyhow::Result<u32> {
    hub.process.id().context("the hub runs")
}

/// Waits until a hub holds so many records and gives how long that took; its status is up to a second old.
pub async fn holds(hub: &Hub, records: u64) -> anyhow::Result<Duration> {
    let look = async || Ok((hub.status().await?.records >= records).then_some(()));
    Ok(until_within(PATIENCE, "a hub to hold what it lacks", look)
        .await?
        .1)
}
