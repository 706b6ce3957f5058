//! Key requests and the bundles that follow from them; signing is tested with the bundles.

use super::*;
use crate::key::SecretKey;

const NOW: Timestamp = Timestamp(5_000);

fn public(seed: u8) -> PublicKey {
    SecretKey::from_seed(&[seed; 32]).public()
}

fn request(ticket: u8, from: u64, until: u64) -> KeyRequest {
    KeyRequest {
        event: EventId([1; 16]),
        ticket_key: public(ticket),
        authority_key: public(50),
        issuing_key: public(60),
        not_before: Timestamp(from),
        not_after: Timestamp(until),
    }
}

fn first() -> TrustBundle {
    request(10, 0, 9_000).first_bundle(RootSet::single(public(1)))
}

#[test]
fn a_request_is_plain_json_and_unknown_members_are_refused() {
    let json = serde_json::to_value(request(10, 1, 2)).unwrap();
    assert_eq!(json["event"], "evt_040g2081040g2081040g208104");
    assert_eq!(json["ticket_key"], public(10).to_string());
    assert_eq!(json["not_before"], 1);
    assert_eq!(
        serde_json::from_value::<KeyRequest>(json.clone()).unwrap(),
        request(10, 1, 2)
    );
    let mut extra = json;
    extra["note"] = "hello".into();
    assert!(serde_json::from_value::<KeyRequest>(extra).is_err());
}

#[test]
fn the_first_bundle_has_version_1_and_three_active_keys() {
    let bundle = first();
    assert_eq!(bundle.version, 1);
    assert_eq!(bundle.check(), Ok(()));
    assert!(
        bundle
            .keys()
            .all(|(_, trusted)| trusted.status == KeyStatus::Active)
    );
    assert_eq!(bundle.keys().count(), 3);
}

#[test]
fn rotation_retires_the_old_ticket_key_and_still_believes_it_in_its_window() {
    let next = request(11, 4_000, 20_000).next_bundle(&first(), NOW);
    assert_eq!(next.version, 2);
    assert_eq!(next.check(), Ok(()));
    let old = next.ticket_key(public(10).id()).unwrap();
    assert_eq!(old.status, KeyStatus::Retired(NOW));
    assert!(old.believed_at(Timestamp(8_999)) && !old.believed_at(Timestamp(9_000)));
    let new = next.ticket_key(public(11).id()).unwrap();
    assert_eq!(new.status, KeyStatus::Active);
}

#[test]
fn a_key_asked_for_again_is_kept_once_with_a_wider_window() {
    let next = request(10, 4_000, 20_000).next_bundle(&first(), NOW);
    for (_, trusted) in next.keys() {
        assert_eq!(trusted.status, KeyStatus::Active);
        assert_eq!(
            trusted.window,
            Window {
                from: Timestamp(0),
                until: Timestamp(20_000)
            }
        );
    }
    assert_eq!(next.keys().count(), 3);
}

#[test]
fn a_new_authority_key_stands_beside_the_old_one() {
    let mut asked = request(10, 0, 9_000);
    asked.authority_key = public(51);
    let next = asked.next_bundle(&first(), NOW);
    assert_eq!(next.authority_keys.len(), 2);
    assert!(next.authority_keys.iter().all(|t| t.status == KeyStatus::Active));
}

#[test]
fn a_struck_key_is_never_trusted_again() {
    let struck = first().strike(public(10).id(), NOW).unwrap();
    assert_eq!(struck.version, 2);
    let again = request(10, 0, 20_000);
    assert_eq!(
        again.check_after(&struck),
        Err(KeyRequestError::StruckKey { id: public(10).id() })
    );
    assert!(again.next_bundle(&struck, NOW).ticket_keys[0].is_struck());

    let mut for_another_purpose = request(11, 0, 20_000);
    for_another_purpose.issuing_key = public(10);
    assert!(for_another_purpose.check_after(&struck).is_err());
    assert_eq!(request(11, 0, 20_000).check_after(&struck), Ok(()));
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    assert_eq!(request(10, 5, 5).check(), Err(KeyRequestError::EmptyWindow));
    let mut weak = request(10, 0, 1);
    weak.issuing_key = PublicKey([0; 32]);
    assert!(matches!(weak.check(), Err(KeyRequestError::BadKey { .. })));
    let mut foreign = request(11, 0, 1);
    foreign.event = EventId([2; 16]);
    assert!(matches!(
        foreign.check_after(&first()),
        Err(KeyRequestError::OtherEvent { .. })
    ));
}
