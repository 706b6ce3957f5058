//! Windows that move along, and keys that end too early.

use usher_keys::expiry::AFTER_EVENT_MS;
use usher_keys::{EventId, RootSet, SecretKey, TrustedKey};

use super::*;

const END: Timestamp = Timestamp(1_000_000);

#[track_caller]
fn check_shift(at: u64, from: u64, to: u64, expected: u64) {
    assert_eq!(
        shifted(Timestamp(at), Timestamp(from), Timestamp(to)),
        Timestamp(expected)
    );
}

#[test]
fn a_window_keeps_its_distance_from_the_start_and_one_without_an_end_has_none() {
    check_shift(90, 100, 150, 140);
    check_shift(120, 100, 150, 170);
    check_shift(90, 100, 40, 30);
    check_shift(90, 100, 100, 90);
    check_shift(30, 100, 40, 0);
    check_shift(u64::MAX, 100, 40, u64::MAX);
    check_shift(u64::MAX - 1, 100, 150, u64::MAX);
}

fn key(seed: u8, until: Timestamp, status: KeyStatus) -> TrustedKey {
    let from = Timestamp(0);
    TrustedKey {
        status,
        ..TrustedKey::active(SecretKey::from_seed(&[seed; 32]).public(), Window { from, until })
    }
}

#[track_caller]
fn check(ticket_keys: Vec<TrustedKey>, issuing_until: Timestamp, expected: Option<&[u8]>) {
    let bundle = TrustBundle {
        event: EventId([1; 16]),
        version: 1,
        roots: RootSet::single(SecretKey::from_seed(&[1; 32]).public()),
        ticket_keys,
        authority_keys: vec![key(20, Timestamp::FOREVER, KeyStatus::Active)],
        issuing_keys: vec![key(30, issuing_until, KeyStatus::Active)],
    };
    let found = to_sign(&bundle, END);
    let id = |seed: &u8| SecretKey::from_seed(&[*seed; 32]).public().id();
    match (found, expected) {
        (None, None) => {}
        (Some(ToSign::NextTicketKey), Some([])) => {}
        (Some(ToSign::LaterEnds(keys)), Some(seeds)) => {
            let found: Vec<_> = keys.iter().map(|key| key.id).collect();
            assert_eq!(found, seeds.iter().map(id).collect::<Vec<_>>());
        }
        (found, expected) => panic!("{found:?}, not {expected:?}"),
    }
}

#[test]
fn every_key_that_counts_must_last_until_six_hours_after_the_end() {
    let enough = END.plus_ms(AFTER_EVENT_MS);
    let short = Timestamp(enough.0 - 1);
    let then = Timestamp(5);
    let (active, retired, struck) = (
        KeyStatus::Active,
        KeyStatus::Retired(then),
        KeyStatus::Struck(then),
    );
    check(vec![key(10, enough, active)], enough, None);
    check(vec![key(10, short, active)], enough, Some(&[10]));
    check(vec![key(10, enough, active)], short, Some(&[30]));
    check(
        vec![key(10, short, retired), key(11, enough, active)],
        enough,
        Some(&[10]),
    );
    check(
        vec![key(10, short, struck), key(11, enough, active)],
        enough,
        None,
    );
    check(vec![key(10, enough, retired)], enough, Some(&[]));
    check(Vec::new(), enough, Some(&[]));
}
