//! Properties of payloads and texts; the committed vectors are replayed by `protocol/tests/ticket_vectors.rs`.

use proptest::prelude::*;
use usher_keys::{Timestamp, TrustBundle};

use super::*;
use crate::rehearsal::{self, NOW, tickets, trust};

fn any_ticket() -> impl Strategy<Value = Ticket> {
    let numbers = (any::<u32>(), 1..=u32::MAX, any::<u16>(), 1..=u8::MAX);
    (numbers, 0..=TicketFlags::KNOWN, any::<bool>()).prop_map(
        |((unit, generation, tier, admits), flags, is_live)| Ticket {
            unit: Unit(unit),
            generation: Generation(generation),
            tier: TierId(tier),
            admits,
            flags: TicketFlags(flags),
            holder: is_live.then(|| holder().public()),
            ..rehearsal::ticket(0, 0)
        },
    )
}

fn holder() -> SecretKey {
    rehearsal::key(0x70)
}

/// The text of the code that is shown: a live ticket's with its moving part.
fn code(ticket: Ticket) -> String {
    let is_live = ticket.holder.is_some();
    let payload = ticket.sign(&tickets());
    if is_live {
        payload.shown_live(&holder(), NOW)
    } else {
        payload.to_text()
    }
}

fn verify(text: &[u8]) -> Result<VerifiedTicket, Rejection> {
    trust(1).keyring().verify_text(text, NOW)
}

#[test]
fn tickets_open_gates_again_once_their_key_is_extended() {
    let mut bundle = trust(1).bundle().clone();
    bundle.ticket_keys[0].window.until = NOW;
    let text = code(rehearsal::ticket(0, 1));
    let verify = |bundle: &TrustBundle| Keyring::new(bundle).verify_text(text.as_bytes(), NOW).map(drop);
    assert_eq!(verify(&bundle), Err(Rejection::KeyOutOfWindow));
    let next = bundle.extend(&[], NOW.plus_ms(1)).unwrap();
    assert_eq!((next.check_follows(&bundle), verify(&next)), (Ok(()), Ok(())));
}

proptest! {
    #[test]
    fn every_ticket_comes_back_from_its_text(ticket in any_ticket()) {
        let text = code(ticket.clone());
        prop_assert!(text.len() <= MAX_TEXT_DIGITS);
        let verified = verify(text.as_bytes()).unwrap();
        prop_assert_eq!(verified.ticket(), &ticket);
    }

    #[test]
    fn no_other_bytes_of_a_code_are_a_ticket(ticket in any_ticket(), at: prop::sample::Index, bit in 0_u32..8) {
        let mut bytes = digits::decode(code(ticket).as_bytes()).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(trust(1).keyring().verify(&bytes, NOW).is_err());
    }

    #[test]
    fn no_other_digit_in_a_text_is_a_ticket(ticket in any_ticket(), at: prop::sample::Index, more in 1_u8..10) {
        let mut text = code(ticket).into_bytes();
        let at = at.index(text.len());
        text[at] = b'0' + (text[at] - b'0' + more) % 10;
        prop_assert!(verify(&text).is_err());
    }

    #[test]
    fn two_digits_exchanged_are_no_ticket(ticket in any_ticket(), at: prop::sample::Index) {
        let text = code(ticket).into_bytes();
        let at = at.index(text.len() - 1);
        let mut exchanged = text.clone();
        exchanged.swap(at, at + 1);
        prop_assume!(exchanged != text);
        prop_assert!(verify(&exchanged).is_err());
    }

    #[test]
    fn any_text_and_any_bytes_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..400), now: u64) {
        prop_assert!(Payload::parse(&bytes).is_err() || bytes[0] == PAYLOAD_VERSION);
        prop_assert!(trust(1).keyring().verify(&bytes, Timestamp(now)).is_err());
        prop_assert!(verify(&bytes).is_err());
    }

    #[test]
    fn any_body_of_our_version_gives_an_answer(mut bytes in prop::collection::vec(any::<u8>(), 70..118)) {
        bytes[0] = PAYLOAD_VERSION;
        if let Ok((ticket, body, signature)) = Payload::parse(&bytes) {
            let again = codec::encode(&Body { version: PAYLOAD_VERSION, ticket });
            prop_assert_eq!(&again, body);
            prop_assert_eq!([again.as_slice(), &signature.0].concat(), bytes);
        }
    }
}
