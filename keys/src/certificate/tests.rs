//! Certificates: every way to be refused, and what a hub may hand on; enrolling is tested where it happens.

use proptest::prelude::*;

use super::*;
use crate::bundle::{KeyStatus, RootSet, TrustBundle, TrustedKey};
use crate::ident::Timestamp;

const NOW: Timestamp = Timestamp(500);
const VALID: Window = Window {
    from: Timestamp(100),
    until: Timestamp(1_000),
};
const ENROLS: Capabilities = Capabilities {
    enrol_scanners: true,
    override_refusals: false,
};
const NOTHING_MORE: Capabilities = Capabilities {
    enrol_scanners: false,
    override_refusals: false,
};

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

fn issuer() -> SecretKey {
    key(1)
}

fn hub_key() -> SecretKey {
    key(2)
}

fn bundle() -> TrustBundle {
    TrustBundle {
        event: EventId([7; 16]),
        version: 1,
        roots: RootSet::single(key(9).public()),
        ticket_keys: vec![],
        authority_keys: vec![],
        issuing_keys: vec![TrustedKey::active(issuer().public(), VALID)],
    }
}

fn certificate(device: &SecretKey, role: Role, capabilities: Capabilities) -> Certificate {
    Certificate {
        event: EventId([7; 16]),
        device: device.public(),
        role,
        name: "Main gate".to_owned(),
        gates: vec![],
        capabilities,
        window: VALID,
    }
}

fn hub() -> Certificate {
    certificate(&hub_key(), Role::Hub, ENROLS)
}

fn scanner() -> Certificate {
    certificate(&key(3), Role::Scanner, NOTHING_MORE)
}

fn direct(certificate: Certificate) -> DeviceIdentity {
    DeviceIdentity {
        certificate: certificate.sign(&issuer()),
        via: None,
    }
}

fn through(hub: Certificate, certificate: Certificate) -> DeviceIdentity {
    DeviceIdentity {
        certificate: certificate.sign(&hub_key()),
        via: Some(hub.sign(&issuer())),
    }
}

#[track_caller]
fn check(identity: &DeviceIdentity, bundle: &TrustBundle, expected: Result<Role, CertificateError>) {
    assert_eq!(
        identity.verify(bundle, NOW).map(|verified| verified.role),
        expected
    );
}

#[test]
fn the_bundle_s_issuer_enrols_every_role_and_a_hub_enrols_scanners() {
    for role in [Role::Cloud, Role::Hub, Role::Scanner] {
        check(&direct(certificate(&key(3), role, ENROLS)), &bundle(), Ok(role));
    }
    check(&through(hub(), scanner()), &bundle(), Ok(Role::Scanner));
}

#[test]
fn an_issuer_the_bundle_does_not_name_or_has_struck_is_refused() {
    let foreign = DeviceIdentity {
        certificate: scanner().sign(&key(8)),
        via: None,
    };
    check(&foreign, &bundle(), Err(CertificateError::UnknownIssuer));
    let hub_of_foreign = DeviceIdentity {
        certificate: scanner().sign(&hub_key()),
        via: Some(hub().sign(&key(8))),
    };
    check(&hub_of_foreign, &bundle(), Err(CertificateError::UnknownIssuer));

    let struck = bundle().strike(issuer().public().id(), NOW).unwrap();
    check(&direct(hub()), &struck, Err(CertificateError::StruckIssuer));
    check(
        &through(hub(), scanner()),
        &struck,
        Err(CertificateError::StruckIssuer),
    );
    assert!(
        through(hub(), scanner()).was_issued(&struck),
        "struck, but issued"
    );
    assert!(!foreign.was_issued(&bundle()) && !hub_of_foreign.was_issued(&bundle()));
}

#[test]
fn a_retired_issuer_is_believed_while_its_window_lasts() {
    let mut retired = bundle();
    retired.issuing_keys[0].status = KeyStatus::Retired(Timestamp(400));
    check(&direct(hub()), &retired, Ok(Role::Hub));
}

#[test]
fn certificates_of_another_event_are_refused_at_either_step() {
    let mut foreign = bundle();
    foreign.event = EventId([8; 16]);
    check(&direct(hub()), &foreign, Err(CertificateError::OtherEvent));
    let mut elsewhere = scanner();
    elsewhere.event = EventId([8; 16]);
    check(
        &through(hub(), elsewhere),
        &bundle(),
        Err(CertificateError::OtherEvent),
    );
}

#[test]
fn a_changed_certificate_does_not_verify() {
    let mut changed = direct(scanner());
    changed.certificate.certificate.capabilities = ENROLS;
    check(&changed, &bundle(), Err(CertificateError::BadSignature));

    let mut changed_hub = through(certificate(&hub_key(), Role::Hub, NOTHING_MORE), scanner());
    changed_hub.via.as_mut().unwrap().certificate.capabilities = ENROLS;
    check(&changed_hub, &bundle(), Err(CertificateError::BadSignature));
}

#[test]
fn a_hub_gives_away_no_more_than_it_has() {
    #[track_caller]
    fn refused(hub: Certificate, enrolled: Certificate) {
        check(
            &through(hub, enrolled),
            &bundle(),
            Err(CertificateError::IssuerNotAllowed),
        );
    }
    let overrides = Capabilities {
        enrol_scanners: false,
        override_refusals: true,
    };
    let both = Capabilities {
        enrol_scanners: true,
        override_refusals: true,
    };
    refused(hub(), certificate(&key(3), Role::Hub, NOTHING_MORE));
    refused(hub(), certificate(&key(3), Role::Cloud, NOTHING_MORE));
    refused(hub(), certificate(&key(3), Role::Scanner, ENROLS));
    refused(hub(), certificate(&key(3), Role::Scanner, overrides));
    refused(certificate(&hub_key(), Role::Hub, NOTHING_MORE), scanner());
    refused(certificate(&hub_key(), Role::Scanner, ENROLS), scanner());
    refused(certificate(&hub_key(), Role::Cloud, ENROLS), scanner());
    check(
        &through(
            certificate(&hub_key(), Role::Hub, both),
            certificate(&key(3), Role::Scanner, overrides),
        ),
        &bundle(),
        Ok(Role::Scanner),
    );
}

#[test]
fn a_hub_of_some_gates_enrols_scanners_for_those_gates_only() {
    #[track_caller]
    fn gates(hub_gates: &[u16], scanner_gates: &[u16], allowed: bool) {
        let identity = through(
            Certificate {
                gates: hub_gates.to_vec(),
                ..hub()
            },
            Certificate {
                gates: scanner_gates.to_vec(),
                ..scanner()
            },
        );
        let expected = if allowed {
            Ok(Role::Scanner)
        } else {
            Err(CertificateError::IssuerNotAllowed)
        };
        check(&identity, &bundle(), expected);
    }
    gates(&[], &[], true);
    gates(&[], &[1, 2], true);
    gates(&[1, 2], &[2], true);
    gates(&[1, 2], &[1, 2], true);
    gates(&[1, 2], &[3], false);
    gates(&[1, 2], &[1, 3], false);
    gates(&[1, 2], &[], false); // every gate is more than two gates
}

#[test]
fn another_hub_s_certificate_does_not_help() {
    let mut identity = through(hub(), scanner());
    identity.via = Some(certificate(&key(4), Role::Hub, ENROLS).sign(&issuer()));
    check(&identity, &bundle(), Err(CertificateError::IssuerNotAllowed));
}

#[test]
fn names_and_gates_have_limits() {
    let named = |length| Certificate {
        name: "n".repeat(length),
        ..hub()
    };
    let with_gates = |count| Certificate {
        gates: (0..count).collect(),
        ..hub()
    };
    check(&direct(named(MAX_NAME_BYTES)), &bundle(), Ok(Role::Hub));
    check(
        &direct(named(MAX_NAME_BYTES + 1)),
        &bundle(),
        Err(CertificateError::OverLimit),
    );
    check(&direct(with_gates(64)), &bundle(), Ok(Role::Hub));
    check(
        &direct(with_gates(65)),
        &bundle(),
        Err(CertificateError::OverLimit),
    );
}

#[test]
fn nobody_talks_after_the_end_of_a_window_but_old_logs_still_verify() {
    #[track_caller]
    fn outside(identity: &DeviceIdentity, bundle: &TrustBundle, now: u64) {
        assert_eq!(
            identity.verify(bundle, Timestamp(now)).unwrap_err(),
            CertificateError::OutOfWindow,
            "at {now}"
        );
        assert!(identity.verify_chain(bundle).is_ok());
    }
    // A machine whose clock is behind must be able to hear that it is.
    assert!(direct(hub()).verify(&bundle(), Timestamp(99)).is_ok());
    outside(&direct(hub()), &bundle(), 1_000);
    assert!(direct(hub()).verify(&bundle(), Timestamp(999)).is_ok());

    let long = Window {
        from: Timestamp(0),
        until: Timestamp(9_000),
    };
    // The issuer's key, then the hub's own certificate, expire before the scanner's.
    outside(
        &direct(Certificate {
            window: long,
            ..hub()
        }),
        &bundle(),
        1_000,
    );
    let mut long_lived = bundle();
    long_lived.issuing_keys[0].window = long;
    outside(
        &through(
            hub(),
            Certificate {
                window: long,
                ..scanner()
            },
        ),
        &long_lived,
        1_000,
    );
}

prop_compose! {
    fn any_certificate()(
        (event, device) in (any::<[u8; 16]>(), any::<[u8; 32]>()),
        role in prop_oneof![Just(Role::Cloud), Just(Role::Hub), Just(Role::Scanner)],
        name in ".{0,80}",
        gates in proptest::collection::vec(any::<u16>(), 0..80),
        (enrol_scanners, override_refusals) in any::<(bool, bool)>(),
        (from, until) in any::<(u64, u64)>(),
    ) -> Certificate {
        Certificate {
            event: EventId(event),
            device: PublicKey(device),
            role,
            name,
            gates,
            capabilities: Capabilities { enrol_scanners, override_refusals },
            window: Window { from: Timestamp(from), until: Timestamp(until) },
        }
    }
}

proptest! {
    #[test]
    fn decoding_what_was_encoded_gives_the_same_identity(own in any_certificate(), via in any_certificate()) {
        for identity in [direct(own.clone()), through(via, own)] {
            let bytes = codec::encode(&identity);
            prop_assert_eq!(codec::decode::<4096, DeviceIdentity>(&bytes), Ok(identity.clone()));
            let json = serde_json::to_string(&identity).unwrap();
            prop_assert_eq!(serde_json::from_str::<DeviceIdentity>(&json).unwrap(), identity);
        }
    }

    #[test]
    fn any_bytes_as_an_identity_are_an_answer_and_one_identity_has_one_encoding(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        if let Ok(identity) = codec::decode::<4096, DeviceIdentity>(&bytes) {
            prop_assert_eq!(codec::encode(&identity), bytes);
            prop_assert!(identity.verify(&bundle(), NOW).is_err());
        }
    }

    #[test]
    fn an_identity_changed_anywhere_is_never_accepted_as_it_was(at in 0..2000_usize, bit in 0..8_u32) {
        let identity = through(hub(), scanner());
        let mut bytes = codec::encode(&identity);
        let at = at % bytes.len();
        bytes[at] ^= 1_u8 << bit;
        if let Ok(changed) = codec::decode::<4096, DeviceIdentity>(&bytes) {
            prop_assert!(changed.verify(&bundle(), NOW).is_err());
        }
    }
}
