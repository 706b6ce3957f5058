//! Working on a booking or a refund under the lease of its job: nobody else does meanwhile, and somebody does again after a failure.

use tokio::time::sleep;

use crate::selling::jobs::{HeldJob, Job, JobId, LeaseOutcome, RENEW_EVERY};
use crate::store::StoreError;

use super::{BookError, BookingDesk};

impl BookingDesk {
    /// Asks for the lease of a job, for the first time or again.
    pub(super) async fn lease(&self, id: JobId) -> Result<LeaseOutcome, StoreError> {
        self.parts.store.lease_job(self.held(id)).await
    }

    /// Works on what a job is about that is leased to this process: renews the lease meanwhile, and puts the job off if the work fails.
    pub(super) async fn at_work<T>(
        &self,
        id: JobId,
        work: impl Future<Output = Result<T, BookError>>,
    ) -> Result<T, BookError> {
        let renewing = async {
            loop {
                sleep(RENEW_EVERY).await;
                if let Err(error) = self.lease(id).await {
                    tracing::warn!(job = ?id, error = &error as &dyn std::error::Error, "a lease was not renewed");
                }
            }
        };
        let worked = tokio::select! {
            biased;
            worked = work => worked,
            never = renewing => never,
        };
        if let Err(error) = &worked {
            self.put_off(id, error).await;
        }
        self.parts.metrics.worked(worked.is_ok());
        worked
    }

    async fn put_off(&self, id: JobId, error: &BookError) {
        tracing::warn!(job = ?id, error = error as &dyn std::error::Error, "not settled yet");
        match self.parts.store.put_off_job(self.held(id)).await {
            Ok(Some(failures)) if Job::is_worth_a_word(failures) => {
                let error = error as &dyn std::error::Error;
                tracing::error!(job = ?id, failures, error, "a job fails again and again and is tried again later: the error says what is in its way");
            }
            Ok(_) => {}
            // Its lease ends by itself.
            Err(error) => {
                tracing::warn!(job = ?id, error = &error as &dyn std::error::Error, "a job was not put off");
            }
        }
    }

    fn held(&self, id: JobId) -> HeldJob {
        HeldJob {
            job: id,
            holder: self.parts.holder,
            now: self.parts.clock.now(),
        }
    }
}
