//! The part of a replica's state that seldom changes, as of its last commit: trust, policy, roster, revoked devices.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use usher_keys::{DeviceIdentity, PublicKey, Timestamp};
use usher_protocol::admission::Direction;
use usher_protocol::fork::ForkProof;
use usher_protocol::freshness::FreshnessMoment;
use usher_protocol::ledger::Ledger;
use usher_protocol::policy::Policy;
use usher_protocol::state::rulings::{self, TicketRulings};
use usher_protocol::ticket::foreign::{self, ForeignCodes};
use usher_protocol::ticket::{Rejection, Ticket, VerifiedTicket};
use usher_protocol::trust::{Register, Trust};
use usher_protocol::{GateId, Origin, Unit, home};
use usher_words::gate::{EventNames, Phrasebook};

/// The part of the state that seldom changes, as of the last commit.
#[derive(Clone)]
pub struct Snapshot {
    /// The trust in force.
    pub trust: Arc<Trust>,
    /// Our newest certificate.
    pub identity: Arc<DeviceIdentity>,
    /// The authority in force.
    pub authority: Option<Origin>,
    /// What the authority has said of devices.
    pub register: Arc<Register>,
    /// The hubs that share the units.
    pub roster: Vec<PublicKey>,
    /// Whether a person has vouched that we admit nobody any more.
    pub is_retired: bool,
    /// Whether the authority has said something that our program is too old to understand.
    pub is_beyond_us: bool,
    /// Whether our own log has two histories.
    pub is_frozen: bool,
    /// Whether others hold more of our own log than we do.
    pub is_behind_own_past: bool,
    /// The policy in force.
    pub policy: Option<Arc<Policy>>,
    /// What the authority has said of tickets.
    rulings: Arc<TicketRulings>,
    /// The codes of other sellers' tickets.
    foreign: Arc<ForeignCodes>,
    /// How people call the devices.
    pub names: Arc<BTreeMap<PublicKey, String>>,
    /// The gates of hubs, as far as certificates name them: their own, and those of the scanners they have enrolled.
    pub gates: Arc<BTreeMap<PublicKey, BTreeSet<GateId>>>,
    /// Forks of which nobody takes our written word.
    pub unheard_forks: Arc<Vec<ForkProof>>,
}

impl Snapshot {
    /// Takes it from the ledger.
    pub fn of(ledger: &Ledger) -> Self {
        let state = ledger.state();
        let identity = ledger.identity().expect("a device has a certificate");
        let names = EventNames::of(state);
        Self {
            trust: Arc::clone(ledger.trust()),
            identity: Arc::new(identity.clone()),
            authority: state.authority(),
            register: state.register(),
            roster: state
                .rosters()
                .current()
                .map(|(_, hubs)| hubs.to_vec())
                .unwrap_or_default(),
            is_retired: state.rosters().retired().contains(&identity.unverified().device),
            is_beyond_us: state.is_beyond_us(),
            is_frozen: state.is_frozen(&ledger.me()),
            is_behind_own_past: ledger.is_behind_own_past(),
            policy: names.policy,
            rulings: state.shared_ticket_rulings(),
            foreign: state.foreign(),
            names: names.devices,
            gates: names.gates,
            unheard_forks: Arc::new(ledger.unheard_forks()),
        }
    }

    /// Reads the text of a code.
    ///
    /// # Errors
    ///
    /// [`Rejection`].
    pub fn read(&self, code: &[u8], now: Timestamp) -> Result<VerifiedTicket, Rejection> {
        foreign::read((self.trust.keyring(), &self.foreign), code, now)
    }

    /// Returns what speaks of this event at that moment.
    pub fn phrasebook(&self, now: Timestamp) -> Phrasebook {
        let names = EventNames {
            policy: self.policy.clone(),
            devices: Arc::clone(&self.names),
            gates: Arc::clone(&self.gates),
        };
        Phrasebook::new(names, self.identity.unverified().window, now)
    }

    pub(super) fn moment(&self, now: Timestamp) -> FreshnessMoment<'_> {
        FreshnessMoment {
            trust: &self.trust,
            authority: self.authority,
            now,
        }
    }

    /// Tells whether a scan is of a ticket that lets nobody in by the authority's word.
    pub fn is_void(&self, ticket: &Ticket, direction: Direction) -> bool {
        direction == Direction::In && rulings::is_void(&self.rulings, ticket)
    }

    /// Returns the hub that is the unit's home, if the roster is known.
    pub fn home(&self, unit: Unit) -> Option<PublicKey> {
        home::home_of(self.trust.event(), unit, &self.roster)
    }
}
