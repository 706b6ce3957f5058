//! The booking desk at work with the sandbox: whatever happens half-way, no charge is left without a ticket or a refund.

mod banks;
mod crashes;
mod refunds;

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
                JobId::SendWebhooks(_) | JobId::SendLetters(_) | JobId::WriteLetters(_) => {}
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
        name: String::new(),
        language: Language::English,
        by_invoice: false,
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
        mails: false,
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
