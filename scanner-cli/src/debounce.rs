//! Decides whether a code in view is a new scan, the same one still in view, or a retry; leaves out the clock and
//! the drawing of scan ids, which are passed in.

/// A repeated showing of a code whose scan stayed open is the same scan for this long, in milliseconds: time to
/// walk to the hub's gate and back, short enough that a later visit is a scan of its own.
pub const RETRY_WITHIN_MS: u64 = 30_000;

/// Most codes remembered at once: far more than pass a gate in [`RETRY_WITHIN_MS`]; bounds memory when a camera
/// looks at a wall of codes.
pub const MAX_REMEMBERED_CODES: usize = 64;

/// What to do with a code that was just read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen<I> {
    /// Judge it as a new scan.
    New,
    /// Judge it again under the id it had: nobody gave a final answer.
    Again(I),
    /// It never left the view since it was judged: do nothing.
    Held,
}

/// Remembers the codes of the last seconds. `I` is the scan's id.
#[derive(Debug)]
pub struct Debounce<I> {
    in_view_ms: u64,
    remembered: Vec<Remembered<I>>,
}

#[derive(Debug)]
struct Remembered<I> {
    code: Vec<u8>,
    id: I,
    open: bool,
    first_judged_ms: u64,
    last_seen_ms: u64,
}

impl<I: Copy + PartialEq> Debounce<I> {
    /// Starts with nothing remembered. A code not seen for `in_view_ms` has left the view; 0 never holds one.
    #[must_use]
    pub fn new(in_view_ms: u64) -> Self {
        Self {
            in_view_ms,
            remembered: Vec::new(),
        }
    }

    /// Says what to do with a code seen now.
    ///
    /// **Units**: milliseconds of any clock that does not go back; one that does only holds a code for longer.
    pub fn seen(&mut self, code: &[u8], now_ms: u64) -> Seen<I> {
        let Some(known) = self.remembered.iter_mut().find(|known| known.code == code) else {
            return Seen::New;
        };
        if now_ms.saturating_sub(known.last_seen_ms) < self.in_view_ms {
            known.last_seen_ms = known.last_seen_ms.max(now_ms);
            return Seen::Held;
        }
        if known.open && now_ms.saturating_sub(known.first_judged_ms) <= RETRY_WITHIN_MS {
            return Seen::Again(known.id);
        }
        Seen::New
    }

    /// Remembers that a code was judged as scan `id`; `open` when nobody gave a final answer.
    pub fn judged(&mut self, code: &[u8], id: I, open: bool, now_ms: u64) {
        let first_judged_ms = match self.remembered.iter().position(|known| known.code == code) {
            Some(at) => {
                let known = self.remembered.swap_remove(at);
                if known.id == id {
                    known.first_judged_ms
                } else {
                    now_ms
                }
            }
            None => now_ms,
        };
        self.make_room();
        self.remembered.push(Remembered {
            code: code.to_vec(),
            id,
            open,
            first_judged_ms,
            last_seen_ms: now_ms,
        });
    }

    /// Forgets the code that was out of view longest when there are too many.
    fn make_room(&mut self) {
        if self.remembered.len() < MAX_REMEMBERED_CODES {
            return;
        }
        let oldest = (0..self.remembered.len()).min_by_key(|&at| self.remembered[at].last_seen_ms);
        if let Some(at) = oldest {
            self.remembered.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sighting at a time, what must come of it, and whether the judge then leaves it open.
    type Step = (&'static str, u64, Seen<u8>, bool);

    const FINAL: bool = false;
    const OPEN: bool = true;

    #[track_caller]
    fn check(in_view_ms: u64, steps: &[Step]) {
        let mut debounce = Debounce::new(in_view_ms);
        let mut next_id = 1;
        for &(code, now_ms, expected, open) in steps {
            let seen = debounce.seen(code.as_bytes(), now_ms);
            assert_eq!(seen, expected, "{code} at {now_ms} ms");
            let id = match seen {
                Seen::New => {
                    next_id += 1;
                    next_id - 1
                }
                Seen::Again(id) => id,
                Seen::Held => continue,
            };
            debounce.judged(code.as_bytes(), id, open, now_ms);
        }
    }

    #[test]
    fn a_code_that_stays_in_view_is_judged_once() {
        check(
            2_000,
            &[
                ("a", 0, Seen::New, FINAL),
                ("a", 40, Seen::Held, FINAL),
                ("a", 1_900, Seen::Held, FINAL),
                ("a", 3_800, Seen::Held, FINAL),
                ("a", 60_000, Seen::New, FINAL),
            ],
        );
    }

    #[test]
    fn a_code_that_left_the_view_is_a_new_scan() {
        check(
            2_000,
            &[
                ("a", 0, Seen::New, FINAL),
                ("a", 2_000, Seen::New, FINAL),
                ("a", 3_999, Seen::Held, FINAL),
            ],
        );
    }

    #[test]
    fn two_codes_in_view_are_judged_once_each() {
        check(
            2_000,
            &[
                ("a", 0, Seen::New, FINAL),
                ("b", 0, Seen::New, FINAL),
                ("a", 40, Seen::Held, FINAL),
                ("b", 40, Seen::Held, FINAL),
            ],
        );
    }

    #[test]
    fn an_open_scan_shown_again_keeps_its_id_for_half_a_minute() {
        check(
            2_000,
            &[
                ("a", 0, Seen::New, OPEN),
                ("a", 1_000, Seen::Held, OPEN),
                ("a", 5_000, Seen::Again(1), OPEN),
                ("a", 29_000, Seen::Again(1), OPEN),
                ("a", 32_000, Seen::New, OPEN),
                ("a", 60_000, Seen::Again(2), FINAL),
                ("a", 63_000, Seen::New, FINAL),
            ],
        );
    }

    #[test]
    fn pictures_are_never_held() {
        check(
            0,
            &[
                ("a", 5, Seen::New, FINAL),
                ("a", 5, Seen::New, OPEN),
                ("a", 5, Seen::Again(2), FINAL),
            ],
        );
    }

    #[test]
    fn a_clock_that_goes_back_holds_and_does_not_panic() {
        check(
            2_000,
            &[
                ("a", 10_000, Seen::New, FINAL),
                ("a", 3, Seen::Held, FINAL),
                ("a", 12_000, Seen::New, FINAL),
            ],
        );
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let mut debounce = Debounce::new(1_000_000);
        for number in 0..=MAX_REMEMBERED_CODES {
            debounce.judged(&number.to_be_bytes(), number, false, number as u64);
        }
        assert_eq!(debounce.remembered.len(), MAX_REMEMBERED_CODES);
        assert_eq!(debounce.seen(&0_usize.to_be_bytes(), 100), Seen::New);
        assert_eq!(debounce.seen(&1_usize.to_be_bytes(), 100), Seen::Held);
    }
}
