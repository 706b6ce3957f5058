//! Whoever reads a buyers' page: in which language, how they choose another one, and what they read when something went wrong.

use std::convert::Infallible;
use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use crate::api::claimant::cookie_named;
use crate::api::problem::PageProblem;
use crate::languages::choice::{LanguageWishes, choose};
use crate::languages::{Language, Phrase, Text};
use crate::state::AppState;

/// The cookie of the language that somebody has chosen.
const COOKIE: &str = "usher_language";
/// The parameter of an address that chooses one.
const PARAMETER: &str = "lang";
/// How long a choice is kept: a year.
const KEPT_SECONDS: u32 = 365 * 86_400;
/// What pages of buyers hang on, so that no cache gives one language to readers of another.
const VARY: HeaderValue = HeaderValue::from_static("Accept-Language, Cookie");

/// Whoever reads a page.
#[derive(Debug, Clone)]
pub struct PageReader {
    pub language: Language,
    path: String,
    /// The query of the page's address, but for the language.
    query: String,
}

/// A language to choose, and the page in it.
#[derive(Debug)]
pub struct LanguageChoice {
    pub language: Language,
    /// The query of the page's address in that language.
    pub query: String,
    pub is_current: bool,
}

impl PageReader {
    fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let query = uri.query().unwrap_or_default();
        let accepted = headers.get(header::ACCEPT_LANGUAGE);
        let language = choose(LanguageWishes {
            asked: asked(query),
            kept: cookie_named(headers, COOKIE),
            accepted: accepted.and_then(|value| value.to_str().ok()),
        });
        let others = query
            .split('&')
            .filter(|pair| !pair.is_empty() && language_of(pair).is_none());
        Self {
            language,
            path: uri.path().to_owned(),
            query: others.collect::<Vec<_>>().join("&"),
        }
    }

    /// Returns the address of the page without the language, if it names one.
    fn without_language(&self, uri: &Uri) -> Option<Uri> {
        asked(uri.query().unwrap_or_default())?;
        let mut parts = uri.clone().into_parts();
        let path_and_query = match &*self.query {
            "" => self.path.clone(),
            query => format!("{}?{query}", self.path),
        };
        parts.path_and_query = Some(path_and_query.parse().ok()?);
        Uri::from_parts(parts).ok()
    }

    /// Begins a text in their language.
    pub fn say(&self, text: Text) -> Phrase {
        self.language.say(text)
    }

    /// Returns the path of the page.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Lists the languages to choose from.
    pub fn choices(&self) -> Vec<LanguageChoice> {
        let choice = |language: Language| LanguageChoice {
            language,
            query: [&*self.query, &format!("{PARAMETER}={}", language.tag())]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join("&"),
            is_current: language == self.language,
        };
        Language::ALL.map(choice).into()
    }
}

/// Finds the language that a query asks for.
fn asked(query: &str) -> Option<&str> {
    query.split('&').find_map(language_of)
}

fn language_of(pair: &str) -> Option<&str> {
    let (name, value) = pair.split_once('=')?;
    (name == PARAMETER).then_some(value)
}

impl<S: Sync> FromRequestParts<S> for PageReader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let known = parts.extensions.get::<Self>().cloned();
        Ok(known.unwrap_or_else(|| Self::of(&parts.uri, &parts.headers)))
    }
}

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage {
    reader: PageReader,
    title: Phrase,
    detail: String,
}

/// Renders a buyers' page in the reader's language, keeps the language that was chosen, and puts errors into the reader's
/// words.
pub async fn in_language(State(app): State<Arc<AppState>>, mut request: Request, next: Next) -> Response {
    let reader = PageReader::of(request.uri(), request.headers());
    let chosen = asked(request.uri().query().unwrap_or_default()).and_then(Language::from_tag);
    let language = reader.language;
    // Whoever answers need not know of the language: a page refuses parameters that it does not know.
    if let Some(uri) = reader.without_language(request.uri()) {
        *request.uri_mut() = uri;
    }
    request.extensions_mut().insert(reader.clone());
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<PageProblem>() {
        response = told(response, problem, reader);
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    headers.append(header::VARY, VARY);
    if let Some(cookie) = chosen.and_then(|language| cookie(&app, language)) {
        headers.append(header::SET_COOKIE, cookie);
    }
    response
}

/// Says what went wrong in the reader's language, with the status and headers that it has.
fn told(response: Response, problem: PageProblem, reader: PageReader) -> Response {
    let status = response.status();
    let title = match status {
        StatusCode::NOT_FOUND => Text::NotFoundTitle,
        status if status.is_server_error() => Text::OurFaultTitle,
        _ => Text::RefusedTitle,
    };
    let page = RefusedPage {
        title: reader.say(title),
        detail: reader.language.problem(problem.kind).unwrap_or(problem.detail),
        reader,
    };
    let (mut parts, english) = response.into_parts();
    match page.render() {
        Ok(html) => {
            // What could not be read at all was answered as the API answers programs.
            parts.headers.remove(header::CONTENT_LENGTH);
            parts.headers.remove(header::CONTENT_TYPE);
            parts
                .headers
                .extend(super::headers().map(|(name, value)| (Some(name), value)));
            let mut page = Html(html).into_response();
            *page.status_mut() = parts.status;
            *page.extensions_mut() = parts.extensions;
            page.headers_mut().extend(parts.headers);
            page
        }
        Err(_) => Response::from_parts(parts, english),
    }
}

fn cookie(app: &AppState, language: Language) -> Option<HeaderValue> {
    let secure = if app.public_url.starts_with("https://") {
        "; Secure"
    } else {
        ""
    };
    let tag = language.tag();
    let cookie = format!("{COOKIE}={tag}; Path=/; Max-Age={KEPT_SECONDS}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_in_another_language_is_the_same_page() {
        let uri = "/events/evt_1?keyword=owls&lang=de&city=Berlin".parse().unwrap();
        let reader = PageReader::of(&uri, &HeaderMap::new());
        assert_eq!(reader.language, Language::German);
        let choices = reader.choices();
        assert_eq!(choices[2].query, "keyword=owls&city=Berlin&lang=fr");
        assert!(choices[1].is_current && !choices[2].is_current);
        let plain = PageReader::of(&"/".parse().unwrap(), &HeaderMap::new());
        assert_eq!(plain.choices()[0].query, "lang=en");
    }
}
