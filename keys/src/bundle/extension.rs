//! Prolonging keys: the next bundle with the same keys and later ends, so that what they signed stays good; signing it is the roots'.

use thiserror::Error;

use super::{TrustBundle, TrustedKey};
use crate::ident::Timestamp;
use crate::key::KeyId;

/// Why keys are not prolonged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExtendError {
    /// No key of the bundle has that id.
    #[error("the trust bundle has no key {id}")]
    UnknownKey { id: KeyId },
    /// The key was struck out.
    #[error("key {id} was struck out: it is never believed again, ask for a new one")]
    StruckKey { id: KeyId },
    /// Nothing would be longer than it is.
    #[error("every key that was meant is believed until then or longer: nothing is ever shortened")]
    NothingToExtend,
}

impl TrustBundle {
    /// Returns the bundle that follows with keys believed until then: those named or, if none is, all that are not struck out.
    ///
    /// A key that is believed for longer keeps its end, and one that has retired stays so.
    ///
    /// # Errors
    ///
    /// [`ExtendError`].
    pub fn extend(&self, ids: &[KeyId], until: Timestamp) -> Result<Self, ExtendError> {
        for &id in ids {
            let mut named = self
                .keys()
                .filter(|(_, trusted)| trusted.key.id() == id)
                .peekable();
            if named.peek().is_none() {
                return Err(ExtendError::UnknownKey { id });
            }
            if named.all(|(_, trusted)| trusted.is_struck()) {
                return Err(ExtendError::StruckKey { id });
            }
        }
        let mut next = self.successor();
        let is_meant = |trusted: &TrustedKey| ids.is_empty() || ids.contains(&trusted.key.id());
        let mut extended_any = false;
        for trusted in next.keys_mut().filter(|trusted| is_meant(trusted)) {
            if !trusted.is_struck() && trusted.window.until < until {
                trusted.window.until = until;
                extended_any = true;
            }
        }
        if extended_any {
            Ok(next)
        } else {
            Err(ExtendError::NothingToExtend)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{KeyStatus, RootSet};
    use crate::ident::{EventId, Window};
    use crate::key::SecretKey;

    const END: Timestamp = Timestamp(9_000);
    const LATER: Timestamp = Timestamp(20_000);

    fn id(seed: u8) -> KeyId {
        SecretKey::from_seed(&[seed; 32]).public().id()
    }

    fn key(seed: u8, until: Timestamp) -> TrustedKey {
        let from = Timestamp(1_000);
        TrustedKey::active(SecretKey::from_seed(&[seed; 32]).public(), Window { from, until })
    }

    /// A retired and an active ticket key, an authority key that lasts for ever, and an issuing key that was struck out.
    fn bundle() -> TrustBundle {
        let mut bundle = TrustBundle {
            event: EventId([7; 16]),
            version: 3,
            roots: RootSet::single(SecretKey::from_seed(&[1; 32]).public()),
            ticket_keys: vec![key(10, END), key(11, END)],
            authority_keys: vec![key(20, Timestamp::FOREVER)],
            issuing_keys: vec![key(30, END)],
        };
        bundle.ticket_keys[0].status = KeyStatus::Retired(Timestamp(5_000));
        bundle.issuing_keys[0].status = KeyStatus::Struck(Timestamp(5_000));
        bundle
    }

    #[track_caller]
    fn check(ids: &[KeyId], until: Timestamp, ends: Result<[Timestamp; 4], ExtendError>) {
        let before = bundle();
        let extended = before.extend(ids, until);
        let found = extended.as_ref().map_err(Clone::clone).map(|next| {
            assert_eq!((next.check(), next.check_follows(&before)), (Ok(()), Ok(())));
            assert_eq!((next.version, &next.roots), (before.version + 1, &before.roots));
            let pairs = next.keys().zip(before.keys());
            for ((_, now), (_, then)) in pairs {
                assert_eq!(
                    (now.key, now.status, now.window.from),
                    (then.key, then.status, then.window.from)
                );
            }
            let ends: Vec<_> = next.keys().map(|(_, trusted)| trusted.window.until).collect();
            <[Timestamp; 4]>::try_from(ends).unwrap()
        });
        assert_eq!(found, ends, "{ids:?} until {until:?}");
    }

    #[test]
    fn keys_are_prolonged_and_never_shortened_and_a_struck_one_stays_as_it_is() {
        let forever = Timestamp::FOREVER;
        check(&[], LATER, Ok([LATER, LATER, forever, END]));
        check(&[id(11)], LATER, Ok([END, LATER, forever, END]));
        check(&[id(10), id(20)], LATER, Ok([LATER, END, forever, END]));
        check(&[], END, Err(ExtendError::NothingToExtend));
        check(&[id(20)], LATER, Err(ExtendError::NothingToExtend));
        check(&[id(30)], LATER, Err(ExtendError::StruckKey { id: id(30) }));
        check(&[id(99)], LATER, Err(ExtendError::UnknownKey { id: id(99) }));
        check(
            &[id(11), id(99)],
            LATER,
            Err(ExtendError::UnknownKey { id: id(99) }),
        );
    }
}
