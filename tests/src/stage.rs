//! The programs as their users run them, on one machine: cloud, hubs and scanners as processes in a temporary folder.

pub mod buyer;
pub mod cloud;
pub mod disk;
pub mod export;
pub mod festival;
pub mod folder;
pub mod http;
pub mod hub;
pub mod listening;
pub mod organizer;
pub mod patience;
pub mod process;
pub mod programs;
pub mod psp;
pub mod qr;
pub mod scanner;
pub mod turnstile;
pub mod venue;

use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::TempDir;

use buyer::Buyer;
use cloud::Cloud;
use festival::Places;
use organizer::Organizer;
use programs::Programs;
use psp::PspProcess;

/// Set in the environment, it keeps the folders of tests, with databases and logs, to be looked into.
const KEEP: &str = "USHER_KEEP_STAGE";

/// A cloud that sells the festival's tickets.
#[derive(Debug)]
pub struct Stage {
    pub cloud: Cloud,
    /// Where it takes its money, if that is a process of its own.
    pub psp: Option<PspProcess>,
    /// Whose festival it is.
    pub organizer: Organizer,
    pub programs: Programs,
    /// Where everything of this run is; gone when it ends, after the processes.
    folder: TempDir,
}

impl Stage {
    /// Starts a cloud and puts the festival on sale.
    ///
    /// # Errors
    ///
    /// When a program is missing or a step fails.
    pub async fn on_sale(places: Places) -> anyhow::Result<Self> {
        Self::on_sale_with(places, "").await
    }

    /// The same with more settings of the cloud.
    ///
    /// # Errors
    ///
    /// When a program is missing or a step fails.
    pub async fn on_sale_with(places: Places, cloud_settings: &str) -> anyhow::Result<Self> {
        Self::on_sale_by(Programs::find()?, places, cloud_settings).await
    }

    /// The same with programs that run in a special way.
    ///
    /// # Errors
    ///
    /// When a step fails.
    pub async fn on_sale_by(
        programs: Programs,
        places: Places,
        cloud_settings: &str,
    ) -> anyhow::Result<Self> {
        let mut stage = Self::empty_by(programs, cloud_settings).await?;
        stage.organizer.draft(places).await?;
        stage.organizer.sign_keys().await?;
        stage.organizer.publish().await?;
        Ok(stage)
    }

    /// Starts a cloud with an organizer and nothing to sell.
    ///
    /// # Errors
    ///
    /// When a program is missing or a step fails.
    pub async fn empty(cloud_settings: &str) -> anyhow::Result<Self> {
        Self::empty_by(Programs::find()?, cloud_settings).await
    }

    /// The same with programs that run in a special way.
    ///
    /// # Errors
    ///
    /// When a step fails.
    pub async fn empty_by(programs: Programs, cloud_settings: &str) -> anyhow::Result<Self> {
        Self::empty_in(new_folder()?, programs, cloud_settings).await
    }

    /// Starts a payment service, and a cloud with an organizer and nothing to sell that takes its money there.
    ///
    /// # Errors
    ///
    /// When a program is missing or a step fails.
    pub async fn empty_with_psp() -> anyhow::Result<Self> {
        let (programs, folder) = (Programs::find()?, new_folder()?);
        let psp = PspProcess::start(&programs, &folder.path().join("psp")).await?;
        let mut stage = Self::empty_in(folder, programs, &psp.cloud_settings()).await?;
        psp.send_webhooks_to(&stage.cloud).await?;
        stage.psp = Some(psp);
        Ok(stage)
    }

    async fn empty_in(folder: TempDir, programs: Programs, cloud_settings: &str) -> anyhow::Result<Self> {
        let cloud = Cloud::start(&programs, &folder.path().join("cloud"), cloud_settings).await?;
        let key = cloud.organizer_key("Owl Events").await?;
        let http = cloud.http.with_token(key);
        let organizer = Organizer::new(&programs, http, &folder.path().join("offline")).await?;
        Ok(Self {
            cloud,
            psp: None,
            organizer,
            programs,
            folder,
        })
    }

    /// Returns a path in the folder of this run.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns a buyer of the festival's tickets.
    pub fn buyer(&self) -> Buyer {
        let buyer = Buyer::new(self.cloud.http.clone(), self.organizer.event.clone());
        match self.psp {
            Some(_) => buyer.with_card(psp::WORKING_CARD),
            None => buyer,
        }
    }
}

fn new_folder() -> anyhow::Result<TempDir> {
    let mut folder = tempfile::Builder::new();
    folder
        .prefix("usher-")
        .disable_cleanup(std::env::var_os(KEEP).is_some());
    folder.tempdir().context("making a folder")
}
