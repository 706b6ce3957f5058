//! The logs of events as tables, with what the authority keeps beside them: trust bundles, checkpoints, codes and contacts.

pub mod append;
mod changes;
pub mod devices;
pub mod feed;
pub mod halts;
mod kept_heads;
pub mod logs;
pub mod trust;

use crate::store::StoreError;

/// Writes a count; one beyond the column's range cannot come about in the life of the universe.
fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Reads a count.
///
/// # Errors
///
/// [`StoreError::Unreadable`].
pub fn read_count(value: i64) -> Result<u64, StoreError> {
    super::column::narrow(value, "count")
}
