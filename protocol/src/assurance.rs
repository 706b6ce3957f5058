//! The authority's signed word of how far its log had come at a moment: whoever holds as much has heard all it had said till then.

use bincode::{Decode, Encode};
use usher_keys::{Domain, EventId, SecretKey, Signature, Timestamp, codec};

use crate::clock::AGREEMENT_MS;
use crate::ident::Origin;
use crate::log::Tail;
use crate::trust::Trust;

/// An assurance. It is handed on as it is, so that nobody can make anybody believe that they are fresher than they are.
///
/// **Shape**: docs/PROTOCOL.md, "Session".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Assurance {
    /// Whose word it is.
    pub authority: Origin,
    /// When it was said, by the authority's clock.
    pub at: Timestamp,
    /// Where the authority's log ended.
    pub tail: Tail,
    pub signature: Signature,
}

#[derive(Encode)]
struct AssuranceBody {
    event: EventId,
    at: Timestamp,
    tail: Tail,
}

impl Assurance {
    /// Signs how far one's own log has come.
    pub fn sign(event: EventId, at: Timestamp, tail: Tail, key: &SecretKey) -> Self {
        let body = AssuranceBody { event, at, tail };
        Self {
            authority: key.public(),
            at,
            tail,
            signature: key.sign(Domain::Assurance, &codec::encode(&body)),
        }
    }

    /// Tells whether an authority has said it whose key is believed at that time.
    pub fn is_genuine(&self, trust: &Trust) -> bool {
        let body = AssuranceBody {
            event: trust.event(),
            at: self.at,
            tail: self.tail,
        };
        let key = trust.bundle().authority_key(&self.authority);
        key.is_some_and(|key| key.believed_at(self.at))
            && self
                .authority
                .verify(Domain::Assurance, &codec::encode(&body), &self.signature)
                .is_ok()
    }

    /// Tells whether it is news beside the one that is known, by our clock. What lies ahead of that was said by an authority whose
    /// clock was ahead, or heard by a gate whose own is behind: it gives way to what does not, or nothing would be news for as long.
    pub fn is_newer_than(&self, known: &Self, now: Timestamp) -> bool {
        let is_ahead = |one: &Self| one.at > now.plus_ms(AGREEMENT_MS);
        match (is_ahead(self), is_ahead(known)) {
            (false, true) => true,
            (true, false) => false,
            (true, true) | (false, false) => self.at > known.at,
        }
    }

    /// Tells whether the word of whoever said it counts still.
    pub fn counts(&self, trust: &Trust) -> bool {
        let key = trust.bundle().authority_key(&self.authority);
        key.is_some_and(|key| !key.is_struck())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::{EVENT, NOW, authority, hub, roots, signed_bundle, succeeded, successor};

    #[test]
    fn only_the_word_of_an_authority_that_was_not_struck_out_makes_anybody_fresh() {
        let trust = |bundle| Trust::pin(&roots(), bundle).unwrap();
        let (plain, struck) = (
            trust(signed_bundle(1)),
            trust(succeeded(2, &[successor()], &[&authority()])),
        );
        let said = |key: SecretKey| Assurance::sign(EVENT, NOW, Tail::default(), &key);
        let by_authority = said(authority());
        assert!(by_authority.is_genuine(&plain) && by_authority.counts(&plain));
        assert!(!by_authority.is_genuine(&struck) && !by_authority.counts(&struck));
        assert!(said(successor()).is_genuine(&struck) && said(successor()).counts(&struck));
        let by_hub = said(hub(1));
        assert!(!by_hub.is_genuine(&plain) && !by_hub.counts(&plain));
        let later = Assurance {
            at: NOW.plus_ms(1),
            ..by_authority
        };
        assert!(!later.is_genuine(&plain));
    }

    #[test]
    fn what_lies_ahead_of_our_clock_gives_way_to_what_does_not() {
        let at = |ms: i64| {
            let at = Timestamp(NOW.0.saturating_add_signed(ms));
            Assurance::sign(EVENT, at, Tail::default(), &authority())
        };
        let within = i64::try_from(AGREEMENT_MS).unwrap();
        for (said, known, is_news) in [
            (2, 1, true),
            (1, 2, false),
            (1, 1, false),
            (within, 0, true),
            (within + 1, 0, false),
            (-9, within + 1, true),
            (within + 2, within + 1, true),
            (within + 1, within + 2, false),
        ] {
            assert_eq!(
                at(said).is_newer_than(&at(known), NOW),
                is_news,
                "{said} beside {known}"
            );
        }
    }
}
