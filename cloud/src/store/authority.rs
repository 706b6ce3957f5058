//! What the store is asked and answers about an event's logs, trust and devices, as plain values; what they mean is the authority's.

mod halts;

use std::collections::BTreeMap;

use usher_keys::{
    Capabilities, DeviceIdentity, EnrolmentId, EnrolmentKey, EventId, PublicKey, Purpose, Role, RootSet,
    SignedBundle, Timestamp,
};
use usher_protocol::checkpoint::SignedCheckpoint;
use usher_protocol::labels::UnitLabel;
use usher_protocol::ledger::Entry;
use usher_protocol::log::{Head, Tail};
use usher_protocol::{Generation, Origin, Seq, TierId, Unit};

use crate::ids::TicketId;
use crate::letters::ReissueLetters;
use crate::selling::jobs::LeaseHolder;
use crate::selling::{NewTicket, ReissuedTo, TicketState};

pub use halts::{Halt, HaltAll, NoteOwnPast, Resume};

/// Records of one log that end at a signed head.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The records, in order; none when only the head is newer.
    pub entries: Vec<Entry>,
    /// The head at the last of them.
    pub head: Head,
}

/// What else changes in the same transaction, or not at all.
#[derive(Clone)]
pub enum RowChange {
    /// An enrolment code is used up.
    UseCode(Box<UsedCode>),
    /// A ticket goes from one state to another.
    SetTicketState {
        /// The ticket.
        ticket: TicketId,
        /// How it stood.
        from: TicketState,
        /// How it stands from now on.
        to: TicketState,
    },
    /// A valid ticket gives way to its next generation.
    Reissue {
        /// The ticket.
        old: TicketId,
        /// The one that takes its place.
        new: NewTicket,
        /// Whose that is.
        to: ReissuedTo,
        /// Who gets letters about it; nobody where there is no mail.
        letters: Option<ReissueLetters>,
        /// How often its holder has bound it to a phone by then.
        bindings: u8,
    },
}

/// Asks to append to the logs of an event.
#[derive(Clone)]
pub struct Append {
    /// The event.
    pub event: EventId,
    /// What is appended, each log in its own order.
    pub sealed: Vec<Sealed>,
    /// Whether new words of the authority are among it, which says nothing while its event is halted.
    pub is_own: bool,
    /// What else changes.
    pub row_changes: Vec<RowChange>,
    /// The time.
    pub now: Timestamp,
}

/// What became of appending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendOutcome {
    /// All of it is durable, now or before; what counts the event's changes stands at this.
    Appended(FeedVersion),
    /// Nothing has changed: other records are stored in their place or those before them are not, or something beside them was
    /// not as expected.
    Conflict,
}

/// Asks to drop the copy of a log that follows a history which does not count.
#[derive(Debug, Clone, Copy)]
pub struct DropLog {
    /// The event.
    pub event: EventId,
    /// Whose log.
    pub origin: Origin,
}

/// A stored record and its place in the order in which the store came to hold them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its place, from 1.
    pub position: u64,
    /// The record.
    pub entry: Entry,
}

/// Asks for records of all logs of an event, in the order in which the store came to hold them.
#[derive(Debug, Clone, Copy)]
pub struct RecordsQuery {
    /// The event.
    pub event: EventId,
    /// Only records after this place.
    pub after: u64,
    /// At most so many.
    pub limit: u32,
}

/// Asks what is stored of an event beyond what is known of it.
#[derive(Debug, Clone)]
pub struct ChangesAfter {
    /// The event.
    pub event: EventId,
    /// Where each log ends that is known.
    pub known: Vec<(Origin, Tail)>,
    /// The logs that come before all others.
    pub first: Vec<Origin>,
    /// The version of the trust bundle that is known.
    pub bundle_version: u64,
    /// About so many records at most; one run of a log in any case.
    pub limit: u64,
}

/// What is stored of an event beyond what was known, all of one moment.
#[derive(Debug, Clone)]
pub struct StoredChanges {
    /// What counts the event's changes stood at.
    pub version: FeedVersion,
    /// Logs that go on, each up to a stored head.
    pub grown: Vec<Sealed>,
    /// Whether there is no more than this.
    pub is_complete: bool,
    /// Whether a trust bundle is stored that is newer than the known one.
    pub has_newer_bundle: bool,
    /// Whether something that was known is not stored any more: a copy was dropped, and another history may be fetched.
    pub has_dropped: bool,
    /// Whether nothing is sold or ordered for the event, and why.
    pub halt: Option<Halt>,
}

impl StoredChanges {
    /// Tells whether all is to be read from its beginning; nothing has grown then.
    pub fn begins_anew(&self) -> bool {
        self.has_newer_bundle || self.has_dropped
    }
}

/// What counts the changes of all events, added up, and when that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedTotal {
    pub count: u64,
    /// What the database's clock showed; nothing where the store is a file, which has none.
    pub read_at: Option<Timestamp>,
}

/// Counts what was appended to an event's logs, dropped from them, and its trust bundles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeedVersion(pub u64);

impl FeedVersion {
    /// Returns the version after one more change.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Asks for the next run of a log.
#[derive(Debug, Clone, Copy)]
pub struct RunQuery {
    /// The event.
    pub event: EventId,
    /// Whose log.
    pub origin: Origin,
    /// After which record.
    pub after: Seq,
}

/// A trust bundle with the roots it was verified against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedBundle {
    /// The roots.
    pub roots: RootSet,
    /// The bundle.
    pub signed: SignedBundle,
}

/// Asks to add the next version of an event's trust bundle.
#[derive(Debug, Clone)]
pub struct NewBundle {
    /// The event.
    pub event: EventId,
    /// The bundle's version.
    pub version: u64,
    /// The bundle.
    pub bundle: PinnedBundle,
    /// The time.
    pub now: Timestamp,
}

/// What became of adding a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewBundleOutcome {
    /// It is the newest now.
    Added,
    /// A version as high or higher is stored already.
    NotNewer,
}

/// A checkpoint and how many records it sums up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// How many records of all logs it sums up.
    pub record_count: u64,
    /// The checkpoint.
    pub signed: SignedCheckpoint,
}

/// Asks to keep a checkpoint in place of the one before.
#[derive(Debug, Clone)]
pub struct KeepCheckpoint {
    /// The event.
    pub event: EventId,
    /// The checkpoint.
    pub checkpoint: StoredCheckpoint,
    /// The time.
    pub now: Timestamp,
}

/// Names an enrolment code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeId {
    /// The event.
    pub event: EventId,
    /// The code's own id.
    pub code: EnrolmentId,
}

/// What a device that uses an enrolment code becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentTerms {
    /// Hub or scanner.
    pub role: Role,
    /// How people call it.
    pub name: String,
    /// The gates it may serve; empty means every gate.
    pub gates: Vec<u16>,
    /// What else it may do.
    pub capabilities: Capabilities,
    /// How long its certificate lasts from enrolling on, in milliseconds; as long as the event and a little longer when
    /// nothing is said.
    pub certificate_ms: Option<u64>,
}

/// Asks to add an enrolment code.
#[derive(Debug, Clone)]
pub struct NewEnrolmentCode {
    /// The code.
    pub id: CodeId,
    /// What its holder proves that with.
    pub key: EnrolmentKey,
    /// What it is for.
    pub terms: EnrolmentTerms,
    /// When it can no longer be used.
    pub expires_at: Timestamp,
    /// How many unused codes an event may have.
    pub open_limit: u32,
    /// The time.
    pub now: Timestamp,
}

impl NewEnrolmentCode {
    /// Tells whether an event that has so many unused codes may have this one as well.
    pub fn fits(&self, unused: u32) -> bool {
        unused < self.open_limit
    }
}

/// What became of adding an enrolment code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewCodeOutcome {
    /// It can be used.
    Added,
    /// The event has too many unused codes.
    TooMany,
}

/// An enrolment code as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// What its holder proves that with.
    pub key: EnrolmentKey,
    /// What it is for.
    pub terms: EnrolmentTerms,
    /// When it can no longer be used.
    pub expires_at: Timestamp,
    /// The certificate of the device that used it.
    pub used: Option<DeviceIdentity>,
}

/// The use of an enrolment code.
#[derive(Debug, Clone)]
pub struct UsedCode {
    /// The code.
    pub id: CodeId,
    /// The certificate its device was given.
    pub identity: DeviceIdentity,
}

/// When a device was last linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contact {
    /// The device.
    pub device: PublicKey,
    /// When.
    pub seen_at: Timestamp,
    /// How many records of all logs it held then.
    pub record_count: u64,
    /// How far its clock was ahead of the server's, in milliseconds; negative when it was behind.
    pub clock_ahead_ms: i64,
    /// The link it has, as far as it is known.
    pub link: Option<HeldLink>,
}

impl Contact {
    /// Tells whether it is linked to another server process than this one.
    pub fn is_linked_elsewhere(&self, holder: LeaseHolder, now: Timestamp) -> bool {
        self.link
            .is_some_and(|link| link.holder != holder && now < link.until)
    }
}

/// A device's link to a server process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldLink {
    /// The process.
    pub holder: LeaseHolder,
    /// Until when it counts unless the process says so again.
    pub until: Timestamp,
}

/// Asks to write down when a device was last linked.
#[derive(Debug, Clone, Copy)]
pub struct NoteContact {
    /// The event.
    pub event: EventId,
    /// Who says so.
    pub holder: LeaseHolder,
    /// The contact.
    pub contact: Contact,
}

impl NoteContact {
    /// Returns the contact to keep after `was`. The end of one link does not end a link that another process has meanwhile.
    pub fn after(&self, was: Option<&Contact>) -> Contact {
        let others = was
            .and_then(|was| was.link)
            .filter(|link| link.holder != self.holder);
        Contact {
            link: self.contact.link.or(others),
            ..self.contact
        }
    }
}

/// A unit, the generation of its newest ticket, and how that stands.
pub type ChangedTicket = (Unit, Generation, TicketState);

/// Names one generation of a unit's ticket.
#[derive(Debug, Clone, Copy)]
pub struct GenerationQuery {
    /// The event.
    pub event: EventId,
    /// The unit.
    pub unit: Unit,
    /// The generation.
    pub generation: Generation,
}

/// Asks where units are.
#[derive(Debug, Clone)]
pub struct PlacesQuery {
    /// The event.
    pub event: EventId,
    /// The units.
    pub units: Vec<Unit>,
}

/// What a unit is, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitPlace {
    /// Its tier.
    pub tier: TierId,
    /// The tier's name.
    pub tier_name: String,
    /// What it is called.
    pub label: UnitLabel,
}

/// The places of some units.
pub type UnitPlaces = BTreeMap<Unit, UnitPlace>;

/// What a secret key of the cloud is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// Naming the cloud on the network.
    Link,
    /// Signing for an event.
    Event(EventId, Purpose),
}

/// A secret key of the cloud, sealed under the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// What it is for.
    pub used: KeyUse,
    /// Its public half.
    pub public: PublicKey,
    /// The sealed key.
    pub sealed: Vec<u8>,
}

/// Adds keys of an event, or the one that names the cloud.
#[derive(Debug, Clone)]
pub struct NewKeys {
    /// The event; `None` for the key that names the cloud.
    pub event: Option<EventId>,
    /// How many keys there were when it was decided which are missing.
    pub known: usize,
    /// The keys.
    pub keys: Vec<SealedKey>,
    /// The time.
    pub now: Timestamp,
}
