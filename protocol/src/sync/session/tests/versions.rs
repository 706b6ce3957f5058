//! A conversation with a program of the next version: both speak the one that both know, and every byte of it is pinned.

use std::fmt::Write;

use data_encoding::HEXLOWER;

use super::*;
use crate::rehearsal::line::End;
use crate::sync::VersionRange;

const COMMITTED: &str = include_str!("../../../../tests/vectors/conversation.txt");

/// What a program that also speaks the next version says in our place.
fn by_the_next_version(message: Message) -> Message {
    match message {
        Message::Hello(hello) => {
            let versions = VersionRange {
                lowest: VERSIONS.highest,
                highest: VERSIONS.highest + 1,
            };
            Message::Hello(Box::new(Hello { versions, ..*hello }))
        }
        other @ (Message::Have(_)
        | Message::Run(_)
        | Message::Checkpoint(_)
        | Message::Bundle(_)
        | Message::Beat { .. }
        | Message::Recap
        | Message::Bye(_)
        | Message::Fork(_)) => other,
    }
}

/// Lets the two talk until nothing is left to say, and returns every message in turn, by who said it.
fn conversation(ours: &mut End, theirs: &mut End) -> String {
    let mut text = String::from(
        "# A conversation of a cloud that speaks version 2 (C) with a hub that speaks 2 and 3 (H): each frame's body, in turn. Version 2 is spoken.\n\n",
    );
    ours.input(Input::Start);
    theirs.input(Input::Start);
    let (mut from_ours, mut from_theirs) = (0, 0);
    loop {
        let (to_theirs, to_ours) = (
            ours.sent.get(from_ours).cloned(),
            theirs.sent.get(from_theirs).cloned(),
        );
        if to_theirs.is_none() && to_ours.is_none() {
            return text;
        }
        if let Some(message) = to_theirs {
            from_ours += 1;
            say(&mut text, 'C', &message, theirs);
        }
        if let Some(message) = to_ours {
            from_theirs += 1;
            say(&mut text, 'H', &by_the_next_version(message), ours);
        }
    }
}

fn say(text: &mut String, who: char, message: &Message, to: &mut End) {
    let bytes = message.to_bytes();
    writeln!(text, "{who} = {}", HEXLOWER.encode(&bytes)).unwrap();
    to.input(Input::Received(Message::from_bytes(&bytes).unwrap()));
}

#[test]
fn a_program_of_the_next_version_and_this_one_come_to_the_same_byte_for_byte() {
    let mut cloud = Machine::cloud(&[1]);
    cloud.write(Body::Revoked {
        unit: crate::Unit(7),
        generation: crate::Generation(1),
    });
    let mut device = Machine::new(hub(1), Role::Hub);
    device.write_due_records();
    let (name, other) = (cloud.me(), device.me());
    let (mut ours, mut theirs) = (End::new(cloud, other), End::new(device, name));
    let text = conversation(&mut ours, &mut theirs);
    for end in [&ours, &theirs] {
        assert_eq!(end.session.version(), Some(VERSIONS.highest));
        assert!(end.closed.is_none());
    }
    let digests = [&ours, &theirs].map(|end| end.machine.ledger.state().digest());
    assert_eq!(digests[0], digests[1]);
    assert!(
        text == COMMITTED,
        "protocol/tests/vectors/conversation.txt pins this; it is now\n{text}"
    );
}
