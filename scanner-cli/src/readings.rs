//! What sources showed, on its way to the station: one at a time, so that nothing old is ever judged.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use usher_eyes::Hint;

use crate::preview::Preview;
use crate::source::SourceError;

/// Readings waiting for the station: one, so that a slow answer holds the camera back instead of leaving a queue
/// of old frames to judge.
pub(crate) const WAITING_READINGS: usize = 1;

/// What a frame of a camera, or a picture, showed.
#[derive(Debug, Default)]
pub struct SeenFrame {
    /// The frame's number, counted from 1 since the start; those between two views were not read.
    pub frame: u64,
    /// From the frame to its codes.
    pub took: Duration,
    /// The codes that were read, each as its bytes.
    pub codes: Vec<Vec<u8>>,
    /// What would help to read a code that is seen and was not read.
    pub hint: Option<Hint>,
    /// A small picture of the frame, now and then when it is wanted.
    pub preview: Option<Preview>,
}

/// Measures time since the start in milliseconds; every part of a run reads the same one.
#[derive(Debug, Clone, Copy)]
pub struct RunClock {
    started: Instant,
}

impl RunClock {
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

    /// Returns the run time at a given instant; 0 before the start.
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
    pub sight: Sight,
}

/// What a pass gave.
#[derive(Debug)]
pub enum Sight {
    /// What a frame or a picture showed; nothing, when there is nothing to read.
    View(SeenFrame),
    /// A code that something else read, byte for byte.
    Code(Vec<u8>),
    /// A line that was typed beside a wedge, and is no whole ticket.
    Keyed(String),
    /// A line that staff typed.
    Entered(String),
    /// Something to tell the staff.
    Fault(SourceError),
}

/// Where readings go in.
#[derive(Debug, Clone)]
pub struct Outlet {
    clock: RunClock,
    readings: mpsc::Sender<Reading>,
}

impl Outlet {
    /// Opens one; returns also the end where readings come out.
    #[must_use]
    pub fn new(clock: RunClock) -> (Self, mpsc::Receiver<Reading>) {
        let (readings, waiting) = mpsc::channel(WAITING_READINGS);
        (Self { clock, readings }, waiting)
    }

    /// Returns one that does not keep the readings from ending.
    #[must_use]
    pub fn downgrade(&self) -> WeakOutlet {
        WeakOutlet {
            clock: self.clock,
            readings: self.readings.downgrade(),
        }
    }

    /// Waits until the station takes the reading; false when it is gone.
    #[must_use]
    pub fn hand_on(&self, shown: Instant, sight: Sight) -> bool {
        let at_ms = self.clock.ms_at(shown);
        self.readings.blocking_send(Reading { at_ms, sight }).is_ok()
    }
}

/// An outlet that is of use only as long as others keep it open.
#[derive(Debug, Clone)]
pub struct WeakOutlet {
    clock: RunClock,
    readings: mpsc::WeakSender<Reading>,
}

impl WeakOutlet {
    /// Returns the outlet; `None` once the readings have ended.
    #[must_use]
    pub fn upgrade(&self) -> Option<Outlet> {
        Some(Outlet {
            clock: self.clock,
            readings: self.readings.upgrade()?,
        })
    }
}
