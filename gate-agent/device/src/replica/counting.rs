//! How many records a replica holds, read from outside, also while no program uses it.

use std::path::Path;

use super::database;
use super::error::ReplicaError;

/// Counts the records of all logs, those that a checkpoint stands for among them.
///
/// # Errors
///
/// [`ReplicaError`].
pub fn record_count(path: &Path) -> Result<u64, ReplicaError> {
    let connection = database::open_from_outside(path)?;
    let statement = "SELECT COALESCE(SUM(last), 0) FROM (
        SELECT MAX(seq) AS last FROM (SELECT origin, seq FROM records UNION ALL SELECT origin, seq FROM covered) GROUP BY origin)";
    let count: i64 = connection.query_row(statement, [], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}
