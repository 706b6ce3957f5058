//! Auditing a store wherever it is; what is looked at is the engines' and `audit`'s.

use super::location::StoreLocation;
use super::postgres::server::Servers;
use super::{Audit, StoreError, postgres, sqlite};

/// Audits a store and changes nothing in it, also while servers use it.
///
/// # Errors
///
/// [`StoreError`] when it cannot be read at all.
pub async fn audit(location: &StoreLocation) -> Result<Audit, StoreError> {
    let location = location.clone();
    let auditing = tokio::task::spawn_blocking(move || match location {
        StoreLocation::File(file) => sqlite::audit::of_file(&file),
        StoreLocation::Servers { config, ca_file } => {
            postgres::audit::of_database(&Servers::new(&config, &ca_file)?)
        }
    });
    auditing.await.unwrap_or(Err(StoreError::Closed))
}
