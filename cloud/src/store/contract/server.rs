//! Ways to the PostgreSQL server of the tests.

use std::path::Path;

use crate::store::location::{StoreLocation, StoreSettings};
use crate::store::postgres::server::Servers;

/// Says where the store with that URL is.
pub fn location(url: &str) -> StoreLocation {
    let settings = StoreSettings {
        url: url.to_owned().try_into().unwrap(),
        ..StoreSettings::default()
    };
    settings.location(Path::new(""))
}

/// Returns how to connect to a URL of this machine.
pub fn servers(url: &str) -> Servers {
    Servers::new(&url.parse().unwrap(), Path::new("")).unwrap()
}
