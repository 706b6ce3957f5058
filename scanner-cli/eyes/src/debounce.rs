//! Decides whether a code in view is a new scan, the same one still in view, or a retry; leaves out the clock and
//! the drawing of scan ids, which are passed in.
//!
//! A scan counts people, so one showing must be one scan, however often the source reports it: a camera misses frames,
//! and a wedge types what lies under it again and again, most often once a second, some every one and a half. A showing
//! therefore ends only when its code was not seen for a while (`in_view_ms`), counted from the last sighting and not from
//! the first: a code that lies under a scanner for a minute is one showing. The while must be longer than the slowest
//! repetition, or a guest gets red right after the own green and a group loses a place with each repetition; and shorter
//! than it takes to hand a ticket back over the barrier, so that the next person of a group, or a friend with a copy, is
//! judged. A phone renews a live ticket's code every few seconds: it is the same showing as long as what lasts of it is
//! the same; a stale copy of such a code holds nothing but itself. Nothing is swallowed in silence: who shows a code again too early is told so, once, as [`Seen::Repeated`].

use std::borrow::Cow;

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
    /// Nobody did, since the code is a copy of one that a phone has renewed: the phone itself may follow at once.
    Stale,
    /// Nobody gave a final answer.
    Open,
}

/// Returns what of a code lasts while whoever shows it renews it; all of it, where nobody does.
pub type Lasting = fn(&[u8]) -> Cow<'_, [u8]>;

/// Remembers the codes of the last seconds. `I` is the scan's id.
#[derive(Debug)]
pub struct Debounce<I> {
    in_view_ms: u64,
    lasting: Lasting,
    remembered: Vec<Remembered<I>>,
}

#[derive(Debug)]
struct Remembered<I> {
    /// What lasts of the code; a stale code is remembered as a whole.
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
    pub fn new(in_view_ms: u64, lasting: Lasting) -> Self {
        Self {
            in_view_ms,
            lasting,
            remembered: Vec::new(),
        }
    }

    /// Says what to do with a code seen now.
    ///
    /// **Units**: milliseconds of any clock that does not go back; one that does only holds a code for longer.
    pub fn seen(&mut self, code: &[u8], now_ms: u64) -> Seen<I> {
        let Some(at) = self
            .position(code)
            .or_else(|| self.position(&(self.lasting)(code)))
        else {
            return Seen::New;
        };
        let known = &mut self.remembered[at];
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
        let code = match came {
            Came::Stale => Cow::Borrowed(code),
            Came::Passed | Came::Refused | Came::Open => (self.lasting)(code),
        };
        let at = self.position(&code);
        let before = at.map(|at| self.remembered.swap_remove(at));
        let is_retry = |known: &&Remembered<I>| known.id == id;
        let first_judged_ms = before
            .as_ref()
            .filter(is_retry)
            .map_or(now_ms, |known| known.first_judged_ms);
        self.make_room();
        self.remembered.push(Remembered {
            code: code.into_owned(),
            id,
            is_open: came == Came::Open,
            is_told: false,
            first_judged_ms,
            last_seen_ms: now_ms,
            passed_ms: match came {
                Came::Passed => Some(now_ms),
                Came::Refused | Came::Stale | Came::Open => before.and_then(|known| known.passed_ms),
            },
        });
    }

    /// Returns how long ago somebody passed here with this code, if that was just now.
    #[must_use]
    pub fn passed_ago_ms(&self, code: &[u8], now_ms: u64) -> Option<u64> {
        let known = &self.remembered[self.position(&(self.lasting)(code))?];
        let ago_ms = now_ms.saturating_sub(known.passed_ms?);
        (ago_ms <= JUST_NOW_MS).then_some(ago_ms)
    }

    /// Takes that nobody passed with a code after all. While it is held up it is no new scan, or it would pass again at once.
    pub fn undone(&mut self, code: &[u8]) {
        if let Some(at) = self.position(&(self.lasting)(code)) {
            self.remembered[at].passed_ms = None;
        }
    }

    /// Tells whether two codes are the same showing's: the same code, or one before and after it was renewed.
    #[must_use]
    pub fn is_same(&self, one: &[u8], other: &[u8]) -> bool {
        (self.lasting)(one) == (self.lasting)(other)
    }

    /// Makes no showing a retry of an earlier scan any more: what is asked from now on is another question.
    pub fn ask_anew(&mut self) {
        for known in &mut self.remembered {
            known.is_open = false;
        }
    }

    fn position(&self, code: &[u8]) -> Option<usize> {
        self.remembered.iter().position(|known| known.code == code)
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
mod tests;
