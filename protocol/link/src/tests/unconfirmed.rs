//! Answers that nobody confirms: the line carries what is asked, and nothing of what is answered.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::Instant;
use usher_protocol::GateId;
use usher_protocol::request::Response;
use usher_protocol::routing::LONGEST_WAIT_MS;

use super::site::{Site, scan};
use super::{GUARD, venue, within};
use crate::{AskError, Connection};

/// Requests that are asked at once: more than one peer's places, and few enough for its streams.
const ASKED: u8 = 200;
/// How many of them must be answered though none is confirmed: beyond the 128 places of requests.
const ANSWERED: usize = 160;

/// A line between one dialer and a target, until it is dropped.
struct OneWayLine {
    address: SocketAddr,
    /// Whether anything comes back from the target.
    carries_back: Arc<AtomicBool>,
    _carrying: JoinSet<()>,
}

impl OneWayLine {
    async fn to(target: SocketAddr) -> Self {
        let local = (Ipv4Addr::LOCALHOST, 0);
        let front = Arc::new(UdpSocket::bind(local).await.unwrap());
        let back = Arc::new(UdpSocket::bind(local).await.unwrap());
        back.connect(target).await.unwrap();
        let address = front.local_addr().unwrap();
        let carries_back = Arc::new(AtomicBool::new(true));
        let carries = Arc::clone(&carries_back);
        let mut carrying = JoinSet::new();
        carrying.spawn(async move {
            let (mut there, mut here) = (vec![0; 65_535], vec![0; 65_535]);
            let mut dialer = None;
            loop {
                tokio::select! {
                    Ok((len, from)) = front.recv_from(&mut there) => {
                        dialer = Some(from);
                        back.send(&there[..len]).await.unwrap();
                    }
                    Ok(len) = back.recv(&mut here) => if let Some(dialer) = dialer
                        && carries.load(Ordering::SeqCst)
                    {
                        front.send_to(&here[..len], dialer).await.unwrap();
                    },
                }
            }
        });
        Self {
            address,
            carries_back,
            _carrying: carrying,
        }
    }
}

/// Links a site to another one over such a line, and waits until all that it was answered is heard.
async fn linked_one_way(one: &Site, key: u8) -> (Site, OneWayLine, Connection) {
    let mut other = Site::open(&venue::key(key), venue::hub(key));
    let line = OneWayLine::to(one.endpoint.local_addr()).await;
    other.link_at(line.address).await;
    let connection = other.next_opened().await.connection;
    within(connection.ask(&scan(0, GateId(1)), GUARD))
        .await
        .unwrap()
        .unwrap();
    within(async {
        while one.responder.unheard.load(Ordering::SeqCst) != 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    (other, line, connection)
}

/// Asks much at once, and hears nothing; returns what asks.
async fn ask_and_hear_nothing(
    one: &Site,
    line: &OneWayLine,
    connection: &Connection,
) -> JoinSet<Result<Response, AskError>> {
    let answered = one.responder.unheard.load(Ordering::SeqCst) + ANSWERED;
    line.carries_back.store(false, Ordering::SeqCst);
    let mut asking = JoinSet::new();
    for number in 0..ASKED {
        let connection = connection.clone();
        asking.spawn(async move { connection.ask(&scan(number, GateId(1)), GUARD).await });
    }
    within(async {
        while one.responder.unheard.load(Ordering::SeqCst) < answered {
            tokio::task::yield_now().await;
        }
    })
    .await;
    asking
}

#[tokio::test]
async fn devices_that_confirm_nothing_leave_the_way_to_another_hub_to_others() {
    let home = Site::open(&venue::key(2), venue::hub(2));
    let mut one = Site::open(&venue::key(3), venue::hub(3));
    one.link_to(&home).await;
    let to_home = one.next_opened().await.connection;
    let silent = [linked_one_way(&one, 4).await, linked_one_way(&one, 5).await];
    let mut honest = Site::open(&venue::key(6), venue::hub(6));
    honest.link_to(&one).await;
    let connection = honest.next_opened().await.connection;
    one.responder.home.set(to_home).unwrap();
    let (begun, mut asking) = (Instant::now(), Vec::new());
    for (_, line, connection) in &silent {
        asking.push(ask_and_hear_nothing(&one, line, connection).await);
    }
    // More was asked than one connection has streams, and none of it is given up yet.
    let answer = within(connection.ask(&scan(1, GateId(1)), GUARD)).await;
    assert!(matches!(answer, Ok(Ok(_))), "{answer:?}");
    assert!(
        begun.elapsed() < Duration::from_millis(LONGEST_WAIT_MS),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn answers_that_are_not_confirmed_keep_no_request_waiting() {
    let one = Site::open(&venue::key(2), venue::hub(2));
    let (_other, line, connection) = linked_one_way(&one, 3).await;
    let asking = ask_and_hear_nothing(&one, &line, &connection).await;
    line.carries_back.store(true, Ordering::SeqCst);
    let answers = within(asking.join_all()).await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Ok(_)))));
}
