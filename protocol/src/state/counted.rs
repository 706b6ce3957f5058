//! The counts of people that were signed at the gates: the one in force of each zone, and the others for people who look back at them.

use std::collections::BTreeMap;

use usher_keys::PublicKey;

use super::State;
use super::limits::CountInForce;
use crate::ident::{Origin, ZoneId};
use crate::record::Count;

/// A count of the people in a zone, as it corrected what was known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrected {
    /// How many were counted, and when.
    pub count: Count,
    /// Whose log says so.
    pub by: PublicKey,
    /// How many there were at that moment by what is known now without it: the gates' records and the count before.
    pub replaced: i64,
    /// Whether it is the one that counts.
    pub is_in_force: bool,
}

impl State {
    /// Returns the last counts of a zone, at most so many, newest first, as far as their writers' logs count.
    pub fn last_counts(&self, zone: ZoneId, most: usize) -> Vec<Corrected> {
        let mut counts = self.counts_of(zone);
        counts.sort_unstable();
        // What the oldest one replaced rests on the one before it.
        let counts = counts.split_off(counts.len().saturating_sub(most.saturating_add(1)));
        let recorded = self.passages.inside_counted(zone, &counts, &self.limits);
        let in_force = self.limits.counts().get(&zone);
        let mut before = 0;
        let mut corrected = Vec::new();
        for (one, recorded) in counts.into_iter().zip(recorded) {
            let is_in_force = in_force == Some(&one);
            let replaced = recorded + before;
            before = i64::from(one.count.inside) - recorded;
            corrected.push(Corrected {
                count: one.count,
                by: one.by,
                replaced,
                is_in_force,
            });
        }
        corrected.reverse();
        corrected.truncate(most);
        corrected
    }

    /// Of each zone the last count is in force, as far as its log counts.
    pub(super) fn counts_in_force(&self) -> BTreeMap<ZoneId, CountInForce> {
        let mut newest = BTreeMap::<ZoneId, (&Count, &Origin)>::new();
        for (by, writer) in &self.writers {
            for count in writer.counts(self.limit_of(by)) {
                let held = newest.entry(count.zone).or_insert((count, by));
                *held = (count, by).max(*held);
            }
        }
        let in_force = newest.into_iter().map(|(zone, (count, by))| {
            let (count, by) = (count.clone(), *by);
            (zone, CountInForce { count, by })
        });
        in_force.collect()
    }

    fn counts_of(&self, zone: ZoneId) -> Vec<CountInForce> {
        let of_writer = self.writers.iter().flat_map(|(by, writer)| {
            let counts = writer.counts(self.limit_of(by));
            counts.map(|count| CountInForce {
                count: count.clone(),
                by: *by,
            })
        });
        of_writer.filter(|one| one.count.zone == zone).collect()
    }
}
