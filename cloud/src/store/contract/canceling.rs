//! Canceling an event: its sale stops at once, and every booking gets its money back once, however often whoever does it begins anew.

use crate::catalogue::Status;
use crate::ids::RefundId;
use crate::selling::canceling::{
    AfterSome, CancelEvent, CancelOutcome, CancelProgress, CancelStatus, RefundCanceled, RefundedSome,
};
use crate::selling::jobs::JobId;
use crate::selling::journal::Balances;
use crate::selling::refunds::{
    BeginRefund, BeginRefundOutcome, NoteRefund, RefundNote, RefundOf, RefundState,
};
use crate::selling::sale::SaleStatus;
use crate::selling::{
    BeginOutcome, BeginRefusal, Booking, ConfirmOutcome, HoldOutcome, NoteOutcome, RequestHash, TicketState,
};
use crate::store::authority::{Append, HaltAll, RowChange};
use crate::store::finding::Finding;
use crate::store::organizing::{RetryRefused, ValidTickets};

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

async fn cancel(case: &Case) -> CancelOutcome {
    let cancel = CancelEvent {
        event: case.event,
        holder: HOLDER,
        mails: false,
        now: START,
    };
    case.store.cancel_event(cancel).await.unwrap()
}

async fn progress(case: &Case) -> CancelProgress {
    case.store.cancel_progress(case.event).await.unwrap()
}

/// Revokes all tickets that are valid, as the authority does.
async fn revoke_all(case: &Case) {
    let valid = ValidTickets {
        event: case.event,
        limit: 100,
    };
    let valid = case.store.valid_tickets(valid).await.unwrap();
    let revoked = valid.into_iter().map(|ticket| RowChange::SetTicketState {
        ticket,
        from: TicketState::Valid,
        to: TicketState::Revoked,
    });
    let append = Append {
        event: case.event,
        sealed: Vec::new(),
        is_own: true,
        row_changes: revoked.collect(),
        now: START,
    };
    case.store.append(append).await.unwrap();
}

async fn refund_some(case: &Case, most: usize) -> RefundedSome {
    let request = RefundCanceled {
        event: case.event,
        refunds: (0..most).map(|_| RefundId::draw(case.event, START)).collect(),
        holder: HOLDER,
        now: START,
    };
    case.store.refund_canceled(request).await.unwrap()
}

async fn note(case: &Case, refund: RefundId, note: RefundNote) {
    let noted = NoteRefund {
        refund,
        note,
        mails: false,
        holder: HOLDER,
        now: START,
    };
    assert_eq!(case.store.note_refund(noted).await.unwrap(), NoteOutcome::Noted);
}

async fn is_sound(case: &Case) {
    let of_sales = |finding: &Finding| {
        matches!(
            finding,
            Finding::Unit { .. }
                | Finding::Booking(_)
                | Finding::Job(_)
                | Finding::Refund(_)
                | Finding::Cancellation { .. }
                | Finding::Journal { .. }
        )
    };
    let findings = case.audit().await.findings;
    assert_eq!(findings.into_iter().filter(of_sales).collect::<Vec<_>>(), []);
}

pub async fn canceling_stops_the_sale_frees_what_is_held_and_refunds_what_was_paid(case: Case) {
    let booking = sold(&case, &[0, 1], "a").await;
    sold(&case, &[2], "b").await;
    let held = case.held(&[3], START).await;
    let paying = case.begun(case.held(&[4], START).await.id, "c", START).await;
    assert_eq!(progress(&case).await.status(), CancelStatus::Planned);
    for _ in 0..2 {
        assert_eq!(cancel(&case).await, CancelOutcome::Canceled);
    }
    is_sound(&case).await;
    assert_eq!(case.seat(3, START).await, Status::Available);
    let not_on_sale = SaleStatus::Canceled;
    assert_eq!(
        case.hold_seats(&[5], START).await,
        HoldOutcome::NotOnSale(not_on_sale)
    );
    assert_eq!(
        case.begin(held.id, "d", START).await,
        BeginOutcome::Refused(BeginRefusal::Released)
    );
    // What is paid afterwards gets no tickets, so that its money goes back.
    assert_eq!(case.confirm(&paying, START).await, ConfirmOutcome::Lost);
    revoke_all(&case).await;
    let first = refund_some(&case, 1).await;
    assert_eq!((first.begun.len(), first.then), (1, AfterSome::More));
    // Whoever takes it over goes on where that was.
    let rest = refund_some(&case, 10).await;
    assert_eq!((rest.begun.len(), rest.then), (1, AfterSome::Ended));
    assert_eq!(refund_some(&case, 10).await.begun, []);
    assert_eq!(
        case.store.job(JobId::RefundEvent(case.event)).await.unwrap(),
        None
    );
    is_sound(&case).await;
    for refund in [first.begun[0], rest.begun[0]] {
        let begun = case.store.refund(refund).await.unwrap().unwrap();
        assert_eq!((begun.state, begun.frees_units), (RefundState::Giving, false));
        note(&case, refund, RefundNote::Given).await;
    }
    let after = case.store.booking(booking.id).await.unwrap().unwrap();
    assert_eq!((after.word(), after.given_back.amount), ("refunded", 2 * PRICE));
    assert_eq!(
        case.store.balances(case.event).await.unwrap(),
        Balances::default()
    );
    let left = progress(&case).await;
    assert_eq!(
        (left.status(), left.payments_running),
        (CancelStatus::Refunding, 1)
    );
    is_sound(&case).await;
}

pub async fn a_booking_with_another_refund_on_its_way_is_refunded_later(case: Case) {
    let booking = sold(&case, &[0, 1], "a").await;
    let part = BeginRefund {
        refund: RefundId::draw(case.event, START),
        booking: booking.id,
        idempotency_key: "part".into(),
        request_hash: RequestHash([1; 32]),
        of: RefundOf::Tickets(vec![booking.tickets[0].id]),
        amount: Some(500),
        till: None,
        frees_units: true,
        holder: HOLDER,
        now: START,
    };
    let part = case.store.begin_refund(part).await.unwrap();
    let BeginRefundOutcome::Begun(part) = part else {
        panic!("not begun: {part:?}")
    };
    cancel(&case).await;
    revoke_all(&case).await;
    let skipped = refund_some(&case, 10).await;
    assert_eq!((skipped.begun.len(), skipped.then), (0, AfterSome::Again));
    assert_eq!(progress(&case).await.bookings_left, 1);
    is_sound(&case).await;
    note(&case, part.id, RefundNote::Revoked).await;
    note(&case, part.id, RefundNote::Given).await;
    let rest = refund_some(&case, 10).await;
    let [only] = rest.begun[..] else {
        panic!("{rest:?}")
    };
    // The fee that was kept before is given back as well.
    let begun = case.store.refund(only).await.unwrap().unwrap();
    assert_eq!((begun.amount.minor, begun.tickets.len()), (2 * PRICE - 500, 1));
    assert_eq!(rest.then, AfterSome::Ended);
    is_sound(&case).await;
}

pub async fn what_was_refused_is_tried_again_and_nothing_else(case: Case) {
    sold(&case, &[0], "a").await;
    sold(&case, &[1], "b").await;
    cancel(&case).await;
    revoke_all(&case).await;
    let begun = refund_some(&case, 10).await.begun;
    note(&case, begun[0], RefundNote::Refused).await;
    note(&case, begun[1], RefundNote::Given).await;
    let after = progress(&case).await;
    assert_eq!(
        (after.status(), after.refunds_refused),
        (CancelStatus::Refused, 1)
    );
    let retry = RetryRefused {
        event: case.event,
        limit: 10,
        now: START,
    };
    assert_eq!(case.store.retry_refused(retry).await.unwrap(), 1);
    assert_eq!(case.store.retry_refused(retry).await.unwrap(), 0);
    let job = case
        .store
        .job(JobId::GiveRefund(begun[0]))
        .await
        .unwrap()
        .unwrap();
    assert!(job.is_due(START) && job.holder.is_none());
    is_sound(&case).await;
    note(&case, begun[0], RefundNote::Given).await;
    assert_eq!(progress(&case).await.status(), CancelStatus::Done);
    is_sound(&case).await;
}

pub async fn an_event_that_is_a_draft_or_halted_is_not_canceled(case: Case) {
    let draft = crate::ids::draw_event_id(START);
    case.store
        .add_event(case.new_event(draft, "Draft"))
        .await
        .unwrap();
    let cancel_draft = CancelEvent {
        event: draft,
        holder: HOLDER,
        mails: false,
        now: START,
    };
    assert_eq!(
        case.store.cancel_event(cancel_draft).await.unwrap(),
        CancelOutcome::NotPublished
    );
    case.store.halt_all(HaltAll { now: START }).await.unwrap();
    assert_eq!(cancel(&case).await, CancelOutcome::Halted);
    let event = case.store.event(case.event).await.unwrap().unwrap();
    assert_eq!(event.canceled_at, None);
}
