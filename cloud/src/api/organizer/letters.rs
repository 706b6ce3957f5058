//! `/v1/organizer/events/{event_id}/letters`: what buyers were told by mail, and what came of it.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use usher_words::problems::Missing;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::{Checks, Params};
use crate::ids::LetterId;
use crate::letters::{LetterLine, LetterState, LettersQuery, ReplayLetter};
use crate::moment::Moment;
use crate::rights::may;
use crate::selling::booking_code::BookingCode;
use crate::state::AppState;

use super::owned::{OwnEvent, PartOfOwnEvent};

/// Letters that are listed.
const LISTED: u32 = 200;

/// A letter, without what it says and to whom.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterView {
    /// Its id, which is the left half of its Message-ID and opens nothing.
    #[schema(value_type = String)]
    pub letter_id: LetterId,
    /// What it is about.
    #[schema(example = "booking_confirmed")]
    pub r#type: &'static str,
    /// The code of the booking that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "7KM-94Q2")]
    pub booking_code: Option<String>,
    /// `waiting`, `sent` (a mail server has taken it) or `given_up`.
    #[schema(example = "sent")]
    pub status: &'static str,
    /// How often it was not taken since it was begun.
    pub failures: u32,
    /// What came of the last try: `taken`, the mail server's code, or why there was none; absent before the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "taken")]
    pub answer: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Moment,
    /// When it is tried next, of one that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime)]
    pub next_at: Option<Moment>,
}

impl From<LetterLine> for LetterView {
    fn from((letter, code): LetterLine) -> Self {
        let is_waiting = letter.state == LetterState::Waiting;
        Self {
            letter_id: letter.id,
            r#type: letter.kind.word(),
            booking_code: code.map(|code| code.to_string()),
            status: letter.state.word(),
            failures: letter.failures,
            answer: letter.answer,
            created_at: Moment(letter.created_at),
            next_at: is_waiting.then_some(Moment(letter.next_at)),
        }
    }
}

/// Letters of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct LettersView {
    /// Whether letters are written at all: this server has a mail server to hand them to.
    pub has_mail: bool,
    /// The newest 200, the newest first.
    pub letters: Vec<LetterView>,
}

/// Length of a booking code as people may type it, with blanks between its characters, in bytes.
pub const CODE_BYTES: RangeInclusive<usize> = 0..=32;

/// Which letters to list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListLetters {
    /// Only those that stand so: `given_up` are those that a person has to look into.
    #[serde(default)]
    pub status: String,
    /// Only those about the booking with this code.
    #[serde(default)]
    pub booking_code: String,
}

fn read_code(text: &str) -> Option<BookingCode> {
    text.parse().ok().filter(|_| CODE_BYTES.contains(&text.len()))
}

/// Lists what buyers of the event were told by mail, and are to be told.
#[utoipa::path(get, path = "/v1/organizer/events/{event_id}/letters", tag = "organizer",
    params(("event_id" = String, Path), ListLetters), security(("organizer_key" = [])), responses(
    (status = 200, body = LettersView),
    (status = 422, description = "No such status, or no booking's code"),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    OwnEvent(event, _): OwnEvent<may::SeeLetters>,
    Params(listed): Params<ListLetters>,
) -> Result<Json<LettersView>, ApiError> {
    let mut checks = Checks::default();
    let state = LetterState::from_word(&listed.status);
    checks.require(
        listed.status.is_empty() || state.is_some(),
        "/status",
        "must be waiting, sent or given_up",
    );
    let booking = read_code(&listed.booking_code);
    checks.require(
        listed.booking_code.is_empty() || booking.is_some(),
        "/booking_code",
        "must be the code of a booking, such as 7KM-94Q2",
    );
    checks.finish()?;
    let query = LettersQuery {
        event: event.id,
        state,
        booking,
        limit: LISTED,
    };
    let letters = app.store.letters(query).await?;
    Ok(Json(LettersView {
        has_mail: app.mailer.is_some(),
        letters: letters.into_iter().map(Into::into).collect(),
    }))
}

/// Sends a letter again that was sent or given up, for another three days if need be. One that waits is left as it is.
#[utoipa::path(post, path = "/v1/organizer/events/{event_id}/letters/{letter_id}/replay", tag = "organizer",
    params(("event_id" = String, Path), ("letter_id" = String, Path)), security(("organizer_key" = [])), responses(
    (status = 200, body = LetterView),
))]
pub async fn replay(
    State(app): State<Arc<AppState>>,
    PartOfOwnEvent(event, id, _): PartOfOwnEvent<may::SendLetters, LetterId>,
) -> Result<Json<LetterView>, ApiError> {
    let not_found = ApiError::NotFound(Missing::Letter);
    if id.event != event.id {
        return Err(not_found);
    }
    let now = app.clock.now();
    app.store.replay_letter(ReplayLetter { id, now }).await?;
    let letter = app.store.letter(id).await?.ok_or(not_found)?;
    Ok(Json((letter, None).into()))
}
