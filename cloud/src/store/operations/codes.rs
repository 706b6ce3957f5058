//! Ticket codes: finding one that is free, and the ticket of one that was typed.

use usher_keys::EventId;
use usher_protocol::ticket::TicketCode;

use crate::selling::CodeQuery;
use crate::store::StoreError;
use crate::store::sql::{OptionalExtension, Sql, params};

/// Returns the code that was drawn, or the next one that no ticket of the event has: of 30 milliards hardly any is taken.
pub fn free(connection: &Sql<'_>, event: EventId, drawn: TicketCode) -> Result<TicketCode, StoreError> {
    if connection.finds_out_later() {
        return Ok(drawn);
    }
    let mut taken = connection.prepare_cached("SELECT 1 FROM tickets WHERE event_id = ?1 AND code = ?2")?;
    let mut code = drawn;
    while taken.exists(params![event.0, stored(code)])? {
        code = code.next();
    }
    Ok(code)
}

/// Returns the number a code is stored as.
pub fn stored(code: TicketCode) -> i64 {
    i64::try_from(code.value()).unwrap_or(i64::MAX)
}

/// Reads a stored code.
pub fn read(value: i64) -> Result<TicketCode, StoreError> {
    let code = u64::try_from(value).ok().and_then(TicketCode::of_value);
    code.ok_or(StoreError::Unreadable { what: "ticket code" })
}

/// Finds the payload of the ticket with a code, valid or not.
pub fn payload_of_code(connection: &Sql<'_>, query: &CodeQuery) -> Result<Option<String>, StoreError> {
    let found = connection
        .prepare_cached("SELECT payload FROM tickets WHERE event_id = ?1 AND code = ?2")?
        .query_row(params![query.event.0, stored(query.code)], |row| row.get(0))
        .optional()?;
    Ok(found)
}
