//! Where the built programs are, and one run of a program that ends by itself; those that stay up are in `process`.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};

use super::patience::until_within;

/// Where packages put libraries.
const LIBRARIES: &str = "/usr/lib";
/// The one that gives programs another time.
const FAKETIME: &str = "faketime/libfaketime.so.1";

/// The four programs, and the payment service of the tests.
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
    /// `usher-psp`.
    Psp,
}

impl Program {
    const ALL: [Self; 5] = [Self::Keys, Self::Cloud, Self::GateAgent, Self::Scan, Self::Psp];

    /// Returns the name of its file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keys => "usher-keys",
            Self::Cloud => "usher-cloud",
            Self::GateAgent => "usher-gate-agent",
            Self::Scan => "usher-scan",
            Self::Psp => "usher-psp",
        }
    }
}

/// The built programs.
#[derive(Debug, Clone)]
pub struct Programs {
    folder: PathBuf,
    /// What is set in their environment.
    environment: Vec<(&'static str, OsString)>,
    /// The program that runs them, with its arguments; none unless given.
    runner: Vec<String>,
}

impl Programs {
    /// Finds the programs built with this one: beside it, or one folder up from a test's.
    ///
    /// # Errors
    ///
    /// When one of them was not built.
    pub fn find() -> anyhow::Result<Self> {
        let this = std::env::current_exe().context("asking for the path of this program")?;
        let missing = |folder: &Path| {
            let lacks = |program: &Program| !folder.join(program.name()).is_file();
            Program::ALL.into_iter().find(lacks)
        };
        let folders: Vec<&Path> = this.ancestors().skip(1).take(2).collect();
        if let Some(folder) = folders.iter().find(|folder| missing(folder).is_none()) {
            return Ok(Self {
                folder: (*folder).to_owned(),
                environment: Vec::new(),
                runner: Vec::new(),
            });
        }
        let name = folders
            .last()
            .and_then(|folder| missing(folder))
            .map_or("", Program::name);
        bail!("{name} is not built: run `cargo build --workspace` first, with `--release` for a bench")
    }

    /// Returns the same programs with something more set in their environment.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Returns the same programs with a clock that is off as libfaketime reads it: so many seconds, or hours behind an `h`. Only the time
    /// of day is: timers go on as they should.
    ///
    /// # Errors
    ///
    /// When libfaketime is not installed.
    pub fn off_by(&self, off: &str) -> anyhow::Result<Self> {
        Ok(self
            .clone()
            .with("LD_PRELOAD", faketime()?)
            .with("FAKETIME", off)
            .with("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .with("DONT_FAKE_MONOTONIC", "1")
            .with("NO_FAKE_STAT", "1"))
    }

    /// Returns the same programs without what was set in their environment under that name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.environment.retain(|(set, _)| *set != name);
        self
    }

    /// Returns the same programs as another one runs them, such as `ip netns exec`.
    #[must_use]
    pub fn inside(mut self, runner: &[&str]) -> Self {
        self.runner = runner.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Returns the folder that they are in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Prepares a run; what it says goes nowhere unless the caller says otherwise. Settings and proxies in the
    /// environment of whoever runs the tests are none of its business.
    pub fn command(&self, program: Program) -> Command {
        let path = self.folder.join(program.name());
        let mut command = match self.runner.split_first() {
            None => Command::new(path),
            Some((runner, arguments)) => {
                let mut command = Command::new(runner);
                command.args(arguments).arg(path);
                command
            }
        };
        command.stdin(Stdio::null()).env("RUST_BACKTRACE", "1");
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy().to_ascii_uppercase();
            if text.starts_with("USHER_") || text.ends_with("_PROXY") || text == "RUST_LOG" {
                command.env_remove(name);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a program to its end and gives what it printed.
    ///
    /// # Errors
    ///
    /// When it fails, with what it said.
    pub async fn run<A: AsRef<OsStr>>(&self, program: Program, arguments: &[A]) -> anyhow::Result<String> {
        let mut command = self.command(program);
        command.args(arguments);
        let ended = finish(command).await?;
        ensure!(
            ended.code == Some(0),
            "{} ended with {:?}: {}",
            program.name(),
            ended.code,
            ended.stderr.trim()
        );
        Ok(ended.stdout.trim().to_owned())
    }
}

/// Finds libfaketime.
fn faketime() -> anyhow::Result<PathBuf> {
    let mut folders = vec![Path::new(LIBRARIES).to_owned()];
    for entry in fs::read_dir(LIBRARIES)? {
        folders.push(entry?.path());
    }
    let found = folders
        .into_iter()
        .map(|folder| folder.join(FAKETIME))
        .find(|file| file.exists());
    found.context("libfaketime is not installed: run `make setup`, or install the package libfaketime")
}

/// How a program ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

/// How long a command may take: the whole demo takes a quarter of that on an idle machine.
const ENDS_WITHIN: Duration = Duration::from_secs(90);

/// Runs a command to its end.
///
/// # Errors
///
/// When it cannot be started, or does not end in time; it is killed then.
pub async fn finish(mut command: Command) -> anyhow::Result<Ended> {
    // Files and not pipes: nobody has to read while the program writes.
    let (stdout, stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    let name = command.get_program().display().to_string();
    let mut child = Guard(command.spawn().with_context(|| format!("starting {name}"))?);
    let ended = async || Ok(child.0.try_wait()?);
    let (status, _) = until_within(ENDS_WITHIN, format!("the end of {name}"), ended).await?;
    Ok(Ended {
        code: status.code(),
        stdout: whole(stdout)?,
        stderr: whole(stderr)?,
    })
}

fn whole(mut file: File) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Kills what has not ended when nobody waits for it any more.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // Errors mean that it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
