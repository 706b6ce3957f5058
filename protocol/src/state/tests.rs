//! The fold: what the records say, whatever their order, and the way through a summary and back.

use proptest::prelude::*;
use usher_keys::Role;

use super::*;
use crate::admission::ZoneUse;
use crate::checkpoint::RECENT_MS;
use crate::ident::{Generation, Hlc, Seq, TierId};
use crate::rehearsal::bodies::{Stamped, history};
use crate::rehearsal::{
    self, AVAILABLE, EVENT, HOUR_MS, NORTH, NOW, REENTRY, SOUTH, STRICT, TWICE_A_DAY, authority, hub,
    identity, scanner,
};

const UNIT: Unit = Unit(7);
const ZONE: ZoneId = ZoneId(1);

fn stamp(writer: &usher_keys::SecretKey, ms: u64, seq: u64) -> Stamp {
    Stamp {
        hlc: Hlc {
            ms: NOW.0 + ms,
            count: 0,
        },
        origin: writer.public(),
        seq: Seq(seq),
    }
}

fn passage(scan: u8, tier: u16, gate: GateId) -> Passage {
    Passage {
        scan: ScanId([scan; 16]),
        unit: UNIT,
        generation: Generation(1),
        tier: TierId(tier),
        admits: 1,
        persons: 1,
        gate,
        zone: ZONE,
    }
}

fn state_of(records: &[Stamped]) -> State {
    let mut state = State::new(EVENT);
    for (stamp, body) in records {
        state.apply(*stamp, body.clone());
    }
    state
}

/// The policy, then these records, one after the other and a millisecond apart, by two hubs in turn.
fn after(bodies: impl IntoIterator<Item = Body>) -> State {
    let policy = rehearsal::policy();
    let mut state = state_of(&[(stamp(&authority(), 0, 1), Body::Policy { version: 1, policy })]);
    for (number, body) in bodies.into_iter().enumerate() {
        let number = number as u64 + 1;
        let writer = if body.is_authority() {
            authority()
        } else {
            hub(1 + (number % 2) as u8)
        };
        state.apply(stamp(&writer, number, number + 1), body);
    }
    state
}

fn revoked(generation: u32) -> Body {
    Body::Revoked {
        unit: UNIT,
        generation: Generation(generation),
    }
}

fn reinstated(generation: u32) -> Body {
    Body::Reinstated {
        unit: UNIT,
        generation: Generation(generation),
    }
}

fn superseded(generation: u32) -> Body {
    Body::Superseded {
        unit: UNIT,
        generation: Generation(generation),
    }
}

fn admitted(scan: u8, tier: u16) -> Body {
    Body::Admitted(passage(scan, tier, NORTH))
}

fn exited(scan: u8, tier: u16) -> Body {
    Body::Exited(passage(scan, tier, NORTH))
}

#[track_caller]
fn check_standing(bodies: impl IntoIterator<Item = Body>, newest: u32, is_revoked: bool) {
    let history = after(bodies).history(UNIT, ZONE);
    assert_eq!(
        (history.newest, history.revoked),
        (Generation(newest), is_revoked)
    );
}

#[test]
fn the_last_word_on_the_newest_generation_holds() {
    check_standing([revoked(1)], 1, true);
    check_standing([revoked(1), reinstated(1)], 1, false);
    check_standing([revoked(1), reinstated(1), revoked(1)], 1, true);
    check_standing([revoked(1), superseded(2)], 2, false);
    check_standing([superseded(2), revoked(1)], 2, false);
    check_standing([superseded(2), revoked(2), reinstated(1)], 2, true);
    check_standing([superseded(3), superseded(2)], 3, false);
    check_standing([admitted(1, STRICT)], 1, false);
}

#[track_caller]
fn check_used(bodies: impl IntoIterator<Item = Body>, admitted: u32, exited: u32, inside: i64) {
    let history = after(bodies).history(UNIT, ZONE);
    assert_eq!((history.used.admitted, history.used.exited), (admitted, exited));
    assert_eq!(history.occupancy, inside);
}

#[test]
fn passages_are_summed_up_by_zone() {
    check_used([admitted(1, STRICT)], 1, 0, 1);
    check_used(
        [admitted(1, REENTRY), exited(2, REENTRY), admitted(3, REENTRY)],
        2,
        1,
        1,
    );
    let overridden = Body::Overridden {
        passage: passage(2, STRICT, NORTH),
        by: "Ada".to_owned(),
        why: "knows them".to_owned(),
    };
    check_used([admitted(1, STRICT), overridden], 2, 0, 2);
    let mut elsewhere = passage(2, STRICT, NORTH);
    elsewhere.zone = ZoneId(2);
    check_used([admitted(1, STRICT), Body::Admitted(elsewhere)], 1, 0, 1);
}

#[test]
fn two_records_of_one_scan_are_one_passage() {
    check_used([admitted(1, STRICT), admitted(1, STRICT)], 1, 0, 1);
    check_used([exited(1, REENTRY), exited(1, REENTRY)], 0, 1, -1);
    // The way in and the way out are two, even if a reader drew the same id twice.
    check_used([admitted(1, REENTRY), exited(1, REENTRY)], 1, 1, 0);
}

#[test]
fn the_earlier_record_of_a_scan_stands_for_it_in_either_order() {
    let early = (stamp(&hub(1), 1, 1), Body::Admitted(passage(1, STRICT, NORTH)));
    let late = (
        stamp(&scanner(1), 2, 1),
        Body::Admitted(passage(1, STRICT, SOUTH)),
    );
    for records in [[early.clone(), late.clone()], [late, early]] {
        let state = state_of(&records);
        assert_eq!(state.counts().admitted, BTreeMap::from([(NORTH, 1)]));
        assert_eq!(state.occupancy(ZONE), 1);
        assert_eq!(state.passages(UNIT).count(), 1);
    }
}

#[track_caller]
fn check_incidents(bodies: impl IntoIterator<Item = Body>, doubles: usize) {
    let state = after(bodies);
    assert_eq!(state.incidents().len(), doubles, "{:?}", state.incidents());
}

#[test]
fn each_passage_too_many_is_one_incident() {
    check_incidents([admitted(1, AVAILABLE)], 0);
    check_incidents([admitted(1, AVAILABLE), admitted(2, AVAILABLE)], 1);
    check_incidents(
        [
            admitted(1, AVAILABLE),
            admitted(2, AVAILABLE),
            admitted(3, AVAILABLE),
        ],
        2,
    );
    check_incidents([admitted(1, AVAILABLE), admitted(1, AVAILABLE)], 0);
    check_incidents(
        [admitted(1, REENTRY), exited(2, REENTRY), admitted(3, REENTRY)],
        0,
    );
    check_incidents([admitted(1, REENTRY), admitted(2, REENTRY)], 1);
    check_incidents([admitted(1, TWICE_A_DAY), admitted(2, TWICE_A_DAY)], 0);
    check_incidents((1..5).map(|scan| admitted(scan, TWICE_A_DAY)), 2);
}

#[test]
fn a_group_let_in_larger_than_it_is_is_an_incident_even_alone() {
    let mut group = passage(1, AVAILABLE, NORTH);
    group.persons = 3;
    check_incidents([Body::Admitted(group.clone())], 1);
    group.admits = 3;
    check_incidents([Body::Admitted(group)], 0);
}

#[test]
fn what_a_supervisor_orders_is_no_incident_but_counts() {
    let overridden = |scan| Body::Overridden {
        passage: passage(scan, STRICT, NORTH),
        by: "Ada".to_owned(),
        why: "knows them".to_owned(),
    };
    check_incidents([admitted(1, STRICT), overridden(2)], 0);
    check_incidents([overridden(1), admitted(2, STRICT)], 1);
}

#[test]
fn an_incident_names_the_passage_too_many_and_the_one_before() {
    let state = after([
        admitted(1, AVAILABLE),
        Body::Admitted(passage(2, AVAILABLE, SOUTH)),
    ]);
    let first = Some((NOW.plus_ms(1), NORTH));
    assert_eq!(
        state.incidents(),
        [Incident::DoubleAdmission {
            unit: UNIT,
            generation: Generation(1),
            zone: ZONE,
            second: stamp(&hub(1), 2, 3),
            second_gate: SOUTH,
            first,
        }]
    );
}

#[test]
fn an_origin_with_two_histories_is_one_incident_and_frozen() {
    let origin = hub(2).public();
    let seen = |seq| Body::ForkSeen {
        origin,
        seq: Seq(seq),
        hashes: [[1; 32], [2; 32]],
    };
    let state = after([seen(5), seen(3), seen(5)]);
    assert_eq!(state.incidents(), [Incident::Forked { origin }]);
    assert!(state.is_frozen(&origin) && !state.is_frozen(&hub(1).public()));
}

#[test]
fn refusals_are_counted_by_name() {
    use crate::admission::{Reason, Referral};
    let refused = |why| {
        Body::Refused(crate::record::Refusal {
            scan: ScanId([1; 16]),
            ticket: (UNIT, Generation(1)),
            gate: NORTH,
            why,
        })
    };
    let state = after([
        refused(Refused::Deny(Reason::Revoked)),
        refused(Refused::Deny(Reason::Revoked)),
        refused(Refused::Refer(Referral::NotReady)),
    ]);
    let counted = [("revoked", 2), ("not_ready", 1)].map(|(name, count)| (name.to_owned(), count));
    assert_eq!(state.counts().refused, BTreeMap::from(counted));
}

#[test]
fn a_renewed_certificate_replaces_the_older_one() {
    let older = identity(&hub(1), Role::Hub);
    let mut newer = rehearsal::certificate(&hub(1), Role::Hub);
    newer.name = "Renewed".to_owned();
    let newer = rehearsal::identity_by(&rehearsal::issuing(), newer);
    let records = [
        (
            stamp(&hub(1), 1, 1),
            Body::Opened {
                identity: older.clone(),
            },
        ),
        (
            stamp(&hub(1), 2, 2),
            Body::Opened {
                identity: newer.clone(),
            },
        ),
        (
            stamp(&authority(), 0, 1),
            Body::DeviceEnrolled { identity: older },
        ),
    ];
    assert_eq!(state_of(&records).device(&hub(1).public()), Some(&newer));
}

#[test]
fn the_last_entry_is_told_with_time_and_gate() {
    let state = after([
        admitted(1, REENTRY),
        Body::Exited(passage(2, REENTRY, SOUTH)),
        Body::Admitted(passage(3, REENTRY, SOUTH)),
        Body::Exited(passage(4, REENTRY, NORTH)),
    ]);
    assert_eq!(state.history(UNIT, ZONE).last, Some((NOW.plus_ms(3), SOUTH)));
}

#[test]
fn entries_are_counted_on_the_last_day_there_were_any() {
    let policy = rehearsal::policy();
    let today = policy.day(NOW);
    let day = 24 * HOUR_MS;
    let records = [
        (stamp(&authority(), 0, 1), Body::Policy { version: 1, policy }),
        (stamp(&hub(1), day, 1), admitted(1, TWICE_A_DAY)),
        (stamp(&hub(1), day + 1, 2), admitted(2, TWICE_A_DAY)),
        (stamp(&hub(2), 1, 1), admitted(3, TWICE_A_DAY)),
    ];
    let expected = ZoneUse {
        admitted: 3,
        exited: 0,
        day: today + 1,
        admitted_that_day: 2,
    };
    assert_eq!(state_of(&records).history(UNIT, ZONE).used, expected);
}

/// Gives each passage a scan id of its own, so that none is the twin of another.
fn with_own_scans(mut records: Vec<Stamped>) -> Vec<Stamped> {
    for (number, (_, body)) in records.iter_mut().enumerate() {
        if let Body::Admitted(passage) | Body::Exited(passage) | Body::Overridden { passage, .. } = body {
            passage.scan = ScanId([u8::try_from(number).unwrap(); 16]);
        }
    }
    records
}

fn everything_is_recent() -> Option<Hlc> {
    Some(Hlc::default())
}

proptest! {
    #[test]
    fn the_order_of_records_does_not_matter(
        (records, shuffled) in history(40).prop_flat_map(|records| (Just(records.clone()), Just(records).prop_shuffle())),
    ) {
        let (one, other) = (state_of(&records), state_of(&shuffled));
        prop_assert_eq!(one.digest(), other.digest());
        prop_assert_eq!(one.incidents(), other.incidents());
        prop_assert_eq!(one.counts(), other.counts());
    }

    #[test]
    fn a_summary_gives_its_state_back(records in history(40), hours in prop::option::of(0_u64..80)) {
        let state = state_of(&records);
        let recent_from = hours.map(|hours| stamp(&authority(), hours * HOUR_MS, 0).hlc);
        let again = Summary::of(&state, recent_from).into_state(EVENT);
        prop_assert_eq!(again.digest(), state.digest());
        for unit in (0..4).map(Unit) {
            let (one, other) = (state.history(unit, ZONE), again.history(unit, ZONE));
            prop_assert_eq!((one.used, one.revoked, one.occupancy), (other.used, other.revoked, other.occupancy));
        }
    }

    #[test]
    fn a_state_continued_from_a_summary_is_the_state_of_all_records(records in history(40), cut: prop::sample::Index) {
        let cut = cut.index(records.len() + 1);
        let summary = Summary::of(&state_of(&records[..cut]), everything_is_recent());
        let mut continued = summary.into_state(EVENT);
        for (stamp, body) in &records[cut..] {
            continued.apply(*stamp, body.clone());
        }
        prop_assert_eq!(continued.digest(), state_of(&records).digest());
        prop_assert_eq!(continued.incidents(), state_of(&records).incidents());
    }

    #[test]
    fn so_it_is_when_details_were_left_out(
        records in history(40).prop_map(with_own_scans), cut: prop::sample::Index, hours in 0_u64..80,
    ) {
        let cut = cut.index(records.len() + 1);
        let recent_from = Some(stamp(&authority(), hours * HOUR_MS, 0).hlc);
        let summary = Summary::of(&with_one_policy(&records[..cut]), recent_from);
        let mut continued = summary.into_state(EVENT);
        for (stamp, body) in records[cut..].iter().filter(|(_, body)| !matches!(body, Body::Policy { .. })) {
            continued.apply(*stamp, body.clone());
        }
        prop_assert_eq!(continued.digest(), with_one_policy(&records).digest());
    }
}

/// Days are counted by the policy in force: these records all live under one, known from the start.
fn with_one_policy(records: &[Stamped]) -> State {
    let policy = rehearsal::policy();
    let mut state = state_of(&[(stamp(&authority(), 0, 0), Body::Policy { version: 1, policy })]);
    for (stamp, body) in records
        .iter()
        .filter(|(_, body)| !matches!(body, Body::Policy { .. }))
    {
        state.apply(*stamp, body.clone());
    }
    state
}

#[test]
fn a_twin_that_comes_late_is_still_known_while_its_passage_is_recent() {
    let first = (stamp(&hub(1), RECENT_MS, 1), admitted(1, STRICT));
    let twin = (stamp(&scanner(1), RECENT_MS + 1, 1), admitted(1, STRICT));
    let recent_from = Some(stamp(&hub(1), 1, 0).hlc);
    let mut continued = Summary::of(&state_of(&[first]), recent_from).into_state(EVENT);
    continued.apply(twin.0, twin.1);
    assert_eq!(continued.occupancy(ZONE), 1);
    assert_eq!(continued.incidents(), []);
}
