//! Sessions in virtual time: who is let in, what is sent when, and that two of them always come to agree.

mod conversation;
mod doorway;
mod forks;
mod powers;
mod serving;
mod versions;

use usher_keys::Role;

use super::*;
use crate::Seq;
use crate::log::{RunError, Tail};
use crate::record::Body;
use crate::rehearsal::line::{self, RehearsalLine};
use crate::rehearsal::machine::Machine;
use crate::rehearsal::{EVENT, HOUR_MS, NOW, authority, hub, identity, signed_bundle, trust};
use crate::sync::NotStored;
use crate::trust::Register;

/// Gives an input to a session at a moment and all it then wants done.
fn give(session: &mut Session, input: Input, now: Timestamp) -> Vec<Output> {
    give_in(session, input, &trust(1), now)
}

fn give_in(session: &mut Session, input: Input, trust: &Trust, now: Timestamp) -> Vec<Output> {
    give_with(session, input, (trust, &Register::default(), &[]), now)
}

/// Gives an input to a session beside what is known of devices, and forks of its own that are unheard.
fn give_with(
    session: &mut Session,
    input: Input,
    (trust, register, unheard_forks): (&Trust, &Register, &[ForkProof]),
    now: Timestamp,
) -> Vec<Output> {
    let context = Context {
        now,
        clock: now,
        trust,
        register,
        assurance: None,
        unheard_forks,
    };
    session.handle(input, &context);
    std::iter::from_fn(|| session.poll()).collect()
}

/// What the authority says when it vouches for these devices.
fn vouched(devices: &[Origin]) -> Register {
    let named = |device: &Origin| (*device, identity(&hub(1), Role::Hub));
    Register {
        enrolled: devices.iter().map(named).collect(),
        ..Register::default()
    }
}

fn hello_of(machine: &Machine) -> Hello {
    Hello {
        versions: VERSIONS,
        event: EVENT,
        identity: machine.identity.clone(),
        bundle: signed_bundle(1),
        held: machine.held(),
        heard_yours: true,
    }
}

fn received(message: Message) -> Input {
    Input::Received(message)
}

/// A session of a hub with the cloud that has heard the cloud's hello; both hold nothing but what is given.
fn opened(ours: &Machine, theirs: &Machine) -> Session {
    let mut session = line::session(ours, theirs.me());
    give(&mut session, Input::Start, NOW);
    let outputs = give(
        &mut session,
        received(Message::Hello(Box::new(hello_of(theirs)))),
        NOW,
    );
    assert!(
        outputs
            .iter()
            .any(|output| matches!(output, Output::Notify(Notice::Opened(_))))
    );
    session
}

fn sent(outputs: &[Output]) -> Vec<&Message> {
    outputs.iter().filter_map(message_of).collect()
}

fn message_of(output: &Output) -> Option<&Message> {
    match output {
        Output::Send(message) => Some(message),
        Output::Load { .. }
        | Output::LoadCheckpoint
        | Output::Store(_)
        | Output::StoreCheckpoint(_)
        | Output::StoreBundle(_)
        | Output::WakeAt(_)
        | Output::Notify(_)
        | Output::Close(_) => None,
    }
}

#[track_caller]
fn check_closed(outputs: &[Output], farewell: Farewell) {
    let told = Output::Send(Message::Bye(farewell));
    let end = Output::Close(Close::Ours(farewell));
    assert_eq!(outputs, [told, end]);
}

/// A machine with so many records of its own.
fn busy_cloud(records: u32) -> Machine {
    let mut cloud = Machine::cloud(&[1]);
    for unit in 0..records {
        cloud.write(revoked(unit));
    }
    cloud
}

fn revoked(unit: u32) -> Body {
    Body::Revoked {
        unit: crate::ident::Unit(unit),
        generation: crate::ident::Generation(1),
    }
}
