//! Requests beside the session.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use usher_protocol::GateId;
use usher_protocol::admission::Verdict;
use usher_protocol::request::{JudgedBy, MAX_REQUEST_BYTES, Overriding, Reply, Request, RequestError};

use super::site::{SILENT_GATE, SLOW_GATE, Site, scan};
use super::{GUARD, venue, within};
use crate::connection::Pending;
use crate::{AskError, Connection, wire};

async fn linked() -> (Site, Site, Connection) {
    let one = Site::open(&venue::key(2), venue::hub(2));
    let mut other = Site::open(&venue::key(3), venue::hub(3));
    other.link_to(&one).await;
    let connection = other.next_opened().await.connection;
    (one, other, connection)
}

#[tokio::test]
async fn a_request_is_answered_by_a_responder_that_knows_who_asks() {
    let (mut one, _other, connection) = linked().await;
    let answer = connection.ask(&scan(1, GateId(1)), GUARD).await.unwrap().unwrap();
    assert_eq!(answer.verdict, Verdict::Admit { persons: 1, left: 0 });
    assert_eq!(answer.by, JudgedBy::Hub(venue::key(3).public()));
    // And the other way, over the same connection.
    let back = one.next_opened().await.connection;
    let answer = back.ask(&scan(2, GateId(1)), GUARD).await.unwrap().unwrap();
    assert_eq!(answer.by, JudgedBy::Hub(venue::key(2).public()));
}

#[tokio::test]
async fn whoever_answers_learns_that_the_asker_has_the_answer() {
    let (one, other, connection) = linked().await;
    for number in 0..3 {
        connection
            .ask(&scan(number, GateId(1)), GUARD)
            .await
            .unwrap()
            .unwrap();
    }
    let unheard = || [&one, &other].map(|site| site.responder.unheard.load(Ordering::SeqCst));
    within(async {
        while unheard() != [0, 0] {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Asks on behalf of somebody, and waits for the answer.
async fn asked_on_behalf(connection: &Connection, number: u8) -> Pending {
    let Request::Judge(scan) = scan(number, GateId(1)) else {
        unreachable!("scan makes this");
    };
    let mut pending = connection.begin(&Request::JudgeAsHome(scan)).await.unwrap();
    let reply = within(pending.next()).await.unwrap();
    assert!(matches!(reply, Reply::Done(Ok(_))), "{reply:?}");
    pending
}

#[tokio::test]
async fn what_was_asked_on_behalf_of_somebody_is_heard_once_the_asker_says_so() {
    let (one, _other, connection) = linked().await;
    let unheard = || one.responder.unheard.load(Ordering::SeqCst);
    let pending = asked_on_behalf(&connection, 1).await;
    // Its machine has the answer, as that of a later one which is heard at once.
    asked_on_behalf(&connection, 2).await.heard();
    within(async {
        while unheard() != 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    pending.heard();
    within(async {
        while unheard() != 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_nobody_heard_of_whom_it_was_asked_for_stays_unheard() {
    let (one, _other, connection) = linked().await;
    drop(asked_on_behalf(&connection, 1).await);
    for number in 2..5 {
        asked_on_behalf(&connection, number).await.heard();
    }
    within(async {
        while one.responder.unheard.load(Ordering::SeqCst) != 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // Whatever comes later does not make it heard.
    sleep(Duration::from_millis(50)).await;
    assert_eq!(one.responder.unheard.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn answers_that_nobody_hears_leave_streams_to_new_requests() {
    let (_one, _other, connection) = linked().await;
    let mut silent = Vec::new();
    // More than the streams that a peer grants.
    for number in (0..250).chain(0..50) {
        silent.push(within(asked_on_behalf(&connection, number)).await);
    }
    asked_on_behalf(&connection, 251).await.heard();
}

#[tokio::test]
async fn many_requests_at_once_are_all_answered() {
    let (_one, _other, connection) = linked().await;
    let mut asking = JoinSet::new();
    for number in 0..=u8::MAX {
        for gate in [GateId(1), GateId(2)] {
            let connection = connection.clone();
            asking.spawn(async move { connection.ask(&scan(number, gate), GUARD).await });
        }
    }
    let answers = within(asking.join_all()).await;
    assert_eq!(answers.len(), 512);
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Ok(_)))));
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_given_up_on_both_sides() {
    let (one, _other, connection) = linked().await;
    let unanswered = connection
        .ask(&scan(1, SILENT_GATE), Duration::from_millis(50))
        .await;
    assert_eq!(unanswered, Err(AskError::Timeout));
    // The responder's place is free again once the other side has heard of it.
    within(async {
        while one.responder.asked.load(Ordering::SeqCst) == 0
            || one.responder.waiting.load(Ordering::SeqCst) > 0
        {
            connection.ask(&scan(2, GateId(1)), GUARD).await.unwrap().unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_request_that_is_not_understood_is_answered_so() {
    let (_one, _other, connection) = linked().await;
    let oversized = u32::try_from(MAX_REQUEST_BYTES + 1).unwrap().to_le_bytes();
    for bytes in [wire::frame(b"\xff\xff\xff"), wire::frame(b""), oversized.to_vec()] {
        let (mut send, mut recv) = connection.quinn().open_bi().await.unwrap();
        send.write_all(&bytes).await.unwrap();
        send.finish().unwrap();
        let answer = within(wire::read_frame(&mut recv, MAX_REQUEST_BYTES))
            .await
            .unwrap();
        let reply: Reply = usher_protocol::request::from_bytes(&answer).unwrap();
        assert_eq!(reply, Reply::Done(Err(RequestError::Malformed)));
    }
}

#[tokio::test]
async fn a_request_over_the_limit_is_not_even_sent() {
    let (_one, _other, connection) = linked().await;
    let Request::Judge(scan) = scan(1, GateId(1)) else {
        unreachable!("scan makes this");
    };
    let wordy = Request::Override(Overriding {
        scan,
        by: "b".repeat(MAX_REQUEST_BYTES),
        why: String::new(),
    });
    let refused = connection.ask(&wordy, GUARD).await;
    assert!(matches!(refused, Err(AskError::TooLong { .. })), "{refused:?}");
}

#[tokio::test]
async fn asking_over_a_lost_connection_fails_at_once() {
    let (one, mut other, connection) = linked().await;
    within(one.endpoint.close()).await;
    other.next_end().await;
    let failed = connection.ask(&scan(1, GateId(1)), GUARD).await;
    assert!(matches!(failed, Err(AskError::Lost(_))), "{failed:?}");
}

#[tokio::test]
async fn whoever_waits_for_a_peer_that_asks_another_is_patient() {
    let (_one, _other, connection) = linked().await;
    let short = Duration::from_millis(300);
    let patient = within(connection.ask(&scan(1, SLOW_GATE), short)).await;
    assert!(patient.unwrap().is_ok(), "it showed that it was at work");
    let hung = within(connection.ask(&scan(2, SILENT_GATE), short)).await;
    assert!(matches!(hung, Err(AskError::Timeout)), "{hung:?}");
}
