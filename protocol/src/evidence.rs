//! Whether records prove what they say by their own signatures, found out apart from the ledger so that every core can help; who may say it is the fold's.

use std::ops::Range;

use usher_keys::DeviceIdentity;

use crate::ident::Seq;
use crate::log::Run;
use crate::record::{Body, Record, ShownPassage};
use crate::ticket::Rejection;
use crate::ticket::foreign::ShownForeign;
use crate::trust::Trust;

/// What a record is worth by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// Everything in it that can be checked is true, or nothing in it needs a proof.
    Proven,
    /// A signature in it is false, or it is no record at all.
    False,
    /// It rests on a key that the trust bundle does not name yet, or on the authority's list of foreign codes, or was not looked at: it
    /// is to be verified when it is read.
    UnknownKey,
}

impl Worth {
    /// Returns the number it is stored as.
    pub fn code(self) -> u8 {
        match self {
            Self::UnknownKey => 0,
            Self::Proven => 1,
            Self::False => 2,
        }
    }

    /// Returns what a stored number stands for; one that is not known is to be looked at again.
    pub fn of_code(code: u8) -> Self {
        match code {
            1 => Self::Proven,
            2 => Self::False,
            _ => Self::UnknownKey,
        }
    }
}

/// What the records of one run are worth, by one version of the trust bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    bundle_version: u64,
    /// The records that are not proven; in honest logs there are none.
    doubtful: Vec<(Seq, Worth)>,
}

impl Evidence {
    /// Verifies every signature inside a run's records. This is most of what accepting a run costs, and needs no ledger.
    pub fn of(run: &Run, trust: &Trust) -> Self {
        Self::of_part(run, 0..run.records.len(), trust)
    }

    /// Verifies the signatures in some of a run's records, counted from 0, so that several cores can share a long run.
    pub fn of_part(run: &Run, records: Range<usize>, trust: &Trust) -> Self {
        let numbered = (run.base.seq.0.saturating_add(1)..).map(Seq).zip(&run.records);
        let part = numbered.skip(records.start).take(records.len());
        let worth = part.map(|(seq, bytes)| (seq, worth_to_keep(bytes, trust)));
        Self {
            doubtful: worth.filter(|(_, worth)| *worth != Worth::Proven).collect(),
            ..Self::none(trust)
        }
    }

    /// Makes the evidence of no record yet, to which all parts of a run are to be added.
    pub fn none(trust: &Trust) -> Self {
        Self {
            bundle_version: trust.bundle().version,
            doubtful: Vec::new(),
        }
    }

    /// Adds what a later part of the same run is worth; by another version of the trust bundle it makes all of it void.
    pub fn add(&mut self, later: Self) {
        if self.bundle_version == later.bundle_version {
            self.doubtful.extend(later.doubtful);
        } else {
            self.bundle_version = u64::MAX;
        }
    }

    /// Tells whether it was found by this version of the trust bundle.
    pub fn is_by(&self, trust: &Trust) -> bool {
        self.bundle_version == trust.bundle().version
    }

    /// Returns what a record of the run is worth.
    pub fn worth(&self, seq: Seq) -> Worth {
        let at = self.doubtful.binary_search_by_key(&seq, |(seq, _)| *seq);
        at.map_or(Worth::Proven, |at| self.doubtful[at].1)
    }
}

/// Verifies the signatures inside a record's bytes, for those who read it again at each start. What this build cannot read
/// was not verified: a later one is to look at it itself.
fn worth_to_keep(bytes: &[u8], trust: &Trust) -> Worth {
    Record::from_bytes(bytes).map_or(Worth::UnknownKey, |record| worth(&record.body, trust))
}

/// Verifies the signatures inside a record's bytes. One of a later version is passed over: nothing of it is used.
pub fn worth_of(bytes: &[u8], trust: &Trust) -> Worth {
    use crate::record::Unread;
    match Record::from_bytes(bytes) {
        Ok(record) => worth(&record.body, trust),
        Err(Unread::Later { .. }) => Worth::Proven,
        Err(Unread::Malformed(_)) => Worth::False,
    }
}

/// Verifies the signatures inside what a record says.
///
/// **Source**: docs/PROTOCOL.md, "Who may say what".
pub fn worth(body: &Body, trust: &Trust) -> Worth {
    match body {
        Body::Admitted(passage)
        | Body::Exited(passage)
        | Body::Overridden { passage, .. }
        | Body::Withdrawn { passage, .. }
        | Body::Annulled { passage, .. } => of_passage(passage, trust),
        Body::DeviceEnrolled { identity } | Body::Opened { identity } | Body::Renewed { identity } => {
            of_identity(identity, trust)
        }
        Body::ForkSeen(proof) => {
            let is_proven = proof.check(trust.event()).is_some();
            if is_proven { Worth::Proven } else { Worth::False }
        }
        Body::Policy { .. }
        | Body::Roster { .. }
        | Body::Superseded { .. }
        | Body::Revoked { .. }
        | Body::Reinstated { .. }
        | Body::DeviceRevoked { .. }
        | Body::HubRetired { .. }
        | Body::ForkSettled { .. }
        | Body::Restated
        | Body::Foreign(_)
        | Body::RosterAdopted { .. }
        | Body::Refused(_)
        | Body::ExitMatched { .. }
        | Body::Lent { .. }
        | Body::Counted { .. } => Worth::Proven,
    }
}

fn of_passage(passage: &ShownPassage, trust: &Trust) -> Worth {
    if ShownForeign::parse(&passage.code).is_some() {
        // The state knows what is listed.
        return Worth::UnknownKey;
    }
    match trust.keyring().check_evidence(&passage.code) {
        Ok(()) => Worth::Proven,
        Err(Rejection::UnknownKey) => Worth::UnknownKey,
        Err(
            Rejection::NotATicket
            | Rejection::UnknownVersion { .. }
            | Rejection::FalseSignature
            | Rejection::StruckKey
            | Rejection::KeyOutOfWindow
            | Rejection::NotLive
            | Rejection::NotListed,
        ) => Worth::False,
    }
}

fn of_identity(identity: &DeviceIdentity, trust: &Trust) -> Worth {
    let bundle = trust.bundle();
    if bundle.issuing_key(&identity.root_issuer()).is_none() {
        return Worth::UnknownKey;
    }
    if identity.was_issued(bundle) {
        Worth::Proven
    } else {
        Worth::False
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::Hlc;
    use crate::log::{Head, Tail};
    use crate::rehearsal::{hub, trust};

    /// Five records, of which those with these numbers are none, verified in parts of so many.
    #[track_caller]
    fn check_parts(doubtful: &[u64], share: usize) {
        let good = Record::new(Hlc::default(), Body::Restated).to_bytes();
        let bytes = |seq| {
            if doubtful.contains(&seq) {
                vec![0xff; 3]
            } else {
                good.clone()
            }
        };
        let run = Run {
            base: Tail::default(),
            records: (1..=5).map(bytes).collect(),
            head: Head::sign(trust(1).event(), Tail::default(), &hub(1)),
        };
        let mut evidence = Evidence::none(&trust(1));
        for start in (0..5).step_by(share) {
            evidence.add(Evidence::of_part(&run, start..start + share, &trust(1)));
        }
        assert_eq!(evidence, Evidence::of(&run, &trust(1)));
        for seq in 1..=5 {
            let is_proven = evidence.worth(Seq(seq)) == Worth::Proven;
            assert_eq!(
                is_proven,
                !doubtful.contains(&seq),
                "record {seq} in parts of {share}"
            );
        }
    }

    #[test]
    fn a_run_that_is_verified_in_parts_is_worth_what_it_is_as_a_whole() {
        for doubtful in [[].as_slice(), &[1], &[5], &[2, 3], &[1, 2, 3, 4, 5]] {
            for share in 1..=6 {
                check_parts(doubtful, share);
            }
        }
    }

    #[test]
    fn parts_by_different_bundles_are_void() {
        for (first, later) in [(1, 2), (2, 1)] {
            let mut evidence = Evidence::none(&trust(first));
            evidence.add(Evidence::none(&trust(later)));
            assert!(!evidence.is_by(&trust(1)) && !evidence.is_by(&trust(2)));
        }
    }
}
