//! An answer of the service, and whether its request ran.

use serde_json::{Value, json};

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct PspReply {
    pub status: u16,
    pub body: Value,
    /// Whether the request was valid and began to run.
    pub has_run: bool,
}

impl PspReply {
    /// Makes the answer of a request that did not begin to run, or failed in a way that says nothing of its payment.
    pub fn refused(status: u16, kind: &str, code: &str, message: &str) -> Self {
        let code = Some(code).filter(|code| !code.is_empty());
        Self {
            status,
            body: json!({"error": {"type": kind, "code": code, "message": message}}),
            has_run: status >= 500,
        }
    }

    /// Makes the answer of a request that was done.
    pub fn done(body: Value) -> Self {
        Self {
            status: 200,
            body,
            has_run: true,
        }
    }
}
