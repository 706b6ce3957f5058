//! What is looked for in logs: secrets that are known, in every form they could take, and whatever looks like one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use usher_keys::{EnrolmentCode, Purpose, SecretKey, Timestamp, pem};
use usher_tests::stage::Stage;

use super::day::Day;
use super::{DIGITS, DIGITS_IN_HEX};

/// Bytes of a secret that are enough to call it told.
const TELLING_BYTES: usize = 10;
/// Key files that a stage has at least: the root's, and one of each device.
const KEY_FILES: usize = 4;
/// Keys that the cloud has sealed for one event, and the one that names it.
const SEALED_KEYS: usize = 4;
/// What no log has a reason to contain.
const MARKS: [(&str, &str); 6] = [
    ("a private key", "PRIVATE KEY"),
    ("an enrolment code", "usher-enrol:"),
    ("an API key", "uok_"),
    ("a device token", "usher-http-"),
    ("a buyer's session", "usher_session="),
    ("an e-mail address", "@example.org"),
];

/// Everything that is looked for: what it is, and its text.
#[derive(Debug, Default)]
pub struct Needles(Vec<(String, String)>);

impl Needles {
    /// Gathers the secrets of a day.
    pub async fn of(day: &Day) -> anyhow::Result<Self> {
        let mut needles = Self::default();
        for (what, word) in &day.words {
            needles.word(what, word);
        }
        for code in &day.enrolment_codes {
            let code: EnrolmentCode = code.parse().context("a code that was handed out")?;
            needles.bytes("the secret of an enrolment", &code.secret().0);
            needles.bytes("the key of an enrolment", &code.secret().key().0);
        }
        let files = key_files(&day.folder())?;
        ensure!(
            files.len() >= KEY_FILES,
            "only {} key files are there",
            files.len()
        );
        for file in files {
            let what = format!("the key in {}", file.display());
            needles.bytes(&what, &seed(&pem::read_secret(&file, None)?));
        }
        let sealed = sealed_keys(&day.stage).await?;
        ensure!(
            sealed.len() == SEALED_KEYS,
            "{} sealed keys are there",
            sealed.len()
        );
        for key in sealed {
            needles.bytes("a key that is sealed in the store", &seed(&key));
        }
        let master = fs::read_to_string(day.stage.cloud.data_dir().join("master.key"))?;
        needles.bytes("the master key", &HEXLOWER.decode(master.trim().as_bytes())?);
        Ok(needles)
    }

    /// Looks for a text.
    pub fn word(&mut self, what: &str, word: &str) {
        self.0.push((what.to_owned(), word.to_owned()));
    }

    /// Looks for bytes: in hexadecimal, base64 and as Rust prints them.
    pub fn bytes(&mut self, what: &str, bytes: &[u8]) {
        let start = &bytes[..TELLING_BYTES];
        let listed: Vec<String> = start.iter().map(u8::to_string).collect();
        let forms = [
            HEXLOWER.encode(start),
            HEXUPPER.encode(start),
            listed.join(", "),
            BASE64.encode(bytes),
            // Whole groups only: what follows changes the characters behind them.
            BASE64_NOPAD.encode(&bytes[..TELLING_BYTES / 3 * 3]),
            BASE64URL_NOPAD.encode(&bytes[..TELLING_BYTES / 3 * 3]),
        ];
        for form in forms {
            self.word(what, &form);
        }
    }

    /// Returns what is found, with the line, so that whoever wrote it can be found.
    pub fn found_in(&self, log: &str) -> Vec<String> {
        let known = self.0.iter().map(|(what, word)| (what.as_str(), word.as_str()));
        let wanted: Vec<(&str, &str)> = known.chain(MARKS).collect();
        let mut found = Vec::new();
        for line in log.lines() {
            let tells = |(_, word): &&(&str, &str)| line.contains(word);
            found.extend(
                wanted
                    .iter()
                    .filter(tells)
                    .map(|(what, _)| format!("{what}: {line}")),
            );
            if tells_a_code(line) {
                found.push(format!("the text of a code: {line}"));
            }
        }
        found
    }
}

/// Returns the keys that a cloud holds for its events, and the one that names it.
pub async fn sealed_keys(stage: &Stage) -> anyhow::Result<Vec<SecretKey>> {
    let safe = stage.cloud.key_safe()?;
    let held = safe.event_keys(stage.organizer.event.parse()?).await?;
    let mut keys = vec![safe.link_key(Timestamp(0)).await?];
    for purpose in [Purpose::Ticket, Purpose::Authority, Purpose::Issuing] {
        keys.extend(held.of(purpose).cloned());
    }
    Ok(keys)
}

/// Returns the 32 bytes that a key is made from, which its PKCS#8 form ends with.
pub fn seed(key: &SecretKey) -> [u8; 32] {
    *key.to_pkcs8_der().last_chunk().expect("a PKCS#8 form is longer")
}

/// Tells whether the text of a code, or a good part of it, is in a line: as a number by itself, or glued to whatever else. Among the letters of
/// hex dozens of digits come in a row, as in a handshake; a whole code has over 150.
fn tells_a_code(line: &str) -> bool {
    let longest = |runs: &mut dyn Iterator<Item = &str>| runs.map(str::len).max().unwrap_or_default();
    let mut glued = line.split(|character: char| !character.is_ascii_digit());
    let words = line.split(|character: char| !character.is_ascii_hexdigit());
    let mut alone = words.filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()));
    longest(&mut alone) > DIGITS || longest(&mut glued) > DIGITS_IN_HEX
}

/// The private keys below a folder.
fn key_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(key_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "pem") {
            let text = fs::read_to_string(&path)?;
            files.extend(text.contains("PRIVATE KEY").then_some(path));
        }
    }
    Ok(files)
}
