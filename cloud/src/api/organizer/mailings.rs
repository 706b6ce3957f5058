//! `/v1/organizer/events/{event_id}/mailings`: what an organizer writes to all buyers of an event or of one of its tiers.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use usher_words::problems::ProblemKind;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::idempotency::IdempotencyHeader;
use crate::api::input::{Checks, JsonBody};
use crate::api::refusal::seconds_until;
use crate::catalogue::Event;
use crate::ids::{LetterId, MailingId, OrganizerId};
use crate::languages::Language;
use crate::letters::facts::LetterFacts;
use crate::letters::mailings::{
    Mailing, MailingKey, NewMailing, NewMailingOutcome, RecipientsQuery, TryMailing,
};
use crate::letters::wording::LetterWords;
use crate::letters::{LetterKind, wording};
use crate::mailer::WrittenLetter;
use crate::moment::Moment;
use crate::rights::may;
use crate::selling::RequestHash;
use crate::state::AppState;

use super::owned::OwnEvent;
use super::resending::check_address;

/// Length of a subject, in bytes.
pub const SUBJECT_BYTES: RangeInclusive<usize> = 1..=150;
/// Length of a text, in bytes.
pub const BODY_BYTES: RangeInclusive<usize> = 1..=10_000;

/// What is written to buyers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"subject": "Bring a coat", "body": "The roof is open tonight.\n\nSee you!", "tier": 1}))]
pub struct MailingRequest {
    /// One line.
    #[schema(example = "Bring a coat")]
    pub subject: String,
    /// Plain text; an empty line parts paragraphs.
    #[schema(example = "The roof is open tonight.")]
    pub body: String,
    /// Only to those who have a ticket of this tier.
    #[serde(default)]
    pub tier: Option<u16>,
    /// Of a preview: where it is sent for a try. Nothing else is sent.
    #[serde(default)]
    pub email: Option<String>,
    /// A new random text for each new mailing, here or as the header `Idempotency-Key`: the same mailing with the same key is written once.
    #[serde(default)]
    #[schema(example = "0193a3f2-6c5e-7b1a-9d2e-4f5a6b7c8da1")]
    pub idempotency_key: Option<String>,
}

impl MailingRequest {
    /// Takes out what makes two requests one mailing, if it was said.
    fn take_key(&mut self, header: IdempotencyHeader) -> Result<Option<MailingKey>, ApiError> {
        let member = self.idempotency_key.take();
        if header.is_none() && member.is_none() {
            return Ok(None);
        }
        let said = (&self.subject, &self.body, self.tier);
        let said = serde_json::to_string(&said).expect("texts and numbers are plain");
        Ok(Some(MailingKey {
            text: header.or(member)?,
            request: RequestHash(*blake3::hash(said.as_bytes()).as_bytes()),
        }))
    }
}

/// A letter to each buyer.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailingView {
    /// Its id, which opens nothing.
    #[schema(value_type = String)]
    pub mailing_id: MailingId,
    /// `note` is what somebody wrote; `event_moved` and `event_canceled` are written by themselves.
    #[schema(example = "note")]
    pub r#type: &'static str,
    /// Its subject; empty of those that are written by themselves.
    pub subject: String,
    /// Of one tier alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<u16>,
    /// How many letters are written; `GET …/letters` tells what came of each.
    pub written: u32,
    /// Whether all are.
    pub is_complete: bool,
    /// When it was begun.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Moment,
}

impl From<Mailing> for MailingView {
    fn from(mailing: Mailing) -> Self {
        Self {
            mailing_id: mailing.id,
            r#type: mailing.kind.word(),
            subject: mailing.subject,
            tier: mailing.tier.map(|tier| tier.0),
            written: mailing.written,
            is_complete: mailing.ended_at.is_some(),
            created_at: Moment(mailing.created_at),
        }
    }
}

/// The mailings of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailingsView {
    /// The newest first.
    pub mailings: Vec<MailingView>,
}

/// What buyers would read.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewView {
    /// How many would get it now.
    pub recipients: u32,
    /// One line.
    pub subject: String,
    /// As plain text.
    pub text: String,
    /// As a page.
    pub html: String,
    /// What came of sending it for a try: `taken`, the mail server's code, or why there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "taken")]
    pub test: Option<String>,
}

fn checked(app: &AppState, event: &Event, request: MailingRequest) -> Result<Mailing, ApiError> {
    let mut checks = Checks::default();
    checks.text(&request.subject, "/subject", SUBJECT_BYTES);
    checks.prose(&request.body, "/body", BODY_BYTES);
    if let Some(email) = &request.email {
        check_address(&mut checks, email);
    }
    let tier = request
        .tier
        .map(|tier| event.tiers.iter().find(|one| one.id.0 == tier));
    checks.require(tier != Some(None), "/tier", "must be a tier of this event");
    checks.finish()?;
    if app.mailer.is_none() {
        return Err(ProblemKind::NoMail.into());
    }
    let now = app.clock.now();
    Ok(Mailing {
        id: MailingId::draw(event.id, now),
        kind: LetterKind::Note,
        tier: tier.flatten().map(|tier| tier.id),
        subject: request.subject,
        body: request.body,
        written: 0,
        created_at: now,
        ended_at: None,
    })
}

/// Writes to all buyers of the event, or of a tier of it, who have valid tickets; of an event that is canceled, who had some then. Whoever
/// buys later gets nothing of it.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/mailings", tag = "organizer",
    params(("event_id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = MailingRequest,
    security(("organizer_key" = [])), responses(
    (status = 202, body = MailingView, description = "Its letters are written and sent, from now on or since an earlier request with the same key"),
    (status = 409, description = "This server has no mail server, the event has had as many mailings as it can, or the key was used for another one"),
))]
pub async fn create(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::WriteToBuyers>,
    header: IdempotencyHeader,
    JsonBody(mut request): JsonBody<MailingRequest>,
) -> Result<(StatusCode, Json<MailingView>), ApiError> {
    let mut checks = Checks::default();
    checks.require(request.email.is_none(), "/email", "belongs to a preview");
    checks.finish()?;
    let key = request.take_key(header)?;
    let new = NewMailing {
        mailing: checked(&app, &event, request)?,
        key,
        now: app.clock.now(),
    };
    match app.store.add_mailing(new).await? {
        NewMailingOutcome::Begun(mailing) => Ok((StatusCode::ACCEPTED, Json((*mailing).into()))),
        NewMailingOutcome::KeyReused => Err(ProblemKind::KeyReused.into()),
        NewMailingOutcome::TooMany => Err(ProblemKind::TooManyMailings.into()),
    }
}

/// Shows what buyers would read and how many would, and sends it to one address for a try if one is named.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/mailings/preview", tag = "organizer",
    params(("event_id" = String, Path)), request_body = MailingRequest, security(("organizer_key" = [])), responses(
    (status = 200, body = PreviewView),
    (status = 409, description = "This server has no mail server"),
    (status = 429, description = "Mailings were sent for a try 20 times within a day"),
))]
pub async fn preview(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::WriteToBuyers>,
    JsonBody(request): JsonBody<MailingRequest>,
) -> Result<Json<PreviewView>, ApiError> {
    let email = request.email.clone();
    let mailing = checked(&app, &event, request)?;
    let query = RecipientsQuery {
        event: event.id,
        tier: mailing.tier,
    };
    let recipients = app.store.recipients(query).await?;
    let words = words(&app, &event, &mailing).await?;
    if email.is_some() {
        count_try(&app, event.organizer).await?;
    }
    let test = match (&app.mailer, email) {
        (Some(mailer), Some(to)) => Some(mailer.send(trial(&app, &event, &words, to).await?).await.word()),
        _ => None,
    };
    Ok(Json(PreviewView {
        recipients,
        subject: words.subject,
        text: words.text,
        html: words.html,
        test,
    }))
}

/// Counts a try, or says when the next one may be.
async fn count_try(app: &AppState, organizer: OrganizerId) -> Result<(), ApiError> {
    let now = app.clock.now();
    match app.store.try_mailing(TryMailing { organizer, now }).await? {
        None => Ok(()),
        Some(next) => {
            let seconds = seconds_until(next, now);
            Err(ApiError::too_many(ProblemKind::TooManyTries, seconds))
        }
    }
}

/// Writes a mailing as a buyer would read it, with the event's page in place of a booking's.
async fn words(app: &AppState, event: &Event, mailing: &Mailing) -> Result<LetterWords, ApiError> {
    let organizer = app.store.organizer_name(event.organizer).await?;
    let facts = LetterFacts {
        event,
        language: Language::English,
        organizer: &organizer.unwrap_or_default(),
        booking: None,
        page: &app.link(&format!("/events/{}", event.id)),
        ticket: None,
        given: None,
        offer: None,
        mailing: Some(mailing),
    };
    let words = wording::of(LetterKind::Note, &facts).map_err(|_| ApiError::Internal)?;
    words.ok_or(ApiError::Internal)
}

/// Makes the letter that is sent for a try.
async fn trial(
    app: &AppState,
    event: &Event,
    words: &LetterWords,
    to: String,
) -> Result<WrittenLetter, ApiError> {
    let sender = app.store.organizer_name(event.organizer).await?;
    Ok(WrittenLetter {
        id: LetterId::draw(event.id, app.clock.now()).to_string(),
        to,
        sender: sender.unwrap_or_default(),
        subject: words.subject.clone(),
        text: words.text.clone(),
        html: words.html.clone(),
        enclosures: Vec::new(),
    })
}

/// Lists what was written to buyers of the event, and how far that has come.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/mailings", tag = "organizer",
    params(("event_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = MailingsView),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::SeeLetters>,
) -> Result<Json<MailingsView>, ApiError> {
    let mailings = app.store.mailings(event.id).await?.into_iter();
    Ok(Json(MailingsView {
        mailings: mailings.map(Into::into).collect(),
    }))
}
