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
mod tests {
    use usher_keys::{EventId, KeyId, PublicKey, RootSet, TrustBundle, TrustedKey, Window};

    use super::*;
    use crate::ticket::{Keyring, TicketFlags, lasting};
    use crate::{Generation, TierId, Unit};

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn key(n: u8) -> SecretKey {
        SecretKey::from_seed(&[n; 32])
    }

    fn keyring() -> Keyring {
        Keyring::new(&TrustBundle {
            event: EventId([1; 16]),
            version: 1,
            roots: RootSet::single(key(1).public()),
            ticket_keys: vec![TrustedKey::active(key(2).public(), Window::ALWAYS)],
            authority_keys: Vec::new(),
            issuing_keys: Vec::new(),
        })
    }

    fn payload(holder: Option<PublicKey>) -> Payload {
        let ticket = Ticket {
            key: KeyId([0; 4]),
            unit: Unit(7),
            generation: Generation(1),
            tier: TierId(1),
            admits: 1,
            flags: TicketFlags::default(),
            holder,
        };
        ticket.sign(&key(2))
    }

    #[track_caller]
    fn check(text: &str, expected: Result<(), Rejection>) {
        assert_eq!(keyring().verify_text(text.as_bytes(), NOW).map(|_| ()), expected);
    }

    #[test]
    fn a_live_ticket_opens_only_while_its_phone_signs_along() {
        let live = payload(Some(key(3).public()));
        check(&live.shown_live(&key(3), NOW), Ok(()));
        check(&live.shown_live(&key(3), NOW.plus_ms(LIVE_TOLERANCE_MS)), Ok(()));
        check(
            &live.shown_live(&key(3), Timestamp(NOW.0 - LIVE_TOLERANCE_MS)),
            Ok(()),
        );
        check(
            &live.shown_live(&key(3), NOW.plus_ms(LIVE_TOLERANCE_MS + 1)),
            Err(Rejection::NotLive),
        );
        check(
            &live.shown_live(&key(3), Timestamp(NOW.0 - LIVE_TOLERANCE_MS - 1)),
            Err(Rejection::NotLive),
        );
        check(&live.shown_live(&key(4), NOW), Err(Rejection::NotLive));
        check(&live.to_text(), Err(Rejection::NotLive));
    }

    #[test]
    fn what_a_live_ticket_did_is_taken_back_by_its_code_of_then() {
        let live = payload(Some(key(3).public()));
        let earlier = |text: &str| keyring().verify_earlier(text.as_bytes(), NOW).map(drop);
        let long_ago = Timestamp(NOW.0 - 100 * LIVE_TOLERANCE_MS);
        assert_eq!(earlier(&live.shown_live(&key(3), long_ago)), Ok(()));
        assert_eq!(
            earlier(&live.shown_live(&key(4), long_ago)),
            Err(Rejection::NotLive)
        );
        assert_eq!(earlier(&live.to_text()), Err(Rejection::NotLive));
        assert_eq!(earlier(&payload(None).to_text()), Ok(()));
    }

    #[test]
    fn a_ticket_without_a_holder_takes_no_moving_part() {
        check(&payload(None).to_text(), Ok(()));
        check(
            &payload(None).shown_live(&key(3), NOW),
            Err(Rejection::NotATicket),
        );
    }

    #[test]
    fn a_moving_part_moved_to_another_ticket_is_refused() {
        let live = payload(Some(key(3).public()));
        let shown = digits::decode(live.shown_live(&key(3), NOW).as_bytes()).unwrap();
        let mut moved = payload(Some(key(4).public())).bytes().to_vec();
        moved.extend_from_slice(&shown[live.bytes().len()..]);
        check(&digits::encode(&moved), Err(Rejection::NotLive));
    }

    #[test]
    fn what_lasts_of_a_live_code_is_its_payload() {
        let live = payload(Some(key(3).public()));
        let now = live.shown_live(&key(3), NOW);
        let renewed = live.shown_live(&key(3), NOW.plus_ms(10_000));
        assert_ne!(now, renewed);
        assert_eq!(lasting(now.as_bytes()), lasting(renewed.as_bytes()));
        let text = live.to_text();
        assert_ne!(
            lasting(now.as_bytes()),
            text.as_bytes(),
            "a picture of the ticket is none of its phone"
        );
        for whole in [
            text.as_bytes(),
            payload(None).to_text().as_bytes(),
            b"https://example.org",
            b"",
        ] {
            assert_eq!(lasting(whole), whole);
        }
    }
}
