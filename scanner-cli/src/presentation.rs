//! Turns what was judged into what the screen shows; the words of verdicts come with the replica, the judging is done.

use usher_device::replica::Replica;
use usher_eyes::Hint;
use usher_protocol::admission::Reason;
use usher_protocol::correction::CorrectionOutcome;
use usher_protocol::request;
use usher_words::StaffMessage;
use usher_words::gate::{self, Phrasebook};
use usher_words::scanner::{self as words, Help, outcome};

use crate::answer::{ScanOutcome, Signal};
use crate::corrections::NotCorrected;

pub use usher_words::scanner::outcome::{
    ANNULLED, WAITING, annulled, corrected_undo, judged as verdict, judged_by, not_annulled,
    not_found as no_ticket, not_judged as barred, refused, still_asking as waiting, undecided,
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

/// Presents a ticket that is for another event of this device.
pub fn other_event(name: &str) -> ScanOutcome {
    said(
        Signal::Deny,
        Reason::OtherEvent.kind().name(),
        gate::other_event(name),
    )
}

/// Presents a ticket on which a hub alone decides: nothing is known against it here.
pub fn for_a_hub(phrasebook: &Phrasebook, answer: &request::Answer) -> ScanOutcome {
    let facts = answer.ticket.as_ref().map(|ticket| phrasebook.ticket(ticket));
    ScanOutcome {
        details: facts.into_iter().collect(),
        ..said(Signal::Unanswered, "hub_decides", words::for_a_hub())
    }
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

/// Returns how a count came out.
pub fn counted(zone: &str, inside: u32, refused: Option<StaffMessage>) -> ScanOutcome {
    match refused {
        None => said(Signal::Unanswered, "counted", words::counted(zone, inside)),
        Some(refused) => said(Signal::Unanswered, "not_counted", refused),
    }
}

/// Returns why nobody corrected anything.
pub fn not_corrected(phrasebook: &Phrasebook, why: NotCorrected) -> ScanOutcome {
    match why {
        NotCorrected::Refused(error) => refused(phrasebook, error),
        NotCorrected::Unsaid(why) => outcome::not_corrected(why),
    }
}

/// Presents a scan that was taken back here and of which no hub has heard.
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
