//! An event's ledger as what is stored makes it: caught up by the store's feed, and read from its beginning where the trust has changed.

use std::sync::Arc;

use usher_keys::{Capabilities, Certificate, DeviceIdentity, EventId, PublicKey, Purpose, Role, Timestamp};
use usher_protocol::ledger::Ledger;
use usher_protocol::log::Head;
use usher_protocol::trust::Trust;

use super::{LogWriter, LogWriterParts};
use crate::authority::AuthorityError;
use crate::authority::key_safe::EventKeys;
use crate::authority::snapshot::Snapshot;
use crate::authority::view::{AuthorityView, Compared};
use crate::store::authority::{ChangesAfter, Halt, NoteOwnPast, Sealed, StoredChanges};
use crate::store::{Store, StoreError};

/// Records read at once: a few hundred kilobytes.
const PAGE_RECORDS: u64 = 4_096;
/// How often reading from the beginning is begun again because others changed what it rests on meanwhile.
const READ_ATTEMPTS: usize = 5;
/// How the cloud is called in its own certificates.
const CLOUD_NAME: &str = "cloud";

/// What is stored of an event, ready to work with.
struct StoredEvent {
    keys: EventKeys,
    identity: DeviceIdentity,
    ledger: Ledger,
    compared: Compared,
    halt: Option<Halt>,
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
            identity,
            ledger,
            compared,
            halt,
        } = read(&parts).await?;
        let checkpoint = parts.store.checkpoint(parts.event).await?;
        let identity = Arc::new(identity);
        let view = Arc::new(AuthorityView::new(Snapshot::of(&ledger, Arc::clone(&identity))));
        view.hold(ledger.heads());
        view.compare(compared);
        let mut writer = Self {
            parts,
            keys,
            ledger,
            view,
            identity,
            checkpoint,
            halt: None,
        };
        writer.meet_halt(halt);
        writer.install_ticket_key();
        writer.restate().await?;
        writer.vouch_for_all().await;
        writer.show_assuring_key();
        Ok(writer)
    }

    /// Returns what everyone else sees of the event.
    pub fn view(&self) -> Arc<AuthorityView> {
        Arc::clone(&self.view)
    }

    /// Takes in what the store holds by now, whoever wrote it: nothing else changes the ledger or what is seen of it.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`]; what was taken in until then is as it is stored.
    pub async fn catch_up(&mut self) -> Result<(), AuthorityError> {
        loop {
            let now = self.now();
            let changes = changes(&self.parts.store, self.parts.event, &self.ledger).await?;
            if changes.begins_anew() {
                return self.begin_anew(changes.has_dropped).await;
            }
            self.take_in_view(changes.grown)?;
            self.meet_halt(changes.halt);
            if self.ledger.must_be_rebuilt() {
                return self.begin_anew(false).await;
            }
            if changes.is_complete {
                let version = changes.version;
                self.view.compare(Compared { version, at: now });
                return Ok(());
            }
        }
    }

    /// Takes in what was just appended. Where nothing else has changed since the last comparison, that is all there is.
    pub(super) async fn take_appended(
        &mut self,
        appended: Vec<Sealed>,
        compared: Compared,
    ) -> Result<(), AuthorityError> {
        if compared.version != self.view.compared().version.next() {
            return self.catch_up().await;
        }
        self.take_in_view(appended)?;
        if self.ledger.must_be_rebuilt() {
            return self.begin_anew(false).await;
        }
        self.view.compare(compared);
        Ok(())
    }

    /// Takes records that are stored, and shows them.
    fn take_in_view(&mut self, grown: Vec<Sealed>) -> Result<(), StoreError> {
        if grown.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let (heads, taken) = take(&mut self.ledger, grown, now);
        self.view.hold(heads);
        self.show_snapshot();
        self.show_assuring_key();
        taken
    }

    fn show_snapshot(&self) {
        let snapshot = Snapshot::of(&self.ledger, Arc::clone(&self.identity));
        self.view.put_up(snapshot);
    }

    /// Reads everything from its beginning: under another trust other records count, a dropped copy takes along what followed
    /// from it, and passages that found no room may be listed now.
    async fn begin_anew(&mut self, has_dropped: bool) -> Result<(), AuthorityError> {
        let StoredEvent {
            keys,
            identity,
            ledger,
            compared,
            halt,
        } = read(&self.parts).await?;
        let renewed = ledger.trust().bundle().version != self.ledger.trust().bundle().version;
        (self.keys, self.ledger) = (keys, ledger);
        if let Some(past) = self.halt.as_ref().and_then(|halt| halt.past.as_ref()) {
            self.ledger.hear_own_past(past);
        }
        self.meet_halt(halt);
        if has_dropped {
            self.view.hold_anew(self.ledger.heads());
        } else {
            self.view.hold(self.ledger.heads());
        }
        if renewed {
            self.install_ticket_key();
            self.identity = Arc::new(identity);
        }
        self.show_snapshot();
        self.view.compare(compared);
        self.show_assuring_key();
        Ok(())
    }

    /// Shows by which key the authority assures others of how far its log has come: while its word counts and it has all of it.
    pub(super) fn show_assuring_key(&self) {
        let (state, me) = (self.ledger.state(), self.ledger.me());
        let is_heard = state.authority() == Some(me) && self.has_whole_log();
        let bundle = self.ledger.trust().bundle();
        let key = self.keys.in_use(Purpose::Authority, bundle, self.now());
        self.view
            .assure_by(key.filter(|key| is_heard && key.public() == me));
    }

    /// Takes note that a device holds more of our own log than we do, and has the other processes hear of it. Bookings were lost with
    /// it, and their places must not be sold a second time: nothing is sold or ordered until somebody has looked into it and says
    /// that it goes on.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn hear_own_past(&mut self, head: Head) -> Result<(), AuthorityError> {
        self.catch_up().await?;
        let now = self.now();
        // A device may hold more of it than the one before.
        if self.ledger.hear_own_past(&head) {
            self.stop_for(Halt {
                since: now,
                past: Some(head.clone()),
            });
        }
        let told = self.halt.as_ref().and_then(|halt| halt.past.as_ref());
        if told == Some(&head) {
            let event = self.parts.event;
            let noted = NoteOwnPast { event, head, now };
            self.parts.store.note_own_past(noted).await?;
        }
        Ok(())
    }

    /// Takes note of what is stored of a halt. That it has ended there counts at the next start, when all is read anew.
    fn meet_halt(&mut self, stored: Option<Halt>) {
        if let Some(halt) = stored
            && self.halt.as_ref() != Some(&halt)
        {
            if let Some(past) = &halt.past {
                self.ledger.hear_own_past(past);
            }
            self.stop_for(halt);
        }
    }

    /// Sells and says nothing any more.
    fn stop_for(&mut self, halt: Halt) {
        let event = self.parts.event;
        match &halt.past {
            Some(past) => tracing::error!(
                %event,
                ours = self.ledger.tail(&past.origin).seq.0,
                theirs = past.tail.seq.0,
                "the database is an older copy: devices held more of this event's authority log than it did. Nothing is sold or \
                 ordered. Stop the cloud and restore the newest copy; if there is none, wait until the log has come back from \
                 the devices, void the bookings that are missing, say `usher-cloud resume`, and start the cloud again"
            ),
            None => tracing::error!(
                %event,
                "the database was restored: nothing is sold or ordered for this event. Wait until its hubs have linked, say \
                 `usher-cloud resume`, and start the cloud again"
            ),
        }
        self.halt = Some(halt);
        self.view.halt();
        self.install_ticket_key();
        self.show_assuring_key();
    }

    /// Puts the bundle's active ticket key in use, or takes the present one out of use when there is none.
    fn install_ticket_key(&self) {
        if self.halt.is_some() {
            return self.parts.signer.halt(self.parts.event);
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
    for _ in 0..READ_ATTEMPTS {
        if let Some(stored) = try_to_read(parts).await? {
            return Ok(stored);
        }
    }
    Err(AuthorityError::Conflict)
}

/// Reads an event page by page; `None` when what the pages rest on was changed meanwhile.
async fn try_to_read(parts: &LogWriterParts) -> Result<Option<StoredEvent>, AuthorityError> {
    let event = parts.event;
    let pinned = parts
        .store
        .trust_bundle(event)
        .await?
        .ok_or(AuthorityError::NoBundle)?;
    let trust = Trust::pin(&pinned.roots, pinned.signed);
    let trust = Arc::new(trust.map_err(|_| StoreError::Unreadable { what: "trust bundle" })?);
    let keys = parts.keys.event_keys(event).await?;
    let identity = identity(parts, &keys, &trust, parts.clock.now())?;
    let me = authority_key(&keys, &trust, parts.clock.now())?;
    let mut ledger = Ledger::new(me, None, Arc::clone(&trust));
    loop {
        let at = parts.clock.now();
        let changes = changes(&parts.store, event, &ledger).await?;
        if changes.begins_anew() {
            return Ok(None);
        }
        let (_, taken) = take(&mut ledger, changes.grown, at);
        taken?;
        if changes.is_complete {
            let version = changes.version;
            return Ok(Some(StoredEvent {
                keys,
                identity,
                ledger,
                compared: Compared { version, at },
                halt: changes.halt,
            }));
        }
    }
}

/// Reads the next page of what is stored beyond a ledger: the authorities' logs first, since others' passages may rest on what
/// these list.
pub(super) async fn changes(
    store: &Store,
    event: EventId,
    ledger: &Ledger,
) -> Result<StoredChanges, StoreError> {
    let bundle = ledger.trust().bundle();
    let query = ChangesAfter {
        event,
        known: ledger.tails(),
        first: bundle.authority_keys.iter().map(|trusted| trusted.key).collect(),
        bundle_version: bundle.version,
        limit: PAGE_RECORDS,
    };
    store.changes_after(query).await
}

/// Takes records that are stored and returns the heads of those that were taken: all of them, or those before a log that is
/// damaged.
pub(super) fn take(
    ledger: &mut Ledger,
    grown: Vec<Sealed>,
    now: Timestamp,
) -> (Vec<Head>, Result<(), StoreError>) {
    let mut heads = Vec::new();
    for Sealed { entries, head } in grown {
        if !ledger.take_stored(&entries, head.clone(), now) {
            return (heads, Err(StoreError::Unreadable { what: "log" }));
        }
        heads.push(head);
    }
    (heads, Ok(()))
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
