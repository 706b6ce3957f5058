//! What is broken at a moment, and what gets through then.

use std::collections::BTreeMap;

use super::names::DeviceId;

/// What is broken: how many failures hold each of these down at once.
#[derive(Debug, Default)]
pub(super) struct Outages {
    counts: BTreeMap<Broken, u32>,
}

/// Something that can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Broken {
    Hub(DeviceId),
    /// The cable from a hub with its gates to the others.
    HubLink(DeviceId),
    Uplink(DeviceId),
    /// A gate, and which of its access points, from 0.
    AccessPoint(usize, usize),
}

impl Outages {
    /// Breaks something, or mends it once.
    pub(super) fn change(&mut self, what: Broken, breaks: bool) {
        let count = self.counts.entry(what).or_default();
        *count = if breaks {
            *count + 1
        } else {
            count.saturating_sub(1)
        };
    }

    pub(super) fn has(&self, what: Broken) -> bool {
        self.counts.get(&what).is_some_and(|count| *count > 0)
    }

    /// Tells whether the cables between two hubs carry something; the cloud, 0, is behind the uplink.
    pub(super) fn carries(&self, a: DeviceId, b: DeviceId) -> bool {
        match (a.min(b), a.max(b)) {
            (same, other) if same == other => true,
            (0, hub) => !self.has(Broken::Uplink(hub)),
            (a, b) => !self.has(Broken::HubLink(a)) && !self.has(Broken::HubLink(b)),
        }
    }
}
