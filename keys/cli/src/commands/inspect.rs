//! `inspect`: finds out what a file is, and shows what is in it; private halves are never shown.

use std::path::Path;

use anyhow::Context;
use serde::de::DeserializeOwned;
use serde_json::Value;
use usher_keys::pem;
use usher_words::keys::{self as words, KeyKind, KeysRefusal};

use super::MAX_JSON_BYTES;
use super::effects::{self, PASSPHRASE_VARIABLE};
use super::output;

/// Shows what is in a file.
pub fn inspect(path: &Path) -> anyhow::Result<()> {
    let bytes = usher_keys::file::read_file::<MAX_JSON_BYTES>(path)?;
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    let description = if text.contains("-----BEGIN PUBLIC KEY-----") {
        words::key(KeyKind::Public, &pem::read_public(path)?)
    } else if text.contains("-----BEGIN ") {
        describe_secret(path)?
    } else {
        describe_json(&bytes).with_context(|| words::refusal(&KeysRefusal::Unshown(path)))?
    };
    output::print(&description)
}

fn describe_secret(path: &Path) -> anyhow::Result<String> {
    let (kind, key) = match pem::read_secret(path, None) {
        Err(error) if error.needs_passphrase() => {
            let Some(passphrase) = effects::passphrase_from_environment()? else {
                return Ok(words::locked_key(PASSPHRASE_VARIABLE));
            };
            (KeyKind::Encrypted, pem::read_secret(path, Some(&passphrase))?)
        }
        read => (KeyKind::Clear, read?),
    };
    Ok(words::key(kind, &key.public()))
}

fn describe_json(bytes: &[u8]) -> anyhow::Result<String> {
    let value: Value =
        serde_json::from_slice(bytes).with_context(|| words::refusal(&KeysRefusal::UnknownFormat))?;
    let has = |member| value.get(member).is_some();
    Ok(if has("bundle") {
        words::bundle(&typed(value)?)?
    } else if has("ticket_key") {
        words::key_request(&typed(value)?)
    } else if has("via") {
        words::identity(&typed(value)?)
    } else if has("certificate") {
        words::issued_certificate(&typed(value)?)
    } else {
        return Err(output::refused(&KeysRefusal::UnknownContent));
    })
}

fn typed<T: DeserializeOwned>(value: Value) -> anyhow::Result<T> {
    Ok(serde_json::from_value(value)?)
}
