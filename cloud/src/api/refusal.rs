//! How the authority's errors and refusals look as problems: each says what to do about it.

use usher_keys::Timestamp;
use usher_words::buyers::HeldFrom;
use usher_words::problems::{Missing, OrderDetail, ProblemDetail, ProblemKind};

use crate::authority::AuthorityError;
use crate::authority::upload::UploadError;
use crate::authority::writer::TicketOutcome;
use crate::selling::SoldTicket;
use crate::selling::claimant::{BoundBy, HeldInVain, TooManyHeld};
use crate::selling::holding::REMEMBERED_MS;
use crate::selling::sale::SaleStatus;
use crate::selling::tickets::TicketRefusal;

use super::error::{ApiError, Quota};
use super::organizer::signing::whole_seconds;
use crate::moment::Moment;
use crate::money::DeclineReason;

impl From<AuthorityError> for ApiError {
    fn from(error: AuthorityError) -> Self {
        match error {
            AuthorityError::NoBundle => ProblemKind::NoTrustBundle.into(),
            AuthorityError::NoKey { purpose } => ProblemDetail::NoKey { purpose }.into(),
            AuthorityError::OldCopy => ProblemKind::OldCopy.into(),
            AuthorityError::NoTicketKey(_) => ProblemKind::NoSigningKey.into(),
            AuthorityError::KeyEndsEarly { wanted } => keys_end_early(wanted),
            AuthorityError::Conflict => ProblemDetail::ChangedMeanwhile.into(),
            AuthorityError::Closed => ProblemDetail::ShuttingDown.into(),
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
    let until = Moment(whole_seconds(wanted)).to_string();
    ProblemDetail::KeyEndsEarly { until: &until }.into()
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
            UploadError::KeyOfAnotherEvent { .. } => ProblemKind::BundleSharesKey,
            UploadError::NotInForce { .. } => ProblemKind::BundleNotInForce,
        };
        Self::said_by(kind, &error)
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
        TicketOutcome::NotFound => Err(ApiError::NotFound(Missing::TicketOfEvent)),
        TicketOutcome::Refused(refusal) => Err(match refusal {
            TicketRefusal::Superseded => ProblemKind::TicketSuperseded.into(),
            TicketRefusal::Transferred => ProblemKind::TicketTransferred.into(),
            TicketRefusal::Refunded => ProblemKind::TicketRefunded.into(),
            TicketRefusal::Revoked => ProblemKind::TicketRevoked.into(),
            TicketRefusal::EventCanceled => ProblemKind::EventCanceled.into(),
            TicketRefusal::OnAnotherPhone => ProblemKind::OnAnotherPhone.into(),
            TicketRefusal::BoundTooOften => ProblemKind::BoundTooOften.into(),
        }),
    }
}

/// Returns what the buyer is told of an event that does not sell.
pub fn not_on_sale(status: SaleStatus) -> ProblemKind {
    match status {
        SaleStatus::Canceled => ProblemKind::EventCanceled,
        SaleStatus::Over => ProblemKind::SalesClosed,
        SaleStatus::NotYet => ProblemKind::NotYetOnSale,
        SaleStatus::Stopped => ProblemKind::SaleStopped,
        // On sale again by now: asking again helps, as after a pause.
        SaleStatus::Paused | SaleStatus::OnSale => ProblemKind::SalesPaused,
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

/// Returns how many seconds there are until a moment; at least one.
pub fn seconds_until(at: Timestamp, now: Timestamp) -> u64 {
    at.0.saturating_sub(now.0).div_ceil(1000).max(1)
}

/// Says that somebody keeps too many places without having paid for them.
pub fn too_many_held(too_many: &TooManyHeld, now: Timestamp) -> ApiError {
    let retry_after = seconds_until(too_many.fits_at, now);
    let detail = OrderDetail::TooManyHeld {
        from: from(too_many.by),
        held: too_many.held,
        most: too_many.most,
        retry_after_seconds: retry_after,
    };
    let quota = Quota {
        name: "unpaid-places",
        most: too_many.most,
        window: None,
        left: too_many.most.saturating_sub(too_many.held),
    };
    ApiError::quota_used(&detail, retry_after, quota)
}

/// Says that somebody has held places in vain for too long.
pub fn held_in_vain(in_vain: &HeldInVain, now: Timestamp) -> ApiError {
    let retry_after = seconds_until(in_vain.fits_at, now);
    let detail = OrderDetail::HeldInVain {
        from: from(in_vain.by),
        retry_after_seconds: retry_after,
    };
    let quota = Quota {
        name: "minutes-in-vain",
        most: in_vain.most,
        window: Some(REMEMBERED_MS / 1000),
        left: in_vain.most.saturating_sub(in_vain.minutes),
    };
    ApiError::quota_used(&detail, retry_after, quota)
}

fn from(by: BoundBy) -> HeldFrom {
    match by {
        BoundBy::Session => HeldFrom::Browser,
        BoundBy::Address => HeldFrom::Address,
        BoundBy::Network => HeldFrom::Network,
    }
}
