//! Trust bundles: thresholds, striking, one encoding; how a bundle follows from a request is tested there.

use proptest::prelude::*;

use super::*;

fn root(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

fn roots(seeds: &[u8], threshold: u8) -> RootSet {
    RootSet {
        threshold,
        keys: seeds.iter().map(|seed| root(*seed).public()).collect(),
    }
}

fn bundle() -> TrustBundle {
    let key = |seed| TrustedKey::active(root(seed).public(), Window::ALWAYS);
    TrustBundle {
        event: EventId([7; 16]),
        version: 3,
        roots: roots(&[1], 1),
        ticket_keys: vec![key(10), key(11)],
        authority_keys: vec![key(20)],
        issuing_keys: vec![key(30)],
    }
}

fn signed_by(seeds: &[u8]) -> SignedBundle {
    let keys: Vec<_> = seeds.iter().map(|seed| root(*seed)).collect();
    bundle().sign(&keys.iter().collect::<Vec<_>>())
}

#[test]
fn as_many_different_pinned_roots_as_the_threshold_says_must_sign() {
    #[track_caller]
    fn check(signers: &[u8], pinned: &[u8], threshold: u8, valid: usize) {
        let verified = signed_by(signers).verify(&roots(pinned, threshold));
        let needed = usize::from(threshold);
        if valid >= needed {
            assert_eq!(verified, Ok(bundle()));
        } else {
            assert_eq!(verified, Err(BundleError::TooFewSignatures { valid, needed }));
        }
    }
    check(&[1], &[1], 1, 1);
    check(&[], &[1], 1, 0);
    check(&[2], &[1], 1, 0); // a foreign root
    check(&[2, 1], &[1], 1, 1); // beside the right one
    check(&[1], &[1, 2, 3], 2, 1);
    check(&[1, 1, 1], &[1, 2, 3], 2, 1); // one root, repeated
    check(&[1, 9], &[1, 2, 3], 2, 1); // one foreign
    check(&[1, 3], &[1, 2, 3], 2, 2);
    check(&[3, 2], &[1, 2, 3], 2, 2); // in any order
    check(&[1, 2, 3], &[1, 2, 3], 2, 3); // more than needed
    check(&[1, 2], &[1, 2, 3], 3, 2);
    check(&[1, 2, 3], &[1, 2, 3], 3, 3);
}

#[test]
fn impossible_root_sets_verify_nothing() {
    #[track_caller]
    fn check(pinned: RootSet) {
        assert_eq!(signed_by(&[1, 2]).verify(&pinned), Err(BundleError::BadRootSet));
    }
    check(roots(&[], 0));
    check(roots(&[1], 0));
    check(roots(&[1], 2));
    check(roots(&[1, 1], 2));
    check(roots(&(1..=17).collect::<Vec<_>>(), 1));
}

#[test]
fn a_root_anyone_can_sign_for_makes_the_set_useless() {
    let mut weak = roots(&[1], 1);
    weak.keys.push(PublicKey([0; 32]));
    assert!(matches!(weak.check(), Err(BundleError::BadKey { .. })));
}

#[test]
fn a_changed_byte_and_a_signature_of_another_domain_are_refused() {
    let mut changed = signed_by(&[1]);
    changed.bytes[20] ^= 1;
    assert!(changed.verify(&roots(&[1], 1)).is_err());

    let bytes = codec::encode(&bundle());
    let signature = root(1).sign(Domain::Certificate, &bytes);
    let root = root(1).public();
    let other_domain = SignedBundle {
        bytes,
        signatures: vec![RootSignature { root, signature }],
    };
    assert!(matches!(
        other_domain.verify(&roots(&[1], 1)),
        Err(BundleError::TooFewSignatures { .. })
    ));
}

#[test]
fn cosigning_adds_a_root_once() {
    let mut signed = signed_by(&[1]);
    let pinned = roots(&[1, 2], 2);
    assert!(signed.verify(&pinned).is_err());
    signed.cosign(&root(2));
    signed.cosign(&root(2));
    assert_eq!(signed.signatures().len(), 2);
    assert_eq!(signed.verify(&pinned), Ok(bundle()));
}

#[test]
fn a_signed_bundle_with_unfit_keys_is_still_refused() {
    #[track_caller]
    fn check(change: fn(&mut TrustBundle), expected: fn(&BundleError) -> bool) {
        let mut unfit = bundle();
        change(&mut unfit);
        let refused = unfit.sign(&[&root(1)]).verify(&roots(&[1], 1)).unwrap_err();
        assert!(expected(&refused), "{refused}");
    }
    let bad_key = |refused: &BundleError| matches!(refused, BundleError::BadKey { .. });
    check(|bundle| bundle.ticket_keys[0].key = PublicKey([0; 32]), bad_key);
    check(
        |bundle| bundle.ticket_keys.push(bundle.ticket_keys[0].clone()),
        bad_key,
    );
    check(
        |bundle| bundle.roots.threshold = 2,
        |refused| *refused == BundleError::BadRootSet,
    );
    check(
        |bundle| bundle.issuing_keys = vec![bundle.issuing_keys[0].clone(); MAX_KEYS + 1],
        |refused| *refused == BundleError::TooManyKeys,
    );
}

#[test]
fn a_version_that_forgets_anything_of_the_one_before_does_not_follow_it() {
    #[track_caller]
    fn check(change: fn(&mut TrustBundle), forgotten: Option<(Purpose, u8)>) {
        let before = bundle().strike(root(11).public().id(), Timestamp(1)).unwrap();
        let mut next = before.clone();
        change(&mut next);
        let expected = match forgotten {
            Some((purpose, seed)) => Err(BundleError::ForgetsKey {
                purpose,
                id: root(seed).public().id(),
            }),
            None => Ok(()),
        };
        assert_eq!(next.check_follows(&before), expected);
    }
    check(|_| {}, None);
    check(|next| next.ticket_keys.push(next.issuing_keys[0].clone()), None);
    check(
        |next| next.authority_keys[0].status = KeyStatus::Struck(Timestamp(2)),
        None,
    );
    check(
        |next| next.ticket_keys[1].status = KeyStatus::Struck(Timestamp(2)),
        None,
    );
    check(|next| next.ticket_keys.truncate(1), Some((Purpose::Ticket, 11)));
    check(|next| next.authority_keys.clear(), Some((Purpose::Authority, 20)));
    check(|next| next.issuing_keys.clear(), Some((Purpose::Issuing, 30)));
    // Whose word replaces whose follows from the order.
    check(|next| next.ticket_keys.swap(0, 1), Some((Purpose::Ticket, 10)));
    check(
        |next| next.authority_keys.insert(0, next.issuing_keys[0].clone()),
        Some((Purpose::Authority, 20)),
    );
    check(
        |next| next.ticket_keys[1].status = KeyStatus::Retired(Timestamp(2)),
        Some((Purpose::Ticket, 11)),
    );
    check(
        |next| next.ticket_keys[1].status = KeyStatus::Active,
        Some((Purpose::Ticket, 11)),
    );
}

#[test]
fn striking_marks_the_key_wherever_it_is_and_raises_the_version() {
    let now = Timestamp(99);
    let mut held = bundle();
    held.issuing_keys.push(held.ticket_keys[0].clone());
    let id = root(10).public().id();

    let struck = held.strike(id, now).unwrap();
    assert_eq!(struck.version, 4);
    let marked: Vec<_> = struck
        .keys()
        .filter(|(_, trusted)| trusted.status == KeyStatus::Struck(now))
        .map(|(purpose, trusted)| (purpose, trusted.key.id()))
        .collect();
    assert_eq!(marked, [(Purpose::Ticket, id), (Purpose::Issuing, id)]);
    assert!(!struck.ticket_key(id).unwrap().believed_at(now));

    assert_eq!(struck.strike(id, Timestamp(100)), None, "it is struck already");
    assert_eq!(held.strike(KeyId([0; 4]), now), None, "no such key");
}

#[test]
fn a_signed_bundle_survives_json_and_unknown_members_are_refused() {
    let signed = signed_by(&[1, 2]);
    let json = serde_json::to_value(&signed).unwrap();
    assert_eq!(
        serde_json::from_value::<SignedBundle>(json.clone()).unwrap(),
        signed
    );
    let mut extra = json.clone();
    extra["note"] = 1.into();
    assert!(serde_json::from_value::<SignedBundle>(extra).is_err());
    let mut broken = json;
    broken["bundle"] = "not base64!".into();
    assert!(serde_json::from_value::<SignedBundle>(broken).is_err());
}

fn any_status() -> impl Strategy<Value = KeyStatus> {
    prop_oneof![
        Just(KeyStatus::Active),
        any::<u64>().prop_map(|at| KeyStatus::Retired(Timestamp(at))),
        any::<u64>().prop_map(|at| KeyStatus::Struck(Timestamp(at))),
    ]
}

fn any_keys() -> impl Strategy<Value = Vec<TrustedKey>> {
    let one = (any::<[u8; 32]>(), any::<u64>(), any::<u64>(), any_status()).prop_map(
        |(key, from, until, status)| TrustedKey {
            key: PublicKey(key),
            window: Window {
                from: Timestamp(from),
                until: Timestamp(until),
            },
            status,
        },
    );
    proptest::collection::vec(one, 0..6)
}

prop_compose! {
    fn any_bundle()(
        event in any::<[u8; 16]>(),
        version in any::<u64>(),
        threshold in any::<u8>(),
        keys in proptest::collection::vec(any::<[u8; 32]>(), 0..5),
        (ticket_keys, authority_keys, issuing_keys) in (any_keys(), any_keys(), any_keys()),
    ) -> TrustBundle {
        let roots = RootSet { threshold, keys: keys.into_iter().map(PublicKey).collect() };
        TrustBundle { event: EventId(event), version, roots, ticket_keys, authority_keys, issuing_keys }
    }
}

proptest! {
    #[test]
    fn decoding_what_was_encoded_gives_the_same_bundle(bundle in any_bundle()) {
        let bytes = codec::encode(&bundle);
        prop_assert_eq!(codec::decode::<MAX_BUNDLE_BYTES, TrustBundle>(&bytes), Ok(bundle));
    }

    #[test]
    fn any_bytes_as_a_bundle_are_an_answer_and_one_bundle_has_one_encoding(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        if let Ok(bundle) = codec::decode::<MAX_BUNDLE_BYTES, TrustBundle>(&bytes) {
            prop_assert_eq!(codec::encode(&bundle), bytes.clone());
        }
        let signed = SignedBundle { bytes, signatures: vec![] };
        prop_assert!(signed.verify(&roots(&[1], 1)).is_err());
        let _ = signed.unverified().map(|bundle| bundle.check());
    }

    #[test]
    fn a_bundle_changed_anywhere_is_never_accepted(at in 0..1000_usize, bit in 0..8_u32) {
        let mut changed = signed_by(&[1]);
        let at = at % changed.bytes.len();
        changed.bytes[at] ^= 1_u8 << bit;
        prop_assert!(changed.verify(&roots(&[1], 1)).is_err());
    }

    #[test]
    fn any_bytes_behind_a_bundle_are_refused(tail in proptest::collection::vec(any::<u8>(), 1..20)) {
        let mut bytes = codec::encode(&bundle());
        let extra_bytes = tail.len();
        bytes.extend(tail);
        prop_assert_eq!(
            codec::decode::<MAX_BUNDLE_BYTES, TrustBundle>(&bytes),
            Err(CodecError::Trailing { extra_bytes })
        );
    }
}
