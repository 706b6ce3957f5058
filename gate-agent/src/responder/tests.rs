//! What peers may ask, by role and form.

use usher_device::rehearsal::{STRICT, certificate, scan};
use usher_keys::Capabilities;
use usher_protocol::pin::Pin;
use usher_protocol::record::MAX_WORDS_BYTES;

use super::*;

/// What a device of that role may ask at gate 1, with or without the capability to override.
#[track_caller]
fn check_role(role: Role, may_override: bool, allowed: [bool; 5]) {
    let capabilities = Capabilities {
        enrol_scanners: false,
        override_refusals: may_override,
    };
    let peer = certificate(1, role, capabilities);
    let scan = scan(1, 1, STRICT);
    let said = |by: &str| Overriding {
        scan: scan.clone(),
        by: by.to_owned(),
        why: "lost in the crowd".to_owned(),
    };
    let overriding = |by: &str| Request::Override(said(by));
    let as_home = |by: &str| Request::OverrideAsHome(said(by));
    let by_pin = |by: &str, pin: &str| {
        let (overriding, pin) = (said(by), Pin::typed(pin).unwrap());
        Request::OverrideByPin(PinnedOverriding { overriding, pin })
    };
    let requests = [
        Request::Judge(scan.clone()),
        Request::JudgeAsHome(scan.clone()),
        overriding("Ada"),
        as_home("Ada"),
        by_pin("Ada", "482913"),
    ];
    assert_eq!(
        requests.each_ref().map(|request| check(&peer, request).is_ok()),
        allowed
    );
    let elsewhere = Certificate {
        gates: vec![2],
        ..peer.clone()
    };
    assert!(
        requests
            .iter()
            .all(|request| check(&elsewhere, request) == Err(RequestError::NotAllowed))
    );
    for nobody in [
        "",
        "  ",
        "A\u{1b}[2Jda",
        "Ada\u{202e}",
        &"x".repeat(MAX_WORDS_BYTES + 1),
    ] {
        assert!(check(&peer, &overriding(nobody)).is_err());
        assert!(check(&peer, &as_home(nobody)).is_err());
        assert!(check(&peer, &by_pin(nobody, "482913")).is_err());
    }
    // Only a hub has seen a PIN.
    assert!(check(&peer, &overriding("Ada (PIN)")).is_err());
    let (mut out, mut out_at_home) = (said("Ada"), said("Ada"));
    out.scan.direction = Direction::Out;
    out_at_home.scan.direction = Direction::Out;
    assert!(check(&peer, &Request::Override(out)).is_err());
    assert!(check(&peer, &Request::OverrideAsHome(out_at_home)).is_err());
}

#[test]
fn a_certificate_gets_only_what_its_role_needs() {
    check_role(Role::Scanner, false, [true, false, false, false, true]);
    check_role(Role::Scanner, true, [true, false, true, false, true]);
    check_role(Role::Hub, false, [true, true, false, false, false]);
    check_role(Role::Hub, true, [true, true, true, true, false]);
    check_role(Role::Cloud, false, [false, false, false, false, false]);
}

#[test]
fn only_a_scanner_has_something_corrected_and_says_so_plainly() {
    let pinned = |by: &str, why: &str, code: usize| PinnedCorrection {
        correction: Correction::Undo {
            code: vec![b'1'; code],
            direction: Direction::In,
            why: why.to_owned(),
        },
        by: by.to_owned(),
        pin: Pin::draw_from(482_913),
    };
    let peer = |role| certificate(1, role, Capabilities::default());
    let good = pinned("Ada", "went home", MAX_CODE_BYTES);
    assert_eq!(may_correct(&peer(Role::Scanner), &good), Ok(()));
    for role in [Role::Hub, Role::Cloud] {
        assert_eq!(may_correct(&peer(role), &good), Err(RequestError::NotAllowed));
    }
    for bad in [
        pinned("", "went home", 1),
        pinned("Ada", "A\u{1b}[2Jda", 1),
        pinned("Ada", "went home", MAX_CODE_BYTES + 1),
    ] {
        let refused = may_correct(&peer(Role::Scanner), &bad);
        assert_eq!(refused, Err(RequestError::Malformed));
    }
}
