//! How far each log counts: what lies beyond is kept and relayed, and changes nothing.

use std::collections::BTreeMap;

use crate::ident::{Origin, Seq, Stamp};

/// The last record that counts, of each log that does not count as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits(BTreeMap<Origin, Seq>);

impl Limits {
    /// Takes the limits of logs.
    pub fn new(limits: impl IntoIterator<Item = (Origin, Seq)>) -> Self {
        Self(limits.into_iter().collect())
    }

    /// Gives the last record of a log that counts.
    pub fn of(&self, origin: &Origin) -> Seq {
        self.0.get(origin).copied().unwrap_or(Seq(u64::MAX))
    }

    /// Tells whether a record counts.
    pub fn count(&self, stamp: &Stamp) -> bool {
        self.0.is_empty() || stamp.seq <= self.of(&stamp.origin)
    }
}
