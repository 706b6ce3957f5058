//! Moving an event to another date: what becomes of its policy, and which keys end too early, as pure functions; writing it down is the store's.

use usher_keys::{KeyId, KeyStatus, Purpose, Timestamp, TrustBundle, Window};
use usher_protocol::policy::Policy;

use crate::catalogue::Event;
use crate::local_time;
use crate::selling::sale::keys_needed_until;

/// When an event takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dates {
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    /// Offset of its local time from UTC, in minutes.
    pub utc_offset_minutes: i16,
}

impl Dates {
    /// Returns the dates an event has.
    pub fn of(event: &Event) -> Self {
        Self {
            starts_at: event.starts_at,
            ends_at: event.ends_at,
            utc_offset_minutes: event.policy.utc_offset_minutes,
        }
    }
}

/// Returns the policy of an event that is moved: every window, and from when on tickets must be live, as far from the start as it was.
pub fn moved_policy(event: &Event, to: Dates) -> Policy {
    let mut policy = event.policy.clone();
    policy.utc_offset_minutes = to.utc_offset_minutes;
    for window in policy.tiers.iter_mut().flat_map(|tier| &mut tier.windows) {
        *window = Window {
            from: shifted(window.from, event.starts_at, to.starts_at),
            until: shifted(window.until, event.starts_at, to.starts_at),
        };
    }
    for live_from in policy.tiers.iter_mut().filter_map(|tier| tier.live_from.as_mut()) {
        // What holds from the beginning of time goes on doing so.
        if *live_from > Timestamp(0) {
            *live_from = shifted(*live_from, event.starts_at, to.starts_at);
        }
    }
    local_time::with_offsets(policy, to.starts_at, to.ends_at)
}

/// Moves a point in time along; what never ends goes on doing so.
fn shifted(at: Timestamp, from: Timestamp, to: Timestamp) -> Timestamp {
    if at == Timestamp::FOREVER {
        return at;
    }
    Timestamp(at.plus_ms(to.since_ms(from)).0.saturating_sub(from.since_ms(to)))
}

/// A key that ends before the event needs it no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlyKey {
    pub purpose: Purpose,
    pub id: KeyId,
    /// When it ends.
    pub until: Timestamp,
}

/// What the offline roots are to sign before the event can do without them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToSign {
    /// No ticket key may sign any more: the next one.
    NextTicketKey,
    /// The same keys with later ends.
    LaterEnds(Vec<EarlyKey>),
}

/// Returns what is to be signed for an event that ends then; nothing when its keys last.
///
/// Retired keys count: what they signed has been sold, and must open gates on the day.
pub fn to_sign(bundle: &TrustBundle, ends_at: Timestamp) -> Option<ToSign> {
    let mut tickets = bundle.ticket_keys.iter();
    if !tickets.any(|trusted| trusted.status == KeyStatus::Active) {
        return Some(ToSign::NextTicketKey);
    }
    let needed = keys_needed_until(ends_at);
    let early = bundle
        .keys()
        .filter(|(_, trusted)| !trusted.is_struck() && trusted.window.until < needed);
    let early: Vec<_> = early
        .map(|(purpose, trusted)| EarlyKey {
            purpose,
            id: trusted.key.id(),
            until: trusted.window.until,
        })
        .collect();
    (!early.is_empty()).then_some(ToSign::LaterEnds(early))
}

#[cfg(test)]
mod tests;
