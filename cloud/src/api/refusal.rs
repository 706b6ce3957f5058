//! How the authority's errors and refusals look as problems: each says what to do about it.

use axum::http::StatusCode;
use usher_keys::Timestamp;

use crate::authority::AuthorityError;
use crate::authority::upload::UploadError;
use crate::authority::writer::TicketOutcome;
use crate::selling::Ticket;

use super::error::{ApiError, Conflict};
use super::organizer::signing::whole_seconds;
use crate::moment::Moment;

impl From<AuthorityError> for ApiError {
    fn from(error: AuthorityError) -> Self {
        match error {
            AuthorityError::NoBundle => conflict(
                "no-trust-bundle",
                "The event has no trust bundle yet: ask for its key-request, have it signed and upload the bundle.",
            ),
            AuthorityError::NoKey { purpose } => conflict_of(
                "no-key-in-force",
                format!(
                    "No {purpose} key of the event may sign now: ask for its key-request, have it signed and upload the next bundle."
                ),
            ),
            AuthorityError::OldCopy => conflict(
                "old-copy",
                "The server runs on an older copy of its data: nothing is sold or ordered for this event. Restore the newest copy.",
            ),
            AuthorityError::NoTicketKey(_) => Self::Conflict(Conflict::NoSigningKey),
            AuthorityError::KeyEndsEarly { wanted } => keys_end_early(wanted),
            AuthorityError::Conflict => {
                Self::Unavailable("It was changed by someone else just now. Try again.")
            }
            AuthorityError::Closed => {
                Self::Unavailable("The server is shutting down. Try again in a moment.")
            }
            AuthorityError::Store(error) => Self::Store(error),
            error @ AuthorityError::KeyFiles(_) => {
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
    conflict_of(
        "key-ends-early",
        format!(
            "The event's ticket key ends before the event does, so its tickets would be refused at the end. Have the keys prolonged \
             offline with `usher-keys extend --root root.pem --bundle bundle.json --until {until} --out next.json`, and upload the bundle."
        ),
    )
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        use usher_keys::BundleError;
        let slug = match &error {
            UploadError::Bundle(BundleError::NotNewer { .. }) => "bundle-not-newer",
            UploadError::Bundle(BundleError::OtherEvent) => "bundle-of-another-event",
            UploadError::Bundle(BundleError::TooFewSignatures { .. }) => "bundle-not-signed",
            UploadError::Bundle(
                BundleError::Malformed(_)
                | BundleError::NotBase64
                | BundleError::BadRootSet
                | BundleError::BadKey { .. }
                | BundleError::TooManyKeys,
            ) => "bundle-malformed",
            UploadError::Bundle(BundleError::ForgetsKey { .. }) => "bundle-forgets-a-key",
            UploadError::ForeignKeys { .. } => "bundle-foreign-keys",
            UploadError::NotInForce { .. } => "bundle-not-in-force",
        };
        Self::Refused {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            slug,
            detail: sentence(&error.to_string()),
        }
    }
}

/// Returns the ticket that counts, or why there is none.
///
/// # Errors
///
/// [`ApiError`].
pub fn ticket(outcome: TicketOutcome) -> Result<Ticket, ApiError> {
    match outcome {
        TicketOutcome::Done(ticket) => Ok(*ticket),
        TicketOutcome::NotFound => Err(ApiError::NotFound("ticket of this event")),
        TicketOutcome::Superseded => Err(conflict(
            "ticket-superseded",
            "A newer ticket has taken this one's place: name the newest one.",
        )),
        TicketOutcome::Transferred => Err(conflict(
            "ticket-transferred",
            "The ticket was transferred: the one that has taken its place is somebody else's. Its holder can have that one \
             reissued.",
        )),
        TicketOutcome::Revoked => Err(conflict(
            "ticket-revoked",
            "The ticket is revoked, and a revoked ticket gets no fresh code: reinstate it first.",
        )),
    }
}

/// Makes a problem of what contradicts the state of things.
pub fn conflict(slug: &'static str, detail: &str) -> ApiError {
    conflict_of(slug, detail.to_owned())
}

/// Makes the problem of a device that would have nothing left to scan.
pub fn event_over() -> ApiError {
    conflict(
        "event-over",
        "The event ended more than six hours ago, and certificates last no longer: change its ends_at first, or ask for a code with certificate_days.",
    )
}

fn conflict_of(slug: &'static str, detail: String) -> ApiError {
    ApiError::Refused {
        status: StatusCode::CONFLICT,
        slug,
        detail,
    }
}

/// Returns an error's text the form of a sentence.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), chars.as_str())
    })
}
