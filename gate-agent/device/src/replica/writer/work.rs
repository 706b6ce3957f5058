//! Carrying out one command: what it asks of the ledger and what of it goes into the group; making that durable is the writer's.

use tokio::sync::oneshot;
use usher_keys::{DeviceIdentity, SecretKey, SignedBundle, Timestamp};
use usher_protocol::ZoneId;
use usher_protocol::admission::{Referral, Verdict};
use usher_protocol::checkpoint::SignedCheckpoint;
use usher_protocol::clock::RuleTime;
use usher_protocol::correction::{NotAnnulled, NotCounted};
use usher_protocol::evidence::Evidence;
use usher_protocol::fork::ForkProof;
use usher_protocol::ledger::{Annulling, JudgingAs, Ledger, ScanQuestion};
use usher_protocol::log::{Head, KeptHeads, Run, RunError};
use usher_protocol::record::{Body, Passage};
use usher_protocol::sync::{Held, NotStored};

use super::{DurableReply, Group};
use crate::replica::command::{Annulment, Judging, WriterCommand};

use crate::replica::view::ReplicaView;

/// Answers an asker; one that no longer waits does not matter.
fn answer<T>(reply: oneshot::Sender<T>, result: T) {
    let _ = reply.send(result);
}

/// Returns the way back for what counts only once the group is durable.
fn if_durable<T: Send + 'static>(reply: oneshot::Sender<Option<T>>, result: T) -> Option<DurableReply> {
    Some(Box::new(move |durable| answer(reply, durable.then_some(result))))
}

/// Answers a command that cannot be carried out.
pub(super) fn refuse(command: WriterCommand) -> DurableReply {
    match command {
        WriterCommand::Judge { reply, .. } | WriterCommand::Override { reply, .. } => {
            Box::new(move |_| answer(reply, None))
        }
        WriterCommand::Withdraw { reply, .. } => Box::new(move |_| answer(reply, false)),
        WriterCommand::Annul { reply, .. } => Box::new(move |_| answer(reply, None)),
        WriterCommand::Count { reply, .. } => Box::new(move |_| answer(reply, None)),
        WriterCommand::Accept { reply, .. } => Box::new(move |_| answer(reply, Err(NotStored::Unavailable))),
        WriterCommand::Adopt { reply, .. }
        | WriterCommand::Renew { reply, .. }
        | WriterCommand::Report { reply, .. }
        | WriterCommand::HearPast { reply, .. }
        | WriterCommand::Tend { reply, .. } => Box::new(move |_| answer(reply, ())),
        WriterCommand::Inspect(inspect) => Box::new(move |_| inspect(None)),
        #[cfg(test)]
        WriterCommand::Meddle(_) => Box::new(|_| {}),
    }
}

/// What carrying out one command takes.
pub(super) struct Work<'a> {
    pub(super) ledger: &'a mut Ledger,
    pub(super) kept_heads: &'a mut KeptHeads,
    pub(super) view: &'a ReplicaView,
    pub(super) group: &'a mut Group,
    pub(super) key: &'a SecretKey,
    pub(super) now: Timestamp,
    pub(super) moment: RuleTime,
}

impl Work<'_> {
    /// Puts a command's work into the group; returns the way back for the answer, if anybody waits for one.
    pub(super) fn take(&mut self, command: WriterCommand) -> Option<DurableReply> {
        match command {
            WriterCommand::Judge {
                asked,
                judging,
                reply,
            } => if_durable(reply, self.judge(&asked, judging)),
            WriterCommand::Withdraw { scan, secret, reply } => {
                if let Some(body) = self.ledger.withdraw(&scan, secret, self.now) {
                    let entry = self.ledger.write(body, self.now);
                    self.group.write(entry);
                }
                Some(Box::new(move |durable| answer(reply, durable)))
            }
            WriterCommand::Annul { annulment, reply } => if_durable(reply, self.annul(&annulment)),
            WriterCommand::Count { counted, by, reply } => if_durable(reply, self.count(counted, &by)),
            WriterCommand::Override {
                asked,
                by,
                why,
                reply,
            } => if_durable(reply, self.override_refusal(&asked, by, why)),
            WriterCommand::Accept { run, evidence, reply } => {
                let stored = self.accept(&run, evidence);
                let lost = Err(NotStored::Unavailable);
                Some(Box::new(move |durable| {
                    answer(reply, if durable { stored } else { lost });
                }))
            }
            WriterCommand::Adopt { checkpoint, reply } => {
                self.adopt(*checkpoint);
                Some(Box::new(move |_| answer(reply, ())))
            }
            WriterCommand::Renew { bundle, reply } => {
                self.renew(bundle);
                Some(Box::new(move |_| answer(reply, ())))
            }
            WriterCommand::Report { found, reply } => {
                self.report(*found);
                Some(Box::new(move |_| answer(reply, ())))
            }
            WriterCommand::HearPast { head, reply } => {
                self.hear_past(&head);
                Some(Box::new(move |_| answer(reply, ())))
            }
            WriterCommand::Tend { linked, reply } => {
                self.renew_scanners();
                for entry in self.ledger.share_places(&linked, self.now) {
                    self.group.write(entry);
                }
                Some(Box::new(move |_| answer(reply, ())))
            }
            WriterCommand::Inspect(_) => None,
            #[cfg(test)]
            WriterCommand::Meddle(_) => None,
        }
    }

    fn judge(&mut self, asked: &ScanQuestion, judging: Judging) -> Verdict {
        let judged = match judging {
            Judging::Ours(judging_as, unheard) => {
                self.ledger
                    .judge_with_unheard(asked, judging_as, self.moment, &unheard)
            }
            Judging::Told(told, unheard) => self.ledger.weigh_with_unheard(asked, told, self.now, &unheard),
        };
        if let Some(body) = judged.body {
            let entry = self.ledger.write(body, self.now);
            self.group.write(entry);
        }
        judged.verdict
    }

    fn count(&mut self, counted: (ZoneId, u32), by: &str) -> Result<(), NotCounted> {
        let body = self.ledger.count(counted, by, self.now)?;
        let entry = self.ledger.write(body, self.now);
        self.group.write(entry);
        Ok(())
    }

    fn annul(&mut self, annulment: &Annulment) -> Result<Option<Passage>, NotAnnulled> {
        let annulling = Annulling {
            scan: &annulment.scan,
            right: annulment.right,
            by: &annulment.by,
            why: &annulment.why,
        };
        let body = self.ledger.annul(&annulling, self.moment)?;
        let passage = self.ledger.annulled_passage(&body).cloned();
        let entry = self.ledger.write(body, self.now);
        self.group.write(entry);
        Ok(passage)
    }

    /// Lets people in against the rules; only a copied device may not, because nobody would ever believe its record.
    fn override_refusal(&mut self, asked: &ScanQuestion, by: String, why: String) -> Verdict {
        let judged = self.ledger.judge(asked, JudgingAs::CutOff, self.moment);
        let passed_before = judged.body.is_none();
        let unbelievable = judged.verdict == Verdict::Refer(Referral::OwnLogForked);
        if passed_before || unbelievable {
            return judged.verdict;
        }
        let Some(body) = self.ledger.override_refusal(asked, (by, why), self.now) else {
            // What the rules allow is no yes either: nothing of it is written down here.
            return match judged.verdict {
                Verdict::Admit { .. } => Verdict::Refer(Referral::NotAllowed),
                Verdict::Deny(_) | Verdict::Refer(_) => judged.verdict,
            };
        };
        let entry = self.ledger.write(body, self.now);
        self.group.write(entry);
        Verdict::Admit {
            persons: asked.persons.max(1),
            left: 0,
        }
    }

    fn accept(&mut self, run: &Run, evidence: Evidence) -> Result<Held, NotStored> {
        let origin = run.head.origin;
        let accepted = self.ledger.accept(run, Some(evidence), self.now);
        if matches!(accepted, Err(RunError::Forked(_))) {
            // Perhaps ours is the history that does not count: looked into after the group.
            self.group.snapshot_changed = true;
            if origin == self.ledger.me() && !self.ledger.is_behind_own_past() {
                // What was taken for our past is another history, also after a restart.
                self.group.batch.own_past = Some(None);
            }
        }
        let accepted = accepted?;
        for entry in accepted.entries {
            self.group.write(entry);
        }
        if let Some(head) = accepted.head {
            self.group.sign(head, self.kept_heads);
            self.group.snapshot_changed = true;
        }
        let grown = self.group.grown.get(&origin).cloned();
        Ok(grown.or_else(|| self.view.held_of(&origin)).unwrap_or(Held {
            origin,
            tail: self.ledger.tail(&origin),
            signature: None,
        }))
    }

    fn adopt(&mut self, signed: SignedCheckpoint) {
        match self.ledger.adopt(&signed) {
            Ok(checkpoint) => {
                self.group.batch.checkpoint = Some((signed, checkpoint));
                self.group.snapshot_changed = true;
            }
            Err(error) => tracing::debug!(%error, "a checkpoint is of no use here"),
        }
    }

    fn renew(&mut self, bundle: SignedBundle) {
        let roots = self.ledger.trust().bundle().roots.clone();
        if self.ledger.renew_trust(bundle.clone()).is_ok() {
            self.group.batch.trust = Some((roots, bundle));
            self.group.snapshot_changed = true;
        }
    }

    fn report(&mut self, found: ForkProof) {
        let (origin, seq) = (found.origin(), found.one.tail.seq);
        self.group.snapshot_changed = true;
        if let Some(entry) = self.ledger.report_fork(found, self.now) {
            tracing::error!(%origin, seq = seq.0, "an origin has two histories: a copied or restored device");
            self.group.write(entry);
        }
    }

    fn hear_past(&mut self, head: &Head) {
        let was_behind = self.ledger.is_behind_own_past();
        if self.ledger.hear_own_past(head) {
            // Also after a restart nothing is decided before it is back.
            self.group.batch.own_past = Some(Some(head.clone()));
            self.group.snapshot_changed = true;
        }
        if self.ledger.is_behind_own_past() && !was_behind {
            let (ours, theirs) = (self.ledger.tail(&head.origin).seq, head.tail.seq);
            tracing::error!(
                ours = ours.0,
                theirs = theirs.0,
                "others hold more of this device's own log than it does: no scan is decided until it has that back"
            );
        }
    }

    /// Signs the renewals that are due and writes them down: the scanners hear of them as of any record.
    fn renew_scanners(&mut self) {
        let Some(own) = self.ledger.identity().cloned() else {
            return;
        };
        for certificate in self.ledger.renewals_due(self.now) {
            tracing::info!(device = %certificate.device.id(), name = certificate.name, "renewed a scanner's certificate");
            let identity = DeviceIdentity {
                certificate: certificate.sign(self.key),
                via: Some(own.certificate.clone()),
            };
            let entry = self.ledger.write(Body::Renewed { identity }, self.now);
            self.group.write(entry);
        }
    }
}
