//! Programs of other versions of the protocol: each side is told which of them to update.

use usher_protocol::sync::{Farewell, Hello, MAX_FRAME_BYTES, Message, VersionRange};

use super::site::Site;
use super::strangers::{closed_for, dial_stranger, others_are_unharmed};
use super::venue::{self, EVENT};
use super::within;
use crate::sync_store::SyncStore;
use crate::{SessionEnd, wire};

/// What a program of version 1 begins with: the same layout with another number in it.
fn hello_of_version_1() -> Vec<u8> {
    let old = venue::hub(4);
    let hello = Hello {
        versions: versions(1, 1),
        event: EVENT,
        identity: old.identity(),
        bundle: old.outlook().trust.signed().clone(),
        held: old.held(),
        heard_yours: false,
    };
    Message::Hello(Box::new(hello)).to_bytes()
}

/// What a program of version 3 may begin with: the versions where every version finds them, the rest laid out otherwise.
fn hello_of_version_3() -> Vec<u8> {
    let mut hello = vec![0, 3, 3];
    hello.extend_from_slice(&[0xee; 500]);
    hello
}

fn versions(lowest: u16, highest: u16) -> VersionRange {
    VersionRange { lowest, highest }
}

/// Says that as the first frame, and checks what either side hears.
async fn check(hello: &[u8], expected: SessionEnd, words: &str) {
    let mut site = Site::open(&venue::key(2), venue::hub(2));
    let (connection, mut send, mut recv) = dial_stranger(&site).await;
    send.write_all(&wire::frame(hello)).await.unwrap();
    let answer = within(wire::read_frame(&mut recv, MAX_FRAME_BYTES)).await;
    let bye = Message::Bye(Farewell::NoCommonVersion);
    assert_eq!(Message::from_bytes(&answer.unwrap()), Ok(bye));
    closed_for(&within(connection.closed()).await, Farewell::NoCommonVersion);
    let end = site.next_end().await;
    assert_eq!(end, expected);
    assert_eq!(end.to_string(), words);
    others_are_unharmed(&site).await;
}

#[tokio::test]
async fn a_program_of_version_1_is_told_that_it_is_too_old() {
    let words = "this program speaks version 2, the other one version 1: update the other one";
    check(
        &hello_of_version_1(),
        SessionEnd::OtherVersion(versions(1, 1)),
        words,
    )
    .await;
}

#[tokio::test]
async fn a_program_of_version_3_with_another_layout_is_told_that_we_are_too_old() {
    let words = "this program speaks version 2, the other one version 3: update this one";
    check(
        &hello_of_version_3(),
        SessionEnd::OtherVersion(versions(3, 3)),
        words,
    )
    .await;
}

#[tokio::test]
async fn a_hello_of_our_version_that_cannot_be_read_is_a_bad_message() {
    let site = Site::open(&venue::key(2), venue::hub(2));
    let (connection, mut send, _recv) = dial_stranger(&site).await;
    let hello = wire::frame(&[0, 2, 2, 0xee, 0xee]);
    send.write_all(&hello).await.unwrap();
    closed_for(&within(connection.closed()).await, Farewell::BadMessage);
    others_are_unharmed(&site).await;
}
