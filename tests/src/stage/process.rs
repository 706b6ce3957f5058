//! A program that stays up: started with its log in a file, asked to stop or killed, started again; dropped means killed.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, bail, ensure};

use super::patience::until;
use super::programs::{Program, Programs};

/// Last bytes of a log that are worth showing when a program has failed.
const LOG_TAIL_BYTES: usize = 4_000;
/// How many lines of the first panic are told: where it was, and what it said.
const PANIC_LINES: usize = 40;

/// How to start a program.
#[derive(Debug, Clone)]
pub struct Start {
    pub program: Program,
    /// What people call this process.
    pub name: String,
    pub arguments: Vec<OsString>,
    /// Where its log goes.
    pub log: PathBuf,
    /// Largest file it may write, in KiB; none unless given.
    pub file_limit_kib: Option<u64>,
}

/// A program that stays up.
#[derive(Debug)]
pub struct Process {
    start: Start,
    programs: Programs,
    child: Option<Child>,
}

/// A signal a process gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Please stop.
    Terminate,
    /// Freeze, as a laptop that is closed.
    Pause,
    /// Go on.
    Resume,
}

impl Process {
    /// Starts a program; it is up when its own address answers, which is the caller's to see.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(programs: &Programs, start: Start) -> anyhow::Result<Self> {
        let mut process = Self {
            start,
            programs: programs.clone(),
            child: None,
        };
        process.start_again()?;
        Ok(process)
    }

    /// Starts the program again after it has ended.
    ///
    /// # Errors
    ///
    /// When it still runs or cannot be started.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        ensure!(self.child.is_none(), "{} still runs", self.start.name);
        let log = OpenOptions::new().create(true).append(true).open(&self.start.log);
        let log = log.with_context(|| format!("opening {}", self.start.log.display()))?;
        let child = self.command().stdout(log.try_clone()?).stderr(log).spawn();
        self.child = Some(child.with_context(|| format!("starting {}", self.start.name))?);
        Ok(())
    }

    /// Changes the limit on the size of its files from the next start on.
    pub fn limit_files(&mut self, kib: Option<u64>) {
        self.start.file_limit_kib = kib;
    }

    fn command(&self) -> Command {
        let mut command = self.programs.command(self.start.program);
        command.args(&self.start.arguments);
        let Some(kib) = self.start.file_limit_kib else {
            return command;
        };
        // A write beyond the limit fails like one on a full disk once its signal is ignored. The shell counts in
        // blocks of 512 bytes or of 1 KiB.
        let mut limited = Command::new("bash");
        limited
            .arg("-c")
            .arg("trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"")
            .arg("bash")
            .arg(kib.to_string());
        limited
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::null());
        limited
    }

    /// Returns what people call it.
    pub fn name(&self) -> &str {
        &self.start.name
    }

    /// Returns its number, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Returns where its log is.
    pub fn log(&self) -> &Path {
        &self.start.log
    }

    /// Fails when the program has ended by itself, with the end of its log.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn check(&mut self) -> anyhow::Result<()> {
        match self.ended()? {
            None => Ok(()),
            Some(status) => bail!(
                "{} ended with {status}; its log ends with:\n{}",
                self.start.name,
                self.log_tail()
            ),
        }
    }

    /// Returns how the program ended, if it has.
    ///
    /// # Errors
    ///
    /// When the system cannot tell.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        let Some(child) = &mut self.child else {
            bail!("{} was not started", self.start.name);
        };
        Ok(child.try_wait()?)
    }

    /// Kills the program as a power cut would, without a chance to tidy up.
    ///
    /// # Errors
    ///
    /// When it has ended before, which is a failure of its own.
    pub fn kill9(&mut self) -> anyhow::Result<()> {
        self.check()?;
        self.end();
        Ok(())
    }

    /// Asks the program to stop and waits until it has.
    ///
    /// # Errors
    ///
    /// When it does not stop, or not with success.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.check()?;
        self.signal(Signal::Terminate)?;
        let status = self.wait().await?;
        self.child = None;
        ensure!(
            status.success(),
            "{} was asked to stop and ended with {status}",
            self.start.name
        );
        Ok(())
    }

    /// Waits until the program has ended by itself and gives how.
    ///
    /// # Errors
    ///
    /// When it does not end.
    pub async fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        let what = format!("the end of {}", self.start.name);
        until(what, async || self.ended()).await
    }

    /// Forgets a program that has ended, so that it can be started again.
    ///
    /// # Errors
    ///
    /// When it still runs.
    pub fn forget(&mut self) -> anyhow::Result<()> {
        ensure!(self.ended()?.is_some(), "{} still runs", self.start.name);
        self.child = None;
        Ok(())
    }

    /// Sends a signal.
    ///
    /// # Errors
    ///
    /// When the program does not run.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let name = match signal {
            Signal::Terminate => "TERM",
            Signal::Pause => "STOP",
            Signal::Resume => "CONT",
        };
        let child = self
            .child
            .as_ref()
            .with_context(|| format!("{} does not run", self.start.name))?;
        // Every shell brings `kill`; a library for it would need unsafe code.
        let sent = Command::new("sh")
            .arg("-c")
            .arg(format!("kill -{name} {}", child.id()))
            .status()?;
        ensure!(sent.success(), "{} takes no signal", self.start.name);
        Ok(())
    }

    /// Returns everything the program has logged so far.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub fn logged(&self) -> anyhow::Result<String> {
        Ok(String::from_utf8_lossy(&std::fs::read(&self.start.log)?).into_owned())
    }

    fn log_tail(&self) -> String {
        let log = self.logged().unwrap_or_default();
        let mut start = log.len().saturating_sub(LOG_TAIL_BYTES);
        while !log.is_char_boundary(start) {
            start += 1;
        }
        let end = &log[start..];
        // A panic while another one unwinds comes last, and is not the cause.
        let first = log.find("panicked at").filter(|at| *at < start);
        let cause = first.map(|at| log[at..].lines().take(PANIC_LINES).collect::<Vec<_>>().join("\n"));
        cause.map_or_else(|| end.to_owned(), |cause| format!("{cause}\n…\n{end}"))
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Errors mean that it has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Makes an empty file; logs are appended to.
///
/// # Errors
///
/// When it cannot be made.
pub fn make_empty(path: &Path) -> anyhow::Result<File> {
    File::create(path).with_context(|| format!("making {}", path.display()))
}
