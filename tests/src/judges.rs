//! Where `.ci/setup test` puts what judges our work and knows nothing of ours: validators, other makers' clients, axe-core.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, ensure};

/// Finds a file among them, such as `bin/python`.
///
/// # Errors
///
/// What to do when it is not there.
pub fn find(name: &str) -> anyhow::Result<PathBuf> {
    let home = env::home_dir().context("whoever tests has a home")?;
    let data = env::var_os("XDG_DATA_HOME").filter(|data| !data.is_empty());
    let data = data.map_or_else(|| home.join(".local/share"), PathBuf::from);
    let file = data.join("usher-tests").join(name);
    ensure!(
        file.is_file(),
        "{} is missing: run .ci/setup test",
        file.display()
    );
    Ok(file)
}
