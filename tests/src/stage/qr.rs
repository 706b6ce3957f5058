//! QR codes as picture files, and payloads that nobody sold: forged, altered, foreign.

use std::path::Path;

use anyhow::Context;
use fast_qr::QRBuilder;
use image::{GrayImage, Luma};
use usher_keys::{KeyId, SecretKey};
use usher_protocol::ticket::{Ticket, TicketFlags, digits};
use usher_protocol::{Generation, TierId, Unit};

/// White modules around a code.
const QUIET_ZONE: usize = 4;
/// Pixels of a module.
const SCALE: usize = 8;

/// Where the unit is in a payload: after the version byte and the key's id.
const UNIT_AT: usize = 5;
/// From here on the first byte of a number says how many bytes follow, the lowest first.
const LONG_NUMBER: u8 = 251;

/// The order of the group of Ed25519 (RFC 8032, section 5.1), the lowest byte first.
const GROUP_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Draws any bytes as a QR code into a PNG file.
///
/// # Errors
///
/// When they are too many for a code, or the file cannot be written.
pub fn draw(bytes: &[u8], file: &Path) -> anyhow::Result<()> {
    let code = QRBuilder::new(bytes)
        .build()
        .map_err(|error| anyhow::anyhow!("making a QR code: {error:?}"))?;
    let side = (code.size + 2 * QUIET_ZONE) * SCALE;
    let side_px = u32::try_from(side).context("a QR code is some thousand pixels wide")?;
    let picture = GrayImage::from_fn(side_px, side_px, |x, y| {
        let module = |at: u32| {
            (at as usize / SCALE)
                .checked_sub(QUIET_ZONE)
                .filter(|&at| at < code.size)
        };
        let dark = matches!((module(x), module(y)), (Some(x), Some(y)) if code[y][x].value());
        Luma([if dark { 0 } else { 255 }])
    });
    picture
        .save(file)
        .with_context(|| format!("writing {}", file.display()))
}

/// Makes the payload of a ticket signed with a key that no trust bundle lists.
pub fn forged(unit: u32, tier: u16) -> String {
    let ticket = Ticket {
        key: KeyId([0; 4]),
        unit: Unit(unit),
        generation: Generation(1),
        tier: TierId(tier),
        admits: 1,
        flags: TicketFlags::default(),
        holder: None,
    };
    ticket.sign(&SecretKey::from_seed(&[66; 32])).to_text()
}

/// Makes another unit's ticket of a genuine one: everything is as it was except the unit, under the old signature.
///
/// # Errors
///
/// When the payload is none.
pub fn altered(payload: &str) -> anyhow::Result<String> {
    let mut bytes = digits::decode(payload.as_bytes()).context("a payload is decimal digits")?;
    let low = if bytes.get(UNIT_AT).is_some_and(|first| *first >= LONG_NUMBER) {
        UNIT_AT + 1
    } else {
        UNIT_AT
    };
    *bytes.get_mut(low).context("a payload has a unit")? ^= 1;
    Ok(digits::encode(&bytes))
}

/// Makes another text of a genuine ticket: the same signature, its scalar with the order of the group added, which a
/// lenient verifier takes for valid too.
///
/// # Errors
///
/// When the payload is none.
pub fn malleated(payload: &str) -> anyhow::Result<String> {
    let mut bytes = digits::decode(payload.as_bytes()).context("a payload is decimal digits")?;
    let scalar = bytes
        .last_chunk_mut::<32>()
        .context("a payload ends with a signature")?;
    let mut carry = 0;
    for (byte, order) in scalar.iter_mut().zip(GROUP_ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    Ok(digits::encode(&bytes))
}

/// Makes a ticket of a payload version that nobody knows yet.
///
/// # Errors
///
/// When the payload is none.
pub fn of_the_future(payload: &str) -> anyhow::Result<String> {
    let mut bytes = digits::decode(payload.as_bytes()).context("a payload is decimal digits")?;
    *bytes.first_mut().context("a payload has a version")? = 200;
    Ok(digits::encode(&bytes))
}

#[cfg(test)]
mod tests {
    use usher_protocol::ticket::Payload;

    use super::*;

    #[track_caller]
    fn check(unit: u32, altered_unit: u32) {
        let text = altered(&forged(unit, 1)).unwrap();
        let bytes = digits::decode(text.as_bytes()).unwrap();
        let (ticket, _, _) = Payload::parse(&bytes).unwrap();
        assert_eq!(ticket.unit, Unit(altered_unit));
    }

    #[test]
    fn an_altered_ticket_is_well_formed_and_of_the_unit_beside() {
        check(7, 6);
        check(300, 301);
        check(70_000, 70_001);
    }
}
