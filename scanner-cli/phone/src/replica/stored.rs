//! What a page's file comes to, group after group; making a ledger of it is the replica's.

use usher_keys::{DeviceIdentity, EventId, RootSet, SignedBundle, Timestamp};
use usher_protocol::assurance::Assurance;
use usher_protocol::checkpoint::{Checkpoint, SignedCheckpoint};
use usher_protocol::log::Head;

use super::{Logs, OpenError};
use crate::file::{Founding, Group};

/// What is stored, and what is about to be.
pub struct Stored {
    event: EventId,
    pub identity: DeviceIdentity,
    /// The roots that signed the newest bundle, and it.
    pub trust: (RootSet, SignedBundle),
    pub checkpoint: Option<SignedCheckpoint>,
    pub logs: Logs,
    pub own_past: Option<Head>,
    pub heard: Option<(Assurance, Timestamp)>,
}

impl Stored {
    /// Begins with the first group.
    pub fn found(mut first: Group) -> Result<Self, OpenError> {
        let founding = first.founding.take().ok_or(OpenError::NotFounded)?;
        let Founding {
            identity,
            roots,
            bundle,
        } = founding;
        let mut stored = Self {
            event: identity.unverified().event,
            identity,
            trust: (roots, bundle),
            checkpoint: None,
            logs: Logs::default(),
            own_past: None,
            heard: None,
        };
        stored.take(first);
        Ok(stored)
    }

    /// Takes the next group.
    pub fn take(&mut self, group: Group) {
        for origin in &group.dropped {
            self.logs.forget(origin);
        }
        if let Some(checkpoint) = group.checkpoint {
            if let Ok(unpacked) = checkpoint.unverified() {
                self.begin(&unpacked);
            }
            self.checkpoint = Some(checkpoint);
        }
        for record in group.records {
            self.logs.replay(self.event, record);
        }
        for head in group.heads {
            self.logs.sign(head);
        }
        self.identity = group.identity.unwrap_or_else(|| self.identity.clone());
        self.own_past = group.own_past.unwrap_or_else(|| self.own_past.take());
        self.trust = group.trust.unwrap_or_else(|| self.trust.clone());
        self.heard = group.heard.or(self.heard);
    }

    /// Lets logs begin behind what a checkpoint covers.
    pub fn begin(&mut self, checkpoint: &Checkpoint) {
        for head in &checkpoint.covered {
            self.logs.begin(head.origin, head.tail);
        }
    }
}
