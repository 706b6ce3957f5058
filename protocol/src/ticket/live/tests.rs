//! Codes that a phone signs along: when they open, and what lasts of them.

use usher_keys::{EventId, KeyId, PublicKey, RootSet, TrustBundle, TrustedKey, Window};

use super::*;
use crate::ticket::{Keyring, TicketFlags, lasting};
use crate::{Generation, TierId, Unit};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

fn keyring() -> Keyring {
    Keyring::new(&TrustBundle {
        event: EventId([1; 16]),
        version: 1,
        roots: RootSet::single(key(1).public()),
        ticket_keys: vec![TrustedKey::active(key(2).public(), Window::ALWAYS)],
        authority_keys: Vec::new(),
        issuing_keys: Vec::new(),
    })
}

fn payload(holder: Option<PublicKey>) -> Payload {
    let ticket = Ticket {
        key: KeyId([0; 4]),
        unit: Unit(7),
        generation: Generation(1),
        tier: TierId(1),
        admits: 1,
        flags: TicketFlags::default(),
        holder,
    };
    ticket.sign(&key(2))
}

#[track_caller]
fn check(text: &str, expected: Result<(), Rejection>) {
    assert_eq!(keyring().verify_text(text.as_bytes(), NOW).map(|_| ()), expected);
}

#[test]
fn a_live_ticket_opens_only_while_its_phone_signs_along() {
    let live = payload(Some(key(3).public()));
    check(&live.shown_live(&key(3), NOW), Ok(()));
    check(&live.shown_live(&key(3), NOW.plus_ms(LIVE_TOLERANCE_MS)), Ok(()));
    check(
        &live.shown_live(&key(3), Timestamp(NOW.0 - LIVE_TOLERANCE_MS)),
        Ok(()),
    );
    check(
        &live.shown_live(&key(3), NOW.plus_ms(LIVE_TOLERANCE_MS + 1)),
        Err(Rejection::NotLive),
    );
    check(
        &live.shown_live(&key(3), Timestamp(NOW.0 - LIVE_TOLERANCE_MS - 1)),
        Err(Rejection::NotLive),
    );
    check(&live.shown_live(&key(4), NOW), Err(Rejection::NotLive));
    check(&live.to_text(), Err(Rejection::NotLive));
}

#[test]
fn what_a_live_ticket_did_is_taken_back_by_its_code_of_then() {
    let live = payload(Some(key(3).public()));
    let earlier = |text: &str| keyring().verify_earlier(text.as_bytes(), NOW).map(drop);
    let long_ago = Timestamp(NOW.0 - 100 * LIVE_TOLERANCE_MS);
    assert_eq!(earlier(&live.shown_live(&key(3), long_ago)), Ok(()));
    assert_eq!(
        earlier(&live.shown_live(&key(4), long_ago)),
        Err(Rejection::NotLive)
    );
    assert_eq!(earlier(&live.to_text()), Err(Rejection::NotLive));
    assert_eq!(earlier(&payload(None).to_text()), Ok(()));
}

#[test]
fn a_ticket_without_a_holder_takes_no_moving_part() {
    check(&payload(None).to_text(), Ok(()));
    check(
        &payload(None).shown_live(&key(3), NOW),
        Err(Rejection::NotATicket),
    );
}

#[test]
fn a_moving_part_moved_to_another_ticket_is_refused() {
    let live = payload(Some(key(3).public()));
    let shown = digits::decode(live.shown_live(&key(3), NOW).as_bytes()).unwrap();
    let mut moved = payload(Some(key(4).public())).bytes().to_vec();
    moved.extend_from_slice(&shown[live.bytes().len()..]);
    check(&digits::encode(&moved), Err(Rejection::NotLive));
}

#[test]
fn what_lasts_of_a_live_code_is_its_payload() {
    let live = payload(Some(key(3).public()));
    let now = live.shown_live(&key(3), NOW);
    let renewed = live.shown_live(&key(3), NOW.plus_ms(10_000));
    assert_ne!(now, renewed);
    assert_eq!(lasting(now.as_bytes()), lasting(renewed.as_bytes()));
    let text = live.to_text();
    assert_ne!(
        lasting(now.as_bytes()),
        text.as_bytes(),
        "a picture of the ticket is none of its phone"
    );
    for whole in [
        text.as_bytes(),
        payload(None).to_text().as_bytes(),
        b"https://example.org",
        b"",
    ] {
        assert_eq!(lasting(whole), whole);
    }
}
