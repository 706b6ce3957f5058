//! All that staff can read at a gate, in one file to be read aloud, and what people read of a hub's readiness and organizers of their
//! devices, in another: a sentence that changes is seen there.

#[path = "spoken/offices.rs"]
mod offices;
#[path = "spoken/sheet.rs"]
mod sheet;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use usher_fixtures::{AVAILABLE, NORTH, SOUTH, STRICT, key};
use usher_keys::{Role, Timestamp, Window};
use usher_protocol::admission::{Direction, Reason, Referral, RefusalKind, Verdict};
use usher_protocol::clock::ClockHealth;
use usher_protocol::correction::{NotAnnulled, NotCounted};
use usher_protocol::policy::EntryRule;
use usher_protocol::request::{Answer, JudgedBy, RequestError, TicketFacts};
use usher_protocol::state::Incident;
use usher_protocol::ticket::Rejection;
use usher_protocol::{Generation, Hlc, ScanId, Seq, Stamp, Unit, ZoneId};
use usher_words::certificates::{self, Holder};
use usher_words::clock::{clock_behind, clock_off};
use usher_words::gate::{self, EventNames, Phrasebook};
use usher_words::hub;
use usher_words::scanner::{self, Bar, NoCorrection, NoTicket, Undecided};

use sheet::Sheet;

/// 20:14 UTC, which is 21:14 where the festival is.
const EVENING: Timestamp = Timestamp(1_795_378_440_000);
const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

const KINDS: [RefusalKind; 33] = [
    RefusalKind::NotATicket,
    RefusalKind::UnknownVersion,
    RefusalKind::UnknownKey,
    RefusalKind::FalseSignature,
    RefusalKind::StruckKey,
    RefusalKind::KeyOutOfWindow,
    RefusalKind::NotLive,
    RefusalKind::OtherEvent,
    RefusalKind::Superseded,
    RefusalKind::Revoked,
    RefusalKind::TooEarly,
    RefusalKind::TooLate,
    RefusalKind::WrongZone,
    RefusalKind::UnknownGate,
    RefusalKind::UnknownTier,
    RefusalKind::AlreadyUsed,
    RefusalKind::GroupTooLarge,
    RefusalKind::DayUsedUp,
    RefusalKind::ZoneFull,
    RefusalKind::TimeSlotFull,
    RefusalKind::HomeUnreachable,
    RefusalKind::HomeUnsettled,
    RefusalKind::NotReady,
    RefusalKind::OwnLogForked,
    RefusalKind::OwnLogBehind,
    RefusalKind::Retired,
    RefusalKind::UpdateNeeded,
    RefusalKind::NotAllowed,
    RefusalKind::ScanOver,
    RefusalKind::ClockInDoubt,
    RefusalKind::NoPlaces,
    RefusalKind::AskerSilent,
    RefusalKind::NotListed,
];

fn before(ms: u64) -> Timestamp {
    Timestamp(EVENING.0 - ms)
}

fn used() -> Vec<Verdict> {
    let (now, earlier) = (before(5_000), before(50 * MINUTE_MS));
    [
        (Some(now), Some(NORTH)),
        (Some(earlier), Some(SOUTH)),
        (None, None),
    ]
    .map(|(at, gate)| Verdict::Deny(Reason::AlreadyUsed { at, gate }))
    .to_vec()
}

fn full() -> Vec<Verdict> {
    [300, 299]
        .map(|inside| {
            Verdict::Deny(Reason::ZoneFull {
                capacity: 300,
                inside,
            })
        })
        .to_vec()
}

/// Of homes whose gate is known, whose name alone is, that have not been heard for minutes, and of which nothing is known.
fn away_from_home() -> Vec<Verdict> {
    [1, 2, 3, 9]
        .map(|n| {
            Verdict::Refer(Referral::HomeUnreachable {
                home: key(n).public(),
            })
        })
        .to_vec()
}

fn unsettled() -> Vec<Verdict> {
    [1, 9]
        .map(|n| {
            Verdict::Refer(Referral::HomeUnsettled {
                former: key(n).public(),
            })
        })
        .to_vec()
}

/// Returns verdicts of a kind that are said in different words. A kind that is new belongs into [`KINDS`] too.
fn verdicts(kind: RefusalKind) -> Vec<Verdict> {
    let rejected = |rejection| vec![Verdict::Deny(Reason::Rejected(rejection))];
    let denied = |reason| vec![Verdict::Deny(reason)];
    let referred = |referral| vec![Verdict::Refer(referral)];
    let (earlier, later) = (before(50 * MINUTE_MS), Timestamp(EVENING.0 + 46 * MINUTE_MS));
    match kind {
        RefusalKind::NotATicket => rejected(Rejection::NotATicket),
        RefusalKind::UnknownVersion => rejected(Rejection::UnknownVersion { version: 9 }),
        RefusalKind::UnknownKey => rejected(Rejection::UnknownKey),
        RefusalKind::FalseSignature => rejected(Rejection::FalseSignature),
        RefusalKind::StruckKey => rejected(Rejection::StruckKey),
        RefusalKind::KeyOutOfWindow => rejected(Rejection::KeyOutOfWindow),
        RefusalKind::NotLive => rejected(Rejection::NotLive),
        RefusalKind::NotListed => referred(Referral::NotListed),
        RefusalKind::OtherEvent => denied(Reason::OtherEvent),
        RefusalKind::Superseded => denied(Reason::Superseded {
            newest: Generation(2),
        }),
        RefusalKind::Revoked => denied(Reason::Revoked),
        RefusalKind::TooEarly => denied(Reason::TooEarly { opens: later }),
        RefusalKind::TooLate => denied(Reason::TooLate { closed: earlier }),
        RefusalKind::WrongZone => denied(Reason::WrongZone),
        RefusalKind::UnknownGate => denied(Reason::UnknownGate),
        RefusalKind::UnknownTier => denied(Reason::UnknownTier),
        RefusalKind::AlreadyUsed => used(),
        RefusalKind::GroupTooLarge => denied(Reason::GroupTooLarge { left: 2 }),
        RefusalKind::DayUsedUp => denied(Reason::DayUsedUp {
            at: Some(earlier),
            gate: Some(NORTH),
        }),
        RefusalKind::ZoneFull => full(),
        RefusalKind::TimeSlotFull => denied(Reason::TimeSlotFull {
            persons: 40,
            until: later,
        }),
        RefusalKind::HomeUnreachable => away_from_home(),
        RefusalKind::HomeUnsettled => unsettled(),
        RefusalKind::NotReady => referred(Referral::NotReady),
        RefusalKind::OwnLogForked => referred(Referral::OwnLogForked),
        RefusalKind::OwnLogBehind => referred(Referral::OwnLogBehind),
        RefusalKind::Retired => referred(Referral::Retired),
        RefusalKind::UpdateNeeded => referred(Referral::UpdateNeeded),
        RefusalKind::NotAllowed => referred(Referral::NotAllowed),
        RefusalKind::ScanOver => referred(Referral::ScanOver),
        RefusalKind::ClockInDoubt => referred(Referral::ClockInDoubt),
        RefusalKind::NoPlaces => referred(Referral::NoPlaces),
        RefusalKind::AskerSilent => referred(Referral::AskerSilent {
            asker: key(1).public(),
            gate: NORTH,
            at: before(8_000),
        }),
    }
}

fn names(entry: EntryRule) -> EventNames {
    let mut policy = usher_fixtures::policy();
    for tier in &mut policy.tiers {
        tier.entry = entry;
    }
    let called = |n: u8, name: &str| (key(n).public(), name.to_owned());
    EventNames {
        policy: Some(Arc::new(policy)),
        devices: Arc::new(BTreeMap::from([
            called(1, "Hub North"),
            called(2, "Hub South"),
            called(3, "Hub East"),
        ])),
        gates: Arc::new(BTreeMap::from([(key(1).public(), BTreeSet::from([NORTH]))])),
    }
}

/// One hub is linked, one was never, and one has not been heard for minutes.
fn phrasebook(entry: EntryRule) -> Phrasebook {
    let silent = BTreeMap::from([(key(3).public(), 4 * MINUTE_MS)]);
    Phrasebook::new(names(entry), Window::ALWAYS, EVENING).missing(silent)
}

fn ticket(admits: u8) -> TicketFacts {
    TicketFacts {
        unit: Unit(17),
        generation: Generation(1),
        tier: if admits > 1 { AVAILABLE } else { STRICT },
        admits,
        flags: 0,
    }
}

fn answer(verdict: Verdict, admits: u8) -> Answer {
    Answer {
        scan: ScanId([0; 16]),
        verdict,
        by: JudgedBy::Home(key(1).public()),
        ticket: Some(ticket(admits)),
        silent: None,
    }
}

fn of_those_who_pass(sheet: &mut Sheet) {
    sheet.about(
        "Whoever passes: in and out, alone and in groups, with one entry, several a day or any number",
    );
    for entry in [EntryRule::Single, EntryRule::Reentry, EntryRule::PerDay(3)] {
        for (admits, persons, left) in [(1, 1, 0), (1, 1, 2), (4, 3, 1), (4, 4, 0)] {
            for direction in [Direction::In, Direction::Out] {
                let answer = answer(Verdict::Admit { persons, left }, admits);
                sheet.says(&phrasebook(entry).answer(&answer, direction));
            }
        }
    }
    sheet.about("The ticket, and who judged it");
    sheet.line(phrasebook(EntryRule::Single).ticket(&ticket(1)));
    sheet.line(phrasebook(EntryRule::Single).ticket(&TicketFacts {
        flags: 1,
        ..ticket(4)
    }));
    for by in [JudgedBy::Hub(key(2).public()), JudgedBy::Alone] {
        sheet.line(phrasebook(EntryRule::Single).judged_by(by).unwrap_or_default());
    }
}

fn of_those_who_do_not(sheet: &mut Sheet) {
    sheet.about("Whoever does not pass, judged by a hub and by the scanner alone, and how it is counted");
    for kind in KINDS {
        sheet.line(format!("[{}: {}]", kind.name(), gate::refusal(kind)));
        for verdict in verdicts(kind) {
            for entry in [EntryRule::Single, EntryRule::Reentry, EntryRule::PerDay(3)] {
                for by in [JudgedBy::Home(key(1).public()), JudgedBy::Alone] {
                    let answer = Answer {
                        by,
                        ..answer(verdict, 4)
                    };
                    sheet.says(&phrasebook(entry).answer(&answer, Direction::In));
                }
            }
        }
    }
    sheet.about(
        "The same at a hub that the other machines refuse, and at one whose certificate ended by its clock",
    );
    let single = || phrasebook(EntryRule::Single);
    let no_places = answer(Verdict::Refer(Referral::NoPlaces), 1);
    sheet.says(&single().refused(true).answer(&no_places, Direction::In));
    let ended = Window {
        from: Timestamp(0),
        until: Timestamp(EVENING.0 - HOUR_MS),
    };
    let ended = Phrasebook::new(names(EntryRule::Single), ended, EVENING);
    let not_allowed = answer(Verdict::Refer(Referral::NotAllowed), 1);
    sheet.says(&ended.answer(&not_allowed, Direction::In));
    sheet.says(&gate::other_event("Winter Ball"));
    sheet.line(scanner::used_here(12_000));
}

/// A new error belongs into the list that its words come from.
fn of_what_was_not_judged(sheet: &mut Sheet) {
    sheet.about("What could not be judged, and supervisors' PINs that are not taken");
    let errors = [
        RequestError::NotAllowed,
        RequestError::NotHome,
        RequestError::Malformed,
        RequestError::Unavailable,
        RequestError::Busy,
        RequestError::NoPin,
        RequestError::WrongPin { rest_s: 0 },
        RequestError::WrongPin { rest_s: 30 },
        RequestError::PinsRest { rest_s: 960 },
    ];
    for error in errors {
        sheet.says(&phrasebook(EntryRule::Single).error(error));
    }
    sheet.says(
        &phrasebook(EntryRule::Single)
            .refused(true)
            .error(RequestError::NotAllowed),
    );
    for bar in [Bar::Expired, Bar::Revoked, Bar::Refused, Bar::Disk] {
        sheet.says(&scanner::barred(bar));
    }
    for why in [
        NoTicket::Mistyped,
        NoTicket::Unknown,
        NoTicket::NoCloud,
        NoTicket::NoHub,
        NoTicket::TooOften,
        NoTicket::OldHub,
        NoTicket::Offline,
    ] {
        sheet.says(&scanner::no_ticket(why));
    }
    sheet.says(&scanner::for_a_hub());
    sheet.says(&scanner::waiting());
}

fn of_overrides_and_undoing(sheet: &mut Sheet) {
    sheet.about("Overrides");
    for words in [
        scanner::WHO_OVERRIDES,
        scanner::WHY_OVERRIDE,
        scanner::TYPE_PIN,
        scanner::TAKEN_BACK,
        scanner::SHOW_IT_FIRST,
    ] {
        sheet.line(words);
    }
    for why in [Undecided::MayNot, Undecided::Outwards, Undecided::NoHub] {
        sheet.says(&scanner::undecided(why));
    }
    sheet.about("Undoing");
    sheet.line(scanner::WHY_UNDO);
    sheet.line(scanner::NOTHING_TO_UNDO);
    sheet.line(scanner::WHO_UNDOES);
    sheet.line(scanner::WHO_UNDOES_OR_YOU);
    sheet.line(scanner::WHY_UNDONE);
    sheet.says(&phrasebook(EntryRule::Single).undone(None));
    sheet.says(&scanner::annulled_here_only());
    sheet.says(&gate::annulled_unknown());
    for why in [
        NotAnnulled::NobodyPassed,
        NotAnnulled::TooLate,
        NotAnnulled::ClockInDoubt,
        NotAnnulled::WentOn,
        NotAnnulled::NotAllowed,
    ] {
        sheet.says(&gate::not_annulled(why));
    }
    sheet.about("Counting");
    sheet.line(scanner::HOW_MANY_INSIDE);
    sheet.line(scanner::WHO_COUNTS);
    sheet.says(&scanner::counted("Main hall", 412));
    sheet.says(&scanner::not_counted(NotCounted::NoSuchZone));
    sheet.says(&scanner::not_counted(NotCounted::NotAllowed));
    sheet.says(&scanner::hubs_missing());
    for why in [NoCorrection::MayNot, NoCorrection::NoHub, NoCorrection::NoAnswer] {
        sheet.says(&scanner::no_correction(why));
    }
}

fn of_incidents(sheet: &mut Sheet) {
    sheet.about("Incidents");
    let stamp = Stamp {
        hlc: Hlc { ms: 0, count: 0 },
        origin: key(2).public(),
        seq: Seq(4),
    };
    let double = |first| Incident::DoubleAdmission {
        unit: Unit(17),
        generation: Generation(1),
        zone: ZoneId(1),
        second: stamp,
        second_gate: SOUTH,
        second_at: EVENING,
        first,
    };
    let first = (Timestamp(EVENING.0 - MINUTE_MS), NORTH);
    let incidents = [
        double(Some(first)),
        double(None),
        Incident::ExitTooMany {
            unit: Unit(17),
            exit: stamp,
            gate: NORTH,
            at: EVENING,
        },
        Incident::Forked {
            origin: key(2).public(),
        },
        Incident::Forked {
            origin: key(9).public(),
        },
        Incident::FalseRecord {
            origin: key(2).public(),
            seq: Seq(4),
        },
    ];
    for incident in incidents {
        sheet.line(phrasebook(EntryRule::Single).incident(&incident));
    }
}

fn of_machines(sheet: &mut Sheet) {
    let single = phrasebook(EntryRule::Single);
    sheet.about("Clocks");
    for (health, compared) in [
        (ClockHealth::Wrong(45 * 60_000), 2),
        (ClockHealth::Wrong(-20 * 3_600_000), 2),
        (ClockHealth::InDoubt(5 * 86_400_000), 1),
        (ClockHealth::InDoubt(-3_600_000), 0),
    ] {
        sheet.line(clock_off(health, compared).unwrap_or_default());
    }
    let cloud_said = Timestamp(EVENING.0 + 3 * HOUR_MS);
    sheet.line(clock_behind(EVENING, cloud_said).unwrap_or_default());
    for compared in 0..3 {
        sheet.line(single.clock(compared));
    }
    sheet.line(scanner::by_own_clock(&single.date(EVENING)));
    sheet.about("Certificates");
    for holder in [
        Holder::Own(Role::Hub),
        Holder::Own(Role::Scanner),
        Holder::Scanner("Gate 3"),
    ] {
        for hours in [20, 5] {
            let until = Timestamp(EVENING.0 + hours * HOUR_MS);
            let note = certificates::warning(holder, until, &single);
            sheet.line(note.map(|note| note.words).unwrap_or_default());
        }
        let ended = Timestamp(EVENING.0 - HOUR_MS);
        let note = certificates::warning(holder, ended, &single);
        sheet.line(note.map(|note| note.words).unwrap_or_default());
        sheet.line(certificates::renewed(holder, Timestamp(EVENING.0 + 80 * HOUR_MS), &single).words);
    }
}

fn of_links(sheet: &mut Sheet) {
    let single = phrasebook(EntryRule::Single);
    sheet.about("What is known, and who is linked");
    sheet.line(single.freshness(Some(Timestamp(EVENING.0 - 12_000)), None));
    sheet.line(single.freshness(None, Some(EVENING)));
    sheet.line(single.freshness(None, None));
    for silent_ms in [5_000, MINUTE_MS, 4 * MINUTE_MS] {
        sheet.line(gate::not_heard(silent_ms));
    }
    sheet.line(scanner::linked_to(&[
        "Hub North".to_owned(),
        "Hub South".to_owned(),
    ]));
    sheet.line(scanner::heard("Hub North", "21:02"));
    sheet.line(scanner::kept(1));
    sheet.line(scanner::kept(12));
    for words in [
        scanner::NO_HUB,
        scanner::NO_ADDRESS,
        scanner::NEVER_LINKED,
        scanner::REFUSED,
    ] {
        sheet.line(words);
    }
    sheet.about("A hub that lets nobody in, or should not stay as it is");
    for why in [
        hub::NotReady::CannotSave,
        hub::NotReady::NoCertificate,
        hub::NotReady::NoPolicy,
        hub::NotReady::LogForked,
        hub::NotReady::LogBehind,
    ] {
        sheet.line(hub::not_ready(why));
    }
    for words in [hub::RETIRED, hub::REFUSED, hub::UPDATE_NEEDED, hub::IN_THE_CLEAR] {
        sheet.line(words);
    }
}

fn of_the_screen(sheet: &mut Sheet) {
    sheet.about("The screen of a scanner");
    for words in [
        scanner::READY,
        scanner::SHOW_A_CODE,
        scanner::JUDGED_ALONE,
        scanner::NO_PICTURES,
        scanner::COUNTS_ONCE,
        scanner::BY_TICKET_CODE,
        scanner::KEYS,
    ] {
        sheet.line(words);
    }
    for help in [scanner::HOLD_STILL, scanner::TOO_FAR, scanner::GLARE] {
        sheet.line(format!("{}: {}", help.short, help.what_to_do));
    }
    sheet.line(scanner::place_of_event(
        &scanner::place("1 (Gate North)", scanner::IN),
        "Winter Ball",
    ));
    sheet.line(scanner::next_scan(1));
    sheet.line(scanner::next_scan(3));
    sheet.line(gate::opens_at(&[
        "Gate North".to_owned(),
        "Gate South".to_owned(),
    ]));
    sheet.line(gate::slot_filled(12, 40, "22:00"));
}

#[test]
fn what_staff_read_is_what_was_read_aloud() {
    let mut sheet = Sheet::of("What staff can read at a gate.");
    of_those_who_pass(&mut sheet);
    of_those_who_do_not(&mut sheet);
    of_what_was_not_judged(&mut sheet);
    of_overrides_and_undoing(&mut sheet);
    of_incidents(&mut sheet);
    of_machines(&mut sheet);
    of_links(&mut sheet);
    of_the_screen(&mut sheet);
    sheet.check("spoken.txt", include_str!("spoken.txt"));
}
