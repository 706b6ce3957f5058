//! A thread that runs a source and hands on what it shows as codes; leaves out what becomes of them.

use std::io::{self, BufRead};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::eyes::{Eyes, codes_in};
use crate::readings::{Outlet, Reading, RunClock, SeenFrame, Sight, WeakOutlet};
use crate::source::{Capture, Source, SourceError};
use usher_eyes::LumaFrame;

/// Pause before a source that panicked is started again: not noticed by staff, and no busy loop.
const CRASH_PAUSE: Duration = Duration::from_millis(250);

/// Owns the thread of a source. Dropping it ends the thread at its next frame or line; one that blocks in the
/// system (a silent terminal) ends with the process.
#[derive(Debug)]
pub struct Feed {
    _running: Sender<()>,
    /// Weak, so that lines that may come for ever do not keep up readings that have ended.
    outlet: WeakOutlet,
}

impl Feed {
    /// Starts a source on a thread of its own, where `make_source` makes it (a camera must not change threads),
    /// and makes it again should it ever panic. The readings end when the source does.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start<S: Source>(
        clock: RunClock,
        wants_previews: bool,
        mut make_source: impl FnMut() -> S + Send + 'static,
    ) -> io::Result<(Self, mpsc::Receiver<Reading>)> {
        let (running, stopped) = std::sync::mpsc::channel();
        let (outlet, waiting) = Outlet::new(clock);
        let weak = outlet.downgrade();
        let mut pipeline = Pipeline {
            eyes: Eyes::open(outlet.clone(), wants_previews)?,
            outlet,
            stopped,
            pictures: 0,
        };
        thread::Builder::new().name("source".to_owned()).spawn(move || {
            while let Err(_panic) = catch_unwind(AssertUnwindSafe(|| pipeline.run(make_source()))) {
                let told = Sight::Fault(SourceError::Crashed);
                if !pipeline.outlet.hand_on(Instant::now(), told) || !pipeline.pause(CRASH_PAUSE) {
                    return;
                }
            }
        })?;
        let feed = Self {
            _running: running,
            outlet: weak,
        };
        Ok((feed, waiting))
    }

    /// Hands on also what staff type, line by line, until the source ends.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn listen(&self, lines: impl BufRead + Send + 'static) -> io::Result<()> {
        let weak = self.outlet.clone();
        thread::Builder::new().name("keys".to_owned()).spawn(move || {
            for line in lines.lines() {
                // What is no text means nothing.
                let line = match line {
                    Err(error) if error.kind() != io::ErrorKind::InvalidData => return,
                    line => line.unwrap_or_default(),
                };
                let Some(outlet) = weak.upgrade() else {
                    return;
                };
                if !outlet.hand_on(Instant::now(), Sight::Entered(line)) {
                    return;
                }
            }
        })?;
        Ok(())
    }
}

/// From a source to the outlet.
struct Pipeline {
    eyes: Eyes,
    outlet: Outlet,
    stopped: Receiver<()>,
    /// How many were read.
    pictures: u64,
}

impl Pipeline {
    /// Runs a source to its end, or until nobody wants its readings.
    fn run(&mut self, mut source: impl Source) {
        while self.pause(Duration::ZERO) {
            let capture = source.next();
            let taken = Instant::now();
            let wanted = match capture {
                Capture::Frame(shot) => {
                    self.eyes.show(shot);
                    true
                }
                Capture::Picture { path, frame } => {
                    let sight = self.read(path, &frame, taken);
                    self.outlet.hand_on(taken, sight)
                }
                Capture::Typed(text) => self.outlet.hand_on(taken, Sight::Code(text.into_bytes())),
                Capture::Keyed(line) => self.outlet.hand_on(taken, Sight::Keyed(line)),
                Capture::Fault(fault) => self.outlet.hand_on(taken, Sight::Fault(fault)),
                Capture::Outage { fault, retry_after } => {
                    self.outlet.hand_on(taken, Sight::Fault(fault)) && self.pause(retry_after)
                }
                Capture::End => return,
            };
            if !wanted {
                return;
            }
        }
    }

    /// Reads a picture with everything there is: no better one will follow.
    fn read(&mut self, path: PathBuf, frame: &LumaFrame, taken: Instant) -> Sight {
        self.pictures += 1;
        let codes = codes_in(frame).into_iter().map(|code| code.bytes).collect();
        let view = SeenFrame {
            frame: self.pictures,
            took: taken.elapsed(),
            codes,
            ..SeenFrame::default()
        };
        if view.codes.is_empty() {
            Sight::Fault(SourceError::NoCode { path })
        } else {
            Sight::View(view)
        }
    }

    /// Waits; false when the feed was dropped meanwhile.
    fn pause(&self, time: Duration) -> bool {
        self.stopped.recv_timeout(time) == Err(RecvTimeoutError::Timeout)
    }
}

#[cfg(test)]
mod tests;
