//! Building an event's ledger from what is stored: at the start, after a failed write, and when the trust has changed.

use std::sync::Arc;

use usher_keys::{Capabilities, Certificate, DeviceIdentity, PublicKey, Purpose, Role, Timestamp};
use usher_protocol::ledger::Ledger;
use usher_protocol::log::Head;
use usher_protocol::sync::Held;
use usher_protocol::trust::Trust;

use super::{LogWriter, LogWriterParts};
use crate::authority::AuthorityError;
use crate::authority::key_files::EventKeys;
use crate::authority::view::AuthorityView;
use crate::store::StoreError;
use crate::store::authority::RecordsQuery;

/// Records read at once while replaying: a few hundred kilobytes.
const PAGE_RECORDS: u32 = 4_096;
/// How the cloud is called in its own certificates.
const CLOUD_NAME: &str = "cloud";

/// What is stored of an event, ready to work with.
struct StoredEvent {
    keys: EventKeys,
    trust: Arc<Trust>,
    identity: DeviceIdentity,
    ledger: Ledger,
    held: Vec<Held>,
}

impl LogWriter {
    /// Takes up an event that has a trust bundle, and puts its ticket key in use.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`]; a log that does not chain is damaged and nothing is built on it.
    pub async fn open(parts: LogWriterParts) -> Result<Self, AuthorityError> {
        let StoredEvent {
            keys,
            trust,
            identity,
            ledger,
            held,
        } = read(&parts).await?;
        let checkpoint = parts.store.checkpoint(parts.event).await?;
        let view = Arc::new(AuthorityView::new(trust, identity, ledger.me()));
        view.grow(held);
        view.register_in(ledger.state().register());
        let mut writer = Self {
            parts,
            keys,
            ledger,
            is_sound: true,
            view,
            checkpoint,
            past: None,
        };
        writer.install_ticket_key();
        writer.restate().await?;
        writer.show_voice();
        Ok(writer)
    }

    /// Returns what everyone else sees of the event.
    pub fn view(&self) -> Arc<AuthorityView> {
        Arc::clone(&self.view)
    }

    /// Builds everything anew from what is stored.
    pub(super) async fn rebuild(&mut self) -> Result<(), AuthorityError> {
        self.is_sound = false;
        let StoredEvent {
            keys,
            trust,
            identity,
            ledger,
            held,
        } = read(&self.parts).await?;
        let renewed = trust.bundle().version != self.ledger.trust().bundle().version;
        (self.keys, self.ledger, self.is_sound) = (keys, ledger, true);
        if let Some(past) = &self.past {
            self.ledger.hear_own_past(past);
        }
        self.view.grow(held);
        self.view.register_in(self.ledger.state().register());
        if renewed {
            self.install_ticket_key();
            self.view.trust_in(trust, identity, self.ledger.me());
        }
        self.show_voice();
        Ok(())
    }

    /// Shows by which key the authority assures others of how far its log has come: while its word counts and it has all of it.
    pub(super) fn show_voice(&self) {
        let (state, me) = (self.ledger.state(), self.ledger.me());
        let is_heard = state.authority() == Some(me) && !self.ledger.is_behind_own_past();
        let bundle = self.ledger.trust().bundle();
        let key = self.keys.in_use(Purpose::Authority, bundle, self.now());
        self.view
            .speak_by(key.filter(|key| is_heard && key.public() == me));
    }

    /// Takes note that a device holds more of our own log than we do. Bookings were lost with it, and their places must not be
    /// sold a second time: nothing is sold until somebody has looked into it and starts the cloud again.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn hear_own_past(&mut self, head: Head) -> Result<(), AuthorityError> {
        self.ready().await?;
        // A device may hold more of it than the one before.
        let is_longer = self.ledger.hear_own_past(&head);
        if is_longer && self.past.is_none() {
            tracing::error!(
                event = %self.parts.event,
                ours = self.ledger.tail(&head.origin).seq.0,
                theirs = head.tail.seq.0,
                "the database is an older copy: devices hold more of this event's authority log than it does. Nothing is sold or \
                 ordered. Stop the cloud and restore the newest copy; if there is none, wait until the log has come back from \
                 the devices, void the bookings that are missing, and start the cloud again"
            );
        }
        if is_longer {
            self.past = Some(head);
            self.install_ticket_key();
            self.show_voice();
        }
        Ok(())
    }

    /// Puts the bundle's active ticket key in use, or takes the present one out of use when there is none.
    fn install_ticket_key(&self) {
        if self.past.is_some() {
            return self.parts.signer.withdraw(self.parts.event);
        }
        let bundle = self.ledger.trust().bundle();
        match self.keys.in_use(Purpose::Ticket, bundle, self.now()) {
            Some(key) => {
                let trusted = bundle.ticket_key(key.public().id());
                let believed_until = trusted.map(|trusted| trusted.window.until).unwrap_or_default();
                self.parts.signer.install(self.parts.event, key, believed_until);
            }
            None => {
                tracing::warn!(event = %self.parts.event, "no ticket key may sign now: nothing can be sold");
                self.parts.signer.withdraw(self.parts.event);
            }
        }
    }
}

async fn read(parts: &LogWriterParts) -> Result<StoredEvent, AuthorityError> {
    let event = parts.event;
    let pinned = parts
        .store
        .trust_bundle(event)
        .await?
        .ok_or(AuthorityError::NoBundle)?;
    let trust = Trust::pin(&pinned.roots, pinned.signed);
    let trust = Arc::new(trust.map_err(|_| StoreError::Unreadable { what: "trust bundle" })?);
    let keys = parts
        .key_files
        .in_background(move |key_files| key_files.event_keys(event))
        .await?;
    let now = parts.clock.now();
    let identity = identity(parts, &keys, &trust, now)?;
    let ledger = Ledger::new(authority_key(&keys, &trust, now)?, None, Arc::clone(&trust));
    let (ledger, held) = replay(parts, ledger, now).await?;
    Ok(StoredEvent {
        keys,
        trust,
        identity,
        ledger,
        held,
    })
}

/// Returns the key whose log we write. One that may not sign any more still names the log that is there.
fn authority_key(keys: &EventKeys, trust: &Trust, now: Timestamp) -> Result<PublicKey, AuthorityError> {
    let (purpose, bundle) = (Purpose::Authority, trust.bundle());
    let key = keys
        .in_use(purpose, bundle, now)
        .or_else(|| keys.named(purpose, bundle));
    Ok(key.ok_or(AuthorityError::NoKey { purpose })?.public())
}

/// Makes the cloud's certificate for an event; the same keys and bundle always give the same one.
fn identity(
    parts: &LogWriterParts,
    keys: &EventKeys,
    trust: &Trust,
    now: Timestamp,
) -> Result<DeviceIdentity, AuthorityError> {
    let (purpose, bundle) = (Purpose::Issuing, trust.bundle());
    let key = keys
        .in_use(purpose, bundle, now)
        .or_else(|| keys.named(purpose, bundle));
    let issuer = key.ok_or(AuthorityError::NoKey { purpose })?;
    let window = bundle.issuing_key(&issuer.public()).map(|trusted| trusted.window);
    let certificate = Certificate {
        event: parts.event,
        device: parts.link,
        role: Role::Cloud,
        name: CLOUD_NAME.to_owned(),
        gates: Vec::new(),
        capabilities: Capabilities::default(),
        window: window.expect("the bundle names the issuing key"),
    };
    Ok(DeviceIdentity {
        certificate: certificate.sign(issuer),
        via: None,
    })
}

async fn replay(
    parts: &LogWriterParts,
    mut ledger: Ledger,
    now: Timestamp,
) -> Result<(Ledger, Vec<Held>), AuthorityError> {
    let (store, event) = (&parts.store, parts.event);
    let mut after = 0;
    loop {
        let page = store
            .records(RecordsQuery {
                event,
                after,
                limit: PAGE_RECORDS,
            })
            .await?;
        let Some(last) = page.last() else { break };
        after = last.position;
        if !page.iter().all(|record| ledger.replay(&record.entry, now)) {
            return Err(StoreError::Unreadable { what: "log" }.into());
        }
    }
    let heads = store.newest_heads(event).await?;
    if heads.iter().any(|head| head.tail != ledger.tail(&head.origin)) {
        return Err(StoreError::Unreadable { what: "head" }.into());
    }
    for head in &heads {
        ledger.replay_head(head.clone());
    }
    Ok((ledger, heads.into_iter().map(Held::from).collect()))
}
