//! The `usher-scan` program: sets up the log and the exit code; everything else is in the library.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;
use usher_scan::cli::{self, Cli};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(cli.log_filter()));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    keep_decoder_panics_quiet();
    cli::run(cli)
}

/// Keeps assertion failures of the code decoder, which are caught where they happen, off the staff's screen.
fn keep_decoder_panics_quiet() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if in_decoder(panic) {
            tracing::debug!("the decoder gave up on a frame: {panic}");
        } else {
            report(panic);
        }
    }));
}

fn in_decoder(panic: &PanicHookInfo<'_>) -> bool {
    panic
        .location()
        .is_some_and(|location| location.file().contains("rqrr"))
}
