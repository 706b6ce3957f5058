//! Remembers what was tried at one size of a frame, so that no pass does again what another has done; leaves out what is
//! tried.

use std::cell::RefCell;

use super::detection::Detection;
use super::finder::Finder;
use super::location::Location;
use super::trio::Trio;

/// How far finders may lie from each other to be the same, in modules: two ways to tell dark from light differ by less.
const SAME_PLACE: f32 = 0.25;

/// The same of finders to which a third is searched, and how far their modules may differ: where the search begins depends on
/// both.
const JUST_THERE: f32 = 0.08;

/// A code laid flat over three finders, and what was seen of it so.
#[derive(Debug, Clone)]
pub(super) struct Laid {
    pub(super) location: Location,
    pub(super) detection: Detection,
}

/// What came of three finders.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    trio: Trio,
    /// `None` when no code lies there.
    pub(super) laid: Option<Laid>,
    /// A deep pass has tried all it has.
    pub(super) is_exhausted: bool,
}

impl Attempt {
    fn is_hopeful(&self) -> bool {
        self.laid.as_ref().is_some_and(|laid| laid.detection.is_hopeful())
    }
}

/// What was tried at one size, in one polarity.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    made: RefCell<Vec<Attempt>>,
    /// Finders to which there is no third.
    lone: RefCell<Vec<[Finder; 2]>>,
}

impl Attempts {
    /// What came of these finders, or that nothing hopeful came of others at the same positions.
    pub(super) fn of(&self, trio: &Trio) -> Option<Attempt> {
        let made = self.made.borrow();
        let is_known = |attempt: &&Attempt| {
            attempt.trio == *trio || (!attempt.is_hopeful() && is_same(&attempt.trio, trio))
        };
        made.iter().find(is_known).cloned()
    }

    /// Remembers a code that was laid flat, or that there is none.
    pub(super) fn add(&self, trio: &Trio, laid: Option<Laid>) {
        self.made.borrow_mut().push(Attempt {
            trio: *trio,
            laid,
            is_exhausted: false,
        });
    }

    /// Whether these two were searched for a third finder, and there was none.
    pub(super) fn is_lone(&self, pair: &[Finder; 2]) -> bool {
        let is_known = |known: &[Finder; 2]| {
            let mut finders = known.iter().zip(pair);
            finders.all(|(one, other)| {
                let size = one.module_px.min(other.module_px);
                one.centre.distance(other.centre) <= JUST_THERE * size
                    && (one.module_px - other.module_px).abs() <= JUST_THERE * size
            })
        };
        self.lone.borrow().iter().any(is_known)
    }

    /// Remembers that there is no third finder to these two.
    pub(super) fn add_lone(&self, pair: [Finder; 2]) {
        self.lone.borrow_mut().push(pair);
    }

    /// Remembers that nothing more is to be got from these finders.
    pub(super) fn exhaust(&self, trio: &Trio) {
        let mut made = self.made.borrow_mut();
        if let Some(attempt) = made.iter_mut().find(|attempt| attempt.trio == *trio) {
            attempt.is_exhausted = true;
        }
    }
}

/// Whether the finders of both lie at the same positions.
fn is_same(one: &Trio, other: &Trio) -> bool {
    let mut pairs = one.finders().into_iter().zip(other.finders());
    pairs.all(|(one, other)| {
        let away = one.centre.distance(other.centre);
        away <= SAME_PLACE * one.module_px.min(other.module_px)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finder::Finder;
    use crate::point::Point;

    fn trio(x: f32) -> Trio {
        let finder = |x, y| Finder {
            centre: Point::new(x, y),
            module_px: 4.0,
            rows: 3,
        };
        Trio {
            top_left: finder(x, 20.0),
            top_right: finder(x + 60.0, 20.0),
            bottom_left: finder(x, 80.0),
        }
    }

    #[test]
    fn finders_at_positions_that_were_tried_in_vain_are_not_tried_again() {
        let attempts = Attempts::default();
        attempts.add(&trio(20.0), None);
        for (x, is_known) in [(20.0, true), (20.9, true), (21.1, false), (60.0, false)] {
            assert_eq!(attempts.of(&trio(x)).is_some(), is_known, "{x}");
        }
    }

    #[test]
    fn a_deep_look_goes_on_where_a_quick_one_ended() {
        let attempts = Attempts::default();
        attempts.add(&trio(20.0), None);
        let is_exhausted = || attempts.of(&trio(20.0)).map(|attempt| attempt.is_exhausted);
        assert_eq!(is_exhausted(), Some(false));
        attempts.exhaust(&trio(20.0));
        assert_eq!(is_exhausted(), Some(true));
    }
}
