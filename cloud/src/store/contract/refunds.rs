//! Giving money back after the sale: once for each key, never more than was paid, tickets before money, money before units.

use usher_keys::Timestamp;

use crate::catalogue::Status;
use crate::ids::{ChargeReference, DisputeId, RefundId, TicketId};
use crate::money::Money;
use crate::selling::disputes::{Dispute, DisputeState, DisputesQuery, NoteDispute};
use crate::selling::jobs::{HeldJob, JobId, LeaseOutcome};
use crate::selling::journal::Balances;
use crate::selling::reconciliation::PaymentsQuery;
use crate::selling::refunds::{
    BeginRefund, BeginRefundOutcome, NoteRefund, Refund, RefundNote, RefundOf, RefundRefusal, RefundState,
    RetryRefund,
};
use crate::selling::{
    Booking, ConfirmOutcome, Ending, HoldOutcome, NoteOutcome, NotePayment, PaymentNote, RequestHash,
    TicketState,
};
use crate::store::authority::{Append, AppendOutcome, HaltAll, RowChange};
use crate::store::finding::Finding;

use super::case::{Case, HOLDER, START};

/// What a seat costs.
const PRICE: i64 = 4_500;

async fn sold(case: &Case, seats: &[u32], key: &str) -> Booking {
    let held = case.held(seats, START).await;
    let open = case.begun(held.id, key, START).await;
    let ConfirmOutcome::Confirmed(booking) = case.confirm(&open, START).await else {
        panic!("nothing speaks against it")
    };
    booking
}

pub fn request(booking: &Booking, key: &str, of: RefundOf) -> BeginRefund {
    BeginRefund {
        refund: RefundId::draw(booking.id.event, START),
        booking: booking.id,
        idempotency_key: key.into(),
        request_hash: RequestHash(*blake3::hash(format!("{of:?}").as_bytes()).as_bytes()),
        of,
        amount: None,
        frees_units: true,
        till: None,
        holder: HOLDER,
        now: START,
    }
}

pub async fn begun(case: &Case, request: BeginRefund) -> Refund {
    let outcome = case.store.begin_refund(request).await.unwrap();
    let BeginRefundOutcome::Begun(refund) = outcome else {
        panic!("not begun: {outcome:?}")
    };
    refund
}

async fn refusal(case: &Case, request: BeginRefund) -> RefundRefusal {
    let outcome = case.store.begin_refund(request).await.unwrap();
    let BeginRefundOutcome::Refused(refusal) = outcome else {
        panic!("begun: {outcome:?}")
    };
    refusal
}

async fn note(case: &Case, refund: RefundId, note: RefundNote) -> NoteOutcome {
    let note = NoteRefund {
        refund,
        note,
        mails: false,
        holder: HOLDER,
        now: START,
    };
    case.store.note_refund(note).await.unwrap()
}

/// Tells whether a ticket was changed.
pub async fn set(case: &Case, ticket: TicketId, from: TicketState, to: TicketState) -> bool {
    let append = Append {
        event: case.event,
        sealed: Vec::new(),
        is_own: true,
        row_changes: vec![RowChange::SetTicketState { ticket, from, to }],
        now: START,
    };
    let outcome = case.store.append(append).await.unwrap();
    matches!(outcome, AppendOutcome::Appended(_))
}

pub async fn revoke_all(case: &Case, refund: &Refund) {
    for (ticket, _) in &refund.tickets {
        assert!(set(case, *ticket, TicketState::Valid, TicketState::Revoked).await);
    }
}

/// Lists what an audit says of sales; the keys and logs of a case are none.
async fn unsound(case: &Case) -> Vec<Finding> {
    let of_sales = |finding: &Finding| {
        matches!(
            finding,
            Finding::Unit { .. }
                | Finding::Booking(_)
                | Finding::Job(_)
                | Finding::Refund(_)
                | Finding::Journal { .. }
        )
    };
    case.audit().await.findings.into_iter().filter(of_sales).collect()
}

pub async fn tickets_are_revoked_before_money_is_given_and_units_are_free_after_it(case: Case) {
    let booking = sold(&case, &[0, 1, 2], "a").await;
    let back = begun(
        &case,
        request(&booking, "r", RefundOf::Tickets(vec![booking.tickets[1].id])),
    )
    .await;
    assert_eq!((back.state, back.amount.minor), (RefundState::Revoking, PRICE));
    for too_early in [RefundNote::Revoked, RefundNote::Given, RefundNote::Refused] {
        assert_eq!(note(&case, back.id, too_early).await, NoteOutcome::Overtaken);
    }
    assert_eq!(unsound(&case).await, []);
    revoke_all(&case, &back).await;
    assert_eq!(
        note(&case, back.id, RefundNote::Revoked).await,
        NoteOutcome::Noted
    );
    assert_eq!(
        case.store.booking(booking.id).await.unwrap().unwrap().word(),
        "refunding"
    );
    assert_eq!(case.seat(1, START).await, Status::Booked);
    assert_eq!(note(&case, back.id, RefundNote::Given).await, NoteOutcome::Noted);
    assert_eq!(case.seat(1, START).await, Status::Available);
    assert_eq!(case.seat(0, START).await, Status::Booked);
    assert_eq!(unsound(&case).await, []);
    assert_eq!(case.store.job(JobId::GiveRefund(back.id)).await.unwrap(), None);
    let after = case.store.booking(booking.id).await.unwrap().unwrap();
    assert_eq!(
        (after.word(), after.given_back.amount),
        ("partly_refunded", PRICE)
    );
    // It is sold again, to somebody else, under the next generation.
    let again = sold(&case, &[1], "b").await;
    assert_eq!(again.tickets[0].generation.0, 2);
    assert_eq!(unsound(&case).await, []);
    let rest = begun(&case, request(&booking, "s", RefundOf::All)).await;
    assert_eq!((rest.amount.minor, rest.tickets.len()), (2 * PRICE, 2));
    revoke_all(&case, &rest).await;
    note(&case, rest.id, RefundNote::Revoked).await;
    note(&case, rest.id, RefundNote::Given).await;
    let after = case.store.booking(booking.id).await.unwrap().unwrap();
    assert_eq!((after.word(), after.given_back.amount), ("refunded", 3 * PRICE));
    let kept = case.store.booking(again.id).await.unwrap().unwrap();
    assert_eq!(kept.word(), "confirmed");
    assert_eq!(unsound(&case).await, []);
    assert_eq!(case.store.refunds_of(booking.id).await.unwrap().len(), 2);
}

pub async fn a_refund_is_begun_once_for_each_key_and_one_at_a_time(case: Case) {
    let booking = sold(&case, &[0, 1], "a").await;
    let first = RefundOf::Tickets(vec![booking.tickets[0].id]);
    let back = begun(&case, request(&booking, "r", first.clone())).await;
    assert_eq!(begun(&case, request(&booking, "r", first)).await, back);
    assert_eq!(
        refusal(&case, request(&booking, "r", RefundOf::All)).await,
        RefundRefusal::KeyReused
    );
    assert_eq!(
        refusal(&case, request(&booking, "s", RefundOf::All)).await,
        RefundRefusal::Running
    );
    revoke_all(&case, &back).await;
    note(&case, back.id, RefundNote::Revoked).await;
    note(&case, back.id, RefundNote::Given).await;
    let twice = RefundOf::Tickets(vec![booking.tickets[0].id]);
    assert_eq!(
        refusal(&case, request(&booking, "s", twice)).await,
        RefundRefusal::TicketRefunded
    );
    let too_much = BeginRefund {
        amount: Some(PRICE + 1),
        ..request(&booking, "s", RefundOf::All)
    };
    assert_eq!(
        refusal(&case, too_much).await,
        RefundRefusal::TooMuch { left: PRICE }
    );
    let held = case.held(&[4], START).await;
    let open = case.begun(held.id, "b", START).await;
    let unpaid = case.store.booking(open.id).await.unwrap().unwrap();
    assert_eq!(
        refusal(&case, request(&unpaid, "u", RefundOf::All)).await,
        RefundRefusal::NotConfirmed
    );
}

pub async fn a_ticket_that_was_given_back_is_never_valid_again(case: Case) {
    let booking = sold(&case, &[0], "a").await;
    let back = begun(
        &case,
        BeginRefund {
            frees_units: false,
            ..request(&booking, "r", RefundOf::All)
        },
    )
    .await;
    let ticket = booking.tickets[0].id;
    let (valid, revoked) = (TicketState::Valid, TicketState::Revoked);
    assert!(!set(&case, ticket, valid, TicketState::Superseded).await);
    assert!(set(&case, ticket, valid, revoked).await);
    assert!(!set(&case, ticket, revoked, valid).await);
    note(&case, back.id, RefundNote::Revoked).await;
    note(&case, back.id, RefundNote::Given).await;
    assert!(!set(&case, ticket, revoked, valid).await);
    // Its unit is kept back.
    assert!(matches!(
        case.hold_seats(&[0], START).await,
        HoldOutcome::Taken(_)
    ));
    assert_eq!(unsound(&case).await, []);
}

pub async fn a_refund_that_is_refused_waits_for_a_person_and_counts_until_then(case: Case) {
    let booking = sold(&case, &[0], "a").await;
    let back = begun(&case, request(&booking, "r", RefundOf::All)).await;
    revoke_all(&case, &back).await;
    note(&case, back.id, RefundNote::Revoked).await;
    assert_eq!(note(&case, back.id, RefundNote::Waits).await, NoteOutcome::Noted);
    assert_eq!(
        note(&case, back.id, RefundNote::Refused).await,
        NoteOutcome::Noted
    );
    assert_eq!(case.store.open_refund(back.id).await.unwrap(), None);
    assert_eq!(case.seat(0, START).await, Status::Booked);
    let more = BeginRefund {
        amount: Some(1),
        ..request(&booking, "s", RefundOf::Tickets(Vec::new()))
    };
    assert_eq!(refusal(&case, more).await, RefundRefusal::TooMuch { left: 0 });
    let retry = RetryRefund {
        refund: back.id,
        holder: HOLDER,
        now: START,
    };
    assert!(case.store.retry_refund(retry).await.unwrap());
    assert!(!case.store.retry_refund(retry).await.unwrap());
    let again = case.store.open_refund(back.id).await.unwrap().unwrap();
    assert_eq!(
        (again.refund.state, again.refund.attempt),
        (RefundState::Giving, 2)
    );
    let leased = HeldJob {
        job: JobId::GiveRefund(back.id),
        holder: HOLDER,
        now: START,
    };
    assert_eq!(case.store.lease_job(leased).await.unwrap(), LeaseOutcome::Leased);
    assert_eq!(unsound(&case).await, []);
    note(&case, back.id, RefundNote::Given).await;
    assert_eq!(case.seat(0, START).await, Status::Available);
    assert_eq!(unsound(&case).await, []);
}

pub async fn money_that_a_person_gave_by_another_way_ends_a_refused_refund(case: Case) {
    let booking = sold(&case, &[0, 1], "a").await;
    let of = RefundOf::Tickets(vec![booking.tickets[0].id]);
    let back = begun(&case, request(&booking, "r", of)).await;
    let outside = RefundNote::GivenOutside;
    assert_eq!(note(&case, back.id, outside).await, NoteOutcome::Overtaken);
    revoke_all(&case, &back).await;
    note(&case, back.id, RefundNote::Revoked).await;
    assert_eq!(note(&case, back.id, outside).await, NoteOutcome::Overtaken);
    note(&case, back.id, RefundNote::Refused).await;
    assert_eq!(note(&case, back.id, outside).await, NoteOutcome::Noted);
    assert_eq!(note(&case, back.id, outside).await, NoteOutcome::Overtaken);
    let retry = RetryRefund {
        refund: back.id,
        holder: HOLDER,
        now: START,
    };
    assert!(!case.store.retry_refund(retry).await.unwrap());
    let given = case.store.refund(back.id).await.unwrap().unwrap();
    assert_eq!(given.state, RefundState::GivenOutside);
    assert_eq!(case.seat(0, START).await, Status::Available);
    let after = case.store.booking(booking.id).await.unwrap().unwrap();
    assert_eq!(
        (after.word(), after.given_back.amount),
        ("partly_refunded", PRICE)
    );
    let expected = Balances {
        gateway: 2 * PRICE,
        sales: -PRICE,
        owed: 0,
        outside: -PRICE,
        ..Balances::default()
    };
    assert_eq!(case.store.balances(case.event).await.unwrap(), expected);
    // The unit is sold again, and all fits together.
    sold(&case, &[0], "b").await;
    assert_eq!(unsound(&case).await, []);
}

/// Says how a dispute stands; tells whether that is news.
pub async fn dispute(case: &Case, booking: &Booking, name: &str, state: DisputeState) -> bool {
    let note = NoteDispute {
        dispute: DisputeId::draw(case.event, START),
        charge: booking.charge,
        name: name.into(),
        amount: Money {
            minor: PRICE,
            ..booking.amount
        },
        state,
        now: START,
    };
    case.store.note_dispute(note).await.unwrap()
}

/// Lists the disputes that a comparison with the gateway goes by.
async fn compared(case: &Case) -> Vec<(String, DisputeState)> {
    let query = PaymentsQuery {
        gateway: crate::selling::GatewayKind::Sandbox,
        since: START,
    };
    let known = case.store.gateway_disputes(query).await.unwrap();
    known
        .into_iter()
        .map(|(dispute, _)| (dispute.name, dispute.state))
        .collect()
}

async fn disputes(case: &Case, state: Option<DisputeState>, after: Option<DisputeId>) -> Vec<Dispute> {
    let query = DisputesQuery {
        event: case.event,
        state,
        after,
        limit: 10,
    };
    case.store.disputes(query).await.unwrap()
}

pub async fn nothing_is_given_back_of_what_a_bank_has_taken_back(case: Case) {
    let booking = sold(&case, &[0, 1], "a").await;
    let stands = async || case.store.booking(booking.id).await.unwrap().unwrap().dispute;
    assert_eq!(stands().await, None);
    assert!(dispute(&case, &booking, "du_1", DisputeState::Open).await);
    assert_eq!(compared(&case).await, [("du_1".to_owned(), DisputeState::Open)]);
    let all = request(&booking, "r", RefundOf::All);
    for state in [DisputeState::Open, DisputeState::Lost] {
        dispute(&case, &booking, "du_1", state).await;
        assert_eq!(stands().await, Some(state));
        assert_eq!(refusal(&case, all.clone()).await, RefundRefusal::Disputed);
    }
    let expected = Balances {
        gateway: PRICE,
        sales: -PRICE,
        ..Balances::default()
    };
    assert_eq!(case.store.balances(case.event).await.unwrap(), expected);
    // Its tickets are taken back all the same, and the units are sold again.
    let back = begun(
        &case,
        BeginRefund {
            amount: Some(0),
            ..all
        },
    )
    .await;
    revoke_all(&case, &back).await;
    note(&case, back.id, RefundNote::Revoked).await;
    note(&case, back.id, RefundNote::Given).await;
    assert_eq!(case.seat(0, START).await, Status::Available);
    assert_eq!(unsound(&case).await, []);
}

pub async fn a_dispute_is_heard_of_once_and_its_first_last_word_stands(case: Case) {
    use DisputeState::{Lost, Open, Won};
    let (booking, other) = (sold(&case, &[0], "a").await, sold(&case, &[1], "b").await);
    let heard = [
        (Open, true),
        (Open, false),
        (Won, true),
        (Lost, false),
        (Open, false),
    ];
    for (state, is_news) in heard {
        assert_eq!(dispute(&case, &booking, "du_1", state).await, is_news);
    }
    assert!(dispute(&case, &other, "du_2", Lost).await);
    // Of a charge that is none of ours nothing is written down.
    let stranger = Booking {
        charge: ChargeReference::draw(case.event, START),
        ..other.clone()
    };
    assert!(!dispute(&case, &stranger, "du_3", Open).await);
    let listed = disputes(&case, None, None).await;
    assert_eq!(listed.len(), 2);
    let won = disputes(&case, Some(Won), None).await;
    assert_eq!(
        (won.len(), &*won[0].name, won[0].booking),
        (1, "du_1", booking.id)
    );
    assert_eq!(disputes(&case, None, Some(listed[0].id)).await, listed[1..]);
    // One that was won changes nothing, and one that was lost is not earned.
    let expected = Balances {
        gateway: PRICE,
        sales: -PRICE,
        ..Balances::default()
    };
    assert_eq!(case.store.balances(case.event).await.unwrap(), expected);
    begun(&case, request(&booking, "r", RefundOf::All)).await;
    assert_eq!(unsound(&case).await, []);
}

pub async fn nothing_is_given_back_of_a_halted_event_but_what_was_begun(case: Case) {
    let (booking, other) = (sold(&case, &[0], "a").await, sold(&case, &[1], "b").await);
    let back = begun(&case, request(&booking, "r", RefundOf::All)).await;
    case.store.halt_all(HaltAll { now: START }).await.unwrap();
    // An older copy may not know that this was given before.
    let goodwill = BeginRefund {
        amount: Some(1),
        ..request(&other, "s", RefundOf::Tickets(Vec::new()))
    };
    assert_eq!(refusal(&case, goodwill).await, RefundRefusal::Halted);
    assert_eq!(
        begun(&case, request(&booking, "r", RefundOf::All)).await.id,
        back.id
    );
}

pub async fn a_renewed_booking_keeps_its_refunds(case: Case) {
    let booking = sold(&case, &[0, 1], "a").await;
    let back = begun(
        &case,
        request(&booking, "r", RefundOf::Tickets(vec![booking.tickets[0].id])),
    )
    .await;
    let new = crate::ids::BookingId::draw(case.event, Timestamp(START.0 + 1));
    let renew = crate::selling::RenewBooking {
        booking: booking.id,
        new,
    };
    case.store.renew_booking(renew).await.unwrap();
    let found = case.store.open_refund(back.id).await.unwrap().unwrap();
    assert_eq!((found.refund.booking, found.charge), (new, booking.charge));
    assert_eq!(case.store.refunds_of(new).await.unwrap().len(), 1);
    assert_eq!(unsound(&case).await, []);
}

pub async fn the_journal_has_both_sides_of_all_that_moves(case: Case) {
    let held = async |gateway, sales, owed| {
        let expected = Balances {
            gateway,
            sales,
            owed,
            ..Balances::default()
        };
        assert_eq!(case.store.balances(case.event).await.unwrap(), expected);
        assert_eq!(unsound(&case).await, []);
    };
    held(0, 0, 0).await;
    let booking = sold(&case, &[0, 1], "a").await;
    held(2 * PRICE, -2 * PRICE, 0).await;
    let back = begun(
        &case,
        request(&booking, "r", RefundOf::Tickets(vec![booking.tickets[0].id])),
    )
    .await;
    held(2 * PRICE, -PRICE, -PRICE).await;
    revoke_all(&case, &back).await;
    note(&case, back.id, RefundNote::Revoked).await;
    note(&case, back.id, RefundNote::Refused).await;
    held(2 * PRICE, -PRICE, -PRICE).await;
    let retry = RetryRefund {
        refund: back.id,
        holder: HOLDER,
        now: START,
    };
    case.store.retry_refund(retry).await.unwrap();
    note(&case, back.id, RefundNote::Given).await;
    held(PRICE, -PRICE, 0).await;
    // What was paid and gets no tickets is owed until it is given back.
    let open = case.begun(case.held(&[3], START).await.id, "b", START).await;
    let refunding = NotePayment {
        booking: open.id,
        note: PaymentNote::Refunding,
        holder: HOLDER,
        now: START,
    };
    case.store.note_payment(refunding).await.unwrap();
    held(2 * PRICE, -PRICE, -PRICE).await;
    case.close(&open, Ending::Refunded, START).await;
    held(PRICE, -PRICE, 0).await;
}
