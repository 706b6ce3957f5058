//! Idempotency keys: of many who begin a request at once one does it, and all hear its answer until it is forgotten.

use futures_util::future::join_all;
use usher_keys::Timestamp;

use super::case::{Case, START};
use crate::kept_answers::{
    ABANDONED, ClaimKey, ClaimOutcome, ForgetAnswers, FreeKey, KeepAnswer, KeptAnswer, KeyDigest,
};
use crate::selling::RequestHash;

/// Requests that come at once.
const AT_ONCE: usize = 16;

fn asked(request: u8, now: Timestamp) -> ClaimKey {
    ClaimKey {
        key: KeyDigest([7; 32]),
        request: RequestHash([request; 32]),
        now,
    }
}

async fn claimed(case: &Case, claim: ClaimKey) -> ClaimOutcome {
    case.store.claim_key(claim).await.unwrap()
}

fn answer() -> KeptAnswer {
    KeptAnswer {
        status: 201,
        body: "{\"a\": \"ü\"}".into(),
        location: Some("http://tickets.example/v1".into()),
    }
}

pub async fn of_requests_that_come_at_once_one_is_done(case: Case) {
    let outcomes = join_all((0..AT_ONCE).map(|_| claimed(&case, asked(1, START)))).await;
    let begun = outcomes.iter().filter(|outcome| **outcome == ClaimOutcome::Begun);
    assert_eq!(begun.count(), 1, "{outcomes:?}");
    let running = outcomes
        .iter()
        .filter(|outcome| **outcome == ClaimOutcome::Running);
    assert_eq!(running.count(), AT_ONCE - 1);
}

pub async fn an_answer_is_kept_for_the_same_request_until_it_is_forgotten(case: Case) {
    let claim = asked(1, START);
    assert_eq!(claimed(&case, claim).await, ClaimOutcome::Begun);
    let keep = KeepAnswer {
        claim,
        answer: answer(),
    };
    assert!(case.store.keep_answer(keep.clone()).await.unwrap());
    assert!(!case.store.keep_answer(keep).await.unwrap());
    assert_eq!(
        claimed(&case, asked(1, START)).await,
        ClaimOutcome::Answered(answer())
    );
    assert_eq!(claimed(&case, asked(2, START)).await, ClaimOutcome::KeyReused);
    // What has an answer is not freed.
    case.store.free_key(FreeKey { claim }).await.unwrap();
    let forget = |before| case.store.forget_answers(ForgetAnswers { before, limit: 9 });
    assert_eq!(forget(Timestamp(START.0 - 1)).await.unwrap(), 0);
    assert_eq!(forget(START).await.unwrap(), 1);
    assert_eq!(claimed(&case, asked(2, START)).await, ClaimOutcome::Begun);
}

pub async fn a_request_that_was_not_done_or_abandoned_may_be_done_again(case: Case) {
    let claim = asked(1, START);
    assert_eq!(claimed(&case, claim).await, ClaimOutcome::Begun);
    case.store.free_key(FreeKey { claim }).await.unwrap();
    assert_eq!(claimed(&case, asked(2, START)).await, ClaimOutcome::Begun);
    let later = START.plus_ms(u64::try_from(ABANDONED.as_millis()).unwrap());
    let again = asked(2, later);
    assert_eq!(claimed(&case, again).await, ClaimOutcome::Begun);
    // Whoever began it first is too late, and whoever began it last is heard.
    let late = KeepAnswer {
        claim: asked(2, START),
        answer: answer(),
    };
    assert!(!case.store.keep_answer(late).await.unwrap());
    let keep = KeepAnswer {
        claim: again,
        answer: answer(),
    };
    assert!(case.store.keep_answer(keep).await.unwrap());
}
