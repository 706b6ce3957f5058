//! The payment service as a process, and what a cloud needs to take its money there.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use serde::Deserialize;
use usher_cloud::payment::stripe::API_VERSION;

use crate::psp::program::{KEY_FILE, WEBHOOK_SECRET_FILE};

use super::cloud::Cloud;
use super::listening;
use super::process::{Process, Start};
use super::programs::{Program, Programs};

/// A card that works at it.
pub const WORKING_CARD: &str = "pm_card_visa";
/// A card whose bank asks the buyer first.
pub const ASKING_CARD: &str = "pm_card_threeDSecure2Required";

/// A payment service with a folder of its own.
#[derive(Debug)]
pub struct PspProcess {
    pub process: Process,
    /// Where it serves.
    pub address: SocketAddr,
    folder: PathBuf,
}

#[derive(Deserialize)]
struct PspListening {
    http: SocketAddr,
}

impl PspProcess {
    /// Starts one on a free port.
    ///
    /// # Errors
    ///
    /// When it does not say where it serves.
    pub async fn start(programs: &Programs, folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let start = Start {
            program: Program::Psp,
            name: "the payment service".to_owned(),
            arguments: vec!["--dir".into(), folder.into()],
            log: folder.join("psp.log"),
            file_limit_kib: None,
        };
        let mut process = Process::start(programs, start)?;
        let said: PspListening = listening::read(&mut process, folder).await?;
        Ok(Self {
            process,
            address: said.http,
            folder: folder.to_owned(),
        })
    }

    /// Writes the settings of a cloud that takes its money there.
    pub fn cloud_settings(&self) -> String {
        let file = |name| self.folder.join(name).display().to_string();
        format!(
            "[payments]\ngateway = \"stripe\"\nstripe_api = \"http://{}\"\nstripe_key_file = {:?}\n\
             stripe_webhook_secret_file = {:?}",
            self.address,
            file(KEY_FILE),
            file(WEBHOOK_SECRET_FILE),
        )
    }

    /// Has it send its webhooks to a cloud.
    ///
    /// # Errors
    ///
    /// When it does not take the endpoint.
    pub async fn send_webhooks_to(&self, cloud: &Cloud) -> anyhow::Result<()> {
        let form = format!("url={}/v1/webhooks/stripe&enabled_events[0]=*", cloud.http.base());
        self.post("/v1/webhook_endpoints", form).await
    }

    /// Sends it a form, as whoever has its key.
    ///
    /// # Errors
    ///
    /// When it does not take it.
    pub async fn post(&self, path: &str, form: String) -> anyhow::Result<()> {
        let key = std::fs::read_to_string(self.folder.join(KEY_FILE))?;
        let answer = reqwest::Client::builder()
            .no_proxy()
            .build()?
            .post(format!("http://{}{path}", self.address))
            .bearer_auth(key)
            .header("Stripe-Version", API_VERSION)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await?;
        ensure!(answer.status().is_success(), "it said {}", answer.status());
        Ok(())
    }
}
