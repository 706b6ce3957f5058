//! The command line of `usher-scan`: what can be asked for, and the exit code; leaves out doing it.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::decode::{Outputs, decode};

/// Reads ticket codes and shows what became of them.
#[derive(Debug, Parser)]
#[command(name = "usher-scan", version, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print what the codes in pictures say, without judging them: one line `path<TAB>text` for each code, the
    /// bytes as `hex:…` where they are no text. Exit code 0 when every picture had a code, otherwise 1.
    Decode {
        /// Pictures (JPEG, PNG, WebP, GIF) or folders of them.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// Does what was asked for. A reader that went away (a broken pipe) is success.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let outcome = match cli.command {
        Command::Decode { files } => run_decode(files),
    };
    match outcome {
        Ok(code) => code,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("the output cannot be written: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run_decode(files: Vec<PathBuf>) -> io::Result<ExitCode> {
    let stdout = io::stdout();
    let terminal = stdout.is_terminal();
    let mut outputs = Outputs {
        codes: stdout.lock(),
        complaints: io::stderr(),
        terminal,
    };
    Ok(if decode(files, &mut outputs)? {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
