//! API keys as plain values, and which of them may be added and revoked; a key's text is nowhere, only its hash.

use std::time::Duration;

use usher_keys::Timestamp;

use crate::ids::{ApiKeyId, OrganizerId};
use crate::key_hash::KeyHash;
use crate::rights::{Grant, Scopes, StaffRole};

/// Good keys of an organizer at most: one for each program and person of a large one.
pub const MAX_KEYS: usize = 200;
/// How long a key that has ended is still listed, so that people see what it was.
pub const ENDED_LISTED: Duration = Duration::from_hours(90 * 24);

/// An API key, without what opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Whose it is.
    pub organizer: OrganizerId,
    /// What people know it by.
    pub name: String,
    /// What it may do.
    pub role: StaffRole,
    /// Which of that alone; all of it, if not said.
    pub scopes: Option<Scopes>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; never, if not said.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to some minutes.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Returns what it allows.
    pub fn grant(&self) -> Grant {
        Grant {
            role: self.role,
            scopes: self.scopes,
        }
    }

    /// Tells whether it opens anything.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.ended_at().is_none_or(|end| now < end)
    }

    /// Returns when it ends or has ended.
    fn ended_at(&self) -> Option<Timestamp> {
        self.revoked_at.into_iter().chain(self.expires_at).min()
    }

    /// Tells whether it lets its organizer back in whatever comes.
    fn is_lasting_owner(&self) -> bool {
        self.grant() == Grant::whole(StaffRole::Owner) && self.ended_at().is_none()
    }

    /// Tells whether it has ended so long ago that it is listed no more.
    pub fn is_forgotten(&self, now: Timestamp) -> bool {
        let listed_ms = u64::try_from(ENDED_LISTED.as_millis()).unwrap_or(u64::MAX);
        self.ended_at().is_some_and(|end| end.plus_ms(listed_ms) <= now)
    }
}

/// Asks to add a key.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// The key.
    pub key: ApiKey,
    /// What opens.
    pub hash: KeyHash,
}

/// What became of adding a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewKeyOutcome {
    /// It is there.
    Added,
    /// The organizer has as many as it can.
    TooMany,
}

/// Decides whether another key may be added to those there are.
pub fn may_add(keys: &[ApiKey], now: Timestamp) -> NewKeyOutcome {
    let good = keys.iter().filter(|key| key.is_good(now)).count();
    if good < MAX_KEYS {
        NewKeyOutcome::Added
    } else {
        NewKeyOutcome::TooMany
    }
}

/// Asks to revoke a key.
#[derive(Debug, Clone, Copy)]
pub struct RevokeKey {
    /// Whose it is.
    pub organizer: OrganizerId,
    /// The key.
    pub id: ApiKeyId,
    /// The time.
    pub now: Timestamp,
}

/// What became of revoking a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevokeKeyOutcome {
    /// It is revoked, now or before.
    Revoked(ApiKey),
    /// The organizer has no such key.
    NotFound,
    /// Nobody could get in any more.
    LastOwner,
}

/// Decides whether one of an organizer's keys may be revoked.
pub fn may_revoke(keys: &[ApiKey], request: &RevokeKey) -> RevokeKeyOutcome {
    let Some(key) = keys.iter().find(|key| key.id == request.id) else {
        return RevokeKeyOutcome::NotFound;
    };
    let owners = keys.iter().filter(|key| key.is_lasting_owner()).count();
    if key.is_lasting_owner() && owners == 1 {
        return RevokeKeyOutcome::LastOwner;
    }
    RevokeKeyOutcome::Revoked(ApiKey {
        revoked_at: key.revoked_at.or(Some(request.now)),
        ..key.clone()
    })
}

/// Writes down that a key was used.
#[derive(Debug, Clone, Copy)]
pub struct NoteKeyUse {
    /// The key.
    pub hash: KeyHash,
    /// When.
    pub now: Timestamp,
}
