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
        let of_log = self.unlisted.entry(stamp.origin).or_default();
        let waiting = of_log.entry(shown.unit).or_default();
        if waiting.len() < MAX_PASSAGES_OF_LOG {
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
        for (origin, mut of_log) in std::mem::take(&mut self.unlisted) {
            for unit in &units {
                let waiting = of_log.remove(unit).unwrap_or_default();
                let (listed, left): (Vec<_>, Vec<_>) = waiting
                    .into_iter()
                    .partition(|(_, body)| self.worth(body) == Worth::Proven);
                for (stamp, body) in listed {
                    self.take(stamp, body);
                }
                if !left.is_empty() {
                    of_log.insert(*unit, left);
                }
            }
            if !of_log.is_empty() {
                self.unlisted.insert(origin, of_log);
            }
        }
    }

    /// Returns the logs with a passage by a code that is not listed yet.
    pub(super) fn with_unlisted(&self) -> impl Iterator<Item = Origin> {
        self.unlisted.keys().copied()
    }
}

/// Returns the foreign code by which a record says that people passed.
fn foreign_in(body: &Body) -> Option<ShownForeign> {
    ShownForeign::parse(&body.passage()?.code)
}
