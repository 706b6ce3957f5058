//! A payment service on this machine that speaks Stripe's API and moves no money; what it does is in the library.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use usher_tests::psp::program;

/// Serves Stripe's API on this machine, strictly, with a bank's page and webhooks; for the demo and for tests.
#[derive(Parser)]
struct Args {
    /// Where it writes its address (listening.json), the key that it takes (stripe.key) and what signs its webhooks (stripe.webhook).
    #[arg(long)]
    dir: PathBuf,
    /// Where it listens; port 0 is any free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    match program::serve(&args.dir, args.listen).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "whoever started it reads this")]
            {
                eprintln!("usher-psp: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
