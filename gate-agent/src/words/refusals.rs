//! What is said of tickets that are not let in; what is said of everything else stays with the voice.

use usher_keys::Timestamp;
use usher_protocol::GateId;
use usher_protocol::admission::{Reason, Referral};
use usher_protocol::policy::Entry;
use usher_protocol::request::TicketFacts;
use usher_protocol::ticket::Rejection;

use super::{Said, Voice, more};

/// A use so short a time ago, in milliseconds, is *just now*: whoever reads it is looking at the same people still.
const JUST_NOW_MS: u64 = 60_000;

impl Voice {
    pub(super) fn denied(&self, reason: Reason, ticket: Option<&TicketFacts>) -> Said {
        match reason {
            Reason::Rejected(rejection) => self.rejected(rejection),
            Reason::OtherEvent => Said::new("Other event", "A genuine ticket, but for another event"),
            Reason::Superseded { .. } => Said::new(
                "Replaced",
                "A newer ticket for this place exists: ask for that one",
            ),
            Reason::Revoked => Said::new("Cancelled", "Send to the box office"),
            Reason::TooEarly { opens } => Said::new("Too early", format!("Valid from {}", self.time(opens))),
            Reason::TooLate { closed } => {
                Said::new("Too late", format!("Was valid until {}", self.time(closed)))
            }
            Reason::WrongZone => Said::new("Wrong gate", self.right_gates(ticket)),
            Reason::UnknownGate => Said::new(
                "Unknown gate",
                "This gate is not in the plan: check the device's setting",
            ),
            Reason::UnknownTier => Said::new(
                "Unknown ticket",
                "This kind of ticket is not known here: send to the box office",
            ),
            Reason::AlreadyUsed { at, gate } => self.used(self.used_title(ticket), at, gate),
            Reason::GroupTooLarge { left } => {
                Said::new("Too many", format!("Only {} on this ticket", more(left)))
            }
            Reason::DayUsedUp { at, gate } => self.used("Used up today", at, gate),
            // How many are inside is not in the verdict; with a group it may be fewer than the capacity.
            Reason::ZoneFull { capacity } => Said::new(
                "Full",
                format!("There is room for {capacity}: wait until enough people have left"),
            ),
        }
    }

    pub(super) fn referred(&self, referral: Referral) -> Said {
        match referral {
            Referral::HomeUnreachable { home } => Said::new(
                "Send on",
                format!("To {}: only there can it be decided now", self.device(&home)),
            ),
            Referral::HomeUnsettled { former } => Said::new(
                "Ask a supervisor",
                format!("{} has not handed this place over yet", self.device(&former)),
            ),
            Referral::NotReady => Said::new(
                "Not ready",
                "This device has not received the event yet: wait, or try another",
            ),
            Referral::OwnLogForked => Said::new(
                "Do not use",
                "This device was copied or restored: the organizer must say which copy counts, or enrol it anew",
            ),
            Referral::OwnLogBehind => Said::new(
                "Wait",
                "This device is getting back what it had forgotten: use another one until it is done",
            ),
            Referral::Retired => Said::new(
                "Do not use",
                "This hub was retired: send on to another gate, and switch this one off",
            ),
            Referral::UpdateNeeded => Said::new(
                "Update needed",
                "The organizer's system says something that this program is too old for: update it",
            ),
            Referral::NotAllowed => Said::new(
                "Not allowed",
                self.clock_or("This device is not enrolled for this gate: use another device"),
            ),
            Referral::ClockInDoubt => Said::new(
                "Ask a supervisor",
                "The clocks here do not agree, and this ticket is good by some of them only: look at a clock, then override",
            ),
            Referral::NoPlaces => Said::new(
                "No places here",
                "The places left in this zone are other hubs' to give: scan again, or send on to another gate",
            ),
            Referral::ScanOver => Said::new(
                "Scan again",
                "This scan is over. A device that says so each time must draw a new scan id for each reading",
            ),
        }
    }

    /// A ticket that lets out and in again was not used up: its people are inside.
    fn used_title(&self, ticket: Option<&TicketFacts>) -> &'static str {
        let policy = self.standing.policy.as_deref();
        let tier = policy
            .zip(ticket)
            .and_then(|(policy, ticket)| policy.tier(ticket.tier));
        match tier.map(|tier| tier.entry) {
            Some(Entry::Reentry) => "Already inside",
            Some(Entry::Single | Entry::PerDay(_)) | None => "Already used",
        }
    }

    fn used(&self, title: &str, at: Option<Timestamp>, gate: Option<GateId>) -> Said {
        let at = at.map(|at| self.time_of_use(at));
        match (at, gate) {
            (Some(at), Some(gate)) => Said::new(title, format!("{at}, {}", self.gate(gate))),
            (Some(at), None) => Said::new(title, at),
            (None, Some(gate)) => Said::new(title, self.gate(gate)),
            (None, None) => Said::plain(title),
        }
    }

    fn time_of_use(&self, at: Timestamp) -> String {
        let apart_ms = self.now.since_ms(at).max(at.since_ms(self.now));
        if apart_ms < JUST_NOW_MS {
            return "just now".to_owned();
        }
        self.time(at)
    }

    fn right_gates(&self, ticket: Option<&TicketFacts>) -> String {
        let policy = self.standing.policy.as_deref();
        let tier = policy
            .zip(ticket)
            .and_then(|(policy, ticket)| policy.tier(ticket.tier));
        let names: Vec<&str> = policy.zip(tier).map_or_else(Vec::new, |(policy, tier)| {
            let gates = policy.gates.iter();
            gates
                .filter(|gate| tier.zones.contains(&gate.zone))
                .map(|gate| gate.name.as_str())
                .collect()
        });
        if names.is_empty() {
            return "This ticket does not open this zone".to_owned();
        }
        format!("Send to {}", names.join(" or "))
    }

    fn rejected(&self, rejection: Rejection) -> Said {
        match rejection {
            Rejection::NotATicket => Said::new("Not a ticket", "Not one of ours, or misread: scan it again"),
            Rejection::UnknownVersion { .. } => {
                Said::new("Cannot read", "A newer kind of ticket: update this device")
            }
            Rejection::UnknownKey => Said::new(
                "Not for this event",
                "Scan again; if it stays, it is for another event or false: send to the box office",
            ),
            // One digit that was misread does it: nobody is called a forger for that.
            Rejection::FalseSignature => Said::new(
                "Not valid",
                "Scan again, it may be misread; if it stays, send to the box office",
            ),
            Rejection::StruckKey => Said::new(
                "Not valid",
                "Tickets of this kind were withdrawn: send to the box office",
            ),
            Rejection::KeyOutOfWindow => Said::new(
                "Not valid now",
                format!(
                    "Check this device's clock: it says {}. If that is right, send to the box office",
                    self.date(self.now)
                ),
            ),
            Rejection::NotLive => Said::new(
                "Not live",
                "A picture or an old code: ask to open the ticket on the phone",
            ),
        }
    }
}

/// Says what a name from the totals of refusals means.
pub fn refusal(name: &str) -> &str {
    match name {
        "not_a_ticket" => "Not a ticket",
        "unknown_version" => "Newer kind of ticket",
        "unknown_key" => "Not for this event",
        "false_signature" => "Not valid, or misread",
        "struck_key" => "Signing key withdrawn",
        "key_out_of_window" => "Signing key not valid now",
        "not_live" => "Not shown live",
        "other_event" => "Other event",
        "superseded" => "Replaced",
        "revoked" => "Cancelled",
        "too_early" => "Too early",
        "too_late" => "Too late",
        "wrong_zone" => "Wrong gate",
        "unknown_gate" => "Unknown gate",
        "unknown_tier" => "Unknown ticket",
        "already_used" => "Already used",
        "group_too_large" => "Too many people",
        "day_used_up" => "Used up today",
        "zone_full" => "Zone full",
        "home_unreachable" => "Sent on to another hub",
        "home_unsettled" => "Not handed over yet",
        "no_places" => "No places left here",
        "clock_in_doubt" => "Clocks do not agree",
        "not_ready" => "Device not ready",
        "own_log_forked" => "Device copied",
        other => other,
    }
}
