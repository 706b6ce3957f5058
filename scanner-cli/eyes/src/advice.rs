//! When to tell the staff what would help a code to be read, steadily enough to be read itself; leaves out the
//! clock, which is passed in, and the words.

use crate::Hint;

/// A code must have been seen unread for this long, in milliseconds, before anybody is bothered: most are read
/// meanwhile.
const TOLD_AFTER_MS: u64 = 500;

/// An unread code not seen for this long, in milliseconds, was another one.
const SAME_CODE_MS: u64 = 1_000;

/// A hint stays this long, in milliseconds, after the code was last seen: time to read two words.
const STAYS_MS: u64 = 1_500;

/// Another hint takes the place of the one on show when that was not given for this long, in milliseconds: frames
/// differ, and the staff must not see two hints by turns.
const YIELDS_AFTER_MS: u64 = 700;

/// What is seen unread within this time of a reading, in milliseconds, is the code that was read, on its way out of
/// view.
const READ_LATELY_MS: u64 = 2_000;

/// Turns the hints of single frames into one that stays. A hint is given at a time that may lie shortly before the
/// last: frames take longer to read the harder they are.
#[derive(Debug, Default)]
pub struct Advice {
    shown: Option<Given>,
    unread: Option<Unread>,
    read_ms: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Given {
    hint: Hint,
    last_ms: u64,
}

#[derive(Debug, Clone, Copy)]
struct Unread {
    since_ms: u64,
    last_ms: u64,
}

impl Advice {
    /// Takes note that a code was read: nothing more is needed.
    pub fn read(&mut self, at_ms: u64) {
        *self = Self {
            read_ms: Some(at_ms),
            ..Self::default()
        };
    }

    /// Takes note of what would have helped with one frame.
    pub fn given(&mut self, hint: Hint, at_ms: u64) {
        if self.read_ms.is_some_and(|read| at_ms < read + READ_LATELY_MS) {
            return;
        }
        let before = self.unread.filter(|unread| at_ms < unread.last_ms + SAME_CODE_MS);
        let unread = Unread {
            since_ms: before.map_or(at_ms, |unread| unread.since_ms),
            last_ms: before.map_or(at_ms, |unread| unread.last_ms.max(at_ms)),
        };
        self.unread = Some(unread);
        let stays = self
            .shown
            .is_some_and(|shown| shown.hint != hint && at_ms < shown.last_ms + YIELDS_AFTER_MS);
        if !stays && (self.shown.is_some() || at_ms >= unread.since_ms + TOLD_AFTER_MS) {
            let last_ms = at_ms;
            self.shown = Some(Given { hint, last_ms });
        }
    }

    /// What to show now.
    pub fn at(&mut self, now_ms: u64) -> Option<Hint> {
        self.shown = self.shown.filter(|shown| now_ms < shown.last_ms + STAYS_MS);
        self.shown.map(|shown| shown.hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STILL: Option<Hint> = Some(Hint::HoldStill);
    const FAR: Option<Hint> = Some(Hint::TooFar);

    /// Plays the hints of frames 40 ms apart; returns what is shown after each.
    fn shown(frames: impl IntoIterator<Item = Option<Hint>>) -> Vec<Option<Hint>> {
        let mut advice = Advice::default();
        let shown = frames.into_iter().zip(0_u64..).map(|(hint, frame)| {
            if let Some(hint) = hint {
                advice.given(hint, frame * 40);
            }
            advice.at(frame * 40)
        });
        shown.collect()
    }

    /// How often what is shown changes.
    fn changes(shown: &[Option<Hint>]) -> usize {
        shown.windows(2).filter(|pair| pair[0] != pair[1]).count()
    }

    #[test]
    fn a_code_that_is_read_in_half_a_second_needs_no_hint() {
        assert_eq!(shown([STILL; 12]), [None; 12]);
        assert_eq!(shown([STILL; 14])[13], STILL);
    }

    #[test]
    fn nothing_is_shown_where_nothing_is_seen() {
        assert_eq!(shown([None; 100]), [None; 100]);
        let seldom = shown((0..100).map(|frame| if frame % 30 == 0 { STILL } else { None }));
        assert_eq!(seldom, [None; 100]);
    }

    #[test]
    fn a_hint_given_now_and_then_is_shown_without_a_break_and_goes_when_the_code_does() {
        let frames = (0..100).map(|frame| if frame % 9 == 0 && frame < 60 { FAR } else { None });
        let shown = shown(frames);
        assert_eq!(changes(&shown), 2, "{shown:?}");
        assert_eq!((shown[20], shown[99]), (FAR, None));
    }

    #[test]
    fn hints_that_come_by_turns_do_not_flicker() {
        let shown = shown((0..100).map(|frame| if frame % 2 == 0 { STILL } else { FAR }));
        assert_eq!(changes(&shown), 1, "{shown:?}");
    }

    #[test]
    fn a_hint_that_holds_no_more_gives_way() {
        let shown = shown([FAR; 30].into_iter().chain([STILL; 40]));
        assert_eq!((shown[29], shown[69]), (FAR, STILL));
        assert_eq!(changes(&shown), 2, "{shown:?}");
    }

    #[test]
    fn reading_ends_a_hint_and_the_code_going_away_gives_none() {
        let mut advice = Advice::default();
        for at_ms in (0..1_000).step_by(40) {
            advice.given(Hint::Glare, at_ms);
        }
        assert_eq!(advice.at(1_000), Some(Hint::Glare));
        advice.read(1_040);
        assert_eq!(advice.at(1_040), None);
        for at_ms in (1_000..3_500).step_by(40) {
            advice.given(Hint::HoldStill, at_ms);
            assert_eq!(advice.at(at_ms), None, "{at_ms}");
        }
        for at_ms in (3_500..4_000).step_by(40) {
            advice.given(Hint::HoldStill, at_ms);
        }
        assert_eq!(advice.at(4_000), STILL, "this is the next code");
    }
}
