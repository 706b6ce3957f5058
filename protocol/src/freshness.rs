//! Up to when every word of the authority is here: the newest assurance, and when it was heard; whether it is genuine the session has looked.

use std::sync::{Mutex, MutexGuard};

use crate::assurance::Assurance;
use crate::clock::AGREEMENT_MS;
use crate::ident::{MAX_SKEW_MS, Origin};
use crate::trust::Trust;
use usher_keys::Timestamp;

/// The newest assurance; held only to copy or replace it.
pub struct Freshness(Mutex<Option<HeardAssurance>>);

/// An assurance as it was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeardAssurance {
    pub assurance: Assurance,
    /// Up to when everything is here: not after we heard so, whatever the authority's clock says.
    pub as_of: Timestamp,
}

/// Whose word counts now, and what time it is.
pub struct FreshnessMoment<'a> {
    /// The trust in force.
    pub trust: &'a Trust,
    /// The authority in force.
    pub authority: Option<Origin>,
    /// Our clock.
    pub now: Timestamp,
}

impl FreshnessMoment<'_> {
    /// An authority that was struck out or taken over from says nothing of how far its successor has come. What lies far ahead
    /// was said by a clock that went wrong, and would be the newest for ever.
    fn allows(&self, assurance: &Assurance) -> bool {
        let is_plausible = assurance.at <= self.now.plus_ms(MAX_SKEW_MS);
        is_plausible && self.authority == Some(assurance.authority) && assurance.counts(self.trust)
    }
}

impl Freshness {
    /// Begins with what was stored.
    pub fn new(stored: Option<HeardAssurance>) -> Self {
        Self(Mutex::new(stored))
    }

    /// Takes note that an authority has said this and that as much of its log is here.
    pub fn hear(&self, assurance: Assurance, moment: &FreshnessMoment) {
        let known = self.heard(moment);
        let is_news = known.is_none_or(|known| assurance.is_newer_than(&known.assurance, moment.now));
        if moment.allows(&assurance) && is_news {
            let before = known
                .map(|known| known.as_of)
                .filter(|as_of| *as_of <= moment.now);
            let as_of = assurance.at.min(moment.now).max(before.unwrap_or_default());
            *self.last() = Some(HeardAssurance { assurance, as_of });
        }
    }

    /// Returns the newest assurance that counts.
    pub fn newest(&self, moment: &FreshnessMoment) -> Option<Assurance> {
        self.heard(moment).map(|heard| heard.assurance)
    }

    /// Returns the authority's own time of the newest assurance, although our clock may say that it is still to come.
    pub fn last_heard(&self) -> Option<Timestamp> {
        self.last().map(|heard| heard.assurance.at)
    }

    /// Returns up to when every word of the authority is here, if that can be told by our clock.
    pub fn as_of(&self, moment: &FreshnessMoment) -> Option<Timestamp> {
        let as_of = self.heard(moment)?.as_of;
        (as_of <= moment.now.plus_ms(AGREEMENT_MS)).then(|| as_of.min(moment.now))
    }

    /// Returns the newest assurance that counts, as it was heard.
    pub fn heard(&self, moment: &FreshnessMoment) -> Option<HeardAssurance> {
        let last = *self.last();
        last.filter(|heard| moment.allows(&heard.assurance))
    }

    fn last(&self) -> MutexGuard<'_, Option<HeardAssurance>> {
        self.0.lock().expect("nothing panics while it holds this")
    }
}
