//! The cloud as the authority of its events: their keys and trust, the one log only it writes, and the link to their devices.
//!
//! Each event with a trust bundle has a writer, the one task that writes its logs. Everyone else asks the writer, or
//! looks at what it has made durable.

pub mod event;
mod following;
pub mod key_safe;
pub mod lookup;
pub mod presence;
pub mod replica;
pub mod scans;
mod snapshot;
pub mod uplink;
pub mod upload;
pub mod view;
pub mod writer;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use usher_keys::{
    EventId, KeyId, KeyRequest, Purpose, SecretKey, SignedBundle, Timestamp, TrustBundle, Window,
};

use crate::catalogue::{Event, EventStatus};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::selling::jobs::LeaseHolder;
use crate::signing::{NoSigningKey, TicketSigner};
use crate::store::{Store, StoreError};
use event::EventAuthority;
use key_safe::{KeySafe, KeySafeError};
use upload::UploadGrounds;
use writer::{LogWriter, LogWriterParts, PolicyVersion, UploadOutcome};

/// How long before now new keys begin to be believed: a day, so that gates with clocks behind take their tickets.
const KEY_LEAD_MS: u64 = 24 * 60 * 60 * 1000;
/// How long after an event's end its keys are believed: a quarter of a year, for logs that come late and for audits.
const KEY_TRAIL_MS: u64 = 90 * 24 * 60 * 60 * 1000;

/// Tells until when the keys of an event that ends then are to be believed, as the roots are asked to say.
pub fn keys_wanted_until(ends_at: Timestamp, now: Timestamp) -> Timestamp {
    ends_at.max(now).plus_ms(KEY_TRAIL_MS)
}

/// Why the authority did not do what it was asked. Nothing has changed then.
#[derive(Debug, Clone, Error)]
pub enum AuthorityError {
    /// The event has no trust bundle yet.
    #[error("the event has no trust bundle yet")]
    NoBundle,
    /// No key may sign: it was struck out or its window is over.
    #[error("no {purpose} key of the event may sign now")]
    NoKey {
        /// What the key is for.
        purpose: Purpose,
    },
    /// Devices hold more of the authority's log than the cloud does.
    #[error(
        "the cloud runs on an older copy of its data: devices hold more of this event's authority log than it does"
    )]
    OldCopy,
    /// No ticket can be signed.
    #[error(transparent)]
    NoTicketKey(#[from] NoSigningKey),
    /// A ticket signed now would not be believed until the event's end.
    #[error("the event's ticket key ends before the event does")]
    KeyEndsEarly {
        /// Until when its keys should be believed.
        wanted: Timestamp,
    },
    /// The store was changed by someone else meanwhile.
    #[error("what is stored was changed by someone else meanwhile")]
    Conflict,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The keys cannot be read or made.
    #[error("the keys cannot be used")]
    Keys(#[source] KeySafeError),
    /// The authority is shutting down.
    #[error("the authority is shutting down")]
    Closed,
}

impl From<KeySafeError> for AuthorityError {
    fn from(error: KeySafeError) -> Self {
        match error {
            KeySafeError::Overtaken => Self::Conflict,
            KeySafeError::Store(error) => Self::Store(error),
            KeySafeError::OtherMasterKey => Self::Keys(error),
        }
    }
}

/// What the authority is made of.
#[derive(Clone)]
pub struct AuthorityParts {
    /// Where it writes.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Who signs tickets.
    pub signer: TicketSigner,
    /// Who counts.
    pub metrics: Metrics,
    /// Where the keys are kept.
    pub keys: KeySafe,
    /// This server, as the holder of links.
    pub holder: LeaseHolder,
}

/// The authorities of all events.
pub struct Authorities {
    parts: AuthorityParts,
    link: SecretKey,
    /// The events with a trust bundle; held only to look one up or add one.
    events: Mutex<BTreeMap<EventId, Arc<EventAuthority>>>,
    /// Held while keys are made or an event is taken up, which happens once for each.
    making: tokio::sync::Mutex<()>,
    writers: TaskTracker,
    stop: CancellationToken,
}

impl std::fmt::Debug for Authorities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authorities")
    }
}

impl Authorities {
    /// Sets the clock right by the database's and opens the key that names the cloud; no event is taken up yet.
    ///
    /// # Errors
    ///
    /// [`KeySafeError`].
    pub async fn open(parts: AuthorityParts) -> Result<Self, KeySafeError> {
        parts.store.set_right(&parts.clock).await?;
        Ok(Self {
            link: parts.keys.link_key(parts.clock.now()).await?,
            parts,
            events: Mutex::default(),
            making: tokio::sync::Mutex::default(),
            writers: TaskTracker::new(),
            stop: CancellationToken::new(),
        })
    }

    /// Returns the key that names this cloud on the network.
    pub fn link_key(&self) -> &SecretKey {
        &self.link
    }

    /// Returns the authority of an event.
    ///
    /// # Errors
    ///
    /// [`AuthorityError::NoBundle`].
    pub fn of(&self, event: EventId) -> Result<Arc<EventAuthority>, AuthorityError> {
        self.find(event).ok_or(AuthorityError::NoBundle)
    }

    /// Returns the authorities of all events that have a trust bundle.
    pub fn all(&self) -> Vec<Arc<EventAuthority>> {
        self.events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    fn find(&self, event: EventId) -> Option<Arc<EventAuthority>> {
        self.events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&event)
            .cloned()
    }

    /// Makes the keys an event lacks and gives the request that its roots are to sign.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn key_request(&self, event: &Event) -> Result<KeyRequest, AuthorityError> {
        let trust = self.find(event.id).map(|authority| authority.view().trust());
        self.request_beside(event, trust.as_ref().map(|trust| trust.bundle()))
            .await
    }

    /// Returns the request with a new key in the place of one that is going to be struck out, so that one bundle does both. `None`
    /// when the bundle in force has no such key, or it is struck out.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn key_request_instead_of(
        &self,
        event: &Event,
        key: KeyId,
    ) -> Result<Option<KeyRequest>, AuthorityError> {
        let trust = self.find(event.id).map(|authority| authority.view().trust());
        let now = self.parts.clock.now();
        let Some(struck) = trust.and_then(|trust| trust.bundle().strike(key, now)) else {
            return Ok(None);
        };
        self.request_beside(event, Some(&struck)).await.map(Some)
    }

    async fn request_beside(
        &self,
        event: &Event,
        bundle: Option<&TrustBundle>,
    ) -> Result<KeyRequest, AuthorityError> {
        let _one = self.making.lock().await;
        let now = self.parts.clock.now();
        let window = Window {
            from: Timestamp(now.0.saturating_sub(KEY_LEAD_MS)),
            until: keys_wanted_until(event.ends_at, now),
        };
        let keys = &self.parts.keys;
        Ok(keys.request_keys(event.id, (bundle, window), now).await?)
    }

    /// Takes a trust bundle that the organizer has had signed.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`]; a bundle that is refused is an outcome.
    pub async fn upload(
        &self,
        event: EventId,
        signed: SignedBundle,
    ) -> Result<UploadOutcome, AuthorityError> {
        let _one = self.making.lock().await;
        if self.find(event).is_none() && self.parts.store.trust_bundle(event).await?.is_some() {
            self.start_event(event).await?;
        }
        match self.find(event) {
            Some(authority) => {
                authority
                    .ask(move |writer| Box::pin(writer.renew_trust(signed.clone())))
                    .await
            }
            None => self.take_first(event, signed).await,
        }
    }

    async fn take_first(
        &self,
        event: EventId,
        signed: SignedBundle,
    ) -> Result<UploadOutcome, AuthorityError> {
        let keys = self.parts.keys.event_keys(event).await?;
        let now = self.parts.clock.now();
        let known = UploadGrounds {
            event,
            held: None,
            keys: &keys,
            now,
        };
        let version = match upload::store(&self.parts.store, signed, &known).await? {
            Ok(version) => version,
            Err(refused) => return Ok(UploadOutcome::Refused(refused)),
        };
        self.start_event(event).await?;
        Ok(UploadOutcome::InForce { version })
    }

    /// Starts the writer of an event that has a trust bundle.
    async fn start_event(&self, event: EventId) -> Result<(), AuthorityError> {
        let AuthorityParts {
            store,
            clock,
            signer,
            keys,
            ..
        } = self.parts.clone();
        let link = self.link.public();
        let writer = LogWriter::open(LogWriterParts {
            event,
            store,
            clock,
            signer,
            keys,
            link,
        })
        .await?;
        let (authority, work) = EventAuthority::new(&self.parts, writer, self.stop.clone());
        self.writers.spawn(work);
        self.events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(event, Arc::new(authority));
        if let Some(event) = self.parts.store.event(event).await?
            && let Err(error) = self.publish_policy(&event).await
        {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(event = %event.id, error, "the policy is not up to date");
        }
        Ok(())
    }

    /// Starts one event alone, for a command that works on it beside the servers.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn start_alone(&self, event: EventId) -> Result<Arc<EventAuthority>, AuthorityError> {
        self.start_event(event).await?;
        self.of(event)
    }

    /// Brings the policy in an event's log up to the one that is on sale; a draft's is nobody's concern yet.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn publish_policy(&self, event: &Event) -> Result<Option<PolicyVersion>, AuthorityError> {
        if event.status == EventStatus::Draft {
            return Ok(None);
        }
        self.of(event.id)?
            .ask(|writer| Box::pin(writer.publish_policy()))
            .await
    }

    /// Lets every writer finish what it does and end.
    pub async fn close(&self) {
        self.stop.cancel();
        self.writers.close();
        self.writers.wait().await;
    }
}
