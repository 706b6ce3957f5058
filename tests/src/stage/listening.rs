//! The file in which a program that was given port 0 says where it serves.

use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::de::DeserializeOwned;

use super::patience::until;
use super::process::Process;

/// The file, in the program's data folder.
pub const FILE: &str = "listening.json";

/// Waits for a program to say where it serves.
///
/// # Errors
///
/// When it ends before, or says something else.
pub async fn read<T: DeserializeOwned>(process: &mut Process, data_dir: &Path) -> anyhow::Result<T> {
    let file = data_dir.join(FILE);
    let text = until(format!("{} to say where it serves", process.name()), async || {
        process.check()?;
        Ok(fs::read_to_string(&file).ok())
    })
    .await?;
    serde_json::from_str(&text).with_context(|| format!("reading {}: {text}", file.display()))
}
