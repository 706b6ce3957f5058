//! What goes into a session and what comes out of it; what it makes of that is the session's.

use std::sync::Arc;

use thiserror::Error;
use usher_keys::{Certificate, DeviceIdentity, EventId, PublicKey, SignedBundle, Timestamp};

use super::{Farewell, Held, Message};
use crate::assurance::Assurance;
use crate::checkpoint::SignedCheckpoint;
use crate::fork::ForkProof;
use crate::ident::{Origin, Seq};
use crate::log::{Head, Run, RunError};
use crate::trust::{Register, Trust};

/// What a session is told at its start.
pub struct SessionConfig {
    pub event: EventId,
    pub identity: DeviceIdentity,
    /// The log that we write ourselves.
    pub own_log: Origin,
    /// The key the peer proved to hold when connecting.
    pub peer: PublicKey,
    /// What we hold.
    pub held: Vec<Held>,
    /// From how many missing records on a fresh peer is sent a checkpoint first: [`super::session::CHECKPOINT_LAG`], but where
    /// checkpoints themselves are put to the test.
    pub checkpoint_lag: u64,
}

/// What the outside world is like at the moment of an input.
pub struct Context<'a> {
    /// The wall clock.
    pub now: Timestamp,
    /// Our own clock, uncorrected by others'.
    pub clock: Timestamp,
    /// The trust in force.
    pub trust: &'a Trust,
    /// What the authority has said of devices.
    pub register: &'a Register,
    /// The newest assurance that we know of; the cloud makes it.
    pub assurance: Option<Assurance>,
    /// Forks of which nobody takes our written word: the peer is told with each beat.
    pub unheard_forks: &'a [ForkProof],
}

/// Why a run was not stored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotStored {
    /// It was refused.
    #[error("the run was refused")]
    Run(#[from] RunError),
    /// Storage failed; nothing was changed.
    #[error("storage failed")]
    Unavailable,
}

/// Storage could not be read: whether those records are here nobody knows, and it may tell another time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("storage could not be read")]
pub struct LoadError;

/// What happens to a session.
#[derive(Debug)]
pub enum Input {
    /// The connection stands: begin.
    Start,
    /// The peer sent a message.
    Received(Message),
    /// A log of ours grew, by whatever way.
    Grew(Held),
    /// An [`Output::Load`] was carried out.
    Loaded {
        /// The log asked for.
        origin: Origin,
        /// The run; `None` when those records are not here.
        run: Result<Option<Arc<Run>>, LoadError>,
    },
    /// An [`Output::LoadCheckpoint`] was carried out.
    LoadedCheckpoint(Option<SignedCheckpoint>),
    /// An [`Output::StoreCheckpoint`] was carried out; whatever it covers came as [`Input::Grew`] before.
    StoredCheckpoint,
    /// An [`Output::Store`] was carried out: where our copy ends now, or why not.
    Stored {
        origin: Origin,
        result: Result<Held, NotStored>,
    },
    /// Our trust bundle or the list of revoked devices changed.
    TrustChanged,
    /// Time has passed.
    Tick,
    /// The program is shutting down.
    Leave,
}

/// What a session wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send this.
    Send(Message),
    /// Load a run of this log after this record and say [`Input::Loaded`].
    Load {
        origin: Origin,
        /// After which record.
        after: Seq,
    },
    /// Load the newest checkpoint and say [`Input::LoadedCheckpoint`].
    LoadCheckpoint,
    /// Check and store this run and say [`Input::Stored`].
    Store(Run),
    /// Check and store this checkpoint, say [`Input::Grew`] for what it covers, then [`Input::StoredCheckpoint`].
    StoreCheckpoint(SignedCheckpoint),
    /// Check and store this bundle; a change comes back as [`Input::TrustChanged`].
    StoreBundle(SignedBundle),
    /// Say [`Input::Tick`] then.
    WakeAt(Timestamp),
    /// Tell people or the rest of the program.
    Notify(Notice),
    /// End the connection.
    Close(Close),
}

/// What a session has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The peer is who it says and may talk.
    Opened(Box<Certificate>),
    /// An origin has two histories.
    Forked(Box<ForkProof>),
    /// The peer holds more of our own log than we do, by our own signature: our disk is an older one.
    OwnPast(Head),
    /// An authority has said this, and we hold as much of its log.
    Fresh(Assurance),
    /// The peer's own clock shows this.
    Clock(Timestamp),
    /// A run was not accepted.
    RunRefused(Origin, NotStored),
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// We ended it.
    Ours(Farewell),
    /// The peer did.
    Theirs(Farewell),
}
