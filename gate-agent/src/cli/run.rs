//! `run`: the hub from start to a signal, and an orderly end.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use crate::clock::Clock;
use crate::config::Config;
use crate::directory::DataDirectory;
use crate::hub::Hub;

/// Runs the hub until SIGTERM or SIGINT.
pub async fn run(directory: &DataDirectory, config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = Config::read(config, &directory.config_path())?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let hub = Hub::start(directory, &config, Clock::system()).await?;
    let listening = hub.listening();
    writeln!(
        std::io::stdout().lock(),
        "The hub \"{}\" is running.\n  links:        {} (QUIC)\n  status:       {}/\n  new scanners: {}",
        hub.services().replica.certificate().name,
        listening.quic,
        listening.url(),
        listening
            .enrolments
            .as_deref()
            .unwrap_or("none: its certificate does not allow it"),
    )?;
    for warning in hub.services().warnings() {
        writeln!(std::io::stdout().lock(), "WARNING: {warning}")?;
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("shutting down");
    hub.shutdown().await;
    Ok(ExitCode::SUCCESS)
}
