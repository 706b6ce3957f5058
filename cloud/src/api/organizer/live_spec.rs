//! From when on only live tickets of a tier are let in, as organizers say it and see it.

use serde::{Deserialize, Serialize};
use usher_keys::Timestamp;
use utoipa::ToSchema;

use crate::api::input::Checks;
use crate::moment::Moment;

/// Says that only live tickets of a tier are let in: those whose code a phone shows anew every ten seconds. Without a member: always. A tier
/// that does not say it takes codes on paper too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveSpec {
    /// From so many hours before doors: before the tier's first window, or the event's start if it has none. Answers say it as `from`.
    #[serde(default, skip_serializing)]
    pub hours_before_doors: Option<u16>,
    /// From this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub from: Option<Moment>,
}

impl LiveSpec {
    /// Returns the moment, of a tier whose doors open then.
    pub fn moment(self, doors: Timestamp) -> Timestamp {
        const HOUR_MS: u64 = 3_600_000;
        let before = self.hours_before_doors.map(|hours| u64::from(hours) * HOUR_MS);
        let from = self.from.map(|from| from.0);
        let before = before.map(|before_ms| Timestamp(doors.0.saturating_sub(before_ms)));
        from.or(before).unwrap_or_default()
    }

    /// Returns how a tier's rules say it.
    pub fn of(live_from: Timestamp) -> Self {
        Self {
            hours_before_doors: None,
            from: (live_from > Timestamp(0)).then_some(Moment(live_from)),
        }
    }

    /// Checks that it says one thing.
    pub fn check(self, checks: &mut Checks, tier: usize) {
        checks.require(
            self.hours_before_doors.is_none() || self.from.is_none(),
            format!("/tiers/{tier}/live"),
            "has hours_before_doors or from, not both",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_organizer_says_is_a_moment_before_doors() {
        let doors = Timestamp(100 * 3_600_000);
        let said = |hours_before_doors, from| LiveSpec {
            hours_before_doors,
            from: Option::map(from, |at| Moment(Timestamp(at))),
        };
        assert_eq!(said(None, None).moment(doors), Timestamp(0), "always");
        assert_eq!(said(Some(48), None).moment(doors), Timestamp(52 * 3_600_000));
        assert_eq!(said(Some(48), None).moment(Timestamp(1)), Timestamp(0));
        assert_eq!(said(None, Some(7)).moment(doors), Timestamp(7));
        let shown = LiveSpec::of(Timestamp(7));
        assert_eq!(
            shown.moment(doors),
            Timestamp(7),
            "what is shown can be sent back"
        );
        assert_eq!(LiveSpec::of(Timestamp(0)).moment(doors), Timestamp(0));
    }
}
