//! `/my-tickets`: all that was bought with an address, for whoever opens a link that was mailed to it. Works without scripts.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use usher_keys::EventId;
use usher_words::problems::Missing;

use crate::api::claimant::{cookie_named, network};
use crate::api::error::ApiError;
use crate::api::input::FormBody;
use crate::api::my_tickets::{COOKIE, ask_from, session};
use crate::buyers::{BOOKINGS_LISTED, EndBuyerSession, OpenLink, OwnBooking, OwnBookings, SESSION_FOR};
use crate::key_hash::KeyHash;
use crate::languages::{Language, Text};
use crate::state::AppState;

use super::reader::PageReader;
use super::staff::log_in::OwnForm;
use super::{PageError, page, page_with};

/// What the secret in it begins with.
const SECRET_PREFIX: &str = "ubs_";
/// What the address of a link leads to when it opens nothing.
const NONE: ApiError = ApiError::NotFound(Missing::TicketsLink);

#[derive(Template)]
#[template(path = "ask_for_tickets.html")]
struct AskPage {
    has_mail: bool,
    /// Whether a link was asked for just now.
    is_asked: bool,
    /// Whether what was entered is no address.
    is_wrong: bool,
    /// Whose places are to be held without a proof of work.
    event: Option<String>,
    reader: PageReader,
}

#[derive(Template)]
#[template(path = "open_tickets.html")]
struct OpenPage {
    secret: String,
    reader: PageReader,
}

#[derive(Template)]
#[template(path = "my_tickets.html")]
struct TicketsPage {
    email: String,
    bookings: Vec<BookingCard>,
    reader: PageReader,
}

/// What the page says of a booking.
struct BookingCard {
    page: String,
    event: String,
    place: String,
    starts: String,
    code: String,
    tickets: u64,
}

impl BookingCard {
    fn of(booking: OwnBooking, language: Language) -> Self {
        Self {
            page: format!("/bookings/{}", booking.id),
            place: format!("{}, {}", booking.venue_name, booking.city),
            starts: language.day_and_time(booking.starts_at, booking.offset_minutes),
            code: booking.code.to_string(),
            event: booking.event_name,
            tickets: booking.tickets.into(),
        }
    }
}

/// An address that tickets were bought with.
#[derive(Deserialize)]
pub struct AddressForm {
    #[serde(default)]
    email: String,
    event: Option<EventId>,
}

/// For what somebody asks for a link, if not for their tickets.
#[derive(Deserialize)]
pub struct AskedFor {
    event: Option<String>,
}

/// Where somebody wants to be logged out.
#[derive(Deserialize)]
pub struct LeavingForm {
    #[serde(default)]
    everywhere: bool,
}

/// Shows what was bought with the address that somebody has proven, or the form to ask for a link.
pub async fn show(
    State(app): State<Arc<AppState>>,
    reader: PageReader,
    headers: HeaderMap,
    Query(asked): Query<AskedFor>,
) -> Result<Response, PageError> {
    let ask = AskPage {
        has_mail: app.mailer.is_some(),
        is_asked: false,
        is_wrong: false,
        event: asked.event.filter(|event| event.parse::<EventId>().is_ok()),
        reader: reader.clone(),
    };
    let Some(session) = session(&app, &headers).await? else {
        return page(&ask);
    };
    let query = OwnBookings {
        email: session.email.clone(),
        limit: BOOKINGS_LISTED,
    };
    let bookings = app.store.own_bookings(query).await?;
    page(&TicketsPage {
        email: session.email,
        bookings: bookings
            .into_iter()
            .map(|booking| BookingCard::of(booking, reader.language))
            .collect(),
        reader,
    })
}

/// Has a link mailed. What is shown then says nothing of whether the address is known.
pub async fn ask(
    State(app): State<Arc<AppState>>,
    OwnForm(client): OwnForm,
    reader: PageReader,
    FormBody(form): FormBody<AddressForm>,
) -> Result<Response, PageError> {
    let language = reader.language;
    let shown = |is_asked, is_wrong| AskPage {
        has_mail: true,
        is_asked,
        is_wrong,
        event: form.event.map(|event| event.to_string()),
        reader,
    };
    match ask_from(&app, client, (form.email.trim(), language), form.event).await {
        Ok(()) => page(&shown(true, false)),
        Err(ApiError::Invalid(_)) => {
            let wrong = shown(false, true);
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &wrong)
        }
        Err(error) => Err(error.into()),
    }
}

/// Shows what a link opens. Nothing is used up by looking: programs that read mail look too.
pub async fn show_link(
    State(app): State<Arc<AppState>>,
    reader: PageReader,
    Path(secret): Path<String>,
) -> Result<Response, PageError> {
    let asked = (KeyHash::of(&secret), app.clock.now());
    if app.store.link_is_good(asked).await? {
        page(&OpenPage { secret, reader })
    } else {
        Err(NONE.into())
    }
}

/// Opens a link, once.
pub async fn open(
    State(app): State<Arc<AppState>>,
    OwnForm(client): OwnForm,
    Path(secret): Path<String>,
) -> Result<Response, PageError> {
    let (session_secret, session) = KeyHash::draw_with(SECRET_PREFIX);
    let open = OpenLink {
        link: KeyHash::of(&secret),
        session,
        from: network(client),
        now: app.clock.now(),
    };
    if !app.store.open_link(open).await? {
        return Err(NONE.into());
    }
    Ok(with_cookie(&session_secret))
}

/// Ends the session of a browser, or all of its address.
pub async fn leave(
    State(app): State<Arc<AppState>>,
    _: OwnForm,
    headers: HeaderMap,
    FormBody(form): FormBody<LeavingForm>,
) -> Result<Response, PageError> {
    if let Some(secret) = cookie_named(&headers, COOKIE) {
        let end = EndBuyerSession {
            session: KeyHash::of(secret),
            everywhere: form.everywhere,
        };
        app.store.end_buyer_session(end).await?;
    }
    Ok(with_cookie(""))
}

/// Leads to the list with the secret of a session; an empty one takes it away.
fn with_cookie(secret: &str) -> Response {
    let seconds = if secret.is_empty() {
        0
    } else {
        SESSION_FOR.as_secs()
    };
    let cookie = format!("{COOKIE}={secret}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict");
    let cookie = HeaderValue::from_str(&cookie).expect("a secret has letters and digits only");
    let mut headers = HeaderMap::new();
    headers.insert(header::SET_COOKIE, cookie);
    (headers, Redirect::to("/my-tickets")).into_response()
}
