//! Open bookings whose payment got lost half-way, by a crash or an unreachable gateway: the gateway's own record decides.

use crate::ids::BookingId;
use crate::payment::PaymentEnd;
use crate::selling::jobs::LeaseOutcome;
use crate::selling::{Ending, OpenBooking};

use super::{BookError, BookOutcome, BookingDesk};

impl BookingDesk {
    /// Settles a booking whose job waits for anybody, and tells what came of it; nothing while a request or another process is at
    /// work on it, or once it has ended.
    ///
    /// # Errors
    ///
    /// [`BookError`]: the job is put off.
    pub async fn settle_due(&self, id: BookingId) -> Result<Option<BookOutcome>, BookError> {
        let Some(open) = self.parts.store.open_booking(id).await? else {
            return Ok(None);
        };
        let Some(_turn) = self.turns.try_take(open.reservation) else {
            return Ok(None);
        };
        match self.lease(id).await? {
            // A request may have ended it meanwhile; then there is nothing left to settle.
            LeaseOutcome::Leased => self.at_work(id, self.settle_by_id(id)).await,
            LeaseOutcome::Held | LeaseOutcome::Gone => Ok(None),
        }
    }

    /// Settles a booking if it is still open; the caller has its turn and its job.
    pub(super) async fn settle_by_id(&self, id: BookingId) -> Result<Option<BookOutcome>, BookError> {
        match self.parts.store.open_booking(id).await? {
            Some(open) => self.settle(&open).await.map(Some),
            None => Ok(None),
        }
    }

    /// Asks the gateway for its last word on an open booking and acts on it; the caller has its turn and its job.
    pub(super) async fn settle(&self, open: &OpenBooking) -> Result<BookOutcome, BookError> {
        let conclusion = if open.amount.minor == 0 {
            PaymentEnd::NeverCharged
        } else {
            self.in_time(self.parts.gateway.conclude(open.charge))
                .await
                .map_err(BookError::PaymentUnknown)?
        };
        match conclusion {
            PaymentEnd::Charged => self.confirm(open).await,
            PaymentEnd::Refunded => {
                self.end(open, Ending::Refunded).await?;
                Ok(BookOutcome::Refunded)
            }
            PaymentEnd::NeverCharged => {
                self.end(open, Ending::Abandoned).await?;
                Ok(BookOutcome::PaymentFailed)
            }
        }
    }
}
