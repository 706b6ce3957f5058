//! The fold: what the records say, whatever their order, and the way through a summary and back.

use proptest::prelude::*;
use usher_keys::Role;

use super::*;
use crate::admission::{LevelUse, Refused};
use crate::ident::{GateId, Generation, Hlc, ScanId, Unit, ZoneId};
use crate::record::Counterpart;
use crate::rehearsal::bodies::{Stamped, history, two_orders};
use crate::rehearsal::{
    self, AVAILABLE, HOUR_MS, NORTH, NOW, REENTRY, SOUTH, STAIRS, STRICT, TWICE_A_DAY, authority, capable,
    hub, identity, shared_trust, shown, ticket,
};
use crate::ticket::Ticket;

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

fn passage(scan: u8, tier: u16, gate: GateId) -> ShownPassage {
    shown(scan, ticket(UNIT.0, tier), gate)
}

/// The state after these records, all of whose signatures are verified.
fn state_of(records: &[Stamped]) -> State {
    let mut state = State::new(shared_trust(1));
    for (stamp, body) in records {
        state.apply(*stamp, body.clone(), Worth::UnknownKey);
    }
    state
}

/// The openings of two hubs with every capability.
fn two_hubs() -> [Stamped; 2] {
    [1, 2].map(|number| {
        let identity = capable(&hub(number), Role::Hub);
        (stamp(&hub(number), 0, 1), Body::Opened { identity })
    })
}

/// The policy, then these records, one after the other and a millisecond apart, by two hubs in turn.
fn after(bodies: impl IntoIterator<Item = Body>) -> State {
    let policy = rehearsal::policy();
    let mut state = state_of(&two_hubs());
    state.apply(
        stamp(&authority(), 0, 1),
        Body::Policy { version: 1, policy },
        Worth::UnknownKey,
    );
    for (number, body) in bodies.into_iter().enumerate() {
        let number = number as u64 + 1;
        let writer = if body.is_authority() {
            authority()
        } else {
            hub(1 + (number % 2) as u8)
        };
        state.apply(stamp(&writer, number, number + 1), body, Worth::UnknownKey);
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

/// One person leaves who came in by that scan; by scan 0, nobody knows when.
fn exited(scan: u8, tier: u16, entry: u8) -> Body {
    Body::Exited(naming(passage(scan, tier, NORTH), entry))
}

/// One person comes in again who came in by that scan before.
fn again(scan: u8, tier: u16, entry: u8) -> Body {
    Body::Admitted(naming(passage(scan, tier, NORTH), entry))
}

fn naming(mut passage: ShownPassage, entry: u8) -> ShownPassage {
    let counterpart = Counterpart {
        scan: ScanId([entry; 16]),
        persons: 1,
    };
    passage.counterparts.extend((entry > 0).then_some(counterpart));
    passage
}

/// The home's word on an exit.
fn matched(exit: u8, entry: u8) -> Body {
    Body::ExitMatched {
        unit: UNIT,
        exit: ScanId([exit; 16]),
        closes: naming(passage(exit, REENTRY, NORTH), entry).counterparts,
    }
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
    check_standing([admitted(1, STRICT)], 0, false);
}

#[track_caller]
fn check_used(bodies: impl IntoIterator<Item = Body>, admitted: u32, exited: u32, inside: i64) {
    let history = after(bodies).history(UNIT, ZONE);
    let used = (history.used.admitted, history.used.admitted - history.used.inside);
    assert_eq!(used, (admitted, exited));
    assert_eq!(history.occupancy, inside);
}

#[test]
fn passages_are_summed_up_by_zone() {
    check_used([admitted(1, STRICT)], 1, 0, 1);
    check_used(
        [admitted(1, REENTRY), exited(2, REENTRY, 1), again(3, REENTRY, 1)],
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
    check_used(
        [admitted(3, REENTRY), exited(1, REENTRY, 3), exited(1, REENTRY, 3)],
        1,
        1,
        0,
    );
    // The way in and the way out are two, even if a reader drew the same id twice.
    check_used([admitted(1, REENTRY), exited(1, REENTRY, 1)], 1, 1, 0);
}

#[test]
fn whoever_was_not_inside_cannot_leave() {
    check_used([exited(1, REENTRY, 0)], 0, 0, 0);
    check_used([exited(1, REENTRY, 0), admitted(2, REENTRY)], 1, 0, 1);
    check_used([exited(1, REENTRY, 7), admitted(2, REENTRY)], 1, 0, 1);
    check_used(
        [admitted(1, REENTRY), exited(2, REENTRY, 1), exited(3, REENTRY, 1)],
        1,
        1,
        0,
    );
    // More people than the ticket names never pass at once.
    let mut crowd = passage(2, REENTRY, NORTH);
    crowd.persons = 200;
    check_used([admitted(1, REENTRY), Body::Exited(naming(crowd, 1))], 1, 0, 1);
}

#[test]
fn an_exit_closes_the_entry_it_names_whichever_came_first_by_the_clocks() {
    check_used([exited(2, REENTRY, 1), admitted(1, REENTRY)], 1, 1, 0);
    check_used(
        [exited(2, REENTRY, 1), again(3, REENTRY, 1), admitted(1, REENTRY)],
        2,
        1,
        1,
    );
    check_incidents(
        [exited(2, REENTRY, 1), again(3, REENTRY, 1), admitted(1, REENTRY)],
        0,
    );
}

#[test]
fn an_exit_that_names_no_entry_gives_a_place_back_once_the_home_has_matched_it() {
    check_used([admitted(1, REENTRY), exited(2, REENTRY, 0)], 1, 0, 1);
    check_used(
        [admitted(1, REENTRY), exited(2, REENTRY, 0), matched(2, 1)],
        1,
        1,
        0,
    );
    check_used(
        [matched(2, 1), exited(2, REENTRY, 0), admitted(1, REENTRY)],
        1,
        1,
        0,
    );
    // Two exits of one entry are one.
    check_used(
        [
            admitted(1, REENTRY),
            exited(2, REENTRY, 1),
            exited(3, REENTRY, 0),
            matched(3, 1),
        ],
        1,
        1,
        0,
    );
}

#[test]
fn more_exits_than_entries_are_incidents() {
    check_incidents(
        [admitted(1, REENTRY), exited(2, REENTRY, 1), exited(3, REENTRY, 1)],
        1,
    );
    check_incidents([exited(2, REENTRY, 0)], 1);
    check_incidents([exited(2, REENTRY, 0), admitted(1, REENTRY), matched(2, 1)], 0);
}

#[test]
fn siblings_exclude_each_other_and_a_zone_inside_another_does_not() {
    let inner = || Body::Admitted(passage(2, STRICT, STAIRS));
    check_used([admitted(1, STRICT), inner()], 1, 0, 1);
    check_incidents([admitted(1, STRICT), inner()], 0);
    let mut beside = passage(2, STRICT, NORTH);
    beside.zone = ZoneId(3);
    check_used([admitted(1, STRICT), Body::Admitted(beside.clone())], 2, 0, 1);
    check_incidents([admitted(1, STRICT), Body::Admitted(beside)], 1);
}

#[test]
fn whoever_leaves_a_zone_leaves_those_inside_it() {
    let inner = Body::Admitted(passage(2, REENTRY, STAIRS));
    let mut out = naming(naming(passage(3, REENTRY, NORTH), 1), 2);
    let state = after([admitted(1, REENTRY), inner.clone(), Body::Exited(out.clone())]);
    assert_eq!((state.occupancy(ZONE), state.occupancy(ZoneId(2))), (0, 0));
    // But not the other way round.
    out.gate = STAIRS;
    out.zone = ZoneId(2);
    let state = after([admitted(1, REENTRY), inner, Body::Exited(out)]);
    assert_eq!((state.occupancy(ZONE), state.occupancy(ZoneId(2))), (1, 0));
}

/// The state after the openings of two hubs and these two records, in either order.
fn in_either_order(one: Stamped, other: Stamped) -> [State; 2] {
    [[one.clone(), other.clone()], [other, one]].map(|records| {
        let opened = two_hubs().into_iter();
        state_of(&opened.chain(records).collect::<Vec<_>>())
    })
}

#[test]
fn two_records_of_one_scan_count_once_in_either_order() {
    let early = (stamp(&hub(1), 1, 2), admitted(1, STRICT));
    let late = (stamp(&hub(2), 2, 2), admitted(1, STRICT));
    for state in in_either_order(early, late) {
        assert_eq!(state.counts().admitted, BTreeMap::from([(NORTH, 1)]));
        assert_eq!(state.occupancy(ZONE), 1);
    }
}

#[test]
fn a_record_that_says_anything_else_of_a_scan_is_a_passage_of_its_own() {
    let early = (stamp(&hub(1), 1, 2), Body::Admitted(passage(1, STRICT, NORTH)));
    let late = (stamp(&hub(2), 2, 2), Body::Admitted(passage(1, STRICT, SOUTH)));
    for state in in_either_order(early, late) {
        assert_eq!(state.counts().admitted, BTreeMap::from([(NORTH, 1), (SOUTH, 1)]));
        assert_eq!(state.occupancy(ZONE), 2);
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
        [admitted(1, REENTRY), exited(2, REENTRY, 1), again(3, REENTRY, 1)],
        0,
    );
    check_incidents([admitted(1, REENTRY), admitted(2, REENTRY)], 1);
    // Two who followed the same one who left, and one who followed nobody.
    check_incidents(
        [
            admitted(1, REENTRY),
            exited(2, REENTRY, 1),
            again(3, REENTRY, 1),
            again(4, REENTRY, 1),
        ],
        1,
    );
    check_incidents(
        [admitted(1, REENTRY), exited(2, REENTRY, 1), admitted(3, REENTRY)],
        1,
    );
    check_incidents([admitted(1, TWICE_A_DAY), admitted(2, TWICE_A_DAY)], 0);
    check_incidents((1..5).map(|scan| admitted(scan, TWICE_A_DAY)), 2);
}

#[test]
fn a_group_let_in_larger_than_it_is_is_an_incident_even_alone() {
    let group_of = |admits| {
        let mut ticket = ticket(UNIT.0, AVAILABLE);
        ticket.admits = admits;
        let mut group = shown(1, ticket, NORTH);
        group.persons = 3;
        Body::Admitted(group)
    };
    check_incidents([group_of(1)], 1);
    check_incidents([group_of(3)], 0);
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
    let first = Some((NOW, NORTH));
    assert_eq!(
        state.incidents(),
        [Incident::DoubleAdmission {
            unit: UNIT,
            generation: Generation(1),
            zone: ZONE,
            second: stamp(&hub(1), 2, 3),
            second_gate: SOUTH,
            second_at: NOW,
            first,
        }]
    );
}

#[test]
fn an_origin_with_two_histories_is_one_incident_and_frozen() {
    let origin = hub(2).public();
    let seen = |seq| Body::ForkSeen(Box::new(rehearsal::fork(&hub(2), seq, [[1; 32], [2; 32]])));
    let state = after([seen(5), seen(3), seen(5)]);
    assert_eq!(state.incidents(), [Incident::Forked { origin }]);
    assert!(state.is_frozen(&origin) && !state.is_frozen(&hub(1).public()));
}

#[test]
fn refusals_are_counted_by_kind() {
    use crate::admission::{Reason, Referral, RefusalKind};
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
    let counted = [(RefusalKind::Revoked, 2), (RefusalKind::NotReady, 1)];
    assert_eq!(state.counts().refused, BTreeMap::from(counted));
}

#[test]
fn of_several_certificates_the_one_that_lasts_longest_is_a_devices() {
    let older = identity(&hub(1), Role::Hub);
    let mut newer = rehearsal::certificate(&hub(1), Role::Hub);
    newer.window.until = newer.window.until.plus_ms(1);
    let newer = rehearsal::identity_by(&rehearsal::issuing(), newer);
    for (opened, enrolled) in [(&older, &newer), (&newer, &older)] {
        let identity = opened.clone();
        let opens = (stamp(&hub(1), 1, 1), Body::Opened { identity });
        let identity = enrolled.clone();
        let enrols = (stamp(&authority(), 0, 1), Body::DeviceEnrolled { identity });
        let state = state_of(&[opens, enrols]);
        assert_eq!(state.device(&hub(1).public()), Some(&newer));
        assert_eq!(state.opened_with(&hub(1).public()), Some(opened));
    }
}

#[test]
fn the_last_entry_is_told_with_time_and_gate() {
    let state = after([
        admitted(1, REENTRY),
        Body::Exited(passage(2, REENTRY, SOUTH)),
        Body::Admitted(passage(3, REENTRY, SOUTH)),
        Body::Exited(passage(4, REENTRY, NORTH)),
    ]);
    assert_eq!(state.history(UNIT, ZONE).last, Some((NOW, SOUTH)));
}

#[test]
fn entries_are_counted_on_the_scans_day_and_later_ones_by_the_judges_time() {
    let on = |scan, days: u64| {
        let mut passage = passage(scan, TWICE_A_DAY, NORTH);
        passage.at = NOW.plus_ms(days * 24 * HOUR_MS);
        Body::Admitted(passage)
    };
    // The second record of a scan tells of a later day: that one counts.
    let state = after([on(1, 0), on(2, 1), on(3, 1), on(1, 2)]);
    for (days, admitted_since) in [(0, 3), (1, 3), (2, 1), (3, 0)] {
        let now = NOW.plus_ms(days * 24 * HOUR_MS);
        let expected = LevelUse {
            admitted: 3,
            inside: 3,
            admitted_since,
        };
        assert_eq!(state.history_at((UNIT, ZONE), None, now).used, expected);
    }
}

proptest! {
    #[test]
    fn the_order_of_records_does_not_matter((records, shuffled) in two_orders(40)) {
        let (one, other) = (state_of(&records), state_of(&shuffled));
        prop_assert_eq!(one.digest(), other.digest());
        prop_assert_eq!(one.incidents(), other.incidents());
        prop_assert_eq!(one.counts(), other.counts());
        prop_assert_eq!(one.awaits_key(), other.awaits_key());
    }

    #[test]
    fn a_summary_gives_its_state_back(records in history(40)) {
        let state = state_of(&records);
        let again = Summary::of(&state).into_state(shared_trust(1));
        prop_assert_eq!(again.digest(), state.digest());
        prop_assert_eq!(again.incidents(), state.incidents());
        for unit in (0..4).map(Unit) {
            let (one, other) = (state.history(unit, ZONE), again.history(unit, ZONE));
            prop_assert_eq!((one.used, one.revoked, one.occupancy), (other.used, other.revoked, other.occupancy));
            prop_assert_eq!((one.newest, one.last), (other.newest, other.last));
        }
    }

    #[test]
    fn a_state_continued_from_a_summary_is_the_state_of_all_records(records in history(40), cut: prop::sample::Index) {
        let cut = cut.index(records.len() + 1);
        let mut before = state_of(&records[..cut]);
        // Of a log with a passage by a code that was not listed yet nothing is summed up: it comes whole.
        let left_out: BTreeSet<_> = before.with_unlisted().map(|(origin, _)| origin).collect();
        before.forget(&left_out);
        let mut continued = Summary::of(&before).into_state(shared_trust(1));
        for (at, (stamp, body)) in records.iter().enumerate() {
            if at >= cut || left_out.contains(&stamp.origin) {
                continued.apply(*stamp, body.clone(), Worth::UnknownKey);
            }
        }
        prop_assert_eq!(continued.digest(), state_of(&records).digest());
        prop_assert_eq!(continued.incidents(), state_of(&records).incidents());
    }
}

#[test]
fn a_twin_that_comes_after_a_summary_is_still_known() {
    let records: Vec<_> = two_hubs()
        .into_iter()
        .chain([(stamp(&hub(1), 1, 2), admitted(1, STRICT))])
        .collect();
    let mut continued = Summary::of(&state_of(&records)).into_state(shared_trust(1));
    continued.apply(
        stamp(&hub(2), 24 * HOUR_MS, 2),
        admitted(1, STRICT),
        Worth::UnknownKey,
    );
    assert_eq!(continued.occupancy(ZONE), 1);
    assert_eq!(continued.incidents(), []);
}

#[test]
fn a_ticket_with_very_many_passages_is_summed_up_right_at_every_moment() {
    let mut state = state_of(&two_hubs());
    let mut check = |number: u8, sum_up: bool| {
        let (way, writer) = (number % 3, hub(1 + number % 2));
        let ticket = Ticket {
            admits: 255,
            ..ticket(1, REENTRY)
        };
        let shown = shown(number, ticket, NORTH);
        let body = if way == 0 {
            Body::Exited(shown)
        } else {
            Body::Admitted(shown)
        };
        let late = u64::from(number ^ 1);
        state.apply(stamp(&writer, late, 2 + u64::from(number)), body, Worth::Proven);
        if sum_up {
            state.sum_up();
        }
        let mut anew = state.clone();
        anew.passages.recount();
        assert_eq!(state.occupancy(ZONE), anew.occupancy(ZONE), "after {number}");
        assert_eq!(state.counts(), anew.counts(), "after {number}");
    };
    for number in 0..200 {
        check(number, number % 50 == 49);
    }
}
