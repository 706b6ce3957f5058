//! The one error of the API and its RFC 9457 form; what is our fault is logged once and not explained to the client.

use std::borrow::Cow;

use altcha::Challenge;
use axum::response::{IntoResponse, Response};
use thiserror::Error;
use usher_words::problems::{Missing, OrderDetail, ProblemDetail, ProblemKind};

use crate::booking::BookError;
use crate::store::StoreError;

use super::problem::problem;
pub use super::problem::{FieldError, Problem, Quota, ShortageView};

/// Why a request was not done.
#[derive(Debug, Error)]
pub enum ApiError {
    /// The request can be read, but its values make no sense.
    #[error("the request makes no sense")]
    Invalid(Vec<FieldError>),
    /// There is no such thing, or it is not the caller's to see.
    #[error("not found: {0:?}")]
    NotFound(Missing),
    /// Units belong to someone else.
    #[error("units are taken")]
    Taken(Vec<u32>),
    /// Tiers do not have enough free units.
    #[error("not enough units")]
    Short(Vec<ShortageView>),
    /// Whoever asks shows a proof of work first: this one.
    #[error("a proof of work is missing")]
    ProveFirst(Box<Challenge>),
    /// It is of another kind, which carries no values.
    #[error("refused: {}", kind.slug())]
    Refused {
        /// What sort of problem it is.
        kind: ProblemKind,
        /// What is wrong and what to do.
        detail: Words,
    },
    /// The client does too much at once.
    #[error("too much at once")]
    TooMany {
        /// What of.
        kind: ProblemKind,
        /// What to do about it.
        detail: Words,
        /// When the same request may be done, in seconds from now.
        retry_after: u64,
        /// Which quota is used up, if it is one that clients can count.
        quota: Option<Quota>,
    },
    /// The booking has no outcome yet.
    #[error("the booking has no outcome yet")]
    Booking(#[from] BookError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// A handler panicked or a page could not be made.
    #[error("internal error")]
    Internal,
}

/// What is said of a problem: by its kind, by what else is known of it, or by the error behind it, and by nobody in passing.
#[derive(Debug)]
pub struct Words(Cow<'static, str>);

impl From<ProblemKind> for ApiError {
    fn from(kind: ProblemKind) -> Self {
        Self::refused(kind, kind.words())
    }
}

impl From<ProblemDetail<'_>> for ApiError {
    fn from(detail: ProblemDetail<'_>) -> Self {
        Self::refused(detail.kind(), detail.words())
    }
}

impl From<OrderDetail<'_>> for ApiError {
    fn from(detail: OrderDetail<'_>) -> Self {
        Self::refused(detail.kind(), detail.words())
    }
}

impl ApiError {
    fn refused(kind: ProblemKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused {
            kind,
            detail: Words(detail.into()),
        }
    }

    /// Makes a problem of this kind whose detail is the other error's text.
    pub fn said_by(kind: ProblemKind, error: &dyn std::error::Error) -> Self {
        Self::refused(kind, sentence(&error.to_string()))
    }

    /// Makes an error of this kind with the kind's own words, to be tried again after so many seconds.
    pub fn too_many(kind: ProblemKind, retry_after: u64) -> Self {
        Self::TooMany {
            kind,
            detail: Words(kind.words().into()),
            retry_after,
            quota: None,
        }
    }

    /// Makes the error of a client that has used up a quota and may try again in so many seconds.
    pub fn quota_used(detail: &OrderDetail<'_>, retry_after: u64, quota: Quota) -> Self {
        Self::TooMany {
            kind: detail.kind(),
            detail: Words(detail.words().into()),
            retry_after,
            quota: Some(quota),
        }
    }

    /// Tells whether it is of a kind that carries no values.
    pub fn is_of(&self, wanted: ProblemKind) -> bool {
        matches!(self, Self::Refused { kind, .. } if *kind == wanted)
    }

    /// Returns the RFC 9457 form.
    pub fn problem(self) -> Problem {
        match self {
            Self::Invalid(errors) => Problem {
                errors,
                ..usual(ProblemKind::InvalidRequest)
            },
            Self::NotFound(missing) => problem(ProblemKind::NotFound, missing.words()),
            Self::Taken(taken) => Problem {
                taken,
                ..usual(ProblemKind::UnitsTaken)
            },
            Self::Short(short) => Problem {
                short,
                ..usual(ProblemKind::UnitsShort)
            },
            Self::ProveFirst(challenge) => Problem {
                challenge: Some(challenge),
                ..usual(ProblemKind::ProveFirst)
            },
            Self::Refused { kind, detail } => problem(kind, detail.0),
            Self::TooMany {
                kind,
                detail,
                retry_after,
                quota,
            } => Problem {
                retry_after: Some(retry_after),
                quota,
                ..problem(kind, detail.0)
            },
            Self::Booking(error) => booking_problem(&error),
            Self::Store(error) => store_problem(&error),
            Self::Internal => usual(ProblemKind::Internal),
        }
    }
}

/// Turns an error's text into a sentence.
fn sentence(text: &str) -> String {
    let mut chars = text.trim_end_matches('.').chars();
    chars.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), chars.as_str())
    })
}

fn usual(kind: ProblemKind) -> Problem {
    problem(kind, kind.words())
}

fn booking_problem(error: &BookError) -> Problem {
    if let BookError::Store(error) = error {
        return store_problem(error);
    }
    tracing::error!(
        error = error as &dyn std::error::Error,
        "a booking has no outcome yet"
    );
    usual(ProblemKind::BookingUnsettled)
}

fn store_problem(error: &StoreError) -> Problem {
    tracing::error!(error = error as &dyn std::error::Error, "the store failed");
    if let StoreError::CellAway(_) = error {
        return problem(ProblemKind::Unavailable, ProblemDetail::CellAway.words());
    }
    if error.is_temporary() {
        usual(ProblemKind::Unavailable)
    } else {
        usual(ProblemKind::Internal)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.problem().into_response()
    }
}
