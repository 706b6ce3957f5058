//! The few files pages load, from within the program.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::api::error::ApiError;
use crate::api::input::Id;

/// Serves a file.
pub async fn show(Id(name): Id<String>) -> Result<Response, ApiError> {
    let (content_type, text) = match name.as_str() {
        "usher.css" => ("text/css; charset=utf-8", include_str!("../../assets/usher.css")),
        "sell.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../../assets/sell.js"),
        ),
        "resume.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../../assets/resume.js"),
        ),
        "booking.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../../assets/booking.js"),
        ),
        _ => return Err(ApiError::NotFound("file")),
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("max-age=300")),
    ];
    Ok((headers, text).into_response())
}
