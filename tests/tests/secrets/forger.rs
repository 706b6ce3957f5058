//! Whoever has everything on the disks of a hub and a scanner makes no code of a live ticket: no secret of a phone's was ever there.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use data_encoding::{BASE64, HEXLOWER};
use serde_json::json;
use usher_keys::{Domain, SecretKey, pem};
use usher_protocol::ticket::digits;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::BoughtTicket;
use usher_tests::stage::festival::{NORTH, Places, STANDING};
use usher_tests::stage::hub::HubSetup;
use usher_tests::stage::scanner::Scanner;
use usher_tests::stage::turnstile::Turnstile;

use super::needles::seed;

/// The moving part of a code: a moment and a signature.
const MOVING_BYTES: usize = 8 + 64;

fn now_ms() -> anyhow::Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(u64::try_from(now.as_millis())?)
}

/// Makes the code that whoever has the key would show at a moment.
fn shown_live(payload: &str, key: &SecretKey, at_ms: u64) -> anyhow::Result<String> {
    let mut code = digits::decode(payload.as_bytes()).context("a payload is digits")?;
    code.extend_from_slice(&at_ms.to_le_bytes());
    let signature = key.sign(Domain::Live, &code);
    code.extend_from_slice(&signature.0);
    Ok(digits::encode(&code))
}

/// Lists every file below a folder.
fn files_of(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files_of(&path)?);
        } else if path.is_file() {
            found.push(path);
        }
    }
    Ok(found)
}

/// Everything on some disks.
struct Loot(Vec<(PathBuf, Vec<u8>)>);

impl Loot {
    fn of(folders: &[&Path]) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        for folder in folders {
            files.extend(files_of(folder)?);
        }
        let read = files.into_iter().map(|file| {
            let bytes = fs::read(&file)?;
            Ok((file, bytes))
        });
        Ok(Self(read.collect::<anyhow::Result<_>>()?))
    }

    /// Returns the secret keys that lie there.
    fn keys(&self) -> Vec<SecretKey> {
        let texts = self
            .0
            .iter()
            .filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok());
        texts
            .filter_map(|text| pem::secret_from_pem(text, None).ok())
            .collect()
    }

    /// Checks that there is something to forge with, the code that was shown among it, and no secret of the phone in any form.
    fn check(&self, phone: &SecretKey, shown: &str) -> anyhow::Result<()> {
        let secret = seed(phone);
        let forms = [
            secret.to_vec(),
            HEXLOWER.encode(&secret).into_bytes(),
            BASE64.encode(&secret[..30]).into_bytes(),
        ];
        let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|found| found == part);
        for (file, bytes) in &self.0 {
            let is_open = forms.iter().any(|form| holds(bytes, form));
            ensure!(!is_open, "{} holds the phone's secret", file.display());
        }
        let shown = digits::decode(shown.as_bytes()).context("we wrote it")?;
        let has_code = self.0.iter().any(|(_, bytes)| holds(bytes, &shown));
        let (files, keys) = (self.0.len(), self.keys().len());
        ensure!(
            files > 3 && keys >= 2 && has_code,
            "too little to forge with: {files} files, {keys} keys, the code that was shown: {has_code}"
        );
        Ok(())
    }
}

async fn refused(gate: &Turnstile, code: &str) -> anyhow::Result<()> {
    let verdict = gate.scan(code).await?;
    ensure!(
        verdict.reason.as_deref() == Some("not_live"),
        "a forged code: {verdict:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_disks_of_a_hub_and_a_scanner_makes_no_live_code() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let phone = SecretKey::from_seed(&[0x5e; 32]);
    let ticket = stage.buyer().buy_one(STANDING).await?;
    let asked = json!({ "holder": phone.public() });
    let path = format!("/v1/tickets/{}/bind", ticket.ticket_id);
    let bound = stage.cloud.http.post(&path, &asked).await?.expect(200)?;
    let bound: BoughtTicket = bound.json()?;

    let setup = HubSetup {
        dir: stage.path("hub"),
        name: "Hub",
        peers: Vec::new(),
    };
    let hub = stage.hub(setup).await?;
    hub.linked_to("cloud").await?;
    let code = hub.scanner_code().await?;
    let scanner = Scanner::enrol(&stage.programs, &stage.path("scanner"), &code).await?;
    let mut wedge = scanner.wedge(NORTH, &stage.path("wedge.out"))?;
    let shown = shown_live(&bound.payload, &phone, now_ms()?)?;
    let admitted = wedge.read(&shown).await?;
    ensure!(admitted.outcome == "admitted", "{admitted:?}");
    wedge.stop().await?;

    let loot = Loot::of(&[hub.dir(), scanner.dir()])?;
    loot.check(&phone, &shown)?;
    let keys = loot.keys();
    let shown_bytes = digits::decode(shown.as_bytes()).context("we wrote it")?;
    let gate = hub.turnstile(NORTH).await?;
    refused(&gate, &bound.payload).await?;
    for key in &keys {
        refused(&gate, &shown_live(&bound.payload, key, now_ms()?)?).await?;
    }
    let (payload, moving) = shown_bytes.split_at(shown_bytes.len() - MOVING_BYTES);
    let fresh = [payload, &now_ms()?.to_le_bytes(), &moving[8..]].concat();
    refused(&gate, &digits::encode(&fresh)).await?;
    // The phone itself is still believed: its people are in.
    let verdict = gate.scan(&shown_live(&bound.payload, &phone, now_ms()?)?).await?;
    ensure!(verdict.reason.as_deref() == Some("already_used"), "{verdict:?}");
    Ok(())
}
