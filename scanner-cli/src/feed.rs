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
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::readings::WAITING_READINGS;

    /// A source that plays a script.
    struct Script(std::vec::IntoIter<Capture>);

    impl Source for Script {
        fn next(&mut self) -> Capture {
            match self.0.next() {
                Some(Capture::Typed(text)) if text == "panic" => panic!("a driver fails"),
                Some(capture) => capture,
                None => Capture::End,
            }
        }
    }

    fn typed(text: &str) -> Capture {
        Capture::Typed(text.to_owned())
    }

    async fn told(mut readings: mpsc::Receiver<Reading>) -> Vec<String> {
        let mut told = Vec::new();
        while let Some(reading) = readings.recv().await {
            told.push(match reading.sight {
                Sight::Code(code) => String::from_utf8(code).unwrap(),
                Sight::View(view) => panic!("nobody looked: {view:?}"),
                Sight::Entered(line) => format!("entered {line}"),
                Sight::Fault(fault) => fault.to_string(),
            });
        }
        told
    }

    #[tokio::test]
    async fn a_source_is_handed_on_to_its_end() {
        let (_feed, readings) = Feed::start(RunClock::start(), false, || {
            Script(vec![typed("a"), Capture::Fault(SourceError::LineTooLong)].into_iter())
        })
        .unwrap();
        assert_eq!(told(readings).await, ["a", &SourceError::LineTooLong.to_string()]);
    }

    #[tokio::test]
    async fn what_staff_type_is_handed_on_until_the_source_ends() {
        let (go_on, wait) = std::sync::mpsc::channel();
        let mut source = Some(Until(wait));
        let (feed, mut readings) =
            Feed::start(RunClock::start(), false, move || source.take().unwrap()).unwrap();
        feed.listen(&b"3\nout\n"[..]).unwrap();
        for expected in ["3", "out"] {
            let sight = readings.recv().await.unwrap().sight;
            assert!(
                matches!(&sight, Sight::Entered(line) if line == expected),
                "{sight:?}"
            );
        }
        drop(go_on);
        assert!(readings.recv().await.is_none());
    }

    /// A source that ends when it is told.
    struct Until(Receiver<()>);

    impl Source for Until {
        fn next(&mut self) -> Capture {
            let _ = self.0.recv();
            Capture::End
        }
    }

    #[tokio::test]
    async fn a_source_that_panics_is_made_again() {
        let made = AtomicU32::new(0);
        let (_feed, readings) = Feed::start(RunClock::start(), false, move || {
            let first = made.fetch_add(1, Ordering::Relaxed) == 0;
            Script(
                if first {
                    vec![typed("a"), typed("panic")]
                } else {
                    vec![typed("b")]
                }
                .into_iter(),
            )
        })
        .unwrap();
        assert_eq!(
            told(readings).await,
            ["a", &SourceError::Crashed.to_string(), "b"]
        );
    }

    #[tokio::test]
    async fn dropping_the_feed_ends_its_thread_and_the_readings() {
        let endless = || {
            Script(
                std::iter::repeat_with(|| typed("a"))
                    .take(1_000_000)
                    .collect::<Vec<_>>()
                    .into_iter(),
            )
        };
        let (feed, mut readings) = Feed::start(RunClock::start(), false, endless).unwrap();
        assert!(readings.recv().await.is_some());
        drop(feed);
        let left = told(readings).await.len();
        assert!(left <= 2 * WAITING_READINGS + 1, "{left} readings after the end");
    }
}
