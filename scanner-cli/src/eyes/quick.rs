//! The quick eye: a few milliseconds for each of the newest frames, and what is told of each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use usher_eyes::{Allowance, FrameReading, LumaFrame, QuickReader, Region, STEPS_A_FRAME};

use super::exchange::{Exchange, Task};
use super::{Job, Shown};
use crate::preview::{Pixel, Preview};
use crate::readings::{Outlet, SeenFrame, Sight};

/// Time a quick pass has: it needs a tenth of it on a computer of 2020, and a worse one must not fall behind by
/// more than a moment.
const QUICK_WITHIN: Duration = Duration::from_millis(100);

/// Time between two previews: smooth enough to aim by, little enough to draw over a slow line.
const PREVIEW_EVERY: Duration = Duration::from_millis(100);

/// The quick eye: looks at the newest frame, and learns from what the deep one found in another.
pub(super) struct Quick {
    pub(super) exchange: Arc<Exchange>,
    pub(super) outlet: Outlet,
    pub(super) wants_previews: bool,
}

impl Quick {
    /// Works until there are no more frames or nobody wants to know.
    pub(super) fn run(&self) {
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
