//! Moving a whole store to another place, from one engine to the other or to another of the same: table by table, again from where it
//! was when it was killed, and compared row by row at the end. No server runs on either meanwhile.

pub mod event_rows;
pub mod mark;
mod occupied;
mod tables;

use thiserror::Error;

use super::engine::Engine;
use super::location::StoreLocation;
use super::move_mark::{Mark, MarkState};
use super::operations::Effect;
use super::{Store, StoreError};
use crate::ids::draw;
pub use tables::Moved;

/// Why a store was not moved, or not all of it. It stays where it is then, and may be moved again.
#[derive(Debug, Clone, Error)]
pub enum RelocationError {
    /// There is nothing to move.
    #[error("there is no store at {0}")]
    NoStore(String),
    /// Somebody uses one of the two.
    #[error("{0} is in use: stop every usher-cloud and whatever else is connected to it")]
    InUse(String),
    /// Payments are open, and the gateway's record of them may not come along.
    #[error(
        "{0} payments are open: start the server, wait until they are settled (usher_jobs in /metrics is 0), stop it"
    )]
    OpenPayments(u64),
    /// There is something where the store should go.
    #[error("{0} is not empty: move into a new database")]
    NotEmpty(String),
    /// What came to the new place is of another move.
    #[error("{0} holds a part of another store: move into a new database")]
    OtherMove(String),
    /// The store is on its way to another place, or there.
    #[error("{0}")]
    Elsewhere(Mark),
    /// A store that has gone is not taken back.
    #[error("the store was moved to {0}: move it from there to a new place")]
    Gone(String),
    /// A table of which this program does not know whether it is to be moved.
    #[error("this version does not know what to do with the table {0}")]
    UnknownTable(String),
    /// The columns differ.
    #[error("the table {0} has other columns there")]
    OtherColumns(&'static str),
    /// What arrived is not what was sent.
    #[error("the rows of {0} are not the same in both places: move into a new database")]
    Differs(&'static str),
    /// One of the stores.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Moves a store, or goes on with that; tells what was moved once all of it is there and the old place is closed.
///
/// # Errors
///
/// [`RelocationError`].
pub async fn relocate(from: &StoreLocation, to: &StoreLocation) -> Result<Vec<Moved>, RelocationError> {
    if let StoreLocation::File(file) = from
        && !file.exists()
    {
        return Err(RelocationError::NoStore(from.to_string()));
    }
    let (source, target) = (Store::open_marked(from).await?, Store::open_marked(to).await?);
    let marks = [mark_of(&source).await?, mark_of(&target).await?];
    let id = agreed(&marks, [from, to], &target).await?;
    let is_gone = matches!(&marks[0], Some(mark) if mark.state == MarkState::Left);
    source.close().await;
    target.close().await;
    drop((source, target));
    if !is_gone {
        leave(from, Mark::new(id, MarkState::Leaving, to)).await?;
    }
    occupied::write_alone(to, Some(Mark::new(id, MarkState::Arriving, from))).await?;

    let (source, target) = (Store::open_marked(from).await?, Store::open_marked(to).await?);
    let (old, new) = (source.engine(), target.engine());
    let moved = tables::move_all(&old, &new).await?;
    write_mark(&old, Some(Mark::new(id, MarkState::Left, to))).await?;
    write_mark(&new, None).await?;
    source.close().await;
    target.close().await;
    Ok(moved)
}

/// Opens a store again that was to be moved and has not gone.
///
/// # Errors
///
/// [`RelocationError`].
pub async fn stay(from: &StoreLocation) -> Result<(), RelocationError> {
    let source = Store::open_marked(from).await?;
    let mark = mark_of(&source).await?;
    source.close().await;
    drop(source);
    match mark {
        None => Ok(()),
        Some(mark) => match mark.state {
            MarkState::Leaving => occupied::write_alone(from, None).await,
            MarkState::Left => Err(RelocationError::Gone(mark.elsewhere)),
            MarkState::Arriving => Err(RelocationError::Elsewhere(mark)),
        },
    }
}

/// Closes the old place, unless payments are open there.
async fn leave(from: &StoreLocation, mark: Mark) -> Result<(), RelocationError> {
    occupied::write_alone(from, Some(mark)).await?;
    let source = Store::open_marked(from).await?;
    let open = source.engine().read(tables::open_payments).await?;
    if open > 0 {
        write_mark(&source.engine(), None).await?;
    }
    source.close().await;
    if open > 0 {
        return Err(RelocationError::OpenPayments(open));
    }
    Ok(())
}

/// Finds out by the marks whether this is a move that may begin or go on; gives its id.
async fn agreed(
    marks: &[Option<Mark>; 2],
    [from, to]: [&StoreLocation; 2],
    target: &Store,
) -> Result<[u8; 16], RelocationError> {
    let arrived = match &marks[1] {
        Some(mark) if mark.state == MarkState::Arriving => Some(mark.id),
        Some(mark) => return Err(RelocationError::Elsewhere(mark.clone())),
        None => None,
    };
    let id = match &marks[0] {
        None => draw(),
        Some(mark) if mark.state == MarkState::Arriving || mark.elsewhere != to.to_string() => {
            return Err(RelocationError::Elsewhere(mark.clone()));
        }
        Some(mark) if mark.state == MarkState::Left && arrived != Some(mark.id) => {
            return Err(RelocationError::Gone(mark.elsewhere.clone()));
        }
        Some(mark) => mark.id,
    };
    match arrived {
        Some(other) if other != id => Err(RelocationError::OtherMove(to.to_string())),
        Some(_) => Ok(id),
        None if from.to_string() == to.to_string() || !target.engine().read(tables::are_empty).await? => {
            Err(RelocationError::NotEmpty(to.to_string()))
        }
        None => Ok(id),
    }
}

async fn mark_of(store: &Store) -> Result<Option<Mark>, StoreError> {
    store.engine().read(mark::read).await
}

async fn write_mark(engine: &Engine, mark: Option<Mark>) -> Result<(), StoreError> {
    engine
        .write(None, move |connection| {
            mark::write(connection, mark.as_ref())?;
            Ok(Effect::Keep(()))
        })
        .await
}

#[cfg(test)]
mod tests;
