//! One socket that speaks for several events, each with its own key.

use std::net::Ipv4Addr;

use usher_keys::EventId;

use super::venue::{self, EVENT, OTHER_EVENT};
use super::within;
use crate::{Endpoint, LinkError};

const UNSERVED: EventId = EventId([9; 16]);
const DIALER: u8 = 3;

fn bound(n: u8) -> Endpoint {
    Endpoint::bind((Ipv4Addr::LOCALHOST, 0).into(), &venue::key(n)).unwrap()
}

#[tokio::test]
async fn a_peer_is_shown_the_key_of_the_event_that_it_names() {
    let usual = bound(10);
    let evening = usual.for_event(EVENT, &venue::key(11)).unwrap();
    let _matinee = usual.for_event(OTHER_EVENT, &venue::key(12)).unwrap();
    let dialer = bound(DIALER);
    let dialed = async |event, key| {
        let (accepted, dialed) =
            within(async { tokio::join!(usual.accept(), dialer.connect(usual.local_addr(), event)) }).await;
        let (accepted, dialed) = (accepted.unwrap(), dialed.unwrap());
        assert_eq!(dialed.peer(), venue::key(key).public());
        assert_eq!(
            (accepted.event(), accepted.peer()),
            (event, venue::key(DIALER).public())
        );
    };
    dialed(EVENT, 11).await;
    dialed(OTHER_EVENT, 12).await;
    dialed(UNSERVED, 10).await;
    usual.forget_event(EVENT);
    dialed(EVENT, 10).await;
    // What dials for an event shows that event's key, and knows itself by it.
    let listening = bound(DIALER);
    let (accepted, _) =
        within(async { tokio::join!(listening.accept(), evening.connect(listening.local_addr(), EVENT)) })
            .await;
    assert_eq!(accepted.unwrap().peer(), venue::key(11).public());
    let evening = usual.for_event(EVENT, &venue::key(11)).unwrap();
    let myself = within(async {
        tokio::select! {
            accepted = usual.accept() => panic!("{accepted:?}"),
            dialed = evening.connect(usual.local_addr(), EVENT) => dialed,
        }
    })
    .await;
    assert!(matches!(myself, Err(LinkError::Myself)));
}
