//! What a crash, a lost client or another process leaves half done is finished, once.

use super::*;

#[tokio::test]
async fn a_crash_after_the_charge_is_made_good_at_the_next_start() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 2).await;
    let request = request(reservation, "key", "tok_ok");
    let open = office.charge_without_confirming(&request).await;

    let office = office.crash().await;
    // Long after the reservation's time: units under payment do not expire.
    office.clock.advance_ms(10 * HOLD_MS);
    office.take_over().await;
    assert_eq!(office.settle_due().await, ["confirmed"]);
    office.check_no_charge_without_a_ticket().await;
    let Ok(BookOutcome::Confirmed(booking)) = office.desk.book(request).await else {
        panic!("settled")
    };
    assert_eq!((booking.id, booking.tickets.len()), (open.id, 2));
    assert_eq!(office.open_jobs().await, 0);
}

#[tokio::test]
async fn a_crash_before_the_charge_gives_the_units_back() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let request = request(reservation, "key", "tok_ok");
    let BeginOutcome::Started(open) = office.desk.begin(&request).await.unwrap() else {
        panic!("held")
    };

    let office = office.crash().await;
    office.take_over().await;
    assert_eq!(office.settle_due().await, ["payment_failed"]);
    // A charge that arrives late finds the door closed.
    office
        .ledger
        .charge(open.charge, open.amount, LedgerEntry::Charged, START)
        .await
        .unwrap();
    assert_eq!(office.ledger.charged().await.unwrap(), []);
    assert!(matches!(
        office.desk.book(request).await,
        Ok(BookOutcome::Confirmed(_))
    ));
    office.check_no_charge_without_a_ticket().await;
}

#[tokio::test]
async fn the_same_request_after_a_crash_settles_by_itself() {
    let office = Office::open().await;
    let (charged, not_charged) = (office.hold(PAID, 1).await, office.hold(PAID, 1).await);
    let first = request(charged, "a", "tok_ok");
    let open = office.charge_without_confirming(&first).await;
    let second = request(not_charged, "b", "tok_ok");
    office.desk.begin(&second).await.unwrap();

    let office = office.crash().await;
    let Ok(BookOutcome::Confirmed(booking)) = office.desk.book(first).await else {
        panic!("was charged")
    };
    assert_eq!(booking.id, open.id);
    assert!(matches!(
        office.desk.book(second).await,
        Ok(BookOutcome::Confirmed(_))
    ));
    assert_eq!(office.ledger.charged().await.unwrap().len(), 2);
    office.check_no_charge_without_a_ticket().await;
}

#[tokio::test]
async fn a_crash_in_the_middle_of_a_refund_is_finished() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let open = office
        .charge_without_confirming(&request(reservation, "key", "tok_ok"))
        .await;
    office.ledger.refund(open.charge, START).await.unwrap();

    let office = office.crash().await;
    office.take_over().await;
    assert_eq!(office.settle_due().await, ["refunded"]);
    assert_eq!(
        office.case.store.booking(open.id).await.unwrap().unwrap().state,
        BookingState::Refunded
    );
    assert_eq!(office.case.seat(0, START).await, Status::Available);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_for_units_that_were_lost_is_given_back() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let request = request(reservation, "key", "tok_ok");
    let open = office.charge_without_confirming(&request).await;
    // Someone ends the booking behind the desk's back while the charge is on its way.
    let close = CloseBooking {
        booking: open.id,
        payment: None,
        ending: Ending::Canceled,
        now: START,
        bounds: UNBOUNDED,
    };
    assert_eq!(
        office.case.store.close_booking(close).await.unwrap(),
        CloseOutcome::Closed
    );
    assert_eq!(
        office.desk.follow(&open, None).await.unwrap(),
        BookOutcome::Refunded
    );
    assert_eq!(office.ledger.charged().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_booking_whose_client_went_away_is_finished_all_the_same() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let desk = office.desk.clone();
    let waiting = desk.book(request(reservation, "key", "tok_slow_100"));
    // Polled until the booking is under way, then dropped, as a handler is when its client hangs up.
    assert!(timeout(Duration::from_millis(20), waiting).await.is_err());
    office.desk.close().await;
    assert_eq!(office.ledger.charged().await.unwrap().len(), 1);
    office.check_no_charge_without_a_ticket().await;
    assert!(matches!(
        office.book(reservation, "key", "tok_ok").await,
        Err(BookError::Interrupted)
    ));
}

#[tokio::test]
async fn a_payment_in_progress_here_is_left_alone_even_when_its_lease_ran_out() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let booking = office.book(reservation, "key", "tok_slow_50");
    let settled = async {
        while office.open_jobs().await == 0 {
            tokio::task::yield_now().await;
        }
        office.clock.advance_ms(2 * LEASE.as_millis() as u64);
        office.settle_due().await
    };
    let (booked, settled) = tokio::join!(booking, settled);
    assert!(matches!(booked, Ok(BookOutcome::Confirmed(_))));
    assert_eq!(settled, [] as [&str; 0]);
}

#[tokio::test]
async fn another_process_leaves_a_booking_alone_until_its_holder_has_died() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let request = request(reservation, "key", "tok_ok");
    let open = office.charge_without_confirming(&request).await;
    let mut parts = parts(&office.case, &office.clock, office.case.event, PATIENCE);
    parts.holder = LeaseHolder([8; 16]);
    let other = BookingDesk::new(parts);

    assert_eq!(office.settle_due().await, [] as [&str; 0]);
    assert_eq!(other.settle_due(open.id).await.unwrap(), None);
    assert!(matches!(
        other.book(request.clone()).await,
        Err(BookError::Interrupted)
    ));
    office.clock.advance_ms(LEASE.as_millis() as u64);
    let Ok(Some(BookOutcome::Confirmed(booking))) = other.settle_due(open.id).await else {
        panic!("nobody else is at it")
    };
    assert_eq!(booking.id, open.id);
    // The one that was slow and not dead changes nothing any more.
    assert!(matches!(
        office.desk.follow(&open, None).await,
        Ok(BookOutcome::Confirmed(_))
    ));
    assert_eq!(office.ledger.charged().await.unwrap(), [open.charge]);
    assert_eq!(office.open_jobs().await, 0);
}

#[tokio::test]
async fn a_lease_is_renewed_as_long_as_the_work_takes() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let open = office
        .charge_without_confirming(&request(reservation, "key", "tok_ok"))
        .await;
    let lease_ms = LEASE.as_millis() as u64;
    let first_end = DueJobs {
        kind: JobKind::Paying,
        limit: 1,
        now: START.plus_ms(lease_ms),
    };
    assert_eq!(office.case.store.due_jobs(first_end).await.unwrap().len(), 1);
    office.clock.advance_ms(lease_ms / 2);
    let work = async {
        // It ends later once it is renewed.
        while !office.case.store.due_jobs(first_end).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    };
    let renewed = timeout(
        2 * RENEW_EVERY,
        office.desk.at_work(JobId::SettleBooking(open.id), work),
    )
    .await;
    renewed.unwrap().unwrap();
}

#[tokio::test]
async fn what_fails_is_tried_again_later_and_later() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let open = office
        .charge_without_confirming(&request(reservation, "key", "tok_ok"))
        .await;
    // Nobody can sign its tickets for now.
    let dark = desk(&office.case, &office.clock, draw_event_id(START), PATIENCE);
    for pause_ms in [1_000, 2_000, 4_000] {
        assert!(matches!(
            dark.at_work(JobId::SettleBooking(open.id), dark.settle_by_id(open.id))
                .await,
            Err(BookError::NoSigningKey(_))
        ));
        office.clock.advance_ms(pause_ms - 1);
        assert_eq!(office.settle_due().await, [] as [&str; 0]);
        office.clock.advance_ms(1);
        dark.lease(JobId::SettleBooking(open.id)).await.unwrap();
    }
    office.clock.advance_ms(LEASE.as_millis() as u64);
    assert_eq!(office.settle_due().await, ["confirmed"]);
    office.check_no_charge_without_a_ticket().await;
}
