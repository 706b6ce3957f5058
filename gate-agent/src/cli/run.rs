//! `run`: the service from start to a signal, and an orderly end.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use usher_device::clock::Clock;
use usher_device::folder::Folder;
use usher_words::hub::command_line as words;

use crate::config::Config;
use crate::service::Service;

/// Runs the hubs of a folder until SIGTERM or SIGINT.
pub async fn run(folder: &Folder, config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let config = Config::read(config, &folder.top().config_path())?;
    let signals = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let service = Service::start(folder, config, Clock::system()).await?;
    print_addresses(&service)?;
    let stop = CancellationToken::new();
    let serving = service.run(stop.clone());
    let stopping = async {
        heard(signals).await;
        tracing::info!("shutting down");
        stop.cancel();
    };
    tokio::join!(serving, stopping);
    Ok(ExitCode::SUCCESS)
}

async fn heard((mut terminate, mut interrupt): (Signal, Signal)) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn print_addresses(service: &Service) -> std::io::Result<()> {
    let listening = service.listening();
    let mut out = std::io::stdout().lock();
    for hub in service.hubs() {
        let certificate = hub.services().replica.certificate();
        let (event, url) = (certificate.event, listening.url_of(certificate.event));
        writeln!(
            out,
            "{}",
            words::running(&certificate.name, &event.to_string(), &url)
        )?;
    }
    writeln!(
        out,
        "{}",
        words::reached_at(&listening.quic, &listening.url(), listening.enrolments.as_deref())
    )?;
    if let Some(door) = &listening.door {
        writeln!(out, "{}", words::phones_at(door))?;
    }
    if let Some(pages) = &listening.pages {
        writeln!(out, "{}", words::pages_at(&pages.hub, &pages.page))?;
    }
    for warning in service.warnings() {
        writeln!(out, "{}", words::warning(warning))?;
    }
    Ok(())
}
