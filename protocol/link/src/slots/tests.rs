//! Slots shared out among addresses: who gets one, who gives way, and who is left alone.

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
