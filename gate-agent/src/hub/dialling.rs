//! Keeps the link to one peer and tells the registry how it stands; dialling itself is the link's.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio_util::sync::CancellationToken;
use usher_link::{Dialer, LinkObserver, LinkState};

use crate::links::LinkId;
use crate::services::Services;

/// Keeps the hub linked to whoever is at one of these addresses until cancelled.
pub async fn keep_linked(services: Arc<Services>, addresses: Vec<String>, cancel: CancellationToken) {
    let dialer = Dialer {
        endpoint: services.endpoint.clone(),
        addresses: addresses.clone(),
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
