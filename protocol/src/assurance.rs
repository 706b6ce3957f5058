//! The authority's signed word of how far its log had come at a moment: whoever holds as much has heard all it had said till then.

use bincode::{Decode, Encode};
use usher_keys::{Domain, EventId, SecretKey, Signature, Timestamp, codec};

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
    /// Says how far one's own log has come.
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
}
