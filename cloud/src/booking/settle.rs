//! Open bookings whose payment got lost half-way, by a crash or an unreachable gateway: the gateway's own record decides.

use crate::ids::BookingId;
use crate::selling::jobs::{JobId, LeaseOutcome};

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
        let job = JobId::SettleBooking(id);
        match self.lease(job).await? {
            // A request may have ended it meanwhile; then there is nothing left to settle.
            LeaseOutcome::Leased => self.at_work(job, self.settle_by_id(id)).await,
            LeaseOutcome::Held | LeaseOutcome::Gone => Ok(None),
        }
    }

    /// Looks at once at a payment that waits, for somebody who waits for it: when the buyer has been at the bank, the next minute is
    /// too late.
    pub async fn check_payment(&self, id: BookingId) {
        let job = match self.parts.store.job(JobId::SettleBooking(id)).await {
            Ok(job) => job,
            Err(error) => {
                return tracing::warn!(error = &error as &dyn std::error::Error, "a job was not found");
            }
        };
        let now = self.parts.clock.now();
        if self.tasks.is_closed() || !job.is_some_and(|job| job.may_be_hurried(now)) {
            return;
        }
        let desk = self.clone();
        // What fails is put off and told there.
        let looking = self.tasks.spawn(async move { drop(desk.settle_due(id).await) });
        let _ = looking.await;
    }

    /// Settles a booking at once, because its organizer says that it is paid.
    pub async fn settle_now(&self, id: BookingId) {
        if !self.tasks.is_closed() {
            let desk = self.clone();
            // What fails is put off and told there.
            let settling = self.tasks.spawn(async move { drop(desk.settle_due(id).await) });
            let _ = settling.await;
        }
    }

    /// Looks at a booking soon, because its gateway says that something has happened to it; nobody waits for that.
    pub fn told_of(&self, id: BookingId) {
        if !self.tasks.is_closed() {
            let desk = self.clone();
            // What fails is put off and told there.
            self.tasks.spawn(async move { drop(desk.settle_due(id).await) });
        }
    }

    /// Settles a booking if it is still open; the caller has its turn and its job.
    pub(super) async fn settle_by_id(&self, id: BookingId) -> Result<Option<BookOutcome>, BookError> {
        match self.parts.store.open_booking(id).await? {
            Some(open) => self.follow(&open, None).await.map(Some),
            None => Ok(None),
        }
    }
}
