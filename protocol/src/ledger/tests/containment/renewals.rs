//! Certificates that hubs give to scanners: what an honest hub must not sign, and what becomes of scanners whose hub is gone.

use usher_keys::{Capabilities, Certificate, DeviceIdentity, Timestamp};

use super::*;
use crate::rehearsal::{HOUR_MS, SEASON, capable, certificate, enrolled_by, identity_by, issuing, scanner};

/// The hub's certificate, which lasts longer than its first one, with something changed.
fn later(change: impl FnOnce(&mut Certificate)) -> DeviceIdentity {
    let mut later = certificate(&hub(1), Role::Hub);
    later.capabilities = Capabilities {
        enrol_scanners: true,
        override_refusals: true,
    };
    later.window.until = SEASON.until.plus_ms(48 * HOUR_MS);
    change(&mut later);
    identity_by(&issuing(), later)
}

/// A scanner's certificate by the hub's first one.
fn scanner_of_hub(change: impl FnOnce(&mut Certificate)) -> DeviceIdentity {
    let mut enrolled = certificate(&scanner(1), Role::Scanner);
    change(&mut enrolled);
    enrolled_by(&hub(1), enrolled)
}

/// Whether the hub renews its scanner near the end of its time, and what others hold of that.
#[track_caller]
fn check(scanner_has: DeviceIdentity, hub_gets: DeviceIdentity, is_renewed: bool) {
    let mut cloud = Machine::cloud(&[1]);
    let mut gate = Machine::opened(hub(1), capable(&hub(1), Role::Hub), &cloud);
    gate.hear(&Machine::opened(scanner(1), scanner_has, &cloud));
    cloud.write(Body::DeviceEnrolled { identity: hub_gets });
    gate.hear(&cloud);
    let now = Timestamp(SEASON.until.0 - HOUR_MS);
    let own = gate.ledger.identity().unwrap().clone();
    let due = gate.ledger.renewals_due(now);
    assert_eq!(!due.is_empty(), is_renewed);
    for certificate in due {
        let identity = DeviceIdentity {
            certificate: certificate.sign(&hub(1)),
            via: Some(own.certificate.clone()),
        };
        gate.write_at(Body::Renewed { identity }, now);
    }
    let mut other = Machine::new(hub(9), Role::Hub);
    other.listen(&gate);
    assert_eq!(named(&other, &gate), None, "an honest hub is named");
    assert_eq!(other.digest(), gate.digest());
    assert!(gate.ledger.renewals_due(now).is_empty(), "once");
}

#[test]
fn a_hub_signs_no_certificate_that_its_own_does_not_allow_any_more() {
    let any = || scanner_of_hub(|_| {});
    check(any(), later(|_| {}), true);
    check(any(), later(|c| c.gates = vec![1]), false);
    check(
        scanner_of_hub(|c| c.gates = vec![1]),
        later(|c| c.gates = vec![1, 2]),
        true,
    );
    check(any(), later(|c| c.capabilities.override_refusals = false), true);
    let supervisors = || scanner_of_hub(|c| c.capabilities.override_refusals = true);
    check(supervisors(), later(|_| {}), true);
    check(
        supervisors(),
        later(|c| c.capabilities.override_refusals = false),
        false,
    );
    check(any(), later(|c| c.capabilities.enrol_scanners = false), false);
}
