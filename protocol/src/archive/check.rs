//! What the parts of an archive prove, one after the other; reading them is not here.

use std::sync::Arc;

use usher_keys::{DeviceIdentity, Domain, PublicKey, RootSet, Signature, SignedBundle, Timestamp};

use super::fault::ArchiveFault;
use super::logs::ArchivedLogs;
use super::{ArchivePart, ArchiveSums, sealed};
use crate::ident::{Origin, Seq};
use crate::ledger::Ledger;
use crate::log::Hash;
use crate::trust::Trust;

/// An archive of which everything was verified.
pub struct CheckedArchive {
    /// The roots that signed the trust bundle.
    pub roots: RootSet,
    /// What is in it.
    pub logs: ArchivedLogs,
    /// What its records were counted to, which is what it says.
    pub sums: ArchiveSums,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Trust,
    Maker,
    /// A checkpoint, or what comes behind one.
    Checkpoint,
    Logs,
    Seal,
    End,
}

/// What was found so far.
pub struct ArchiveCheck {
    named: Vec<PublicKey>,
    stage: Stage,
    trust: Option<(RootSet, Arc<Trust>)>,
    logs: Option<ArchivedLogs>,
}

impl ArchiveCheck {
    /// Begins, with the roots that must have signed.
    pub fn new(named: &[PublicKey]) -> Self {
        Self {
            named: named.to_vec(),
            stage: Stage::Trust,
            trust: None,
            logs: None,
        }
    }

    /// Tells whether nothing may follow.
    pub fn is_sealed(&self) -> bool {
        self.stage == Stage::End
    }

    /// Returns the last record so far.
    pub fn behind(&self) -> Option<(Origin, Seq)> {
        self.logs.as_ref()?.last()
    }

    /// Returns what was found once all was seen.
    pub fn end(self) -> Option<CheckedArchive> {
        let ((roots, _), logs) = self.trust.zip(self.logs)?;
        let sums = logs.sums();
        Some(CheckedArchive { roots, logs, sums })
    }

    /// Takes the next part, behind what ties those before it together.
    ///
    /// # Errors
    ///
    /// [`ArchiveFault`].
    pub fn take(
        &mut self,
        part: ArchivePart,
        before: Hash,
        visit: &mut dyn FnMut(Origin, Seq, &[u8]),
    ) -> Result<(), ArchiveFault> {
        self.stage = self.next_stage(&part)?;
        match part {
            ArchivePart::Trust { roots, bundle } => self.trust(roots, bundle),
            ArchivePart::Maker { by, at, identity } => self.maker((by, at), identity.map(|boxed| *boxed)),
            ArchivePart::Checkpoint { signed, dropped } => self.logs()?.begin_at(&signed, &dropped),
            ArchivePart::Log { origin } => self.logs()?.begin(origin),
            ArchivePart::Record { bytes } => {
                let (origin, seq) = self.logs()?.record(&bytes)?;
                visit(origin, seq, &bytes);
                Ok(())
            }
            ArchivePart::Head(head) => self.logs()?.head(&head),
            ArchivePart::Sums(said) => self.sums(&said),
            ArchivePart::Seal(signature) => self.seal(before, &signature),
        }
    }

    fn next_stage(&self, part: &ArchivePart) -> Result<Stage, ArchiveFault> {
        let stage = self.stage;
        let is_behind_maker = matches!(stage, Stage::Checkpoint | Stage::Logs);
        let (fits, next) = match part {
            ArchivePart::Trust { .. } => (stage == Stage::Trust, Stage::Maker),
            ArchivePart::Maker { .. } => (stage == Stage::Maker, Stage::Checkpoint),
            ArchivePart::Checkpoint { .. } => (stage == Stage::Checkpoint, Stage::Logs),
            ArchivePart::Log { .. } => (is_behind_maker, Stage::Logs),
            ArchivePart::Record { .. } | ArchivePart::Head(_) => (stage == Stage::Logs, Stage::Logs),
            ArchivePart::Sums(_) => (is_behind_maker, Stage::Seal),
            ArchivePart::Seal(_) => (stage == Stage::Seal, Stage::End),
        };
        if fits {
            Ok(next)
        } else {
            Err(ArchiveFault::OutOfPlace)
        }
    }

    fn logs(&mut self) -> Result<&mut ArchivedLogs, ArchiveFault> {
        self.logs.as_mut().ok_or(ArchiveFault::OutOfPlace)
    }

    fn trust(&mut self, roots: RootSet, bundle: SignedBundle) -> Result<(), ArchiveFault> {
        if !self.named.is_empty() {
            let named = RootSet {
                threshold: u8::try_from(self.named.len()).unwrap_or(u8::MAX),
                keys: self.named.clone(),
            };
            bundle.verify(&named).map_err(|_| ArchiveFault::OtherRoot)?;
        }
        let trust = Trust::pin(&roots, bundle).map_err(ArchiveFault::Bundle)?;
        self.trust = Some((roots, Arc::new(trust)));
        Ok(())
    }

    fn maker(
        &mut self,
        (by, at): (Origin, Timestamp),
        identity: Option<DeviceIdentity>,
    ) -> Result<(), ArchiveFault> {
        let (_, trust) = self.trust.as_ref().ok_or(ArchiveFault::OutOfPlace)?;
        let bundle = trust.bundle();
        let is_known = match &identity {
            Some(identity) => identity.unverified().device == by && identity.was_issued(bundle),
            None => bundle.authority_key(&by).is_some(),
        };
        if !is_known {
            return Err(ArchiveFault::StrangeMaker);
        }
        let ledger = Ledger::new(by, identity, Arc::clone(trust));
        self.logs = Some(ArchivedLogs::new(ledger, at));
        Ok(())
    }

    fn sums(&mut self, said: &ArchiveSums) -> Result<(), ArchiveFault> {
        let logs = self.logs()?;
        logs.end()?;
        let differing = said.differs_from(&logs.sums());
        differing.map_or(Ok(()), Err)
    }

    fn seal(&mut self, before: Hash, signature: &Signature) -> Result<(), ArchiveFault> {
        let ledger = &self.logs()?.ledger;
        let sealed = sealed(ledger.event(), before);
        let signed = ledger.me().verify(Domain::Archive, &sealed, signature);
        signed.map_err(|_| ArchiveFault::FalseSeal)
    }
}
