//! Settings files that anyone may have written: they are taken whole or refused with a sentence.

use std::fs;
use std::path::Path;

use super::Target;
use super::draw::Draw;

/// The first byte says whose settings the others are.
pub fn config() -> Target {
    let folder = tempfile::tempdir().expect("a folder for the file");
    let file = folder.path().join("settings.toml");
    Box::new(move |data| {
        // Whoever reads it once the target is gone would find nothing.
        let _ = &folder;
        let mut draw = Draw::new(data);
        let hub = draw.bit();
        fs::write(&file, draw.rest()).expect("the file can be written");
        let refused = if hub {
            refused_by_hub(&file)
        } else {
            refused_by_cloud(&file)
        };
        if let Some(error) = refused {
            let words = format!("{error:#}");
            assert!(!words.trim().is_empty(), "refused without a word");
        }
    })
}

fn refused_by_cloud(file: &Path) -> Option<anyhow::Error> {
    let config = match usher_cloud::config::Config::load(file) {
        Ok(config) => config,
        Err(error) => return Some(error.into()),
    };
    assert!(config.limits.request_seconds > config.payments.timeout_seconds);
    assert!(config.reservations.max_units > 0 && config.reservations.default_seconds > 0);
    let _ = config.payment_timeout();
    None
}

fn refused_by_hub(file: &Path) -> Option<anyhow::Error> {
    let config = match usher_gate_agent::config::Config::read(Some(file), file) {
        Ok(config) => config,
        Err(error) => return Some(error.into()),
    };
    assert!(!config.home_timeout().is_zero());
    None
}
