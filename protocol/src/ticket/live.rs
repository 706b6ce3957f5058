//! Live tickets: the phone signs along every few seconds, so that a picture of the code is worth nothing; no secret lies at the gate.

use usher_keys::{Domain, SecretKey, Signature, Timestamp};

use super::rejection::Rejection;
use super::{Payload, SIGNATURE_BYTES, Ticket, digits};

/// Length of the moving part behind a live ticket's payload, in bytes: the moment it was shown and the phone's signature.
pub const LIVE_PART_BYTES: usize = 8 + SIGNATURE_BYTES;
/// How far the moment a ticket was shown may lie from the gate's rule time, in milliseconds: the phone renews it every ten
/// seconds, the rest is for clocks that differ and a hand that takes its time.
pub const LIVE_TOLERANCE_MS: u64 = 30_000;

impl Payload {
    /// Makes the text of the code that the holder's phone shows at this moment.
    ///
    /// **Source**: docs/PROTOCOL.md, "Live tickets".
    pub fn shown_live(&self, holder: &SecretKey, now: Timestamp) -> String {
        let mut code = self.bytes().to_vec();
        code.extend_from_slice(&now.0.to_le_bytes());
        let signature = holder.sign(Domain::Live, &code);
        code.extend_from_slice(&signature.0);
        digits::encode(&code)
    }
}

/// Takes the ticket out of a code without believing it.
///
/// # Errors
///
/// [`Rejection`] for anything that is not one canonical code.
pub fn parse(code: &[u8]) -> Result<Ticket, Rejection> {
    Shown::parse(code).map(|shown| shown.ticket)
}

/// A code taken apart, canonically and without believing it.
pub(super) struct Shown<'a> {
    /// What the payload says.
    pub(super) ticket: Ticket,
    /// The payload's signed part.
    pub(super) body: &'a [u8],
    /// The payload's signature.
    pub(super) signature: Signature,
    /// The moving part, if there is one: what the phone signed, when it was shown, and the phone's signature.
    moving: Option<(&'a [u8], Timestamp, Signature)>,
}

impl<'a> Shown<'a> {
    /// Tells whether a phone signed along.
    pub(super) fn is_live(&self) -> bool {
        self.moving.is_some()
    }

    /// Takes a code apart. A payload tells its own length, so no code is both a payload and a live ticket.
    pub(super) fn parse(code: &'a [u8]) -> Result<Self, Rejection> {
        let plain = Payload::parse(code);
        let (Err(_), Some((signed, signature))) = (&plain, code.split_last_chunk::<SIGNATURE_BYTES>()) else {
            let (ticket, body, signature) = plain?;
            return Ok(Self {
                ticket,
                body,
                signature,
                moving: None,
            });
        };
        let live = signed.split_last_chunk::<8>().and_then(|(payload, shown_at)| {
            let parsed = Payload::parse(payload).ok()?;
            Some((parsed, Timestamp(u64::from_le_bytes(*shown_at))))
        });
        match live {
            Some(((ticket, body, inner), shown_at)) if ticket.holder.is_some() => {
                let moving = Some((signed, shown_at, Signature(*signature)));
                Ok(Self {
                    ticket,
                    body,
                    signature: inner,
                    moving,
                })
            }
            Some(_) | None => plain.map(|(ticket, body, signature)| Self {
                ticket,
                body,
                signature,
                moving: None,
            }),
        }
    }

    /// Returns when a live ticket was shown, by its phone's word.
    pub(super) fn shown_at(&self) -> Option<Timestamp> {
        self.moving.as_ref().map(|(_, shown_at, _)| *shown_at)
    }

    /// Demands of a live ticket that it was shown just now.
    pub(super) fn check_shown(&self, now: Timestamp) -> Result<(), Rejection> {
        let Some((_, shown_at, _)) = &self.moving else {
            return Ok(());
        };
        let age_ms = now.since_ms(*shown_at).max(shown_at.since_ms(now));
        if age_ms > LIVE_TOLERANCE_MS {
            return Err(Rejection::NotLive);
        }
        Ok(())
    }

    /// Demands of a live ticket that its holder's phone signed along, whenever that was.
    pub(super) fn check_signed_along(&self) -> Result<(), Rejection> {
        let Some(holder) = &self.ticket.holder else {
            return Ok(());
        };
        let (signed, _, signature) = self.moving.as_ref().ok_or(Rejection::NotLive)?;
        let checked = holder.verify(Domain::Live, signed, signature);
        checked.map_err(|_| Rejection::NotLive)
    }
}

#[cfg(test)]
mod tests;
