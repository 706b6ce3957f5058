//! `POST /v1/enrolments`: a scanner that shows a code gets its certificate; what it gets is the issuer's to say.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use usher_device::enrol::IssueError;
use usher_keys::{EnrolmentAsked, SealedGrant};

use super::problem::{self, Problem};
use crate::services::Services;

/// Enrols a scanner.
pub async fn enrol(State(services): State<Arc<Services>>, body: Body) -> Result<Json<SealedGrant>, Problem> {
    let asked: EnrolmentAsked = problem::read(body).await?;
    let request = asked.known().map_err(|error| refused(error.into()))?;
    let enrolling = tokio::task::spawn_blocking(move || services.issuer.enrol(request));
    let granted = enrolling.await.map_err(|error| Problem::internal(&error))?;
    granted.map(Json).map_err(refused)
}

fn refused(error: IssueError) -> Problem {
    let status = match &error {
        IssueError::Refused(_) | IssueError::OverLimit => StatusCode::UNPROCESSABLE_ENTITY,
        IssueError::NotAllowed | IssueError::TooMuch { .. } | IssueError::HubEnded | IssueError::NoEnd => {
            StatusCode::FORBIDDEN
        }
        IssueError::UnknownCode => StatusCode::NOT_FOUND,
        IssueError::UsedCode | IssueError::Revoked | IssueError::HasLog => StatusCode::CONFLICT,
        IssueError::ExpiredCode => StatusCode::GONE,
        IssueError::Storage(_) | IssueError::Randomness(_) => return Problem::internal(&error),
    };
    Problem::new(status, error.to_string())
}
