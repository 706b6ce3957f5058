//! Other sellers' codes in the state: what is listed, and the passages by codes that are not listed yet, which count once they are.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::State;
use super::units::MAX_PASSAGES_OF_LOG;
use crate::evidence::{self, Worth};
use crate::ident::{Origin, Stamp, Unit};
use crate::record::Body;
use crate::ticket::foreign::{ForeignCodes, ForeignList, ShownForeign};

impl State {
    /// Returns the codes of other sellers' tickets, as the authority in force lists them.
    pub fn foreign(&self) -> Arc<ForeignCodes> {
        let rulings = self.rulings();
        rulings
            .map(|rulings| Arc::clone(&rulings.foreign))
            .unwrap_or_default()
    }

    /// Tells whether any authority has listed a code as a record has it: who passed by an earlier one's word has passed.
    pub fn has_listed(&self, shown: &ShownForeign) -> bool {
        let mut authorities = self.authorities.values();
        authorities.any(|rulings| rulings.foreign.has_listed(shown))
    }

    /// Verifies what a record says by the signatures in it and the lists that are known.
    pub(super) fn worth(&self, body: &Body) -> Worth {
        let worth = evidence::worth(body, &self.trust);
        let is_listed = || foreign_in(body).is_some_and(|shown| self.has_listed(&shown));
        if worth == Worth::UnknownKey && is_listed() {
            return Worth::Proven;
        }
        worth
    }

    /// Puts a record off until what it rests on is known: a passage by a foreign code until that is listed, anything else until
    /// the log is read again.
    pub(super) fn put_off(&mut self, stamp: Stamp, body: Body) {
        let Some(shown) = foreign_in(&body) else {
            self.awaiting.insert(stamp.origin);
            return;
        };
        // Who may say so goes by the certificate that its log has here.
        if self.is_authority(&stamp.origin) || !self.may_write(&stamp, &body) {
            return self.name_false(stamp);
        }
        let waiting = self.unlisted.entry(shown.unit).or_default();
        let of_log = waiting.iter().filter(|(other, _)| other.origin == stamp.origin);
        if of_log.count() < MAX_PASSAGES_OF_LOG {
            waiting.push((stamp, body));
        } else {
            self.name_false(stamp);
        }
    }

    /// Takes an authority's list, and the passages that waited for it.
    pub(super) fn take_list(&mut self, authority: Origin, list: ForeignList) {
        let units: BTreeSet<Unit> = list.codes.iter().map(|listed| listed.unit).collect();
        let rulings = self.authorities.entry(authority).or_default();
        rulings.apply(Body::Foreign(list));
        let waiting: Vec<Unit> = units
            .into_iter()
            .filter(|unit| self.unlisted.contains_key(unit))
            .collect();
        for unit in waiting {
            for (stamp, body) in self.unlisted.remove(&unit).unwrap_or_default() {
                if self.worth(&body) == Worth::Proven {
                    self.take(stamp, body);
                } else {
                    self.unlisted.entry(unit).or_default().push((stamp, body));
                }
            }
        }
    }

    /// Returns the logs with a passage by a code that is not listed yet.
    pub(super) fn with_unlisted(&self) -> impl Iterator<Item = Origin> {
        let waiting = self.unlisted.values().flatten();
        waiting.map(|(stamp, _)| stamp.origin)
    }

    pub(super) fn forget_unlisted(&mut self, origins: &BTreeSet<Origin>) {
        self.unlisted.retain(|_, waiting| {
            waiting.retain(|(stamp, _)| !origins.contains(&stamp.origin));
            !waiting.is_empty()
        });
    }
}

/// Returns the foreign code by which a record says that people passed.
fn foreign_in(body: &Body) -> Option<ShownForeign> {
    ShownForeign::parse(&body.passage()?.code)
}
