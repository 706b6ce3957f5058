//! Who is let in and who is shown the door, at the hello and later.

use std::sync::Arc;

use proptest::prelude::*;
use usher_keys::{Capabilities, Certificate, CertificateError, Role, SecretKey, Window};

use super::*;
use crate::rehearsal::{certificate, identity_by, issuing, key, new_issuing, scanner};
use crate::sync::VersionRange;

/// What a hub wants done when the peer with that key says hello like this.
fn answer(peer: &SecretKey, change: impl FnOnce(&mut Hello)) -> (Session, Vec<Output>) {
    let hub = Machine::new(hub(1), Role::Hub);
    let mut hello = hello_of(&Machine::new(peer.clone(), Role::Hub));
    change(&mut hello);
    let mut session = line::session(&hub, peer.public());
    give(&mut session, Input::Start, NOW);
    let outputs = give(&mut session, received(Message::Hello(Box::new(hello))), NOW);
    (session, outputs)
}

#[track_caller]
fn check(change: impl FnOnce(&mut Hello), farewell: Farewell) {
    let (mut session, outputs) = answer(&hub(2), change);
    check_closed(&outputs, farewell);
    assert_eq!(session.peer(), None);
    let after = [
        Input::Tick,
        received(Message::Recap),
        Input::TrustChanged,
        Input::Leave,
    ];
    for input in after {
        assert_eq!(
            give(&mut session, input, NOW.plus_ms(HOUR_MS)),
            [],
            "a closed session is dead"
        );
    }
}

/// The hub's certificate with one thing changed, by an issuing key.
fn certified(change: impl FnOnce(&mut Certificate)) -> DeviceIdentity {
    let mut certificate = certificate(&hub(2), Role::Hub);
    change(&mut certificate);
    identity_by(&issuing(), certificate)
}

#[test]
fn a_peer_with_a_good_certificate_is_let_in() {
    let (session, outputs) = answer(&hub(2), |_| {});
    assert_eq!(session.peer().unwrap().device, hub(2).public());
    let closed = |output: &Output| matches!(output, Output::Close(_));
    assert!(!outputs.iter().any(closed));
}

#[test]
fn a_peer_that_speaks_no_version_of_ours_is_told_so() {
    let range = |lowest, highest| VersionRange { lowest, highest };
    check(|hello| hello.versions = range(3, 9), Farewell::NoCommonVersion);
    check(|hello| hello.versions = range(1, 1), Farewell::NoCommonVersion);
    check(|hello| hello.versions = range(0, 0), Farewell::NoCommonVersion);
    check(|hello| hello.versions = range(5, 1), Farewell::NoCommonVersion);
    let (_, outputs) = answer(&hub(2), |hello| hello.versions = range(0, 9));
    assert!(!outputs.iter().any(|output| matches!(output, Output::Close(_))));
}

#[test]
fn a_peer_of_another_event_is_told_so() {
    check(|hello| hello.event = EventId([1; 16]), Farewell::OtherEvent);
}

#[test]
fn a_peer_without_a_good_certificate_is_not_welcome() {
    let with = |identity: DeviceIdentity| move |hello: &mut Hello| hello.identity = identity;
    let window = |from: u64, until: u64| {
        certified(|c| {
            c.window = Window {
                from: Timestamp(from),
                until: Timestamp(until),
            };
        })
    };
    check(with(window(0, NOW.0)), Farewell::NotWelcome);
    // One that begins later only says that our clock is behind, which is heard by talking.
    let (_, outputs) = answer(&hub(2), with(window(NOW.0 + 1, NOW.0 + 2)));
    assert!(!outputs.iter().any(|output| matches!(output, Output::Close(_))));
    check(
        with(certified(|c| c.event = EventId([1; 16]))),
        Farewell::NotWelcome,
    );
    check(
        with(certified(|c| c.device = hub(3).public())),
        Farewell::NotWelcome,
    );
    let forged = identity_by(&key(0x66), certificate(&hub(2), Role::Hub));
    check(with(forged), Farewell::NotWelcome);
    let mut altered = certified(|_| {});
    altered.certificate.certificate.capabilities.override_refusals = true;
    check(with(altered), Farewell::NotWelcome);
}

#[test]
fn a_certificate_is_worth_nothing_on_a_connection_of_another_key() {
    let (_, outputs) = answer(&key(0x66), |hello| hello.identity = certified(|_| {}));
    check_closed(&outputs, Farewell::NotWelcome);
}

/// A scanner that hub 2 enrolled.
fn via_hub() -> DeviceIdentity {
    let enrols = certified(|c| {
        c.capabilities = Capabilities {
            enrol_scanners: true,
            override_refusals: false,
        };
    });
    DeviceIdentity {
        certificate: certificate(&scanner(1), Role::Scanner).sign(&hub(2)),
        via: Some(enrols.certificate),
    }
}

#[test]
fn a_revoked_device_is_not_welcome_nor_whom_it_enrolled() {
    let welcome = |revoked: &[PublicKey]| {
        let register = Register {
            revoked: revoked.iter().map(|device| (*device, Seq(0))).collect(),
            ..Register::default()
        };
        let mut session = line::session(&Machine::new(hub(1), Role::Hub), scanner(1).public());
        let mut hello = hello_of(&Machine::new(scanner(1), Role::Scanner));
        hello.identity = via_hub();
        let context = Context {
            now: NOW,
            clock: NOW,
            trust: &trust(1),
            register: &register,
            assurance: None,
            unheard_forks: &[],
        };
        session.handle(received(Message::Hello(Box::new(hello))), &context);
        session.peer().is_some()
    };
    assert!(welcome(&[]));
    assert!(welcome(&[hub(3).public()]));
    assert!(!welcome(&[scanner(1).public()]));
    assert!(!welcome(&[hub(2).public()]));
}

#[test]
fn a_peer_that_brings_a_newer_bundle_is_checked_by_it() {
    let by_new_key = || identity_by(&new_issuing(), certificate(&hub(2), Role::Hub));
    check(|hello| hello.identity = by_new_key(), Farewell::NotWelcome);
    let (session, outputs) = answer(&hub(2), |hello| {
        hello.identity = by_new_key();
        hello.bundle = signed_bundle(2);
    });
    assert!(session.peer().is_some());
    assert!(outputs.contains(&Output::StoreBundle(signed_bundle(2))));
}

#[test]
fn a_newer_bundle_that_our_roots_did_not_sign_admits_nobody() {
    let forge = |hello: &mut Hello| {
        hello.identity = identity_by(&new_issuing(), certificate(&hub(2), Role::Hub));
        hello.bundle = crate::rehearsal::bundle(2).sign(&[&key(0x66)]);
    };
    check(forge, Farewell::NotWelcome);
}

#[test]
fn a_peer_whose_bundle_is_older_is_sent_ours() {
    let mut session = line::session(&Machine::new(hub(1), Role::Hub), hub(2).public());
    let hello = hello_of(&Machine::new(hub(2), Role::Hub));
    let outputs = give_in(
        &mut session,
        received(Message::Hello(Box::new(hello))),
        &trust(2),
        NOW,
    );
    assert!(sent(&outputs).contains(&&Message::Bundle(signed_bundle(2))));
    let again = give_in(&mut session, Input::TrustChanged, &trust(2), NOW);
    assert_eq!(sent(&again), Vec::<&Message>::new(), "once");
}

fn held_of_stranger(number: usize) -> Held {
    let mut origin = [0; 32];
    origin[..8].copy_from_slice(&number.to_le_bytes());
    Held {
        origin: PublicKey(origin),
        tail: Tail {
            seq: Seq(1),
            hash: [1; 32],
        },
        signature: None,
    }
}

#[test]
fn a_peer_that_names_too_many_logs_is_shown_the_door() {
    let too_many = || (0..=MAX_LOGS).map(held_of_stranger).collect::<Vec<_>>();
    check(|hello| hello.held = too_many(), Farewell::BadMessage);
    let most = |hello: &mut Hello| hello.held = too_many()[1..].to_vec();
    let (mut session, _) = answer(&hub(2), most);
    let known = give(
        &mut session,
        received(Message::Have(too_many()[1..].to_vec())),
        NOW,
    );
    assert!(!known.iter().any(|output| matches!(output, Output::Close(_))));
    let one_more = received(Message::Have(too_many()[..1].to_vec()));
    check_closed(&give(&mut session, one_more, NOW), Farewell::BadMessage);
    let (mut session, _) = answer(&hub(2), |_| {});
    check_closed(
        &give(&mut session, received(Message::Have(too_many())), NOW),
        Farewell::BadMessage,
    );
}

#[test]
fn a_peer_that_hands_out_runs_of_too_many_logs_is_shown_the_door() {
    let (mut session, _) = answer(&hub(2), |hello| {
        hello.held = (1..=MAX_LOGS).map(held_of_stranger).collect()
    });
    let cloud = busy_cloud(1);
    let run = cloud.run(authority().public(), Seq(0)).unwrap();
    check_closed(
        &give(&mut session, received(Message::Run(Arc::new(run))), NOW),
        Farewell::BadMessage,
    );
}

#[test]
fn a_peer_is_shown_the_door_when_it_is_revoked_or_its_certificate_ends() {
    let mut line = RehearsalLine::settled(Machine::cloud(&[1]), Machine::new(hub(1), Role::Hub));
    let device = hub(1).public();
    line.a.write(Body::DeviceRevoked {
        device,
        after: Seq(1),
    });
    line.a.input(Input::TrustChanged);
    assert_eq!(line.a.closed, Some(Close::Ours(Farewell::NotWelcome)));
    let mut line = RehearsalLine::settled(Machine::cloud(&[1]), Machine::new(hub(1), Role::Hub));
    line.a.clock = Timestamp(crate::rehearsal::SEASON.until.0);
    line.wait(4_000);
    assert!(matches!(line.a.closed, Some(Close::Ours(_))));
}

#[test]
fn a_session_wants_nothing_more_once_it_has_shown_the_door() {
    let brief = certified(|certificate| certificate.window.until = NOW.plus_ms(1_000));
    let (mut session, _) = answer(&hub(2), |hello| hello.identity = brief);
    let outputs = give(&mut session, Input::Tick, NOW.plus_ms(1_000));
    check_closed(&outputs, Farewell::NotWelcome);
}

#[test]
fn nothing_is_believed_before_the_hello() {
    let cloud = busy_cloud(3);
    let hub = Machine::new(hub(1), Role::Hub);
    let run = cloud.run(authority().public(), Seq(0)).unwrap();
    let early = [
        Message::Have(cloud.held()),
        Message::Run(Arc::new(run)),
        Message::Bundle(signed_bundle(2)),
        Message::Recap,
        Message::Beat {
            digest: [1; 32],
            clock: NOW,
            assurance: Some(cloud.assure(NOW)),
        },
    ];
    for message in early {
        let mut session = line::session(&hub, cloud.me());
        give(&mut session, Input::Start, NOW);
        assert_eq!(give(&mut session, received(message), NOW), []);
    }
}

proptest! {
    #[test]
    fn any_bytes_of_a_message_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..300), first in 0_u8..9) {
        let _ = Message::from_bytes(&bytes);
        let _ = Message::from_bytes(&[&[first][..], &bytes].concat());
    }

    #[test]
    fn any_message_with_a_byte_changed_gives_an_answer(which in 0_usize..5, at: prop::sample::Index, to: u8) {
        let cloud = {
            let mut cloud = busy_cloud(3);
            cloud.make_checkpoint(NOW);
            cloud
        };
        let hub = Machine::new(hub(1), Role::Hub);
        let run = cloud.run(authority().public(), Seq(0)).unwrap();
        let messages = [
            Message::Hello(Box::new(hello_of(&cloud))),
            Message::Have(cloud.held()),
            Message::Run(Arc::new(run)),
            Message::Checkpoint(parts::cut(cloud.checkpoint.as_ref().unwrap())[0].clone()),
            Message::Bundle(signed_bundle(2)),
        ];
        let mut bytes = messages[which].to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(message) = Message::from_bytes(&bytes) {
            prop_assert_eq!(message.to_bytes(), bytes);
            let mut line = RehearsalLine::settled(cloud, hub);
            line.b.input(received(message));
            line.settle();
        }
    }
}

#[test]
fn the_reason_for_the_door_is_kept_for_the_log() {
    let expired = certified(|certificate| certificate.window.until = NOW);
    let (session, _) = answer(&hub(2), |hello| hello.identity = expired);
    assert_eq!(
        session.refusal(),
        Some(&PeerError::Certificate(CertificateError::OutOfWindow))
    );
    let (session, _) = answer(&key(0x66), |hello| hello.identity = certified(|_| {}));
    assert_eq!(session.refusal(), Some(&PeerError::OtherKey));
    let (session, _) = answer(&hub(2), |_| {});
    assert_eq!(session.refusal(), None);
}
