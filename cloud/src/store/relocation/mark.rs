//! Reads and writes the mark of a store that is being moved, or was.

use crate::store::StoreError;
use crate::store::move_mark::{Mark, MarkState};
use crate::store::sql::{OptionalExtension, Sql, params};

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
