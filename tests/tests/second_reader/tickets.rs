//! Codes of tickets: by believed, disbelieved and unknown keys, live ones shown well and badly, every field at its ends.

use usher_keys::{KeyId, SecretKey, Timestamp};
use usher_protocol::ticket::live::LIVE_TOLERANCE_MS;
use usher_protocol::ticket::{Ticket, TicketFlags, digits};
use usher_protocol::{Generation, TierId, Unit};
use usher_tests::hostile::scene::{NOW, disbelieved, holder, key, tickets};
use usher_tests::sim::random::Random;

use super::records::{number, small};

/// Draws the bytes of a code.
pub fn code(random: &mut Random) -> Vec<u8> {
    let [struck, early, over] = disbelieved();
    let stranger = key(0x66);
    let signer = match random.below(10) {
        0 => struck,
        1 => early,
        2 => over,
        3 => stranger,
        _ => tickets(),
    };
    code_by(random, &signer)
}

/// Draws the bytes of a code that this key signed.
pub fn code_by(random: &mut Random, signer: &SecretKey) -> Vec<u8> {
    let phone = random.percent(30).then(holder);
    let ticket = Ticket {
        key: KeyId([0; 4]),
        unit: Unit(number(random)),
        generation: Generation(number(random).max(1)),
        tier: TierId(small(random)),
        admits: u8::try_from(random.between(1, 255)).unwrap_or(1),
        flags: TicketFlags(u8::from(random.percent(20))),
        holder: phone.as_ref().map(|phone| phone.public()),
    };
    let payload = ticket.sign(signer);
    let Some(phone) = phone.filter(|_| random.percent(80)) else {
        return payload.bytes().to_vec();
    };
    let phone = if random.percent(10) { key(0x67) } else { phone };
    let text = payload.shown_live(&phone, moment(random));
    digits::decode(text.as_bytes()).unwrap_or_default()
}

/// When a live ticket was shown: now, at either end of what is taken, or beyond.
fn moment(random: &mut Random) -> Timestamp {
    let moments = [
        NOW.0,
        NOW.0 - LIVE_TOLERANCE_MS,
        NOW.0 - LIVE_TOLERANCE_MS - 1,
        NOW.0 + LIVE_TOLERANCE_MS,
        NOW.0 + LIVE_TOLERANCE_MS + 1,
        0,
        u64::MAX,
    ];
    let moments = if random.percent(50) {
        &moments[..1]
    } else {
        &moments[..]
    };
    Timestamp(moments[random.index(moments.len())])
}
