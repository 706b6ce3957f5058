//! Reads what a camera shows without ever holding it up; leaves out what becomes of the codes.
//!
//! Two threads share the work. One looks quickly at the newest frame, a few milliseconds each; the other looks
//! deeply at the newest of the frames in which the quick one read nothing. Neither has a queue: a frame that
//! nobody had time for is replaced by the next. One thread alone would not do: a code held still at last, easy
//! to read in the very next frame, would have to wait until the deep pass over the blurred one before is over.

mod exchange;

use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use usher_eyes::{
    Allowance, DeepReader, FrameReading, LumaFrame, QrCode, QuickReader, Region, STEPS_A_FRAME, read_within,
};

use crate::preview::{Pixel, Preview};
use crate::readings::{Outlet, SeenFrame, Sight};
use crate::source::Shot;
use exchange::{Exchange, Task};

/// Time a quick pass has: it needs a tenth of it on a computer of 2020, and a worse one must not fall behind by
/// more than a moment.
const QUICK_WITHIN: Duration = Duration::from_millis(100);

/// Time a deep pass has. With the quick one before it, no frame takes more than half a second.
const DEEP_WITHIN: Duration = Duration::from_millis(400);

/// Time between two deep passes where no code is seen at all: an empty gate must not heat the computer, and a code that
/// only a deep pass finds waits no longer than this.
const SEARCH_EVERY: Duration = Duration::from_millis(250);

/// Time between two previews: smooth enough to aim by, little enough to draw over a slow line.
const PREVIEW_EVERY: Duration = Duration::from_millis(100);

/// Longest that one picture is looked at: with opening it nobody waits much more than a second. The steps alone take
/// less than half of it, unless the computer is old or busy.
const LONGEST_LOOK: Duration = Duration::from_millis(900);

/// Reads the codes of a picture with everything there is, but not for ever.
#[must_use]
pub fn codes_in(picture: &LumaFrame) -> Vec<QrCode> {
    let started = Instant::now();
    let may_go_on = || started.elapsed() < LONGEST_LOOK;
    read_within(picture, &Allowance::asking(STEPS_A_FRAME, &may_go_on))
}

/// A frame on its way.
#[derive(Debug)]
struct Shown {
    shot: Shot,
    number: u64,
}

/// A frame worth a deep pass.
#[derive(Debug)]
struct Job {
    shown: Arc<Shown>,
    region: Option<Region>,
}

/// Owns the two threads, which sleep until a frame is shown. Dropping it ends them.
#[derive(Debug)]
pub struct Eyes {
    exchange: Arc<Exchange>,
    threads: Vec<JoinHandle<()>>,
    shown: u64,
}

impl Eyes {
    /// Opens them; what they see goes to the outlet, with previews when they are wanted.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn open(outlet: Outlet, wants_previews: bool) -> io::Result<Self> {
        let exchange = Arc::new(Exchange::default());
        let mut eyes = Self {
            exchange: Arc::clone(&exchange),
            threads: Vec::new(),
            shown: 0,
        };
        let quick = Quick {
            exchange: Arc::clone(&exchange),
            outlet,
            wants_previews,
        };
        eyes.run("quick eye", move || quick.run())?;
        eyes.run("deep eye", move || look_deeply(&exchange))?;
        Ok(eyes)
    }

    /// Shows the next frame. Never waits.
    pub fn show(&mut self, shot: Shot) {
        self.shown += 1;
        let number = self.shown;
        self.exchange.show(Shown { shot, number });
    }

    /// Starts a thread that is started again should it ever panic: one bad frame must not blind the scanner.
    fn run(&mut self, name: &str, work: impl Fn() + Send + 'static) -> io::Result<()> {
        let thread = thread::Builder::new().name(name.to_owned());
        self.threads.push(thread.spawn(move || {
            while catch_unwind(AssertUnwindSafe(&work)).is_err() {
                tracing::error!("reading a frame failed; the next one is read afresh");
            }
        })?);
        Ok(())
    }
}

impl Drop for Eyes {
    fn drop(&mut self) {
        self.exchange.close();
        for thread in mem::take(&mut self.threads) {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

/// The quick eye: looks at the newest frame, and learns from what the deep one found in another.
struct Quick {
    exchange: Arc<Exchange>,
    outlet: Outlet,
    wants_previews: bool,
}

impl Quick {
    /// Works until there are no more frames or nobody wants to know.
    fn run(&self) {
        let mut reader = QuickReader::default();
        let mut next_preview = Instant::now();
        while let Some(task) = self.exchange.task() {
            let deadline = Instant::now() + QUICK_WITHIN;
            let may_go_on = || Instant::now() < deadline && !self.exchange.is_closed();
            let allowance = Allowance::asking(STEPS_A_FRAME, &may_go_on);
            let (shown, view) = match task {
                Task::Read(shown) => {
                    let reading = reader.read(&shown.shot.frame, &allowance);
                    self.pass_on(&shown, reader.region(), &reading);
                    let mut view = shown.view(&reading);
                    if self.wants_previews && Instant::now() >= next_preview {
                        next_preview = Instant::now() + PREVIEW_EVERY;
                        view.preview = Some(preview(&shown.shot.frame, &reading));
                    }
                    (shown, view)
                }
                Task::Learn(shown, findings) => {
                    let reading = reader.learn(&shown.shot.frame, findings, &allowance);
                    let view = shown.view(&reading);
                    (shown, view)
                }
            };
            if !self.outlet.hand_on(shown.shot.taken, Sight::View(view)) {
                return;
            }
        }
    }

    /// Gives the deep eye what this one could not read, or a rest.
    fn pass_on(&self, shown: &Arc<Shown>, region: Option<Region>, reading: &FrameReading) {
        if reading.codes.is_empty() {
            let shown = Arc::clone(shown);
            self.exchange.offer(Job { shown, region });
        } else {
            self.exchange.call_off();
        }
    }
}

/// The deep eye: looks at the newest frame that was not read, as long as that may take.
fn look_deeply(exchange: &Exchange) {
    let mut reader = DeepReader::default();
    let mut next_search = Instant::now();
    while let Some(Job { shown, region }) = exchange.job() {
        if region.is_none() {
            if Instant::now() < next_search {
                continue;
            }
            next_search = Instant::now() + SEARCH_EVERY;
        }
        let deadline = Instant::now() + DEEP_WITHIN;
        let may_go_on = || Instant::now() < deadline && exchange.is_wanted();
        let allowance = Allowance::asking(STEPS_A_FRAME, &may_go_on);
        let findings = reader.read(&shown.shot.frame, region, &allowance);
        exchange.found(shown, findings);
    }
}

impl Shown {
    fn view(&self, reading: &FrameReading) -> SeenFrame {
        SeenFrame {
            frame: self.number,
            took: self.shot.taken.elapsed(),
            codes: reading.codes.iter().map(|code| code.bytes.clone()).collect(),
            hint: reading.hint,
            preview: None,
        }
    }
}

fn preview(frame: &LumaFrame, reading: &FrameReading) -> Preview {
    let seen = reading.seen.iter().map(|corners| (corners, Pixel::Unread));
    let read = reading.codes.iter().map(|code| (&code.corners, Pixel::Read));
    seen.chain(read)
        .fold(Preview::of(frame), |preview, (corners, mark)| {
            preview.marked(frame, corners, mark)
        })
}

#[cfg(test)]
mod tests;
