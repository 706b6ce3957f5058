//! Remembers from which addresses devices were accepted, one for each device; what that is good for is the handshake limit's.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use usher_keys::PublicKey;

use crate::slots::counted_address;

/// Most devices that are remembered: as many as a cloud has links, at some 100 bytes each.
const MAX_REGULARS: usize = 4_096;

/// The devices that were accepted last.
#[derive(Debug, Default)]
pub(super) struct Regulars {
    /// Guards the lists.
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    turns: u64,
    /// Where a device was last, and when, in turns: a device that wanders from address to address has one all the same.
    devices: BTreeMap<PublicKey, (IpAddr, u64)>,
    /// How many devices were last at an address; addresses without one are absent.
    addresses: BTreeMap<IpAddr, usize>,
}

impl Regulars {
    /// Takes note of where a device was accepted; whoever was not for longest may be forgotten for it.
    pub(super) fn remember(&self, device: PublicKey, address: IpAddr) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.forget(&device);
        if known.devices.len() >= MAX_REGULARS {
            let oldest = known.devices.iter().min_by_key(|(_, (_, turn))| *turn);
            if let Some(oldest) = oldest.map(|(device, _)| *device) {
                known.forget(&oldest);
            }
        }
        let address = counted_address(address);
        known.turns += 1;
        let turn = known.turns;
        known.devices.insert(device, (address, turn));
        *known.addresses.entry(address).or_default() += 1;
    }

    /// Tells whether a device was accepted from that address.
    pub(super) fn come_from(&self, address: IpAddr) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.addresses.contains_key(&counted_address(address))
    }
}

impl Known {
    fn forget(&mut self, device: &PublicKey) {
        let Some((address, _)) = self.devices.remove(device) else {
            return;
        };
        if let Some(count) = self.addresses.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                self.addresses.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(number: usize) -> PublicKey {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_le_bytes());
        PublicKey(key)
    }

    fn address(number: usize) -> IpAddr {
        let [_, _, high, low] = u32::try_from(number).unwrap().to_be_bytes();
        IpAddr::from([10, 1, high, low])
    }

    #[test]
    fn a_device_counts_where_it_was_last_and_an_address_as_long_as_one_is_there() {
        let regulars = Regulars::default();
        regulars.remember(device(1), address(1));
        regulars.remember(device(2), address(1));
        regulars.remember(device(1), address(2));
        assert!(regulars.come_from(address(1)) && regulars.come_from(address(2)));
        regulars.remember(device(2), address(2));
        assert!(!regulars.come_from(address(1)) && regulars.come_from(address(2)));
    }

    #[test]
    fn the_memory_is_bounded_and_whoever_was_here_last_stays_in_it() {
        let regulars = Regulars::default();
        for number in 0..=MAX_REGULARS {
            regulars.remember(device(number), address(number));
            regulars.remember(device(0), address(0));
        }
        assert!(regulars.come_from(address(0)) && regulars.come_from(address(MAX_REGULARS)));
        assert!(!regulars.come_from(address(1)));
        let known = regulars.known.lock().unwrap();
        assert_eq!(known.devices.len(), MAX_REGULARS);
        assert_eq!(known.addresses.len(), MAX_REGULARS);
    }
}
