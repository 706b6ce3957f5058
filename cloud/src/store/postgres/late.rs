//! A database whose servers did not answer when the program started: everything asked of it is refused at once until it is opened.

use std::sync::{Arc, OnceLock};

use super::Postgres;
use crate::store::StoreError;

/// Room for a database that is opened later; clones share it.
#[derive(Debug, Clone, Default)]
pub struct LatePostgres {
    opened: Arc<OnceLock<Postgres>>,
}

impl LatePostgres {
    /// Returns the database once it is open.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreachable`] until then.
    pub fn opened(&self) -> Result<&Postgres, StoreError> {
        self.opened.get().ok_or(StoreError::Unreachable(None))
    }

    /// Puts the database in its place; the first one stays.
    pub fn put_in(&self, database: Postgres) {
        let _ = self.opened.set(database);
    }
}
