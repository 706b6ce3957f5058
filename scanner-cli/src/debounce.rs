//! Decides whether a code in view is a new scan, the same one still in view, or a retry; leaves out the clock and
//! the drawing of scan ids, which are passed in.
//!
//! A scan counts people, so one showing must be one scan, however often the source reports it: a camera misses frames,
//! and a wedge types what lies under it again and again, most often once a second, some every one and a half. A showing
//! therefore ends only when its code was not seen for a while (`in_view_ms`), counted from the last sighting and not from
//! the first: a code that lies under a scanner for a minute is one showing. The while must be longer than the slowest
//! repetition, or a guest gets red right after the own green and a group loses a place with each repetition; and shorter
//! than it takes to hand a ticket back over the barrier, so that the next person of a group, or a friend with a copy, is
//! judged. Nothing is swallowed in silence: who shows a code again too early is told so, once, as [`Seen::Repeated`].

/// A repeated showing of a code whose scan stayed open is the same scan for this long, in milliseconds: time to
/// walk to the hub's gate and back, short enough that a later visit is a scan of its own.
pub const RETRY_WITHIN_MS: u64 = 30_000;

/// A code not seen for this long, in milliseconds, that is still the same showing may have been shown again by a person
/// who wants it to count: frames that a camera misses are fewer.
const NOTICED_AFTER_MS: u64 = 1_000;

/// A ticket that let somebody pass here was used *just now* for this long, in milliseconds: staff remember the face.
pub const JUST_NOW_MS: u64 = 60_000;

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
    /// The same, but it looked away for a moment: say once that it counts once.
    Repeated,
}

/// What became of a scan, as far as it matters to the next showing of its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// Somebody passed.
    Passed,
    /// Nobody did, and that was final.
    Refused,
    /// Nobody gave a final answer.
    Open,
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
    is_open: bool,
    /// It was said that the code counts once.
    is_told: bool,
    first_judged_ms: u64,
    last_seen_ms: u64,
    /// When somebody last passed with it.
    passed_ms: Option<u64>,
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
        let away_ms = now_ms.saturating_sub(known.last_seen_ms);
        if away_ms < self.in_view_ms {
            known.last_seen_ms = known.last_seen_ms.max(now_ms);
            let is_news = away_ms >= NOTICED_AFTER_MS && !known.is_told;
            known.is_told |= is_news;
            return if is_news { Seen::Repeated } else { Seen::Held };
        }
        if known.is_open && now_ms.saturating_sub(known.first_judged_ms) <= RETRY_WITHIN_MS {
            return Seen::Again(known.id);
        }
        Seen::New
    }

    /// Remembers that a code was judged as scan `id`, and what came of it.
    pub fn judged(&mut self, code: &[u8], id: I, came: Came, now_ms: u64) {
        let at = self.remembered.iter().position(|known| known.code == code);
        let before = at.map(|at| self.remembered.swap_remove(at));
        let is_retry = |known: &&Remembered<I>| known.id == id;
        let first_judged_ms = before
            .as_ref()
            .filter(is_retry)
            .map_or(now_ms, |known| known.first_judged_ms);
        self.make_room();
        self.remembered.push(Remembered {
            code: code.to_vec(),
            id,
            is_open: came == Came::Open,
            is_told: false,
            first_judged_ms,
            last_seen_ms: now_ms,
            passed_ms: match came {
                Came::Passed => Some(now_ms),
                Came::Refused | Came::Open => before.and_then(|known| known.passed_ms),
            },
        });
    }

    /// Tells how long ago somebody passed here with this code, if that was just now.
    #[must_use]
    pub fn passed_ago_ms(&self, code: &[u8], now_ms: u64) -> Option<u64> {
        let known = self.remembered.iter().find(|known| known.code == code)?;
        let ago_ms = now_ms.saturating_sub(known.passed_ms?);
        (ago_ms <= JUST_NOW_MS).then_some(ago_ms)
    }

    /// Takes that nobody passed with a code after all. While it is held up it is no new scan, or it would pass again at once.
    pub fn undone(&mut self, code: &[u8]) {
        for known in self.remembered.iter_mut().filter(|known| known.code == code) {
            known.passed_ms = None;
        }
    }

    /// Makes no showing a retry of an earlier scan any more: what is asked from now on is another question.
    pub fn ask_anew(&mut self) {
        for known in &mut self.remembered {
            known.is_open = false;
        }
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

    /// A sighting at a time, what must be made of it, and what then comes of it.
    type Step = (&'static str, u64, Seen<u8>, Came);

    const FINAL: Came = Came::Passed;
    const OPEN: Came = Came::Open;

    #[track_caller]
    fn check(in_view_ms: u64, steps: &[Step]) {
        let mut debounce = Debounce::new(in_view_ms);
        let mut next_id = 1;
        for &(code, now_ms, expected, came) in steps {
            let seen = debounce.seen(code.as_bytes(), now_ms);
            assert_eq!(seen, expected, "{code} at {now_ms} ms");
            let id = match seen {
                Seen::New => {
                    next_id += 1;
                    next_id - 1
                }
                Seen::Again(id) => id,
                Seen::Held | Seen::Repeated => continue,
            };
            debounce.judged(code.as_bytes(), id, came, now_ms);
        }
    }

    #[test]
    fn a_code_that_stays_in_view_is_judged_once() {
        check(
            2_000,
            &[
                ("a", 0, Seen::New, FINAL),
                ("a", 40, Seen::Held, FINAL),
                ("a", 1_900, Seen::Repeated, FINAL),
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
                ("a", 3_999, Seen::Repeated, FINAL),
            ],
        );
    }

    #[test]
    fn a_wedge_that_repeats_a_code_makes_one_scan_of_a_showing() {
        for every_ms in [200, 1_000, 1_200, 1_300, 1_500, 2_900] {
            let mut debounce = Debounce::new(3_000);
            debounce.judged(b"group", 1, FINAL, 0);
            let seen = (1..100).map(|n| debounce.seen(b"group", n * every_ms));
            let told = seen.map(|seen| match seen {
                Seen::Repeated => 1,
                Seen::Held => 0,
                Seen::New | Seen::Again(_) => panic!("another scan at {every_ms} ms"),
            });
            let expected = u32::from(every_ms >= NOTICED_AFTER_MS);
            assert_eq!(told.sum::<u32>(), expected, "every {every_ms} ms");
            assert_eq!(debounce.seen(b"group", 99 * every_ms + 3_000), Seen::New);
        }
    }

    #[test]
    fn a_code_that_let_somebody_pass_is_remembered_as_just_now_for_a_minute() {
        let mut debounce = Debounce::new(3_000);
        assert_eq!(debounce.passed_ago_ms(b"a", 0), None);
        debounce.judged(b"a", 1, Came::Passed, 1_000);
        debounce.judged(b"b", 2, Came::Refused, 1_000);
        assert_eq!(debounce.passed_ago_ms(b"a", 9_000), Some(8_000));
        assert_eq!(debounce.passed_ago_ms(b"b", 9_000), None);
        debounce.judged(b"a", 3, Came::Refused, 9_000);
        assert_eq!(debounce.passed_ago_ms(b"a", 11_000), Some(10_000));
        assert_eq!(debounce.passed_ago_ms(b"a", 61_001), None);
    }

    #[test]
    fn another_question_is_no_retry() {
        let mut debounce = Debounce::new(2_000);
        debounce.judged(b"a", 1, OPEN, 0);
        debounce.ask_anew();
        assert_eq!(debounce.seen(b"a", 500), Seen::Held);
        assert_eq!(debounce.seen(b"a", 5_000), Seen::New);
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
                ("a", 1_000, Seen::Repeated, OPEN),
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
            debounce.judged(&number.to_be_bytes(), number, FINAL, number as u64);
        }
        assert_eq!(debounce.remembered.len(), MAX_REMEMBERED_CODES);
        assert_eq!(debounce.seen(&0_usize.to_be_bytes(), 100), Seen::New);
        assert_eq!(debounce.seen(&1_usize.to_be_bytes(), 100), Seen::Held);
    }
}
