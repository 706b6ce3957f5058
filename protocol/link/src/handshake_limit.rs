//! Bounds how many peers that have not shown a good certificate yet are dealt with at once, and keeps places for devices that come back; who is let in is not decided here.

mod complaints;
mod regulars;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use usher_keys::PublicKey;

use crate::slots::{Slot, SlotLimits, Slots};
use complaints::Complaints;
use regulars::Regulars;

/// Places for strangers: each may cost up to the connection's receive window in memory.
const STRANGERS: SlotLimits = SlotLimits {
    in_all: 512,
    of_one_address: 64,
    grace: GRACE,
};
/// Places kept for addresses from which a device was accepted: the scanners of a venue that come back at once, and a
/// handful of places for each, since some share an address. The newest has one in any case.
const RESERVE: SlotLimits = SlotLimits {
    in_all: 128,
    of_one_address: 4,
    grace: Duration::ZERO,
};
/// How long a stranger is left alone by others of its address: as long as an honest one may take for its handshake, and so
/// that many who come again and again cost few handshakes.
const GRACE: Duration = HANDSHAKE_TIMEOUT;
/// From how many strangers on a newcomer must first prove that its address is its own (one more round trip).
const STRANGERS_BEFORE_RETRY: usize = STRANGERS.in_all / 4;
/// From how many strangers of its own address on: else whoever sends under a false address could use up its places.
const SAME_ADDRESS_BEFORE_RETRY: usize = RESERVE.of_one_address;

/// How long a peer has to prove its key and name its event: several round trips over a bad mobile line.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Most peers at once that dialled us and whose certificate was not accepted yet.
pub const MAX_STRANGERS: usize = STRANGERS.in_all + RESERVE.in_all;

/// The places of strangers, and who was accepted before.
#[derive(Debug)]
pub(crate) struct HandshakeLimit {
    strangers: Arc<Slots>,
    reserve: Arc<Slots>,
    regulars: Regulars,
    complaints: Complaints,
}

/// One stranger's place among the handshakes, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    handshake_limit: Arc<HandshakeLimit>,
    slot: Slot,
}

impl Default for HandshakeLimit {
    fn default() -> Self {
        Self {
            strangers: Slots::new(STRANGERS),
            reserve: Slots::new(RESERVE),
            regulars: Regulars::default(),
            complaints: Complaints::default(),
        }
    }
}

impl HandshakeLimit {
    /// Takes a place for a stranger, if need be that of one whose address holds more.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let now = Instant::now();
        let reserve = self.regulars.come_from(address).then_some(&self.reserve);
        // Many devices that share an address and come at once have the strangers' places before they push each other out.
        let slot = reserve
            .and_then(|reserve| reserve.enter_free(address, now))
            .or_else(|| self.strangers.enter(address, now))
            .or_else(|| reserve?.enter(address, now))?;
        let handshake_limit = Arc::clone(self);
        Some(Place {
            handshake_limit,
            slot,
        })
    }

    /// Tells whether there is a place for a newcomer that gives this address, if need be that of another.
    pub(crate) fn has_room(&self, address: IpAddr) -> bool {
        self.regulars.come_from(address) || self.strangers.has_room(address, Instant::now())
    }

    /// Tells whether a newcomer must first prove that this address is its own.
    pub(crate) fn asks_for_proof(&self, address: IpAddr) -> bool {
        let of_address = self.strangers.count_of(address) + self.reserve.count_of(address);
        of_address >= SAME_ADDRESS_BEFORE_RETRY || self.strangers.count() >= STRANGERS_BEFORE_RETRY
    }

    /// Remembers from where a device was accepted.
    pub(crate) fn remember(&self, device: PublicKey, address: IpAddr) {
        self.regulars.remember(device, address);
    }

    /// Returns leave to write a line about a stranger, with how many were not written since the last, or none.
    pub(crate) fn may_write(&self) -> Option<u64> {
        self.complaints.leave(Instant::now())
    }
}

impl Place {
    /// Returns leave to write a line about this stranger, as [`HandshakeLimit::may_write`] does.
    pub(crate) fn may_write(&self) -> Option<u64> {
        self.handshake_limit.may_write()
    }

    /// Returns the handshake limit that it counts for.
    pub(crate) fn handshake_limit(&self) -> &Arc<HandshakeLimit> {
        &self.handshake_limit
    }

    /// Returns the slot behind it.
    pub(crate) fn slot(&self) -> &Slot {
        &self.slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: usize) -> IpAddr {
        let [_, _, high, low] = u32::try_from(number).unwrap().to_be_bytes();
        IpAddr::from([10, 1, high, low])
    }

    /// Fills every place there is for strangers, each from an address of its own.
    fn crowd(handshake_limit: &Arc<HandshakeLimit>) -> Vec<Place> {
        let comers = (0..2 * STRANGERS.in_all).filter_map(|number| handshake_limit.enter(address(number)));
        let mut places: Vec<_> = comers.collect();
        places.retain(|place| !place.slot.gone().is_cancelled());
        places
    }

    #[test]
    fn strangers_are_bounded_and_a_newcomer_finds_a_place_all_the_same() {
        let handshake_limit = Arc::new(HandshakeLimit::default());
        let places = crowd(&handshake_limit);
        assert_eq!(places.len(), STRANGERS.in_all);
        let newcomer = handshake_limit.enter(IpAddr::from([192, 0, 2, 1])).unwrap();
        assert!(!newcomer.slot.gone().is_cancelled());
        assert_eq!(handshake_limit.strangers.count(), STRANGERS.in_all);
    }

    #[test]
    fn nobody_else_can_take_the_place_of_a_device_that_comes_back() {
        let handshake_limit = Arc::new(HandshakeLimit::default());
        let home = IpAddr::from([192, 0, 2, 1]);
        handshake_limit.remember(PublicKey([1; 32]), home);
        let back = handshake_limit.enter(home).unwrap();
        let places = crowd(&handshake_limit);
        assert!(!back.slot.gone().is_cancelled());
        assert_eq!(places.len(), STRANGERS.in_all);
    }

    #[test]
    fn a_newcomer_proves_its_address_when_many_are_there_or_many_of_its_own() {
        let handshake_limit = Arc::new(HandshakeLimit::default());
        let (noisy, quiet) = (address(1), address(2));
        let mut places: Vec<_> = (0..SAME_ADDRESS_BEFORE_RETRY)
            .filter_map(|_| handshake_limit.enter(noisy))
            .collect();
        assert!(handshake_limit.asks_for_proof(noisy) && !handshake_limit.asks_for_proof(quiet));
        places.extend(crowd(&handshake_limit));
        assert!(handshake_limit.asks_for_proof(quiet));
    }
}
