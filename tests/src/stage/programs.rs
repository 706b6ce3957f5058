//! Where the built programs are, and one run of a program that ends by itself; those that stay up are in `process`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail};

/// The four programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `usher-keys`.
    Keys,
    /// `usher-cloud`.
    Cloud,
    /// `usher-gate-agent`.
    GateAgent,
    /// `usher-scan`.
    Scan,
}

impl Program {
    const ALL: [Self; 4] = [Self::Keys, Self::Cloud, Self::GateAgent, Self::Scan];

    /// Gives the name of its file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keys => "usher-keys",
            Self::Cloud => "usher-cloud",
            Self::GateAgent => "usher-gate-agent",
            Self::Scan => "usher-scan",
        }
    }
}

/// The folder of the built programs.
#[derive(Debug, Clone)]
pub struct Programs(PathBuf);

impl Programs {
    /// Finds the programs built with this one: beside it, or one folder up from a test's.
    ///
    /// **Errors**: when one of them was not built.
    pub fn find() -> anyhow::Result<Self> {
        let this = std::env::current_exe().context("asking for the path of this program")?;
        let missing = |folder: &Path| {
            let lacks = |program: &Program| !folder.join(program.name()).is_file();
            Program::ALL.into_iter().find(lacks)
        };
        let folders: Vec<&Path> = this.ancestors().skip(1).take(2).collect();
        if let Some(folder) = folders.iter().find(|folder| missing(folder).is_none()) {
            return Ok(Self((*folder).to_owned()));
        }
        let name = folders
            .last()
            .and_then(|folder| missing(folder))
            .map_or("", Program::name);
        bail!("{name} is not built: run `cargo build --workspace` first")
    }

    /// Prepares a run; what it says goes nowhere unless the caller says otherwise.
    pub fn command(&self, program: Program) -> Command {
        let mut command = Command::new(self.0.join(program.name()));
        command
            .stdin(Stdio::null())
            .env_remove("RUST_LOG")
            .env("RUST_BACKTRACE", "1");
        command
    }

    /// Runs a program to its end and gives what it printed.
    ///
    /// **Errors**: when it fails, with what it said.
    pub fn run<A: AsRef<OsStr>>(&self, program: Program, arguments: &[A]) -> anyhow::Result<String> {
        let output = self.command(program).args(arguments).output();
        let output = output.with_context(|| format!("starting {}", program.name()))?;
        printed(program, &output)
    }
}

/// Gives what a program that ended well printed.
///
/// **Errors**: when it did not end well, with what it said.
pub fn printed(program: Program, output: &Output) -> anyhow::Result<String> {
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{} ended with {}: {}", program.name(), output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
