//! The ticket in the QR code: payload bytes, their decimal text, and the one way to a verified ticket; judging it is admission's.

pub mod check_symbol;
pub mod code;
pub mod digits;
pub mod foreign;
pub mod guesses;
pub mod live;
mod rejection;
pub mod typed;
pub mod verify;

use bincode::{Decode, Encode};
use usher_keys::codec;
use usher_keys::{Domain, KeyId, PublicKey, SecretKey, Signature};

use crate::ident::{Generation, TierId, Unit};

pub use check_symbol::Mistyped;
pub use code::TicketCode;
pub use rejection::Rejection;
pub use verify::{Keyring, VerifiedTicket, code_in, lasting};

/// The payload version this code writes and reads.
pub const PAYLOAD_VERSION: u8 = 1;
/// The first byte of another seller's code in a record, where a ticket of ours has its version.
const FOREIGN: u8 = 0xf0;
/// Length of the signature at the end of a payload, in bytes.
pub const SIGNATURE_BYTES: usize = 64;
/// Longest payload: every field at its limit and a holder key, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 1 + 4 + 5 + 5 + 3 + 1 + 1 + 33 + SIGNATURE_BYTES;
/// Longest code text, in digits: the longest payload with the moving part of a live ticket.
pub const MAX_TEXT_DIGITS: usize = digits::encoded_len(MAX_PAYLOAD_BYTES + live::LIVE_PART_BYTES);

/// Flag bits of a ticket that gates know; a payload with any other bit set is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct TicketFlags(pub u8);

impl TicketFlags {
    /// Ask for proof of identity or age at the gate.
    pub const CHECK_ID: Self = Self(0b1);
    /// All bits that have a meaning.
    pub const KNOWN: u8 = 0b1;

    /// Tells whether every bit of `other` is set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What a payload says: the right to use one unit.
///
/// **Shape**: docs/PROTOCOL.md, "Ticket payload".
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Ticket {
    /// The key that signs, and through it the event.
    pub key: KeyId,
    pub unit: Unit,
    /// Which reissue of the unit's ticket this is, from 1.
    pub generation: Generation,
    pub tier: TierId,
    /// How many people it lets in, from 1.
    pub admits: u8,
    pub flags: TicketFlags,
    /// For a live ticket, the key of the phone that must sign along.
    pub holder: Option<PublicKey>,
}

/// The signed body: the version byte, then the ticket.
#[derive(Encode, Decode)]
struct Body {
    version: u8,
    ticket: Ticket,
}

impl Ticket {
    /// Signs the ticket; the key id is set to the signing key's.
    pub fn sign(mut self, key: &SecretKey) -> Payload {
        self.key = key.public().id();
        let mut bytes = codec::encode(&Body {
            version: PAYLOAD_VERSION,
            ticket: self,
        });
        let signature = key.sign(Domain::Ticket, &bytes);
        bytes.extend_from_slice(&signature.0);
        Payload(bytes)
    }
}

/// The signed bytes in the QR code.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload(Vec<u8>);

impl Payload {
    /// Returns the bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the decimal text that goes into the QR code.
    pub fn to_text(&self) -> String {
        digits::encode(&self.0)
    }

    /// Takes payload bytes apart, canonically and without believing them.
    ///
    /// # Errors
    ///
    /// [`Rejection`] for anything that is not one canonical payload of our version.
    pub fn parse(bytes: &[u8]) -> Result<(Ticket, &[u8], Signature), Rejection> {
        let Some(version) = bytes.first() else {
            return Err(Rejection::NotATicket);
        };
        if bytes.len() > MAX_PAYLOAD_BYTES || bytes.len() <= SIGNATURE_BYTES {
            return Err(Rejection::NotATicket);
        }
        if *version != PAYLOAD_VERSION {
            return Err(Rejection::UnknownVersion { version: *version });
        }
        let (body, signature) = bytes.split_at(bytes.len() - SIGNATURE_BYTES);
        let signature = Signature(signature.try_into().map_err(|_| Rejection::NotATicket)?);
        let decoded: Body = codec::decode::<MAX_PAYLOAD_BYTES, _>(body).map_err(|_| Rejection::NotATicket)?;
        let ticket = decoded.ticket;
        if ticket.admits == 0 || ticket.generation.0 == 0 || ticket.flags.0 & !TicketFlags::KNOWN != 0 {
            return Err(Rejection::NotATicket);
        }
        Ok((ticket, body, signature))
    }
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Payload({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests;
