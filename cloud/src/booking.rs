//! The booking desk: turns a reservation and a payment into tickets, so that no charge is ever left without a ticket or a refund.
//!
//! The order is what keeps the promise. (1) The store marks the units as paying and writes the open booking down.
//! (2) The gateway charges, under a name that is written in it. (3) Tickets are signed and the store confirms. What to do when it comes
//! otherwise is told by `selling::course`. Whatever happens in between, the open booking and the job of settling it are on disk and
//! the gateway knows its name: [`BookingDesk::settle_due`] takes it from there.
//! A booking runs to its end in a task of the desk, whether or not the client still waits.

mod canceling;
mod comps;
mod counter;
mod disputes;
mod paying;
mod refunding;
mod settle;
mod turns;
mod work;

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio_util::task::TaskTracker;

use crate::authority::AuthorityError;
use crate::clock::Clock;
use crate::ids::{BookingId, ChargeReference, ReservationId, TicketId, draw, draw_ticket_code};
use crate::languages::Language;
use crate::metrics::Metrics;
use crate::money::DeclineReason;
use crate::payment::{GatewayError, Gateways, PaymentToken};
use crate::seat_maps::SeatMaps;
use crate::selling::booking_code::BookingCode;
use crate::selling::buyer_bounds::BoundReached;
use crate::selling::claimant::HoldBounds;
use crate::selling::jobs::{JobId, LeaseHolder, LeaseOutcome};
use crate::selling::sale::SaleStatus;
use crate::selling::{
    BeginBooking, BeginOutcome, BeginRefusal, Booking, BookingState, CloseBooking, CloseOutcome,
    ConfirmBooking, ConfirmOutcome, Ending, GatewayKind, NewTicket, OpenBooking, PaymentId, RequestHash,
};
use crate::signing::{NoSigningKey, TicketSigner};
use crate::store::{Store, StoreError};
pub use comps::{CompFor, GiveComps};
pub use counter::CounterSale;
pub use refunding::Revoker;
use turns::Turns;

/// Asks for a reservation to become a booking.
#[derive(Clone)]
pub struct BookRequest {
    pub reservation: ReservationId,
    /// Who pays; not needed when there is nothing to pay, or it is paid by invoice.
    pub payment_token: Option<PaymentToken>,
    /// Whether the buyer will transfer the money to the organizer's bank.
    pub by_invoice: bool,
    /// The client's key for this request.
    pub idempotency_key: String,
    /// The buyer's address.
    pub email: String,
    /// The buyer's name; may be empty.
    pub name: String,
    /// In which language the buyer reads. It makes no other request: whoever asks again may read another page.
    pub language: Language,
}

impl BookRequest {
    /// Hashes what makes two requests the same; each part is preceded by its length, so that no two requests run together.
    fn hash(&self) -> RequestHash {
        let mut hasher = blake3::Hasher::new();
        let token = match (&self.payment_token, self.by_invoice) {
            (Some(token), _) => token.0.as_str(),
            (None, true) => " by invoice",
            (None, false) => "",
        };
        for part in [
            self.reservation.to_string().as_str(),
            token,
            &self.email,
            &self.name,
        ] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        RequestHash(*hasher.finalize().as_bytes())
    }
}

/// What became of a request to book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookOutcome {
    /// Paid, with tickets.
    Confirmed(Booking),
    /// It waits for the buyer or the bank.
    Waiting(Booking),
    /// Declined; the reservation stands as before.
    Declined(DeclineReason),
    /// The reservation's time is over, or that of its payment.
    Expired,
    /// The reservation was given back.
    Released,
    /// Bookings of the same address keep too many places unpaid.
    TooManyUnpaid(BoundReached),
    /// The reservation has become a booking under another key.
    AlreadyBooked,
    /// The key was used for another request.
    KeyReused,
    /// It is paid, and its booking has been given a new id since.
    Renewed,
    /// There is something to pay and no token.
    TokenMissing,
    /// The event takes no bank transfers.
    NoInvoice,
    /// The event does not sell; nothing was charged.
    NotOnSale(SaleStatus),
    /// There is no such reservation.
    NotFound,
    /// The charge was given back: the units were lost.
    Refunded,
    /// The payment service failed; nothing was charged.
    PaymentFailed,
}

impl BookOutcome {
    /// Returns the word that it is counted under.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Confirmed(_) => "confirmed",
            Self::Waiting(_) => "waiting",
            Self::Declined(_) => "declined",
            Self::Refunded => "refunded",
            Self::PaymentFailed => "payment_failed",
            Self::Expired
            | Self::Released
            | Self::AlreadyBooked
            | Self::KeyReused
            | Self::Renewed
            | Self::TokenMissing
            | Self::NoInvoice
            | Self::TooManyUnpaid(_)
            | Self::NotOnSale(_)
            | Self::NotFound => "refused",
        }
    }
}

/// Why a request to book has no outcome yet. The client asks again with the same key.
#[derive(Debug, Clone, Error)]
pub enum BookError {
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The payment service gave no last word; the booking stays open until it does.
    #[error("the outcome of the payment is not known yet")]
    PaymentUnknown(#[source] GatewayError),
    /// The payment service said that it cannot give the money back, or will not give up a payment.
    #[error("the payment service does not do as it was asked")]
    Unwilling,
    /// Tickets cannot be signed.
    #[error("tickets cannot be signed")]
    NoSigningKey(#[from] NoSigningKey),
    /// The tickets of a refund cannot be revoked.
    #[error("tickets cannot be revoked")]
    NotRevoked(#[from] AuthorityError),
    /// The server is shutting down, the task failed, or another process works on the booking; its job sees to its end.
    #[error("the booking was interrupted")]
    Interrupted,
}

/// What the desk works with.
#[derive(Debug)]
pub struct DeskParts {
    pub store: Store,
    /// Who takes the money.
    pub gateways: Gateways,
    /// Who revokes tickets.
    pub revoker: Revoker,
    /// Who signs.
    pub signer: TicketSigner,
    pub clock: Clock,
    /// This process, as the holder of leases.
    pub holder: LeaseHolder,
    /// Who must hear of changes.
    pub seat_maps: SeatMaps,
    pub metrics: Metrics,
    /// How many units one client may hold without paying.
    pub bounds: HoldBounds,
    /// How long the gateway may take.
    pub payment_timeout: Duration,
    /// Whether letters to buyers are written: there is a mail server to take them.
    pub mails: bool,
}

/// The booking desk; clones share it.
#[derive(Debug, Clone)]
pub struct BookingDesk {
    parts: Arc<DeskParts>,
    turns: Turns,
    tasks: TaskTracker,
}

impl BookingDesk {
    /// Makes a desk.
    pub fn new(parts: DeskParts) -> Self {
        Self {
            parts: Arc::new(parts),
            turns: Turns::default(),
            tasks: TaskTracker::new(),
        }
    }

    /// Turns a reservation into a booking, once for each idempotency key.
    ///
    /// # Errors
    ///
    /// [`BookError`]: no outcome yet; ask again with the same key.
    pub async fn book(&self, request: BookRequest) -> Result<BookOutcome, BookError> {
        if self.tasks.is_closed() {
            return Err(BookError::Interrupted);
        }
        let desk = self.clone();
        let task = self.tasks.spawn(async move { desk.book_alone(request).await });
        let outcome = task.await.unwrap_or(Err(BookError::Interrupted));
        self.parts
            .metrics
            .booked(outcome.as_ref().map_or("unsettled", BookOutcome::label));
        outcome
    }

    /// Returns who takes the money.
    pub fn gateways(&self) -> &Gateways {
        &self.parts.gateways
    }

    /// Waits for the bookings that are running, then for the gateway's record.
    pub async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.parts.gateways.close().await;
    }

    /// One booking of a reservation at a time: a second request waits and then sees what the first has done.
    async fn book_alone(&self, request: BookRequest) -> Result<BookOutcome, BookError> {
        let _turn = self.turns.take(request.reservation).await;
        let mut begun = self.begin(&request).await?;
        if let BeginOutcome::Existing(booking) = &begun
            && booking.state.is_open()
        {
            // An earlier attempt got no last word from the gateway. Nobody else here is at it: the turn is ours.
            let id = booking.id;
            let job = JobId::SettleBooking(id);
            if self.lease(job).await? == LeaseOutcome::Held {
                return replay(booking.clone());
            }
            self.at_work(job, self.settle_by_id(id)).await?;
            begun = self.begin(&request).await?;
        }
        match begun {
            BeginOutcome::Started(open) => {
                let job = JobId::SettleBooking(open.id);
                self.at_work(job, self.pay(open, request.payment_token)).await
            }
            BeginOutcome::Existing(booking) => replay(booking),
            BeginOutcome::Refused(refusal) => Ok(refused(refusal)),
        }
    }

    async fn begin(&self, request: &BookRequest) -> Result<BeginOutcome, BookError> {
        let now = self.parts.clock.now();
        let begin = BeginBooking {
            booking: BookingId::draw(request.reservation.event, now),
            code: BookingCode::draw_from(u64::from_le_bytes(draw())),
            charge: ChargeReference::draw(request.reservation.event, now),
            gateway: match request.by_invoice {
                true => GatewayKind::Invoice,
                false => self.parts.gateways.in_use().kind(),
            },
            reservation: request.reservation,
            idempotency_key: request.idempotency_key.clone(),
            request_hash: request.hash(),
            email: request.email.clone(),
            name: request.name.clone(),
            language: request.language,
            can_pay: request.payment_token.is_some() || request.by_invoice,
            believed_until: self.parts.signer.believed_until(request.reservation.event),
            holder: self.parts.holder,
            now,
        };
        Ok(self.parts.store.begin_booking(begin).await?)
    }

    /// Charges for a booking that was just begun, and ends it one way or the other or waits.
    async fn pay(&self, open: OpenBooking, token: Option<PaymentToken>) -> Result<BookOutcome, BookError> {
        let event = open.id.event;
        if self.parts.signer.key_in_use(event).is_none() {
            self.end(&open, None, Ending::Canceled).await?;
            return Err(NoSigningKey { event }.into());
        }
        self.follow(&open, token).await
    }

    /// Signs the tickets of a paid booking and writes them down.
    async fn issue(&self, open: &OpenBooking) -> Result<ConfirmOutcome, BookError> {
        let now = self.parts.clock.now();
        let mut tickets = Vec::with_capacity(open.units.len());
        for unit in &open.units {
            let payload = self.parts.signer.sign(open.id.event, unit)?.to_text();
            let id = TicketId::draw(open.id.event, now);
            tickets.push(NewTicket {
                id,
                unit: unit.unit,
                generation: unit.generation,
                code: draw_ticket_code(),
                payload,
            });
        }
        let outcome = self
            .parts
            .store
            .confirm_booking(ConfirmBooking {
                booking: open.id,
                tickets,
                mails: self.parts.mails,
                now,
            })
            .await?;
        self.parts.seat_maps.changed(open.id.event);
        Ok(outcome)
    }

    async fn end(
        &self,
        open: &OpenBooking,
        payment: Option<&PaymentId>,
        ending: Ending,
    ) -> Result<CloseOutcome, BookError> {
        let close = CloseBooking {
            booking: open.id,
            payment: payment.cloned(),
            ending,
            bounds: self.parts.bounds,
            now: self.parts.clock.now(),
        };
        let outcome = self.parts.store.close_booking(close).await?;
        self.parts.seat_maps.changed(open.id.event);
        Ok(outcome)
    }
}

fn refused(refusal: BeginRefusal) -> BookOutcome {
    match refusal {
        BeginRefusal::KeyReused => BookOutcome::KeyReused,
        BeginRefusal::Renewed => BookOutcome::Renewed,
        BeginRefusal::Expired => BookOutcome::Expired,
        BeginRefusal::Released => BookOutcome::Released,
        BeginRefusal::Paying | BeginRefusal::Booked => BookOutcome::AlreadyBooked,
        BeginRefusal::NotOnSale(status) => BookOutcome::NotOnSale(status),
        BeginRefusal::TokenMissing => BookOutcome::TokenMissing,
        BeginRefusal::NoInvoice => BookOutcome::NoInvoice,
        BeginRefusal::TooManyUnpaid(reached) => BookOutcome::TooManyUnpaid(reached),
        BeginRefusal::NotFound => BookOutcome::NotFound,
    }
}

/// Answers a repeated request with what the first one came to.
fn replay(booking: Booking) -> Result<BookOutcome, BookError> {
    match booking.state {
        BookingState::Confirmed => Ok(BookOutcome::Confirmed(booking)),
        BookingState::ActionRequired | BookingState::Processing => Ok(BookOutcome::Waiting(booking)),
        BookingState::Declined(reason) => Ok(BookOutcome::Declined(reason)),
        BookingState::Refunding | BookingState::Refunded => Ok(BookOutcome::Refunded),
        BookingState::Expired => Ok(BookOutcome::Expired),
        BookingState::Canceled => Ok(BookOutcome::PaymentFailed),
        BookingState::Paying => Err(BookError::Interrupted),
    }
}

#[cfg(test)]
mod tests;
