//! `/v1/organizer/acts`: what the organizer's people and keys have done, to be kept elsewhere and checked there.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::Deserialize;

use crate::api::error::ApiError;
use crate::api::input::{Checks, Params};
use crate::rights::may;
use crate::state::AppState;
use crate::store::acts::ActsQuery;

use super::allowed::Allowed;

/// Lines of an answer at most.
const LINES: u32 = 1_000;
/// Which lines there may be: every number that is exact in JSON.
pub const ACT_NUMBERS: RangeInclusive<u64> = 0..=9_007_199_254_740_991;
/// The media type of lines of JSON.
const JSON_LINES: &str = "application/jsonl";

/// From where on to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListActs {
    /// The `seq` of the last line that is known.
    #[serde(default)]
    #[param(example = 0)]
    after: u64,
}

/// Lists acts as lines of JSON, oldest first, up to 1,000; none when there are no more. Each line names under `previous` the BLAKE3 hash
/// of the one before, without its end of line.
#[utoipa::path(get, path = "/v1/organizer/acts", tag = "organizer", params(ListActs), security(("organizer_key" = [])), responses(
    (status = 200, body = String, content_type = "application/jsonl", description = "What was asked for (`operation`, `by`, `role`, `from`, `of`), and what came of it (`asked`, `status`, `changed`, `answer`)"),
    (status = 422, description = "`after` is no number of a line"),
))]
pub async fn list(
    State(app): State<Arc<AppState>>,
    allowed: Allowed<may::SeeActs>,
    Params(list): Params<ListActs>,
) -> Result<impl IntoResponse, ApiError> {
    let mut checks = Checks::default();
    checks.range(list.after, "/after", ACT_NUMBERS);
    checks.finish()?;
    let query = ActsQuery {
        organizer: allowed.caller.organizer,
        after: list.after,
        limit: LINES,
    };
    let lines = app.store.acts(query).await?.into_iter();
    let text: String = lines.map(|(_, line)| line + "\n").collect();
    Ok(([(header::CONTENT_TYPE, JSON_LINES)], text))
}
