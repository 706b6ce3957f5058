//! How the authority's errors and refusals look as problems: each says what to do about it.

use usher_keys::Timestamp;
use usher_words::problems::ProblemKind;

use crate::authority::AuthorityError;
use crate::authority::upload::UploadError;
use crate::authority::writer::TicketOutcome;
use crate::selling::SoldTicket;

use super::error::ApiError;
use super::organizer::signing::whole_seconds;
use crate::moment::Moment;
use crate::money::DeclineReason;

impl From<AuthorityError> for ApiError {
    fn from(error: AuthorityError) -> Self {
        match error {
            AuthorityError::NoBundle => ProblemKind::NoTrustBundle.into(),
            AuthorityError::NoKey { purpose } => Self::refused(
                ProblemKind::NoKeyInForce,
                format!(
                    "No {purpose} key of the event may sign now: ask for its key-request, have it signed and upload the next bundle."
                ),
            ),
            AuthorityError::OldCopy => ProblemKind::OldCopy.into(),
            AuthorityError::NoTicketKey(_) => ProblemKind::NoSigningKey.into(),
            AuthorityError::KeyEndsEarly { wanted } => keys_end_early(wanted),
            AuthorityError::Conflict => {
                Self::Unavailable("It was changed by someone else just now. Try again.")
            }
            AuthorityError::Closed => {
                Self::Unavailable("The server is shutting down. Try again in a moment.")
            }
            AuthorityError::Store(error) => Self::Store(error),
            error @ AuthorityError::Keys(_) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the keys of an event cannot be used"
                );
                Self::Internal
            }
        }
    }
}

/// Says that tickets cannot be signed before the roots have prolonged the event's keys.
pub fn keys_end_early(wanted: Timestamp) -> ApiError {
    let until = Moment(whole_seconds(wanted));
    ApiError::refused(
        ProblemKind::KeyEndsEarly,
        format!(
            "The event's ticket key ends before the event does, so its tickets would be refused at the end. Have the keys prolonged \
             offline with `usher-keys extend --root root.pem --bundle bundle.json --until {until} --out next.json`, and upload the bundle."
        ),
    )
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        use usher_keys::BundleError;
        let kind = match &error {
            UploadError::Bundle(BundleError::NotNewer { .. }) => ProblemKind::BundleNotNewer,
            UploadError::Bundle(BundleError::OtherEvent) => ProblemKind::BundleOfAnotherEvent,
            UploadError::Bundle(BundleError::TooFewSignatures { .. }) => ProblemKind::BundleNotSigned,
            UploadError::Bundle(
                BundleError::Malformed(_)
                | BundleError::NotBase64
                | BundleError::BadRootSet
                | BundleError::BadKey { .. }
                | BundleError::TooManyKeys,
            ) => ProblemKind::BundleMalformed,
            UploadError::Bundle(BundleError::ForgetsKey { .. }) => ProblemKind::BundleForgetsKey,
            UploadError::ForeignKeys { .. } => ProblemKind::BundleForeignKeys,
            UploadError::NotInForce { .. } => ProblemKind::BundleNotInForce,
        };
        Self::refused(kind, sentence(&error.to_string()))
    }
}

/// Returns the ticket that counts, or why there is none.
///
/// # Errors
///
/// [`ApiError`].
pub fn ticket(outcome: TicketOutcome) -> Result<SoldTicket, ApiError> {
    match outcome {
        TicketOutcome::Done(ticket) => Ok(*ticket),
        TicketOutcome::NotFound => Err(ApiError::NotFound("ticket of this event")),
        TicketOutcome::Superseded => Err(ProblemKind::TicketSuperseded.into()),
        TicketOutcome::Transferred => Err(ProblemKind::TicketTransferred.into()),
        TicketOutcome::Revoked => Err(ProblemKind::TicketRevoked.into()),
    }
}

/// Returns what the buyer is told of a charge that was declined.
pub fn declined(reason: DeclineReason) -> ProblemKind {
    match reason {
        DeclineReason::Card => ProblemKind::CardDeclined,
        DeclineReason::InsufficientFunds => ProblemKind::InsufficientFunds,
        DeclineReason::ExpiredCard => ProblemKind::ExpiredCard,
        DeclineReason::WrongNumbers => ProblemKind::WrongCardNumbers,
        DeclineReason::NotAuthenticated => ProblemKind::NotAuthenticated,
        DeclineReason::UnknownToken => ProblemKind::UnknownToken,
        DeclineReason::GivenUp => ProblemKind::GivenUp,
    }
}

/// Makes the problem of a device that would have nothing left to scan.
pub fn event_over() -> ApiError {
    ApiError::refused(
        ProblemKind::EventOver,
        "The event ended more than six hours ago, and certificates last no longer: change its ends_at first, or ask for a code with certificate_days.",
    )
}

/// Gives an error's text the form of a sentence.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), chars.as_str())
    })
}
