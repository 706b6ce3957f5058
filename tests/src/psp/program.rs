//! The service as a program: where it serves and its secrets are files of its folder, and banks that take their time answer after a while.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, interval_at};

use super::webhooks::SECRET;
use super::{KEY, Psp};

/// The file in which it says where it serves, as the other programs do.
const LISTENING_FILE: &str = "listening.json";
/// The file with the secret key that it takes.
pub const KEY_FILE: &str = "stripe.key";
/// The file with what its webhooks are signed with.
pub const WEBHOOK_SECRET_FILE: &str = "stripe.webhook";
/// How long banks take that take their time, at most.
const SLOW_BANKS: Duration = Duration::from_secs(3);

/// Serves until it is told to stop.
///
/// # Errors
///
/// When the address cannot be had or the folder not be written to.
pub async fn serve(folder: &Path, address: SocketAddr) -> anyhow::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let psp = Psp::start_at(address).await?;
    // Whoever reads where it serves finds the secrets there already.
    write(folder, KEY_FILE, KEY)?;
    write(folder, WEBHOOK_SECRET_FILE, SECRET)?;
    write(
        folder,
        LISTENING_FILE,
        &json!({ "http": psp.address }).to_string(),
    )?;
    let mut answers = interval_at(Instant::now() + SLOW_BANKS, SLOW_BANKS);
    loop {
        tokio::select! {
            _ = answers.tick() => psp.let_banks_answer(),
            _ = interrupt.recv() => return Ok(()),
            _ = terminate.recv() => return Ok(()),
        }
    }
}

/// Writes a file as a whole: it is looked for while it is written.
fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let (unfinished, file) = (folder.join(format!("{name}.new")), folder.join(name));
    std::fs::write(&unfinished, text).with_context(|| format!("writing {}", file.display()))?;
    std::fs::rename(&unfinished, &file).with_context(|| format!("writing {}", file.display()))
}
