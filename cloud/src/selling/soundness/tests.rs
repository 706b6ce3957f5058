//! What fits together of a unit, and what does not.

use super::*;

const END: Timestamp = Timestamp(7);

fn of(state: UnitState, claim: Option<ReservationState>) -> UnitFacts {
    UnitFacts {
        state,
        held_until: (state == UnitState::Held).then_some(END),
        issued: 0,
        tickets: UnitTickets::default(),
        claim: claim.map(|claim| (claim, END)),
    }
}

fn booked(issued: u32, [count, newest, in_use, newest_in_use]: [u32; 4]) -> UnitFacts {
    UnitFacts {
        issued,
        tickets: UnitTickets {
            count,
            newest: (newest > 0).then_some(newest),
            in_use,
            newest_in_use: (newest_in_use > 0).then_some(newest_in_use),
            newest_refunded: None,
        },
        ..of(UnitState::Booked, Some(ReservationState::Booked))
    }
}

#[test]
fn a_reservation_stands_as_its_unit_does() {
    let claims = [
        None,
        Some(ReservationState::Held),
        Some(ReservationState::Paying),
        Some(ReservationState::Booked),
        Some(ReservationState::Released),
    ];
    let sound = |state: UnitState| claims.map(|claim| of(state, claim).is_sound());
    assert_eq!(sound(UnitState::Available), [true; 5]);
    assert_eq!(sound(UnitState::Held), [false, true, false, false, false]);
    assert_eq!(sound(UnitState::Paying), [false, false, true, false, false]);
    let early = UnitFacts {
        held_until: Some(Timestamp(6)),
        ..of(UnitState::Held, Some(ReservationState::Held))
    };
    assert!(!early.is_sound());
}

#[test]
fn a_booked_unit_has_each_ticket_that_was_issued_and_uses_the_newest() {
    for (issued, tickets, is_sound) in [
        (1, [1, 1, 1, 1], true),
        (3, [3, 3, 1, 3], true),
        (0, [0, 0, 0, 0], false),
        (2, [1, 1, 1, 1], false),
        (1, [2, 2, 1, 2], false),
        (2, [1, 2, 1, 2], false),
        (2, [2, 2, 2, 2], false),
        (2, [2, 2, 1, 1], false),
        (2, [2, 2, 0, 0], false),
    ] {
        assert_eq!(
            booked(issued, tickets).is_sound(),
            is_sound,
            "{issued} {tickets:?}"
        );
    }
    let unsold = UnitFacts {
        state: UnitState::Available,
        ..booked(1, [1, 1, 1, 1])
    };
    assert!(!unsold.is_sound());
}

#[test]
fn what_a_refund_has_taken_back_may_be_kept_or_sold_again() {
    let taken_back = |state, in_use: u32| UnitFacts {
        tickets: UnitTickets {
            newest_refunded: Some(2),
            ..booked(2, [2, 2, in_use, if in_use > 0 { 2 } else { 0 }]).tickets
        },
        ..UnitFacts {
            issued: 2,
            ..of(state, Some(ReservationState::Booked))
        }
    };
    assert!(taken_back(UnitState::Booked, 0).is_sound());
    assert!(taken_back(UnitState::Available, 0).is_sound());
    assert!(!taken_back(UnitState::Available, 1).is_sound());
    let sold_again = UnitFacts {
        tickets: UnitTickets {
            newest_refunded: Some(1),
            ..booked(2, [2, 2, 1, 2]).tickets
        },
        ..booked(2, [2, 2, 1, 2])
    };
    assert!(sold_again.is_sound());
}
