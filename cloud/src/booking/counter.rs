//! Selling at a counter: the booking is opened in one step with its units, and settled as any other that waits for no gateway.

use crate::ids::{BookingId, ChargeReference, ReservationId, draw};
use crate::selling::booking_code::BookingCode;
use crate::selling::counter::{BeginCounterSale, CounterOutcome, CounterRefusal};
use crate::selling::jobs::{JobId, LeaseOutcome};
use crate::selling::tills::AtTill;
use crate::selling::vouchers::VoucherCode;
use crate::selling::{BeginOutcome, Claim, GatewayKind, RequestHash};

use super::{BookError, BookOutcome, BookingDesk, refused, replay};

/// Asks to sell at a counter.
#[derive(Clone)]
pub struct CounterSale {
    pub at: AtTill,
    /// In cash or at a card terminal.
    pub way: GatewayKind,
    pub claim: Claim,
    pub voucher: Option<VoucherCode>,
    /// The buyer's address; may be empty.
    pub email: String,
    /// The buyer's name; may be empty.
    pub name: String,
    /// The client's key for this request.
    pub idempotency_key: String,
    pub request_hash: RequestHash,
}

impl BookingDesk {
    /// Sells at a counter, once for each idempotency key. A booking whose tickets cannot be issued now is issued later, by its job.
    ///
    /// # Errors
    ///
    /// [`BookError`]: nothing is known of it yet; ask again with the same key.
    pub async fn sell(&self, request: CounterSale) -> Result<Result<BookOutcome, CounterRefusal>, BookError> {
        if self.tasks.is_closed() {
            return Err(BookError::Interrupted);
        }
        let desk = self.clone();
        let task = self.tasks.spawn(async move { desk.sell_alone(request).await });
        let sold = task.await.unwrap_or(Err(BookError::Interrupted));
        let label = match &sold {
            Ok(Ok(outcome)) => outcome.label(),
            Ok(Err(_)) => "refused",
            Err(_) => "unsettled",
        };
        self.parts.metrics.booked(label);
        sold
    }

    async fn sell_alone(
        &self,
        request: CounterSale,
    ) -> Result<Result<BookOutcome, CounterRefusal>, BookError> {
        let begin = || self.parts.store.begin_counter_sale(self.with_ids_of(&request));
        let mut begun = begin().await?;
        if let CounterOutcome::Begun(BeginOutcome::Existing(booking)) = &begun
            && booking.state.is_open()
        {
            let (id, job) = (booking.id, JobId::SettleBooking(booking.id));
            let _turn = self.turns.take(booking.reservation).await;
            if self.lease(job).await? == LeaseOutcome::Leased {
                self.at_work(job, self.settle_by_id(id)).await?;
            }
            begun = begin().await?;
        }
        match begun {
            CounterOutcome::Refused(refusal) => Ok(Err(refusal)),
            CounterOutcome::Begun(BeginOutcome::Existing(booking)) => replay(booking).map(Ok),
            CounterOutcome::Begun(BeginOutcome::Refused(refusal)) => Ok(Ok(refused(refusal))),
            CounterOutcome::Begun(BeginOutcome::Started(open)) => {
                let _turn = self.turns.take(open.reservation).await;
                let job = JobId::SettleBooking(open.id);
                self.at_work(job, self.pay(open, None)).await.map(Ok)
            }
        }
    }

    fn with_ids_of(&self, request: &CounterSale) -> BeginCounterSale {
        let (event, now) = (request.at.till.event, self.parts.clock.now());
        BeginCounterSale {
            booking: BookingId::draw(event, now),
            charge: ChargeReference::draw(event, now),
            reservation: ReservationId::draw(event, now),
            code: BookingCode::draw_from(u64::from_le_bytes(draw())),
            at: request.at.clone(),
            way: request.way,
            claim: request.claim.clone(),
            voucher: request.voucher.clone(),
            email: request.email.clone(),
            name: request.name.clone(),
            idempotency_key: request.idempotency_key.clone(),
            request_hash: request.request_hash,
            believed_until: self.parts.signer.believed_until(event),
            holder: self.parts.holder,
            now,
        }
    }
}
