//! Codes of tickets that somebody else has sold: which of them the authority has listed, and reading one at a gate; what a text is the code of is [`identity`]'s.

pub mod identity;

use std::collections::BTreeMap;

use bincode::{Decode, Encode};
use usher_keys::{EventId, KeyId, PublicKey, Timestamp, codec};

use super::live;
use super::verify::{Keyring, Rejection, VerifiedTicket};
use super::{Ticket, TicketFlags};
use crate::ident::{Generation, TierId, Unit};
use identity::{CodeIdentity, MAX_IDENTITY_BYTES};

/// Most codes that one record lists, so that it stays below the limit of a record whatever their units and tiers are.
pub const MAX_CODES_OF_RECORD: usize = 3_600;
/// Most keys of sellers that an event has: each is tried on a code that one of them may have signed.
pub const MAX_SELLERS: usize = 16;
/// The first byte of a foreign code in a record, where a ticket of ours has its version.
const FOREIGN: u8 = 0xf0;
/// Longest foreign code in a record, in bytes.
const MAX_SHOWN_BYTES: usize = 2 + 3 + MAX_IDENTITY_BYTES + 5 + 3 + 1;

/// The salted hash of a code's identity: whoever has the list cannot make codes of it.
///
/// **Source**: docs/PROTOCOL.md, "Foreign codes".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct CodeHash(pub [u8; 16]);

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
    /// At most [`MAX_CODES_OF_RECORD`] where the cloud writes it.
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

/// All that an authority has listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct ForeignCodes {
    salt: Option<[u8; 32]>,
    sellers: Vec<PublicKey>,
    codes: BTreeMap<CodeHash, Entitlement>,
    /// Tiers and numbers of people that codes had before: who passed by them has passed.
    earlier: BTreeMap<CodeHash, Vec<(TierId, u8)>>,
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

impl ForeignCodes {
    /// Takes the next list. The last word on a code's tier, people and use holds; its unit is that of its first listing.
    pub fn take(&mut self, list: ForeignList) {
        if *self.salt.get_or_insert(list.salt) != list.salt {
            return;
        }
        for seller in list.sellers {
            if self.sellers.len() < MAX_SELLERS && !self.sellers.contains(&seller) {
                self.sellers.push(seller);
            }
        }
        for listed in list.codes {
            let mut next = listed.entitlement();
            if let Some(held) = self.codes.get(&listed.code) {
                next.unit = held.unit;
                let (before, now) = ((held.tier, held.admits), (next.tier, next.admits));
                let earlier = self.earlier.get(&listed.code);
                if before != now && earlier.is_none_or(|earlier| !earlier.contains(&before)) {
                    self.earlier.entry(listed.code).or_default().push(before);
                }
            }
            self.codes.insert(listed.code, next);
        }
    }

    /// Tells whether nothing was listed.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty() && self.sellers.is_empty()
    }

    /// Returns how many codes are listed.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Returns what says all of this again, each part small enough for a record.
    pub fn lists(&self) -> Vec<ForeignList> {
        let Some(salt) = self.salt else {
            return Vec::new();
        };
        let before = self.earlier.iter().flat_map(|(code, earlier)| {
            let held = self.codes.get(code);
            let was = move |(tier, admits): &(TierId, u8)| {
                let held = *held?;
                Some((
                    *code,
                    Entitlement {
                        tier: *tier,
                        admits: *admits,
                        ..held
                    },
                ))
            };
            earlier.iter().filter_map(was)
        });
        let all = before.chain(self.codes.iter().map(|(code, held)| (*code, *held)));
        let all: Vec<_> = all.map(|(code, held)| held.listed(code)).collect();
        let mut lists: Vec<_> = all
            .chunks(MAX_CODES_OF_RECORD)
            .map(|codes| ForeignList {
                salt,
                sellers: Vec::new(),
                codes: codes.to_vec(),
            })
            .collect();
        if lists.is_empty() {
            lists.push(ForeignList {
                salt,
                sellers: Vec::new(),
                codes: Vec::new(),
            });
        }
        lists[0].sellers.clone_from(&self.sellers);
        lists
    }

    /// Returns what a code entitles to, if it is listed.
    pub fn entitlement(&self, identity: &CodeIdentity) -> Option<&Entitlement> {
        self.codes.get(&identity.hash(self.salt.as_ref()?))
    }

    /// Tells whether the authority has listed a code with what a record says it entitled to.
    pub fn has_listed(&self, shown: &ShownForeign) -> bool {
        let Some(salt) = &self.salt else {
            return false;
        };
        let code = shown.identity.hash(salt);
        let (tier, admits) = (shown.tier, shown.admits);
        self.codes.get(&code).is_some_and(|held| {
            let earlier = self.earlier.get(&code);
            let was_so = earlier.is_some_and(|earlier| earlier.contains(&(tier, admits)));
            held.unit == shown.unit && ((held.tier, held.admits) == (tier, admits) || was_so)
        })
    }

    /// Reads the text of a foreign code.
    ///
    /// # Errors
    ///
    /// [`Rejection::UnknownKey`] for one that none of the sellers has signed, [`Rejection::NotListed`] for one that a seller has
    /// signed and that is not listed, [`Rejection::NotATicket`] for any other that is not listed.
    pub fn read(&self, text: &[u8], event: EventId) -> Result<VerifiedTicket, Rejection> {
        let identity = identity::identify(text).ok_or(Rejection::NotATicket)?;
        if !identity.is_signed_by(text, &self.sellers) {
            return Err(Rejection::UnknownKey);
        }
        let Some(held) = self.entitlement(&identity) else {
            return Err(match identity {
                CodeIdentity::Signed(_) => Rejection::NotListed,
                CodeIdentity::Text(_) | CodeIdentity::Hashed(_) => Rejection::NotATicket,
            });
        };
        let shown = ShownForeign {
            mark: FOREIGN,
            identity,
            unit: held.unit,
            tier: held.tier,
            admits: held.admits,
        };
        Ok(VerifiedTicket::listed(
            shown.ticket(),
            event,
            codec::encode(&shown),
        ))
    }
}

impl ListedCode {
    fn entitlement(&self) -> Entitlement {
        Entitlement {
            unit: self.unit,
            tier: self.tier,
            admits: self.admits,
            used: self.used,
        }
    }
}

impl Entitlement {
    fn listed(self, code: CodeHash) -> ListedCode {
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

/// Takes the ticket out of a code in a record, ours or a foreign one, without believing it.
///
/// # Errors
///
/// [`Rejection`] for anything that is not one canonical code.
pub fn told(code: &[u8]) -> Result<Ticket, Rejection> {
    match ShownForeign::parse(code) {
        Some(shown) => Ok(shown.ticket()),
        None => live::parse(code),
    }
}

/// Reads the text of a code: ours first, and what is none of ours as a foreign one.
///
/// # Errors
///
/// [`Rejection`]; where nothing is listed, that of our own tickets.
pub fn read(
    (keyring, foreign): (&Keyring, &ForeignCodes),
    text: &[u8],
    now: Timestamp,
) -> Result<VerifiedTicket, Rejection> {
    let ours = keyring.verify_text(text, now);
    match ours {
        Err(rejection) if rejection.is_of_none_of_ours() && !foreign.is_empty() => {
            let read = foreign.read(text, keyring.event());
            read.map_err(|other| match other {
                Rejection::NotATicket => rejection,
                other => other,
            })
        }
        ours => ours,
    }
}

#[cfg(test)]
mod tests;
