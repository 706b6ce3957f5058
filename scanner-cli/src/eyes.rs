//! Reads what a camera shows without ever holding it up; leaves out what becomes of the codes.
//!
//! Two threads share the work. One looks quickly at the newest frame, a few milliseconds each; the other looks
//! deeply at the newest of the frames in which the quick one read nothing. Neither has a queue: a frame that
//! nobody had time for is replaced by the next. One thread alone would not do: a code held still at last, easy
//! to read in the very next frame, would have to wait until the deep pass over the blurred one before is over.

mod deep;
mod exchange;
mod quick;

use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use usher_eyes::{Allowance, LumaFrame, QrCode, Region, STEPS_A_FRAME, read_within};

use crate::readings::Outlet;
use crate::source::Shot;
use deep::read_deeply;
use exchange::Exchange;
use quick::Quick;

/// Longest that one picture is looked at: with opening it nobody waits much more than a second. The steps alone take
/// less than half of it, unless the computer is old or busy.
const LONGEST_LOOK: Duration = Duration::from_millis(900);

/// Reads the codes of a picture with every method, within a limit.
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
        eyes.run("deep eye", move || read_deeply(&exchange))?;
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

#[cfg(test)]
mod tests;
