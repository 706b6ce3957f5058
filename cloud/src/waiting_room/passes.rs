//! Passes and sale tokens: what a visitor carries of a waiting room, with a MAC by which every process knows it again. Each is of one
//! room and one browser; what it says is not secret.

use data_encoding::BASE64URL_NOPAD;
use usher_keys::{EventId, Timestamp};

use super::draw::sha256;

/// Which form this is; another one has another number.
const VERSION: u8 = 1;
/// Length of a MAC.
const MAC_BYTES: usize = 32;
/// Length of a pass and of a sale token as bytes: version, kind, event, number, holder, then the id or the end, and the MAC.
const PASS_BYTES: usize = 1 + 1 + 16 + 8 + 16 + 16 + MAC_BYTES;
const TOKEN_BYTES: usize = 1 + 1 + 16 + 8 + 16 + 8 + MAC_BYTES;
/// The longest text of either.
pub const PASS_CHARS: usize = PASS_BYTES.div_ceil(3) * 4;

/// Names a browser: the first half of the BLAKE3 hash of the secret that it keeps in a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassHolder(pub [u8; 16]);

impl PassHolder {
    /// Names the browser with a secret.
    pub fn of(secret: &[u8; 16]) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&blake3::hash(secret).as_bytes()[..16]);
        Self(half)
    }
}

/// What a visitor waits with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuePass {
    /// Its number in the order in which passes were given out.
    pub number: u64,
    /// Random: it is listed by its hash.
    pub id: [u8; 16],
    pub holder: PassHolder,
}

impl QueuePass {
    /// Returns the hash that it is listed by.
    pub fn hash(&self) -> [u8; 32] {
        sha256(&[&self.id])
    }
}

/// What a visitor holds places with, once it is their turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaleToken {
    /// The number of its pass.
    pub number: u64,
    pub holder: PassHolder,
    /// Until when.
    pub until: Timestamp,
}

/// The keys of a waiting room, all made from the one secret in its row.
#[derive(Clone)]
pub struct RoomKeys {
    event: EventId,
    passes: [u8; 32],
    tokens: [u8; 32],
    seed: [u8; 32],
}

// Keys stay out of logs.
impl std::fmt::Debug for RoomKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RoomKeys")
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}

impl RoomKeys {
    /// Makes the keys of an event's room.
    pub fn new(event: EventId, secret: &[u8]) -> Self {
        let derive = |purpose| blake3::derive_key(purpose, secret);
        Self {
            event,
            passes: derive("usher waiting room 1 passes"),
            tokens: derive("usher waiting room 1 sale tokens"),
            seed: derive("usher waiting room 1 seed of the draw"),
        }
    }

    /// Returns the seed of its draw, a secret until the beacon is known.
    pub fn seed(&self) -> [u8; 32] {
        self.seed
    }

    /// Returns what is published of the seed before anybody comes.
    pub fn commitment(&self) -> [u8; 32] {
        sha256(&[&self.seed])
    }

    /// Writes a pass.
    pub fn write_pass(&self, pass: &QueuePass) -> String {
        self.write(b'p', (pass.number, pass.holder), &pass.id)
    }

    /// Reads a pass of this room and this browser; `None` for any other text.
    pub fn read_pass(&self, text: &str, holder: PassHolder) -> Option<QueuePass> {
        let (number, id) = self.read::<PASS_BYTES, 16>(b'p', text, holder)?;
        Some(QueuePass { number, id, holder })
    }

    /// Reads a pass whosever it is, to look for it in a list.
    pub fn read_any_pass(text: &str) -> Option<QueuePass> {
        let bytes: [u8; PASS_BYTES] = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok()?;
        let number = u64::from_be_bytes(bytes.get(18..26)?.try_into().ok()?);
        let holder = PassHolder(bytes.get(26..42)?.try_into().ok()?);
        let id = bytes.get(42..58)?.try_into().ok()?;
        (bytes[..2] == [VERSION, b'p']).then_some(QueuePass { number, id, holder })
    }

    /// Writes a sale token.
    pub fn write_token(&self, token: &SaleToken) -> String {
        let until = token.until.0.to_be_bytes();
        self.write(b't', (token.number, token.holder), &until)
    }

    /// Reads a sale token of this room and this browser that has not ended; `None` for any other text.
    pub fn read_token(&self, text: &str, holder: PassHolder, now: Timestamp) -> Option<SaleToken> {
        let (number, until) = self.read::<TOKEN_BYTES, 8>(b't', text, holder)?;
        let until = Timestamp(u64::from_be_bytes(until));
        (now < until).then_some(SaleToken {
            number,
            holder,
            until,
        })
    }

    fn write(&self, kind: u8, (number, holder): (u64, PassHolder), rest: &[u8]) -> String {
        let number = number.to_be_bytes();
        let mut bytes = [&[VERSION, kind], &self.event.0[..], &number, &holder.0, rest].concat();
        let mac = self.mac(kind, &bytes);
        bytes.extend(mac.as_bytes());
        BASE64URL_NOPAD.encode(&bytes)
    }

    fn read<const LENGTH: usize, const REST: usize>(
        &self,
        kind: u8,
        text: &str,
        holder: PassHolder,
    ) -> Option<(u64, [u8; REST])> {
        let bytes: [u8; LENGTH] = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok()?;
        let (said, mac) = bytes.split_at(LENGTH - MAC_BYTES);
        // Hashes are compared in the same time wherever they differ.
        if self.mac(kind, said) != blake3::Hash::from_bytes(mac.try_into().ok()?) {
            return None;
        }
        let whose = [&[VERSION, kind], &self.event.0[..]].concat();
        if said[..18] != whose || said[26..42] != holder.0 {
            return None;
        }
        let number = u64::from_be_bytes(said[18..26].try_into().ok()?);
        Some((number, said[42..].try_into().ok()?))
    }

    fn mac(&self, kind: u8, said: &[u8]) -> blake3::Hash {
        let key = if kind == b'p' { &self.passes } else { &self.tokens };
        blake3::keyed_hash(key, said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: PassHolder = PassHolder([1; 16]);
    const NOW: Timestamp = Timestamp(1_000);

    fn keys(event: u8, secret: u8) -> RoomKeys {
        RoomKeys::new(EventId([event; 16]), &[secret; 32])
    }

    #[test]
    fn a_pass_is_of_one_room_and_one_browser() {
        let pass = QueuePass {
            number: 1_000_000,
            id: [3; 16],
            holder: ME,
        };
        let text = keys(1, 1).write_pass(&pass);
        assert!(text.len() <= PASS_CHARS);
        assert_eq!(keys(1, 1).read_pass(&text, ME), Some(pass));
        assert_eq!(RoomKeys::read_any_pass(&text), Some(pass));
        for (event, secret, holder) in [(2, 1, ME), (1, 2, ME), (1, 1, PassHolder([2; 16]))] {
            assert_eq!(keys(event, secret).read_pass(&text, holder), None);
        }
        assert_eq!(keys(1, 1).read_token(&text, ME, NOW), None);
    }

    #[test]
    fn a_sale_token_ends() {
        let token = SaleToken {
            number: 7,
            holder: ME,
            until: NOW.plus_ms(1),
        };
        let text = keys(1, 1).write_token(&token);
        assert_eq!(keys(1, 1).read_token(&text, ME, NOW), Some(token));
        assert_eq!(keys(1, 1).read_token(&text, ME, NOW.plus_ms(1)), None);
        assert_eq!(keys(1, 1).read_token(&text, PassHolder([2; 16]), NOW), None);
        assert_eq!(keys(1, 1).read_pass(&text, ME), None);
    }

    #[test]
    fn no_bit_of_a_pass_can_be_changed_and_no_text_is_one_by_chance() {
        let keys = keys(1, 1);
        let pass = QueuePass {
            number: 1_000_000,
            id: [3; 16],
            holder: ME,
        };
        let bytes = BASE64URL_NOPAD.decode(keys.write_pass(&pass).as_bytes()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let text = BASE64URL_NOPAD.encode(&changed);
            assert_eq!(keys.read_pass(&text, ME), None, "bit {bit}");
        }
        for length in 0..=bytes.len() {
            let text = BASE64URL_NOPAD.encode(&bytes[..length]);
            assert_eq!(keys.read_pass(&text, ME).is_some(), length == bytes.len());
        }
        let mut random = [0_u8; PASS_BYTES];
        for number in 0..100_000_u64 {
            blake3::Hasher::new()
                .update(&number.to_be_bytes())
                .finalize_xof()
                .fill(&mut random);
            let text = BASE64URL_NOPAD.encode(&random);
            assert_eq!(keys.read_pass(&text, ME), None);
        }
    }
}
