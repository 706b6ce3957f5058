//! Marking a store while nobody else uses it: whoever opens it afterwards sees the mark.

use crate::store::StoreError;
use crate::store::location::StoreLocation;
use crate::store::move_mark::Mark;
use crate::store::postgres::server::Servers;
use crate::store::sql::Sql;
use crate::store::{postgres, sqlite};

use super::RelocationError;
use super::mark;

/// Writes a mark, or removes it, in a store that nobody uses.
///
/// # Errors
///
/// [`RelocationError::InUse`]: nothing has changed then.
pub async fn write_alone(location: &StoreLocation, mark: Option<Mark>) -> Result<(), RelocationError> {
    let there = location.clone();
    let writing = tokio::task::spawn_blocking(move || {
        let write = |connection: &Sql<'_>| mark::write(connection, mark.as_ref());
        match there {
            StoreLocation::File(file) => sqlite::alone::write(&file, write),
            StoreLocation::Servers { config, ca_file } => {
                postgres::alone::write(&Servers::new(&config, &ca_file)?, write)
            }
        }
    });
    match writing.await.unwrap_or(Err(StoreError::Closed))? {
        true => Ok(()),
        false => Err(RelocationError::InUse(location.to_string())),
    }
}
