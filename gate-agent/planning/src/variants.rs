//! The same scenario with one thing changed: what another lane, hub or a day without failures would give.

use serde::Serialize;

use crate::figures::Evening;
use crate::scenario::{HubPlan, Scenario};

/// What is changed in a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhatIf {
    /// Every gate has a lane more.
    LaneMore,
    /// Every gate that has several has a lane less.
    LaneLess,
    /// There is a hub more; of the hub with most gates every other one hangs on it.
    HubMore,
    /// Nothing breaks.
    NothingFails,
}

/// What one change comes to, in a few numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What was changed; nothing in the scenario as it is.
    pub change: Option<WhatIf>,
    /// The longest of all gates.
    pub wait_p50_s: u64,
    /// The longest of all gates.
    pub wait_p95_s: u64,
    /// The most of all gates.
    pub queue_max: usize,
    pub referrals: u64,
    pub not_let_in: u64,
    pub doubles: usize,
    pub last_in_min: i64,
}

impl Comparison {
    /// Sums an evening up.
    #[must_use]
    pub fn of(change: Option<WhatIf>, evening: &Evening) -> Self {
        let gates = || evening.gates.iter();
        Self {
            change,
            wait_p50_s: gates().map(|gate| gate.wait_p50_s).max().unwrap_or_default(),
            wait_p95_s: gates().map(|gate| gate.wait_p95_s).max().unwrap_or_default(),
            queue_max: gates().map(|gate| gate.queue_max).max().unwrap_or_default(),
            referrals: gates().map(|gate| gate.referrals).sum(),
            not_let_in: evening.own_tickets_not_let_in,
            doubles: evening.doubles,
            last_in_min: evening.last_in_min,
        }
    }
}

impl Scenario {
    /// Returns the scenario with each change that makes another one of it.
    #[must_use]
    pub fn variants(&self) -> Vec<(WhatIf, Self)> {
        let changes = [
            WhatIf::LaneMore,
            WhatIf::LaneLess,
            WhatIf::HubMore,
            WhatIf::NothingFails,
        ];
        let changed = changes.into_iter().map(|change| (change, self.with(change)));
        changed.filter(|(_, other)| other != self).collect()
    }

    fn with(&self, change: WhatIf) -> Self {
        let mut changed = self.clone();
        match change {
            WhatIf::LaneMore => changed.gates.iter_mut().for_each(|gate| gate.lanes += 1),
            WhatIf::LaneLess => {
                let several = changed
                    .gates
                    .iter_mut()
                    .filter(|gate| gate.lanes > gate.access_points);
                several.for_each(|gate| gate.lanes -= 1);
            }
            WhatIf::HubMore => changed.add_hub(),
            WhatIf::NothingFails => changed.failures.clear(),
        }
        changed
    }

    fn add_hub(&mut self) {
        let name = format!("One more hub ({})", self.hubs.len() + 1);
        let gates_of = |hub: &&HubPlan| self.gates.iter().filter(|gate| gate.hub == hub.name).count();
        let Some(busiest) = self.hubs.iter().max_by_key(gates_of).cloned() else {
            return;
        };
        let its_gates = self.gates.iter_mut().filter(|gate| gate.hub == busiest.name);
        its_gates
            .skip(1)
            .step_by(2)
            .for_each(|gate| gate.hub.clone_from(&name));
        self.hubs.push(HubPlan { name });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_changes_what_it_says_and_none_that_changes_nothing_is_played() {
        let stadium = Scenario::read(include_str!("../scenarios/stadium.toml")).unwrap();
        let variants = stadium.variants();
        let lanes = |change: WhatIf| {
            let found = variants.iter().find(|(one, _)| *one == change);
            found.map(|(_, scenario)| scenario.gates.iter().map(|gate| gate.lanes).sum::<usize>())
        };
        assert_eq!(lanes(WhatIf::LaneMore), Some(8 * 11));
        assert_eq!(lanes(WhatIf::LaneLess), Some(8 * 9));
        let more = &variants
            .iter()
            .find(|(one, _)| *one == WhatIf::HubMore)
            .unwrap()
            .1;
        assert_eq!(more.hubs.len(), 5);
        assert_eq!(
            more.gates
                .iter()
                .filter(|gate| gate.hub == more.hubs[4].name)
                .count(),
            1
        );
        let club = Scenario::read(include_str!("../scenarios/club.toml")).unwrap();
        assert!(
            club.variants()
                .iter()
                .all(|(change, _)| *change != WhatIf::NothingFails)
        );
    }
}
