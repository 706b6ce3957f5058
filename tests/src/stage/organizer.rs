//! The organizer: puts the festival on, has its keys signed offline, hands out enrolment codes, watches and intervenes.

mod seen;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use usher_keys::private;

use super::buyer::BoughtTicket;
use super::festival::{self, Places};
use super::http::Http;
use super::programs::{Program, Programs};
pub use seen::{Device, Devices, Incident, Named, Scanned, Sold};

/// Pages of scans that are read at most: more than any test makes.
const MAX_PAGES: usize = 100;

/// An organizer with an API key, a folder that stays offline, and an event.
#[derive(Debug, Clone)]
pub struct Organizer {
    /// The cloud, with the API key.
    pub http: Http,
    /// The id of the event.
    pub event: String,
    programs: Programs,
    folder: PathBuf,
}

/// The role of a device that is to be enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A hub; it may enrol scanners.
    Hub,
    /// A scanner.
    Scanner,
}

impl Organizer {
    /// Makes the organizer's root key in a folder that stays offline. There is no event yet.
    ///
    /// # Errors
    ///
    /// When the key cannot be made.
    pub async fn new(programs: &Programs, http: Http, folder: &Path) -> anyhow::Result<Self> {
        private::make_folder(folder)?;
        let organizer = Self {
            http,
            event: String::new(),
            programs: programs.clone(),
            folder: folder.to_owned(),
        };
        organizer
            .keys(&[
                "new-root".as_ref(),
                "--out".as_ref(),
                organizer.file("root.pem").as_ref(),
            ])
            .await?;
        Ok(organizer)
    }

    /// Makes venue and event as a draft.
    ///
    /// # Errors
    ///
    /// When the cloud does not take them.
    pub async fn draft(&mut self, places: Places) -> anyhow::Result<u32> {
        let units = self
            .draft_as(|venue_id| festival::draft(venue_id, places))
            .await?;
        ensure!(units == places.total(), "the event has {units} units");
        Ok(units)
    }

    /// Makes a venue, and an event of another kind as a draft; returns how many units it has.
    ///
    /// # Errors
    ///
    /// When the cloud does not take them.
    pub async fn draft_as(&mut self, draft: impl FnOnce(&str) -> Value) -> anyhow::Result<u32> {
        let venue: Value = self
            .http
            .post("/v1/organizer/venues", &festival::venue())
            .await?
            .expect(201)?
            .json()?;
        let venue_id = venue["venue_id"].as_str().context("a venue has an id")?;
        let draft = draft(venue_id);
        let event: Value = self
            .http
            .post("/v1/organizer/events", &draft)
            .await?
            .expect(201)?
            .json()?;
        self.event = event["event_id"]
            .as_str()
            .context("an event has an id")?
            .to_owned();
        let units = event["units"].as_u64().context("an event has units")?;
        Ok(u32::try_from(units)?)
    }

    /// Has the event's keys signed by the root key: asks the cloud for them, signs offline, hands the bundle in.
    ///
    /// # Errors
    ///
    /// When a step is refused.
    pub async fn sign_keys(&self) -> anyhow::Result<()> {
        self.sign_request("bundle", None).await
    }

    /// Has the event's next ticket key signed; the one before retires.
    ///
    /// # Errors
    ///
    /// When a step is refused.
    pub async fn rotate_keys(&self) -> anyhow::Result<()> {
        self.sign_request("rotate", Some(self.bundle())).await
    }

    async fn sign_request(&self, command: &str, from: Option<PathBuf>) -> anyhow::Result<()> {
        let request = self
            .http
            .send(Method::POST, &self.path("key-request"), None)
            .await?;
        let request_file = self.file(&format!("{}-request.json", self.event));
        fs::write(&request_file, request.expect(200)?.body)?;
        let mut more: Vec<OsString> = vec!["--request".into(), request_file.into()];
        more.extend(
            from.into_iter()
                .flat_map(|bundle| ["--bundle".into(), bundle.into()]),
        );
        self.sign(command, &more).await
    }

    /// Strikes a compromised key out, by its id.
    ///
    /// # Errors
    ///
    /// When a step is refused.
    pub async fn strike(&self, key: &str) -> anyhow::Result<()> {
        let arguments: [OsString; 4] = [
            "--key".into(),
            key.into(),
            "--bundle".into(),
            self.bundle().into(),
        ];
        self.sign("strike", &arguments).await
    }

    /// Has `usher-keys` sign a bundle, offline, and hands it in.
    async fn sign(&self, command: &str, more: &[OsString]) -> anyhow::Result<()> {
        let (root, bundle) = (self.file("root.pem"), self.bundle());
        let mut arguments: Vec<&OsStr> = vec![
            command.as_ref(),
            "--root".as_ref(),
            root.as_ref(),
            "--out".as_ref(),
            bundle.as_ref(),
            "--force".as_ref(),
        ];
        arguments.extend(more.iter().map(OsString::as_os_str));
        self.keys(&arguments).await?;
        self.hand_in(&bundle).await
    }

    /// Returns the file of the bundle in force.
    fn bundle(&self) -> PathBuf {
        self.file(&format!("{}-bundle.json", self.event))
    }

    /// Hands a signed bundle in.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub async fn hand_in(&self, bundle: &Path) -> anyhow::Result<()> {
        let bundle: Value = serde_json::from_slice(&fs::read(bundle)?)?;
        self.http
            .send(Method::PUT, &self.path("trust-bundle"), Some(&bundle))
            .await?
            .expect(200)?;
        Ok(())
    }

    /// Puts the event on sale.
    ///
    /// # Errors
    ///
    /// When it cannot be.
    pub async fn publish(&self) -> anyhow::Result<()> {
        self.http
            .send(Method::POST, &self.path("publish"), None)
            .await?
            .expect(200)?;
        Ok(())
    }

    /// Returns a code that turns one machine into a device of the event.
    ///
    /// # Errors
    ///
    /// When the cloud gives none.
    pub async fn enrolment_code(&self, role: Role, name: &str) -> anyhow::Result<String> {
        let request = match role {
            Role::Hub => json!({
                "role": "hub",
                "name": name,
                "capabilities": { "enrol_scanners": true, "override_refusals": true },
            }),
            Role::Scanner => json!({ "role": "scanner", "name": name }),
        };
        let code: Value = self
            .http
            .post(&self.path("enrolment-codes"), &request)
            .await?
            .expect(201)?
            .json()?;
        Ok(code["code"]
            .as_str()
            .context("an enrolment code is text")?
            .to_owned())
    }

    /// Makes a ticket void.
    ///
    /// # Errors
    ///
    /// When the cloud refuses.
    pub async fn revoke(&self, ticket_id: &str) -> anyhow::Result<BoughtTicket> {
        self.change_ticket(ticket_id, "revoke").await
    }

    /// Makes a void ticket good again.
    ///
    /// # Errors
    ///
    /// When the cloud refuses.
    pub async fn reinstate(&self, ticket_id: &str) -> anyhow::Result<BoughtTicket> {
        self.change_ticket(ticket_id, "reinstate").await
    }

    /// Replaces a ticket by its next generation.
    ///
    /// # Errors
    ///
    /// When the cloud refuses.
    pub async fn reissue(&self, ticket_id: &str) -> anyhow::Result<BoughtTicket> {
        self.change_ticket(ticket_id, "reissue").await
    }

    /// Gives a ticket to somebody else.
    ///
    /// # Errors
    ///
    /// When the cloud refuses.
    pub async fn transfer(&self, ticket_id: &str) -> anyhow::Result<BoughtTicket> {
        self.change_ticket(ticket_id, "transfer").await
    }

    /// Returns a booking a new id, and gives that.
    ///
    /// # Errors
    ///
    /// When the cloud refuses.
    pub async fn renew(&self, booking_id: &str) -> anyhow::Result<String> {
        let path = self.path(&format!("bookings/{booking_id}/renew"));
        let renewed: Value = self
            .http
            .send(Method::POST, &path, None)
            .await?
            .expect(200)?
            .json()?;
        let renewed = renewed["booking_id"].as_str();
        Ok(renewed.context("a booking has an id")?.to_owned())
    }

    async fn change_ticket(&self, ticket_id: &str, change: &str) -> anyhow::Result<BoughtTicket> {
        let path = self.path(&format!("tickets/{ticket_id}/{change}"));
        self.http
            .send(Method::POST, &path, None)
            .await?
            .expect(200)?
            .json()
    }

    /// Says how many people the first zone holds, by the policy.
    ///
    /// # Errors
    ///
    /// When the cloud refuses.
    pub async fn limit_zone(&self, capacity: u32) -> anyhow::Result<()> {
        let event = format!("/v1/organizer/events/{}", self.event);
        let event: Value = self.http.get(&event).await?.expect(200)?.json()?;
        let mut policy = event["policy"].clone();
        policy["zones"][0]["capacity"] = json!(capacity);
        let path = self.path("policy");
        let replaced = self.http.send(Method::PUT, &path, Some(&policy)).await?;
        replaced.expect(200)?;
        Ok(())
    }

    /// Shuts a device out; returns what follows from it.
    ///
    /// # Errors
    ///
    /// When the cloud refuses.
    pub async fn revoke_device(&self, device: &str) -> anyhow::Result<Value> {
        self.order(&format!("devices/{device}/revoke")).await
    }

    /// Orders something for the event; returns what follows from it.
    ///
    /// # Errors
    ///
    /// When the cloud refuses.
    pub async fn order(&self, what: &str) -> anyhow::Result<Value> {
        let path = self.path(what);
        self.http
            .send(Method::POST, &path, None)
            .await?
            .expect(200)?
            .json()
    }

    /// Lists the devices of the event.
    ///
    /// # Errors
    ///
    /// When the cloud does not tell.
    pub async fn devices(&self) -> anyhow::Result<Devices> {
        self.http.get(&self.path("devices")).await?.expect(200)?.json()
    }

    /// Lists every scan that has reached the cloud.
    ///
    /// # Errors
    ///
    /// When the cloud does not tell.
    pub async fn scans(&self) -> anyhow::Result<Vec<Scanned>> {
        #[derive(Deserialize)]
        struct Page {
            admissions: Vec<Scanned>,
            next_cursor: String,
            more: bool,
        }
        let (mut scans, mut cursor) = (Vec::new(), String::new());
        for _ in 0..MAX_PAGES {
            let path = self.path(&format!("admissions?limit=1000&cursor={cursor}"));
            let page: Page = self.http.get(&path).await?.expect(200)?.json()?;
            scans.extend(page.admissions);
            if !page.more {
                break;
            }
            cursor = page.next_cursor;
        }
        Ok(scans)
    }

    /// Returns the units somebody was let in with, as far as the cloud has heard.
    ///
    /// # Errors
    ///
    /// When the cloud does not tell.
    pub async fn admitted_units(&self) -> anyhow::Result<BTreeSet<u32>> {
        let scans = self.scans().await?;
        let withdrawn = scans
            .iter()
            .filter(|scan| matches!(scan.kind.as_str(), "withdrawn" | "annulled"));
        let withdrawn: BTreeSet<&str> = withdrawn.map(|scan| scan.scan.as_str()).collect();
        let admitted = scans.iter().filter(|scan| scan.kind == "admitted");
        let admitted = admitted.filter(|scan| !withdrawn.contains(scan.scan.as_str()));
        Ok(admitted.map(|scan| scan.unit.unit).collect())
    }

    /// Lists the contradictions the cloud has found.
    ///
    /// # Errors
    ///
    /// When the cloud does not tell.
    pub async fn incidents(&self) -> anyhow::Result<Vec<Incident>> {
        #[derive(Deserialize)]
        struct Incidents {
            incidents: Vec<Incident>,
        }
        let incidents: Incidents = self
            .http
            .get(&self.path("incidents"))
            .await?
            .expect(200)?
            .json()?;
        Ok(incidents.incidents)
    }

    /// Returns the path of something of the event.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/organizer/events/{}/{rest}", self.event)
    }

    /// Returns a file in the folder that stays offline.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Reads the root's public key out of its file, as its owner would.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub async fn root(&self) -> anyhow::Result<String> {
        let file = self.file("root.pem");
        let said = self.keys(&["inspect".as_ref(), file.as_ref()]).await?;
        let is_key = |word: &&str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let key = said.split_whitespace().find(is_key);
        Ok(key
            .with_context(|| format!("there is no key in: {said}"))?
            .to_owned())
    }

    /// Runs `usher-keys`.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub async fn keys(&self, arguments: &[&OsStr]) -> anyhow::Result<String> {
        self.programs.run(Program::Keys, arguments).await
    }
}
