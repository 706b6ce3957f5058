//! What came of what staff say against the records: an undo, or an override that nobody decided; ready to be shown like a scan.

use usher_protocol::correction::{AnnulledScan, CorrectionOutcome, NotAnnulled};

use super::{ScanOutcome, Signal};
use crate::gate::{self, Phrasebook};
use crate::scanner::{self as words, NoCorrection, Undecided};

/// The outcome of a scan that was taken back.
pub const ANNULLED: &str = "annulled";

/// Returns why an override was not decided.
#[must_use]
pub fn undecided(why: Undecided) -> ScanOutcome {
    let outcome = match why {
        Undecided::MayNot => "not_allowed",
        Undecided::Outwards => "not_needed",
        Undecided::NoHub => "cannot_decide",
    };
    ScanOutcome::said(Signal::Unanswered, outcome, words::undecided(why))
}

/// Tells whether a scan was taken back, and of which ticket.
#[must_use]
pub fn annulled(
    phrasebook: &Phrasebook,
    annulled: Result<Option<AnnulledScan>, NotAnnulled>,
    ticket: Option<String>,
) -> ScanOutcome {
    let said = match annulled {
        Ok(scan) => ScanOutcome::said(Signal::Unanswered, ANNULLED, phrasebook.undone(scan)),
        Err(why) => not_annulled(why),
    };
    ScanOutcome {
        details: ticket.into_iter().collect(),
        ..said
    }
}

/// Returns why a scan is not taken back.
#[must_use]
pub fn not_annulled(why: NotAnnulled) -> ScanOutcome {
    ScanOutcome::said(Signal::Unanswered, "not_annulled", gate::not_annulled(why))
}

/// Returns what came of an undo by a supervisor's PIN, of which ticket.
#[must_use]
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

/// Returns why nobody corrected anything.
#[must_use]
pub fn not_corrected(why: NoCorrection) -> ScanOutcome {
    let outcome = match why {
        NoCorrection::MayNot => "not_allowed",
        NoCorrection::NoHub | NoCorrection::NoAnswer => "cannot_decide",
    };
    ScanOutcome::said(Signal::Unanswered, outcome, words::no_correction(why))
}
