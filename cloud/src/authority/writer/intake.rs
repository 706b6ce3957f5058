//! Taking in runs that peers send: each is checked by the ledger, all of a group become durable together, then each is answered.

use tokio::sync::oneshot;
use usher_protocol::Origin;
use usher_protocol::evidence::Evidence;
use usher_protocol::ledger::Accepted;
use usher_protocol::log::{Run, RunError};
use usher_protocol::sync::{Held, NotStored};

use super::{Draft, LogWriter};
use crate::store::authority::Sealed;

/// A run that a peer sent, and who waits for the answer.
pub struct Intake {
    /// The run.
    pub run: Run,
    /// What its records are worth by themselves.
    pub evidence: Evidence,
    /// Where the answer goes once the run is durable.
    pub reply: oneshot::Sender<Result<Held, NotStored>>,
}

struct Checked {
    origin: Origin,
    result: Result<(), NotStored>,
    reply: oneshot::Sender<Result<Held, NotStored>>,
}

impl Checked {
    /// Tells whether the run follows another history than our copy.
    fn is_contested(&self) -> bool {
        matches!(self.result, Err(NotStored::Run(RunError::Forked(_))))
    }
}

impl Intake {
    /// Returns whose log the run is of.
    pub fn origin(&self) -> Origin {
        self.run.head.origin
    }
}

impl LogWriter {
    /// Checks, stores and answers a group of runs.
    pub(super) async fn take_in(&mut self, group: Vec<Intake>) {
        let mut draft = Draft::default();
        let checked: Vec<_> = group
            .into_iter()
            .map(|intake| self.check(intake, &mut draft))
            .collect();
        let stored = self.commit(draft).await;
        match &stored {
            Ok(()) => self.look_at(&checked).await,
            Err(error) => {
                tracing::error!(error = error as &dyn std::error::Error, event = %self.parts.event, "runs were not stored");
                // Another process may have stored other runs of these logs meanwhile.
                self.follow().await;
            }
        }
        for Checked {
            origin,
            result,
            reply,
        } in checked
        {
            let held = || stored.as_ref().ok().and_then(|()| self.view.held_of(&origin));
            let answer = result.and_then(|()| held().ok_or(NotStored::Unavailable));
            // An error means that the session has ended: the peer will hear of it in the next one.
            let _ = reply.send(answer);
        }
    }

    /// Does what follows from runs that are stored.
    async fn look_at(&mut self, checked: &[Checked]) {
        self.vouch(checked.iter().map(|checked| checked.origin).collect())
            .await;
        if checked.iter().any(Checked::is_contested) {
            self.drop_other_histories().await;
        }
    }

    fn check(&mut self, intake: Intake, draft: &mut Draft) -> Checked {
        let Intake { run, evidence, reply } = intake;
        let origin = run.head.origin;
        let result = match self.ledger.check(&run, Some(evidence)) {
            Ok(Accepted { entries, head }) => {
                draft.runs.extend(head.map(|head| Sealed { entries, head }));
                Ok(())
            }
            Err(error) => Err(error.into()),
        };
        Checked {
            origin,
            result,
            reply,
        }
    }
}
