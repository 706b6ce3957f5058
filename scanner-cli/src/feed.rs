//! A thread that runs a source and hands on what it shows as codes; leaves out what becomes of them.

use std::io::{self, BufRead};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::decode::codes_in;
use crate::eyes::{Eyes, View};
use crate::source::{Capture, Fault, Source};
use usher_eyes::LumaFrame;

/// Readings waiting for the station: one, so that a slow answer holds the camera back instead of leaving a queue
/// of old frames to judge.
const WAITING_READINGS: usize = 1;

/// Pause before a source that panicked is started again: not noticed by staff, and no busy loop.
const CRASH_PAUSE: Duration = Duration::from_millis(250);

/// Measures time since the start in milliseconds; every part of a run reads the same one.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    started: Instant,
}

impl Clock {
    /// Starts at zero.
    #[must_use]
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
        }
    }

    /// Milliseconds since the start; never goes back.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.ms_at(Instant::now())
    }

    /// The same at another time; 0 before the start.
    #[must_use]
    pub fn ms_at(&self, time: Instant) -> u64 {
        u64::try_from(time.duration_since(self.started).as_millis()).unwrap_or(u64::MAX)
    }
}

/// One pass at what the source showed.
#[derive(Debug)]
pub struct Reading {
    /// When it was shown, by the run's clock.
    pub at_ms: u64,
    /// What.
    pub sight: Sight,
}

/// What a pass gave.
#[derive(Debug)]
pub enum Sight {
    /// What a frame or a picture showed; nothing, when there is nothing to read.
    View(View),
    /// A code that something else read, byte for byte.
    Code(Vec<u8>),
    /// A line that staff typed.
    Entered(String),
    /// Something to tell the staff.
    Fault(Fault),
}

/// Owns the thread of a source. Dropping it ends the thread at its next frame or line; one that blocks in the
/// system (a silent terminal) ends with the process.
#[derive(Debug)]
pub struct Feed {
    _running: Sender<()>,
    clock: Clock,
    /// Weak, so that lines that may come for ever do not keep up readings that have ended.
    readings: mpsc::WeakSender<Reading>,
}

impl Feed {
    /// Starts a source on a thread of its own, where `make_source` makes it (a camera must not change threads),
    /// and makes it again should it ever panic. The readings end when the source does.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start<S: Source>(
        clock: Clock,
        wants_previews: bool,
        mut make_source: impl FnMut() -> S + Send + 'static,
    ) -> io::Result<(Self, mpsc::Receiver<Reading>)> {
        let (running, stopped) = std::sync::mpsc::channel();
        let (outlet, waiting) = Outlet::new(clock);
        let readings = outlet.readings.downgrade();
        let mut line = Line {
            eyes: Eyes::open(outlet.clone(), wants_previews)?,
            outlet,
            stopped,
            pictures: 0,
        };
        thread::Builder::new().name("source".to_owned()).spawn(move || {
            while let Err(_panic) = catch_unwind(AssertUnwindSafe(|| line.run(make_source()))) {
                let told = Sight::Fault(Fault::Crashed);
                if !line.outlet.hand_on(Instant::now(), told) || !line.pause(CRASH_PAUSE) {
                    return;
                }
            }
        })?;
        let feed = Self {
            _running: running,
            clock,
            readings,
        };
        Ok((feed, waiting))
    }

    /// Hands on also what staff type, line by line, until the source ends.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn listen(&self, lines: impl BufRead + Send + 'static) -> io::Result<()> {
        let (clock, weak) = (self.clock, self.readings.clone());
        thread::Builder::new().name("keys".to_owned()).spawn(move || {
            for line in lines.lines() {
                // What is no text means nothing.
                let line = match line {
                    Err(error) if error.kind() != io::ErrorKind::InvalidData => return,
                    line => line.unwrap_or_default(),
                };
                let Some(readings) = weak.upgrade() else {
                    return;
                };
                let outlet = Outlet { clock, readings };
                if !outlet.hand_on(Instant::now(), Sight::Entered(line)) {
                    return;
                }
            }
        })?;
        Ok(())
    }
}

/// Where readings go in.
#[derive(Debug, Clone)]
pub struct Outlet {
    clock: Clock,
    readings: mpsc::Sender<Reading>,
}

impl Outlet {
    /// Opens one; gives also the end where readings come out.
    #[must_use]
    pub fn new(clock: Clock) -> (Self, mpsc::Receiver<Reading>) {
        let (readings, waiting) = mpsc::channel(WAITING_READINGS);
        (Self { clock, readings }, waiting)
    }

    /// Waits until the station takes the reading; false when it is gone.
    #[must_use]
    pub fn hand_on(&self, shown: Instant, sight: Sight) -> bool {
        let at_ms = self.clock.ms_at(shown);
        self.readings.blocking_send(Reading { at_ms, sight }).is_ok()
    }
}

/// From a source to the outlet.
struct Line {
    eyes: Eyes,
    outlet: Outlet,
    stopped: Receiver<()>,
    /// How many were read.
    pictures: u64,
}

impl Line {
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
        let view = View {
            frame: self.pictures,
            took: taken.elapsed(),
            codes,
            ..View::default()
        };
        if view.codes.is_empty() {
            Sight::Fault(Fault::NoCode { path })
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
        let (_feed, readings) = Feed::start(Clock::start(), false, || {
            Script(vec![typed("a"), Capture::Fault(Fault::LineTooLong)].into_iter())
        })
        .unwrap();
        assert_eq!(told(readings).await, ["a", &Fault::LineTooLong.to_string()]);
    }

    #[tokio::test]
    async fn what_staff_type_is_handed_on_until_the_source_ends() {
        let (go_on, wait) = std::sync::mpsc::channel();
        let mut source = Some(Until(wait));
        let (feed, mut readings) =
            Feed::start(Clock::start(), false, move || source.take().unwrap()).unwrap();
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
        let (_feed, readings) = Feed::start(Clock::start(), false, move || {
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
        assert_eq!(told(readings).await, ["a", &Fault::Crashed.to_string(), "b"]);
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
        let (feed, mut readings) = Feed::start(Clock::start(), false, endless).unwrap();
        assert!(readings.recv().await.is_some());
        drop(feed);
        let left = told(readings).await.len();
        assert!(left <= 2 * WAITING_READINGS + 1, "{left} readings after the end");
    }
}
