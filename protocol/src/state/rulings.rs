//! What one authority's log has said and still holds: policy, rosters, tickets and devices; which authority is believed is the state's to know.

use std::collections::BTreeMap;
use std::sync::Arc;

use bincode::{Decode, Encode};
use usher_keys::PublicKey;

use crate::ident::{Generation, Origin, Unit};
use crate::log::Tail;
use crate::policy::Policy;
use crate::record::Body;
use crate::ticket::Ticket;
use crate::ticket::foreign::ForeignCodes;
use crate::trust::Register;

/// What the authority has said of a unit's tickets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub struct TicketRuling {
    pub newest: Generation,
    /// Whether that one is void.
    pub is_void: bool,
}

/// What the authority has said of tickets, by their units.
pub type TicketRulings = BTreeMap<Unit, TicketRuling>;

/// Tells whether a ticket lets nobody in any more by the authority's word.
pub fn is_void(rulings: &TicketRulings, ticket: &Ticket) -> bool {
    let generation = ticket.generation;
    rulings
        .get(&ticket.unit)
        .is_some_and(|ruling| generation < ruling.newest || (generation == ruling.newest && ruling.is_void))
}

/// One authority's word. Its log has one order, so the last word on each matter holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Rulings {
    /// The policy and its version.
    pub policy: Option<(u32, Policy)>,
    /// The rosters by their epochs.
    pub rosters: BTreeMap<u32, Vec<PublicKey>>,
    /// Tickets that were replaced, revoked or reinstated.
    pub tickets: Arc<TicketRulings>,
    pub register: Arc<Register>,
    /// Hubs that will never admit again.
    pub retired: BTreeMap<PublicKey, Option<PublicKey>>,
    /// Which history of a forked origin counts.
    pub settled: BTreeMap<Origin, Tail>,
    /// Whether it has said again all that earlier authorities said.
    pub is_whole: bool,
    /// Whether it has said something critical that this build does not understand.
    pub is_beyond_us: bool,
    /// The codes of other sellers' tickets.
    pub foreign: Arc<ForeignCodes>,
}

impl Rulings {
    /// Takes the next word. Words of devices are none of an authority's; the caller has sorted them out.
    pub fn apply(&mut self, body: Body) {
        match body {
            Body::Policy { version, policy } => self.policy = Some((version, policy)),
            Body::Roster { epoch, hubs } => {
                self.rosters.insert(epoch, hubs);
            }
            Body::Superseded { unit, generation } => self.rule(unit, generation, None),
            Body::Revoked { unit, generation } => self.rule(unit, generation, Some(true)),
            Body::Reinstated { unit, generation } => self.rule(unit, generation, Some(false)),
            Body::DeviceEnrolled { identity } => {
                let device = identity.unverified().device;
                Arc::make_mut(&mut self.register)
                    .enrolled
                    .insert(device, identity);
            }
            Body::DeviceRevoked { device, after } => {
                Arc::make_mut(&mut self.register).revoked.insert(device, after);
            }
            Body::HubRetired { hub, heir } => {
                self.retired.insert(hub, heir);
            }
            Body::ForkSettled { origin, tail } => {
                self.settled.insert(origin, tail);
            }
            Body::Restated => self.is_whole = true,
            Body::Foreign(list) => Arc::make_mut(&mut self.foreign).take(list),
            Body::Opened { .. }
            | Body::Renewed { .. }
            | Body::RosterAdopted { .. }
            | Body::Admitted(_)
            | Body::Exited(_)
            | Body::Refused(_)
            | Body::Overridden { .. }
            | Body::ForkSeen(_)
            | Body::Withdrawn { .. }
            | Body::Annulled { .. }
            | Body::Counted { .. }
            | Body::ExitMatched { .. }
            | Body::Lent { .. } => {}
        }
    }

    /// A newer generation is good until it is said to be void; words on older ones come too late.
    fn rule(&mut self, unit: Unit, generation: Generation, is_void: Option<bool>) {
        let ruling = Arc::make_mut(&mut self.tickets).entry(unit).or_default();
        if generation > ruling.newest {
            *ruling = TicketRuling {
                newest: generation,
                is_void: false,
            };
        }
        if let Some(is_void) = is_void.filter(|_| generation == ruling.newest) {
            ruling.is_void = is_void;
        }
    }
}
