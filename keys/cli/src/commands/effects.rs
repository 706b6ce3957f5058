//! What the program takes from the machine: the time, random bytes and passphrases; no other file of this program reads any of them.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use usher_keys::pem::{self, KeyFileError};
use usher_keys::{SecretKey, Timestamp};
use usher_words::keys::{self as words, KeysPrompt, KeysRefusal};
use zeroize::Zeroizing;

/// The environment variable that stands in for the prompt.
pub const PASSPHRASE_VARIABLE: &str = "USHER_PASSPHRASE";

/// Returns the time now.
pub fn now() -> anyhow::Result<Timestamp> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the program is where the library's time comes from"
    )]
    let now = SystemTime::now();
    let since_epoch = now
        .duration_since(UNIX_EPOCH)
        .with_context(|| words::refusal(&KeysRefusal::ClockBehind))?;
    Ok(Timestamp(u64::try_from(since_epoch.as_millis())?))
}

/// Draws bytes from the system's secure random source.
pub fn random<const N: usize>() -> anyhow::Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    #[expect(
        clippy::disallowed_methods,
        reason = "the program is where the library's seeds come from"
    )]
    getrandom::fill(bytes.as_mut_slice()).with_context(|| words::refusal(&KeysRefusal::NoRandomness))?;
    Ok(bytes)
}

/// Asks for the passphrase of a new key file, twice when a person types it.
pub fn new_passphrase() -> anyhow::Result<Zeroizing<String>> {
    if let Some(passphrase) = passphrase_from_environment()? {
        return Ok(passphrase);
    }
    let first = prompt(&KeysPrompt::New)?;
    if *first != *prompt(&KeysPrompt::Again)? {
        bail!(words::refusal(&KeysRefusal::PassphrasesDiffer));
    }
    Ok(first)
}

/// Returns the passphrase the environment holds, if it holds one.
pub fn passphrase_from_environment() -> anyhow::Result<Option<Zeroizing<String>>> {
    match std::env::var(PASSPHRASE_VARIABLE) {
        Ok(passphrase) => Ok(Some(Zeroizing::new(passphrase))),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            let variable = PASSPHRASE_VARIABLE;
            bail!(words::refusal(&KeysRefusal::NotText { variable }))
        }
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
        None => prompt(&KeysPrompt::Of(path))?,
    };
    let read: Result<_, KeyFileError> = pem::read_secret(path, Some(&passphrase));
    Ok(read?)
}

fn prompt(question: &KeysPrompt<'_>) -> anyhow::Result<Zeroizing<String>> {
    let variable = PASSPHRASE_VARIABLE;
    rpassword::prompt_password(words::prompt(question))
        .map(Zeroizing::new)
        .with_context(|| words::refusal(&KeysRefusal::NoPassphrase { variable }))
}
