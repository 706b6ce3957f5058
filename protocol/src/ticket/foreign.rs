//! Codes of tickets that somebody else has sold: which of them the authority has listed, and reading one at a gate; what a text is the code of is [`identity`]'s.

pub mod identity;
mod listed;

use std::collections::BTreeMap;

use bincode::{Decode, Encode};
use usher_keys::{EventId, PublicKey, Timestamp, codec};

use super::Ticket;
use super::live;
use super::rejection::Rejection;
use super::verify::{Keyring, VerifiedTicket};
use crate::ident::{FIRST_FOREIGN_UNIT, TierId, Unit};

use identity::CodeIdentity;

pub use identity::CodeHash;
pub use listed::{Entitlement, ForeignList, ListedCode, ShownForeign};

/// Most codes that one record lists, so that it stays below the limit of a record whatever their units and tiers are.
pub const MAX_CODES_OF_RECORD: usize = 3_600;
/// Most keys of sellers that an event has: each is tried on a code that one of them may have signed.
pub const MAX_SELLERS: usize = 16;
/// All that an authority has listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct ForeignCodes {
    salt: Option<[u8; 32]>,
    sellers: Vec<PublicKey>,
    codes: BTreeMap<CodeHash, Entitlement>,
    /// Tiers and numbers of people that codes had before: who passed by them has passed.
    earlier: BTreeMap<CodeHash, Vec<(TierId, u8)>>,
}

impl ForeignCodes {
    /// Takes the next list. A code's tier, people and use are those of its last listing; its unit is that of the first.
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

    /// Returns what codes are hashed with, once something was listed.
    pub fn salt(&self) -> Option<[u8; 32]> {
        self.salt
    }

    /// Returns the keys with which sellers sign codes.
    pub fn sellers(&self) -> &[PublicKey] {
        &self.sellers
    }

    /// Returns the first unit that no code has had.
    pub fn next_unit(&self) -> Unit {
        let last = self.codes.values().map(|held| held.unit).max();
        last.map_or(FIRST_FOREIGN_UNIT, |last| Unit(last.0.saturating_add(1)))
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
        let shown = ShownForeign::new(identity, held);
        Ok(VerifiedTicket::listed(
            shown.ticket(),
            event,
            codec::encode(&shown),
        ))
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
    let Err(rejection) = ours else {
        return ours;
    };
    if !rejection.is_of_none_of_ours() || foreign.is_empty() {
        return Err(rejection);
    }
    let read = foreign.read(text, keyring.event());
    let is_none = read.as_ref().is_err_and(|other| *other == Rejection::NotATicket);
    if is_none { Err(rejection) } else { read }
}

#[cfg(test)]
mod tests;
