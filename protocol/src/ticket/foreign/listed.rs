//! What records say of other sellers' codes: lists of them, and in passages the code that was shown.

use bincode::{Decode, Encode};
use usher_keys::{KeyId, PublicKey, codec};

use super::identity::{CodeHash, CodeIdentity, MAX_IDENTITY_BYTES};
use crate::ident::{Generation, TierId, Unit};
use crate::ticket::{FOREIGN, Ticket, TicketFlags};

/// Longest foreign code in a record, in bytes.
const MAX_SHOWN_BYTES: usize = 2 + 3 + MAX_IDENTITY_BYTES + 5 + 3 + 1;

/// A code as the authority lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ListedCode {
    pub code: CodeHash,
    /// Its unit, above those of the event's own inventory.
    pub unit: Unit,
    pub tier: TierId,
    /// How many people it lets in.
    pub admits: u8,
    /// How many people were let in by it elsewhere, before our gates were in use.
    pub used: u8,
}

/// What one record lists.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ForeignList {
    /// What codes are hashed with: that of an event's first list holds, and a list with another one lists nothing.
    pub salt: [u8; 32],
    /// Keys with which sellers sign codes.
    pub sellers: Vec<PublicKey>,
    /// At most [`super::MAX_CODES_OF_RECORD`] where the cloud writes it.
    pub codes: Vec<ListedCode>,
}

/// What a code entitles to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Entitlement {
    pub unit: Unit,
    pub tier: TierId,
    pub admits: u8,
    pub used: u8,
}

/// A foreign code as a record of a passage has it: what was shown, and what it entitled to then.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ShownForeign {
    mark: u8,
    /// What was shown.
    pub identity: CodeIdentity,
    pub unit: Unit,
    pub tier: TierId,
    pub admits: u8,
}

impl ListedCode {
    pub(super) fn entitlement(&self) -> Entitlement {
        Entitlement {
            unit: self.unit,
            tier: self.tier,
            admits: self.admits,
            used: self.used,
        }
    }
}

impl Entitlement {
    /// Returns what lists a code with it.
    pub fn listed(self, code: CodeHash) -> ListedCode {
        ListedCode {
            code,
            unit: self.unit,
            tier: self.tier,
            admits: self.admits,
            used: self.used,
        }
    }
}

impl ShownForeign {
    /// Makes what goes into records of a code that entitles to this.
    pub(super) fn new(identity: CodeIdentity, held: &Entitlement) -> Self {
        Self {
            mark: FOREIGN,
            identity,
            unit: held.unit,
            tier: held.tier,
            admits: held.admits,
        }
    }

    /// Takes a foreign code out of a record without believing it; `None` for anything else.
    pub fn parse(code: &[u8]) -> Option<Self> {
        let is_marked = code.first() == Some(&FOREIGN);
        let shown = is_marked.then(|| codec::decode::<MAX_SHOWN_BYTES, Self>(code).ok())??;
        (shown.admits > 0 && shown.identity.is_sound()).then_some(shown)
    }

    /// Returns the ticket that stands for the code: the first and only generation of its unit.
    pub fn ticket(&self) -> Ticket {
        Ticket {
            key: KeyId([0; 4]),
            unit: self.unit,
            generation: Generation(1),
            tier: self.tier,
            admits: self.admits,
            flags: TicketFlags::default(),
            holder: None,
        }
    }
}
