//! What is given back after the sale is given once, whatever happens half-way.

use super::*;

impl Office {
    fn refund_request(&self, booking: &Booking, key: &str, of: RefundOf) -> BeginRefund {
        let now = Clock::Manual(self.clock.clone()).now();
        BeginRefund {
            refund: RefundId::draw(booking.id.event, now),
            booking: booking.id,
            idempotency_key: key.into(),
            request_hash: RequestHash([0; 32]),
            of,
            amount: None,
            frees_units: true,
            till: None,
            holder: HOLDER,
            now,
        }
    }

    /// Gives back and tells how it stands then.
    async fn refund(&self, booking: &Booking, key: &str, of: RefundOf) -> Refund {
        let request = self.refund_request(booking, key, of);
        let BeginRefundOutcome::Begun(begun) = self.desk.refund(request).await.unwrap() else {
            panic!("it may be given back")
        };
        self.case.store.refund(begun.id).await.unwrap().unwrap()
    }

    async fn sold(&self, quantity: u32) -> Booking {
        let reservation = self.hold(PAID, quantity).await;
        let Ok(BookOutcome::Confirmed(booking)) = self.book(reservation, "key", "tok_ok").await else {
            panic!("paid")
        };
        booking
    }
}

#[tokio::test]
async fn what_is_given_back_is_revoked_given_and_free_again() {
    let office = Office::open().await;
    let booking = office.sold(2).await;
    let one = RefundOf::Tickets(vec![booking.tickets[0].id]);
    let part = office.refund(&booking, "part", one).await;
    assert_eq!(part.state, RefundState::Given);
    assert_eq!(part.tickets[0].1, TicketState::Revoked);
    assert_eq!(office.ledger.charged().await.unwrap(), [booking.charge]);
    assert_eq!(office.case.occupancy(START).await.tiers[0].available, 5);
    let rest = office.refund(&booking, "rest", RefundOf::All).await;
    assert_eq!(rest.state, RefundState::Given);
    assert_eq!(part.amount.minor + rest.amount.minor, booking.amount.minor);
    assert!(office.ledger.charged().await.unwrap().is_empty());
    assert_eq!(office.case.occupancy(START).await.tiers[0].available, 6);
    assert_eq!(office.open_jobs().await, 0);
}

#[tokio::test]
async fn a_refund_goes_on_after_a_crash_and_is_given_once() {
    let office = Office::open().await;
    let booking = office.sold(1).await;
    let request = office.refund_request(&booking, "all", RefundOf::All);
    let id = request.refund;
    office.case.store.begin_refund(request).await.unwrap();
    // It died after the gateway had given, and before that was written down.
    let part = RefundPart {
        refund: id,
        attempt: 1,
        amount: booking.amount,
    };
    assert!(
        office
            .ledger
            .refund_part(booking.charge, part, START)
            .await
            .unwrap()
    );
    let office = office.crash().await;
    office.take_over().await;
    office.settle_due().await;
    let refund = office.case.store.refund(id).await.unwrap().unwrap();
    assert_eq!(refund.state, RefundState::Given);
    assert_eq!(office.open_jobs().await, 0);
    assert_eq!(office.case.occupancy(START).await.tiers[0].available, 6);
}

#[tokio::test]
async fn what_the_gateway_refuses_for_good_waits_for_a_person_with_its_tickets_revoked() {
    let office = Office::open().await;
    let booking = office.sold(1).await;
    // Somebody has given it back by hand, at the gateway.
    office.ledger.refund(booking.charge, START).await.unwrap();
    let refund = office.refund(&booking, "all", RefundOf::All).await;
    assert_eq!(refund.state, RefundState::Refused);
    assert_eq!(refund.tickets[0].1, TicketState::Revoked);
    assert_eq!(office.case.occupancy(START).await.tiers[0].available, 5);
    assert_eq!(office.open_jobs().await, 0);
    assert!(office.desk.retry_refund(refund.id).await.unwrap());
    let again = office.case.store.refund(refund.id).await.unwrap().unwrap();
    assert_eq!((again.state, again.attempt), (RefundState::Refused, 2));
}

#[tokio::test]
async fn a_free_ticket_is_given_back_without_a_gateway() {
    let office = Office::open().await;
    let reservation = office.hold(FREE, 1).await;
    let Ok(BookOutcome::Confirmed(booking)) = office.book(reservation, "key", "").await else {
        panic!("nothing to pay")
    };
    let office = office.with_gateways_of_none();
    let refund = office.refund(&booking, "all", RefundOf::All).await;
    assert_eq!(refund.state, RefundState::Given);
    let after = office.case.store.booking(booking.id).await.unwrap().unwrap();
    assert_eq!(after.word(), "refunded");
}

impl Office {
    /// Goes on with a gateway that never answers.
    fn with_gateways_of_none(self) -> Self {
        let silent = silent_stripe(&self.case);
        self.with_gateways(silent, Vec::new())
    }
}
