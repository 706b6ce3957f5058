//! Open bookings whose payment got lost half-way, by a crash or an unreachable gateway: the gateway's own record decides.

use crate::ids::BookingId;
use crate::payment::PaymentEnd;
use crate::selling::{Ending, OpenBooking};

use super::{BookError, BookOutcome, BookingDesk};

/// What became of the bookings that were open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Charged: they have their tickets now.
    pub confirmed: usize,
    /// Not charged: their units are back with the reservation.
    pub abandoned: usize,
    /// Charged, but the units were lost: the money was given back.
    pub refunded: usize,
    /// Still without a last word; the next round asks again.
    pub unsettled: usize,
}

impl BookingDesk {
    /// Settles every open booking that no request is working on; called at start and now and then.
    ///
    /// # Errors
    ///
    /// [`BookError`] when the list itself cannot be read.
    pub async fn reconcile(&self) -> Result<Reconciled, BookError> {
        let mut report = Reconciled::default();
        for open in self.parts.store.open_bookings(()).await? {
            let Some(_turn) = self.turns.try_take(open.reservation) else {
                continue;
            };
            // A request may have ended it while this round was on its way here; then there is nothing left to settle.
            match self.settle_by_id(open.id).await {
                Ok(Some(BookOutcome::Confirmed(_))) => report.confirmed += 1,
                Ok(Some(BookOutcome::Refunded)) => report.refunded += 1,
                Ok(Some(_)) => report.abandoned += 1,
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(booking = ?open.id, error = &error as &dyn std::error::Error, "not settled yet");
                    report.unsettled += 1;
                }
            }
        }
        Ok(report)
    }

    /// Settles a booking if it is still open; the caller has its turn.
    pub(super) async fn settle_by_id(&self, id: BookingId) -> Result<Option<BookOutcome>, BookError> {
        match self.parts.store.open_booking(id).await? {
            Some(open) => self.settle(&open).await.map(Some),
            None => Ok(None),
        }
    }

    /// Asks the gateway for its last word on an open booking and acts on it; the caller has its turn.
    pub(super) async fn settle(&self, open: &OpenBooking) -> Result<BookOutcome, BookError> {
        let conclusion = if open.amount.minor == 0 {
            PaymentEnd::NeverCharged
        } else {
            self.parts
                .gateway
                .conclude(open.charge)
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
