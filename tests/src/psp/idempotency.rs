//! Idempotency keys, as Stripe documents them: the first request's status and body again, failures included, but for one that was not valid.

use std::collections::BTreeMap;

use super::reply::PspReply;

/// The keys that were used.
#[derive(Debug, Default)]
pub struct Keys(BTreeMap<String, (String, PspReply)>);

impl Keys {
    /// Finds what a key was answered; another request under the same key is refused.
    pub fn find(&self, key: &str, request: &str) -> Option<PspReply> {
        let (first, reply) = self.0.get(key)?;
        if first == request {
            return Some(reply.clone());
        }
        let words = "Keys for idempotent requests can only be used with the same parameters they were first used with";
        Some(PspReply::refused(400, "idempotency_error", "", words))
    }

    /// Keeps the answer of a request that began to run.
    pub fn keep(&mut self, key: &str, request: String, reply: &PspReply) {
        if reply.has_run {
            self.0.insert(key.to_owned(), (request, reply.clone()));
        }
    }
}
