//! Pages for people with a browser: what is on sale, a booking, a ticket; they show what the API says and decide nothing.

#![expect(clippy::missing_errors_doc, reason = "a page's errors are those of the API")]

pub mod assets;
pub mod console;
pub mod events;
pub mod field_bounds;
pub mod gate;
pub mod my_tickets;
pub mod reader;
pub mod sandbox;
pub mod staff;
pub mod tickets;
pub mod waiting_list;
pub mod waiting_room;

use askama::Template;
use axum::Extension;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::api::error::ApiError;
use crate::api::problem::PageProblem;

/// What a page may load: our own files and nothing else. Scripts in text fields stay text even if escaping failed.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
/// Addresses of bookings and tickets are secrets: they are not told to other sites.
const REFERRER_POLICY: HeaderValue = HeaderValue::from_static("no-referrer");

/// Makes a page of a template.
pub fn page(template: &impl Template) -> Result<Response, PageError> {
    page_with(StatusCode::OK, template)
}

/// Makes a page of a template, with a status.
pub fn page_with(status: StatusCode, template: &impl Template) -> Result<Response, PageError> {
    let html = template.render().map_err(|_| PageError(ApiError::Internal))?;
    Ok((status, headers(), Html(html)).into_response())
}

fn headers() -> [(header::HeaderName, HeaderValue); 3] {
    [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::REFERRER_POLICY, REFERRER_POLICY),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ]
}

/// An error, for a person: a page instead of a problem document.
#[derive(Debug)]
pub struct PageError(ApiError);

impl<E: Into<ApiError>> From<E> for PageError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    title: &'static str,
    detail: String,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let problem = self.0.problem();
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Pages of buyers say it in their language: see `reader`.
        let to_tell = PageProblem::from(&problem);
        let template = ErrorPage {
            title: problem.title,
            detail: problem.detail.into_owned(),
        };
        match template.render() {
            Ok(html) => (status, headers(), Extension(to_tell), Html(html)).into_response(),
            Err(_) => ApiError::Internal.into_response(),
        }
    }
}
