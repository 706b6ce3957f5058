//! By which certificate a peer is let in, and what becomes of a link when that ends: nobody may do more by what it merely shows.

use usher_keys::{Certificate, Role, TrustedKey, Window};

use super::*;
use crate::rehearsal::{bundle, certificate, identity_by, issuing, key, new_issuing, root, roots, scanner};

/// A scanner's certificate for every gate, with the capability to override.
fn wide(until: Timestamp) -> Certificate {
    let mut wide = certificate(&scanner(1), Role::Scanner);
    wide.capabilities.override_refusals = true;
    wide.window.until = until;
    wide
}

/// The certificate that the authority gave the scanner: for one gate.
fn narrow() -> Certificate {
    let mut narrow = certificate(&scanner(1), Role::Scanner);
    narrow.gates = vec![1];
    narrow
}

fn register_of(identity: DeviceIdentity) -> Register {
    Register {
        enrolled: [(scanner(1).public(), identity)].into(),
        ..Register::default()
    }
}

/// A hub's session with the scanner, at the moment it has heard that hello.
fn greeted(hello: Hello, trust: &Trust, register: &Register) -> (Session, Vec<Output>) {
    let gate = Machine::new(hub(1), Role::Hub);
    let mut session = line::session(&gate, scanner(1).public());
    give(&mut session, Input::Start, NOW);
    let said = received(Message::Hello(Box::new(hello)));
    let outputs = give_with(&mut session, said, (trust, register, &[]), NOW);
    (session, outputs)
}

fn showing(identity: DeviceIdentity, bundle: SignedBundle) -> Hello {
    let device = Machine::new(scanner(1), Role::Scanner);
    Hello {
        identity,
        bundle,
        ..hello_of(&device)
    }
}

fn let_in_by(outputs: &[Output]) -> Option<&Certificate> {
    outputs.iter().find_map(|output| match output {
        Output::Notify(Notice::Opened(certificate)) => Some(&**certificate),
        Output::Notify(_)
        | Output::Send(_)
        | Output::Load { .. }
        | Output::LoadCheckpoint
        | Output::Store(_)
        | Output::StoreCheckpoint(_)
        | Output::StoreBundle(_)
        | Output::WakeAt(_)
        | Output::Close(_) => None,
    })
}

/// Bundles in which the second issuing key ended before now, and in which it was extended.
fn ended_and_extended() -> [SignedBundle; 2] {
    [(2, NOW), (3, NOW.plus_ms(HOUR_MS))].map(|(version, until)| {
        let mut bundle = bundle(version);
        bundle.issuing_keys.truncate(1);
        let window = Window {
            until,
            ..Window::ALWAYS
        };
        bundle
            .issuing_keys
            .push(TrustedKey::active(new_issuing().public(), window));
        bundle.sign(&[&root()])
    })
}

#[test]
fn a_certificate_that_a_peer_made_itself_is_worth_nothing_beside_the_one_it_was_given() {
    let given = identity_by(&issuing(), narrow());
    let made_up = identity_by(&key(0x66), wide(crate::rehearsal::SEASON.until));
    let (session, outputs) = greeted(showing(made_up, signed_bundle(1)), &trust(1), &register_of(given));
    assert_eq!(let_in_by(&outputs), Some(&narrow()));
    assert_eq!(session.peer(), Some(&narrow()));
}

#[test]
fn so_it_is_where_only_a_newer_bundle_that_the_peer_brings_lets_it_in() {
    let given = identity_by(&new_issuing(), narrow());
    let made_up = identity_by(&key(0x66), wide(crate::rehearsal::SEASON.until));
    let [ended, extended] = ended_and_extended();
    let trust = Trust::pin(&roots(), ended).unwrap();
    let (session, outputs) = greeted(showing(made_up, extended), &trust, &register_of(given));
    assert_eq!(let_in_by(&outputs), Some(&narrow()));
    assert_eq!(session.peer(), Some(&narrow()));
}

#[test]
fn powers_that_have_ended_do_not_go_on_over_a_link_that_stands() {
    let shown = identity_by(&issuing(), wide(NOW.plus_ms(HOUR_MS)));
    let as_powerful = wide(crate::rehearsal::SEASON.until);
    for (given, goes_on) in [(narrow(), false), (as_powerful, true)] {
        let trust = trust(1);
        let register = register_of(identity_by(&issuing(), given));
        let (mut session, outputs) = greeted(showing(shown.clone(), signed_bundle(1)), &trust, &register);
        assert_eq!(let_in_by(&outputs), Some(shown.unverified()));
        let mut later = |ms| {
            give_with(
                &mut session,
                Input::Tick,
                (&trust, &register, &[]),
                NOW.plus_ms(ms),
            )
        };
        later(HOUR_MS - 1);
        let outputs = later(HOUR_MS);
        let ends = outputs.contains(&Output::Close(Close::Ours(Farewell::Leaving)));
        assert_eq!(!ends, goes_on, "{outputs:?}");
    }
}
