//! Opening, confirming and ending bookings.

use usher_keys::{EventId, Timestamp};
use usher_protocol::Generation;
use usher_protocol::ticket::TicketCode;

use crate::catalogue::Status;
use crate::ids::{BookingId, ChargeReference, ReservationId, TicketId};
use crate::money::DeclineReason;
use crate::selling::course::{BuyerAction, WaitFor};
use crate::selling::jobs::JobId;
use crate::selling::sale::SaleStatus;
use crate::selling::{
    BeginOutcome, BeginRefusal, BookingState, CloseOutcome, CodeQuery, ConfirmBooking, ConfirmOutcome,
    Ending, HoldOutcome, NewTicket, NoteOutcome, NotePayment, OpenBooking, PaymentId, PaymentNote,
    ReleaseOutcome, ReleaseRequest, RenewBooking, RenewOutcome, RequestHash, ReservationState, TicketState,
};

use super::case::{Case, GUESTS, HOLD_MS, HOLDER, STALLS, START};

pub async fn a_booking_turns_units_into_tickets(case: Case) {
    let held = case.held(&[0, 4], START).await;
    let open = case.begun(held.id, "key", START).await;
    assert_eq!(open.amount, held.amount);
    assert!(
        open.units
            .iter()
            .all(|unit| unit.generation == Generation(1) && unit.tier == STALLS)
    );
    assert_eq!(
        case.store.open_booking(open.id).await.unwrap().as_ref(),
        Some(&open)
    );
    let ConfirmOutcome::Confirmed(booking) = case.confirm(&open, START.plus_ms(5)).await else {
        panic!("own units")
    };
    assert_eq!(booking.state, BookingState::Confirmed);
    assert_eq!(
        case.store.booking(open.id).await.unwrap().as_ref(),
        Some(&booking)
    );
    assert_eq!(booking.tickets.len(), 2);
    let ticket = case.store.ticket(booking.tickets[1].id).await.unwrap().unwrap();
    assert_eq!(ticket, booking.tickets[1]);
    assert_eq!(
        (ticket.state, ticket.generation, ticket.payload.as_str()),
        (TicketState::Valid, Generation(1), "1004")
    );
    assert_eq!(ticket.label.to_string(), "Stalls, row B, seat 2");

    assert_eq!(case.seat(0, START.plus_ms(10 * HOLD_MS)).await, Status::Booked);
    let state = case.store.reservation(held.id).await.unwrap().unwrap().state;
    assert_eq!(state, ReservationState::Booked);
    assert_eq!(case.store.job_counts(()).await.unwrap().open, 0);
    assert_eq!(
        case.store
            .ticket(TicketId::draw(case.event, START))
            .await
            .unwrap(),
        None
    );
}

pub async fn the_same_request_gives_the_same_booking_and_another_is_refused(case: Case) {
    let held = case.held(&[0], START).await;
    let open = case.begun(held.id, "key", START).await;
    let BeginOutcome::Existing(paying) = case.begin(held.id, "key", START).await else {
        panic!("the same request")
    };
    assert_eq!((paying.id, paying.state), (open.id, BookingState::Paying));
    case.confirm(&open, START).await;
    let long_after = START.plus_ms(10 * HOLD_MS);
    let BeginOutcome::Existing(again) = case.begin(held.id, "key", long_after).await else {
        panic!("the same request")
    };
    assert_eq!(
        (again.id, again.state, again.tickets.len()),
        (open.id, BookingState::Confirmed, 1)
    );

    let other = case.held(&[1], START).await;
    assert_eq!(
        case.begin(other.id, "key", START).await,
        BeginOutcome::Refused(BeginRefusal::KeyReused)
    );
    let mut changed = case.begin_request(held.id, "key", START);
    changed.request_hash = RequestHash([9; 32]);
    assert_eq!(
        case.store.begin_booking(changed).await.unwrap(),
        BeginOutcome::Refused(BeginRefusal::KeyReused)
    );
    assert_eq!(case.seat(1, START).await, Status::Held);
}

pub async fn a_reservation_under_payment_does_not_expire(case: Case) {
    let held = case.held(&[0], START).await;
    let open = case.begun(held.id, "key", START.plus_ms(HOLD_MS - 1)).await;
    let later = START.plus_ms(5 * HOLD_MS);
    assert_eq!(case.seat(0, later).await, Status::Held);
    assert!(matches!(
        case.hold_seats(&[0], later).await,
        HoldOutcome::Taken(_)
    ));
    assert!(matches!(
        case.hold_tier(STALLS, 6, later).await,
        HoldOutcome::Short(_)
    ));
    let release = ReleaseRequest {
        reservation: held.id,
        now: later,
    };
    assert_eq!(case.store.release(release).await.unwrap(), ReleaseOutcome::Paying);
    assert!(matches!(
        case.confirm(&open, later).await,
        ConfirmOutcome::Confirmed(_)
    ));
    assert_eq!(case.store.release(release).await.unwrap(), ReleaseOutcome::Booked);
}

pub async fn an_expired_or_released_reservation_cannot_be_booked(case: Case) {
    let expired = case.held(&[0], START).await;
    assert_eq!(
        case.begin(expired.id, "a", START.plus_ms(HOLD_MS)).await,
        BeginOutcome::Refused(BeginRefusal::Expired)
    );
    let released = case.held(&[1], START).await;
    case.store
        .release(ReleaseRequest {
            reservation: released.id,
            now: START,
        })
        .await
        .unwrap();
    assert_eq!(
        case.begin(released.id, "b", START).await,
        BeginOutcome::Refused(BeginRefusal::Released)
    );
    let nothing = ReservationId::draw(case.event, START);
    assert_eq!(
        case.begin(nothing, "c", START).await,
        BeginOutcome::Refused(BeginRefusal::NotFound)
    );

    // The clock goes back after someone else took the seat: the old claim stays lost.
    let lost = case.held(&[2], START).await;
    case.held(&[2], START.plus_ms(HOLD_MS)).await;
    assert_eq!(
        case.begin(lost.id, "d", START).await,
        BeginOutcome::Refused(BeginRefusal::Expired)
    );
    assert_eq!(case.store.job_counts(()).await.unwrap().open, 0);
}

pub async fn a_reservation_is_booked_once(case: Case) {
    let held = case.held(&[0], START).await;
    let open = case.begun(held.id, "a", START).await;
    assert_eq!(
        case.begin(held.id, "b", START).await,
        BeginOutcome::Refused(BeginRefusal::Paying)
    );
    case.confirm(&open, START).await;
    assert_eq!(
        case.begin(held.id, "b", START).await,
        BeginOutcome::Refused(BeginRefusal::Booked)
    );
}

pub async fn something_to_pay_needs_a_token(case: Case) {
    let held = case.held(&[0], START).await;
    let mut request = case.begin_request(held.id, "a", START);
    request.can_pay = false;
    assert_eq!(
        case.store.begin_booking(request).await.unwrap(),
        BeginOutcome::Refused(BeginRefusal::TokenMissing)
    );
    let HoldOutcome::Held(free) = case.hold_tier(GUESTS, 1, START).await else {
        panic!("guests are free")
    };
    let mut request = case.begin_request(free.id, "b", START);
    request.can_pay = false;
    assert!(matches!(
        case.store.begin_booking(request).await.unwrap(),
        BeginOutcome::Started(_)
    ));
}

pub async fn a_declined_booking_gives_its_units_back_to_the_reservation(case: Case) {
    let held = case.held(&[0], START).await;
    let open = case.begun(held.id, "a", START).await;
    let declined = Ending::Declined(DeclineReason::Card);
    assert_eq!(case.close(&open, declined, START).await, CloseOutcome::Closed);
    let BeginOutcome::Existing(replayed) = case.begin(held.id, "a", START).await else {
        panic!("the same request")
    };
    assert_eq!(replayed.state, BookingState::Declined(DeclineReason::Card));
    let again = case.begun(held.id, "b", START).await;
    assert_eq!(case.close(&again, declined, START).await, CloseOutcome::Closed);
    assert!(matches!(
        case.hold_seats(&[0], START).await,
        HoldOutcome::Taken(_)
    ));
    case.held(&[0], START.plus_ms(HOLD_MS)).await;
}

pub async fn a_canceled_booking_frees_its_key(case: Case) {
    let held = case.held(&[0], START).await;
    let open = case.begun(held.id, "key", START).await;
    assert_eq!(
        case.close(&open, Ending::Canceled, START).await,
        CloseOutcome::Closed
    );
    assert_eq!(case.seat(0, START).await, Status::Held);
    let again = case.begun(held.id, "key", START).await;
    assert_ne!(again.id, open.id);
    assert_eq!(
        case.store.booking(open.id).await.unwrap().unwrap().state,
        BookingState::Canceled
    );
    assert!(matches!(
        case.confirm(&again, START).await,
        ConfirmOutcome::Confirmed(_)
    ));
}

impl Case {
    async fn note(&self, open: &OpenBooking, note: PaymentNote, now: Timestamp) -> NoteOutcome {
        let note = NotePayment {
            booking: open.id,
            note,
            holder: HOLDER,
            now,
        };
        self.store.note_payment(note).await.unwrap()
    }

    async fn state(&self, open: &OpenBooking) -> BookingState {
        self.store.booking(open.id).await.unwrap().unwrap().state
    }
}

fn opened(id: &str) -> PaymentNote {
    PaymentNote::Opened(PaymentId(id.into()))
}

fn waits_for_buyer() -> (PaymentNote, BuyerAction) {
    let action = BuyerAction {
        url: "https://bank.example/1".into(),
    };
    (PaymentNote::Waits(WaitFor::Buyer(action.clone())), action)
}

pub async fn what_the_gateway_knows_a_payment_by_is_written_down_once(case: Case) {
    let held = case.held(&[0], START).await;
    let open = case.begun(held.id, "key", START).await;
    assert_eq!((open.payment.clone(), open.state), (None, BookingState::Paying));
    assert_eq!(case.note(&open, opened("pi_1"), START).await, NoteOutcome::Noted);
    assert_eq!(
        case.note(&open, opened("pi_2"), START).await,
        NoteOutcome::Overtaken
    );
    let known = case.store.open_booking(open.id).await.unwrap().unwrap();
    assert_eq!(known.payment, Some(PaymentId("pi_1".into())));
    case.note(&open, PaymentNote::Waits(WaitFor::Bank), START).await;
    let known = case.store.open_booking(open.id).await.unwrap().unwrap();
    assert_eq!(known.payment, Some(PaymentId("pi_1".into())));
    // Whoever does not know of it does not end it.
    let unknowing = case.close(&open, Ending::Expired, START).await;
    assert_eq!(unknowing, CloseOutcome::NotOpen);
    assert_eq!(
        case.close(&known, Ending::Expired, START).await,
        CloseOutcome::Closed
    );
    assert_eq!(
        case.note(&open, opened("pi_3"), START).await,
        NoteOutcome::Overtaken
    );
}

pub async fn a_payment_that_waits_says_for_whom_and_is_looked_at_again(case: Case) {
    let held = case.held(&[0], START).await;
    let open = case.begun(held.id, "key", START).await;
    let job = JobId::SettleBooking(open.id);
    let (waits, action) = waits_for_buyer();
    assert_eq!(case.note(&open, waits.clone(), START).await, NoteOutcome::Noted);
    let booking = case.store.booking(open.id).await.unwrap().unwrap();
    assert_eq!(
        (booking.state, booking.action),
        (BookingState::ActionRequired, Some(action))
    );
    assert_eq!(booking.pay_by, open.pay_by);
    let waiting = case.store.job(job).await.unwrap().unwrap();
    assert_eq!((waiting.holder, waiting.due_at), (None, START.plus_ms(60_000)));
    // Beyond the reservation's time the units are kept, and the request finds its booking.
    assert_eq!(case.seat(0, START.plus_ms(HOLD_MS + 1)).await, Status::Held);
    let BeginOutcome::Existing(again) = case.begin(held.id, "key", START).await else {
        panic!("the same request")
    };
    assert_eq!(again.state, BookingState::ActionRequired);
    case.note(&open, PaymentNote::Waits(WaitFor::Bank), START).await;
    let booking = case.store.booking(open.id).await.unwrap().unwrap();
    assert_eq!((booking.state, booking.action), (BookingState::Processing, None));
    case.note(&open, waits, START).await;
    assert_eq!(case.audit().await.findings, []);
    let ConfirmOutcome::Confirmed(booking) = case.confirm(&open, START).await else {
        panic!("own units")
    };
    assert_eq!((booking.state, booking.action), (BookingState::Confirmed, None));
    assert_eq!(case.store.job(job).await.unwrap(), None);
}

pub async fn what_is_to_be_given_back_gets_no_tickets(case: Case) {
    let held = case.held(&[0], START).await;
    let open = case.begun(held.id, "key", START).await;
    assert_eq!(
        case.note(&open, PaymentNote::Refunding, START).await,
        NoteOutcome::Noted
    );
    assert_eq!(case.state(&open).await, BookingState::Refunding);
    assert_eq!(case.confirm(&open, START).await, ConfirmOutcome::Lost);
    let unpaid = case.close(&open, Ending::Canceled, START).await;
    assert_eq!(unpaid, CloseOutcome::NotOpen);
    assert_eq!(case.seat(0, START).await, Status::Held);
    assert!(
        case.store
            .job(JobId::SettleBooking(open.id))
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(
        case.close(&open, Ending::Refunded, START).await,
        CloseOutcome::Closed
    );
    assert_eq!(case.seat(0, START).await, Status::Available);
    assert_eq!(case.audit().await.findings, []);
}

pub async fn a_reservation_leads_to_its_last_booking(case: Case) {
    let held = case.held(&[0], START).await;
    let found = async || {
        let found = case.store.booking_of_reservation(held.id).await.unwrap();
        found.map(|booking| (booking.id, booking.state))
    };
    assert_eq!(found().await, None);
    let first = case.begun(held.id, "a", START).await;
    assert_eq!(found().await, Some((first.id, BookingState::Paying)));
    let declined = DeclineReason::Card;
    case.close(&first, Ending::Declined(declined), START).await;
    let second = case.begun(held.id, "b", START).await;
    assert_eq!(found().await, Some((second.id, BookingState::Paying)));
    case.confirm(&second, START).await;
    assert_eq!(found().await, Some((second.id, BookingState::Confirmed)));
    // The new id is for the buyer alone.
    let new = BookingId::draw(case.event, START);
    let renew = RenewBooking {
        booking: second.id,
        new,
    };
    assert_eq!(
        case.store.renew_booking(renew).await.unwrap(),
        RenewOutcome::Renewed(new)
    );
    assert_eq!(found().await, None);
}

pub async fn a_refunded_booking_frees_its_units(case: Case) {
    let held = case.held(&[0], START).await;
    let open = case.begun(held.id, "key", START).await;
    assert_eq!(
        case.close(&open, Ending::Refunded, START).await,
        CloseOutcome::Closed
    );
    assert_eq!(case.seat(0, START).await, Status::Available);
    let BeginOutcome::Existing(booking) = case.begin(held.id, "key", START).await else {
        panic!("the same request")
    };
    assert_eq!(booking.state, BookingState::Refunded);
    let state = case.store.reservation(held.id).await.unwrap().unwrap().state;
    assert_eq!(state, ReservationState::Released);
}

pub async fn a_booking_ends_once(case: Case) {
    let held = case.held(&[0], START).await;
    let open = case.begun(held.id, "a", START).await;
    let ConfirmOutcome::Confirmed(first) = case.confirm(&open, START).await else {
        panic!("own units")
    };
    let ConfirmOutcome::Confirmed(second) = case.confirm(&open, START).await else {
        panic!("confirmed before")
    };
    assert_eq!(first, second);
    assert_eq!(
        case.close(&open, Ending::Canceled, START).await,
        CloseOutcome::NotOpen
    );
    assert_eq!(case.seat(0, START).await, Status::Booked);

    let other = case.held(&[1], START).await;
    let open = case.begun(other.id, "b", START).await;
    case.close(&open, Ending::Canceled, START).await;
    assert_eq!(case.confirm(&open, START).await, ConfirmOutcome::Lost);
    assert_eq!(
        case.close(&open, Ending::Refunded, START).await,
        CloseOutcome::NotOpen
    );
    assert_eq!(case.seat(1, START).await, Status::Held);
}

pub async fn confirming_without_all_tickets_changes_nothing(case: Case) {
    let held = case.held(&[0, 1], START).await;
    let open = case.begun(held.id, "key", START).await;
    let mut fewer = open.clone();
    fewer.units.pop();
    assert_eq!(case.confirm(&fewer, START).await, ConfirmOutcome::Lost);
    let mut wrong = open.clone();
    wrong.units[0].generation = Generation(2);
    assert_eq!(case.confirm(&wrong, START).await, ConfirmOutcome::Lost);
    let nothing = ConfirmBooking {
        booking: open.id,
        tickets: Vec::new(),
        mails: false,
        now: START,
    };
    assert_eq!(
        case.store.confirm_booking(nothing).await.unwrap(),
        ConfirmOutcome::Lost
    );
    assert_eq!(
        case.store.open_booking(open.id).await.unwrap(),
        Some(open.clone())
    );
    assert!(matches!(
        case.confirm(&open, START).await,
        ConfirmOutcome::Confirmed(_)
    ));
}

pub async fn a_charge_leads_to_its_booking(case: Case) {
    let held = case.held(&[0], START).await;
    let open = case.begun(held.id, "key", START).await;
    assert_ne!(open.charge.local, open.id.local);
    let found = case.store.booking_of_charge(open.charge).await.unwrap();
    assert_eq!(found, Some(open.id));
    let unknown = ChargeReference::draw(case.event, START);
    assert_eq!(case.store.booking_of_charge(unknown).await.unwrap(), None);
}

pub async fn a_renewed_booking_is_found_by_its_new_id_alone(case: Case) {
    let held = case.held(&[0, 1], START).await;
    let open = case.begun(held.id, "key", START).await;
    let ConfirmOutcome::Confirmed(before) = case.confirm(&open, START).await else {
        panic!("own units")
    };
    let renew = async |booking| {
        let new = BookingId::draw(case.event, START);
        let request = RenewBooking { booking, new };
        (new, case.store.renew_booking(request).await.unwrap())
    };
    let (second, outcome) = renew(open.id).await;
    assert_eq!(outcome, RenewOutcome::Renewed(second));
    assert_eq!(case.store.booking(open.id).await.unwrap(), None);
    let after = case.store.booking(second).await.unwrap().unwrap();
    let mut expected = before.clone();
    expected.id = second;
    assert_eq!(after, expected);
    assert_eq!(
        case.store.booking_of_charge(open.charge).await.unwrap(),
        Some(second)
    );
    // Nobody gets at the new id by asking as the buyer once did.
    assert_eq!(
        case.begin(held.id, "key", START).await,
        BeginOutcome::Refused(BeginRefusal::Renewed)
    );
    // The answer was lost: the same request gives the same id.
    assert_eq!(renew(open.id).await.1, RenewOutcome::Renewed(second));
    let (third, outcome) = renew(second).await;
    assert_eq!(outcome, RenewOutcome::Renewed(third));
    assert_eq!(renew(open.id).await.1, RenewOutcome::NotFound);
    assert_eq!(renew(second).await.1, RenewOutcome::Renewed(third));
}

pub async fn a_booking_is_not_renewed_while_its_payment_runs(case: Case) {
    let held = case.held(&[0], START).await;
    let open = case.begun(held.id, "key", START).await;
    let request = RenewBooking {
        booking: open.id,
        new: BookingId::draw(case.event, START),
    };
    assert_eq!(
        case.store.renew_booking(request).await.unwrap(),
        RenewOutcome::Paying
    );
    assert!(matches!(
        case.confirm(&open, START).await,
        ConfirmOutcome::Confirmed(_)
    ));
}

pub async fn what_was_held_before_the_end_is_not_booked_after_it(case: Case) {
    let over = START.plus_ms(90_000_000);
    let before = Timestamp(over.0 - 1);
    let held = case.held(&[0, 1], before).await;
    assert_eq!(
        case.begin(held.id, "key", over).await,
        BeginOutcome::Refused(BeginRefusal::NotOnSale(SaleStatus::Over))
    );
    let open = case.begun(held.id, "key", before).await;
    assert!(matches!(
        case.confirm(&open, over).await,
        ConfirmOutcome::Confirmed(_)
    ));
}

pub async fn a_ticket_code_leads_to_one_ticket_of_its_event(case: Case) {
    let held = case.held(&[0, 4], START).await;
    let open = case.begun(held.id, "key", START).await;
    let code = TicketCode::draw_from(7);
    let tickets = open.units.iter().map(|unit| NewTicket {
        id: TicketId::draw(case.event, START),
        unit: unit.unit,
        generation: unit.generation,
        code,
        payload: unit.unit.to_string(),
    });
    let confirm = ConfirmBooking {
        booking: open.id,
        tickets: tickets.collect(),
        mails: false,
        now: START,
    };
    let outcome = case.store.confirm_booking(confirm).await.unwrap();
    let ConfirmOutcome::Confirmed(booking) = outcome else {
        panic!("not confirmed: {outcome:?}")
    };
    // Both drew the same: the second got the next one.
    let codes: Vec<_> = booking.tickets.iter().map(|ticket| ticket.code).collect();
    assert_eq!(codes, [code, code.next()]);
    let event = case.event;
    let found = async |event, code| {
        let query = CodeQuery { event, code };
        case.store.payload_of_code(query).await.unwrap()
    };
    for ticket in &booking.tickets {
        assert_eq!(found(event, ticket.code).await.as_ref(), Some(&ticket.payload));
    }
    assert_eq!(found(event, code.next().next()).await, None);
    assert_eq!(found(EventId([9; 16]), code).await, None);
}
