//! Other sellers' codes in the state: what is listed, and the passages by codes that are not listed yet, which count once they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::State;
use crate::evidence::{self, Worth};
use crate::ident::{Origin, Seq, Stamp, Unit};
use crate::record::Body;
use crate::ticket::foreign::{ForeignCodes, ForeignList, ShownForeign};

/// How many passages of one log wait for a list in memory. An honest device passes nobody by a code that it has not heard the list
/// of, so that few wait, and not for long; a device that lies could invent millions, in each of a thousand logs.
pub const MAX_UNLISTED_OF_LOG: usize = 256;

/// Passages of one log by codes that no authority has listed yet.
#[derive(Clone, Default)]
pub(super) struct Unlisted {
    /// By what they say is the code's unit.
    of_units: BTreeMap<Unit, Vec<(Stamp, Body)>>,
    passages: usize,
    /// The first passage that found no room.
    left_out: Option<Seq>,
    /// Whether a list came after that, by which the passages that were left out may count.
    has_missed_a_list: bool,
}

impl Unlisted {
    fn wait(&mut self, unit: Unit, stamp: Stamp, body: Body) {
        if self.passages < MAX_UNLISTED_OF_LOG {
            self.passages += 1;
            self.of_units.entry(unit).or_default().push((stamp, body));
        } else {
            self.left_out.get_or_insert(stamp.seq);
        }
    }

    /// Takes out the passages of these units that are of use now.
    fn take(&mut self, units: &BTreeSet<Unit>, counts: impl Fn(&Body) -> bool) -> Vec<(Stamp, Body)> {
        let mut taken = Vec::new();
        for unit in units {
            let Some(waiting) = self.of_units.remove(unit) else {
                continue;
            };
            let (counting, left): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(_, body)| counts(body));
            taken.extend(counting);
            if !left.is_empty() {
                self.of_units.insert(*unit, left);
            }
        }
        self.passages -= taken.len();
        self.has_missed_a_list |= self.left_out.is_some();
        taken
    }

    /// Takes note of a passage for which there was no room when its list came.
    fn miss(&mut self, seq: Seq) {
        self.left_out = Some(self.left_out.map_or(seq, |first| first.min(seq)));
        self.has_missed_a_list = true;
    }

    /// Returns the first passage that waits or found no room.
    fn first(&self) -> Option<Seq> {
        let waiting = self.of_units.values().flatten().map(|(stamp, _)| stamp.seq);
        waiting.chain(self.left_out).min()
    }

    fn is_empty(&self) -> bool {
        self.passages == 0 && self.left_out.is_none()
    }
}

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
            self.awaiting.entry(stamp.origin).or_insert(stamp.seq);
            return;
        };
        // Who may say so goes by the certificate that its log has here.
        if self.is_authority(&stamp.origin) || !self.may_write(&stamp, &body) {
            return self.name_false(stamp);
        }
        let of_log = self.unlisted.entry(stamp.origin).or_default();
        of_log.wait(shown.unit, stamp, body);
    }

    /// Takes an authority's list, and the passages that waited for it.
    pub(super) fn take_list(&mut self, authority: Origin, list: ForeignList) {
        let units: BTreeSet<Unit> = list.codes.iter().map(|listed| listed.unit).collect();
        let rulings = self.authorities.entry(authority).or_default();
        rulings.apply(Body::Foreign(list));
        for (origin, mut of_log) in std::mem::take(&mut self.unlisted) {
            for (stamp, body) in of_log.take(&units, |body| self.worth(body) == Worth::Proven) {
                if self.has_room_for(&stamp, &body) {
                    self.take(stamp, body);
                } else {
                    // Those after it took its room, which they have not where the list was heard first.
                    of_log.miss(stamp.seq);
                }
            }
            if !of_log.is_empty() {
                self.unlisted.insert(origin, of_log);
            }
        }
    }

    /// Tells whether passages for which there was no room may count by a list that came since: the logs are to be read again, those
    /// of the authorities first.
    pub fn has_missed_a_list(&self) -> bool {
        let mut logs = self.unlisted.iter();
        logs.any(|(origin, of_log)| {
            let counts = of_log.left_out.is_some_and(|seq| seq <= self.limits.of(origin));
            of_log.has_missed_a_list && counts
        })
    }

    /// Returns how many passages wait for a list.
    #[cfg(test)]
    pub fn waiting_for_a_list(&self) -> usize {
        self.unlisted.values().map(|of_log| of_log.passages).sum()
    }

    fn has_room_for(&self, stamp: &Stamp, body: &Body) -> bool {
        let unit = foreign_in(body).and_then(|shown| self.passages.unit(shown.unit));
        unit.is_none_or(|unit| unit.has_room(&stamp.origin))
    }

    /// Returns the logs with a passage by a code that is not listed yet, and the first of these passages.
    pub(super) fn with_unlisted(&self) -> impl Iterator<Item = (Origin, Seq)> {
        let logs = self.unlisted.iter();
        logs.filter_map(|(origin, of_log)| Some((*origin, of_log.first()?)))
    }
}

/// Returns the foreign code by which a record says that people passed.
fn foreign_in(body: &Body) -> Option<ShownForeign> {
    ShownForeign::parse(&body.passage()?.code)
}
