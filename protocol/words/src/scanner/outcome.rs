//! What a judged scan tells the staff at a scanner of any kind, ready to be shown; how it was judged and how it is shown is left out.

mod corrected;
mod counts;

use serde::Serialize;
use usher_protocol::admission::{Direction, Verdict};
use usher_protocol::request::{Answer, JudgedBy, RequestError};
use usher_protocol::ticket::Rejection;
use usher_protocol::trust::PeerError;

use super::{Bar, NoTicket, barred, no_ticket, used_here, waiting};
use crate::StaffMessage;
use crate::gate::Phrasebook;

pub use corrected::{ANNULLED, annulled, corrected_undo, not_annulled, not_corrected, undecided};
pub use counts::ScanCounts;

/// How a scan came out, as a colour the staff can see from two metres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// Green: let them through.
    Admit,
    /// Red: stop.
    Deny,
    /// Amber: another gate or person decides.
    Refer,
    /// Amber: nobody could judge it; show the same code again.
    Unanswered,
    /// Red: this scanner may judge nothing; use another one.
    Barred,
}

impl Signal {
    /// The word that starts a plain output line; scripts match on it, so it is never translated.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Admit => "ADMIT",
            Self::Deny => "DENY",
            Self::Refer => "REFER",
            Self::Unanswered => "UNANSWERED",
            Self::Barred => "BARRED",
        }
    }
}

/// A judged scan in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScanOutcome {
    /// The colour.
    pub signal: Signal,
    /// A name for scripts, never translated: `admitted`, `exited`, the name of the reason, or why nobody judged.
    pub outcome: &'static str,
    /// What to do, in a word or two.
    pub words: String,
    /// Why, when it is not plain.
    pub reason: Option<String>,
    /// Seat, persons, where and when it was used: one line each.
    pub details: Vec<String>,
    /// No hub gave an answer: the scanner judged with its own replica.
    pub alone: bool,
    /// The scan was given up: the same code again is another scan.
    #[serde(skip)]
    pub is_withdrawn: bool,
    /// From the reading to the answer, in milliseconds.
    pub took_ms: u64,
}

impl ScanOutcome {
    /// Makes one of what is said, judged by nobody in particular and in no time.
    #[must_use]
    pub fn said(signal: Signal, outcome: &'static str, said: StaffMessage) -> Self {
        Self {
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

    /// Tells whether a hub judged it: what is no ticket, and what nobody could judge, is said without one.
    #[must_use]
    pub fn is_of_a_hub(&self) -> bool {
        let is_judged = match self.signal {
            Signal::Admit | Signal::Deny | Signal::Refer => true,
            Signal::Unanswered | Signal::Barred => false,
        };
        is_judged && !self.alone && self.outcome != "not_a_ticket"
    }

    /// Says of a refusal for the use of a ticket that this was here and just now, where somebody passed here with it so long
    /// ago: staff remember that better than a time and a gate's name.
    #[must_use]
    pub fn after_passing(self, passed_ago_ms: Option<u64>) -> Self {
        let reason = passed_ago_ms.and_then(|ago_ms| match self.outcome {
            "already_used" | "day_used_up" => Some(used_here(ago_ms)),
            _ => None,
        });
        Self {
            reason: reason.or(self.reason),
            ..self
        }
    }
}

/// Returns how a scan came out.
#[must_use]
pub fn judged(phrasebook: &Phrasebook, answer: &Answer, direction: Direction) -> ScanOutcome {
    let not_a_ticket = [Rejection::NotATicket, Rejection::NotListed]
        .map(Verdict::rejected)
        .contains(&answer.verdict);
    let facts = answer.ticket.as_ref().map(|ticket| phrasebook.ticket(ticket));
    let said = phrasebook.answer(answer, direction);
    ScanOutcome {
        details: facts.into_iter().collect(),
        // What is no ticket needs nobody to be asked.
        alone: answer.by == JudgedBy::Alone && !not_a_ticket,
        ..ScanOutcome::said(signal(answer.verdict), outcome(answer.verdict, direction), said)
    }
}

/// Returns who judged a ticket, where that matters to the staff; that nobody else did is shown large by itself.
#[must_use]
pub fn judged_by(phrasebook: &Phrasebook, answer: &Answer) -> Option<String> {
    match answer.by {
        JudgedBy::Hub(_) if answer.ticket.is_some() => phrasebook.judged_by(answer.by),
        JudgedBy::Hub(_) | JudgedBy::Home(_) | JudgedBy::Alone => None,
    }
}

/// Returns why a hub will not judge a scan.
#[must_use]
pub fn refused(phrasebook: &Phrasebook, error: RequestError) -> ScanOutcome {
    let outcome = match error {
        RequestError::NotAllowed => "not_allowed",
        RequestError::NotHome | RequestError::Malformed => "not_understood",
        RequestError::Unavailable | RequestError::Busy => "cannot_decide",
        RequestError::NoPin => "no_pin",
        RequestError::WrongPin { .. } => "wrong_pin",
        RequestError::PinsRest { .. } => "too_many_tries",
    };
    ScanOutcome::said(Signal::Unanswered, outcome, phrasebook.error(error))
}

/// Returns why this scanner judges nothing.
#[must_use]
pub fn not_judged(bar: Bar) -> ScanOutcome {
    let (signal, outcome) = match bar {
        Bar::Expired => (Signal::Barred, "scanner_expired"),
        Bar::Revoked => (Signal::Barred, "scanner_revoked"),
        Bar::Refused => (Signal::Barred, "scanner_refused"),
        // It goes on by itself once there is room.
        Bar::Disk => (Signal::Unanswered, "cannot_decide"),
    };
    ScanOutcome::said(signal, outcome, barred(bar))
}

/// Returns why there is no ticket for a ticket code that was typed.
#[must_use]
pub fn not_found(why: NoTicket) -> ScanOutcome {
    let (signal, outcome) = match why {
        NoTicket::Mistyped => (Signal::Deny, "mistyped"),
        NoTicket::Unknown => (Signal::Deny, "no_such_ticket"),
        NoTicket::NoCloud | NoTicket::NoHub | NoTicket::OldHub | NoTicket::Offline => {
            (Signal::Unanswered, "cannot_look_up")
        }
        NoTicket::TooOften => (Signal::Unanswered, "too_many_tries"),
    };
    ScanOutcome::said(signal, outcome, no_ticket(why))
}

/// The outcome of a scan whose answer is still waited for.
pub const WAITING: &str = "waiting";

/// Says that an answer is still waited for.
#[must_use]
pub fn still_asking() -> ScanOutcome {
    ScanOutcome::said(Signal::Unanswered, WAITING, waiting())
}

impl From<PeerError> for Bar {
    /// Returns why a scanner judges nothing by itself whose own certificate is refused so.
    fn from(refused: PeerError) -> Self {
        match refused {
            PeerError::Revoked => Self::Revoked,
            PeerError::OtherKey | PeerError::Certificate(_) => Self::Expired,
        }
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
        (Verdict::Deny(reason), _) => reason.kind().name(),
        (Verdict::Refer(referral), _) => referral.kind().name(),
    }
}
