//! Writing expired units down and forgetting dead reservations. It goes by the clock and has no rows: nothing depends on it, and what
//! is due follows from the units and reservations themselves.

use std::time::Duration;

use usher_keys::{EventId, Timestamp};

use crate::selling::{ErasePersonalData, Forget, Tidy};
use crate::state::AppState;
use crate::store::{Store, StoreError};

/// Units or reservations written in one command: a fraction of a millisecond each keeps the writer free for buyers.
const TIDY_AT_ONCE: u32 = 200;

/// How long a reservation that nothing came of is kept after its end: whoever comes back to it within that time is told that
/// its time is over, and not that it never was.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);

/// Tidies all events of a cell once.
///
/// # Errors
///
/// [`StoreError`]; the next round goes on.
pub async fn tidy(state: &AppState, cell: &Store) -> Result<(), StoreError> {
    for event in cell.published(()).await? {
        loop {
            let tidied = cell
                .tidy(Tidy {
                    event,
                    limit: TIDY_AT_ONCE,
                    now: state.clock.now(),
                })
                .await?;
            if tidied < TIDY_AT_ONCE as usize {
                break;
            }
        }
        forget(state, cell, event).await?;
    }
    Ok(())
}

async fn forget(state: &AppState, cell: &Store, event: EventId) -> Result<(), StoreError> {
    let kept_ms = u64::try_from(FORGOTTEN_AFTER.as_millis()).unwrap_or(u64::MAX);
    let ended_by = Timestamp(state.clock.now().0.saturating_sub(kept_ms));
    loop {
        let forgotten = cell
            .forget(Forget {
                event,
                ended_by,
                limit: TIDY_AT_ONCE,
            })
            .await?;
        if forgotten < TIDY_AT_ONCE as usize {
            return Ok(());
        }
    }
}

/// Erases who the buyers of a cell's events were that ended long ago.
///
/// # Errors
///
/// [`StoreError`]; the next round goes on.
pub async fn erase(state: &AppState, cell: &Store) -> Result<(), StoreError> {
    let kept = Duration::from_hours(24) * state.config.retention.personal_data_days;
    let kept_ms = u64::try_from(kept.as_millis()).unwrap_or(u64::MAX);
    let ended_by = Timestamp(state.clock.now().0.saturating_sub(kept_ms));
    for event in cell.published(()).await? {
        loop {
            let erase = ErasePersonalData {
                event,
                ended_by,
                limit: TIDY_AT_ONCE,
            };
            if cell.erase_personal_data(erase).await? < TIDY_AT_ONCE as usize {
                break;
            }
        }
    }
    Ok(())
}
