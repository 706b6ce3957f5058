//! The booking desk at work with the sandbox: whatever happens half-way, no charge is left without a ticket or a refund.

use futures_util::future::join_all;
use tokio::time::timeout;
use usher_keys::{SecretKey, Timestamp};
use usher_protocol::TierId;

use super::*;
use crate::catalogue::Status;
use crate::clock::ManualClock;
use crate::ids::{RefundId, draw_event_id};
use crate::payment::sandbox::ledger::{LedgerEntry, SandboxLedger};
use crate::payment::sandbox::{BankAnswer, Sandbox};
use crate::payment::stripe::{Stripe, StripePlace};
use crate::payment::{PaymentGateway, RefundPart};
use crate::selling::jobs::{DueJobs, FreeJobs, JobId, JobKind, LEASE, RENEW_EVERY};
use crate::selling::refunds::{BeginRefund, BeginRefundOutcome, Refund, RefundOf, RefundState};
use crate::selling::{GatewayKind, HoldOutcome, TicketState};
use crate::store::authority::{Append, RowChange};
use crate::store::contract::case::{Case, GUESTS as FREE, HOLD_MS, HOLDER, STALLS as PAID, START, UNBOUNDED};

/// How long the gateway may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A desk, its files, and the clock's hand.
struct Office {
    desk: BookingDesk,
    case: Case,
    ledger: SandboxLedger,
    clock: ManualClock,
}

impl Office {
    async fn open() -> Self {
        Self::of(Case::on_sqlite().await)
    }

    fn of(case: Case) -> Self {
        let clock = ManualClock::new(START);
        let desk = desk(&case, &clock, case.event, PATIENCE);
        let ledger = ledger(&case);
        Self {
            desk,
            case,
            ledger,
            clock,
        }
    }

    /// Does what is due, and tells what came of each booking.
    async fn settle_due(&self) -> Vec<&'static str> {
        let now = Clock::Manual(self.clock.clone()).now();
        let due = self
            .case
            .store
            .due_jobs(DueJobs {
                kind: JobKind::Paying,
                limit: 100,
                now,
            })
            .await
            .unwrap();
        let mut came_of = Vec::new();
        for job in due {
            match job.id {
                JobId::SettleBooking(id) => {
                    let outcome = self.desk.settle_due(id).await.unwrap();
                    came_of.extend(outcome.as_ref().map(BookOutcome::label));
                }
                JobId::GiveRefund(id) => drop(self.desk.refund_due(id).await),
                JobId::RefundEvent(id) => self.desk.refund_event_due(id),
                JobId::TellEndpoint(_) => {}
            }
        }
        came_of
    }

    async fn open_jobs(&self) -> u32 {
        self.case.store.job_counts(()).await.unwrap().open
    }

    /// Frees what was left behind, as a start does.
    async fn take_over(&self) {
        let free = FreeJobs {
            holder: HOLDER,
            now: Clock::Manual(self.clock.clone()).now(),
        };
        self.case.store.free_jobs(free).await.unwrap();
    }

    /// Opens the same files again, as after a crash: nothing that was in memory is left.
    async fn crash(self) -> Self {
        let Self {
            desk, case, ledger, ..
        } = self;
        drop((desk, ledger));
        Self::of(case.reopened().await)
    }

    async fn hold(&self, tier: TierId, quantity: u32) -> ReservationId {
        let outcome = self.case.hold_tier(tier, quantity, START).await;
        let HoldOutcome::Held(reservation) = outcome else {
            panic!("not held: {outcome:?}")
        };
        reservation.id
    }

    /// Holds at the clock's time.
    async fn hold_at(&self, tier: TierId, quantity: u32) -> ReservationId {
        let now = Clock::Manual(self.clock.clone()).now();
        let HoldOutcome::Held(reservation) = self.case.hold_tier(tier, quantity, now).await else {
            panic!("there is enough")
        };
        reservation.id
    }

    async fn book(
        &self,
        reservation: ReservationId,
        key: &str,
        token: &str,
    ) -> Result<BookOutcome, BookError> {
        self.desk.book(request(reservation, key, token)).await
    }

    /// Opens a booking and charges for it, and goes no further.
    async fn charge_without_confirming(&self, request: &BookRequest) -> OpenBooking {
        let BeginOutcome::Started(open) = self.desk.begin(request).await.unwrap() else {
            panic!("the units are held")
        };
        self.ledger
            .charge(open.charge, open.amount, LedgerEntry::Charged, START)
            .await
            .unwrap();
        open
    }

    /// The promise: every charge that was not given back has its tickets.
    async fn check_no_charge_without_a_ticket(&self) {
        for reference in self.ledger.charged().await.unwrap() {
            let id = self.case.store.booking_of_charge(reference).await.unwrap();
            let booking = self.case.store.booking(id.unwrap()).await.unwrap().unwrap();
            assert_eq!(booking.state, BookingState::Confirmed);
            assert!(!booking.tickets.is_empty());
        }
    }
}

fn request(reservation: ReservationId, key: &str, token: &str) -> BookRequest {
    BookRequest {
        reservation,
        payment_token: (!token.is_empty()).then(|| PaymentToken(token.into())),
        idempotency_key: key.into(),
        email: "owl@example.org".into(),
    }
}

fn ledger(case: &Case) -> SandboxLedger {
    SandboxLedger::open(&case.file("sandbox.db")).unwrap()
}

/// Revokes tickets without writing to a log.
fn revoker(case: &Case) -> Revoker {
    let store = case.store.clone();
    Revoker::new(move |event, tickets| {
        let store = store.clone();
        Box::pin(async move {
            let changes = tickets.into_iter().map(|ticket| RowChange::SetTicketState {
                ticket,
                from: TicketState::Valid,
                to: TicketState::Revoked,
            });
            let append = Append {
                event,
                sealed: Vec::new(),
                is_own: true,
                row_changes: changes.collect(),
                now: START,
            };
            store.append(append).await?;
            Ok(())
        })
    })
}

fn sandbox(case: &Case, clock: &Clock) -> PaymentGateway {
    PaymentGateway::Sandbox(Sandbox::new(ledger(case), clock.clone(), false, String::new()))
}

/// Makes a desk that can sign the tickets of one event.
fn desk(
    case: &Case,
    clock: &ManualClock,
    event: usher_keys::EventId,
    payment_timeout: Duration,
) -> BookingDesk {
    BookingDesk::new(parts(case, clock, event, payment_timeout))
}

fn parts(
    case: &Case,
    clock: &ManualClock,
    event: usher_keys::EventId,
    payment_timeout: Duration,
) -> DeskParts {
    let clock = Clock::Manual(clock.clone());
    let signer = TicketSigner::default();
    signer.install(event, &SecretKey::from_seed(&[7; 32]), Timestamp::FOREVER);
    DeskParts {
        gateways: Gateways::new(sandbox(case, &clock), Vec::new()),
        revoker: revoker(case),
        seat_maps: SeatMaps::new(case.store.clone(), signer.clone()),
        store: case.store.clone(),
        signer,
        clock,
        holder: HOLDER,
        metrics: Metrics::default(),
        bounds: UNBOUNDED,
        payment_timeout,
    }
}

#[tokio::test]
async fn a_paid_booking_has_signed_tickets() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 2).await;
    let Ok(BookOutcome::Confirmed(booking)) = office.book(reservation, "key", "tok_ok").await else {
        panic!("paid")
    };
    assert_eq!(booking.tickets.len(), 2);
    assert!(booking.tickets.iter().all(|ticket| ticket.payload.len() > 150));
    assert_eq!(office.ledger.charged().await.unwrap(), [booking.charge]);
    office.check_no_charge_without_a_ticket().await;
}

#[tokio::test]
async fn a_free_booking_needs_no_token_and_no_gateway() {
    let office = Office::open().await;
    let reservation = office.hold(FREE, 1).await;
    assert!(matches!(
        office.book(reservation, "key", "").await,
        Ok(BookOutcome::Confirmed(_))
    ));
    let reservation = office.hold(FREE, 1).await;
    assert!(matches!(
        office.book(reservation, "other", "tok_decline").await,
        Ok(BookOutcome::Confirmed(_))
    ));
    assert_eq!(office.ledger.charged().await.unwrap(), []);
    let reservation = office.hold(PAID, 1).await;
    assert_eq!(
        office.book(reservation, "third", "").await.unwrap(),
        BookOutcome::TokenMissing
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_many_times_at_once_is_charged_once() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let outcomes = join_all((0..32).map(|_| office.book(reservation, "key", "tok_slow_20"))).await;
    let mut bookings: Vec<_> = outcomes
        .into_iter()
        .map(|outcome| {
            let Ok(BookOutcome::Confirmed(booking)) = outcome else {
                panic!("not confirmed: {outcome:?}")
            };
            booking
        })
        .collect();
    bookings.dedup();
    assert_eq!(bookings.len(), 1);
    assert_eq!(office.ledger.charged().await.unwrap(), [bookings[0].charge]);
    assert!(office.desk.turns.is_empty());
}

#[tokio::test]
async fn a_declined_card_can_be_replaced_with_a_new_key() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let declined = BookOutcome::Declined(DeclineReason::Card);
    assert_eq!(
        office.book(reservation, "a", "tok_decline").await.unwrap(),
        declined
    );
    assert_eq!(
        office.book(reservation, "a", "tok_decline").await.unwrap(),
        declined
    );
    assert_eq!(
        office.book(reservation, "a", "tok_ok").await.unwrap(),
        BookOutcome::KeyReused
    );
    assert!(matches!(
        office.book(reservation, "b", "tok_ok").await,
        Ok(BookOutcome::Confirmed(_))
    ));
    assert_eq!(
        office.book(reservation, "c", "tok_ok").await.unwrap(),
        BookOutcome::AlreadyBooked
    );
    office.check_no_charge_without_a_ticket().await;
}

#[tokio::test]
async fn a_charge_whose_reply_is_lost_still_becomes_a_ticket() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    assert!(matches!(
        office.book(reservation, "key", "tok_lost_reply").await,
        Ok(BookOutcome::Confirmed(_))
    ));
    office.check_no_charge_without_a_ticket().await;
}

#[tokio::test]
async fn an_unreachable_gateway_charges_nothing_then_or_later() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let failed = office.book(reservation, "key", "tok_unreachable").await.unwrap();
    assert_eq!(failed, BookOutcome::PaymentFailed);
    assert_eq!(office.open_jobs().await, 0);
    assert!(matches!(
        office.book(reservation, "other", "tok_ok").await,
        Ok(BookOutcome::Confirmed(_))
    ));
    office.check_no_charge_without_a_ticket().await;
}

#[tokio::test]
async fn a_gateway_that_is_too_slow_is_given_up_and_cannot_charge_later() {
    let office = Office::open().await;
    // Long enough for the sandbox to write down that it will never charge, also where the disk is busy.
    let hasty = Duration::from_secs(1);
    let desk = desk(&office.case, &office.clock, office.case.event, hasty);
    let reservation = office.hold(PAID, 1).await;
    let failed = desk
        .book(request(reservation, "key", "tok_slow_60000"))
        .await
        .unwrap();
    assert_eq!(failed, BookOutcome::PaymentFailed);
    assert_eq!(office.ledger.charged().await.unwrap(), []);
}

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

#[tokio::test]
async fn without_a_signing_key_nothing_is_charged() {
    let office = Office::open().await;
    let other = draw_event_id(START);
    let desk = desk(&office.case, &office.clock, other, PATIENCE);
    let reservation = office.hold(PAID, 1).await;
    let refused = desk.book(request(reservation, "key", "tok_ok")).await;
    assert_eq!(refused.ok(), Some(BookOutcome::NotOnSale(SaleStatus::Paused)));
    assert_eq!(office.ledger.charged().await.unwrap(), []);
    assert!(matches!(
        office.book(reservation, "key", "tok_ok").await,
        Ok(BookOutcome::Confirmed(_))
    ));
}

const PAY_TIME_MS: u64 = 15 * 60_000;

impl Office {
    /// Books with a card whose bank asks the buyer first.
    async fn asked(&self, reservation: ReservationId) -> Booking {
        let outcome = self.book(reservation, "key", "tok_action").await.unwrap();
        let BookOutcome::Waiting(booking) = outcome else {
            panic!("the bank asks: {outcome:?}")
        };
        assert_eq!(booking.state, BookingState::ActionRequired);
        assert!(booking.action.is_some());
        booking
    }

    async fn say_to_bank(&self, booking: &Booking, answer: BankAnswer) -> bool {
        let sandbox = self.desk.gateways().sandbox().unwrap();
        sandbox.answer(booking.charge, answer).await.unwrap()
    }

    async fn state(&self, booking: &Booking) -> BookingState {
        self.case.store.booking(booking.id).await.unwrap().unwrap().state
    }
}

#[tokio::test]
async fn a_bank_that_asks_the_buyer_keeps_the_units_until_it_is_answered() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let booking = office.asked(reservation).await;
    // The same request, from another tab, is told the same; so is whoever looks too soon.
    let again = office.book(reservation, "key", "tok_action").await.unwrap();
    assert!(matches!(again, BookOutcome::Waiting(same) if same.action == booking.action));
    office.clock.advance_ms(3_000);
    office.desk.look(booking.id).await;
    assert_eq!(office.state(&booking).await, BookingState::ActionRequired);
    // Beyond the reservation's time, which ends for nobody who pays.
    office.clock.advance_ms(HOLD_MS + 60_000);
    assert_eq!(office.settle_due().await, ["waiting"]);
    assert!(office.say_to_bank(&booking, BankAnswer::Approved).await);
    office.desk.look(booking.id).await;
    assert_eq!(office.state(&booking).await, BookingState::ActionRequired);
    office.clock.advance_ms(2_000);
    office.desk.look(booking.id).await;
    assert_eq!(office.state(&booking).await, BookingState::Confirmed);
    assert!(!office.say_to_bank(&booking, BankAnswer::Refused).await);
    office.check_no_charge_without_a_ticket().await;
    assert_eq!(office.open_jobs().await, 0);
}

#[tokio::test]
async fn a_payment_that_the_buyer_refuses_is_declined_and_the_hold_stands() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let booking = office.asked(reservation).await;
    office.say_to_bank(&booking, BankAnswer::Refused).await;
    office.clock.advance_ms(60_000);
    assert_eq!(office.settle_due().await, ["declined"]);
    let declined = BookingState::Declined(DeclineReason::Card);
    assert_eq!(office.state(&booking).await, declined);
    // What was declined is given up too: nobody can pay it any more.
    assert!(!office.say_to_bank(&booking, BankAnswer::Approved).await);
    let other = office.book(reservation, "other", "tok_ok").await.unwrap();
    assert!(matches!(other, BookOutcome::Confirmed(_)));
    office.check_no_charge_without_a_ticket().await;
}

#[tokio::test]
async fn a_payment_that_nobody_finishes_expires_and_cannot_be_charged_later() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let booking = office.asked(reservation).await;
    for minute in 0..15 {
        assert_eq!(
            office.case.seat(0, START.plus_ms(60_000 * minute)).await,
            Status::Held
        );
        office.clock.advance_ms(60_000);
        let expected = if minute < 14 { "waiting" } else { "refused" };
        assert_eq!(office.settle_due().await, [expected], "after {minute} minutes");
    }
    assert_eq!(office.state(&booking).await, BookingState::Expired);
    let late = START.plus_ms(PAY_TIME_MS);
    assert_eq!(office.case.seat(0, late).await, Status::Available);
    assert!(!office.say_to_bank(&booking, BankAnswer::Approved).await);
    assert_eq!(office.ledger.charged().await.unwrap(), []);
    let again = office.book(reservation, "key", "tok_action").await.unwrap();
    assert_eq!(again, BookOutcome::Expired);
}

#[tokio::test]
async fn a_bank_that_takes_its_time_is_waited_for() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let outcome = office.book(reservation, "key", "tok_processing").await.unwrap();
    assert!(matches!(outcome, BookOutcome::Waiting(booking) if booking.state == BookingState::Processing));
    office.clock.advance_ms(60_000);
    assert_eq!(office.settle_due().await, ["confirmed"]);
    office.check_no_charge_without_a_ticket().await;
}

#[tokio::test]
async fn money_is_given_back_when_no_key_signs_the_tickets_for_half_an_hour() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let open = office
        .charge_without_confirming(&request(reservation, "key", "tok_ok"))
        .await;
    let dark = desk(&office.case, &office.clock, draw_event_id(START), PATIENCE);
    office.clock.advance_ms(2 * PAY_TIME_MS - 1);
    let error = dark.settle_due(open.id).await.unwrap_err();
    assert!(matches!(error, BookError::NoSigningKey(_)));
    office.clock.advance_ms(1);
    assert_eq!(
        dark.settle_due(open.id).await.unwrap(),
        Some(BookOutcome::Refunded)
    );
    assert_eq!(office.ledger.charged().await.unwrap(), []);
    let late = START.plus_ms(2 * PAY_TIME_MS);
    assert_eq!(office.case.seat(0, late).await, Status::Available);
}

#[tokio::test]
async fn no_money_is_given_back_while_the_event_is_halted() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let open = office
        .charge_without_confirming(&request(reservation, "key", "tok_ok"))
        .await;
    // The store was restored: this booking may have had its tickets in what was lost.
    let halted = parts(&office.case, &office.clock, office.case.event, PATIENCE);
    halted.signer.halt(office.case.event);
    let halted = BookingDesk::new(halted);
    office.clock.advance_ms(10 * PAY_TIME_MS);
    let error = halted.settle_due(open.id).await.unwrap_err();
    assert!(matches!(error, BookError::NoSigningKey(_)));
    assert_eq!(office.ledger.charged().await.unwrap(), [open.charge]);
    let resumed = office.desk.settle_due(open.id).await.unwrap();
    assert!(matches!(resumed, Some(BookOutcome::Confirmed(_))));
    office.check_no_charge_without_a_ticket().await;
}

#[tokio::test]
async fn no_money_is_given_back_for_tickets_that_another_process_has_issued() {
    let office = Office::open().await;
    let reservation = office.hold(PAID, 1).await;
    let open = office
        .charge_without_confirming(&request(reservation, "key", "tok_ok"))
        .await;
    office.desk.settle_due(open.id).await.unwrap();
    // A process without the key has slept since it read the booking.
    office.clock.advance_ms(2 * PAY_TIME_MS);
    let dark = desk(&office.case, &office.clock, draw_event_id(START), PATIENCE);
    let came_of = dark.follow(&open, None).await.unwrap();
    assert!(matches!(came_of, BookOutcome::Confirmed(_)), "{came_of:?}");
    assert_eq!(office.ledger.charged().await.unwrap(), [open.charge]);
}

/// Stripe at an address where nobody answers.
fn silent_stripe(case: &Case) -> PaymentGateway {
    let key_file = case.file("stripe.key");
    std::fs::write(&key_file, "sk_test_usher").unwrap();
    let place = StripePlace {
        api: "http://127.0.0.1:9",
        key_file: &key_file,
        webhook_secret_file: std::path::Path::new(""),
    };
    PaymentGateway::Stripe(Stripe::new(place, "http://tickets.example").unwrap())
}

impl Office {
    /// Goes on with other gateways, as after a change of the settings.
    fn with_gateways(self, in_use: PaymentGateway, others: Vec<PaymentGateway>) -> Self {
        let mut parts = parts(&self.case, &self.clock, self.case.event, PATIENCE);
        parts.gateways = Gateways::new(in_use, others);
        Self {
            desk: BookingDesk::new(parts),
            ..self
        }
    }
}

#[tokio::test]
async fn a_payment_is_ended_at_the_gateway_that_has_it_whichever_takes_the_money_now() {
    let office = Office::open().await;
    let booking = office.asked(office.hold(PAID, 2).await).await;
    let other = silent_stripe(&office.case);
    let former = sandbox(&office.case, &Clock::Manual(office.clock.clone()));
    let office = office.with_gateways(other, vec![former]);
    assert!(office.say_to_bank(&booking, BankAnswer::Approved).await);
    office.clock.advance_ms(60_000);
    assert_eq!(office.settle_due().await, ["confirmed"]);
    office.check_no_charge_without_a_ticket().await;
}

#[tokio::test]
async fn a_payment_at_a_gateway_that_is_not_set_up_stays_open_however_late_it_is() {
    let office = Office::open().await;
    let booking = office.asked(office.hold(PAID, 2).await).await;
    let other = silent_stripe(&office.case);
    let office = office.with_gateways(other, Vec::new());
    for _ in 0..3 {
        office.clock.advance_ms(3_600_000);
        let settled = office.desk.settle_due(booking.id).await;
        assert!(
            matches!(
                settled,
                Err(BookError::PaymentUnknown(GatewayError::NotSetUp(
                    GatewayKind::Sandbox
                )))
            ),
            "{settled:?}"
        );
        assert_eq!(office.state(&booking).await, BookingState::ActionRequired);
    }
    // What costs nothing has no gateway.
    let reservation = office.hold_at(FREE, 1).await;
    let outcome = office.book(reservation, "free", "").await.unwrap();
    assert!(matches!(outcome, BookOutcome::Confirmed(_)));
}

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
