//! The program `usher-cloud`: reads the command line and hands over to the library.

use std::process::ExitCode;

use clap::Parser;
use usher_cloud::cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().run().await {
        Ok(code) => code,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "whoever started the program reads this")]
            {
                eprintln!("usher-cloud: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
