//! What staff read, sentence by sentence.

use std::collections::{BTreeMap, BTreeSet};

use usher_fixtures::{AVAILABLE, NORTH, SOUTH, key};
use usher_keys::Window;
use usher_protocol::ScanId;
use usher_protocol::admission::{Reason, Referral};
use usher_protocol::correction::AnnulledScan;
use usher_protocol::policy::EntryRule;
use usher_protocol::ticket::Rejection;

use super::*;

/// 20:14 UTC, which is 21:14 where the festival is.
const EVENING: Timestamp = Timestamp(1_795_378_440_000);

fn phrasebook() -> Phrasebook {
    let names = EventNames {
        policy: Some(Arc::new(usher_fixtures::policy())),
        devices: Arc::new(BTreeMap::from([
            (key(1).public(), "Hub North".to_owned()),
            (key(2).public(), "Hub South".to_owned()),
        ])),
        gates: Arc::new(BTreeMap::from([(
            key(1).public(),
            BTreeSet::from([NORTH, SOUTH]),
        )])),
    };
    Phrasebook::new(names, Window::ALWAYS, EVENING)
}

#[test]
fn a_hub_that_all_others_refuse_sends_nobody_to_wait_for_their_word() {
    let other = key(2).public();
    for referral in [
        Referral::HomeUnsettled { former: other },
        Referral::HomeUnreachable { home: other },
        Referral::NoPlaces,
    ] {
        let said = |phrasebook: Phrasebook| {
            phrasebook
                .answer(&answer(Verdict::Refer(referral)), Direction::In)
                .title
        };
        assert_ne!(said(phrasebook()), "Do not use", "{referral:?}");
        assert_eq!(said(phrasebook().refused(true)), "Do not use", "{referral:?}");
    }
    let barred = |phrasebook: Phrasebook| phrasebook.error(RequestError::NotAllowed).title;
    assert_eq!(barred(phrasebook()), "Not allowed");
    assert_eq!(barred(phrasebook().refused(true)), "Do not use");
}

const FACTS: TicketFacts = TicketFacts {
    unit: Unit(17),
    generation: usher_protocol::Generation(1),
    tier: AVAILABLE,
    admits: 4,
    flags: 1,
};

fn answer(verdict: Verdict) -> Answer {
    Answer {
        scan: ScanId([0; 16]),
        verdict,
        by: JudgedBy::Alone,
        ticket: Some(FACTS),
        silent: None,
    }
}

#[track_caller]
fn check(verdict: Verdict, line: &str) {
    assert_eq!(phrasebook().answer(&answer(verdict), Direction::In).line(), line);
    assert_eq!(
        phrasebook().ticket(&FACTS),
        "Standing, place 17, 4 people, CHECK ID"
    );
}

#[test]
fn verdicts_are_said_with_where_and_when() {
    check(
        Verdict::Admit { persons: 1, left: 0 },
        "Come in \u{2014} 1 person",
    );
    check(
        Verdict::Admit { persons: 3, left: 1 },
        "Come in \u{2014} 3 people, 1 more may follow",
    );
    let used = |at: u64, gate| Reason::AlreadyUsed {
        at: Some(Timestamp(at)),
        gate,
    };
    check(
        Verdict::Deny(used(EVENING.0, Some(NORTH))),
        "Already used \u{2014} just now, Gate North",
    );
    check(
        Verdict::Deny(used(EVENING.0 - 600_000, Some(NORTH))),
        "Already used \u{2014} 21:04, Gate North",
    );
    check(
        Verdict::Deny(used(EVENING.0 - 86_400_000, None)),
        "Already used \u{2014} Sat 21:14",
    );
    check(
        Verdict::Deny(used(EVENING.0 - 600_000, Some(GateId(9)))),
        "Already used \u{2014} 21:04, gate 9",
    );
    check(
        Verdict::Deny(Reason::AlreadyUsed { at: None, gate: None }),
        "Already used",
    );
    check(
        Verdict::Deny(Reason::WrongZone),
        "Wrong gate \u{2014} Send to Gate North or Gate South",
    );
    let home = key(1).public();
    check(
        Verdict::Refer(Referral::HomeUnreachable { home }),
        "Send on \u{2014} To Gate North or Gate South: this ticket can be decided on only there now",
    );
}

#[test]
fn nothing_untrue_is_said_of_a_refusal() {
    let full = |inside| Verdict::Deny(Reason::ZoneFull { capacity: 5, inside });
    check(
        full(108),
        "Full \u{2014} 108 people are inside, and there is room for 5: wait until enough have left",
    );
    check(
        full(1),
        "Full \u{2014} 1 person is inside, and there is room for 5: no more than 4 may go in now",
    );
    let time_slot_full = |persons| {
        let until = Timestamp(EVENING.0 + 16 * 60_000);
        Verdict::Deny(Reason::TimeSlotFull { persons, until })
    };
    check(
        time_slot_full(200),
        "Full until 21:30 \u{2014} Only 200 people may go in during this time slot, and too few of its places are left: ask them to wait until 21:30",
    );
    check(
        time_slot_full(1),
        "Full until 21:30 \u{2014} Only 1 person may go in during this time slot, and too few of its places are left: ask them to wait until 21:30",
    );
    check(
        Verdict::Deny(Reason::Rejected(Rejection::FalseSignature)),
        "Not valid \u{2014} Scan again, it may have been misread. If this message comes back, send to the box office",
    );
    check(
        Verdict::Deny(Reason::Rejected(Rejection::NotATicket)),
        "Not a ticket \u{2014} Not a ticket of this event, or misread: scan again",
    );
    check(
        Verdict::Deny(Reason::Rejected(Rejection::KeyOutOfWindow)),
        "Not valid now \u{2014} Check this scanner's clock: it says 22 Nov 2026 21:14. If that is right, send to the box office",
    );
}

#[test]
fn what_is_wrong_with_a_hub_is_not_said_of_the_scanner_that_shows_it() {
    let said = |by, verdict| {
        let answer = Answer {
            by,
            ..answer(verdict)
        };
        phrasebook().answer(&answer, Direction::In).line()
    };
    let north = JudgedBy::Home(key(1).public());
    let stranger = JudgedBy::Hub(key(7).public());
    for (by, verdict, line) in [
        (
            north,
            Verdict::Refer(Referral::OwnLogForked),
            "Do not use \u{2014} Hub North was copied or restored: send to another gate, and tell the organizer, who must say which copy counts",
        ),
        (
            stranger,
            Verdict::Refer(Referral::Retired),
            "Do not use \u{2014} Another hub (its name is not known here) was retired: send to another gate, and switch it off",
        ),
        (
            JudgedBy::Alone,
            Verdict::Refer(Referral::UpdateNeeded),
            "Update needed \u{2014} This scanner has a program too old for the event: send to another gate, and have it updated",
        ),
        (
            north,
            Verdict::Deny(Reason::Rejected(Rejection::KeyOutOfWindow)),
            "Not valid now \u{2014} Check the clock of Hub North: here it is 22 Nov 2026 21:14. If both are right, send to the box office",
        ),
    ] {
        assert_eq!(said(by, verdict), line);
    }
}

/// What is said where every tier lets people in so often.
fn said_where(entry: EntryRule, answer: &Answer) -> String {
    let mut policy = usher_fixtures::policy();
    for tier in &mut policy.tiers {
        tier.entry = entry;
    }
    let mut phrasebook = phrasebook();
    phrasebook.names.policy = Some(Arc::new(policy));
    phrasebook.answer(answer, Direction::In).line()
}

#[test]
fn a_ticket_that_may_go_out_and_in_again_is_inside_and_not_used_up() {
    let answer = answer(Verdict::Deny(Reason::AlreadyUsed { at: None, gate: None }));
    assert_eq!(said_where(EntryRule::Reentry, &answer), "Already inside");
}

#[test]
fn a_second_entry_of_the_day_invites_nobody_else() {
    for (admits, verdict, line) in [
        (
            1,
            Verdict::Admit { persons: 1, left: 1 },
            "Come in \u{2014} 1 more entry today",
        ),
        (
            1,
            Verdict::Admit { persons: 1, left: 2 },
            "Come in \u{2014} 2 more entries today",
        ),
        (1, Verdict::Admit { persons: 1, left: 0 }, "Come in"),
        (
            4,
            Verdict::Admit { persons: 3, left: 5 },
            "Come in \u{2014} 3 people, 5 more entries today",
        ),
        (
            1,
            Verdict::Deny(Reason::GroupTooLarge { left: 1 }),
            "Too many \u{2014} No more than 1 person at once with this ticket now",
        ),
    ] {
        let answer = Answer {
            ticket: Some(TicketFacts { admits, ..FACTS }),
            ..answer(verdict)
        };
        assert_eq!(said_where(EntryRule::PerDay(2), &answer), line);
    }
}

#[test]
fn an_undo_says_how_many_passed_where_and_when() {
    let scan = |persons| AnnulledScan {
        persons,
        gate: NORTH,
        at: EVENING,
    };
    for (undone, line) in [
        (
            Some(scan(3)),
            "Undone \u{2014} 3 people at Gate North, 21:14: that scan no longer counts",
        ),
        (
            Some(scan(1)),
            "Undone \u{2014} 1 person at Gate North, 21:14: that scan no longer counts",
        ),
        (None, "Undone \u{2014} That scan no longer counts"),
    ] {
        assert_eq!(phrasebook().undone(undone).line(), line);
    }
}

#[test]
fn a_device_whose_clock_is_wrong_names_the_clock_and_not_its_rights() {
    let certificate = Window {
        from: Timestamp(0),
        until: EVENING.plus_ms(86_400_000),
    };
    let said = |ahead_ms: u64| {
        let phrasebook = Phrasebook::new(phrasebook().names, certificate, EVENING.plus_ms(ahead_ms));
        phrasebook.error(RequestError::NotAllowed).line()
    };
    assert!(
        said(0).contains("This device may not do that at this gate"),
        "{}",
        said(0)
    );
    let wrong = said(40 * 86_400_000);
    assert_eq!(
        wrong,
        "Not allowed \u{2014} Check this device's clock: it says 1 Jan 2027 21:14, and its certificate ended \
         23 Nov 2026 21:14. If the clock is right, enrol it anew"
    );
}

#[test]
fn nobody_is_named_by_a_key() {
    let home = key(9).public();
    check(
        Verdict::Refer(Referral::HomeUnreachable { home }),
        "Send on \u{2014} To a gate of another hub (its name is not known here): only that hub can decide on this ticket now",
    );
}

#[test]
fn nobody_is_sent_to_a_hub_that_is_not_heard() {
    let home = key(1).public();
    let said = |silent_ms| {
        let phrasebook = phrasebook().missing(BTreeMap::from([(home, silent_ms)]));
        let verdict = Verdict::Refer(Referral::HomeUnreachable { home });
        phrasebook.answer(&answer(verdict), Direction::In).line()
    };
    assert!(said(59_999).starts_with("Send on"), "{}", said(59_999));
    assert_eq!(
        said(250_000),
        "Call a supervisor \u{2014} Hub North decides on this ticket and was not heard of for 4 minutes. \
         Do not send people there: the supervisor can let them in here with an override"
    );
    assert!(said(60_000).contains("for a minute."), "{}", said(60_000));
}

#[test]
fn a_hub_of_which_no_gate_is_known_is_named_by_itself() {
    let home = key(2).public();
    check(
        Verdict::Refer(Referral::HomeUnreachable { home }),
        "Send on \u{2014} To a gate of Hub South: only that hub can decide on this ticket now",
    );
}

#[test]
fn a_time_beyond_any_calendar_is_no_reason_to_panic() {
    assert_eq!(phrasebook().time(Timestamp::FOREVER), "at an unknown time");
    assert_eq!(phrasebook().time(Timestamp(0)), "1 Jan 1970 01:00");
}

#[test]
fn freshness_is_said_as_people_say_it() {
    let fresh = |ms: u64| phrasebook().freshness(Some(Timestamp(EVENING.0 - ms)), None);
    assert_eq!(fresh(12_000), "revocations as of 12 s ago");
    assert_eq!(fresh(600_000), "revocations as of 10 min ago");
    assert_eq!(phrasebook().freshness(None, None), "no revocations received yet");
    // They were received, and by a clock that is behind that is still to come.
    let later = EVENING.plus_ms(86_400_000);
    assert_eq!(
        phrasebook().freshness(None, Some(later)),
        "revocations as of 23 Nov 2026 21:14 by the cloud's clock"
    );
}

#[test]
fn a_double_admission_names_both_gates_and_the_times_at_which_both_were_judged() {
    let stamp = usher_protocol::Stamp {
        hlc: usher_protocol::Hlc {
            // The log's clock, which was ahead once, orders records; nobody is told the time by it.
            ms: EVENING.0 + 20 * 60 * 60 * 1000,
            count: 0,
        },
        origin: key(1).public(),
        seq: usher_protocol::Seq(4),
    };
    let incident = Incident::DoubleAdmission {
        unit: Unit(17),
        generation: usher_protocol::Generation(1),
        zone: usher_protocol::ZoneId(1),
        second: stamp,
        second_gate: SOUTH,
        second_at: EVENING,
        first: Some((Timestamp(EVENING.0 - 60_000), NORTH)),
    };
    assert_eq!(
        phrasebook().incident(&incident),
        "Place 17 was let in twice: 21:13, Gate North, again 21:14, Gate South"
    );
    let exit = Incident::ExitTooMany {
        unit: Unit(17),
        exit: stamp,
        gate: NORTH,
        at: EVENING,
    };
    assert_eq!(
        phrasebook().incident(&exit),
        "Place 17 went out 21:14, Gate North, but nobody is known to have come in with that ticket: check that this gate scans in the right direction"
    );
    assert_eq!(
        phrasebook().incident(&Incident::Forked {
            origin: key(1).public()
        }),
        "Hub North has two histories, because it was copied or restored from a backup. Ask the organizer to say which history counts, or have the device enrolled anew"
    );
}

#[test]
fn it_is_said_with_how_many_others_a_clock_is_compared() {
    assert_eq!(
        phrasebook().clock(0),
        "22 Nov 2026 21:14, with nobody to compare it with: look at a watch"
    );
    assert_eq!(phrasebook().clock(2), "22 Nov 2026 21:14, compared with 2 others");
}

#[test]
fn before_the_events_zone_is_known_times_name_theirs() {
    let phrasebook = Phrasebook::new(EventNames::default(), Window::ALWAYS, EVENING);
    assert_eq!(phrasebook.time(EVENING), "20:14 UTC");
    assert_eq!(phrasebook.date(EVENING), "22 Nov 2026 20:14 UTC");
}
