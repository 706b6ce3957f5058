//! Words that this build does not understand: those of the authority in force stop strict tiers, all others nobody.

use super::authorities::{both, everything, published, two_authorities};
use super::*;
use crate::admission::Referral;
use crate::ident::{Hlc, Origin};
use crate::ledger::ruling::restatement;
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

/// A hub that begins at the checkpoint of a cloud.
fn begun_at_checkpoint_of(cloud: &mut Machine) -> Machine {
    cloud.make_checkpoint(NOW);
    let mut gate = Machine::new(hub(1), Role::Hub);
    gate.write_due_records();
    gate.take_checkpoint(cloud.checkpoint.as_ref().unwrap());
    gate.write_due_records();
    gate
}

#[test]
fn a_checkpoint_does_not_hide_what_was_not_understood() {
    for critical in [true, false] {
        let mut cloud = Machine::cloud(&[1]);
        let run = cloud.run_of(of_a_later_version(critical));
        cloud.take(&run).unwrap();
        let mut gate = begun_at_checkpoint_of(&mut cloud);
        // Whoever can read it is to read it, after an update too: the log itself comes, whole.
        assert_eq!(gate.ledger.tail(&cloud.me()).seq, Seq(0));
        assert_eq!(gate.ledger.state().policy(), None);
        gate.hear(&cloud);
        assert_eq!(gate.ledger.state().is_beyond_us(), critical);
        assert_eq!(
            Machine::hub(2, &gate).ledger.tail(&cloud.me()),
            gate.ledger.tail(&cloud.me())
        );
    }
}

#[test]
fn a_checkpoint_covers_no_log_of_which_something_was_not_understood() {
    let mut cloud = Machine::cloud(&[1, 2]);
    let (mut later, mut plain) = (Machine::hub(2, &cloud), Machine::hub(3, &cloud));
    later.write(Body::Admitted(shown(1, ticket(1, STRICT), NORTH)));
    plain.write(Body::Admitted(shown(2, ticket(2, STRICT), NORTH)));
    let run = later.run_of(of_a_later_version(false));
    later.take(&run).unwrap();
    cloud.hear(&later);
    cloud.hear(&plain);
    let mut gate = begun_at_checkpoint_of(&mut cloud);
    let seq = |gate: &Machine, of: &Machine| gate.ledger.tail(&of.me()).seq;
    assert_eq!(seq(&gate, &later), Seq(0));
    assert_eq!(seq(&gate, &plain), seq(&cloud, &plain));
    assert_eq!(used(&gate, 5), [2]);
    gate.listen(&cloud);
    assert_eq!(used(&gate, 5), [1, 2]);
    cloud.listen(&gate);
    assert_eq!(gate.digest(), cloud.digest());
}

/// A unit whose home was hub 1 until hub 2 took it over, the cloud, both hubs as they are then; hub 1 has written these bytes before
/// it stepped back.
fn handed_over(bytes: Vec<u8>) -> (u32, Machine) {
    let mut cloud = Machine::cloud(&[1]);
    let mut former = Machine::hub(1, &cloud);
    former.take(&former.run_of(bytes)).unwrap();
    cloud.publish_roster(2, &[2]);
    former.hear(&cloud);
    let mut next = Machine::hub(2, &cloud);
    next.hear(&former);
    (7, next)
}

#[test]
fn a_home_lets_nobody_in_whom_a_later_program_may_have_let_in_before() {
    let unsettled = Verdict::Refer(Referral::HomeUnsettled {
        former: hub(1).public(),
    });
    for (critical, verdict) in [(true, unsettled), (false, ADMIT)] {
        let (unit, mut next) = handed_over(of_a_later_version(critical));
        let judged = next.judge(&asked(1, ticket(unit, STRICT)), JudgingAs::Home);
        assert_eq!(judged, verdict, "critical: {critical}");
        check_admits(&mut next, 2, ticket(unit + 1, AVAILABLE));
        next.restart();
        let judged = next.judge(&asked(3, ticket(unit + 2, STRICT)), JudgingAs::Home);
        assert_eq!(judged, verdict, "critical: {critical}");
    }
}

#[test]
fn nor_whom_its_own_program_may_have_let_in_before_it_was_put_back_to_an_older_one() {
    for (critical, verdict) in [(true, Verdict::Refer(Referral::NotReady)), (false, ADMIT)] {
        let mut gate = Machine::hub(1, &Machine::cloud(&[1]));
        gate.take(&gate.run_of(of_a_later_version(critical))).unwrap();
        let judged = gate.judge(&asked(1, ticket(7, STRICT)), JudgingAs::Home);
        assert_eq!(judged, verdict, "critical: {critical}");
    }
}

#[test]
fn nobody_says_an_authoritys_word_anew_who_does_not_understand_all_of_it() {
    let mut cloud = Machine::cloud(&[1]);
    assert!(restatement(cloud.ledger.state(), Vec::new()).is_some());
    let run = cloud.run_of(of_a_later_version(true));
    cloud.take(&run).unwrap();
    assert_eq!(restatement(cloud.ledger.state(), Vec::new()), None);
}
