//! The program `usher-gate-agent`: reads arguments, calls the library, turns the result into an exit code.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;
use usher_gate_agent::cli::{self, Cli};

/// What is logged when `RUST_LOG` does not say: the migrations of the database only when they fail.
const LOG_FILTER: &str = "info,refinery_core=warn";

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOG_FILTER));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    match cli::run(Cli::parse()) {
        Ok(code) => code,
        Err(error) if cli::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when this fails.
            let _ = writeln!(std::io::stderr(), "usher-gate-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}
