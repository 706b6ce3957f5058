//! What is said of tickets that are not let in; what is said of everything else stays with the phrasebook.

use usher_keys::{PublicKey, Timestamp};
use usher_protocol::GateId;
use usher_protocol::admission::{Reason, Referral, RefusalKind};
use usher_protocol::policy::EntryRule;
use usher_protocol::request::{Answer, JudgedBy, TicketFacts};
use usher_protocol::ticket::Rejection;

use crate::StaffMessage;

use super::{Phrasebook, ago, more, not_heard, people, refused_by_others, sentence};

/// A use so short a time ago, in milliseconds, is *just now*: whoever reads it is looking at the same people still.
const JUST_NOW_MS: u64 = 60_000;
/// A hub that was not heard for so long, in milliseconds, is not coming back by itself: longer than any cable is replugged, and
/// three times as long as it takes to give up a link.
const DEAD_AFTER_MS: u64 = 60_000;

impl Phrasebook {
    pub(super) fn denied(&self, reason: Reason, answer: &Answer) -> StaffMessage {
        let ticket = answer.ticket.as_ref();
        match reason {
            Reason::Rejected(rejection) => self.rejected(rejection, answer.by),
            Reason::OtherEvent => StaffMessage::new(
                "Other event",
                "A genuine ticket, but for another event: send to the box office",
            ),
            Reason::Superseded { .. } => StaffMessage::new(
                "Replaced",
                "A newer ticket for this place exists: ask for that one",
            ),
            Reason::Revoked => {
                StaffMessage::new("Cancelled", "This ticket was cancelled: send to the box office")
            }
            Reason::TooEarly { opens } => StaffMessage::new(
                "Too early",
                format!(
                    "This ticket is valid from {}: ask them to come back then",
                    self.time(opens)
                ),
            ),
            Reason::TooLate { closed } => StaffMessage::new(
                "Too late",
                format!(
                    "This ticket was valid until {}: send to the box office",
                    self.time(closed)
                ),
            ),
            Reason::WrongZone => StaffMessage::new("Wrong gate", self.right_gates(ticket)),
            Reason::UnknownGate => StaffMessage::new(
                "Unknown gate",
                "The event has no such gate: check which gate this device is set to",
            ),
            Reason::UnknownTier => StaffMessage::new(
                "Unknown ticket",
                "This kind of ticket is not known here: send to the box office",
            ),
            Reason::AlreadyUsed { at, gate } => self.used(self.used_title(ticket), at, gate),
            Reason::GroupTooLarge { left } => StaffMessage::new("Too many", self.too_many(ticket, left)),
            Reason::DayUsedUp { at, gate } => self.used("Used up today", at, gate),
            Reason::ZoneFull { capacity, inside } => StaffMessage::new("Full", full(capacity, inside)),
            Reason::TimeSlotFull { persons, until } => StaffMessage::new(
                &format!("Full until {}", self.time(until)),
                format!(
                    "Only {} go in during this time slot, and too few of its places are left: ask them to wait until {}",
                    so_many(persons, ["may", "may"]),
                    self.time(until)
                ),
            ),
        }
    }

    pub(super) fn referred(&self, referral: Referral, by: JudgedBy) -> StaffMessage {
        let judge = self.judge(by);
        if self.is_refused && waits_for_others(referral) {
            return refused_by_others();
        }
        match referral {
            Referral::HomeUnreachable { home } => self.home_unreachable(home),
            Referral::HomeUnsettled { former } => self.home_unsettled(&former),
            Referral::NotReady => StaffMessage::new(
                "Not ready",
                format!(
                    "{judge} has not received the event yet: wait a moment and scan again, or use another device"
                ),
            ),
            Referral::OwnLogForked => StaffMessage::new(
                "Do not use",
                format!(
                    "{judge} was copied or restored: send to another gate, and tell the organizer, who must say which copy counts"
                ),
            ),
            Referral::OwnLogBehind => StaffMessage::new(
                "Wait",
                format!(
                    "{judge} is getting its own records back: send to another gate until this message is gone"
                ),
            ),
            Referral::Retired => StaffMessage::new(
                "Do not use",
                format!("{judge} was retired: send to another gate, and switch it off"),
            ),
            Referral::UpdateNeeded => StaffMessage::new(
                "Update needed",
                format!(
                    "{judge} has a program too old for the event: send to another gate, and have it updated"
                ),
            ),
            Referral::NotAllowed => StaffMessage::new(
                "Not allowed",
                self.clock_or(&format!(
                    "{judge} is not enrolled for this gate: send to another gate, and tell technical support"
                )),
            ),
            Referral::ClockInDoubt => StaffMessage::new(
                "Ask a supervisor",
                "By the times that are known here it is not certain that this ticket may go in now. Look at a watch and ask the guest: if it may, a supervisor can let them in with an override",
            ),
            Referral::NoPlaces => StaffMessage::new(
                "No places here",
                "No place in this zone can be given here now: scan again in a moment, or send to another gate",
            ),
            Referral::AskerSilent { gate, at, .. } => self.asker_silent(gate, at),
            Referral::NotListed => not_listed(),
            Referral::ScanOver => StaffMessage::new(
                "Scan again",
                "Already answered: scan the ticket again. If this repeats, the device sends the same scan id twice and needs an update",
            ),
        }
    }

    fn home_unsettled(&self, former: &PublicKey) -> StaffMessage {
        StaffMessage::new(
            "Call a supervisor",
            format!(
                "{} has not handed this ticket over yet: scan again in a minute, or let the supervisor decide",
                sentence(&self.hub(former))
            ),
        )
    }

    /// Whether the guest went in is known where the code was read, and there only.
    fn asker_silent(&self, gate: GateId, at: Timestamp) -> StaffMessage {
        let (gate, ago) = (self.gate(gate), ago(self.now.since_ms(at)));
        StaffMessage::new(
            &format!("Call {gate}"),
            format!(
                "{gate} asked for this ticket {ago} and has not answered since. If the guest did not go in there, \
                 a supervisor can let them in here with an override"
            ),
        )
    }

    /// Sends people to the gates of the hub that decides on their ticket, or, when that has not been heard for a while, to nobody
    /// who is not there.
    fn home_unreachable(&self, home: PublicKey) -> StaffMessage {
        let hub = self.hub(&home);
        let silent_ms = self.silent.get(&home).copied().unwrap_or(0);
        if silent_ms >= DEAD_AFTER_MS {
            let (hub, silent) = (sentence(&hub), not_heard(silent_ms));
            return StaffMessage::new(
                "Call a supervisor",
                format!(
                    "{hub} decides on this ticket and was {silent}. \
                     Do not send people there: the supervisor can let them in here with an override"
                ),
            );
        }
        let gates = self.names.gates.get(&home).into_iter().flatten();
        let gates: Vec<String> = gates.map(|gate| self.gate(*gate)).collect();
        let words = if gates.is_empty() {
            format!("To a gate of {hub}: only that hub can decide on this ticket now")
        } else {
            format!(
                "To {}: this ticket can be decided on only there now",
                gates.join(" or ")
            )
        };
        StaffMessage::new("Send on", words)
    }

    /// Names whoever judged, which need not be what staff hold in their hands.
    fn judge(&self, by: JudgedBy) -> String {
        match by {
            JudgedBy::Home(hub) | JudgedBy::Hub(hub) => sentence(&self.hub(&hub)),
            JudgedBy::Alone => "This scanner".to_owned(),
        }
    }

    /// Returns a hub's name, or words for one whose name was not heard.
    fn hub(&self, hub: &PublicKey) -> String {
        let known = self.names.devices.get(hub).cloned();
        known.unwrap_or_else(|| "another hub (its name is not known here)".to_owned())
    }

    /// What is left of a day's entries is no place for somebody else.
    fn too_many(&self, ticket: Option<&TicketFacts>, left: u8) -> String {
        match self.entry(ticket) {
            Some(EntryRule::PerDay(_)) => {
                format!("No more than {} at once with this ticket now", people(left))
            }
            Some(EntryRule::Single | EntryRule::Reentry) | None => {
                format!("Only {} may go in with this ticket", more(left))
            }
        }
    }

    /// A ticket that lets out and in again was not used up: its people are inside.
    fn used_title(&self, ticket: Option<&TicketFacts>) -> &'static str {
        match self.entry(ticket) {
            Some(EntryRule::Reentry) => "Already inside",
            Some(EntryRule::Single | EntryRule::PerDay(_)) | None => "Already used",
        }
    }

    fn used(&self, title: &str, at: Option<Timestamp>, gate: Option<GateId>) -> StaffMessage {
        let at = at.map(|at| self.time_of_use(at));
        match (at, gate) {
            (Some(at), Some(gate)) => StaffMessage::new(title, format!("{at}, {}", self.gate(gate))),
            (Some(at), None) => StaffMessage::new(title, at),
            (None, Some(gate)) => StaffMessage::new(title, self.gate(gate)),
            (None, None) => StaffMessage::plain(title),
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
        let policy = self.names.policy.as_deref();
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

    fn rejected(&self, rejection: Rejection, by: JudgedBy) -> StaffMessage {
        match rejection {
            Rejection::NotATicket => StaffMessage::new(
                "Not a ticket",
                "Not a ticket of this event, or misread: scan again",
            ),
            Rejection::UnknownVersion { .. } => StaffMessage::new(
                "Cannot read",
                "This is a newer kind of ticket: use another device, and have this one updated",
            ),
            Rejection::UnknownKey => StaffMessage::new(
                "Not for this event",
                "Scan again. If this message comes back, the ticket is for another event or not genuine: send to the box office",
            ),
            // One digit that was misread does it: nobody is called a forger for that.
            Rejection::FalseSignature => StaffMessage::new(
                "Not valid",
                "Scan again, it may have been misread. If this message comes back, send to the box office",
            ),
            Rejection::StruckKey => StaffMessage::new(
                "Not valid",
                "Tickets of this kind were withdrawn: send to the box office",
            ),
            Rejection::KeyOutOfWindow => StaffMessage::new(
                "Not valid now",
                match by {
                    JudgedBy::Alone => format!(
                        "Check this scanner's clock: it says {}. If that is right, send to the box office",
                        self.date(self.now)
                    ),
                    JudgedBy::Home(hub) | JudgedBy::Hub(hub) => format!(
                        "Check the clock of {}: here it is {}. If both are right, send to the box office",
                        self.hub(&hub),
                        self.date(self.now)
                    ),
                },
            ),
            Rejection::NotLive => StaffMessage::new(
                "Not live",
                "This code was not made on a phone just now: ask for the live ticket on the phone",
            ),
            Rejection::NotListed => not_listed(),
        }
    }
}

/// Tells whether another hub's word would decide, which never comes to one that is refused.
fn waits_for_others(referral: Referral) -> bool {
    match referral {
        Referral::HomeUnreachable { .. } | Referral::HomeUnsettled { .. } | Referral::NoPlaces => true,
        Referral::NotReady
        | Referral::OwnLogForked
        | Referral::OwnLogBehind
        | Referral::Retired
        | Referral::UpdateNeeded
        | Referral::NotAllowed
        | Referral::ClockInDoubt
        | Referral::AskerSilent { .. }
        | Referral::NotListed
        | Referral::ScanOver => false,
    }
}

/// Says of another seller's ticket that it is genuine, and what to do until it is known here.
fn not_listed() -> StaffMessage {
    StaffMessage::new(
        "Not on the list yet",
        "A genuine ticket, sold since the other seller's list was last imported: import it again, or send to the box office",
    )
}

/// Says how full a zone is. A group may not fit where a single person would.
fn full(capacity: u32, inside: u32) -> String {
    match capacity.saturating_sub(inside) {
        0 => format!(
            "{} inside, and there is room for {capacity}: wait until enough have left",
            so_many(inside, ["is", "are"])
        ),
        left => format!(
            "{} inside, and there is room for {capacity}: no more than {left} may go in now",
            so_many(inside, ["is", "are"])
        ),
    }
}

fn so_many(count: u32, [one, more]: [&str; 2]) -> String {
    match count {
        1 => format!("1 person {one}"),
        count => format!("{count} people {more}"),
    }
}

/// Names a kind of refusal where scans are counted by it.
pub fn refusal(kind: RefusalKind) -> &'static str {
    match kind {
        RefusalKind::NotATicket => "Not a ticket",
        RefusalKind::UnknownVersion => "Newer kind of ticket",
        RefusalKind::UnknownKey => "Not for this event",
        RefusalKind::FalseSignature => "Not valid, or misread",
        RefusalKind::StruckKey => "Withdrawn kind of ticket",
        RefusalKind::KeyOutOfWindow => "Not valid now, or a wrong clock",
        RefusalKind::NotLive => "Not shown live",
        RefusalKind::NotListed => "Not on the other seller's list yet",
        RefusalKind::OtherEvent => "Other event",
        RefusalKind::Superseded => "Replaced",
        RefusalKind::Revoked => "Cancelled",
        RefusalKind::TooEarly => "Too early",
        RefusalKind::TooLate => "Too late",
        RefusalKind::WrongZone => "Wrong gate",
        RefusalKind::UnknownGate => "Unknown gate",
        RefusalKind::UnknownTier => "Unknown ticket",
        RefusalKind::AlreadyUsed => "Already used",
        RefusalKind::GroupTooLarge => "Too many people",
        RefusalKind::DayUsedUp => "Used up today",
        RefusalKind::ZoneFull => "Zone full",
        RefusalKind::TimeSlotFull => "Time slot full",
        RefusalKind::HomeUnreachable => "Sent on to another hub",
        RefusalKind::HomeUnsettled => "Not handed over yet",
        RefusalKind::NoPlaces => "No places left here",
        RefusalKind::ClockInDoubt => "Time not certain",
        RefusalKind::NotReady => "Device not ready",
        RefusalKind::OwnLogForked => "Device copied",
        RefusalKind::OwnLogBehind => "Device getting its records back",
        RefusalKind::Retired => "Hub retired",
        RefusalKind::UpdateNeeded => "Device too old",
        RefusalKind::NotAllowed => "Device not allowed here",
        RefusalKind::ScanOver => "Scan was over",
        RefusalKind::AskerSilent => "Asked for at a gate that went silent",
    }
}
