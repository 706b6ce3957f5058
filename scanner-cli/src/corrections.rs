//! Has a hub take a scan back or take a count, by a supervisor's PIN; whether that may be is the hub's to say.

use std::time::Duration;

use usher_protocol::correction::{CorrectionOutcome, PinnedCorrection};
use usher_protocol::request::RequestError;
use usher_words::StaffMessage;
use usher_words::gate::Phrasebook;
use usher_words::scanner::{self as words, NoCorrection};

use crate::links::Hubs;

/// How long a hub has to answer: it checks the PIN and waits for what the others have written.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);

/// Why no hub corrected anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotCorrected {
    /// A hub refuses.
    Refused(RequestError),
    /// Nobody could say.
    Unsaid(NoCorrection),
}

impl NotCorrected {
    /// Says why, and what to do.
    #[must_use]
    pub fn words(self, phrasebook: &Phrasebook) -> StaffMessage {
        match self {
            Self::Refused(error) => phrasebook.error(error),
            Self::Unsaid(why) => words::no_correction(why),
        }
    }
}

/// Asks one linked hub after the other, until one knows the supervisor.
///
/// # Errors
/// [`NotCorrected`]. A hub that was asked and says nothing may have done it: no other one is asked then, since that could take back the
/// scan before.
pub async fn corrected(hubs: &Hubs, pinned: &PinnedCorrection) -> Result<CorrectionOutcome, NotCorrected> {
    let mut last = NotCorrected::Unsaid(NoCorrection::NoHub);
    for hub in hubs.linked() {
        let patience = hub.connection.patience(ANSWER_WITHIN);
        match hub.connection.correct(pinned.clone(), patience).await {
            Ok(Ok(corrected)) => return Ok(corrected),
            Ok(Err(error)) if is_for_another(error) => last = NotCorrected::Refused(error),
            Ok(Err(error)) => return Err(NotCorrected::Refused(error)),
            Err(error) => {
                tracing::info!(hub = hub.name, %error, "a hub was asked for a correction and does not answer");
                return Err(NotCorrected::Unsaid(NoCorrection::NoAnswer));
            }
        }
    }
    Err(last)
}

/// Tells whether another hub may do what one refuses: it has done nothing.
fn is_for_another(error: RequestError) -> bool {
    match error {
        RequestError::NotAllowed
        | RequestError::NotHome
        | RequestError::Malformed
        | RequestError::Busy
        | RequestError::NoPin => true,
        RequestError::Unavailable | RequestError::WrongPin { .. } | RequestError::PinsRest { .. } => false,
    }
}
