//! A scanner as a program: its enrolment, and runs of it over picture files at a gate.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::patience::until;
use super::programs::{Program, Programs, finish};

/// A scanner with a folder of its own.
#[derive(Debug, Clone)]
pub struct Scanner {
    programs: Programs,
    dir: PathBuf,
    /// Hubs it is told of beside those of its enrolment.
    hubs: Vec<String>,
}

/// What a scanner showed for one code.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Shown {
    /// `admit`, `deny`, `refer`, `unanswered` or `barred`.
    pub signal: String,
    /// A name for scripts: `admitted`, `exited`, or the name of the reason.
    pub outcome: String,
    /// What to do, in a word or two.
    pub words: String,
    /// Why.
    pub reason: Option<String>,
    /// More lines.
    pub details: Vec<String>,
    /// Whether it judged with its own replica.
    pub alone: bool,
    /// From the reading to the answer, in milliseconds.
    pub took_ms: u64,
}

impl Shown {
    /// Returns what stood on the screen, in one line.
    pub fn line(&self) -> String {
        let alone = if self.alone { " (judged alone)" } else { "" };
        match &self.reason {
            Some(reason) => format!(
                "{}: {} \u{2014} {reason}{alone}",
                self.signal.to_uppercase(),
                self.words
            ),
            None => format!("{}: {}{alone}", self.signal.to_uppercase(), self.words),
        }
    }
}

impl Scanner {
    /// Enrols a fresh scanner with a code.
    ///
    /// # Errors
    ///
    /// When it is not enrolled.
    pub async fn enrol(programs: &Programs, dir: &Path, code: &str) -> anyhow::Result<Self> {
        let name = dir.file_name().context("a scanner's folder has a name")?;
        let arguments = [
            "--dir".as_ref(),
            dir.as_os_str(),
            "enroll".as_ref(),
            code.as_ref(),
            "--name".as_ref(),
            name,
        ];
        programs.run(Program::Scan, &arguments).await?;
        Ok(Self {
            programs: programs.clone(),
            dir: dir.to_owned(),
            hubs: Vec::new(),
        })
    }

    /// Tells the scanner of a hub.
    #[must_use]
    pub fn with_hub(mut self, address: impl ToString) -> Self {
        self.hubs.push(address.to_string());
        self
    }

    /// Returns the same scanner, run in a special way.
    #[must_use]
    pub fn with_programs(mut self, programs: &Programs) -> Self {
        self.programs = programs.clone();
        self
    }

    /// Scans the code of a picture at a gate.
    ///
    /// # Errors
    ///
    /// When the scanner does not show exactly one result.
    pub async fn scan(&self, gate: u16, picture: &Path) -> anyhow::Result<Shown> {
        self.scan_one(gate, picture, &[]).await
    }

    /// The same with more arguments, such as the direction.
    ///
    /// # Errors
    ///
    /// When the scanner does not show exactly one result.
    pub async fn scan_one(&self, gate: u16, picture: &Path, more: &[&str]) -> anyhow::Result<Shown> {
        let mut shown = self.scan_all(gate, &[picture], more).await?;
        ensure!(shown.len() == 1, "the scanner showed {} results", shown.len());
        shown.pop().context("there is one")
    }

    /// Scans the codes of pictures at a gate, one after the other.
    ///
    /// # Errors
    ///
    /// When the scanner does not run, or shows something that cannot be read.
    pub async fn scan_all(&self, gate: u16, pictures: &[&Path], more: &[&str]) -> anyhow::Result<Vec<Shown>> {
        let mut arguments: Vec<OsString> = vec![
            "run".into(),
            "--gate".into(),
            gate.to_string().into(),
            "--json".into(),
        ];
        for hub in &self.hubs {
            arguments.extend(["--hub".into(), hub.into()]);
        }
        arguments.extend(more.iter().map(|argument| argument.into()));
        arguments.push("--image".into());
        arguments.extend(pictures.iter().map(|picture| picture.into()));
        results(&self.run(&arguments).await?)
    }

    /// Runs the scanner's program on its folder and gives what it printed, whatever its exit code.
    ///
    /// # Errors
    ///
    /// When it does not run, or a signal ends it.
    pub async fn run(&self, arguments: &[OsString]) -> anyhow::Result<String> {
        let mut command = self.programs.command(Program::Scan);
        command.arg("--dir").arg(&self.dir).args(arguments);
        let ended = finish(command).await?;
        ensure!(
            matches!(ended.code, Some(0 | 1)),
            "usher-scan ended with {:?}: {}",
            ended.code,
            ended.stderr
        );
        Ok(ended.stdout)
    }

    /// Starts the scanner at a gate as one that a USB reader types into; what it shows goes into a file.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn wedge(&self, gate: u16, shown: &Path) -> anyhow::Result<Wedge> {
        self.wedge_with(gate, shown, &[])
    }

    /// The same with more arguments.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn wedge_with(&self, gate: u16, shown: &Path, more: &[&str]) -> anyhow::Result<Wedge> {
        let mut command = self.programs.command(Program::Scan);
        command
            .arg("--dir")
            .arg(&self.dir)
            .args(["run", "--json", "--wedge", "--gate"])
            .arg(gate.to_string())
            .args(more);
        for hub in &self.hubs {
            command.arg("--hub").arg(hub);
        }
        let file = File::create(shown).with_context(|| format!("making {}", shown.display()))?;
        let started = command
            .stdin(Stdio::piped())
            .stdout(file)
            .stderr(Stdio::null())
            .spawn();
        Ok(Wedge {
            child: started.context("starting usher-scan")?,
            shown: shown.to_owned(),
            read: 0,
        })
    }

    /// Returns its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

/// A scanner that stays at its gate.
#[derive(Debug)]
pub struct Wedge {
    child: Child,
    shown: PathBuf,
    /// Codes read so far.
    read: usize,
}

impl Wedge {
    /// Types a code and waits for what the scanner shows.
    ///
    /// # Errors
    ///
    /// When it shows nothing.
    pub async fn read(&mut self, code: impl AsRef<[u8]>) -> anyhow::Result<Shown> {
        self.type_line(code)?;
        let at = self.read;
        let shown = until("the scanner to show a result", async || {
            Ok(results(&self.printed()?)?.into_iter().nth(at))
        })
        .await?;
        self.read += 1;
        Ok(shown)
    }

    /// Types a line that is no code the scanner would show a result for.
    ///
    /// # Errors
    ///
    /// When the scanner does not take it.
    pub fn type_line(&mut self, line: impl AsRef<[u8]>) -> anyhow::Result<()> {
        let input = self.child.stdin.as_mut().context("its input is piped")?;
        input
            .write_all(&[line.as_ref(), b"\n"].concat())
            .context("typing a line")
    }

    /// Returns the number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns what the scanner has shown so far, one result for each code in the order of typing.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn results(&self) -> anyhow::Result<Vec<Shown>> {
        results(&self.printed()?)
    }

    /// Asks the scanner to stop and waits until it has.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        // Every shell brings `kill`; a library for it would need unsafe code.
        let kill = format!("kill -TERM {}", self.child.id());
        let sent = std::process::Command::new("sh").args(["-c", &kill]).status()?;
        ensure!(sent.success(), "the scanner takes no signal");
        until("the scanner to end", async || Ok(self.child.try_wait()?)).await?;
        Ok(())
    }

    /// Kills the scanner as a power cut would; what it has shown stays.
    ///
    /// # Errors
    ///
    /// When it has ended before.
    pub fn kill9(&mut self) -> anyhow::Result<()> {
        ensure!(
            self.child.try_wait()?.is_none(),
            "the scanner has ended by itself"
        );
        self.child.kill().context("killing the scanner")?;
        self.child.wait()?;
        Ok(())
    }

    /// Returns everything the scanner has printed.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn printed(&self) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(&self.shown)?)
    }
}

impl Drop for Wedge {
    fn drop(&mut self) {
        // Errors mean that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the results in what a scanner has printed; a line that is still being written is left for later.
fn results(printed: &str) -> anyhow::Result<Vec<Shown>> {
    let mut shown = Vec::new();
    for line in printed.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let line: Value = serde_json::from_str(line).with_context(|| format!("reading {line}"))?;
        if line["kind"] == "scan" {
            shown.push(serde_json::from_value(line)?);
        }
    }
    Ok(shown)
}
