//! Peers that are not welcome, or that talk nonsense, get nothing and harm nobody.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use quinn::{Connection, ConnectionError, RecvStream, SendStream};
use usher_fixtures::SHOW;
use usher_keys::{Role, SecretKey, Timestamp, Window};
use usher_protocol::GateId;
use usher_protocol::request;
use usher_protocol::sync::{Farewell, Hello, MAX_FRAME_BYTES, Message, VERSIONS};

use super::memory::{Memory, now};
use super::site::{Site, scan};
use super::venue::{self, EVENT, OTHER_EVENT};
use super::within;
use crate::handshake_limit::Place;
use crate::sync_store::SyncStore;
use crate::{Endpoint, SessionEnd, ending, tls, wire};

#[track_caller]
fn refused_here(end: &SessionEnd) {
    assert_eq!(*end, SessionEnd::Ours(Farewell::NotWelcome));
}

/// Lets a device with that replica knock at a hub and checks that neither gets anything of the other.
async fn is_shown_the_door(seed: u8, replica: Arc<Memory>, before: impl FnOnce(&Site)) {
    let mut hub = Site::open(&venue::key(2), venue::hub(2));
    hub.replica.write([venue::refusal(1)]);
    before(&hub);
    let mut stranger = Site::open(&venue::key(seed), replica);
    stranger.replica.write([venue::refusal(2)]);
    stranger.link_to(&hub).await;
    refused_here(&hub.next_end().await);
    assert_eq!(
        stranger.next_end().await,
        SessionEnd::Theirs(Farewell::NotWelcome)
    );
    assert!(hub.nothing_opened());
    assert!(hub.replica.has_logs_of(&[hub.replica.me()]));
    assert!(stranger.replica.has_logs_of(&[stranger.replica.me()]));
}

#[tokio::test]
async fn a_certificate_of_another_key_opens_nothing() {
    let stolen = SHOW.identity(venue::certificate(venue::key(3).public(), Role::Hub));
    is_shown_the_door(66, venue::device_with(66, stolen), |_| {}).await;
}

#[tokio::test]
async fn an_expired_certificate_opens_nothing() {
    let mut certificate = venue::certificate(venue::key(3).public(), Role::Hub);
    certificate.window = Window {
        from: Timestamp(0),
        until: now(),
    };
    is_shown_the_door(3, venue::device_with(3, SHOW.identity(certificate)), |_| {}).await;
}

#[tokio::test]
async fn a_certificate_for_another_event_opens_nothing() {
    let mut certificate = venue::certificate(venue::key(3).public(), Role::Hub);
    certificate.event = OTHER_EVENT;
    is_shown_the_door(3, venue::device_with(3, SHOW.identity(certificate)), |_| {}).await;
}

#[tokio::test]
async fn a_revoked_device_opens_nothing() {
    let revoked = venue::key(3).public();
    is_shown_the_door(3, venue::hub(3), |hub| hub.replica.revoke(revoked)).await;
}

/// Connects as anyone with a UDP socket could.
async fn dial_raw(site: &Site) -> Connection {
    dial_with(&venue::key(99), site).await
}

async fn dial_with(key: &SecretKey, site: &Site) -> Connection {
    let endpoint = quinn::Endpoint::client(([127, 0, 0, 1], 0).into()).unwrap();
    let tls = tls::client_config(key).unwrap();
    let config = quinn::ClientConfig::new(Arc::new(tls));
    let addr = site.endpoint.local_addr();
    let dialing = endpoint
        .connect_with(config, addr, &tls::server_name(EVENT))
        .unwrap();
    within(dialing).await.unwrap()
}

/// Connects and names the event.
pub(super) async fn dial_stranger(site: &Site) -> (Connection, SendStream, RecvStream) {
    let connection = dial_raw(site).await;
    let (mut send, recv) = connection.open_bi().await.unwrap();
    wire::write_preamble(&mut send, EVENT).await.unwrap();
    (connection, send, recv)
}

/// Takes the places of so many strangers of an address, none of whom says a word.
fn silent_strangers(site: &Site, from: [u8; 4], count: usize) -> Vec<Place> {
    let handshake_limit = site.endpoint.handshake_limit();
    (0..count)
        .filter_map(|_| handshake_limit.enter(from.into()))
        .collect()
}

#[tokio::test]
async fn strangers_that_hold_every_place_give_way_to_one_of_another_machine() {
    let site = Site::open(&venue::key(2), venue::hub(2));
    // Never heard of again, but for the last, which holds as many as an address may and so goes first.
    let mut crowd: Vec<_> = (1..8)
        .flat_map(|network| silent_strangers(&site, [10, 0, network, 1], 63))
        .collect();
    let (first, _send, _recv) = dial_stranger(&site).await;
    crowd.extend(silent_strangers(&site, [127, 0, 0, 1], 63));
    crowd.extend(silent_strangers(&site, [10, 0, 9, 1], 7));
    assert_eq!(crowd.len(), 511);
    let elsewhere = silent_strangers(&site, [10, 0, 8, 1], 1);
    assert_eq!(elsewhere.len(), 1);
    // Without a word if the site has not heard yet that the handshake is done.
    let closed = within(first.closed()).await;
    if !matches!(closed, ConnectionError::ConnectionClosed(_)) {
        closed_for(&closed, Farewell::Leaving);
    }
}

#[tokio::test]
async fn a_device_that_comes_back_finds_a_place_though_strangers_of_its_machine_hold_as_many_as_they_may() {
    let site = Site::open(&venue::key(2), venue::hub(2));
    others_are_unharmed(&site).await;
    // With all that an address may have, and what is kept for it.
    let crowd = silent_strangers(&site, [127, 0, 0, 1], 64 + 4);
    assert_eq!(crowd.len(), 64 + 4);
    others_are_unharmed(&site).await;
}

#[track_caller]
pub(super) fn closed_for(error: &ConnectionError, farewell: Farewell) {
    let ConnectionError::ApplicationClosed(close) = error else {
        panic!("closed otherwise: {error:?}");
    };
    assert_eq!(close.error_code, ending::code(farewell));
}

/// Checks that an honest hub can still link and sync.
pub(super) async fn others_are_unharmed(site: &Site) {
    let mut honest = Site::open(&venue::key(3), venue::hub(3));
    honest.link_to(site).await;
    let here = site.replica.me();
    within(honest.replica.catches_up(&site.replica, here)).await;
}

#[tokio::test]
async fn a_peer_that_sends_bytes_that_are_no_messages_is_dropped() {
    let frame_too_long = u32::try_from(MAX_FRAME_BYTES + 1).unwrap().to_le_bytes().to_vec();
    let frames = [
        wire::frame(&[0xff; 100]),
        wire::frame(b""),
        frame_too_long,
        vec![0xff; 4],
        vec![0xff; 100_000],
    ];
    let site = Site::open(&venue::key(2), venue::hub(2));
    for bytes in frames {
        let (connection, mut send, _recv) = dial_stranger(&site).await;
        // May be cut short, which is the point.
        let _ = send.write_all(&bytes).await;
        closed_for(&within(connection.closed()).await, Farewell::BadMessage);
    }
    others_are_unharmed(&site).await;
}

#[tokio::test]
async fn a_peer_that_does_not_begin_with_the_preamble_is_dropped() {
    let site = Site::open(&venue::key(2), venue::hub(2));
    let connection = dial_raw(&site).await;
    let (mut send, _recv) = connection.open_bi().await.unwrap();
    send.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    closed_for(&within(connection.closed()).await, Farewell::BadMessage);
    others_are_unharmed(&site).await;
}

#[tokio::test]
async fn a_stranger_is_told_nothing_and_gets_no_answer() {
    let mut site = Site::open(&venue::key(2), venue::hub(2));
    let (connection, mut send, mut recv) = dial_stranger(&site).await;
    let recap = wire::frame(&Message::Recap.to_bytes());
    send.write_all(&recap).await.unwrap();
    let (mut asking, mut answer) = connection.open_bi().await.unwrap();
    let question = wire::frame(&request::to_bytes(&scan(1, GateId(1))));
    asking.write_all(&question).await.unwrap();
    asking.finish().unwrap();
    others_are_unharmed(&site).await;
    site.next_opened().await;
    assert!(site.nothing_opened());
    assert_eq!(site.responder.asked.load(Ordering::SeqCst), 0);
    site.cancel.cancel();
    let first = within(wire::read_frame(&mut recv, MAX_FRAME_BYTES))
        .await
        .unwrap();
    assert_eq!(Message::from_bytes(&first), Ok(Message::Bye(Farewell::Leaving)));
    within(answer.read_chunk(1, true)).await.unwrap_err();
}

#[tokio::test]
async fn a_certified_peer_that_asks_and_does_not_read_is_dropped() {
    let mut site = Site::open(&venue::key(2), venue::hub(2));
    let connection = dial_with(&venue::key(4), &site).await;
    let (mut send, _unread) = connection.open_bi().await.unwrap();
    wire::write_preamble(&mut send, EVENT).await.unwrap();
    let lazy = venue::hub(4);
    let hello = Message::Hello(Box::new(Hello {
        versions: VERSIONS,
        event: EVENT,
        identity: lazy.identity(),
        bundle: lazy.outlook().trust.signed().clone(),
        held: lazy.held(),
        heard_yours: false,
    }));
    send.write_all(&wire::frame(&hello.to_bytes())).await.unwrap();
    site.next_opened().await;
    let recaps = wire::frame(&Message::Recap.to_bytes()).repeat(1_000);
    while within(send.write_all(&recaps)).await.is_ok() {}
    assert_eq!(site.next_end().await, SessionEnd::Ours(Farewell::Silent));
    others_are_unharmed(&site).await;
}

#[tokio::test]
async fn silent_peers_are_dropped_and_block_nobody() {
    let mut site = Site::open(&venue::key(2), venue::hub(2));
    let wordless = dial_raw(&site).await;
    let (nameless, _send, _recv) = dial_stranger(&site).await;
    others_are_unharmed(&site).await;
    site.next_opened().await;
    // Takes as long as the time-outs do.
    within(wordless.closed()).await;
    closed_for(&within(nameless.closed()).await, Farewell::Silent);
    others_are_unharmed(&site).await;
}

#[tokio::test]
async fn an_endpoint_does_not_link_to_itself() {
    let site = Site::open(&venue::key(2), venue::hub(2));
    let own = site.endpoint.connect(site.endpoint.local_addr(), EVENT);
    assert!(matches!(within(own).await, Err(crate::LinkError::Myself)));
}

#[tokio::test]
async fn a_peer_without_our_protocol_name_is_refused_in_the_handshake() {
    let site = Site::open(&venue::key(2), venue::hub(2));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let anonymous = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let tls = quinn::crypto::rustls::QuicClientConfig::try_from(anonymous).unwrap();
    let endpoint = quinn::Endpoint::client(([127, 0, 0, 1], 0).into()).unwrap();
    let config = quinn::ClientConfig::new(Arc::new(tls));
    let dialing = endpoint.connect_with(config, site.endpoint.local_addr(), "a.invalid");
    within(dialing.unwrap()).await.unwrap_err();
    others_are_unharmed(&site).await;
}

#[tokio::test]
async fn a_dialer_that_vanishes_after_the_handshake_harms_nobody() {
    let site = Site::open(&venue::key(2), venue::hub(2));
    let endpoint = Endpoint::bind(([127, 0, 0, 1], 0).into(), &venue::key(3)).unwrap();
    let dialing = endpoint.connect(site.endpoint.local_addr(), EVENT);
    drop(within(dialing).await.unwrap());
    drop(endpoint);
    others_are_unharmed(&site).await;
}
