//! What a store says of a move that it is in, or was: whoever opens it to serve is refused.

use std::fmt;

use crate::store::StoreError;
use crate::store::location::StoreLocation;
use crate::store::sql::{OptionalExtension, Sql, params};

/// How far a store's move has come, seen from one end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkState {
    /// Its rows are being copied away.
    Leaving,
    /// All of it is elsewhere.
    Left,
    /// Rows are coming in.
    Arriving,
}

impl MarkState {
    const ALL: [Self; 3] = [Self::Leaving, Self::Left, Self::Arriving];

    fn word(self) -> &'static str {
        match self {
            Self::Leaving => "leaving",
            Self::Left => "left",
            Self::Arriving => "arriving",
        }
    }
}

/// The mark of a store that is being moved, or was. What it shows is for whoever wanted to serve the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The same at both ends of a move.
    pub id: [u8; 16],
    /// How far it has come.
    pub state: MarkState,
    /// Where the other end is, without any secret.
    pub elsewhere: String,
}

impl Mark {
    /// Makes the mark of one end, with the other end's location.
    pub fn new(id: [u8; 16], state: MarkState, elsewhere: &StoreLocation) -> Self {
        Self {
            id,
            state,
            elsewhere: elsewhere.to_string(),
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elsewhere = &self.elsewhere;
        match self.state {
            MarkState::Leaving => write!(
                f,
                "the store is being moved to {elsewhere}: let `usher-cloud move` finish, or call it off with its --undo"
            ),
            MarkState::Left => write!(f, "the store was moved to {elsewhere}: set store.url to that"),
            MarkState::Arriving => write!(
                f,
                "a store is being moved here from {elsewhere}, and not all of it is here: let `usher-cloud move` finish"
            ),
        }
    }
}

/// Reads the mark, if there is one.
///
/// # Errors
///
/// [`StoreError`].
pub fn read(connection: &Sql<'_>) -> Result<Option<Mark>, StoreError> {
    let row: Option<([u8; 16], String, String)> = connection
        .prepare_cached("SELECT move_id, state, elsewhere FROM store_move")?
        .query_row([], |row| row.try_into())
        .optional()?;
    let Some((id, word, elsewhere)) = row else {
        return Ok(None);
    };
    let state = MarkState::ALL.into_iter().find(|state| state.word() == word);
    Ok(Some(Mark {
        id,
        state: state.ok_or(StoreError::Unreadable {
            what: "state of a move",
        })?,
        elsewhere,
    }))
}

/// Puts a mark in place of the one there is, or removes it, together with what is known of tables that came.
///
/// # Errors
///
/// [`StoreError`].
pub fn write(connection: &Sql<'_>, mark: Option<&Mark>) -> Result<(), StoreError> {
    let Some(mark) = mark else {
        for sql in ["DELETE FROM store_move", "DELETE FROM store_move_tables"] {
            connection.prepare_cached(sql)?.execute([])?;
        }
        return Ok(());
    };
    connection
        .prepare_cached(
            "INSERT INTO store_move (one, move_id, state, elsewhere) VALUES (1, ?1, ?2, ?3)
             ON CONFLICT (one) DO UPDATE SET move_id = ?1, state = ?2, elsewhere = ?3",
        )?
        .execute(params![mark.id, mark.state.word(), mark.elsewhere])?;
    Ok(())
}
