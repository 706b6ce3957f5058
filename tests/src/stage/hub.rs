//! A hub as a process: its enrolment, its settings, its life and death, and its local HTTP.

use std::ffi::OsStr;
use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;
use usher_keys::private;

use super::http::Http;
use super::listening;
use super::patience::until;
use super::process::{Process, Start};
use super::programs::{Program, Programs};
use super::turnstile::Turnstile;

/// Where a hub's settings are in its folder.
const SETTINGS: &str = "usher-gate-agent.toml";

/// A hub with a data folder of its own.
#[derive(Debug)]
pub struct Hub {
    pub process: Process,
    /// Its local HTTP, as anyone.
    pub http: Http,
    /// Where it serves.
    pub listening: HubListening,
    /// What people call it.
    pub name: String,
    programs: Programs,
    dir: PathBuf,
}

/// How a hub is set up.
#[derive(Debug, Clone)]
pub struct HubSetup<'a> {
    /// Its data folder.
    pub dir: PathBuf,
    /// What people call it.
    pub name: &'a str,
    /// The other hubs it dials.
    pub peers: Vec<SocketAddr>,
}

/// Where a hub serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct HubListening {
    /// The links of scanners and other hubs, over QUIC.
    pub quic: SocketAddr,
    pub http: SocketAddr,
    /// New scanners.
    pub enrolments: SocketAddr,
}

/// What a hub says about itself, as far as tests look at it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HubStatus {
    /// Its public key.
    pub device: String,
    /// Whether its disk takes what it decides.
    pub storage_ok: bool,
    /// That its clock is wrong, in words.
    pub clock: Option<String>,
    /// What time it is there, and with how many others that was compared.
    pub clock_says: String,
    /// The event's name, once it has heard of it.
    pub event_name: Option<String>,
    /// Who is linked to it.
    pub links: Vec<LinkLine>,
    pub dials: Vec<DialLine>,
    /// The contradictions it knows of, in words.
    pub incidents: Vec<String>,
    /// How many there are.
    pub incidents_total: usize,
    /// The gates, with what it knows of them.
    pub gates: Vec<GateLine>,
    pub zones: Vec<ZoneFigures>,
    /// How many logs it holds.
    pub logs: usize,
    /// How many records they have together.
    pub records: u64,
}

/// A link of a hub.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LinkLine {
    /// To whom.
    pub name: String,
    /// `cloud`, `hub` or `scanner`.
    pub role: String,
}

/// An address a hub dials.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DialLine {
    pub address: String,
    pub is_linked: bool,
}

/// What has happened at a gate, as far as a hub has heard.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GateLine {
    /// Its number.
    pub id: u16,
    /// People let in.
    pub admitted: u64,
}

/// How full a zone is, as far as a hub has heard.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ZoneFigures {
    /// People in it.
    pub occupancy: i64,
    /// How many it holds.
    pub capacity: Option<u32>,
}

impl Hub {
    /// Enrols a fresh hub with a code and starts it on free ports, which it keeps from then on.
    ///
    /// # Errors
    ///
    /// When it is not enrolled or does not come up.
    pub async fn enrol(programs: &Programs, setup: HubSetup<'_>, code: &str) -> anyhow::Result<Self> {
        private::make_folder(&setup.dir)?;
        let dir = setup.dir.as_os_str();
        let arguments = [
            "--dir".as_ref(),
            dir,
            "enroll".as_ref(),
            code.as_ref(),
            "--name".as_ref(),
            setup.name.as_ref(),
        ];
        programs.run(Program::GateAgent, &arguments).await?;
        Self::start(programs, setup).await
    }

    /// Starts a hub that was enrolled before, or is a copy of one, on free ports.
    ///
    /// # Errors
    ///
    /// When it does not come up.
    pub async fn start(programs: &Programs, setup: HubSetup<'_>) -> anyhow::Result<Self> {
        let dir = setup.dir;
        // A copy must not be taken for the hub it was copied from.
        fs::remove_file(dir.join(listening::FILE)).ok();
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        write_settings(
            &dir,
            HubListening {
                quic: free,
                http: free,
                enrolments: free,
            },
            &setup.peers,
        )?;
        let mut process = Process::start(
            programs,
            Start {
                program: Program::GateAgent,
                name: setup.name.to_owned(),
                arguments: vec!["--dir".into(), dir.clone().into(), "run".into()],
                log: dir.with_extension("log"),
                file_limit_kib: None,
            },
        )?;
        let listening: HubListening = listening::read(&mut process, &dir).await?;
        write_settings(&dir, listening, &setup.peers)?;
        let name = setup.name.to_owned();
        let http = Http::new(listening.http)?;
        let mut hub = Self {
            process,
            http,
            listening,
            name,
            programs: programs.clone(),
            dir,
        };
        hub.answering().await?;
        Ok(hub)
    }

    /// Starts the hub again where it was, after it has stopped or was killed.
    ///
    /// # Errors
    ///
    /// When it does not come up.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        self.process.start_again()?;
        self.answering().await
    }

    async fn answering(&mut self) -> anyhow::Result<()> {
        until(format!("{} to answer", self.name), async || {
            self.process.check()?;
            Ok(self.status().await.ok().map(|_| ()))
        })
        .await
    }

    /// Returns its data folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Asks the hub how it is.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub async fn status(&self) -> anyhow::Result<HubStatus> {
        self.http.get("/v1/status").await?.expect(200)?.json()
    }

    /// Waits until the hub is linked to a peer of that name, role or address.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub async fn linked_to(&self, peer: &str) -> anyhow::Result<()> {
        until(format!("{} to be linked to {peer}", self.name), async || {
            let status = self.status().await?;
            let linked = status
                .links
                .iter()
                .any(|link| link.name == peer || link.role == peer);
            let dialled = status
                .dials
                .iter()
                .any(|dial| dial.is_linked && dial.address == peer);
            Ok((linked || dialled).then_some(()))
        })
        .await
    }

    /// Runs a command of the hub's program on its data folder.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub async fn command(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut all = vec!["--dir".as_ref(), self.dir.as_os_str()];
        all.extend(arguments.iter().map(OsStr::new));
        self.programs.run(Program::GateAgent, &all).await
    }

    /// Returns a code for a scanner, as the hub hands it out with the cable cut.
    ///
    /// # Errors
    ///
    /// When it gives none.
    pub async fn scanner_code(&self) -> anyhow::Result<String> {
        let said = self.command(&["scanner-code"]).await?;
        let code = said
            .split_whitespace()
            .find(|word| word.starts_with("usher-enrol:"));
        Ok(code
            .with_context(|| format!("there is no code in: {said}"))?
            .to_owned())
    }

    /// Has the hub serve pages that are scanners and are found there, from now on.
    ///
    /// # Errors
    ///
    /// When it does not come up again.
    pub async fn serve_pages(&mut self, page: &str) -> anyhow::Result<()> {
        self.process.stop().await?;
        // Free now, and hers from then on: pages find her there when she was away.
        let listen = UdpSocket::bind(("127.0.0.1", 0))?.local_addr()?;
        let file = self.dir.join(SETTINGS);
        let settings = fs::read_to_string(&file)?;
        fs::write(
            &file,
            format!("{settings}[web]\nlisten = \"{listen}\"\npage = \"{page}\"\n"),
        )?;
        self.start_again().await
    }

    /// Opens the door for phones with pretixSCAN, and starts it again.
    ///
    /// # Errors
    ///
    /// When it does not come up.
    pub async fn serve_phones(&mut self) -> anyhow::Result<()> {
        self.process.stop().await?;
        let file = self.dir.join(SETTINGS);
        let settings = fs::read_to_string(&file)?;
        fs::write(&file, format!("{settings}[door]\nlisten = \"127.0.0.1:0\"\n"))?;
        self.start_again().await
    }

    /// Returns the address that makes a page a scanner of this hub.
    ///
    /// # Errors
    ///
    /// When it gives none.
    pub async fn page_code(&self) -> anyhow::Result<String> {
        let said = self.command(&["scanner-code", "--page"]).await?;
        let address = said.split_whitespace().find(|word| word.contains("/gate#"));
        Ok(address
            .with_context(|| format!("there is no address in: {said}"))?
            .to_owned())
    }

    /// Returns a turnstile that scans over the hub's HTTP.
    ///
    /// # Errors
    ///
    /// When the hub gives no token.
    pub async fn turnstile(&self, gate: u16) -> anyhow::Result<Turnstile> {
        Ok(Turnstile {
            http: self.http.with_token(self.token().await?),
            gate,
        })
    }

    /// Returns a token to scan with over the hub's HTTP.
    ///
    /// # Errors
    ///
    /// When the hub gives none.
    pub async fn token(&self) -> anyhow::Result<String> {
        let said = self
            .command(&["http-token", "--every-gate", "--name", "turnstile"])
            .await?;
        let token = said
            .split_whitespace()
            .find(|word| word.starts_with("usher-http-"));
        let token = token.with_context(|| format!("there is no token in: {said}"))?;
        Ok(token.to_owned())
    }
}

fn write_settings(dir: &Path, listening: HubListening, peers: &[SocketAddr]) -> anyhow::Result<()> {
    let peers: Vec<String> = peers.iter().map(SocketAddr::to_string).collect();
    let text = format!(
        "listen = \"{}\"\nhttp = \"{}\"\nenrolments = \"{}\"\npeers = {peers:?}\n",
        listening.quic, listening.http, listening.enrolments
    );
    let file = dir.join(SETTINGS);
    fs::write(&file, text).with_context(|| format!("writing {}", file.display()))
}
