//! Turns what was judged into what the screen shows; the words of verdicts come with the replica, the judging is done.

use usher_device::replica::Replica;
use usher_eyes::Hint;
use usher_protocol::admission::Reason;
use usher_protocol::correction::{AnnulledScan, CorrectionOutcome, NotAnnulled};
use usher_protocol::request;
use usher_words::StaffMessage;
use usher_words::gate::{self, Phrasebook};
use usher_words::scanner::{self as words, Help, Undecided};

use crate::answer::{ScanOutcome, Signal};
use crate::corrections::NotCorrected;

pub use usher_words::scanner::outcome::{
    WAITING, judged as verdict, judged_by, not_found as no_ticket, not_judged as barred, refused,
    still_asking as waiting,
};

/// Returns the phrasebook that knows the names of this event, now.
pub fn phrasebook(replica: &Replica) -> Phrasebook {
    replica.snapshot().phrasebook(replica.clock().now())
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
        Reason::OtherEvent.kind().name(),
        gate::other_event(name),
    )
}

/// Tells that a hub alone decides on a ticket against which nothing is known here.
pub fn for_a_hub(phrasebook: &Phrasebook, answer: &request::Answer) -> ScanOutcome {
    let facts = answer.ticket.as_ref().map(|ticket| phrasebook.ticket(ticket));
    ScanOutcome {
        details: facts.into_iter().collect(),
        ..said(Signal::Unanswered, "hub_decides", words::for_a_hub())
    }
}

/// Tells why an override was not decided.
pub fn undecided(why: Undecided) -> ScanOutcome {
    let outcome = match why {
        Undecided::MayNot => "not_allowed",
        Undecided::Outwards => "not_needed",
        Undecided::NoHub => "cannot_decide",
    };
    said(Signal::Unanswered, outcome, words::undecided(why))
}

/// The outcome of a scan that was taken back.
pub const ANNULLED: &str = "annulled";

/// Tells whether a scan was taken back, and of which ticket.
pub fn annulled(
    phrasebook: &Phrasebook,
    annulled: Result<Option<AnnulledScan>, NotAnnulled>,
    ticket: Option<String>,
) -> ScanOutcome {
    let said_so = match annulled {
        Ok(scan) => said(Signal::Unanswered, ANNULLED, phrasebook.undone(scan)),
        Err(why) => not_annulled(why),
    };
    ScanOutcome {
        details: ticket.into_iter().collect(),
        ..said_so
    }
}

/// Tells why a scan is not taken back.
pub fn not_annulled(why: NotAnnulled) -> ScanOutcome {
    let said_so = gate::not_annulled(why);
    said(Signal::Unanswered, "not_annulled", said_so)
}

/// Tells what came of an undo by a supervisor's PIN, of which ticket.
pub fn corrected_undo(
    phrasebook: &Phrasebook,
    corrected: CorrectionOutcome,
    ticket: Option<String>,
) -> ScanOutcome {
    let annulled = match corrected {
        CorrectionOutcome::Undone(scan) => Ok(Some(scan)),
        CorrectionOutcome::NotUndone(why) => Err(why),
        // No hub that is ours says so of an undo.
        CorrectionOutcome::Counted | CorrectionOutcome::NotCounted(_) | CorrectionOutcome::HubsMissing => {
            Err(NotAnnulled::NobodyPassed)
        }
    };
    self::annulled(phrasebook, annulled, ticket)
}

/// Says why a count was not taken; nothing if it was.
#[must_use]
pub fn not_counted(corrected: CorrectionOutcome) -> Option<StaffMessage> {
    match corrected {
        CorrectionOutcome::Counted => None,
        CorrectionOutcome::NotCounted(why) => Some(words::not_counted(why)),
        // No hub that is ours says the last two of a count.
        CorrectionOutcome::HubsMissing | CorrectionOutcome::Undone(_) | CorrectionOutcome::NotUndone(_) => {
            Some(words::hubs_missing())
        }
    }
}

/// Tells how a count came out.
pub fn counted(zone: &str, inside: u32, refused: Option<StaffMessage>) -> ScanOutcome {
    match refused {
        None => said(Signal::Unanswered, "counted", words::counted(zone, inside)),
        Some(refused) => said(Signal::Unanswered, "not_counted", refused),
    }
}

/// Tells why nobody corrected anything.
pub fn not_corrected(phrasebook: &Phrasebook, why: NotCorrected) -> ScanOutcome {
    match why {
        NotCorrected::Refused(error) => refused(phrasebook, error),
        NotCorrected::Unsaid(why) => said(Signal::Unanswered, "cannot_decide", words::no_correction(why)),
    }
}

/// Tells that a scan was taken back here, and that no hub has heard of it.
pub fn unheard(annulled: ScanOutcome) -> ScanOutcome {
    let unheard = words::annulled_here_only();
    ScanOutcome {
        outcome: "annulled_unheard",
        words: unheard.title,
        reason: unheard.detail,
        ..annulled
    }
}

fn said(signal: Signal, outcome: &'static str, said: StaffMessage) -> ScanOutcome {
    ScanOutcome::said(signal, outcome, said)
}

/// Returns what helps to read a code that is seen and not read.
pub fn help(hint: Hint) -> Help {
    match hint {
        Hint::HoldStill => words::HOLD_STILL,
        Hint::TooFar => words::TOO_FAR,
        Hint::Glare => words::GLARE,
    }
}
