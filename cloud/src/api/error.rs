//! The one error of the API and its RFC 9457 form; what is our fault is logged once and not explained to the client.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use thiserror::Error;
use utoipa::ToSchema;

use crate::booking::BookError;
use crate::money::DeclineReason;
use crate::store::StoreError;

/// How long a client should wait before it asks again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

/// Why a request was not done.
#[derive(Debug, Error)]
pub enum ApiError {
    /// The request is not what HTTP or JSON or the schema asks for.
    #[error("the request cannot be read")]
    Unreadable {
        /// 400, 408, 413, 415 or 422.
        status: StatusCode,
        /// What is wrong with it.
        detail: String,
    },
    /// The request can be read, but its values make no sense.
    #[error("the request makes no sense")]
    Invalid(Vec<FieldError>),
    /// There is no such thing, or it is not the caller's to see.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// No API key, or a wrong one.
    #[error("no valid API key")]
    Unauthorized,
    /// Units belong to someone else.
    #[error("units are taken")]
    Taken(Vec<u32>),
    /// Tiers do not have enough free units.
    #[error("not enough units")]
    Short(Vec<ShortageView>),
    /// The reservation's time is over.
    #[error("the reservation has ended")]
    ReservationEnded,
    /// The gateway declined.
    #[error("the payment was declined")]
    Declined(DeclineReason),
    /// The request contradicts what has happened before.
    #[error("conflict")]
    Conflict(Conflict),
    /// The authority says no.
    #[error("refused: {slug}")]
    Refused {
        /// 409, 410 or 422.
        status: StatusCode,
        /// Names the kind of problem.
        slug: &'static str,
        /// What to do about it.
        detail: String,
    },
    /// The client does too much at once.
    #[error("too much at once: {slug}")]
    TooMany {
        /// Names the kind of problem.
        slug: &'static str,
        /// What to do about it.
        detail: String,
        /// When the same request may be done, in seconds from now.
        retry_after: u64,
    },
    /// Something we depend on does not answer now.
    #[error("not available now: {0}")]
    Unavailable(&'static str),
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

/// What a request contradicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// The idempotency key was used for another request.
    KeyReused,
    /// The reservation has become a booking.
    AlreadyBooked,
    /// The booking has been given a new id since.
    Renewed,
    /// The reservation is being paid.
    Paying,
    /// The charge was given back, because the units were lost.
    Refunded,
    /// The event is over.
    SalesClosed,
    /// Tickets signed now would not be believed until the event's end.
    SalesPaused,
    /// A draft's days are over.
    Over,
    /// The event has no signing key and trust bundle yet.
    NoSigningKey,
    /// Making the event was interrupted.
    DraftIncomplete,
}

impl Conflict {
    fn slug(self) -> &'static str {
        match self {
            Self::KeyReused => "idempotency-key-reused",
            Self::AlreadyBooked => "already-booked",
            Self::Renewed => "booking-renewed",
            Self::Paying => "being-paid",
            Self::Refunded => "refunded",
            Self::SalesClosed => "sales-closed",
            Self::SalesPaused => "sales-paused",
            Self::Over => "event-over",
            Self::NoSigningKey => "no-signing-key",
            Self::DraftIncomplete => "draft-incomplete",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::KeyReused => {
                "This idempotency key was used for another request: take a new one for each new request."
            }
            Self::AlreadyBooked => {
                "This reservation has become a booking, or another request is paying for it: look for its tickets before you buy again."
            }
            Self::Renewed => {
                "This booking is paid, and its address was changed since. Nothing was charged again: ask the organizer for the \
                 new address."
            }
            Self::Paying => "This reservation is being paid: wait for the payment's end.",
            Self::Refunded => "The places were lost while the payment ran, and the money was given back.",
            Self::SalesClosed => {
                "The event is over: nothing of it is sold any more, and nothing was charged."
            }
            Self::SalesPaused => {
                "The sale of this event is paused: nothing was held or charged, and tickets bought before stay good. Try again \
                 later; its organizer is told what is missing."
            }
            Self::Over => "The event is over before it is on sale: change its days first.",
            Self::NoSigningKey => {
                "The event has no ticket-signing key yet: upload the trust bundle that lists it, then publish."
            }
            Self::DraftIncomplete => "Making this event was interrupted: create it anew.",
        }
    }
}

/// What is wrong with one value of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where it is, as a JSON pointer (RFC 6901).
    #[schema(example = "/tiers/0/quantity")]
    pub pointer: String,
    /// What it must be.
    #[schema(value_type = String, example = "must be 1 to 20")]
    pub detail: Cow<'static, str>,
}

/// A tier that has fewer free units than were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ShortageView {
    /// The tier.
    pub tier: u16,
    /// How many were asked for.
    pub requested: u32,
    /// How many are free.
    pub available: u32,
}

/// An error in the form of RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Names the kind of problem, for programs.
    #[schema(value_type = String, example = "urn:usher:problem:units-taken")]
    pub r#type: String,
    /// The kind of problem in words.
    #[schema(value_type = String, example = "Conflict")]
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What to do about it.
    #[schema(value_type = String)]
    pub detail: Cow<'static, str>,
    /// Of `units-taken`: the seats that belong to someone else. None of the request's seats is held.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<u32>,
    /// Of `units-short`: the tiers that do not have enough free units. Nothing is held.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub short: Vec<ShortageView>,
    /// Of `invalid-request`: what is wrong with which value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// What the header Retry-After says, if not the usual.
    #[serde(skip)]
    pub retry_after: Option<u64>,
}

impl ApiError {
    /// Returns the RFC 9457 form.
    pub fn problem(self) -> Problem {
        match self {
            Self::Unreadable { status, detail } => problem(status, "unreadable-request", detail),
            Self::Invalid(errors) => Problem {
                errors,
                ..problem(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid-request",
                    "Some values make no sense: see errors.",
                )
            },
            Self::NotFound(thing) => problem(
                StatusCode::NOT_FOUND,
                "not-found",
                format!("There is no such {thing}."),
            ),
            Self::Unauthorized => problem(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "Send an organizer's API key as Authorization: Bearer KEY.",
            ),
            Self::Taken(taken) => Problem {
                taken,
                ..problem(
                    StatusCode::CONFLICT,
                    "units-taken",
                    "Some of these seats were just taken: choose others.",
                )
            },
            Self::Short(short) => Problem {
                short,
                ..problem(
                    StatusCode::CONFLICT,
                    "units-short",
                    "There are not enough places left: ask for fewer.",
                )
            },
            Self::ReservationEnded => problem(
                StatusCode::BAD_REQUEST,
                "reservation-ended",
                "The reservation has expired or was given back; nothing was charged. Make a new one.",
            ),
            Self::Declined(reason) => problem(StatusCode::PAYMENT_REQUIRED, reason.word(), reason.sentence()),
            Self::Conflict(conflict) => problem(StatusCode::CONFLICT, conflict.slug(), conflict.sentence()),
            Self::Refused { status, slug, detail } => problem(status, slug, detail),
            Self::TooMany {
                slug,
                detail,
                retry_after,
            } => Problem {
                retry_after: Some(retry_after),
                ..problem(StatusCode::TOO_MANY_REQUESTS, slug, detail)
            },
            Self::Unavailable(detail) => problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail),
            Self::Booking(error) => booking_problem(&error),
            Self::Store(error) => store_problem(&error),
            Self::Internal => internal_problem(),
        }
    }
}

fn problem(status: StatusCode, slug: &str, detail: impl Into<Cow<'static, str>>) -> Problem {
    Problem {
        r#type: format!("urn:usher:problem:{slug}"),
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        detail: detail.into(),
        taken: Vec::new(),
        short: Vec::new(),
        errors: Vec::new(),
        retry_after: None,
    }
}

fn booking_problem(error: &BookError) -> Problem {
    if let BookError::Store(error) = error {
        return store_problem(error);
    }
    tracing::error!(
        error = error as &dyn std::error::Error,
        "a booking has no outcome yet"
    );
    problem(
        StatusCode::SERVICE_UNAVAILABLE,
        "booking-unsettled",
        "The booking has no outcome yet. Ask again with the same idempotency key: you are never charged twice.",
    )
}

fn store_problem(error: &StoreError) -> Problem {
    tracing::error!(error = error as &dyn std::error::Error, "the store failed");
    if error.is_temporary() {
        problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "Nothing was changed. Try again in a moment.",
        )
    } else {
        internal_problem()
    }
}

fn internal_problem() -> Problem {
    problem(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "Something is wrong on our side, and the server's log says what. Try again; if it stays, tell whoever runs it.",
    )
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.problem().into_response()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        } else if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER);
        } else if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
