//! Words that this build does not understand: those of the authority in force stop strict tiers, all others nobody.

use super::authorities::{both, everything, published, two_authorities};
use super::*;
use crate::admission::Referral;
use crate::ident::{Hlc, Origin};
use crate::rehearsal::{AVAILABLE, NOW, STRICT};

/// Record bytes of a kind that nobody knows yet.
fn of_a_later_version(critical: bool) -> Vec<u8> {
    let hlc = Hlc { ms: NOW.0, count: 99 };
    let mut bytes = usher_keys::codec::encode(&(hlc, critical, 200_u32));
    bytes.extend_from_slice(b"revoked in a new way");
    bytes
}

#[track_caller]
fn check_later(writer: &Machine, critical: bool, strict: Verdict) {
    check_foreign(writer, of_a_later_version(critical), strict);
}

/// What bytes that we do not understand do to a hub, in somebody's log.
#[track_caller]
fn check_foreign(writer: &Machine, bytes: Vec<u8>, strict: Verdict) {
    let cloud = Machine::cloud(&[1]);
    let mut gate = Machine::hub(1, &cloud);
    if writer.me() != cloud.me() {
        gate.hear(writer);
    }
    gate.take(&writer.run_of(bytes)).unwrap();
    assert_eq!(gate.judge(&asked(1, ticket(1, STRICT)), JudgingAs::Home), strict);
    check_admits(&mut gate, 2, ticket(2, AVAILABLE));
    gate.restart();
    assert_eq!(gate.judge(&asked(3, ticket(3, STRICT)), JudgingAs::Home), strict);
    let mut other = Machine::hub(2, &gate);
    other.hear(&gate);
    let relayed: Origin = writer.me();
    assert_eq!(other.ledger.tail(&relayed), gate.ledger.tail(&relayed));
}

#[test]
fn a_critical_word_of_the_authority_that_is_not_understood_stops_strict_tiers() {
    let cloud = || Machine::cloud(&[1]);
    let update = Verdict::Refer(Referral::UpdateNeeded);
    check_later(&cloud(), true, update);
    check_later(&cloud(), false, ADMIT);
    check_later(&Machine::scanner(1, &cloud()), true, ADMIT);
    check_later(&Machine::hub(2, &cloud()), true, ADMIT);
}

#[test]
fn a_known_word_of_the_authority_with_something_new_in_it_stops_strict_tiers_too() {
    let cloud = || Machine::cloud(&[1]);
    let hlc = Hlc { ms: NOW.0, count: 99 };
    let mut policy = crate::record::Record::new(hlc, published()).to_bytes();
    // The last byte tells how a tier behaves offline: here in a way that only a later version knows.
    *policy.last_mut().unwrap() = 9;
    let update = Verdict::Refer(Referral::UpdateNeeded);
    check_foreign(&cloud(), policy.clone(), update);
    check_foreign(&Machine::hub(2, &cloud()), policy, ADMIT);
}

#[test]
fn what_is_not_understood_of_an_authority_that_does_not_count_stops_nobody() {
    let mut said = everything();
    said.push(Body::Restated);
    let (first, next) = two_authorities(said);
    let mut gate = Machine::hub(1, &first);
    gate.renew_trust(both());
    gate.take(&first.run_of(of_a_later_version(true))).unwrap();
    let update = Verdict::Refer(Referral::UpdateNeeded);
    assert_eq!(gate.judge(&asked(1, ticket(7, STRICT)), JudgingAs::Home), update);
    gate.hear(&next);
    check_admits(&mut gate, 2, ticket(7, STRICT));
}

#[test]
fn a_checkpoint_does_not_hide_what_was_not_understood() {
    let mut cloud = Machine::cloud(&[1]);
    let run = cloud.run_of(of_a_later_version(true));
    cloud.take(&run).unwrap();
    cloud.make_checkpoint(NOW);
    let mut gate = Machine::new(hub(1), Role::Hub);
    gate.write_due_records();
    gate.take_checkpoint(cloud.checkpoint.as_ref().unwrap());
    gate.write_due_records();
    let update = Verdict::Refer(Referral::UpdateNeeded);
    assert_eq!(gate.judge(&asked(1, ticket(7, STRICT)), JudgingAs::Home), update);
}
