//! What the camera's thread and the two reading threads pass each other: of everything only the newest; leaves
//! out what they do with it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::{Job, Shown};
use usher_eyes::Findings;

/// One place for each kind of thing; who puts something where something lies replaces it.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    places: Mutex<Places>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Places {
    shown: Option<Arc<Shown>>,
    job: Option<Job>,
    findings: Option<(Arc<Shown>, Findings)>,
    /// What the deep pass under way is looking for has been read.
    called_off: bool,
    closed: bool,
}

/// What the quick eye does next.
#[derive(Debug)]
pub(super) enum Task {
    /// Reads the newest frame.
    Read(Arc<Shown>),
    /// Learns what a deep pass over a frame found.
    Learn(Arc<Shown>, Findings),
}

impl Exchange {
    /// Puts the newest frame there.
    pub(super) fn show(&self, shown: Shown) {
        self.change(|places| places.shown = Some(Arc::new(shown)));
    }

    /// Waits for something to do, findings first; `None` when closed.
    pub(super) fn task(&self) -> Option<Task> {
        self.wait(|places| {
            let learn = places.findings.take();
            let learn = learn.map(|(shown, findings)| Task::Learn(shown, findings));
            learn.or_else(|| places.shown.take().map(Task::Read))
        })
    }

    /// Puts the newest frame there that is worth a deep pass.
    pub(super) fn offer(&self, job: Job) {
        self.change(|places| places.job = Some(job));
    }

    /// Takes back what was offered and ends the deep pass under way: a newer frame was read.
    pub(super) fn call_off(&self) {
        self.change(|places| {
            places.job = None;
            places.findings = None;
            places.called_off = true;
        });
    }

    /// Waits for a frame worth a deep pass; `None` when closed.
    pub(super) fn job(&self) -> Option<Job> {
        self.wait(|places| {
            let job = places.job.take();
            if job.is_some() {
                places.called_off = false;
            }
            job
        })
    }

    /// Tells whether the deep pass under way is still wanted.
    pub(super) fn is_wanted(&self) -> bool {
        let places = self.places();
        !places.called_off && !places.closed
    }

    /// Puts there what the deep pass found, unless it was called off.
    pub(super) fn found(&self, shown: Arc<Shown>, findings: Findings) {
        self.change(|places| {
            if !places.called_off {
                places.findings = Some((shown, findings));
            }
        });
    }

    /// Ends every wait, now and from now on.
    pub(super) fn close(&self) {
        self.change(|places| places.closed = true);
    }

    /// Tells whether it was closed.
    pub(super) fn is_closed(&self) -> bool {
        self.places().closed
    }

    fn change(&self, change: impl FnOnce(&mut Places)) {
        change(&mut self.places());
        self.changed.notify_all();
    }

    fn wait<T>(&self, mut taken: impl FnMut(&mut Places) -> Option<T>) -> Option<T> {
        let mut places = self.places();
        loop {
            if places.closed {
                return None;
            }
            if let Some(thing) = taken(&mut places) {
                return Some(thing);
            }
            places = self.changed.wait(places).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Places are whole between any two changes, so a thread that panicked leaves nothing half done.
    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::source::Shot;
    use usher_eyes::LumaFrame;

    fn shown(number: u64) -> Shown {
        let shot = Shot {
            frame: LumaFrame::new(1, 1, vec![0]).unwrap(),
            taken: Instant::now(),
        };
        Shown { shot, number }
    }

    fn job(number: u64) -> Job {
        Job {
            shown: Arc::new(shown(number)),
            region: None,
        }
    }

    #[test]
    fn the_newest_frame_wins_and_is_given_once() {
        let exchange = Exchange::default();
        exchange.show(shown(1));
        exchange.show(shown(2));
        assert!(matches!(exchange.task(), Some(Task::Read(shown)) if shown.number == 2));
        exchange.offer(job(1));
        exchange.offer(job(3));
        assert_eq!(exchange.job().unwrap().shown.number, 3);
        exchange.close();
        assert!(exchange.task().is_none() && exchange.job().is_none());
    }

    #[test]
    fn what_is_found_comes_before_the_next_frame() {
        let exchange = Exchange::default();
        exchange.show(shown(2));
        exchange.found(Arc::new(shown(1)), Findings::default());
        assert!(matches!(exchange.task(), Some(Task::Learn(shown, _)) if shown.number == 1));
        assert!(matches!(exchange.task(), Some(Task::Read(shown)) if shown.number == 2));
    }

    #[test]
    fn a_look_that_was_called_off_finds_nothing_and_the_next_one_is_wanted() {
        let exchange = Exchange::default();
        exchange.offer(job(1));
        exchange.job();
        exchange.offer(job(2));
        exchange.call_off();
        assert!(!exchange.is_wanted());
        exchange.found(Arc::new(shown(1)), Findings::default());
        exchange.show(shown(3));
        assert!(matches!(exchange.task(), Some(Task::Read(shown)) if shown.number == 3));
        exchange.offer(job(4));
        assert_eq!(exchange.job().unwrap().shown.number, 4);
        assert!(exchange.is_wanted());
    }
}
