//! Turns what was judged into what the screen shows; the words of verdicts come with the replica, the judging is done.

use usher_device::replica::Replica;
use usher_device::words::{self as words_of_gates, Said, Voice};
use usher_protocol::admission::{Direction, Reason, Refused, Verdict};
use usher_protocol::ledger::NotAnnulled;
use usher_protocol::record::Passage;
use usher_protocol::request::{self, JudgedBy, RequestError};
use usher_protocol::state::refusal_name;
use usher_protocol::ticket::Rejection;

use crate::answer::{ScanOutcome, Signal};
use crate::words;

/// Why there is no ticket for what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoTicket {
    /// A character is wrong.
    Mistyped,
    /// No ticket of the event has that code.
    Unknown,
    /// The hubs do not reach the cloud.
    NoCloud,
    /// No hub answered.
    NoHub,
    /// Too many codes that there are not were asked for here.
    TooOften,
    /// The hubs are of an earlier version.
    OldHub,
    /// Nobody is asked at all.
    Offline,
}

/// Why an override was not decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecided {
    /// The certificate lacks the capability.
    MayNot,
    /// They go out, and whoever leaves is let out anyway.
    Outwards,
    /// No hub answered.
    NoHub,
}

/// Why this scanner judges nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bar {
    /// Its certificate is not valid now.
    Expired,
    /// It was revoked.
    Revoked,
    /// A hub of the event refuses it.
    Refused,
    /// Its disk takes nothing.
    Disk,
}

/// Returns the voice that knows the names of this event, now.
pub fn voice(replica: &Replica) -> Voice {
    Voice::new(replica.snapshot(), replica.clock().now())
}

/// Returns what people call the event that is scanned for, or says that this was not heard yet.
pub fn event_name(replica: &Replica) -> String {
    let policy = replica.snapshot().policy.clone();
    policy.map_or_else(
        || words::EVENT_NOT_HEARD_YET.to_owned(),
        |policy| policy.name.clone(),
    )
}

/// Tells that a ticket is for another event of this device.
pub fn other_event(name: &str) -> ScanOutcome {
    said(
        Signal::Deny,
        refusal_name(&Refused::Deny(Reason::OtherEvent)),
        words_of_gates::other_event(name),
    )
}

/// Tells how a scan came out.
pub fn verdict(voice: &Voice, answer: &request::Answer, direction: Direction) -> ScanOutcome {
    let not_a_ticket = answer.verdict == Verdict::Deny(Reason::Rejected(Rejection::NotATicket));
    let facts = answer.ticket.as_ref().map(|ticket| voice.ticket(ticket));
    ScanOutcome {
        details: facts.into_iter().collect(),
        // What is no ticket needs nobody to be asked.
        alone: answer.by == JudgedBy::Alone && !not_a_ticket,
        ..said(
            signal(answer.verdict),
            outcome(answer.verdict, direction),
            voice.answer(answer, direction),
        )
    }
}

/// Tells that a hub alone decides on a ticket against which nothing is known here.
pub fn for_a_hub(voice: &Voice, answer: &request::Answer) -> ScanOutcome {
    let facts = answer.ticket.as_ref().map(|ticket| voice.ticket(ticket));
    let said_so = Said {
        title: words::HUB_DECIDES.to_owned(),
        detail: Some(words::HUB_WAS_NOT_ASKED.to_owned()),
    };
    ScanOutcome {
        details: facts.into_iter().collect(),
        ..said(Signal::Unanswered, "hub_decides", said_so)
    }
}

/// Tells who judged a ticket, where that matters to the staff; that nobody else did is shown large by itself.
pub fn judged_by(voice: &Voice, answer: &request::Answer) -> Option<String> {
    match answer.by {
        JudgedBy::Hub(_) if answer.ticket.is_some() => voice.judged_by(answer.by),
        JudgedBy::Hub(_) | JudgedBy::Home(_) | JudgedBy::Alone => None,
    }
}

/// Tells why a hub will not judge this scan.
pub fn refused(voice: &Voice, error: RequestError) -> ScanOutcome {
    let outcome = match error {
        RequestError::NotAllowed => "not_allowed",
        RequestError::NotHome | RequestError::Malformed => "not_understood",
        RequestError::Unavailable | RequestError::Busy => "cannot_decide",
    };
    said(Signal::Unanswered, outcome, voice.error(error))
}

/// Tells why this scanner judges nothing.
pub fn barred(bar: Bar) -> ScanOutcome {
    let (outcome, title, detail) = match bar {
        Bar::Expired => ("scanner_expired", words::NOT_WELCOME, words::EXPIRED),
        Bar::Revoked => ("scanner_revoked", words::NOT_WELCOME, words::REVOKED),
        Bar::Refused => ("scanner_refused", words::NOT_WELCOME, words::REFUSED),
        Bar::Disk => ("cannot_decide", words::CANNOT_DECIDE, words::OWN_DISK),
    };
    let said_so = Said {
        title: title.to_owned(),
        detail: Some(detail.to_owned()),
    };
    said(Signal::Unanswered, outcome, said_so)
}

/// Tells why there is no ticket for a ticket code that was typed.
pub fn no_ticket(why: NoTicket) -> ScanOutcome {
    let (signal, outcome, title, detail) = match why {
        NoTicket::Mistyped => (Signal::Deny, "mistyped", words::MISTYPED, words::TYPE_AGAIN),
        NoTicket::Unknown => (
            Signal::Deny,
            "no_such_ticket",
            words::NO_SUCH_TICKET,
            words::COMPARE_CODE,
        ),
        NoTicket::NoCloud => (
            Signal::Unanswered,
            "cannot_look_up",
            words::CANNOT_LOOK_UP,
            words::NO_CLOUD,
        ),
        NoTicket::NoHub => (
            Signal::Unanswered,
            "cannot_look_up",
            words::CANNOT_LOOK_UP,
            words::NO_HUB_LOOKS_UP,
        ),
        NoTicket::OldHub => (
            Signal::Unanswered,
            "cannot_look_up",
            words::CANNOT_LOOK_UP,
            words::OLD_HUB,
        ),
        NoTicket::Offline => (
            Signal::Unanswered,
            "cannot_look_up",
            words::CANNOT_LOOK_UP,
            words::VERIFY_ASKS_NOBODY,
        ),
        NoTicket::TooOften => (
            Signal::Unanswered,
            "too_many_tries",
            words::TOO_MANY_TRIES,
            words::WAIT_TO_TRY,
        ),
    };
    let said_so = Said {
        title: title.to_owned(),
        detail: Some(detail.to_owned()),
    };
    said(signal, outcome, said_so)
}

/// Tells why an override was not decided.
pub fn undecided(why: Undecided) -> ScanOutcome {
    let (outcome, title, detail) = match why {
        Undecided::MayNot => ("not_allowed", words::NOT_ALLOWED, words::MAY_NOT_OVERRIDE),
        Undecided::Outwards => ("not_needed", words::NOT_NEEDED, words::OVERRIDES_LET_IN),
        Undecided::NoHub => ("cannot_decide", words::CANNOT_DECIDE, words::NO_HUB_DECIDES),
    };
    let said_so = Said {
        title: title.to_owned(),
        detail: Some(detail.to_owned()),
    };
    said(Signal::Unanswered, outcome, said_so)
}

/// The outcome of a scan that was taken back.
pub const ANNULLED: &str = "annulled";

/// Tells whether a scan was taken back, and of which ticket.
pub fn annulled(
    voice: &Voice,
    annulled: Result<Option<Passage>, NotAnnulled>,
    ticket: Option<String>,
) -> ScanOutcome {
    let said_so = match annulled {
        Ok(passage) => said(Signal::Unanswered, ANNULLED, voice.undone(passage.as_ref())),
        Err(why) => not_annulled(why),
    };
    ScanOutcome {
        details: ticket.into_iter().collect(),
        ..said_so
    }
}

/// Tells why a scan is not taken back.
pub fn not_annulled(why: NotAnnulled) -> ScanOutcome {
    let said_so = words_of_gates::not_annulled(why);
    said(Signal::Unanswered, "not_annulled", said_so)
}

/// Tells that a scan was taken back here, and that no hub has heard of it.
pub fn unheard(annulled: ScanOutcome) -> ScanOutcome {
    ScanOutcome {
        outcome: "annulled_unheard",
        words: words::NOT_HEARD_OF.to_owned(),
        reason: Some(words::KEEP_IT_LINKED.to_owned()),
        ..annulled
    }
}

/// The outcome of a scan whose answer is still waited for.
pub const WAITING: &str = "waiting";

/// Says that an answer is still waited for.
pub fn waiting() -> ScanOutcome {
    let said_so = Said {
        title: words::WAIT.to_owned(),
        detail: Some(words::BEING_ASKED.to_owned()),
    };
    said(Signal::Unanswered, WAITING, said_so)
}

fn said(signal: Signal, outcome: &'static str, said: Said) -> ScanOutcome {
    ScanOutcome {
        signal,
        outcome,
        words: said.title,
        reason: said.detail,
        details: Vec::new(),
        alone: false,
        is_withdrawn: false,
        took_ms: 0,
    }
}

fn signal(verdict: Verdict) -> Signal {
    match verdict {
        Verdict::Admit { .. } => Signal::Admit,
        Verdict::Deny(_) => Signal::Deny,
        Verdict::Refer(_) => Signal::Refer,
    }
}

fn outcome(verdict: Verdict, direction: Direction) -> &'static str {
    match (verdict, direction) {
        (Verdict::Admit { .. }, Direction::In) => "admitted",
        (Verdict::Admit { .. }, Direction::Out) => "exited",
        (Verdict::Deny(reason), _) => refusal_name(&Refused::Deny(reason)),
        (Verdict::Refer(referral), _) => refusal_name(&Refused::Refer(referral)),
    }
}
