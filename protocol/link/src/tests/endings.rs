//! How sessions end, on both sides.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use usher_protocol::sync::Farewell;

use super::site::Site;
use super::{venue, within};
use crate::{SessionEnd, drive};

#[tokio::test]
async fn leaving_is_said_and_heard() {
    let mut one = Site::open(&venue::key(2), venue::hub(2));
    let mut other = Site::open(&venue::key(3), venue::hub(3));
    other.link_to(&one).await;
    one.next_opened().await;
    other.next_opened().await;
    one.cancel.cancel();
    assert_eq!(one.next_end().await, SessionEnd::Ours(Farewell::Leaving));
    assert_eq!(other.next_end().await, SessionEnd::Theirs(Farewell::Leaving));
}

#[tokio::test]
async fn whoever_leaves_hands_on_before_what_was_written_last() {
    let mut one = Site::open(&venue::key(2), venue::hub(2));
    let mut other = Site::open(&venue::key(3), venue::hub(3));
    other.link_to(&one).await;
    one.next_opened().await;
    other.next_opened().await;
    let log = one.replica.me();
    one.replica.write([venue::refusal(1)]);
    within(other.replica.catches_up(&one.replica, log)).await;
    // Within the same step, which nobody would hear of before the next.
    one.replica.write((2..40).map(venue::refusal));
    one.cancel.cancel();
    assert_eq!(one.next_end().await, SessionEnd::Ours(Farewell::Leaving));
    other.next_end().await;
    assert_eq!(other.replica.seq(log), one.replica.seq(log));
}

#[tokio::test]
async fn closing_a_connection_ends_its_session_on_both_sides_with_the_reason() {
    let mut one = Site::open(&venue::key(2), venue::hub(2));
    let mut other = Site::open(&venue::key(3), venue::hub(3));
    other.link_to(&one).await;
    one.next_opened().await;
    other.next_opened().await.connection.close(Farewell::OtherEvent);
    assert_eq!(other.next_end().await, SessionEnd::Ours(Farewell::OtherEvent));
    assert_eq!(one.next_end().await, SessionEnd::Theirs(Farewell::OtherEvent));
}

#[tokio::test]
async fn closing_the_endpoint_tells_the_peers_and_accepts_no_more() {
    let mut one = Site::open(&venue::key(2), venue::hub(2));
    let mut other = Site::open(&venue::key(3), venue::hub(3));
    other.link_to(&one).await;
    one.next_opened().await;
    other.next_opened().await;
    within(one.endpoint.close()).await;
    assert_eq!(other.next_end().await, SessionEnd::Theirs(Farewell::Leaving));
    assert_eq!(one.next_end().await, SessionEnd::Ours(Farewell::Leaving));
    assert!(within(one.endpoint.accept()).await.is_none());
}

#[tokio::test]
async fn one_connection_carries_one_session() {
    let mut one = Site::open(&venue::key(2), venue::hub(2));
    let mut other = Site::open(&venue::key(3), venue::hub(3));
    other.link_to(&one).await;
    let connection = one.next_opened().await.connection;
    other.next_opened().await;
    let (replica, responder) = (Arc::clone(&one.replica), Arc::clone(&one.responder));
    let second = drive(connection, replica, responder, |_| {}, CancellationToken::new());
    assert_eq!(within(second).await, SessionEnd::Taken);
}

#[tokio::test]
async fn a_device_that_is_revoked_while_it_talks_is_shown_the_door() {
    let mut one = Site::open(&venue::key(2), venue::hub(2));
    let mut other = Site::open(&venue::key(3), venue::hub(3));
    other.link_to(&one).await;
    one.next_opened().await;
    other.next_opened().await;
    one.replica.revoke(venue::key(3).public());
    assert_eq!(one.next_end().await, SessionEnd::Ours(Farewell::NotWelcome));
    assert_eq!(other.next_end().await, SessionEnd::Theirs(Farewell::NotWelcome));
}
