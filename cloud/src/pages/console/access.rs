//! Who gets into the console, and as what: somebody who is logged in, through the same extractors as at the API, refused by a page.

use std::sync::Arc;

use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use usher_words::console;
use usher_words::problems::ProblemKind;

use crate::api::caller::Caller;
use crate::api::error::{ApiError, FieldError};
use crate::api::input::FormBody;
use crate::api::logged_in::LoggedIn;
use crate::api::organizer::allowed::ChecksRight;
use crate::api::recording::ToldAnswer;
use crate::api::repeating::done_once;
use crate::ids::OrganizerId;
use crate::state::AppState;

use super::super::{PageError, page, page_with};

/// What an extractor of the API finds; what it refuses becomes a page.
#[derive(Debug)]
pub struct ForPage<E>(pub E);

impl<E: ChecksRight> ChecksRight for ForPage<E> {
    type Right = E::Right;
}

impl<E> FromRequestParts<Arc<AppState>> for ForPage<E>
where
    E: FromRequestParts<Arc<AppState>, Rejection = ApiError>,
{
    type Rejection = ConsoleError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, ConsoleError> {
        Ok(Self(E::from_request_parts(parts, app).await?))
    }
}

/// A form of the console; what cannot be read of it becomes a page.
#[derive(Debug)]
pub struct ConsoleForm<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<AppState>> for ConsoleForm<T> {
    type Rejection = ConsoleError;

    async fn from_request(request: Request, app: &Arc<AppState>) -> Result<Self, ConsoleError> {
        let FormBody(form) = FormBody::from_request(request, app).await?;
        Ok(Self(form))
    }
}

/// What every form of ours says.
#[derive(Deserialize)]
struct TokenForm {
    #[serde(default)]
    form_token: String,
    /// Drawn with the page: a form that is sent twice is done once.
    #[serde(default)]
    form_key: String,
}

/// Lets in who is logged in, and of forms only those of our own pages. API keys open nothing here: they are no people.
pub async fn let_in(State(app): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    match known(&app, request).await {
        Ok(Sent::Once(request)) => next.run(request).await,
        Ok(Sent::Keyed(form)) => done_once(app, (form.organizer, &form.key), (form.request, form.body), next)
            .await
            .unwrap_or_else(|error| ConsoleError(error).into_response()),
        Err(error) => ConsoleError(error).into_response(),
    }
}

/// What somebody of an organizer sent.
enum Sent {
    /// Asks for a page, or says what does no harm twice.
    Once(Request),
    /// A form that is done once.
    Keyed(KeyedForm),
}

struct KeyedForm {
    organizer: OrganizerId,
    key: String,
    request: Request,
    body: Bytes,
}

async fn known(app: &AppState, request: Request) -> Result<Sent, ApiError> {
    let (parts, body) = request.into_parts();
    let found = LoggedIn::of(&parts.headers, app).await?;
    let logged_in = found.ok_or(ProblemKind::LogInNeeded)?;
    let caller = Caller::of_member(&logged_in, app.clock.now());
    let organizer = caller.organizer;
    let may_go_on = |mut parts: Parts, body: Body| {
        parts.extensions.insert(logged_in.clone());
        parts.extensions.insert(caller);
        Request::from_parts(parts, body)
    };
    if parts.method.is_safe() {
        return Ok(Sent::Once(may_go_on(parts, body)));
    }
    let whole = Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let body = whole.map_err(|_| ProblemKind::TooLarge)?;
    let copy = Request::from_parts(parts.clone(), body.clone().into());
    let FormBody(form) = FormBody::<TokenForm>::from_request(copy, &()).await?;
    logged_in.check(&form.form_token)?;
    let request = may_go_on(parts, body.clone().into());
    if form.form_key.is_empty() {
        return Ok(Sent::Once(request));
    }
    Ok(Sent::Keyed(KeyedForm {
        organizer,
        key: form.form_key,
        request,
        body,
    }))
}

/// What a page of the console refuses, with what the API says of it.
#[derive(Debug)]
pub struct ConsoleError(ApiError);

impl<E: Into<ApiError>> From<E> for ConsoleError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

#[derive(Template)]
#[template(path = "console/refused.html")]
struct RefusedPage {
    title: &'static str,
    detail: String,
    /// What is wrong where.
    errors: Vec<(String, String)>,
    /// Whether a fresh one-time code is what is missing.
    wants_code: bool,
}

impl IntoResponse for ConsoleError {
    fn into_response(self) -> Response {
        let problem = self.0.problem();
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let way_out = console::way_out(problem.kind);
        let refused = RefusedPage {
            title: console::refused(problem.kind),
            detail: way_out.map_or_else(|| problem.detail.into_owned(), str::to_owned),
            errors: in_words(problem.errors),
            wants_code: problem.kind == ProblemKind::FreshCodeNeeded,
        };
        page_with(status, &refused).unwrap_or_else(IntoResponse::into_response)
    }
}

/// Says what is wrong where: of `/tiers/0/price` people read "tiers 1, price".
pub fn in_words(errors: Vec<FieldError>) -> Vec<(String, String)> {
    let told = errors.into_iter().map(|error| {
        let parts = error.pointer.split('/').filter(|part| !part.is_empty());
        let mut place = String::new();
        for part in parts {
            match part.parse::<usize>() {
                Ok(rank) => place.push_str(&format!(" {}", rank.saturating_add(1))),
                Err(_) if place.is_empty() => place = part.replace('_', " "),
                Err(_) => place.push_str(&format!(", {}", part.replace('_', " "))),
            }
        }
        (place, error.detail.into_owned())
    });
    told.collect()
}

/// Makes a page of a template.
pub fn shown(template: &impl Template) -> Result<Response, ConsoleError> {
    page(template).map_err(|PageError(error)| ConsoleError(error))
}

/// Leads to a page after something was done, and names for its act what the API would have answered.
pub fn done(answer: &impl Serialize, to: &str) -> Response {
    told(Redirect::to(to).into_response(), answer)
}

/// Names for the act of a page what the API would have answered.
pub fn told(mut page: Response, answer: &impl Serialize) -> Response {
    let answer = serde_json::to_value(answer).unwrap_or_default();
    page.extensions_mut().insert(ToldAnswer(answer));
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_in_words() {
        let said = |pointer: &str| {
            let (pointer, detail) = (pointer.to_owned(), "must be".into());
            in_words(vec![FieldError { pointer, detail }]).remove(0).0
        };
        let pointers = ["/tiers/0/price", "/starts_at", "", "/0"];
        assert_eq!(pointers.map(said), ["tiers 1, price", "starts at", "", " 1"]);
    }
}
