//! How much may be given back, and what becomes of a refund whatever is heard about it.

use proptest::prelude::*;
use usher_keys::{EventId, Timestamp};
use usher_protocol::labels::UnitLabel;
use usher_protocol::ticket::TicketCode;
use usher_protocol::{Generation, TierId};

use super::*;
use crate::ids::{BookingId, RefundId};
use crate::money::Money;
use crate::selling::RequestHash;
use crate::selling::jobs::LeaseHolder;

const EVENT: EventId = EventId([1; 16]);
const NOW: Timestamp = Timestamp(1_000);
/// What each of the places costs.
const PRICE: i64 = 4_500;
const FEE: i64 = 200;
const TAX: i64 = 700;

fn id(number: u8) -> TicketId {
    TicketId {
        event: EVENT,
        local: [number; 24],
    }
}

fn ticket(number: u8, state: TicketState) -> SoldTicket {
    SoldTicket {
        id: id(number),
        unit: Unit(number.into()),
        generation: Generation(1),
        tier: TierId(1),
        tier_name: "Stalls".into(),
        admits: 1,
        label: UnitLabel::Slot { number: 1 },
        state,
        transferred: false,
        is_refunded: false,
        code: TicketCode::draw_from(number.into()),
        payload: String::new(),
        issued_at: NOW,
        bindings: 0,
    }
}

fn lines() -> Vec<PriceLine> {
    let line = |unit| PriceLine {
        unit: Unit(unit),
        tier: TierId(1),
        price: PRICE,
        fee: FEE,
        tax: TAX,
    };
    (1..4).map(line).collect()
}

fn request(of: RefundOf, amount: Option<i64>) -> BeginRefund {
    BeginRefund {
        refund: RefundId::draw(EVENT, NOW),
        booking: BookingId::draw(EVENT, NOW),
        idempotency_key: "key".into(),
        request_hash: RequestHash([1; 32]),
        of,
        amount,
        frees_units: true,
        till: None,
        holder: LeaseHolder([1; 16]),
        now: NOW,
    }
}

#[track_caller]
fn check(
    (tickets, promised): (&[SoldTicket], i64),
    (of, amount): (RefundOf, Option<i64>),
    expected: Result<(i64, &[u8]), RefundRefusal>,
) {
    let lines = lines();
    let facts = RefundFacts {
        state: BookingState::Confirmed,
        is_halted: false,
        paid: 3 * PRICE,
        lines: &lines,
        tickets,
        promised,
        promised_parts: ChargeParts::default(),
        is_running: false,
        is_disputed: false,
    };
    let expected = expected.map(|(amount, tickets)| {
        let tickets = tickets.iter().map(|number| id(*number)).collect::<Vec<_>>();
        (amount, tickets)
    });
    let decided = may_refund(&facts, &request(of, amount));
    assert_eq!(decided.map(|terms| (terms.amount, terms.tickets)), expected);
}

#[test]
fn fees_and_taxes_go_back_with_what_they_are_part_of() {
    let tickets = [1, 2, 3].map(|number| ticket(number, TicketState::Valid));
    let parts = |of: RefundOf, amount, (promised, fees, taxes)| {
        let lines = lines();
        let facts = RefundFacts {
            state: BookingState::Confirmed,
            is_halted: false,
            paid: 3 * PRICE,
            lines: &lines,
            tickets: &tickets,
            promised,
            promised_parts: ChargeParts { fees, taxes },
            is_running: false,
            is_disputed: false,
        };
        let terms = may_refund(&facts, &request(of, amount)).unwrap();
        (terms.parts.fees, terms.parts.taxes)
    };
    let none = (0, 0, 0);
    assert_eq!(parts(RefundOf::All, None, none), (3 * FEE, 3 * TAX));
    assert_eq!(parts(of(&[2]), None, none), (FEE, TAX));
    assert_eq!(parts(of(&[2]), Some(PRICE / 2), none), (FEE / 2, TAX / 2));
    assert_eq!(parts(of(&[]), Some(PRICE), none), (FEE, TAX));
    assert_eq!(parts(of(&[2]), Some(0), none), (0, 0));
    // With the last of the money goes all that is left, and never more.
    assert_eq!(
        parts(RefundOf::All, None, (PRICE, 1, 2)),
        (3 * FEE - 1, 3 * TAX - 2)
    );
    assert_eq!(parts(of(&[2]), None, (PRICE, 3 * FEE - 1, 0)), (1, TAX));
}

fn of(numbers: &[u8]) -> RefundOf {
    RefundOf::Tickets(numbers.iter().map(|number| id(*number)).collect())
}

#[test]
fn what_the_tickets_cost_is_given_back_unless_it_is_said_otherwise() {
    let tickets = [1, 2, 3].map(|number| ticket(number, TicketState::Valid));
    check((&tickets, 0), (RefundOf::All, None), Ok((3 * PRICE, &[1, 2, 3])));
    check((&tickets, 0), (of(&[2]), None), Ok((PRICE, &[2])));
    check((&tickets, 0), (of(&[2, 2]), None), Ok((PRICE, &[2])));
    check((&tickets, 0), (of(&[2]), Some(4_000)), Ok((4_000, &[2])));
    check((&tickets, 0), (of(&[]), Some(100)), Ok((100, &[])));
    // What was given without a ticket is not given again.
    check(
        (&tickets, 500),
        (RefundOf::All, None),
        Ok((3 * PRICE - 500, &[1, 2, 3])),
    );
    check((&tickets, 0), (of(&[3]), Some(0)), Ok((0, &[3])));
}

#[test]
fn no_more_is_given_back_than_was_paid() {
    let tickets = [1, 2, 3].map(|number| ticket(number, TicketState::Valid));
    let too_much = |left| Err(RefundRefusal::TooMuch { left });
    check(
        (&tickets, 0),
        (of(&[1]), Some(3 * PRICE + 1)),
        too_much(3 * PRICE),
    );
    check((&tickets, 2 * PRICE + 1), (of(&[1]), None), too_much(PRICE - 1));
    check((&tickets, 0), (of(&[1]), Some(-1)), too_much(3 * PRICE));
    check((&tickets, 0), (of(&[]), None), Err(RefundRefusal::Nothing));
}

#[test]
fn a_ticket_is_given_back_once_and_only_if_it_counts() {
    let refunded = SoldTicket {
        is_refunded: true,
        ..ticket(1, TicketState::Revoked)
    };
    let tickets = [
        refunded,
        ticket(2, TicketState::Superseded),
        ticket(3, TicketState::Revoked),
    ];
    check(
        (&tickets, PRICE),
        (of(&[1]), None),
        Err(RefundRefusal::TicketRefunded),
    );
    check(
        (&tickets, PRICE),
        (of(&[2]), None),
        Err(RefundRefusal::NotItsTicket),
    );
    check(
        (&tickets, PRICE),
        (of(&[9]), None),
        Err(RefundRefusal::NotItsTicket),
    );
    check((&tickets, PRICE), (RefundOf::All, None), Ok((PRICE, &[3])));
}

#[test]
fn only_what_is_sold_and_not_being_given_back_is_given_back() {
    let lines = lines();
    let tickets = [ticket(1, TicketState::Valid)];
    let facts = RefundFacts {
        state: BookingState::Confirmed,
        is_halted: false,
        paid: PRICE,
        lines: &lines,
        tickets: &tickets,
        promised: 0,
        promised_parts: ChargeParts::default(),
        is_running: true,
        is_disputed: false,
    };
    let all = request(RefundOf::All, None);
    assert_eq!(may_refund(&facts, &all), Err(RefundRefusal::Running));
    let halted = RefundFacts {
        is_halted: true,
        is_running: false,
        is_disputed: false,
        ..facts.clone()
    };
    assert_eq!(may_refund(&halted, &all), Err(RefundRefusal::Halted));
    for state in [
        BookingState::Paying,
        BookingState::ActionRequired,
        BookingState::Expired,
        BookingState::Refunded,
    ] {
        let facts = RefundFacts {
            state,
            is_running: false,
            is_disputed: false,
            ..facts.clone()
        };
        assert_eq!(may_refund(&facts, &all), Err(RefundRefusal::NotConfirmed));
    }
}

/// A refund in a world: what is written down, and what its gateway has done.
#[derive(Debug)]
struct World {
    refund: Refund,
    /// How often the gateway was asked and gave; it gives once for each refund.
    is_given: bool,
    /// What it has refused for good.
    is_refused: bool,
}

/// What happens to a request on its way.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// It gets there, and its answer back.
    Answered,
    /// It gets there; the answer is lost, or whoever asked dies.
    Unheard,
    /// It never gets there.
    Lost,
    /// The gateway takes it and takes its time.
    Pending,
    /// The gateway refuses it for good, unless it has given already.
    Refused,
}

impl World {
    fn new(amount: i64) -> Self {
        Self {
            refund: Refund {
                id: RefundId::draw(EVENT, NOW),
                booking: BookingId::draw(EVENT, NOW),
                state: RefundState::Revoking,
                amount: Money {
                    minor: amount,
                    currency: "EUR".parse().unwrap(),
                },
                frees_units: true,
                attempt: 1,
                tickets: vec![(id(1), TicketState::Valid)],
                created_at: NOW,
            },
            is_given: false,
            is_refused: false,
        }
    }

    /// Takes the refund up and does one step of it, as a process that may die after each.
    fn step(&mut self, fate: Fate) {
        let heard = match first(&self.refund) {
            RefundStep::Revoke => {
                if !matches!(fate, Fate::Lost) {
                    self.refund.tickets[0].1 = TicketState::Revoked;
                }
                matches!(fate, Fate::Answered).then_some(RefundHeard::Revoked)
            }
            RefundStep::Give => self.give(fate),
            RefundStep::Note(note) => return self.note(note),
            RefundStep::PutOff | RefundStep::Leave => None,
        };
        match next(heard.unwrap_or(RefundHeard::Silent)) {
            RefundStep::Note(note) => self.note(note),
            RefundStep::Revoke | RefundStep::Give | RefundStep::PutOff | RefundStep::Leave => {}
        }
    }

    fn give(&mut self, fate: Fate) -> Option<RefundHeard> {
        assert_ne!(
            self.refund.tickets[0].1,
            TicketState::Valid,
            "money before the ticket is revoked"
        );
        match fate {
            Fate::Lost => None,
            Fate::Refused if !self.is_given => {
                self.is_refused = true;
                Some(RefundHeard::Refused)
            }
            Fate::Pending if !self.is_given => Some(RefundHeard::Stands(RefundStatus::Pending)),
            Fate::Answered | Fate::Refused | Fate::Pending => {
                self.is_given = true;
                Some(RefundHeard::Stands(RefundStatus::Given))
            }
            Fate::Unheard => {
                self.is_given = true;
                None
            }
        }
    }

    fn note(&mut self, note: RefundNote) {
        if let Some(state) = noted(&self.refund, note) {
            self.refund.state = state;
        }
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Answered),
        Just(Fate::Unheard),
        Just(Fate::Lost),
        Just(Fate::Pending),
        Just(Fate::Refused),
    ]
}

proptest! {
    #[test]
    fn a_refund_ends_as_its_gateway_has_ended_it_and_never_before_its_tickets(
        fates in proptest::collection::vec(fate(), 0..30),
        amount in prop_oneof![Just(0), Just(PRICE)],
    ) {
        let mut world = World::new(amount);
        for fate in fates {
            world.step(fate);
            match world.refund.state {
                RefundState::Given => prop_assert!(world.is_given || amount == 0),
                RefundState::Refused => prop_assert!(world.is_refused && !world.is_given),
                RefundState::Revoking => prop_assert!(!world.is_given),
                RefundState::GivenOutside => prop_assert!(false, "no person was asked"),
                RefundState::Giving => prop_assert_eq!(world.refund.tickets[0].1, TicketState::Revoked),
            }
        }
        // Once all is well again, it comes to its end.
        for _ in 0..3 {
            world.step(Fate::Answered);
        }
        prop_assert!(!world.refund.state.is_open());
    }
}

#[test]
fn only_what_was_refused_is_tried_again() {
    for state in RefundState::ALL {
        let expected = (state == RefundState::Refused).then_some(RefundState::Giving);
        assert_eq!(retried(state), expected, "{state:?}");
    }
}

#[test]
fn a_unit_is_free_again_only_if_it_is_sold_and_nobody_has_a_newer_ticket_for_it() {
    use UnitState::{Available, Booked, Held, Paying};
    for (state, generation, issued, expected) in [
        (Booked, 1, 1, true),
        (Booked, 2, 2, true),
        (Booked, 1, 2, false),
        (Available, 1, 1, false),
        (Held, 1, 1, false),
        (Paying, 1, 1, false),
    ] {
        let taken = TakenUnit {
            unit: Unit(7),
            generation: Generation(generation),
            state,
            issued: Generation(issued),
        };
        assert_eq!(may_free(&taken), expected, "{taken:?}");
    }
}
