//! Answers that are kept, so that a request which comes again with its idempotency key is answered as it was, and not done twice.
//!
//! Bookings and refunds have their keys in rows of their own, for good, and are answered with what they came to since. This is for all
//! other requests.

use std::time::Duration;

use usher_keys::Timestamp;

use crate::selling::RequestHash;

/// How long an answer is kept: clients give up within hours.
pub const KEPT: Duration = Duration::from_hours(24);
/// How long a request may be on its way before somebody else may do it: longer than any runs. Whoever began it is gone then, and may have done it.
pub const ABANDONED: Duration = Duration::from_mins(2);

/// Names a request by its idempotency key and whose it is, hashed: neither can be told from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyDigest(pub [u8; 32]);

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Its HTTP status.
    pub status: u16,
    /// Its body, JSON.
    pub body: String,
    /// Where what was made is found, if something was.
    pub location: Option<String>,
}

/// Asks to begin a request.
#[derive(Debug, Clone, Copy)]
pub struct ClaimKey {
    pub key: KeyDigest,
    /// What is asked for.
    pub request: RequestHash,
    pub now: Timestamp,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUsed {
    /// What was asked for.
    pub request: RequestHash,
    /// What was answered; nothing while it is done.
    pub answer: Option<KeptAnswer>,
    /// When it began.
    pub began_at: Timestamp,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// It is to be done, and its answer kept or the key freed.
    Begun,
    /// It is being done.
    Running,
    /// It was done, and this is the answer.
    Answered(KeptAnswer),
    /// The key was used for another request.
    KeyReused,
}

/// Asks to keep the answer of a request that was begun.
#[derive(Debug, Clone)]
pub struct KeepAnswer {
    pub claim: ClaimKey,
    pub answer: KeptAnswer,
}

/// Asks to free the key of a request that was begun and not done.
#[derive(Debug, Clone, Copy)]
pub struct FreeKey {
    pub claim: ClaimKey,
}

/// Asks to forget answers.
#[derive(Debug, Clone, Copy)]
pub struct ForgetAnswers {
    /// Those of requests that began before.
    pub before: Timestamp,
    /// At most so many.
    pub limit: u32,
}

/// Decides what becomes of a request, by what is known of its key.
pub fn claim(used: Option<KeyUsed>, claim: &ClaimKey) -> ClaimOutcome {
    let Some(used) = used.filter(|used| !is_past(used.began_at, KEPT, claim.now)) else {
        return ClaimOutcome::Begun;
    };
    if used.request != claim.request {
        return ClaimOutcome::KeyReused;
    }
    match used.answer {
        Some(answer) => ClaimOutcome::Answered(answer),
        None if is_past(used.began_at, ABANDONED, claim.now) => ClaimOutcome::Begun,
        None => ClaimOutcome::Running,
    }
}

/// Returns the time before which requests that are forgotten now began.
pub fn forgotten_before(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_sub(ms(KEPT)))
}

fn is_past(began_at: Timestamp, time: Duration, now: Timestamp) -> bool {
    began_at.plus_ms(ms(time)) <= now
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGAN: Timestamp = Timestamp(1_800_000_000_000);

    #[track_caller]
    fn check(used: Option<(u8, bool)>, (request, after): (u8, Duration), expected: &ClaimOutcome) {
        let answer = KeptAnswer {
            status: 201,
            body: "{}".into(),
            location: None,
        };
        let used = used.map(|(request, is_done)| KeyUsed {
            request: RequestHash([request; 32]),
            answer: is_done.then_some(answer),
            began_at: BEGAN,
        });
        let asked = ClaimKey {
            key: KeyDigest([1; 32]),
            request: RequestHash([request; 32]),
            now: BEGAN.plus_ms(ms(after)),
        };
        assert_eq!(claim(used, &asked), *expected);
    }

    #[test]
    fn a_request_is_done_once_for_each_key_and_day() {
        let answered = ClaimOutcome::Answered(KeptAnswer {
            status: 201,
            body: "{}".into(),
            location: None,
        });
        let at_once = Duration::ZERO;
        check(None, (1, at_once), &ClaimOutcome::Begun);
        check(Some((1, true)), (1, at_once), &answered);
        check(Some((1, true)), (1, KEPT - Duration::from_millis(1)), &answered);
        check(Some((1, true)), (1, KEPT), &ClaimOutcome::Begun);
        check(Some((1, true)), (2, at_once), &ClaimOutcome::KeyReused);
        check(Some((1, false)), (2, at_once), &ClaimOutcome::KeyReused);
        check(Some((1, false)), (1, at_once), &ClaimOutcome::Running);
        check(Some((1, false)), (1, ABANDONED), &ClaimOutcome::Begun);
        check(Some((1, true)), (2, KEPT), &ClaimOutcome::Begun);
    }
}
