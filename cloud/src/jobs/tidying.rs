//! Writing expired units down and forgetting dead reservations. It goes by the clock and has no rows: nothing depends on it, and what
//! is due follows from the units and reservations themselves.

use std::time::Duration;

use usher_keys::{EventId, Timestamp};

use crate::ids::ReservationId;
use crate::kept_answers::{ForgetAnswers, forgotten_before};
use crate::selling::holding::REMEMBERED_MS;
use crate::selling::waiting_list::OfferPlaces;
use crate::selling::{ErasePersonalData, Forget, Tidy};
use crate::state::AppState;
use crate::store::search::ForgetListings;
use crate::store::{Store, StoreError};

/// Units or reservations written in one command: a fraction of a millisecond each keeps the writer free for buyers.
const TIDY_AT_ONCE: u32 = 200;

/// How long a reservation that nothing came of is kept after its end: whoever comes back to it within that time is told that
/// its time is over, and not that it never was. Until then it counts against whoever held it.
const FORGOTTEN_AFTER: Duration = Duration::from_millis(REMEMBERED_MS);

/// Forgets answers that were kept for a day, and keys whose requests were never answered.
///
/// # Errors
///
/// [`StoreError`]; the next round goes on.
pub async fn forget_answers(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let before = forgotten_before(now);
    let limit = TIDY_AT_ONCE;
    while store.forget_answers(ForgetAnswers { before, limit }).await? == limit as usize {}
    Ok(())
}

/// Offers of one event that are made in one command.
const OFFERS_AT_ONCE: usize = 50;

/// Offers the places of a cell's events that have come back to whoever waits for them.
///
/// # Errors
///
/// [`StoreError`]; the next round goes on.
pub async fn offer(state: &AppState, cell: &Store) -> Result<(), StoreError> {
    for event in cell.awaited_events(()).await? {
        let now = state.clock.now();
        let offer = OfferPlaces {
            event,
            reservations: (0..OFFERS_AT_ONCE)
                .map(|_| ReservationId::draw(event, now))
                .collect(),
            believed_until: state.signer.believed_until(event),
            mails: state.mailer.is_some(),
            now,
        };
        match state.store.offer_places(offer).await {
            Ok(0) | Err(StoreError::Moving) => {}
            Ok(_) => state.seat_maps.changed(event),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Tidies all events of a cell once.
///
/// # Errors
///
/// [`StoreError`]; the next round goes on.
pub async fn tidy(store: &Store, cell: &Store, now: Timestamp) -> Result<(), StoreError> {
    for event in cell.published(()).await? {
        unless_moving(tidy_event(store, event, now).await)?;
    }
    let (ended_by, limit) = (now, TIDY_AT_ONCE);
    while cell.forget_listings(ForgetListings { ended_by, limit }).await? == limit as usize {}
    Ok(())
}

/// Leaves out an event that is on its way to another cell: its rows are compared there, and whoever takes it along has it to itself here.
/// So the store is told what to do and not the cell, which does not know.
fn unless_moving(done: Result<(), StoreError>) -> Result<(), StoreError> {
    match done {
        Err(StoreError::Moving) => Ok(()),
        done => done,
    }
}

async fn tidy_event(store: &Store, event: EventId, now: Timestamp) -> Result<(), StoreError> {
    loop {
        let tidied = store
            .tidy(Tidy {
                event,
                limit: TIDY_AT_ONCE,
                now,
            })
            .await?;
        if tidied < TIDY_AT_ONCE as usize {
            return forget(store, event, now).await;
        }
    }
}

async fn forget(store: &Store, event: EventId, now: Timestamp) -> Result<(), StoreError> {
    let kept_ms = u64::try_from(FORGOTTEN_AFTER.as_millis()).unwrap_or(u64::MAX);
    let ended_by = Timestamp(now.0.saturating_sub(kept_ms));
    loop {
        let forgotten = store
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
        unless_moving(erase_event(&state.store, event, ended_by).await)?;
    }
    Ok(())
}

async fn erase_event(store: &Store, event: EventId, ended_by: Timestamp) -> Result<(), StoreError> {
    loop {
        let erase = ErasePersonalData {
            event,
            ended_by,
            limit: TIDY_AT_ONCE,
        };
        if store.erase_personal_data(erase).await? < TIDY_AT_ONCE as usize {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cells::directory::{EventOnItsWay, Place};
    use crate::store::contract::case::{Case, START};
    use crate::store::location::CellName;
    use crate::store::operations::{Effect, cells};

    #[tokio::test(flavor = "multi_thread")]
    async fn the_rows_of_an_event_that_is_on_its_way_are_left_as_they_are() {
        let case = Case::on_cells().await;
        case.held(&[0], START).await;
        let later = START.plus_ms(86_400_000);
        let [home, cell] = case.store.each_cell().try_into().unwrap();
        let north: CellName = "north".parse().unwrap();
        let on_its_way = EventOnItsWay {
            event: case.event,
            at: Place::Cell(north.clone()),
            to: Some(Place::Cell(north.clone())),
        };
        let directory = home.engine();
        let noted = directory.write(None, move |connection| {
            cells::note_on_its_way(connection, &on_its_way).map(Effect::Keep)
        });
        noted.await.unwrap();
        // As another process, which has not asked for the event before.
        let store = home.with_cells([(north, cell.engine())].into());
        tidy(&store, &cell, later).await.unwrap();
        let left = Tidy {
            event: case.event,
            limit: TIDY_AT_ONCE,
            now: later,
        };
        assert_eq!(cell.tidy(left).await.unwrap(), 1);
    }
}
