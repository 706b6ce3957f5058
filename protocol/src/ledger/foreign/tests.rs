//! Other sellers' tickets from the list to the gate and back: admitted once, in whatever order the logs come.

use usher_keys::Role;

use super::*;
use crate::admission::{Direction, Reason, Referral, Verdict};
use crate::checkpoint::Checkpoint;
use crate::home::home_of;
use crate::ident::{Generation, ScanId, ScanSecret, Seq, TierId, Unit, ZoneId};
use crate::ledger::ruling::restatement;
use crate::ledger::{Annulling, JudgingAs, ScanQuestion};
use crate::record::{Body, RightToAnnul, ShownPassage};
use crate::rehearsal::machine::Machine;
use crate::rehearsal::{
    AVAILABLE, EVENT, NORTH, NOW, REENTRY, SOUTH, STRICT, authority, hub as hub_key, signed_bundle,
};
use crate::request::Scan;
use crate::state::Incident;
use crate::state::foreign::MAX_UNLISTED_OF_LOG;
use crate::state::units::MAX_PASSAGES_OF_LOG;
use crate::ticket::foreign::identity::identify;
use crate::ticket::foreign::{self, ForeignList, ListedCode};

const SALT: [u8; 32] = [9; 32];
const ADMIT: Verdict = Verdict::Admit { persons: 1, left: 0 };

fn listed(text: &str, unit: u32, (tier, admits, used): (u16, u8, u8)) -> Body {
    Body::Foreign(ForeignList {
        salt: SALT,
        sellers: Vec::new(),
        codes: vec![ListedCode {
            code: identify(text.as_bytes()).unwrap().hash(&SALT),
            unit: Unit(unit),
            tier: TierId(tier),
            admits,
            used,
        }],
    })
}

/// Reads a code where the machine stands.
fn read(machine: &Machine, text: &str) -> Result<VerifiedTicket, Rejection> {
    let (keyring, codes) = (machine.ledger.trust().keyring(), machine.ledger.state().foreign());
    foreign::read((keyring, &codes), text.as_bytes(), NOW)
}

fn asked(machine: &Machine, scan: u8, text: &str) -> ScanQuestion {
    ScanQuestion {
        scan: ScanId([scan; 16]),
        ticket: read(machine, text).unwrap(),
        gate: NORTH,
        direction: Direction::In,
        persons: 1,
    }
}

fn judge(machine: &mut Machine, scan: u8, text: &str, judging_as: JudgingAs) -> Verdict {
    let asked = asked(machine, scan, text);
    machine.judge(&asked, judging_as)
}

/// The event with one hub, and the code "A" of the tier.
fn event(tier: u16, (admits, used): (u8, u8)) -> (Machine, Machine) {
    let mut cloud = Machine::cloud(&[1]);
    cloud.write(listed("A", 1_000, (tier, admits, used)));
    let hub = Machine::hub(1, &cloud);
    (cloud, hub)
}

fn is_used(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Deny(Reason::AlreadyUsed { .. }))
}

#[test]
fn a_listed_code_lets_in_once() {
    let (_, mut hub) = event(STRICT, (1, 0));
    assert_eq!(judge(&mut hub, 1, "A", JudgingAs::Home), ADMIT);
    assert!(is_used(judge(&mut hub, 2, " A\r\n", JudgingAs::Home)));
    assert_eq!(read(&hub, "B").err(), Some(Rejection::NotATicket));
    let nothing_listed = Machine::hub(1, &Machine::cloud(&[1]));
    assert_eq!(read(&nothing_listed, "A").err(), Some(Rejection::NotATicket));
}

#[test]
fn what_a_device_lists_lets_nobody_in_and_names_the_device() {
    let mut cloud = Machine::cloud(&[1]);
    for mut liar in [Machine::hub(2, &cloud), Machine::scanner(1, &cloud)] {
        let mut hub = Machine::hub(1, &cloud);
        let origin = liar.me();
        let seq = liar.ledger.tail(&origin).seq.next();
        liar.write(listed("A", 1_000, (STRICT, 1, 0)));
        hub.hear(&liar);
        for machine in [&liar, &hub] {
            assert_eq!(read(machine, "A").err(), Some(Rejection::NotATicket));
            let named = Incident::FalseRecord { origin, seq };
            assert_eq!(machine.ledger.state().incidents(), [named]);
        }
    }
    // The same word is a list from whoever may say it.
    cloud.write(listed("A", 1_000, (STRICT, 1, 0)));
    let mut hub = Machine::hub(1, &cloud);
    assert_eq!(judge(&mut hub, 1, "A", JudgingAs::Home), ADMIT);
}

#[test]
fn whoever_went_in_elsewhere_before_is_in() {
    let (mut cloud, mut hub) = event(STRICT, (3, 2));
    assert_eq!(judge(&mut hub, 1, "A", JudgingAs::Home), ADMIT);
    assert!(is_used(judge(&mut hub, 2, "A", JudgingAs::Home)));
    cloud.write(listed("B", 1_001, (REENTRY, 1, 1)));
    hub.hear(&cloud);
    assert!(is_used(judge(&mut hub, 3, "B", JudgingAs::Home)));
}

#[test]
fn a_void_code_is_denied_and_lets_in_when_it_is_good_again() {
    let (mut cloud, mut hub) = event(STRICT, (1, 0));
    let (unit, generation) = (Unit(1_000), Generation(1));
    cloud.write(Body::Revoked { unit, generation });
    hub.hear(&cloud);
    let verdict = judge(&mut hub, 1, "A", JudgingAs::Home);
    assert_eq!(verdict, Verdict::Deny(Reason::Revoked));
    cloud.write(Body::Reinstated { unit, generation });
    hub.hear(&cloud);
    assert_eq!(judge(&mut hub, 2, "A", JudgingAs::Home), ADMIT);
}

#[test]
fn strict_codes_have_a_home_like_all_units() {
    let mut cloud = Machine::cloud(&[1, 2]);
    cloud.write(listed("A", 1_000, (STRICT, 1, 0)));
    cloud.write(listed("B", 1_000, (AVAILABLE, 1, 0)));
    let home = home_of(EVENT, Unit(1_000), &[hub_key(1).public(), hub_key(2).public()]).unwrap();
    let other = if home == hub_key(1).public() { 2 } else { 1 };
    let mut other = Machine::hub(other, &cloud);
    let verdict = judge(&mut other, 1, "A", JudgingAs::CutOff);
    assert_eq!(verdict, Verdict::Refer(Referral::HomeUnreachable { home }));
    assert_eq!(judge(&mut other, 2, "B", JudgingAs::CutOff), ADMIT);
    assert!(
        is_used(judge(&mut other, 3, "B", JudgingAs::CutOff)),
        "two codes of one unit let in once"
    );
}

#[test]
fn passages_that_come_before_the_list_count_once_it_is_there() {
    let (mut cloud, mut hub) = event(STRICT, (1, 0));
    assert_eq!(judge(&mut hub, 1, "A", JudgingAs::Home), ADMIT);
    let mut late = Machine::new(hub_key(3), Role::Hub);
    late.write_due_records();
    late.hear_log(&hub, hub.me()).unwrap();
    assert_eq!(late.ledger.state().passages(Unit(1_000)).count(), 0);
    assert!(late.ledger.state().may_hide_entries().contains(&hub.me()));
    assert_eq!(late.ledger.state().incidents(), []);
    late.hear(&cloud);
    assert_eq!(late.ledger.state().passages(Unit(1_000)).count(), 1);
    assert!(late.ledger.state().may_hide_entries().is_empty());
    cloud.hear(&hub);
    cloud.hear(&late);
    late.hear(&cloud);
    assert_eq!(cloud.digest(), late.digest());
    late.restart();
    assert_eq!(
        cloud.digest(),
        late.digest(),
        "after a restart, whatever log is read first"
    );
}

#[test]
fn nobody_passes_by_a_code_that_was_never_listed_so() {
    let (cloud, _) = event(STRICT, (1, 0));
    let mut lists = Machine::cloud(&[1]);
    lists.write(listed("A", 1_000, (STRICT, 9, 0)));
    let mut liar = Machine::hub(1, &lists);
    let lie = asked(&liar, 7, "A");
    assert_eq!(
        liar.judge(&lie, JudgingAs::Home),
        Verdict::Admit { persons: 1, left: 8 }
    );
    let mut fair = Machine::new(hub_key(3), Role::Hub);
    fair.write_due_records();
    fair.hear(&cloud);
    fair.hear_log(&liar, liar.me()).unwrap();
    assert_eq!(
        fair.ledger.state().passages(Unit(1_000)).count(),
        0,
        "listed for one, not for nine"
    );
}

#[test]
fn a_fresh_replica_knows_the_codes_by_a_checkpoint() {
    let (mut cloud, mut hub) = event(STRICT, (1, 0));
    assert_eq!(judge(&mut hub, 1, "A", JudgingAs::Home), ADMIT);
    cloud.hear(&hub);
    let ledger = &cloud.ledger;
    let checkpoint = Checkpoint::of(ledger.state(), ledger.trust(), ledger.heads(), NOW);
    let mut fresh = Machine::new(hub_key(2), Role::Hub);
    fresh.ledger.adopt(&checkpoint.sign(&authority())).unwrap();
    assert_eq!(fresh.ledger.state().digest(), cloud.ledger.state().digest());
    let asked = asked(&fresh, 2, "A");
    assert!(is_used(fresh.ledger.judge(&asked, JudgingAs::Home, NOW).verdict));
}

#[test]
fn an_authority_that_takes_over_lists_all_of_it_again() {
    let (mut cloud, hub) = event(STRICT, (1, 0));
    let was_so = hub.ledger.judge(&asked(&hub, 1, "A"), JudgingAs::Home, NOW).body;
    cloud.write(listed("A", 1_000, (AVAILABLE, 2, 1)));
    let mut next = Machine::authority(authority(), signed_bundle(2));
    for body in restatement(cloud.ledger.state(), Vec::new()).unwrap() {
        next.write(body);
    }
    assert_eq!(next.ledger.state().foreign(), cloud.ledger.state().foreign());
    let passage = was_so.and_then(|body| body.passage().cloned()).unwrap();
    let shown = ShownForeign::parse(&passage.code).unwrap();
    assert!(
        next.ledger.state().has_listed(&shown),
        "who passed by the earlier listing has passed"
    );
}

#[test]
fn a_scan_of_a_foreign_code_is_withdrawn_and_annulled_like_any_other() {
    let (_, mut gate) = event(STRICT, (1, 0));
    let secret = ScanSecret([3; 16]);
    let mut scan = Scan {
        id: ScanId::of(&gate.me(), &secret),
        code: b"A".to_vec(),
        gate: NORTH,
        direction: Direction::In,
        persons: 1,
    };
    let body = gate.ledger.withdraw(&scan, secret, NOW).unwrap();
    gate.write(body);
    assert!(gate.ledger.state().is_taken_back(Unit(1_000), scan.id));
    let secret = ScanSecret([4; 16]);
    scan.id = ScanId::of(&gate.me(), &secret);
    let question = ScanQuestion {
        scan: scan.id,
        ..asked(&gate, 1, "A")
    };
    assert_eq!(gate.judge(&question, JudgingAs::Home), ADMIT);
    let annulling = Annulling {
        scan: &scan,
        right: RightToAnnul::Reader(secret),
        by: "",
        why: "",
    };
    let body = gate.ledger.annul(&annulling, NOW).unwrap();
    gate.write(body);
    let at_south = ScanQuestion {
        gate: SOUTH,
        ..asked(&gate, 9, "A")
    };
    assert_eq!(gate.judge(&at_south, JudgingAs::Home), ADMIT);
}

/// A hub that let in by more codes than may wait of one log, and the cloud that listed them.
fn after_many_codes() -> (Machine, Machine) {
    let mut cloud = Machine::cloud(&[1]);
    let codes = 0..u32::try_from(MAX_UNLISTED_OF_LOG).unwrap() + 40;
    for code in codes.clone() {
        cloud.write(listed(&format!("A{code}"), 1_000 + code, (STRICT, 1, 0)));
    }
    let mut hub = Machine::hub(1, &cloud);
    for code in codes {
        let mut asked = asked(&hub, 1, &format!("A{code}"));
        asked.scan = ScanId(u128::from(code).to_be_bytes());
        assert_eq!(hub.judge(&asked, JudgingAs::Home), ADMIT);
    }
    (cloud, hub)
}

#[test]
fn no_more_passages_wait_for_a_list_than_there_is_room_for() {
    let (_, hub) = after_many_codes();
    let mut late = Machine::new(hub_key(3), Role::Hub);
    late.write_due_records();
    late.hear_log(&hub, hub.me()).unwrap();
    assert_eq!(late.ledger.state().waiting_for_a_list(), MAX_UNLISTED_OF_LOG);
    assert!(late.ledger.state().may_hide_entries().contains(&hub.me()));
    assert!(
        !late.ledger.must_be_rebuilt(),
        "nothing has come that it could rest on"
    );
}

#[test]
fn what_found_no_room_counts_once_the_logs_are_read_again() {
    let (mut cloud, hub) = after_many_codes();
    let mut late = Machine::new(hub_key(3), Role::Hub);
    late.write_due_records();
    late.hear_log(&hub, hub.me()).unwrap();
    late.hear(&cloud);
    assert!(late.ledger.must_be_rebuilt());
    let verdict = judge(&mut late, 9, "A0", JudgingAs::Home);
    assert_eq!(verdict, Verdict::Refer(Referral::NotReady));
    late.restart();
    assert!(!late.ledger.must_be_rebuilt(), "the lists are read first");
    cloud.hear(&hub);
    cloud.hear(&late);
    late.hear(&cloud);
    assert_eq!(late.digest(), cloud.digest());
    assert_eq!(late.ledger.state().incidents(), []);
}

#[test]
fn what_is_kept_of_a_log_beyond_its_cut_changes_no_digest() {
    let (mut cloud, hub) = after_many_codes();
    cloud.write(Body::DeviceRevoked {
        device: hub.me(),
        after: Seq(2),
    });
    let heard = |is_log_first: bool| {
        let mut late = Machine::new(hub_key(3), Role::Hub);
        late.write_due_records();
        if is_log_first {
            late.hear_log(&hub, hub.me()).unwrap();
        }
        late.hear(&cloud);
        if !is_log_first {
            late.hear_log(&hub, hub.me()).unwrap();
        }
        assert!(!late.ledger.must_be_rebuilt());
        late
    };
    let [waited, listed] = [true, false].map(heard);
    assert_eq!(waited.digest(), listed.digest());
}

#[test]
fn beyond_a_cut_nothing_is_read_again_until_the_cut_is_moved() {
    let (_, hub) = after_many_codes();
    let mut late = Machine::new(hub_key(3), Role::Hub);
    late.write_due_records();
    late.hear_log(&hub, hub.me()).unwrap();
    let mut other = Machine::cloud(&[1]);
    let cut = |after| Body::DeviceRevoked {
        device: hub_key(1).public(),
        after: Seq(after),
    };
    other.write(cut(2));
    other.write(listed("B", 9_000, (STRICT, 1, 0)));
    late.hear(&other);
    assert!(
        !late.ledger.must_be_rebuilt(),
        "what was left out counts for nothing"
    );
    other.write(cut(100_000));
    late.hear(&other);
    assert!(late.ledger.must_be_rebuilt());
}

#[test]
fn a_passage_whose_room_others_took_while_it_waited_counts_as_where_it_did_not_wait() {
    let listed_again = || listed("A", 1_000, (REENTRY, 1, 0));
    let (before, knows_one) = event(AVAILABLE, (1, 0));
    let (mut after, _) = event(AVAILABLE, (1, 0));
    after.write(listed_again());
    let knows_both = Machine::hub(1, &after);
    let [old, new] = [&knows_one, &knows_both].map(|hub| read(hub, "A").unwrap().code().to_vec());
    assert_ne!(old, new);
    let mut liar = Machine::scanner(1, &before);
    let first = liar.ledger.tail(&liar.me()).seq.next();
    for number in 0..=MAX_PASSAGES_OF_LOG {
        let mut scan = [0; 16];
        scan[..8].copy_from_slice(&(number as u64).to_be_bytes());
        liar.write(Body::Admitted(ShownPassage {
            scan: ScanId(scan),
            code: if number == 0 { new.clone() } else { old.clone() },
            persons: 1,
            gate: NORTH,
            zone: ZoneId(1),
            at: NOW,
            counterparts: Vec::new(),
        }));
    }
    let witness = || Machine::new(hub_key(2), Role::Hub);
    let (mut list_first, mut log_first) = (witness(), witness());
    list_first.listen(&after);
    list_first.listen(&liar);
    log_first.listen(&before);
    log_first.listen(&liar);
    log_first.listen(&after);
    assert!(log_first.ledger.must_be_rebuilt());
    log_first.restart();
    for replica in [&list_first, &log_first] {
        let last = Seq(first.0 + MAX_PASSAGES_OF_LOG as u64);
        let named = Incident::FalseRecord {
            origin: liar.me(),
            seq: last,
        };
        assert!(replica.ledger.state().incidents().contains(&named));
    }
    assert_eq!(list_first.digest(), log_first.digest());
}
