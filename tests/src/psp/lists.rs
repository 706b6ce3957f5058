//! Lists page by page, the last one first, as Stripe gives them.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::form::Fields;
use super::reply::PspReply;

/// Things on a page unless the request says otherwise, and at most.
const PAGE: usize = 10;
const BIGGEST_PAGE: usize = 100;

/// Returns the time, in seconds.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Answers with the page of a list that is asked for: behind `starting_after`, of things that were made at `created[gte]` or later.
pub fn page(url: &str, newest_first: impl Iterator<Item = Value>, fields: &Fields) -> PspReply {
    let limit = fields.get("limit").map_or(Ok(PAGE), str::parse);
    let Some(limit) = limit.ok().filter(|limit| (1..=BIGGEST_PAGE).contains(limit)) else {
        return PspReply::refused(
            400,
            "invalid_request_error",
            "parameter_invalid_integer",
            "Invalid limit",
        );
    };
    let since = fields.get("created[gte]").and_then(|since| since.parse().ok());
    let all: Vec<Value> = newest_first
        .filter(|thing| thing["created"].as_u64() >= since)
        .collect();
    let begin = match fields.get("starting_after") {
        None => Some(0),
        Some(after) => all.iter().position(|thing| thing["id"] == after).map(|at| at + 1),
    };
    let Some(begin) = begin else {
        return PspReply::refused(
            400,
            "invalid_request_error",
            "resource_missing",
            "No such starting_after",
        );
    };
    let data: Vec<&Value> = all.iter().skip(begin).take(limit).collect();
    let has_more = begin + data.len() < all.len();
    PspReply::done(json!({"object": "list", "url": url, "has_more": has_more, "data": data}))
}
