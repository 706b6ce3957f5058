//! Booking codes as they are stored, and finding one that is free.

use usher_keys::EventId;

use crate::selling::booking_code::BookingCode;
use crate::store::StoreError;
use crate::store::sql::{Sql, params};

/// Returns the code that was drawn, or the next one that no booking of the event has.
pub fn free(connection: &Sql<'_>, event: EventId, drawn: BookingCode) -> Result<BookingCode, StoreError> {
    if connection.finds_out_later() {
        return Ok(drawn);
    }
    let mut taken = connection.prepare_cached("SELECT 1 FROM bookings WHERE event_id = ?1 AND code = ?2")?;
    let mut code = drawn;
    while taken.exists(params![event.0, stored(code)])? {
        code = code.next();
    }
    Ok(code)
}

/// Returns the number a code is stored as.
pub fn stored(code: BookingCode) -> i64 {
    i64::try_from(code.value()).unwrap_or(i64::MAX)
}

/// Reads a stored code.
pub fn read(value: i64) -> Result<BookingCode, StoreError> {
    let code = u64::try_from(value).ok().and_then(BookingCode::of_value);
    code.ok_or(StoreError::Unreadable { what: "booking code" })
}
