//! A scanner that is switched on: its replica and its links; what it reads and shows is the station's.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use usher_device::directory::DataDirectory;
use usher_device::replica::Replica;
use usher_link::LinkError;

use crate::folder::{self, ScannerFolderError};
use crate::handover::Handover;
use crate::last_known::Noting;
use crate::links::{HubLinks, Hubs, Start};

/// Why a scanner does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Its folder cannot be used.
    #[error(transparent)]
    Folder(#[from] ScannerFolderError),
    /// It cannot link to anybody.
    #[error(
        "this machine's network cannot be used: look whether another program or a firewall keeps UDP from it"
    )]
    Link(#[from] LinkError),
}

/// A scanner that is switched on.
pub struct Scanner {
    replica: Arc<Replica>,
    links: HubLinks,
    noting: JoinSet<()>,
}

impl Scanner {
    /// Opens the folder and starts to dial: the addresses given; when none are, those of the enrolment
    /// and of the hubs that these know.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(folder: &DataDirectory, addresses: &[String]) -> Result<Self, StartError> {
        let (key, replica) = folder::open(folder)?;
        let replica = Arc::new(replica);
        let memory = folder.known_hubs_path();
        // Whoever names hubs wants these and no others.
        let learns = addresses.is_empty();
        let start = Start {
            addresses: if learns {
                &replica.enrolment().uplink
            } else {
                addresses
            },
            learns,
            memory: Some(&memory),
        };
        let handover = Arc::new(Handover::new(Arc::clone(&replica)));
        let links = HubLinks::start(&key, handover, start)?;
        let noting = Noting {
            replica: Arc::clone(&replica),
            hubs: links.hubs(),
            path: folder.last_known_path(),
        };
        let noting = JoinSet::from_iter([noting.run()]);
        Ok(Self {
            replica,
            links,
            noting,
        })
    }

    /// Returns the replica.
    #[must_use]
    pub fn replica(&self) -> Arc<Replica> {
        Arc::clone(&self.replica)
    }

    /// Returns who is linked.
    #[must_use]
    pub fn hubs(&self) -> Hubs {
        self.links.hubs()
    }

    /// Waits for a hub, and for the policy with the names of gates and tiers, for at most so long; tells whether a hub
    /// is linked. Ends early when no address leads to one.
    pub async fn first_hub(&self, limit: Duration) -> bool {
        let waiting = async {
            if self.hubs().first(limit).await {
                self.policy_heard().await;
            }
        };
        // What was not heard by then is heard later.
        let _ = timeout(limit, waiting).await;
        !self.hubs().linked().is_empty()
    }

    async fn policy_heard(&self) {
        let mut changes = usher_link::SyncStore::changes(self.replica.as_ref());
        while self.replica.snapshot().policy.is_none() {
            // Having missed some changes is as good a reason to look again.
            changes.next(Instant::now()).await;
        }
    }

    /// Lets linked hubs take what they lack, for some seconds at most, and switches off. Returns the number of records the last
    /// linked hub lacks, as far as we can tell.
    pub async fn end(mut self) -> u64 {
        self.noting.shutdown().await;
        let kept = self.links.end().await;
        self.replica.close().await;
        kept
    }
}
