//! Taking up jobs that wait for anybody: what a process that died has left, and what has failed before.

use futures_util::future::join_all;

use crate::ids::BookingId;
use crate::selling::jobs::{DueJobs, FreeJobs, JobId, JobKind};
use crate::state::AppState;
use crate::store::{Store, StoreError};

/// Jobs done side by side: most wait for the payment service.
const AT_ONCE: u32 = 64;

/// Frees the jobs in a cell that earlier servers on this data directory had leased.
///
/// # Errors
///
/// [`StoreError`]; leases end by themselves.
pub async fn take_over(state: &AppState, cell: &Store) -> Result<(), StoreError> {
    let free = FreeJobs {
        holder: state.holder,
        now: state.clock.now(),
    };
    let freed = cell.free_jobs(free).await?;
    if freed > 0 {
        tracing::info!(freed, "taking up what was in progress when the server ended");
    }
    Ok(())
}

/// Does all jobs of a cell that settle money and are due; puts off those that cannot be done now.
///
/// # Errors
///
/// [`StoreError`]: the jobs cannot be read.
pub async fn do_due(state: &AppState, cell: &Store) -> Result<(), StoreError> {
    loop {
        let wanted = DueJobs {
            kind: JobKind::Paying,
            limit: AT_ONCE,
            now: state.clock.now(),
        };
        let due = cell.due_jobs(wanted).await?;
        let is_last = due.len() < AT_ONCE as usize;
        let doing = due.into_iter().map(|job| async move {
            match job.id {
                JobId::SettleBooking(booking) => settle(state, booking).await,
                // What fails is put off and told by the desk.
                JobId::GiveRefund(refund) => state.desk.refund_due(refund).await.unwrap_or(false),
                JobId::RefundEvent(event) => {
                    state.desk.refund_event_due(event);
                    false
                }
                JobId::SendWebhooks(_) | JobId::SendLetters(_) | JobId::WriteLetters(_) => false,
            }
        });
        let is_done = join_all(doing).await;
        // Those that somebody is at are still due: looked at again at once, they would never end.
        if is_last || !is_done.contains(&true) {
            return Ok(());
        }
    }
}

/// Tells whether it is done.
async fn settle(state: &AppState, booking: BookingId) -> bool {
    // What fails is put off and told by the desk.
    let Ok(Some(outcome)) = state.desk.settle_due(booking).await else {
        return false;
    };
    tracing::info!(
        ?booking,
        outcome = outcome.label(),
        "settled a booking that was left open"
    );
    true
}
