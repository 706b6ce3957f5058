//! What day and time it is at the simulated venue: runs over midnight, over a change of summer time, and over the end of a tier's window; and checking by the judge's rule time what tickets for so many entries a day let in.

use std::collections::BTreeMap;

use usher_keys::{Timestamp, Window};
use usher_protocol::ScanId;
use usher_protocol::policy::{EntryRule, OffsetChange, Policy, TierRules};
use usher_protocol::record::Body;

use super::random::Random;
use super::sabotage::Sabotage;
use super::setting::{BEGIN_MS, LONG_OVER};
use super::world::World;

/// In how many of a hundred runs something happens with the time.
const SPECIAL_PERCENT: u64 = 30;
/// In how many of a hundred of these the window of a tier ends, too.
const ENDING_PERCENT: u64 = 60;
/// Whose window ends, by its index.
const ENDING_TIER: usize = 3;
/// How soon after the beginning it happens, and how late, in milliseconds.
const HAPPENS_MS: (u64, u64) = (3_000, 20_000);
/// How far clocks are off at most where something happens with the time, in milliseconds, unless somebody sets them: far enough
/// for one device to be at the next day already.
const NEARLY_RIGHT_MS: i64 = 5_000;
const HOUR_MS: u64 = 3_600_000;
const DAY_MS: i64 = 86_400_000;
/// A place whose clocks change at midnight.
const TIME_ZONE: &str = "Asia/Beirut";

/// What is to happen with the time in a run.
const SPECIAL: [Special; 4] = [
    // 16 hours after 08:00 UTC; there it is 10 in the morning all the while.
    Special {
        after_hours: 16,
        offsets_minutes: [600, 600],
    },
    // Midnight: at 09:00 UTC.
    Special {
        after_hours: 1,
        offsets_minutes: [-540, -540],
    },
    // Half past eleven at night, and half past midnight from one moment to the next; and the other way round.
    Special {
        after_hours: 0,
        offsets_minutes: [-510, -450],
    },
    Special {
        after_hours: 0,
        offsets_minutes: [-450, -510],
    },
];

struct Special {
    /// At which full hour after the usual beginning of runs something happens.
    after_hours: u64,
    /// The offset of local time before and from then on.
    offsets_minutes: [i16; 2],
}

/// What day it is, and when.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// When the run begins.
    pub begins_ms: u64,
    /// The offset of local time in the beginning, in minutes.
    pub utc_offset_minutes: i16,
    /// How it changes.
    pub offset_changes: Vec<OffsetChange>,
    /// The window of a tier that ends in the middle.
    pub window: Option<Window>,
    /// How often tickets for so many entries a day let in.
    pub entries_a_day: u8,
}

/// What the observer knows of the days on which people were let in.
#[derive(Debug, Default)]
pub struct DayWatch {
    /// On which local day a scan was recorded; nothing where two records of it tell different ones.
    recorded: BTreeMap<ScanId, Option<i64>>,
}

impl Calendar {
    /// A morning on which nothing happens.
    pub const PLAIN: Self = Self {
        begins_ms: BEGIN_MS,
        utc_offset_minutes: 0,
        offset_changes: Vec::new(),
        window: None,
        entries_a_day: 2,
    };

    /// Draws when the run takes place.
    pub fn draw(random: &mut Random) -> Self {
        if !random.percent(SPECIAL_PERCENT) {
            return Self::PLAIN;
        }
        let special = &SPECIAL[random.index(SPECIAL.len())];
        let [before, after] = special.offsets_minutes;
        let in_ms = random.between(HAPPENS_MS.0, HAPPENS_MS.1);
        let happens_ms = BEGIN_MS + special.after_hours * HOUR_MS;
        let change = OffsetChange {
            at: Timestamp(happens_ms),
            utc_offset_minutes: after,
        };
        let begins_ms = happens_ms - in_ms;
        let ends_ms = begins_ms + random.between(HAPPENS_MS.0, HAPPENS_MS.1);
        let window = Window {
            from: LONG_OVER.until,
            until: Timestamp(ends_ms),
        };
        Self {
            begins_ms,
            utc_offset_minutes: before,
            offset_changes: [change].into_iter().filter(|_| before != after).collect(),
            window: random.percent(ENDING_PERCENT).then_some(window),
            // So that the day's last entry is soon used up.
            entries_a_day: 1,
        }
    }

    /// Returns by how much a clock is off in such a run, of the error that was drawn for any.
    pub fn skew_ms(&self, drawn: i64) -> i64 {
        if self.is_special() {
            drawn % NEARLY_RIGHT_MS
        } else {
            drawn
        }
    }

    /// Tells whether it is the same local day in all of the run: two of these offsets tell two days.
    pub fn is_one_day(&self) -> bool {
        let end = Timestamp(self.begins_ms + HOUR_MS);
        self.offset_changes.is_empty() && self.day(Timestamp(self.begins_ms)) == self.day(end)
    }

    /// Tells whether something happens with the time.
    pub fn is_special(&self) -> bool {
        self.begins_ms != Self::PLAIN.begins_ms
    }

    /// Puts it into a policy.
    pub fn set(&self, policy: &mut Policy) {
        policy.utc_offset_minutes = self.utc_offset_minutes;
        policy.offset_changes.clone_from(&self.offset_changes);
        if !self.offset_changes.is_empty() {
            TIME_ZONE.clone_into(&mut policy.time_zone);
        }
        for tier in &mut policy.tiers {
            if let EntryRule::PerDay(times) = &mut tier.entry {
                *times = self.entries_a_day;
            }
        }
        let ending = policy.tiers.get_mut(ENDING_TIER);
        let windows = ending.map(|tier| &mut tier.windows);
        windows
            .into_iter()
            .for_each(|windows| windows.extend(self.window));
    }

    /// Returns the number of the local day a moment belongs to.
    fn day(&self, at: Timestamp) -> i64 {
        let changes = self.offset_changes.iter().rev();
        let offset = changes
            .filter(|change| change.at <= at)
            .map(|change| change.utc_offset_minutes)
            .next();
        let local = i64::try_from(at.0).expect("a time of our age")
            + i64::from(offset.unwrap_or(self.utc_offset_minutes)) * 60_000;
        local.div_euclid(DAY_MS)
    }
}

/// Tells whether a tier opens nothing at a moment.
pub fn is_closed(tier: &TierRules, at: Timestamp) -> bool {
    !tier.windows.is_empty() && tier.windows.iter().all(|window| !window.contains(at))
}

impl World {
    /// Publishes what time it is by the rules of the venue's time zone, unless that rule is broken.
    pub fn set_calendar(&self, policy: &mut Policy) {
        self.setting.calendar.set(policy);
        if self.breaks(Sabotage::DaysGoByUtc) {
            policy.utc_offset_minutes = 0;
            policy.offset_changes.clear();
        }
    }

    /// Takes note of the day on which a yes is recorded.
    pub fn note_day(&mut self, scan: ScanId, body: Option<&Body>) {
        let Some(Body::Admitted(passage)) = body else {
            return;
        };
        let day = self.setting.calendar.day(passage.at);
        let kept = self.observer.days.recorded.entry(scan).or_insert(Some(day));
        *kept = kept.filter(|kept| *kept == day);
    }

    /// Returns the most people who were let in with a unit's ticket on a level within one local day.
    pub fn most_in_a_day(&self, unit: u32, level: u8) -> u32 {
        let mut by_day = BTreeMap::<i64, u32>::new();
        for (scan, persons) in self.observer.went_in(unit, level) {
            if let Some(day) = self.observer.days.recorded.get(&scan).copied().flatten() {
                *by_day.entry(day).or_default() += u32::from(persons);
            }
        }
        by_day.into_values().max().unwrap_or_default()
    }
}
