//! What a scanner remembers of its last scans: which code an override is for, for how many people, and which yes may be taken back; doing it is the shell's.

use crate::admission::Direction;
use crate::state::units::ANNUL_WITHIN_MS;

/// The last scans of one scanner. `S` is a scan as that scanner keeps it.
#[derive(Debug, Clone)]
pub struct LastScans<S> {
    /// The code that was shown last.
    code: Option<Vec<u8>>,
    /// How many wanted to go in with it, if they were not let in: an override is for all of them.
    refused_persons: Option<u8>,
    passed: Option<PassedScan<S>>,
}

/// A scan by which somebody passed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedScan<S> {
    pub scan: S,
    code: Vec<u8>,
    answered_ms: u64,
}

/// What was shown, and whether somebody passed by it.
#[derive(Debug, Clone, Copy)]
pub struct AnsweredScan<'a> {
    pub code: &'a [u8],
    pub direction: Direction,
    pub persons: u8,
    pub has_passed: bool,
}

impl<S> Default for LastScans<S> {
    fn default() -> Self {
        Self {
            code: None,
            refused_persons: None,
            passed: None,
        }
    }
}

impl<S> PassedScan<S> {
    /// Tells whether too much time has passed for whoever read the code to take it back.
    #[must_use]
    pub fn is_final(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.answered_ms) > ANNUL_WITHIN_MS
    }
}

impl<S> LastScans<S> {
    /// Notes what came of a scan. **Units**: milliseconds of any clock that only goes forward.
    pub fn answered(&mut self, scan: S, answered: AnsweredScan<'_>, answered_ms: u64) {
        let code = answered.code.to_vec();
        let is_refused = !answered.has_passed && answered.direction == Direction::In;
        self.code = Some(code.clone());
        self.refused_persons = is_refused.then_some(answered.persons);
        if answered.has_passed {
            self.passed = Some(PassedScan {
                scan,
                code,
                answered_ms,
            });
        }
    }

    /// Takes that what was shown last is no code of a ticket: nothing is overridden by it. What passed before is still known.
    pub fn found_nothing(&mut self) {
        (self.code, self.refused_persons) = (None, None);
    }

    /// Returns the code that was shown last.
    #[must_use]
    pub fn code(&self) -> Option<&[u8]> {
        self.code.as_deref()
    }

    /// Returns how many people were refused with that code, if they were.
    #[must_use]
    pub fn refused_persons(&self) -> Option<u8> {
        self.refused_persons
    }

    /// Returns the last scan by which somebody passed.
    #[must_use]
    pub fn passed(&self) -> Option<&PassedScan<S>> {
        self.passed.as_ref()
    }

    /// Forgets the last yes, if it was by this code: its scan was taken back. Tells whether it was.
    pub fn undone(&mut self, code: &[u8]) -> bool {
        self.passed.take_if(|passed| passed.code == code).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(last: &mut LastScans<u32>, (scan, code): (u32, &[u8]), persons: u8, has_passed: bool) {
        let answered = AnsweredScan {
            code,
            direction: Direction::In,
            persons,
            has_passed,
        };
        last.answered(scan, answered, 1_000);
    }

    #[test]
    fn an_override_is_for_whom_was_refused_last() {
        let mut last = LastScans::default();
        assert_eq!((last.code(), last.refused_persons()), (None, None));
        shown(&mut last, (1, b"a"), 3, false);
        assert_eq!((last.code(), last.refused_persons()), (Some(&b"a"[..]), Some(3)));
        shown(&mut last, (2, b"b"), 1, true);
        assert_eq!((last.code(), last.refused_persons()), (Some(&b"b"[..]), None));
        let out = AnsweredScan {
            code: b"c",
            direction: Direction::Out,
            persons: 2,
            has_passed: false,
        };
        last.answered(3, out, 1_000);
        assert_eq!(last.refused_persons(), None, "whoever leaves is let out anyway");
        last.found_nothing();
        assert_eq!(last.code(), None);
    }

    #[test]
    fn the_last_yes_is_undone_once_by_its_own_code_and_in_time() {
        let mut last = LastScans::default();
        shown(&mut last, (1, b"a"), 1, true);
        shown(&mut last, (2, b"b"), 1, false);
        let passed = last.passed().unwrap();
        assert_eq!(passed.scan, 1);
        assert!(!passed.is_final(1_000 + ANNUL_WITHIN_MS));
        assert!(passed.is_final(1_001 + ANNUL_WITHIN_MS));
        assert!(!last.undone(b"b"));
        assert!(last.undone(b"a") && !last.undone(b"a"));
        assert_eq!(last.passed(), None);
    }
}
