//! What the replica's writer can be asked to do, each with the way back for the answer; doing it is the writer's.

use std::collections::BTreeSet;

use tokio::sync::oneshot;
use usher_keys::{PublicKey, SignedBundle};
use usher_protocol::admission::Verdict;
use usher_protocol::checkpoint::SignedCheckpoint;
use usher_protocol::correction::{NotAnnulled, NotCounted};
use usher_protocol::evidence::Evidence;
use usher_protocol::fork::ForkProof;
use usher_protocol::ledger::{JudgingAs, Ledger, ScanQuestion, Unheard};
use usher_protocol::log::{Head, Run};
use usher_protocol::record::{Passage, RightToAnnul};
use usher_protocol::request::Scan;
use usher_protocol::sync::{Held, NotStored};
use usher_protocol::{ScanSecret, ZoneId};

/// The way back for a verdict; `None` when it could not be made durable.
pub type VerdictReply = oneshot::Sender<Option<Verdict>>;

/// A look at the ledger; it is given none while the disk cannot be read.
pub type Inspection = Box<dyn FnOnce(Option<&Ledger>) + Send>;

/// A scan that nobody passed by after all.
#[derive(Debug, Clone)]
pub struct Annulment {
    /// The scan, as it was asked.
    pub scan: Scan,
    /// What entitles us.
    pub right: RightToAnnul,
    pub by: String,
    pub why: String,
}

/// Whose verdict on a scan it is.
#[derive(Debug, Clone)]
pub enum Judging {
    /// Ours, from there, beside a scan of the ticket whose asker may not have heard the yes.
    Ours(JudgingAs, Vec<Unheard>),
    /// The home's, beside such a scan of which only we know.
    Told(Verdict, Vec<Unheard>),
}

/// A command to the writer.
pub enum WriterCommand {
    /// Judge a scan and write down what came of it.
    Judge {
        asked: ScanQuestion,
        /// Whose verdict it is.
        judging: Judging,
        reply: VerdictReply,
    },
    /// Write down that we give up a scan of our own.
    Withdraw {
        scan: Scan,
        /// What proves that it is ours.
        secret: ScanSecret,
        /// The way back: whether it is durable.
        reply: oneshot::Sender<bool>,
    },
    /// Write down that nobody passed by a scan after all.
    Annul {
        /// The scan, what entitles us, and who says so why.
        annulment: Annulment,
        /// The way back; `None` when it could not be made durable.
        reply: oneshot::Sender<Option<Result<Option<Passage>, NotAnnulled>>>,
    },
    /// Write down how many people were counted in a zone.
    Count {
        /// The zone, and how many.
        counted: (ZoneId, u32),
        by: String,
        /// The way back; `None` when it could not be made durable.
        reply: oneshot::Sender<Option<Result<(), NotCounted>>>,
    },
    /// Let people in against the rules.
    Override {
        asked: ScanQuestion,
        /// The supervisor.
        by: String,
        why: String,
        reply: VerdictReply,
    },
    /// Check and store a run.
    Accept {
        run: Run,
        /// What its records are worth by themselves.
        evidence: Evidence,
        reply: oneshot::Sender<Result<Held, NotStored>>,
    },
    /// Begin from a checkpoint, if it is of use.
    Adopt {
        checkpoint: Box<SignedCheckpoint>,
        reply: oneshot::Sender<()>,
    },
    /// Take a bundle, if it is newer.
    Renew {
        bundle: SignedBundle,
        reply: oneshot::Sender<()>,
    },
    /// Write down that an origin has two histories.
    Report {
        found: Box<ForkProof>,
        reply: oneshot::Sender<()>,
    },
    /// Take note that a peer holds more of our own log than we do.
    HearPast {
        /// Our signature there.
        head: Head,
        reply: oneshot::Sender<()>,
    },
    /// Do what is due with the time: renew certificates, share places.
    Tend {
        /// The hubs that we are linked with.
        linked: BTreeSet<PublicKey>,
        reply: oneshot::Sender<()>,
    },
    /// Inspection at the ledger.
    Inspect(Inspection),
    /// Have a test meddle with the writer's connection.
    #[cfg(test)]
    Meddle(Box<dyn FnOnce(&rusqlite::Connection) + Send>),
}
