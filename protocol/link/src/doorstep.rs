//! Bounds how many peers that have not shown a good certificate yet are dealt with at once; who is let in is not decided here.

mod complaints;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use complaints::Complaints;

/// Most strangers at once: each may cost up to the connection's receive window in memory.
pub(crate) const MAX_STRANGERS: usize = 512;
/// Most strangers at once from one network, so that one noisy machine cannot keep the others out.
pub(crate) const MAX_STRANGERS_PER_NETWORK: usize = 64;
/// From how many strangers on a newcomer must first prove that its address is its own (one more round trip).
pub(crate) const STRANGERS_BEFORE_RETRY: usize = MAX_STRANGERS / 4;

/// Counts strangers by network.
#[derive(Debug, Default)]
pub(crate) struct Doorstep {
    /// Guards the counts; networks without strangers are absent.
    strangers: Mutex<BTreeMap<IpAddr, usize>>,
    complaints: Complaints,
}

/// One stranger's place on the doorstep, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    doorstep: Arc<Doorstep>,
    network: IpAddr,
}

impl Doorstep {
    /// Takes a place for a stranger, if there is room.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let network = network(address);
        let mut strangers = self.counts();
        if strangers.values().sum::<usize>() >= MAX_STRANGERS {
            return None;
        }
        let count = strangers.entry(network).or_default();
        if *count >= MAX_STRANGERS_PER_NETWORK {
            return None;
        }
        *count += 1;
        Some(Place {
            doorstep: Arc::clone(self),
            network,
        })
    }

    /// Tells whether newcomers must prove their address first.
    pub(crate) fn is_crowded(&self) -> bool {
        self.counts().values().sum::<usize>() >= STRANGERS_BEFORE_RETRY
    }

    /// Gives leave to write a line about a stranger, with how many were not written since the last, or none.
    pub(crate) fn may_write(&self) -> Option<u64> {
        self.complaints.leave(Instant::now())
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Gives leave to write a line about this stranger, as [`Doorstep::may_write`] does.
    pub(crate) fn may_write(&self) -> Option<u64> {
        self.doorstep.may_write()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut strangers = self.doorstep.counts();
        if let Some(count) = strangers.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                strangers.remove(&self.network);
            }
        }
    }
}

/// Gives the network an address counts for: itself, or the /64 that one IPv6 host can draw addresses from at will.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_cannot_take_the_places_of_others() {
        let doorstep = Arc::new(Doorstep::default());
        let noisy: Vec<_> = (0..MAX_STRANGERS)
            .filter_map(|i| doorstep.enter(IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 1, 0, 0, 0, i as u16))))
            .collect();
        assert_eq!(noisy.len(), MAX_STRANGERS_PER_NETWORK);
        let other = doorstep.enter(IpAddr::from([10, 0, 0, 1]));
        assert!(other.is_some());
        drop(noisy);
        assert_eq!(doorstep.counts().len(), 1);
        drop(other);
        assert_eq!(doorstep.counts().len(), 0);
    }

    #[test]
    fn all_networks_together_are_bounded_too() {
        let doorstep = Arc::new(Doorstep::default());
        let all: Vec<_> = (0..2 * MAX_STRANGERS)
            .filter_map(|i| doorstep.enter(IpAddr::from([10, 0, (i / 256) as u8, (i % 256) as u8])))
            .collect();
        assert_eq!(all.len(), MAX_STRANGERS);
        assert!(doorstep.is_crowded());
    }
}
