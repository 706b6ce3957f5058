//! From scanned text to a verified ticket: format, key, signature, event, in that order; revocation and use are judged later.

use std::borrow::Cow;
use std::collections::BTreeMap;

use usher_keys::{Domain, EventId, KeyId, Timestamp, TrustBundle, TrustedKey, Verifier};

use super::live::{LIVE_PART_BYTES, Shown};
use super::rejection::Rejection;
use super::{FOREIGN, MAX_TEXT_DIGITS, Ticket, digits};

/// A ticket whose signature was verified, or another seller's that the authority has listed; only [`Keyring::verify`] and
/// [`super::foreign::ForeignCodes::read`] make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedTicket {
    ticket: Ticket,
    event: EventId,
    code: Vec<u8>,
}

impl VerifiedTicket {
    /// Makes the ticket that stands for another seller's listed code.
    pub(super) fn listed(ticket: Ticket, event: EventId, code: Vec<u8>) -> Self {
        Self { ticket, event, code }
    }

    /// Returns the ticket.
    pub fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// Returns the bytes of the code that was verified: the evidence that goes into a passage's record.
    pub fn code(&self) -> &[u8] {
        &self.code
    }

    /// Tells whether it is another seller's.
    pub fn is_foreign(&self) -> bool {
        self.code.first() == Some(&FOREIGN)
    }

    /// Returns the event its key belongs to.
    pub fn event(&self) -> EventId {
        self.event
    }
}

/// Returns the bytes of the code in a text, unless it is too long for one or holds anything but its digits.
pub fn code_in(text: &[u8]) -> Option<Vec<u8>> {
    // Looked at first: what is far too long costs nothing.
    (text.len() <= MAX_TEXT_DIGITS).then(|| digits::decode(text))?
}

/// Returns what of a code's text lasts while a phone renews it: the payload of a live ticket; any other text as a whole.
pub fn lasting(text: &[u8]) -> Cow<'_, [u8]> {
    let live = code_in(text).filter(|code| Shown::parse(code).is_ok_and(|shown| shown.is_live()));
    match live {
        Some(mut code) => {
            code.truncate(code.len() - LIVE_PART_BYTES);
            Cow::Owned(code)
        }
        None => Cow::Borrowed(text),
    }
}

struct TicketKey {
    trusted: TrustedKey,
    verifier: Verifier,
}

/// The ticket-signing keys of an event, ready to verify.
pub struct Keyring {
    event: EventId,
    keys: BTreeMap<KeyId, TicketKey>,
}

impl Keyring {
    /// Makes the keyring of a trust bundle; weak keys, which a checked bundle cannot hold, are left out.
    pub fn new(bundle: &TrustBundle) -> Self {
        let keys = bundle
            .ticket_keys
            .iter()
            .filter_map(|trusted| {
                let verifier = trusted.key.verifier().ok()?;
                Some((
                    trusted.key.id(),
                    TicketKey {
                        trusted: trusted.clone(),
                        verifier,
                    },
                ))
            })
            .collect();
        Self {
            event: bundle.event,
            keys,
        }
    }

    /// Returns the event whose keys these are.
    pub fn event(&self) -> EventId {
        self.event
    }

    /// Verifies the text of a code.
    ///
    /// # Errors
    ///
    /// [`Rejection`], the first that applies, cheapest check first.
    pub fn verify_text(&self, text: &[u8], now: Timestamp) -> Result<VerifiedTicket, Rejection> {
        let bytes = code_in(text).ok_or(Rejection::NotATicket)?;
        self.verify(&bytes, now)
    }

    /// Verifies the bytes of a code: a payload, or a live ticket's payload with its moving part.
    ///
    /// # Errors
    ///
    /// [`Rejection`], the first that applies.
    pub fn verify(&self, code: &[u8], now: Timestamp) -> Result<VerifiedTicket, Rejection> {
        let shown = Shown::parse(code)?;
        believe(self.check_signature(&shown)?, now)?;
        shown.check_shown(now)?;
        shown.check_signed_along()?;
        Ok(VerifiedTicket {
            ticket: shown.ticket,
            event: self.event,
            code: code.to_owned(),
        })
    }

    /// Verifies the text of a code that was shown some time ago, for whoever takes back what came of it: a live ticket need not be shown now.
    ///
    /// # Errors
    ///
    /// [`Rejection`], the first that applies.
    pub fn verify_earlier(&self, text: &[u8], now: Timestamp) -> Result<VerifiedTicket, Rejection> {
        let code = code_in(text).ok_or(Rejection::NotATicket)?;
        let shown = Shown::parse(&code)?;
        self.verify(&code, shown.shown_at().unwrap_or(now))
            .and_then(|ticket| self.check_key(&ticket, now).map(|()| ticket))
    }

    /// Checks that the key of a ticket that was verified is still believed: it may have been struck out since.
    ///
    /// # Errors
    ///
    /// [`Rejection::UnknownKey`], [`Rejection::StruckKey`], [`Rejection::KeyOutOfWindow`].
    pub fn check_key(&self, ticket: &VerifiedTicket, now: Timestamp) -> Result<(), Rejection> {
        let key = self.keys.get(&ticket.ticket.key).ok_or(Rejection::UnknownKey)?;
        believe(&key.trusted, now)
    }

    /// Checks that a code which opened a gate at some time was signed by a key of the event, be it struck out or out of its
    /// window by now: who has passed stays in, whatever becomes of the key.
    ///
    /// # Errors
    ///
    /// [`Rejection`], the first that applies.
    pub fn check_evidence(&self, code: &[u8]) -> Result<(), Rejection> {
        let shown = Shown::parse(code)?;
        self.check_signature(&shown)?;
        shown.check_signed_along()
    }

    fn check_signature(&self, shown: &Shown) -> Result<&TrustedKey, Rejection> {
        let key = self.keys.get(&shown.ticket.key).ok_or(Rejection::UnknownKey)?;
        key.verifier
            .verify(Domain::Ticket, shown.body, &shown.signature)
            .map_err(|_| Rejection::FalseSignature)?;
        Ok(&key.trusted)
    }
}

fn believe(key: &TrustedKey, now: Timestamp) -> Result<(), Rejection> {
    if key.is_struck() {
        return Err(Rejection::StruckKey);
    }
    if !key.window.contains(now) {
        return Err(Rejection::KeyOutOfWindow);
    }
    Ok(())
}
