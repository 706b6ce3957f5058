//! Keeps the link to one peer and tells the registry how it stands; dialling itself is the link's.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use usher_keys::PublicKey;
use usher_link::{Dialer, LinkObserver, LinkState};

use crate::links::LinkId;
use crate::services::Services;

/// How often to check whether a found hub is linked.
pub const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Keeps the hub linked to whoever is at one of these addresses until cancelled.
pub async fn keep_linked(services: Arc<Services>, addresses: Vec<String>, cancel: CancellationToken) {
    let dialer = Dialer {
        endpoint: services.endpoint.clone(),
        addresses: addresses.clone(),
        expects: None,
        replica: Arc::clone(&services.replica),
        responder: Arc::clone(&services.responder),
    };
    let watcher = Watcher {
        services,
        addresses,
        link: Mutex::default(),
    };
    dialer.keep_linked(watcher, cancel).await;
}

/// Watches the addresses of one peer.
struct Watcher {
    services: Arc<Services>,
    addresses: Vec<String>,
    /// The link that stands at the moment.
    link: Mutex<Option<LinkId>>,
}

impl Watcher {
    fn link(&self) -> MutexGuard<'_, Option<LinkId>> {
        self.link.lock().expect("nothing panics while it holds this")
    }
}

impl LinkObserver for Watcher {
    fn observe(&self, at: usize, state: LinkState) {
        self.services.links.dialled(&self.addresses, at, &state);
        match state {
            LinkState::Opened(opened) => {
                let now = self.services.replica.clock().now();
                *self.link() = Some(self.services.links.opened(opened, now));
            }
            LinkState::Closed { .. } => {
                if let Some(id) = self.link().take() {
                    self.services.links.closed(id);
                }
            }
            LinkState::Connecting | LinkState::Failed(_) => {}
        }
    }
}

/// A hub that was found, not named by a person.
#[derive(Debug, Clone)]
pub struct Expected {
    pub hub: PublicKey,
    /// Where it is said to be, best first.
    pub addresses: Vec<String>,
}

/// Dials a hub that was found until it is linked, and drives that link; ends when another link with it stands, or when cancelled.
pub async fn reach(services: &Arc<Services>, expected: &Expected, cancel: &CancellationToken) {
    let stop = cancel.child_token();
    let meeting = Arc::new(Meeting {
        services: Arc::clone(services),
        link: Mutex::default(),
    });
    let dialer = Dialer {
        endpoint: services.endpoint.clone(),
        addresses: expected.addresses.clone(),
        expects: Some(expected.hub),
        replica: Arc::clone(&services.replica),
        responder: Arc::clone(&services.responder),
    };
    let observer = Arc::clone(&meeting);
    let dialling = dialer.keep_linked(move |_, state| observer.observe(state), stop.clone());
    tokio::pin!(dialling);
    loop {
        tokio::select! {
            () = &mut dialling => return,
            () = sleep(LOOK_EVERY) => {
                if !meeting.stands() && services.links.is_linked(&expected.hub) {
                    stop.cancel();
                }
            }
        }
    }
}

/// Watches the addresses of a hub that was found. What fails there is nobody's business: anyone can announce anything.
struct Meeting {
    services: Arc<Services>,
    /// Guards the link that stands at the moment; never held across an await.
    link: Mutex<Option<LinkId>>,
}

impl Meeting {
    fn stands(&self) -> bool {
        self.link().is_some()
    }

    fn link(&self) -> MutexGuard<'_, Option<LinkId>> {
        self.link.lock().expect("nothing panics while it holds this")
    }

    fn observe(&self, state: LinkState) {
        match state {
            LinkState::Opened(opened) => {
                let now = self.services.replica.clock().now();
                *self.link() = Some(self.services.links.opened(opened, now));
            }
            LinkState::Closed { .. } => {
                if let Some(id) = self.link().take() {
                    self.services.links.closed(id);
                }
            }
            LinkState::Connecting | LinkState::Failed(_) => {}
        }
    }
}
