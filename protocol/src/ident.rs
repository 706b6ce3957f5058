//! The small numbers and ids of records and tickets as newtypes; what they identify lives elsewhere.

use std::fmt;

use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use usher_keys::{PublicKey, Timestamp};

/// Who writes a log: a device's public key, or an authority key.
pub type Origin = PublicKey;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

number!(
    /// One sellable place in an event's inventory, numbered densely from 0.
    Unit(u32)
);
number!(
    /// Counts the reissues of a unit's ticket, from 1; only the newest generation is valid.
    Generation(u32)
);
number!(
    /// A tier of an event.
    TierId(u16)
);
number!(
    /// An area inside a venue.
    ZoneId(u16)
);
number!(
    /// A staffed line that leads into a zone.
    GateId(u16)
);
number!(
    /// A record's number in its log, from 1 without gaps; 0 stands before the first.
    Seq(u64)
);

/// The first unit of other sellers' tickets: far above any inventory, which may grow after they were imported.
pub const FIRST_FOREIGN_UNIT: Unit = Unit(1 << 24);

impl Seq {
    /// Returns the number after this one.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Identifies one reading attempt, so that asking again is idempotent. It is drawn from the reader's key and a secret, by
/// which the reader can later prove that the scan was its own.
///
/// **Source**: docs/PROTOCOL.md, "Scan id".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct ScanId(pub [u8; 16]);

/// What a reader draws at random for each scan and tells nobody, unless it withdraws the scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ScanSecret(pub [u8; 16]);

/// The context of the hash that makes a scan id.
const SCAN_CONTEXT: &str = "usher/scan/1 id";

/// The context of the hash that makes a scan's secret of a turnstile's gate and its own id of the scan.
const TURNSTILE_CONTEXT: &str = "usher/scan/1 http";

impl ScanSecret {
    /// Returns what a turnstile names a scan that it may want to annul: whoever then shows the secret has drawn it.
    pub fn named(&self) -> [u8; 16] {
        let digest = Sha256::digest(self.0);
        let mut name = [0; 16];
        name.copy_from_slice(&digest[..16]);
        name
    }
}

impl ScanId {
    /// Returns the id of a reader's scan.
    pub fn of(reader: &PublicKey, secret: &ScanSecret) -> Self {
        Self::drawn(&reader.0, secret)
    }

    /// Returns the id of a scan whose reader has no key of its own and may ask one hub after the other. Nobody can withdraw it: a
    /// hub that was asked does not know whether another has let the people in.
    pub fn of_a_guest(secret: &ScanSecret) -> Self {
        Self::drawn(&[], secret)
    }

    /// Returns the id of a turnstile's scan at a gate, which names its retries there, at whatever hub.
    pub fn of_a_turnstile(gate: GateId, named: &[u8; 16]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(TURNSTILE_CONTEXT);
        hasher.update(&gate.0.to_le_bytes()).update(named);
        let mut secret = [0; 16];
        hasher.finalize_xof().fill(&mut secret);
        Self::of_a_guest(&ScanSecret(secret))
    }

    fn drawn(reader: &[u8], secret: &ScanSecret) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(SCAN_CONTEXT);
        hasher.update(reader).update(&secret.0);
        let mut id = [0; 16];
        hasher.finalize_xof().fill(&mut id);
        Self(id)
    }
}

impl fmt::Debug for ScanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

/// A hybrid logical clock reading: wall time that never runs backwards in one log, and a counter within one millisecond.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Hlc {
    /// Milliseconds since the Unix epoch.
    pub ms: u64,
    /// Orders readings within one millisecond.
    pub count: u32,
}

/// How far ahead of our clock another origin's reading may pull ours, in milliseconds: clocks that agree keep causality, and
/// one that does not drags nobody with it.
pub const MAX_CLOCK_PULL_MS: u64 = crate::clock::AGREEMENT_MS;
/// How far a device's clock may be off without its word counting for less, in milliseconds: a day set wrong by hand.
pub const MAX_SKEW_MS: u64 = 24 * 60 * 60 * 1000;

impl Hlc {
    /// Returns the next reading of a clock that last gave `self`.
    pub fn tick(self, now: Timestamp) -> Self {
        if now.0 > self.ms {
            return Self { ms: now.0, count: 0 };
        }
        match self.count.checked_add(1) {
            Some(count) => Self { ms: self.ms, count },
            None => Self {
                ms: self.ms.saturating_add(1),
                count: 0,
            },
        }
    }

    /// Returns the clock after hearing another's reading, unless that is implausibly far ahead of the wall clock.
    pub fn hear(self, other: Self, now: Timestamp) -> Self {
        if other.ms > now.0.saturating_add(MAX_CLOCK_PULL_MS) {
            return self;
        }
        self.max(other)
    }

    /// Returns the wall time part.
    pub fn time(self) -> Timestamp {
        Timestamp(self.ms)
    }
}

/// Where a record stands in the one order all replicas agree on: by clock, then origin, then number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Stamp {
    /// The clock reading.
    pub hlc: Hlc,
    /// Who wrote it.
    pub origin: Origin,
    /// Its number in that log.
    pub seq: Seq,
}
