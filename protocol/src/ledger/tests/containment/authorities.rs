//! One authority after another: what holds until the next one has restated everything, and what holds after it.

use usher_keys::SignedBundle;

use super::*;
use crate::admission::Referral;
use crate::home::home_of;
use crate::log::RunError;
use crate::rehearsal::line::RehearsalLine;
use crate::rehearsal::{
    AVAILABLE, EVENT, NOW, STRICT, authority, policy, scanner, succeeded, successor, third_authority,
};
use crate::sync::outbox::RESEND_MS;
use crate::sync::{Message, Notice};

/// The bundle in which the second authority key is believed beside the first, or alone.
pub(super) fn both() -> SignedBundle {
    succeeded(2, &[successor()], &[])
}

fn alone() -> SignedBundle {
    succeeded(3, &[successor()], &[&authority()])
}

fn ruling(unit: u32) -> Body {
    Body::Revoked {
        unit: Unit(unit),
        generation: Generation(1),
    }
}

fn roster(epoch: u32, hubs: &[u8]) -> Body {
    let hubs = hubs.iter().map(|number| hub(*number).public()).collect();
    Body::Roster { epoch, hubs }
}

pub(super) fn published() -> Body {
    let policy = policy();
    Body::Policy { version: 1, policy }
}

/// The first authority, which has revoked unit 1 and the first scanner, and its successor, which has said this.
pub(super) fn two_authorities(restated: impl IntoIterator<Item = Body>) -> (Machine, Machine) {
    let mut first = Machine::cloud(&[1]);
    first.write(ruling(1));
    first.write(Body::DeviceRevoked {
        device: scanner(1).public(),
        after: Seq(0),
    });
    let mut next = Machine::authority(successor(), both());
    restated.into_iter().for_each(|body| next.write(body));
    (first, next)
}

/// All that the successor is to say, but for the word that it is all.
pub(super) fn everything() -> Vec<Body> {
    let device = scanner(1).public();
    let after = Seq(0);
    vec![
        published(),
        roster(1, &[1]),
        ruling(1),
        Body::DeviceRevoked { device, after },
    ]
}

fn is_void(replica: &Machine, unit: u32) -> bool {
    replica.ledger.state().history(Unit(unit), ZoneId(1)).revoked
}

/// What can reach a replica, in any order.
#[derive(Debug, Clone, Copy, PartialEq)]
enum News {
    First,
    Next,
    Both,
    Alone,
}

/// A replica after news in that order; whatever it may not take yet comes again at the end, but for the first authority's
/// log, which nobody sends once its key is struck out.
fn after(news: &[News], first: &Machine, next: &Machine) -> Machine {
    let mut replica = witness();
    let hear = |replica: &mut Machine, from: &Machine| {
        let _ = replica.hear_log(from, from.me());
    };
    for one in news {
        match one {
            News::First => hear(&mut replica, first),
            News::Next => hear(&mut replica, next),
            News::Both if replica.ledger.trust().bundle().version < 2 => replica.renew_trust(both()),
            News::Alone => replica.renew_trust(alone()),
            News::Both => {}
        }
    }
    hear(&mut replica, next);
    replica
}

fn orders(of: &[News]) -> Vec<Vec<News>> {
    let Some(last) = of.last() else {
        return vec![Vec::new()];
    };
    let shorter = orders(&of[..of.len() - 1]);
    let into = |order: Vec<News>| {
        (0..=order.len()).map(move |at| {
            let mut order = order.clone();
            order.insert(at, *last);
            order
        })
    };
    shorter.into_iter().flat_map(into).collect()
}

#[test]
fn until_the_next_authority_has_restated_everything_the_first_ones_word_holds() {
    let (first, next) = two_authorities([published(), roster(1, &[2]), ruling(2)]);
    for order in orders(&[News::First, News::Next, News::Both]) {
        let mut replica = after(&order, &first, &next);
        let state = |replica: &Machine| {
            let rosters = replica.ledger.state().rosters();
            let hubs = rosters.current().map(|(_, hubs)| hubs.to_vec());
            (is_void(replica, 1), is_void(replica, 2), hubs)
        };
        let expected = (true, false, Some(vec![hub(1).public()]));
        assert_eq!(state(&replica), expected, "{order:?}");
        assert!(replica.ledger.state().is_revoked(&scanner(1).public()));
        replica.renew_trust(alone());
        assert_eq!(
            state(&replica),
            expected,
            "{order:?}, and then the first key is struck out"
        );
        assert!(replica.ledger.state().is_revoked(&scanner(1).public()));
        assert_eq!(replica.ledger.state().authority(), Some(first.me()));
    }
}

#[test]
fn once_it_has_nothing_of_the_first_one_counts_in_whatever_order_they_come() {
    // It forgets unit 1 and the scanner: its word alone holds, for good or ill.
    let said = [published(), roster(1, &[2]), ruling(2), Body::Restated];
    let (first, next) = two_authorities(said);
    let mut digests = std::collections::BTreeSet::new();
    for order in orders(&[News::First, News::Next, News::Both, News::Alone]) {
        let replica = after(&order, &first, &next);
        let state = replica.ledger.state();
        assert_eq!(state.authority(), Some(next.me()), "{order:?}");
        assert_eq!((is_void(&replica, 1), is_void(&replica, 2)), (false, true));
        assert!(!state.is_revoked(&scanner(1).public()));
        let hubs = state.rosters().current().map(|(_, hubs)| hubs);
        assert_eq!(hubs, Some(&[hub(2).public()][..]));
        digests.insert(replica.digest());
    }
    assert_eq!(digests.len(), 1);
}

#[test]
fn revocations_are_never_forgotten_between_two_authorities() {
    let mut said = everything();
    said.push(Body::Restated);
    for records in 0..=said.len() {
        let (first, next) = two_authorities(said[..records].iter().cloned());
        for order in orders(&[News::First, News::Next, News::Both]) {
            let mut replica = after(&order, &first, &next);
            assert!(is_void(&replica, 1), "{order:?}, {records} records");
            assert!(replica.ledger.state().is_revoked(&scanner(1).public()));
            replica.renew_trust(alone());
            assert!(is_void(&replica, 1), "{order:?}, {records} records, struck");
            assert!(replica.ledger.state().is_revoked(&scanner(1).public()));
        }
    }
}

#[test]
fn of_two_believed_authorities_the_later_key_that_has_restated_is_heard() {
    let mut said = everything();
    said.push(Body::Restated);
    said.push(Body::Reinstated {
        unit: Unit(1),
        generation: Generation(1),
    });
    let (mut first, next) = two_authorities(said);
    // The first one goes on as if nothing had happened.
    first.write(ruling(5));
    first.write(Body::Restated);
    let mut digests = std::collections::BTreeSet::new();
    for order in orders(&[News::First, News::Next, News::Both]) {
        let mut replica = after(&order, &first, &next);
        replica.hear_log(&first, first.me()).unwrap();
        assert_eq!(
            (is_void(&replica, 1), is_void(&replica, 5)),
            (false, false),
            "{order:?}"
        );
        digests.insert(replica.digest());
    }
    assert_eq!(digests.len(), 1);
}

#[test]
fn a_struck_authority_is_heard_no_more_and_its_word_is_not_undone() {
    let (mut first, next) = two_authorities(everything());
    let mut replica = after(&[News::First, News::Both, News::Alone], &first, &next);
    first.write(Body::Reinstated {
        unit: Unit(1),
        generation: Generation(1),
    });
    assert_eq!(replica.hear_log(&first, first.me()), Err(RunError::UnknownOrigin));
    assert!(is_void(&replica, 1));
    let third = succeeded(
        4,
        &[successor(), third_authority()],
        &[&authority(), &successor()],
    );
    let mut last = Machine::authority(third_authority(), third.clone());
    replica.renew_trust(third);
    for body in everything().into_iter().chain([Body::Restated]) {
        last.write(body);
        replica.hear_log(&last, last.me()).unwrap();
        assert!(is_void(&replica, 1));
    }
    assert_eq!(replica.ledger.state().authority(), Some(last.me()));
}

#[test]
fn nobody_is_named_for_what_a_struck_authority_had_no_right_to_say() {
    let mut said = everything();
    said.push(Body::Restated);
    let (mut first, next) = two_authorities(said);
    first.write(Body::Admitted(shown(1, ticket(7, STRICT), NORTH)));
    let heard = after(&[News::First, News::Both, News::Alone], &first, &next);
    let fresh = after(&[News::Both, News::Alone], &first, &next);
    assert_eq!(heard.ledger.state().incidents(), []);
    assert_eq!(heard.digest(), fresh.digest());
    let believed = after(&[News::First], &first, &next);
    assert_eq!(
        named(&believed, &first),
        Some(Seq(5)),
        "while it is in force it is named"
    );
}

/// A unit whose home is one hub by these and was another's by those.
fn moved_unit(from: (u8, &[u8]), to: (u8, &[u8])) -> u32 {
    let is_home = |unit: u32, (home, hubs): (u8, &[u8])| {
        let hubs: Vec<_> = hubs.iter().map(|number| hub(*number).public()).collect();
        home_of(EVENT, Unit(unit), &hubs) == Some(hub(home).public())
    };
    (0..1_000)
        .find(|unit| is_home(*unit, from) && is_home(*unit, to))
        .unwrap()
}

#[test]
fn a_hub_that_was_cut_off_before_two_rosters_and_a_new_authority_is_not_doubled() {
    let mut first = Machine::cloud(&[1]);
    let mut cut_off = Machine::hub(1, &first);
    first.publish_roster(2, &[1, 2]);
    let joined = Machine::hub(2, &first);
    let unit = moved_unit((1, &[1]), (3, &[1, 2, 3]));
    let rosters = [roster(1, &[1]), roster(2, &[1, 2]), roster(3, &[1, 2, 3])];
    let mut next = Machine::authority(successor(), both());
    next.renew_trust(alone());
    let mut fresh = Machine::with_identity(hub(3), crate::rehearsal::identity(&hub(3), Role::Hub));
    fresh.renew_trust(alone());
    let scan = |number| asked(number, ticket(unit, STRICT));
    next.write(published());
    for body in rosters.into_iter().chain([Body::Restated]) {
        fresh.hear(&next);
        let verdict = fresh.judge(&scan(1), JudgingAs::Home);
        assert_eq!(
            verdict,
            Verdict::Refer(Referral::NotReady),
            "before everything was restated"
        );
        next.write(body);
    }
    fresh.hear(&next);
    fresh.listen(&joined);
    let former = cut_off.me();
    let unsettled = Verdict::Refer(Referral::HomeUnsettled { former });
    assert_eq!(fresh.judge(&scan(2), JudgingAs::Home), unsettled);
    check_admits(&mut cut_off, 3, ticket(unit, STRICT));
    cut_off.renew_trust(alone());
    cut_off.hear(&next);
    fresh.listen(&cut_off);
    assert!(is_used(&fresh.judge(&scan(4), JudgingAs::Home)));
    assert!(matches!(
        cut_off.judge(&scan(5), JudgingAs::Home),
        Verdict::Deny(_)
    ));
}

#[test]
fn without_one_of_the_rosters_so_far_no_strict_ticket_is_admitted() {
    let all = [roster(1, &[1]), roster(2, &[1, 2]), roster(3, &[3])];
    for missing in 0..all.len() {
        let mut next = Machine::authority(authority(), both());
        next.write(published());
        let said = all.iter().enumerate().filter(|(at, _)| *at != missing);
        said.for_each(|(_, body)| next.write(body.clone()));
        let mut gate = Machine::hub(3, &Machine::new(hub(3), Role::Hub));
        gate.hear(&next);
        for retired in [1, 2] {
            next.write(Body::HubRetired {
                hub: hub(retired).public(),
                heir: None,
            });
        }
        gate.hear(&next);
        let verdict = gate.judge(&asked(1, ticket(7, STRICT)), JudgingAs::Home);
        assert!(
            matches!(verdict, Verdict::Refer(_)),
            "without roster {missing}: {verdict:?}"
        );
        check_admits(&mut gate, 2, ticket(7, AVAILABLE));
    }
}

/// The first authority with a checkpoint that a hub has begun at.
fn began_at_a_checkpoint() -> (Machine, Machine) {
    let mut first = Machine::cloud(&[1]);
    first.write(ruling(1));
    first.make_checkpoint(NOW);
    let mut gate = Machine::new(hub(1), Role::Hub);
    gate.write_due_records();
    gate.take_checkpoint(first.checkpoint.as_ref().unwrap());
    gate.write_due_records();
    check_admits(&mut gate, 1, ticket(7, STRICT));
    (first, gate)
}

#[test]
fn a_replica_restarts_at_its_checkpoint_though_the_authority_was_struck_out_since() {
    let (first, mut gate) = began_at_a_checkpoint();
    gate.renew_trust(alone());
    let before = (gate.digest(), gate.ledger.vector());
    gate.restart();
    assert_eq!((gate.digest(), gate.ledger.vector()), before);
    assert!(is_void(&gate, 1));
    assert!(is_used(
        &gate.judge(&asked(2, ticket(7, STRICT)), JudgingAs::Home)
    ));
    let mut fresh = Machine::new(hub(2), Role::Hub);
    fresh.renew_trust(alone());
    fresh.take_checkpoint(first.checkpoint.as_ref().unwrap());
    assert!(fresh.checkpoint.is_none(), "nobody begins there anew");
}

#[test]
fn a_replica_that_began_at_a_struck_authoritys_checkpoint_goes_over_to_the_next() {
    let (_, mut gate) = began_at_a_checkpoint();
    gate.renew_trust(alone());
    let mut next = Machine::authority(successor(), both());
    for body in [published(), roster(1, &[1]), Body::Restated] {
        next.write(body);
    }
    gate.hear(&next);
    gate.restart();
    assert_eq!(gate.ledger.state().authority(), Some(next.me()));
    assert!(!is_void(&gate, 1), "it was not said again");
    assert!(is_used(
        &gate.judge(&asked(2, ticket(7, STRICT)), JudgingAs::Home)
    ));
    check_admits(&mut gate, 3, ticket(8, STRICT));
}

#[test]
fn a_fresh_device_hears_that_it_is_up_to_date_without_the_struck_log() {
    let (first, mut next) = two_authorities(everything());
    next.listen(&first);
    next.write(Body::Restated);
    next.renew_trust(alone());
    let mut fresh = Machine::new(hub(1), Role::Hub);
    fresh.write_due_records();
    let mut line = RehearsalLine::settled(next, fresh);
    let assurance = line.a.machine.assure(NOW);
    line.a.assurance = Some(assurance);
    line.wait(4 * RESEND_MS);
    assert!(line.b.notices.contains(&Notice::Fresh(assurance)));
    let of_struck = |message: &Message| match message {
        Message::Run(run) => run.head.origin == authority().public(),
        Message::Hello(_)
        | Message::Have(_)
        | Message::Checkpoint(_)
        | Message::Bundle(_)
        | Message::Beat { .. }
        | Message::Recap
        | Message::Fork(_)
        | Message::Bye(_) => false,
    };
    let sent = line.a.sent.iter().filter(|message| of_struck(message));
    assert_eq!(sent.count(), 0);
    assert_eq!((line.a.closed, line.b.closed), (None, None));
    assert!(is_void(&line.b.machine, 1));
}
