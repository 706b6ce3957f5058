//! A bounded number of slots, shared out fairly among addresses: when they are taken, whoever holds the most gives way to
//! whoever holds fewer; what a slot is for is the caller's.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// How many slots there are, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct SlotLimits {
    pub in_all: usize,
    /// Slots of one address (IPv6: of one /64, from which one machine can draw addresses at will).
    pub of_one_address: usize,
    /// How long a holder that was heard is left alone by newcomers that hold as much as it does: long enough to get
    /// something done, so that many who come at once do not push each other out for ever.
    pub grace: Duration,
}

/// The slots.
#[derive(Debug)]
pub struct Slots {
    limits: SlotLimits,
    /// Guards the list of who holds a slot; never held across an await.
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    last_number: u64,
    holders: BTreeMap<u64, Holder>,
}

struct Holder {
    source: Source,
    heard_at: Instant,
    gone: CancellationToken,
    when_lost: Option<Box<dyn FnOnce() + Send>>,
}

/// Where somebody comes from: the address that is counted, and the network around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Source {
    address: IpAddr,
    network: IpAddr,
}

/// A slot; given back when dropped.
#[derive(Debug)]
pub struct Slot {
    slots: Arc<Slots>,
    number: u64,
    gone: CancellationToken,
}

/// What a newcomer finds.
enum Room {
    Free,
    /// There is a slot if this holder gives way.
    Instead(u64),
    Full,
}

impl Slots {
    /// Makes the slots.
    pub fn new(limits: SlotLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            taken: Mutex::default(),
        })
    }

    /// Takes a slot for a newcomer.
    ///
    /// When all are taken, the holder of the address that holds the most gives way, among such addresses of the network
    /// (IPv4: /24, IPv6: /48) that holds the most, and of those holders the one not heard for longest. Nobody gives way to
    /// a newcomer who holds as much already, unless it has not been heard for the grace time; then there is no slot.
    pub fn enter(self: &Arc<Self>, address: IpAddr, now: Instant) -> Option<Slot> {
        let source = Source::of(address);
        let mut taken = self.lock();
        let leaver = match taken.room_for(source, &self.limits, now) {
            Room::Free => None,
            Room::Instead(number) => taken.holders.remove(&number),
            Room::Full => return None,
        };
        let slot = self.take(&mut taken, source, now);
        drop(taken);
        if let Some(leaver) = leaver {
            leaver.leave();
        }
        Some(slot)
    }

    /// Takes a slot for a newcomer, if there is one for which nobody has to give way.
    pub fn enter_free(self: &Arc<Self>, address: IpAddr, now: Instant) -> Option<Slot> {
        let source = Source::of(address);
        let mut taken = self.lock();
        let is_free = matches!(taken.room_for(source, &self.limits, now), Room::Free);
        is_free.then(|| self.take(&mut taken, source, now))
    }

    /// Tells whether a newcomer would find a slot now, if need be that of another.
    pub fn has_room(&self, address: IpAddr, now: Instant) -> bool {
        let room = self.lock().room_for(Source::of(address), &self.limits, now);
        !matches!(room, Room::Full)
    }

    fn take(self: &Arc<Self>, taken: &mut Taken, source: Source, now: Instant) -> Slot {
        taken.last_number += 1;
        let (number, gone) = (taken.last_number, CancellationToken::new());
        let holder = Holder {
            source,
            heard_at: now,
            gone: gone.clone(),
            when_lost: None,
        };
        taken.holders.insert(number, holder);
        Slot {
            slots: Arc::clone(self),
            number,
            gone,
        }
    }

    /// Counts the slots that are taken.
    pub fn count(&self) -> usize {
        self.lock().holders.len()
    }

    /// Counts the slots that are taken by that address.
    pub fn count_of(&self, address: IpAddr) -> usize {
        self.lock().count_of(Source::of(address))
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn count_of(&self, source: Source) -> usize {
        let holders = self.holders.values();
        holders.filter(|holder| holder.source == source).count()
    }

    fn room_for(&self, newcomer: Source, limits: &SlotLimits, now: Instant) -> Room {
        let among_its_own = self.count_of(newcomer) >= limits.of_one_address;
        if !among_its_own && self.holders.len() < limits.in_all {
            return Room::Free;
        }
        let (mut by_address, mut by_network) = (BTreeMap::new(), BTreeMap::new());
        for Holder { source, .. } in self.holders.values() {
            *by_address.entry(source.address).or_insert(0) += 1;
            *by_network.entry(source.network).or_insert(0) += 1;
        }
        let holds = |source: &Source| -> (usize, usize) {
            let count = |counts: &BTreeMap<IpAddr, usize>, key| counts.get(key).copied().unwrap_or(0);
            (
                count(&by_address, &source.address),
                count(&by_network, &source.network),
            )
        };
        let heaviest = self
            .holders
            .iter()
            .filter(|(_, holder)| !among_its_own || holder.source == newcomer)
            .max_by_key(|(number, holder)| (holds(&holder.source), Reverse((holder.heard_at, *number))));
        let Some((number, holder)) = heaviest else {
            return Room::Full;
        };
        let is_heavier = holds(&holder.source) > holds(&newcomer);
        if is_heavier || now.saturating_duration_since(holder.heard_at) >= limits.grace {
            Room::Instead(*number)
        } else {
            Room::Full
        }
    }
}

impl Holder {
    fn leave(self) {
        self.gone.cancel();
        if let Some(end) = self.when_lost {
            end();
        }
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Holder({:?})", self.source)
    }
}

impl Slot {
    /// Takes note that the holder was heard.
    pub fn heard(&self, now: Instant) {
        if let Some(holder) = self.slots.lock().holders.get_mut(&self.number) {
            holder.heard_at = now;
        }
    }

    /// Returns what is cancelled when the holder must give way.
    pub fn gone(&self) -> CancellationToken {
        self.gone.clone()
    }

    /// Has that done when the holder must give way: at once if that has happened.
    pub fn when_lost(&self, end: impl FnOnce() + Send + 'static) {
        let mut taken = self.slots.lock();
        if let Some(holder) = taken.holders.get_mut(&self.number) {
            holder.when_lost = Some(Box::new(end));
            return;
        }
        drop(taken);
        end();
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let left = self.slots.lock().holders.remove(&self.number);
        // What it holds may take locks of others: only now, without ours.
        drop(left);
    }
}

impl Source {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                Self {
                    address: IpAddr::V4(v4),
                    network: IpAddr::V4(Ipv4Addr::new(a, b, c, 0)),
                }
            }
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                Self {
                    address: IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)),
                    network: IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)),
                }
            }
        }
    }
}

/// Returns the address that a peer counts for: its own, or the /64 that one IPv6 machine can draw addresses from.
pub(crate) fn counted_address(address: IpAddr) -> IpAddr {
    Source::of(address).address
}

#[cfg(test)]
mod tests;
