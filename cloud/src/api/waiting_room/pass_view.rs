//! How it stands with a pass, as its browser is told; whoever looks when it is their turn is let through.

use axum::http::HeaderValue;
use serde::Serialize;
use usher_keys::EventId;
use usher_words::problems::Missing;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::moment::Moment;
use crate::rooms::KnownRoom;
use crate::state::AppState;
use crate::waiting_room::passes::{QueuePass, SaleToken};
use crate::waiting_room::{LetThrough, LetThroughOutcome, PassTurn};

use super::carried::{self, cookie_of};

/// How it stands with a pass.
#[derive(Debug, Serialize, ToSchema)]
pub struct PassView {
    /// The pass. It is good with the cookie `usher_holder` alone that came with it.
    pub pass: String,
    /// `undrawn` (the opening or the draw is to come), `waiting`, `through` (hold places now) or `spent` (the time for it is over: join again).
    #[schema(example = "waiting")]
    pub status: &'static str,
    /// Its rank, once that is known: it is its turn when `through` of the waiting room's status is above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<u64>,
    /// How many are before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ahead: Option<u64>,
    /// How long that takes at the rate of now, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_seconds: Option<u64>,
    /// What `POST /v1/reservations` takes as `sale_token`, or as the cookie that comes with this answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sale_token: Option<String>,
    /// Until when that may hold places.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Moment>,
}

impl PassView {
    fn new(pass: String, status: &'static str) -> Self {
        Self {
            pass,
            status,
            rank: None,
            ahead: None,
            wait_seconds: None,
            sale_token: None,
            until: None,
        }
    }

    /// Tells how it stands with a pass, and lets it through if it is its turn.
    pub async fn take_turn(app: &AppState, known: &KnownRoom, pass: &QueuePass) -> Result<Self, ApiError> {
        let text = known.keys.write_pass(pass);
        match known.turn(pass.number) {
            PassTurn::Undrawn => Ok(Self::new(text, "undrawn")),
            PassTurn::Waits { rank, ahead } => Ok(Self {
                rank: Some(rank),
                ahead: Some(ahead),
                wait_seconds: Some(known.room.wait_seconds(ahead)),
                ..Self::new(text, "waiting")
            }),
            PassTurn::Through => Self::through(app, known, (pass, text)).await,
        }
    }

    async fn through(
        app: &AppState,
        known: &KnownRoom,
        (pass, text): (&QueuePass, String),
    ) -> Result<Self, ApiError> {
        let asked = LetThrough {
            event: known.room.event,
            number: pass.number,
            now: app.clock.now(),
        };
        match app.store.let_through(asked).await? {
            LetThroughOutcome::NoRoom => Err(ApiError::NotFound(Missing::WaitingRoom)),
            LetThroughOutcome::Waits => Ok(Self::new(text, "waiting")),
            LetThroughOutcome::Spent => Ok(Self::new(text, "spent")),
            LetThroughOutcome::Through(until) => {
                let token = known.keys.write_token(&SaleToken {
                    number: pass.number,
                    holder: pass.holder,
                    until,
                });
                Ok(Self {
                    sale_token: Some(token),
                    until: Some(Moment(until)),
                    ..Self::new(text, "through")
                })
            }
        }
    }

    /// Returns the cookies that a browser keeps of it.
    pub fn cookies(&self, app: &AppState, event: EventId) -> Vec<HeaderValue> {
        let sale = self.sale_token.as_ref();
        let pass = Some(cookie_of(app, &carried::pass_cookie(event), &self.pass));
        let sale = sale.map(|token| cookie_of(app, &carried::sale_cookie(event), token));
        pass.into_iter().chain(sale).flatten().collect()
    }
}
