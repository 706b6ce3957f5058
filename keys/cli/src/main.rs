//! The program `usher-keys`: makes keys, signs trust bundles offline, looks into key files; what it may do is decided in the library.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use usher_keys_cli::commands;

fn main() -> ExitCode {
    match commands::run(commands::Arguments::parse()) {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            // Where even standard error is gone, the exit code is all there is to say.
            let _ = writeln!(std::io::stderr().lock(), "usher-keys: {error:#}");
            commands::exit_code_of(&error)
        }
    }
}
