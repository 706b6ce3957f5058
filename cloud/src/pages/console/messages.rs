//! `/console/events/{event_id}/messages`: what an organizer writes to all buyers of an event or of a tier: written, looked at, and only then sent.

use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use usher_protocol::TierId;

use crate::api::error::{ApiError, FieldError};
use crate::api::idempotency::IdempotencyHeader;
use crate::api::input::{Checks, JsonBody, Params};
use crate::api::logged_in::LoggedIn;
use crate::api::organizer::mailings::{self, MailingRequest, MailingView};
use crate::api::organizer::owned::OwnEvent;
use crate::catalogue::Event;
use crate::local_time::day_and_time;
use crate::rights::{Operation, may};
use crate::state::AppState;

use super::super::{PageError, page_with};
use super::access::{ConsoleError, ConsoleForm, ForPage, done, in_words, shown};
use super::frame::ConsoleFrame;

/// What the pages call those who have tickets of any tier.
const ALL: &str = "all buyers";

#[derive(Template)]
#[template(path = "console/messages.html")]
struct MessagesPage {
    frame: ConsoleFrame,
    path: String,
    form: MessageForm,
    /// What is wrong with what was entered.
    errors: Vec<(String, String)>,
    tiers: Vec<TierChoice>,
    sent: Vec<SentLine>,
    has_mail: bool,
    may_write: bool,
    /// Whether one was begun just now.
    is_begun: bool,
}

/// A tier whose buyers can be written to.
struct TierChoice {
    id: String,
    name: String,
}

/// What the page says of something that was written.
struct SentLine {
    subject: String,
    to: String,
    when: String,
    /// How many letters are written, and whether that is all.
    written: u32,
    is_complete: bool,
}

impl SentLine {
    fn of(view: MailingView, event: &Event) -> Self {
        let at = view.created_at.0;
        Self {
            subject: match view.r#type {
                "event_moved" => "The event has another date".to_owned(),
                "event_canceled" => "The event is cancelled".to_owned(),
                _ => view.subject,
            },
            to: readers(view.tier, event),
            when: day_and_time(at, event.policy.offset_at(at)),
            written: view.written,
            is_complete: view.is_complete,
        }
    }
}

/// Says who gets something.
fn readers(tier: Option<u16>, event: &Event) -> String {
    let named = tier.and_then(|tier| event.tier(TierId(tier)));
    named.map_or_else(|| ALL.to_owned(), |tier| format!("buyers of {}", tier.name))
}

/// What somebody writes.
#[derive(Default, Deserialize)]
pub struct MessageForm {
    #[serde(default)]
    subject: String,
    #[serde(default)]
    text: String,
    /// The one tier whose buyers get it; empty for all of them.
    #[serde(default)]
    tier: String,
    /// Where it is sent for a try, while it is looked at.
    #[serde(default)]
    email: String,
    #[serde(default)]
    sure: bool,
    /// What makes it one message, however often it is sent.
    #[serde(default)]
    form_key: String,
}

impl MessageForm {
    /// Reads the request that it stands for.
    fn read(&self) -> Result<MailingRequest, ApiError> {
        let mut checks = Checks::default();
        let tier = Some(self.tier.as_str()).filter(|tier| !tier.is_empty());
        let tier = tier.map(str::parse::<u16>);
        let is_tier = tier.as_ref().is_none_or(Result::is_ok);
        checks.require(is_tier, "/tier", "must be a tier of this event, or all buyers");
        checks.finish()?;
        Ok(MailingRequest {
            subject: self.subject.trim().to_owned(),
            // Browsers end lines with two characters.
            body: self.text.replace("\r\n", "\n").trim().to_owned(),
            tier: tier.and_then(Result::ok),
            email: None,
            idempotency_key: None,
        })
    }
}

/// What the page was led to by.
#[derive(Default, Deserialize)]
pub struct MessagesParams {
    #[serde(default)]
    begun: bool,
}

/// Shows what was written to buyers, and the form of something new.
pub async fn show(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<OwnEvent<may::SeeLetters>>,
    logged_in: LoggedIn,
    ForPage(Params(said)): ForPage<Params<MessagesParams>>,
) -> Result<Response, ConsoleError> {
    let page = messages_page(&app, Some(own), logged_in).await?;
    shown(&MessagesPage {
        is_begun: said.begun,
        ..page.ok_or(ApiError::Internal)?
    })
}

async fn messages_page(
    app: &Arc<AppState>,
    own: Option<OwnEvent<may::SeeLetters>>,
    logged_in: LoggedIn,
) -> Result<Option<MessagesPage>, ApiError> {
    let Some(own) = own else { return Ok(None) };
    let (frame, event) = (ConsoleFrame::of(&logged_in, &own.0, "/messages"), own.0.clone());
    let Json(listed) = mailings::list(State(Arc::clone(app)), own).await?;
    let sent = listed.mailings.into_iter();
    let tiers = event.tiers.iter().map(|tier| TierChoice {
        id: tier.id.0.to_string(),
        name: tier.name.clone(),
    });
    Ok(Some(MessagesPage {
        path: format!("/console/events/{}/messages", event.id),
        form: MessageForm::default(),
        errors: Vec::new(),
        tiers: tiers.collect(),
        sent: sent.map(|view| SentLine::of(view, &event)).collect(),
        has_mail: app.mailer.is_some(),
        may_write: frame.may(Operation::WriteToBuyers),
        is_begun: false,
        frame,
    }))
}

#[derive(Template)]
#[template(path = "console/message.html")]
struct MessagePage {
    frame: ConsoleFrame,
    path: String,
    form: MessageForm,
    /// Who would get it.
    to: String,
    /// How many bookings that are.
    recipients: u32,
    /// What buyers would read.
    letter: String,
    /// What came of sending it for a try.
    tried: Option<&'static str>,
}

/// Shows what buyers would read and how many would, and asks once more; where something is wrong with it, the form is shown again as it was
/// filled in.
pub async fn preview(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<OwnEvent<may::WriteToBuyers>>,
    logged_in: LoggedIn,
    ConsoleForm(form): ConsoleForm<MessageForm>,
) -> Result<Response, ConsoleError> {
    let (seen, event) = (own.also::<may::SeeLetters>(), own.0.clone());
    let preview = match form.read() {
        Ok(request) => {
            let email = Some(form.email.trim().to_owned()).filter(|email| !email.is_empty());
            let request = MailingRequest { email, ..request };
            mailings::preview(State(Arc::clone(&app)), own, JsonBody(request)).await
        }
        Err(error) => Err(error),
    };
    match preview {
        Ok(Json(preview)) => shown(&MessagePage {
            frame: ConsoleFrame::of(&logged_in, &event, "/messages"),
            path: format!("/console/events/{}/messages", event.id),
            to: readers(form.tier.parse().ok(), &event),
            form,
            recipients: preview.recipients,
            letter: preview.text,
            tried: preview.test.map(|answer| trial(&answer)),
        }),
        Err(ApiError::Invalid(errors)) => again(&app, (seen, logged_in), (form, errors)).await,
        Err(error) => Err(error.into()),
    }
}

async fn again(
    app: &Arc<AppState>,
    (seen, logged_in): (Option<OwnEvent<may::SeeLetters>>, LoggedIn),
    (form, errors): (MessageForm, Vec<FieldError>),
) -> Result<Response, ConsoleError> {
    let Some(page) = messages_page(app, seen, logged_in).await? else {
        return Err(ApiError::Invalid(errors).into());
    };
    let errors = errors.into_iter().map(|error| FieldError {
        // The form calls it as people do.
        pointer: error.pointer.replace("/body", "/text"),
        ..error
    });
    let page = MessagesPage {
        form,
        errors: in_words(errors.collect()),
        ..page
    };
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &page).map_err(|PageError(error)| error.into())
}

/// Says what came of sending something for a try.
fn trial(answer: &str) -> &'static str {
    match answer {
        "taken" => "The mail server has taken it: look into that mailbox.",
        _ => "The mail server did not take it: look at the address, and try again in a while.",
    }
}

/// Sends it to all.
pub async fn send(
    State(app): State<Arc<AppState>>,
    ForPage(own): ForPage<OwnEvent<may::WriteToBuyers>>,
    ConsoleForm(form): ConsoleForm<MessageForm>,
) -> Result<Response, ConsoleError> {
    let to = format!("/console/events/{}/messages?begun=true", own.0.id);
    let mut checks = Checks::default();
    checks.require(form.sure, "/sure", "must be ticked: nobody can take it back");
    checks.finish()?;
    let request = MailingRequest {
        idempotency_key: Some(form.form_key.clone()).filter(|key| !key.is_empty()),
        ..form.read()?
    };
    let none = IdempotencyHeader::of(&HeaderMap::new());
    let (_, Json(begun)) = mailings::create(State(app), own, none, JsonBody(request)).await?;
    Ok(done(&begun, &to))
}
