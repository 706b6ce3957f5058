//! Which seats of an event are free, in as few bytes as caches can carry: a snapshot of two bits a seat, and what changed since.

use axum::body::Bytes;
use serde::Serialize;
use usher_keys::EventId;
use utoipa::ToSchema;

use super::{Occupancy, Status};

/// Seats whose status fits into a byte.
const SEATS_PER_BYTE: usize = 4;

/// How full an event is, packed. **Shape**: u16 how many tiers; for each its id as u16 and its free units as u32; then the status of
/// each seat in two bits, the first seat in the lowest bits of the first byte: 0 available, 1 held, 2 booked. Numbers are big-endian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatBits(Bytes);

impl SeatBits {
    /// Takes bytes that were packed before.
    pub fn from_packed(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }

    /// Packs how full an event is.
    pub fn of(occupancy: &Occupancy) -> Self {
        let tiers = &occupancy.tiers;
        let mut packed = Vec::with_capacity(2 + 6 * tiers.len() + occupancy.seats.len() / SEATS_PER_BYTE + 1);
        packed.extend(u16::try_from(tiers.len()).unwrap_or(u16::MAX).to_be_bytes());
        for count in tiers {
            packed.extend(count.tier.0.to_be_bytes());
            packed.extend(count.available.to_be_bytes());
        }
        packed.extend(occupancy.seats.chunks(SEATS_PER_BYTE).map(|seats| {
            let bits = seats.iter().rev();
            bits.fold(0, |byte, status| byte << 2 | bits_of(*status))
        }));
        Self(packed.into())
    }

    /// Returns the bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// Lists what is different in a later one of the same event.
    pub fn changes(&self, later: &Self, versions: (u64, u64)) -> AvailabilityChanges {
        let mut changes = AvailabilityChanges::none(versions);
        let known: Vec<_> = self.tiers().collect();
        changes.tiers = later.tiers().filter(|tier| !known.contains(tier)).collect();
        let (before, after) = (self.seats(), later.seats());
        for (index, &now) in after.iter().enumerate() {
            let was = before.get(index).copied();
            if was == Some(now) {
                continue;
            }
            for place in 0..SEATS_PER_BYTE {
                let bits = |byte: u8| byte >> (2 * place) & 3;
                if was.map(bits) != Some(bits(now)) {
                    let seat = u32::try_from(SEATS_PER_BYTE * index + place).unwrap_or(u32::MAX);
                    changes.list_of(bits(now)).push(seat);
                }
            }
        }
        changes
    }

    fn tiers(&self) -> impl Iterator<Item = TierLeft> {
        let tiers = self.0.get(2..2 + 6 * self.tier_count()).unwrap_or_default();
        let (tiers, _) = tiers.as_chunks::<6>();
        tiers.iter().map(|[t0, t1, a0, a1, a2, a3]| TierLeft {
            tier: u16::from_be_bytes([*t0, *t1]),
            available: u32::from_be_bytes([*a0, *a1, *a2, *a3]),
        })
    }

    /// Returns the bytes that have the status of the seats.
    pub fn seats(&self) -> &[u8] {
        self.0.get(2 + 6 * self.tier_count()..).unwrap_or_default()
    }

    fn tier_count(&self) -> usize {
        let count = self.0.first_chunk().copied().unwrap_or_default();
        u16::from_be_bytes(count).into()
    }
}

/// Returns the two bits of a status.
fn bits_of(status: Status) -> u8 {
    match status {
        Status::Available => 0,
        Status::Held => 1,
        Status::Booked => 2,
    }
}

/// What changed from one version of an event's availability to the next.
#[derive(Debug, Serialize, ToSchema)]
pub struct AvailabilityChanges {
    /// The version before.
    pub from: u64,
    /// The version after; the same as `from` while nothing has changed.
    pub to: u64,
    /// The seats that are free now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub available: Vec<u32>,
    /// The seats that someone has a claim on now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<u32>,
    /// The seats that are sold now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub booked: Vec<u32>,
    /// The tiers that have more or fewer free units now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<TierLeft>,
}

impl AvailabilityChanges {
    /// Begins a list.
    pub fn none((from, to): (u64, u64)) -> Self {
        Self {
            from,
            to,
            available: Vec::new(),
            held: Vec::new(),
            booked: Vec::new(),
            tiers: Vec::new(),
        }
    }

    /// Returns its JSON.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("it has string keys only")
    }

    fn list_of(&mut self, bits: u8) -> &mut Vec<u32> {
        match bits {
            0 => &mut self.available,
            1 => &mut self.held,
            _ => &mut self.booked,
        }
    }
}

/// How many units of a tier are free, seats and general admission together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct TierLeft {
    /// The tier.
    pub tier: u16,
    /// Its free units.
    pub available: u32,
}

/// The availability of an event that all processes tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAvailability {
    /// Its number: the second since the Unix epoch in which it was found, or later.
    pub version: u64,
    pub seats: SeatBits,
}

/// Asks to keep the next availability of an event.
#[derive(Debug, Clone)]
pub struct NewAvailability {
    pub event: EventId,
    /// The version it follows; `None` for the first.
    pub known: Option<u64>,
    pub next: KeptAvailability,
    /// What changed, as JSON.
    pub changes: String,
}

/// Asks what changed after a version.
#[derive(Debug, Clone, Copy)]
pub struct ChangesQuery {
    pub event: EventId,
    /// The version before the changes.
    pub from: u64,
}

#[cfg(test)]
mod tests {
    use usher_protocol::TierId;

    use super::*;
    use crate::catalogue::TierCount;
    use Status::{Available, Booked, Held};
    use usher_keys::Timestamp;

    fn packed(seats: &[Status], available: u32) -> SeatBits {
        let mut tier = TierCount::none_of(TierId(7));
        tier.available = available;
        SeatBits::of(&Occupancy {
            seats: seats.to_vec(),
            tiers: vec![tier],
            good_until: Timestamp::FOREVER,
        })
    }

    #[test]
    fn a_seat_is_two_bits_and_the_first_one_the_lowest() {
        let packed = packed(&[Available, Held, Booked, Held, Booked], 260);
        assert_eq!(packed.bytes()[..], [0, 1, 0, 7, 0, 0, 1, 4, 0b01_10_01_00, 0b10]);
    }

    #[test]
    fn a_house_of_50_000_seats_takes_less_than_13_kilobytes() {
        assert!(packed(&vec![Booked; 50_000], 1).bytes().len() < 12_600);
    }

    #[test]
    fn changes_name_what_is_different_and_nothing_else() {
        let before = packed(&[Available, Held, Booked, Held, Booked], 3);
        let after = packed(&[Held, Booked, Booked, Available, Booked], 4);
        assert_eq!(
            before.changes(&after, (8, 9)).json(),
            r#"{"from":8,"to":9,"available":[3],"held":[0],"booked":[1],"tiers":[{"tier":7,"available":4}]}"#
        );
        assert_eq!(after.changes(&after, (9, 9)).json(), r#"{"from":9,"to":9}"#);
    }
}
