//! Whether a trust bundle that an organizer uploads may become an event's: signed by the roots, newer, and naming keys the cloud holds.

use thiserror::Error;
use usher_keys::{BundleError, EventId, KeyId, Purpose, RootSet, SignedBundle, Timestamp, TrustBundle};
use usher_protocol::trust::Trust;

use super::AuthorityError;
use super::key_safe::EventKeys;
use crate::store::Store;
use crate::store::authority::{NewBundle, NewBundleOutcome, PinnedBundle};

/// The purposes of keys that every bundle must cover.
const PURPOSES: [Purpose; 3] = [Purpose::Ticket, Purpose::Authority, Purpose::Issuing];

/// Why an uploaded bundle is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UploadError {
    /// By itself, or by what is known already.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// None of its keys for a purpose is one the cloud holds.
    #[error("none of the bundle's {purpose} keys is held here: sign the answer to this event's key-request")]
    ForeignKeys {
        /// The purpose.
        purpose: Purpose,
    },
    /// A ticket key tells by itself which event a ticket is for.
    #[error(
        "ticket key {key} was made for another event: its tickets would open the gates of both. Sign the answer to this event's own key-request"
    )]
    KeyOfAnotherEvent {
        /// The key's id.
        key: KeyId,
    },
    /// The first bundle must let the event begin.
    #[error("the bundle's {purpose} key cannot be used now: it must be active and in its window")]
    NotInForce {
        /// The purpose.
        purpose: Purpose,
    },
}

/// An uploaded bundle that may become the event's.
pub struct Checked {
    /// The trust it gives.
    pub trust: Trust,
    /// The roots it was verified against, which devices pin.
    pub roots: RootSet,
}

/// What an upload is checked against.
pub struct UploadGrounds<'a> {
    /// The event.
    pub event: EventId,
    /// The trust so far.
    pub held: Option<&'a Trust>,
    /// The keys the cloud holds.
    pub keys: &'a EventKeys,
    /// The time.
    pub now: Timestamp,
}

/// Checks an uploaded bundle and stores it; returns its version, or why it is refused.
///
/// # Errors
///
/// [`AuthorityError`]; [`AuthorityError::Conflict`] when another process stored one meanwhile.
pub async fn store(
    store: &Store,
    signed: SignedBundle,
    known: &UploadGrounds<'_>,
) -> Result<Result<u64, UploadError>, AuthorityError> {
    let Checked { trust, roots } = match check(signed, known) {
        Ok(checked) => checked,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Some(key) = key_of_another_event(store, trust.bundle()).await? {
        return Ok(Err(UploadError::KeyOfAnotherEvent { key }));
    }
    let version = trust.bundle().version;
    let bundle = PinnedBundle {
        roots,
        signed: trust.signed().clone(),
    };
    let new = NewBundle {
        event: known.event,
        version,
        bundle,
        now: known.now,
    };
    match store.add_bundle(new).await? {
        NewBundleOutcome::Added => Ok(Ok(version)),
        NewBundleOutcome::NotNewer => Err(AuthorityError::Conflict),
    }
}

/// Returns a ticket key of the bundle that this cloud has made for another event.
async fn key_of_another_event(store: &Store, bundle: &TrustBundle) -> Result<Option<KeyId>, AuthorityError> {
    for trusted in &bundle.ticket_keys {
        let events = store.events_of_key(trusted.key).await?;
        if events.iter().any(|event| *event != bundle.event) {
            return Ok(Some(trusted.key.id()));
        }
    }
    Ok(None)
}

/// Checks an uploaded bundle.
///
/// The first one is believed because the organizer's own request brings it, and pins its roots; each later one must be
/// signed by the roots of the one before. A later one may strike keys out without naming others: that cannot wait.
///
/// # Errors
///
/// [`UploadError`].
pub fn check(signed: SignedBundle, known: &UploadGrounds) -> Result<Checked, UploadError> {
    let checked = match known.held {
        Some(held) => Checked {
            roots: held.bundle().roots.clone(),
            trust: held.renew(signed)?,
        },
        None => {
            let roots = signed.unverified()?.roots;
            Checked {
                trust: Trust::pin(&roots, signed)?,
                roots,
            }
        }
    };
    let bundle = checked.trust.bundle();
    if bundle.event != known.event {
        return Err(BundleError::OtherEvent.into());
    }
    for purpose in PURPOSES {
        if known.keys.named(purpose, bundle).is_none() {
            return Err(UploadError::ForeignKeys { purpose });
        }
        if known.held.is_none() && known.keys.in_use(purpose, bundle, known.now).is_none() {
            return Err(UploadError::NotInForce { purpose });
        }
    }
    Ok(checked)
}

#[cfg(test)]
mod tests;
