//! Giving back what was paid for a canceled event, as `selling::canceling` says: all tickets are revoked first, many in one commit, then the
//! refunds begin some at a time. Any process goes on with it at any point.

use futures_util::future::join_all;
use usher_keys::EventId;

use crate::ids::RefundId;
use crate::selling::canceling::{AfterSome, CancelEvent, CancelOutcome, RefundCanceled};
use crate::selling::jobs::{JobId, LeaseOutcome};
use crate::store::StoreError;
use crate::store::organizing::ValidTickets;

use super::{BookError, BookingDesk};

/// Tickets that are revoked in one commit: some ten milliseconds of the event's log, in which orders of gates come between.
const TICKETS_AT_ONCE: u32 = 500;
/// Refunds that are given side by side: most of the time each waits for the payment service.
const REFUNDS_AT_ONCE: usize = 32;

impl BookingDesk {
    /// Cancels an event for good and begins to give back what was paid for it.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: nothing has changed.
    pub async fn cancel_event(&self, event: EventId) -> Result<CancelOutcome, StoreError> {
        let cancel = CancelEvent {
            event,
            holder: self.parts.holder,
            mails: self.parts.mails,
            now: self.parts.clock.now(),
        };
        let outcome = self.parts.store.cancel_event(cancel).await?;
        self.parts.seat_maps.forget(event);
        self.refund_event_due(event);
        Ok(outcome)
    }

    /// Goes on with the refunds of a canceled event in a task of the desk, unless somebody is at it: it takes minutes, for which nobody
    /// waits.
    pub fn refund_event_due(&self, event: EventId) {
        if !self.tasks.is_closed() {
            let desk = self.clone();
            // What fails is put off and told there.
            self.tasks
                .spawn(async move { drop(desk.refund_event(event).await) });
        }
    }

    async fn refund_event(&self, event: EventId) -> Result<(), BookError> {
        let job = JobId::RefundEvent(event);
        match self.lease(job).await? {
            LeaseOutcome::Leased => self.at_work(job, self.refund_all(event)).await,
            LeaseOutcome::Held | LeaseOutcome::Gone => Ok(()),
        }
    }

    /// Revokes and refunds until all has begun, there is something to wait for, or the server stops.
    async fn refund_all(&self, event: EventId) -> Result<(), BookError> {
        while !self.tasks.is_closed() {
            let limit = TICKETS_AT_ONCE;
            let valid = self
                .parts
                .store
                .valid_tickets(ValidTickets { event, limit })
                .await?;
            if !valid.is_empty() {
                self.parts.revoker.revoke(event, valid).await?;
                continue;
            }
            if self.refund_some(event).await? != AfterSome::More {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn refund_some(&self, event: EventId) -> Result<AfterSome, BookError> {
        let now = self.parts.clock.now();
        let refunds = (0..REFUNDS_AT_ONCE).map(|_| RefundId::draw(event, now));
        let request = RefundCanceled {
            event,
            refunds: refunds.collect(),
            holder: self.parts.holder,
            now,
        };
        let some = self.parts.store.refund_canceled(request).await?;
        // What fails is put off and told there.
        join_all(some.begun.into_iter().map(|refund| self.refund_due(refund))).await;
        Ok(some.then)
    }
}
