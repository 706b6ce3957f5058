//! Shows the whole path on this machine: sell, sign, sync, scan, break, heal; what it does is in the library.

use std::process::ExitCode;

use clap::Parser;
use usher_tests::demo;

/// Puts on a festival with a cloud, two hubs and scanners as processes, breaks things on purpose, and tells what happened.
#[derive(Parser)]
struct Args {
    /// End after the table; exit code 0 only if every step came out as told.
    #[arg(long)]
    once: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match demo::play(Args::parse().once).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            #[expect(clippy::print_stderr, reason = "whoever started the demo reads this")]
            {
                eprintln!("usher-demo: {failed}");
            }
            ExitCode::FAILURE
        }
    }
}
