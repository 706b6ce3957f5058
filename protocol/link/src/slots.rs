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
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const LIMITS: SlotLimits = SlotLimits {
        in_all: 8,
        of_one_address: 4,
        grace: Duration::from_secs(1),
    };

    /// One machine of a network.
    fn machine(network: u8, host: u8) -> IpAddr {
        IpAddr::from([10, 0, network, host])
    }

    /// Lets machines come, a millisecond after the other, and gives which slots are still held in the end, by the order
    /// of arrival; `None` for one that found no slot.
    #[track_caller]
    fn check(arrivals: &[(u8, u8)], last_after: Duration, staying: &[Option<bool>]) {
        let (slots, start) = (Slots::new(LIMITS), Instant::now());
        let mut all = Vec::new();
        for (number, &(network, host)) in (0..).zip(arrivals) {
            let is_last = number as usize == arrivals.len() - 1;
            let wait = if is_last { last_after } else { Duration::ZERO };
            let now = start + Duration::from_millis(number) + wait;
            all.push(slots.enter(machine(network, host), now));
        }
        let found: Vec<_> = all
            .iter()
            .map(|slot| slot.as_ref().map(|slot| !slot.gone.is_cancelled()))
            .collect();
        assert_eq!(found, staying);
        let held = staying.iter().filter(|stays| **stays == Some(true)).count();
        assert_eq!(slots.count(), held);
        drop(all);
        assert_eq!(slots.count(), 0);
    }

    const STAYS: Option<bool> = Some(true);
    const LEAVES: Option<bool> = Some(false);
    const AT_ONCE: Duration = Duration::ZERO;

    #[test]
    fn an_address_that_has_as_many_as_it_may_gets_no_more_while_they_are_new() {
        check(&[(1, 1); 5], AT_ONCE, &[STAYS, STAYS, STAYS, STAYS, None]);
    }

    #[test]
    fn the_oldest_of_the_newcomers_own_address_gives_way_after_the_grace_time() {
        check(&[(1, 1); 5], LIMITS.grace, &[LEAVES, STAYS, STAYS, STAYS, STAYS]);
    }

    #[test]
    fn two_addresses_that_hold_everything_give_way_to_a_third_at_once() {
        let mut arrivals = [[(1, 1); 4], [(1, 2); 4]].concat();
        arrivals.push((2, 1));
        let mut staying = vec![STAYS; 9];
        staying[0] = LEAVES;
        check(&arrivals, AT_ONCE, &staying);
    }

    #[test]
    fn among_equal_addresses_the_network_that_holds_the_most_gives_way() {
        let arrivals = [
            (1, 1),
            (2, 1),
            (2, 2),
            (2, 3),
            (2, 4),
            (3, 1),
            (3, 2),
            (3, 3),
            (1, 9),
        ];
        let mut staying = vec![STAYS; 9];
        staying[1] = LEAVES;
        check(&arrivals, AT_ONCE, &staying);
    }

    #[test]
    fn a_crowd_on_one_network_does_not_give_way_to_an_address_that_holds_more_than_each() {
        // The LAN of a venue after a power cut, and a stranger with three slots who wants a fourth.
        let mut arrivals = vec![(2, 1); 3];
        arrivals.extend((1..=5).map(|host| (1, host)));
        arrivals.push((2, 1));
        let mut staying = vec![STAYS; 8];
        staying.push(None);
        check(&arrivals, AT_ONCE, &staying);
    }

    #[test]
    fn addresses_of_one_ipv6_host_count_as_one() {
        let (slots, now) = (Slots::new(LIMITS), Instant::now());
        let host = |i: u16| IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 1, 0, 0, 0, i));
        let noisy: Vec<_> = (0..8).filter_map(|i| slots.enter(host(i), now)).collect();
        assert_eq!(noisy.len(), LIMITS.of_one_address);
        assert_eq!(slots.count_of(host(99)), LIMITS.of_one_address);
        assert!(slots.enter(machine(1, 1), now).is_some());
    }

    #[test]
    fn whoever_was_heard_lately_is_left_alone_and_a_loss_is_told_once() {
        let (slots, start) = (Slots::new(LIMITS), Instant::now());
        let told = Arc::new(AtomicUsize::new(0));
        let later = start + LIMITS.grace;
        let mut held: Vec<_> = (0..4).filter_map(|_| slots.enter(machine(1, 1), start)).collect();
        for slot in &held {
            let told = Arc::clone(&told);
            slot.when_lost(move || told.store(told.load(Ordering::SeqCst) + 1, Ordering::SeqCst));
        }
        held[0].heard(later);
        held.push(slots.enter(machine(1, 1), later).unwrap());
        assert!(!held[0].gone.is_cancelled() && held[1].gone.is_cancelled());
        assert_eq!(told.load(Ordering::SeqCst), 1);
        let late = Arc::clone(&told);
        held[1].when_lost(move || late.store(late.load(Ordering::SeqCst) + 1, Ordering::SeqCst));
        drop(held);
        assert_eq!(told.load(Ordering::SeqCst), 2);
    }
}
