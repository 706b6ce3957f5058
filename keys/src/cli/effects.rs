//! What the program takes from the machine: the time, random bytes and passphrases; no other file of this crate reads any of them.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use usher_keys::pem::{self, KeyFileError};
use usher_keys::{SecretKey, Timestamp};
use zeroize::Zeroizing;

/// The environment variable that stands in for the prompt.
const PASSPHRASE_VARIABLE: &str = "USHER_PASSPHRASE";

/// Returns the time now.
pub fn now() -> anyhow::Result<Timestamp> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the program is where the library's time comes from"
    )]
    let now = SystemTime::now();
    let since_epoch = now
        .duration_since(UNIX_EPOCH)
        .context("the clock says a time before 1970: set it first")?;
    Ok(Timestamp(u64::try_from(since_epoch.as_millis())?))
}

/// Draws bytes from the system's secure random source.
pub fn random<const N: usize>() -> anyhow::Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    #[expect(
        clippy::disallowed_methods,
        reason = "the program is where the library's seeds come from"
    )]
    getrandom::fill(bytes.as_mut_slice()).context("the system's random source failed")?;
    Ok(bytes)
}

/// Asks for the passphrase of a new key file, twice when a person types it.
pub fn new_passphrase() -> anyhow::Result<Zeroizing<String>> {
    if let Some(passphrase) = passphrase_from_environment()? {
        return Ok(passphrase);
    }
    let first = prompt("New passphrase: ")?;
    if *first != *prompt("The same again: ")? {
        bail!("the two passphrases differ; nothing was written");
    }
    Ok(first)
}

/// Returns the passphrase the environment holds, if it holds one.
pub fn passphrase_from_environment() -> anyhow::Result<Option<Zeroizing<String>>> {
    match std::env::var(PASSPHRASE_VARIABLE) {
        Ok(passphrase) => Ok(Some(Zeroizing::new(passphrase))),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => bail!("{PASSPHRASE_VARIABLE} is not UTF-8 text"),
    }
}

/// Reads a private key, asking for its passphrase only when it needs one.
pub fn read_secret(path: &Path) -> anyhow::Result<SecretKey> {
    match pem::read_secret(path, None) {
        Err(error) if error.needs_passphrase() => read_encrypted(path),
        read => Ok(read?),
    }
}

fn read_encrypted(path: &Path) -> anyhow::Result<SecretKey> {
    let passphrase = match passphrase_from_environment()? {
        Some(passphrase) => passphrase,
        None => prompt(&format!("Passphrase of {}: ", path.display()))?,
    };
    let read: Result<_, KeyFileError> = pem::read_secret(path, Some(&passphrase));
    Ok(read?)
}

fn prompt(question: &str) -> anyhow::Result<Zeroizing<String>> {
    rpassword::prompt_password(question)
        .map(Zeroizing::new)
        .with_context(|| format!("a passphrase is needed: set {PASSPHRASE_VARIABLE}, or use a terminal"))
}
