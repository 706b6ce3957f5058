//! Taking in runs that peers send: each is checked by the ledger, all of a group become durable together, then each is answered.

use tokio::sync::oneshot;
use usher_protocol::Origin;
use usher_protocol::evidence::Evidence;
use usher_protocol::ledger::Accepted;
use usher_protocol::log::{Run, RunError};
use usher_protocol::sync::{Held, StoreError};

use super::{Draft, LogWriter};
use crate::store::authority::Sealed;

/// A run that a peer sent, and who waits for the answer.
pub struct Intake {
    /// The run.
    pub run: Run,
    /// What its records are worth by themselves.
    pub evidence: Evidence,
    /// Where the answer goes once the run is durable.
    pub reply: oneshot::Sender<Result<Held, StoreError>>,
}

struct Checked {
    origin: Origin,
    result: Result<(), StoreError>,
    reply: oneshot::Sender<Result<Held, StoreError>>,
}

impl Checked {
    /// Tells whether the run follows another history than our copy.
    fn is_contested(&self) -> bool {
        matches!(self.result, Err(StoreError::Run(RunError::Forked(_))))
    }
}

impl LogWriter {
    /// Checks, stores and answers a group of runs.
    pub(super) async fn take_in(&mut self, group: Vec<Intake>) {
        let (checked, stored) = match self.ready().await {
            Ok(()) => {
                let mut draft = Draft::default();
                let checked: Vec<_> = group
                    .into_iter()
                    .map(|intake| self.check(intake, &mut draft))
                    .collect();
                let newcomers = self.vouch(checked.iter().map(|checked| checked.origin), &mut draft);
                let stored = self.commit(draft).await;
                if stored.is_ok() && newcomers > 0 {
                    self.renew_newcomers().await;
                }
                let contested = checked.iter().any(Checked::is_contested);
                if stored.is_ok() && contested {
                    self.drop_other_histories().await;
                }
                (checked, stored)
            }
            Err(error) => (group.into_iter().map(unchecked).collect(), Err(error)),
        };
        if let Err(error) = &stored {
            tracing::error!(error = error as &dyn std::error::Error, event = %self.parts.event, "runs were not stored");
        }
        for Checked {
            origin,
            result,
            reply,
        } in checked
        {
            let held = || stored.as_ref().ok().and_then(|()| self.view.held_of(&origin));
            let answer = result.and_then(|()| held().ok_or(StoreError::Unavailable));
            // An error means that the session has ended: the peer will hear of it in the next one.
            let _ = reply.send(answer);
        }
    }

    /// Renews what newcomers were given before the event's end moved: their hub may not have heard of that.
    async fn renew_newcomers(&mut self) {
        if let Err(error) = self.renew_certificates().await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, event = %self.parts.event, "certificates of new devices were not renewed");
        }
    }

    fn check(&mut self, intake: Intake, draft: &mut Draft) -> Checked {
        let Intake { run, evidence, reply } = intake;
        let origin = run.head.origin;
        let now = self.now();
        let result = match self.ledger.accept(&run, Some(evidence), now) {
            Ok(Accepted { entries, head }) => {
                draft.sealed.extend(head.map(|head| Sealed { entries, head }));
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

fn unchecked(intake: Intake) -> Checked {
    Checked {
        origin: intake.run.head.origin,
        result: Ok(()),
        reply: intake.reply,
    }
}
