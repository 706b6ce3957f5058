//! Who may take back a yes, until when, and that everybody who hears of it comes to the same.

use usher_keys::{PublicKey, Role};

use super::*;
use crate::admission::{Direction, Referral, Verdict};
use crate::ident::{ScanId, ScanSecret, ZoneId};
use crate::ledger::{JudgingAs, ScanQuestion};
use crate::rehearsal::machine::Machine;
use crate::rehearsal::{
    NORTH, NOW, REENTRY, STAIRS, STRICT, asked, capable, question, scanner, shown, ticket,
};

const SECRET: ScanSecret = ScanSecret([7; 16]);

fn read_by(reader: &PublicKey, tier: u16, direction: Direction) -> ScanQuestion {
    ScanQuestion {
        scan: ScanId::of(reader, &SECRET),
        direction,
        ..asked(1, ticket(1, tier))
    }
}

fn annulling(scan: &Scan, right: RightToAnnul) -> Annulling<'_> {
    Annulling {
        scan,
        right,
        by: "Ada",
        why: "pressed twice",
    }
}

fn admitted(persons: u8, left: u8) -> Verdict {
    Verdict::Admit { persons, left }
}

/// The home has let somebody in whose code a scanner has read.
fn let_in(tier: u16) -> (Machine, Machine, ScanQuestion) {
    let cloud = Machine::cloud(&[1]);
    let mut home = Machine::hub(1, &cloud);
    let reader = Machine::scanner(1, &cloud);
    let scan = read_by(&reader.me(), tier, Direction::In);
    assert_eq!(home.judge(&scan, JudgingAs::Home), admitted(1, 0));
    (home, reader, scan)
}

#[test]
fn whom_the_reader_says_did_not_pass_is_in_nowhere_and_may_come_again() {
    for hears_first in [true, false] {
        let (mut home, mut reader, scan) = let_in(STRICT);
        if hears_first {
            reader.hear(&home);
        }
        let (before, right) = (question(&scan), RightToAnnul::Reader(SECRET));
        let body = reader.ledger.annul(&annulling(&before, right), NOW).unwrap();
        reader.write(body);
        let again = reader.ledger.annul(&annulling(&before, right), NOW);
        assert_eq!(again, Err(NotAnnulled::NobodyPassed), "once is enough");
        home.hear(&reader);
        reader.hear(&home);
        for machine in [&mut home, &mut reader] {
            assert_eq!(machine.ledger.state().occupancy(ZoneId(1)), 0);
            let over = Verdict::Refer(Referral::ScanOver);
            assert_eq!(machine.judge(&scan, JudgingAs::Home), over, "never green again");
        }
        assert_eq!(home.digest(), reader.digest());
        let friend = asked(2, ticket(1, STRICT));
        assert_eq!(home.judge(&friend, JudgingAs::Home), admitted(1, 0));
        assert_eq!(home.ledger.state().incidents(), []);
    }
}

#[test]
fn a_reader_annuls_within_a_quarter_of_an_hour_and_a_supervisor_later() {
    let (home, mut reader, scan) = let_in(STRICT);
    reader.hear(&home);
    let scan = question(&scan);
    let annul =
        |ledger: &Ledger, right, after_ms| ledger.annul(&annulling(&scan, right), NOW.plus_ms(after_ms));
    let own = RightToAnnul::Reader(SECRET);
    assert!(annul(&reader.ledger, own, ANNUL_WITHIN_MS).is_ok());
    let too_late = Err(NotAnnulled::TooLate);
    assert_eq!(annul(&reader.ledger, own, ANNUL_WITHIN_MS + 1), too_late);
    let not_allowed = Err(NotAnnulled::NotAllowed);
    assert_eq!(annul(&reader.ledger, RightToAnnul::Supervisor, 0), not_allowed);
    let certificate = capable(&scanner(2), Role::Scanner);
    let mut supervisor = Machine::opened(scanner(2), certificate, &Machine::cloud(&[1]));
    let unknown = Err(NotAnnulled::NobodyPassed);
    assert_eq!(annul(&supervisor.ledger, RightToAnnul::Supervisor, 0), unknown);
    supervisor.hear(&home);
    let body = annul(&supervisor.ledger, RightToAnnul::Supervisor, ANNUL_WITHIN_MS + 1).unwrap();
    supervisor.write(body);
    assert_eq!(supervisor.ledger.state().occupancy(ZoneId(1)), 0);
}

#[test]
fn what_others_rest_on_is_not_annulled() {
    let (mut home, _, scan) = let_in(REENTRY);
    let exit = ScanQuestion {
        direction: Direction::Out,
        ..asked(2, ticket(1, REENTRY))
    };
    home.judge(&exit, JudgingAs::Home);
    let supervisor = |home: &Machine, asked: &ScanQuestion| {
        let scan = question(asked);
        let annulled = home
            .ledger
            .annul(&annulling(&scan, RightToAnnul::Supervisor), NOW);
        annulled.err()
    };
    let went_on = Some(NotAnnulled::WentOn);
    assert_eq!(supervisor(&home, &scan), went_on, "they have left");
    assert_ne!(supervisor(&home, &exit), went_on, "nobody has come back");
    let back = asked(3, ticket(1, REENTRY));
    assert_eq!(home.judge(&back, JudgingAs::Home), admitted(1, 0));
    assert_eq!(supervisor(&home, &exit), went_on, "somebody has come back");
    assert_ne!(supervisor(&home, &back), went_on);
}

#[test]
fn an_annulled_exit_leaves_its_people_inside() {
    let cloud = Machine::cloud(&[1]);
    let mut home = Machine::hub(1, &cloud);
    let mut reader = Machine::scanner(1, &cloud);
    let entry = asked(9, ticket(1, REENTRY));
    assert_eq!(home.judge(&entry, JudgingAs::Home), admitted(1, 0));
    let exit = read_by(&reader.me(), REENTRY, Direction::Out);
    home.judge(&exit, JudgingAs::Home);
    assert_eq!(home.ledger.state().occupancy(ZoneId(1)), 0);
    reader.hear(&home);
    let (scan, right) = (question(&exit), RightToAnnul::Reader(SECRET));
    let body = reader.ledger.annul(&annulling(&scan, right), NOW).unwrap();
    reader.write(body);
    home.hear(&reader);
    assert_eq!(home.ledger.state().occupancy(ZoneId(1)), 1);
    let friend = home.judge(&asked(3, ticket(1, REENTRY)), JudgingAs::Home);
    assert!(matches!(friend, Verdict::Deny(_)), "{friend:?}");
}

/// Devices say that nobody passed by a scan of which they cannot prove that.
#[track_caller]
fn check_counts_for_nothing(scan: ScanId, right: RightToAnnul) {
    let cloud = Machine::cloud(&[1]);
    let mut home = Machine::hub(1, &cloud);
    let entry = ScanQuestion {
        scan,
        ..asked(1, ticket(1, STRICT))
    };
    assert_eq!(home.judge(&entry, JudgingAs::Home), admitted(1, 0));
    for mut liar in [Machine::scanner(3, &cloud), Machine::hub(2, &cloud)] {
        let mut passage = shown(1, ticket(1, STRICT), NORTH);
        passage.scan = scan;
        liar.write(Body::Annulled {
            passage,
            right,
            by: String::new(),
            why: String::new(),
        });
        home.listen(&liar);
        let state = home.ledger.state();
        assert_eq!(state.occupancy(ZoneId(1)), 1, "{right:?}");
        assert!(state.false_records().any(|(origin, _)| *origin == liar.me()));
    }
}

#[test]
fn nobody_annuls_what_others_have_read() {
    let of_scanner = ScanId::of(&scanner(1).public(), &SECRET);
    check_counts_for_nothing(of_scanner, RightToAnnul::Reader(SECRET));
    check_counts_for_nothing(of_scanner, RightToAnnul::Turnstile(SECRET));
    check_counts_for_nothing(of_scanner, RightToAnnul::Supervisor);
    // Each hub that a turnstile asks knows the name of the scan.
    let named = ScanId::of_a_turnstile(NORTH, &SECRET.0);
    check_counts_for_nothing(named, RightToAnnul::Turnstile(SECRET));
}

#[test]
fn a_turnstile_proves_to_any_hub_that_it_named_the_scan() {
    let cloud = Machine::cloud(&[1, 2]);
    let mut home = Machine::hub(1, &cloud);
    let mut other = Machine::hub(2, &cloud);
    let scan = ScanQuestion {
        scan: ScanId::of_a_turnstile(NORTH, &SECRET.named()),
        ..asked(1, ticket(1, STRICT))
    };
    home.judge(&scan, JudgingAs::Home);
    let (scan, right) = (question(&scan), RightToAnnul::Turnstile(SECRET));
    let body = other.ledger.annul(&annulling(&scan, right), NOW).unwrap();
    other.write(body);
    home.hear(&other);
    assert_eq!(home.ledger.state().occupancy(ZoneId(1)), 0);
}

#[test]
fn whoever_has_gone_further_in_is_not_undone_and_lets_nobody_else_in() {
    let (mut home, mut reader, entry) = let_in(STRICT);
    let (scan, right) = (question(&entry), RightToAnnul::Reader(SECRET));
    // The reader annuls while its guest is on the way further in, and the home has not heard so.
    let unaware = reader.ledger.annul(&annulling(&scan, right), NOW).unwrap();
    let further_in = ScanQuestion {
        gate: STAIRS,
        ..asked(2, ticket(1, STRICT))
    };
    assert_eq!(home.judge(&further_in, JudgingAs::Home), admitted(1, 0));
    let went_on = home.ledger.annul(
        &Annulling {
            right: RightToAnnul::Supervisor,
            ..annulling(&scan, right)
        },
        NOW,
    );
    assert_eq!(went_on, Err(NotAnnulled::WentOn));
    reader.write(unaware);
    home.hear(&reader);
    let friend = home.judge(&asked(3, ticket(1, STRICT)), JudgingAs::Home);
    assert!(!matches!(friend, Verdict::Admit { .. }), "{friend:?}");
}

/// A reader that does not know of the passage takes it back so long after; returns how many people are in by what everybody comes to.
#[track_caller]
fn inside_after_an_undo(after_ms: u64, right: RightToAnnul) -> (i64, Machine) {
    let (mut home, mut reader, scan) = let_in(STRICT);
    let (scan, then) = (question(&scan), NOW.plus_ms(after_ms));
    let body = reader.ledger.annul(&annulling(&scan, right), then).unwrap();
    reader.write_at(body, then);
    let mut third = Machine::hub(3, &Machine::cloud(&[1]));
    third.hear(&reader);
    third.hear(&home);
    home.hear(&third);
    reader.hear(&third);
    assert_eq!([third.digest(), reader.digest()], [home.digest(), home.digest()]);
    (home.ledger.state().occupancy(ZoneId(1)), home)
}

#[test]
fn an_undo_of_what_is_not_known_yet_holds_for_a_quarter_of_an_hour_wherever_both_meet() {
    let right = RightToAnnul::Reader(SECRET);
    for (after_ms, inside) in [(0, 0), (ANNUL_WITHIN_MS, 0), (ANNUL_WITHIN_MS + 1, 1)] {
        assert_eq!(inside_after_an_undo(after_ms, right).0, inside, "{after_ms} ms");
    }
}

#[test]
fn a_supervisor_annuls_what_its_reader_took_back_too_late() {
    let (inside, home) = inside_after_an_undo(ANNUL_WITHIN_MS + 1, RightToAnnul::Reader(SECRET));
    assert_eq!(inside, 1);
    let scan = question(&read_by(&scanner(1).public(), STRICT, Direction::In));
    let mut supervisor = Machine::opened(
        scanner(2),
        capable(&scanner(2), Role::Scanner),
        &Machine::cloud(&[1]),
    );
    supervisor.hear(&home);
    let then = NOW.plus_ms(ANNUL_WITHIN_MS + 2);
    let annulled = supervisor
        .ledger
        .annul(&annulling(&scan, RightToAnnul::Supervisor), then);
    supervisor.write_at(annulled.unwrap(), then);
    assert_eq!(supervisor.ledger.state().occupancy(ZoneId(1)), 0);
}

#[test]
fn where_clocks_are_too_far_apart_to_tell_a_reader_leaves_it_to_a_supervisor() {
    let (home, mut reader, scan) = let_in(STRICT);
    let (scan, right) = (question(&scan), RightToAnnul::Reader(SECRET));
    let by_clocks = |reader: &Machine, apart_ms| {
        let moment = RuleTime {
            at: NOW,
            earliest: NOW,
            latest: NOW.plus_ms(apart_ms),
        };
        let annulled = reader.ledger.annul(&annulling(&scan, right), moment);
        annulled.err()
    };
    assert_eq!(by_clocks(&reader, ANNUL_WITHIN_MS), None);
    let in_doubt = Some(NotAnnulled::ClockInDoubt);
    assert_eq!(by_clocks(&reader, ANNUL_WITHIN_MS + 1), in_doubt);
    reader.hear(&home);
    assert_eq!(
        by_clocks(&reader, ANNUL_WITHIN_MS + 1),
        None,
        "the passage says when it was"
    );
}
