//! `/sandbox/payments/{reference}`: plays the page of the buyer's bank (3-D Secure) for payments of the sandbox.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use usher_words::problems::{Missing, ProblemDetail};

use crate::api::error::ApiError;
use crate::api::input::Id;
use crate::ids::ChargeReference;
use crate::payment::sandbox::{BankAnswer, Sandbox};
use crate::state::AppState;

use super::{PageError, page};

#[derive(Template)]
#[template(path = "sandbox.html")]
struct BankPage {
    reference: ChargeReference,
    /// Whether the bank still waits for the buyer.
    asking: bool,
    /// The way back, as the bank was told it.
    back: String,
}

/// What the buyer says to the bank.
#[derive(Deserialize)]
pub struct BankForm {
    pay: bool,
}

/// Asks the buyer.
pub async fn show(
    State(app): State<Arc<AppState>>,
    Id(reference): Id<ChargeReference>,
) -> Result<Response, PageError> {
    page(&BankPage {
        reference,
        asking: sandbox(&app)?.is_asking(reference).await.map_err(silent)?,
        back: back(&app, reference),
    })
}

/// Hears the buyer and leads back to the event's page.
pub async fn answer(
    State(app): State<Arc<AppState>>,
    Id(reference): Id<ChargeReference>,
    Form(form): Form<BankForm>,
) -> Result<Response, PageError> {
    let said = if form.pay {
        BankAnswer::Approved
    } else {
        BankAnswer::Refused
    };
    sandbox(&app)?.answer(reference, said).await.map_err(silent)?;
    let to = back(&app, reference);
    Ok(([(header::REFERRER_POLICY, "no-referrer")], Redirect::to(&to)).into_response())
}

fn sandbox(app: &AppState) -> Result<&Sandbox, ApiError> {
    app.desk
        .gateways()
        .sandbox()
        .ok_or(ApiError::NotFound(Missing::Page))
}

fn back(app: &AppState, reference: ChargeReference) -> String {
    app.link(&format!("/events/{}", reference.event))
}

fn silent(_: crate::payment::GatewayError) -> ApiError {
    ProblemDetail::BankSilent.into()
}
