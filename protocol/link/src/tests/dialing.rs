//! Links that are kept alive.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use usher_keys::PublicKey;
use usher_protocol::sync::Farewell;

use super::memory::Memory;
use super::site::{CountingResponder, Site};
use super::{venue, within};
use crate::{Dialer, Endpoint, LinkError, LinkState, Loss, SessionEnd};

/// A dialer that is kept linked, and what its observer hears.
struct Link {
    replica: Arc<Memory>,
    states: UnboundedReceiver<(usize, LinkState)>,
    /// The address of the list that heard from the peer last.
    at: usize,
    cancel: CancellationToken,
    tasks: JoinSet<()>,
}

impl Link {
    fn keep(addr: String) -> Self {
        Self::keep_one_of(vec![addr])
    }

    fn keep_one_of(addresses: Vec<String>) -> Self {
        Self::keep_with(addresses, None)
    }

    fn keep_with(addresses: Vec<String>, expects: Option<PublicKey>) -> Self {
        let replica = venue::hub(3);
        let dialer = Dialer {
            endpoint: Endpoint::bind((Ipv4Addr::LOCALHOST, 0).into(), &venue::key(3)).unwrap(),
            addresses,
            expects,
            replica: Arc::clone(&replica),
            responder: Arc::new(CountingResponder::default()),
        };
        let (sender, states) = unbounded_channel();
        let cancel = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let observer = move |at, state| {
            let _ = sender.send((at, state));
        };
        tasks.spawn(dialer.keep_linked(observer, cancel.clone()));
        Self {
            replica,
            states,
            at: 0,
            cancel,
            tasks,
        }
    }

    async fn next(&mut self) -> LinkState {
        let (at, state) = within(self.states.recv()).await.unwrap();
        self.at = at;
        state
    }

    /// Waits until a session opens and gives how the one before it ended.
    async fn reopened(&mut self) -> Option<SessionEnd> {
        let mut last_end = None;
        loop {
            match self.next().await {
                LinkState::Opened(_) => return last_end,
                LinkState::Closed { end, .. } => last_end = Some(end),
                LinkState::Connecting | LinkState::Failed(_) => {}
            }
        }
    }
}

/// A site on a thread of its own, which can stop where it is: after `kill -9` nobody says goodbye.
struct FormerLife {
    addr: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl FormerLife {
    fn begin(replica: &Arc<Memory>) -> Self {
        let replica = Arc::clone(replica);
        let (stop, stopped) = oneshot::channel();
        let (told, addr) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            let site = runtime.block_on(async {
                let site = Site::open_at(anywhere(), &venue::key(2), replica);
                told.send(site.endpoint.local_addr()).unwrap();
                stopped.await.unwrap();
                site
            });
            // First the runtime, so that no task is polled once more to say something.
            drop(runtime);
            drop(site);
        });
        Self {
            addr: addr.recv().unwrap(),
            stop,
            thread,
        }
    }

    fn kill(self) {
        self.stop.send(()).unwrap();
        self.thread.join().unwrap();
    }
}

fn anywhere() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// Opens the site at that address as soon as the system has freed it.
async fn reopen(addr: SocketAddr, replica: &Arc<Memory>) -> Site {
    while UdpSocket::bind(addr).is_err() {
        tokio::task::yield_now().await;
    }
    Site::open_at(addr, &venue::key(2), Arc::clone(replica))
}

#[tokio::test]
async fn a_link_comes_back_when_the_peer_has_left_and_returned() {
    let replica = venue::hub(2);
    let site = Site::open_at(anywhere(), &venue::key(2), Arc::clone(&replica));
    let addr = site.endpoint.local_addr();
    let mut link = Link::keep(addr.to_string());
    assert!(matches!(link.next().await, LinkState::Connecting));
    assert_eq!(link.reopened().await, None);
    within(site.endpoint.close()).await;
    drop(site);

    replica.write([venue::refusal(1)]);
    let site = within(reopen(addr, &replica)).await;
    assert_eq!(link.reopened().await, Some(SessionEnd::Theirs(Farewell::Leaving)));
    within(link.replica.catches_up(&site.replica, replica.me())).await;
}

#[tokio::test]
async fn a_link_comes_back_when_the_peer_was_killed_and_restarted() {
    let replica = venue::hub(2);
    let former_life = FormerLife::begin(&replica);
    let addr = former_life.addr;
    let mut link = Link::keep(addr.to_string());
    link.reopened().await;
    former_life.kill();

    let _site = within(reopen(addr, &replica)).await;
    assert_eq!(
        link.reopened().await,
        Some(SessionEnd::Lost(Loss::Restarted)),
        "the restarted peer says at once that it has forgotten the connection"
    );
}

#[tokio::test]
async fn a_peer_that_leaves_is_followed_at_its_next_address() {
    let first = Site::open(&venue::key(2), venue::hub(2));
    let second = Site::open(&venue::key(2), venue::hub(2));
    let addresses = [&first, &second].map(|site| site.endpoint.local_addr().to_string());
    let mut link = Link::keep_one_of(addresses.to_vec());
    link.reopened().await;
    assert_eq!(link.at, 0);
    within(first.endpoint.close()).await;
    assert_eq!(link.reopened().await, Some(SessionEnd::Theirs(Farewell::Leaving)));
    assert_eq!(link.at, 1);
}

#[tokio::test]
async fn cancelling_ends_the_session_with_a_goodbye_and_then_the_dialer() {
    let mut site = Site::open(&venue::key(2), venue::hub(2));
    let mut link = Link::keep(site.endpoint.local_addr().to_string());
    link.reopened().await;
    link.cancel.cancel();
    assert!(matches!(
        link.next().await,
        LinkState::Closed {
            end: SessionEnd::Ours(Farewell::Leaving),
            ..
        }
    ));
    within(link.tasks.join_next()).await.unwrap().unwrap();
    assert_eq!(site.next_end().await, SessionEnd::Theirs(Farewell::Leaving));
}

#[tokio::test]
async fn a_dialer_tells_why_there_is_no_link_and_goes_on_trying() {
    for (addr, expected) in [
        ("127.0.0.1:0", "cannot be dialed"),
        ("no port here", "does not resolve"),
    ] {
        let mut link = Link::keep(addr.to_owned());
        for _ in 0..2 {
            assert!(matches!(link.next().await, LinkState::Connecting));
            let LinkState::Failed(error) = link.next().await else {
                panic!("expected a failure");
            };
            assert!(matches!(
                error,
                LinkError::Undialable { .. } | LinkError::Resolve(_)
            ));
            assert!(error.to_string().contains(expected), "{error}");
        }
        link.cancel.cancel();
        within(link.tasks.join_next()).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn who_is_not_expected_is_no_peer_and_the_link_that_stands_with_them_stays() {
    let site = Site::open(&venue::key(2), venue::hub(2));
    let address = site.endpoint.local_addr().to_string();
    let mut standing = Link::keep(address.clone());
    standing.reopened().await;
    // A second session of one device takes the place of the first: here none begins.
    let mut other = Link::keep_with(vec![address.clone()], Some(venue::key(9).public()));
    assert!(matches!(other.next().await, LinkState::Connecting));
    let LinkState::Failed(LinkError::OtherPeer { peer }) = other.next().await else {
        panic!("somebody else is there")
    };
    assert_eq!(peer, venue::key(2).public());
    assert!(standing.states.try_recv().is_err(), "nothing has happened to it");
    let mut expected = Link::keep_with(vec![address], Some(venue::key(2).public()));
    expected.reopened().await;
}
