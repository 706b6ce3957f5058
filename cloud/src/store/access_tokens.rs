//! Access tokens as plain values: what stands for an API key for some minutes; a token's text is nowhere, only its hash.

use std::time::Duration;

use usher_keys::Timestamp;

use crate::ids::ApiKeyId;
use crate::rights::{Grant, Scopes};

use super::api_keys::ApiKey;
use super::organizing::KeyHash;

/// How long a token is good: whoever reads one in passing has little of it, and a program asks for one seldom.
pub const GOOD_FOR: Duration = Duration::from_mins(10);
/// Tokens of one key that are good at once: each process of a program may have one. Further ones end the oldest.
pub const MAX_TOKENS: u32 = 50;
/// What the text of a token begins with.
pub const PREFIX: &str = "uat_";

/// A token, without what opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The key it stands for.
    pub key: ApiKey,
    /// What it is for.
    pub scopes: Scopes,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl AccessToken {
    /// Returns what it allows; nothing once it or its key has ended.
    pub fn grant(&self, now: Timestamp) -> Option<Grant> {
        let is_good = now < self.expires_at && self.key.is_good(now);
        is_good.then_some(Grant {
            role: self.key.role,
            scopes: Some(self.scopes),
        })
    }
}

/// Asks to add a token.
#[derive(Debug, Clone, Copy)]
pub struct NewAccessToken {
    /// What opens.
    pub hash: KeyHash,
    /// The key it stands for.
    pub key: ApiKeyId,
    /// What it is for.
    pub scopes: Scopes,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The time.
    pub now: Timestamp,
}
