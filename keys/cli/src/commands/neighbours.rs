//! The bundles of other events that lie in the same folder: two events never share a ticket key, since it is the key that tells the event.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use usher_keys::{KeyId, SignedBundle, TrustBundle, file};
use usher_words::keys::KeysRefusal;

use super::{MAX_JSON_BYTES, output};

/// Refuses a bundle with a ticket key that a bundle of another event beside the file to be written has as well. What is no
/// bundle, or cannot be read, is passed over.
pub fn check(bundle: &TrustBundle, out: &Path) -> anyhow::Result<()> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Ok(files) = fs::read_dir(folder.unwrap_or(Path::new("."))) else {
        return Ok(());
    };
    for path in files.flatten().map(|entry| entry.path()) {
        let shared = read(&path).and_then(|other| shared_key(bundle, &other));
        if let Some(key) = shared {
            return Err(output::refused(&KeysRefusal::SharedKey { key, other: &path }));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Option<TrustBundle> {
    if path.extension() != Some(OsStr::new("json")) {
        return None;
    }
    let bytes = file::read_file::<MAX_JSON_BYTES>(path).ok()?;
    serde_json::from_slice::<SignedBundle>(&bytes)
        .ok()?
        .unverified()
        .ok()
}

fn shared_key(bundle: &TrustBundle, other: &TrustBundle) -> Option<KeyId> {
    let is_theirs = |key| other.ticket_keys.iter().any(|trusted| trusted.key == key);
    let shared = bundle.ticket_keys.iter().find(|trusted| is_theirs(trusted.key))?;
    (bundle.event != other.event).then(|| shared.key.id())
}
