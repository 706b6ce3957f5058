//! Tills: what is sold at a counter is counted in one, also what is given back, and nothing of it is at the gateway.

use tokio::task::JoinSet;
use usher_protocol::Unit;

use crate::ids::{BookingId, ChargeReference, RefundId, ReservationId, TillId, draw};
use crate::selling::booking_code::BookingCode;
use crate::selling::counter::{BeginCounterSale, CounterOutcome, CounterRefusal};
use crate::selling::journal::Balances;
use crate::selling::refunds::{
    BeginRefund, BeginRefundOutcome, NoteRefund, RefundNote, RefundOf, RefundRefusal,
};
use crate::selling::tills::{
    AtTill, CloseTill, CloseTillOutcome, NewTill, NewTillOutcome, Till, TillRefusal,
};
use crate::selling::{
    BeginOutcome, BeginRefusal, Booking, Claim, ConfirmOutcome, GatewayKind, HoldOutcome, NoteOutcome,
    OpenBooking, RequestHash,
};
use crate::store::finding::Finding;

use super::case::{Case, HOLDER, START};
use super::refunds::revoke_all;

async fn opened(case: &Case, by: &str, cash: i64) -> Till {
    let new = NewTill {
        id: TillId::draw(case.event, START),
        name: "North".into(),
        opened_by: by.into(),
        opened_with: cash,
        now: START,
    };
    match case.store.open_till(new).await.unwrap() {
        NewTillOutcome::Open(till) => till,
        refused @ (NewTillOutcome::HasOpen(_) | NewTillOutcome::TooMany) => panic!("not open: {refused:?}"),
    }
}

fn sale(case: &Case, (till, by): (TillId, &str), seat: u32, way: GatewayKind) -> BeginCounterSale {
    BeginCounterSale {
        booking: BookingId::draw(case.event, START),
        charge: ChargeReference::draw(case.event, START),
        reservation: ReservationId::draw(case.event, START),
        code: BookingCode::draw_from(u64::from_le_bytes(draw())),
        at: AtTill { till, by: by.into() },
        way,
        claim: Claim::Seats(vec![Unit(seat)]),
        voucher: None,
        email: String::new(),
        name: "Bea Buyer".into(),
        idempotency_key: format!("{seat}"),
        request_hash: RequestHash([7; 32]),
        believed_until: Some(usher_keys::Timestamp::FOREVER),
        holder: HOLDER,
        now: START,
    }
}

async fn begun(case: &Case, sale: BeginCounterSale) -> OpenBooking {
    let outcome = case.store.begin_counter_sale(sale).await.unwrap();
    let CounterOutcome::Begun(BeginOutcome::Started(open)) = outcome else {
        panic!("not begun: {outcome:?}")
    };
    open
}

async fn sold(case: &Case, at: (TillId, &str), seat: u32, way: GatewayKind) -> Booking {
    let open = begun(case, sale(case, at, seat, way)).await;
    let ConfirmOutcome::Confirmed(booking) = case.confirm(&open, START).await else {
        panic!("its unit is its own")
    };
    booking
}

fn refund(case: &Case, booking: &Booking, till: Option<(TillId, &str)>) -> BeginRefund {
    let refund = RefundId::draw(case.event, START);
    BeginRefund {
        refund,
        booking: booking.id,
        idempotency_key: refund.to_string(),
        request_hash: RequestHash([8; 32]),
        of: RefundOf::All,
        amount: None,
        frees_units: true,
        till: till.map(|(till, by)| AtTill { till, by: by.into() }),
        holder: HOLDER,
        now: START,
    }
}

async fn given_back(case: &Case, request: BeginRefund) {
    let id = request.refund;
    let begun = case.store.begin_refund(request).await.unwrap();
    let BeginRefundOutcome::Begun(refund) = begun else {
        panic!("not begun: {begun:?}")
    };
    revoke_all(case, &refund).await;
    for note in [RefundNote::Revoked, RefundNote::Given] {
        let noted = case
            .store
            .note_refund(NoteRefund {
                mails: false,
                refund: id,
                note,
                holder: HOLDER,
                now: START,
            })
            .await
            .unwrap();
        assert_eq!(noted, NoteOutcome::Noted, "{note:?}");
    }
}

async fn close(case: &Case, till: TillId, counted: i64) -> CloseTillOutcome {
    let now = START;
    let close = CloseTill { till, counted, now };
    case.store.close_till(close).await.unwrap()
}

pub async fn what_is_sold_and_given_back_at_a_till_is_counted_in_it(case: Case) {
    let till = opened(&case, "stf_1", 10_000).await.id;
    let at = (till, "stf_1");
    let first = sold(&case, at, 0, GatewayKind::Cash).await;
    assert_eq!(
        (first.name.as_str(), first.gateway),
        ("Bea Buyer", GatewayKind::Cash)
    );
    sold(&case, at, 1, GatewayKind::Cash).await;
    sold(&case, at, 2, GatewayKind::CardTerminal).await;
    given_back(&case, refund(&case, &first, Some(at))).await;
    let tills = case.store.tills(case.event).await.unwrap();
    let figures = tills[0].figures;
    assert_eq!((figures.cash, figures.card), ((2, 9_000), (1, 4_500)));
    assert_eq!((figures.cash_given_back, figures.card_given_back), (4_500, 0));
    assert_eq!(tills[0].expected(), 14_500);
    let expected = Balances {
        till: 4_500,
        terminal: 4_500,
        sales: -9_000,
        ..Balances::default()
    };
    assert_eq!(case.store.balances(case.event).await.unwrap(), expected);
    let elsewhere = case.store.taken_elsewhere(START).await.unwrap();
    let told: Vec<_> = elsewhere.iter().map(ToString::to_string).collect();
    let expected = [
        "1 bookings paid by card_terminal, 45.00 EUR in all",
        "2 bookings paid by cash, 90.00 EUR in all",
    ];
    assert_eq!(told, expected);
    let CloseTillOutcome::Closed(closed) = close(&case, till, 14_400).await else {
        panic!("nothing is open at it")
    };
    assert_eq!(closed.count.unwrap().difference(), -100);
    let is_signature = |finding: &Finding| matches!(finding, Finding::Ticket(_));
    let findings = case.audit().await.findings;
    assert!(findings.iter().all(is_signature), "{findings:?}");
    case.alter_event("UPDATE tills SET expected = expected + 1");
    let findings = case.audit().await.findings;
    assert!(!findings.iter().all(is_signature), "{findings:?}");
}

pub async fn a_till_is_one_persons_and_closed_for_good(case: Case) {
    let till = opened(&case, "stf_1", 0).await;
    let again = NewTill {
        id: TillId::draw(case.event, START),
        name: "South".into(),
        opened_by: "stf_1".into(),
        opened_with: 0,
        now: START,
    };
    let outcome = case.store.open_till(again).await.unwrap();
    assert_eq!(outcome, NewTillOutcome::HasOpen(till.id));
    let other = opened(&case, "stf_2", 0).await;
    let refused = |refusal| CounterOutcome::Refused(CounterRefusal::Till(refusal));
    let wrong = sale(&case, (other.id, "stf_1"), 0, GatewayKind::Cash);
    let outcome = case.store.begin_counter_sale(wrong).await.unwrap();
    assert_eq!(outcome, refused(TillRefusal::AnotherPersons));
    // What is on its way belongs into the count.
    let request = sale(&case, (till.id, "stf_1"), 0, GatewayKind::Cash);
    let open = begun(&case, request.clone()).await;
    assert_eq!(close(&case, till.id, 4_500).await, CloseTillOutcome::Busy);
    case.confirm(&open, START).await;
    assert!(matches!(
        close(&case, till.id, 4_500).await,
        CloseTillOutcome::Closed(_)
    ));
    assert!(matches!(
        close(&case, till.id, 4_500).await,
        CloseTillOutcome::Closed(_)
    ));
    assert_eq!(close(&case, till.id, 4_400).await, CloseTillOutcome::ClosedBefore);
}

pub async fn a_closed_till_sells_and_gives_back_nothing(case: Case) {
    let till = opened(&case, "stf_1", 0).await;
    let request = sale(&case, (till.id, "stf_1"), 0, GatewayKind::Cash);
    let open = begun(&case, request.clone()).await;
    case.confirm(&open, START).await;
    assert!(matches!(
        close(&case, till.id, 4_500).await,
        CloseTillOutcome::Closed(_)
    ));
    // The same sale again is the same booking, and a new one is refused.
    let outcome = case.store.begin_counter_sale(request.clone()).await.unwrap();
    let CounterOutcome::Begun(BeginOutcome::Existing(booking)) = outcome else {
        panic!("not the same: {outcome:?}")
    };
    let reused = BeginCounterSale {
        request_hash: RequestHash([9; 32]),
        ..request
    };
    assert_eq!(
        case.store.begin_counter_sale(reused).await.unwrap(),
        CounterOutcome::Begun(BeginOutcome::Refused(BeginRefusal::KeyReused))
    );
    let refused = |refusal| CounterOutcome::Refused(CounterRefusal::Till(refusal));
    let late = sale(&case, (till.id, "stf_1"), 1, GatewayKind::Cash);
    let outcome = case.store.begin_counter_sale(late).await.unwrap();
    assert_eq!(outcome, refused(TillRefusal::Closed));
    let closed = refund(&case, &booking, Some((till.id, "stf_1")));
    let outcome = case.store.begin_refund(closed).await.unwrap();
    let expected = RefundRefusal::Till(TillRefusal::Closed);
    assert_eq!(outcome, BeginRefundOutcome::Refused(expected));
    // What was paid at the gateway is not given out of a till.
    let other = opened(&case, "stf_2", 0).await;
    let held = case.held(&[3], START).await;
    let online = case.begun(held.id, "online", START).await;
    let ConfirmOutcome::Confirmed(online) = case.confirm(&online, START).await else {
        panic!("its unit is its own")
    };
    let outcome = case
        .store
        .begin_refund(refund(&case, &online, Some((other.id, "stf_2"))))
        .await
        .unwrap();
    assert_eq!(outcome, BeginRefundOutcome::Refused(RefundRefusal::NotAtCounter));
}

pub async fn the_last_place_is_sold_once_at_counters_and_online(case: Case) {
    let mut tills = Vec::new();
    for number in 0..4 {
        tills.push(opened(&case, &format!("stf_{number}"), 0).await);
    }
    let mut racing = JoinSet::new();
    for till in &tills {
        let (store, by) = (case.store.clone(), till.opened_by.clone());
        let request = BeginCounterSale {
            idempotency_key: by.clone(),
            ..sale(&case, (till.id, &by), 5, GatewayKind::Cash)
        };
        racing.spawn(async move {
            let outcome = store.begin_counter_sale(request).await.unwrap();
            matches!(outcome, CounterOutcome::Begun(BeginOutcome::Started(_)))
        });
    }
    let (store, hold) = (
        case.store.clone(),
        case.hold_request(Claim::Seats(vec![Unit(5)]), START),
    );
    racing.spawn(async move { matches!(store.hold(hold).await.unwrap(), HoldOutcome::Held(_)) });
    let won = racing.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
}
