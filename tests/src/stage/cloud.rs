//! The cloud as a process: its settings, its life and death; what buyers and organizers ask of it is in `buyer` and `organizer`.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;
use usher_cloud::authority::key_safe::KeySafe;
use usher_cloud::master_key::{MasterKey, MasterKeySettings};
use usher_cloud::store::Store;
use usher_keys::private;

use super::http::Http;
use super::listening;
use super::patience::until;
use super::process::{Process, Start};
use super::programs::{Program, Programs};

/// A cloud with a data folder of its own.
#[derive(Debug)]
pub struct Cloud {
    pub process: Process,
    /// Its HTTP, as anyone.
    pub http: Http,
    /// Where it serves.
    pub listening: CloudListening,
    programs: Programs,
    config: PathBuf,
    data_dir: PathBuf,
}

/// Where a cloud serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct CloudListening {
    pub http: SocketAddr,
    /// The sync of hubs, over QUIC.
    pub uplink: SocketAddr,
}

impl Cloud {
    /// Starts a cloud in an empty folder on free ports, which it keeps from then on; `extra` is added to its settings.
    ///
    /// # Errors
    ///
    /// When it does not become healthy.
    pub async fn start(programs: &Programs, folder: &Path, extra: &str) -> anyhow::Result<Self> {
        private::make_folder(folder)?;
        let (config, data_dir) = (folder.join("usher-cloud.toml"), folder.join("data"));
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        write_config(
            &config,
            &data_dir,
            CloudListening {
                http: free,
                uplink: free,
            },
            extra,
        )?;
        let mut process = Process::start(
            programs,
            Start {
                program: Program::Cloud,
                name: "the cloud".to_owned(),
                arguments: vec!["serve".into(), "--config".into(), config.clone().into()],
                log: folder.join("cloud.log"),
                file_limit_kib: None,
            },
        )?;
        let listening: CloudListening = listening::read(&mut process, &data_dir).await?;
        write_config(&config, &data_dir, listening, extra)?;
        let mut cloud = Self {
            process,
            http: Http::new(listening.http)?,
            listening,
            programs: programs.clone(),
            config,
            data_dir,
        };
        cloud.healthy().await?;
        Ok(cloud)
    }

    /// Starts the cloud again where it was, after it has stopped or was killed.
    ///
    /// # Errors
    ///
    /// When it does not become healthy.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        self.process.start_again()?;
        self.healthy().await
    }

    async fn healthy(&mut self) -> anyhow::Result<()> {
        until("the cloud to be healthy", async || {
            self.process.check()?;
            let healthy = self
                .http
                .get("/healthz")
                .await
                .is_ok_and(|reply| reply.status == 200);
            Ok(healthy.then_some(()))
        })
        .await
    }

    /// Returns the folder of its database and keys.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Returns the file of its settings.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Opens its secret keys, as whoever has its folder can.
    ///
    /// # Errors
    ///
    /// When its store or master key cannot be read.
    pub fn key_safe(&self) -> anyhow::Result<KeySafe> {
        let store = Store::open_sqlite(&self.data_dir.join("usher-cloud.db"))?;
        let master = MasterKey::load(&MasterKeySettings::default(), &self.data_dir)?;
        Ok(KeySafe::new(store, master))
    }

    /// Has the program audit its store, and gives what it says.
    ///
    /// # Errors
    ///
    /// When something is wrong with it.
    pub async fn audit(&self) -> anyhow::Result<String> {
        let arguments = ["audit".as_ref(), "--config".as_ref(), self.config.as_os_str()];
        self.programs.run(Program::Cloud, &arguments).await
    }

    /// Adds an organizer and gives the API key.
    ///
    /// # Errors
    ///
    /// When the program fails.
    pub async fn organizer_key(&self, name: &str) -> anyhow::Result<String> {
        let config = self.config.as_os_str();
        let arguments = [
            "organizer-key".as_ref(),
            "--config".as_ref(),
            config,
            "--name".as_ref(),
            name.as_ref(),
        ];
        self.programs.run(Program::Cloud, &arguments).await
    }
}

/// All buyers of a test come from one machine: as many as there are places may hold some at once.
const CROWD: &str = "reservations.unpaid_orders_per_address = 1000000
reservations.unpaid_percent_per_network = 100
reservations.minutes_in_vain = 60";

fn write_config(file: &Path, data_dir: &Path, listening: CloudListening, extra: &str) -> anyhow::Result<()> {
    let text = format!(
        "listen = \"{}\"\nuplink_listen = \"{}\"\ndata_dir = {:?}\n{CROWD}\n{extra}\n",
        listening.http,
        listening.uplink,
        data_dir.display().to_string(),
    );
    fs::write(file, text).with_context(|| format!("writing {}", file.display()))
}
