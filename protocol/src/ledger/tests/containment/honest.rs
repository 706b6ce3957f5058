//! What a device that lies, or a clock that is wrong, can do to honest devices: name them, silence them, or make them write without end.

use usher_keys::{Certificate, DeviceIdentity, SecretKey, Timestamp, Window};

use super::*;
use crate::admission::Referral;
use crate::ident::ZoneId;
use crate::log::RunError;
use crate::rehearsal::{
    AVAILABLE, HOUR_MS, NOW, SEASON, SOUTH, STRICT, capable, certificate, enrolled_by, identity, identity_by,
    issuing, new_issuing, scanner, succeeded,
};

const DAY_MS: u64 = 24 * HOUR_MS;
/// What the log of one device may hold of them.
const MOST_RENEWED: u16 = 1_024;
const MOST_ADOPTIONS: u16 = 4_096;

fn lasting(from: u64, until: u64) -> DeviceIdentity {
    let mut certificate = certificate(&scanner(1), Role::Scanner);
    certificate.window = Window {
        from: Timestamp(from),
        until: Timestamp(until),
    };
    identity_by(&issuing(), certificate)
}

#[test]
fn an_honest_device_outside_its_time_is_named_for_nothing() {
    let cloud = Machine::cloud(&[1]);
    for (what, identity, clock) in [
        ("its time is over", lasting(0, NOW.0), NOW.0 + DAY_MS),
        ("its clock was set back", lasting(NOW.0, NOW.0 + HOUR_MS), 0),
    ] {
        let mut device = Machine::opened(scanner(1), identity, &cloud);
        // What it has heard of others is not older than its clock: only its own log is.
        let mut alone = Machine::with_identity(scanner(1), device.identity.clone());
        alone.write_at(
            Body::Opened {
                identity: device.identity.clone(),
            },
            Timestamp(clock),
        );
        for (scan, tier) in [(1, AVAILABLE), (2, STRICT)] {
            let scan = asked(scan, ticket(1, tier));
            alone.judge_at(&scan, JudgingAs::CutOff, Timestamp(clock));
            device.judge_at(&scan, JudgingAs::CutOff, Timestamp(clock));
        }
        for writer in [&alone, &device] {
            let mut replica = witness();
            replica.listen(&cloud);
            replica.listen(writer);
            assert_eq!(named(&replica, writer), None, "{what}");
        }
    }
}

#[test]
fn a_hub_whose_time_is_over_renews_nobody() {
    let cloud = Machine::cloud(&[2]);
    let mut enroller = Machine::opened(hub(2), capable(&hub(2), Role::Hub), &cloud);
    let mut ending = certificate(&scanner(1), Role::Scanner);
    ending.window.until = NOW.plus_ms(HOUR_MS);
    let device = Machine::opened(scanner(1), enrolled_by(&hub(2), ending), &cloud);
    enroller.hear(&device);
    assert_eq!(enroller.ledger.renewals_due(NOW).len(), 1);
    let over = SEASON.until.plus_ms(2 * DAY_MS);
    assert_eq!(enroller.ledger.renewals_due(over), []);
    let before = Timestamp(SEASON.from.0 - 1);
    assert_eq!(enroller.ledger.renewals_due(before), []);
    // Nor does one that was never given the right, though the scanner says that it came from it.
    let mut plain = Machine::opened(hub(2), identity(&hub(2), Role::Hub), &cloud);
    plain.hear(&device);
    assert_eq!(plain.ledger.renewals_due(NOW), []);
}

#[test]
fn a_hub_renews_a_scanner_a_day_before_its_end_and_once_and_never_one_that_is_revoked() {
    let mut cloud = Machine::cloud(&[2]);
    let mut enroller = Machine::opened(hub(2), capable(&hub(2), Role::Hub), &cloud);
    let ends = NOW.plus_ms(2 * DAY_MS);
    let mut ending = certificate(&scanner(1), Role::Scanner);
    ending.window.until = ends;
    let device = Machine::opened(scanner(1), enrolled_by(&hub(2), ending), &cloud);
    enroller.hear(&device);
    let before = |end: Timestamp, ms: u64| Timestamp(end.0 - ms);
    assert_eq!(enroller.ledger.renewals_due(before(ends, DAY_MS + 1)), []);
    let due = enroller.ledger.renewals_due(before(ends, DAY_MS));
    let [renewed] = due.as_slice() else {
        panic!("{due:?}")
    };
    assert_eq!(renewed.window.until, SEASON.until);
    enroller.write(Body::Renewed {
        identity: enrolled_by(&hub(2), renewed.clone()),
    });
    let last = before(SEASON.until, 1);
    assert_eq!(
        enroller.ledger.renewals_due(last),
        [],
        "it lasts as long as its hub"
    );

    let mut other = Machine::opened(hub(2), capable(&hub(2), Role::Hub), &cloud);
    cloud.write(revoked(&device, 99));
    other.hear(&device);
    other.hear(&cloud);
    assert_eq!(
        other.ledger.renewals_due(before(ends, DAY_MS)),
        [],
        "it is revoked"
    );
}

fn longer_by(ms: u64) -> Certificate {
    let mut certificate = certificate(&scanner(1), Role::Scanner);
    certificate.window.until = SEASON.until.plus_ms(ms);
    certificate
}

#[test]
fn a_scanner_that_its_hub_renews_without_end_is_not_named_and_keeps_room_for_the_authoritys_word() {
    let mut cloud = Machine::cloud(&[1]);
    let own = enrolled_by(&hub(2), certificate(&scanner(1), Role::Scanner));
    let mut device = Machine::opened(scanner(1), own, &cloud);
    let mut enroller = Machine::opened(hub(2), capable(&hub(2), Role::Hub), &cloud);
    for ms in 1..100 {
        enroller.write(Body::Renewed {
            identity: enrolled_by(&hub(2), longer_by(ms)),
        });
        device.hear(&enroller);
    }
    let before = device.ledger.tail(&device.me()).seq;
    device.write_due_records();
    device.write_due_records();
    assert_eq!(
        device.ledger.tail(&device.me()).seq,
        before,
        "nothing more to say"
    );
    let identity = identity_by(&issuing(), longer_by(1_000));
    cloud.write(Body::DeviceEnrolled {
        identity: identity.clone(),
    });
    device.hear(&cloud);
    assert_eq!(device.ledger.identity(), Some(&identity));
    let mut replica = witness();
    replica.listen(&cloud);
    replica.listen(&device);
    assert_eq!(named(&replica, &device), None);
    assert_eq!(replica.ledger.state().opened_with(&device.me()), Some(&identity));
}

#[test]
fn a_narrower_word_on_a_device_comes_to_the_same_in_whatever_order() {
    let of_hub = || enrolled_by(&hub(2), certificate(&scanner(1), Role::Scanner));
    let of_struck = || identity_by(&new_issuing(), certificate(&scanner(1), Role::Scanner));
    let narrow = || {
        let mut narrow = certificate(&scanner(1), Role::Scanner);
        narrow.gates = vec![SOUTH.0];
        identity_by(&issuing(), narrow)
    };
    for identity in [of_hub(), of_struck()] {
        let mut cloud = Machine::cloud(&[1]);
        cloud.renew_trust(succeeded(2, &[], &[&new_issuing()]));
        let mut device = Machine::with_identity(scanner(1), identity.clone());
        device.renew_trust(succeeded(2, &[], &[]));
        device.write_due_records();
        device.write(Body::Admitted(shown(1, ticket(1, AVAILABLE), NORTH)));
        cloud.write(Body::DeviceRevoked {
            device: hub(2).public(),
            after: Seq(0),
        });
        cloud.write(Body::DeviceEnrolled { identity });
        let mut step_by_step = Machine::hub(3, &cloud);
        step_by_step.renew_trust(succeeded(2, &[], &[&new_issuing()]));
        step_by_step.listen(&cloud);
        step_by_step.listen(&device);
        assert_eq!(used(&step_by_step, 3), [1]);
        cloud.write(Body::DeviceEnrolled { identity: narrow() });
        step_by_step.listen(&cloud);
        let heard = used(&step_by_step, 3);
        assert_eq!(heard, [0_u32; 0], "wider than what the authority vouches for");
        let occupancy = step_by_step.ledger.state().occupancy(ZoneId(1));
        step_by_step.restart();
        assert_eq!(heard, used(&step_by_step, 3), "after a restart");
        let again = step_by_step.ledger.state().occupancy(ZoneId(1));
        assert_eq!(occupancy, again, "after a restart");
    }
}

#[test]
fn a_device_behind_a_past_that_turns_out_to_be_another_history_goes_on_once_a_person_has_settled_it() {
    let mut cloud = Machine::cloud(&[1]);
    let (mut one, mut copy) = (Machine::hub(1, &cloud), Machine::hub(1, &cloud));
    check_admits(&mut one, 1, ticket(1, STRICT));
    for scan in 2..9 {
        check_admits(&mut copy, scan, ticket(u32::from(scan), STRICT));
    }
    // A replica that was cut off comes back with the copy's history: its head looks like our own past.
    let head = copy
        .ledger
        .heads()
        .into_iter()
        .find(|head| head.origin == copy.me());
    one.ledger.hear_own_past(&head.unwrap());
    let behind = Verdict::Refer(Referral::OwnLogBehind);
    assert_eq!(one.judge(&asked(20, ticket(20, STRICT)), JudgingAs::Home), behind);
    let met = one.hear_log_from(&copy, Seq(2));
    let Err(RunError::Forked(Some(proof))) = met else {
        panic!("two histories, with the proof");
    };
    one.report_fork((*proof).clone());
    let mut other = Machine::hub(2, &cloud);
    other.report_fork(*proof);
    one.listen(&other);
    let forked = Verdict::Refer(Referral::OwnLogForked);
    assert_eq!(one.judge(&asked(21, ticket(20, STRICT)), JudgingAs::Home), forked);
    cloud.write(Body::ForkSettled {
        origin: one.me(),
        tail: one.ledger.tail(&one.me()),
    });
    one.listen(&cloud);
    check_admits(&mut one, 22, ticket(20, STRICT));
}

#[test]
fn a_hub_whose_renewals_would_not_count_signs_none_and_does_not_try_again_and_again() {
    let ending = |scanner: &SecretKey| {
        let mut ending = certificate(scanner, Role::Scanner);
        ending.window.until = NOW.plus_ms(HOUR_MS);
        enrolled_by(&hub(2), ending)
    };
    let mut cloud = Machine::cloud(&[2]);
    let device = Machine::opened(scanner(1), ending(&scanner(1)), &cloud);
    let enroller = |cloud| {
        let mut enroller = Machine::opened(hub(2), capable(&hub(2), Role::Hub), cloud);
        enroller.hear(&device);
        assert_eq!(enroller.ledger.renewals_due(NOW).len(), 1);
        enroller
    };
    let mut worn = enroller(&cloud);
    for number in 0..MOST_RENEWED {
        let mut seed = [0x55; 32];
        seed[..2].copy_from_slice(&number.to_le_bytes());
        let identity = ending(&SecretKey::from_seed(&seed));
        worn.write(Body::Renewed { identity });
    }
    assert_eq!(worn.ledger.renewals_due(NOW), [], "one log may hold no more");

    // Its clock was once beyond the end of its certificate, and its log goes on from there.
    let mut ahead = enroller(&cloud);
    let identity = ahead.identity.clone();
    ahead.write_at(Body::Opened { identity }, SEASON.until.plus_ms(3 * DAY_MS));
    assert_eq!(ahead.ledger.renewals_due(NOW), [], "its log is out of its time");

    let mut cut = enroller(&cloud);
    cloud.write(revoked(&cut, 1));
    cut.hear(&cloud);
    assert_eq!(cut.ledger.renewals_due(NOW), [], "its log counts no further");
}

#[test]
fn a_hub_that_changed_its_mind_too_often_adopts_no_roster_more() {
    let cloud = Machine::cloud(&[2]);
    let mut worn = Machine::with_identity(hub(2), capable(&hub(2), Role::Hub));
    worn.write_due_records();
    let adopted = Body::RosterAdopted {
        epoch: 9,
        roster: [9; 32],
    };
    for _ in 0..MOST_ADOPTIONS {
        worn.write(adopted.clone());
    }
    worn.listen(&cloud);
    assert_eq!(worn.ledger.state().rosters().decided_by(&worn.me()), None);
    assert!(worn.ledger.write_due_records(NOW).is_empty());
    assert_eq!(named(&worn, &worn), None);
}
